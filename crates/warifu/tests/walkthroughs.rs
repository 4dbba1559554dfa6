//! Runs every walkthrough of the documentation as it stands, on both databases, and compares what it prints.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests say what is wrong by panicking")]

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use regex::Regex;
use warifu_testkit::{Engine, TestDatabase};

/// A block of commands, and what it is said to print.
struct Step {
    line: usize,
    commands: String,
    printed: Option<String>,
}

/// The `sh` blocks of a page, each with the `text` block right after it.
fn steps(page: &str) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    let mut lines = page.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let Some(language) = line.strip_prefix("```").filter(|language| !language.is_empty()) else { continue };
        let body: Vec<_> = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect();
        match language {
            "sh" => steps.push(Step { line: number + 1, commands: body.join("\n"), printed: None }),
            "text" => steps.last_mut().expect("commands before what they print").printed = Some(body.join("\n")),
            other => panic!("line {}: a block of {other}, which nobody runs", number + 1),
        }
    }
    steps
}

/// Whatever differs from run to run, in one spelling.
fn normalised(text: &str) -> String {
    let patterns = [
        (r"\b([a-z]{3})_[0-9a-f]{32}\b", "${1}_00000000000000000000000000000000"),
        (r"\b(wf[smt])_[A-Za-z0-9_-]+", "${1}_..."),
        (r#""trace_id":"[0-9a-f]{32}""#, r#""trace_id":"00000000000000000000000000000000""#),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", "2000-01-01T00:00:00.000000Z"),
        (r#""business_date":"\d{4}-\d\d-\d\d""#, r#""business_date":"2000-01-01""#),
        (r"[ \t]+\n", "\n"),
    ];
    let ended = format!("{}\n", text.trim_end());
    patterns.iter().fold(ended, |text, (pattern, replacement)| {
        Regex::new(pattern).unwrap().replace_all(&text, *replacement).into_owned()
    })
}

fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

async fn run(page: &str, engine: Engine) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/walkthroughs").join(page);
    let (listen, metrics) = (free_address(), free_address());
    let text = std::fs::read_to_string(path).unwrap();
    let text = text.replace("127.0.0.1:8080", &listen).replace("127.0.0.1:9464", &metrics);
    let steps = steps(&text);
    assert!(!steps.is_empty(), "{page} has no commands");
    let script: String = steps.iter().map(|step| format!("echo '@@@'\n{}\n", step.commands)).collect();

    let folder = tempfile::tempdir().unwrap();
    let database = TestDatabase::new(engine).await;
    let binary = PathBuf::from(env!("CARGO_BIN_EXE_warifu"));
    let search = format!("{}:{}", binary.parent().unwrap().display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("timeout");
    command.args(["120", "bash", "-e", "-u", "-o", "pipefail", "-c", &script]).current_dir(folder.path());
    command.env("PATH", search).stdin(Stdio::null());
    // A page that names its database itself would lose to the environment.
    if !text.contains("\ndatabase = ") {
        command.env("WARIFU_DATABASE", database.url());
    }
    let output = command.output().unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    let complaints = String::from_utf8_lossy(&output.stderr);
    let mut parts = printed.split("@@@\n").skip(1);
    for step in &steps {
        let part = parts.next().unwrap_or_else(|| panic!("{page}:{} was not reached: {complaints}", step.line));
        if let Some(expected) = &step.printed {
            assert_eq!(normalised(part), normalised(expected), "{page}:{}\n{complaints}", step.line);
        }
    }
    assert!(output.status.success(), "{page} ended with {}: {complaints}", output.status);
}

/// Every page of the folder is run by a test below.
#[test]
fn every_walkthrough_is_run() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/walkthroughs");
    let mut pages: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    pages.sort();
    assert_eq!(
        pages,
        [
            "a-backup-and-a-restore.md",
            "a-backup-on-postgresql.md",
            "a-first-payment.md",
            "a-shops-day.md",
            "a-till-in-python.md",
            "review.md"
        ]
    );
}

/// It names its database itself: a file beside its backup.
#[tokio::test]
async fn a_backup_and_a_restore_on_sqlite() {
    run("a-backup-and-a-restore.md", Engine::Sqlite).await;
}

#[tokio::test]
async fn a_backup_on_postgresql_on_postgres() {
    run("a-backup-on-postgresql.md", Engine::Postgres).await;
}

#[tokio::test]
async fn a_first_payment_on_sqlite() {
    run("a-first-payment.md", Engine::Sqlite).await;
}

#[tokio::test]
async fn a_first_payment_on_postgres() {
    run("a-first-payment.md", Engine::Postgres).await;
}

#[tokio::test]
async fn a_shops_day_on_sqlite() {
    run("a-shops-day.md", Engine::Sqlite).await;
}

#[tokio::test]
async fn a_shops_day_on_postgres() {
    run("a-shops-day.md", Engine::Postgres).await;
}

#[tokio::test]
async fn a_till_in_python_on_sqlite() {
    run("a-till-in-python.md", Engine::Sqlite).await;
}

#[tokio::test]
async fn a_till_in_python_on_postgres() {
    run("a-till-in-python.md", Engine::Postgres).await;
}

#[tokio::test]
async fn a_review_on_sqlite() {
    run("review.md", Engine::Sqlite).await;
}

#[tokio::test]
async fn a_review_on_postgres() {
    run("review.md", Engine::Postgres).await;
}
