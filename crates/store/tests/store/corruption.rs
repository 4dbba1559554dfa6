//! What can be wrong with a store, how to plant it, and what `verify` must then say.

use warifu_core::id::WalletId;
use warifu_core::ledger::Transaction as Record;
use warifu_core::refusal::Refusal;
use warifu_store::Invariant;
use warifu_testkit::Engine;

use crate::blob;
use crate::story::{OTHER_TILL, SHOP, Story, WALLETS, code_mac, transaction_id};

/// One corruption.
pub(crate) struct Corruption {
    pub(crate) name: &'static str,
    pub(crate) plant: fn(&Story, Engine) -> Planted,
}

/// How to plant it, and what is to be named.
pub(crate) struct Planted {
    pub(crate) sql: String,
    pub(crate) invariant: Invariant,
    pub(crate) object: String,
}

fn planted(sql: impl Into<String>, invariant: Invariant, object: impl Into<String>) -> Planted {
    Planted { sql: sql.into(), invariant, object: object.into() }
}

fn wallet(id: WalletId) -> String {
    format!("wallet {id}")
}

fn transaction(record: &Record) -> String {
    format!("transaction {}", record.id)
}

fn hex(bytes: &[u8]) -> String {
    blob(Engine::Sqlite, bytes).trim_start_matches("x'").trim_end_matches('\'').to_owned()
}

fn first_wallet(engine: Engine) -> String {
    blob(engine, &WALLETS[0].bytes())
}

