//! A customer at the machine: notes, a code, and what becomes of them.

use std::time::Duration;

use warifu_testkit::{Browser, Engine, Member, Page, Server, ServerSettings, TestDatabase};

use super::{cassette, insert, later, open, scan, settled, total};
use crate::screen::read_code;
use crate::visit::{DESK, PHONE, TABLET, close_dialogs, code, picture, serve, serve_on, sign_up};

/// Notes, a code by the scanner, and the money is in the wallet, on both databases, in both languages; then the next customer.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notes_and_a_scanned_code_become_a_balance() {
    let browser = Browser::start().await;
    for (engine, language) in [(Engine::Sqlite, "ja"), (Engine::Postgres, "en")] {
        let server = serve_on(engine, false).await;
        let member = server.member().await;
        let (page, _) = open(&browser, &server, TABLET, language).await;
        insert(&page, &[10_000, 1_000, 1_000]).await;
        scan(&page, &member.show_code().await).await;
        settled(&page, "paid").await;
        assert_eq!(member.balance().await, 12_000);
        assert_eq!(cassette(&page).await, (0, 12_000, 0));
        let slip: String = page.evaluate("document.getElementById('slip').textContent").await;
        assert!(slip.contains("¥12,000") && slip.contains("top_"), "{slip}");
        page.tap("#print").await;
        page.tap("#finish").await;

        // The next one scans at once, where the notes go in, with the focus wherever it is; and what is typed presses no button.
        insert(&page, &[2_000]).await;
        let digits = member.show_code().await;
        page.run("document.getElementById('notes-back').focus()").await;
        for digit in digits.chars() {
            page.press(&digit.to_string()).await;
        }
        page.press("Enter").await;
        settled(&page, "paid").await;
        assert_eq!((member.balance().await, cassette(&page).await), (14_000, (0, 14_000, 0)));
        assert_eq!(page.console_errors().await, [""; 0]);
        server.verify().await;
    }
}

/// What is refused comes back as notes: an expired code, a wallet that is full; and no text that is no code is sent at all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refusal_gives_the_notes_back() {
    let (browser, server) = (Browser::start().await, serve().await);
    let member = server.member().await;
    let (page, _) = open(&browser, &server, DESK, "en").await;
    insert(&page, &[10_000]).await;
    let before = server.journal_count().await;
    scan(&page, "4901234567894").await;
    page.wait_for_text("not the code of a wallet").await;
    assert_eq!(server.journal_count().await, before, "nothing was asked for");
    let old = member.show_code().await;
    let _ = member.show_code().await;
    page.fill("#scan", &old).await;
    page.press("Enter").await;
    settled(&page, "not_paid").await;
    page.wait_for_text("The code is too old").await;
    assert_eq!((member.balance().await, cassette(&page).await), (0, (0, 0, 10_000)));
    page.screenshot(picture("atm-refused-en")).await;
    page.tap("#finish").await;

    insert(&page, &[10_000; 10]).await;
    page.wait_for_visible("#full").await;
    let open: usize = page.evaluate("document.querySelectorAll('.note:not([disabled])').length").await;
    assert_eq!(open, 0, "the slot is closed at the limit");
    page.screenshot(picture("atm-full-en")).await;
    scan(&page, &member.show_code().await).await;
    settled(&page, "paid").await;
    page.tap("#finish").await;
    insert(&page, &[1_000]).await;
    scan(&page, &member.show_code().await).await;
    settled(&page, "not_paid").await;
    page.wait_for_text("more than it may").await;
    assert_eq!((member.balance().await, cassette(&page).await), (100_000, (0, 100_000, 11_000)));
    server.verify().await;
}

