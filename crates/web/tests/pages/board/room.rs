//! People at their browsers, each with a seat of the own in one review, and what they do there.

use futures::future::{BoxFuture, join_all};
use serde_json::{Value, json};
use warifu_testkit::{Browser, Page, Seat, Server, ServerSettings, TestDatabase, Viewport};

/// How somebody looks at the board: through what, in which language, and whether in the dark.
pub(crate) type Screen = (Viewport, &'static str, bool);

/// Every mark of the table that the page shows: the cause, how many chose it, and the letters of those who did.
const TABLE: &str = "[...document.querySelectorAll('#table tr[data-cause]')].map((row) => [row.dataset.cause, \
    row.querySelector('.count-cell span').textContent, \
    ...[...row.querySelectorAll('td[data-column]')].map((it) => it.dataset.column)].join(' '))";

/// A statement that somebody only thinks.
pub(crate) fn conjecture(text: &str) -> Value {
    json!({ "text": text, "basis": "conjecture", "sources": [] })
}

/// A statement that can be looked up in a document.
pub(crate) fn fact(text: &str, document: &str) -> Value {
    let source = json!({ "kind": "document", "text": document, "url": "", "file": "" });
    json!({ "text": text, "basis": "fact", "sources": [source] })
}

/// A server on this database whose clock runs, as a browser's does.
pub(crate) async fn serve_from(database: TestDatabase) -> Server {
    Server::start_with(database, ServerSettings { clock_runs: true, ..ServerSettings::default() }).await
}

/// A text as JavaScript writes it.
pub(crate) fn quoted(text: &str) -> String {
    serde_json::to_string(text).unwrap()
}

/// Waits until the page has shown what it shows.
pub(crate) async fn ready(page: &Page) {
    page.wait_until("document.body?.dataset.ready !== undefined").await;
}

/// Waits until the page shows a review and follows it.
pub(crate) async fn seated(page: &Page) {
    let is_so = "/^\\/reviews\\/\\w+/.test(location.pathname) && document.body?.dataset.ready !== undefined && \
        document.body.dataset.line === 'on'";
    page.wait_until(is_so).await;
}

/// Begins a review in the page, as its facilitator.
pub(crate) fn begin<'a>(
    browser: &'a Browser,
    server: &'a Server,
    screen: Screen,
    name: &'a str,
) -> BoxFuture<'a, Page> {
    Box::pin(async move {
        let (viewport, language, dark) = screen;
        let page = browser.open(&format!("{}/reviews", server.page_origin()), viewport, language, dark).await;
        page.fill("#begin-name", name).await;
        page.tap("#begin-send").await;
        seated(&page).await;
        page
    })
}

/// Has the page of a facilitator make a link.
pub(crate) async fn invite(page: &Page, role: &str, seats: u32) -> String {
    place(page, "people").await;
    let before: String = page.evaluate("document.getElementById('invite-link')?.value ?? ''").await;
    page.tap(&format!("#invite-role label:has(input[value={role}])")).await;
    retype(page, "#invite-seats", &seats.to_string()).await;
    page.tap("#invite-make").await;
    let is_new = format!("(document.getElementById('invite-link')?.value ?? {0}) !== {0}", quoted(&before));
    page.wait_until(&is_new).await;
    page.evaluate("document.getElementById('invite-link').value").await
}

/// Somebody who was never here opens a link and takes the seat.
pub(crate) fn sit<'a>(browser: &'a Browser, link: &'a str, screen: Screen) -> BoxFuture<'a, Page> {
    Box::pin(async move {
        let (viewport, language, dark) = screen;
        let page = browser.open(link, viewport, language, dark).await;
        page.tap("#take-seat").await;
        seated(&page).await;
        page
    })
}

/// The link to what stands behind its `#`.
pub(crate) fn link(server: &Server, invitation: &str) -> String {
    format!("{}/reviews#{invitation}", server.page_origin())
}

