//! The page of readiness in a real browser: both languages, a phone and a desk, light and dark.

use warifu_core::readiness::{AnswerChange, LineState};
use warifu_testkit::{Browser, Page, Seat, Server, Viewport};

use crate::visit::{DESK, PHONE, TABLET, picture, serve};

/// Keeps a picture of the whole page, and finds it accessible, no wider than the screen, and without a complaint.
async fn judge(page: &Page, name: &str) {
    page.wait_until("document.fonts.status === 'loaded'").await;
    page.screenshot(picture(&format!("ready-{name}"))).await;
    assert_eq!(page.accessibility_faults().await, [""; 0], "{name}");
    let overhang: i64 = page.evaluate("document.documentElement.scrollWidth - window.innerWidth").await;
    assert!(overhang <= 0, "{name} is {overhang} pixels too wide");
    assert_eq!(page.console_errors().await, [""; 0], "{name}");
}

/// A wallet whose operator has answered some lines, with the sample's measures and a little money.
async fn prepared() -> Server {
    let server = serve().await;
    server.set_policy(&[("wallet_payment_day", Some(30_000)), ("terminal_payment_day", Some(300_000))]).await;
    let member = server.member_with(49_000).await;
    server.compensate(&member, 9_999_999).await;
    let some = |text: &str| Some(text.to_owned());
    let met = AnswerChange {
        state: Some(LineState::Met),
        role: some("セキュリティ Security"),
        evidence: some("報告書 Report 2026-05, 40ページ"),
        url: some(
            "https://example.com/reports/2026/05/a-rather-long-address-that-has-to-break-somewhere?with=a&query=too",
        ),
        ..AnswerChange::default()
    };
    let unneeded = AnswerChange {
        state: Some(LineState::NotNeeded),
        reason: some("店はありません。We have no shops of others."),
        ..AnswerChange::default()
    };
    let late =
        AnswerChange {
            role: some("広報"), due: some("2020-01-01"), note: some("文案あり"), ..AnswerChange::default()
        };
    let zone = jiff::tz::TimeZone::UTC;
    for (key, change) in [("people-finance", met), ("training-counter", unneeded), ("text-leak", late)] {
        server.app().board().answer_line(key, change, &zone).await.unwrap();
    }
    let seat = Seat::at(server.origin());
    let _ = seat.request("POST", "/v1/reviews/sample").header("accept-language", "ja").send().await;
    server
}

#[tokio::test]
async fn readiness_is_read_on_a_phone_and_a_desk_in_both_languages() {
    let (browser, server) = (Browser::start().await, prepared().await);
    let url = server.metrics_origin().to_owned();
    let sizes: [(&str, Viewport, &str, bool); 5] = [
        ("ja", DESK, "desk", false),
        ("en", DESK, "desk", true),
        ("ja", PHONE, "phone", true),
        ("en", PHONE, "phone", false),
        ("en", TABLET, "tablet", false),
    ];
    for (language, viewport, screen, dark) in sizes {
        // The address leads to the page by itself.
        let page = browser.open(&url, viewport, language, dark).await;
        page.wait_for("#exposure").await;
        assert!(page.evaluate::<bool>("location.pathname === '/ready'").await);
        judge(&page, &format!("{screen}-{language}")).await;
        // What is open stands first, and says so with a sign and a word.
        let order: bool = page
            .evaluate(
                "[...document.querySelectorAll('main > section > .ready-lines')].every((list) => { \
                 const marks = [...list.children].map((it) => it.dataset.mark === 'open'); \
                 return marks.every((it, at) => at === 0 || marks[at - 1] || !it); })",
            )
            .await;
        assert!(order, "{language}");
        let says: String = page.evaluate("document.querySelector('[data-key=text-leak] .state').textContent").await;
        assert!(says.contains('!') && says.contains(if language == "ja" { "未了" } else { "Open" }), "{says}");
        page.run("document.querySelectorAll('details').forEach((it) => { it.open = true; })").await;
        for place in ["text", "measures", "exposure"] {
            page.run(&format!("document.getElementById('{place}').scrollIntoView()")).await;
            judge(&page, &format!("{screen}-{language}-{place}")).await;
        }
        let requests = page.requests().await;
        assert!(requests.iter().all(|it| it.starts_with(&url)), "{requests:?}");
    }
}

/// The other language is one link away, and stays without a cookie.
#[tokio::test]
async fn the_language_is_chosen_by_a_link() {
    let (browser, server) = (Browser::start().await, serve().await);
    let page = browser.open(&format!("{}/ready", server.metrics_origin()), DESK, "en", false).await;
    let link: String = page.evaluate("document.querySelector('.lang a[lang=ja]').href").await;
    page.go(&link).await;
    assert_eq!(page.evaluate::<String>("document.documentElement.lang").await, "ja");
    assert!(page.text().await.contains("準備状況"));
    assert_eq!(page.evaluate::<String>("document.cookie").await, "");
}
