//! The main way: from a merchant to a paid coffee, and who may look at it afterwards.

use warifu_app::{AccountSum, Caller, Fault, Phone};
use warifu_core::code::CODE_LIFETIME;
use warifu_core::id::{MemberId, MerchantId, ShopId};
use warifu_core::ledger::{Account, Kind, Transfer};
use warifu_core::lot::LotAccount;
use warifu_core::money::{Amount, Unit};
use warifu_core::place::{Book, Channel};
use warifu_testkit::{TestDatabase, on_both_databases};

use crate::town::{Town, morning, pay, refusal, yen};

on_both_databases! {
    /// Top-up, payment, balance, history, sums: each says what was done, and `verify` agrees.
    async fn a_member_tops_up_and_pays(database: TestDatabase) {
        let town = Town::found(&database).await;
        assert_eq!(town.balance().await, 0);
        let shown = town.app.issue_code(&town.member.phone, false).await.unwrap();
        assert_eq!(shown.issued_at, morning());
        assert_eq!(shown.expires_at, morning().saturating_add(CODE_LIFETIME));
        let top_up = town.top_up("t-1", &shown.code, 3_000).await.unwrap();
        let code = town.code().await;
        let paid = town.pay("p-1", &code, 480).await.unwrap();
        assert!(!top_up.replayed && !paid.replayed);

        let record = &paid.record;
        assert_eq!((record.kind, record.at, record.amount, record.unit), (Kind::Payment, morning(), yen(480), Unit::Jpy));
        // Half past six in the evening in Tokyo.
        assert_eq!(record.business_date.number(), 20_260_401);
        assert_eq!((record.shop, record.wallet), (Some(town.shop.id), Some(town.member.wallet)));
        assert_eq!((record.key.caller, record.key.request_id.as_str()), (town.till.terminal.id.into(), "p-1"));
        let transfer = Transfer {
            debit: Account::WalletPaid,
            credit: Account::ShopPayable,
            amount: yen(480),
            unit: Unit::Jpy,
            debit_after: Amount::new(2_520),
            credit_after: None,
        };
        // A point for each 200 yen.
        let points = Transfer {
            debit: Account::IssuerPointsExpense,
            credit: Account::WalletPoints,
            amount: yen(2),
            unit: Unit::Point,
            debit_after: None,
            credit_after: Amount::new(2),
        };
        let done = record.done().unwrap();
        assert_eq!((done.wallet_version, done.transfers.as_slice()), (Some(2), [transfer, points].as_slice()));

        let balance = town.app.balance(town.member.id).await.unwrap();
        assert_eq!((balance.wallet.id, balance.wallet.version), (town.member.wallet, 2));
        assert_eq!(LotAccount::ALL.map(|account| balance.available(account)), [2, 0, 2_520]);
        let history = town.app.history(town.member.id, None, 10).await.unwrap();
        let lines: Vec<_> = history.items.iter().map(|item| item.record.clone()).collect();
        assert_eq!(lines, [paid.record, top_up.record]);
        assert!(history.items.iter().all(|item| item.shop.as_ref() == Some(&town.shop)));
        assert_eq!(history.next, None);
        town.close_clean(&database).await;

        let reopened = database.open().await;
        let sums = reopened.read(|transaction| Box::pin(async move { transaction.list_sums(None, 10).await }));
        let (book, owner) = (Book::Real, town.shop.id.bytes());
        assert_eq!(sums.await.unwrap(), [
            AccountSum { book, account: Account::IssuerPointsExpense, owner: [0; 16], unit: Unit::Point, debits: 2, credits: 0 },
            AccountSum { book, account: Account::ShopCash, owner, unit: Unit::Jpy, debits: 3_000, credits: 0 },
            AccountSum { book, account: Account::ShopPayable, owner, unit: Unit::Jpy, debits: 0, credits: 480 },
        ]);
    }

    /// A recorded transaction is found by its request and by its id, as what it is, by whom it concerns and by nobody else.
    async fn a_transaction_is_shown_to_whom_it_concerns(database: TestDatabase) {
        let town = Town::found(&database).await;
        town.fund("t-1", 1_000).await;
        let code = town.code().await;
        let record = town.pay("p-1", &code, 400).await.unwrap().record;
        let till = &town.till.terminal;
        let by_request = async |kinds, till, key: &str| {
            let found = town.app.find_by_request(kinds, till, key.parse().unwrap()).await.unwrap();
            found.map(|course| course.record)
        };
        assert_eq!(by_request(&[Kind::Payment], till, "p-1").await.as_ref(), Some(&record));
        assert_eq!(by_request(&[Kind::TopUp], till, "p-1").await, None);
        assert_eq!(by_request(&[Kind::Payment], till, "p-2").await, None);
        assert_eq!(by_request(&[Kind::Payment], &town.other_till.terminal, "p-1").await, None);

        let elsewhere = town.app.add_shop(town.shop.merchant, "別の店").await.unwrap();
        let stranger = town.app.add_terminal(elsewhere.id, "レジ", Channel::Till, Book::Real).await.unwrap().terminal;
        let other_member = town.app.add_member().await.unwrap().phone;
        let by_id = async |kinds, caller| {
            town.app.find_transaction(kinds, &caller, record.id).await.unwrap().map(|course| course.record)
        };
        for caller in [till, &town.other_till.terminal] {
            assert_eq!(by_id(&[Kind::Payment], Caller::Terminal(caller.clone())).await.as_ref(), Some(&record));
        }
        assert_eq!(by_id(&[Kind::Payment], Caller::Member(town.member.phone)).await.as_ref(), Some(&record));
        assert_eq!(by_id(&[Kind::TopUp], Caller::Member(town.member.phone)).await, None);
        assert_eq!(by_id(&[Kind::Payment], Caller::Terminal(stranger)).await, None);
        assert_eq!(by_id(&[Kind::Payment], Caller::Member(other_member)).await, None);
        assert_eq!(by_id(&[Kind::Payment], Caller::Member(Phone { member: MemberId::from_bytes([1; 16]), ..town.member.phone })).await, None);
    }

    /// What is named must be there and be readable, else nothing is kept.
    async fn what_is_named_must_exist_and_be_readable(database: TestDatabase) {
        let town = Town::found(&database).await;
        let app = &town.app;
        let counts = "SELECT (SELECT count(*) FROM merchants), (SELECT count(*) FROM shops), \
                      (SELECT count(*) FROM terminals), (SELECT count(*) FROM codes), (SELECT count(*) FROM requests)";
        let before = database.query_raw(counts).await;
        assert!(matches!(app.add_shop(MerchantId::from_bytes([1; 16]), "店").await, Err(Fault::NotFound(_))));
        assert!(matches!(app.add_terminal(ShopId::from_bytes([1; 16]), "レジ", Channel::Till, Book::Real).await, Err(Fault::NotFound(_))));
        let nobody = MemberId::from_bytes([1; 16]);
        assert!(matches!(app.issue_code(&Phone { member: nobody, ..town.member.phone }, false).await, Err(Fault::NotFound(_))));
        assert!(matches!(app.balance(nobody).await, Err(Fault::NotFound(_))));
        assert!(matches!(app.history(nobody, None, 1).await, Err(Fault::NotFound(_))));
        for name in ["", " 　\t", "a\u{0}b", "a\nb", &"店".repeat(101)] {
            assert!(matches!(app.add_merchant(name).await, Err(Fault::Invalid(_))), "{name:?}");
            assert!(matches!(app.add_shop(town.shop.merchant, name).await, Err(Fault::Invalid(_))), "{name:?}");
            assert!(matches!(app.add_terminal(town.shop.id, name, Channel::Till, Book::Real).await, Err(Fault::Invalid(_))), "{name:?}");
        }
        assert_eq!(app.add_merchant(&"店".repeat(100)).await.unwrap().name.chars().count(), 100);
        assert_eq!(app.add_merchant("  割符堂  ").await.unwrap().name, "割符堂");
        database.execute_raw("DELETE FROM merchants WHERE NOT EXISTS (SELECT 1 FROM shops WHERE merchant_id = merchants.id)").await;
        assert_eq!(database.query_raw(counts).await, before);
    }

    /// An amount of nothing never reaches a decision: the key stays unused and the code good.
    async fn an_amount_of_nothing_leaves_key_and_code_unused(database: TestDatabase) {
        let town = Town::found(&database).await;
        town.fund("t-1", 1_000).await;
        let code = town.code().await;
        assert!(matches!(town.pay("p-1", &code, 0).await, Err(Fault::Invalid(_))));
        assert!(matches!(town.top_up("p-1", &code, 0).await, Err(Fault::Invalid(_))));
        let receipt = pay(&town.app, &town.other_till.terminal, "p-1", &code, 1_000).await.unwrap();
        assert_eq!((refusal(&receipt.record), receipt.replayed), (None, false));
        town.close_clean(&database).await;
    }
}
