//! Charts of causes as files: TOML that people write, and the two that ship. This room knows how a chart is spelled; what
//! a chart may be is decided in `warifu_core::chart`.
//!
//! ```toml
//! key = "it-project"
//! version = 1
//! ja = "失敗原因マンダラ"
//! en = "Cause mandala"
//!
//! [[regions]]
//! key = "individual"
//! ja = "個人"
//! en = "Individual"
//! source = "published"
//!
//! [[regions.groups]]
//! key = "ignorance"
//! ja = "無知"
//! en = "Ignorance"
//! causes = [
//!   { key = "insufficient-knowledge", ja = "知識不足", en = "Insufficient knowledge", source = "H S" },
//! ]
//! ```
//!
//! `source` may be left out. The one region of a chart without regions has neither `ja` nor `en`.

use std::fmt::Write as _;

use serde::Deserialize;
use toml::{Spanned, Value};
use warifu_core::chart::{At, Cause, Chart, ChartError, Group, Names, Region, Source};

/// Most bytes in the text of a chart.
pub const CHART_BYTES_MAX: usize = 65_536;

/// The charts that ship, as text: the base chart, and the version for IT projects.
pub const SHIPPED_CHARTS: [&str; 2] = [include_str!("../charts/base.toml"), include_str!("../charts/it-project.toml")];

