//! Charts of causes: what a failure review goes round (失敗原因マンダラ), as data that a group can change.
//!
//! Regions hold groups, groups hold causes; each has a key, a name in both languages and where it comes from. This room
//! knows what a chart may be and in which order it is walked. It must not know how one is written in a file, drawn, or
//! voted on.
//!
//! The form follows the published two-level cause mandala of the failure-knowledge school (失敗学), whose first level are
//! the groups here and whose second level the causes, and a version of it for IT projects, which adds the regions. Which
//! of those items was published where stands in the [`Source`] of each.

use std::collections::BTreeSet;

#[cfg(test)]
mod tests;

/// Most characters in a key.
pub const KEY_CHARS_MAX: usize = 40;
/// Most characters in a name, in either language.
pub const NAME_CHARS_MAX: usize = 40;
/// Most characters in a source.
pub const SOURCE_CHARS_MAX: usize = 80;
/// Most regions in a chart.
pub const REGIONS_MAX: usize = 12;
/// Most groups in a chart, in all regions together.
pub const GROUPS_MAX: usize = 24;
/// Most causes in a chart, in all groups together.
pub const CAUSES_MAX: usize = 120;

/// A language in which charts have names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// Japanese.
    Japanese,
    /// English.
    English,
}

/// A name in both languages, each of 1 to [`NAME_CHARS_MAX`] characters that can be seen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    /// The Japanese name.
    pub ja: String,
    /// The English name.
    pub en: String,
}

/// Where an item comes from: a short text such as `H S` or `placement ours`, up to [`SOURCE_CHARS_MAX`] characters. Empty
/// where it is not said. What the letters mean is said by whoever made the chart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source(pub String);

/// A chart. [`check`](Chart::check) says whether it can be used; all that follows counts on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chart {
    /// Names the chart among others: 1 to [`KEY_CHARS_MAX`] of `a` to `z`, `0` to `9` and `-`.
    pub key: String,
    /// Counts the versions of this chart from 1. A review keeps to the one that it began with.
    pub version: u32,
    /// What it is called.
    pub name: Names,
    /// In the order in which they are gone round: the first begins at eight o'clock, then clockwise.
    pub regions: Vec<Region>,
}

/// A region, the innermost ring.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    /// As the key of a chart. No two items of one chart have the same.
    pub key: String,
    /// Nothing only in a chart that has no regions: there the one region without a name holds all groups.
    pub name: Option<Names>,
    /// Where the region comes from.
    pub source: Source,
    /// In the order in which they are gone round, at least one.
    pub groups: Vec<Group>,
}

/// A cause of the first level, and the ring in the middle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// As the key of a region.
    pub key: String,
    /// What it is called.
    pub name: Names,
    /// Where it comes from, and who placed it in its region.
    pub source: Source,
    /// In the order in which they are gone round, at least one.
    pub causes: Vec<Cause>,
}

/// A cause of the second level: what participants mark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cause {
    /// As the key of a region. It names the cause without its group.
    pub key: String,
    /// What it is called.
    pub name: Names,
    /// Where it comes from.
    pub source: Source,
}

/// An item of a chart, by its number on its level: from 1, in the order of the walk over the whole chart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum At {
    /// The chart itself.
    Chart,
    /// A region.
    Region(usize),
    /// A cause of the first level.
    Group(usize),
    /// A cause of the second level.
    Cause(usize),
}

/// A region and its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RegionPlace<'a> {
    /// From 1.
    pub number: usize,
    /// The region.
    pub region: &'a Region,
}

/// A group, its number in the chart and the region that it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GroupPlace<'a> {
    /// From 1, over all regions.
    pub number: usize,
    /// The region.
    pub region: &'a Region,
    /// The group.
    pub group: &'a Group,
}

/// A cause, its number in the chart and what it stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CausePlace<'a> {
    /// From 1, over all groups.
    pub number: usize,
    /// The region.
    pub region: &'a Region,
    /// The group.
    pub group: &'a Group,
    /// The cause.
    pub cause: &'a Cause,
}

