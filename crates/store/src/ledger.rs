//! The hot path: what a batch of commands claims, gathers and records. These statements are written twice.
//!
//! The order in which rows are locked is the same for every batch, so that no two wait for each other: the stream, request
//! keys, codes, capped terminals, refused payments without a wallet that are to be cancelled, wallets, each sorted.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use warifu_core::code::{CodeMac, IssuedCode};
use warifu_core::id::{ShopId, TerminalId, TransactionId, WalletId};
use warifu_core::ledger::{Loaded, Outcome, Transaction as Record};
use warifu_core::limit::{Policy, Usage};
use warifu_core::place::{Book, Channel, Place};
use warifu_core::request::{CallerId, RequestKey};
use warifu_core::time::Time;
use warifu_core::wallet::Wallet;

use crate::effect::write_effect;
use crate::engine::Transaction;
use crate::error::StoreError;
use crate::journal::{journal_columns, read_recorded, write_transfers};
use crate::part::StoredRolling;
use crate::policy::{FIND_POLICY, read_in_force};
use crate::registry::each_statements;
use crate::terminal::FROZEN;
use crate::value::{Row, Value};
use crate::wallet::{read_wallet, wallet_columns, wallet_row};

/// The end of a stream, held by the transaction that read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamHead {
    pub(crate) stream: i64,
    pub(crate) position: i64,
    /// When its last transaction was recorded; the next is never recorded earlier.
    pub at: Time,
}

/// What a batch of decisions needs to be gathered.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// The codes that are shown.
    pub codes: BTreeSet<CodeMac>,
    /// The terminals that ask.
    pub terminals: BTreeSet<TerminalId>,
    /// The payments and top-ups that are named by their ids.
    pub parents: BTreeSet<TransactionId>,
    /// The wallets that are named.
    pub wallets: BTreeSet<WalletId>,
    /// The request keys that are to be cancelled, and whether this batch is the first to claim them.
    pub targets: BTreeMap<RequestKey, bool>,
}

