//! A failure review: what may be written into it, by whom, and how what participants marked becomes one table.
//!
//! A review is a set of items that a group writes together, each with a version that counts its changes, so that no change is
//! lost to another that did not see it. What participants mark is no item: it is theirs alone until it is collected
//! ([`collect`]), and from then on nobody's.

mod collect;
pub mod diagram;
pub(crate) mod item;
mod prevent;
mod report;
pub(crate) mod statement;

#[cfg(test)]
mod tests;

pub use collect::{Draft, Mark, collect, column_name};
pub use item::{Body, CASE_FIELDS, Comment, Event, File, Kind, Lift, OpenPoint, Progress, State, When, WhenKind};
pub use prevent::{Arrow, Measure, MeasureState, Node, Point, Proof, ProofKind, ProofResult, TrueCause};
pub use report::{Handed, REPORT_MAX, Whose, decide_result, latest_of_each};
pub use statement::{Basis, Source, SourceKind, Statement, TextError};

use crate::chart::{Chart, Item};

/// Most items that a review has, removed ones included.
pub const ITEMS_MAX: u64 = 5_000;
/// Most characters in the name of a case, which stands in the middle of the mandala.
pub const NAME_CHARS_MAX: usize = 100;
/// Most seats in a review, those of programs included.
pub const SEATS_MAX: u32 = 200;

/// What a seat in a review allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Leads the group: also decides where it is, invites, and collects.
    Facilitator,
    /// Marks and writes.
    Participant,
    /// Reads what is published.
    Reader,
    /// A program: hands in what came of proofs, and reads nothing.
    Program,
}

impl Role {
    const ALL: [Self; 4] = [Self::Facilitator, Self::Participant, Self::Reader, Self::Program];

    /// Whether it marks and writes.
    #[must_use]
    pub const fn writes(self) -> bool {
        matches!(self, Self::Facilitator | Self::Participant)
    }

    /// Whether it reads what is published.
    #[must_use]
    pub const fn reads(self) -> bool {
        !matches!(self, Self::Program)
    }

    /// Whether it hands in what came of proofs.
    #[must_use]
    pub const fn hands_in(self) -> bool {
        !matches!(self, Self::Reader)
    }

    /// The word for it in storage and in the interface.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Facilitator => "facilitator",
            Self::Participant => "participant",
            Self::Reader => "reader",
            Self::Program => "program",
        }
    }

    /// The role with this word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.text() == text)
    }
}

/// Why something is not written. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The seat does not allow it.
    #[error("this seat does not allow it")]
    Role,
    /// The review is complete: only a facilitator may open it again.
    #[error("the review is complete")]
    Complete,
    /// Somebody changed it since it was seen; or it was removed, or was not there.
    #[error("it was changed meanwhile")]
    Changed,
    /// The chart, the case or the review has no such place.
    #[error("there is no such place in this review")]
    NoPlace,
    /// The review is full.
    #[error("the review has as many items as it can hold")]
    Full,
    /// What is to be written is not what can stand there.
    #[error(transparent)]
    Text(#[from] TextError),
}

/// Where a review is, as far as a decision about one of its items needs to know.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// Who asks.
    pub role: Role,
    /// Whether the review is complete.
    pub is_complete: bool,
    /// The chart that it keeps to.
    pub chart: &'a Chart,
    /// How many items it has, removed ones included.
    pub items: u64,
}

/// An item as it stands: its version, 0 for one that never was, and what it says; `None` if it was removed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Counts the changes.
    pub version: u32,
    /// What it says.
    pub body: Option<Body>,
}

/// What becomes of an item.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// This is recorded as the next version.
    Recorded(Standing),
    /// It says so already, since this very change was made before: whoever asks again was not told.
    Unchanged(Standing),
}

