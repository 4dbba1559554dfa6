//! What tills that are pages need: keys and links of terminals, bills, lines of shops, trials.

use warifu_core::code::CodeMac;
use warifu_core::id::{BillId, DeviceId, MemberId, TerminalId};
use warifu_core::ledger::Kind;
use warifu_core::money::Amount;
use warifu_core::place::Book;
use warifu_core::request::RequestId;
use warifu_core::time::{BusinessDate, Time};
use warifu_store::{Bill, BillClaim, ShopDay, ShopLine, ShopSum, StoreError, Terminal, Trial};
use warifu_testkit::{TestDatabase, on_both_databases};

use crate::round_trip::BYTES;
use crate::story::{ATM, OTHER_TILL, SHOP, TILL, settle, terminal, time};

fn request(text: &str) -> RequestId {
    text.parse().unwrap()
}

on_both_databases! {
    /// A link is taken once, a later one ends it; the key is that of the terminal and of the one for practising; a revoked terminal has none.
    async fn terminals_are_browsers_by_links(database: TestDatabase) {
        let opened = database.open().await;
        settle(&opened).await;
        opened.write(|transaction| Box::pin(async move {
            let practice = Terminal { id: TerminalId::from_bytes(BYTES), token_mac: [9; 32], book: Book::Sandbox, practice_of: Some(TILL), ..terminal(TILL) };
            transaction.create_terminal(&practice).await?;
            assert_eq!(transaction.find_practice_of(TILL).await?, Some(practice.clone()));
            assert_eq!(transaction.find_practice_of(ATM).await?, None);
            let key: [u8; 65] = std::array::from_fn(|index| u8::try_from(index).unwrap());
            transaction.create_enrollment([1; 32], TILL, time(9)).await?;
            transaction.create_enrollment([2; 32], TILL, time(9)).await?;
            assert_eq!(transaction.take_enrollment([1; 32], key).await?, None, "a later one ended it");
            assert_eq!(transaction.take_enrollment([2; 32], key).await?, Some((TILL, time(9))));
            assert_eq!(transaction.take_enrollment([2; 32], key).await?, Some((TILL, time(9))), "the same browser again");
            assert_eq!(transaction.take_enrollment([2; 32], [4; 65]).await?, None, "no other");
            assert!(transaction.save_terminal_key(TILL, key).await?);
            assert!(!transaction.save_terminal_key(TerminalId::from_bytes([8; 16]), key).await?);
            for id in [TILL, practice.id] {
                assert_eq!(transaction.find_terminal(id).await?.unwrap().public_key, Some(key));
            }
            assert_eq!(transaction.find_terminal(ATM).await?.unwrap().public_key, None);
            let number = "0000000000001-0001-000001-000001";
            assert!(transaction.save_terminal_jpqr(TILL, Some((number, "1000001"))).await?);
            let found = transaction.find_terminal_by_jpqr(number).await?.unwrap();
            assert_eq!((found.id, found.jpqr), (TILL, Some((number.to_owned(), "1000001".to_owned()))));
            transaction.create_enrollment([3; 32], TILL, time(5)).await?;
            transaction.create_enrollment([4; 32], ATM, time(5)).await?;
            assert!(transaction.revoke_terminal(TILL, time(7)).await?);
            assert!(!transaction.revoke_terminal(TILL, time(8)).await?, "once is for good");
            let revoked = transaction.find_terminal(TILL).await?.unwrap();
            assert_eq!((revoked.public_key, revoked.revoked_at, revoked.is_frozen), (None, Some(time(7)), true));
            assert_eq!(transaction.find_terminal(practice.id).await?.unwrap().revoked_at, Some(time(7)));
            assert_eq!(transaction.find_terminal_by_jpqr(number).await?, None);
            assert_eq!(transaction.take_enrollment([3; 32], key).await?, None);
            assert!(!transaction.freeze_terminal(TILL, false).await? && !transaction.save_terminal_key(TILL, key).await?);
            transaction.delete_enrollments(time(6), 9).await?;
            assert_eq!(transaction.take_enrollment([4; 32], key).await?, None, "it had expired");
            let names: Vec<_> = transaction.list_terminals(SHOP).await?.into_iter().map(|it| it.id).collect();
            assert!(names.contains(&TILL) && names.contains(&practice.id) && names.contains(&ATM));
            Ok(())
        })).await.unwrap();
        let taken = opened.write(|transaction| Box::pin(async move {
            transaction.save_terminal_jpqr(ATM, Some(("0000000000001-0001-000001-000001", "1"))).await?;
            transaction.save_terminal_jpqr(OTHER_TILL, Some(("0000000000001-0001-000001-000001", "1"))).await
        }));
        assert!(matches!(taken.await, Err(StoreError::Constraint(_))), "a number is one place's");
    }

    /// A bill comes back as it was kept; its terminal has one under a request id; it is forgotten when it has expired.
    async fn bills_round_trip(database: TestDatabase) {
        let opened = database.open().await;
        settle(&opened).await;
        opened.write(|transaction| Box::pin(async move {
            let bill = Bill {
                id: BillId::from_bytes(BYTES),
                terminal: TILL,
                request_id: request("!~bill"),
                kind: Kind::TopUp,
                amount: Amount::new(9_007_199_254_740_991).unwrap(),
                note: Some("{\"a\":\"割符\"}".to_owned()),
                issued_at: Time::EPOCH,
                expires_at: Time::MAX,
                made_for: Some(MemberId::from_bytes(BYTES)),
            };
            assert!(transaction.create_bill(&bill).await?);
            assert!(!transaction.create_bill(&Bill { id: BillId::from_bytes([7; 16]), ..bill.clone() }).await?);
            let bare = Bill { id: BillId::from_bytes([6; 16]), request_id: request("b"), kind: Kind::Payment, note: None, expires_at: time(5), ..bill.clone() };
            assert!(transaction.create_bill(&bare).await?);
            assert_eq!(transaction.find_bill(bill.id).await?, Some(bill.clone()));
            assert_eq!(transaction.find_bill_by_request(TILL, &bill.request_id).await?, Some(bill.clone()));
            assert_eq!(transaction.find_bill_by_request(ATM, &bill.request_id).await?, None);
            let count = transaction.count_bills_for(MemberId::from_bytes(BYTES), time(0)).await?;
            assert_eq!((count, transaction.count_bills_for(MemberId::from_bytes(BYTES), time(5)).await?), (2, 1));
            transaction.delete_bills(time(5), 9).await?;
            assert_eq!(transaction.find_bill(bare.id).await?, Some(bare.clone()));
            transaction.delete_bills(time(6), 9).await?;
            assert_eq!(transaction.find_bill(bare.id).await?, None);
            assert_eq!(transaction.find_bill(bill.id).await?, Some(bill));
            Ok(())
        })).await.unwrap();
    }

    /// A claim comes back as it was kept; a number is one member's on a bill, a member has one; they are forgotten with their bill.
    async fn claims_round_trip(database: TestDatabase) {
        let opened = database.open().await;
        settle(&opened).await;
        opened.write(|transaction| Box::pin(async move {
            let bill = |id, expires_at| Bill {
                id: BillId::from_bytes([id; 16]),
                terminal: ATM,
                request_id: request(&id.to_string()),
                kind: Kind::TopUp,
                amount: Amount::new(1).unwrap(),
                note: None,
                issued_at: Time::EPOCH,
                expires_at,
                made_for: None,
            };
            let (first, second) = (bill(1, time(5)), bill(2, time(9)));
            for it in [&first, &second] {
                assert!(transaction.create_bill(it).await?);
            }
            let (one, other) = (MemberId::from_bytes(BYTES), MemberId::from_bytes([9; 16]));
            let claim = BillClaim { bill: first.id, number: "0042".to_owned(), member: one, device: DeviceId::from_bytes(BYTES), created_at: Time::MAX };
            assert!(transaction.create_bill_claim(&claim).await?);
            assert!(!transaction.create_bill_claim(&BillClaim { member: other, ..claim.clone() }).await?, "the number is another's");
            assert!(!transaction.create_bill_claim(&BillClaim { number: "0043".to_owned(), ..claim.clone() }).await?, "one for each");
            let elsewhere = BillClaim { bill: second.id, ..claim.clone() };
            assert!(transaction.create_bill_claim(&elsewhere).await?);
            assert!(transaction.create_bill_claim(&BillClaim { number: "9999".to_owned(), member: other, ..claim.clone() }).await?);
            assert_eq!(transaction.count_bill_claims(first.id).await?, 2);
            assert_eq!(transaction.find_bill_claim(first.id, "0042").await?, Some(claim.clone()));
            assert_eq!(transaction.find_bill_claim(first.id, "0043").await?, None);
            assert_eq!(transaction.find_bill_claim_of(first.id, one).await?, Some(claim));
            assert_eq!(transaction.find_bill_claim_of(second.id, other).await?, None);
            transaction.delete_bills(time(6), 9).await?;
            assert_eq!((transaction.count_bill_claims(first.id).await?, transaction.find_bill(first.id).await?), (0, None));
            assert_eq!(transaction.find_bill_claim_of(second.id, one).await?, Some(elsewhere));
            Ok(())
        })).await.unwrap();
    }

    /// Lines sum up by terminal and kind, a day at a time.
    async fn lines_of_shops_sum_up(database: TestDatabase) {
        let opened = database.open().await;
        let date = BusinessDate::from_number(20_260_401).unwrap();
        let day = ShopDay { shop: SHOP, book: Book::Real, date };
        let sums = opened.write(move |transaction| Box::pin(async move {
            let line = |position, terminal, kind, amount| ShopLine { shop: SHOP, book: Book::Real, business_date: date, at: time(1), position, terminal, kind, amount };
            let other_day = ShopLine { business_date: BusinessDate::from_number(20_260_402).unwrap(), ..line(4, TILL, Kind::Payment, 1) };
            let trial = ShopLine { book: Book::Sandbox, ..line(5, TILL, Kind::Payment, 1) };
            let lines = [line(1, TILL, Kind::Payment, 700), line(2, TILL, Kind::Payment, i64::MAX / 4), line(3, ATM, Kind::TopUpCancel, -5), other_day, trial];
            transaction.create_shop_lines(&lines).await?;
            transaction.create_shop_lines(&[]).await?;
            transaction.sum_shop_lines(day).await
        }));
        let mut sums = sums.await.unwrap();
        sums.sort_by_key(|sum| sum.count);
        assert_eq!(sums, [
            ShopSum { terminal: ATM, kind: Kind::TopUpCancel, count: 1, amount: -5 },
            ShopSum { terminal: TILL, kind: Kind::Payment, count: 2, amount: i64::MAX / 4 + 700 },
        ]);
    }

    /// A trial is settled once, and flawed only while it is not; the latest of each kind and scenario is told, the newest first.
    async fn trials_round_trip(database: TestDatabase) {
        let opened = database.open().await;
        opened.write(|transaction| Box::pin(async move {
            let code = CodeMac { bucket: 9, mac: BYTES };
            let trial = |id: &str, at, code| Trial { terminal: TILL, request_id: request(id), kind: Kind::Payment, scenario: "time_out".to_owned(), code, began_at: at, settled: None, flaw: None };
            let (first, second) = (trial("a", time(1), Some(code)), Trial { scenario: "plain".to_owned(), ..trial("b", time(2), None) });
            let earlier = trial("0", time(0), None);
            for it in [&earlier, &first, &second, &Trial { scenario: "other".to_owned(), ..first.clone() }] {
                transaction.create_trial(it).await?;
            }
            assert_eq!(transaction.list_latest_trials(TILL).await?, [second.clone(), first.clone()]);
            transaction.flaw_trials(TILL, code, &first.request_id, "x").await?;
            assert_eq!(transaction.list_latest_trials(TILL).await?[1].flaw, None, "the same request again is right");
            transaction.settle_trial(TILL, &second.request_id, "cancel", time(3)).await?;
            transaction.settle_trial(TILL, &second.request_id, "reply", time(4)).await?;
            transaction.flaw_trials(TILL, code, &request("c"), "began_anew").await?;
            let found = transaction.list_latest_trials(TILL).await?;
            assert_eq!(found[0].settled, Some(("cancel".to_owned(), time(3))));
            assert_eq!((found[0].flaw.as_deref(), found[1].flaw.as_deref()), (None, Some("began_anew")));
            assert!(transaction.has_other_trial(TILL, code, &request("c")).await?);
            assert!(!transaction.has_other_trial(TILL, code, &first.request_id).await?);
            transaction.delete_trials(TILL).await?;
            assert_eq!(transaction.list_latest_trials(TILL).await?, []);
            Ok(())
        })).await.unwrap();
    }
}