each_statements! {
    LOCK_STREAM (Int) -> (Int, Int, Int)
        row "SELECT stream, position, at FROM streams ORDER BY stream LIMIT $1",
        set "SELECT stream, position, at FROM streams ORDER BY stream LIMIT (SELECT unnest($1::bigint[])) \
             FOR UPDATE SKIP LOCKED";
    SAVE_STREAM (Int, Int, Int) -> ()
        row "UPDATE streams SET position = $2, at = $3 WHERE stream = $1",
        set "UPDATE streams s SET position = n.position, at = n.at \
             FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS n (stream, position, at) \
             WHERE s.stream = n.stream";
    CLAIM_REQUEST (Blob, Text, Blob) -> (Blob, Text, Blob)
        row "INSERT INTO requests (caller, request_id, transaction_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        set "INSERT INTO requests (caller, request_id, transaction_id) \
             SELECT * FROM unnest($1::bytea[], $2::text[], $3::bytea[]) \
             ON CONFLICT DO NOTHING RETURNING caller, request_id, transaction_id";
    UNCLAIM_REQUEST (Blob, Text, Blob) -> ()
        row "DELETE FROM requests WHERE caller = $1 AND request_id = $2 AND transaction_id = $3",
        set "DELETE FROM requests r USING unnest($1::bytea[], $2::text[], $3::bytea[]) AS n (caller, request_id, id) \
             WHERE r.caller = n.caller AND r.request_id = n.request_id AND r.transaction_id = n.id";
    LOCK_CODE (Int, Blob) -> (Int, Blob, Blob, Int, Int, Blob, Blob, Int, Int)
        row "SELECT c.bucket, c.mac, c.wallet_id, c.issued_at, c.expires_at, c.bound_to, c.consumed_by, \
                    CASE WHEN n.mac IS NULL AND c.bill_id IS NULL THEN 0 ELSE 1 END, c.use_points \
             FROM codes c LEFT JOIN newest_codes n \
               ON n.wallet_id = c.wallet_id AND n.bucket = c.bucket AND n.mac = c.mac \
             WHERE c.bucket = $1 AND c.mac = $2",
        set "SELECT c.bucket, c.mac, c.wallet_id, c.issued_at, c.expires_at, c.bound_to, c.consumed_by, \
                    CASE WHEN n.mac IS NULL AND c.bill_id IS NULL THEN 0::bigint ELSE 1::bigint END, c.use_points \
             FROM unnest($1::bigint[], $2::bytea[]) AS k (bucket, mac) \
             JOIN codes c ON c.bucket = k.bucket AND c.mac = k.mac \
             LEFT JOIN newest_codes n ON n.wallet_id = c.wallet_id AND n.bucket = c.bucket AND n.mac = c.mac \
             ORDER BY c.bucket, c.mac FOR UPDATE OF c";
    LOAD_PLACE (Blob) -> (Blob, Blob, Text, Int, Text, Text, Int, Int)
        row "SELECT t.id, t.shop_id, t.channel, t.book, t.status, s.status, s.yen_per_point, s.closing_minutes \
             FROM terminals t JOIN shops s ON s.id = t.shop_id WHERE t.id = $1",
        set "SELECT t.id, t.shop_id, t.channel, t.book, t.status, s.status, s.yen_per_point, s.closing_minutes \
             FROM terminals t JOIN shops s ON s.id = t.shop_id WHERE t.id = ANY ($1::bytea[])";
    CREATE_USAGE (Blob, Text) -> ()
        row "INSERT INTO terminal_usage (terminal_id, state) VALUES ($1, $2) ON CONFLICT DO NOTHING",
        set "INSERT INTO terminal_usage (terminal_id, state) SELECT * FROM unnest($1::bytea[], $2::text[]) \
             ON CONFLICT DO NOTHING";
    LOCK_USAGE (Blob) -> (Blob, Text)
        row "SELECT terminal_id, state FROM terminal_usage WHERE terminal_id = $1",
        set "SELECT terminal_id, state FROM terminal_usage WHERE terminal_id = ANY ($1::bytea[]) \
             ORDER BY terminal_id FOR UPDATE";
    SAVE_USAGE (Blob, Text) -> ()
        row "UPDATE terminal_usage SET state = $2 WHERE terminal_id = $1",
        set "UPDATE terminal_usage u SET state = n.state FROM unnest($1::bytea[], $2::text[]) AS n (id, state) \
             WHERE u.terminal_id = n.id";
    LOAD_TARGET (Blob, Text)
        -> (Int, Blob, Text, Int, Int, Int, Blob, Text, Blob, Blob, Blob, Int, Int, Blob, Blob, Text, Int, Text, Int, Text, Text, Text, Text, Blob)
        row concat!(journal_columns!(),
            "JOIN requests r ON r.transaction_id = j.id WHERE r.caller = $1 AND r.request_id = $2"),
        set concat!(journal_columns!(),
            "JOIN requests r ON r.transaction_id = j.id \
             JOIN unnest($1::bytea[], $2::text[]) AS n (caller, request_id) \
               ON r.caller = n.caller AND r.request_id = n.request_id");
    LOAD_PARENT (Blob)
        -> (Int, Blob, Text, Int, Int, Int, Blob, Text, Blob, Blob, Blob, Int, Int, Blob, Blob, Text, Int, Text, Int, Text, Text, Text, Text, Blob)
        row concat!(journal_columns!(), "WHERE j.id = $1"),
        set concat!(journal_columns!(), "WHERE j.id = ANY ($1::bytea[])");
    // What was refused before a wallet was known is locked itself.
    LOCK_ORIGIN (Blob) -> (Blob)
        row "SELECT id FROM journal WHERE id = $1",
        set "SELECT id FROM journal WHERE id = ANY ($1::bytea[]) ORDER BY id FOR UPDATE";
    LOCK_WALLET (Blob) -> (Blob, Blob, Int, Text, Int, Int, Int, Int, Int, Text, Int, Blob, Blob)
        row concat!("SELECT ", wallet_columns!(), " FROM wallets WHERE id = $1"),
        set concat!("SELECT ", wallet_columns!(), " FROM wallets WHERE id = ANY ($1::bytea[]) ORDER BY id FOR UPDATE");
    // After the wallets are locked: whoever adds a follower holds the wallet.
    LOAD_FOLLOWERS (Blob)
        -> (Int, Blob, Text, Int, Int, Int, Blob, Text, Blob, Blob, Blob, Int, Int, Blob, Blob, Text, Int, Text, Int, Text, Text, Text, Text, Blob)
        row concat!(journal_columns!(), "WHERE j.parent_id = $1 AND j.refusal IS NULL ORDER BY j.at, j.position"),
        set concat!(journal_columns!(),
            "WHERE j.parent_id = ANY ($1::bytea[]) AND j.refusal IS NULL ORDER BY j.at, j.wallet_version, j.position");
    SAVE_CODE (Int, Blob, Blob, Blob) -> ()
        row "UPDATE codes SET bound_to = $3, consumed_by = $4 WHERE bucket = $1 AND mac = $2",
        set "UPDATE codes c SET bound_to = n.bound_to, consumed_by = n.consumed_by \
             FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bytea[]) \
               AS n (bucket, mac, bound_to, consumed_by) \
             WHERE c.bucket = n.bucket AND c.mac = n.mac";
    SAVE_WALLET (Blob, Int, Int, Int, Int, Int, Int, Blob, Blob) -> ()
        row "UPDATE wallets SET paid = $2, bonus = $3, points = $4, version = $5, at = $6, next_expiry = $7, packed = $8, \
                    last_id = $9, unpacked = '' \
             WHERE id = $1",
        set "UPDATE wallets w SET paid = n.paid, bonus = n.bonus, points = n.points, version = n.version, at = n.at, \
                    next_expiry = n.next_expiry, packed = n.packed, last_id = n.last_id, unpacked = '' \
             FROM unnest($1::bytea[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], \
                    $7::bigint[], $8::bytea[], $9::bytea[]) \
               AS n (id, paid, bonus, points, version, at, next_expiry, packed, last_id) \
             WHERE w.id = n.id";
    CREATE_JOURNAL
        (Int, Blob, Text, Int, Int, Int, Blob, Text, Blob, Blob, Blob, Int, Int, Blob, Blob, Text, Int, Text, Int, Text, Text, Text, Text, Blob)
        -> ()
        row "INSERT INTO journal (position, id, kind, book, at, business_date, caller, request_id, body_hash, shop_id, \
                    wallet_id, wallet_version, code_bucket, code_mac, parent_id, target, amount, unit, policy, note, \
                    refusal, transfers, effect, previous_id) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, \
                    $22, $23, $24)",
        set "INSERT INTO journal (position, id, kind, book, at, business_date, caller, request_id, body_hash, shop_id, \
                    wallet_id, wallet_version, code_bucket, code_mac, parent_id, target, amount, unit, policy, note, \
                    refusal, transfers, effect, previous_id) \
             SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[], \
                    $7::bytea[], $8::text[], $9::bytea[], $10::bytea[], $11::bytea[], $12::bigint[], $13::bigint[], \
                    $14::bytea[], $15::bytea[], $16::text[], $17::bigint[], $18::text[], $19::bigint[], $20::text[], \
                    $21::text[], $22::text[], $23::text[], $24::bytea[])";
}

