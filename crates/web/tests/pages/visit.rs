//! A member who opens the wallet in a browser.

use std::path::{Path, PathBuf};

use warifu_testkit::browser::Authenticator;
use warifu_testkit::{Browser, Page, Server, ServerSettings, TestDatabase, Viewport};

pub(crate) const PHONE: Viewport = Viewport { width: 390, height: 844, scale: 3.0, mobile: true };
pub(crate) const TABLET: Viewport = Viewport { width: 768, height: 1024, scale: 2.0, mobile: true };
pub(crate) const DESK: Viewport = Viewport { width: 1280, height: 900, scale: 1.0, mobile: false };

/// A server whose clock runs, as a browser's does.
pub(crate) async fn serve() -> Server {
    serve_on(warifu_testkit::Engine::Sqlite, false).await
}

pub(crate) async fn serve_on(engine: warifu_testkit::Engine, is_behind_proxy: bool) -> Server {
    let settings = ServerSettings { clock_runs: true, is_behind_proxy, ..ServerSettings::default() };
    Server::start_with(TestDatabase::new(engine).await, settings).await
}

/// Where pictures for people to look at are kept.
pub(crate) fn picture(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/pictures");
    std::fs::create_dir_all(&folder).unwrap();
    folder.join(format!("{name}.png"))
}

/// The wallet's page of somebody who was never here, on a phone that can make passkeys.
pub(crate) async fn open(
    browser: &Browser,
    server: &Server,
    viewport: Viewport,
    language: &str,
) -> (Page, Authenticator) {
    let page = browser.open("about:blank", viewport, language, false).await;
    let authenticator = page.add_authenticator().await;
    page.go(&server.page_origin()).await;
    page.wait_for_visible("#sign-up").await;
    (page, authenticator)
}

/// The same, signed up.
pub(crate) async fn sign_up(
    browser: &Browser,
    server: &Server,
    viewport: Viewport,
    language: &str,
) -> (Page, Authenticator) {
    let (page, authenticator) = open(browser, server, viewport, language).await;
    page.tap("#sign-up").await;
    page.wait_for_visible("#barcode").await;
    (page, authenticator)
}

/// The digits of the code that the page shows.
pub(crate) async fn code(page: &Page) -> String {
    page.wait_until("Boolean(document.getElementById('digits').dataset.code)").await;
    page.evaluate("document.getElementById('digits').dataset.code").await
}

/// Closes whatever fills the screen.
pub(crate) async fn close_dialogs(page: &Page) {
    page.run("document.querySelectorAll('dialog[open]').forEach((it) => it.close())").await;
}

/// Signs a request with the page's own key and sends it, as the page's scripts do. Returns its status and what it says.
pub(crate) async fn ask(page: &Page, method: &str, path: &str) -> (u16, String) {
    let js = format!(
        "import(new URL('device.js', document.querySelector('script[type=module][src]').src)).then((it) => it.send('{method}', '{path}')).then((told) => [200, JSON.stringify(told)], \
         (problem) => [problem.status, problem.code])"
    );
    page.evaluate(&js).await
}
