//! A counter: a browser that became a till by a link.

use warifu_testkit::{Browser, Page, Server, Till, Viewport};

pub(crate) const TABLET: Viewport = Viewport { width: 1024, height: 768, scale: 2.0, mobile: true };

/// A till of a shop with a name that people would give it, and its page, open.
pub(crate) async fn open(browser: &Browser, server: &Server, viewport: Viewport, language: &str) -> (Page, Till) {
    let merchant = server.app().add_merchant("割符商店").await.unwrap();
    let name = if language == "ja" { "割符堂 本町店" } else { "Warifu Stores, Hommachi" };
    let shop = server.app().add_shop(merchant.id, name).await.unwrap();
    let till = server.add_till(shop.id).await;
    let page = enroll(browser, server, &till, viewport, language, false).await;
    (page, till)
}

/// A browser that becomes this till.
pub(crate) async fn enroll(
    browser: &Browser,
    server: &Server,
    till: &Till,
    viewport: Viewport,
    language: &str,
    dark: bool,
) -> Page {
    let link = format!("{}/till#{}", server.page_origin(), server.terminal_token(&till.terminal).await);
    let page = browser.open(&link, viewport, language, dark).await;
    page.wait_for_visible("#enroll").await;
    page.tap("#enroll").await;
    page.wait_for_visible("#amount").await;
    page
}

/// Enters an amount and what a scanner reads.
pub(crate) async fn scan(page: &Page, amount: i64, code: &str) {
    page.fill("#amount", &amount.to_string()).await;
    page.fill("#scan", code).await;
    page.tap("#take").await;
}

/// Waits until the till tells this.
pub(crate) async fn told(page: &Page, verdict: &str) {
    page.wait_until(&format!("document.getElementById('stage').dataset.verdict === '{verdict}'")).await;
}

/// The next customer.
pub(crate) async fn next(page: &Page) {
    page.tap("#next").await;
    told(page, "none").await;
}
