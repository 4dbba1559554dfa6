//! The page of the interface description in a real browser, on a desk and on a phone.

use std::path::{Path, PathBuf};

use warifu_testkit::{Browser, Engine, Server, Viewport};

const DESK: Viewport = Viewport { width: 1280, height: 900, scale: 1.0, mobile: false };
const PHONE: Viewport = Viewport { width: 390, height: 844, scale: 2.0, mobile: true };

/// Where pictures for people to look at are kept.
fn pictures() -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/pictures");
    std::fs::create_dir_all(&folder).unwrap();
    folder
}

#[tokio::test]
async fn browser_shows_every_operation_and_asks_nobody_else() {
    let server = Server::start(Engine::Sqlite).await;
    let origin = format!("{}/", server.origin());
    let browser = Browser::start().await;
    for (name, viewport) in [("docs-desk", DESK), ("docs-phone", PHONE)] {
        let page = browser.open(&format!("{origin}docs/"), viewport, "en", false).await;
        page.wait_for(".opblock").await;
        // Between letters of a path the page puts spaces of no width, so that it may break there.
        let text = page.text().await.replace('\u{200b}', "");
        for path in warifu_web::openapi().paths.paths.keys() {
            assert!(text.contains(path), "{name} lacks {path}:\n{text}");
        }
        let overhang: i64 = page.evaluate("document.documentElement.scrollWidth - window.innerWidth").await;
        assert!(overhang <= 0, "{name} is {overhang} pixels too wide");
        page.evaluate::<()>("document.querySelector('.opblock-summary-control').click()").await;
        page.wait_for(".opblock.is-open .responses-inner").await;
        page.screenshot(pictures().join(format!("{name}.png"))).await;

        let elsewhere: Vec<_> = page.requests().await.into_iter().filter(|url| !url.starts_with(&origin)).collect();
        assert_eq!(elsewhere, [""; 0], "{name}");
        assert_eq!(page.console_errors().await, [""; 0], "{name}");
    }
}
