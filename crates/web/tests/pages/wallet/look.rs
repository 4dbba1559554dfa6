//! How it looks and feels: for everybody, on every screen, in both languages, light and dark, and how much it weighs.

use warifu_core::place::{Book, Channel};
use warifu_testkit::{Browser, Cashier, Page, Server, Viewport};

use crate::visit::{DESK, PHONE, TABLET, close_dialogs, code, open, picture, serve, sign_up};

const LONG: &str = "割符堂 とても長い名前の店舗 大阪本町御堂筋センタービル地下二階東口店・別館";

/// A wallet with something in every place.
async fn furnish(server: &Server, page: &Page) {
    let merchant = server.app().add_merchant("割符商店").await.unwrap();
    let shop = server.app().add_shop(merchant.id, LONG).await.unwrap();
    let added = server.app().add_terminal(shop.id, "レジ1", Channel::Till, Book::Real).await.unwrap();
    let till = Cashier::by_token(server.origin(), secrecy::ExposeSecret::expose_secret(&added.token));
    server.set_policy(&[("till_top_up_max", None), ("balance_max", None)]).await;
    let _ = till.top_up(9_999_999, &code(page).await).await.expect(201);
    page.wait_until("document.getElementById('result').open").await;
    close_dialogs(page).await;
    page.wait_until("document.getElementById('balance').textContent === '¥9,999,999'").await;
    let _ = till.take(123_456, &code(page).await).await.expect(201);
    page.wait_until("document.getElementById('result-amount').textContent === '¥123,456'").await;
    close_dialogs(page).await;
}

/// Every place, at every width, in both languages, light and dark: nothing for people with disabilities to stumble over, nothing too wide,
/// every target large enough, no word cut; and pictures for people to look at.
#[tokio::test]
async fn every_place_is_for_everybody() {
    let (browser, server) = (Browser::start().await, serve().await);
    for (language, viewport, screen) in
        [("ja", PHONE, "phone"), ("en", TABLET, "tablet"), ("ja", DESK, "desk"), ("en", PHONE, "phone")]
    {
        let (start, _) = open(&browser, &server, viewport, language).await;
        judge(&start, &format!("start-{screen}-{language}")).await;
        start.tap("#sign-up").await;
        let page = start;
        page.wait_for_visible("#barcode").await;
        furnish(&server, &page).await;
        for theme in ["light", "dark"] {
            page.run(&format!("localStorage.setItem('theme', '{theme}')")).await;
            for place in ["", "history", "top-up", "me"] {
                page.go(&format!("{}/{place}", server.page_origin())).await;
                page.wait_until("document.querySelectorAll('nav [aria-current]').length === 1").await;
                page.wait_until("document.getElementById('banner').hidden").await;
                match place {
                    "" => page.wait_for_visible("#barcode").await,
                    "history" => page.wait_for_visible(".entry").await,
                    "top-up" => page.wait_until("document.getElementById('exchange-have').textContent !== ''").await,
                    _ => page.wait_for_visible("#session-list li").await,
                }
                let name = if place.is_empty() { "pay" } else { place };
                judge(&page, &format!("{name}-{screen}-{language}-{theme}")).await;
            }
        }
    }
}

async fn judge(page: &Page, name: &str) {
    page.wait_until("document.fonts.status === 'loaded'").await;
    page.screenshot(picture(&format!("wallet-{name}"))).await;
    assert_eq!(page.accessibility_faults().await, [""; 0], "{name}");
    let overhang: i64 = page.evaluate("document.documentElement.scrollWidth - window.innerWidth").await;
    assert!(overhang <= 0, "{name} is {overhang} pixels too wide");
    let small: Vec<String> = page
        .evaluate(
            "[...document.querySelectorAll('button, a, input, summary')].filter((it) => it.checkVisibility() && !it.closest('.unseen, .skip, .choice') && !it.classList.contains('skip'))\
             .filter((it) => { const box = (it.closest('label') ?? it).getBoundingClientRect(); return box.height < 44 || box.width < 44; }).map((it) => it.outerHTML.slice(0, 80))",
        )
        .await;
    assert_eq!(small, [""; 0], "{name}: too small to touch");
    assert_eq!(page.console_errors().await, [""; 0], "{name}");
}

/// Text of twice the size fits, and at the narrowest of phones.
#[tokio::test]
async fn large_text_and_small_phones_lose_nothing() {
    let (browser, server) = (Browser::start().await, serve().await);
    let narrow = Viewport { width: 320, height: 568, scale: 2.0, mobile: true };
    for (name, viewport, size) in [("narrow", narrow, "100%"), ("large", PHONE, "200%")] {
        let (page, _) = sign_up(&browser, &server, viewport, "ja").await;
        furnish(&server, &page).await;
        for place in ["", "history", "top-up", "me"] {
            page.go(&format!("{}/{place}", server.page_origin())).await;
            page.run(&format!("document.documentElement.style.fontSize = '{size}'")).await;
            page.wait_until("document.querySelectorAll('nav [aria-current]').length === 1").await;
            if place == "history" {
                page.wait_for_visible(".entry").await;
            }
            let overhang: i64 = page.evaluate("document.documentElement.scrollWidth - window.innerWidth").await;
            page.screenshot(picture(&format!("wallet-{name}-{}", if place.is_empty() { "pay" } else { place }))).await;
            assert!(overhang <= 0, "{name} {place} is {overhang} pixels too wide");
        }
    }
}

