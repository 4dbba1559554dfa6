//! Partners, webhooks and deliveries: each column comes back as it was kept, and a lease is one node's.

use warifu_core::id::{EventId, MerchantId, PartnerId, WebhookId};
use warifu_core::time::Time;
use warifu_store::{
    Attempt, Database, DeliveryStatus, DueDelivery, Ended, JournalCursor, Merchant, NewDelivery, Partner, StoreError,
    Subscriber, Webhook, WebhookStatus,
};
use warifu_testkit::{TestDatabase, on_both_databases};

use crate::story::time;

const MERCHANT: MerchantId = MerchantId::from_bytes([1; 16]);
const PARTNER: PartnerId = PartnerId::from_bytes([0xff; 16]);
const WEBHOOK: WebhookId = WebhookId::from_bytes([0xfe; 16]);

fn event(number: u8) -> EventId {
    EventId::from_bytes([number; 16])
}

fn partner() -> Partner {
    let name = "会計 O'Neill \"x\" \\ %_ $1 ?1".to_owned();
    Partner { id: PARTNER, merchant: None, name, token_mac: [0x27; 32], created_at: Time::MAX }
}

fn webhook() -> Webhook {
    Webhook {
        id: WEBHOOK,
        partner: PARTNER,
        url: "https://xn--wgv71a.example/?q='\"".to_owned(),
        event_types: None,
        signing_key_id: i64::from(u32::MAX),
        status: WebhookStatus::Enabled,
        since: vec![JournalCursor::at(0, (1 << 48) - 1).unwrap(), JournalCursor::at(63, 0).unwrap()],
        created_at: Time::EPOCH,
    }
}

fn new_delivery(number: u8, at: Time) -> NewDelivery {
    NewDelivery {
        webhook: WEBHOOK,
        event: event(number),
        event_type: "payment.captured.v1".to_owned(),
        next_attempt_at: at,
    }
}

/// Keeps a partner, a webhook, and deliveries of the events 1 to `count`, due at seconds 1, 2, ...
async fn keep(database: &Database, count: u8) {
    let deliveries: Vec<_> = (1..=count).map(|number| new_delivery(number, time(i64::from(number)))).collect();
    let kept = database.write(move |transaction| {
        Box::pin(async move {
            transaction.create_partner(&partner()).await?;
            transaction.create_webhook(&webhook()).await?;
            transaction.create_deliveries(&deliveries).await
        })
    });
    kept.await.unwrap();
}

