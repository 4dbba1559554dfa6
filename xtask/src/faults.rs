//! Breaking Warifu on purpose: `crash`, `power-loss`, `kill-at` and `disk-faults`. Each starts the real binary, has the
//! witness of the drill load it, does the damage, and has the witness and `warifu verify` say whether anything was lost,
//! doubled or halved. What a run did is determined by its seed as far as the machine lets it: the schedule of threads is not.

mod chance;
mod cluster;
mod crash;
mod disk;
mod image;
mod kill;
mod power;
mod stage;
mod trace;

use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::command::{announce_and_run, command};

/// Where the programs under test are.
#[derive(Clone, Debug)]
struct Binaries {
    warifu: PathBuf,
    witness: PathBuf,
}

impl Binaries {
    fn within(folder: &Path) -> Result<Self, String> {
        let find = |name: &str| {
            let path = folder.join(name);
            if path.is_file() { Ok(path) } else { Err(format!("{} is not there: build the workspace", path.display())) }
        };
        Ok(Self { warifu: find("warifu")?, witness: find("warifu-witness")? })
    }

    /// Builds what is shipped.
    fn build(root: &Path) -> Result<Self, String> {
        let mut build = command("cargo", &["build", "--release", "--workspace", "--bins", "--locked"]);
        if !announce_and_run(build.current_dir(root)) {
            return Err("the release build failed".to_owned());
        }
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        Self::within(&target.join("release"))
    }
}

/// `--name value` pairs and `--name` flags.
struct Options<'a> {
    arguments: &'a [&'a str],
}

impl<'a> Options<'a> {
    fn read(arguments: &'a [&'a str], known: &[&str]) -> Result<Self, String> {
        match arguments.iter().find(|word| word.starts_with("--") && !known.contains(word)) {
            Some(unknown) => Err(format!("unknown option {unknown}; known are {}", known.join(" "))),
            None => Ok(Self { arguments }),
        }
    }

    fn has(&self, name: &str) -> bool {
        self.arguments.contains(&name)
    }

    fn text(&self, name: &str) -> Option<&'a str> {
        let at = self.arguments.iter().position(|word| *word == name)?;
        self.arguments.get(at + 1).copied()
    }

    fn number(&self, name: &str, otherwise: u64) -> Result<u64, String> {
        match self.text(name) {
            None => Ok(otherwise),
            Some(text) => text.parse().map_err(|_| format!("{name} takes a number, not {text}")),
        }
    }

    /// The seed that was given, or one of the clock.
    fn seed(&self) -> Result<u64, String> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |now| u64::from(now.subsec_nanos()));
        self.number("--seed", now)
    }

    fn binaries(&self, root: &Path) -> Result<Binaries, String> {
        match self.text("--binaries") {
            Some(folder) => Binaries::within(&std::path::absolute(folder).map_err(|error| error.to_string())?),
            None => Binaries::build(root),
        }
    }
}

/// `cargo xtask crash`.
pub(crate) fn crash(root: &Path, arguments: &[&str]) -> Result<(), String> {
    let options = Options::read(arguments, &["--cycles", "--database", "--seed", "--binaries"])?;
    let database = match options.text("--database").unwrap_or("sqlite") {
        "sqlite" => stage::Engine::Sqlite,
        "postgres" => stage::Engine::Postgres,
        other => return Err(format!("--database is sqlite or postgres, not {other}")),
    };
    crash::run(&options.binaries(root)?, database, options.number("--cycles", 10)?, options.seed()?)
}

/// `cargo xtask power-loss`.
pub(crate) fn power_loss(root: &Path, arguments: &[&str]) -> Result<(), String> {
    let options = Options::read(arguments, &["--cuts", "--seconds", "--seed", "--binaries", "--ignore-syncs"])?;
    let syncs = if options.has("--ignore-syncs") { image::Syncs::Ignored } else { image::Syncs::Kept };
    let load = Duration::from_secs(options.number("--seconds", 2)?);
    power::run(&options.binaries(root)?, options.number("--cuts", 30)?, load, options.seed()?, syncs)
}

