//! Running other programs: announced before they run, in a clean environment.

use std::ffi::OsStr;
use std::process::Command;

/// A command without the variables that `cargo run` set for this process. Some build scripts are rerun when these change,
/// so that leaving them in would rebuild what a plain `cargo build` had built.
pub(crate) fn command(program: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments);
    for (name, _) in std::env::vars_os() {
        let name = name.to_string_lossy();
        if name == "CARGO" || name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") {
            command.env_remove(name.as_ref());
        }
    }
    command
}

/// Prints the command, runs it, and tells whether it succeeded.
pub(crate) fn announce_and_run(command: &mut Command) -> bool {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let line: Vec<_> = words.map(OsStr::to_string_lossy).collect();
    println!("$ {}", line.join(" "));
    match command.status() {
        Ok(status) => status.success(),
        Err(error) => {
            eprintln!("could not be started: {error}");
            false
        }
    }
}

/// The first line a program prints, if it can be run and succeeds.
pub(crate) fn first_line(program: impl AsRef<OsStr>, arguments: &[&str]) -> Option<String> {
    let output = command(program, arguments).output().ok()?;
    if !output.status.success() {
        return None;
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Some(text.lines().map(str::trim).find(|line| !line.is_empty())?.to_owned())
}
