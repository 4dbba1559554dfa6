//! A database from before there were lots: it migrates with everything in it, verifies clean, and goes on.

use warifu_core::id::{TransactionId, WalletId};
use warifu_core::ledger::{Ask, Command, Kind, Target, Transaction as Record};
use warifu_core::lot::LotAccount;
use warifu_core::payment::Totals;
use warifu_core::refusal::Refusal;
use warifu_store::{Database, MigrateError, Options};
use warifu_testkit::{Engine, TestDatabase, on_both_databases};

use crate::story::{
    MEMBERS, MERCHANT, SHOP, TILL, WALLETS, code, code_mac, command, issue, pay, submit, time, top_up, transaction_id,
    yen,
};
use crate::{blob, empty};

/// What was recorded then: kind, wallet, amount, balance afterwards; refused where there is none.
const THEN: [(&str, usize, i64, Option<i64>); 7] = [
    // More than any limit of today.
    ("top_up", 0, 250_000, Some(250_000)),
    ("payment", 0, 1_200, Some(248_800)),
    ("top_up", 1, 5_000, Some(5_000)),
    ("payment", 1, 5_001, None),
    ("payment", 1, 5_000, Some(0)),
    ("payment", 0, 300, Some(248_500)),
    ("top_up", 2, 900, Some(900)),
];

/// Makes a database of the first migration only, with people who paid.
async fn before_lots(database: &TestDatabase) {
    let engine = database.engine();
    database.open().await.close().await;
    let checksum =
        database.query_raw("SELECT checksum FROM migrations WHERE number = 1").await.swap_remove(0).swap_remove(0);
    let (schema, table) = match engine {
        Engine::Sqlite => {
            let tables = database.query_raw("SELECT name FROM sqlite_schema WHERE type = 'table'").await;
            let drops: String = tables.iter().map(|row| format!("DROP TABLE {}; ", row[0])).collect();
            database.execute_raw(&drops).await;
            (include_str!("../../migrations/0001_foundation.sqlite.sql"), "number INTEGER, name TEXT, checksum TEXT")
        }
        Engine::Postgres => {
            drop(empty(database).await);
            database.execute_raw("DROP FUNCTION IF EXISTS journal_is_never_changed").await;
            (include_str!("../../migrations/0001_foundation.postgres.sql"), "number bigint, name text, checksum text")
        }
    };
    database.execute_raw(schema).await;
    let mut sql = format!(
        "CREATE TABLE migrations ({table}); INSERT INTO migrations VALUES (1, '0001_foundation', '{checksum}'); "
    );
    let (merchant, shop, till) =
        (blob(engine, &MERCHANT.bytes()), blob(engine, &SHOP.bytes()), blob(engine, &TILL.bytes()));
    sql += &format!(
        "INSERT INTO merchants VALUES ({merchant}, 'わりふ', 1); INSERT INTO shops VALUES ({shop}, {merchant}, '店', 2); \
         INSERT INTO terminals VALUES ({till}, {shop}, 'レジ', {}, 1, 3); ",
        blob(engine, &[0x31; 32])
    );
    let ends = [(248_500, 3), (0, 2), (900, 1), (0, 0)];
    for ((member, wallet), (paid, version)) in MEMBERS.into_iter().zip(WALLETS).zip(ends) {
        let (member, wallet) = (blob(engine, &member.bytes()), blob(engine, &wallet.bytes()));
        sql += &format!(
            "INSERT INTO members VALUES ({member}, 4); INSERT INTO wallets VALUES ({wallet}, {member}, {paid}, {version}); "
        );
    }
    sql += &history(engine);
    database.execute_raw(&sql).await;
}

