//! Cancels by `request_id`, in the batches in which they may meet.

use warifu_app::{App, CancelTarget, Fault, Receipt, Terminal};
use warifu_core::refusal::Refusal;
use warifu_testkit::{TestDatabase, on_both_databases};

use crate::town::{Town, refusal};

async fn cancel(app: &App, terminal: &Terminal, target: &str, request_id: &str) -> Result<Receipt, Fault> {
    let target = CancelTarget::Request(target.parse().unwrap());
    app.cancel_payment(terminal, target, request_id.parse().unwrap(), None).await
}

on_both_databases! {
    /// The retry is answered as before, the new cancel holds the id, and whatever comes under it is refused.
    async fn a_retry_of_a_refused_cancel_does_not_take_the_id_from_a_new_one(database: TestDatabase) {
        let town = Town::found(&database).await;
        town.fund("fund", 1_000).await;
        let till = &town.till.terminal;
        town.app.freeze_terminal(till.id, true).await.unwrap();
        let refused = cancel(&town.app, till, "late", "c-1").await.unwrap();
        assert_eq!(refusal(&refused.record), Some(Refusal::TerminalFrozen));
        town.app.freeze_terminal(till.id, false).await.unwrap();
        let (again, new) =
            futures::join!(cancel(&town.app, till, "late", "c-1"), cancel(&town.app, till, "late", "c-2"));
        let (again, new) = (again.unwrap(), new.unwrap());
        assert_eq!((again.replayed, again.record), (true, refused.record));
        assert_eq!(refusal(&new.record), None);
        let code = town.code().await;
        for _ in 0..2 {
            let late = town.pay("late", &code, 100).await.unwrap();
            assert_eq!((late.refusal(), late.was_canceled), (Some(Refusal::AlreadyCanceled), true));
        }
        assert_eq!(town.balance().await, 1_000);
        town.close_clean(&database).await;
    }

    /// A cancel and the payment that it is about may be decided together, in whichever order they came.
    async fn a_cancel_that_meets_its_payment_leaves_nothing_of_it(database: TestDatabase) {
        let town = Town::found(&database).await;
        town.fund("fund", 1_000).await;
        let till = &town.till.terminal;
        for round in 0..10 {
            let code = town.code().await;
            let (payment, id) = (format!("p-{round}"), format!("c-{round}"));
            let (canceled, paid) =
                futures::join!(cancel(&town.app, till, &payment, &id), town.pay(&payment, &code, 100));
            assert_eq!(refusal(&canceled.unwrap().record), None);
            let paid = paid.unwrap();
            assert!(matches!(paid.refusal(), None | Some(Refusal::AlreadyCanceled)), "{paid:?}");
            assert_eq!(town.balance().await, 1_000);
        }
        town.close_clean(&database).await;
    }
}
