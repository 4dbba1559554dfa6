//! The hot path: what a batch of commands claims, gathers and records. These statements are written twice.
//!
//! The order in which rows are locked is the same for every batch, so that no two wait for each other: the stream, request
//! keys, codes, wallets, each sorted.

use std::collections::BTreeSet;

use warifu_core::code::{CodeMac, IssuedCode};
use warifu_core::id::{TerminalId, TransactionId, WalletId};
use warifu_core::ledger::{Loaded, Outcome, Transaction as Record};
use warifu_core::request::RequestKey;
use warifu_core::time::Time;

use crate::engine::Transaction;
use crate::error::StoreError;
use crate::journal::write_transfers;
use crate::member::read_wallet;
use crate::registry::each_statements;
use crate::value::{Row, Value};

/// The end of a stream, held by the transaction that read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamHead {
    pub(crate) stream: i64,
    pub(crate) position: i64,
    /// When its last transaction was recorded; the next is never recorded earlier.
    pub at: Time,
}

each_statements! {
    LOCK_STREAM (Int) -> (Int, Int, Int)
        row "SELECT stream, position, at FROM streams ORDER BY stream LIMIT $1"
        set "SELECT stream, position, at FROM streams ORDER BY stream LIMIT (SELECT unnest($1::bigint[])) \
             FOR UPDATE SKIP LOCKED";
    SAVE_STREAM (Int, Int, Int) -> ()
        row "UPDATE streams SET position = $2, at = $3 WHERE stream = $1"
        set "UPDATE streams s SET position = n.position, at = n.at \
             FROM unnest($1::bigint[], $2::bigint[], $3::bigint[]) AS n (stream, position, at) \
             WHERE s.stream = n.stream";
    CLAIM_REQUEST (Blob, Text, Blob) -> (Blob)
        row "INSERT INTO requests (caller, request_id, transaction_id) VALUES ($1, $2, $3) \
             ON CONFLICT DO NOTHING RETURNING transaction_id"
        set "INSERT INTO requests (caller, request_id, transaction_id) \
             SELECT * FROM unnest($1::bytea[], $2::text[], $3::bytea[]) \
             ON CONFLICT DO NOTHING RETURNING transaction_id";
    LOCK_CODE (Int, Blob) -> (Int, Blob, Blob, Int, Int, Blob, Blob, Int)
        row "SELECT c.bucket, c.mac, c.wallet_id, c.issued_at, c.expires_at, c.bound_to, c.consumed_by, \
                    CASE WHEN n.mac IS NULL THEN 0 ELSE 1 END \
             FROM codes c LEFT JOIN newest_codes n \
               ON n.wallet_id = c.wallet_id AND n.bucket = c.bucket AND n.mac = c.mac \
             WHERE c.bucket = $1 AND c.mac = $2"
        set "SELECT c.bucket, c.mac, c.wallet_id, c.issued_at, c.expires_at, c.bound_to, c.consumed_by, \
                    CASE WHEN n.mac IS NULL THEN 0::bigint ELSE 1::bigint END \
             FROM unnest($1::bigint[], $2::bytea[]) AS k (bucket, mac) \
             JOIN codes c ON c.bucket = k.bucket AND c.mac = k.mac \
             LEFT JOIN newest_codes n ON n.wallet_id = c.wallet_id AND n.bucket = c.bucket AND n.mac = c.mac \
             ORDER BY c.bucket, c.mac FOR UPDATE OF c";
    LOCK_WALLET (Blob) -> (Blob, Blob, Int, Int)
        row "SELECT id, member_id, paid, version FROM wallets WHERE id = $1"
        set "SELECT id, member_id, paid, version FROM wallets WHERE id = ANY ($1::bytea[]) ORDER BY id FOR UPDATE";
    SAVE_CODE (Int, Blob, Blob, Blob) -> ()
        row "UPDATE codes SET bound_to = $3, consumed_by = $4 WHERE bucket = $1 AND mac = $2"
        set "UPDATE codes c SET bound_to = n.bound_to, consumed_by = n.consumed_by \
             FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bytea[]) \
               AS n (bucket, mac, bound_to, consumed_by) \
             WHERE c.bucket = n.bucket AND c.mac = n.mac";
    SAVE_WALLET (Blob, Int, Int) -> ()
        row "UPDATE wallets SET paid = $2, version = $3 WHERE id = $1"
        set "UPDATE wallets w SET paid = n.paid, version = n.version \
             FROM unnest($1::bytea[], $2::bigint[], $3::bigint[]) AS n (id, paid, version) WHERE w.id = n.id";
    CREATE_JOURNAL (Int, Blob, Text, Int, Int, Blob, Text, Blob, Blob, Blob, Int, Int, Blob, Int, Text, Text, Text) -> ()
        row "INSERT INTO journal (position, id, kind, at, business_date, caller, request_id, body_hash, shop_id, \
                    wallet_id, wallet_version, code_bucket, code_mac, amount, unit, refusal, transfers) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
        set "INSERT INTO journal (position, id, kind, at, business_date, caller, request_id, body_hash, shop_id, \
                    wallet_id, wallet_version, code_bucket, code_mac, amount, unit, refusal, transfers) \
             SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::text[], $4::bigint[], $5::bigint[], $6::bytea[], \
                    $7::text[], $8::bytea[], $9::bytea[], $10::bytea[], $11::bigint[], $12::bigint[], $13::bytea[], \
                    $14::bigint[], $15::text[], $16::text[], $17::text[])";
}

