//! What people do at the relation diagram, and what it shows.

use futures::future::{BoxFuture, join_all};
use serde_json::{Value, json};
use warifu_testkit::{Browser, Page, Seat, Server};

use crate::board::room::{all_until, conjecture, join, place, quoted};
use crate::visit::{DESK, PHONE};

/// A box of own words.
pub(crate) fn words(text: &str) -> Value {
    json!({ "of": "", "text": text, "at": null })
}

/// A box for a cause or an event.
pub(crate) fn of(what: &str) -> Value {
    json!({ "of": what, "text": "", "at": null })
}

/// An arrow of which nothing is said.
pub(crate) fn arrow(from: &str, to: &str, strength: u8) -> Value {
    json!({ "from": from, "to": to, "strength": strength, "is_kept": false, "statement": conjecture("") })
}

/// Writes items that were not there.
pub(crate) async fn put(seat: &Seat, items: &[(&str, Value)]) {
    for (place, body) in items {
        let _ = seat.write(place, 0, body).await.expect(200);
    }
}

/// Boxes called by their keys, and arrows `from>to strength`, whose keys are `from-to`.
pub(crate) async fn draw(seat: &Seat, boxes: &[&str], arrows: &[(&str, &str, u8)]) {
    for key in boxes {
        let _ = seat.write(&format!("node/{key}"), 0, &words(key)).await.expect(200);
    }
    for (from, to, strength) in arrows {
        let _ = seat.write(&format!("arrow/{from}-{to}"), 0, &arrow(from, to, *strength)).await.expect(200);
    }
}

/// A facilitator at a desk, two with phones and one more at a desk, half of them in each language, half in the dark; and their names for
/// pictures.
pub(crate) const GROUP: [&str; 4] = ["desk-ja", "phone-ja-dark", "desk-en-dark", "phone-en"];

pub(crate) fn four<'a>(browser: &'a Browser, server: &'a Server, lead: &'a Seat) -> BoxFuture<'a, Vec<Page>> {
    Box::pin(async move {
        let mut pages = Vec::new();
        for (role, screen) in [
            ("facilitator", (DESK, "ja", false)),
            ("participant", (PHONE, "ja", true)),
            ("participant", (DESK, "en", true)),
            ("participant", (PHONE, "en", false)),
        ] {
            pages.push(join(browser, server, lead, role, screen).await);
        }
        pages
    })
}

/// Goes to the diagram and has it shown as the drawing or as the table.
pub(crate) async fn show(page: &Page, view: &str) {
    place(page, "diagram").await;
    page.wait_for_visible("#diagram-view").await;
    page.tap(&format!("#diagram-view label:has(input[value={view}])")).await;
    let element = if view == "list" { ".diagram-list" } else { "svg.diagram" };
    page.wait_for_visible(element).await;
}

/// Waits until all of the drawings have so many boxes and arrows.
pub(crate) async fn all_draw(pages: &[&Page], boxes: usize, arrows: usize) {
    let js = format!(
        "document.querySelectorAll('svg.diagram g[data-box]').length === {boxes} && \
         document.querySelectorAll('svg.diagram g[data-arrow]').length === {arrows}"
    );
    all_until(pages, &js).await;
}