impl Transaction {
    /// Takes a stream for this transaction to number its records in, and claims request keys for what is about to be decided.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if every stream is held by another transaction.
    pub async fn begin_batch(
        &mut self,
        claims: &BTreeMap<&RequestKey, TransactionId>,
    ) -> Result<(StreamHead, BTreeSet<RequestKey>), StoreError> {
        let known = self.memory().and_then(|memory| memory.head);
        let one = if known.is_none() { vec![vec![1.into()]] } else { Vec::new() };
        let [found, claimed] = self.all([(&LOCK_STREAM, one), (&CLAIM_REQUEST, request_rows(claims))]).await?;
        let head = match (known, found.first()) {
            (Some(head), _) => head,
            (None, Some(row)) => {
                StreamHead { stream: row.int(0)?, position: row.int(1)?, at: row.converted(2, Time::from_unix_micros)? }
            }
            (None, None) => return Err(StoreError::Conflict("every stream is held".to_owned())),
        };
        Ok((head, read_keys(&claimed)?))
    }

    /// Claims request keys, and says which of them are now claimed. The others were claimed before, by whoever asked first.
    ///
    /// # Errors
    /// What the database said.
    pub async fn claim_requests(
        &mut self,
        claims: &BTreeMap<&RequestKey, TransactionId>,
    ) -> Result<BTreeSet<RequestKey>, StoreError> {
        read_keys(&self.each(&CLAIM_REQUEST, request_rows(claims)).await?)
    }