/// What a corruption is called, and how it is planted.
type Named = (&'static str, fn(&Story, Engine) -> Planted);

/// Every corruption.
pub(crate) fn all() -> impl Iterator<Item = Corruption> {
    let groups: [&[Named]; 5] = [WALLET, TRANSFER, STREAM, REQUEST_AND_SUM, CODE];
    groups.into_iter().flatten().map(|(name, plant)| Corruption { name, plant: *plant })
}

const WALLET: &[Named] = &[
    ("a wallet holds one yen more", |_, engine| {
        let sql = format!("UPDATE wallets SET paid = paid + 1 WHERE id = {}", first_wallet(engine));
        planted(sql, Invariant::Fold, wallet(WALLETS[0]))
    }),
    ("a wallet's version is one less", |_, engine| {
        let sql = format!("UPDATE wallets SET version = version - 1 WHERE id = {}", first_wallet(engine));
        planted(sql, Invariant::Fold, wallet(WALLETS[0]))
    }),
    ("a wallet holds less than nothing", |_, engine| {
        let unchecked = match engine {
            Engine::Sqlite => "",
            Engine::Postgres => "ALTER TABLE wallets DROP CONSTRAINT wallets_paid_check;",
        };
        let sql = format!("{unchecked} UPDATE wallets SET paid = -1 WHERE id = {}", first_wallet(engine));
        planted(sql, Invariant::NotNegative, wallet(WALLETS[0]))
    }),
    ("a wallet is gone", |_, engine| {
        planted(format!("DELETE FROM wallets WHERE id = {}", first_wallet(engine)), Invariant::Fold, wallet(WALLETS[0]))
    }),
    ("the last wallet is gone", |_, engine| {
        let last = blob(engine, &WALLETS[2].bytes());
        planted(format!("DELETE FROM wallets WHERE id = {last}"), Invariant::Fold, wallet(WALLETS[2]))
    }),
    ("an entry skips versions", |story, _| {
        let (position, record) = story.last(|record| record.wallet_version().is_some());
        let sql = format!("UPDATE journal SET wallet_version = wallet_version + 5 WHERE position = {position}");
        planted(sql, Invariant::Fold, wallet(record.wallet.unwrap()))
    }),
    ("an entry belongs to a wallet that is not there", |story, engine| {
        let (position, _) = story.payment();
        let nobody = blob(engine, &[0x50; 16]);
        let sql = format!("UPDATE journal SET wallet_id = {nobody} WHERE position = {position}");
        planted(sql, Invariant::Fold, wallet(WalletId::from_bytes([0x50; 16])))
    }),
    ("an entry lost its wallet", |story, _| {
        let (position, _) = story.payment();
        let sql = format!("UPDATE journal SET wallet_id = NULL WHERE position = {position}");
        planted(sql, Invariant::Fold, wallet(WALLETS[0]))
    }),
];

/// Replaces a part of the column `transfers` of the payment.
fn in_transfers(story: &Story, from: &str, to: &str) -> String {
    let (position, _) = story.payment();
    format!("UPDATE journal SET transfers = replace(transfers, '{from}', '{to}') WHERE position = {position}")
}

const TRANSFER: &[Named] = &[
    ("an amount asked for is changed", |story, _| {
        let (position, record) = story.payment();
        let sql = format!("UPDATE journal SET amount = amount + 1 WHERE position = {position}");
        planted(sql, Invariant::Balanced, transaction(record))
    }),
    ("an amount moved is changed", |story, _| {
        // The payment is the third, of 300 yen.
        planted(in_transfers(story, ":300,", ":299,"), Invariant::Balanced, transaction(story.payment().1))
    }),
    ("a balance afterwards is changed", |story, _| {
        planted(in_transfers(story, ":9400", ":9401"), Invariant::Fold, wallet(WALLETS[0]))
    }),
    ("a balance afterwards is gone", |story, _| {
        let sql = in_transfers(story, r#","debit_after":9400"#, "");
        planted(sql, Invariant::Balanced, transaction(story.payment().1))
    }),
    ("more was paid than there was", |story, _| {
        planted(in_transfers(story, ":300,", ":300000,"), Invariant::NotNegative, wallet(WALLETS[0]))
    }),
    ("both sides are one account", |story, _| {
        let sql = in_transfers(story, "shop:payable", "wallet:paid");
        planted(sql, Invariant::Balanced, transaction(story.payment().1))
    }),
    ("value goes where its kind never sends it", |story, _| {
        let sql = in_transfers(story, "shop:payable", "issuer:suspense");
        planted(sql, Invariant::Balanced, transaction(story.payment().1))
    }),
    ("a payment forgets its code", |story, _| {
        let (position, record) = story.payment();
        let sql = format!("UPDATE journal SET code_bucket = NULL, code_mac = NULL WHERE position = {position}");
        planted(sql, Invariant::Balanced, transaction(record))
    }),
    ("an account is counted in another unit", |story, _| {
        planted(in_transfers(story, "JPY", "POINT"), Invariant::Balanced, transaction(story.payment().1))
    }),
    ("a unit asked for is changed", |story, _| {
        let (position, record) = story.payment();
        let sql = format!("UPDATE journal SET unit = 'POINT' WHERE position = {position}");
        planted(sql, Invariant::Balanced, transaction(record))
    }),
    ("transfers are garbage", |story, _| {
        let (position, _) = story.payment();
        let sql = format!("UPDATE journal SET transfers = '[{{' WHERE position = {position}");
        planted(sql, Invariant::Unchanged, format!("position {position}"))
    }),
    ("an account is nobody's", |story, _| {
        let (position, _) = story.payment();
        let sql = in_transfers(story, "shop:payable", "shop:pocket");
        planted(sql, Invariant::Unchanged, format!("position {position}"))
    }),
    ("a refused transaction moves money", |story, _| {
        let (position, _) = story.refused(Refusal::InsufficientBalance);
        let sql = format!(
            "UPDATE journal SET transfers = (SELECT transfers FROM journal WHERE position = 2) WHERE position = {position}"
        );
        planted(sql, Invariant::Unchanged, format!("position {position}"))
    }),
    ("a refusal is no word of ours", |story, _| {
        let (position, _) = story.refused(Refusal::CodeExpired);
        let sql = format!("UPDATE journal SET refusal = 'no' WHERE position = {position}");
        planted(sql, Invariant::Unchanged, format!("position {position}"))
    }),
];

const STREAM: &[Named] = &[
    ("a row in the middle is gone", |story, _| {
        let (position, _) = story.payment();
        let sql = format!("DELETE FROM journal WHERE position = {position}");
        planted(sql, Invariant::Stream, format!("position {}", position + 1))
    }),
    ("the last row is gone", |story, _| {
        let sql = format!("DELETE FROM journal WHERE position = {}", story.records.len());
        planted(sql, Invariant::Stream, "stream 0")
    }),
    ("the last row's number leaves a gap", |story, _| {
        let last = story.records.len();
        let sql = format!(
            "UPDATE journal SET position = position + 1 WHERE position = {last}; \
             UPDATE streams SET position = position + 1 WHERE stream = 0"
        );
        planted(sql, Invariant::Stream, format!("position {}", last + 1))
    }),
    ("a row's time goes back", |story, _| {
        let (position, _) = story.payment();
        let sql = format!("UPDATE journal SET at = at - 120000000 WHERE position = {position}");
        planted(sql, Invariant::Stream, format!("position {position}"))
    }),
    ("a stream's head is moved", |_, _| {
        planted("UPDATE streams SET position = position + 1 WHERE stream = 0", Invariant::Stream, "stream 0")
    }),
    ("a stream's head is older than its last row", |_, _| {
        planted("UPDATE streams SET at = at - 1 WHERE stream = 0", Invariant::Stream, "stream 0")
    }),
    ("a stream is gone", |_, _| {
        planted(
            "DELETE FROM streams WHERE stream = 0",
            Invariant::Sums,
            format!("account shop:payable of {SHOP} in JPY"),
        )
    }),
];

const REQUEST_AND_SUM: &[Named] = &[
    ("a claim is gone", |story, _| {
        let (_, record) = story.payment();
        let sql = format!("DELETE FROM requests WHERE request_id = '{}'", record.key.request_id);
        planted(sql, Invariant::OneEffect, transaction(record))
    }),
    ("a claim of a refused request is gone", |story, _| {
        let (_, record) = story.refused(Refusal::CodeUnknown);
        let sql = format!("DELETE FROM requests WHERE request_id = '{}'", record.key.request_id);
        planted(sql, Invariant::OneEffect, transaction(record))
    }),
    ("a claim points to another transaction", |story, engine| {
        let (_, record) = story.payment();
        let (key, other) = (record.key.request_id.as_str(), story.records[0].id.bytes());
        let sql = format!("UPDATE requests SET transaction_id = {} WHERE request_id = '{key}'", blob(engine, &other));
        planted(sql, Invariant::OneEffect, format!("request {key:?} of transaction {}", hex(&other)))
    }),
    ("a claim points to nothing", |story, engine| {
        let (_, record) = story.payment();
        let key = record.key.request_id.as_str();
        let sql = format!("UPDATE requests SET transaction_id = {} WHERE request_id = '{key}'", blob(engine, &[0; 16]));
        planted(sql, Invariant::OneEffect, format!("request {key:?} of transaction {}", hex(&[0; 16])))
    }),
    ("a transaction has another caller", |story, engine| {
        let (position, record) = story.payment();
        let other = blob(engine, &OTHER_TILL.bytes());
        let sql = format!("UPDATE journal SET caller = {other} WHERE position = {position}");
        planted(sql, Invariant::OneEffect, transaction(record))
    }),
    ("a sum is one more", |_, _| {
        let sql = "UPDATE account_sums SET credits = credits + 1 WHERE account = 'shop:payable'";
        planted(sql, Invariant::Sums, format!("account shop:payable of {SHOP} in JPY"))
    }),
    ("a sum is gone", |_, _| {
        let sql = "DELETE FROM account_sums WHERE account = 'shop:cash'";
        planted(sql, Invariant::Sums, format!("account shop:cash of {SHOP} in JPY"))
    }),
    ("a sum is nobody's doing", |_, engine| {
        let issuer = blob(engine, &[0; 16]);
        let sql = format!("INSERT INTO account_sums VALUES ('issuer:fees', {issuer}, 'JPY', 0, 1)");
        planted(sql, Invariant::Sums, "account issuer:fees of the issuer in JPY")
    }),
    ("more was summed up than was recorded", |_, _| {
        planted("UPDATE cursors SET position = position + 1 WHERE stream = 0", Invariant::Sums, "stream 0")
    }),
    ("a shop's sale became another shop's", |story, engine| {
        let (position, _) = story.payment();
        let other = blob(engine, &[0x99; 16]);
        let sql = format!("UPDATE journal SET shop_id = {other} WHERE position = {position}");
        planted(sql, Invariant::Sums, format!("account shop:payable of {SHOP} in JPY"))
    }),
];

/// Changes the code that the payment used.
fn in_code(story: &Story, engine: Engine, change: &str) -> String {
    let mac = blob(engine, &story.payment().1.code.unwrap().mac);
    format!("UPDATE codes SET {change} WHERE mac = {mac}")
}

const CODE: &[Named] = &[
    ("an unused code is marked as used by nothing", |story, engine| {
        let mac = code_mac(story.unused_code).mac;
        let (nobody, code) = (blob(engine, &[9; 16]), blob(engine, &mac));
        let sql = format!("UPDATE codes SET consumed_by = {nobody} WHERE mac = {code}");
        planted(sql, Invariant::CodeOnce, format!("code {}", hex(&mac)))
    }),
    ("a code is marked as used by a refused transaction", |story, engine| {
        let mac = code_mac(story.unused_code).mac;
        let refused = blob(engine, &story.refused(Refusal::CodeExpired).1.id.bytes());
        let sql = format!("UPDATE codes SET consumed_by = {refused} WHERE mac = {}", blob(engine, &mac));
        planted(sql, Invariant::CodeOnce, format!("code {}", hex(&mac)))
    }),
    ("a used code is not marked", |story, engine| {
        let sql = in_code(story, engine, "consumed_by = NULL");
        planted(sql, Invariant::CodeOnce, transaction(story.payment().1))
    }),
    ("a used code is marked as used by another", |story, engine| {
        let other = blob(engine, &transaction_id(1).bytes());
        let sql = in_code(story, engine, &format!("consumed_by = {other}"));
        planted(sql, Invariant::CodeOnce, transaction(story.payment().1))
    }),
    ("a code is used twice", |story, _| {
        let (position, record) = story.payment();
        let sql = format!(
            "UPDATE journal SET code_bucket = (SELECT code_bucket FROM journal WHERE position = {position}), \
             code_mac = (SELECT code_mac FROM journal WHERE position = {position}) WHERE position = {}",
            position + 1
        );
        planted(sql, Invariant::CodeOnce, format!("code {}", hex(&record.code.unwrap().mac)))
    }),
    ("a transaction forgot its code", |story, _| {
        let (position, record) = story.payment();
        let sql = format!("UPDATE journal SET code_bucket = NULL, code_mac = NULL WHERE position = {position}");
        planted(sql, Invariant::CodeOnce, format!("code {}", hex(&record.code.unwrap().mac)))
    }),
    ("a used code was never issued", |story, engine| {
        let mac = blob(engine, &story.payment().1.code.unwrap().mac);
        planted(format!("DELETE FROM codes WHERE mac = {mac}"), Invariant::CodeOnce, transaction(story.payment().1))
    }),
    ("a code is another wallet's", |story, engine| {
        let other = blob(engine, &WALLETS[1].bytes());
        let sql = in_code(story, engine, &format!("wallet_id = {other}"));
        planted(sql, Invariant::CodeOnce, transaction(story.payment().1))
    }),
    ("a code belongs to another terminal", |story, engine| {
        let other = blob(engine, &OTHER_TILL.bytes());
        let sql = in_code(story, engine, &format!("bound_to = {other}"));
        planted(sql, Invariant::CodeOnce, transaction(story.payment().1))
    }),
    ("a code was used when it had expired", |story, engine| {
        let at = story.payment().1.at.unix_micros();
        let sql = in_code(story, engine, &format!("issued_at = {at} - 1, expires_at = {at}"));
        planted(sql, Invariant::CodeOnce, transaction(story.payment().1))
    }),
];
