//! The list of events and the reader behind webhooks: nothing missed, nothing twice, whatever is recorded meanwhile.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use warifu_app::{App, EventCursor, EventPage, KeyRing, Partner, Terminal};
use warifu_core::code::Code;
use warifu_core::place::{Book, Channel};
use warifu_testkit::{Engine, TestDatabase, on_both_databases};

use crate::town::{PREFIX, SECRET, Town, open, pay};

/// How many payments each writer takes.
const EACH: usize = 120;

/// Nodes on one database: one on SQLite, which one process serves, two on PostgreSQL, which writes many streams.
async fn nodes(town: &Town, database: &TestDatabase) -> Vec<Arc<App>> {
    let mut nodes = vec![Arc::clone(&town.app)];
    if database.engine() == Engine::Postgres {
        nodes.push(Arc::new(open(database, KeyRing::fixed(SECRET), PREFIX, &town.clock).await.unwrap()));
    }
    nodes
}

/// Payments with a code that nobody issued, from several tasks on every node: recorded, refused, quick.
fn write(nodes: &[Arc<App>], tills: &[&Terminal]) -> Vec<tokio::task::JoinHandle<()>> {
    let mut writers = Vec::new();
    for (node, app) in nodes.iter().enumerate() {
        for (number, till) in tills.iter().enumerate() {
            let (app, till) = (Arc::clone(app), (*till).clone());
            writers.push(tokio::spawn(async move {
                let code = Code::new(&PREFIX.parse().unwrap(), 1).unwrap();
                for index in 0..EACH {
                    pay(&app, &till, &format!("p-{node}-{number}-{index}"), &code, 1).await.unwrap();
                }
            }));
        }
    }
    writers
}

/// Follows the list to its end, which may move.
struct Reader<'a> {
    app: &'a App,
    partner: &'a Partner,
    cursor: EventCursor,
    seen: Vec<String>,
}

impl<'a> Reader<'a> {
    fn new(app: &'a App, partner: &'a Partner) -> Self {
        Self { app, partner, cursor: EventCursor::default(), seen: Vec::new() }
    }

    async fn page(&mut self, limit: u16) -> EventPage {
        let page = self.app.events(self.partner, self.cursor.clone(), limit).await.unwrap();
        assert!(page.items.len() <= usize::from(limit));
        self.seen.extend(page.items.iter().map(|event| event.data.transaction_id.clone()));
        // As a program keeps it: as text.
        self.cursor = page.next.to_string().parse().unwrap();
        assert_eq!(self.cursor, page.next);
        page
    }

    async fn read_on(&mut self) {
        while self.page(200).await.has_more {}
    }
}

/// The transactions of a shop, or of all, as the journal has them, by stream.
async fn recorded(database: &TestDatabase, shop: Option<&str>) -> Vec<Vec<String>> {
    let rows = database.query_raw("SELECT position, id, shop_id FROM journal ORDER BY position").await;
    let mut streams: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for row in rows {
        let hex = |text: &str| text.trim_start_matches("\\x").to_owned();
        if shop.is_none_or(|shop| shop.ends_with(&hex(&row[2]))) {
            let stream = row[0].parse::<i64>().unwrap() >> 48;
            streams.entry(stream).or_default().push(format!("txn_{}", hex(&row[1])));
        }
    }
    streams.into_values().collect()
}

/// Everything was seen once, and each stream in its order.
fn assert_complete(seen: &[String], recorded: &[Vec<String>]) {
    let places: BTreeMap<&String, usize> = seen.iter().zip(0..).collect();
    assert_eq!(places.len(), seen.len(), "something was seen twice");
    assert_eq!(seen.len(), recorded.iter().map(Vec::len).sum::<usize>());
    for stream in recorded {
        let order: Vec<_> =
            stream.iter().map(|id| places.get(id).unwrap_or_else(|| panic!("{id} was missed"))).collect();
        assert!(order.is_sorted(), "a stream was read out of order");
    }
}

