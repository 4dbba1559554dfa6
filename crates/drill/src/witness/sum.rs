//! What the answers say that a wallet holds: the log added up, by the interface's own words and by nothing of the server's.

use std::collections::BTreeMap;

use serde_json::Value;

use super::log::Entry;
use super::step::Kind;

/// What a wallet holds, and how often it was changed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Holding {
    pub(super) yen: i64,
    pub(super) held: i64,
    pub(super) points: i64,
    pub(super) version: i64,
}

impl Holding {
    /// As `GET /v1/balances` tells it.
    pub(super) fn from_balances(body: &Value) -> Option<Self> {
        let paid = body.get("balances")?.as_array()?.iter().find(|line| word(line, "account") == "paid")?;
        Some(Self {
            yen: body.get("total")?.as_i64()?,
            held: paid.get("held")?.as_i64()?,
            points: body.get("points")?.get("amount")?.as_i64()?,
            version: body.get("version")?.as_i64()?,
        })
    }
}

/// What `member` holds if the answers are true. Members of a witness never use points, so that yen pay for everything.
pub(super) fn holding(entries: &BTreeMap<String, Entry>, member: usize) -> Holding {
    let mut holding = Holding::default();
    for entry in entries.values().filter(|entry| entry.step.member == member) {
        let Some(answer) = entry.answer.as_ref().filter(|answer| answer.status == 201) else { continue };
        let body = answer.json();
        let (amount, kept_back) = (number(&body, "amount"), number(&body, "kept_back"));
        let (earned, taken) = (number(&body, "points_earned"), number(&body, "points_taken_back"));
        let followed = entry.step.follows.as_ref().and_then(|id| entries.get(id));
        match entry.step.kind {
            Kind::Payment => {
                holding.yen -= amount;
                holding.points += earned;
            }
            Kind::Authorisation => {
                holding.yen -= amount;
                holding.held += amount;
            }
            Kind::Capture => {
                holding.held -= amount;
                holding.points += earned;
            }
            Kind::Refund => {
                holding.yen += amount - kept_back;
                holding.points -= taken;
            }
            Kind::Cancel => {
                // What was captured comes back; the rest of what is undone was held.
                let captured = number(&body, "captured");
                let is_held = captured == 0 && followed.is_some_and(|it| it.step.kind == Kind::Authorisation);
                if is_held {
                    holding.held -= amount;
                }
                holding.yen += amount - kept_back;
                holding.points -= taken;
            }
            Kind::TopUp => holding.yen += amount,
            Kind::TopUpCancel => holding.yen -= amount,
        }
        // What undid nothing changed nothing.
        if amount > 0 {
            holding.version += 1;
        }
    }
    holding
}

fn number(body: &Value, field: &str) -> i64 {
    body.get(field).and_then(Value::as_i64).unwrap_or(0)
}

fn word<'a>(body: &'a Value, field: &str) -> &'a str {
    body.get(field).and_then(Value::as_str).unwrap_or_default()
}
