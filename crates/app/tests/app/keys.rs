//! The key ring and the issuer: a database opens with its own and with no other, and keys rotate without a loss.

use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use jiff::tz::TimeZone;
use secrecy::ExposeSecret as _;
use warifu_app::{
    AccessDenied, App, Caller, Clock, KeyError, KeyRing, ManualClock, OpenError, Options, PrivateAddresses, Settings,
};
use warifu_core::place::{Book, Channel};
use warifu_testkit::{TestDatabase, on_both_databases};

use crate::access::signed;
use crate::town::{PREFIX, SECRET, Town, morning, open, refusal, terminal_of};

/// Secrets in the Base64 of a key file.
const NEW: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=";
const OTHER: &str = "QEFCQ0RFRkdISUpLTE1OT1BRUlNUVVZXWFlaW1xdXl8=";

fn write_ring(path: &Path, keys: &[(u32, &str)]) {
    use std::io::Write as _;
    let _ = std::fs::remove_file(path);
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).unwrap();
    for (id, secret) in keys {
        writeln!(file, "[[keys]]\nid = {id}\nsecret = \"{secret}\"").unwrap();
    }
}

/// The secret of the one key in a file that was made at the first start.
fn made_secret(path: &Path) -> String {
    let text = std::fs::read_to_string(path).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix("secret = \"")).unwrap();
    line.trim_end_matches('"').to_owned()
}

async fn open_with_file(database: &TestDatabase, keys: &Path, clock: &Arc<ManualClock>) -> Result<App, OpenError> {
    let settings = Settings {
        database: database.parsed_url(),
        keys: keys.to_owned(),
        issuer_prefix: PREFIX.parse().unwrap(),
        business_zone: TimeZone::get("Asia/Tokyo").unwrap(),
        options: Options::default(),
        public_origin: "http://localhost:8080".to_owned(),
        webhook_private_addresses: PrivateAddresses::Refuse,
        begin: warifu_app::Begin::Operator,
    };
    App::open(settings, Arc::clone(clock) as Arc<dyn Clock>).await
}

fn clock() -> Arc<ManualClock> {
    Arc::new(ManualClock::at(morning()))
}