/// `cargo xtask kill-at`.
pub(crate) fn kill_at(root: &Path, arguments: &[&str]) -> Result<(), String> {
    let options = Options::read(arguments, &["--call", "--from", "--to", "--seed", "--binaries"])?;
    let call = options.text("--call").unwrap_or("pwrite64");
    let range = options.number("--from", 1)?..=options.number("--to", 20)?;
    kill::run(&options.binaries(root)?, call, range, options.seed()?)
}

/// `cargo xtask disk-faults`.
pub(crate) fn disk_faults(root: &Path, arguments: &[&str]) -> Result<(), String> {
    let options = Options::read(arguments, &["--sites", "--moves", "--from", "--to", "--seed", "--binaries"])?;
    let sites = disk::Sites {
        spells: options.number("--sites", 10)?,
        moves: options.number("--moves", 3)?,
        each: options.number("--from", 1)?..=options.number("--to", 0)?,
    };
    disk::run(&options.binaries(root)?, &sites, options.seed()?)
}

/// `cargo xtask overload`.
pub(crate) fn overload(root: &Path, arguments: &[&str]) -> Result<(), String> {
    let options = Options::read(arguments, &["--times", "--seconds", "--sync-ms"])?;
    let small = |name: &str, otherwise: u64| {
        u32::try_from(options.number(name, otherwise)?).map_err(|_| format!("{name} is too large"))
    };
    let (times, seconds) = (small("--times", 10)?.max(1), small("--seconds", 30)?.max(1));
    let sync = Duration::from_millis(options.number("--sync-ms", 100)?);
    crate::bench::overload::run(root, &crate::bench::overload::Load { times, seconds, sync })
}

/// The programs that this very build of the workspace made, for tests.
#[cfg(test)]
fn built_beside() -> Result<Binaries, String> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let folder = own.parent().and_then(Path::parent).ok_or("a test lies in a folder")?;
    Binaries::within(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_lost_when_the_server_is_killed_on_sqlite() -> Result<(), String> {
        crash::run(&built_beside()?, stage::Engine::Sqlite, 4, 1)
    }

    #[test]
    fn nothing_is_lost_when_the_server_is_killed_on_postgres() -> Result<(), String> {
        crash::run(&built_beside()?, stage::Engine::Postgres, 3, 1)
    }

    #[test]
    fn nothing_is_lost_when_the_power_fails() -> Result<(), String> {
        power::run(&built_beside()?, 6, Duration::from_secs(1), 1, image::Syncs::Kept)
    }

    #[test]
    fn a_disk_that_ignores_syncs_is_found_out() {
        let found = built_beside()
            .and_then(|binaries| power::run(&binaries, 3, Duration::from_secs(1), 1, image::Syncs::Ignored));
        assert!(found.is_err_and(|text| text.contains("violations")), "the control lost nothing");
    }

    #[test]
    fn nothing_is_lost_when_the_server_is_killed_at_a_write_or_a_sync() -> Result<(), String> {
        kill::run(&built_beside()?, "pwrite64", 30..=31, 1)?;
        kill::run(&built_beside()?, "fsync", 6..=7, 1)
    }

    #[test]
    fn a_disk_that_fails_or_is_full_stops_writes_and_nothing_else() -> Result<(), String> {
        disk::run(&built_beside()?, &disk::Sites { spells: 1, moves: 0, each: 40..=40 }, 1)
    }

    #[test]
    fn a_sync_that_fails_while_the_log_is_moved_ends_writing() -> Result<(), String> {
        // An empty range: no single writes.
        #[allow(clippy::reversed_empty_ranges)]
        disk::run(&built_beside()?, &disk::Sites { spells: 0, moves: 1, each: 1..=0 }, 1)
    }
}
