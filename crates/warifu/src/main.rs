//! The binary: reads the configuration, wires the parts together, and offers them as commands.

mod add;
mod backup;
mod board;
mod cli;
mod config;
mod demo;
mod issuer;
mod logging;
mod phone;
mod ready;
mod serve;
mod verify;

use std::process::ExitCode;

use clap::Parser as _;

use crate::cli::{Cli, Command, ConfigCommand};
use crate::config::Config;

/// A payment makes and drops hundreds of small values on two threads, which is a quarter of what it costs with the system's allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Anything that ends a command before its time, in words for whoever typed it.
type Failure = Box<dyn std::error::Error + Send + Sync>;

fn main() -> ExitCode {
    let cli = Cli::parse();
    // One core is left to the thread that writes: on SQLite it is as busy as all the others together. But they are two at least: a commit
    // answers hundreds at once, and who is told that too much is asked does not wait for that.
    let threads = std::thread::available_parallelism().map_or(2, |cores| cores.get().saturating_sub(1).max(2));
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(threads).enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.into()),
    };
    runtime.block_on(run(cli)).unwrap_or_else(|failure| fail(&failure))
}

async fn run(cli: Cli) -> Result<ExitCode, Failure> {
    let read = || Config::read(&cli.settings);
    match cli.command {
        Command::Serve => serve::run(&read()?).await?,
        Command::Merchant(command) => add::merchant(&read()?, command, cli.json).await?,
        Command::Shop(command) => add::shop(&read()?, command, cli.json).await?,
        Command::Terminal(command) => add::terminal(&read()?, command, cli.json).await?,
        Command::Member(command) => add::member(&read()?, command, cli.json).await?,
        Command::Wallet(command) => issuer::wallet(&read()?, command, cli.json).await?,
        Command::Policy(command) => issuer::policy(&read()?, command, cli.json).await?,
        Command::Phone(options) => phone::run(options).await?,
        Command::Partner(command) => add::partner(&read()?, command, cli.json).await?,
        Command::Board => board::serve(&read()?).await?,
        Command::Review(command) => board::review(&read()?, command, cli.json).await?,
        Command::Ready(options) => return ready::run(&read()?, options, cli.json).await,
        Command::Verify => return verify::run(&read()?, cli.json).await,
        Command::Backup { target } => backup::back_up(&read()?, &target, cli.json).await?,
        Command::Restore { source } => backup::restore(&read()?, &source, cli.json).await?,
        Command::Config(ConfigCommand::Check) => config::check(&read()?),
        Command::Demo(options) => demo::run(&cli.settings, options).await?,
    }
    Ok(ExitCode::SUCCESS)
}

#[allow(clippy::print_stderr, reason = "the one place where a command says why it failed")]
fn fail(failure: &Failure) -> ExitCode {
    eprintln!("warifu: {failure}");
    let mut source = failure.source();
    while let Some(inner) = source {
        eprintln!("  because: {inner}");
        source = inner.source();
    }
    ExitCode::FAILURE
}