on_both_databases! {
    /// A database that was used with one ring does not open with another; with its own it still does.
    async fn another_ring_is_refused(database: TestDatabase) {
        let clock = clock();
        open(&database, KeyRing::fixed(SECRET), PREFIX, &clock).await.unwrap().drain().await;
        let refused = open(&database, KeyRing::fixed([8; 32]), PREFIX, &clock).await;
        assert!(matches!(refused, Err(OpenError::WrongKey(1))), "{refused:?}");
        open(&database, KeyRing::fixed(SECRET), PREFIX, &clock).await.unwrap();
    }

    /// A database issues codes of one issuer only.
    async fn another_issuer_is_refused(database: TestDatabase) {
        let clock = clock();
        open(&database, KeyRing::fixed(SECRET), PREFIX, &clock).await.unwrap().drain().await;
        let refused = open(&database, KeyRing::fixed(SECRET), "12345678", &clock).await;
        match refused {
            Err(OpenError::WrongIssuer { found, configured }) => {
                assert_eq!((found.as_str(), configured.as_str()), (PREFIX, "12345678"));
            }
            other => panic!("{other:?}"),
        }
        open(&database, KeyRing::fixed(SECRET), PREFIX, &clock).await.unwrap();
    }

    /// A new database makes a key file; a used one without its key file does not open, and no new file is made.
    async fn a_missing_key_file_is_never_replaced(database: TestDatabase) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("warifu.keys");
        let town = Town::found_with(open_with_file(&database, &path, &clock()).await.unwrap(), clock()).await;
        town.app.drain().await;
        let away = folder.path().join("away.keys");
        std::fs::rename(&path, &away).unwrap();
        let refused = open_with_file(&database, &path, &clock()).await;
        assert!(matches!(&refused, Err(OpenError::KeysMissing(missing)) if *missing == path), "{refused:?}");
        assert!(!path.exists());
        std::fs::rename(&away, &path).unwrap();
        let app = open_with_file(&database, &path, &clock()).await.unwrap();
        assert_eq!(terminal_of(&app, &town.till).await.unwrap(), town.till.terminal);
    }

    /// A key file that others can read, or that is none, is refused, and nothing is opened.
    async fn an_exposed_or_malformed_key_file_is_refused(database: TestDatabase) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("warifu.keys");
        for (text, mode) in [(format!("[[keys]]\nid = 1\nsecret = \"{NEW}\""), 0o640), ("keys".to_owned(), 0o600)] {
            let _ = std::fs::remove_file(&path);
            let mut options = std::fs::OpenOptions::new();
            let mut file = options.write(true).create_new(true).mode(mode).open(&path).unwrap();
            std::io::Write::write_all(&mut file, text.as_bytes()).unwrap();
            let refused = open_with_file(&database, &path, &clock()).await;
            let expected = if mode == 0o640 {
                matches!(refused, Err(OpenError::Keys(KeyError::Exposed(_))))
            } else {
                matches!(refused, Err(OpenError::Keys(KeyError::Malformed { .. })))
            };
            assert!(expected, "{refused:?}");
        }
        assert_eq!(database.query_raw("SELECT count(*) FROM settings").await, [["0"]]);
    }

    /// With a newer key in front, what the old one made is still known: tokens, codes, signatures and replays. What is new
    /// is made by the newer key. Without the old key, what it made is not known any more.
    async fn keys_rotate_without_a_loss(database: TestDatabase) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("warifu.keys");
        let clock = clock();
        let old = Town::found_with(open_with_file(&database, &path, &clock).await.unwrap(), Arc::clone(&clock)).await;
        old.fund("t-1", 1_000).await;
        let used = old.code().await;
        let first = old.pay("p-1", &used, 100).await.unwrap();
        let unused = old.code().await;
        old.app.drain().await;

        let secret = made_secret(&path);
        write_ring(&path, &[(1, &secret), (2, NEW)]);
        let town = Town { app: Arc::new(open_with_file(&database, &path, &clock).await.unwrap()), ..old };
        assert_eq!(terminal_of(&town.app, &town.till).await.unwrap(), town.till.terminal);
        let handset = &town.member.handset;
        let request = handset.sign("GET", "/v1/balances", town.clock_now(), b"").unwrap();
        let asking = town.app.caller_of_session(handset.token().expose_secret(), request).await.unwrap();
        assert!(matches!(asking, Caller::Member(phone) if phone == town.member.phone));
        let request = signed(&town.till, clock_seconds(), "nonce-of-the-old-key", b"{}");
        assert!(matches!(town.app.caller_of_signature(request).await, Ok(Caller::Terminal(_))));
        let again = town.pay("p-1", &used, 100).await.unwrap();
        assert_eq!((again.record, again.replayed), (first.record, true));
        assert_eq!(refusal(&town.pay("p-2", &unused, 100).await.unwrap().record), None);
        assert_eq!(town.balance().await, 800);
        let new = town.app.add_terminal(town.shop.id, "レジ3", Channel::Till, Book::Real).await.unwrap();
        assert_eq!((town.till.terminal.signing_key_id, new.terminal.signing_key_id), (1, 2));
        let made_by_new = town.code().await;
        town.close_clean(&database).await;

        write_ring(&path, &[(2, NEW)]);
        let town = Town { app: Arc::new(open_with_file(&database, &path, &clock).await.unwrap()), ..town };
        assert_eq!(terminal_of(&town.app, &new).await.unwrap(), new.terminal);
        assert!(matches!(terminal_of(&town.app, &town.till).await, Err(AccessDenied::UnknownToken)));
        let request = signed(&town.till, clock_seconds(), "nonce-of-a-lost-key", b"{}");
        assert!(matches!(town.app.caller_of_signature(request).await, Err(AccessDenied::WrongSignature)));
        assert_eq!(refusal(&town.pay("p-3", &made_by_new, 100).await.unwrap().record), None);
        town.close_clean(&database).await;
    }

    /// A ring that shares no key with those that were used is refused, even if it claims none of their numbers.
    async fn a_ring_of_other_numbers_is_refused(database: TestDatabase) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("warifu.keys");
        open_with_file(&database, &path, &clock()).await.unwrap().drain().await;
        let secret = made_secret(&path);
        write_ring(&path, &[(2, OTHER)]);
        assert!(matches!(open_with_file(&database, &path, &clock()).await, Err(OpenError::WrongKey(2))));
        write_ring(&path, &[(1, &secret), (2, NEW)]);
        open_with_file(&database, &path, &clock()).await.unwrap().drain().await;
    }

    /// A ring that is refused leaves nothing behind: the right ring, with a new key of the same number, still opens.
    async fn a_refused_ring_leaves_nothing_behind(database: TestDatabase) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("warifu.keys");
        open_with_file(&database, &path, &clock()).await.unwrap().drain().await;
        let secret = made_secret(&path);
        let before = database.query_raw("SELECT * FROM settings ORDER BY name").await;
        write_ring(&path, &[(1, OTHER), (2, OTHER)]);
        assert!(matches!(open_with_file(&database, &path, &clock()).await, Err(OpenError::WrongKey(1))));
        assert_eq!(database.query_raw("SELECT * FROM settings ORDER BY name").await, before);
        write_ring(&path, &[(1, &secret), (2, NEW)]);
        open_with_file(&database, &path, &clock()).await.unwrap();
    }
}

fn clock_seconds() -> i64 {
    morning().unix_micros() / 1_000_000
}
