//! What is above the limits that it was decided by.

use warifu_store::Invariant;
use warifu_testkit::Engine;

use super::{Named, Planted, planted, set, transaction, wallet};
use crate::blob;
use crate::story::{MEMBERS, OTHER_TILL, Story, WALLETS};

/// The one policy that was made has another entry.
fn policy(from: &str, to: &str, object: String) -> Planted {
    let sql = format!("UPDATE policies SET entries = replace(entries, '{from}', '{to}') WHERE number = 1");
    planted(sql, Invariant::Limits, object)
}

/// Changes what is stored of the capped terminal.
fn usage(engine: Engine, change: &str, invariant: Invariant) -> Planted {
    let id = blob(engine, &OTHER_TILL.bytes());
    planted(format!("{change} WHERE terminal_id = {id}"), invariant, format!("terminal {OTHER_TILL}"))
}

/// A transaction was decided by another policy.
fn by_policy(story: &Story, name: &str, number: i64) -> Planted {
    planted(set(story, name, &format!("policy = {number}")), Invariant::Limits, transaction(story.of(name).1))
}

/// A wallet cooled all the time, under a policy that lets it pay less meanwhile than it paid.
fn cooling(engine: Engine) -> Planted {
    let (id, member) = (blob(engine, &[0x77; 16]), blob(engine, &MEMBERS[0].bytes()));
    let key = blob(engine, &[4; 65]);
    let sql = format!(
        "INSERT INTO devices (id, member_id, public_key, name, created_at, admitted_at, cooling_until, lifted_at) \
         VALUES ({id}, {member}, {key}, 'a', 0, 0, 9000000000000000, NULL); \
         UPDATE policies SET entries = replace(entries, '\"cooling_payment_day\":10000', '\"cooling_payment_day\":4949')"
    );
    planted(sql, Invariant::Cooling, wallet(WALLETS[0]))
}

pub(super) const ALL: &[Named] = &[
    ("a payment is above the limit of its policy", |story, _| by_policy(story, "big payment", 1)),
    ("a top-up is above the limit of a till", |story, _| {
        policy(r#""till_top_up_max":49000"#, r#""till_top_up_max":8799"#, transaction(story.of("capped top-up").1))
    }),
    ("a wallet holds more than it may after a top-up", |story, _| {
        policy(r#""balance_max":100000"#, r#""balance_max":20000"#, transaction(story.of("capped top-up").1))
    }),
    ("a wallet paid more over a day than it may", |_, _| {
        policy(r#""wallet_payment_day":6000"#, r#""wallet_payment_day":4949"#, wallet(WALLETS[0]))
    }),
    ("a wallet topped up more over a month than it may", |_, _| {
        policy(r#""wallet_top_up_month":90000"#, r#""wallet_top_up_month":68799"#, wallet(WALLETS[1]))
    }),
    ("a wallet paid more than it may while it cooled", |_, engine| cooling(engine)),
    ("a terminal took more over a day than it may", |_, _| {
        policy(r#""terminal_payment_day":5000"#, r#""terminal_payment_day":4949"#, format!("terminal {OTHER_TILL}"))
    }),
    ("a terminal topped up more over a day than it may", |_, _| {
        policy(r#""terminal_top_up_day":9000"#, r#""terminal_top_up_day":8799"#, format!("terminal {OTHER_TILL}"))
    }),
    ("what a terminal did is stored as less", |_, engine| {
        usage(engine, "UPDATE terminal_usage SET state = replace(state, ',4950]', ',4949]')", Invariant::Limits)
    }),
    ("what a terminal did is stored as more", |_, engine| {
        usage(engine, "UPDATE terminal_usage SET state = replace(state, ',4950]', ',4951]')", Invariant::Limits)
    }),
    ("what a terminal did is forgotten", |_, engine| usage(engine, "DELETE FROM terminal_usage", Invariant::Limits)),
    ("what a terminal did is garbage", |_, engine| {
        usage(engine, "UPDATE terminal_usage SET state = '{'", Invariant::Unchanged)
    }),
    ("a transaction was decided by a policy that is not there", |story, _| by_policy(story, "big payment", 9)),
    ("a policy is gone", |story, _| {
        planted("DELETE FROM policies", Invariant::Limits, transaction(story.of("capped payment").1))
    }),
    ("a policy is garbage", |_, _| planted("UPDATE policies SET entries = '[]'", Invariant::Unchanged, "policy 1")),
];
