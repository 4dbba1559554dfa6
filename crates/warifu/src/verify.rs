//! `warifu verify`: proves the invariants and says what was proved, or names what does not hold.

use std::io::IsTerminal as _;
use std::process::ExitCode;

use serde_json::json;
use warifu_app::{Database, DatabaseUrl, Invariant, Progress, Report};

use crate::Failure;
use crate::config::Config;
use crate::logging;

/// Verifies the configured database. The exit code is 1 if anything does not hold.
pub(crate) async fn run(config: &Config, as_json: bool) -> Result<ExitCode, Failure> {
    logging::start(&config.log);
    if let DatabaseUrl::Sqlite(path) = &config.database
        && !path.exists()
    {
        // Opening it would make an empty one, and an empty one is always right.
        return Err(format!("there is no database at {}", path.display()).into());
    }
    let database = Database::open(&config.database, config.options)?;
    database.check_schema().await?;
    let report = database.verify(progress()).await;
    // Otherwise the log would stay beside a database that nobody else has open.
    database.close().await;
    let report = report?;
    if as_json {
        print_json(&report);
    } else {
        print_report(&report);
    }
    Ok(if report.violation_count() == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Shows how far a check has come, to whoever waits at a terminal.
pub(crate) fn progress() -> impl FnMut(Progress) + Send + 'static {
    let shows_progress = std::io::stderr().is_terminal();
    move |progress| {
        if shows_progress {
            show(progress)
        }
    }
}

#[allow(clippy::print_stderr, reason = "progress, for whoever waits at a terminal")]
fn show(progress: Progress) {
    eprint!("\r{}: {} rows\u{1b}[K\r", progress.pass, progress.rows);
}

#[allow(clippy::print_stdout, reason = "this is what the command is for")]
fn print_report(report: &Report) {
    println!(
        "{} transactions, {} transfers, {} wallets, {} payments, {} request keys, {} codes used",
        report.transactions, report.transfers, report.wallets, report.payments, report.requests, report.codes
    );
    for invariant in Invariant::ALL {
        let sign = if report.holds(invariant) { "holds " } else { "BROKEN" };
        println!("  {sign} {:>2}  {}", invariant.number(), invariant.says());
    }
    for violation in &report.violations {
        println!("invariant {}: {}: {}", violation.invariant.number(), violation.object, violation.detail);
    }
    match report.violation_count() {
        0 => println!("everything holds"),
        count => println!("{count} violations, of which {} are named", report.violations.len()),
    }
}

#[allow(clippy::print_stdout, reason = "this is what the command is for")]
fn print_json(report: &Report) {
    let violations: Vec<_> = report
        .violations
        .iter()
        .map(|violation| {
            json!({
                "invariant": violation.invariant.number(),
                "object": violation.object,
                "detail": violation.detail,
            })
        })
        .collect();
    let line = json!({
        "transactions": report.transactions,
        "transfers": report.transfers,
        "wallets": report.wallets,
        "payments": report.payments,
        "requests": report.requests,
        "codes": report.codes,
        "violation_count": report.violation_count(),
        "violations": violations,
    });
    println!("{line}");
}
