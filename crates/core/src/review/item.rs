//! The items that a group writes together: which kinds there are, and what each says.

use serde::{Deserialize, Serialize};

use super::is_cause;
use super::prevent::{Arrow, Measure, Node, ProofResult, TrueCause};
use super::statement::{Statement, TextError, check_line, check_said};
use crate::chart::Chart;

/// The fields of a case: those of the failure-knowledge record (失敗知識データベース), as far as they are published.
pub const CASE_FIELDS: &[&str] = &[
    "name",
    "date",
    "place",
    "site",
    "summary",
    "event",
    "course",
    "cause",
    "response",
    "measures",
    "knowledge",
    "background",
    "sequel",
    "asides",
    "interviews",
    "motive",
    "main_scenario",
    "side_scenarios",
];

/// What an item is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Where the group is. Its one key is `review`.
    Progress,
    /// A field of the case, see [`CASE_FIELDS`].
    Case,
    /// Why a cause was chosen. Its key is the cause's, as that of the three that follow.
    Why,
    /// Why a cause was not chosen.
    WhyNot,
    /// What was said about a cause.
    Discussion,
    /// Whether a cause that few chose, or nobody, stays on the table.
    Lift,
    /// Something that happened.
    Event,
    /// Something that stays open.
    Open,
    /// A remark on another item.
    Comment,
    /// A file.
    File,
    /// A box of the relation diagram.
    Node,
    /// An arrow of it.
    Arrow,
    /// What the group takes a box for. Its key is the box's.
    TrueCause,
    /// A countermeasure.
    Measure,
    /// What came of a measure's proof. Its key is the measure's.
    Result,
}

impl Kind {
    const ALL: [Self; 15] = [
        Self::Progress,
        Self::Case,
        Self::Why,
        Self::WhyNot,
        Self::Discussion,
        Self::Lift,
        Self::Event,
        Self::Open,
        Self::Comment,
        Self::File,
        Self::Node,
        Self::Arrow,
        Self::TrueCause,
        Self::Measure,
        Self::Result,
    ];

    /// The word for it in storage and in the interface.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Progress => "progress",
            Self::Case => "case",
            Self::Why => "why",
            Self::WhyNot => "why_not",
            Self::Discussion => "discussion",
            Self::Lift => "lift",
            Self::Event => "event",
            Self::Open => "open",
            Self::Comment => "comment",
            Self::File => "file",
            Self::Node => "node",
            Self::Arrow => "arrow",
            Self::TrueCause => "true_cause",
            Self::Measure => "measure",
            Self::Result => "result",
        }
    }

    /// The kind with this word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.text() == text)
    }
}

/// What an item says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Body {
    /// Of [`Kind::Progress`].
    Progress(Progress),
    /// Of [`Kind::Case`], [`Kind::Why`], [`Kind::WhyNot`] and [`Kind::Discussion`].
    Statement(Statement),
    /// Of [`Kind::Lift`].
    Lift(Lift),
    /// Of [`Kind::Event`].
    Event(Event),
    /// Of [`Kind::Open`].
    Open(OpenPoint),
    /// Of [`Kind::Comment`].
    Comment(Comment),
    /// Of [`Kind::File`].
    File(File),
    /// Of [`Kind::Node`].
    Node(Node),
    /// Of [`Kind::Arrow`].
    Arrow(Arrow),
    /// Of [`Kind::TrueCause`].
    TrueCause(TrueCause),
    /// Of [`Kind::Measure`].
    Measure(Measure),
    /// Of [`Kind::Result`].
    Result(ProofResult),
}

/// How far a review is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The group is at work.
    Open,
    /// It is being looked over.
    InReview,
    /// It is done: nothing is written any more.
    Complete,
}

/// Where a group is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// How far the review is.
    pub state: State,
    /// Which of the five steps the group is at, from 1.
    pub step: u8,
}

/// Whether a cause stays on the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lift {
    /// Whether it does.
    pub is_lifted: bool,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// What.
    pub statement: Statement,
    /// When.
    pub when: When,
    /// Its place in the order: the lower comes first, of equals the one with the lower key. Between -2^53 and 2^53.
    pub rank: i64,
}

/// When something happened, as exactly as it is known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct When {
    /// How the moment is meant.
    pub kind: WhenKind,
    /// `2019`, `2019-07`, `2019-07-03` or `2019-07-03T10:05`, in the time of the place; empty where nothing is known.
    pub at: String,
}

