//! `warifu-drill`: sends a crowd to a running Warifu and prints what came of it.

use clap::Parser;
use warifu_drill::crowd::{Plan, run};

/// Drive a running Warifu: members show codes, a till takes payments.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// The address of the interface.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    base: String,
    /// The bearer token of a terminal.
    #[arg(long, env = "DRILL_TERMINAL_TOKEN", hide_env_values = true)]
    terminal_token: String,
    /// The bearer tokens of members, separated by commas.
    #[arg(long, env = "DRILL_MEMBER_TOKENS", hide_env_values = true, value_delimiter = ',', required = true)]
    member_tokens: Vec<String>,
    /// How many payments to try in all.
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u64).range(1..=1_000_000))]
    payments: u64,
    /// How much each pays, in yen.
    #[arg(long, default_value_t = 1)]
    amount: u64,
    /// What every request id begins with; a new one for each run.
    #[arg(long)]
    run: String,
}

#[tokio::main]
#[allow(clippy::print_stdout, reason = "this is what the command is for")]
async fn main() -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let Cli { base, terminal_token, member_tokens, payments, amount, run: name } = Cli::parse();
    let tally = run(Plan { base, terminal_token, member_tokens, payments, amount, run: name }).await?;
    for (answer, count) in &tally.answers {
        println!("{count:>10}  {answer}");
    }
    let [half, most] = [50, 99].map(|percent| tally.percentile(percent).as_micros());
    println!("code and payment: median {half} us, p99 {most} us, in all {} ms", tally.took.as_millis());
    Ok(())
}
