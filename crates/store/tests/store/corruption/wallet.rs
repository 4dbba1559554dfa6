//! Wallets that are not what their entries made of them.

use warifu_core::id::WalletId;
use warifu_core::lot::Part;
use warifu_core::time::Time;
use warifu_store::Invariant;
use warifu_testkit::Engine;

use super::{Named, Planted, planted, set, wallet};
use crate::blob;
use crate::story::{Story, WALLETS, json, unpacked};

/// Changes the row of a wallet, which must then be named.
fn changed(engine: Engine, owner: usize, change: &str, invariant: Invariant) -> Planted {
    let id = blob(engine, &WALLETS[owner].bytes());
    planted(format!("UPDATE wallets SET {change} WHERE id = {id}"), invariant, wallet(WALLETS[owner]))
}

/// Stores a wallet as text, as earlier versions did, with something in it replaced.
fn state(story: &Story, engine: Engine, owner: usize, from: &str, to: &str) -> Planted {
    changed(engine, owner, &replaced(story, owner, from, to), Invariant::Fold)
}

fn replaced(story: &Story, owner: usize, from: &str, to: &str) -> String {
    let text = unpacked(&story.wallets[owner]);
    assert!(text.contains(from), "{text} lacks {from}");
    format!("packed = NULL, unpacked = '{}'", text.replace(from, to))
}

/// The same with so much more in it.
fn more(part: &Part, more: i64) -> String {
    json(&part.of(warifu_core::money::Amount::new(part.amount.get() + more).unwrap()))
}

