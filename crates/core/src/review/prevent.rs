//! What steps 4 and 5 write: boxes and arrows of the relation diagram, what the group takes for a true cause, and measures with
//! how each is verified.

use serde::{Deserialize, Serialize};

use super::item::is_own_key;
use super::statement::{Statement, TextError, check_file, check_line, check_said, check_text, check_url};

/// A box of the relation diagram.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Node {
    /// What it stands for: `cause/KEY`, `event/KEY`, or empty for words of its own.
    pub of: String,
    /// Its own words, up to 200 characters; empty where it stands for something.
    pub text: String,
    /// Where somebody moved it to; where the layout puts it, if absent.
    pub at: Option<Point>,
}

/// A place on the diagram, in its own units.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    /// To the right.
    pub x: i32,
    /// Downward.
    pub y: i32,
}

/// An arrow of the relation diagram, from what influences to what is influenced.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arrow {
    /// The key of a box. It may be gone; then the arrow is not drawn.
    pub from: String,
    /// The key of another.
    pub to: String,
    /// How strongly, from 1 to 3.
    pub strength: u8,
    /// Whether it stays beside one the other way.
    pub is_kept: bool,
    /// Why one thinks so.
    pub statement: Statement,
}

/// What the group takes a box for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrueCause {
    /// Whether it is a true cause.
    pub is_true: bool,
    /// Why, also against the score.
    pub why: Statement,
}

/// A countermeasure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Measure {
    /// What is done.
    pub text: String,
    /// The keys of the boxes that it answers.
    pub causes: Vec<String>,
    /// Whose it is: a role, so that no name comes in; up to 80 characters.
    pub role: String,
    /// Until when, `2026-12-31`, or empty.
    pub due: String,
    /// When to be reminded, or empty.
    pub remind: String,
    /// How far it is.
    pub state: MeasureState,
    /// How it is verified.
    pub proof: Proof,
    /// What was learned.
    pub learned: String,
    /// Whether other groups of the board find it in the library; only of one that is done.
    pub is_shared: bool,
}

/// How far a measure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MeasureState {
    /// Somebody said so.
    Proposed,
    /// It was decided.
    Planned,
    /// It is under way.
    Doing,
    /// It is done.
    Done,
    /// It was given up.
    Dropped,
}

/// How a measure is verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// By what.
    pub kind: ProofKind,
    /// Which: up to 300 characters.
    pub text: String,
    /// An `http` or `https` address, or empty.
    pub url: String,
    /// A file of the review, or empty.
    pub file: String,
}

/// By what a measure is verified.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProofKind {
    /// By nothing yet, and it is shown so.
    None,
    /// A drill that is run again and again.
    Drill,
    /// A test.
    Test,
    /// A command.
    Command,
    /// A document.
    Document,
}

/// What came of the proof of a measure the last time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProofResult {
    /// Whether it held.
    pub is_passed: bool,
    /// When, `2026-11-22T10:05`.
    pub at: String,
    /// What it said: up to 1,000 characters.
    pub text: String,
}

/// Most characters in a box's own words.
const LABEL_CHARS_MAX: usize = 200;
/// How far a box can be moved.
const PLACE_MAX: u32 = 100_000;
/// Most causes that a measure answers.
const CAUSES_MAX: usize = 20;
const ROLE_CHARS_MAX: usize = 80;
pub(super) const PROOF_CHARS_MAX: usize = 300;
const RESULT_CHARS_MAX: usize = 1_000;

impl Node {
    pub(super) fn check(&self) -> Result<(), TextError> {
        let is_far = |at: Point| at.x.unsigned_abs() > PLACE_MAX || at.y.unsigned_abs() > PLACE_MAX;
        if self.at.is_some_and(is_far) {
            return Err(TextError::Form("a box stands within 100,000 units of the middle"));
        }
        match self.of.split_once('/') {
            None if self.of.is_empty() => check_line("the text of the box", &self.text, LABEL_CHARS_MAX),
            Some(("cause" | "event", key)) if is_own_key(key) && self.text.is_empty() => Ok(()),
            _ => Err(TextError::Form(
                "a box stands for `cause/KEY` or `event/KEY`, or has a text of its own, never both",
            )),
        }
    }
}

impl Arrow {
    pub(super) fn check(&self) -> Result<(), TextError> {
        if !is_own_key(&self.from) || !is_own_key(&self.to) {
            return Err(TextError::Form("an arrow runs from the key of a box to that of another"));
        }
        if self.from == self.to {
            return Err(TextError::Form("an arrow does not run from a box to itself"));
        }
        if !(1..=3).contains(&self.strength) {
            return Err(TextError::Form("the strength of an arrow is 1 to 3"));
        }
        self.statement.check()
    }
}

impl TrueCause {
    pub(super) fn check(&self) -> Result<(), TextError> {
        self.why.check()?;
        check_said("the reason", &self.why.text)
    }
}

impl Measure {
    pub(super) fn check(&self) -> Result<(), TextError> {
        check_said("the measure", &self.text)?;
        check_text("what was learned", &self.learned, 10_000)?;
        check_text("the role", &self.role, ROLE_CHARS_MAX)?;
        if self.causes.len() > CAUSES_MAX || !self.causes.iter().all(|key| is_own_key(key)) {
            return Err(TextError::Form("a measure answers at most 20 boxes, by their keys"));
        }
        if [&self.due, &self.remind].into_iter().any(|date| !date.is_empty() && !is_day(date)) {
            return Err(TextError::Form("a date is 2026-12-31, or empty"));
        }
        if self.is_shared && self.state != MeasureState::Done {
            return Err(TextError::Form("only a measure that is done is shared"));
        }
        self.proof.check()
    }
}

impl Proof {
    fn check(&self) -> Result<(), TextError> {
        check_text("the text of the proof", &self.text, PROOF_CHARS_MAX)?;
        check_url(&self.url)?;
        check_file(&self.file)?;
        let says_nothing = self.text.trim().is_empty() && self.url.is_empty() && self.file.is_empty();
        match (self.kind, says_nothing) {
            (ProofKind::None, false) => {
                Err(TextError::Form("a measure without a proof has no text, address or file of one"))
            }
            (ProofKind::None, true) | (_, false) => Ok(()),
            (_, true) => Err(TextError::Form("a proof says which it is by a text, an address or a file")),
        }
    }
}

impl ProofResult {
    pub(super) fn check(&self) -> Result<(), TextError> {
        check_text("the result", &self.text, RESULT_CHARS_MAX)?;
        let fits = self.at.len() == 16 && super::item::is_moment(&self.at);
        if fits { Ok(()) } else { Err(TextError::Form("when a result came is 2026-11-22T10:05")) }
    }
}

fn is_day(text: &str) -> bool {
    text.len() == 10 && super::item::is_moment(text)
}
