//! Races: 64 clients at once for one code, one hold, one key, one payment, one top-up. Whoever comes first, exactly as much
//! happens as can happen, every balance is exact, and `verify` finds nothing.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use jiff::tz::TimeZone;
use tokio::task::JoinSet;
use warifu_app::{App, Clock, KeyRing, ManualClock, Receipt};
use warifu_core::id::{ShopId, TransactionId};
use warifu_core::ledger::Kind;
use warifu_core::lot::LotAccount;
use warifu_core::payment::PaymentState;
use warifu_core::refusal::Refusal;
use warifu_testkit::{Engine, TestDatabase, on_both_databases};

use crate::client::{Client, done, refused};
use crate::history::History;
use crate::model::types::Policy;
use crate::town::{PREFIX, Town, time};

const CLIENTS: usize = 64;

/// A town and the nodes that serve it.
struct Race {
    nodes: Vec<Arc<App>>,
    town: Town,
}

impl Race {
    async fn start(database: &TestDatabase, nodes: usize) -> Self {
        let history = History::new(0);
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(time(history.clock())));
        let mut started = vec![];
        for _ in 0..nodes {
            let zone = TimeZone::get("Asia/Tokyo").unwrap();
            let (opened, prefix, keys) = (database.open().await, PREFIX.parse().unwrap(), KeyRing::fixed([7; 32]));
            let node = App::open_with_keys(opened, keys, prefix, &zone, Arc::clone(&clock)).await.unwrap();
            started.push(Arc::new(node));
        }
        let town = Town::found(started[0].database(), history, 0, Policy::default(), 0).await;
        for shop in [1, 2] {
            started[0].set_shop(town.shops[&shop], Some(200), None).await.unwrap();
        }
        Self { nodes: started, town }
    }

    /// Somebody at a terminal, on one of the nodes.
    fn client(&self, number: usize, terminal: u32) -> Client {
        let app = Arc::clone(&self.nodes[number % self.nodes.len()]);
        Client { app, terminal: self.town.terminal(terminal).clone(), member: self.town.wallets[&1].0 }
    }

    /// The first half at once, so that they share a batch, the others one after another, so that they do not.
    async fn all<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
        &self,
        act: impl Fn(Client, usize) -> F,
    ) -> Vec<T> {
        let mut tasks = JoinSet::new();
        for number in 0..CLIENTS {
            let task = act(self.client(number, 11), number);
            let wait = Duration::from_millis(u64::try_from(number.saturating_sub(CLIENTS / 2) / 2).unwrap());
            tasks.spawn(async move {
                tokio::time::sleep(wait).await;
                task.await
            });
        }
        tasks.join_all().await
    }

    /// Paid, bonus, points that can be spent.
    async fn available(&self) -> [i64; 3] {
        let balance = self.nodes[0].balance(self.town.wallets[&1].0).await.unwrap();
        [LotAccount::Paid, LotAccount::Bonus, LotAccount::Points].map(|account| balance.available(account))
    }

    /// Proves the invariants while the nodes run and when all is booked, and says what the shop is owed.
    async fn finish(self, database: &TestDatabase) -> i64 {
        clean(self.nodes[0].database()).await;
        for node in &self.nodes {
            node.drain().await;
        }
        let opened = database.open().await;
        clean(&opened).await;
        payable(&opened, self.town.shops[&1]).await
    }
}

async fn clean(database: &warifu_app::Database) {
    let report = database.verify(|_| {}).await.unwrap();
    assert_eq!((report.violation_count(), report.violations), (0, vec![]));
}

async fn payable(database: &warifu_app::Database, shop: ShopId) -> i64 {
    let sums = database.read(|transaction| Box::pin(async move { transaction.list_sums(None, 1_000).await }));
    let sums = sums.await.unwrap();
    let of_shop = sums.iter().filter(|sum| sum.owner == shop.bytes() && sum.account.text() == "shop:payable");
    of_shop.map(|sum| sum.credits - sum.debits).sum()
}

fn count(receipts: &[Receipt], of: Option<Refusal>) -> usize {
    receipts.iter().filter(|receipt| receipt.refusal() == of).count()
}

/// One hold, captured whole by everybody: one is done.
async fn whole_captures(race: &Race, held: TransactionId) {
    let receipts =
        race.all(|client, number| async move { client.capture(&format!("c-{number}"), held, 6_400).await }).await;
    assert_eq!((count(&receipts, None), count(&receipts, Some(Refusal::HoldClosed))), (1, CLIENTS - 1));
}

