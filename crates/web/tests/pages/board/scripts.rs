//! Markup in whatever people write is a text like any other: nothing of it runs, leads or loads.

use serde_json::json;
use warifu_testkit::{Browser, Page, Seat, Server};

use crate::board::full::event;
use crate::board::judge;
use crate::board::room::{conjecture, edit, item, link, place, retype, seated, shows, source};
use crate::visit::{DESK, PHONE, serve};

const EVIL: &str = "<img src=x onerror=\"window.hit=1\"></script><svg/onload=window.hit=2>";

/// The same, where a name has 40 characters at most.
const SHORT: &str = "<img src=x onerror=hit=1></script>";

/// Tells of everything that the policy of the page has to stop.
pub(crate) const WATCH: &str = "window.stopped = []; addEventListener('securitypolicyviolation', (it) => stopped.push(it.violatedDirective), true);";

/// A chart all of whose names are markup.
fn chart(version: u32) -> String {
    let short = SHORT;
    format!(
        "key = \"evil\"\nversion = {version}\nja = \"{short}\"\nen = \"{short}\"\n\n[[regions]]\nkey = \"all\"\nja = \"{short}\"\n\
         en = \"{short}\"\nsource = \"{short}\"\n\n[[regions.groups]]\nkey = \"group\"\nja = \"{short}\"\nen = \"{short}\"\n\
         causes = [\n  {{ key = \"one\", ja = \"{short}\", en = \"{short}\", source = \"{short}\" }},\n]\n"
    )
}

/// A review in which everything that people write is markup.
async fn evil(server: &Server) -> Seat {
    let lead = server.seat();
    let _ = lead.post("/v1/charts", &json!({ "toml": chart(1) })).await.expect(201);
    let _ = lead.post("/v1/reviews", &json!({ "name": EVIL, "chart_key": "evil" })).await.expect(201);
    let source = json!({ "kind": "link", "text": EVIL, "url": "https://example.org/<script>", "file": "" });
    let body = json!({ "text": EVIL, "basis": "fact", "sources": [source] });
    let _ = lead.mark("one", 0, &body).await.expect(200);
    let _ = lead.collect().await.expect(200);
    for (place, body) in [
        ("case/summary", body.clone()),
        ("why/one", body.clone()),
        ("why_not/one", body.clone()),
        ("discussion/one", body.clone()),
        ("event/one", event(&body, "unknown", "", 1)),
        ("open/one", json!({ "text": EVIL, "about": "one", "is_settled": false })),
        ("comment/one", json!({ "on": "discussion/one", "text": EVIL })),
        ("comment/two", json!({ "on": "event/one", "text": EVIL })),
    ] {
        let _ = lead.write(place, 0, &body).await.expect(200);
    }
    let _ = lead.write("why/one", 1, &conjecture("Now another")).await.expect(200);
    let name = "%3Cimg%20src=x%20onerror=window.hit=1%3E.txt";
    let _ = lead.upload(name, "text/plain", EVIL).await.expect(201);
    lead
}

/// Nothing ran, nothing was loaded, and the policy had nothing to stop.
pub(crate) async fn assert_nothing_ran(page: &Page, at: &str) {
    let hit: bool = page.evaluate("'hit' in window || document.querySelector('main :is(script, img[src=\"x\"], [onerror], [onload])') !== null").await;
    assert!(!hit, "{at}");
    let stopped: Vec<String> = page.evaluate("window.stopped ?? ['not watched']").await;
    assert_eq!(stopped, [""; 0], "{at}");
    assert_eq!(page.console_errors().await, [""; 0], "{at}");
    let asked = page.requests().await;
    // The library is searched for what a box says.
    let is_search = |url: &str| url.contains("/v1/measures?q=");
    assert!(
        !asked.iter().any(|url| url.ends_with("/x") || (url.contains("%3C") && !is_search(url)) || url.contains('<')),
        "{at}: {asked:?}"
    );
}

