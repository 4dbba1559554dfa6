//! Proves the failure board without a wallet, by its commands: on both databases, as an operator and a facilitator use it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests say what is wrong by panicking"
)]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use tempfile::TempDir;
use warifu_testkit::{Anonymous, Engine, Partner, TestDatabase};

fn command(folder: &Path, database: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_warifu"));
    command.args(["--database", database, "--keys", "keys", "--log", "warn"]).args(arguments);
    command.current_dir(folder).env("LC_ALL", "C").stdin(Stdio::null());
    command
}

fn run(folder: &Path, database: &str, arguments: &[&str]) -> Output {
    command(folder, database, arguments).output().unwrap()
}

fn json(output: &Output) -> serde_json::Value {
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_str(text.lines().next().unwrap()).unwrap()
}

/// A board that is served; ended when this is dropped.
struct Served {
    child: Child,
    origin: String,
}

impl Served {
    fn start(folder: &Path, database: &str) -> Self {
        let mut child =
            command(folder, database, &["board", "--listen", "127.0.0.1:0"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let told = line.split_once("http://localhost:").unwrap().1;
        let port: u16 = told.split_once('/').unwrap().0.parse().unwrap();
        Self { child, origin: format!("http://127.0.0.1:{port}") }
    }

    /// Ends it as an operator does, and says whether it ended well.
    fn stop(mut self) -> bool {
        let told = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status().unwrap();
        assert!(told.success());
        self.child.wait().unwrap().success()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

#[tokio::test]
async fn a_board_without_a_wallet_is_begun_joined_and_removed() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let (folder, database) = (TempDir::new().unwrap(), TestDatabase::new(engine).await);
        let (folder, url) = (folder.path(), database.url());
        let added = json(&run(folder, url, &["--json", "review", "add", "--name", "What happened"]));
        let (review, link) = (added["review_id"].as_str().unwrap(), added["link"].as_str().unwrap());
        let token = link.split_once('#').unwrap().1;

        let served = Served::start(folder, url);
        let anonymous = Anonymous::at(&served.origin);
        assert_eq!(anonymous.get("/readyz").await.expect(200).text(), "ok\n");
        assert!(anonymous.get("/mandala").await.expect(200).text().contains("mandala-stage"));
        let _ = anonymous.get("/v1/balances").await.expect_problem(404, "not_found");
        let _ = anonymous.get("/till").await.expect_problem(404, "not_found");
        let seat = Partner::by_token(&served.origin, &format!("wfr_{}", "A".repeat(43)));
        let begun = serde_json::json!({ "name": "Mine", "chart_key": "base" });
        let _ = seat.request("POST", "/v1/reviews").json(&begun).send().await.expect_problem(403, "forbidden");
        let taken = seat.request("POST", "/v1/seats").json(&serde_json::json!({ "invitation": token })).send().await;
        assert_eq!(taken.expect(201).json()["role"], "facilitator");
        let read = seat.request("GET", "/v1/review").send().await.expect(200).json();
        assert_eq!((read["id"].as_str(), read["chart"]["key"].as_str()), (Some(review), Some("it-project")));
        assert!(served.stop(), "a signal ends it in order");

        // The facilitator's browser was lost.
        let again = json(&run(folder, url, &["--json", "review", "link", "--review", review]));
        assert_eq!(again["role"], "facilitator");
        let listed = json(&run(folder, url, &["--json", "review", "list"]));
        assert_eq!((listed["name"].as_str(), listed["state"].as_str()), (Some("What happened"), Some("open")));
        let wrong = run(folder, url, &["review", "remove", "--review", review, "--name", "Another"]);
        assert!(!wrong.status.success() && String::from_utf8_lossy(&wrong.stderr).contains("nothing was removed"));
        let _ = json(&run(folder, url, &["--json", "review", "remove", "--review", review, "--name", "What happened"]));
        let listed = run(folder, url, &["--json", "review", "list"]);
        assert!(listed.status.success() && listed.stdout.is_empty());
        for table in ["reviews", "review_seats", "review_items", "review_changes", "review_invitations"] {
            let left = database.query_raw(&format!("SELECT count(*) FROM {table}")).await;
            assert_eq!(left[0][0], "0", "{table}");
        }
    }
}

/// Runs a command with a document on its standard input.
fn run_with(folder: &Path, database: &str, arguments: &[&str], document: &str) -> Output {
    let mut child = command(folder, database, arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), document.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// Every line of a result, as JSON.
fn lines(output: &Output) -> Vec<serde_json::Value> {
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn refused(output: &Output, told: &str) {
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success() && text.contains(told), "{told}: {text}");
}

const INCIDENT: &str = r#"{"format": "warifu-incident", "version": 1, "language": "en", "name": "A photographed code",
    "summary": "Paid by another.", "began": {"kind": "exact", "at": "2026-07-02"},
    "events": [{"at": {"kind": "exact", "at": "2026-07-02T18:05"}, "text": "3,000 yen are paid."}]}"#;

fn measure(proof: &str) -> serde_json::Value {
    let proof = serde_json::json!({ "kind": "command", "text": proof, "url": "", "file": "" });
    let body = serde_json::json!({
        "text": "Prove it", "causes": [], "role": "platform", "due": "", "remind": "", "state": "doing", "proof": proof,
        "learned": "", "is_shared": false,
    });
    serde_json::json!({ "version": 0, "body": body })
}

/// An operator makes a review of an incident, gives a program its seat, and hands results in; a document that does not fit begins nothing.
#[tokio::test]
async fn an_incident_is_begun_and_its_proofs_are_handed_in() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let (folder, database) = (TempDir::new().unwrap(), TestDatabase::new(engine).await);
        let (folder, url) = (folder.path(), database.url());
        std::fs::write(folder.join("incident.json"), INCIDENT).unwrap();
        let wrong = INCIDENT.replace("T18:05", "T28:05");
        refused(&run_with(folder, url, &["review", "incident", "-"], &wrong), "events 1: a date is");
        refused(&run_with(folder, url, &["review", "incident", "-"], "{"), "standard input: EOF");
        refused(&run(folder, url, &["review", "incident", "none.json"]), "none.json: ");
        refused(&run(folder, url, &["review", "import", "incident.json"]), "warifu review incident");
        let listed = run(folder, url, &["--json", "review", "list"]);
        assert!(listed.status.success() && listed.stdout.is_empty(), "nothing was begun");

        let added = json(&run(folder, url, &["--json", "review", "incident", "incident.json"]));
        let review = added["review_id"].as_str().unwrap();
        let made = json(&run(folder, url, &["--json", "review", "link", "--review", review, "--role", "program"]));
        assert_eq!((made["role"].as_str(), added["role"].as_str()), (Some("program"), Some("facilitator")));
        refused(&run(folder, url, &["review", "link", "--review", review, "--role", "robot"]), "`program`");

        let served = Served::start(folder, url);
        let [lead, program] =
            ["A", "Q"].map(|key| Partner::by_token(&served.origin, &format!("wfr_{}", key.repeat(43))));
        for (seat, link) in [(&lead, &added), (&program, &made)] {
            let token = link["link"].as_str().unwrap().split_once('#').unwrap().1;
            let body = serde_json::json!({ "invitation": token });
            let taken = seat.request("POST", "/v1/seats").json(&body).send().await.expect(201).json();
            assert_eq!(taken["role"], link["role"]);
        }
        let measured = lead.request("PUT", "/v1/review/items/measure/books").json(&measure("warifu verify"));
        let _ = measured.send().await.expect(200);
        let _ = program.request("GET", "/v1/review").send().await.expect_problem(403, "forbidden");

        let result = |proof: &str| serde_json::json!({ "kind": "command", "proof": proof, "is_passed": true, "at": "2019-01-02T10:05" });
        let document = serde_json::json!({ "results": [result("another"), result("warifu verify")] }).to_string();
        let arguments = ["--json", "review", "results", "--review", review, "-"];
        let told = lines(&run_with(folder, url, &arguments, &document));
        assert_eq!(told[0], serde_json::json!({ "measure": "books", "version": 1, "became": "written" }));
        assert_eq!(told[1], serde_json::json!({ "unmatched": [1] }));
        let told = lines(&run_with(folder, url, &arguments, &document));
        assert_eq!(told[0]["became"], "unchanged");
        let sent: serde_json::Value = serde_json::from_str(&document).unwrap();
        let told = program.request("POST", "/v1/review/results").json(&sent).send().await.expect(200).json();
        assert_eq!(
            (&told["measures"][0]["became"], &told["unmatched"]),
            (&"unchanged".into(), &serde_json::json!([1]))
        );
        refused(
            &run_with(folder, url, &arguments, r#"{"results": [{"measure": "books"}]}"#),
            "Result 1: missing field",
        );
        refused(&run_with(folder, url, &arguments, INCIDENT), "warifu review incident");
        let elsewhere = ["review", "results", "--review", "rev_00000000000070008000000000000000", "-"];
        refused(&run_with(folder, url, &elsewhere, &document), "review with this id");
        assert!(served.stop());
    }
}