/// The journal of that time, with codes, request keys and sums.
fn history(engine: Engine) -> String {
    let (shop, till) = (blob(engine, &SHOP.bytes()), blob(engine, &TILL.bytes()));
    let (mut sql, mut versions) = (String::new(), [0; 4]);
    for (number, (kind, owner, amount, after)) in (1_u8..).zip(THEN) {
        let (id, wallet) = (blob(engine, &transaction_id(number).bytes()), blob(engine, &WALLETS[owner].bytes()));
        let (mac, bucket) = (blob(engine, &code_mac(number).mac), code_mac(number).bucket);
        let at = time(i64::from(number) * 60).unix_micros();
        let (mut version, mut refusal, mut transfers) = ("NULL".to_owned(), "'insufficient_balance'", "[]".to_owned());
        if let Some(after) = after {
            versions[owner] += 1;
            (version, refusal) = (versions[owner].to_string(), "NULL");
            transfers = if kind == "payment" {
                format!(
                    r#"[{{"debit":"wallet:paid","credit":"shop:payable","amount":{amount},"unit":"JPY","debit_after":{after}}}]"#
                )
            } else {
                format!(
                    r#"[{{"debit":"shop:cash","credit":"wallet:paid","amount":{amount},"unit":"JPY","credit_after":{after}}}]"#
                )
            };
        }
        let (consumed, bound) = if after.is_some() { (id.as_str(), "NULL") } else { ("NULL", till.as_str()) };
        sql += &format!(
            "INSERT INTO codes VALUES ({bucket}, {mac}, {wallet}, {at} - 1, {at} + 1000, {bound}, {consumed}); \
             INSERT INTO requests VALUES ({till}, 'r-{number:03}', {id}); \
             INSERT INTO journal VALUES ({number}, {id}, '{kind}', {at}, 20260401, {till}, 'r-{number:03}', {}, {shop}, \
             {wallet}, {version}, {bucket}, {mac}, {amount}, 'JPY', {refusal}, '{transfers}'); \
             UPDATE streams SET position = {number}, at = {at} WHERE stream = 0; ",
            blob(engine, &[number; 32])
        );
    }
    // Summed up to the fifth.
    sql + &format!(
        "INSERT INTO account_sums VALUES ('shop:payable', {shop}, 'JPY', 0, 6200); \
         INSERT INTO account_sums VALUES ('shop:cash', {shop}, 'JPY', 255000, 0); \
         UPDATE cursors SET position = 5 WHERE stream = 0; "
    )
}

async fn wallet(database: &Database, id: WalletId) -> warifu_core::wallet::Wallet {
    database.read(move |transaction| Box::pin(async move { transaction.find_wallet(id).await })).await.unwrap().unwrap()
}

async fn find(database: &Database, id: TransactionId) -> Record {
    let found = database.read(move |transaction| Box::pin(async move { transaction.find_transaction(id).await }));
    found.await.unwrap().unwrap().record
}

fn refund(number: u8, payment: u8, amount: i64) -> Command {
    command(number, TILL, Ask::Refund { payment: transaction_id(payment), amount: yen(amount) })
}