/// The name of a case, of a chart, of a cause and of a file, reasons, events, comments, questions and sources: shown as they were written,
/// in every place, by what the page draws and by what the server draws.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn markup_is_shown_as_text_everywhere() {
    let (browser, server) = (Browser::start().await, serve().await);
    let lead = evil(&server).await;
    let url = link(&server, &lead.invite("facilitator", 1).await);
    let page = browser.open("about:blank", DESK, "en", false).await;
    page.add_script(WATCH).await;
    page.go(&url).await;
    page.tap("#take-seat").await;
    seated(&page).await;
    shows(&page, "#case-name", EVIL).await;
    assert!(page.evaluate::<String>("document.title").await.starts_with(EVIL));
    let places = [
        ("extract", "[data-place=extract]", SHORT),
        ("collect", "#table", SHORT),
        ("collect/one", "#reasons .reason", EVIL),
        ("arrange/cause/one", "[data-item='why_not/one']", EVIL),
        ("arrange/cause/one", ".cause-panel .comments", EVIL),
        ("arrange/events", "#events .statement", EVIL),
        ("arrange/open", ".opens", EVIL),
        ("case", "[data-item='case/summary']", EVIL),
        ("evidence", ".evidence", EVIL),
        ("evidence", ".files", "<img src=x onerror=window.hit=1>.txt"),
        ("history", "#history", "<img src=x onerror"),
        ("practise", "#practise-case", EVIL),
    ];
    for (to, selector, text) in places {
        place(&page, to).await;
        shows(&page, selector, text).await;
        assert_nothing_ran(&page, to).await;
        page.run("document.querySelector('dialog[open]')?.close()").await;
    }
    place(&page, "arrange/cause/one").await;
    page.tap(&format!("{} [data-act=versions]", item("why/one"))).await;
    shows(&page, "#versions", EVIL).await;
    assert_nothing_ran(&page, "versions").await;
    judge(&page, "scripts-versions-desk-en").await;
    for (path, selector, text) in
        [("reviews", "#reviews", EVIL), ("charts", "#charts", SHORT), ("reviews/compare", "#compare-reviews", EVIL)]
    {
        page.go(&format!("{}/{path}", server.page_origin())).await;
        crate::board::room::ready(&page).await;
        shows(&page, selector, text).await;
        assert_nothing_ran(&page, path).await;
    }
}

/// A source whose address is a script is refused where it is written, and where it came by another way it is no link.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_is_a_script_never_becomes_a_link() {
    let (browser, server) = (Browser::start().await, serve().await);
    let (lead, _) = crate::board::room::collected(&server, "Late by a year").await;
    let url = link(&server, &lead.invite("participant", 1).await);
    let page = browser.open("about:blank", PHONE, "en", false).await;
    page.add_script(WATCH).await;
    page.go(&url).await;
    page.tap("#take-seat").await;
    seated(&page).await;
    for (at, address) in [
        "javascript:window.hit=1",
        "JaVaScRiPt:window.hit=1",
        "data:text/html,<p>",
        "//example.org/",
        "https:javascript:1",
    ]
    .into_iter()
    .enumerate()
    {
        place(&page, "arrange/cause/hand-over").await;
        edit(&page, "why/hand-over").await;
        retype(&page, &format!("{} textarea", item("why/hand-over")), "A text").await;
        source(&page, &item("why/hand-over"), "link", "A source", address).await;
        page.tap(&format!("{} [data-act=save]", item("why/hand-over"))).await;
        shows(&page, &format!("{} .told", item("why/hand-over")), "https://").await;
        if at == 0 {
            judge(&page, "scripts-refused-phone-en").await;
        }
        page.tap(&format!("{} [data-act=cancel]", item("why/hand-over"))).await;
        page.tap("#discard-yes").await;
        let body = json!({ "text": "A text", "basis": "fact", "sources": [{ "kind": "link", "text": "A source", "url": address, "file": "" }] });
        let _ = lead.write("why/hand-over", 0, &body).await.expect_problem(400, "invalid_request");
    }
    assert_eq!(lead.item("why/hand-over").await, serde_json::Value::Null);

    // A server that let it pass would not be enough.
    let body = json!({ "text": "A text", "basis": "fact", "sources": [{ "kind": "link", "text": "A source", "url": "https://example.org/script", "file": "" }] });
    let _ = lead.write("why/hand-over", 0, &body).await.expect(200);
    page.add_script("const read = Response.prototype.json; Response.prototype.json = async function () { return JSON.parse((await this.text()).replaceAll('https://example.org/script', 'javascript:window.hit=1')); };").await;
    page.reload().await;
    seated(&page).await;
    place(&page, "arrange/cause/hand-over").await;
    shows(&page, &format!("{} .source", item("why/hand-over")), "A source").await;
    let links: usize = page.evaluate("document.querySelectorAll('main .source a, [href^=javascript]').length").await;
    assert_eq!(links, 0);
    assert_nothing_ran(&page, "the cause").await;
}
