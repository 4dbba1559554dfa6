//! The repository's files as the checks see them: read and parsed once, or made up by a test. Knows no rule.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use super::{Finding, syntax};

/// Build output and other people's files are not part of the house.
const SKIPPED_FOLDERS: [&str; 3] = [".git", "target", "node_modules"];

/// Text written by hand is far smaller; what is larger is a database or an image that happens to be valid text.
const TEXT_BYTES_MAX: u64 = 1_000_000;

#[derive(Default)]
pub(crate) struct House {
    /// Text files by their path from the root, with `/`. Vendored files are left out.
    texts: BTreeMap<String, String>,
    /// Every file and folder, vendored ones too: what a link may point to.
    paths: BTreeSet<String>,
    /// The parsed sources, a part of `texts`.
    sources: BTreeMap<String, syn::File>,
    /// Files and folders of modules that are declared under `#[cfg(test)]`.
    test_modules: Vec<String>,
    unreadable: Vec<Finding>,
}

impl House {
    pub(crate) fn read(root: &Path) -> io::Result<House> {
        let mut house = House::default();
        house.read_folder(root, "")?;
        house.parse();
        Ok(house)
    }

    /// A house of the given files, for tests.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> House {
        let mut house = House::default();
        for (path, text) in files {
            let parents = path.match_indices('/').filter_map(|(at, _)| path.get(..at));
            house.paths.extend(parents.chain([*path]).map(str::to_owned));
            house.texts.insert((*path).to_owned(), (*text).to_owned());
        }
        house.parse();
        house
    }

    fn read_folder(&mut self, folder: &Path, prefix: &str) -> io::Result<()> {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            let path = format!("{prefix}{name}");
            let kind = entry.file_type()?;
            if kind.is_dir() && !SKIPPED_FOLDERS.contains(&name.as_str()) {
                self.read_folder(&entry.path(), &format!("{path}/"))?;
            } else if kind.is_file()
                && entry.metadata()?.len() <= TEXT_BYTES_MAX
                && !is_vendored(&path)
                && let Ok(text) = String::from_utf8(std::fs::read(entry.path())?)
            {
                self.texts.insert(path.clone(), text);
            }
            self.paths.insert(path);
        }
        Ok(())
    }

    fn parse(&mut self) {
        for (path, text) in self.texts.iter().filter(|(path, _)| is_source(path)) {
            match syn::parse_file(text) {
                Ok(file) => {
                    self.test_modules.extend(syntax::test_modules(path, &file));
                    self.sources.insert(path.clone(), file);
                }
                Err(error) => {
                    let line = error.span().start().line;
                    let message = format!("cannot be parsed, so no rule can be checked: {error}");
                    self.unreadable.push(Finding::new(path, line, "source", message));
                }
            }
        }
    }

    /// Sources that could not be parsed. A check of its own: what cannot be read must not pass as clean.
    pub(crate) fn unreadable(&self) -> Vec<Finding> {
        self.unreadable.clone()
    }

    pub(crate) fn text(&self, path: &str) -> Option<&str> {
        self.texts.get(path).map(String::as_str)
    }

    pub(crate) fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().map(|(path, text)| (path.as_str(), text.as_str()))
    }

    pub(crate) fn contains(&self, path: &str) -> bool {
        self.paths.contains(path)
    }

    pub(crate) fn source(&self, path: &str) -> Option<&syn::File> {
        self.sources.get(path)
    }

    /// The sources and tests of all crates and of xtask.
    pub(crate) fn sources(&self) -> impl Iterator<Item = (&str, &syn::File)> {
        self.sources.iter().map(|(path, file)| (path.as_str(), file))
    }

    /// What ships: the sources of one crate without its tests.
    pub(crate) fn shipped<'a>(&'a self, crate_name: &str) -> impl Iterator<Item = (&'a str, &'a syn::File)> {
        let folder = format!("crates/{crate_name}/src/");
        self.sources().filter(move |(path, _)| path.starts_with(&folder) && !self.is_test(path))
    }

    /// Whether a whole file exists for tests only.
    pub(crate) fn is_test(&self, path: &str) -> bool {
        let declared = |module: &String| path == module || (module.ends_with('/') && path.starts_with(module.as_str()));
        path.starts_with("crates/testkit/")
            || crate_part(path) == Some("tests")
            || self.test_modules.iter().any(declared)
    }
}

/// The folder of a file inside its crate: `src`, `tests`.
fn crate_part(path: &str) -> Option<&str> {
    let inside = match path.strip_prefix("crates/") {
        Some(rest) => rest.split_once('/')?.1,
        None => path.strip_prefix("xtask/")?,
    };
    inside.split_once('/').map(|(part, _)| part)
}

fn is_source(path: &str) -> bool {
    path.ends_with(".rs") && matches!(crate_part(path), Some("src" | "tests"))
}

fn is_vendored(path: &str) -> bool {
    path.split('/').any(|folder| folder == "vendor")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_that_cannot_be_parsed_is_a_finding() {
        let house = House::of(&[("crates/core/src/lib.rs", "//! Room.\nfn broken( {}\n")]);
        let lines: Vec<usize> = house.unreadable().iter().map(|finding| finding.line).collect();
        assert_eq!(lines, [2]);
    }

    #[test]
    fn modules_under_cfg_test_are_tests_and_others_are_not() {
        let house = House::of(&[
            ("crates/core/src/lib.rs", "mod yen;\n#[cfg(test)]\nmod proofs;\n"),
            ("crates/core/src/yen.rs", "#[cfg(test)]\nmod tests;\n"),
            ("crates/core/src/yen/tests.rs", ""),
            ("crates/core/src/proofs.rs", ""),
            ("crates/core/src/proofs/ledger.rs", ""),
            ("crates/core/tests/story.rs", ""),
        ]);
        let shipped: Vec<&str> = house.shipped("core").map(|(path, _)| path).collect();
        assert_eq!(shipped, ["crates/core/src/lib.rs", "crates/core/src/yen.rs"]);
    }

    #[test]
    fn folders_are_paths_too() {
        let house = House::of(&[("docs/decisions/0001-a.md", "# A\n")]);
        assert!(house.contains("docs/decisions") && house.contains("docs/decisions/0001-a.md"));
    }
}
