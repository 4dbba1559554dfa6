//! Which crate may depend on which. A crate is a permission; an edge that nobody decided is a permission nobody gave.

use super::Finding;
use super::house::House;
use super::manifest::{Manifest, manifests};

/// Every member of the workspace and the members it may name. All may use the testkit in their tests.
const EDGES: &[(&str, &[&str])] = &[
    ("warifu", &["warifu-web", "warifu-app", "warifu-core"]),
    ("warifu-web", &["warifu-app", "warifu-core"]),
    ("warifu-app", &["warifu-store", "warifu-core"]),
    ("warifu-store", &["warifu-core"]),
    ("warifu-core", &[]),
    ("warifu-drill", &[]),
    ("warifu-measure", &["warifu-app", "warifu-store", "warifu-core"]),
    ("warifu-testkit", &["warifu-web", "warifu-app", "warifu-store", "warifu-core"]),
    ("xtask", &[]),
];

const TESTKIT: &str = "warifu-testkit";

pub(crate) fn check(house: &House) -> Vec<Finding> {
    let (manifests, mut findings) = manifests(house);
    for manifest in &manifests {
        match EDGES.iter().find(|(name, _)| *name == manifest.name) {
            Some((_, allowed)) => findings.extend(foreign_edges(manifest, allowed)),
            None => {
                let message = format!(
                    "the crate `{}` is not in the list of crates; each crate is a permission, so a new one is a decision: \
                     write its page in docs/decisions and add it to EDGES in xtask/src/tidy/edges.rs, \
                     or make it a module of the crate whose permission it needs",
                    manifest.name
                );
                findings.push(Finding::new(manifest.path, 1, "edges", message));
            }
        }
    }
    findings
}

fn foreign_edges(manifest: &Manifest<'_>, allowed: &[&str]) -> Vec<Finding> {
    let members =
        manifest.dependencies.iter().filter(|dependency| EDGES.iter().any(|(member, _)| *member == dependency.package));
    let foreign = members.filter(|dependency| {
        let for_tests = dependency.for_tests && dependency.package == TESTKIT;
        !for_tests && !allowed.contains(&dependency.package.as_str())
    });
    foreign
        .map(|dependency| {
            let message = format!(
                "`{}` must not depend on `{}`: the edges of the house keep SQL, HTTP and the clock each in one crate; \
                 {} (a new edge is a decision with a page in docs/decisions)",
                manifest.name,
                dependency.package,
                if dependency.package == TESTKIT {
                    "name the testkit under [dev-dependencies] only".to_owned()
                } else {
                    format!("go through {}", list(allowed))
                }
            );
            Finding::new(manifest.path, dependency.line, "edges", message)
        })
        .collect()
}

fn list(allowed: &[&str]) -> String {
    match allowed {
        [] => "no other crate: move the code to the crate that may".to_owned(),
        names => names.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn findings(path: &str, text: &str) -> Vec<(usize, String)> {
        let found = check(&House::of(&[(path, text)]));
        found.into_iter().map(|finding| (finding.line, finding.message)).collect()
    }

    #[test]
    fn web_never_names_store() {
        let text = "[package]\nname = \"warifu-web\"\n[dependencies]\nwarifu-app.workspace = true\nwarifu-store.workspace = true\n";
        let found = findings("crates/web/Cargo.toml", text);
        assert!(
            matches!(found.as_slice(), [(5, message)] if message.contains("go through warifu-app, warifu-core")),
            "{found:?}"
        );
    }

    #[test]
    fn the_testkit_is_for_tests_only() {
        let for_tests = "[package]\nname = \"warifu-core\"\n[dev-dependencies]\nwarifu-testkit.workspace = true\n";
        assert_eq!(findings("crates/core/Cargo.toml", for_tests), []);
        let shipped = for_tests.replace("dev-dependencies", "dependencies");
        assert_eq!(findings("crates/core/Cargo.toml", &shipped).len(), 1);
    }

    #[test]
    fn a_dev_dependency_is_no_way_round() {
        let text = "[package]\nname = \"warifu-drill\"\n[dev-dependencies]\nwarifu-core.workspace = true\n";
        assert_eq!(findings("crates/drill/Cargo.toml", text).len(), 1);
    }

    #[test]
    fn renames_and_platform_sections_are_seen_through() {
        let text = "[package]\nname = \"warifu-web\"\n[target.'cfg(unix)'.dependencies]\n\
                    kept = { package = \"warifu-store\", path = \"../store\" }\n";
        let found = findings("crates/web/Cargo.toml", text);
        assert!(matches!(found.as_slice(), [(4, _)]), "{found:?}");
    }

    #[test]
    fn a_crate_nobody_decided_is_a_finding() {
        let found = findings("crates/common/Cargo.toml", "[package]\nname = \"warifu-common\"\n");
        assert!(matches!(found.as_slice(), [(1, message)] if message.contains("is not in the list")), "{found:?}");
    }

    #[test]
    fn a_broken_manifest_is_a_finding() {
        assert_eq!(findings("crates/web/Cargo.toml", "[package\n").len(), 1);
    }
}
