//! The last line of defence: rules that the database itself keeps, whoever writes.

use warifu_testkit::{Engine, TestDatabase, on_both_databases};

use crate::blob;
use crate::story::{MEMBERS, MERCHANT, OTHER_TILL, SHOP, TILL, WALLETS, code_mac, tell, transaction_id};

/// A write that must be refused, and a word of the refusal.
struct Forbidden {
    sql: String,
    word: &'static str,
}

fn forbidden(sql: impl Into<String>, word: &'static str) -> Forbidden {
    Forbidden { sql: sql.into(), word }
}

/// Values that a column of a table never has.
const WRONG: [(&str, &str, &str); 20] = [
    ("wallets", "bonus", "-1"),
    ("wallets", "bonus", "9007199254740992"),
    ("wallets", "points", "-1"),
    ("wallets", "points", "9007199254740992"),
    ("wallets", "book", "2"),
    ("wallets", "book", "-1"),
    ("wallets", "status", "'asleep'"),
    ("shops", "status", "'closed'"),
    ("shops", "yen_per_point", "-1"),
    ("shops", "closing_minutes", "-1"),
    ("shops", "closing_minutes", "1440"),
    ("terminals", "status", "'closed'"),
    ("terminals", "channel", "'phone'"),
    ("terminals", "book", "2"),
    ("codes", "use_points", "2"),
    ("codes", "use_points", "-1"),
    ("account_sums", "book", "2"),
    ("account_sums", "book", "-1"),
    ("account_sums", "debits", "-1"),
    ("account_sums", "credits", "-1"),
];

/// What breaks a rule about values.
fn values(engine: Engine) -> Vec<Forbidden> {
    let bytes = |length: usize| blob(engine, &vec![0x99; length]);
    let (b15, b16, b17, b31, b32) = (bytes(15), bytes(16), bytes(17), bytes(31), bytes(32));
    let merchant = blob(engine, &MERCHANT.bytes());
    let shop = blob(engine, &SHOP.bytes());
    let member = blob(engine, &MEMBERS[0].bytes());
    let wallet = blob(engine, &WALLETS[0].bytes());
    let number = if engine == Engine::Sqlite { "cannot store" } else { "invalid input syntax" };
    let mut list = vec![
        forbidden("UPDATE wallets SET paid = -1", "check"),
        forbidden("UPDATE wallets SET paid = 9007199254740992", "check"),
        forbidden("UPDATE wallets SET version = -1", "check"),
        forbidden("UPDATE wallets SET paid = 'much'", number),
        forbidden("UPDATE wallets SET paid = NULL", "null"),
        forbidden("UPDATE codes SET expires_at = issued_at", "check"),
        forbidden("UPDATE codes SET bucket = 10", "check"),
        forbidden("UPDATE codes SET bucket = -1", "check"),
    ];
    for (table, column, wrong) in WRONG {
        list.push(forbidden(format!("UPDATE {table} SET {column} = {wrong}"), "check"));
    }
    for id in [&b15, &b17] {
        list.push(forbidden(format!("INSERT INTO merchants (id, name, created_at) VALUES ({id}, 'a', 1)"), "check"));
        list.push(forbidden(
            format!("INSERT INTO shops (id, merchant_id, name, created_at) VALUES ({id}, {merchant}, 'a', 1)"),
            "check",
        ));
        list.push(forbidden(format!("INSERT INTO terminals (id, shop_id, name, token_mac, signing_key_id, created_at) VALUES ({id}, {shop}, 'a', {b32}, 1, 1)"), "check"));
        list.push(forbidden(format!("INSERT INTO members VALUES ({id}, 1)"), "check"));
        list.push(forbidden(
            format!("INSERT INTO wallets (id, member_id, paid, version) VALUES ({id}, {member}, 0, 0)"),
            "check",
        ));
        let code = format!(
            "INSERT INTO codes (bucket, mac, wallet_id, issued_at, expires_at) VALUES (1, {id}, {wallet}, 1, 2)"
        );
        list.push(forbidden(code, "check"));
        list.push(forbidden(format!("INSERT INTO requests VALUES ({id}, 'a', {b16})"), "check"));
        list.push(forbidden(format!("INSERT INTO requests VALUES ({b16}, 'a', {id})"), "check"));
    }
    let long = "a".repeat(65);
    for request_id in ["", &long] {
        list.push(forbidden(format!("INSERT INTO requests VALUES ({b16}, '{request_id}', {b16})"), "check"));
    }
    list.push(forbidden(format!("INSERT INTO terminals (id, shop_id, name, token_mac, signing_key_id, created_at) VALUES ({b16}, {shop}, 'a', {b31}, 1, 1)"), "check"));
    list.push(forbidden(format!("INSERT INTO recovery_codes VALUES ({b31}, {member}, 1)"), "check"));
    list.push(forbidden(format!("INSERT INTO tickets VALUES ({b31}, {b16}, {b16}, 1)"), "check"));
    list
}

