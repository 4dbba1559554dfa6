//! The pass over every wallet: its entries along its chain, from the first, folded and compared with what is stored.

use std::collections::{BTreeMap, HashMap};

use warifu_core::id::TransactionId;
use warifu_core::lot::LotAccount;
use warifu_core::place::Book;
use warifu_core::time::Time;

use super::fold::Fold;
use super::known::Known;
use super::limit::{self, Lately};
use super::{Complaints, Invariant, PAGE, Report, Run, transaction_name, wallet_name};
use crate::error::StoreError;
use crate::journal::{journal_columns, read_recorded};
use crate::registry::{each_statements, statements};
use crate::value::{Row, Value};
use crate::wallet::{is_from_before_lots, read_state, wallet_columns};

statements! {
    LIST_WALLETS (Blob, Int) -> (Blob, Blob, Int, Text, Int, Int, Int, Int, Int, Text, Int, Blob, Blob, Int)
        concat!("SELECT ", wallet_columns!(), ", next_expiry FROM wallets WHERE id > $1 ORDER BY id LIMIT $2");
    LIST_COOLING (Blob, Blob) -> (Blob, Int, Int, Int)
        "SELECT w.id, d.admitted_at, d.cooling_until, d.lifted_at FROM wallets w JOIN devices d ON d.member_id = w.member_id \
         WHERE w.id > $1 AND w.id <= $2 AND d.cooling_until IS NOT NULL AND d.admitted_at IS NOT NULL";
    // Along the chains of the wallets from one to another, the newest first, some steps of each. A chain goes down in versions, so it ends, and no
    // further than the first entry that is another wallet's.
    LIST_CHAINS (Blob, Blob, Int) -> (Blob, Int, Blob, Int)
        "WITH RECURSIVE chain (wallet_id, owner, version, position, previous_id, step) AS ( \
             SELECT w.id, j.wallet_id, j.wallet_version, j.position, j.previous_id, CAST(1 AS bigint) \
             FROM wallets w JOIN journal j ON j.id = w.last_id WHERE w.id >= $1 AND w.id <= $2 \
             UNION ALL \
             SELECT c.wallet_id, j.wallet_id, j.wallet_version, j.position, j.previous_id, c.step + 1 \
             FROM chain c JOIN journal j ON j.id = c.previous_id \
             WHERE c.owner = c.wallet_id AND j.wallet_version < c.version AND c.step < $3) \
         SELECT wallet_id, position, CASE WHEN owner = wallet_id THEN previous_id END, version FROM chain \
         ORDER BY wallet_id, step";
    // The same of one wallet, from an entry on that is older than a version.
    LIST_CHAIN (Blob, Blob, Int, Int) -> (Blob, Int, Blob, Int)
        "WITH RECURSIVE chain (owner, version, position, previous_id, step) AS ( \
             SELECT j.wallet_id, j.wallet_version, j.position, j.previous_id, CAST(1 AS bigint) \
             FROM journal j WHERE j.id = $2 AND j.wallet_version < $3 \
             UNION ALL \
             SELECT j.wallet_id, j.wallet_version, j.position, j.previous_id, c.step + 1 \
             FROM chain c JOIN journal j ON j.id = c.previous_id \
             WHERE c.owner = $1 AND j.wallet_version < c.version AND c.step < $4) \
         SELECT owner, position, CASE WHEN owner = $1 THEN previous_id END, version FROM chain ORDER BY step";
    LIST_ENTRIES_WITHOUT_WALLET (Int, Int) -> (Int, Blob)
        "SELECT j.position, j.wallet_id FROM journal j LEFT JOIN wallets w ON w.id = j.wallet_id \
         WHERE j.position > $1 AND j.wallet_version IS NOT NULL AND w.id IS NULL ORDER BY j.position LIMIT $2";
}

