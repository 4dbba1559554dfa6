//! The ways in: two taps and no typing; and what does not get in.

use serde_json::{Value, json};
use warifu_testkit::{Browser, Engine};

use crate::visit::{DESK, PHONE, ask, open, picture, serve, serve_on, sign_up};

/// Signing up is two taps, the button and the passkey's own prompt, which the browser plays; nothing is typed, and nothing stands
/// between the button and the wallet. Then out, and in again by the passkey alone; on both databases, in both languages.
#[tokio::test]
async fn two_taps_make_a_wallet_and_one_passkey_comes_back_to_it() {
    let browser = Browser::start().await;
    for (engine, language, viewport) in [(Engine::Sqlite, "ja", PHONE), (Engine::Postgres, "en", DESK)] {
        let server = serve_on(engine, false).await;
        let (page, authenticator) = open(&browser, &server, viewport, language).await;
        let typed: usize =
            page.evaluate("document.querySelectorAll('#view-start [required]:not(#recovery-code)').length").await;
        assert_eq!(typed, 0, "nothing has to be typed");
        page.screenshot(picture(&format!("wallet-start-{language}"))).await;
        page.tap("#sign-up").await;
        page.wait_for_visible("#barcode").await;
        page.wait_until("document.getElementById('balance').textContent === '¥0'").await;
        assert_eq!(page.passkeys(&authenticator).await, 1);
        let member = ask(&page, "GET", "/v1/me").await;

        page.go(&format!("{}/me", server.page_origin())).await;
        page.wait_for_visible("#session-list li").await;
        // The page offers the passkey by itself, and an authenticator that always knows its owner would take the offer.
        page.set_user_verified(&authenticator, false).await;
        page.tap("#sign-out").await;
        page.wait_for_visible("#sign-up").await;
        assert_eq!(ask(&page, "GET", "/v1/me").await.0, 401);
        let cookie = page.cookies().await.into_iter().find(|cookie| cookie.name == "__Host-warifu");
        assert!(cookie.is_none(), "the cookie is gone");

        page.set_user_verified(&authenticator, true).await;
        page.tap("#sign-in").await;
        page.wait_for_visible("#nav").await;
        let again = ask(&page, "GET", "/v1/me").await;
        assert_eq!(again, member, "the same member, the same device, which still pays");
        page.reload().await;
        page.wait_for_visible("#nav").await;
        assert_eq!(page.console_errors().await.iter().filter(|it| !it.contains("401")).count(), 0);
        assert_eq!(server.database().query_raw("SELECT count(*) FROM members").await, [["1"]]);
        server.verify().await;
    }
}

/// The session's cookie is one that scripts do not see, that goes to this host only, on safe ways only.
#[tokio::test]
async fn the_cookie_is_as_narrow_as_can_be() {
    let (browser, server) = (Browser::start().await, serve().await);
    let (page, _) = sign_up(&browser, &server, PHONE, "en").await;
    let cookies = page.cookies().await;
    let cookie = cookies.iter().find(|cookie| cookie.name == "__Host-warifu").expect("there is a session");
    assert_eq!((cookie.secure, cookie.http_only, cookie.path.as_deref()), (Some(true), Some(true), Some("/")));
    let seen: String = page.evaluate("document.cookie").await;
    assert!(!seen.contains("warifu"), "{seen}");
    let kept: String = page.evaluate("JSON.stringify(Object.entries(localStorage)) + location.href").await;
    assert!(!kept.contains("wfm_"), "{kept}");
}

/// A passkey that was removed here, or is not on the phone any more, opens nothing; neither does one whose owner was not checked.
#[tokio::test]
async fn a_removed_passkey_and_an_unchecked_owner_are_refused() {
    let (browser, server) = (Browser::start().await, serve().await);
    let (page, authenticator) = sign_up(&browser, &server, PHONE, "en").await;
    page.go(&format!("{}/me", server.page_origin())).await;
    page.wait_for_visible("#passkey-list button").await;
    page.tap("#passkey-list button").await;
    page.wait_for_text("the last way into the wallet").await;
    page.tap("#make-codes").await;
    page.wait_for_visible("#recovery-list li").await;
    let codes: Vec<String> =
        page.evaluate("[...document.querySelectorAll('#recovery-list li')].map((it) => it.textContent)").await;
    assert_eq!(codes.len(), 10);
    page.tap("#passkey-list button").await;
    page.wait_until("document.querySelectorAll('#passkey-list li').length === 0").await;
    page.tap("#sign-out").await;
    page.wait_for_visible("#sign-in").await;
    page.tap("#sign-in").await;
    page.wait_for_text("The passkey was not accepted").await;

    // A recovery code opens the wallet once, and no more.
    page.tap("#recovery summary").await;
    page.fill("#recovery-code", &codes[0].to_lowercase()).await;
    page.tap("#recovery-form button").await;
    page.wait_for_visible("#nav").await;
    page.go(&format!("{}/me", server.page_origin())).await;
    page.wait_for_text("9 codes left").await;
    page.tap("#sign-out").await;
    page.wait_for_visible("#sign-in").await;
    page.tap("#recovery summary").await;
    page.fill("#recovery-code", &codes[0]).await;
    page.tap("#recovery-form button").await;
    page.wait_for_text("not known, or was used").await;

    page.forget_passkeys(&authenticator).await;
    page.set_user_verified(&authenticator, false).await;
    page.tap("#sign-up").await;
    page.wait_until("!document.getElementById('start-problem').hidden && !document.getElementById('sign-up').disabled")
        .await;
    assert_eq!(server.database().query_raw("SELECT count(*) FROM members").await, [["1"]]);
}

