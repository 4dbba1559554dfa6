//! `warifu-drill`: puts a running Warifu under load and prints what came of it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use warifu_drill::load::{Crowd, Load, Run};
use warifu_drill::phones::Phones;

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
    /// How many members have their phones open meanwhile.
    #[arg(long, default_value_t = 0)]
    phones: usize,
    /// What to do, one after the other: `issue`, `pay`, `used`, `check` or `pair`, then connections and requests, as in
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
    let phones = Phones::open(cli.address, load.crowd(), cli.phones).await?;
    for (number, mut run) in cli.runs.into_iter().enumerate() {
        run.name = format!("{}-{number}", cli.name);
        println!("{}", serde_json::to_string(&load.run(run).await?)?);
    }
    if cli.phones > 0 {
        // What was recorded last is told within a moment.
        tokio::time::sleep(Duration::from_secs(1)).await;
        println!("{}", serde_json::to_string(&phones.close())?);
    }
    Ok(())
}
