//! What the operator answers to a line, and whether it can stand there.

use serde::{Deserialize, Serialize};

use super::{Line, Section};
use crate::review::item::is_moment;
use crate::review::statement::{TextError, check_line, check_text, check_url};
use crate::time::BusinessDate;

/// Most characters in a role.
const ROLE_CHARS_MAX: usize = 80;
/// Most characters in a title.
const TITLE_CHARS_MAX: usize = 200;
/// Most characters in a reason, an evidence or a note.
const TEXT_CHARS_MAX: usize = 1_000;

/// How far a line is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LineState {
    /// Nobody has begun.
    #[default]
    Open,
    /// It is under way.
    Doing,
    /// It is so.
    Met,
    /// It does not concern this operator, for a reason.
    NotNeeded,
}

impl LineState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Open, Self::Doing, Self::Met, Self::NotNeeded];

    /// The word for it in storage and commands.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Doing => "doing",
            Self::Met => "met",
            Self::NotNeeded => "not_needed",
        }
    }

    /// The state with this word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.text() == text)
    }
}

/// By what one can see that a line is met.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Which: up to 1,000 characters, or empty.
    pub text: String,
    /// An `http` or `https` address, or empty.
    pub url: String,
}

impl Evidence {
    /// Whether it says anything that can be looked up.
    #[must_use]
    pub fn is_there(&self) -> bool {
        !self.text.trim().is_empty() || (!self.url.is_empty() && check_url(&self.url).is_ok())
    }
}

/// What a line of the operator's own says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnLine {
    /// Where it stands.
    pub section: Section,
    /// What has to be so: up to 200 characters in one line.
    pub title: String,
    /// Why, or empty.
    pub why: String,
    /// Within how many days it is done again, if it repeats.
    pub repeats: Option<u16>,
}

/// What the operator says of a line. Days are `2026-12-31`, or empty.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// Whose it is: a role, never a name; up to 80 characters.
    pub role: String,
    /// Until when.
    pub due: String,
    /// How far it is.
    pub state: LineState,
    /// Why it does not concern this operator.
    pub reason: String,
    /// By what one can see it.
    pub evidence: Evidence,
    /// When somebody looked last.
    pub checked_on: String,
    /// When somebody looks next.
    pub next_check: String,
    /// Whatever else is to be known.
    pub note: String,
    /// What the line itself says, where it is the operator's own.
    pub own: Option<OwnLine>,
}

/// What is to be said anew; what is absent stays as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnswerChange {
    /// As in [`Answer`].
    pub role: Option<String>,
    /// As in [`Answer`].
    pub due: Option<String>,
    /// As in [`Answer`].
    pub state: Option<LineState>,
    /// As in [`Answer`].
    pub reason: Option<String>,
    /// The text of the evidence.
    pub evidence: Option<String>,
    /// The address of the evidence.
    pub url: Option<String>,
    /// As in [`Answer`].
    pub checked_on: Option<String>,
    /// As in [`Answer`].
    pub next_check: Option<String>,
    /// As in [`Answer`].
    pub note: Option<String>,
}

/// Why an answer does not stand. Nothing was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnswerError {
    /// A text that cannot be shown.
    #[error(transparent)]
    Text(#[from] TextError),
    /// The program looks by itself.
    #[error(
        "the program looks at this line by itself, so nobody answers that it is met; \
         it can be `not_needed`, with a reason"
    )]
    LookedAt,
    /// Not needed, and nobody says why.
    #[error("what is `not_needed` has a reason")]
    NoReason,
    /// Not a day.
    #[error("{0} is a day such as 2026-12-31, or `off`")]
    Day(&'static str),
    /// Somebody looked tomorrow.
    #[error("the day on which it was checked has not come yet")]
    Future,
    /// A check that repeats, and the next one far away.
    #[error("this line is looked at again within {0} days: the next check is too far away")]
    TooFar(u16),
}

impl Answer {
    /// What the operator says after a change on this day. What was just met was checked on the day, unless another is told.
    ///
    /// # Errors
    /// [`AnswerError`]; nothing of the change stands.
    pub fn changed(&self, change: AnswerChange, line: &Line, today: BusinessDate) -> Result<Self, AnswerError> {
        let mut answer = self.clone();
        let is_met_now = change.state == Some(LineState::Met);
        let put = |place: &mut String, told: Option<String>| {
            if let Some(told) = told {
                *place = told;
            }
        };
        put(&mut answer.role, change.role);
        put(&mut answer.due, change.due);
        put(&mut answer.evidence.text, change.evidence);
        put(&mut answer.evidence.url, change.url);
        put(&mut answer.next_check, change.next_check);
        put(&mut answer.note, change.note);
        answer.state = change.state.unwrap_or(answer.state);
        let is_reason_kept = answer.state == LineState::NotNeeded;
        answer.reason = change.reason.unwrap_or(if is_reason_kept { answer.reason } else { String::new() });
        match change.checked_on {
            Some(day) => answer.checked_on = day,
            None if is_met_now => answer.checked_on = today.to_string(),
            None => {}
        }
        answer.check(line, today)?;
        Ok(answer)
    }

    /// Whether it can stand there.
    ///
    /// # Errors
    /// [`AnswerError`], the first.
    pub fn check(&self, line: &Line, today: BusinessDate) -> Result<(), AnswerError> {
        check_text("the role", &self.role, ROLE_CHARS_MAX)?;
        check_text("the reason", &self.reason, TEXT_CHARS_MAX)?;
        check_text("the evidence", &self.evidence.text, TEXT_CHARS_MAX)?;
        check_url(&self.evidence.url)?;
        check_text("the note", &self.note, TEXT_CHARS_MAX)?;
        if let Some(own) = &self.own {
            check_line("the title", &own.title, TITLE_CHARS_MAX)?;
            check_text("why", &own.why, TEXT_CHARS_MAX)?;
        }
        for (what, day) in
            [("`due`", &self.due), ("`checked_on`", &self.checked_on), ("`next_check`", &self.next_check)]
        {
            if !day.is_empty() && !is_day(day) {
                return Err(AnswerError::Day(what));
            }
        }
        if self.state == LineState::Met && line.look.is_some() {
            return Err(AnswerError::LookedAt);
        }
        if self.state == LineState::NotNeeded && self.reason.trim().is_empty() {
            return Err(AnswerError::NoReason);
        }
        if self.checked_on > today.to_string() {
            return Err(AnswerError::Future);
        }
        let last = line.repeats.and_then(|days| Some((days, today.days_after(days)?)));
        match last {
            Some((days, last)) if self.next_check > last.to_string() => Err(AnswerError::TooFar(days)),
            _ => Ok(()),
        }
    }
}

/// Whether a text is a day that the calendar has. Such texts sort as the days do.
pub(super) fn is_day(text: &str) -> bool {
    text.len() == 10 && is_moment(text)
}
