//! Ways of entering: by the keyboard alone, by a scanner alone wherever the cursor stands, by the camera, by touch.

use serde_json::json;
use warifu_testkit::{Browser, Page, Server};

use crate::till::counter::{TABLET, open, told};
use crate::visit::{DESK, serve};

async fn tab_to(page: &Page, id: &str) {
    for _ in 0..60 {
        if page.evaluate::<bool>(&format!("document.activeElement?.matches({}) === true", json!(id))).await {
            return;
        }
        page.press("Tab").await;
    }
    panic!("the keyboard does not reach {id}");
}

async fn balance(server: &Server, member: &warifu_testkit::Member, expected: i64) {
    assert_eq!(member.balance().await, expected);
    server.verify().await;
}

/// Without a mouse: cash, a payment, the next customer, a refund, the totals.
#[tokio::test]
async fn the_keyboard_does_everything() {
    let (browser, server) = (Browser::start().await, serve().await);
    let (page, _) = open(&browser, &server, DESK, "en").await;
    let member = server.member_with(5_000).await;
    // The cursor stands in the amount already.
    tab_to(&page, "#amount").await;
    page.type_keys("1500").await;
    page.press("Enter").await;
    assert!(page.evaluate::<bool>("document.activeElement.id === 'scan'").await, "Enter goes on to the code");
    page.type_keys(&member.show_code().await).await;
    page.press("Enter").await;
    told(&page, "paid").await;
    // A scanner's second Enter takes nothing away; a moment later Enter goes on to the next customer.
    page.press("Enter").await;
    told(&page, "paid").await;
    page.wait_until("document.activeElement.id === 'next'").await;
    page.press("Enter").await;
    told(&page, "none").await;
    assert!(page.evaluate::<bool>("document.activeElement.id === 'amount'").await);
    page.wait_until("document.querySelectorAll('.day-line').length === 1").await;
    tab_to(&page, "button.day-line").await;
    page.press("Enter").await;
    page.wait_for_visible("#refund-form").await;
    tab_to(&page, "#refund-form button").await;
    page.press("Enter").await;
    told(&page, "paid").await;
    page.wait_until("document.activeElement.id === 'next'").await;
    page.press("Enter").await;
    balance(&server, &member, 5_000).await;
    tab_to(&page, "#open-totals").await;
    page.press("Enter").await;
    page.wait_until("document.querySelectorAll('#totals-table tbody tr').length === 7").await;
    page.press("Escape").await;
    page.wait_until("document.querySelector('dialog[open]') === null").await;
}

/// A scanner types and presses Enter; it does not know where the cursor stands.
#[tokio::test]
async fn a_scanner_needs_no_cursor() {
    let (browser, server) = (Browser::start().await, serve().await);
    let (page, _) = open(&browser, &server, TABLET, "en").await;
    let member = server.member_with(5_000).await;
    let mut expected = 5_000;
    for place in ["amount", "scan", "nowhere"] {
        page.run("document.getElementById('amount').value = ''").await;
        page.fill("#amount", "250").await;
        match place {
            "scan" => page.run("document.getElementById('scan').focus()").await,
            "nowhere" => page.run("document.activeElement.blur()").await,
            _ => {}
        }
        page.type_keys(&member.show_code().await).await;
        page.press("Enter").await;
        told(&page, "paid").await;
        expected -= 250;
        assert_eq!(member.balance().await, expected, "{place}");
        page.tap("#next").await;
    }
    // The QR code too, and with blanks that some scanners add.
    let jpqr = member.issue_code(&[]).await.expect(201).text_at("/jpqr");
    page.fill("#amount", "250").await;
    page.run("document.getElementById('scan').focus()").await;
    page.type_keys(&format!(" {jpqr} ")).await;
    page.press("Enter").await;
    told(&page, "paid").await;
    balance(&server, &member, expected - 250).await;
}

/// By touch: the keypad makes the amount, and never more than seven digits.
#[tokio::test]
async fn the_keypad_makes_the_amount() {
    let (browser, server) = (Browser::start().await, serve().await);
    let (page, _) = open(&browser, &server, TABLET, "en").await;
    let value = async || page.evaluate::<String>("document.getElementById('amount').value").await;
    for key in ["0", "1", "2", "00", "back", "5"] {
        page.tap(&format!("[data-key='{key}']")).await;
    }
    assert_eq!(value().await, "1,205");
    for _ in 0..9 {
        page.tap("[data-key='9']").await;
    }
    assert_eq!(value().await, "1,205,999");
    // Nothing is sent without a code, nor without an amount.
    page.tap("#take").await;
    page.wait_for_text("Scan the customer's code").await;
    for _ in 0..9 {
        page.tap("[data-key='back']").await;
    }
    page.tap("#take").await;
    page.wait_for_text("Enter the amount first").await;
    assert_eq!(server.journal_count().await, 0);
}

