//! Every source file opens with `//!`: a room says what it is for and what it must not know before it says anything else.

use super::Finding;
use super::house::House;

pub(crate) fn check(house: &House) -> Vec<Finding> {
    let silent = house.sources().map(|(path, _)| path).filter(|path| {
        let text = house.text(path).unwrap_or_default();
        let first = text.lines().map(str::trim).find(|line| !line.is_empty());
        first.and_then(|line| line.strip_prefix("//!")).is_none_or(|words| words.trim().is_empty())
    });
    let message = "does not open with `//!`: a reader must learn first what this file is for; \
                   begin with a sentence that says it, and what the file must not know";
    silent.map(|path| Finding::new(path, 1, "opening", message)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn count(text: &str) -> usize {
        check(&House::of(&[("crates/core/src/yen.rs", text)])).len()
    }

    #[test]
    fn the_first_line_says_what_the_file_is_for() {
        assert_eq!(count("\n//! Yen.\nfn a() {}\n"), 0);
        assert_eq!(count("// Yen.\nfn a() {}\n"), 1);
        assert_eq!(count("//!\n"), 1);
        assert_eq!(count(""), 1);
    }

    #[test]
    fn tests_and_xtask_are_held_to_it_too() {
        let house = House::of(&[("crates/web/tests/story.rs", "use x;\n"), ("xtask/src/main.rs", "use x;\n")]);
        assert_eq!(check(&house).len(), 2);
    }
}