/// What breaks a rule between rows.
fn relations(engine: Engine) -> Vec<Forbidden> {
    let nobody = blob(engine, &[0x99; 16]);
    let b32 = blob(engine, &[0x99; 32]);
    let shop = blob(engine, &SHOP.bytes());
    let till = blob(engine, &TILL.bytes());
    let member = blob(engine, &MEMBERS[0].bytes());
    let wallet = blob(engine, &WALLETS[0].bytes());
    let mac = blob(engine, &code_mac(1).mac);
    vec![
        forbidden(
            format!("INSERT INTO shops (id, merchant_id, name, created_at) VALUES ({nobody}, {nobody}, 'a', 1)"),
            "foreign key",
        ),
        forbidden(
            format!(
                "INSERT INTO terminals (id, shop_id, name, token_mac, signing_key_id, created_at) VALUES ({nobody}, {nobody}, 'a', {b32}, 1, 1)"
            ),
            "foreign key",
        ),
        forbidden(format!("INSERT INTO recovery_codes VALUES ({b32}, {nobody}, 1)"), "foreign key"),
        forbidden(
            format!("INSERT INTO credentials VALUES ({nobody}, {nobody}, {b32}, '{{}}', 'a', 1, 1)"),
            "foreign key",
        ),
        forbidden(
            format!("INSERT INTO sessions VALUES ({nobody}, {b32}, {member}, {nobody}, 1, 1, NULL, 1)"),
            "foreign key",
        ),
        forbidden(
            format!("INSERT INTO wallets (id, member_id, paid, version) VALUES ({nobody}, {nobody}, 0, 0)"),
            "foreign key",
        ),
        forbidden(
            format!(
                "INSERT INTO codes (bucket, mac, wallet_id, issued_at, expires_at) VALUES (1, {nobody}, {nobody}, 1, 2)"
            ),
            "foreign key",
        ),
        forbidden(format!("INSERT INTO newest_codes VALUES ({nobody}, 1, {mac})"), "foreign key"),
        forbidden("DELETE FROM merchants", "foreign key"),
        forbidden("DELETE FROM shops", "foreign key"),
        forbidden("DELETE FROM members", "foreign key"),
        forbidden("DELETE FROM wallets", "foreign key"),
        forbidden(
            format!("INSERT INTO wallets (id, member_id, paid, version) VALUES ({nobody}, {member}, 0, 0)"),
            "unique",
        ),
        forbidden(format!("INSERT INTO requests VALUES ({till}, 'r-001', {nobody})"), "unique"),
        forbidden(
            format!(
                "INSERT INTO codes (bucket, mac, wallet_id, issued_at, expires_at) VALUES (1, {mac}, {wallet}, 1, 2)"
            ),
            "unique",
        ),
        forbidden(
            format!(
                "INSERT INTO terminals (id, shop_id, name, token_mac, signing_key_id, created_at) SELECT {nobody}, {shop}, 'a', token_mac, 1, 1 FROM terminals WHERE id = {till}"
            ),
            "unique",
        ),
    ]
}

