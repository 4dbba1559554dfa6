//! Each column of each table: what is written is what is read, at the ends of its range too.

use warifu_core::code::{CodeMac, IssuedCode};
use warifu_core::id::{MemberId, MerchantId, ShopId, TerminalId, TransactionId, WalletId};
use warifu_core::ledger::{Account, Kind, Loaded, Outcome, Transaction as Record, Transfer};
use warifu_core::money::{Amount, Unit};
use warifu_core::refusal::Refusal;
use warifu_core::request::{BodyHash, RequestKey};
use warifu_core::time::{BusinessDate, Time};
use warifu_store::{AccountSum, Database, JournalCursor, Merchant, Recorded, Shop, StoreError, Terminal};
use warifu_testkit::{TestDatabase, on_both_databases};

use crate::story::{MEMBERS, SHOP, TILL, WALLETS, code, code_mac, command, record, settle, time, transaction_id, yen};

/// Names as people write them: Japanese, beyond the basic plane, with quotes, and of one character.
const NAMES: [&str; 5] =
    ["株式会社わりふ", "𠮷野家 ☕ 2号店", "O'Neill \"x\" \\ %_ $1 ?1", "ｶﾌｪ　カフェ が\u{3099}", "a"];
/// All kinds of bytes, zeros at both ends.
const BYTES: [u8; 16] = [0, 0xff, 0x27, 0x5c, 0x80, 0x0a, 0x0d, 0x25, 0x24, 0x3f, 1, 2, 3, 0xfe, 0x7f, 0];

