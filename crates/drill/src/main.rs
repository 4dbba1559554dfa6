//! `warifu-drill`: puts a running Warifu under load and prints what came of it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Parser;
use warifu_drill::load::{Crowd, Load, Run};

/// Drive a running Warifu: members ask for codes, tills take payments.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// The address of the interface.
    #[arg(long, default_value = "127.0.0.1:8080")]
    address: SocketAddr,
    /// A file with a terminal's bearer token (`wft_...`) or a member's phone (`wfm_...`) a line.
    #[arg(long)]
    crowd: PathBuf,
    /// What every request id begins with; a new one each time.
    #[arg(long)]
    name: String,
    /// What to do, one after the other: `issue`, `pay`, `check` or `pair`, then connections and requests, as in
    /// `pay:64:50000`, or `pay@5000:256:25000` for so many a second whether answers come or not.
    #[arg(required = true)]
    runs: Vec<Run>,
}

// One thread: the load shares its machine with what it measures.
#[tokio::main(flavor = "current_thread")]
#[allow(clippy::print_stdout, reason = "this is what the command is for")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let cli = Cli::parse();
    let load = Arc::new(Load::new(cli.address, Crowd::read(&cli.crowd)?));
    for (number, mut run) in cli.runs.into_iter().enumerate() {
        run.name = format!("{}-{number}", cli.name);
        println!("{}", serde_json::to_string(&load.run(run).await?)?);
    }
    Ok(())
}