/// One key with one body: one effect, and everybody gets the same record.
async fn one_refund_again_and_again(race: &Race, paid: TransactionId) {
    let receipts = race.all(|client, _| async move { client.refund("the-one", paid, 10).await.unwrap() }).await;
    assert_eq!((count(&receipts, None), receipts.iter().filter(|receipt| !receipt.replayed).count()), (CLIENTS, 1));
    assert!(receipts.iter().all(|receipt| format!("{:?}", receipt.record) == format!("{:?}", receipts[0].record)));
}

/// One payment of 6,400, refunds of 150 each: 42 fit.
async fn refunds_that_fit(race: &Race, paid: TransactionId) {
    let receipts =
        race.all(|client, number| async move { client.refund(&format!("r-{number}"), paid, 150).await.unwrap() });
    let receipts = receipts.await;
    assert_eq!((count(&receipts, None), count(&receipts, Some(Refusal::RefundExceedsCaptured))), (42, CLIENTS - 42));
}

/// A payment and the cancels of its request id: it never was, whichever came first, and stays so. It comes later from
/// round to round, up to 7.
async fn cancels_of_a_payment(race: &Race, round: usize) {
    let (first, key) = (race.client(0, 11), format!("f-{round}"));
    let code = first.code().await;
    let receipts = race.all(|client, number| {
        let (code, key) = (code.clone(), key.clone());
        async move {
            if number == round * 9 {
                client.pay(&key, &code, 500).await
            } else {
                client.cancel_request(&format!("{key}-{number}"), &key).await
            }
        }
    });
    let receipts = receipts.await;
    let (paid, cancels): (Vec<_>, Vec<_>) =
        receipts.into_iter().partition(|receipt| receipt.was_canceled || receipt.record.kind == Kind::Payment);
    assert_eq!((count(&cancels, None), count(&cancels, Some(Refusal::AlreadyCanceled))), (1, CLIENTS - 2));
    assert!(matches!(paid[0].refusal(), None | Some(Refusal::AlreadyCanceled)));
    let again = first.pay(&key, &code, 500).await;
    assert_eq!((again.refusal(), &again.record), (paid[0].refusal(), &paid[0].record));
    assert!(first.payment(&key).await.is_none_or(|it| it.payment.unwrap().state(it.at) == PaymentState::Canceled));
}