/// What a key names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item<'a> {
    /// A region.
    Region(RegionPlace<'a>),
    /// A cause of the first level.
    Group(GroupPlace<'a>),
    /// A cause of the second level.
    Cause(CausePlace<'a>),
}

/// Why a chart cannot be used. No variant carries a text of the chart, so that an error may be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChartError {
    /// Versions count from 1.
    #[error("the version of a chart counts from 1")]
    Version,
    /// Nothing can be marked on it, whatever regions and groups it has.
    #[error("the chart has no cause at all; it needs at least one region with one group with one cause")]
    NoCauses,
    /// A region without groups.
    #[error("{0} has no group")]
    NoGroups(At),
    /// A group without causes.
    #[error("{0} has no cause")]
    EmptyGroup(At),
    /// More than [`REGIONS_MAX`].
    #[error("the chart has more than {REGIONS_MAX} regions")]
    TooManyRegions,
    /// More than [`GROUPS_MAX`].
    #[error("the chart has more than {GROUPS_MAX} groups")]
    TooManyGroups,
    /// More than [`CAUSES_MAX`].
    #[error("the chart has more than {CAUSES_MAX} causes")]
    TooManyCauses,
    /// A region without a name beside another region.
    #[error("{0} has no name; only the one region of a chart without regions may have none")]
    Nameless(At),
    /// The key is not 1 to [`KEY_CHARS_MAX`] of `a` to `z`, `0` to `9` and `-`.
    #[error("the key of {0} is not 1 to {KEY_CHARS_MAX} of a to z, 0 to 9 and hyphen")]
    Key(At),
    /// Another item has this key.
    #[error("the key of {0} stands twice in the chart")]
    DuplicateKey(At),
    /// Nothing in it that can be seen.
    #[error("the {1} of {0} is empty")]
    Empty(At, Field),
    /// More than [`NAME_CHARS_MAX`] or [`SOURCE_CHARS_MAX`] characters.
    #[error("the {1} of {0} is longer than {max} characters", max = .1.chars_max())]
    TooLong(At, Field),
    /// A control character, or one that cannot be seen or drawn.
    #[error("the {1} of {0} has a character that cannot be seen")]
    Character(At, Field),
}

/// A text of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// [`Names::ja`].
    Japanese,
    /// [`Names::en`].
    English,
    /// [`Source`].
    Source,
}

impl Names {
    /// The name in one of the languages.
    #[must_use]
    pub fn name(&self, language: Language) -> &str {
        match language {
            Language::Japanese => &self.ja,
            Language::English => &self.en,
        }
    }

    fn check(&self, at: At) -> Result<(), ChartError> {
        check_text(at, Field::Japanese, &self.ja)?;
        check_text(at, Field::English, &self.en)
    }
}

impl Chart {
    /// Whether the chart can be used. Counts are checked first, then each item in the order of the walk, a region before
    /// its groups and a group before its causes.
    ///
    /// # Errors
    /// The [`ChartError`] of the first rule that is broken.
    pub fn check(&self) -> Result<(), ChartError> {
        self.check_counts()?;
        check_key(At::Chart, &self.key)?;
        if self.version == 0 {
            return Err(ChartError::Version);
        }
        self.name.check(At::Chart)?;
        let mut keys = BTreeSet::new();
        let mut check_item = |at, key, name: Option<&Names>, source: &Source| {
            check_key(at, key)?;
            if !keys.insert(key) {
                return Err(ChartError::DuplicateKey(at));
            }
            name.map_or(Ok(()), |name| name.check(at))?;
            if source.0.is_empty() { Ok(()) } else { check_text(at, Field::Source, &source.0) }
        };
        let (mut groups, mut causes) = ((1..).map(At::Group), (1..).map(At::Cause));
        for RegionPlace { number, region } in self.regions() {
            let at = At::Region(number);
            if region.name.is_none() && self.regions.len() > 1 {
                return Err(ChartError::Nameless(at));
            }
            check_item(at, region.key.as_str(), region.name.as_ref(), &region.source)?;
            if region.groups.is_empty() {
                return Err(ChartError::NoGroups(at));
            }
            for (group, at) in region.groups.iter().zip(&mut groups) {
                check_item(at, &group.key, Some(&group.name), &group.source)?;
                if group.causes.is_empty() {
                    return Err(ChartError::EmptyGroup(at));
                }
                for (cause, at) in group.causes.iter().zip(&mut causes) {
                    check_item(at, &cause.key, Some(&cause.name), &cause.source)?;
                }
            }
        }
        Ok(())
    }