on_both_databases! {
    /// Readers follow while writers on several streams write: the issuer's sees everything once, a merchant's what is its own.
    async fn a_reader_that_goes_on_misses_nothing_and_sees_nothing_twice(database: TestDatabase) {
        let town = Town::found(&database).await;
        let other = town.app.add_merchant("Other").await.unwrap();
        let other_shop = town.app.add_shop(other.id, "Other").await.unwrap();
        let other_till = town.app.add_terminal(other_shop.id, "Till", Channel::Till, Book::Real).await.unwrap().terminal;
        let issuer = town.app.add_partner(None, "Issuer").await.unwrap().partner;
        let merchant = town.app.add_partner(Some(other.id), "Merchant").await.unwrap().partner;
        let nodes = nodes(&town, &database).await;
        let writers = write(&nodes, &[&town.till.terminal, &town.other_till.terminal, &other_till]);
        let (mut all, mut own) = (Reader::new(&town.app, &issuer), Reader::new(&town.app, &merchant));
        let mut pages = 0;
        while writers.iter().any(|writer| !writer.is_finished()) {
            all.page(7).await;
            own.page(200).await;
            pages += 1;
        }
        for writer in writers {
            writer.await.unwrap();
        }
        assert!(pages > 1, "nothing was read while it was written");
        all.read_on().await;
        own.read_on().await;
        let streams = recorded(&database, None).await;
        assert_eq!(streams.len() > 1, database.engine() == Engine::Postgres, "many streams are written on PostgreSQL");
        assert_complete(&all.seen, &streams);
        assert_complete(&own.seen, &recorded(&database, Some(&other_shop.id.to_string())).await);

        let last = all.page(50).await;
        assert!(last.items.is_empty() && !last.has_more);
        let mut again = Reader::new(&town.app, &issuer);
        again.read_on().await;
        assert_complete(&again.seen, &streams);
        for node in &nodes[1..] {
            node.drain().await;
        }
        town.close_clean(&database).await;
    }

    /// A page looks at a bounded part of the journal, so for a merchant among many it may be empty while there is more.
    async fn a_page_is_bounded_and_goes_on(database: TestDatabase) {
        let town = Town::found(&database).await;
        let other = town.app.add_merchant("Other").await.unwrap();
        let shop = town.app.add_shop(other.id, "Other").await.unwrap();
        let till = town.app.add_terminal(shop.id, "Till", Channel::Till, Book::Real).await.unwrap().terminal;
        let merchant = town.app.add_partner(Some(other.id), "Merchant").await.unwrap().partner;
        let code = Code::new(&PREFIX.parse().unwrap(), 1).unwrap();
        let keys: Vec<_> = (0..2_100).map(|number| format!("p-{number}")).collect();
        for answer in futures::future::join_all(keys.iter().map(|key| town.pay(key, &code, 1))).await {
            answer.unwrap();
        }
        town.clock.advance(Duration::from_secs(1));
        pay(&town.app, &till, "last", &code, 1).await.unwrap();
        let mut reader = Reader::new(&town.app, &merchant);
        let first = reader.page(200).await;
        assert!(first.items.is_empty() && first.has_more);
        assert_ne!(first.next, EventCursor::default());
        let mut pages = 1;
        while reader.page(200).await.has_more {
            pages += 1;
            assert!(pages < 5, "a page gets on by two thousand");
        }
        assert_eq!(reader.seen.len(), 1);
        town.close_clean(&database).await;
    }

    /// Two nodes find the same events for webhooks: each is kept once, none is left out, and what was recorded before a
    /// webhook was made is not sent to it.
    async fn each_event_is_found_once_for_a_webhook(database: TestDatabase) {
        let town = Town::found_allowing(&database).await;
        let issuer = town.app.add_partner(None, "Issuer").await.unwrap().partner;
        let code = town.code().await;
        town.top_up("before", &code, 500).await.unwrap();
        // Nobody listens there.
        let first = town.app.add_webhook(&issuer, "http://127.0.0.1:9/", None).await.unwrap().webhook;
        let nodes = nodes(&town, &database).await;
        for node in &nodes {
            node.start_webhooks();
        }
        let writers = write(&nodes, &[&town.till.terminal, &town.other_till.terminal]);
        for writer in writers {
            writer.await.unwrap();
        }
        let second = town.app.add_webhook(&issuer, "http://127.0.0.1:9/", Some(vec!["payment.refused.v1".to_owned()]));
        let second = second.await.unwrap().webhook;
        pay(&town.app, &town.till.terminal, "after", &Code::new(&PREFIX.parse().unwrap(), 1).unwrap(), 1).await.unwrap();
        let code = town.code().await;
        town.top_up("after-too", &code, 500).await.unwrap();
        let payments = nodes.len() * 2 * EACH;
        let counts = format!("{} {}", payments + 2, 1);
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let rows = database.query_raw("SELECT webhook_id, count(*) FROM deliveries GROUP BY webhook_id").await;
            let count = |id: String| {
                let row = rows.iter().find(|row| id.ends_with(row[0].trim_start_matches("\\x")));
                row.map_or_else(|| "0".to_owned(), |row| row[1].clone())
            };
            let found = format!("{} {}", count(first.id.to_string()), count(second.id.to_string()));
            if found == counts {
                break;
            }
            assert!(Instant::now() < deadline, "{found} instead of {counts}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        for node in &nodes[1..] {
            node.drain().await;
        }
        town.close_clean(&database).await;
    }

    /// What ended a month ago is forgotten, and so is what is left of a webhook that was deleted; the rest stays.
    async fn old_deliveries_are_cleared_away(database: TestDatabase) {
        let town = Town::found_allowing(&database).await;
        let issuer = town.app.add_partner(None, "Issuer").await.unwrap().partner;
        let [kept, deleted] = [0, 1].map(|_| town.app.add_webhook(&issuer, "http://127.0.0.1:9/", None));
        let (kept, deleted) = (kept.await.unwrap().webhook, deleted.await.unwrap().webhook);
        assert_eq!(town.app.webhooks(issuer.id).await.unwrap().len(), 2);
        town.fund("t-1", 500).await;
        town.fund("t-2", 500).await;
        town.app.start_webhooks();
        let deadline = Instant::now() + Duration::from_secs(20);
        while database.query_raw("SELECT count(*) FROM deliveries WHERE last_error IS NOT NULL").await != [["4"]] {
            assert!(Instant::now() < deadline, "four attempts fail");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert!(town.app.delete_webhook(issuer.id, deleted.id).await.unwrap());
        assert!(!town.app.delete_webhook(issuer.id, deleted.id).await.unwrap());
        town.app.drain().await;
        let ended = town.clock_now().unix_micros();
        database.execute_raw(&format!(
            "UPDATE deliveries SET status = 'delivered', next_attempt_at = NULL, ended_at = {ended} \
             WHERE event_id = (SELECT id FROM journal WHERE request_id = 't-1')"
        )).await;
        town.clock.advance(Duration::from_secs(30 * 24 * 60 * 60 + 1));
        let again = open(&database, KeyRing::fixed(SECRET), PREFIX, &town.clock).await.unwrap();
        again.start_webhooks();
        let deadline = Instant::now() + Duration::from_secs(20);
        loop {
            let left = database.query_raw("SELECT (SELECT count(*) FROM webhooks), (SELECT count(*) FROM deliveries)").await;
            if left == [["1", "1"]] {
                break;
            }
            assert!(Instant::now() < deadline, "{left:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(again.webhooks(issuer.id).await.unwrap()[0].id, kept.id);
        again.drain().await;
    }
}
