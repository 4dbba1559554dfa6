//! Proves what the commands do when something is wrong, and that the demonstration tells its whole story.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests say what is wrong by panicking")]

use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use warifu_testkit::{Engine, TestDatabase};

fn warifu(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_warifu"))
        .args(arguments)
        .current_dir(folder)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn complaint(output: &Output) -> String {
    assert!(!output.status.success(), "it should have failed: {}", out(output));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs the demonstration on a database and checks the lines that only the real thing can print.
fn check_demo(folder: &Path, more: &[&str]) {
    let mut arguments = vec!["demo", "--once", "--listen", "127.0.0.1:0"];
    arguments.extend(more);
    let output = warifu(folder, &arguments);
    let text = out(&output);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    for line in ["¥5,000", "same reply, paid once", "captured", "insufficient_balance", "code_bound", "code_expired"] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    assert!(!text.contains("BROKEN"), "{text}");
}

#[test]
fn the_demonstration_tells_its_story_twice_on_the_same_database() {
    let folder = folder();
    check_demo(folder.path(), &[]);
    check_demo(folder.path(), &[]);
    let japanese = out(&warifu(folder.path(), &["demo", "--once", "--listen", "127.0.0.1:0", "--language", "ja"]));
    assert!(japanese.contains("支払いは一度だけ"), "{japanese}");
    // A clean end leaves one file that is the whole database.
    let database = folder.path().join("warifu-demo/warifu.db");
    assert!(!database.with_extension("db-wal").exists());
    let verified = warifu(folder.path(), &["verify", "--database", &format!("sqlite:{}", database.display())]);
    assert!(verified.status.success() && out(&verified).contains("everything holds"), "{}", out(&verified));
    assert!(!database.with_extension("db-wal").exists(), "verify left a log beside a database that nobody has open");
}

#[tokio::test]
async fn the_demonstration_tells_its_story_on_postgres() {
    let database = TestDatabase::new(Engine::Postgres).await;
    check_demo(folder().path(), &["--database", database.url()]);
}

#[tokio::test]
async fn verify_names_what_does_not_hold_and_fails() {
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let database = TestDatabase::new(engine).await;
        check_demo(folder().path(), &["--database", database.url()]);
        database.execute_raw("UPDATE wallets SET paid = paid + 1 WHERE paid > 0").await;
        let output = warifu(folder().path(), &["verify", "--database", database.url()]);
        let text = out(&output);
        assert!(!output.status.success(), "{text}");
        assert!(text.contains("invariant 4: wallet wal_"), "{text}");
        assert!(text.contains("its stored paid is 4201, its entries sum to 4200"), "{text}");
    }
}

#[tokio::test]
async fn verify_makes_no_database_and_asks_for_a_migrated_one() {
    let folder = folder();
    let missing = complaint(&warifu(folder.path(), &["verify", "--database", "sqlite:none.db"]));
    assert!(missing.contains("there is no database at none.db"), "{missing}");
    assert!(!folder.path().join("none.db").exists());
    let empty = TestDatabase::new(Engine::Postgres).await;
    let behind = complaint(&warifu(folder.path(), &["verify", "--database", empty.url()]));
    assert!(behind.contains("this version needs"), "{behind}");
}

#[test]
fn a_wrong_configuration_is_refused_before_anything_happens() {
    let folder = folder();
    std::fs::write(folder.path().join("warifu.toml"), "issuer_prefx = '90000123'").unwrap();
    let text = complaint(&warifu(folder.path(), &["member", "add"]));
    assert!(text.contains("unknown key `issuer_prefx`; did you mean `issuer_prefix`?"), "{text}");
    std::fs::write(folder.path().join("warifu.toml"), "").unwrap();
    let text = complaint(&warifu(folder.path(), &["member", "add"]));
    assert!(text.contains("`issuer_prefix` is not set"), "{text}");
    let text = complaint(&warifu(folder.path(), &["member", "add", "--databse", "x"]));
    assert!(text.contains("--database"), "{text}");
    assert!(!folder.path().join("warifu.db").exists(), "a refused command made a database");
}

#[test]
fn wrong_arguments_are_refused_with_a_reason() {
    let folder = folder();
    std::fs::write(folder.path().join("warifu.toml"), "issuer_prefix = '90000123'\nlog = 'error'").unwrap();
    let id = format!("mer_{}", "0".repeat(32));
    for (arguments, reason) in [
        (vec!["shop", "add", "--merchant", &id, "--name", "x"], "there is no merchant with this id"),
        (vec!["shop", "add", "--merchant", "x", "--name", "x"], "--merchant: expected `mer_`"),
        (vec!["partner", "add", "--merchant", &id, "--name", "x"], "there is no merchant with this id"),
        (vec!["partner", "add", "--merchant", "x", "--name", "x"], "--merchant: expected `mer_`"),
        (vec!["merchant", "add", "--name", " "], "a name is 1 to 100 characters"),
        (vec!["merchant", "add", "--name", "a\u{7}"], "a name is 1 to 100 characters"),
        (
            vec!["merchant", "add", "--name", "x", "--issuer-prefix", "90000124"],
            "issues codes with the prefix 90000123",
        ),
        (vec!["verify", "--database", "mysql://x"], "`database` is `sqlite:PATH`"),
        (vec!["serve", "--listen", "192.0.2.1:1"], "cannot listen on 192.0.2.1:1"),
    ] {
        let text = complaint(&warifu(folder.path(), &arguments));
        assert!(text.contains(reason), "{arguments:?}: {text}");
    }
    std::fs::remove_file(folder.path().join("warifu.keys")).unwrap();
    let text = complaint(&warifu(folder.path(), &["member", "add"]));
    assert!(text.contains("used with a key file"), "{text}");
    assert!(!folder.path().join("warifu.keys").exists(), "a lost key file was replaced by a new one");
}

#[test]
fn a_signal_ends_the_server_in_order() {
    let folder = folder();
    let mut server = Command::new(env!("CARGO_BIN_EXE_warifu"))
        .args(["serve", "--issuer-prefix", "90000123", "--listen", "127.0.0.1:0", "--metrics-listen", "off"])
        .current_dir(folder.path())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + Duration::from_secs(20);
    while !folder.path().join("warifu.keys").exists() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(20));
    }
    // The signal handler is set after the keys are made.
    std::thread::sleep(Duration::from_millis(500));
    let stopped = Command::new("kill").args(["-TERM", &server.id().to_string()]).status().unwrap();
    assert!(stopped.success());
    let status = loop {
        if let Some(status) = server.try_wait().unwrap() {
            break status;
        }
        assert!(Instant::now() < deadline, "the server did not end");
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(status.success(), "{status}");
    assert!(!folder.path().join("warifu.db-wal").exists(), "the log was not moved into the database");
}