each_statements! {
    LOAD_ENTRY (Int)
        -> (Int, Blob, Text, Int, Int, Int, Blob, Text, Blob, Blob, Blob, Int, Int, Blob, Blob, Text, Int, Text, Int, Text, Text, Text, Text, Blob)
        row concat!(journal_columns!(), "WHERE j.position = $1"),
        set concat!(journal_columns!(), "WHERE j.position = ANY ($1::bigint[])");
}

/// Where the entries of some wallets lie, each from its first.
type Chains = BTreeMap<Vec<u8>, Vec<i64>>;

/// These entries in the order in which they are folded, read in pages.
struct Entries {
    rest: std::vec::IntoIter<i64>,
    page: HashMap<i64, Row>,
}

/// One wallet on the way through its entries.
#[derive(Default)]
struct Walk {
    fold: Fold,
    lately: Lately,
    version: i64,
    last: Option<TransactionId>,
    /// When it cooled: after the first and before the second.
    cooled: Vec<(Time, Time)>,
    /// The time of the last entry whose time counts. Those from before there were lots could go back.
    at: Option<Time>,
}

impl Run<'_> {
    pub(super) async fn wallets(&mut self) -> Result<(), StoreError> {
        let mut last = Vec::new();
        loop {
            let wallets = self.transaction.rows(&LIST_WALLETS, &[Value::Blob(last.clone()), PAGE.into()]).await?;
            let Some(end) = wallets.last() else { break };
            let before = std::mem::replace(&mut last, end.blob(0)?.to_vec());
            let mut cooled = self.cooled(before, last.clone()).await?;
            for group in groups(&wallets)? {
                let chains = self.chains(group).await?;
                let rest = chains.values().flatten().copied().collect::<Vec<_>>().into_iter();
                let mut entries = Entries { rest, page: HashMap::new() };
                for row in group {
                    let cooled = cooled.remove(row.blob(0)?).unwrap_or_default();
                    let chain = chains.get(row.blob(0)?).map_or(&[][..], Vec::as_slice);
                    self.wallet(&mut entries, chain, row, cooled).await?;
                }
            }
            self.tell("wallets", self.report.wallets);
        }
        self.astray().await
    }

    /// When the wallets after one and up to another cooled.
    async fn cooled(
        &mut self,
        after: Vec<u8>,
        end: Vec<u8>,
    ) -> Result<BTreeMap<Vec<u8>, Vec<(Time, Time)>>, StoreError> {
        let mut cooled: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for row in self.transaction.rows(&LIST_COOLING, &[Value::Blob(after), Value::Blob(end)]).await? {
            let time = |row: &Row, column| row.converted(column, Time::from_unix_micros);
            let until = row.optional(3, time)?.map_or_else(|| time(&row, 2), Ok)?;
            cooled.entry(row.blob(0)?.to_vec()).or_default().push((time(&row, 1)?, until));
        }
        Ok(cooled)
    }

    /// Folds the entries of one wallet, which come next, and compares the end with what is stored.
    async fn wallet(
        &mut self,
        entries: &mut Entries,
        chain: &[i64],
        stored: &Row,
        cooled: Vec<(Time, Time)>,
    ) -> Result<(), StoreError> {
        self.report.wallets = self.report.wallets.saturating_add(1);
        let id = stored.blob(0)?;
        let object = wallet_name(id);
        let book = Book::from_number(stored.int(2)?);
        let mut walk = Walk { cooled, ..Walk::default() };
        for position in chain {
            self.read_to(entries, *position).await?;
            let Some(row) = entries.page.get(position) else { continue };
            self.walked = self.walked.saturating_add(1);
            walk.entry(&object, id, book, row, &self.known, &mut self.report)?;
        }
        let mut complaints = Complaints::default();
        for (column, account) in [(4, LotAccount::Paid), (5, LotAccount::Bonus), (6, LotAccount::Points)] {
            let (balance, folded) = (stored.int(column)?, walk.fold.posted(account));
            self.sums.add_stored(book.unwrap_or_default(), account, balance);
            let name = account.text();
            complaints.unless(balance >= 0, Invariant::NotNegative, || format!("its stored {name} is {balance}"));
            complaints.unless(i128::from(balance) == folded, Invariant::Fold, || {
                format!("its stored {name} is {balance}, its entries sum to {folded}")
            });
        }
        walk.compare(stored, &mut complaints)?;
        self.report.take(&object, complaints);
        Ok(())
    }

    /// Entries that no wallet leads to, and of them those whose wallets are not stored.
    async fn astray(&mut self) -> Result<(), StoreError> {
        if self.walked == self.entries {
            return Ok(());
        }
        let detail = format!("{} entries of wallets are recorded, the wallets lead to {}", self.entries, self.walked);
        self.report.violated(Invariant::Fold, "journal", detail);
        let mut last = -1;
        loop {
            let page = self.transaction.rows(&LIST_ENTRIES_WITHOUT_WALLET, &[last.into(), PAGE.into()]).await?;
            let Some(end) = page.last() else { return Ok(()) };
            last = end.int(0)?;
            for row in page {
                let wallet = row.optional(1, |row, column| row.blob(column).map(wallet_name))?;
                let wallet = wallet.unwrap_or_else(|| "no wallet".to_owned());
                self.report.violated(Invariant::Fold, wallet, "it has an entry but is not stored");
            }
        }
    }

    /// Where the entries of these wallets lie. One wallet may have any number of them: they are looked for in pieces, and eight bytes of each are
    /// kept.
    async fn chains(&mut self, wallets: &[Row]) -> Result<Chains, StoreError> {
        let (Some(first), Some(end)) = (wallets.first(), wallets.last()) else { return Ok(Chains::new()) };
        let params = [Value::Blob(first.blob(0)?.to_vec()), Value::Blob(end.blob(0)?.to_vec()), PAGE.into()];
        let mut page = self.transaction.rows(&LIST_CHAINS, &params).await?;
        let mut chains = Chains::new();
        for row in &page {
            chains.entry(row.blob(0)?.to_vec()).or_default().push(row.int(1)?);
        }
        if let [wallet] = wallets {
            let id = wallet.blob(0)?;
            while let Some(last) = page.last().filter(|_| i64::try_from(page.len()) == Ok(PAGE))
                && let Some(before) = last.optional(2, Row::blob)?
            {
                let params = [Value::Blob(id.to_vec()), Value::Blob(before.to_vec()), last.int(3)?.into(), PAGE.into()];
                page = self.transaction.rows(&LIST_CHAIN, &params).await?;
                for row in &page {
                    chains.entry(id.to_vec()).or_default().push(row.int(1)?);
                }
            }
        }
        chains.values_mut().for_each(|chain| chain.reverse());
        Ok(chains)
    }

    /// Reads on if the entry at this position was not read yet.
    async fn read_to(&mut self, entries: &mut Entries, position: i64) -> Result<(), StoreError> {
        if !entries.page.contains_key(&position) {
            let next = entries.rest.by_ref().take(usize::try_from(PAGE).unwrap_or(usize::MAX));
            let rows = self.transaction.each(&LOAD_ENTRY, next.map(|position| vec![position.into()]).collect()).await?;
            entries.page = rows.into_iter().map(|row| Ok((row.int(0)?, row))).collect::<Result<_, StoreError>>()?;
        }
        Ok(())
    }
}

