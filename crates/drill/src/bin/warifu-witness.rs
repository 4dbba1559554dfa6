//! `warifu-witness`: loads a running Warifu, keeps a log of what it was told, and checks the server against it.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Parser, Subcommand};
use serde_json::json;
use warifu_drill::witness::{Actors, Checked, End, Log, Plan, check, load, probe};

/// Load a running Warifu, keep a log of what it said, and check later that it stands by it.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Args)]
struct Whom {
    /// The address of the interface.
    #[arg(long)]
    base: String,
    /// A file with the bearer tokens: `{"tills": [..], "members": [..]}`.
    #[arg(long)]
    actors: PathBuf,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Load the server and log its answers.
    Load {
        #[command(flatten)]
        whom: Whom,
        /// The log, one JSON object a line; it is gone on with.
        #[arg(long)]
        log: PathBuf,
        /// What decides who does what.
        #[arg(long)]
        seed: u64,
        /// What every request id begins with.
        #[arg(long)]
        run: String,
        /// End after this time.
        #[arg(long)]
        milliseconds: u64,
        /// End when the server is gone.
        #[arg(long)]
        until_gone: bool,
    },
    /// Check the server against the log.
    Check {
        #[command(flatten)]
        whom: Whom,
        /// The log.
        #[arg(long)]
        log: PathBuf,
        /// Look at everything, not only at what no check looked at yet.
        #[arg(long)]
        all: bool,
        /// Send nothing again that is not there.
        #[arg(long)]
        leave_absent: bool,
    },
    /// Ask each kind of route once.
    Probe {
        #[command(flatten)]
        whom: Whom,
        /// A `request_id` that nobody used.
        #[arg(long)]
        request: String,
    },
}

type Error = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main]
#[allow(clippy::print_stdout, reason = "this is what the command is for")]
async fn main() -> Result<ExitCode, Error> {
    let (line, holds) = match Cli::parse().command {
        Command::Load { whom, log, seed, run, milliseconds, until_gone } => {
            let time = Duration::from_millis(milliseconds);
            let end = if until_gone { End::WhenGone(time) } else { End::After(time) };
            let plan = Plan { actors: actors(&whom)?, base: whom.base, seed, run, end };
            let tally = load(&plan, &Arc::new(Log::open(&log)?)).await?;
            (json!({ "answers": tally.answers, "unknown": tally.unknown, "lost": tally.lost }), true)
        }
        Command::Check { whom, log, all, leave_absent } => {
            let checked = if all { Checked::All } else { Checked::New };
            let log = Arc::new(Log::open(&log)?);
            let verdict = check(&whom.base, &actors(&whom)?, &log, checked, !leave_absent).await?;
            let line = json!({
                "acknowledged": verdict.acknowledged, "unknown": verdict.unknown, "there": verdict.there,
                "absent": verdict.absent, "wallets": verdict.wallets, "violations": verdict.violations,
            });
            (line, verdict.violations.is_empty())
        }
        Command::Probe { whom, request } => {
            let probe = probe(&whom.base, &actors(&whom)?, &request).await?;
            (json!({ "reads": probe.reads, "writes": probe.writes }), true)
        }
    };
    println!("{line}");
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn actors(whom: &Whom) -> Result<Actors, Error> {
    let text = std::fs::read_to_string(&whom.actors)?;
    Actors::parse(&text).ok_or_else(|| format!("{} names no tills and members", whom.actors.display()).into())
}
