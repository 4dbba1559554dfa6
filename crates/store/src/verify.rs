//! Proves the invariants of the money on any store, reading all of it in pages and keeping little in memory.
//!
//! One snapshot is read in four passes: the journal by stream, the journal by wallet, the request keys, the codes. What
//! does not hold is a [`Violation`] that names the invariant and the object; reading goes on after it.

pub(crate) mod code;
pub(crate) mod request;
pub(crate) mod stream;
pub(crate) mod wallet;

use std::collections::BTreeMap;

use crate::database::Database;
use crate::engine::Transaction;
use crate::error::StoreError;

/// Rows a page.
const PAGE: i64 = 2_000;
/// How many violations are told in full; the others are counted.
const TOLD: usize = 1_000;

/// The invariants by their numbers in the documentation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Invariant {
    /// 1: in every transaction, debits equal credits, per unit.
    Balanced,
    /// 2: at a sealed mark all accounts sum to zero, and the derived sums are the journal's.
    Sums,
    /// 3: a balance is never negative.
    NotNegative,
    /// 4: a stored balance is the fold of its entries; each entry carries the balance after it and the version.
    Fold,
    /// 5: a caller's request key has one effect.
    OneEffect,
    /// 8: a code is consumed at most once, before it expires, by one terminal.
    CodeOnce,
    /// 9: entries never change: every row reads as it was written.
    Unchanged,
    /// 10: a stream's numbers have no gap and its times never go back.
    Stream,
}

impl Invariant {
    /// Every invariant that is checked.
    pub const ALL: [Self; 8] = [
        Self::Balanced,
        Self::Sums,
        Self::NotNegative,
        Self::Fold,
        Self::OneEffect,
        Self::CodeOnce,
        Self::Unchanged,
        Self::Stream,
    ];

    /// Its number in the documentation.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Balanced => 1,
            Self::Sums => 2,
            Self::NotNegative => 3,
            Self::Fold => 4,
            Self::OneEffect => 5,
            Self::CodeOnce => 8,
            Self::Unchanged => 9,
            Self::Stream => 10,
        }
    }

    /// What it says, in a line.
    #[must_use]
    pub const fn says(self) -> &'static str {
        match self {
            Self::Balanced => "debits equal credits in every transaction",
            Self::Sums => "all accounts sum to zero, kept sums are right",
            Self::NotNegative => "no balance is ever negative",
            Self::Fold => "each balance is the fold of its entries",
            Self::OneEffect => "a request key has one effect",
            Self::CodeOnce => "a code is used at most once, in time, by one terminal",
            Self::Unchanged => "every row reads as it was written",
            Self::Stream => "streams have no gap, times never go back",
        }
    }
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
}

/// A check at work.
struct Run<'a> {
    transaction: &'a mut Transaction,
    report: Report,
    progress: &'a mut (dyn FnMut(Progress) + Send),
}

impl Database {
    /// Checks every invariant on one snapshot, telling `progress` now and then how far it has come.
    ///
    /// # Errors
    /// What the database said; what does not hold is in the report instead.
    pub async fn verify(&self, mut progress: impl FnMut(Progress) + Send + 'static) -> Result<Report, StoreError> {
        self.read(move |transaction| {
            Box::pin(async move {
                let mut run = Run { transaction, report: Report::default(), progress: &mut progress };
                run.streams().await?;
                run.wallets().await?;
                run.requests().await?;
                run.codes().await?;
                Ok(run.report)
            })
        })
        .await
    }
}