impl Transaction {
    /// Takes a stream for this transaction to number its records in.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if every stream is held by another transaction.
    pub async fn lock_stream(&mut self) -> Result<StreamHead, StoreError> {
        let found = self.each(&LOCK_STREAM, vec![vec![1.into()]]).await?;
        let row = found.first().ok_or_else(|| StoreError::Conflict("every stream is held".to_owned()))?;
        Ok(StreamHead { stream: row.int(0)?, position: row.int(1)?, at: row.converted(2, Time::from_unix_micros)? })
    }

    /// Claims request keys for transactions that are about to be decided, and says which of them are now claimed. The
    /// others were claimed before, by whoever asked first.
    ///
    /// # Errors
    /// What the database said.
    pub async fn claim_requests(
        &mut self,
        mut claims: Vec<(&RequestKey, TransactionId)>,
    ) -> Result<BTreeSet<TransactionId>, StoreError> {
        claims.sort_unstable();
        let rows = claims
            .into_iter()
            .map(|(key, id)| vec![key.caller.bytes().into(), key.request_id.as_str().into(), id.bytes().into()])
            .collect();
        let claimed = self.each(&CLAIM_REQUEST, rows).await?;
        claimed.iter().map(|row| row.bytes(0).map(TransactionId::from_bytes)).collect()
    }

    /// Gathers what decisions about these codes need, and holds it until this transaction ends.
    ///
    /// # Errors
    /// What the database said.
    pub async fn gather(&mut self, codes: &BTreeSet<CodeMac>) -> Result<Loaded, StoreError> {
        let rows = codes.iter().map(|code| vec![i64::from(code.bucket).into(), code.mac.into()]).collect();
        let found = self.each(&LOCK_CODE, rows).await?;
        let codes = found.iter().map(read_code).collect::<Result<Vec<_>, _>>()?;
        let wallets: BTreeSet<WalletId> = codes.iter().map(|code| code.wallet).collect();
        let rows = wallets.into_iter().map(|wallet| vec![wallet.bytes().into()]).collect();
        let found = self.each(&LOCK_WALLET, rows).await?;
        let wallets = found.iter().map(read_wallet).collect::<Result<Vec<_>, _>>()?;
        Ok(Loaded::new(codes, wallets))
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
        self.each(&CREATE_JOURNAL, rows).await?;
        let rows = after.changed_codes().map(|code| {
            vec![
                i64::from(code.mac.bucket).into(),
                code.mac.mac.into(),
                code.bound_to.map(TerminalId::bytes).into(),
                code.consumed_by.map(TransactionId::bytes).into(),
            ]
        });
        let rows = rows.collect();
        self.each(&SAVE_CODE, rows).await?;
        let rows = after
            .changed_wallets()
            .map(|wallet| vec![wallet.id.bytes().into(), wallet.paid.get().into(), wallet.version.into()])
            .collect();
        self.each(&SAVE_WALLET, rows).await?;
        let row = vec![head.stream.into(), position.into(), last.at.unix_micros().into()];
        self.each(&SAVE_STREAM, vec![row]).await.map(drop)
    }
}

fn journal_row(position: i64, record: &Record) -> Vec<Value> {
    let (wallet_version, refusal, transfers) = match &record.outcome {
        Outcome::Done { wallet_version, transfers } => (Some(*wallet_version), None, transfers.as_slice()),
        Outcome::Refused(refusal) => (None, Some(refusal.word()), [].as_slice()),
    };
    vec![
        position.into(),
        record.id.bytes().into(),
        record.kind.text().into(),
        record.at.unix_micros().into(),
        record.business_date.number().into(),
        record.key.caller.bytes().into(),
        record.key.request_id.as_str().into(),
        record.body.0.into(),
        record.shop.bytes().into(),
        record.wallet.map(WalletId::bytes).into(),
        wallet_version.into(),
        record.code.map(|code| i64::from(code.bucket)).into(),
        record.code.map(|code| code.mac).into(),
        record.amount.get().into(),
        record.unit.text().into(),
        refusal.into(),
        write_transfers(transfers).into(),
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
    })
}