/// By keyboard alone: sign up, go to every place, open a receipt and leave it.
#[tokio::test]
async fn the_keyboard_does_everything() {
    let (browser, server) = (Browser::start().await, serve().await);
    let (page, _) = open(&browser, &server, DESK, "en").await;
    let tab_to = async |id: &str| {
        for _ in 0..60 {
            page.press("Tab").await;
            if page
                .evaluate::<bool>(&format!("document.activeElement?.matches({}) === true", serde_json::json!(id)))
                .await
            {
                return;
            }
        }
        panic!("the keyboard does not reach {id}");
    };
    tab_to("#sign-up").await;
    page.press("Enter").await;
    page.wait_for_visible("#barcode").await;
    let _ = server.cashier().await.top_up(500, &code(&page).await).await.expect(201);
    page.wait_until("document.getElementById('result').open").await;
    page.press("Escape").await;
    page.wait_until("document.querySelector('dialog[open]') === null").await;
    for place in ["me", "top-up", "history"] {
        tab_to(&format!("nav [data-view={place}]")).await;
        page.press("Enter").await;
        page.wait_for_visible(&format!("#view-{place}")).await;
    }
    page.wait_for_visible(".entry").await;
    tab_to(".entry").await;
    page.press("Enter").await;
    page.wait_until("document.getElementById('receipt').open").await;
    page.press("Escape").await;
    page.wait_until("!document.getElementById('receipt').open").await;
}

/// The language is the browser's until the member chooses; the choice stays.
#[tokio::test]
async fn the_language_is_the_browsers_until_one_is_chosen() {
    let (browser, server) = (Browser::start().await, serve().await);
    let (page, _) = open(&browser, &server, PHONE, "ja").await;
    assert!(page.text().await.contains("はじめる"));
    page.tap("#view-start [data-lang=en]").await;
    // The page loads anew meanwhile.
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    page.wait_for_text("Pay with your phone").await;
    assert_eq!(page.evaluate::<String>("document.documentElement.lang").await, "en");
    page.go(&server.page_origin()).await;
    page.wait_for_text("Pay with your phone").await;
}

/// The first page weighs less than 60 KB on the wire, everything with it; nothing is loaded from elsewhere, nothing is inline, and nothing
/// may be.
#[tokio::test]
async fn the_first_page_is_light_and_keeps_to_itself() {
    let (browser, server) = (Browser::start().await, serve().await);
    let (page, _) = open(&browser, &server, PHONE, "ja").await;
    page.wait_until("performance.getEntriesByType('navigation')[0].loadEventEnd > 0").await;
    let weight: u64 = page
        .evaluate("[...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')].reduce((sum, it) => sum + (it.encodedBodySize || 0), 0)")
        .await;
    assert!((5_000..60_000).contains(&weight), "{weight} bytes");
    let origin = server.page_origin();
    let elsewhere: Vec<_> = page
        .requests()
        .await
        .into_iter()
        .filter(|url| !url.starts_with(&origin))
        .filter(|url| url != "about:blank")
        .collect();
    assert_eq!(elsewhere, [""; 0]);
    let reply = server.anonymous().get("/").await;
    let policy = reply.header("content-security-policy").unwrap_or_default();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    let inline: usize = page.evaluate("document.querySelectorAll('script:not([src]):not([type=\"application/json\"]), style, [style], [onclick]').length").await;
    assert_eq!(inline, 0);
    for path in ["/manifest.webmanifest", "/sw.js", "/favicon.ico"] {
        assert_eq!(server.anonymous().get(path).await.status(), 200, "{path}");
    }
    let manifest = server.anonymous().get("/manifest.webmanifest").await.json();
    assert_eq!(manifest["display"], "standalone");
    for icon in manifest["icons"].as_array().unwrap() {
        assert_eq!(server.anonymous().get(icon["src"].as_str().unwrap()).await.status(), 200, "{icon}");
    }
    // Nothing jumps while it loads.
    let shift: f64 = page
        .evaluate("new Promise((done) => { let sum = 0; new PerformanceObserver((list) => list.getEntries().forEach((it) => { sum += it.value; })).observe({ type: 'layout-shift', buffered: true }); setTimeout(() => done(sum), 300); })")
        .await;
    assert!(shift < 0.02, "{shift}");
}
