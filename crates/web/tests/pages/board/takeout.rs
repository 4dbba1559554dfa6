//! What the page gives out: four files of a review with everything in it, of which one comes back in; and markup in all of it.

use serde_json::{Value, json};
use warifu_testkit::{Browser, Page};

use crate::board::judge;
use crate::board::measures::{decided, measure, with};
use crate::board::room::{conjecture, join, link, place, ready, seated, shows};
use crate::visit::{DESK, PHONE, serve};

const EVIL: &str = "<img src=x onerror=\"window.hit=1\"></script><svg/onload=window.hit=2>";

/// Takes one form out by its button.
async fn take(page: &Page, form: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    page.keep_downloads(folder.path()).await;
    page.tap(&format!("#export-place [data-as={form}]")).await;
    let path = page.downloaded(folder.path(), form).await;
    std::fs::read_to_string(path).unwrap()
}

/// What every form has to have in it; the table, which has no decisions, has the first three.
const SAID: [&str; 5] = [
    "本人確認が一段しかなかった",
    "cargo drill list-attack",
    "窓口の人数を先に決めること。",
    "二段目があれば、どれも起きなかった。",
    "Knowledge stayed with one person.",
];

/// Each button gives a file with what was decided and done in it; none has a key or a draft; the page stands by itself; and what comes
/// back in by the page is what went out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_button_gives_a_file_and_one_comes_back() {
    let (browser, server) = (Browser::start().await, serve().await);
    let seat = decided(&server, "基幹システム刷新の遅れ").await;
    let proof = json!({ "kind": "drill", "text": "cargo drill list-attack", "url": "", "file": "" });
    let body = with(
        measure("二段階認証を必須にする", &["own"]),
        &json!({ "state": "done", "proof": proof, "learned": "窓口の人数を先に決めること。" }),
    );
    let _ = seat.write("measure/one", 0, &body).await.expect(200);
    let result = json!({ "is_passed": true, "at": "2026-11-20T10:05", "text": "Held." });
    let _ = seat.write("result/one", 0, &result).await.expect(200);
    let mut documents = Vec::new();
    for (screen, name) in [((DESK, "ja", false), "desk-ja"), ((PHONE, "en", true), "phone-en-dark")] {
        let page = join(&browser, &server, &seat, "reader", screen).await;
        place(&page, "case").await;
        for form in ["md", "html", "csv", "json"] {
            let text = take(&page, form).await;
            for said in SAID.into_iter().take(if form == "csv" { 3 } else { SAID.len() }) {
                assert!(text.contains(said), "{form} of {name} lacks {said}:\n{text}");
            }
            assert!(!text.contains("wfr_") && !text.contains("wfi_"), "{form} of {name} has a key");
            if form == "html" {
                look(&browser, &text, screen, &format!("takeout-html-{name}")).await;
            }
            if form == "json" {
                documents.push(text);
            }
        }
        page.run("document.getElementById('export-place').scrollIntoView()").await;
        judge(&page, &format!("takeout-{name}")).await;
    }
    assert_eq!(documents[0], documents[1]);
    come_back(&browser, &server, &documents[0]).await;
}

/// The page that was taken out, as somebody opens it who has nothing else.
async fn look(browser: &Browser, html: &str, screen: crate::board::room::Screen, name: &str) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("review.html");
    std::fs::write(&path, html).unwrap();
    let (viewport, language, dark) = screen;
    let page = browser.open(&format!("file://{}", path.display()), viewport, language, dark).await;
    page.screenshot(crate::visit::picture(&format!("board-{name}"))).await;
    let asked: Vec<_> = page.requests().await.into_iter().filter(|it| !it.starts_with("file:")).collect();
    assert_eq!(asked, [""; 0], "{name} needs nothing else");
    assert_eq!(page.console_errors().await, [""; 0], "{name}");
    let overhang: i64 = page.evaluate("document.documentElement.scrollWidth - window.innerWidth").await;
    assert!(overhang <= 0, "{name} is {overhang} pixels too wide");
    page.run("document.querySelector('svg')?.scrollIntoView()").await;
    page.screenshot(crate::visit::picture(&format!("board-{name}-pictures"))).await;
}

