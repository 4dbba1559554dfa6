//! How the machine looks at every step, for everybody.

use warifu_testkit::{Browser, Page, Server, Viewport};

use super::{insert, judge, open_at, scan, settled};
use crate::visit::{DESK, PHONE, serve};

const KIOSK: Viewport = Viewport { width: 768, height: 1024, scale: 1.0, mobile: true };

async fn walk(page: &Page, server: &Server, name: &str) {
    let member = server.member().await;
    page.wait_until("document.getElementById('closed').hidden").await;
    judge(page, &format!("atm-start-{name}")).await;
    page.tap("#begin").await;
    page.wait_for_visible("#view-notes").await;
    judge(page, &format!("atm-empty-{name}")).await;
    for _ in 0..4 {
        page.tap(".note[data-yen='10000']").await;
    }
    page.tap(".note[data-yen='1000']").await;
    super::total(page, 41_000).await;
    judge(page, &format!("atm-notes-{name}")).await;
    page.tap("#to-code").await;
    page.wait_for_visible("#view-code").await;
    judge(page, &format!("atm-code-{name}")).await;
    page.tap("#own-code").await;
    page.wait_until("document.getElementById('stage').dataset.state === 'showing'").await;
    judge(page, &format!("atm-own-{name}")).await;
    page.tap("#stop").await;
    settled(page, "not_paid").await;
    judge(page, &format!("atm-stopped-{name}")).await;
    page.tap("#finish").await;
    insert(page, &[10_000, 2_000]).await;
    scan(page, &member.show_code().await).await;
    settled(page, "paid").await;
    judge(page, &format!("atm-paid-{name}")).await;
    page.tap("#finish").await;
    page.wait_for_visible("#view-start").await;
    // A bill that nobody has paid yet is looked for in vain, and the browser tells.
    let errors = page.console_errors().await;
    let unexpected: Vec<_> = errors.iter().filter(|it| !it.contains("/by-request/")).collect();
    assert_eq!(unexpected, [""; 0], "{name}");
}

/// At every width, in both languages, light and dark.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_step_is_for_everybody() {
    let (browser, server) = (Browser::start().await, serve().await);
    for (language, viewport, screen, dark) in [
        ("ja", PHONE, "390", false),
        ("en", KIOSK, "768", true),
        ("ja", KIOSK, "768", false),
        ("ja", DESK, "1280", true),
        ("en", DESK, "1280", false),
    ] {
        let (page, _) = open_at(&browser, &server, &server.page_origin(), viewport, language, dark).await;
        let theme = if dark { "dark" } else { "light" };
        walk(&page, &server, &format!("{screen}-{language}-{theme}")).await;
    }
}

/// Text of twice the size fits; a step is never wider than the screen.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_text_loses_nothing() {
    let (browser, server) = (Browser::start().await, serve().await);
    let (page, _) = open_at(&browser, &server, &server.page_origin(), KIOSK, "en", false).await;
    page.run("document.documentElement.style.fontSize = '200%'").await;
    walk_large(&page).await;
}

async fn walk_large(page: &Page) {
    page.tap("#begin").await;
    for step in ["notes", "code"] {
        page.wait_for_visible(&format!("#view-{step}")).await;
        if step == "notes" {
            page.tap(".note[data-yen='10000']").await;
            page.wait_until("!document.getElementById('to-code').disabled").await;
        }
        let overhang: i64 = page.evaluate("document.documentElement.scrollWidth - window.innerWidth").await;
        page.screenshot(crate::visit::picture(&format!("atm-large-{step}"))).await;
        assert!(overhang <= 0, "{step} is {overhang} pixels too wide");
        if step == "notes" {
            page.tap("#to-code").await;
        }
    }
}
