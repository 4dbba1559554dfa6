//! The longest texts and the widest table stay within the page and can be used.

use serde_json::json;
use warifu_testkit::{Browser, Page, Server};

use crate::board::charts::chart;
use crate::board::judge;
use crate::board::room::{begin, conjecture, invite, join, mark_by_list, markers, place, seated, shows, sit};
use crate::visit::{DESK, PHONE, serve};

/// A page in which a review on a chart of the group's own was begun, with the longest names that there are.
async fn long_names(browser: &Browser, server: &Server) -> Page {
    let long = "失敗の原因を四十文字で言うとこのくらいの長さの名前になることもあるというための名前";
    let name: String = long.chars().cycle().take(40).collect();
    let wide = "W".repeat(40);
    let toml = chart("long", 1, &[("one", &name), ("two", &wide), ("three", "Short")]);
    let _ = server.seat().post("/v1/charts", &json!({ "toml": toml })).await.expect(201);
    let page = begin(browser, server, (DESK, "ja", false), "仮").await;
    page.go(&format!("{}/reviews", server.page_origin())).await;
    page.wait_for_visible("#begin-name").await;
    page.run("document.getElementById('begin-chart').value = 'long'").await;
    page.fill("#begin-name", &"名".repeat(100)).await;
    page.tap("#begin-send").await;
    page.wait_until("document.getElementById('case-name')?.textContent.length === 100").await;
    seated(&page).await;
    page
}

/// The longest names and reasons, with no place to break them, stay within the page on a phone and on a desk.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_longest_texts_stay_within_the_page() {
    let (browser, server) = (Browser::start().await, serve().await);
    let lead = long_names(&browser, &server).await;
    let invitation = invite(&lead, "participant", 1).await;
    let phone = sit(&browser, &invitation, (PHONE, "en", true)).await;
    place(&phone, "extract").await;
    place(&lead, "extract").await;
    mark_by_list(
        &phone,
        "two",
        &"W".repeat(10_000),
        Some(("document", &"D".repeat(300), &format!("https://example.org/{}", "u".repeat(480)))),
    )
    .await;
    mark_by_list(&lead, "one", &"長".repeat(10_000), None).await;
    place(&lead, "collect").await;
    place(&lead, "extract").await;
    lead.tap("#collect").await;
    lead.tap("#collect-confirm").await;
    for (page, name) in [(&phone, "phone-en-dark"), (&lead, "desk-ja")] {
        place(page, "collect").await;
        page.wait_until("document.querySelectorAll('#table th.letter-head').length === 2").await;
        judge(page, &format!("long-collect-{name}")).await;
        place(page, "collect/two").await;
        shows(page, "#reasons .reason", "WWWW").await;
        page.tap("#reasons .long button").await;
        let is_seen = "(() => { const box = document.querySelector('#reasons .close').getBoundingClientRect(); return box.bottom <= innerHeight && box.top > 0; })()";
        assert!(page.evaluate::<bool>(is_seen).await, "the way out is in sight beside the longest reason");
        judge(page, &format!("long-reasons-{name}")).await;
        page.tap("#reasons .close").await;
        for to in ["extract", "arrange", "arrange/cause/two", "evidence", "history"] {
            place(page, to).await;
            if to == "evidence" {
                page.wait_for_visible(".evidence-one").await;
            }
            judge(page, &format!("long-{}-{name}", to.replace('/', "-"))).await;
        }
    }
}

/// A table of thirty people scrolls in its own box; the causes stay in sight, and the last column is reached and read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn thirty_columns_stay_usable() {
    let (browser, server) = (Browser::start().await, serve().await);
    let lead = server.seat();
    let _ = lead.begin("Late by a year").await.expect(201);
    let causes = ["hand-over", "rigid-management", "fatigue-poor-health"];
    let marks: Vec<_> = (0..30).map(|at| (causes[at % 3], conjecture(&format!("Reason {at}")))).collect();
    let _ = markers(&server, &lead, &marks).await;
    let _ = lead.collect().await.expect(200);
    for (screen, name) in [((PHONE, "ja", false), "phone-ja"), ((DESK, "en", true), "desk-en-dark")] {
        let page = join(&browser, &server, &lead, "reader", screen).await;
        place(&page, "collect").await;
        page.wait_until("document.querySelectorAll('#table th.letter-head').length === 30").await;
        page.run("document.querySelector('#table .table-box').scrollTo(100000, 0)").await;
        judge(&page, &format!("thirty-{name}")).await;
        let seen: bool = page
            .evaluate(
                "(() => { const box = document.querySelector('#table .table-box').getBoundingClientRect(); \
                 const name = document.querySelector('#table tr[data-cause=hand-over] .first').getBoundingClientRect(); \
                 const last = document.querySelector('#table th.letter-head:last-child').getBoundingClientRect(); \
                 return name.left >= box.left - 1 && name.right < last.left && last.right <= box.right + 1 && box.right <= innerWidth; })()",
            )
            .await;
        assert!(seen, "{name}: cause and last column are both in sight");
        let letter: String =
            page.evaluate("document.querySelector('#table th.letter-head:last-child').textContent").await;
        page.tap(&format!("#table td[data-column='{letter}']")).await;
        shows(&page, &format!("#reasons .sought[data-column='{letter}']"), "Reason").await;
        page.wait_until("document.querySelectorAll('#reasons .reason').length === 10").await;
        judge(&page, &format!("thirty-reasons-{name}")).await;
    }
}
