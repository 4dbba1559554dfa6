//! The pass over every stream: numbers, times, each transaction by itself, and the sums of all accounts.

use std::collections::BTreeMap;

use warifu_core::id::ShopId;
use warifu_core::ledger::{Account, Owner, Side, Transaction as Record, Transfer};
use warifu_core::money::Unit;
use warifu_core::place::Book;
use warifu_core::time::Time;

use super::{Invariant, PAGE, Progress, Run};
use crate::error::StoreError;
use crate::journal::{JournalCursor, Recorded, first_position, journal_columns, last_position, read_recorded};
use crate::registry::statements;
use crate::sums::{AccountSum, ISSUER};

statements! {
    LIST_ROWS (Int, Int, Int)
        -> (Int, Blob, Text, Int, Int, Int, Blob, Text, Blob, Blob, Blob, Int, Int, Blob, Blob, Text, Int, Text, Int, Text, Text, Text, Text)
        concat!(journal_columns!(), "WHERE j.position > $1 AND j.position <= $2 ORDER BY j.position LIMIT $3");
    LIST_HEADS () -> (Int, Int, Int) "SELECT stream, position, at FROM streams ORDER BY stream";
}

type SumKey = (Book, Account, [u8; 16], Unit);

/// What the pass adds up: everything that was derived so far, and everything there is.
#[derive(Default)]
struct Sums {
    /// Debits and credits of accounts that are not a wallet's, up to the bookkeeper's cursors.
    sealed: BTreeMap<SumKey, (i128, i128)>,
    /// Debits minus credits over all accounts, by unit.
    all: BTreeMap<Unit, i128>,
    /// Credits minus debits of all wallets together.
    wallets: BTreeMap<(Account, Unit), i128>,
}

