//! Proves the invariants of the money on any store, reading all of it in pages and keeping little in memory.
//!
//! One snapshot is read in six passes: the journal by stream, by wallet and by payment, the request keys, the codes, the
//! terminals. What is kept meanwhile grows with shops, terminals and policies, never with what was done; wallets and payments
//! are looked at one at a time. What does not hold is a [`Violation`] that names the invariant and the object; reading goes
//! on after it. Nothing here asks the code that decides: it would agree with itself.

pub(crate) mod code;
mod course;
mod fold;
pub(crate) mod known;
mod limit;
pub(crate) mod payment;
pub(crate) mod request;
mod shape;
pub(crate) mod shop_line;
pub(crate) mod stream;
pub(crate) mod sums;
pub(crate) mod terminal;
pub(crate) mod wallet;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use warifu_core::id::{TransactionId, WalletId};

use crate::database::Database;
use crate::engine::Transaction;
use crate::error::StoreError;
use known::Known;
use shop_line::ShopLines;
use sums::Sums;

/// Rows a page.
const PAGE: i64 = 2_000;
/// How many violations are told in full; the others are counted.
const TOLD: usize = 1_000;
/// How long value lives that goes back to its lot when its expiry has come: 30 days.
const REOPENED: Duration = Duration::from_secs(30 * 86_400);

macro_rules! invariants {
    ($($(#[$meta:meta])* $invariant:ident = $number:literal, $says:literal;)*) => {
        /// The invariants by their numbers in the documentation.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Invariant { $($(#[$meta])* $invariant,)* }

        impl Invariant {
            /// Every invariant that is checked.
            pub const ALL: [Self; 12] = [$(Self::$invariant),*];

            /// Its number in the documentation.
            #[must_use]
            pub const fn number(self) -> u8 {
                match self { $(Self::$invariant => $number,)* }
            }

            /// What it says, in a line.
            #[must_use]
            pub const fn says(self) -> &'static str {
                match self { $(Self::$invariant => $says,)* }
            }
        }
    };
}

invariants! {
    /// 1: in every transaction, debits equal credits, per unit, between the accounts of its kind.
    Balanced = 1, "debits equal credits, between the right accounts";
    /// 2: at a sealed mark all accounts sum to zero, and the derived sums are the journal's.
    Sums = 2, "all accounts sum to zero, kept sums are right";
    /// 3: a balance, a lot and a hold are never negative.
    NotNegative = 3, "no balance is ever negative";
    /// 4: a stored wallet is the fold of its entries; each entry carries the balance after it and the version.
    Fold = 4, "each wallet is the fold of its entries";
    /// 5: a caller's request key has one effect.
    OneEffect = 5, "a request key has one effect";
    /// 7: refunds never exceed captures, captures never exceed the authorisation, a hold closes once.
    Refunds = 7, "refunds <= captured <= authorised, a hold closes once";
    /// 8: a code is consumed at most once, before it expires, by one terminal.
    CodeOnce = 8, "a code is used at most once, in time, by one terminal";
    /// 9: entries never change: every row reads as it was written.
    Unchanged = 9, "every row reads as it was written";
    /// 10: a stream's numbers have no gap; its times never go back, nor do a wallet's.
    Stream = 10, "streams have no gap, times never go back";
    /// 13: nothing is above a limit of the policy that it was decided by.
    Limits = 13, "no limit was exceeded";
    /// 14: what a shop is owed and owes is what its transactions say, to the yen.
    Payout = 14, "shops are owed what they sold, to the yen";
    /// 15: a wallet that was moved to another device spent little until it had cooled.
    Cooling = 15, "a wallet that cools spends at most the cap";
}

/// Something that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Which invariant.
    pub invariant: Invariant,
    /// Which object: an id, a position, an account.
    pub object: String,
    /// What is wrong with it.
    pub detail: String,
}

/// How far a check has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// What is being read.
    pub pass: &'static str,
    /// How many rows of it were read.
    pub rows: u64,
}

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Transactions read, refused ones included.
    pub transactions: u64,
    /// Transfers read.
    pub transfers: u64,
    /// Wallets read.
    pub wallets: u64,
    /// Payments that were captured at once or authorised.
    pub payments: u64,
    /// Request keys read.
    pub requests: u64,
    /// Codes that were used up.
    pub codes: u64,
    /// What does not hold, the first thousand.
    pub violations: Vec<Violation>,
    /// How many violations there are in all, by invariant.
    pub counts: BTreeMap<Invariant, u64>,
}