/// The second wallet ends with a hold of one part.
fn hold(story: &Story) -> (String, &Part, Time) {
    let hold = &story.wallets[1].holds[0];
    let [part] = hold.parts.as_slice() else { panic!("the hold has several parts") };
    let (payment, until) = (hold.payment, hold.expires_at.unix_micros());
    let text = format!(r#","holds":[{{"payment":"{payment}","until":{until},"parts":[{}]}}]"#, json(part));
    (text, part, hold.expires_at)
}

pub(super) const ALL: &[Named] = &[
    ("a wallet holds one yen more", |_, engine| changed(engine, 0, "paid = paid + 1", Invariant::Fold)),
    ("a wallet holds one bonus yen less", |_, engine| changed(engine, 1, "bonus = bonus - 1", Invariant::Fold)),
    ("a wallet holds one point more", |_, engine| changed(engine, 0, "points = points + 1", Invariant::Fold)),
    ("a wallet's version is one less", |_, engine| changed(engine, 0, "version = version - 1", Invariant::Fold)),
    ("a wallet is stored as of another time", |_, engine| changed(engine, 0, "at = at - 1", Invariant::Fold)),
    ("a wallet is not swept when it should be", |_, engine| {
        changed(engine, 1, "next_expiry = next_expiry + 1", Invariant::Fold)
    }),
    ("a wallet is in the other book", |_, engine| changed(engine, 0, "book = 1", Invariant::Fold)),
    ("a wallet's text is garbage", |_, engine| {
        changed(engine, 0, "packed = NULL, unpacked = '{\"lots\":'", Invariant::Unchanged)
    }),
    ("a wallet is packed and has a text too", |_, engine| {
        changed(engine, 0, "unpacked = '{\"lots_opened\":0,\"lots\":[]}'", Invariant::Unchanged)
    }),
    ("a wallet is packed in garbage", |_, engine| {
        changed(engine, 0, &format!("packed = {}", blob(engine, &[1, 2, 3])), Invariant::Unchanged)
    }),
    ("a wallet is stored as before there were lots", |_, engine| changed(engine, 0, "packed = NULL", Invariant::Fold)),
    ("a packed wallet is another's", |_, engine| {
        let other = blob(engine, &WALLETS[1].bytes());
        let change = format!("packed = (SELECT packed FROM wallets w WHERE w.id = {other})");
        changed(engine, 0, &change, Invariant::Fold)
    }),
    ("a wallet holds less than nothing", |_, engine| {
        let mut planted = changed(engine, 0, "paid = -1", Invariant::NotNegative);
        if engine == Engine::Postgres {
            planted.sql.insert_str(0, "ALTER TABLE wallets DROP CONSTRAINT wallets_paid_check; ");
        }
        planted
    }),
    ("a yen went from one wallet to another", |_, engine| {
        let mut first = changed(engine, 0, "paid = paid - 1", Invariant::Fold);
        let second = changed(engine, 2, "paid = paid + 1", Invariant::Fold);
        first.sql = format!("{}; {}", first.sql, second.sql);
        first
    }),
    ("a lot holds one yen more", |story, engine| {
        let lot = &story.wallets[0].lots[0];
        state(story, engine, 0, &json(lot), &more(lot, 1))
    }),
    ("a yen went from one lot to another", |story, engine| {
        let [one, other, ..] = story.wallets[1].lots.as_slice() else { panic!("the wallet has one lot") };
        let (from, to) = (format!("{},{}", json(one), json(other)), format!("{},{}", more(one, -1), more(other, 1)));
        state(story, engine, 1, &from, &to)
    }),
    ("a lot expires later", |story, engine| {
        let lots = &story.wallets[1].lots;
        let lot = lots.iter().rev().find(|lot| lot.expires_at.is_some()).unwrap();
        let later = Part {
            expires_at: lot.expires_at.map(|at| at.saturating_add(std::time::Duration::from_secs(1))),
            ..lot.clone()
        };
        state(story, engine, 1, &json(lot), &json(&later))
    }),
    ("a lot is of another account", |story, engine| {
        let lot = &story.wallets[0].lots[0];
        let other = json(lot).replace(r#""account":"paid""#, r#""account":"bonus""#);
        state(story, engine, 0, &json(lot), &other)
    }),
    ("a lot has another number", |story, engine| {
        let lot = &story.wallets[0].lots[0];
        state(story, engine, 0, &json(lot), &json(&Part { lot: lot.lot + 50, ..lot.clone() }))
    }),
    ("a wallet opened one lot more", |story, engine| {
        let opened = story.wallets[0].lots_opened;
        state(story, engine, 0, &format!(r#""lots_opened":{opened}"#), &format!(r#""lots_opened":{}"#, opened + 1))
    }),
    ("a hold is gone", |story, engine| state(story, engine, 1, &hold(story).0, "")),
    ("a hold is gone, and its value with it", |story, engine| {
        let (text, part, _) = hold(story);
        let change = format!("paid = paid - {}, {}", part.amount.get(), replaced(story, 1, &text, ""));
        changed(engine, 1, &change, Invariant::Fold)
    }),
    ("a hold holds one yen less", |story, engine| {
        let (text, part, _) = hold(story);
        state(story, engine, 1, &text, &text.replace(&json(part), &more(part, -1)))
    }),
    ("a hold expires later", |story, engine| {
        let (text, _, until) = hold(story);
        let until = until.unix_micros();
        state(
            story,
            engine,
            1,
            &text,
            &text.replace(&format!(r#""until":{until}"#), &format!(r#""until":{}"#, until + 1)),
        )
    }),
    ("a hold is another payment's", |story, engine| {
        let (text, ..) = hold(story);
        let payment = story.wallets[1].holds[0].payment.to_string();
        state(story, engine, 1, &text, &text.replace(&payment, &story.of("payment").1.id.to_string()))
    }),
    ("a sum over a day is one yen less", |story, engine| {
        let (hour, sum) = *story.wallets[0].paid_out.hours.last().unwrap();
        state(story, engine, 0, &format!("[{hour},{}]", sum.get()), &format!("[{hour},{}]", sum.get() - 1))
    }),
    ("a sum over a month is forgotten", |story, engine| {
        let (day, sum) = story.wallets[0].topped_up.days[0];
        state(story, engine, 0, &format!("[{day},{}]", sum.get()), "")
    }),
    ("a wallet is gone", |_, engine| {
        let id = blob(engine, &WALLETS[0].bytes());
        planted(format!("DELETE FROM wallets WHERE id = {id}"), Invariant::Fold, wallet(WALLETS[0]))
    }),
    ("the last wallet is gone", |_, engine| {
        let id = blob(engine, &WALLETS[3].bytes());
        planted(format!("DELETE FROM wallets WHERE id = {id}"), Invariant::Fold, wallet(WALLETS[3]))
    }),
    ("an entry skips versions", |story, _| {
        let sql = set(story, "grant at the end", "wallet_version = wallet_version + 5");
        planted(sql, Invariant::Fold, wallet(WALLETS[1]))
    }),
    ("two entries swapped their versions", |story, _| {
        let version = story.of("second capture").1.wallet_version().unwrap();
        let aside = set(story, "capture", "wallet_version = -5");
        let other = set(story, "second capture", &format!("wallet_version = {}", version - 1));
        let back = set(story, "capture", &format!("wallet_version = {version}"));
        planted(format!("{aside}; {other}; {back}"), Invariant::Fold, wallet(WALLETS[1]))
    }),
    ("an entry belongs to a wallet that is not there", |story, engine| {
        let nobody = WalletId::from_bytes([0x50; 16]);
        let sql = set(story, "payment", &format!("wallet_id = {}", blob(engine, &nobody.bytes())));
        planted(sql, Invariant::Fold, wallet(WALLETS[0]))
    }),
    ("an entry of a wallet names another's as the one before", |story, engine| {
        let other = blob(engine, &story.of("payment").1.id.bytes());
        let sql = set(story, "grant at the end", &format!("previous_id = {other}"));
        planted(sql, Invariant::Fold, wallet(WALLETS[1]))
    }),
    ("an entry names none before it", |story, _| {
        planted(set(story, "grant at the end", "previous_id = NULL"), Invariant::Fold, wallet(WALLETS[1]))
    }),
    ("a wallet's first entry names one before it", |story, engine| {
        let nobody = blob(engine, &[0x77; 16]);
        planted(set(story, "top-up", &format!("previous_id = {nobody}")), Invariant::Fold, wallet(WALLETS[0]))
    }),
    ("an entry that changed no wallet names one before it", |story, engine| {
        let other = blob(engine, &story.of("payment").1.id.bytes());
        let (position, _) = story.of("cancel in advance");
        let sql = set(story, "cancel in advance", &format!("previous_id = {other}"));
        planted(sql, Invariant::Unchanged, format!("position {position}"))
    }),
    ("an entry names itself", |story, _| {
        planted(set(story, "grant at the end", "previous_id = id"), Invariant::Fold, wallet(WALLETS[1]))
    }),
    ("a wallet's last entry is the one before it", |story, engine| {
        let before = blob(engine, &story.of("grant at the end").1.done().unwrap().previous.unwrap().bytes());
        changed(engine, 1, &format!("last_id = {before}"), Invariant::Fold)
    }),
    ("a wallet has lost its last entry", |_, engine| changed(engine, 1, "last_id = NULL", Invariant::Fold)),
    ("an entry that no wallet leads to", |story, engine| {
        let (position, _) = story.of("grant at the end");
        let id = blob(engine, &[0x77; 16]);
        let columns = "kind, at, business_date, caller, request_id, body_hash, wallet_id, wallet_version, amount, unit, \
                       refusal, transfers, book, policy, effect, previous_id";
        let end = "(SELECT max(position) + 1 FROM journal)";
        let sql = format!(
            "INSERT INTO journal (position, id, {columns}) SELECT {end}, {id}, {columns} FROM journal \
             WHERE position = {position}"
        );
        planted(sql, Invariant::Fold, "journal")
    }),
    ("an entry lost its wallet", |story, _| {
        planted(set(story, "payment", "wallet_id = NULL"), Invariant::Fold, wallet(WALLETS[0]))
    }),
    ("a trial counts as real", |story, _| {
        planted(set(story, "trial payment that counts", "book = 0"), Invariant::Fold, wallet(WALLETS[3]))
    }),
];
