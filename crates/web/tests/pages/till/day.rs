//! A day at the till: what a cashier does, seen on the screen and in the books.

use warifu_testkit::{Browser, Engine};

use crate::till::counter::{TABLET, next, open, scan, told};
use crate::visit::{PHONE, picture, serve_on};

/// Cash, payments, a refusal, a refund, a cancel, the list and the totals. In both languages, on both databases.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_day_at_the_till() {
    let browser = Browser::start().await;
    for (engine, language, viewport) in [(Engine::Sqlite, "ja", TABLET), (Engine::Postgres, "en", PHONE)] {
        let server = serve_on(engine, false).await;
        let (page, _) = open(&browser, &server, viewport, language).await;
        let member = server.member().await;
        page.screenshot(picture(&format!("till-idle-{language}"))).await;
        page.tap("[name=mode][value=top_up] + span").await;
        scan(&page, 20_000, &member.show_code().await).await;
        told(&page, "paid").await;
        page.screenshot(picture(&format!("till-top-up-{language}"))).await;
        next(&page).await;
        page.tap("[name=mode][value=payment] + span").await;
        scan(&page, 1_200, &member.show_code().await).await;
        told(&page, "paid").await;
        page.screenshot(picture(&format!("till-paid-{language}"))).await;
        next(&page).await;
        scan(&page, 99_999, &member.show_code().await).await;
        told(&page, "not_paid").await;
        page.screenshot(picture(&format!("till-not-paid-{language}"))).await;
        next(&page).await;
        assert_eq!(member.balance().await, 18_800);
        page.wait_until("document.querySelectorAll('.day-line').length === 2").await;
        page.tap(".day li:first-child .day-line").await;
        page.wait_for_visible("#refund-form").await;
        page.screenshot(picture(&format!("till-line-{language}"))).await;
        page.run("document.getElementById('refund-amount').value = ''").await;
        page.fill("#refund-amount", "200").await;
        page.tap("#refund-form button").await;
        told(&page, "paid").await;
        next(&page).await;
        assert_eq!(member.balance().await, 19_000);
        page.tap("#open-totals").await;
        page.wait_until("document.querySelectorAll('#totals-table tbody tr').length === 7").await;
        page.screenshot(picture(&format!("till-totals-{language}"))).await;
        page.tap("#totals-close").await;
        page.tap("#open-sheet").await;
        page.wait_until(
            "document.getElementById('sheet-emv').complete && document.getElementById('sheet-emv').naturalWidth > 0",
        )
        .await;
        page.screenshot(picture(&format!("till-sheet-{language}"))).await;
        page.tap("#sheet-close").await;
        page.fill("#amount", "980").await;
        page.tap("#show-code").await;
        page.wait_until("document.getElementById('stage').dataset.state === 'showing'").await;
        page.screenshot(picture(&format!("till-bill-{language}"))).await;
        page.tap("#stop").await;
        told(&page, "not_paid").await;
        let errors = page.console_errors().await;
        // A refusal, and a bill that nobody has paid yet: the browser notes replies that are no success.
        let is_expected = |error: &String| error.contains("status of 422") || error.contains("status of 404");
        assert!(errors.iter().all(is_expected), "{errors:?}");
        server.verify().await;
    }
}
