//! Which crate may name which outside crate: one permission, one home.

use super::Finding;
use super::house::House;
use super::manifest::manifests;

struct Ban {
    /// Package names; one that ends in `*` is a prefix.
    packages: &'static [&'static str],
    /// The crates that may name them.
    homes: &'static [&'static str],
    why: &'static str,
    instead: &'static str,
}

const BANS: &[Ban] = &[
    Ban {
        packages: &["rusqlite", "tokio-postgres", "deadpool-postgres"],
        homes: &["warifu-store", "warifu-testkit"],
        why: "store is the only crate that knows SQL",
        instead: "add a named statement to store and a function that runs it",
    },
    Ban {
        packages: &["axum", "tower-http", "utoipa*"],
        homes: &["warifu-web"],
        why: "web is the only crate that knows HTTP serving",
        instead: "return plain types and let web make the reply",
    },
    Ban {
        packages: &["clap*"],
        homes: &["warifu", "warifu-drill"],
        why: "only binaries read a command line",
        instead: "take a configuration struct as an argument",
    },
    Ban {
        packages: &["getrandom", "rand*", "fastrand"],
        homes: &["warifu-app", "warifu-testkit", "warifu-drill"],
        why: "only app supplies random bytes, so that every decision can be repeated",
        instead: "take the bytes as an argument",
    },
];

pub(crate) fn check(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    // Manifests that cannot be read are reported by the check of edges.
    for manifest in manifests(house).0 {
        for dependency in &manifest.dependencies {
            let broken = BANS.iter().find(|ban| {
                !ban.homes.contains(&manifest.name.as_str())
                    && ban.packages.iter().any(|pattern| matches(pattern, &dependency.package))
            });
            if let Some(ban) = broken {
                let message = format!(
                    "`{}` must not name `{}`: {}; {} (allowed in {})",
                    manifest.name,
                    dependency.package,
                    ban.why,
                    ban.instead,
                    ban.homes.join(", ")
                );
                findings.push(Finding::new(manifest.path, dependency.line, "bans", message));
            }
        }
    }
    findings
}

fn matches(pattern: &str, package: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(prefix) => package.starts_with(prefix),
        None => package == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(name: &str, dependency: &str) -> Vec<String> {
        let text = format!("[package]\nname = \"{name}\"\n[dependencies]\n{dependency}.workspace = true\n");
        let found = check(&House::of(&[("crates/any/Cargo.toml", &text)]));
        found.into_iter().map(|finding| finding.to_string()).collect()
    }

    #[test]
    fn each_ban_fires_outside_its_home_and_names_the_replacement() {
        for (name, dependency, instead) in [
            ("warifu-app", "tokio-postgres", "named statement"),
            ("warifu-app", "utoipa-axum", "plain types"),
            ("warifu-web", "clap", "configuration struct"),
            ("warifu-core", "rand_chacha", "as an argument"),
        ] {
            let found = messages(name, dependency);
            assert!(
                matches!(found.as_slice(), [line] if line.contains(":4: [bans]") && line.contains(instead)),
                "{found:?}"
            );
        }
    }

    #[test]
    fn homes_may() {
        for (name, dependency) in [
            ("warifu-store", "rusqlite"),
            ("warifu-web", "axum"),
            ("warifu-drill", "clap"),
            ("warifu-app", "getrandom"),
        ] {
            assert_eq!(messages(name, dependency), [""; 0]);
        }
    }

    #[test]
    fn a_rename_in_the_workspace_is_seen_through() {
        let house = House::of(&[
            ("Cargo.toml", "[workspace.dependencies]\nsql = { package = \"rusqlite\", version = \"1\" }\n"),
            ("crates/web/Cargo.toml", "[package]\nname = \"warifu-web\"\n[dependencies]\nsql.workspace = true\n"),
        ]);
        assert_eq!(check(&house).len(), 1);
    }
}