/// Somebody new in a browser, in the review of whoever invites.
pub(crate) fn join<'a>(
    browser: &'a Browser,
    server: &'a Server,
    lead: &'a Seat,
    role: &'a str,
    screen: Screen,
) -> BoxFuture<'a, Page> {
    Box::pin(async move {
        let invitation = lead.invite(role, 1).await;
        sit(browser, &link(server, &invitation), screen).await
    })
}

/// Goes to a place of the review.
pub(crate) async fn place(page: &Page, to: &str) {
    page.run(&format!("location.hash = {}", quoted(&format!("#{to}")))).await;
    let name = to.split('/').next().unwrap();
    page.wait_until(&format!("document.body.dataset.place === '{name}'")).await;
}

/// Types a text in the place of what the field holds.
pub(crate) async fn retype(page: &Page, selector: &str, text: &str) {
    page.wait_for_visible(selector).await;
    let js = format!(
        "(() => {{ const it = document.querySelector({}); it.focus(); it.select(); document.execCommand('insertText', false, {}); }})()",
        quoted(selector),
        quoted(text),
    );
    page.run(&js).await;
}

/// Says in the form within `form` where a statement comes from, and that it is a fact.
pub(crate) async fn source(page: &Page, form: &str, kind: &str, text: &str, url: &str) {
    page.tap(&format!("{form} .basis-choice label:has(input[value=fact])")).await;
    page.tap(&format!("{form} [data-act=source-add]")).await;
    let row = format!("{form} .source-row:last-child");
    let choose = format!(
        "(() => {{ const it = document.querySelector({}); it.value = '{kind}'; it.dispatchEvent(new Event('change', {{ bubbles: true }})); }})()",
        quoted(&format!("{row} select"))
    );
    page.run(&choose).await;
    page.fill(&format!("{row} input:not([type=url])"), text).await;
    if !url.is_empty() {
        page.fill(&format!("{row} input[type=url]"), url).await;
    }
}

/// Writes the reason of a mark whose form is open, and saves it.
pub(crate) async fn reason(page: &Page, cause: &str, text: &str, from: Option<(&str, &str, &str)>) {
    page.wait_for_visible(&format!("#mark[data-cause='{cause}'] #mark-text")).await;
    page.fill("#mark-text", text).await;
    if let Some((kind, said, url)) = from {
        source(page, "#mark", kind, said, url).await;
    }
    page.tap("#mark-save").await;
    page.wait_until(&format!(
        "!document.getElementById('mark') && document.querySelector(\".own-mark[data-cause='{cause}']\") !== null"
    ))
    .await;
}

/// Marks a cause by the list beside the mandala.
pub(crate) async fn mark_by_list(page: &Page, cause: &str, text: &str, from: Option<(&str, &str, &str)>) {
    page.tap(&format!("#chart .mandala-list .cause[data-key='{cause}']")).await;
    reason(page, cause, text, from).await;
}

/// Touches what a picture of the mandala shows of an item, at a point where nothing lies over it.
pub(crate) async fn touch(page: &Page, picture: &str, key: &str) {
    let js = format!(
        "(() => {{ document.querySelector('[data-touched]')?.removeAttribute('data-touched'); \
         const item = document.querySelector({}); item.scrollIntoView({{ block: 'center' }}); \
         const free = [...item.querySelectorAll('*')].find((it) => {{ const box = it.getBoundingClientRect(); \
         const over = document.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2); \
         return box.width > 0 && (it === over || it.contains(over)); }}); \
         free?.setAttribute('data-touched', ''); return Boolean(free); }})()",
        quoted(&format!("{picture} .item[data-key='{key}']"))
    );
    page.wait_until(&js).await;
    page.tap("[data-touched]").await;
}

