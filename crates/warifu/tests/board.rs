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