/// What breaks a rule between rows of the books.
fn books(engine: Engine) -> Vec<Forbidden> {
    let nobody = blob(engine, &[0x99; 16]);
    let other_till = blob(engine, &OTHER_TILL.bytes());
    let transaction = blob(engine, &transaction_id(1).bytes());
    vec![
        forbidden(format!("INSERT INTO terminal_usage (terminal_id, state) VALUES ({nobody}, '{{}}')"), "foreign key"),
        forbidden(
            format!("INSERT INTO terminal_usage SELECT id, '{{}}' FROM terminals WHERE id = {other_till}"),
            "unique",
        ),
        forbidden("INSERT INTO policies (number, at, entries) VALUES (1, 1, '{}')", "unique"),
        forbidden("INSERT INTO account_sums SELECT * FROM account_sums", "unique"),
        // Position and id are each there once.
        forbidden(again("1", &nobody, "wallet_version + 100", "amount", "refusal", "0"), "unique"),
        forbidden(again("position + 1000", &transaction, "wallet_version + 100", "amount", "refusal", "0"), "unique"),
        // What was refused changed no wallet, and there are two books.
        forbidden(again("position + 1000", &nobody, "wallet_version + 100", "amount", "'code_unknown'", "0"), "check"),
        forbidden(again("position + 1000", &nobody, "wallet_version + 100", "-1", "refusal", "0"), "check"),
        forbidden(again("position + 1000", &nobody, "NULL", "9007199254740992", "refusal", "0"), "check"),
        forbidden(again("position + 1000", &nobody, "wallet_version + 100", "amount", "refusal", "2"), "check"),
    ]
}

/// Records the first transaction once more with other values.
fn again(position: &str, id: &str, version: &str, amount: &str, refusal: &str, book: &str) -> String {
    format!(
        "INSERT INTO journal (position, id, kind, book, at, business_date, caller, request_id, body_hash, shop_id, wallet_id, \
         wallet_version, code_bucket, code_mac, parent_id, target, amount, unit, policy, note, refusal, transfers, effect) \
         SELECT {position}, {id}, kind, {book}, at, business_date, caller, request_id, body_hash, shop_id, wallet_id, \
         {version}, code_bucket, code_mac, parent_id, target, {amount}, unit, policy, note, {refusal}, transfers, effect \
         FROM journal WHERE position = 1"
    )
}

async fn everything(database: &TestDatabase) -> Vec<Vec<Vec<String>>> {
    let mut found = Vec::new();
    for table in [
        "merchants",
        "shops",
        "terminals",
        "members",
        "wallets",
        "codes",
        "requests",
        "journal",
        "account_sums",
        "policies",
        "terminal_usage",
    ] {
        found.push(database.query_raw(&format!("SELECT * FROM {table} ORDER BY 1, 2")).await);
    }
    found
}

async fn refuses(database: &TestDatabase, list: Vec<Forbidden>) {
    let before = everything(database).await;
    for Forbidden { sql, word } in list {
        match database.attempt_raw(&sql).await {
            Ok(()) => panic!("the database took: {sql}"),
            Err(refusal) => assert!(refusal.to_lowercase().contains(word), "{sql}\nwas refused for: {refusal}"),
        }
    }
    assert!(everything(database).await == before, "a refused write left something behind");
}

on_both_databases! {
    /// Negative or overlarge balances, ids of a wrong length, text for a number: the schema refuses each.
    async fn the_schema_refuses_impossible_values(database: TestDatabase) {
        tell(&database.open().await).await;
        refuses(&database, values(database.engine())).await;
    }

    /// Orphans, doubles, and transactions that are both done and refused: the schema refuses each.
    async fn the_schema_refuses_impossible_relations(database: TestDatabase) {
        tell(&database.open().await).await;
        refuses(&database, relations(database.engine())).await;
        refuses(&database, books(database.engine())).await;
    }

    /// No column of a recorded transaction changes, and no row goes away.
    async fn the_journal_is_never_changed(database: TestDatabase) {
        tell(&database.open().await).await;
        let first = database.query_raw("SELECT * FROM journal WHERE position = 1").await;
        let mut list = vec![
            forbidden("DELETE FROM journal", "never changed"),
            forbidden("DELETE FROM journal WHERE position = (SELECT max(position) FROM journal)", "never changed"),
        ];
        for column in [
            "position", "id", "kind", "book", "at", "business_date", "caller", "request_id", "body_hash", "shop_id",
            "wallet_id", "wallet_version", "code_bucket", "code_mac", "parent_id", "target", "amount", "unit", "policy",
            "note", "refusal", "transfers", "effect", "previous_id",
        ] {
            list.push(forbidden(format!("UPDATE journal SET {column} = {column} WHERE position = 1"), "never changed"));
        }
        assert_eq!(first[0].len() + 2, list.len(), "a column is not tried");
        if database.engine() == Engine::Postgres {
            list.push(forbidden("TRUNCATE journal", "never changed"));
        }
        refuses(&database, list).await;
    }
}