    /// Gives up claims that this transaction made.
    ///
    /// # Errors
    /// What the database said.
    pub async fn unclaim_requests(&mut self, claims: &[(&RequestKey, TransactionId)]) -> Result<(), StoreError> {
        let rows = claims.iter().map(|(key, id)| request_row(key, *id)).collect();
        self.each(&UNCLAIM_REQUEST, rows).await.map(drop)
    }

    /// Gathers what decisions need, and holds what they may change until this transaction ends.
    ///
    /// # Errors
    /// What the database said.
    pub async fn gather(&mut self, wanted: &Wanted) -> Result<Loaded, StoreError> {
        let (codes, policy, places, mut origins) = self.gather_known(wanted).await?;
        let places = self.lock_usage(places, policy.caps_terminals()).await?;
        let targets = self.load_targets(&wanted.targets).await?;
        origins.extend(targets.values().flatten().cloned());

        let without_wallet: BTreeSet<_> =
            origins.iter().filter(|record| record.wallet.is_none()).map(|record| record.id).collect();
        let rows = without_wallet.into_iter().map(|origin| vec![origin.bytes().into()]).collect();
        self.each(&LOCK_ORIGIN, rows).await?;
        let mut wallets = wanted.wallets.clone();
        wallets.extend(codes.iter().map(|code| code.wallet));
        wallets.extend(origins.iter().filter_map(|record| record.wallet));
        let wallets = self.lock_wallets(wallets).await?;

        let mut loaded = Loaded::new(policy, codes, places, wallets);
        let parents: BTreeSet<_> = origins.iter().map(|record| record.id).collect();
        let rows = parents.into_iter().map(|parent| vec![parent.bytes().into()]).collect();
        let followers = self.load_records(&LOAD_FOLLOWERS, rows).await?;
        origins.iter().chain(&followers).for_each(|record| loaded.add_record(record));
        targets.into_iter().for_each(|(key, record)| loaded.add_target(key, record));
        Ok(loaded)
    }

    /// What the commands name themselves, codes locked: nothing in it depends on anything else in it.
    async fn gather_known(&mut self, wanted: &Wanted) -> Result<Known, StoreError> {
        let (mut codes, mut places, mut policy) = (Vec::new(), Vec::new(), None);
        let (mut unknown_codes, mut unknown_places) = (wanted.codes.clone(), wanted.terminals.clone());
        if let Some(memory) = self.memory() {
            codes.extend(wanted.codes.iter().filter_map(|mac| memory.code(*mac)).cloned());
            unknown_codes.retain(|mac| memory.code(*mac).is_none());
            places.extend(wanted.terminals.iter().filter_map(|terminal| memory.places.get(terminal)).cloned());
            unknown_places.retain(|terminal| !memory.places.contains_key(terminal));
            policy.clone_from(&memory.policy);
        }
        let code_rows = unknown_codes.iter().map(|code| vec![i64::from(code.bucket).into(), code.mac.into()]).collect();
        let policy_rows = if policy.is_none() { vec![Vec::new()] } else { Vec::new() };
        let parents = ids(wanted.parents.iter().map(|parent| parent.bytes()));
        let [found_codes, found_policy, found_places, parents] = self
            .all([
                (&LOCK_CODE, code_rows),
                (&FIND_POLICY, policy_rows),
                (&LOAD_PLACE, ids(unknown_places.iter().map(|terminal| terminal.bytes()))),
                (&LOAD_PARENT, parents),
            ])
            .await?;
        for row in &found_codes {
            codes.push(read_code(row)?);
        }
        let policy = policy.map_or_else(|| read_in_force(&found_policy), Ok)?;
        let read = found_places.iter().map(read_place).collect::<Result<Vec<_>, _>>()?;
        if let Some(memory) = self.memory() {
            memory.keep_places(&read);
            memory.policy = Some(policy.clone());
        }
        places.extend(read);
        Ok((codes, policy, places, read_records(&parents)?))
    }

    async fn lock_wallets(&mut self, wanted: BTreeSet<WalletId>) -> Result<Vec<Wallet>, StoreError> {
        let (mut wallets, mut unknown) = (Vec::with_capacity(wanted.len()), Vec::new());
        let memory = self.memory();
        for id in wanted {
            match memory.as_ref().and_then(|memory| memory.wallet(id)) {
                Some(wallet) => wallets.push(wallet),
                None => unknown.push(id),
            }
        }
        let rows = unknown.into_iter().map(|wallet| vec![wallet.bytes().into()]).collect();
        let found = self.each(&LOCK_WALLET, rows).await?;
        let read = found.iter().map(read_wallet).collect::<Result<Vec<_>, _>>()?;
        if let Some(memory) = self.memory() {
            memory.keep_wallets(read.iter());
        }
        wallets.extend(read);
        Ok(wallets)
    }

