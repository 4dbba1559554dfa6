//! The shop's own code: on the till and on the counter, opened and confirmed by a member in the wallet.

use std::time::{Duration, Instant};

use warifu_testkit::{Browser, Engine, Page, Server};

use crate::screen::read_code;
use crate::till::counter::{TABLET, next, open, told};
use crate::visit::{PHONE, close_dialogs, code, picture, serve_on, sign_up};

/// What a scanner reads of a QR code on the screen.
pub(crate) async fn read_qr(page: &Page, id: &str, name: &str) -> String {
    read_code(page, id, rxing::BarcodeFormat::QR_CODE, &picture(name)).await
}

/// A member with money, whose wallet is open.
async fn member(browser: &Browser, server: &Server, language: &str, yen: i64) -> Page {
    let (page, authenticator) = sign_up(browser, server, PHONE, language).await;
    // Kept for as long as the page: it is the browser's.
    std::mem::forget(authenticator);
    let _ = server.cashier().await.top_up(yen, &code(&page).await).await.expect(201);
    page.wait_until("document.getElementById('result').open").await;
    close_dialogs(&page).await;
    page
}

async fn state(page: &Page, state: &str) {
    page.wait_until(&format!("document.getElementById('view-bill').dataset.state === '{state}'")).await;
}

/// On the till: scanned as a link and as a JPQR text, seen with shop, amount and items, confirmed, and the till turns green.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bill_on_the_till_is_scanned_confirmed_and_green() {
    let browser = Browser::start().await;
    for (engine, language) in [(Engine::Sqlite, "ja"), (Engine::Postgres, "en")] {
        let server = serve_on(engine, false).await;
        let (till, _) = open(&browser, &server, TABLET, language).await;
        let phone = member(&browser, &server, language, 5_000).await;
        till.tap("#items summary").await;
        till.fill("#item-name", if language == "ja" { "抹茶" } else { "Matcha" }).await;
        till.fill("#item-price", "600").await;
        till.run("document.getElementById('item-quantity').value = ''").await;
        till.fill("#item-quantity", "2").await;
        till.tap("#item-form button").await;
        till.wait_until("document.getElementById('amount').value === '1,200'").await;
        till.tap("#show-code").await;
        till.wait_until("document.getElementById('stage').dataset.state === 'showing'").await;
        let link = read_qr(&till, "link-qr", &format!("till-bill-link-{language}")).await;
        assert!(link.starts_with(&format!("{}/bill/bil_", server.page_origin())), "{link}");
        // As a phone's camera opens it.
        phone.go(&link).await;
        state(&phone, "open").await;
        phone.wait_until("document.getElementById('bill-items').children.length === 1").await;
        phone.wait_until("document.getElementById('bill-balance').textContent.includes('5,000')").await;
        phone.screenshot(picture(&format!("wallet-bill-{language}"))).await;
        phone.tap("#bill-pay").await;
        let since = Instant::now();
        told(&till, "paid").await;
        assert!(since.elapsed() < Duration::from_secs(4), "the till turned green after {:?}", since.elapsed());
        till.screenshot(picture(&format!("till-bill-paid-{language}"))).await;
        phone.wait_until("document.getElementById('result').open").await;
        close_dialogs(&phone).await;
        next(&till).await;

        till.fill("#amount", "300").await;
        till.tap("#show-code").await;
        till.wait_until("document.getElementById('stage').dataset.state === 'showing'").await;
        let text = read_qr(&till, "emv-qr", &format!("till-bill-emv-{language}")).await;
        assert!(text.starts_with("000201010212"), "a dynamic code of a merchant: {text}");
        phone.go(&format!("{}/scan", server.page_origin())).await;
        phone.fill("#scan-text", &text).await;
        phone.screenshot(picture(&format!("wallet-scan-{language}"))).await;
        phone.tap("#scan-form button").await;
        state(&phone, "open").await;
        // The customer goes: the shop takes the code away, and the phone says so.
        till.tap("#stop").await;
        told(&till, "not_paid").await;
        phone.tap("#bill-pay").await;
        state(&phone, "closed").await;
        phone.screenshot(picture(&format!("wallet-bill-closed-{language}"))).await;
        next(&till).await;
        phone.go(&server.page_origin()).await;
        phone.wait_until("document.getElementById('balance').textContent === '¥3,800'").await;
        server.verify().await;
    }
}