impl Report {
    /// How many violations there are in all; those that are told may be fewer.
    #[must_use]
    pub fn violation_count(&self) -> u64 {
        self.counts.values().fold(0, |sum, count| sum.saturating_add(*count))
    }

    /// Whether nothing violates `invariant`.
    #[must_use]
    pub fn holds(&self, invariant: Invariant) -> bool {
        !self.counts.contains_key(&invariant)
    }

    fn violated(&mut self, invariant: Invariant, object: impl ToString, detail: impl Into<String>) {
        let count = self.counts.entry(invariant).or_default();
        *count = count.saturating_add(1);
        if self.violations.len() < TOLD {
            self.violations.push(Violation { invariant, object: object.to_string(), detail: detail.into() });
        }
    }

    /// Takes over what was said of one object.
    fn take(&mut self, object: &str, complaints: Complaints) {
        complaints.0.into_iter().for_each(|(invariant, detail)| self.violated(invariant, object, detail));
    }
}

/// What does not hold in one object.
#[derive(Default)]
struct Complaints(Vec<(Invariant, String)>);

impl Complaints {
    fn add(&mut self, invariant: Invariant, detail: impl Into<String>) {
        self.0.push((invariant, detail.into()));
    }

    fn unless(&mut self, holds: bool, invariant: Invariant, detail: impl FnOnce() -> String) {
        if !holds {
            self.0.push((invariant, detail()));
        }
    }

    /// Complains unless two figures are the same.
    fn equal(&mut self, invariant: Invariant, what: &str, found: i128, expected: i128) {
        self.unless(found == expected, invariant, || format!("{what}: {found}, expected {expected}"));
    }
}

/// A check at work.
struct Run<'a> {
    transaction: &'a mut Transaction,
    report: Report,
    progress: &'a mut (dyn FnMut(Progress) + Send),
    known: Known,
    sums: Sums,
    shop_lines: ShopLines,
    /// How many transactions changed a wallet, as the journal says, and as the wallets lead to them.
    entries: u64,
    walked: u64,
}

impl Run<'_> {
    fn tell(&mut self, pass: &'static str, rows: u64) {
        (self.progress)(Progress { pass, rows });
    }
}

impl Database {
    /// Checks every invariant on one snapshot, telling `progress` now and then how far it has come.
    ///
    /// # Errors
    /// What the database said; what does not hold is in the report instead.
    pub async fn verify(&self, mut progress: impl FnMut(Progress) + Send + 'static) -> Result<Report, StoreError> {
        self.read(move |transaction| {
            Box::pin(async move {
                let mut run = Run {
                    transaction,
                    report: Report::default(),
                    progress: &mut progress,
                    known: Known::default(),
                    sums: Sums::default(),
                    shop_lines: ShopLines::default(),
                    entries: 0,
                    walked: 0,
                };
                run.read_known().await?;
                run.streams().await?;
                run.wallets().await?;
                run.compare_sums().await?;
                run.shop_lines().await?;
                run.payments().await?;
                run.requests().await?;
                run.codes().await?;
                run.terminals().await?;
                Ok(run.report)
            })
        })
        .await
    }
}

/// The sum of amounts, in numbers that no sum of amounts can leave.
fn total(amounts: impl Iterator<Item = warifu_core::money::Amount>) -> i128 {
    amounts.fold(0, |sum, amount| sum.saturating_add(i128::from(amount.get())))
}

/// A wallet as people write it, or the bytes if they are no id.
fn wallet_name(bytes: &[u8]) -> String {
    <[u8; 16]>::try_from(bytes)
        .map_or_else(|_| format!("wallet {}", hex(bytes)), |bytes| format!("wallet {}", WalletId::from_bytes(bytes)))
}

/// A transaction likewise.
fn transaction_name(bytes: &[u8]) -> String {
    <[u8; 16]>::try_from(bytes).map_or_else(
        |_| format!("transaction {}", hex(bytes)),
        |bytes| format!("transaction {}", TransactionId::from_bytes(bytes)),
    )
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}
