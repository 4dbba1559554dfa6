//! The pass over every wallet: its entries in the order of its versions, folded and compared with what is stored.

use warifu_core::id::WalletId;
use warifu_core::ledger::{Account, Transfer};
use warifu_core::money::Amount;

use super::{Invariant, PAGE, Progress, Run};
use crate::error::StoreError;
use crate::journal::{journal_columns, read_recorded};
use crate::registry::statements;
use crate::value::Row;

statements! {
    LIST_WALLETS (Blob, Int) -> (Blob, Int, Int)
        "SELECT id, paid, version FROM wallets WHERE id > $1 ORDER BY id LIMIT $2";
    LIST_WALLET_ENTRIES (Blob, Int, Int)
        -> (Int, Blob, Text, Int, Int, Int, Blob, Text, Blob, Blob, Blob, Int, Int, Blob, Blob, Text, Int, Text, Int, Text, Text, Text, Text)
        concat!(journal_columns!(),
            "WHERE j.wallet_version IS NOT NULL AND (j.wallet_id, j.wallet_version) > ($1, $2) \
             ORDER BY j.wallet_id, j.wallet_version LIMIT $3");
}

/// The entries of all wallets, one after another, read in pages.
struct Entries {
    page: std::vec::IntoIter<Row>,
    last: ([u8; 16], i64),
    next: Option<Row>,
}

impl Run<'_> {
    pub(super) async fn wallets(&mut self) -> Result<(), StoreError> {
        let mut entries = Entries { page: Vec::new().into_iter(), last: ([0; 16], -1), next: None };
        self.next_entry(&mut entries).await?;
        let mut last = [0; 16];
        loop {
            let wallets = self.transaction.rows(&LIST_WALLETS, &[last.into(), PAGE.into()]).await?;
            if wallets.is_empty() {
                break;
            }
            for row in wallets {
                last = row.bytes(0)?;
                self.orphans(&mut entries, Some(last)).await?;
                self.wallet(&mut entries, last, row.int(1)?, row.int(2)?).await?;
            }
            (self.progress)(Progress { pass: "wallets", rows: self.report.wallets });
        }
        self.orphans(&mut entries, None).await
    }

    /// Folds the entries of one wallet, which come next, and compares the end with what is stored.
    async fn wallet(
        &mut self,
        entries: &mut Entries,
        id: [u8; 16],
        stored_paid: i64,
        stored_version: i64,
    ) -> Result<(), StoreError> {
        self.report.wallets = self.report.wallets.saturating_add(1);
        let object = format!("wallet {}", WalletId::from_bytes(id));
        let (mut paid, mut version) = (0_i128, 0_i64);
        while entries.wallet()? == Some(id) {
            let Some(row) = entries.next.take() else { break };
            let found = row.int(11)?;
            if found != version.saturating_add(1) {
                let detail = format!("version {found} follows version {version}");
                self.report.violated(Invariant::Fold, &object, detail);
            }
            version = found;
            // A row that cannot be read was named by the pass over the streams.
            if let Ok(recorded) = read_recorded(&row)
                && let Some(done) = recorded.record.done()
            {
                for transfer in &done.transfers {
                    paid = self.fold(&object, version, paid, transfer);
                }
            }
            self.next_entry(entries).await?;
        }
        if stored_paid < 0 {
            self.report.violated(Invariant::NotNegative, &object, format!("its stored balance is {stored_paid}"));
        }
        if paid != i128::from(stored_paid) {
            let detail = format!("its stored balance is {stored_paid}, its entries sum to {paid}");
            self.report.violated(Invariant::Fold, &object, detail);
        }
        if version != stored_version {
            let detail = format!("its stored version is {stored_version}, its last entry has {version}");
            self.report.violated(Invariant::Fold, &object, detail);
        }
        Ok(())
    }

    fn fold(&mut self, object: &str, version: i64, paid: i128, transfer: &Transfer) -> i128 {
        let amount = i128::from(transfer.amount.get());
        let mut balance = paid;
        for (account, after, change) in [
            (transfer.debit, transfer.debit_after, amount.saturating_neg()),
            (transfer.credit, transfer.credit_after, amount),
        ] {
            if account != Account::WalletPaid {
                continue;
            }
            balance = balance.saturating_add(change);
            if balance < 0 {
                let detail = format!("version {version} leaves {balance}");
                self.report.violated(Invariant::NotNegative, object, detail);
            }
            if after.map(|after: Amount| i128::from(after.get())) != Some(balance) {
                let said = after.map_or_else(|| "nothing".to_owned(), |after| after.get().to_string());
                let detail = format!("version {version} says {said} is left, its entries sum to {balance}");
                self.report.violated(Invariant::Fold, object, detail);
            }
        }
        balance
    }

    /// Entries of wallets that come before `until` and are not stored.
    async fn orphans(&mut self, entries: &mut Entries, until: Option<[u8; 16]>) -> Result<(), StoreError> {
        while let Some(wallet) = entries.wallet()? {
            if until.is_some_and(|until| wallet >= until) {
                break;
            }
            let object = format!("wallet {}", WalletId::from_bytes(wallet));
            self.report.violated(Invariant::Fold, object, "it has an entry but is not stored");
            self.next_entry(entries).await?;
        }
        Ok(())
    }

    async fn next_entry(&mut self, entries: &mut Entries) -> Result<(), StoreError> {
        entries.next = entries.page.next();
        if entries.next.is_none() {
            let (wallet, version) = entries.last;
            let params = [wallet.into(), version.into(), PAGE.into()];
            entries.page = self.transaction.rows(&LIST_WALLET_ENTRIES, &params).await?.into_iter();
            entries.next = entries.page.next();
        }
        if let Some(row) = &entries.next {
            entries.last = (row.bytes(10)?, row.int(11)?);
        }
        Ok(())
    }
}

impl Entries {
    fn wallet(&self) -> Result<Option<[u8; 16]>, StoreError> {
        self.next.as_ref().map(|row| row.bytes(10)).transpose()
    }
}