/// Where the middle of the first element that matches is on the screen, once the drawing is in sight, nothing lies over it, and it has
/// come to rest: a new layout may just be taking its place.
pub(crate) async fn spot(page: &Page, selector: &str) -> (f64, f64) {
    page.wait_for_visible(selector).await;
    let js = format!(
        "(() => {{ document.querySelector('svg.diagram').scrollIntoView({{ block: 'center' }}); \
         const it = document.querySelector({}), box = it.getBoundingClientRect(); \
         const [x, y] = [box.left + box.width / 2, box.top + box.height / 2]; const over = document.elementFromPoint(x, y); \
         return [x, y, over?.closest('[data-box]') === it.closest('[data-box]') ? '' : over?.outerHTML.slice(0, 200) ?? 'nothing']; }})()",
        quoted(selector)
    );
    let mut before = (f64::NAN, f64::NAN, String::new());
    for _ in 0..50 {
        let is: (f64, f64, String) = page.evaluate(&js).await;
        if is == before && is.2.is_empty() {
            return (is.0, is.1);
        }
        before = is;
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("{selector} is not in reach: {before:?}");
}

/// The box with this key in the drawing.
pub(crate) fn boxed(key: &str) -> String {
    format!("svg.diagram g[data-box='{key}']")
}

/// What an arrow is pulled from.
pub(crate) fn handle(key: &str) -> String {
    format!("{} .handle-spot .knob", boxed(key))
}

/// Where the drawing has a box, in units of the diagram.
pub(crate) async fn stands(page: &Page, key: &str) -> String {
    page.evaluate(&format!("document.querySelector({}).getAttribute('transform')", quoted(&boxed(key)))).await
}

/// Waits until a box stands there in all of the drawings; places are kept in whole units.
pub(crate) async fn all_stand(pages: &[&Page], key: &str, at: &str) {
    let js = format!(
        "(() => {{ const numbers = (it) => it?.match(/-?[\\d.]+/g)?.map(Number) ?? []; \
         const at = numbers({}), is = numbers(document.querySelector({})?.getAttribute('transform')); \
         return is.length === 2 && is.every((it, place) => Math.abs(it - at[place]) < 1); }})()",
        quoted(at),
        quoted(&boxed(key))
    );
    all_until(pages, &js).await;
}

/// Waits until every box stands in all of the drawings where the server's layout has it.
pub(crate) async fn all_laid(pages: &[&Page], seat: &Seat) {
    let diagram = seat.get("/v1/review/diagram").await.expect(200).json();
    assert_eq!(diagram["is_laid_out"], true, "a small diagram is laid out at once");
    let number = |it: &Value| it.as_f64().unwrap();
    for node in diagram["nodes"].as_array().unwrap() {
        let left = number(&diagram["left"]) + number(&node["x"]) - number(&node["width"]) / 2.0;
        let top = number(&diagram["top"]) + number(&node["y"]) - number(&node["height"]) / 2.0;
        all_stand(pages, node["key"].as_str().unwrap(), &format!("{left} {top}")).await;
    }
}

/// The table of boxes: name, arrows out, arrows in, effect, in the order of names.
const ROWS: &str = "[...document.querySelectorAll('.diagram-list tr[data-box]')].map((row) => [row.querySelector('.cause-name').textContent, \
    ...[...row.querySelectorAll('td')].slice(0, 3).map((it) => it.textContent)].join(' ')).sort()";

/// Waits until all of the tables say this of their boxes: `name out in effect`.
pub(crate) async fn all_count(pages: &[&Page], rows: &[&str]) {
    let js = format!("JSON.stringify({ROWS}) === {}", quoted(&serde_json::to_string(rows).unwrap()));
    let _ = join_all(pages.iter().map(|page| async {
        page.wait_until(&js).await;
    }))
    .await;
}

/// The keys of what is lit: of boxes and of arrows, in order.
pub(crate) async fn lit(page: &Page) -> (Vec<String>, Vec<String>) {
    page.evaluate(
        "[[...document.querySelectorAll('g[data-box].lit')].map((it) => it.dataset.box).sort(), \
          [...document.querySelectorAll('g[data-arrow].lit')].map((it) => it.dataset.arrow).sort()]",
    )
    .await
}

/// The boxes and arrows of a review by the interface: `from>to` of every arrow, in order.
pub(crate) async fn arrows(seat: &Seat) -> Vec<String> {
    let review = seat.review().await;
    let text = |it: &Value| it.as_str().unwrap().to_owned();
    let all = review["items"].as_array().unwrap().iter().filter(|it| it["kind"] == "arrow" && !it["body"].is_null());
    let mut found: Vec<_> =
        all.map(|it| format!("{}>{}", text(&it["body"]["from"]), text(&it["body"]["to"]))).collect();
    found.sort();
    found
}
