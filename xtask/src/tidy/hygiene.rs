//! Words that must not be committed: notes to oneself, forgotten debugging, and folders of the author's own machine.

use super::house::House;
use super::{Finding, syntax};

/// What must not stand in Rust sources. Written in halves, so that this list does not find itself.
const WORDS: &[(&str, &str)] = &[
    (concat!("TO", "DO"), NOTE),
    (concat!("FIX", "ME"), NOTE),
    (concat!("XX", "X"), NOTE),
    (concat!("dbg", "!"), "is left over from debugging and prints what should not be printed; use `tracing`"),
    (
        concat!("#[ig", "nore"),
        "switches a test off where nobody sees it; make it pass, or delete it and say why in the commit",
    ),
];
const NOTE: &str =
    "is a note to oneself that nobody else will act on; do it now, or write down in docs what is not done and why";

const FOLDERS: &[&str] = &[concat!("/ro", "ot"), concat!("/ho", "me/"), concat!("/Us", "ers/"), concat!("/t", "mp/")];

/// Files people read and run; tests may name whatever folder they need.
const READ_BY_PEOPLE: [&str; 12] = ["rs", "md", "toml", "sql", "html", "css", "js", "sh", "yml", "yaml", "json", "svg"];

pub(crate) fn check(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, text) in house.texts() {
        if path.ends_with(".rs") {
            findings.extend(words(path, text));
        }
        let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
        if !house.is_test(path) && (READ_BY_PEOPLE.contains(&extension) || path == ".ci/run") {
            let tests = house.source(path).map(syntax::test_lines).unwrap_or_default();
            findings.extend(folders(path, text, &tests));
        }
    }
    findings
}

fn words(path: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, number) in text.lines().zip(1..) {
        for (word, why) in WORDS.iter().filter(|(word, _)| stands_alone(line, word)) {
            findings.push(Finding::new(path, number, "hygiene", format!("`{word}` {why}")));
        }
    }
    findings
}

fn folders(path: &str, text: &str, tests: &[(usize, usize)]) -> Vec<Finding> {
    let mut findings = Vec::new();
    let in_tests = |number| tests.iter().any(|(first, last)| (*first..=*last).contains(&number));
    for (line, number) in text.lines().zip(1..).filter(|(_, number)| !in_tests(*number)) {
        for folder in FOLDERS.iter().filter(|folder| stands_alone(line, folder)) {
            let message = format!(
                "`{folder}` is a folder of one machine, and of no other; use a path relative to the repository, \
                 or a setting"
            );
            findings.push(Finding::new(path, number, "hygiene", message));
        }
    }
    findings
}

/// Whether `word` occurs and is not the inside of a longer word or of a longer path.
fn stands_alone(line: &str, word: &str) -> bool {
    let joins = |character: char| character.is_alphanumeric() || character == '_';
    let path_joins = |character: char| joins(character) || "./-~$})".contains(character);
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|before| before.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|after| after.chars().next());
        let open = if word.starts_with('/') {
            before.is_none_or(|c| !path_joins(c))
        } else {
            before.is_none_or(|c| !joins(c))
        };
        let closed = word.ends_with(|c| !joins(c)) || after.is_none_or(|c| !joins(c));
        open && closed
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        check(&House::of(&[(path, text)])).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn notes_debugging_and_switched_off_tests_are_found() {
        for (word, _) in WORDS {
            assert_eq!(lines("crates/core/tests/a.rs", &format!("//! A.\n// {word}: later\n")), [2], "{word}");
        }
        assert_eq!(lines("crates/core/src/a.rs", "//! A.\nconst MASTODON: u8 = 0xFF;\n"), [0; 0]);
    }

    #[test]
    fn folders_of_one_machine_are_found_outside_tests() {
        for folder in FOLDERS {
            let text = format!("# A\nLook at `{folder}` there.\n");
            assert_eq!(lines("docs/guide.md", &text), [2], "{folder}");
        }
        let shipped =
            "//! A.\nconst A: &str = \"/tmp/a\";\n#[cfg(test)]\nmod tests {\n    const B: &str = \"/tmp/b\";\n}\n";
        assert_eq!(lines("crates/app/src/a.rs", shipped), [2]);
        assert_eq!(lines("crates/testkit/src/a.rs", shipped), [0; 0]);
    }

    #[test]
    fn a_folder_inside_a_longer_path_or_word_is_fine() {
        let text = "Visit https://example.com/home/ and ./tmp/a, target/tmp/ and /roots.\n";
        assert_eq!(lines("docs/guide.md", text), [0; 0]);
    }
}
