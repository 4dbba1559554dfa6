//! What a browser lets out: no address, page, storage or referrer holds the key of a seat or an invitation, and the order of the columns
//! says nothing of who came when.

use std::collections::BTreeSet;

use warifu_testkit::{Browser, Page, TestDatabase, on_both_databases};

use crate::board::judge_refused;
use crate::board::room::{
    begin, conjecture, invite, link, mark_by_list, markers, place, ready, seated, serve_from, shows, sit, table,
};
use crate::visit::{DESK, PHONE, TABLET, serve};

/// All that the page and its browser hold outside the store of keys, as one text.
const HELD: &str = "(async () => { const held = [location.href, document.referrer, document.title, document.documentElement.outerHTML, \
    JSON.stringify(history.state), JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie, window.name, \
    ...performance.getEntries().map((it) => it.name)]; \
    for (const name of await caches.keys()) for (const it of await (await caches.open(name)).keys()) held.push(it.url); \
    return held.join('\\n'); })()";

/// Everything that is in the browser's own store of keys, by name.
const STORED: &str = "(async () => { const all = []; for (const { name } of await indexedDB.databases()) { \
    const database = await new Promise((done) => { const it = indexedDB.open(name); it.onsuccess = () => done(it.result); }); \
    for (const store of database.objectStoreNames) { const get = (it) => new Promise((done) => { it.onsuccess = () => done(it.result); }); \
    const at = database.transaction(store).objectStore(store); const [names, values] = await Promise.all([get(at.getAllKeys()), get(at.getAll())]); \
    names.forEach((it, n) => all.push([it, JSON.stringify(values[n])])); } database.close(); } return all; })()";

async fn stored(page: &Page) -> Vec<(String, String)> {
    page.evaluate(STORED).await
}

/// The keys of the seats that the browser has.
fn keys(stored: &[(String, String)]) -> Vec<String> {
    let seats = stored.iter().filter(|(name, _)| name.starts_with("review:"));
    seats
        .map(|(_, value)| serde_json::from_str::<serde_json::Value>(value).unwrap()["key"].as_str().unwrap().to_owned())
        .collect()
}

/// Nothing that the page holds or asks for has one of the secrets in it; a key is in the browser's store once, and no invitation is.
async fn assert_holds_no_secret(page: &Page, secrets: &[String], at: &str) {
    let held: String = page.evaluate(HELD).await;
    let requests = page.requests().await.join("\n");
    let cookies = format!("{:?}", page.cookies().await);
    let stored = stored(page).await;
    for secret in secrets {
        let bare = secret.split_once('_').unwrap().1;
        assert!(!held.contains(bare), "{at}: {secret} in {held}");
        assert!(!requests.contains(bare) && !cookies.contains(bare), "{at}: {requests} {cookies}");
        let places = stored.iter().filter(|(name, value)| name.contains(bare) || value.contains(bare)).count();
        assert!(places <= usize::from(secret.starts_with("wfr_")), "{at}: {secret} in {stored:?}");
    }
    assert!(requests.lines().all(|url| url.starts_with("http://localhost:")), "{at}: {requests}");
}

/// From the link to the table, in the page of whoever begins and of whoever comes by link: neither the key nor the invitation is
/// anywhere but where it belongs, which is a header, and the browser's own store.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_key_nor_invitation_is_let_out() {
    let (browser, server) = (Browser::start().await, serve().await);
    let lead = begin(&browser, &server, (DESK, "en", false), "Late by a year").await;
    let link = invite(&lead, "participant", 2).await;
    let token = link.split_once('#').unwrap().1.to_owned();
    // A page from which somebody comes by the link does not learn either.
    let page = browser.open(&format!("{}/mandala", server.page_origin()), PHONE, "ja", true).await;
    page.run(&format!("location.assign('{link}')")).await;
    page.wait_until("document.body?.dataset.ready === 'invited'").await;
    // The address by which it came is the browser's own record of the page, and goes with it.
    let [address, referrer, asked]: [String; 3] = page
        .evaluate("[location.href + document.documentElement.outerHTML, document.referrer, performance.getEntriesByType('resource').map((it) => it.name).join(' ')]")
        .await;
    for held in [&address, &referrer, &asked, &page.requests().await.join(" ")] {
        assert!(!held.contains(token.split_once('_').unwrap().1), "the invitation is in {held}");
    }
    page.tap("#take-seat").await;
    seated(&page).await;
    mark_by_list(&page, "hand-over", "前任者だけが知っていた。", None).await;
    let secrets = [keys(&stored(&page).await), vec![token.clone()]].concat();
    assert_eq!(secrets.len(), 2);
    for to in ["extract", "collect", "arrange/cause/hand-over", "case", "evidence", "history", "people", "practise"] {
        place(&page, to).await;
        assert_holds_no_secret(&page, &secrets, to).await;
    }
    page.reload().await;
    seated(&page).await;
    assert_holds_no_secret(&page, &secrets, "after a reload").await;
    page.go(&format!("{}/reviews", server.page_origin())).await;
    ready(&page).await;
    shows(&page, "#reviews", "Late by a year").await;
    assert_holds_no_secret(&page, &secrets, "the list").await;

    // Whoever makes a link sees it where it is made, until the page goes.
    let own = keys(&stored(&lead).await);
    assert_holds_no_secret(&lead, &own, "the facilitator").await;
    lead.reload().await;
    seated(&lead).await;
    assert_holds_no_secret(&lead, &[own, vec![token]].concat(), "the facilitator, later").await;
}