/// A document is brought in by the page, and is the same again.
async fn come_back(browser: &Browser, server: &warifu_testkit::Server, document: &str) {
    let page = browser.open(&format!("{}/reviews", server.page_origin()), DESK, "en", false).await;
    ready(&page).await;
    page.wait_for_visible("#begin-name").await;
    let bring = format!(
        "(() => {{ const it = document.querySelector('input[type=file]'); const files = new DataTransfer(); \
         files.items.add(new File([{}], 'review.json', {{ type: 'application/json' }})); it.files = files.files; \
         it.dispatchEvent(new Event('change', {{ bubbles: true }})); }})()",
        serde_json::to_string(document).unwrap()
    );
    page.run(&bring).await;
    seated(&page).await;
    shows(&page, "#case-name", "基幹システム刷新の遅れ").await;
    place(&page, "case").await;
    let again: Value = serde_json::from_str(&take(&page, "json").await).unwrap();
    assert_eq!(again, serde_json::from_str::<Value>(document).unwrap());
    place(&page, "prevent").await;
    shows(&page, ".measure", "cargo drill list-attack").await;
}

/// Markup in boxes, arrows, decisions, measures, proofs and results is text, on both steps, in dialogs and in the page that is taken out.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn markup_in_steps_four_and_five_is_text() {
    let (browser, server) = (Browser::start().await, serve().await);
    let seat = server.seat();
    let _ = seat.begin(EVIL).await.expect(201);
    let said = |text: &str| json!({ "text": text, "basis": "conjecture", "sources": [] });
    let proof = json!({ "kind": "command", "text": EVIL, "url": "", "file": "" });
    let evil = with(
        measure(EVIL, &["a"]),
        &json!({ "role": "<b>role</b>", "state": "done", "proof": proof, "learned": EVIL, "is_shared": true }),
    );
    for (place, body) in [
        ("node/a", json!({ "of": "", "text": EVIL, "at": null })),
        ("node/b", json!({ "of": "", "text": "<b>b</b>", "at": null })),
        ("arrow/ab", json!({ "from": "a", "to": "b", "strength": 2, "is_kept": false, "statement": said(EVIL) })),
        ("arrow/ba", json!({ "from": "b", "to": "a", "strength": 2, "is_kept": false, "statement": said(EVIL) })),
        ("true_cause/a", json!({ "is_true": true, "why": said(EVIL) })),
        ("measure/m", evil),
        ("result/m", json!({ "is_passed": false, "at": "2026-11-20T10:05", "text": EVIL })),
    ] {
        let _ = seat.write(place, 0, &body).await.expect(200);
    }
    let _ = seat.write("true_cause/a", 1, &json!({ "is_true": false, "why": conjecture("No") })).await.expect(200);
    let _ = seat.write("true_cause/a", 2, &json!({ "is_true": true, "why": said(EVIL) })).await.expect(200);
    let page = browser.open("about:blank", DESK, "en", false).await;
    page.add_script(crate::board::scripts::WATCH).await;
    page.go(&link(&server, &seat.invite("participant", 1).await)).await;
    page.tap("#take-seat").await;
    seated(&page).await;
    place(&page, "diagram").await;
    page.wait_until("document.querySelectorAll('g[data-box]').length === 2").await;
    for (act, dialog) in [("[data-decided='a'] [data-act=decide]", "#decide"), ("#diagram-add", "#add-boxes")] {
        page.tap(act).await;
        page.wait_for_visible(dialog).await;
        crate::board::scripts::assert_nothing_ran(&page, dialog).await;
        page.run(&format!("document.querySelector('{dialog}').close()")).await;
    }
    page.run("location.hash = '#diagram/box/a'").await;
    shows(&page, "#box-panel", EVIL).await;
    page.tap("#box-panel [data-arrow=ab] [data-act=arrow]").await;
    page.wait_for_visible("#arrow").await;
    crate::board::scripts::assert_nothing_ran(&page, "arrow").await;
    judge(&page, "takeout-evil-arrow-desk-en").await;
    page.run("document.querySelector('#arrow').close()").await;
    place(&page, "prevent").await;
    shows(&page, ".measure .learned", EVIL).await;
    shows(&page, ".measure .result-place", EVIL).await;
    page.tap("[data-cause=a] [data-act=add]").await;
    shows(&page, ".shelf-one", EVIL).await;
    crate::board::scripts::assert_nothing_ran(&page, "library").await;
    page.run("document.querySelector('#measure-new').close()").await;
    place(&page, "case").await;
    let html = take(&page, "html").await;
    assert!(html.contains("&lt;img src=x"), "it is there, as text");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("review.html");
    std::fs::write(&path, html).unwrap();
    page.go(&format!("file://{}", path.display())).await;
    let hit: bool =
        page.evaluate("'hit' in window || document.querySelector('script, img, [onerror], [onload]') !== null").await;
    assert!(!hit);
}
