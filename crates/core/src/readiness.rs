//! Readiness: what has to be there before a wallet opens, and to stay there: controls, checks by others, plans, training, people,
//! texts for a bad day. What is answered, what the program sees by itself, what is open and why; the measures of reviews; and what
//! could be lost under the present limits ([`exposure`]).
//!
//! Nobody's name is asked: whatever is to be done belongs to a role.

mod answer;
pub mod exposure;
mod gap;
mod look;
mod measure;

#[cfg(test)]
mod tests;

pub use answer::{Answer, AnswerChange, AnswerError, Evidence, LineState, OwnLine};
pub use gap::{Gap, gaps};
pub use look::{Facts, Look, Purse, Seen, look};
pub use measure::{MeasureView, measure_gaps};

use serde::{Deserialize, Serialize};

use crate::chart::{Language, Names};

/// A part of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Section {
    /// What holds without anybody doing anything, or is done every day.
    Control,
    /// What somebody from outside looks at, at fixed points.
    Check,
    /// What is decided before the bad day.
    Plan,
    /// What is learned and practised.
    Training,
    /// Who has to be there.
    People,
    /// What is told to members and the public.
    Text,
}

impl Section {
    /// Every section, in the order in which they are shown.
    pub const ALL: [Self; 6] = [Self::Control, Self::Check, Self::Plan, Self::Training, Self::People, Self::Text];

    /// The word for it in files and commands.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Control => "control",
            Self::Check => "check",
            Self::Plan => "plan",
            Self::Training => "training",
            Self::People => "people",
            Self::Text => "text",
        }
    }

    /// The section with this word.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|section| section.text() == text)
    }

    /// What people call it.
    #[must_use]
    pub const fn name(self, language: Language) -> &'static str {
        let (ja, en) = match self {
            Self::Control => ("統制", "Controls"),
            Self::Check => ("第三者による点検", "Third-party checks"),
            Self::Plan => ("緊急時の計画", "Contingency plan"),
            Self::Training => ("教育と訓練", "Training and drills"),
            Self::People => ("人", "People"),
            Self::Text => ("知らせる文", "Disclosure texts"),
        };
        said(language, ja, en)
    }
}

/// A line of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Names it in commands: 1 to 40 of `a` to `z`, `0` to `9` and `-`.
    pub key: String,
    /// Where it stands.
    pub section: Section,
    /// What has to be so.
    pub title: Names,
    /// Why it is there.
    pub why: Names,
    /// Where it comes from.
    pub from: Names,
    /// Whose it mostly is; empty on a line of the operator's own.
    pub role: Names,
    /// Within how many days it is done again, if it repeats.
    pub repeats: Option<u16>,
    /// How the program looks by itself, if it can; then nobody answers that it is met.
    pub look: Option<Look>,
    /// Whether the operator added it.
    pub is_own: bool,
}

/// The one of two texts that is in this language.
pub(crate) const fn said(language: Language, ja: &'static str, en: &'static str) -> &'static str {
    match language {
        Language::Japanese => ja,
        Language::English => en,
    }
}