/// The machine's own code: scanned by two phones, confirmed with the passkey on both. The cash goes to the one whose number is typed.
/// Whoever stops it gets the notes back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_machines_own_code_is_confirmed_on_the_phone() {
    let (browser, server) = (Browser::start().await, serve().await);
    let (phone, _authenticator) = sign_up(&browser, &server, PHONE, "ja").await;
    let _ = code(&phone).await;
    let (page, _) = open(&browser, &server, DESK, "ja").await;
    insert(&page, &[5_000, 1_000]).await;
    page.tap("#to-code").await;
    page.tap("#own-code").await;
    page.wait_until("document.getElementById('stage').dataset.state === 'showing'").await;
    let link = read_code(&page, "link-qr", rxing::BarcodeFormat::QR_CODE, &picture("atm-own-code-ja")).await;
    assert!(link.starts_with(&format!("{}/bill/bil_", server.page_origin())), "{link}");
    let text = read_code(&page, "emv-qr", rxing::BarcodeFormat::QR_CODE, &picture("atm-own-code-ja")).await;
    assert!(text.starts_with("000201010212"), "{text}");
    // Somebody behind the customer is faster.
    let (thief, _of_thief) = sign_up(&browser, &server, PHONE, "en").await;
    let theirs = number_on(&thief, &link).await;
    let number = number_on(&phone, &link).await;
    assert_ne!(number, theirs);
    // No phone shows this one; whoever stands there may look again.
    let wrong = ["0000", "0001", "0002"].into_iter().find(|it| *it != number && *it != theirs).unwrap();
    page.fill("#number", wrong).await;
    page.wait_for_text("この番号は見つかりません").await;
    // What a scanner types is nobody's number.
    page.run("document.getElementById('verdict').focus()").await;
    page.type_keys("900001230000000000000000").await;
    assert_eq!(page.evaluate::<String>("document.getElementById('number').value").await, "");
    assert_eq!(cassette(&page).await, (6_000, 0, 0));
    tokio::time::sleep(Duration::from_millis(400)).await;
    for digit in number.chars() {
        page.tap(&format!("#number-form [data-key='{digit}']")).await;
    }
    // First of all, for the result leaves the screen by itself.
    phone.wait_until("document.getElementById('result').open").await;
    settled(&page, "paid").await;
    assert_eq!(cassette(&page).await, (0, 6_000, 0));
    thief.wait_until("document.getElementById('view-bill').dataset.state === 'closed'").await;
    thief.go(&server.page_origin()).await;
    thief.wait_until("document.getElementById('balance').textContent === '¥0'").await;
    close_dialogs(&phone).await;
    phone.go(&server.page_origin()).await;
    phone.wait_until("document.getElementById('balance').textContent === '¥6,000'").await;
    page.tap("#finish").await;

    insert(&page, &[2_000]).await;
    page.tap("#to-code").await;
    page.tap("#own-code").await;
    page.wait_until("document.getElementById('stage').dataset.state === 'showing'").await;
    page.tap("#stop").await;
    settled(&page, "not_paid").await;
    assert_eq!(cassette(&page).await, (0, 6_000, 2_000));
    server.verify().await;
}

/// The number that a phone shows for the machine's code.
async fn number_on(phone: &Page, link: &str) -> String {
    phone.go(link).await;
    phone.tap("#bill-pay").await;
    phone.wait_until("document.getElementById('view-bill').dataset.state === 'claimed'").await;
    phone.evaluate("document.getElementById('bill-number').textContent").await
}

/// A customer who goes away gets the notes back after a minute, and is asked before; one who stays goes on.
#[tokio::test]
async fn who_goes_away_gets_the_notes_back() {
    let (browser, server) = (Browser::start().await, serve().await);
    let (page, _) = open(&browser, &server, DESK, "en").await;
    insert(&page, &[5_000]).await;
    later(&page, 45).await;
    page.wait_until("document.getElementById('idle').open").await;
    page.screenshot(picture("atm-idle-en")).await;
    page.tap("#idle-go").await;
    page.wait_until("!document.getElementById('idle').open").await;
    page.tap("#to-code").await;
    page.wait_for_visible("#view-code").await;
    later(&page, 61).await;
    settled(&page, "back").await;
    assert_eq!(cassette(&page).await, (0, 0, 5_000));
    page.screenshot(picture("atm-back-en")).await;
    later(&page, 31).await;
    page.wait_for_visible("#view-start").await;
    page.tap("#begin").await;
    page.wait_for_visible("#view-notes").await;
    later(&page, 61).await;
    page.wait_for_visible("#view-start").await;
}