/// How a moment is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WhenKind {
    /// Then.
    Exact,
    /// About then.
    About,
    /// Some time before.
    Before,
    /// Some time after.
    After,
    /// Nobody knows.
    Unknown,
}

/// Something that stays open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OpenPoint {
    /// What.
    pub text: String,
    /// The key of the cause that it is about, or empty.
    pub about: String,
    /// Whether it was settled.
    pub is_settled: bool,
}

/// A remark on another item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comment {
    /// Which item: its kind and key, joined by `/`. It may be gone.
    pub on: String,
    /// The remark.
    pub text: String,
}

/// A file that stands in the review.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// What it was called by whoever brought it.
    pub name: String,
    /// `image/png` and the like.
    pub media_type: String,
    /// Its length in bytes.
    pub size: u64,
}

/// Most characters in the name of a file.
const FILE_NAME_CHARS_MAX: usize = 120;
/// A rank is a number that every program holds exactly.
const RANK_MAX: u64 = 9_007_199_254_740_991;

impl Body {
    pub(super) fn check(&self, chart: &Chart) -> Result<(), TextError> {
        match self {
            Self::Progress(progress) if !(1..=5).contains(&progress.step) => Err(TextError::Form("a step is 1 to 5")),
            Self::Progress(_) | Self::Lift(_) => Ok(()),
            Self::Statement(statement) => statement.check(),
            Self::Event(event) => event.check(),
            Self::Open(open) => {
                check_said("the open point", &open.text)?;
                let fits = open.about.is_empty() || is_cause(chart, &open.about);
                if fits { Ok(()) } else { Err(TextError::Form("what an open point is about is no cause of the chart")) }
            }
            Self::Comment(comment) => {
                check_said("the comment", &comment.text)?;
                let place = comment.on.split_once('/').filter(|(kind, key)| Kind::parse(kind).is_some() && is_key(key));
                place.map(drop).ok_or(TextError::Form("a comment is on an item: its kind and key, joined by a stroke"))
            }
            Self::File(file) => file.check(),
            Self::Node(node) => node.check(),
            Self::Arrow(arrow) => arrow.check(),
            Self::TrueCause(cause) => cause.check(),
            Self::Measure(measure) => measure.check(),
            Self::Result(result) => result.check(),
        }
    }
}

impl File {
    /// Whether its name can be shown.
    ///
    /// # Errors
    /// [`TextError`].
    pub fn check(&self) -> Result<(), TextError> {
        check_line("the name of the file", &self.name, FILE_NAME_CHARS_MAX)
    }
}

impl Event {
    fn check(&self) -> Result<(), TextError> {
        self.statement.check()?;
        check_said("the event", &self.statement.text)?;
        if self.rank.unsigned_abs() > RANK_MAX {
            return Err(TextError::Form("a rank is a whole number between -2^53 and 2^53"));
        }
        self.when.check()
    }
}

impl When {
    /// Whether it is a moment that the calendar has, or none where nobody knows it.
    ///
    /// # Errors
    /// [`TextError`].
    pub fn check(&self) -> Result<(), TextError> {
        match (self.kind, self.at.as_str()) {
            (WhenKind::Unknown, "") => Ok(()),
            (WhenKind::Unknown, _) => Err(TextError::Form("what happened nobody knows when has no date")),
            (_, at) if is_moment(at) => Ok(()),
            _ => Err(TextError::Form("a date is 2019, 2019-07, 2019-07-03 or 2019-07-03T10:05")),
        }
    }
}

/// Whether a text is a year, a month, a day or a minute that the calendar has.
pub(crate) fn is_moment(text: &str) -> bool {
    let is_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let shape_fits = match text.len() {
        4 => is_digits(text),
        7 => format!("{text}-01").parse::<jiff::civil::Date>().is_ok(),
        10 => text.parse::<jiff::civil::Date>().is_ok(),
        16 => text.get(10..11) == Some("T") && text.parse::<jiff::civil::DateTime>().is_ok(),
        _ => false,
    };
    // Years of four digits without a sign.
    shape_fits && text.get(..4).is_some_and(is_digits)
}

/// Whether a text can be the key of an item that its writer named: 1 to 40 of `a` to `z`, `0` to `9` and `-`.
pub(crate) fn is_own_key(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

/// Whether a text can be the key of any item.
fn is_key(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_'))
}