    fn check_counts(&self) -> Result<(), ChartError> {
        if self.causes().next().is_none() {
            Err(ChartError::NoCauses)
        } else if self.regions.len() > REGIONS_MAX {
            Err(ChartError::TooManyRegions)
        } else if self.groups().count() > GROUPS_MAX {
            Err(ChartError::TooManyGroups)
        } else if self.causes().count() > CAUSES_MAX {
            Err(ChartError::TooManyCauses)
        } else {
            Ok(())
        }
    }

    /// Whether the innermost ring is there: a chart without regions is one region without a name.
    #[must_use]
    pub fn has_regions(&self) -> bool {
        self.regions.iter().any(|region| region.name.is_some())
    }

    /// The regions in order.
    pub fn regions(&self) -> impl Iterator<Item = RegionPlace<'_>> {
        (1..).zip(&self.regions).map(|(number, region)| RegionPlace { number, region })
    }

    /// The causes of the first level in order, over all regions.
    pub fn groups(&self) -> impl Iterator<Item = GroupPlace<'_>> {
        let groups = self.regions.iter().flat_map(|region| region.groups.iter().map(move |group| (region, group)));
        (1..).zip(groups).map(|(number, (region, group))| GroupPlace { number, region, group })
    }

    /// The causes of the second level in order, over all groups.
    pub fn causes(&self) -> impl Iterator<Item = CausePlace<'_>> {
        let causes = self.regions.iter().flat_map(|region| {
            region.groups.iter().flat_map(move |group| group.causes.iter().map(move |cause| (region, group, cause)))
        });
        (1..).zip(causes).map(|(number, (region, group, cause))| CausePlace { number, region, group, cause })
    }

    /// The item that has this key; nothing if none has.
    #[must_use]
    pub fn find(&self, key: &str) -> Option<Item<'_>> {
        let region = self.regions().find(|place| place.region.key == key).map(Item::Region);
        let group = || self.groups().find(|place| place.group.key == key).map(Item::Group);
        let cause = || self.causes().find(|place| place.cause.key == key).map(Item::Cause);
        region.or_else(group).or_else(cause)
    }
}

impl Item<'_> {
    /// What the item is called; nothing for the region of a chart without regions.
    #[must_use]
    pub fn names(&self) -> Option<&Names> {
        match self {
            Item::Region(place) => place.region.name.as_ref(),
            Item::Group(place) => Some(&place.group.name),
            Item::Cause(place) => Some(&place.cause.name),
        }
    }
}

impl Field {
    const fn chars_max(self) -> usize {
        match self {
            Field::Japanese | Field::English => NAME_CHARS_MAX,
            Field::Source => SOURCE_CHARS_MAX,
        }
    }
}

impl std::fmt::Display for At {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            At::Chart => f.write_str("the chart"),
            At::Region(number) => write!(f, "region {number}"),
            At::Group(number) => write!(f, "group {number}"),
            At::Cause(number) => write!(f, "cause {number}"),
        }
    }
}

impl std::fmt::Display for Field {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Field::Japanese => "Japanese name",
            Field::English => "English name",
            Field::Source => "source",
        })
    }
}

fn check_key(at: At, key: &str) -> Result<(), ChartError> {
    let fits = (1..=KEY_CHARS_MAX).contains(&key.len())
        && key.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'));
    if fits { Ok(()) } else { Err(ChartError::Key(at)) }
}

fn check_text(at: At, field: Field, text: &str) -> Result<(), ChartError> {
    if text.trim().is_empty() {
        return Err(ChartError::Empty(at, field));
    }
    if text.chars().count() > field.chars_max() {
        return Err(ChartError::TooLong(at, field));
    }
    if text.chars().all(is_seen) { Ok(()) } else { Err(ChartError::Character(at, field)) }
}

/// Not a control character, nor one that only directs others (zero width, line separators, direction), nor one that XML
/// cannot hold: a name must look like what it is, wherever it is shown.
fn is_seen(character: char) -> bool {
    !character.is_control()
        && !matches!(character,
            '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff0}'..='\u{fffb}' | '\u{fffe}' | '\u{ffff}' | '\u{e0000}'..='\u{e007f}')
}