    /// Adds what the terminals took of their caps, locked, where there are caps.
    async fn lock_usage(&mut self, mut places: Vec<Place>, is_capped: bool) -> Result<Vec<Place>, StoreError> {
        if is_capped {
            let known: BTreeSet<_> = places.iter().map(|place| place.terminal).collect();
            let rows = known.iter().map(|terminal| vec![terminal.bytes().into(), "{}".into()]).collect();
            let known = ids(known.iter().map(|terminal| terminal.bytes()));
            let [_, found] = self.all([(&CREATE_USAGE, rows), (&LOCK_USAGE, known)]).await?;
            for row in found {
                let terminal = TerminalId::from_bytes(row.bytes(0)?);
                let usage = row.parsed(1, read_usage)?;
                if let Some(place) = places.iter_mut().find(|place| place.terminal == terminal) {
                    place.usage = Some(usage);
                }
            }
        }
        Ok(places)
    }

    /// What stands under request keys that are to be cancelled; nothing under those that this batch claimed for the cancel.
    async fn load_targets(
        &mut self,
        targets: &BTreeMap<RequestKey, bool>,
    ) -> Result<BTreeMap<RequestKey, Option<Record>>, StoreError> {
        let mut loaded: BTreeMap<_, _> = targets.keys().map(|key| (key.clone(), None)).collect();
        let known = targets.iter().filter(|(_, is_new)| !**is_new);
        for (key, _) in known {
            let row = vec![key.caller.bytes().into(), key.request_id.as_str().into()];
            let found = self.load_records(&LOAD_TARGET, vec![row]).await?;
            loaded.insert(key.clone(), found.into_iter().next());
        }
        Ok(loaded)
    }

    async fn load_records(
        &mut self,
        statement: &'static crate::registry::Each,
        rows: Vec<Vec<Value>>,
    ) -> Result<Vec<Record>, StoreError> {
        read_records(&self.each(statement, rows).await?)
    }

    /// Records what was decided: the records at the end of the stream, and the codes and wallets as they are now.
    ///
    /// # Errors
    /// What the database said.
    pub async fn record(&mut self, head: StreamHead, records: &[Record], after: &Loaded) -> Result<(), StoreError> {
        let Some(last) = records.last() else { return Ok(()) };
        let mut position = head.position;
        let mut rows = Vec::with_capacity(records.len());
        for record in records {
            position = position.checked_add(1).ok_or_else(|| StoreError::Failed("a stream is full".to_owned()))?;
            rows.push(journal_row(position, record));
        }
        let codes = after.changed_codes().map(code_row).collect();
        let usages = after.changed_places().filter_map(usage_row).collect();
        let wallets = after.changed_wallets().map(wallet_row).collect();
        let stream = vec![vec![head.stream.into(), position.into(), last.at.unix_micros().into()]];
        self.later([
            (&CREATE_JOURNAL, rows),
            (&SAVE_CODE, codes),
            (&SAVE_USAGE, usages),
            (&SAVE_WALLET, wallets),
            (&SAVE_STREAM, stream),
        ])
        .await?;
        if let Some(memory) = self.memory() {
            memory.change_codes(after.changed_codes());
            memory.keep_wallets(after.changed_wallets());
            memory.head = Some(StreamHead { position, at: last.at, ..head });
        }
        Ok(())
    }
}

/// What the commands of a batch name themselves: codes, the policy in force, places, and the payments and top-ups named by their ids.
type Known = (Vec<IssuedCode>, Policy, Vec<Place>, Vec<Record>);

/// A row for each id.
fn ids(ids: impl Iterator<Item = [u8; 16]>) -> Vec<Vec<Value>> {
    ids.map(|id| vec![id.into()]).collect()
}

fn read_records(found: &[Row]) -> Result<Vec<Record>, StoreError> {
    found.iter().map(|row| read_recorded(row).map(|recorded| recorded.record)).collect()
}

fn code_row(code: &IssuedCode) -> Vec<Value> {
    vec![
        i64::from(code.mac.bucket).into(),
        code.mac.mac.into(),
        code.bound_to.map(TerminalId::bytes).into(),
        code.consumed_by.map(TransactionId::bytes).into(),
    ]
}

