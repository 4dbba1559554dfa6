//! What a crate's `Cargo.toml` depends on, for the checks of edges and bans. Knows no rule.

use toml::{Table, Value};

use super::Finding;
use super::house::House;

pub(crate) struct Manifest<'a> {
    pub(crate) path: &'a str,
    /// The package's name.
    pub(crate) name: String,
    pub(crate) dependencies: Vec<Dependency>,
}

pub(crate) struct Dependency {
    /// The package depended on, whatever it is renamed to.
    pub(crate) package: String,
    pub(crate) for_tests: bool,
    pub(crate) line: usize,
}

/// The manifests of all members, and a finding for each that cannot be read.
pub(crate) fn manifests(house: &House) -> (Vec<Manifest<'_>>, Vec<Finding>) {
    let root = house.text("Cargo.toml").and_then(|text| text.parse().ok());
    let root: Table = root.unwrap_or_default();
    let shared = root.get("workspace").and_then(|workspace| workspace.get("dependencies"));
    let mut manifests = Vec::new();
    let mut findings = Vec::new();
    for (path, text) in house.texts().filter(|(path, _)| is_member(path)) {
        match text.parse::<Table>() {
            Ok(table) => manifests.push(Manifest {
                path,
                name: package_name(&table),
                dependencies: dependencies(&table, text, shared),
            }),
            Err(error) => {
                let message = format!("cannot be read as TOML: {}", error.message());
                findings.push(Finding::new(path, 1, "manifest", message));
            }
        }
    }
    (manifests, findings)
}

fn is_member(path: &str) -> bool {
    let folder = path.strip_suffix("/Cargo.toml");
    folder.is_some_and(|folder| {
        folder == "xtask" || folder.strip_prefix("crates/").is_some_and(|name| !name.contains('/'))
    })
}

fn package_name(table: &Table) -> String {
    let name = table.get("package").and_then(|package| package.get("name"));
    name.and_then(Value::as_str).unwrap_or_default().to_owned()
}

/// The dependencies of all sections, those for one platform only included.
fn dependencies(table: &Table, text: &str, shared: Option<&Value>) -> Vec<Dependency> {
    let platforms = table.get("target").and_then(Value::as_table);
    let platforms = platforms.into_iter().flat_map(Table::values).filter_map(Value::as_table);
    let mut found = Vec::new();
    for sections in std::iter::once(table).chain(platforms) {
        for section in ["dependencies", "build-dependencies", "dev-dependencies"] {
            let entries = sections.get(section).and_then(Value::as_table);
            for (key, value) in entries.into_iter().flatten() {
                found.push(Dependency {
                    package: package(key, value, shared),
                    for_tests: section == "dev-dependencies",
                    line: line_of(text, key),
                });
            }
        }
    }
    found
}

/// The package behind a key: a rename stands either here or in the workspace's own table.
fn package(key: &str, value: &Value, shared: Option<&Value>) -> String {
    let shared = shared.and_then(|shared| shared.get(key));
    let renamed = [Some(value), shared].into_iter().flatten().find_map(|value| value.get("package"));
    renamed.and_then(Value::as_str).unwrap_or(key).to_owned()
}

/// The line that names the dependency: `key = ..`, `key.workspace = ..` or `[dependencies.key]`.
fn line_of(text: &str, key: &str) -> usize {
    let names = |line: &str| {
        let line = line.trim_start_matches('"');
        let rest = line.strip_prefix(key).map(|rest| rest.trim_start_matches(['"', ' ']));
        rest.is_some_and(|rest| rest.starts_with(['.', '='])) || line.ends_with(&format!(".{key}]"))
    };
    text.lines().position(names).map_or(1, |index| index + 1)
}
