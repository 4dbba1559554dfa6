//! The lines that ship, as TOML, and those that the operator added. What a line may say is decided in `warifu_core::readiness`.

use std::sync::LazyLock;

use serde::Deserialize;
use warifu_core::chart::Names;
use warifu_core::readiness::{Answer, Line, Look, Section};

const SHIPPED: &str = include_str!("../../readiness/lines.toml");

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LinesText {
    lines: Vec<LineText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LineText {
    key: String,
    section: Section,
    look: Option<Look>,
    repeats: Option<u16>,
    title: NamesText,
    why: NamesText,
    from: NamesText,
    role: NamesText,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NamesText {
    ja: String,
    en: String,
}

impl From<NamesText> for Names {
    fn from(text: NamesText) -> Self {
        Self { ja: text.ja, en: text.en }
    }
}

/// The lines that come with the service; a test reads them all.
static LINES: LazyLock<Vec<Line>> = LazyLock::new(|| read(SHIPPED).unwrap_or_default());

fn read(text: &str) -> Result<Vec<Line>, toml::de::Error> {
    let parsed: LinesText = toml::from_str(text)?;
    let line = |line: LineText| Line {
        key: line.key,
        section: line.section,
        title: line.title.into(),
        why: line.why.into(),
        from: line.from.into(),
        role: line.role.into(),
        repeats: line.repeats,
        look: line.look,
        is_own: false,
    };
    Ok(parsed.lines.into_iter().map(line).collect())
}

/// The lines that ship, in their order.
pub(super) fn shipped() -> &'static [Line] {
    &LINES
}

/// The line with this key: one that ships, or the operator's own, whose words stand in its answer.
pub(super) fn find(key: &str, answer: Option<&Answer>) -> Option<Line> {
    shipped().iter().find(|line| line.key == key).cloned().or_else(|| own(key, answer?))
}

/// The operator's own line that an answer is about, if it is.
pub(super) fn own(key: &str, answer: &Answer) -> Option<Line> {
    let own = answer.own.as_ref()?;
    let both = |text: &str| Names { ja: text.to_owned(), en: text.to_owned() };
    Some(Line {
        key: key.to_owned(),
        section: own.section,
        title: both(&own.title),
        why: both(&own.why),
        from: Names { ja: "運用者が加えた行".to_owned(), en: "added by the operator".to_owned() },
        role: both(""),
        repeats: own.repeats,
        look: None,
        is_own: true,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_lines_that_ship_say_all_that_a_line_says_in_both_languages() {
        let lines = read(SHIPPED).unwrap();
        assert_eq!(lines, shipped());
        let keys: BTreeSet<_> = lines.iter().map(|line| line.key.as_str()).collect();
        assert_eq!(keys.len(), lines.len(), "a key stands twice");
        for line in &lines {
            let fits = |it: u8| matches!(it, b'a'..=b'z' | b'0'..=b'9' | b'-');
            assert!((1..=40).contains(&line.key.len()) && line.key.bytes().all(fits), "{}", line.key);
            for names in [&line.title, &line.why, &line.from, &line.role] {
                assert!(!names.ja.is_empty() && !names.en.is_empty(), "{}", line.key);
                assert!(names.en.is_ascii() || names.en.contains('×'), "{}: English is English", line.key);
            }
            assert!(
                line.look.is_none() || line.repeats.is_none(),
                "{}: what is looked at is looked at always",
                line.key
            );
        }
        for section in Section::ALL {
            assert!(lines.iter().any(|line| line.section == section), "{section:?} is empty");
        }
        let order: Vec<_> = lines.iter().map(|line| line.section).collect();
        assert!(order.is_sorted(), "sections stand together");
    }

    /// What the issue asks of the case's measures is there, with where it comes from.
    #[test]
    fn the_measures_of_the_case_ship() {
        for (key, measure) in [
            ("people-finance", "measure 1 of the article"),
            ("plan-stop", "measure 1 of the article"),
            ("check-outside", "measure 1 of the article"),
            ("training-all", "measure 2 (security education for all)"),
            ("text-leak", "measure 3 of the article"),
            ("text-last-resort", "measure 4 of the article"),
        ] {
            let line = find(key, None).unwrap();
            assert!(line.from.en.contains(measure), "{key}: {}", line.from.en);
        }
    }
}