/// On the counter: the sheet's code names no amount; the member enters it, and the shop's day has it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_sheet_on_the_counter_is_paid_by_what_the_member_enters() {
    let browser = Browser::start().await;
    let server = serve_on(Engine::Sqlite, false).await;
    let (till, _) = open(&browser, &server, TABLET, "ja").await;
    let phone = member(&browser, &server, "ja", 5_000).await;
    till.tap("#open-sheet").await;
    let link = read_qr(&till, "sheet-link", "till-sheet-link").await;
    let text = read_qr(&till, "sheet-emv", "till-sheet-emv").await;
    assert!(text.starts_with("000201010211"), "a static code of a merchant: {text}");
    till.tap("#sheet-close").await;
    for (scanned, amount) in [(link, "700"), (text, "800")] {
        if scanned.starts_with("http") {
            phone.go(&scanned).await;
        } else {
            phone.go(&format!("{}/scan", server.page_origin())).await;
            phone.fill("#scan-text", &scanned).await;
            phone.tap("#scan-form button").await;
        }
        state(&phone, "amount").await;
        phone.fill("#bill-amount", amount).await;
        phone.screenshot(picture("wallet-bill-amount-ja")).await;
        phone.tap("#bill-amount-form button").await;
        state(&phone, "open").await;
        phone.tap("#bill-pay").await;
        phone.wait_until("document.getElementById('result').open").await;
        close_dialogs(&phone).await;
    }
    phone.wait_until("document.getElementById('balance').textContent === '¥3,500'").await;
    till.reload().await;
    till.wait_until("document.querySelectorAll('.day-line').length === 2").await;
    server.verify().await;
}

/// An ATM's code: whoever confirms it is shown a number, and the cash goes into the wallet of the one whose number is typed there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cash_is_taken_by_the_code_of_an_atm() {
    let browser = Browser::start().await;
    let server = serve_on(Engine::Sqlite, false).await;
    let atm = server.atm().await;
    let (phone, _authenticator) = sign_up(&browser, &server, PHONE, "ja").await;
    let body = serde_json::json!({ "request_id": "atm-1", "kind": "top_up", "amount": 5_000, "currency": "JPY" });
    let link = atm.post("/v1/bills", &body).await.expect(201).text_at("/link");
    phone.go(&link).await;
    state(&phone, "open").await;
    phone.wait_for_text("¥5,000を受け取る").await;
    phone.screenshot(picture("wallet-bill-atm-ja")).await;
    phone.tap("#bill-pay").await;
    state(&phone, "claimed").await;
    let number: String = phone.evaluate("document.getElementById('bill-number').textContent").await;
    phone.screenshot(picture("wallet-bill-number-ja")).await;
    // The number stays, for whoever looks away and comes back.
    phone.go(&link).await;
    state(&phone, "claimed").await;
    assert_eq!(phone.evaluate::<String>("document.getElementById('bill-number').textContent").await, number);
    let _ = atm.get("/v1/top-ups/by-request/atm-1").await.expect_problem(404, "not_found");
    let path = format!("/v1/bills/{}/release", link.rsplit_once('/').unwrap().1);
    let _ = atm.post(&path, &serde_json::json!({ "number": number })).await.expect(201);
    phone.wait_until("document.getElementById('result').open").await;
    phone.wait_until("location.pathname === '/'").await;
    close_dialogs(&phone).await;
    phone.wait_until("document.getElementById('balance').textContent === '¥5,000'").await;
    // Opened again it says when it was, and to nobody that it is now.
    phone.go(&link).await;
    state(&phone, "paid").await;
    phone.wait_for_visible("#bill-when").await;
    phone.screenshot(picture("wallet-bill-received-ja")).await;
    assert_eq!(atm.get("/v1/top-ups/by-request/atm-1").await.expect(200).text_at("/state"), "completed");
    server.verify().await;
}