/// Wallets side by side that have about a page of entries together; one that has more is alone.
fn groups(wallets: &[Row]) -> Result<Vec<&[Row]>, StoreError> {
    let (mut groups, mut rest) = (Vec::new(), wallets);
    while !rest.is_empty() {
        let (mut count, mut sum) = (0_usize, 0_i64);
        for row in rest {
            sum = sum.saturating_add(row.int(7)?);
            if count > 0 && sum > PAGE {
                break;
            }
            count = count.saturating_add(1);
        }
        let (group, after) = rest.split_at_checked(count).unwrap_or((rest, &[]));
        groups.push(group);
        rest = after;
    }
    Ok(groups)
}

impl Walk {
    fn entry(
        &mut self,
        object: &str,
        wallet: &[u8],
        book: Option<Book>,
        row: &Row,
        known: &Known,
        report: &mut Report,
    ) -> Result<(), StoreError> {
        // What changed nothing has no version, and no place in a chain.
        let (version, mut complaints) = (row.optional(11, Row::int)?.unwrap_or(0), Complaints::default());
        let is_own = matches!(row.values.get(10), Some(Value::Blob(found)) if found == wallet);
        complaints.unless(is_own, Invariant::Fold, || "it is an entry of another wallet".to_owned());
        complaints.unless(version == self.version.saturating_add(1), Invariant::Fold, || {
            format!("it follows version {}", self.version)
        });
        self.version = version;
        // A row that cannot be read was named by the pass over the streams.
        if let Ok(recorded) = read_recorded(row)
            && let Some(done) = recorded.record.done()
        {
            let record = &recorded.record;
            complaints.unless(done.previous == self.last, Invariant::Fold, || {
                let [names, walked] = [done.previous, self.last].map(name_of);
                format!("it names {names} as the one before it, that is {walked}")
            });
            self.last = Some(record.id);
            complaints.unless(Some(record.book) == book, Invariant::Fold, || "it counts in another book".to_owned());
            self.fold.entry(record, done, &mut complaints);
            // Before there were lots there were no limits, and times were those of the streams.
            if !row.text(22)?.is_empty() {
                complaints.unless(self.at.is_none_or(|at| record.at >= at), Invariant::Stream, || {
                    "it is older than the version before it".to_owned()
                });
                self.at = self.at.max(Some(record.at));
                let policy = known.policy(record.policy);
                // The moment itself is left out: it may be that of the last payment before.
                let is_cooling = self.cooled.iter().any(|(from, until)| *from < record.at && record.at < *until);
                self.lately.entry(record, policy, is_cooling, &mut complaints);
                if let Some(policy) = policy {
                    let mut limits = Complaints::default();
                    limit::single(record, done, policy, &self.fold, &mut limits);
                    report.take(&transaction_name(&record.id.bytes()), limits);
                }
            }
        }
        complaints.0.iter_mut().for_each(|(_, detail)| *detail = format!("version {version}: {detail}"));
        report.take(object, complaints);
        Ok(())
    }

