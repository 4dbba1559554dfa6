//! The whole purchase: the code on the screen is read from a picture of the screen, paid by a till, and the phone shows it.

use std::time::{Duration, Instant};

use serde_json::json;
use warifu_testkit::{Browser, Cashier, Engine, Page, Server};

use crate::visit::{PHONE, close_dialogs, code, open, picture, serve_on, sign_up};

/// What scanners read on a picture of the screen: the barcode and the QR code.
async fn scan(page: &Page, name: &str) -> (String, String) {
    page.wait_until("document.getElementById('barcode').complete && document.getElementById('qr').complete").await;
    let path = picture(name);
    page.screenshot(&path).await;
    let mut reader =
        png::Decoder::new(std::io::BufReader::new(std::fs::File::open(&path).unwrap())).read_info().unwrap();
    let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
    let info = reader.next_frame(&mut pixels).unwrap();
    let samples = info.color_type.samples();
    let grey: Vec<u8> = pixels.chunks(samples).map(|pixel| pixel[1]).collect();
    let read = |format| {
        rxing::helpers::detect_in_luma(grey.clone(), info.width, info.height, Some(format))
            .unwrap_or_else(|error| panic!("{format:?} on {}: {error}", path.display()))
            .getText()
            .to_owned()
    };
    (read(rxing::BarcodeFormat::CODE_128), read(rxing::BarcodeFormat::QR_CODE))
}

/// Waits for another code than this one.
async fn new_code(page: &Page, before: &str) {
    page.wait_until(&format!("![undefined, '{before}'].includes(document.getElementById('digits').dataset.code)"))
        .await;
}

/// A till of a shop with a name that people would give it.
async fn till(server: &Server, shop: &str) -> Cashier {
    let merchant = server.app().add_merchant("割符商店").await.unwrap();
    let shop = server.app().add_shop(merchant.id, shop).await.unwrap();
    server.cashier_at(shop.id).await
}

/// Cash, a payment by barcode, one by QR code, a refund, and a refusal: each is on the screen within a second of the till's answer,
/// and the history and the receipt tell the same. In both languages, on both databases.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_on_the_screen_is_paid_and_what_is_paid_is_on_the_screen() {
    let browser = Browser::start().await;
    for (engine, language) in [(Engine::Sqlite, "ja"), (Engine::Postgres, "en")] {
        let server = serve_on(engine, false).await;
        let shop = if language == "ja" { "割符堂 本町店" } else { "Warifu Stores, Hommachi" };
        let till = till(&server, shop).await;
        let (page, _) = sign_up(&browser, &server, PHONE, language).await;
        page.wait_until(
            "!document.getElementById('view-pay').hidden && document.getElementById('balance').textContent === '¥0'",
        )
        .await;

        let (barcode, qr) = scan(&page, &format!("wallet-empty-{language}")).await;
        let digits = code(&page).await;
        assert_eq!(barcode, digits, "what scanners read is what is written beneath");
        assert!(qr.len() > 40, "a JPQR text: {qr}");
        let _ = till.top_up(12_000, &barcode).await.expect(201);
        let seen = on_screen(&page, "¥12,000").await;
        assert!(seen < Duration::from_secs(1), "the top-up was on the screen after {seen:?}");
        close_dialogs(&page).await;
        page.wait_until("document.getElementById('balance').textContent === '¥12,000'").await;

        new_code(&page, &digits).await;
        let (barcode, qr) = scan(&page, &format!("wallet-pay-{language}")).await;
        let paid = till.take(1_200, &barcode).await.expect(201).text_at("/id");
        let seen = on_screen(&page, "¥1,200").await;
        assert!(seen < Duration::from_secs(1), "the payment was on the screen after {seen:?}");
        page.wait_until(&format!("document.getElementById('result').innerText.includes({})", json!(shop))).await;
        tokio::time::sleep(Duration::from_millis(400)).await;
        page.screenshot(picture(&format!("wallet-paid-{language}"))).await;
        // Two seconds later it gives way to the receipt.
        page.wait_until("document.getElementById('receipt').open && !document.getElementById('result').open").await;
        page.wait_for_text(&paid).await;
        page.screenshot(picture(&format!("wallet-receipt-{language}"))).await;
        page.tap("#receipt-close").await;
        assert_eq!(till.take(100, &qr).await.expect(422).text_at("/code"), "code_consumed");
        refused(&page).await;
        close_dialogs(&page).await;
        new_code(&page, &barcode).await;
        let (_, qr) = scan(&page, &format!("wallet-again-{language}")).await;
        let second = till.take(800, &qr).await.expect(201).text_at("/id");
        on_screen(&page, "¥800").await;
        close_dialogs(&page).await;
        let _ = till.refund(&second, 300).await.expect(201);
        on_screen(&page, "¥300").await;
        close_dialogs(&page).await;
        let _ = till.take(99_999, &code(&page).await).await.expect(422);
        refused(&page).await;
        tokio::time::sleep(std::time::Duration::from_millis(400)).await;
        page.screenshot(picture(&format!("wallet-refused-{language}"))).await;
        page.tap("#result-close").await;
        page.wait_until("document.getElementById('balance').textContent === '¥10,300'").await;

        page.tap("nav [data-view=history]").await;
        page.wait_until("document.querySelectorAll('.entry').length === 4").await;
        page.screenshot(picture(&format!("wallet-history-{language}"))).await;
        page.fill("#search", "1,200").await;
        page.wait_until("document.querySelectorAll('.entry').length === 1").await;
        page.tap(".entry").await;
        page.wait_for_text(&paid).await;
        page.tap("#receipt-close").await;
        assert_eq!(page.console_errors().await, [""; 0]);
        server.verify().await;
    }
}

