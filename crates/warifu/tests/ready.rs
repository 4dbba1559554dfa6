//! Proves `warifu ready`: what it shows, what can be answered, and when it fails; with a wallet and with a board alone.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests say what is wrong by panicking"
)]

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;
use warifu_testkit::{Engine, TestDatabase};

/// Runs a command on a database, as an operator whose configuration is `more`.
fn run(folder: &Path, database: &str, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_warifu"))
        .args(["--database", database, "--keys", "keys", "--log", "error"])
        .args(arguments)
        .current_dir(folder)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn wallet(folder: &Path, database: &str, arguments: &[&str]) -> Output {
    let mut all = vec!["--issuer-prefix", "90000123"];
    all.extend(arguments);
    run(folder, database, &all)
}

fn out(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn json(output: &Output) -> Value {
    serde_json::from_str(&String::from_utf8_lossy(&output.stdout)).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

fn complaint(output: &Output) -> String {
    assert!(!output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn line<'a>(told: &'a Value, key: &str) -> &'a Value {
    told["lines"].as_array().unwrap().iter().find(|line| line["key"] == key).unwrap()
}

/// An operator looks, answers, adds, looks again; the program's own lines answer themselves.
#[tokio::test]
async fn an_operator_becomes_ready_line_by_line() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let (folder, database) = (TempDir::new().unwrap(), TestDatabase::new(engine).await);
        let ready = |arguments: &[&str]| {
            let mut all = vec!["ready"];
            all.extend(arguments);
            wallet(folder.path(), database.url(), &all)
        };
        let _ = out(&wallet(folder.path(), database.url(), &["policy", "set", "wallet_payment_day=3000"]));
        let told = json(&ready(&["--json"]));
        assert_eq!((&told["is_open"], &told["exposure"]["wallets"]), (&true.into(), &0.into()));
        let limit = line(&told, "limit-wallet-payment");
        assert_eq!(
            (&limit["is_open"], &limit["seen"]["what"]["en"]),
            (&false.into(), &"wallet_payment_day = 3000".into())
        );
        assert_eq!(line(&told, "public-origin")["open_because"], serde_json::json!(["seen_open"]));

        let refused = complaint(&ready(&["set", "public-origin", "--state", "met"]));
        assert!(refused.contains("the program looks at this line by itself"), "{refused}");
        for (arguments, reason) in [
            (vec!["set", "none", "--role", "x"], "there is no line with this key"),
            (vec!["set", "plan-stop"], "say what is to be answered"),
            (vec!["set", "plan-stop", "--state", "done"], "`not_needed`"),
            (vec!["set", "plan-stop", "--due", "soon"], "`due` is a day such as 2026-12-31"),
            (vec!["set", "plan-stop", "--url", "ftp://x"], "http:// or https://"),
            (vec!["set", "plan-stop", "--state", "not_needed"], "has a reason"),
            (vec!["set", "plan-stop", "--next-check", "2999-01-01"], "within 180 days"),
            (vec!["add", "plan-stop", "--section", "plan", "--title", "x"], "there is a line with this key"),
            (vec!["add", "Plan", "--section", "plan", "--title", "x"], "a key is 1 to 40"),
            (vec!["add", "own", "--section", "other", "--title", "x"], "a section is one of control"),
            (vec!["add", "own", "--section", "plan", "--title", " "], "the title is empty"),
            (vec!["history", "none"], "there is no line with this key"),
        ] {
            let told = complaint(&ready(&arguments));
            assert!(told.contains(reason), "{arguments:?}: {told}");
        }
        let _ =
            out(&ready(&["set", "people-whole", "--state", "doing", "--role", "management", "--due", "2999-12-31"]));
        let _ = out(&ready(&["set", "people-whole", "--state", "met", "--evidence", "minutes of May"]));
        let _ = out(&ready(&[
            "add",
            "own-line",
            "--section",
            "plan",
            "--title",
            "The till in the annexe",
            "--repeats",
            "30",
        ]));
        let _ = out(&ready(&["set", "own-line", "--state", "not_needed", "--reason", "it was sold"]));
        let told = json(&ready(&["--json"]));
        let people = line(&told, "people-whole");
        assert_eq!((&people["is_open"], &people["answer"]["role"]), (&false.into(), &"management".into()));
        assert_eq!(
            (&line(&told, "own-line")["is_own"], &line(&told, "own-line")["is_open"]),
            (&true.into(), &false.into())
        );
        let history = out(&ready(&["history", "people-whole"]));
        assert!(history.contains("doing") && history.contains("minutes of May"), "{history}");

        let page = out(&ready(&[]));
        let (open, met) = (page.find("! people-finance").unwrap(), page.find("✓ people-whole").unwrap());
        assert!(open < met && page.contains("Worst loss in one day") && page.contains("- own-line"), "{page}");
        assert!(out(&ready(&["--language", "ja"])).contains("一日の最大損失"));
        let paper = out(&ready(&["--markdown"]));
        assert!(paper.starts_with("# Readiness") && paper.contains("| Unused balance | 0 |"), "{paper}");
        assert!(!ready(&["--strict"]).status.success(), "something is open");
    }
}

/// A board alone has lines and measures, and nothing of a wallet; what is not there is not made.
#[tokio::test]
async fn a_board_alone_is_ready_without_a_wallet() {
    let folder = TempDir::new().unwrap();
    let missing = complaint(&run(folder.path(), "sqlite:none.db", &["ready"]));
    assert!(missing.contains("there is no database at none.db") && !folder.path().join("none.db").exists());
    let database = TestDatabase::new(Engine::Sqlite).await;
    let _ = out(&run(folder.path(), database.url(), &["review", "add", "--name", "Emptied accounts"]));
    let told = json(&run(folder.path(), database.url(), &["ready", "--json"]));
    assert_eq!(told["exposure"], Value::Null);
    let keys: Vec<_> = told["lines"].as_array().unwrap().iter().map(|line| line["key"].as_str().unwrap()).collect();
    assert!(keys.contains(&"key-file") && keys.contains(&"text-leak") && !keys.contains(&"limit-balance"), "{keys:?}");
    assert_eq!(line(&told, "key-file")["is_open"], false);
    // All that is left open is declared not needed, and then a script may launch.
    for key in told["lines"].as_array().unwrap().iter().map(|line| line["key"].as_str().unwrap()) {
        let _ = out(&run(
            folder.path(),
            database.url(),
            &["ready", "set", key, "--state", "not_needed", "--reason", "a trial"],
        ));
    }
    let _ = out(&run(folder.path(), database.url(), &["ready", "--strict"]));
    // With the key of a wallet missing, a wallet is not taken for a board.
    let _ = out(&wallet(folder.path(), database.url(), &["policy", "show"]));
    let refused = complaint(&run(folder.path(), database.url(), &["ready"]));
    assert!(refused.contains("`issuer_prefix` is not set"), "{refused}");
}
