//! Migrations come in pairs, are numbered without a gap, and never change once they are released: a database that has run
//! one never runs it again, so an edited migration gives two kinds of database under one number.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};
use toml::Table;

use super::house::House;
use super::{Bless, Finding};

const FOLDER: &str = "crates/store/migrations/";
const FROZEN: &str = "crates/store/migrations/frozen.toml";
const ENGINES: [&str; 2] = ["sqlite", "postgres"];

const FROZEN_HEADER: &str = "\
# Released migrations and the SHA-256 of each. A released migration never changes: databases that have run it will not run
# it again. `cargo xtask tidy --bless-new` adds the new ones at a release; an entry is never edited.

";

pub(crate) fn check(house: &House) -> Vec<Finding> {
    let (mut findings, names) = names(house);
    findings.extend(pairs(house, &names));
    findings.extend(frozen(house));
    findings
}

/// The frozen file as it should stand: sorted, released entries untouched, new ones added only when asked. An error if the
/// present one cannot be read: writing it anew would release what was frozen.
pub(crate) fn bless(house: &House, bless: Bless) -> Result<(&'static str, String), String> {
    let mut entries = match house.text(FROZEN) {
        Some(_) => entries(house).map_err(|problem| format!("{FROZEN} {problem}"))?,
        None => BTreeMap::new(),
    };
    if bless == Bless::AddNew {
        for (name, text) in files(house) {
            entries.entry(name.to_owned()).or_insert_with(|| digest(text));
        }
    }
    let lines = entries.iter().map(|(name, digest)| format!("\"{name}\" = \"{digest}\"\n"));
    Ok((FROZEN, format!("{FROZEN_HEADER}{}", lines.collect::<String>())))
}

/// SQL files by name inside the folder.
fn files(house: &House) -> impl Iterator<Item = (&str, &str)> {
    let inside = house.texts().filter_map(|(path, text)| Some((path.strip_prefix(FOLDER)?, text)));
    inside.filter(|(name, _)| name.ends_with(".sql"))
}

/// The `NNNN_name` of all migrations, and a finding for each file that is named otherwise.
fn names(house: &House) -> (Vec<Finding>, BTreeSet<String>) {
    let mut findings = Vec::new();
    let mut names = BTreeSet::new();
    for (file, _) in files(house) {
        let stem = ENGINES.iter().find_map(|engine| file.strip_suffix(&format!(".{engine}.sql")));
        match stem.filter(|stem| number(stem).is_some()) {
            Some(stem) => {
                names.insert(stem.to_owned());
            }
            None => {
                let message = "is no migration's name, so no database would run it; \
                               name it NNNN_name.sqlite.sql or NNNN_name.postgres.sql";
                findings.push(Finding::new(&format!("{FOLDER}{file}"), 1, "migrations", message));
            }
        }
    }
    (findings, names)
}

fn number(stem: &str) -> Option<usize> {
    let (digits, name) = stem.split_once('_')?;
    let plain = digits.len() == 4 && digits.bytes().all(|byte| byte.is_ascii_digit()) && !name.is_empty();
    if plain { digits.parse().ok() } else { None }
}

fn pairs(house: &House, names: &BTreeSet<String>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (name, expected) in names.iter().zip(1..) {
        let path_of = |engine: &str| format!("{FOLDER}{name}.{engine}.sql");
        if number(name) != Some(expected) {
            let message = format!(
                "is number {expected:04} in order: numbers have no gap and no double, so that every database knows what it \
                 has not run; renumber it"
            );
            let there = ENGINES.iter().map(|engine| path_of(engine)).find(|path| house.contains(path));
            findings.push(Finding::new(&there.unwrap_or_default(), 1, "migrations", message));
        }
        for engine in ENGINES.iter().filter(|engine| !house.contains(&path_of(engine))) {
            let message = format!(
                "is missing: both engines keep the same tables; write the {engine} half of {name}, or an empty one with a \
                 comment that says why"
            );
            findings.push(Finding::new(&path_of(engine), 1, "migrations", message));
        }
    }
    findings
}

fn frozen(house: &House) -> Vec<Finding> {
    let entries = match entries(house) {
        Ok(entries) => entries,
        Err(problem) => return vec![Finding::new(FROZEN, 1, "migrations", problem)],
    };
    let mut findings = Vec::new();
    for (name, frozen) in entries {
        let path = format!("{FOLDER}{name}");
        let now = house.text(&path).map(digest);
        if now.as_ref() != Some(&frozen) {
            let what = if now.is_some() { "was changed after its release" } else { "was released and is gone" };
            let message = format!(
                "{what}: databases that have run it will not run it again; restore it and write a new migration"
            );
            findings.push(Finding::new(&path, 1, "migrations", message));
        }
    }
    findings
}