/// Whoever has no passkey any more reads so, and stays signed in; a bill of the sandbox is nowhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_member_without_a_passkey_is_told_so() {
    let browser = Browser::start().await;
    let server = serve_on(Engine::Sqlite, false).await;
    let till = server.cashier().await;
    for (language, text) in [("en", "There is no passkey to confirm with"), ("ja", "確認に使えるパスキーがありません")]
    {
        let phone = member(&browser, &server, language, 5_000).await;
        let request_id = format!("none-{language}");
        let body = serde_json::json!({ "request_id": request_id, "amount": 100, "currency": "JPY" });
        let made = till.post("/v1/bills", &body).await.expect(201);
        server.database().execute_raw("DELETE FROM credentials").await;
        phone.go(&made.text_at("/link")).await;
        state(&phone, "open").await;
        phone.tap("#bill-pay").await;
        phone.wait_for_text(text).await;
        state(&phone, "open").await;
    }
    let trial = server.sandbox_cashier().await;
    let body = serde_json::json!({ "request_id": "trial", "amount": 100, "currency": "JPY" });
    let link = trial.post("/v1/bills", &body).await.expect(201).text_at("/link");
    let phone = member(&browser, &server, "en", 5_000).await;
    phone.go(&link).await;
    state(&phone, "gone").await;
    server.verify().await;
}

/// The line is cut between the passkey and the answer: the phone asks what became of it, and whatever it is, it is paid at most once.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_confirmation_whose_answer_is_lost_is_asked_for() {
    let browser = Browser::start().await;
    let server = serve_on(Engine::Sqlite, true).await;
    let till = server.cashier().await;
    let (phone, _authenticator) = sign_up(&browser, &server, PHONE, "en").await;
    let _ = till.top_up(5_000, &code(&phone).await).await.expect(201);
    for bytes in [0, 200, 2_000] {
        let request_id = format!("lost-{bytes}");
        let body = serde_json::json!({ "request_id": request_id, "amount": 100, "currency": "JPY" });
        let link = till.post("/v1/bills", &body).await.expect(201).text_at("/link");
        phone.go(&link).await;
        state(&phone, "open").await;
        // The live stream would say it first.
        phone.run("(() => { const real = window.fetch; window.fetch = (path, options) => { if (String(path).endsWith('/pay')) window.atPay = true; return real(path, options); }; })()").await;
        phone.tap("#bill-pay").await;
        phone.wait_until("window.atPay === true || location.pathname === '/'").await;
        server.proxy().arm(warifu_testkit::Cut::ToClient(bytes));
        tokio::time::sleep(Duration::from_millis(300)).await;
        server.proxy().cut_all();
        server.proxy().disarm();
        let settled = "location.pathname === '/' || ['paid', 'open'].includes(document.getElementById('view-bill').dataset.state)";
        phone.wait_until(settled).await;
        if phone
            .evaluate::<bool>(
                "document.getElementById('view-bill').dataset.state === 'open' && location.pathname !== '/'",
            )
            .await
        {
            phone.tap("#bill-pay").await;
            phone
                .wait_until(
                    "location.pathname === '/' || document.getElementById('view-bill').dataset.state === 'paid'",
                )
                .await;
        }
        assert_eq!(
            till.get(&format!("/v1/payments/by-request/{request_id}")).await.expect(200).text_at("/state"),
            "captured"
        );
    }
    phone.go(&server.page_origin()).await;
    phone.wait_until("document.getElementById('balance').textContent === '¥4,700'").await;
    server.verify().await;
}

/// Too little money is said before it is tried, and a bill that is none leads nowhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bill_that_cannot_be_paid_says_so_before() {
    let browser = Browser::start().await;
    let server = serve_on(Engine::Sqlite, false).await;
    let (till, _) = open(&browser, &server, TABLET, "en").await;
    let phone = member(&browser, &server, "en", 500).await;
    till.fill("#amount", "501").await;
    till.tap("#show-code").await;
    till.wait_until("document.getElementById('stage').dataset.state === 'showing'").await;
    let link = read_qr(&till, "link-qr", "till-bill-too-much").await;
    phone.go(&link).await;
    state(&phone, "open").await;
    phone.wait_until("document.getElementById('bill-pay').disabled").await;
    phone.screenshot(picture("wallet-bill-too-small-en")).await;
    for nowhere in ["/bill/bil_00000000000000000000000000000000", "/shop/trm_00000000000000000000000000000000"] {
        phone.go(&format!("{}{nowhere}", server.page_origin())).await;
        state(&phone, "gone").await;
    }
    till.tap("#stop").await;
    told(&till, "not_paid").await;
    server.verify().await;
}