/// An answer is good once, for the ceremony that it was made for, made on this origin.
#[tokio::test]
async fn a_replayed_answer_and_a_wrong_origin_are_refused() {
    let (browser, server) = (Browser::start().await, serve().await);
    let (page, _) = sign_up(&browser, &server, PHONE, "en").await;
    // The page's own scripts, but what they send is kept, to be sent once more.
    page.run(
        "(() => { const plain = fetch; window.sent = []; window.fetch = (path, options) => { \
         if (path.endsWith('/finish')) window.sent.push([path, JSON.parse(options.body)]); return plain(path, options); }; })()",
    )
    .await;
    page.run("import(new URL('passkey.js', document.querySelector('script[type=module][src]').src)).then((it) => it.signIn())").await;
    let again = "import(new URL('device.js', document.querySelector('script[type=module][src]').src)).then((it) => it.send('POST', ...window.sent.at(-1))).then(() => 'in', (problem) => problem.code)";
    assert_eq!(page.evaluate::<String>(again).await, "passkey_refused");

    // A phishing page that passes a ceremony of ours on gets an answer that names its own origin.
    let begun = "import(new URL('device.js', document.querySelector('script[type=module][src]').src)).then((it) => it.send('POST', '/v1/sign-in/begin'))";
    let begun: Value = page.evaluate(begun).await;
    let mut sent: Value = page.evaluate("window.sent.at(-1)[1]").await;
    let data = json!({
        "type": "webauthn.get", "challenge": begun["options"]["publicKey"]["challenge"],
        "origin": "https://warifu.example", "crossOrigin": false
    });
    let encode = format!(
        "import(new URL('device.js', document.querySelector('script[type=module][src]').src)).then((it) => it.encode(new TextEncoder().encode({})))",
        json!(data.to_string())
    );
    sent["ceremony"] = begun["ceremony"].clone();
    sent["credential"]["response"]["clientDataJSON"] = page.evaluate::<Value>(&encode).await;
    let send = format!(
        "import(new URL('device.js', document.querySelector('script[type=module][src]').src)).then((it) => it.send('POST', '/v1/sign-in/finish', {sent})).then(() => 'in', (problem) => problem.code)"
    );
    assert_eq!(page.evaluate::<String>(&send).await, "passkey_refused");

    // The page on another name says where the wallet lives, and offers nothing.
    let elsewhere = browser.open(server.origin(), PHONE, "en", false).await;
    elsewhere.wait_for_text(&server.page_origin()).await;
    elsewhere.wait_until("document.getElementById('sign-up').disabled").await;
}

/// A passkey whose counter went back may have been copied: it opens nothing any more.
#[tokio::test]
async fn a_counter_that_went_back_is_noticed() {
    let (browser, server) = (Browser::start().await, serve().await);
    let (page, _) = sign_up(&browser, &server, PHONE, "en").await;
    page.go(&format!("{}/me", server.page_origin())).await;
    page.wait_for_visible("#session-list li").await;
    let stored = server.database().query_raw("SELECT passkey FROM credentials").await.swap_remove(0).swap_remove(0);
    let mut passkey: Value = serde_json::from_str(&stored).unwrap();
    assert!(passkey["cred"]["counter"].as_u64().unwrap() > 0, "this authenticator counts: {passkey}");
    passkey["cred"]["counter"] = json!(1_000_000);
    server.database().execute_raw(&format!("UPDATE credentials SET passkey = '{passkey}'")).await;
    page.tap("#sign-out").await;
    page.wait_for_visible("#sign-in").await;
    page.tap("#sign-in").await;
    page.wait_for_text("The passkey was not accepted").await;
}

/// A second passkey on another authenticator opens the same wallet; a session is listed and ended from elsewhere.
#[tokio::test]
async fn sessions_are_listed_and_ended_by_the_member() {
    let (browser, server) = (Browser::start().await, serve().await);
    let (page, _) = sign_up(&browser, &server, PHONE, "ja").await;
    let me = format!("{}/me", server.page_origin());
    page.go(&me).await;
    page.wait_for_visible("#session-list li").await;
    page.tap("#make-codes").await;
    page.wait_for_visible("#recovery-list li").await;
    let code: String = page.evaluate("document.querySelector('#recovery-list li').textContent").await;
    let (other, _) = open(&browser, &server, DESK, "en").await;
    other.tap("#recovery summary").await;
    other.fill("#recovery-code", &code).await;
    other.tap("#recovery-form button").await;
    other.wait_for_visible("#nav").await;
    other.go(&me).await;
    other.wait_until("document.querySelectorAll('#session-list li').length === 2").await;
    // A passkey of its own, so that it can come back.
    other.tap("#add-passkey").await;
    other.wait_until("document.querySelectorAll('#passkey-list li').length === 2").await;

    page.reload().await;
    page.wait_until("document.querySelectorAll('#session-list li').length === 2").await;
    page.tap("#session-list button").await;
    page.wait_until("document.querySelectorAll('#session-list li').length === 1").await;
    assert_eq!(ask(&other, "GET", "/v1/me").await.0, 401);
    other.reload().await;
    other.wait_for_visible("#sign-in").await;
    other.tap("#sign-in").await;
    other.wait_for_visible("#nav").await;
}
