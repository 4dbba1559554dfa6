//! A stolen database tells no secret: neither tokens nor signing secrets nor the digits of codes stand in it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::ExposeSecret as _;
use warifu_app::DatabaseUrl;
use warifu_testkit::{Engine, TestDatabase, on_both_databases};

use crate::access::signed;
use crate::town::{Town, morning};

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        write!(text, "{byte:02x}").unwrap();
        text
    })
}

/// A secret in every spelling in which it might stand somewhere.
fn spellings(secret: &str) -> Vec<Vec<u8>> {
    let bare = secret.split_once('_').map_or(secret, |(_, bare)| bare);
    let mut found = vec![secret.as_bytes().to_vec(), bare.as_bytes().to_vec(), hex(bare.as_bytes()).into_bytes()];
    if bare.len() == 24 {
        // The digits of a code behind the issuer's.
        found.push(bare.as_bytes()[8..].to_vec());
        found.push(hex(&bare.as_bytes()[8..]).into_bytes());
    } else {
        let bytes = URL_SAFE_NO_PAD.decode(bare).unwrap();
        found.push(hex(&bytes).into_bytes());
        found.push(bytes);
    }
    found
}

/// Every value of every table, bytes in hexadecimal.
async fn everything(database: &TestDatabase) -> Vec<u8> {
    let tables = match database.engine() {
        Engine::Sqlite => "SELECT name FROM sqlite_schema WHERE type = 'table'",
        Engine::Postgres => "SELECT tablename FROM pg_tables WHERE schemaname = 'public'",
    };
    let mut text = String::new();
    let tables = database.query_raw(tables).await;
    assert!(tables.len() >= 14, "{tables:?}");
    for table in tables {
        for row in database.query_raw(&format!("SELECT * FROM {}", table[0])).await {
            text.push_str(&row.join("\n"));
            text.push('\n');
        }
    }
    text.into_bytes()
}

fn holds(place: &[u8], secret: &[u8]) -> bool {
    place.windows(secret.len()).any(|window| window == secret)
}

on_both_databases! {
    /// After tokens, signatures, payments, top-ups, refusals and unused codes, no secret stands in any table; on SQLite, in
    /// no byte of its files.
    async fn no_secret_stands_in_the_database(database: TestDatabase) {
        let town = Town::found(&database).await;
        let seconds = morning().unix_micros() / 1_000_000;
        town.app.caller_of_signature(signed(&town.till, seconds, "nonce-0123456789", b"{}")).await.unwrap();
        let codes = [town.code().await, town.code().await, town.code().await];
        town.pay("p-1", &codes[2], 10).await.unwrap();
        town.top_up("t-1", &codes[2], 1_000).await.unwrap();
        let paid = town.code().await;
        town.pay("p-2", &paid, 10).await.unwrap();
        let unused = town.code().await;
        let mut secrets = vec![
            town.till.token.expose_secret(),
            town.till.signing_secret.expose_secret(),
            town.other_till.token.expose_secret(),
            town.member.handset.token().expose_secret(),
            paid.digits(),
            unused.digits(),
        ];
        secrets.extend(codes.iter().map(|code| code.digits()));

        let mut places = vec![everything(&database).await];
        if let DatabaseUrl::Sqlite(path) = database.parsed_url() {
            for file in std::fs::read_dir(path.parent().unwrap()).unwrap() {
                places.push(std::fs::read(file.unwrap().path()).unwrap());
            }
            assert!(places.len() >= 3, "a database and its log");
        }
        // What does stand there is found, so the search works.
        assert!(holds(&places[0], "レジ1".as_bytes()) && holds(&places[0], b"nonce-0123456789"));
        assert!(holds(&places[0], hex(&town.till.terminal.token_mac).as_bytes()));
        for place in &places {
            for secret in secrets.iter().flat_map(|secret| spellings(secret)) {
                assert!(!holds(place, &secret), "{}", String::from_utf8_lossy(&secret));
            }
        }
    }
}