/// Whether an item is written, or removed where `body` is `None`, by somebody who saw its version `seen`.
///
/// # Errors
/// [`Refusal`], in the order of its variants.
pub fn decide(
    place: &Place<'_>,
    (kind, key): (Kind, &str),
    seen: u32,
    body: Option<Body>,
    standing: Standing,
) -> Result<Outcome, Refusal> {
    match kind {
        Kind::Progress if place.role == Role::Facilitator => {}
        Kind::Progress => return Err(Refusal::Role),
        _ => check_may_write(place.role, place.is_complete)?,
    }
    if !has_place(place.chart, kind, key)
        || (body.is_none() && (kind == Kind::Progress || (kind == Kind::Case && key == "name")))
    {
        return Err(Refusal::NoPlace);
    }
    if let Some(body) = &body {
        body.check(place.chart)?;
        if let (Kind::Case, "name", Body::Statement(name)) = (kind, key, body) {
            statement::check_line("the name of the case", &name.text, NAME_CHARS_MAX)?;
        }
    }
    if standing.version != seen {
        return unless_repeated(seen, body.as_ref(), standing);
    }
    if standing.version == 0 && (body.is_none() || place.items >= ITEMS_MAX) {
        return Err(if body.is_none() { Refusal::NoPlace } else { Refusal::Full });
    }
    let version = seen.checked_add(1).ok_or(Refusal::Full)?;
    Ok(Outcome::Recorded(Standing { version, body }))
}

/// Whether somebody who saw version `seen` of a mark of theirs marks the cause, or takes the mark back where `body` is `None`. As
/// [`decide`], but that a mark that was taken back can be made anew like one that never was, and that what is not there can be taken
/// back.
///
/// # Errors
/// [`Refusal`], in the order of its variants.
pub fn decide_mark(
    place: &Place<'_>,
    cause: &str,
    seen: u32,
    body: Option<Statement>,
    standing: Standing,
) -> Result<Outcome, Refusal> {
    check_may_write(place.role, place.is_complete)?;
    if !is_cause(place.chart, cause) {
        return Err(Refusal::NoPlace);
    }
    if let Some(statement) = &body {
        statement.check()?;
    }
    let body = body.map(Body::Statement);
    let is_anew = seen == 0 && body.is_some() && standing.body.is_none();
    if standing.version != seen && !is_anew {
        return unless_repeated(seen, body.as_ref(), standing);
    }
    if standing.version == 0 && body.is_none() {
        return Ok(Outcome::Unchanged(standing));
    }
    let version = standing.version.checked_add(1).ok_or(Refusal::Full)?;
    Ok(Outcome::Recorded(Standing { version, body }))
}

/// What becomes of a change by somebody who saw another version: it was made before, if the next version says just that.
fn unless_repeated(seen: u32, body: Option<&Body>, standing: Standing) -> Result<Outcome, Refusal> {
    let is_repeated = Some(standing.version) == seen.checked_add(1) && standing.body.as_ref() == body;
    if is_repeated { Ok(Outcome::Unchanged(standing)) } else { Err(Refusal::Changed) }
}

/// Whether a seat with this role writes anything but where the group is.
///
/// # Errors
/// [`Refusal::Role`] or [`Refusal::Complete`].
pub fn check_may_write(role: Role, is_complete: bool) -> Result<(), Refusal> {
    if !role.writes() {
        Err(Refusal::Role)
    } else if is_complete {
        Err(Refusal::Complete)
    } else {
        Ok(())
    }
}

/// Whether an item of this kind can have this key.
fn has_place(chart: &Chart, kind: Kind, key: &str) -> bool {
    match kind {
        Kind::Progress => key == "review",
        Kind::Case => CASE_FIELDS.contains(&key),
        Kind::Why | Kind::WhyNot | Kind::Discussion | Kind::Lift => is_cause(chart, key),
        Kind::Event
        | Kind::Open
        | Kind::Comment
        | Kind::Node
        | Kind::Arrow
        | Kind::TrueCause
        | Kind::Measure
        | Kind::Result => item::is_own_key(key),
        // Made by an upload alone.
        Kind::File => false,
    }
}

fn is_cause(chart: &Chart, key: &str) -> bool {
    matches!(chart.find(key), Some(Item::Cause(_)))
}