/// File name to digest, or why the list cannot be used.
fn entries(house: &House) -> Result<BTreeMap<String, String>, String> {
    let Some(text) = house.text(FROZEN) else {
        return Err(
            "is missing, so nothing keeps released migrations as they are; run `cargo xtask tidy --bless`".to_owned()
        );
    };
    let table: Table = text.parse().map_err(|error: toml::de::Error| format!("cannot be read: {}", error.message()))?;
    let entry = |(name, digest): (String, toml::Value)| match digest.as_str() {
        Some(digest) => Ok((name, digest.to_owned())),
        None => Err(format!("`{name}` has no digest; restore the entry")),
    };
    table.into_iter().map(entry).collect()
}

fn digest(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn house(files: &[&str], frozen: &str) -> House {
        let paths: Vec<String> = files.iter().map(|file| format!("{FOLDER}{file}")).collect();
        let mut fixture: Vec<(&str, &str)> = paths.iter().map(|path| (path.as_str(), "SELECT 1;\n")).collect();
        fixture.push((FROZEN, frozen));
        House::of(&fixture)
    }

    fn findings(files: &[&str], frozen: &str) -> Vec<String> {
        check(&house(files, frozen)).iter().map(Finding::to_string).collect()
    }

    const PAIR: [&str; 2] = ["0001_start.postgres.sql", "0001_start.sqlite.sql"];

    #[test]
    fn a_pair_that_is_not_released_yet_is_fine() {
        assert_eq!(findings(&PAIR, ""), [""; 0]);
    }

    #[test]
    fn a_missing_half_a_gap_and_a_wrong_name_are_findings() {
        let found = findings(&["0001_start.sqlite.sql"], "");
        assert!(
            matches!(found.as_slice(), [line] if line.contains("0001_start.postgres.sql") && line.contains("missing"))
        );
        let found = findings(&["0002_start.postgres.sql", "0002_start.sqlite.sql"], "");
        assert!(matches!(found.as_slice(), [line] if line.contains("0001 in order")), "{found:?}");
        assert_eq!(findings(&["1_start.sqlite.sql"], "").len(), 1);
        assert_eq!(findings(&["0001_start.mysql.sql"], "").len(), 1);
    }

    #[test]
    fn two_migrations_with_one_number_are_a_finding() {
        let more = ["0001_other.postgres.sql", "0001_other.sqlite.sql"];
        let found = findings(&[PAIR, more].concat(), "");
        assert!(matches!(found.as_slice(), [line] if line.contains("0002 in order")), "{found:?}");
    }

    #[test]
    fn a_released_migration_never_changes_and_never_goes() -> Result<(), String> {
        let (_, frozen) = bless(&house(&PAIR, ""), Bless::AddNew)?;
        assert_eq!(findings(&PAIR, &frozen), [""; 0]);
        let changed = frozen.replace(&digest("SELECT 1;\n"), &digest("SELECT 2;\n"));
        let found = findings(&PAIR, &changed);
        assert!(found.iter().all(|line| line.contains("changed after its release")), "{found:?}");
        assert_eq!(found.len(), 2);
        assert_eq!(findings(&[], &frozen).len(), 2);
        Ok(())
    }

    #[test]
    fn blessing_never_edits_a_released_entry_and_adds_only_when_asked() -> Result<(), String> {
        let released = format!("{FROZEN_HEADER}\"0001_start.sqlite.sql\" = \"old\"\n");
        assert_eq!(bless(&house(&PAIR, &released), Bless::Lower)?.1, released);
        let (_, text) = bless(&house(&PAIR, &released), Bless::AddNew)?;
        assert!(text.contains("\"0001_start.sqlite.sql\" = \"old\""));
        assert!(text.contains("0001_start.postgres.sql"));
        Ok(())
    }

    #[test]
    fn a_list_that_cannot_be_read_is_not_written_anew() {
        let broken = house(&PAIR, "<<<<<<< conflict\n");
        assert!(bless(&broken, Bless::AddNew).is_err());
        assert_eq!(check(&broken).len(), 1);
    }

    #[test]
    fn without_the_list_nothing_is_kept() {
        assert_eq!(check(&House::of(&[])).len(), 1);
    }
}