on_both_databases! {
    /// Merchants, shops and terminals come back as they were kept, by each key they are found by.
    async fn merchants_shops_and_terminals_round_trip(database: TestDatabase) {
        let opened = database.open().await;
        for (number, name) in (1_u8..).zip(NAMES) {
            let mut bytes = BYTES;
            bytes[15] = number;
            let times = if number % 2 == 0 { [Time::EPOCH, Time::MAX] } else { [Time::MAX, Time::EPOCH] };
            let merchant = Merchant { id: MerchantId::from_bytes(bytes), name: name.to_owned(), created_at: times[0] };
            let shop =
                Shop { id: ShopId::from_bytes(bytes), merchant: merchant.id, name: name.to_owned(), created_at: times[1] };
            let terminal = Terminal {
                id: TerminalId::from_bytes(bytes),
                shop: shop.id,
                name: name.to_owned(),
                token_mac: std::array::from_fn(|index| bytes[index % 16]),
                signing_key_id: i64::from(u32::MAX),
                created_at: times[0],
            };
            let kept = (merchant.clone(), shop.clone(), terminal.clone());
            let found = opened.write(move |transaction| Box::pin(async move {
                transaction.create_merchant(&merchant).await?;
                transaction.create_shop(&shop).await?;
                transaction.create_terminal(&terminal).await?;
                let by_id = transaction.find_terminal(terminal.id).await?;
                assert_eq!(transaction.find_terminal_by_token(terminal.token_mac).await?, by_id);
                Ok((transaction.find_merchant(merchant.id).await?, transaction.find_shop(shop.id).await?, by_id))
            }));
            let found = found.await.unwrap();
            assert_eq!((found.0.unwrap(), found.1.unwrap(), found.2.unwrap()), kept);
        }
    }

    /// Who is not there is not found; who names somebody who is not there is refused.
    async fn nobody_is_found_and_nobody_may_be_named(database: TestDatabase) {
        let opened = database.open().await;
        let found = opened.read(|transaction| Box::pin(async move {
            assert_eq!(transaction.find_merchant(MerchantId::from_bytes(BYTES)).await?, None);
            assert_eq!(transaction.find_shop(ShopId::from_bytes(BYTES)).await?, None);
            assert_eq!(transaction.find_terminal(TerminalId::from_bytes(BYTES)).await?, None);
            assert_eq!(transaction.find_terminal_by_token([7; 32]).await?, None);
            assert_eq!(transaction.find_member_by_token([7; 32]).await?, None);
            assert_eq!(transaction.find_wallet_of_member(MemberId::from_bytes(BYTES)).await?, None);
            assert_eq!(transaction.find_transaction(TransactionId::from_bytes(BYTES)).await?, None);
            transaction.find_setting("nothing").await
        }));
        assert_eq!(found.await.unwrap(), None);
        let token = opened.write(|transaction| Box::pin(async move {
            transaction.create_member_token([7; 32], MemberId::from_bytes(BYTES), time(0)).await
        }));
        assert!(matches!(token.await, Err(StoreError::Constraint(_))));
        let orphan = opened.write(|transaction| Box::pin(async move {
            transaction.create_code(&code(1, 0, time(0))).await
        }));
        assert!(matches!(orphan.await, Err(StoreError::Constraint(_))));
    }

    /// A member is found by each token, with an empty wallet; both dates of creation are kept.
    async fn members_tokens_and_wallets_round_trip(database: TestDatabase) {
        let opened = database.open().await;
        let (member, wallet) = (MemberId::from_bytes(BYTES), WalletId::from_bytes([0xff; 16]));
        let found = opened.write(move |transaction| Box::pin(async move {
            transaction.create_member(member, wallet, Time::MAX).await?;
            transaction.create_member_token([0; 32], member, Time::EPOCH).await?;
            transaction.create_member_token([0xff; 32], member, time(5)).await?;
            assert_eq!(transaction.find_member_by_token([0; 32]).await?, Some(member));
            assert_eq!(transaction.find_member_by_token([0xff; 32]).await?, Some(member));
            transaction.find_wallet_of_member(member).await
        }));
        let found = found.await.unwrap().unwrap();
        assert_eq!((found.id, found.member, found.paid, found.version), (wallet, member, Amount::ZERO, 0));
        let created = database.query_raw("SELECT created_at FROM members").await;
        assert_eq!(created, [[Time::MAX.unix_micros().to_string()]]);
        let created = database.query_raw("SELECT created_at FROM member_tokens ORDER BY created_at").await;
        assert_eq!(created, [["0".to_owned()], [time(5).unix_micros().to_string()]]);
    }

    /// A code comes back as it was kept and as a decision left it; a newer one ends it; a wallet's changes are kept.
    async fn codes_and_changed_wallets_round_trip(database: TestDatabase) {
        let opened = database.open().await;
        settle(&opened).await;
        let first = IssuedCode {
            mac: CodeMac { bucket: 9, mac: BYTES },
            wallet: WALLETS[0],
            issued_at: Time::EPOCH,
            expires_at: Time::MAX,
            newest: true,
            bound_to: None,
            consumed_by: None,
        };
        let mut changed = first.clone();
        changed.bound_to = Some(TILL);
        changed.consumed_by = Some(TransactionId::from_bytes(BYTES));
        let saved = changed.clone();
        let issued = first.clone();
        let found = opened.write(move |transaction| Box::pin(async move {
            transaction.create_code(&issued).await?;
            let mut loaded = transaction.gather(&[issued.mac].into()).await?;
            let kept = loaded.code(&[issued.mac]).cloned();
            let mut wallet = loaded.wallet(WALLETS[0]).cloned().unwrap();
            (wallet.paid, wallet.version) = (Amount::MAX, i64::MAX);
            loaded.put_code(saved);
            loaded.put_wallet(wallet);
            let head = transaction.lock_stream().await?;
            let (record, _) = records().swap_remove(0);
            transaction.record(head, &[record], &loaded).await?;
            Ok(kept)
        }));
        assert_eq!(found.await.unwrap(), Some(first));
        let found = opened.write(|transaction| Box::pin(async move {
            let mac = CodeMac { bucket: 9, mac: BYTES };
            let before = transaction.gather(&[mac].into()).await?.code(&[mac]).cloned();
            transaction.create_code(&code(1, 0, time(0))).await?;
            let both = transaction.gather(&[mac, code_mac(1), code_mac(2)].into()).await?;
            let wallet = transaction.find_wallet_of_member(MEMBERS[0]).await?;
            Ok((before, both.code(&[mac]).cloned(), both.code(&[code_mac(1)]).cloned(), both.code(&[code_mac(2)]).cloned(), wallet))
        }));
        let (before, ended, newest, unknown, wallet) = found.await.unwrap();
        assert_eq!(before, Some(changed.clone()));
        assert_eq!(ended, Some(IssuedCode { newest: false, ..changed }));
        assert_eq!((newest, unknown), (Some(code(1, 0, time(0))), None));
        let wallet = wallet.unwrap();
        assert_eq!((wallet.paid, wallet.version), (Amount::MAX, i64::MAX));
    }

    /// A nonce is taken once a terminal, and forgotten when it has expired, not before.
    async fn nonces_round_trip(database: TestDatabase) {
        let opened = database.open().await;
        let other = TerminalId::from_bytes(BYTES);
        let forgotten = opened.write(move |transaction| Box::pin(async move {
            assert!(transaction.create_nonce(TILL, "nonce-0123456789", time(10)).await?);
            assert!(!transaction.create_nonce(TILL, "nonce-0123456789", time(99)).await?);
            assert!(transaction.create_nonce(other, "nonce-0123456789", Time::MAX).await?);
            assert!(transaction.create_nonce(TILL, "Nonce-0123456789", time(20)).await?);
            assert_eq!(transaction.delete_nonces(time(10)).await?, 0);
            assert!(!transaction.create_nonce(TILL, "nonce-0123456789", time(99)).await?);
            assert_eq!(transaction.delete_nonces(time(11)).await?, 1);
            assert!(transaction.create_nonce(TILL, "nonce-0123456789", time(99)).await?);
            transaction.delete_nonces(Time::MAX).await
        }));
        assert_eq!(forgotten.await.unwrap(), 2);
    }

    /// The first value of a setting stays.
    async fn settings_round_trip(database: TestDatabase) {
        let opened = database.open().await;
        let found = opened.write(|transaction| Box::pin(async move {
            assert_eq!(transaction.find_or_create_setting("名前", "値 ☕").await?, "値 ☕");
            assert_eq!(transaction.find_or_create_setting("名前", "other").await?, "値 ☕");
            transaction.find_setting("名前").await
        }));
        assert_eq!(found.await.unwrap().as_deref(), Some("値 ☕"));
    }

    /// A cursor moves from where it is and from nowhere else; each stream has its own.
    async fn cursors_round_trip(database: TestDatabase) {
        let opened = database.open().await;
        let moved = opened.write(|transaction| Box::pin(async move {
            let first = transaction.list_cursors("bookkeeper").await?;
            assert_eq!(first, transaction.list_streams().await?);
            let start = first[0];
            assert_eq!(start, JournalCursor { stream: 0, position: 0 });
            assert!(transaction.move_cursor("bookkeeper", start, i64::MAX).await?);
            assert!(!transaction.move_cursor("bookkeeper", start, 7).await?);
            assert!(!transaction.move_cursor("nobody", start, 7).await?);
            let moved = transaction.list_cursors("bookkeeper").await?;
            assert_eq!(moved[1..], first[1..]);
            Ok(moved[0])
        }));
        assert_eq!(moved.await.unwrap(), JournalCursor { stream: 0, position: i64::MAX });
    }

    /// Sums add up to the largest number there is, come in pages in one order, and refuse to go beyond it.
    async fn sums_round_trip(database: TestDatabase) {
        let opened = database.open().await;
        let sum = |account, owner, unit, debits, credits| AccountSum { account, owner: [owner; 16], unit, debits, credits };
        let mut kept: Vec<_> = Account::ALL.iter().map(|account| sum(*account, 0xff, Unit::Point, 0, 0)).collect();
        kept.push(sum(Account::ShopPayable, 0, Unit::Jpy, i64::MAX, i64::MAX));
        kept.push(sum(Account::ShopPayable, 0, Unit::Point, 1, 0));
        kept.push(sum(Account::ShopPayable, 1, Unit::Jpy, 0, 1));
        let written = kept.clone();
        let found = opened.write(move |transaction| Box::pin(async move {
            for sum in written {
                let half = AccountSum { debits: sum.debits / 2, credits: sum.credits / 2, ..sum };
                let rest = AccountSum { debits: sum.debits - half.debits, credits: sum.credits - half.credits, ..sum };
                transaction.add_to_sum(&half).await?;
                transaction.add_to_sum(&rest).await?;
            }
            let mut found = Vec::new();
            loop {
                let page = transaction.list_sums(found.last(), 4).await?;
                if page.is_empty() {
                    return Ok(found);
                }
                assert!(page.len() <= 4);
                found.extend(page);
            }
        }));
        let mut found = found.await.unwrap();
        let key = |sum: &AccountSum| (sum.account, sum.owner, sum.unit);
        found.sort_by_key(key);
        kept.sort_by_key(key);
        assert_eq!(found, kept);
        for (debits, credits) in [(1, 0), (0, 1)] {
            let more = sum(Account::ShopPayable, 0, Unit::Jpy, debits, credits);
            let result = opened.write(move |transaction| Box::pin(async move { transaction.add_to_sum(&more).await }));
            assert!(result.await.is_err());
        }
        let overfull = database.query_raw("SELECT debits, credits FROM account_sums WHERE debits > 1").await;
        assert_eq!(overfull, [[i64::MAX.to_string(), i64::MAX.to_string()]]);
    }

    /// Transactions of every outcome come back as they were recorded, by id, by request key, by wallet and by position.
    async fn journal_rows_round_trip(database: TestDatabase) {
        let opened = database.open().await;
        let all = records();
        let (rows, claims) = (all.clone(), all.clone());
        let written = opened.write(move |transaction| Box::pin(async move {
            let head = transaction.lock_stream().await?;
            let keys = claims.iter().map(|(record, _)| (&record.key, record.id)).collect();
            assert_eq!(transaction.claim_requests(keys).await?.len(), claims.len());
            let rows: Vec<_> = rows.into_iter().map(|(record, _)| record).collect();
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
            let nobody = RequestKey { caller: TILL, request_id: after[0].0.key.request_id.clone() };
            assert_eq!(transaction.find_transaction_by_request(&nobody).await?, None);
            transaction.list_transactions_after(JournalCursor { stream: 0, position: 0 }, 1_000).await
        }));
        let expected: Vec<_> = (1..).zip(all).map(|(position, (record, _))| Recorded { position, record }).collect();
        assert_eq!(found.await.unwrap(), expected);
        of_wallet(&opened, expected).await;
    }

    /// What is written for one transaction is what a person with a database shell reads.
    async fn a_payment_is_readable_in_the_database(database: TestDatabase) {
        let opened = database.open().await;
        settle(&opened).await;
        opened.write(|transaction| Box::pin(async move {
            transaction.create_code(&code(1, 0, time(0))).await?;
            record(transaction, &command(1, 1, Kind::TopUp, 1_200), time(9)).await
        })).await.unwrap();
        let found = database.query_raw(
            "SELECT position, kind, at, business_date, request_id, wallet_version, code_bucket, amount, unit, refusal, \
             transfers FROM journal",
        );
        let transfers = r#"[{"debit":"shop:cash","credit":"wallet:paid","amount":1200,"unit":"JPY","credit_after":1200}]"#;
        let at = time(9).unix_micros().to_string();
        let row = ["1", "top_up", &at, "20260401", "r-001", "1", "1", "1200", "JPY", "NULL", transfers];
        assert_eq!(found.await, [row]);
    }
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
fn records() -> Vec<(Record, &'static str)> {
    let whole = Record {
        id: transaction_id(0),
        kind: Kind::Payment,
        at: time(0),
        business_date: BusinessDate::from_number(20_260_401).unwrap(),
        key: RequestKey { caller: TerminalId::from_bytes(BYTES), request_id: "!~'\"\\%_$1?1".parse().unwrap() },
        body: BodyHash([0; 32]),
        shop: SHOP,
        wallet: Some(WalletId::from_bytes(BYTES)),
        code: Some(CodeMac { bucket: 0, mac: BYTES }),
        amount: yen(1),
        unit: Unit::Jpy,
        outcome: Outcome::Done { wallet_version: 1, transfers: Vec::new() },
    };
    let done = |wallet_version, transfers| Outcome::Done { wallet_version, transfers };
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
    let long = "x".repeat(64).parse().unwrap();
    let mut records = vec![
        (whole.clone(), "no transfer"),
        (Record { outcome: done(2, transfers), ..whole.clone() }, "every account"),
        (Record { kind: Kind::TopUp, amount: Amount::MAX, outcome: done(3, vec![]), ..whole.clone() }, "top-up of all"),
        (
            Record { unit: Unit::Point, at: Time::MAX, outcome: done(4, vec![]), ..whole.clone() },
            "points, the last moment",
        ),
        (Record { body: BodyHash([0xff; 32]), outcome: done(5, vec![]), ..whole.clone() }, "another body"),
        (Record { code: None, wallet: Some(WALLETS[1]), outcome: done(6, vec![]), ..whole.clone() }, "no code"),
        (Record { outcome: done(i64::MAX, vec![]), ..whole.clone() }, "the last version"),
        (
            Record { key: RequestKey { caller: TILL, request_id: long }, outcome: done(8, vec![]), ..whole.clone() },
            "long key",
        ),
        (
            Record { wallet: None, code: None, outcome: Outcome::Refused(Refusal::CodeUnknown), ..whole.clone() },
            "unknown",
        ),
    ];
    for date in [10_101, 99_991_231] {
        let business_date = BusinessDate::from_number(date).unwrap();
        records.push((Record { business_date, outcome: done(date, vec![]), ..whole.clone() }, "a first or last date"));
    }
    for refusal in Refusal::ALL {
        records.push((Record { outcome: Outcome::Refused(refusal), ..whole.clone() }, refusal.word()));
    }
    for (number, (record, _)) in (0_u8..).zip(&mut records) {
        record.id = transaction_id(number);
        if record.key == whole.key && number > 0 {
            record.key.request_id = format!("r{number}").parse().unwrap();
        }
    }
    records
}
