//! The journal: every column of a transaction comes back as it was written, at the ends of its range too.

use warifu_core::code::CodeMac;
use warifu_core::id::{MemberId, TransactionId, WalletId};
use warifu_core::ledger::{
    Account, Ask, Capture, Command, Done, Kind, Loaded, Outcome, Transaction as Record, Transfer,
};
use warifu_core::lot::{LotAccount, Move, Part, Step};
use warifu_core::money::{Amount, Unit};
use warifu_core::payment::Totals;
use warifu_core::place::Book;
use warifu_core::refusal::Refusal;
use warifu_core::request::{BodyHash, CallerId, RequestKey};
use warifu_core::time::{BusinessDate, Time};
use warifu_store::{Database, JournalCursor, Recorded};
use warifu_testkit::{TestDatabase, on_both_databases};

use crate::round_trip::BYTES;
use crate::story::{
    SHOP, TILL, WALLETS, code, code_mac, command, record, settle, tell, time, top_up, transaction_id, yen,
};

on_both_databases! {
    /// Transactions of every outcome come back as they were recorded, by id, by request key, by wallet and by position.
    async fn journal_rows_round_trip(database: TestDatabase) {
        let opened = database.open().await;
        let mut all = records();
        let last = chain(&mut all);
        let (rows, claims) = (all.clone(), all.clone());
        let written = opened.write(move |transaction| Box::pin(async move {
            let keys = claims.iter().map(|(record, _)| (&record.key, record.id)).collect();
            let (head, claimed) = transaction.begin_batch(&keys).await?;
            assert_eq!(claimed.len(), claims.len());
            let rows: Vec<_> = rows.into_iter().map(|(record, _)| record).collect();
            let (member, wallet) = (MemberId::from_bytes(BYTES), WalletId::from_bytes(BYTES));
            transaction.create_member(member, wallet, Book::Real, Time::EPOCH).await?;
            transaction.record(head, &rows, &Loaded::default()).await
        }));
        written.await.unwrap();
        let after = all.clone();
        let found = opened.read(move |transaction| Box::pin(async move {
            for (record, why) in &after {
                let by_id = transaction.find_transaction(record.id).await?;
                assert_eq!(by_id.as_ref().map(|found| &found.record), Some(record), "{why}");
                assert_eq!(transaction.find_transaction_by_request(&record.key).await?, by_id, "{why}");
            }
            let nobody = RequestKey { caller: TILL.into(), request_id: after[0].0.key.request_id.clone() };
            assert_eq!(transaction.find_transaction_by_request(&nobody).await?, None);
            transaction.list_transactions_after(JournalCursor { stream: 0, position: 0 }, 1_000).await
        }));
        let expected: Vec<_> = (1..).zip(all).map(|(position, (record, _))| Recorded { position, record }).collect();
        assert_eq!(found.await.unwrap(), expected);
        let last = crate::blob(database.engine(), &last.unwrap().bytes());
        database.execute_raw(&format!("UPDATE wallets SET last_id = {last}")).await;
        of_wallet(&opened, expected).await;
    }

    /// A chain that somebody led to another wallet's entries shows none of them.
    async fn a_history_shows_nothing_of_another_wallet(database: TestDatabase) {
        let opened = database.open().await;
        let story = tell(&opened).await;
        let history = async || -> Vec<i64> {
            let read = opened.read(|transaction| Box::pin(async move {
                transaction.list_transactions_of_wallet(WALLETS[0], i64::MAX, 1_000).await
            }));
            read.await.unwrap().iter().map(|recorded| recorded.position).collect()
        };
        let before = history().await;
        let other = crate::blob(database.engine(), &story.wallets[1].last.unwrap().bytes());
        let middle = before[2];
        database.execute_raw(&format!("UPDATE journal SET previous_id = {other} WHERE position = {middle}")).await;
        assert_eq!(history().await, before[..3]);
        database.execute_raw(&format!("UPDATE wallets SET last_id = {other} WHERE id = {}", crate::blob(database.engine(), &WALLETS[0].bytes()))).await;
        assert!(history().await.is_empty());
    }

    /// What follows a payment is found, the oldest first, without what was refused.
    async fn followers_round_trip(database: TestDatabase) {
        let opened = database.open().await;
        let story = tell(&opened).await;
        let (payment, top_up) = (story.of("authorization").1.id, story.of("top-up to cancel").1.id);
        let found = opened.read(move |transaction| Box::pin(async move {
            let of_top_up = transaction.list_followers(top_up).await?;
            Ok((transaction.list_followers(payment).await?, of_top_up))
        }));
        let (of_payment, of_top_up) = found.await.unwrap();
        let found: Vec<_> = of_payment.iter().map(|recorded| &recorded.record).collect();
        let names = ["capture", "second capture", "last capture", "refund", "second refund"];
        assert_eq!(found, names.map(|name| story.of(name).1));
        assert_eq!(of_top_up.len(), 1);
        assert_eq!(&of_top_up[0].record, story.of("top-up cancel").1);
    }

    /// What is written for one transaction is what a person with a database shell reads.
    async fn a_payment_is_readable_in_the_database(database: TestDatabase) {
        let opened = database.open().await;
        settle(&opened).await;
        opened.write(|transaction| Box::pin(async move {
            transaction.create_code(&code(1, 0, time(0)), None).await?;
            record(transaction, &top_up(1, 1, 1_200), time(9)).await?;
            transaction.create_code(&code(2, 0, time(0)), None).await?;
            let ask =
                Ask::Pay { code: vec![code_mac(2)], amount: yen(300), capture: Capture::Later, forced: None };
            record(transaction, &Command { note: Some("{\"注\":1}".to_owned()), ..command(2, TILL, ask) }, time(10)).await
        })).await.unwrap();
        let found = database.query_raw(
            "SELECT position, kind, book, at, business_date, request_id, wallet_version, code_bucket, parent_id, target, \
             amount, unit, policy, note, refusal, transfers, effect FROM journal ORDER BY position",
        );
        let transfers = r#"[{"debit":"shop:cash","credit":"wallet:paid","amount":1200,"unit":"JPY","credit_after":1200}]"#;
        let at = [time(9), time(10)].map(|at| at.unix_micros().to_string());
        let until = time(10 + 7 * 86_400).unix_micros();
        let (first, second) = (transaction_id(1), transaction_id(2));
        let effects = [
            format!(r#"{{"moves":[{{"step":"in","lot":1,"account":"paid","origin":"{first}","amount":1200}}]}}"#),
            format!(
                r#"{{"moves":[{{"step":"hold","payment":"{second}","lot":1,"account":"paid","origin":"{first}","amount":300}}],"hold_until":{until},"totals":{{"authorized":300,"captured":0,"refunded":0,"points_earned":0,"points_taken":0}}}}"#
            ),
        ];
        let (null, day) = ("NULL", "20260401");
        let rows = [
            ["1", "top_up", "0", &at[0], day, "r-001", "1", "1", null, null, "1200", "JPY", "0", null, null, transfers, &effects[0]],
            ["2", "authorization", "0", &at[1], day, "r-002", "2", "2", null, null, "300", "JPY", "0", "{\"注\":1}", null, "[]", &effects[1]],
        ];
        assert_eq!(found.await, rows);
    }
}

/// Has each of the wallet's transactions name the one before it, and returns the last.
fn chain(records: &mut [(Record, &'static str)]) -> Option<TransactionId> {
    let own = |record: &Record| record.wallet == Some(WalletId::from_bytes(BYTES));
    let mut done: Vec<_> = records
        .iter_mut()
        .filter(|(record, _)| own(record))
        .filter_map(|(record, _)| match &mut record.outcome {
            Outcome::Done(done) if done.wallet_version.is_some() => Some((record.id, done)),
            _ => None,
        })
        .collect();
    done.sort_by_key(|(_, done)| done.wallet_version);
    done.into_iter().fold(None, |previous, (id, done)| {
        done.previous = previous;
        Some(id)
    })
}

/// A wallet's history holds what was done to it, newest first, in pages, and nothing that was refused.
async fn of_wallet(database: &Database, expected: Vec<Recorded>) {
    let wallet = WalletId::from_bytes(BYTES);
    let found = database
        .read(move |transaction| {
            Box::pin(async move {
                let all = transaction.list_transactions_of_wallet(wallet, i64::MAX, 1_000).await?;
                let page = transaction.list_transactions_of_wallet(wallet, 3, 1).await?;
                Ok((all, page))
            })
        })
        .await
        .unwrap();
    let mut done: Vec<_> = expected
        .into_iter()
        .filter(|recorded| recorded.record.wallet == Some(wallet))
        .filter(|recorded| recorded.record.wallet_version().is_some_and(|version| version < i64::MAX))
        .collect();
    done.sort_by_key(|recorded| std::cmp::Reverse(recorded.record.wallet_version()));
    assert_eq!(
        found.1.as_slice(),
        done.iter().skip_while(|next| next.record.wallet_version() >= Some(3)).take(1).cloned().collect::<Vec<_>>()
    );
    assert_eq!(found.0, done);
}

/// Transactions at the ends of every range, each with what it shows.
pub(crate) fn records() -> Vec<(Record, &'static str)> {
    let whole = Record {
        id: transaction_id(0),
        kind: Kind::Payment,
        book: Book::Real,
        at: time(0),
        business_date: BusinessDate::from_number(20_260_401).unwrap(),
        key: RequestKey { caller: CallerId::from_bytes(BYTES), request_id: "!~'\"\\%_$1?1".parse().unwrap() },
        body: BodyHash([0; 32]),
        shop: Some(SHOP),
        wallet: Some(WalletId::from_bytes(BYTES)),
        code: Some(CodeMac { bucket: 0, mac: BYTES }),
        parent: None,
        target: None,
        amount: yen(1),
        unit: Unit::Jpy,
        policy: 0,
        note: None,
        outcome: Outcome::Done(Done { wallet_version: Some(1), ..Done::default() }),
    };
    let done = |version| Outcome::Done(Done { wallet_version: Some(version), ..Done::default() });
    let refused = |refusal| Outcome::Refused(refusal);
    let long = "x".repeat(64).parse().unwrap();
    let mut records = vec![
        (whole.clone(), "no transfer"),
        (Record { kind: Kind::TopUp, amount: Amount::MAX, outcome: done(3), ..whole.clone() }, "top-up of all"),
        (Record { unit: Unit::Point, at: Time::MAX, outcome: done(4), ..whole.clone() }, "points, the last moment"),
        (Record { body: BodyHash([0xff; 32]), outcome: done(5), ..whole.clone() }, "another body"),
        (Record { code: None, wallet: Some(WALLETS[1]), outcome: done(6), ..whole.clone() }, "no code"),
        (Record { outcome: done(i64::MAX), ..whole.clone() }, "the last version"),
        (
            Record { key: RequestKey { caller: TILL.into(), request_id: long }, outcome: done(8), ..whole.clone() },
            "long key",
        ),
        (Record { wallet: None, code: None, outcome: refused(Refusal::CodeUnknown), ..whole.clone() }, "unknown"),
        (Record { shop: None, amount: Amount::ZERO, outcome: done(9), ..whole.clone() }, "nowhere, and nothing"),
        (
            Record { book: Book::Sandbox, policy: i64::MAX, outcome: done(10), ..whole.clone() },
            "a trial, a late policy",
        ),
        (Record { parent: Some(TransactionId::from_bytes(BYTES)), outcome: done(11), ..whole.clone() }, "a follower"),
        (Record { note: Some("{\"理由\":\"☕ '\\\\\"}".to_owned()), outcome: done(12), ..whole.clone() }, "a note"),
        (
            Record { target: Some("~".parse().unwrap()), outcome: Outcome::Done(Done::default()), ..whole.clone() },
            "in advance",
        ),
    ];
    records.extend(
        effects().into_iter().map(|(effect, why)| (Record { outcome: Outcome::Done(effect), ..whole.clone() }, why)),
    );
    for kind in Kind::ALL {
        let outcome = Outcome::Done(Done::default());
        records.push((Record { kind: *kind, outcome, ..whole.clone() }, kind.text()));
    }
    for date in [10_101, 99_991_231] {
        let business_date = BusinessDate::from_number(date).unwrap();
        records.push((Record { business_date, outcome: done(date), ..whole.clone() }, "a first or last date"));
    }
    for refusal in Refusal::ALL {
        records.push((Record { outcome: refused(refusal), ..whole.clone() }, refusal.word()));
    }
    for (number, (record, _)) in (0_u8..).zip(&mut records) {
        record.id = transaction_id(number);
        if record.key == whole.key && number > 0 {
            record.key.request_id = format!("r{number}").parse().unwrap();
        }
    }
    records
}

/// Everything that a transaction can do.
fn effects() -> Vec<(Done, &'static str)> {
    let transfer = |account: Account, after| Transfer {
        debit: account,
        credit: Account::IssuerSuspense,
        amount: Amount::MAX,
        unit: Unit::Point,
        debit_after: after,
        credit_after: None,
    };
    let mut transfers: Vec<_> = Account::ALL.iter().map(|account| transfer(*account, None)).collect();
    transfers.push(Transfer { credit_after: Some(Amount::MAX), ..transfer(Account::WalletPaid, Some(Amount::ZERO)) });
    let mut moves = Vec::new();
    for step in Step::ALL {
        for (account, expires_at) in LotAccount::ALL.into_iter().zip([None, Some(Time::EPOCH), Some(Time::MAX)]) {
            let origin = TransactionId::from_bytes(BYTES);
            let part = Part { lot: i64::MAX, account, origin, expires_at, amount: Amount::MAX };
            moves.push(Move { step, part, payment: expires_at.map(|_| transaction_id(7)) });
        }
    }
    let totals = Totals {
        authorized: Amount::MAX,
        captured: yen(4),
        refunded: yen(3),
        points_earned: yen(2),
        points_taken: yen(1),
    };
    let at_version = |version| Done { wallet_version: Some(version), ..Done::default() };
    vec![
        (Done { transfers, ..at_version(20) }, "every account"),
        (Done { moves, ..at_version(21) }, "every step"),
        (Done { hold_expires_at: Some(Time::MAX), ..at_version(22) }, "a hold"),
        (Done { closes_hold: true, totals: Some(totals), ..at_version(23) }, "the end of a hold"),
        (Done { totals: Some(Totals::default()), ..Done::default() }, "figures of nothing"),
    ]
}
