//! Rules at their edges, where the journal must still say everything that was moved.

use warifu_core::ledger::{Account, Ask, Target};
use warifu_store::{Database, Invariant};
use warifu_testkit::{TestDatabase, on_both_databases};

use crate::story::{
    MEMBERS, OTHER_TILL, TILL, WALLETS, code, command, issue, pay, settle, submit, time, top_up, transaction_id, yen,
};

/// The first member has 10,000 yen, pays 200 of them, which earns a point, and makes the point into yen.
async fn pay_and_spend_the_point(database: &Database) {
    settle(database).await;
    issue(database, code(1, 0, time(0))).await;
    submit(database, top_up(1, 1, 10_000), time(1)).await;
    issue(database, code(2, 0, time(1))).await;
    submit(database, pay(2, 2, 200), time(2)).await;
    let exchange = command(3, MEMBERS[0], Ask::Exchange { wallet: WALLETS[0], amount: yen(1) });
    assert!(submit(database, exchange, time(3)).await.done().is_some());
}

on_both_databases! {
    /// A refund that is wholly kept back for points that are gone returns nothing to the wallet. The shop is debited all the
    /// same.
    async fn a_refund_that_is_wholly_kept_back_debits_the_shop(database: TestDatabase) {
        let opened = database.open().await;
        pay_and_spend_the_point(&opened).await;
        let refund = |number, amount| {
            command(number, TILL, Ask::Refund { payment: transaction_id(2), amount: yen(amount) })
        };
        assert_eq!(submit(&opened, refund(4, 199), time(4)).await.done().unwrap().transfers.len(), 1);
        let record = submit(&opened, refund(5, 1), time(5)).await;
        let done = record.done().unwrap();
        let flows: Vec<_> = done.transfers.iter().map(|it| (it.debit, it.credit, it.amount)).collect();
        assert_eq!(flows, [(Account::ShopPayable, Account::IssuerPointsExpense, yen(1))]);
        assert!(done.moves.is_empty());
        assert_eq!(done.totals.unwrap().refunded, yen(200));
        let report = opened.verify(|_| {}).await.unwrap();
        assert_eq!(report.violations, []);
    }

    /// A cancel from another till of the same shop is no violation, nor is one of what was refunded to nothing.
    async fn another_till_of_the_shop_may_cancel(database: TestDatabase) {
        let opened = database.open().await;
        pay_and_spend_the_point(&opened).await;
        let cancel = command(4, OTHER_TILL, Ask::Cancel(Target::Transaction(transaction_id(2))));
        assert!(submit(&opened, cancel, time(4)).await.done().is_some());
        let report = opened.verify(|_| {}).await.unwrap();
        assert!(report.holds(Invariant::Refunds));
        assert_eq!(report.violations, []);
    }
}
