//! Five hundred boxes and fifteen hundred arrows in a browser: read, walked through, moved and decided on.

use serde_json::{Value, json};
use warifu_testkit::{Browser, Page, Seat, Server};

use crate::board::drawn::{all_draw, arrow, boxed, spot, stands, words};
use crate::board::judge;
use crate::board::room::{join, place, quoted};
use crate::visit::{DESK, PHONE, picture, serve};

/// A review with 500 boxes; box n leads to 2n + 1 and 2n + 2 and, for a third arrow, to n + 7.
async fn large(server: &Server) -> Seat {
    let first = server.seat();
    let _ = first.begin("Everything there is").await.expect(201);
    let mut document: Value = first.get("/v1/review/export?as=json").await.expect(200).json();
    let items = document["items"].as_array_mut().unwrap();
    let key = |n: usize| format!("b{n:03}");
    for n in 0..500 {
        items.push(
            json!({ "kind": "node", "key": key(n), "body": words(&format!("{n}番目の項目、確認の手順が省かれた")) }),
        );
        for (way, to) in [2 * n + 1, 2 * n + 2, n + 7].into_iter().enumerate() {
            let to = if to < 500 { to } else { (n * 7 + way * 13 + 1) % 500 };
            let body = arrow(&key(n), &key(if to == n { (n + 1) % 500 } else { to }), 2);
            items.push(json!({ "kind": "arrow", "key": format!("a{n:03}-{way}"), "body": body }));
        }
    }
    let seat = server.seat();
    let _ = seat.post("/v1/reviews/import", &document).await.expect(201);
    // Unoptimised and beside others the first layout takes longer than anybody waits for an answer.
    while seat.get("/v1/review/diagram").await.status() != 200 {}
    seat
}

/// How long the page is busy with something, in milliseconds: until it has painted.
async fn painted(page: &Page, act: &str) -> f64 {
    page.evaluate(&format!(
        "new Promise((done) => {{ const from = performance.now(); {act}; \
         requestAnimationFrame(() => setTimeout(() => done(performance.now() - from))); }})"
    ))
    .await
}

/// On a desk and on a phone: it is all there, seen as a whole and from near, moved by mouse, finger, fingers and keys, without a wait that
/// one would notice; and one is found, connected and decided on by the table.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_hundred_boxes_stay_usable() {
    let (browser, server) = (Browser::start().await, serve().await);
    let seat = large(&server).await;
    for (screen, name) in [((DESK, "en", false), "desk-en"), ((PHONE, "ja", true), "phone-ja-dark")] {
        let page = join(&browser, &server, &seat, "participant", screen).await;
        place(&page, "diagram").await;
        page.wait_until("!document.getElementById('diagram-view').hidden").await;
        page.tap("#diagram-view label:has(input[value=drawing])").await;
        page.wait_until("document.querySelectorAll('svg.diagram g[data-box]').length === 500").await;
        let arrows: usize = page.evaluate("document.querySelectorAll('svg.diagram g[data-arrow]').length").await;
        assert!(arrows > 1_400, "{arrows}");
        all_draw(&[&page], 500, arrows).await;
        judge(&page, &format!("large-{name}")).await;
        page.tap("#diagram-fit").await;
        page.run("document.querySelector('svg.diagram').scrollIntoView({ block: 'center' })").await;
        // The same boxes as before, only smaller: to be looked at.
        page.screenshot(picture(&format!("board-large-whole-{name}"))).await;
        hands(&page, screen.0.mobile).await;
        // No bench: only that the page does not stand still.
        let zoomed = painted(&page, "document.getElementById('diagram-in').click()").await;
        let chosen = painted(&page, "location.hash = '#diagram/box/b250'").await;
        page.wait_for_visible("#box-panel[data-box='b250']").await;
        assert!(zoomed < 20_000.0 && chosen < 20_000.0, "{name}: zoomed after {zoomed} ms, chosen after {chosen} ms");
        // As a whole again: of a box that lies half beyond the page's edge axe sees half of the words.
        page.tap("#diagram-fit").await;
        judge(&page, &format!("large-chosen-{name}")).await;
        page.tap("#box-panel [data-act=arrow-to]").await;
        page.type_keys("499").await;
        page.press("Enter").await;
        page.wait_until(&format!(
            "document.querySelectorAll('svg.diagram g[data-arrow]').length === {} || document.getElementById('arrow') !== null",
            arrows + 1
        ))
        .await;
        page.run("document.querySelector('#arrow')?.close()").await;
    }
}

/// The view is moved and made larger.
async fn hands(page: &Page, is_touched: bool) {
    let world = async || {
        page.evaluate::<String>("document.querySelector('svg.diagram .world').getAttribute('transform')").await
    };
    let (x, y): (f64, f64) = page
        .evaluate("(() => { const box = document.querySelector('svg.diagram').getBoundingClientRect(); return [box.left + box.width / 2, box.top + 60]; })()")
        .await;
    let before = world().await;
    if is_touched {
        page.swipe((x, y), (x - 80.0, y + 50.0)).await;
        assert_ne!(world().await, before, "a finger moves the view");
        let before = world().await;
        page.pinch((x, y + 100.0), 60.0, 180.0).await;
        assert_ne!(world().await, before, "two fingers make it larger");
    } else {
        page.drag((x, y), (x - 80.0, y + 50.0)).await;
        assert_ne!(world().await, before, "a mouse moves the view");
    }
    page.run("document.querySelector('svg.diagram [tabindex=\"0\"]').focus()").await;
    page.press("End").await;
    let last: String = page.evaluate("document.activeElement.dataset.box").await;
    page.press("Home").await;
    let first: String = page.evaluate("document.activeElement.dataset.box").await;
    assert_ne!(first, last);
    page.press("ArrowRight").await;
    let next: String = page.evaluate("document.activeElement.dataset.box").await;
    assert_ne!(next, first);
    let is_seen = format!(
        "(() => {{ const box = document.querySelector({}).getBoundingClientRect(), frame = document.querySelector('svg.diagram').getBoundingClientRect(); \
         return box.left >= frame.left && box.right <= frame.right && box.top >= frame.top && box.bottom <= frame.bottom; }})()",
        quoted(&boxed(&next))
    );
    page.wait_until(&is_seen).await;
    let before = stands(page, &next).await;
    for key in ["m", "ArrowDown", "Enter"] {
        page.press(key).await;
    }
    assert_ne!(stands(page, &next).await, before, "keys move a box");
    let _ = spot(page, &boxed(&next)).await;
}