on_both_databases! {
    /// Nothing is lost: every row of then reads as it was, and everything adds up.
    async fn a_database_from_before_lots_migrates_with_everything_in_it(database: TestDatabase) {
        before_lots(&database).await;
        let columns = "position, id, kind, at, business_date, caller, request_id, body_hash, shop_id, wallet_id, \
                       wallet_version, code_bucket, code_mac, amount, unit, refusal, transfers";
        let look = [
            format!("SELECT {columns} FROM journal ORDER BY position"),
            "SELECT id, member_id, paid, version FROM wallets ORDER BY id".to_owned(),
            "SELECT bucket, mac, wallet_id, issued_at, expires_at, bound_to, consumed_by FROM codes ORDER BY mac".to_owned(),
            "SELECT account, owner, unit, debits, credits FROM account_sums ORDER BY account".to_owned(),
            "SELECT * FROM requests ORDER BY request_id".to_owned(),
        ];
        let mut before = Vec::new();
        for sql in &look {
            before.push(database.query_raw(sql).await);
        }
        let opened = Database::open(&database.parsed_url(), Options::default()).unwrap();
        let behind = opened.check_schema().await;
        assert!(matches!(behind, Err(MigrateError::Behind { found: 1, needed: 14 })), "{behind:?}");
        assert_eq!(opened.migrate().await.unwrap(), 13);
        for (sql, before) in look.iter().zip(&before) {
            assert_eq!(&database.query_raw(sql).await, before, "{sql}");
        }
        let report = opened.verify(|_| {}).await.unwrap();
        assert_eq!((report.violations, report.transactions, report.payments, report.wallets), (vec![], 7, 3, 4));
        let first = wallet(&opened, WALLETS[0]).await;
        assert_eq!(first.posted(LotAccount::Paid), yen(248_500));
        assert_eq!((first.lots.len(), first.lots[0].lot, first.version), (1, 0, 3));
        assert!(wallet(&opened, WALLETS[1]).await.lots.is_empty());
        let payment = find(&opened, transaction_id(2)).await;
        let totals = Totals { authorized: yen(1_200), captured: yen(1_200), ..Totals::default() };
        assert_eq!(payment.done().unwrap().totals, Some(totals));
        for write in ["UPDATE journal SET kind = kind", "DELETE FROM journal"] {
            assert!(database.attempt_raw(write).await.unwrap_err().contains("never changed"), "{write}");
        }
    }

    /// Old money is spent, old payments are refunded and cancelled, by the rules of today, and all of it adds up.
    async fn what_is_from_before_lots_goes_on(database: TestDatabase) {
        before_lots(&database).await;
        let opened = database.open().await;
        let at = time(100_000);
        let mut number = 10;
        let mut next = || { number += 1; number };
        // A wallet that holds more than it may today takes no more, and spends what is there.
        let refused = next();
        issue(&opened, code(refused, 0, at)).await;
        assert_eq!(submit(&opened, top_up(refused, refused, 1), at).await.refusal(), Some(Refusal::LimitExceeded));
        let paid = next();
        issue(&opened, code(paid, 0, at)).await;
        assert!(submit(&opened, pay(paid, paid, 200_000), at).await.done().is_some());
        // The second wallet is empty; a refund of then makes lot 0 anew, beside a lot of today.
        let topped_up = next();
        issue(&opened, code(topped_up, 1, at)).await;
        assert!(submit(&opened, top_up(topped_up, topped_up, 700), at).await.done().is_some());
        let record = submit(&opened, refund(next(), 5, 2_000), at).await;
        assert_eq!(record.done().unwrap().totals.unwrap().refunded, yen(2_000));
        let second = wallet(&opened, WALLETS[1]).await;
        assert_eq!(second.lots.iter().map(|lot| (lot.lot, lot.amount.get())).collect::<Vec<_>>(), [(0, 2_000), (1, 700)]);
        let over = submit(&opened, refund(next(), 5, 3_001), at).await;
        assert_eq!(over.refusal(), Some(Refusal::RefundExceedsCaptured));
        assert!(submit(&opened, refund(next(), 5, 3_000), at).await.done().is_some());
        let cancel = |number, of| command(number, TILL, Ask::Cancel(Target::Transaction(transaction_id(of))));
        let done = submit(&opened, cancel(next(), 6), at).await;
        assert_eq!((done.kind, done.done().unwrap().totals.unwrap().refunded), (Kind::Cancel, yen(300)));
        assert_eq!(submit(&opened, cancel(next(), 5), at).await.refusal(), Some(Refusal::AlreadyRefunded));
        assert!(submit(&opened, cancel(next(), 4), at).await.done().is_some(), "it was refused then");
        // A top-up of then by which nothing was spent is taken back, by the request id of then.
        let target = Target::Request("r-007".parse().unwrap());
        let undone = submit(&opened, command(next(), TILL, Ask::CancelTopUp(target)), at).await;
        assert_eq!(undone.done().unwrap().transfers.len(), 1);
        // Each earns and is counted as of today.
        let report = opened.verify(|_| {}).await.unwrap();
        assert_eq!(report.violations, []);
        assert_eq!(wallet(&opened, WALLETS[0]).await.posted(LotAccount::Paid), yen(248_500 - 200_000 + 300));
        assert!(wallet(&opened, WALLETS[2]).await.lots.is_empty());
    }
}
