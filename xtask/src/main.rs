//! The workspace's own commands: `cargo xtask setup`, `test`, `bench` and `tidy`. It knows files and tools and no crate of the house.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool answers on the terminal")]

mod bench;
mod command;
mod faults;
mod setup;
mod test;
mod tidy;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

const USAGE: &str = "\
cargo xtask <command>

  setup                         look for what the tests need, install what is missing where that is possible
  test [--fast] [nextest args]  setup, format, clippy, all tests, documentation tests, schedules; --fast runs setup and nextest only
  bench [--quick] [part...]     measure: ledger, aged, sqlite, postgres, board; if none is named all, --quick without the board
  overload                      far more than can be done, for long: --times N --seconds N --sync-ms N
  tidy                          check the rules of the house
  tidy --bless                  lower the ratchets to what is left, rewrite the list of frozen migrations
  tidy --bless-new              also accept new excess and freeze new migrations (at a release)
  crash                         kill the server under load: --cycles N --database sqlite|postgres
  power-loss                    drop what was not synced: --cuts N --seconds N; --ignore-syncs is the control, which must fail
  kill-at                       kill the server at its n-th --call pwrite64|fsync, --from N --to N
  disk-faults                   failing writes, a full disk, failed syncs: --sites N --moves N --from N --to N
                                these four take --seed S, and --binaries FOLDER instead of building
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.split_first() {
        Some((&"setup", [])) => setup::run(&root()),
        Some((&"test", rest)) => test::run(&root(), rest),
        Some((&"bench", ["--quick", parts @ ..])) => bench::run(&root(), true, parts),
        Some((&"bench", parts)) => bench::run(&root(), false, parts),
        Some((&"overload", rest)) => faults::overload(&root(), rest),
        Some((&"tidy", [])) => tidy::run(&root(), tidy::Bless::Nothing),
        Some((&"tidy", ["--bless"])) => tidy::run(&root(), tidy::Bless::Lower),
        Some((&"tidy", ["--bless-new"])) => tidy::run(&root(), tidy::Bless::AddNew),
        Some((&"crash", rest)) => faults::crash(&root(), rest),
        Some((&"power-loss", rest)) => faults::power_loss(&root(), rest),
        Some((&"kill-at", rest)) => faults::kill_at(&root(), rest),
        Some((&"disk-faults", rest)) => faults::disk_faults(&root(), rest),
        _ => {
            eprint!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

/// The workspace's root: the folder above this crate.
fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_path_buf()
}
