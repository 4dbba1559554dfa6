//! The rules of the house that a machine can check. Each check is a plain function of the repository's files, lives in a
//! module of its own, and is tested on a small made-up house that breaks its rule.

mod bans;
mod clock;
mod docs;
mod edges;
mod house;
mod hygiene;
mod manifest;
mod migrations;
mod opening;
mod purity;
mod ratchets;
mod refusals;
mod syntax;

use std::fmt;
use std::path::Path;

use house::House;

/// What `tidy` may rewrite before it checks.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bless {
    /// Only look.
    Nothing,
    /// Lower and remove ratchets; create or sort the list of frozen migrations. Adds nothing.
    Lower,
    /// Also accept new excess, and freeze the migrations that are not frozen yet.
    AddNew,
}

/// A broken rule: where, and in one message what is wrong, why it matters and what to do instead.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Finding {
    path: String,
    line: usize,
    rule: &'static str,
    message: String,
}

impl Finding {
    fn new(path: &str, line: usize, rule: &'static str, message: impl Into<String>) -> Self {
        Finding { path: path.to_owned(), line, rule, message: message.into() }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: [{}] {}", self.path, self.line, self.rule, self.message)
    }
}

const CHECKS: &[fn(&House) -> Vec<Finding>] = &[
    House::unreadable,
    edges::check,
    bans::check,
    clock::check,
    purity::check,
    migrations::check,
    opening::check,
    ratchets::check,
    refusals::check,
    hygiene::check,
    docs::check,
];

/// Blesses if asked, then checks, prints every finding, and is an error if there is one.
pub(crate) fn run(root: &Path, bless: Bless) -> Result<(), String> {
    let reading = |error| format!("reading the repository: {error}");
    let mut house = House::read(root).map_err(reading)?;
    if bless != Bless::Nothing {
        let rewritten = [ratchets::bless(&house, bless)?, migrations::bless(&house, bless)?];
        for (path, text) in rewritten {
            std::fs::write(root.join(path), text).map_err(|error| format!("writing {path}: {error}"))?;
        }
        house = House::read(root).map_err(reading)?;
    }
    let findings = findings(&house);
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => Ok(()),
        count => Err(format!("tidy: {count} findings")),
    }
}

fn findings(house: &House) -> Vec<Finding> {
    let mut findings: Vec<Finding> = CHECKS.iter().flat_map(|check| check(house)).collect();
    findings.sort();
    findings.dedup();
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_house_is_tidy() -> std::io::Result<()> {
        let house = House::read(&crate::root())?;
        let findings: Vec<String> = findings(&house).iter().map(Finding::to_string).collect();
        assert!(findings.is_empty(), "\n{}\n", findings.join("\n"));
        Ok(())
    }

    #[test]
    fn a_finding_reads_like_a_compiler_message() {
        let finding = Finding::new("crates/core/src/yen.rs", 7, "purity", "no floats");
        assert_eq!(finding.to_string(), "crates/core/src/yen.rs:7: [purity] no floats");
    }
}