/// Marks a cause by the mandala: on a narrow screen its region is opened first.
pub(crate) async fn mark_by_mandala(page: &Page, region: &str, cause: &str, text: &str) {
    let is_compact = page.evaluate("document.querySelector('svg.mandala.compact').getClientRects().length > 0").await;
    if is_compact {
        touch(page, "svg.mandala.compact", region).await;
        page.wait_for_visible("svg.mandala.is-open").await;
        page.wait_until("document.getAnimations().every((it) => it.playState !== 'running')").await;
        touch(page, "svg.mandala.is-open", cause).await;
    } else {
        touch(page, "svg.mandala.whole", cause).await;
    }
    reason(page, cause, text, None).await;
}

/// An item's box; `place` is its kind and key joined by a stroke.
pub(crate) fn item(place: &str) -> String {
    format!("[data-item='{place}']")
}

/// Opens the form of an item.
pub(crate) async fn edit(page: &Page, place: &str) {
    page.tap(&format!("{} [data-act=edit]", item(place))).await;
    page.wait_for_visible(&format!("{} textarea", item(place))).await;
}

/// Writes an item's text in the place where it stands, and saves it.
pub(crate) async fn say(page: &Page, place: &str, text: &str) {
    edit(page, place).await;
    retype(page, &format!("{} textarea", item(place)), text).await;
    save(page, place).await;
}

/// Saves the form of an item that is open, and waits until it is closed.
pub(crate) async fn save(page: &Page, place: &str) {
    page.tap(&format!("{} [data-act=save]", item(place))).await;
    page.wait_until(&format!("document.querySelector({}) === null", quoted(&format!("{} form", item(place))))).await;
}

/// Waits until the first element that matches shows a text.
pub(crate) async fn shows(page: &Page, selector: &str, text: &str) {
    let (selector, text) = (quoted(selector), quoted(text));
    page.wait_until(&format!("document.querySelector({selector})?.innerText.includes({text}) === true")).await;
}

/// Waits until all of the pages show a text in the element.
pub(crate) async fn all_show(pages: &[&Page], selector: &str, text: &str) {
    let _ = join_all(pages.iter().map(|page| shows(page, selector, text))).await;
}

/// Waits until an expression is true in all of the pages.
pub(crate) async fn all_until(pages: &[&Page], js: &str) {
    let _ = join_all(pages.iter().map(|page| page.wait_until(js))).await;
}

/// The table that the page shows.
pub(crate) async fn table(page: &Page) -> Vec<String> {
    page.evaluate(TABLE).await
}

/// The text of the page's markup, with what is hidden.
pub(crate) async fn markup(page: &Page) -> String {
    page.evaluate("document.documentElement.outerHTML").await
}

/// Those who have a seat, as `join` of the interface gives them, and marked one cause each with this as the reason.
pub(crate) fn markers<'a>(
    server: &'a Server,
    lead: &'a Seat,
    marks: &'a [(&'a str, Value)],
) -> BoxFuture<'a, Vec<Seat>> {
    Box::pin(async move {
        let invitation = lead.invite("participant", u32::try_from(marks.len()).unwrap()).await;
        let mut seats = Vec::new();
        for (cause, body) in marks {
            let seat = server.seat();
            let _ = seat.join(&invitation).await.expect(201);
            let _ = seat.mark(cause, 0, body).await.expect(200);
            seats.push(seat);
        }
        seats
    })
}

/// A review in its third step: four people's marks are collected. Given: its facilitator and three participants.
pub(crate) fn collected<'a>(server: &'a Server, name: &'a str) -> BoxFuture<'a, (Seat, Vec<Seat>)> {
    Box::pin(async move {
        let lead = server.seat();
        let _ = lead.begin(name).await.expect(201);
        let marks = [
            ("hand-over", fact("The one who knew the batch left in March.", "Minutes of 3 July 2019")),
            ("hand-over", conjecture("引き継ぎ資料が古いままだった。")),
            ("rigid-management", conjecture("Nobody could move the date.")),
        ];
        let seats = markers(server, &lead, &marks).await;
        let _ = lead.mark("hand-over", 0, &conjecture("手順書に載っていない操作があった。")).await.expect(200);
        let _ = lead.collect().await.expect(200);
        let _ = lead.progress("open", 3).await.expect(200);
        (lead, seats)
    })
}