impl Run<'_> {
    pub(super) async fn streams(&mut self) -> Result<(), StoreError> {
        let heads = self.transaction.rows(&LIST_HEADS, &[]).await?;
        let sealed: BTreeMap<i64, i64> = self
            .transaction
            .list_cursors("bookkeeper")
            .await?
            .into_iter()
            .map(|cursor| (cursor.stream, cursor.position))
            .collect();
        let mut sums = Sums::default();
        for head in heads {
            let (stream, position, at) = (head.int(0)?, head.int(1)?, head.int(2)?);
            let sealed = sealed.get(&stream).copied().unwrap_or_else(|| first_position(stream));
            let (last_position, last_at) = self.stream(stream, sealed, &mut sums).await?;
            let name = format!("stream {stream}");
            if position != last_position {
                self.report.violated(
                    Invariant::Stream,
                    &name,
                    format!("its head says {position}, its last transaction is {last_position}"),
                );
            }
            if at < last_at {
                self.report.violated(Invariant::Stream, &name, "its head is older than its last transaction");
            }
            if sealed > last_position {
                self.report.violated(Invariant::Sums, &name, "more was summed up than was recorded");
            }
        }
        self.compare_sums(&sums).await?;
        self.compare_totals(&sums);
        Ok(())
    }

    /// Reads one stream and returns the position and the time at which it ends.
    async fn stream(&mut self, stream: i64, sealed: i64, sums: &mut Sums) -> Result<(i64, i64), StoreError> {
        let mut cursor = JournalCursor { stream, position: first_position(stream) };
        let mut last_at = Time::EPOCH.unix_micros();
        loop {
            let params = [cursor.position.into(), last_position(stream).into(), PAGE.into()];
            let page = self.transaction.rows(&LIST_ROWS, &params).await?;
            if page.is_empty() {
                return Ok((cursor.position, last_at));
            }
            for row in page {
                let position = row.int(0)?;
                self.report.transactions = self.report.transactions.saturating_add(1);
                if position != cursor.position.saturating_add(1) {
                    let missing = position.saturating_sub(cursor.position).saturating_sub(1);
                    self.report.violated(
                        Invariant::Stream,
                        format!("position {position}"),
                        format!("{missing} transactions are missing before it"),
                    );
                }
                cursor.position = position;
                let at = row.int(4)?;
                if at < last_at {
                    let object = format!("position {position}");
                    self.report.violated(Invariant::Stream, object, "it is older than the one before it");
                }
                last_at = last_at.max(at);
                match read_recorded(&row) {
                    Ok(recorded) => self.transaction_by_itself(&recorded, position <= sealed, sums),
                    Err(error) => {
                        self.report.violated(Invariant::Unchanged, format!("position {position}"), error.to_string());
                    }
                }
            }
            (self.progress)(Progress { pass: "streams", rows: self.report.transactions });
        }
    }

    fn transaction_by_itself(&mut self, recorded: &Recorded, is_sealed: bool, sums: &mut Sums) {
        let record = &recorded.record;
        let Some(done) = record.done() else { return };
        let object = format!("transaction {}", record.id);
        for transfer in &done.transfers {
            self.report.transfers = self.report.transfers.saturating_add(1);
            if let Err(error) = transfer.check() {
                self.report.violated(Invariant::Balanced, &object, error.to_string());
            }
            sums.add(record, transfer, is_sealed);
        }
    }

    /// Compares what the bookkeeper kept with what the pass found up to the same cursors.
    async fn compare_sums(&mut self, sums: &Sums) -> Result<(), StoreError> {
        let mut expected = sums.sealed.clone();
        let mut last: Option<AccountSum> = None;
        loop {
            let page = self.transaction.list_sums(last.as_ref(), PAGE).await?;
            let Some(end) = page.last() else { break };
            last = Some(*end);
            for kept in page {
                let key = (kept.book, kept.account, kept.owner, kept.unit);
                let found = expected.remove(&key).unwrap_or_default();
                if found != (i128::from(kept.debits), i128::from(kept.credits)) {
                    let detail = format!(
                        "kept as debits {} credits {}, the journal has debits {} credits {}",
                        kept.debits, kept.credits, found.0, found.1
                    );
                    self.report.violated(Invariant::Sums, object_name(&key), detail);
                }
            }
        }
        for key in expected.keys() {
            self.report.violated(Invariant::Sums, object_name(key), "the journal has it, the kept sums do not");
        }
        Ok(())
    }

    /// All accounts sum to zero, and what the wallets hold is what the issuer owes.
    fn compare_totals(&mut self, sums: &Sums) {
        for (unit, total) in &sums.all {
            if *total != 0 {
                self.report.violated(Invariant::Sums, unit.text(), format!("all accounts sum to {total}, not to zero"));
            }
        }
        for ((account, unit), total) in &sums.wallets {
            if *total < 0 {
                let object = format!("{} in {}", account.text(), unit.text());
                self.report.violated(Invariant::Sums, object, format!("the wallets together hold {total}"));
            }
        }
    }
}

impl Sums {
    fn add(&mut self, record: &Record, transfer: &Transfer, is_sealed: bool) {
        let amount = i128::from(transfer.amount.get());
        for (account, side) in [(transfer.debit, Side::Debit), (transfer.credit, Side::Credit)] {
            let (debit, credit) = if side == Side::Debit { (amount, 0) } else { (0, amount) };
            let all = self.all.entry(transfer.unit).or_default();
            *all = all.saturating_add(debit).saturating_sub(credit);
            let owner = match account.owner() {
                Owner::Wallet => {
                    let wallets = self.wallets.entry((account, transfer.unit)).or_default();
                    *wallets = wallets.saturating_add(credit).saturating_sub(debit);
                    continue;
                }
                Owner::Shop => record.shop.map_or(ISSUER, ShopId::bytes),
                Owner::Issuer => ISSUER,
            };
            if is_sealed {
                let sum = self.sealed.entry((record.book, account, owner, transfer.unit)).or_default();
                *sum = (sum.0.saturating_add(debit), sum.1.saturating_add(credit));
            }
        }
    }
}

fn object_name((book, account, owner, unit): &SumKey) -> String {
    let owner = match account.owner() {
        Owner::Shop => ShopId::from_bytes(*owner).to_string(),
        Owner::Wallet => warifu_core::id::WalletId::from_bytes(*owner).to_string(),
        Owner::Issuer => "the issuer".to_owned(),
    };
    let book = if *book == Book::Sandbox { " (sandbox)" } else { "" };
    format!("account {} of {owner} in {}{book}", account.text(), unit.text())
}
