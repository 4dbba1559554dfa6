//! What a stolen cookie is worth, and how a wallet comes to another device.

use warifu_core::refusal::Refusal;
use warifu_testkit::{Browser, Engine};

use crate::visit::{DESK, PHONE, ask, code, open, picture, serve, serve_on, sign_up};

/// A copied cookie in another browser reads no balance and shows no code: that browser has not the device's key, and its own key is
/// not the session's.
#[tokio::test]
async fn a_stolen_cookie_is_worth_nothing() {
    let (browser, server) = (Browser::start().await, serve().await);
    let (page, _) = sign_up(&browser, &server, PHONE, "en").await;
    let mut cookies = page.cookies().await;
    assert!(cookies.iter().any(|cookie| cookie.name == "__Host-warifu"));
    for cookie in &mut cookies {
        cookie.url = Some(server.page_origin());
    }
    let (thief, _) = open(&browser, &server, DESK, "en").await;
    // A key of its own, from an attempt of its own to sign in.
    let _ = ask(&thief, "POST", "/v1/sign-in/begin").await;
    thief.set_cookies(cookies).await;
    let bare = "fetch('/v1/balances', { credentials: 'same-origin' }).then((it) => it.status)";
    assert_eq!(thief.evaluate::<u16>(bare).await, 401, "without a signature");
    for (method, path) in [
        ("GET", "/v1/balances"),
        ("GET", "/v1/history"),
        ("GET", "/v1/me"),
        ("POST", "/v1/codes"),
        ("POST", "/v1/live-tickets"),
        ("POST", "/v1/device/move-here"),
        ("POST", "/v1/recovery-codes"),
        ("POST", "/v1/sign-out"),
    ] {
        assert_eq!(ask(&thief, method, path).await.0, 401, "{method} {path} with a key that is not the session's");
    }
    thief.reload().await;
    thief.wait_for_visible("#sign-up").await;
    let text = thief.text().await;
    assert!(!text.contains("Balance"), "{text}");
    // The owner goes on.
    assert_eq!(ask(&page, "GET", "/v1/balances").await.0, 200);
}

/// A ticket for live updates opens one stream, once.
#[tokio::test]
async fn a_ticket_opens_one_stream() {
    let (browser, server) = (Browser::start().await, serve().await);
    let (page, _) = sign_up(&browser, &server, PHONE, "en").await;
    let (_, told) = ask(&page, "POST", "/v1/live-tickets").await;
    let ticket = serde_json::from_str::<serde_json::Value>(&told).unwrap()["ticket"].as_str().unwrap().to_owned();
    let stream = format!("fetch('/v1/live?ticket={ticket}').then((it) => it.status)");
    assert_eq!(page.evaluate::<u16>(&stream).await, 200);
    assert_eq!(page.evaluate::<u16>(&stream).await, 401);
    assert_eq!(server.anonymous().get("/v1/live?ticket=wfl_none").await.status(), 401);
}

/// A device key that the browser gave up is recovered by the passkey: the wallet is seen at once, pays after it was moved, and
/// cools: little is spent and it moves no further, until a day is over or the device before agrees.
#[tokio::test]
async fn an_evicted_key_is_recovered_by_the_passkey_with_cooling() {
    let browser = Browser::start().await;
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let server = serve_on(engine, false).await;
        let (page, _) = sign_up(&browser, &server, PHONE, "en").await;
        let till = server.cashier().await;
        let _ = till.top_up(40_000, &code(&page).await).await.expect(201);
        page.wait_until("document.getElementById('result').open").await;
        page.run(
            "new Promise((done) => { const gone = indexedDB.deleteDatabase('warifu'); gone.onsuccess = gone.onblocked = () => done(); })",
        )
        .await;
        page.reload().await;
        page.wait_for_visible("#sign-in").await;
        page.tap("#sign-in").await;
        page.wait_for_text("This wallet pays from another device").await;
        page.wait_until("document.getElementById('balance').textContent === '¥40,000'").await;
        page.screenshot(picture("wallet-elsewhere-en")).await;
        page.tap("#card-action").await;
        page.wait_for_visible("#barcode").await;
        page.wait_for_text("Moved to this device").await;
        page.screenshot(picture("wallet-cooling-en")).await;
        let _ = till.take(9_000, &code(&page).await).await.expect(201);
        page.wait_until("document.getElementById('result').open").await;
        crate::visit::close_dialogs(&page).await;
        let refused = till.take(1_001, &code(&page).await).await.expect(422);
        assert_eq!(refused.text_at("/code"), Refusal::LimitExceeded.word());
        assert_eq!(server.database().query_raw("SELECT count(*) FROM devices").await, [["2"]]);
        server.verify().await;
    }
}

/// A wallet that was moved from a phone that is still there: the phone before can agree, which lifts the cooling, or object, which
/// freezes the wallet; and until then it shows no code.
#[tokio::test]
async fn the_device_before_agrees_or_objects() {
    let (browser, server) = (Browser::start().await, serve().await);
    for objects in [false, true] {
        let (old, _) = sign_up(&browser, &server, PHONE, "en").await;
        let till = server.cashier().await;
        let _ = till.top_up(40_000, &code(&old).await).await.expect(201);
        old.wait_until("document.getElementById('result').open").await;
        crate::visit::close_dialogs(&old).await;
        let shown = code(&old).await;
        old.go(&format!("{}/me", server.page_origin())).await;
        old.wait_for_visible("#session-list li").await;
        old.tap("#make-codes").await;
        old.wait_for_visible("#recovery-list li").await;
        let recovery: String = old.evaluate("document.querySelector('#recovery-list li').textContent").await;

        let (new, _) = open(&browser, &server, DESK, "en").await;
        new.tap("#recovery summary").await;
        new.fill("#recovery-code", &recovery).await;
        new.tap("#recovery-form button").await;
        new.wait_for_text("This wallet pays from another device").await;
        new.tap("#card-action").await;
        new.wait_for_visible("#barcode").await;
        assert_eq!(till.take(100, &shown).await.expect(422).text_at("/code"), "code_expired", "the old phone's code");
        old.go(&server.page_origin()).await;
        old.wait_for_text("Your wallet was moved to another device").await;
        old.wait_for_text("This wallet pays from another device").await;
        old.screenshot(picture("wallet-taken-en")).await;
        assert_eq!(ask(&old, "POST", "/v1/device/move-here").await.1, "cooling");
        if objects {
            old.tap("#notice .primary").await;
            old.wait_for_text("This wallet is frozen").await;
            let refused = till.take(100, &code(&new).await).await.expect(422);
            assert_eq!(refused.text_at("/code"), Refusal::WalletFrozen.word());
        } else {
            old.tap("#notice .secondary").await;
            old.wait_until("document.getElementById('notice').hidden || !document.getElementById('notice').textContent.includes('moved')").await;
            let _ = till.take(20_000, &code(&new).await).await.expect(201);
            assert_eq!(ask(&old, "POST", "/v1/device/consent").await.1, "not_this_device", "once is enough");
        }
    }
    server.verify().await;
}
