//! What the tests need besides Rust: looked for, installed where that is possible, otherwise named.

use std::path::{Path, PathBuf};

use crate::command::{announce_and_run, command, first_line};

/// Its findings change with its version, so the version is pinned.
const SCHEMATHESIS: &str = "4.32.5";

/// Tools that live in the repository's own build folder, beside what cargo puts there.
const VENV: &str = "target/tools/venv";

const PYTHON_CHECK: &str = "import sys, venv, ensurepip; print('Python', sys.version.split()[0]); \
                            sys.exit(0 if sys.version_info >= (3, 10) else 1)";

/// One thing the tests need. `probe` answers its version, or why it does not serve.
struct Tool {
    name: &'static str,
    probe: fn(&Path) -> Result<String, String>,
    remedy: Remedy,
}

enum Remedy {
    /// Packages of Debian and Ubuntu, and what to do elsewhere.
    Packages(&'static [&'static str], &'static str),
    CargoInstall(&'static str),
    /// Schemathesis, into a virtual environment of its own.
    Venv,
}

const TOOLS: &[Tool] = &[
    Tool { name: "cargo-nextest", probe: nextest, remedy: Remedy::CargoInstall("cargo-nextest") },
    Tool {
        name: "PostgreSQL server",
        probe: postgres,
        remedy: Remedy::Packages(&["postgresql"], "a PostgreSQL server with initdb, pg_ctl and postgres on PATH"),
    },
    Tool {
        name: "pg_dump",
        probe: |_| first_line("pg_dump", &["--version"]).ok_or_else(|| "not on PATH".to_owned()),
        remedy: Remedy::Packages(&["postgresql-client"], "pg_dump, pg_restore and psql of PostgreSQL on PATH"),
    },
    Tool {
        name: "Chromium",
        probe: chromium,
        remedy: Remedy::Packages(
            &["chromium", "fonts-noto-cjk"],
            "chromium, chromium-browser or google-chrome on PATH (on Ubuntu the package is a snap; where snaps do not run, \
             install google-chrome), and a Japanese font",
        ),
    },
    Tool { name: "curl", probe: curl, remedy: Remedy::Packages(&["curl"], "curl 7.82 or newer on PATH") },
    Tool {
        name: "openssl",
        probe: |_| first_line("openssl", &["version"]).ok_or_else(|| "not on PATH".to_owned()),
        remedy: Remedy::Packages(&["openssl"], "openssl on PATH"),
    },
    Tool { name: "zbarimg", probe: zbarimg, remedy: Remedy::Packages(&["zbar-tools"], "zbarimg of ZBar on PATH") },
    Tool {
        name: "strace",
        probe: |_| first_line("strace", &["--version"]).ok_or_else(|| "not on PATH".to_owned()),
        remedy: Remedy::Packages(&["strace"], "strace 5.8 or newer on PATH, and the permission to trace"),
    },
    Tool {
        name: "python3",
        probe: |_| python().map(|(_, version)| version),
        remedy: Remedy::Packages(&["python3-venv"], "Python 3.10 or newer with the modules venv and ensurepip"),
    },
    Tool { name: "schemathesis", probe: schemathesis, remedy: Remedy::Venv },
];

/// Looks for every tool, installs what it can, and prints one line a tool. An error if one is missing at the end.
pub(crate) fn run(root: &Path) -> Result<(), String> {
    let before: Vec<bool> = TOOLS.iter().map(|tool| (tool.probe)(root).is_ok()).collect();
    let missing = TOOLS.iter().zip(&before).filter(|(_, found)| !**found).map(|(tool, _)| tool);
    install(root, &missing.collect::<Vec<_>>());

    let mut lacking = Vec::new();
    for (tool, found_before) in TOOLS.iter().zip(before) {
        match (tool.probe)(root) {
            Ok(version) => {
                let state = if found_before { "found" } else { "installed" };
                println!("{:<18} {state} ({version})", tool.name);
            }
            Err(reason) => {
                println!("{:<18} missing: {reason}. {}", tool.name, how_to_install(&tool.remedy));
                lacking.push(tool.name);
            }
        }
    }
    if lacking.is_empty() { Ok(()) } else { Err(format!("the tests need what is missing: {}", lacking.join(", "))) }
}

/// Where the pinned Python tools are; `test` puts it in front of PATH.
pub(crate) fn tools_bin(root: &Path) -> PathBuf {
    root.join(VENV).join("bin")
}

/// Tries what can be tried; whether it helped is seen by probing again.
fn install(root: &Path, missing: &[&Tool]) {
    let packages: Vec<_> = missing
        .iter()
        .filter_map(|tool| match tool.remedy {
            Remedy::Packages(packages, _) => Some(packages),
            Remedy::CargoInstall(_) | Remedy::Venv => None,
        })
        .collect();
    if !packages.is_empty() && may_use_apt() && announce_and_run(&mut command("apt-get", &["update"])) {
        // One call a tool: a package that there is not must not keep the others from being installed.
        for packages in packages {
            let mut install = command("apt-get", &["install", "-y", "--no-install-recommends"]);
            // Debian's postgresql package may start a cluster of its own; the tests start theirs on other ports.
            let _ = announce_and_run(install.args(packages).env("DEBIAN_FRONTEND", "noninteractive"));
        }
    }
    for tool in missing {
        match tool.remedy {
            Remedy::CargoInstall(name) => {
                let _ = announce_and_run(&mut command("cargo", &["install", name, "--locked"]));
            }
            Remedy::Venv => install_schemathesis(root),
            Remedy::Packages(..) => {}
        }
    }
}

/// The walkthroughs use `--json`, which came with 7.82.
fn curl(_root: &Path) -> Result<String, String> {
    let line = first_line("curl", &["--version"]).ok_or("not on PATH")?;
    let version = line.split(' ').nth(1).unwrap_or_default();
    let mut numbers = version.split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let (major, minor) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    if (major, minor) >= (7, 82) { Ok(line) } else { Err(format!("{version} is older than 7.82")) }
}

fn install_schemathesis(root: &Path) {
    let Ok((python, _)) = python() else { return };
    let folder = root.join(VENV);
    let mut create = command(python, &["-m", "venv", "--clear"]);
    create.arg(&folder);
    let wanted = format!("schemathesis=={SCHEMATHESIS}");
    let pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", &wanted];
    let mut install = command(folder.join("bin/python"), &pip);
    let _ = announce_and_run(&mut create) && announce_and_run(&mut install);
}

/// Debian or Ubuntu, and allowed to install.
fn may_use_apt() -> bool {
    first_line("apt-get", &["--version"]).is_some() && first_line("id", &["-u"]).as_deref() == Some("0")
}

fn how_to_install(remedy: &Remedy) -> String {
    match remedy {
        Remedy::Packages(packages, elsewhere) => format!(
            "Debian, Ubuntu: sudo apt-get install -y --no-install-recommends {}; elsewhere: {elsewhere}",
            packages.join(" ")
        ),
        Remedy::CargoInstall(name) => format!("Install it: cargo install {name} --locked"),
        Remedy::Venv => format!(
            "Install it: python3 -m venv {VENV} && {VENV}/bin/python -m pip install schemathesis=={SCHEMATHESIS}"
        ),
    }
}

fn nextest(_: &Path) -> Result<String, String> {
    first_line("cargo", &["nextest", "--version"]).ok_or_else(|| "`cargo nextest` does not run".to_owned())
}

/// All three programs of one version: from the newest of Debian's folders, or from PATH.
fn postgres(_: &Path) -> Result<String, String> {
    let missing = "initdb, pg_ctl and postgres are not together under /usr/lib/postgresql/*/bin or on PATH";
    postgres_programs()
        .and_then(|bin| first_line(bin.join("postgres"), &["--version"]))
        .ok_or_else(|| missing.to_owned())
}

/// The folder of PostgreSQL's programs; empty if they are on PATH.
pub(crate) fn postgres_programs() -> Option<PathBuf> {
    let mut folders: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    folders.sort();
    let mut places = folders.into_iter().rev().map(|(_, bin)| bin).chain([PathBuf::new()]);
    let runs = |bin: &Path, program: &str| first_line(bin.join(program), &["--version"]).is_some();
    places.find(|bin| ["initdb", "pg_ctl", "postgres"].iter().all(|program| runs(bin, program)))
}

fn chromium(_: &Path) -> Result<String, String> {
    ["chromium", "chromium-browser", "google-chrome"]
        .into_iter()
        .find_map(|name| first_line(name, &["--version"]))
        .ok_or_else(|| "no chromium, chromium-browser or google-chrome runs".to_owned())
}

fn zbarimg(_: &Path) -> Result<String, String> {
    first_line("zbarimg", &["--version"]).ok_or_else(|| "`zbarimg` does not run".to_owned())
}

/// A Python that can make virtual environments, and its version. The distribution's own comes second, because a
/// version manager in front of it may offer an old one.
fn python() -> Result<(&'static str, String), String> {
    let candidates = ["python3", "/usr/bin/python3"];
    for candidate in candidates {
        if let Some(version) = first_line(candidate, &["-c", PYTHON_CHECK]) {
            return Ok((candidate, version));
        }
    }
    Err(match candidates.iter().find_map(|candidate| first_line(candidate, &["--version"])) {
        Some(version) => {
            format!("{version} is older than 3.10 or lacks the module venv or ensurepip")
        }
        None => "`python3` does not run".to_owned(),
    })
}

fn schemathesis(root: &Path) -> Result<String, String> {
    let places = [tools_bin(root).join("schemathesis"), PathBuf::from("schemathesis")];
    let versions = places.iter().filter_map(|place| first_line(place, &["--version"]));
    let found: Vec<String> = versions.collect();
    let pinned = found.iter().find(|version| version.split_whitespace().any(|word| word == SCHEMATHESIS));
    pinned.cloned().ok_or_else(|| match found.first() {
        Some(other) => format!("{other} is there, {SCHEMATHESIS} is needed"),
        None => format!("version {SCHEMATHESIS} is neither in {VENV} nor on PATH"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tool_says_how_to_get_it() {
        for tool in TOOLS {
            let advice = how_to_install(&tool.remedy);
            assert!(advice.contains("install"), "{}: {advice}", tool.name);
        }
    }

    #[test]
    fn a_program_that_is_not_there_has_no_version() {
        assert_eq!(first_line("no-such-program-anywhere", &["--version"]), None);
    }
}
