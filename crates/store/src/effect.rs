//! What a transaction did besides its transfers, as the column `effect` holds it: JSON.

use serde::{Deserialize, Serialize};
use warifu_core::id::TransactionId;
use warifu_core::ledger::{Account, Done, Kind, Transfer};
use warifu_core::lot::{LotAccount, Move, Part, Step};
use warifu_core::money::Amount;
use warifu_core::payment::Totals;
use warifu_core::time::Time;

use crate::part::{StoredMove, read_time};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredEffect<'a> {
    #[serde(default, borrow, skip_serializing_if = "Vec::is_empty")]
    moves: Vec<StoredMove<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    hold_until: Option<i64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    closes_hold: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    totals: Option<StoredTotals>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredTotals {
    authorized: i64,
    captured: i64,
    refunded: i64,
    points_earned: i64,
    points_taken: i64,
}

/// The effect of what was done.
pub(crate) fn write_effect(done: &Done) -> String {
    let stored = StoredEffect {
        moves: done.moves.iter().map(StoredMove::write).collect(),
        hold_until: done.hold_expires_at.map(Time::unix_micros),
        closes_hold: done.closes_hold,
        totals: done.totals.map(|totals| StoredTotals {
            authorized: totals.authorized.get(),
            captured: totals.captured.get(),
            refunded: totals.refunded.get(),
            points_earned: totals.points_earned.get(),
            points_taken: totals.points_taken.get(),
        }),
    };
    // Never the fallback: nothing in it can fail to serialise. An empty object would not fit its transfers.
    serde_json::to_string(&stored).unwrap_or_else(|_| "{}".to_owned())
}

/// What was done, of the columns `wallet_version`, `transfers` and `effect`; what came before it is not in them.
pub(crate) fn read_done(
    kind: Kind,
    amount: Amount,
    wallet_version: Option<i64>,
    transfers: Vec<Transfer>,
    effect: &str,
) -> Option<Done> {
    if effect.is_empty() {
        return Some(before_lots(kind, amount, wallet_version, transfers));
    }
    let stored: StoredEffect<'_> = serde_json::from_str(effect).ok()?;
    Some(Done {
        wallet_version,
        previous: None,
        transfers,
        moves: stored.moves.into_iter().map(StoredMove::read).collect::<Option<_>>()?,
        hold_expires_at: read_time(stored.hold_until)?,
        closes_hold: stored.closes_hold,
        totals: match stored.totals {
            None => None,
            Some(stored) => Some(Totals {
                authorized: Amount::new(stored.authorized)?,
                captured: Amount::new(stored.captured)?,
                refunded: Amount::new(stored.refunded)?,
                points_earned: Amount::new(stored.points_earned)?,
                points_taken: Amount::new(stored.points_taken)?,
            }),
        },
    })
}

/// The part that stands for everything from before there were lots: lot 0, which never expires.
pub(crate) fn part_before_lots(amount: Amount) -> Part {
    Part { lot: 0, account: LotAccount::Paid, origin: TransactionId::from_bytes([0; 16]), expires_at: None, amount }
}

/// A record from before there were lots. Its effect follows from its transfers: everything came into or out of lot 0.
fn before_lots(kind: Kind, amount: Amount, wallet_version: Option<i64>, transfers: Vec<Transfer>) -> Done {
    let moves = transfers
        .iter()
        .map(|transfer| {
            let step = if transfer.credit == Account::WalletPaid { Step::In } else { Step::Out };
            Move { step, part: part_before_lots(transfer.amount), payment: None }
        })
        .collect();
    let totals = (kind == Kind::Payment).then(|| Totals { authorized: amount, captured: amount, ..Totals::default() });
    Done { wallet_version, transfers, moves, totals, ..Done::default() }
}
