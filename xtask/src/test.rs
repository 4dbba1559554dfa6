//! `cargo xtask test`: what must be green before a change is merged, in one command.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::command::{announce_and_run, command};
use crate::setup;

/// One cargo command. All use the dev profile, so that one set of dependency builds serves them; only the schedules have
/// another.
#[derive(Debug, PartialEq)]
struct Step<'a> {
    name: &'static str,
    arguments: Vec<&'a str>,
}

/// Runs set-up and all steps, stops at the first that fails, and prints how long each took.
pub(crate) fn run(root: &Path, arguments: &[&str]) -> Result<(), String> {
    let mut timings = Vec::new();
    let mut outcome = timed(&mut timings, "setup", || setup::run(root));
    for step in steps(arguments) {
        if outcome.is_err() {
            break;
        }
        outcome = timed(&mut timings, step.name, || {
            if announce_and_run(&mut cargo(root, &step.arguments)?) {
                Ok(())
            } else {
                Err(format!("cargo {} failed", step.arguments.join(" ")))
            }
        });
    }
    println!();
    for (name, passed, took) in timings {
        let state = if passed { "passed" } else { "FAILED" };
        println!("{name:<16} {state} {:>7.1} s", took.as_secs_f64());
    }
    outcome
}

fn timed(
    timings: &mut Vec<(&'static str, bool, Duration)>,
    name: &'static str,
    step: impl FnOnce() -> Result<(), String>,
) -> Result<(), String> {
    println!("\n== {name}");
    let start = Instant::now();
    let outcome = step();
    timings.push((name, outcome.is_ok(), start.elapsed()));
    outcome.map_err(|reason| format!("step `{name}`: {reason}"))
}

/// Whatever is not `--fast` is handed to nextest: filters, `--no-capture`, a filter expression.
fn steps<'a>(arguments: &[&'a str]) -> Vec<Step<'a>> {
    let fast = arguments.contains(&"--fast");
    let mut nextest = vec!["nextest", "run", "--workspace", "--locked"];
    nextest.extend(arguments.iter().filter(|argument| **argument != "--fast"));
    let nextest = Step { name: "nextest", arguments: nextest };
    if fast {
        return vec![nextest];
    }
    let step = |name, line: &'static str| Step { name, arguments: line.split(' ').collect() };
    let steps = [
        step("fmt", "fmt --all --check"),
        step("clippy", "clippy --workspace --all-targets --locked -- -D warnings"),
        nextest,
        step("doc", "test --doc --workspace --locked"),
    ];
    steps.into_iter().chain(schedules()).collect()
}

/// The schedules of the commit queue: a workspace of its own, for its `tokio` is another one.
fn schedules() -> [Step<'static>; 3] {
    let own = ["--manifest-path", "schedules/Cargo.toml"];
    let built = ["--target-dir", "target/schedules", "--locked"];
    let step = |name, words: &[&[&'static str]]| Step { name, arguments: words.concat() };
    [
        step("schedules fmt", &[&["fmt"], &own, &["--check"]]),
        step("schedules clippy", &[&["clippy"], &own, &built, &["--all-targets", "--", "-D", "warnings"]]),
        step("schedules", &[&["test"], &own, &built, &["--lib"]]),
    ]
}

/// Cargo at the root, with the pinned tools in front of PATH.
fn cargo(root: &Path, arguments: &[&str]) -> Result<Command, String> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(setup::tools_bin(root)).chain(std::env::split_paths(&path));
    let path = std::env::join_paths(folders).map_err(|error| format!("PATH: {error}"))?;
    let mut cargo = command("cargo", arguments);
    cargo.current_dir(root).env("PATH", path);
    Ok(cargo)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(arguments: &[&str]) -> Vec<&'static str> {
        steps(arguments).iter().map(|step| step.name).collect()
    }

    #[test]
    fn everything_runs_unless_fast() {
        let own = ["schedules fmt", "schedules clippy", "schedules"];
        assert_eq!(names(&[]), [["fmt", "clippy", "nextest", "doc"].as_slice(), own.as_slice()].concat());
        assert_eq!(names(&["--fast"]), ["nextest"]);
    }

    #[test]
    fn nextest_gets_the_filters_and_not_our_flag() {
        let steps = steps(&["--fast", "payment", "--no-capture"]);
        let line = steps.first().map(|step| step.arguments.join(" "));
        let expected = "nextest run --workspace --locked payment --no-capture";
        assert_eq!(line.as_deref(), Some(expected));
    }

    #[test]
    fn a_failed_step_is_named_and_timed() {
        let mut timings = Vec::new();
        let outcome = timed(&mut timings, "fmt", || Err("broken".to_owned()));
        assert_eq!(outcome, Err("step `fmt`: broken".to_owned()));
        assert!(matches!(timings.as_slice(), [("fmt", false, _)]));
    }
}