on_both_databases! {
    /// (a) One code, payments, authorisations and top-ups at two terminals: one of them is done.
    async fn one_code_is_used_once(database: TestDatabase) {
        let race = Race::start(&database, 1).await;
        race.client(0, 11).fund("fund", 10_000).await;
        let code = race.client(0, 11).code().await;
        let (here, there) = (race.town.terminal(11).clone(), race.town.terminal(12).clone());
        let receipts = race.all(|mut client, number| {
            client.terminal = if number % 2 == 0 { here.clone() } else { there.clone() };
            let code = code.clone();
            async move {
                let key = format!("p-{number}");
                match number % 3 {
                    0 => client.pay(&key, &code, 100).await,
                    1 => client.authorize(&key, &code, 100).await,
                    _ => client.top_up(&key, &code, 100).await,
                }
            }
        });
        let receipts = receipts.await;
        assert_eq!((count(&receipts, None), count(&receipts, Some(Refusal::CodeConsumed))), (1, CLIENTS - 1));
        let done = &receipts.iter().find(|receipt| receipt.refusal().is_none()).unwrap().record;
        let expected = if done.kind == Kind::TopUp { 10_100 } else { 9_900 };
        assert_eq!(race.available().await, [expected, 0, 0]);
        race.finish(&database).await;
    }

    /// (b) One code that asks for too much at two terminals: it belongs to the one that came first.
    async fn one_code_is_bound_to_one_terminal(database: TestDatabase) {
        let race = Race::start(&database, 1).await;
        race.client(0, 11).fund("fund", 100).await;
        let code = race.client(0, 11).code().await;
        let (here, there) = (race.town.terminal(11).clone(), race.town.terminal(12).clone());
        let receipts = race.all(|mut client, number| {
            client.terminal = if number % 2 == 0 { here.clone() } else { there.clone() };
            let code = code.clone();
            async move { client.pay(&format!("p-{number}"), &code, 101).await }
        });
        let receipts = receipts.await;
        let of = |terminal: u32, refusal| {
            let own = |receipt: &&Receipt| receipt.record.key.caller == race.town.terminal(terminal).id.into();
            count(&receipts.iter().filter(own).cloned().collect::<Vec<_>>(), Some(refusal))
        };
        let counts = [11, 12].map(|terminal| (of(terminal, Refusal::InsufficientBalance), of(terminal, Refusal::CodeBound)));
        assert!(counts == [(32, 0), (0, 32)] || counts == [(0, 32), (32, 0)], "{counts:?}");
        assert_eq!(race.available().await, [100, 0, 0]);
        race.finish(&database).await;
    }

    /// (c) One hold: captured whole by one, and in 64 parts by all, each to the yen.
    async fn one_hold_is_captured_once_or_in_parts(database: TestDatabase) {
        let race = Race::start(&database, 1).await;
        let client = race.client(0, 11);
        client.fund("fund", 20_000).await;
        let held = client.hold("h-1", 6_400).await;
        whole_captures(&race, held).await;
        assert_eq!(race.available().await, [13_600, 0, 32]);
        let held = client.hold("h-2", 6_400).await;
        let receipts =
            race.all(|client, number| async move { client.capture(&format!("d-{number}"), held, 100).await }).await;
        assert_eq!(count(&receipts, None), CLIENTS);
        let course = client.payment("h-2").await.unwrap();
        let totals = course.payment.unwrap().totals;
        assert_eq!([totals.authorized, totals.captured, totals.points_earned].map(|it| it.get()), [6_400, 6_400, 32]);
        assert_eq!(refused(client.capture("one-more", held, 1).await), Refusal::HoldClosed);
        assert_eq!(race.available().await, [7_200, 0, 64]);
        assert_eq!(race.finish(&database).await, 12_800);
    }

    /// (d) One key: with one body one effect and replays; with other bodies one effect and conflicts.
    async fn one_key_has_one_effect(database: TestDatabase) {
        let race = Race::start(&database, 1).await;
        let client = race.client(0, 11);
        client.fund("fund", 10_000).await;
        let paid = client.paid("p-1", 6_400).await;
        one_refund_again_and_again(&race, paid).await;
        let answers = race.all(|client, number| async move {
            client.refund("the-other", paid, 1 + i64::try_from(number).unwrap()).await
        });
        let answers = answers.await;
        let effects: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().ok()).collect();
        let conflicts = answers.iter().filter(|answer| matches!(answer, Err(warifu_app::Fault::RequestIdConflict)));
        assert_eq!((effects.len(), conflicts.count(), effects[0].refusal()), (1, CLIENTS - 1, None));
        let given = 10 + effects[0].record.amount.get();
        assert_eq!(race.available().await[0], 3_600 + given);
        assert_eq!(race.finish(&database).await, 6_400 - given);
    }

    /// (e) One payment: exactly as many refunds as fit.
    async fn one_payment_is_refunded_as_far_as_it_goes(database: TestDatabase) {
        let race = Race::start(&database, 1).await;
        let client = race.client(0, 11);
        client.fund("fund", 10_000).await;
        let paid = client.paid("p-1", 6_400).await;
        refunds_that_fit(&race, paid).await;
        // Of 32 points floor(32 * 6300 / 6400) are taken back.
        assert_eq!(race.available().await, [9_900, 0, 1]);
        assert_eq!(race.finish(&database).await, 100);
    }

    /// (f) A payment and its cancels by `request_id`: one of the two outcomes, for good.
    async fn a_payment_and_its_cancels_have_one_outcome(database: TestDatabase) {
        let race = Race::start(&database, 1).await;
        race.client(0, 11).fund("fund", 10_000).await;
        for round in 0..8 {
            cancels_of_a_payment(&race, round).await;
            assert_eq!(race.available().await, [10_000, 0, 0]);
        }
        assert_eq!(race.finish(&database).await, 0);
    }

    /// (g) Captures, voids and cancels of one hold: one closes it at most, one cancel undoes it, and nothing is left of it.
    async fn one_hold_ends_once(database: TestDatabase) {
        let race = Race::start(&database, 1).await;
        let client = race.client(0, 11);
        client.fund("fund", 10_000).await;
        let mut owed = 0;
        for (round, kinds) in [2, 3, 2, 3, 3, 3].into_iter().enumerate() {
            let held = client.hold(&format!("h-{round}"), 6_400).await;
            let before = race.available().await[0];
            let receipts = race.all(|client, number| async move {
                let key = format!("g-{round}-{number}");
                match (number + round) % kinds {
                    0 => client.capture(&key, held, 6_400).await,
                    1 => client.void(&key, held).await,
                    _ => client.cancel(&key, held).await,
                }
            });
            let receipts = receipts.await;
            let done = |kind| receipts.iter().filter(|it| it.record.kind == kind && it.refusal().is_none()).count();
            let closed = done(Kind::Capture) + done(Kind::Void);
            let course = client.payment(&format!("h-{round}")).await.unwrap();
            let state = course.payment.unwrap().state(course.at);
            let after = race.available().await[0];
            if kinds == 3 {
                assert_eq!((done(Kind::Cancel), closed <= 1, state), (1, true, PaymentState::Canceled));
                assert_eq!(after, before + 6_400);
            } else {
                assert_eq!((done(Kind::Cancel), closed), (0, 1));
                let captured = state == PaymentState::Captured;
                assert!(captured || state == PaymentState::Voided);
                assert_eq!(after, if captured { before } else { before + 6_400 });
                owed += i64::from(captured) * 6_400;
                client.fund(&format!("again-{round}"), 10_000).await;
            }
        }
        assert_eq!(race.finish(&database).await, owed);
    }

    /// (h) A top-up that is cancelled while it is spent: it is one of the two.
    async fn a_top_up_is_cancelled_or_spent(database: TestDatabase) {
        let race = Race::start(&database, 1).await;
        let client = race.client(0, 11);
        let mut spent = 0;
        for round in 0..8 {
            let put_in = client.fund(&format!("t-{round}"), 1_000).await;
            let code = client.code().await;
            let receipts = race.all(|client, number| {
                let code = code.clone();
                async move {
                    let key = format!("h-{round}-{number}");
                    if (number + round) % 2 == 0 {
                        client.pay(&key, &code, 1_000).await
                    } else {
                        client.cancel_top_up(&key, put_in).await
                    }
                }
            });
            let receipts = receipts.await;
            let (cancels, payments): (Vec<_>, Vec<_>) =
                receipts.into_iter().partition(|receipt| receipt.record.kind == Kind::TopUpCancel);
            let (half, is_spent) = (CLIENTS / 2, count(&payments, None) == 1);
            if is_spent {
                assert_eq!(count(&payments, Some(Refusal::CodeConsumed)), half - 1);
                assert_eq!(count(&cancels, Some(Refusal::TopUpSpent)), half);
            } else {
                assert_eq!(count(&payments, Some(Refusal::InsufficientBalance)), half);
                assert_eq!((count(&cancels, None), count(&cancels, Some(Refusal::AlreadyCanceled))), (1, half - 1));
            }
            spent += i64::from(is_spent);
            assert_eq!(race.available().await, [0, 0, spent * 5]);
        }
        assert_eq!(race.finish(&database).await, spent * 1_000);
    }

    /// (i) The races for a hold, a key, a payment and a cancel, all at once; on PostgreSQL on two nodes.
    async fn everything_at_once_on_two_nodes(database: TestDatabase) {
        let nodes = if database.engine() == Engine::Postgres { 2 } else { 1 };
        let race = Race::start(&database, nodes).await;
        let client = race.client(0, 11);
        client.fund("fund", 49_000).await;
        let held = client.hold("h-1", 6_400).await;
        let paid = [client.paid("p-1", 6_400).await, client.paid("p-2", 6_400).await];
        let races: [futures::future::BoxFuture<'_, ()>; 4] = [
            Box::pin(whole_captures(&race, held)),
            Box::pin(one_refund_again_and_again(&race, paid[0])),
            Box::pin(refunds_that_fit(&race, paid[1])),
            Box::pin(cancels_of_a_payment(&race, 0)),
        ];
        join_all(races).await;
        assert_eq!(race.available().await[0], 49_000 - 3 * 6_400 + 10 + 6_300);
        assert!(race.nodes.iter().all(|node| node.statistics().batches > 0), "a node took no part in the race");
        done(client.cancel("undo", held).await);
        assert_eq!(race.finish(&database).await, 2 * 6_400 - 10 - 6_300);
    }
}
