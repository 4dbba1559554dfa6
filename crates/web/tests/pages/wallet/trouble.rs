//! A bad day: the store is gone, or the network is.

use warifu_testkit::{Browser, Engine};

use crate::visit::{PHONE, code, picture, serve_on, sign_up};

/// With the store stopped every place says that it cannot be read now, and none of them says 0 or nothing.
#[tokio::test]
async fn what_cannot_be_read_is_said_to_be_so() {
    let browser = Browser::start().await;
    for (language, words) in [("en", "Cannot be read now"), ("ja", "いまは読み込めません")] {
        let mut server = serve_on(Engine::Postgres, false).await;
        let (page, _) = sign_up(&browser, &server, PHONE, language).await;
        let _ = server.cashier().await.top_up(5_000, &code(&page).await).await.expect(201);
        page.wait_until("document.getElementById('balance').textContent === '¥5,000'").await;
        server.lose_database().await;
        for place in ["", "history", "me"] {
            page.go(&format!("{}/{place}", server.page_origin())).await;
            page.wait_for_text(words).await;
            page.wait_for_visible("#banner").await;
            let text = page.text().await;
            assert!(!text.contains("¥0") && !text.contains("Nothing yet"), "{place}: {text}");
            page.screenshot(picture(&format!(
                "wallet-unread-{}-{language}",
                if place.is_empty() { "pay" } else { place }
            )))
            .await;
        }
    }
}

/// With the network cut the page says so, keeps its shell over a reload, shows no balance that it cannot know, and comes back by
/// itself; what was paid meanwhile is there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_network_is_shown_and_survived() {
    let (browser, server) = (Browser::start().await, serve_on(Engine::Sqlite, true).await);
    let (page, _) = sign_up(&browser, &server, PHONE, "en").await;
    let till = server.cashier().await;
    let _ = till.top_up(5_000, &code(&page).await).await.expect(201);
    page.wait_until("document.getElementById('result').open").await;
    crate::visit::close_dialogs(&page).await;
    page.wait_until("navigator.serviceWorker.controller !== null").await;
    let shown = code(&page).await;

    server.proxy().refuse(true);
    server.proxy().cut_all();
    page.wait_for_text("No connection").await;
    // The code that is shown is good for as long as it lives, connection or not.
    assert_eq!(code(&page).await, shown);
    page.screenshot(picture("wallet-offline-en")).await;
    let _ = till.take(700, &shown).await.expect(201);
    page.reload().await;
    page.wait_for_text("No connection").await;
    page.wait_for_text("Cannot be read now").await;
    page.wait_for_text("A payment code needs a connection").await;
    let text = page.text().await;
    assert!(!text.contains("¥"), "{text}");
    page.tap("nav [data-view=history]").await;
    page.wait_for_text("Cannot be read now").await;
    page.tap("nav [data-view=pay]").await;
    page.screenshot(picture("wallet-offline-reloaded-en")).await;

    server.proxy().refuse(false);
    page.wait_until("document.getElementById('balance').textContent === '¥4,300'").await;
    page.wait_until("document.getElementById('banner').hidden").await;
    page.tap("#card-action").await;
    page.wait_for_visible("#barcode").await;
    let kept: Vec<String> = page
        .evaluate("caches.keys().then((names) => Promise.all(names.map((name) => caches.open(name).then((it) => it.keys())))).then((all) => all.flat().map((it) => new URL(it.url).pathname))")
        .await;
    assert!(
        kept.iter().all(|path| path == "/" || path.starts_with("/assets/")),
        "nothing of a member's is kept: {kept:?}"
    );
    server.verify().await;
}