/// Power that fails with notes inside and nothing asked for: whoever comes next is told, and may go on or take them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn notes_of_before_a_crash_are_there_after_it() {
    let (browser, server) = (Browser::start().await, serve().await);
    let member = server.member().await;
    let (mut page, _) = open(&browser, &server, TABLET, "en").await;
    insert(&page, &[1_000, 5_000]).await;
    let url = format!("{}/atm", server.page_origin());
    for round in 0..2 {
        let next = browser.open_beside(&page, &url).await;
        std::mem::replace(&mut page, next).close().await;
        page.wait_for_visible("#view-found").await;
        page.wait_for_text("¥6,000").await;
        assert_eq!(cassette(&page).await, (6_000, 0, 0));
        if round == 0 {
            page.screenshot(picture("atm-found-en")).await;
        }
    }
    page.tap("#go-on").await;
    total(&page, 6_000).await;
    page.tap(".note[data-yen='1000']").await;
    total(&page, 7_000).await;
    scan(&page, &member.show_code().await).await;
    settled(&page, "paid").await;
    // What was told stays told until the customer has gone, and is done once.
    page.reload().await;
    settled(&page, "paid").await;
    assert_eq!((member.balance().await, cassette(&page).await), (7_000, (0, 7_000, 0)));
    page.tap("#finish").await;
    insert(&page, &[2_000]).await;
    page.reload().await;
    page.tap("#view-found .give-back").await;
    settled(&page, "back").await;
    assert_eq!(cassette(&page).await, (0, 7_000, 2_000));
    server.verify().await;
}

/// A machine that is on hold, or has no connection, takes no notes; it says so, and begins again by itself.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_that_cannot_work_takes_no_notes() {
    let settings = ServerSettings { clock_runs: true, is_behind_proxy: true, ..ServerSettings::default() };
    let server = Server::start_with(TestDatabase::new(Engine::Sqlite).await, settings).await;
    let browser = Browser::start().await;
    let (page, terminal) = open(&browser, &server, DESK, "en").await;
    server.app().freeze_terminal(terminal.parse().unwrap(), true).await.unwrap();
    page.tap("#begin").await;
    page.wait_for_text("this machine is on hold").await;
    server.app().freeze_terminal(terminal.parse().unwrap(), false).await.unwrap();
    server.proxy().refuse(true);
    server.proxy().cut_all();
    page.tap("#begin").await;
    page.wait_for_text("no connection").await;
    assert!(!page.evaluate::<bool>("document.getElementById('view-notes').checkVisibility()").await);
    page.screenshot(picture("atm-closed-en")).await;
    server.proxy().disarm();
    later(&page, 31).await;
    page.wait_until("document.getElementById('closed').hidden").await;
    tokio::time::sleep(Duration::from_millis(50)).await;
    insert(&page, &[1_000]).await;
}

/// A line that is cut while it asks: the notes stay inside and the screen says that it asks, until the line is back and it knows.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_line_is_waited_for_with_the_notes_inside() {
    let browser = Browser::start().await;
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let server = serve_on(engine, true).await;
        let member = server.member().await;
        let (page, _) = open(&browser, &server, TABLET, "ja").await;
        insert(&page, &[5_000]).await;
        page.tap("#to-code").await;
        scan_on_a_cut_line(&page, &server, &member).await;
        page.wait_for_text("まだ返事がありません").await;
        assert_eq!(cassette(&page).await, (5_000, 0, 0));
        page.screenshot(picture("atm-asking-ja")).await;
        server.proxy().disarm();
        settled(&page, "paid").await;
        assert_eq!((member.balance().await, cassette(&page).await), (5_000, (0, 5_000, 0)));
        page.tap("#finish").await;

        // One who will not wait gets the notes back, once it is certain that nothing will be done.
        insert(&page, &[2_000]).await;
        page.tap("#to-code").await;
        scan_on_a_cut_line(&page, &server, &member).await;
        page.tap("#stop").await;
        page.wait_for_text("中止しています").await;
        assert_eq!(cassette(&page).await, (2_000, 5_000, 0), "nothing is given back before");
        server.proxy().disarm();
        settled(&page, "not_paid").await;
        assert_eq!((member.balance().await, cassette(&page).await), (5_000, (0, 5_000, 2_000)));
        server.verify().await;
    }
}

async fn scan_on_a_cut_line(page: &Page, server: &Server, member: &Member) {
    let code = member.show_code().await;
    server.proxy().refuse(true);
    server.proxy().cut_all();
    page.fill("#scan", &code).await;
    page.press("Enter").await;
}
