//! How the till looks: on a tablet, a phone and a desk, in both languages, light and dark, for everybody.

use warifu_testkit::{Browser, Page, Viewport};

use crate::till::counter::{TABLET, enroll, scan, told};
use crate::visit::{DESK, PHONE, picture, serve};

const LONG: &str = "割符堂 とても長い名前の店舗 大阪本町御堂筋センタービル地下二階東口店・別館";

/// Nothing for people with disabilities to stumble over, nothing too wide, every target large enough.
pub(crate) async fn judge(page: &Page, name: &str) {
    page.wait_until("document.fonts.status === 'loaded'").await;
    page.screenshot(picture(&format!("till-{name}"))).await;
    assert_eq!(page.accessibility_faults().await, [""; 0], "{name}");
    let overhang: i64 = page.evaluate("document.documentElement.scrollWidth - window.innerWidth").await;
    assert!(overhang <= 0, "{name} is {overhang} pixels too wide");
    let small: Vec<String> = page
        .evaluate(
            "[...document.querySelectorAll('button, a, input, select, summary')].filter((it) => it.checkVisibility() && !it.closest('.unseen, .choice'))\
             .filter((it) => { const box = (it.closest('label') ?? it).getBoundingClientRect(); return box.height < 44 || box.width < 44; }).map((it) => it.outerHTML.slice(0, 80))",
        )
        .await;
    assert_eq!(small, [""; 0], "{name}: too small to touch");
}

#[tokio::test]
async fn every_state_is_for_everybody() {
    let (browser, server) = (Browser::start().await, serve().await);
    server.set_policy(&[("payment_max", None)]).await;
    let merchant = server.app().add_merchant("割符商店").await.unwrap();
    for (language, viewport, screen, dark) in [
        ("ja", TABLET, "tablet", false),
        ("en", PHONE, "phone", false),
        ("ja", PHONE, "phone", true),
        ("en", DESK, "desk", true),
    ] {
        let shop = server.app().add_shop(merchant.id, LONG).await.unwrap();
        let till = server.add_till(shop.id).await;
        let member = server.member_with(3_000).await;
        let page = enroll(&browser, &server, &till, viewport, language, dark).await;
        let name = |state: &str| format!("{state}-{screen}-{language}-{}", if dark { "dark" } else { "light" });
        judge(&page, &name("look-idle")).await;
        scan(&page, 1_234, &member.show_code().await).await;
        told(&page, "paid").await;
        judge(&page, &name("look-paid")).await;
        page.tap("#next").await;
        scan(&page, 9_999_999, &member.show_code().await).await;
        told(&page, "not_paid").await;
        judge(&page, &name("look-not-paid")).await;
        page.tap("#next").await;
        page.fill("#amount", "980").await;
        page.tap("#show-code").await;
        page.wait_until("document.getElementById('stage').dataset.state === 'showing'").await;
        judge(&page, &name("look-code")).await;
        page.tap("#stop").await;
        told(&page, "not_paid").await;
        page.tap("#next").await;
        page.wait_until("document.querySelectorAll('button.day-line').length > 0").await;
        page.tap("button.day-line").await;
        page.wait_for_visible("#refund-form").await;
        judge(&page, &name("look-line")).await;
        page.tap("#line-close").await;
        page.tap("#open-totals").await;
        page.wait_until("document.querySelectorAll('#totals-table tbody tr').length === 7").await;
        judge(&page, &name("look-totals")).await;
        page.tap("#totals-close").await;
        page.tap("#open-sheet").await;
        page.wait_until("document.getElementById('sheet-emv').naturalWidth > 0").await;
        judge(&page, &name("look-sheet")).await;
        page.tap("#sheet-close").await;
        page.tap("#practice").await;
        page.wait_for_visible("#practice-box").await;
        page.tap("#practice-code").await;
        page.wait_until("document.getElementById('scan').value.length === 24").await;
        judge(&page, &name("look-practice")).await;
    }
}

/// A server that keeps silent: the till says that it asks, and what not to do meanwhile.
#[tokio::test]
async fn asking_is_said_plainly() {
    let (browser, server) = (Browser::start().await, serve().await);
    for (language, viewport, screen) in [("ja", TABLET, "tablet"), ("en", PHONE, "phone")] {
        let till = server.add_till(server.add_shop().await).await;
        let page = enroll(&browser, &server, &till, viewport, language, false).await;
        page.tap("#practice").await;
        page.wait_for_visible("#practice-box").await;
        page.run("document.getElementById('practice-scenario').value = 'late_success'").await;
        page.fill("#amount", "500").await;
        page.tap("#practice-code").await;
        page.wait_until("document.getElementById('scan').value.length === 24").await;
        page.tap("#take").await;
        page.wait_until("document.getElementById('stage').dataset.state === 'asking'").await;
        judge(&page, &format!("look-asking-{screen}-{language}")).await;
        told(&page, "paid").await;
    }
}

/// Text of twice the size fits, and the narrowest of phones.
#[tokio::test]
async fn large_text_and_small_screens_lose_nothing() {
    let (browser, server) = (Browser::start().await, serve().await);
    let narrow = Viewport { width: 320, height: 568, scale: 2.0, mobile: true };
    for (name, viewport, size) in
        [("narrow", narrow, "100%"), ("large", TABLET, "200%"), ("large-phone", PHONE, "200%")]
    {
        let till = server.add_till(server.add_shop().await).await;
        let page = enroll(&browser, &server, &till, viewport, "ja", false).await;
        page.run(&format!("document.documentElement.style.fontSize = '{size}'")).await;
        page.screenshot(picture(&format!("till-look-{name}"))).await;
        let overhang: i64 = page.evaluate("document.documentElement.scrollWidth - window.innerWidth").await;
        assert!(overhang <= 0, "{name} is {overhang} pixels too wide");
    }
}