fn request_rows(claims: &BTreeMap<&RequestKey, TransactionId>) -> Vec<Vec<Value>> {
    claims.iter().map(|(key, id)| request_row(key, *id)).collect()
}

fn read_keys(claimed: &[Row]) -> Result<BTreeSet<RequestKey>, StoreError> {
    let read = |row: &Row| {
        let caller = CallerId::from_bytes(row.bytes(0)?);
        Ok(RequestKey { caller, request_id: row.parsed(1, |text| text.parse().ok())? })
    };
    claimed.iter().map(read).collect()
}

fn request_row(key: &RequestKey, id: TransactionId) -> Vec<Value> {
    vec![key.caller.bytes().into(), key.request_id.as_str().into(), id.bytes().into()]
}

fn journal_row(position: i64, record: &Record) -> Vec<Value> {
    let (done, refusal) = match &record.outcome {
        Outcome::Done(done) => (Some(done), None),
        Outcome::Refused(refusal) => (None, Some(refusal.word())),
    };
    vec![
        position.into(),
        record.id.bytes().into(),
        record.kind.text().into(),
        record.book.number().into(),
        record.at.unix_micros().into(),
        record.business_date.number().into(),
        record.key.caller.bytes().into(),
        record.key.request_id.as_str().into(),
        record.body.0.into(),
        record.shop.map(ShopId::bytes).into(),
        record.wallet.map(WalletId::bytes).into(),
        done.and_then(|done| done.wallet_version).into(),
        record.code.map(|code| i64::from(code.bucket)).into(),
        record.code.map(|code| code.mac).into(),
        record.parent.map(TransactionId::bytes).into(),
        record.target.as_ref().map(|target| target.as_str()).into(),
        record.amount.get().into(),
        record.unit.text().into(),
        record.policy.into(),
        record.note.as_deref().into(),
        refusal.into(),
        write_transfers(done.map_or(&[], |done| done.transfers.as_slice())).into(),
        done.map_or_else(|| "{}".to_owned(), write_effect).into(),
        done.and_then(|done| done.previous).map(TransactionId::bytes).into(),
    ]
}

fn read_code(row: &Row) -> Result<IssuedCode, StoreError> {
    Ok(IssuedCode {
        mac: CodeMac { bucket: row.converted(0, |bucket| u8::try_from(bucket).ok())?, mac: row.bytes(1)? },
        wallet: WalletId::from_bytes(row.bytes(2)?),
        issued_at: row.converted(3, Time::from_unix_micros)?,
        expires_at: row.converted(4, Time::from_unix_micros)?,
        bound_to: row.optional(5, Row::bytes)?.map(TerminalId::from_bytes),
        consumed_by: row.optional(6, Row::bytes)?.map(TransactionId::from_bytes),
        newest: row.int(7)? == 1,
        use_points: row.int(8)? == 1,
    })
}

fn read_place(row: &Row) -> Result<Place, StoreError> {
    Ok(Place {
        terminal: TerminalId::from_bytes(row.bytes(0)?),
        shop: ShopId::from_bytes(row.bytes(1)?),
        channel: row.parsed(2, Channel::parse)?,
        book: row.converted(3, Book::from_number)?,
        terminal_is_frozen: row.text(4)? == FROZEN,
        shop_is_frozen: row.text(5)? == FROZEN,
        yen_per_point: row.int(6)?,
        closing_minutes: row.int(7)?,
        usage: None,
    })
}

/// What the column `state` of `terminal_usage` holds.
#[derive(Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct StoredUsage {
    top_ups: StoredRolling,
    payments: StoredRolling,
}

pub(crate) fn read_usage(text: &str) -> Option<Usage> {
    let stored: StoredUsage = serde_json::from_str(text).ok()?;
    Some(Usage { top_ups: stored.top_ups.read()?, payments: stored.payments.read()? })
}

fn usage_row(place: &Place) -> Option<Vec<Value>> {
    let usage = place.usage.as_ref()?;
    let stored =
        StoredUsage { top_ups: StoredRolling::write(&usage.top_ups), payments: StoredRolling::write(&usage.payments) };
    Some(vec![place.terminal.bytes().into(), serde_json::to_string(&stored).ok()?.into()])
}
