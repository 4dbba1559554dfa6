//! `warifu-board-drill`: has a group review a failure on a running board and prints how long it was kept waiting.

use std::net::SocketAddr;
use std::time::Duration;

use clap::Parser;
use warifu_drill::board::{Large, Plan, run, run_prevent};

/// Have a group review a failure on a running board, which lets anybody begin: they mark, write and read, each with a browser open.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// The address of the board.
    #[arg(long, default_value = "127.0.0.1:8080")]
    address: SocketAddr,
    /// What the chart and the review are called; a new one each time.
    #[arg(long)]
    name: String,
    /// How many take part.
    #[arg(long, default_value_t = 30)]
    people: usize,
    /// How many causes the chart has. Everybody marks all of them.
    #[arg(long, default_value_t = 70)]
    causes: usize,
    /// In how many milliseconds each person does one thing, again and again.
    #[arg(long, default_value_t = 250)]
    every: u64,
    /// How often each kind of thing is done.
    #[arg(long, default_value_t = 2_000)]
    each: usize,
    /// How often marks are collected, after which all read at once.
    #[arg(long, default_value_t = 10)]
    gatherings: usize,
    /// Steps 4 and 5 instead of the first three, on a diagram of so many boxes.
    #[arg(long, default_value_t = 0)]
    boxes: usize,
    /// How many arrows it has.
    #[arg(long, default_value_t = 1_500)]
    arrows: usize,
    /// How many measures are given to the library before.
    #[arg(long, default_value_t = 0)]
    library: usize,
}

// One thread: the group shares its machine with what it measures.
#[tokio::main(flavor = "current_thread")]
#[allow(clippy::print_stdout, reason = "this is what the command is for")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let Cli { address, name, people, causes, every, each, gatherings, boxes, arrows, library } = Cli::parse();
    let plan = Plan { address, name, people, causes, every: Duration::from_millis(every), each, gatherings };
    let large = Large { boxes, arrows, shared: library };
    let outcome = if boxes > 0 { run_prevent(&plan, large).await? } else { run(&plan).await? };
    println!("{}", serde_json::to_string(&outcome)?);
    Ok(())
}
