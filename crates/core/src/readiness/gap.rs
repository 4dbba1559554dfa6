//! Why a line is open. A line is closed if there is no reason.

use super::{Answer, Line, LineState, Seen, said};
use crate::chart::Language;

/// Why a line or a measure is open, the most pressing first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gap {
    /// The program looked, and it is not so.
    SeenOpen,
    /// The program could not look.
    Unseen,
    /// The proof did not hold the last time.
    ProofFailed,
    /// Its day has passed.
    DuePassed,
    /// The day of the next check has passed.
    CheckPassed,
    /// The day of the reminder has come.
    ReminderPassed,
    /// It is not done yet.
    NotMet,
    /// It is under way.
    UnderWay,
    /// It is done by nothing that one could see.
    NoEvidence,
    /// Nothing proves it.
    NoProof,
    /// It is nobody's.
    NoRole,
    /// It repeats, and nobody says when it is done again.
    NoNextCheck,
}

impl Gap {
    /// Every reason.
    pub const ALL: [Self; 12] = [
        Self::SeenOpen,
        Self::Unseen,
        Self::ProofFailed,
        Self::DuePassed,
        Self::CheckPassed,
        Self::ReminderPassed,
        Self::NotMet,
        Self::UnderWay,
        Self::NoEvidence,
        Self::NoProof,
        Self::NoRole,
        Self::NoNextCheck,
    ];

    /// The word for it to programs.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::SeenOpen => "seen_open",
            Self::Unseen => "unseen",
            Self::ProofFailed => "proof_failed",
            Self::DuePassed => "due_passed",
            Self::CheckPassed => "check_passed",
            Self::ReminderPassed => "reminder_passed",
            Self::NotMet => "not_met",
            Self::UnderWay => "under_way",
            Self::NoEvidence => "no_evidence",
            Self::NoProof => "no_proof",
            Self::NoRole => "no_role",
            Self::NoNextCheck => "no_next_check",
        }
    }

    /// What people are told.
    #[must_use]
    pub const fn says(self, language: Language) -> &'static str {
        let (ja, en) = match self {
            Self::SeenOpen => ("プログラムが見たところ、そうなっていません", "the program looked, and it is not so"),
            Self::Unseen => ("いまは見られません", "it cannot be looked at now"),
            Self::ProofFailed => ("前回の検証が通りませんでした", "its proof failed the last time"),
            Self::DuePassed => ("期限を過ぎました", "its day has passed"),
            Self::CheckPassed => ("次の点検日を過ぎました", "the day of its next check has passed"),
            Self::ReminderPassed => ("知らせる日が来ました", "the day of its reminder has come"),
            Self::NotMet => ("まだできていません", "not done yet"),
            Self::UnderWay => ("進行中です", "under way"),
            Self::NoEvidence => ("証拠がありません", "no evidence"),
            Self::NoProof => ("検証の方法がありません", "no proof"),
            Self::NoRole => ("担当の役割が決まっていません", "it is no role's"),
            Self::NoNextCheck => ("次の点検日が決まっていません", "no day for the next check"),
        };
        said(language, ja, en)
    }
}

/// Why this line is open on this day (`2026-12-31`); nothing if it is not. `seen` is what the program saw, where it looks.
#[must_use]
pub fn gaps(line: &Line, answer: &Answer, seen: Option<&Seen>, today: &str) -> Vec<Gap> {
    if answer.state == LineState::NotNeeded && !answer.reason.trim().is_empty() {
        return Vec::new();
    }
    let mut gaps = match seen {
        Some(Seen { is_met: Some(true), .. }) => return Vec::new(),
        Some(Seen { is_met: Some(false), .. }) => vec![Gap::SeenOpen],
        Some(Seen { is_met: None, .. }) => vec![Gap::Unseen],
        None if line.look.is_some() => vec![Gap::Unseen],
        None => answered(line, answer, today),
    };
    if answer.state != LineState::Met && is_over(&answer.due, today) {
        gaps.push(Gap::DuePassed);
    }
    gaps.sort_unstable();
    gaps
}

fn answered(line: &Line, answer: &Answer, today: &str) -> Vec<Gap> {
    match answer.state {
        LineState::Doing => return vec![Gap::UnderWay],
        LineState::Open | LineState::NotNeeded => return vec![Gap::NotMet],
        LineState::Met => {}
    }
    let reasons = [
        (!answer.evidence.is_there(), Gap::NoEvidence),
        (answer.role.trim().is_empty(), Gap::NoRole),
        (line.repeats.is_some() && answer.next_check.is_empty(), Gap::NoNextCheck),
        (is_over(&answer.next_check, today), Gap::CheckPassed),
    ];
    reasons.into_iter().filter_map(|(is_so, gap)| is_so.then_some(gap)).collect()
}

/// Whether a day, if there is one, lies before this one.
pub(super) fn is_over(day: &str, today: &str) -> bool {
    !day.is_empty() && day < today
}
