//! The sandbox's page: what it shows is what scanners read, and what a till did with it turns the list green, amber and red.

use serde_json::json;
use warifu_core::place::{Book, Channel};
use warifu_testkit::{Browser, Cashier, Page, Server};

use super::{judge, terminal};
use crate::screen::read_code;
use crate::visit::{DESK, PHONE, TABLET, picture, serve};

/// The page of a till's maker, and the till that is made.
async fn open(
    browser: &Browser,
    server: &Server,
    viewport: warifu_testkit::Viewport,
    language: &str,
    dark: bool,
) -> (Page, Cashier) {
    let merchant = server.app().add_merchant("割符商店").await.unwrap();
    let shop = server.app().add_shop(merchant.id, "割符堂 本町店").await.unwrap();
    let till = server.add_sandbox_till(shop.id).await;
    let link = format!("{}/sandbox#{}", server.page_origin(), server.terminal_token(&till.terminal).await);
    let page = browser.open(&link, viewport, language, dark).await;
    page.tap("#enroll").await;
    page.wait_for_visible(".check").await;
    (page, Cashier::by_token(server.origin(), &till.token))
}

async fn is(page: &Page, check: &str, state: &str) {
    page.wait_until(&format!("document.querySelector('[data-name=\"{check}\"]').dataset.state === '{state}'")).await;
}

async fn choose(page: &Page, scenario: &str) -> String {
    page.tap(&format!("label:has([value={scenario}]) .knob")).await;
    page.wait_until(&format!("document.getElementById('code-plays').textContent === '{scenario}'")).await;
    page.evaluate("document.getElementById('digits').dataset.code").await
}

/// The codes on the screen are read and tried by a till, which is seen to pass, to wait and to fail; the list begins anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_till_makes_of_the_faults_is_seen() {
    let (browser, server) = (Browser::start().await, serve().await);
    let (page, till) = open(&browser, &server, DESK, "en", false).await;
    let digits = choose(&page, "plain").await;
    let read_there = read_code(&page, "barcode", rxing::BarcodeFormat::CODE_128, &picture("sandbox-barcode")).await;
    assert_eq!(read_there, digits);
    let qr = read_code(&page, "qr", rxing::BarcodeFormat::QR_CODE, &picture("sandbox-qr")).await;
    let paid = till.take(300, &qr).await.expect(201).text_at("/id");
    is(&page, "payment.plain", "passed").await;

    let digits = choose(&page, "unknown").await;
    let _ = till.take_as("first", 300, &digits).await.expect(503);
    is(&page, "payment.unknown", "waiting").await;
    let _ = till.take_as("second", 300, &digits).await.expect(201);
    is(&page, "payment.unknown", "failed").await;
    page.wait_for_text("that can take money twice").await;
    let _ = till.refund(&paid, 100).await.expect(201);
    is(&page, "refund.plain", "passed").await;
    page.screenshot(picture("sandbox-trials-en")).await;

    page.tap("[data-check='payment.insufficient_balance']").await;
    page.wait_until("document.getElementById('code-plays').textContent === 'insufficient_balance'").await;
    let digits: String = page.evaluate("document.getElementById('digits').dataset.code").await;
    let _ = till.take(300, &digits).await.expect_problem(422, "insufficient_balance");
    is(&page, "payment.insufficient_balance", "passed").await;
    page.run("(() => { const it = document.getElementById('word'); it.value = 'wallet_frozen'; it.dispatchEvent(new Event('change')); })()")
        .await;
    page.wait_until("document.getElementById('code-plays').textContent === 'wallet_frozen'").await;
    let digits: String = page.evaluate("document.getElementById('digits').dataset.code").await;
    let _ = till.take(300, &digits).await.expect_problem(422, "wallet_frozen");

    // A till that shows a code itself.
    let body = json!({ "request_id": "bill-1", "amount": 400, "currency": "JPY" });
    let bill = till.post("/v1/bills", &body).await.expect(201).text_at("/id");
    page.tap("details summary").await;
    page.fill("#bill-id", &bill).await;
    page.tap("#bill-form button").await;
    page.wait_for_text("Your till's inquiry finds it").await;
    let _ = till.get("/v1/payments/by-request/bill-1").await.expect(200);

    page.tap("#anew").await;
    page.tap("#sure-yes").await;
    page.wait_until("document.querySelectorAll('.check:not([data-state=open])').length === 0").await;
    assert_eq!(page.console_errors().await, [""; 0]);
    server.verify().await;
}

/// It is for everybody: at every width, in both languages, light and dark. A terminal of another kind is sent to its own page.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_bench_is_for_everybody() {
    let (browser, server) = (Browser::start().await, serve().await);
    for (language, viewport, screen, dark) in [
        ("ja", PHONE, "390", false),
        ("en", TABLET, "768", true),
        ("ja", DESK, "1280", true),
        ("en", DESK, "1280", false),
    ] {
        let (page, till) = open(&browser, &server, viewport, language, dark).await;
        let theme = if dark { "dark" } else { "light" };
        judge(&page, &format!("sandbox-fresh-{screen}-{language}-{theme}")).await;
        let _ = till.take(100, &choose(&page, "plain").await).await.expect(201);
        let _ = till.take_as("waits", 100, &choose(&page, "duplicate").await).await.expect(503);
        let digits = choose(&page, "unknown").await;
        let _ = till.take_as("a", 100, &digits).await.expect(503);
        let _ = till.take_as("b", 100, &digits).await.expect(201);
        let _ = choose(&page, "late_success").await;
        is(&page, "payment.unknown", "failed").await;
        page.run("scrollTo(0, 0)").await;
        judge(&page, &format!("sandbox-{screen}-{language}-{theme}")).await;
        if viewport == PHONE {
            page.run("document.getElementById('code').scrollIntoView()").await;
            page.screenshot(picture(&format!("sandbox-code-{screen}-{language}-{theme}"))).await;
            page.run("document.getElementById('checks').scrollIntoView()").await;
            page.screenshot(picture(&format!("sandbox-checks-{screen}-{language}-{theme}"))).await;
        }
    }
    let real = terminal(&server, "Till", Channel::Till, Book::Real).await;
    let link = format!("{}/sandbox#{}", server.page_origin(), server.terminal_token(&real).await);
    let page = browser.open(&link, DESK, "en", false).await;
    page.tap("#enroll").await;
    // The page gives way to another meanwhile.
    tokio::time::sleep(std::time::Duration::from_millis(700)).await;
    page.wait_until("location.pathname === '/till'").await;
}