/// Why a text is no chart. Shown to whoever wrote the text; lines count from 1.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChartFileError {
    /// More than [`CHART_BYTES_MAX`]. Nothing of it was read.
    #[error("the chart is longer than {CHART_BYTES_MAX} bytes")]
    TooLong,
    /// It is no TOML, or has a field that charts do not have, or lacks one.
    #[error("line {line}: {message}")]
    Form {
        /// Where.
        line: usize,
        /// What is wrong, in English. May quote the text.
        message: String,
    },
    /// A name in one language only.
    #[error("line {line}: {at} has a name in one language only; give both `ja` and `en`")]
    OneLanguage {
        /// Where the item begins.
        line: usize,
        /// Which item.
        at: At,
    },
    /// It is a chart, but not one that can be used.
    #[error("line {line}: {error}")]
    Chart {
        /// Where the item begins.
        line: usize,
        /// Why.
        error: ChartError,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ChartText {
    key: Spanned<String>,
    version: u32,
    ja: String,
    en: String,
    #[serde(default)]
    regions: Vec<RegionText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RegionText {
    key: Spanned<String>,
    ja: Option<String>,
    en: Option<String>,
    #[serde(default)]
    source: String,
    #[serde(default)]
    groups: Vec<GroupText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GroupText {
    key: Spanned<String>,
    ja: String,
    en: String,
    #[serde(default)]
    source: String,
    #[serde(default)]
    causes: Vec<CauseText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CauseText {
    key: Spanned<String>,
    ja: String,
    en: String,
    #[serde(default)]
    source: String,
}

/// Reads a chart that can be used.
///
/// # Errors
/// The [`ChartFileError`] of the first thing that is wrong.
pub fn read(text: &str) -> Result<Chart, ChartFileError> {
    if text.len() > CHART_BYTES_MAX {
        return Err(ChartFileError::TooLong);
    }
    let parsed: ChartText = toml::from_str(text).map_err(|error| {
        let at = error.span().map_or(0, |span| span.start);
        ChartFileError::Form { line: line_of(text, at), message: error.message().to_owned() }
    })?;
    let lines = Lines::of(&parsed, text);
    let chart = chart(parsed).map_err(|at| ChartFileError::OneLanguage { line: lines.line(at), at })?;
    chart.check().map_err(|error| ChartFileError::Chart { line: lines.line(place(error)), error })?;
    Ok(chart)
}

/// The text of a chart, which [`read`] reads as this chart if it can be used.
#[must_use]
pub fn write(chart: &Chart) -> String {
    let mut out = String::new();
    let names = |names: &Names| format!("ja = {}\nen = {}\n", quoted(&names.ja), quoted(&names.en));
    let source = |source: &Source| match source.0.as_str() {
        "" => String::new(),
        text => format!("source = {}\n", quoted(text)),
    };
    // Writing to a text does not fail.
    let _ = write!(out, "key = {}\nversion = {}\n{}", quoted(&chart.key), chart.version, names(&chart.name));
    for region in &chart.regions {
        let name = region.name.as_ref().map(names).unwrap_or_default();
        let _ = write!(out, "\n[[regions]]\nkey = {}\n{name}{}", quoted(&region.key), source(&region.source));
        for group in &region.groups {
            let _ = write!(out, "\n[[regions.groups]]\nkey = {}\n{}", quoted(&group.key), names(&group.name));
            let _ = writeln!(out, "{}causes = [", source(&group.source));
            for Cause { key, name, source } in &group.causes {
                let _ = write!(out, "  {{ key = {}, ja = {}, en = {}", quoted(key), quoted(&name.ja), quoted(&name.en));
                if !source.0.is_empty() {
                    let _ = write!(out, ", source = {}", quoted(&source.0));
                }
                out.push_str(" },\n");
            }
            out.push_str("]\n");
        }
    }
    out
}

/// The chart, or the region that is named in one language only.
fn chart(text: ChartText) -> Result<Chart, At> {
    let cause = |text: CauseText| Cause {
        key: text.key.into_inner(),
        name: Names { ja: text.ja, en: text.en },
        source: Source(text.source),
    };
    let group = |text: GroupText| Group {
        key: text.key.into_inner(),
        name: Names { ja: text.ja, en: text.en },
        source: Source(text.source),
        causes: text.causes.into_iter().map(cause).collect(),
    };
    let region = |(number, text): (usize, RegionText)| {
        let name = match (text.ja, text.en) {
            (Some(ja), Some(en)) => Some(Names { ja, en }),
            (None, None) => None,
            _ => return Err(At::Region(number)),
        };
        let groups = text.groups.into_iter().map(group).collect();
        Ok(Region { key: text.key.into_inner(), name, source: Source(text.source), groups })
    };
    Ok(Chart {
        key: text.key.into_inner(),
        version: text.version,
        name: Names { ja: text.ja, en: text.en },
        regions: (1..).zip(text.regions).map(region).collect::<Result<_, At>>()?,
    })
}

/// On which lines the keys of a chart's items stand.
struct Lines {
    chart: usize,
    regions: Vec<usize>,
    groups: Vec<usize>,
    causes: Vec<usize>,
}

impl Lines {
    fn of(chart: &ChartText, text: &str) -> Self {
        let line = |key: &Spanned<String>| line_of(text, key.span().start);
        let groups = || chart.regions.iter().flat_map(|region| &region.groups);
        Lines {
            chart: line(&chart.key),
            regions: chart.regions.iter().map(|region| line(&region.key)).collect(),
            groups: groups().map(|group| line(&group.key)).collect(),
            causes: groups().flat_map(|group| &group.causes).map(|cause| line(&cause.key)).collect(),
        }
    }

    fn line(&self, at: At) -> usize {
        let find = |lines: &[usize], number: usize| number.checked_sub(1).and_then(|index| lines.get(index)).copied();
        let found = match at {
            At::Chart => None,
            At::Region(number) => find(&self.regions, number),
            At::Group(number) => find(&self.groups, number),
            At::Cause(number) => find(&self.causes, number),
        };
        found.unwrap_or(self.chart)
    }
}

fn place(error: ChartError) -> At {
    match error {
        ChartError::Version
        | ChartError::NoCauses
        | ChartError::TooManyRegions
        | ChartError::TooManyGroups
        | ChartError::TooManyCauses => At::Chart,
        ChartError::NoGroups(at)
        | ChartError::EmptyGroup(at)
        | ChartError::Nameless(at)
        | ChartError::Key(at)
        | ChartError::DuplicateKey(at)
        | ChartError::Empty(at, _)
        | ChartError::TooLong(at, _)
        | ChartError::Character(at, _) => at,
    }
}

fn line_of(text: &str, at: usize) -> usize {
    text.bytes().take(at).filter(|byte| *byte == b'\n').count() + 1
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    const SMALL: &str = r#"key = "small"
version = 3
ja = "図"
en = "Chart"

[[regions]]
key = "only"

[[regions.groups]]
key = "group"
ja = "群"
en = "Group"
causes = [
  { key = "one", ja = "一", en = "One", source = "H S" },
  { key = "two", ja = "二", en = "Two" },
]
"#;

    fn said(text: &str) -> String {
        read(text).unwrap_err().to_string()
    }

    fn japanese<'a>(names: impl Iterator<Item = &'a Names>) -> Vec<&'a str> {
        names.map(|names| names.ja.as_str()).collect()
    }

    #[test]
    fn what_is_written_is_read_as_it_was() {
        for text in [SHIPPED_CHARTS[0], SHIPPED_CHARTS[1], SMALL] {
            let chart = read(text).unwrap();
            assert_eq!(read(&write(&chart)).unwrap(), chart);
        }
        assert_eq!(write(&read(SMALL).unwrap()), SMALL);
        let mut hostile = read(SMALL).unwrap();
        hostile.name.ja = r#"""" = [x] # \u0041 '''\"#.into();
        hostile.regions[0].name = Some(Names { ja: "\\".into(), en: "'".into() });
        hostile.regions[0].groups[0].causes[1].source.0 = "}, { key = \"".into();
        assert_eq!(read(&write(&hostile)).unwrap(), hostile);
    }

    #[test]
    fn the_version_for_it_projects_ships() {
        let chart = read(SHIPPED_CHARTS[1]).unwrap();
        assert_eq!((chart.key.as_str(), chart.causes().count(), chart.groups().count()), ("it-project", 29, 10));
        let regions = japanese(chart.regions().filter_map(|place| place.region.name.as_ref()));
        assert_eq!(regions, ["個人", "プロジェクト", "組織", "未知"]);
        let causes: Vec<_> =
            chart.regions.iter().map(|it| it.groups.iter().flat_map(|it| &it.causes).count()).collect();
        assert_eq!(causes, [13, 8, 6, 2]);
        for place in chart.groups() {
            let name = place.group.name.ja.as_str();
            let published = name == "無知" || name == "未知";
            let source = if published { "placement published" } else { "placement ours" };
            assert_eq!(place.group.source.0, source, "{name}");
        }
        let letters = |source: &str| source.split(' ').all(|letter| ["D", "H", "S", "B"].contains(&letter));
        assert!(chart.causes().all(|place| letters(&place.cause.source.0)));
    }

    #[test]
    fn the_base_chart_ships_without_regions_and_without_what_the_other_version_added() {
        let (base, other) = (read(SHIPPED_CHARTS[0]).unwrap(), read(SHIPPED_CHARTS[1]).unwrap());
        assert!(!base.has_regions());
        let groups = japanese(base.groups().map(|place| &place.group.name)).join(" ");
        assert_eq!(
            groups,
            "未知 無知 不注意 手順の不遵守 誤判断 調査・検討の不足 環境変化への対応不良 企画不良 価値観不良 組織運営不良"
        );
        let added: Vec<_> = other.causes().filter(|place| base.find(&place.cause.key).is_none()).collect();
        assert_eq!(japanese(added.iter().map(|place| &place.cause.name)), ["経験不足", "引き継ぎ"]);
        for place in base.causes() {
            let same = other.causes().find(|it| it.cause.key == place.cause.key).unwrap();
            assert_eq!(same.cause, place.cause);
        }
    }

    #[test]
    fn errors_say_where_and_what() {
        for (change, expected) in [
            (("version = 3", "version = -3"), "line 2: "),
            (("version = 3", "version = 3\ncolour = \"red\""), "line 3: unknown field `colour`"),
            (("key = \"only\"", "kye = \"only\""), "line 7: unknown field `kye`"),
            (("en = \"Two\"", "en = \"Two\", weight = 2"), "line 15: unknown field `weight`"),
            (("en = \"Group\"\n", ""), "missing field `en`"),
            (("key = \"only\"", "key = \"only\"\nja = \"域\""), "line 7: region 1 has a name in one language only"),
            (("ja = \"二\"", "ja = \"\""), "line 15: the Japanese name of cause 2 is empty"),
            (("key = \"two\"", "key = \"one\""), "line 15: the key of cause 2 stands twice"),
            (("key = \"group\"", "key = \"Group\""), "line 10: the key of group 1 is not 1 to 40"),
            (("version = 3", "version = 0"), "line 1: the version of a chart counts from 1"),
            (("causes = [", "causes = "), "line 14: invalid key-value pair"),
        ] {
            let said = said(&SMALL.replacen(change.0, change.1, 1));
            assert!(said.contains(expected), "{change:?}: {said}");
        }
        assert!(said("").contains("missing field `key`"));
        assert!(said("key = \"a\"\nversion = 1\nja = \"a\"\nen = \"a\"").contains("no cause at all"));
    }

    #[test]
    fn a_text_that_is_too_long_is_not_read() {
        let padded = |bytes: usize| format!("{SMALL}#{}", "x".repeat(bytes - SMALL.len() - 1));
        assert!(read(&padded(CHART_BYTES_MAX)).is_ok());
        assert_eq!(read(&padded(CHART_BYTES_MAX + 1)), Err(ChartFileError::TooLong));
        assert!(read(&"[".repeat(60_000)).is_err());
        assert!(read(&format!("key = {}1{}", "[".repeat(30_000), "]".repeat(30_000))).is_err());
    }
}
