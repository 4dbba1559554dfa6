//! A review in which there is something of everything, and how each of its places looks.

use futures::future::BoxFuture;
use serde_json::{Value, json};
use warifu_testkit::{Browser, Page, Seat, Server};

use crate::board::judge;
use crate::board::room::{Screen, collected, conjecture, fact, join, place};
use crate::visit::{DESK, PHONE, serve};

/// A statement about an event and its time.
pub(crate) fn event(statement: &Value, kind: &str, at: &str, rank: u64) -> Value {
    json!({ "statement": statement, "when": { "kind": kind, "at": at }, "rank": rank })
}

/// A review in its third step with something of everything; as `collected` gives it.
pub(crate) fn full<'a>(server: &'a Server, name: &'a str) -> BoxFuture<'a, (Seat, Vec<Seat>)> {
    Box::pin(async move {
        let (lead, seats) = collected(server, name).await;
        let written = [
            ("case/date", conjecture("2019-07-03")),
            (
                "case/summary",
                fact("新しい基幹システムの稼働が1年遅れ、夜間処理が3日止まった。", "稼働判定会議の議事録"),
            ),
            ("case/course", conjecture("The night batch stopped twice.\nThe old system was switched on again.")),
            ("why/hand-over", fact("Only one person knew.", "Organisation chart of 2018")),
            ("why_not/hand-over", conjecture("手順書はあった。")),
            ("discussion/hand-over", conjecture("Knowledge stayed with one person.")),
            ("why_not/unknown-phenomenon", conjecture("Others had seen it before.")),
            ("lift/rigid-management", json!({ "is_lifted": true })),
            ("event/one", event(&fact("The one who knew left.", "Notice of transfer"), "exact", "2019-03-31", 1 << 20)),
            ("event/two", event(&conjecture("夜間処理が止まった。"), "about", "2019-07", 2 << 20)),
            ("event/three", event(&conjecture("A plan was made."), "unknown", "", 3 << 20)),
            (
                "open/one",
                json!({ "text": "Who may stop a release?", "about": "rigid-management", "is_settled": false }),
            ),
            ("open/two", json!({ "text": "なぜ3月だったのか。", "about": "", "is_settled": true })),
            ("comment/one", json!({ "on": "discussion/hand-over", "text": "異動の時期を確かめる。" })),
            ("comment/two", json!({ "on": "event/one", "text": "The notice is dated 1 March." })),
        ];
        for (place, body) in &written {
            let _ = seats[0].write(place, 0, body).await.expect(200);
        }
        let _ = seats[0]
            .write("why/hand-over", 1, &fact("Only one person knew the batch.", "Chart of 2018"))
            .await
            .expect(200);
        let _ = seats[1].upload("minutes.txt", "text/plain", "Minutes of 3 July").await.expect(201);
        (lead, seats)
    })
}

/// Every place of a review, as a facilitator sees it, and what opens from there.
async fn look(screen: Screen, name: &str) {
    let (browser, server) = (Browser::start().await, serve().await);
    let (seat, _) = full(&server, "基幹システム刷新の遅れ").await;
    let page = join(&browser, &server, &seat, "facilitator", screen).await;
    for to in ["extract", "collect", "arrange", "arrange/cause/hand-over", "arrange/events", "arrange/open"] {
        place(&page, to).await;
        judge(&page, &format!("look-{}-{name}", to.replace('/', "-"))).await;
    }
    for to in ["case", "evidence", "history", "people", "practise"] {
        place(&page, to).await;
        settle(&page, to).await;
        judge(&page, &format!("look-{to}-{name}")).await;
    }
    place(&page, "extract").await;
    page.tap("#chart .mandala-list .cause[data-key='different-culture']").await;
    page.tap("#mark [data-act=source-add]").await;
    judge(&page, &format!("look-mark-{name}")).await;
    page.tap("#mark [data-act=cancel]").await;
    place(&page, "arrange/events").await;
    page.tap("#event-add").await;
    judge(&page, &format!("look-event-form-{name}")).await;
    page.go(&format!("{}/reviews", server.page_origin())).await;
    crate::board::room::ready(&page).await;
    page.wait_for_visible("#begin-name").await;
    judge(&page, &format!("look-reviews-{name}")).await;
}

/// Waits for what a place reads by itself.
async fn settle(page: &Page, to: &str) {
    match to {
        "evidence" => page.wait_for_visible(".evidence-one").await,
        "history" => page.wait_for_visible("#history .change").await,
        _ => {}
    }
}

/// Every place is whole on a desk in Japanese: accessible, no wider than the screen, and without a complaint in the console.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_place_is_whole_on_a_desk_in_japanese() {
    look((DESK, "ja", false), "desk-ja").await;
}

/// The same in English, in the dark.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_place_is_whole_on_a_desk_in_english() {
    look((DESK, "en", true), "desk-en-dark").await;
}

/// The same on a phone in Japanese, in the dark.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_place_is_whole_on_a_phone_in_japanese() {
    look((PHONE, "ja", true), "phone-ja-dark").await;
}

/// The same on a phone in English.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_place_is_whole_on_a_phone_in_english() {
    look((PHONE, "en", false), "phone-en").await;
}
