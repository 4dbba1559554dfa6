//! By their module's name these tests run one at a time: each has a browser.

mod atm;
mod bench;
mod faults;
mod look;
mod machine;

use warifu_core::place::{Book, Channel};
use warifu_testkit::{Browser, Page, Server, Viewport};

/// A machine in a shop with a name that people would give it: its page, open, and its id.
pub(crate) async fn open(browser: &Browser, server: &Server, viewport: Viewport, language: &str) -> (Page, String) {
    open_at(browser, server, &server.page_origin(), viewport, language, false).await
}

pub(crate) async fn open_at(
    browser: &Browser,
    server: &Server,
    origin: &str,
    viewport: Viewport,
    language: &str,
    dark: bool,
) -> (Page, String) {
    let terminal = terminal(server, "チャージ機 1", Channel::Atm, Book::Real).await;
    let link = format!("{origin}/atm#{}", server.terminal_token(&terminal).await);
    let page = browser.open(&link, viewport, language, dark).await;
    page.tap("#enroll").await;
    page.wait_for_visible("#view-start").await;
    (page, terminal)
}

/// A terminal in a shop with a long name.
pub(crate) async fn terminal(server: &Server, name: &str, channel: Channel, book: Book) -> String {
    let merchant = server.app().add_merchant("割符商店").await.unwrap();
    let shop = "割符堂 とても長い名前の店舗 大阪本町御堂筋センタービル地下二階東口店・別館";
    let shop = server.app().add_shop(merchant.id, shop).await.unwrap();
    server.app().add_terminal(shop.id, name, channel, book).await.unwrap().terminal.id.to_string()
}

/// Begins, and puts in these notes.
pub(crate) async fn insert(page: &Page, notes: &[i64]) {
    page.tap("#begin").await;
    page.wait_for_visible("#view-notes").await;
    let mut sum = 0;
    for yen in notes {
        page.tap(&format!(".note[data-yen='{yen}']")).await;
        sum += yen;
        total(page, sum).await;
    }
}

/// Waits until the machine shows this total.
pub(crate) async fn total(page: &Page, yen: i64) {
    page.wait_until(&format!("document.getElementById('inserted').textContent.replace(/\\D/g, '') === '{yen}'")).await;
}

/// Goes on to the code, and shows it to the scanner.
pub(crate) async fn scan(page: &Page, code: &str) {
    page.tap("#to-code").await;
    page.wait_for_visible("#view-code").await;
    page.fill("#scan", code).await;
    page.press("Enter").await;
}

/// Waits until the machine says this, and the notes have gone their way.
pub(crate) async fn settled(page: &Page, verdict: &str) {
    page.wait_until(&format!(
        "document.getElementById('stage').dataset.verdict === '{verdict}' && document.getElementById('finish').checkVisibility()"
    ))
    .await;
}

/// What the played machine holds back, and has kept and given back, in yen.
pub(crate) async fn cassette(page: &Page) -> (i64, i64, i64) {
    page.evaluate(
        "(async () => { const { name } = (await indexedDB.databases()).find((it) => it.name.startsWith('warifu-atm-')) ?? {}; \
         if (!name) return [0, 0, 0]; \
         const db = await new Promise((resolve, reject) => { const open = indexedDB.open(name); \
         open.onsuccess = () => resolve(open.result); open.onerror = () => reject(open.error); }); \
         const it = await new Promise((resolve) => { const got = db.transaction('book').objectStore('book').get('played'); \
         got.onsuccess = () => resolve(got.result); }); db.close(); \
         return it ? [it.escrow.reduce((sum, note) => sum + note.yen, 0), it.kept, it.returned] : [0, 0, 0]; })()",
    )
    .await
}

/// Makes the page believe that so many seconds have gone by.
pub(crate) async fn later(page: &Page, seconds: u32) {
    page.run(&format!(
        "(() => {{ const was = performance.now.bind(performance); performance.now = () => was() + {seconds} * 1000; }})()"
    ))
    .await;
}

/// Nothing for people with disabilities to stumble over, nothing too wide, every target large enough; and a picture to look at.
pub(crate) async fn judge(page: &Page, name: &str) {
    page.wait_until("document.fonts.status === 'loaded'").await;
    page.screenshot(crate::visit::picture(name)).await;
    assert_eq!(page.accessibility_faults().await, [""; 0], "{name}");
    let overhang: i64 = page.evaluate("document.documentElement.scrollWidth - window.innerWidth").await;
    assert!(overhang <= 0, "{name} is {overhang} pixels too wide");
    let small: Vec<String> = page
        .evaluate(
            "[...document.querySelectorAll('button, a, input, select, summary')].filter((it) => it.checkVisibility() && !it.closest('.unseen'))\
             .filter((it) => { const box = (it.closest('label') ?? it).getBoundingClientRect(); return box.height < 44 || box.width < 44; }).map((it) => it.outerHTML.slice(0, 80))",
        )
        .await;
    assert_eq!(small, [""; 0], "{name}: too small to touch");
}