/// How long it took until the result of a till's answer that just came fills the screen.
async fn on_screen(page: &Page, amount: &str) -> Duration {
    let since = Instant::now();
    page.wait_until(&format!(
        "document.getElementById('result').open && document.getElementById('result-amount').textContent === '{amount}'"
    ))
    .await;
    since.elapsed()
}

/// The refusal fills the screen.
async fn refused(page: &Page) {
    page.wait_until(
        "document.getElementById('result').open && document.getElementById('result').dataset.kind === 'refused'",
    )
    .await;
}

/// The code renews by itself, and when asked to; the one before is worth nothing then. The screen is kept awake.
#[tokio::test]
async fn a_code_renews_and_the_one_before_ends() {
    let (browser, server) = (Browser::start().await, crate::visit::serve().await);
    let till = till(&server, "Shop").await;
    let (page, _) = open(&browser, &server, PHONE, "en").await;
    page.run("navigator.wakeLock && (WakeLock.prototype.request = async (kind) => { window.awake = kind; return { released: false, release: async () => undefined }; })").await;
    page.tap("#sign-up").await;
    let first = code(&page).await;
    assert_eq!(page.evaluate::<String>("window.awake ?? ''").await, "screen");
    let told: String = page.evaluate("document.getElementById('seconds').textContent").await;
    assert!(told.starts_with("4:"), "five minutes, less what is kept in hand: {told}");
    page.tap("#renew").await;
    new_code(&page, &first).await;
    let second = code(&page).await;
    assert_eq!(till.top_up(100, &first).await.expect(422).text_at("/code"), "code_expired");

    // Almost five minutes later, as far as the page can tell.
    page.run("(() => { const now = Date.now; Date.now = () => now() + 290000; })()").await;
    new_code(&page, &second).await;
    let third = code(&page).await;
    let _ = till.top_up(100, &third).await.expect(201);
}

/// Points earned are shown, and made into yen by the member.
#[tokio::test]
async fn points_are_made_into_yen() {
    let (browser, server) = (Browser::start().await, crate::visit::serve().await);
    let till = till(&server, "Shop").await;
    let (page, _) = sign_up(&browser, &server, PHONE, "en").await;
    let _ = till.top_up(10_000, &code(&page).await).await.expect(201);
    page.wait_until("document.getElementById('result').open").await;
    close_dialogs(&page).await;
    let _ = till.take(4_000, &code(&page).await).await.expect(201);
    page.wait_for_text("20 pt earned").await;
    close_dialogs(&page).await;
    page.wait_until("document.getElementById('points').textContent === '20 pt'").await;
    page.tap("nav [data-view=top-up]").await;
    page.fill("#exchange-amount", "21").await;
    page.tap("#exchange button").await;
    page.wait_for_text("Enter a number from 1 to 20").await;
    page.run("document.getElementById('exchange-amount').value = ''").await;
    page.fill("#exchange-amount", "15").await;
    page.tap("#exchange button").await;
    page.wait_for_text("¥15 is in your balance now").await;
    page.screenshot(picture("wallet-top-up-en")).await;
    page.tap("nav [data-view=pay]").await;
    page.wait_until("document.getElementById('balance').textContent === '¥6,015'").await;
    server.verify().await;
}