on_both_databases! {
    async fn partners_round_trip(database: TestDatabase) {
        let opened = database.open().await;
        let of_merchant = Partner { id: PartnerId::from_bytes([0; 16]), merchant: Some(MERCHANT), token_mac: [0; 32], created_at: Time::EPOCH, ..partner() };
        let kept = of_merchant.clone();
        let found = opened.write(move |transaction| Box::pin(async move {
            let merchant = Merchant { id: MERCHANT, name: "M".to_owned(), invoice_number: None, created_at: Time::EPOCH };
            transaction.create_merchant(&merchant).await?;
            transaction.create_partner(&partner()).await?;
            transaction.create_partner(&kept).await?;
            transaction.hold_partner(PARTNER).await?;
            assert_eq!(transaction.find_partner_by_token([9; 32]).await?, None);
            Ok((transaction.find_partner_by_token([0x27; 32]).await?, transaction.find_partner_by_token([0; 32]).await?))
        }));
        assert_eq!(found.await.unwrap(), (Some(partner()), Some(of_merchant)));
        let orphan = Partner { merchant: Some(MerchantId::from_bytes([2; 16])), token_mac: [3; 32], id: PartnerId::from_bytes([3; 16]), ..partner() };
        let refused = opened.write(move |transaction| Box::pin(async move { transaction.create_partner(&orphan).await }));
        assert!(matches!(refused.await, Err(StoreError::Constraint(_))));
    }

    async fn webhooks_round_trip(database: TestDatabase) {
        let opened = database.open().await;
        keep(&opened, 0).await;
        let typed = Webhook {
            id: WebhookId::from_bytes([0; 16]),
            event_types: Some(vec!["payment.captured.v1".to_owned(), "会計".to_owned()]),
            status: WebhookStatus::Disabled,
            since: Vec::new(),
            created_at: Time::MAX,
            ..webhook()
        };
        let kept = typed.clone();
        let found = opened.write(move |transaction| Box::pin(async move {
            transaction.create_webhook(&kept).await?;
            assert_eq!(transaction.find_webhook(WEBHOOK, PARTNER).await?, Some(webhook()));
            assert_eq!(transaction.find_webhook(WEBHOOK, PartnerId::from_bytes([0; 16])).await?, None);
            let subscriber = Subscriber { webhook: webhook(), merchant: None };
            assert_eq!(transaction.list_subscribers().await?, [subscriber], "a disabled one is told of nothing");
            transaction.list_webhooks_of_partner(PARTNER).await
        }));
        assert_eq!(found.await.unwrap(), [typed.clone(), webhook()]);
        let orphan = Webhook { partner: PartnerId::from_bytes([0; 16]), ..webhook() };
        let refused = opened.write(move |transaction| Box::pin(async move { transaction.create_webhook(&orphan).await }));
        assert!(matches!(refused.await, Err(StoreError::Constraint(_))));
    }

    /// A deleted webhook is nobody's at once, is told of nothing, stays deleted, and goes when its last delivery is gone.
    async fn a_deleted_webhook_goes_little_by_little(database: TestDatabase) {
        let opened = database.open().await;
        keep(&opened, 5).await;
        let done = opened.write(|transaction| Box::pin(async move {
            transaction.save_webhook_status(WEBHOOK, WebhookStatus::Deleted).await?;
            transaction.save_webhook_status(WEBHOOK, WebhookStatus::Disabled).await?;
            assert_eq!(transaction.find_webhook(WEBHOOK, PARTNER).await?, None);
            assert_eq!(transaction.list_webhooks_of_partner(PARTNER).await?, []);
            assert_eq!(transaction.list_subscribers().await?, []);
            assert_eq!(transaction.list_due_webhooks(Time::MAX, None, 9).await?, []);
            assert_eq!(transaction.list_ended_webhooks(WebhookStatus::Deleted, 9).await?, [WEBHOOK]);
            assert!(!transaction.delete_webhook(WEBHOOK).await?);
            assert_eq!(transaction.delete_deliveries_of_webhook(WEBHOOK, 3).await?, 3);
            assert_eq!(transaction.delete_deliveries_of_webhook(WEBHOOK, 3).await?, 2);
            assert!(transaction.delete_webhook(WEBHOOK).await?);
            // What was found for it meanwhile is passed over.
            transaction.create_deliveries(&[new_delivery(9, time(9))]).await?;
            transaction.find_delivery(WEBHOOK, event(9)).await
        }));
        assert_eq!(done.await.unwrap(), None);
    }

    async fn deliveries_round_trip(database: TestDatabase) {
        let opened = database.open().await;
        keep(&opened, 4).await;
        let found = opened.write(|transaction| Box::pin(async move {
            let fresh = transaction.find_delivery(WEBHOOK, event(1)).await?.unwrap();
            assert_eq!((fresh.event_type.as_str(), fresh.status, fresh.attempts), ("payment.captured.v1", DeliveryStatus::Pending, 0));
            assert_eq!((fresh.next_attempt_at, fresh.last_status, &fresh.last_error, fresh.ended_at), (Some(time(1)), None, &None, None));
            transaction.create_deliveries(&[new_delivery(1, Time::MAX)]).await?;
            assert_eq!(transaction.find_delivery(WEBHOOK, event(1)).await?, Some(fresh), "what is there stays");

            assert_eq!(transaction.list_due_webhooks(time(0), None, 9).await?, []);
            assert_eq!(transaction.list_due_webhooks(time(1), None, 9).await?, [webhook()]);
            assert_eq!(transaction.list_due_webhooks(time(1), Some(WEBHOOK), 9).await?, []);
            let due = transaction.list_due_deliveries(WEBHOOK, time(3), 9).await?;
            let expected = [1, 2, 3].map(|number| DueDelivery { webhook: WEBHOOK, event: event(number), attempts: 0, due_at: time(i64::from(number)) });
            assert_eq!(due, expected);
            assert_eq!(transaction.lease_deliveries(&due, Time::MAX).await?.len(), 3);
            let attempt = |number, ended, status, error: Option<&str>| Attempt { webhook: WEBHOOK, event: event(number), leased_until: Time::MAX, ended, status, error: error.map(str::to_owned) };
            transaction.save_attempts(&[
                attempt(1, Ended::Delivered(Time::EPOCH), Some(204), None),
                attempt(2, Ended::Failed(Time::MAX), None, Some("名前 ☕")),
                attempt(3, Ended::NotYet(time(60)), Some(503), Some("")),
                Attempt { leased_until: time(5), ..attempt(4, Ended::Delivered(time(9)), Some(200), None) },
            ]).await?;
            transaction.list_deliveries(WEBHOOK, None, None, 9).await
        }));
        let found = found.await.unwrap();
        let told: Vec<_> = found.iter().map(|one| (one.status, one.attempts, one.next_attempt_at, one.last_status, one.last_error.as_deref(), one.ended_at)).collect();
        assert_eq!(told, [
            (DeliveryStatus::Pending, 0, Some(time(4)), None, None, None),
            (DeliveryStatus::Pending, 1, Some(time(60)), Some(503), Some(""), None),
            (DeliveryStatus::Failed, 1, None, None, Some("名前 ☕"), Some(Time::MAX)),
            (DeliveryStatus::Delivered, 1, None, Some(204), None, Some(Time::EPOCH)),
        ]);
        let pages = opened.write(|transaction| Box::pin(async move {
            let first = transaction.list_deliveries(WEBHOOK, None, None, 1).await?;
            let second = transaction.list_deliveries(WEBHOOK, None, Some(first[0].event), 2).await?;
            let pending = transaction.list_deliveries(WEBHOOK, Some(DeliveryStatus::Pending), Some(event(4)), 9).await?;
            assert_eq!(transaction.count_pending_deliveries(9).await?, 2);
            assert_eq!(transaction.count_pending_deliveries(1).await?, 1);
            assert!(transaction.renew_delivery(WEBHOOK, event(1), time(7)).await?);
            assert!(!transaction.renew_delivery(WEBHOOK, event(9), time(7)).await?);
            let renewed = transaction.find_delivery(WEBHOOK, event(1)).await?.unwrap();
            assert_eq!((renewed.status, renewed.attempts, renewed.next_attempt_at, renewed.ended_at), (DeliveryStatus::Pending, 0, Some(time(7)), None));
            assert_eq!(transaction.end_pending_deliveries(WEBHOOK, time(8), "gone", 2).await?, 2);
            assert_eq!(transaction.end_pending_deliveries(WEBHOOK, time(8), "gone", 2).await?, 1);
            assert_eq!(transaction.delete_ended_deliveries(time(8), 9).await?, 0);
            assert_eq!(transaction.delete_ended_deliveries(time(9), 2).await?, 2);
            Ok((second, pending))
        }));
        let (second, pending) = pages.await.unwrap();
        assert_eq!((second[0].event, second[1].event, second.len()), (event(3), event(2), 2));
        assert_eq!((pending[0].event, pending.len()), (event(3), 1));
    }

    /// Of two nodes that read the same due deliveries, one gets each of them.
    async fn a_delivery_is_leased_by_one_node(database: TestDatabase) {
        let opened = database.open().await;
        keep(&opened, 60).await;
        let due = opened.read(|transaction| Box::pin(async move { transaction.list_due_deliveries(WEBHOOK, Time::MAX, 60).await })).await.unwrap();
        let nodes = [opened.clone(), database.open().await, opened.clone(), database.open().await].map(|node| {
            let mut due = due.clone();
            tokio::spawn(async move {
                let mut leased = 0;
                for number in 0..20 {
                    due.rotate_left(7);
                    let (part, until) = (due[..9].to_vec(), time(1_000 + number));
                    leased += node.write(move |transaction| Box::pin(async move { Ok(transaction.lease_deliveries(&part, until).await?.len()) })).await.unwrap();
                }
                leased
            })
        });
        let mut leased = 0;
        for node in nodes {
            leased += node.await.unwrap();
        }
        assert_eq!(leased, 60);
        assert_eq!(database.query_raw("SELECT count(*) FROM deliveries WHERE attempts = 1").await, [["60"]]);
    }

    async fn what_the_schema_can_check_it_checks(database: TestDatabase) {
        let opened = database.open().await;
        keep(&opened, 1).await;
        for refused in [
            "UPDATE deliveries SET status = 'lost'",
            "UPDATE deliveries SET status = 'delivered'",
            "UPDATE deliveries SET next_attempt_at = NULL",
            "UPDATE deliveries SET ended_at = 1",
            "UPDATE deliveries SET attempts = -1",
            "UPDATE webhooks SET status = 'asleep'",
            "UPDATE webhooks SET url = ''",
            "DELETE FROM webhooks",
            "DELETE FROM partners",
        ] {
            assert!(database.attempt_raw(refused).await.is_err(), "{refused}");
        }
    }
}