    /// Compares the end with the row of the wallet.
    fn compare(&self, row: &Row, complaints: &mut Complaints) -> Result<(), StoreError> {
        let stored = match read_state(row) {
            Ok(stored) => stored,
            Err(error) => {
                complaints.add(Invariant::Unchanged, error.to_string());
                return Ok(());
            }
        };
        complaints.equal(Invariant::Fold, "its stored version", stored.version.into(), self.version.into());
        complaints.unless(stored.last == self.last, Invariant::Fold, || {
            format!("it names {} as its last entry, that is {}", name_of(stored.last), name_of(self.last))
        });
        self.fold.compare(&stored, complaints);
        self.lately.compare(&stored.topped_up, &stored.paid_out, complaints);
        let found = row.optional(13, Row::int)?;
        // A wallet that nothing changed since there are lots has neither time nor expiry.
        let (at, next_expiry) = if is_from_before_lots(row)? {
            (Time::EPOCH, None)
        } else {
            (self.at.unwrap_or(Time::EPOCH), self.fold.next_expiry())
        };
        complaints.unless(stored.at == at, Invariant::Fold, || {
            format!("it is stored as of {}, its last entry is of {at}", stored.at)
        });
        complaints.unless(found == next_expiry.map(Time::unix_micros), Invariant::Fold, || {
            "it is stored with another next expiry than that of its lots and holds".to_owned()
        });
        Ok(())
    }
}

fn name_of(entry: Option<TransactionId>) -> String {
    entry.map_or_else(|| "none".to_owned(), |entry| entry.to_string())
}