/// The camera, where the browser can read codes. The browser of the tests cannot, so a detector that sees one code stands in for it.
#[tokio::test]
async fn the_camera_reads_a_code() {
    let (browser, server) = (Browser::start().await, serve().await);
    let till = server.add_till(server.add_shop().await).await;
    let member = server.member_with(1_000).await;
    let page = browser.open("about:blank", TABLET, "en", false).await;
    page.go(&format!("{}/livez", server.page_origin())).await;
    page.add_script(
        "window.BarcodeDetector = class { async detect() { return window.seen ? [{ rawValue: window.seen }] : []; } }; \
         Object.defineProperty(navigator, 'mediaDevices', { value: { getUserMedia: async () => { \
         const canvas = document.createElement('canvas'); const pen = canvas.getContext('2d'); \
         setInterval(() => pen.fillRect(0, 0, 9, 9), 100); return canvas.captureStream(10); } } });",
    )
    .await;
    page.go(&format!("{}/till#{}", server.page_origin(), server.terminal_token(&till.terminal).await)).await;
    page.wait_for_visible("#enroll").await;
    page.tap("#enroll").await;
    page.wait_for_visible("#camera").await;
    page.fill("#amount", "300").await;
    page.tap("#camera").await;
    page.wait_for_visible("#video").await;
    page.run(&format!("window.seen = '{}'", member.show_code().await)).await;
    told(&page, "paid").await;
    balance(&server, &member, 700).await;
    assert!(page.evaluate::<bool>("document.getElementById('video').hidden").await, "the camera is off again");
}

/// Two taps are one: of a refund, and of the shop's code.
#[tokio::test]
async fn a_double_tap_happens_once() {
    let (browser, server) = (Browser::start().await, serve().await);
    let (page, _) = open(&browser, &server, TABLET, "en").await;
    let member = server.member_with(5_000).await;
    crate::till::counter::scan(&page, 1_000, &member.show_code().await).await;
    told(&page, "paid").await;
    // A payment that was told gives way to what is begun in the list.
    page.tap(".day li:first-child .day-line").await;
    page.wait_for_visible("#refund-form").await;
    page.run("document.getElementById('refund-amount').value = ''").await;
    page.fill("#refund-amount", "300").await;
    page.run("[1, 2, 3].forEach(() => document.getElementById('refund-form').requestSubmit())").await;
    page.wait_until("document.getElementById('verdict').textContent === 'REFUNDED'").await;
    assert_eq!(member.balance().await, 4_300);
    page.tap("#next").await;
    page.fill("#amount", "200").await;
    page.run("[1, 2, 3].forEach(() => document.getElementById('show-code').click())").await;
    page.wait_until("document.getElementById('stage').dataset.state === 'showing'").await;
    assert!(page.evaluate::<bool>("document.getElementById('others').hidden").await, "there is one bill");
    page.tap("#stop").await;
    told(&page, "not_paid").await;
    page.tap("#next").await;
    told(&page, "none").await;
    balance(&server, &member, 4_300).await;
}

/// What was settled and not seen is seen after the page is loaded anew; what is paid by the sheet comes into the list by itself.
#[tokio::test]
async fn what_was_not_seen_is_shown_and_what_comes_from_elsewhere_too() {
    let (browser, server) = (Browser::start().await, serve().await);
    let (page, till) = open(&browser, &server, TABLET, "en").await;
    let member = server.member_with(5_000).await;
    crate::till::counter::scan(&page, 1_000, &member.show_code().await).await;
    told(&page, "paid").await;
    page.reload().await;
    page.wait_for_visible("#stage").await;
    told(&page, "paid").await;
    page.tap("#next").await;
    page.reload().await;
    page.wait_for_visible("#amount").await;
    told(&page, "none").await;
    let colleague = warifu_testkit::Cashier::by_token(server.origin(), &till.token);
    let _ = colleague.take(700, &member.show_code().await).await.expect(201);
    page.wait_until("document.querySelectorAll('.day-line').length === 2").await;
}
