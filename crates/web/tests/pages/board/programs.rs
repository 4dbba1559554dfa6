//! What programs bring: an incident becomes a review from the page; a seat for a program is given there, and shows nothing in a browser.

use serde_json::{Value, json};
use warifu_testkit::{Browser, Page};

use crate::board::room::{begin, invite, quoted, seated, shows};
use crate::board::{judge, judge_refused};
use crate::visit::{DESK, PHONE, serve};

/// A facilitator invites a program. A browser that opens the link by mistake is told what the seat is, and gives it up.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_seat_of_a_program_shows_nothing() {
    let (browser, server) = (Browser::start().await, serve().await);
    for (language, screen, words) in [("ja", PHONE, "プログラム用の席"), ("en", DESK, "This seat is a program’s")]
    {
        let lead = begin(&browser, &server, (screen, language, false), "Case").await;
        let link = invite(&lead, "program", 1).await;
        judge(&lead, &format!("program-invited-{language}")).await;
        let other = browser.open(&link, screen, language, true).await;
        other.tap("#take-seat").await;
        let is_told = format!("document.getElementById('reviews')?.innerText.includes({}) === true", quoted(words));
        other.wait_until(&is_told).await;
        shows(&lead, "#people-programs", "1").await;
        judge_refused(&other, &format!("program-seat-{language}"), &[403]).await;
        let id: String = other.evaluate("document.querySelector('#reviews > [data-review]').dataset.review").await;
        other.go(&format!("{}/reviews/{id}", server.page_origin())).await;
        shows(&other, "#none-text", words).await;
        other.go(&format!("{}/reviews", server.page_origin())).await;
        other.wait_until("document.querySelector('#reviews > [data-review] button') !== null").await;
        other.tap("#reviews > [data-review] button").await;
        other.tap("#forget-yes").await;
        other.wait_until("document.querySelector('#reviews > [data-review]') === null").await;
        lead.wait_until("document.getElementById('people-programs') === null").await;
    }
}

/// Has the page's field for what is brought in take a file with this content.
async fn choose(page: &Page, content: &Value) {
    let content = quoted(&content.to_string());
    let js = format!(
        "(() => {{ const list = new DataTransfer(); list.items.add(new File([{content}], 'incident.json', {{ type: 'application/json' }})); \
         const field = document.getElementById('import-file'); field.files = list.files; field.dispatchEvent(new Event('change', {{ bubbles: true }})); }})()"
    );
    page.run(&js).await;
}

/// An incident that was written down is brought in on the page: one that does not fit is told with its place, one that does is a review.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_incident_is_brought_in() {
    let (browser, server) = (Browser::start().await, serve().await);
    for (language, screen, refused) in [("ja", PHONE, "取り込んでいません"), ("en", DESK, "was not brought in")]
    {
        let page = browser.open(&format!("{}/reviews", server.page_origin()), screen, language, false).await;
        page.wait_until("!document.getElementById('import-place').hidden").await;
        page.tap("#import-place summary").await;
        let event = |at: &str| json!([{ "at": { "kind": "exact", "at": at }, "text": "<b>Signed in</b>" }]);
        let mut incident = json!({
            "format": "warifu-incident", "version": 1, "language": language, "name": "Emptied", "summary": "In one night.",
            "began": { "kind": "exact", "at": "2026-07-02" }, "events": event("2026-07-02T28:05"),
        });
        choose(&page, &incident).await;
        shows(&page, "#import-told", refused).await;
        shows(&page, "#import-told", "events 1: a date is").await;
        judge_refused(&page, &format!("incident-refused-{language}"), &[400]).await;
        choose(&page, &json!({ "format": "another" })).await;
        shows(&page, "#import-told", "warifu-incident").await;
        incident["events"] = event("2026-07-02T18:05");
        choose(&page, &incident).await;
        seated(&page).await;
        page.run("location.hash = 'arrange/events'").await;
        shows(&page, "#events", "<b>Signed in</b>").await;
        judge_refused(&page, &format!("incident-{language}"), &[400]).await;
    }
}