/// Two reviews in one browser have nothing in common that would tell that it is one person.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_browser_has_another_key_in_each_review() {
    let (browser, server) = (Browser::start().await, serve().await);
    let leads = [server.seat(), server.seat(), server.seat()];
    let page = browser.open(&format!("{}/reviews", server.page_origin()), DESK, "en", false).await;
    for lead in &leads {
        let _ = lead.begin("Late by a year").await.expect(201);
        let invitation = lead.invite("participant", 1).await;
        page.go("about:blank").await;
        page.go(&link(&server, &invitation)).await;
        page.tap("#take-seat").await;
        seated(&page).await;
    }
    let stored = stored(&page).await;
    assert_eq!(keys(&stored).iter().collect::<BTreeSet<_>>().len(), 3, "{stored:?}");
    let headers: BTreeSet<_> = page.cookies().await.into_iter().map(|it| it.name).collect();
    assert!(headers.is_empty(), "nothing else goes with each request: {headers:?}");
}

on_both_databases! {
    /// In six reviews four people come one after the other; the letters are in another order, and another one each time.
    async fn the_order_of_columns_is_not_the_order_of_coming(database: TestDatabase) {
        let (browser, server) = (Browser::start().await, serve_from(database).await);
        let page = browser.open("about:blank", DESK, "en", false).await;
        let causes = ["hand-over", "rigid-management", "fatigue-poor-health", "different-culture"];
        let mut orders = Vec::new();
        for _ in 0..6 {
            let lead = server.seat();
            let _ = lead.begin("Late by a year").await.expect(201);
            let _ = markers(&server, &lead, &causes.map(|cause| (cause, conjecture("So it was")))).await;
            let _ = lead.collect().await.expect(200);
            let invitation = lead.invite("reader", 1).await;
            page.go("about:blank").await;
            page.go(&link(&server, &invitation)).await;
            page.tap("#take-seat").await;
            seated(&page).await;
            place(&page, "collect").await;
            page.wait_until("document.querySelectorAll('#table th.letter-head').length === 4").await;
            let rows = table(&page).await;
            let letter = |cause: &str| rows.iter().find_map(|row| row.strip_prefix(&format!("{cause} 1 ")).map(str::to_owned));
            orders.push(causes.map(|cause| letter(cause).unwrap()).concat());
        }
        assert!(orders.iter().any(|it| it != "ABCD") && orders.iter().collect::<BTreeSet<_>>().len() > 1, "{orders:?}");
    }
}

/// A link leads the browser that used it back to its review, in any window; another browser is told that it is used up and what to do;
/// who has no seat is told so at the address of the review, which tells nothing of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_link_leads_back_or_tells_what_to_do() {
    let (browser, server) = (Browser::start().await, serve().await);
    let lead = begin(&browser, &server, (DESK, "ja", false), "Late by a year").await;
    let link = invite(&lead, "participant", 1).await;
    let page = sit(&browser, &link, (PHONE, "en", false)).await;
    let review: String = page.evaluate("location.pathname").await;
    let second = browser.open_beside(&page, &link).await;
    seated(&second).await;
    assert_eq!(second.evaluate::<String>("location.pathname").await, review);
    // What one window writes stands in the other.
    place(&second, "extract").await;
    mark_by_list(&second, "hand-over", "So it was", None).await;
    page.reload().await;
    seated(&page).await;
    place(&page, "extract").await;
    shows(&page, "#marked", "1").await;
    shows(&lead, "#people-participants", "1").await;

    for (language, words, screen) in
        [("ja", "新しいリンク", TABLET), ("en", "Ask whoever sent it for a new one", PHONE)]
    {
        let other = browser.open(&link, screen, language, false).await;
        other.tap("#take-seat").await;
        shows(&other, "#seat-told", words).await;
        assert!(!other.evaluate::<bool>("document.getElementById('take-seat').checkVisibility()").await);
        judge_refused(&other, &format!("link-used-up-{language}"), &[401]).await;
        other.go(&format!("{}{review}", server.page_origin())).await;
        other.wait_for_visible("#none-text").await;
        let text = other.text().await;
        assert!(!text.contains("Late by a year"), "{text}");
        judge_refused(&other, &format!("no-seat-{language}"), &[401]).await;
    }
    shows(&lead, "#people-participants", "1").await;
    // Links that are ended are none any more.
    let link = invite(&lead, "reader", 5).await;
    lead.tap("#invite-end").await;
    lead.tap("#invite-end-yes").await;
    lead.wait_until("document.getElementById('invite-link') === null").await;
    let late = browser.open(&link, DESK, "en", true).await;
    late.tap("#take-seat").await;
    shows(&late, "#seat-told", "No seat was taken").await;
}
