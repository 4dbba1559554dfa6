//! The failure board in a real browser: the cause mandala, marked by finger, mouse and keyboard, and reviews in groups of several
//! browsers; on a phone and a desk, in both languages, light and dark.

use warifu_testkit::{Browser, Page};

mod anonymity;
mod arrange;
mod charts;
mod conflict;
mod drawn;
mod events;
mod full;
mod group;
mod large;
mod lines;
mod measures;
mod programs;
mod relation;
mod room;
mod scores;
mod scripts;
mod sizes;
mod takeout;

use crate::visit::{DESK, PHONE, TABLET, picture, serve};

/// Keeps a picture of the page, and finds it accessible, no wider than the screen, and without a complaint.
async fn judge(page: &Page, name: &str) {
    judge_refused(page, name, &[]).await;
}

/// The same, where the browser itself may complain of replies with these statuses, which the test brings about.
async fn judge_refused(page: &Page, name: &str, statuses: &[u16]) {
    page.wait_until("document.fonts.status === 'loaded'").await;
    page.screenshot(picture(&format!("board-{name}"))).await;
    assert_eq!(page.accessibility_faults().await, [""; 0], "{name}");
    let overhang: i64 = page.evaluate("document.documentElement.scrollWidth - window.innerWidth").await;
    assert!(overhang <= 0, "{name} is {overhang} pixels too wide");
    let is_meant = |it: &String| statuses.iter().any(|status| it.contains(&format!("with a status of {status} ")));
    let complaints: Vec<_> = page.console_errors().await.into_iter().filter(|it| !is_meant(it)).collect();
    assert_eq!(complaints, [""; 0], "{name}");
}

async fn marked(page: &Page) -> Vec<String> {
    page.evaluate(
        "JSON.parse(localStorage.getItem('mandala-' + document.getElementById('chart').dataset.chart) ?? '[]')",
    )
    .await
}

/// What is marked is kept in this browser and nowhere else, chart by chart.
#[tokio::test]
async fn what_is_marked_stays_in_the_browser() {
    let (browser, server) = (Browser::start().await, serve().await);
    for (language, viewport, screen, dark) in [
        ("ja", DESK, "desk", false),
        ("en", TABLET, "tablet", true),
        ("ja", PHONE, "phone", true),
        ("en", PHONE, "phone", false),
    ] {
        let url = format!("{}/mandala", server.page_origin());
        let page = browser.open(&url, viewport, language, dark).await;
        page.wait_until("document.querySelectorAll('.mandala-stage svg').length > 2").await;
        judge(&page, &format!("empty-{screen}-{language}")).await;
        // The list is there for everybody, whatever the picture is.
        page.tap(".mandala-list .cause[data-key]").await;
        page.wait_until("document.getElementById('marked').textContent.startsWith('1')").await;
        let first = marked(&page).await;
        assert_eq!(first.len(), 1);
        page.reload().await;
        page.wait_until("document.getElementById('marked').textContent.startsWith('1')").await;
        assert_eq!(marked(&page).await, first, "it was kept");
        judge(&page, &format!("marked-{screen}-{language}")).await;
        page.go(&format!("{url}?chart=base")).await;
        page.wait_until("document.getElementById('marked').textContent.startsWith('0')").await;
        page.go(&url).await;
        page.tap("#clear").await;
        page.wait_until("document.getElementById('marked').textContent.startsWith('0')").await;
    }
}

/// Without a mouse: from ring to ring and round, and a mark.
#[tokio::test]
async fn the_keyboard_walks_round_and_marks() {
    let (browser, server) = (Browser::start().await, serve().await);
    let page = browser.open(&format!("{}/mandala", server.page_origin()), DESK, "en", false).await;
    page.wait_until("document.querySelectorAll('.mandala-stage svg').length > 2").await;
    page.run("document.querySelector('.mandala.whole [tabindex=\"0\"]').focus()").await;
    let at = async || page.evaluate::<String>("document.activeElement.dataset.key ?? ''").await;
    let start = at().await;
    assert!(!start.is_empty(), "something in the picture has the focus");
    page.press("ArrowRight").await;
    assert_ne!(at().await, start, "it walks round");
    for _ in 0..3 {
        if page.evaluate::<bool>("document.activeElement.classList.contains('cause')").await {
            break;
        }
        page.press("ArrowDown").await;
    }
    let cause = at().await;
    page.press("Enter").await;
    page.wait_until("document.getElementById('marked').textContent.startsWith('1')").await;
    assert_eq!(marked(&page).await, [cause]);
    page.press("Enter").await;
    page.wait_until("document.getElementById('marked').textContent.startsWith('0')").await;
}

/// A chart that there is not.
#[tokio::test]
async fn an_unknown_chart_is_not_found() {
    let server = serve().await;
    let _ = server.anonymous().get("/mandala?chart=none").await.expect_problem(404, "not_found");
    let _ = server.anonymous().get("/mandala?a=b").await.expect_problem(400, "invalid_request");
    let _ = server.anonymous().get("/mandala?chart=base").await.expect(200);
}
