//! A group of four and a reader, each at a browser of the own, goes from marking alone to one table.

use futures::future::join_all;
use warifu_testkit::{Browser, Page, Server};

use crate::board::judge;
use crate::board::room::{
    all_show, all_until, begin, invite, mark_by_list, mark_by_mandala, markup, place, ready, shows, sit, table,
};
use crate::visit::{DESK, PHONE, TABLET, serve};

/// What each of the four gives as a reason. Nobody else may see it before it is collected.
const REASONS: [&str; 4] = [
    "前任者が3月に離れ、夜間処理を知る人がいなくなった。",
    "引き継ぎの会議は一度も開かれていない。",
    "The hand-over sheet names servers that are gone.",
    "Nobody had run a migration of this size before.",
];

/// The group at its browsers; the facilitator is the first, the reader the last.
async fn gather(browser: &Browser, server: &Server) -> [Page; 5] {
    let lead = begin(browser, server, (DESK, "ja", false), "基幹システム刷新の遅れ").await;
    assert_eq!(lead.evaluate::<String>("document.body.dataset.place").await, "case");
    let (all, read) = (invite(&lead, "participant", 3).await, invite(&lead, "reader", 1).await);
    let (first, second) =
        (sit(browser, &all, (PHONE, "ja", true)).await, sit(browser, &all, (PHONE, "en", false)).await);
    let third = sit(browser, &all, (DESK, "en", true)).await;
    let reader = sit(browser, &read, (TABLET, "en", false)).await;
    [lead, first, second, third, reader]
}

/// Each marks alone: by the picture or by the list, as a conjecture or with a source.
async fn mark(pages: &[Page; 5]) {
    let [lead, first, second, third, _] = pages;
    place(lead, "extract").await;
    mark_by_mandala(lead, "individual", "hand-over", REASONS[0]).await;
    mark_by_mandala(first, "individual", "hand-over", REASONS[1]).await;
    let minutes = ("document", "Hand-over sheet, version 3", "https://example.org/sheet");
    mark_by_list(second, "hand-over", REASONS[2], Some(minutes)).await;
    mark_by_list(third, "insufficient-experience", REASONS[3], Some(("person", "Head of operations", ""))).await;
    mark_by_list(third, "rigid-management", "", None).await;
}

/// Nobody sees what another marked, nor how many marked what.
async fn see_nothing_of_others(pages: &[Page; 5]) {
    for (at, page) in pages.iter().enumerate() {
        for to in ["collect", "arrange/cause/hand-over", "evidence", "history", "extract"] {
            place(page, to).await;
        }
        let markup = markup(page).await;
        for (of, reason) in REASONS.iter().enumerate() {
            assert_eq!(markup.contains(reason), at == of, "browser {at}, reason {of}");
        }
        assert_eq!(table(page).await, [""; 0], "browser {at}");
        let counted: usize = page.evaluate("document.querySelectorAll('#chart .counted').length").await;
        assert_eq!(counted, 0, "browser {at}");
    }
}

/// From links that are made in the page to one table that all five see alike: what each marks is seen by nobody before the
/// collection, and by everybody, reasons and all, after it; the facilitator sees how many are done; a later collection is there at
/// once in every browser.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_browsers_come_from_marking_alone_to_one_table() {
    let (browser, server) = (Browser::start().await, serve().await);
    let pages = gather(&browser, &server).await;
    let [lead, first, second, third, reader] = &pages;
    let everybody = [lead, first, second, third, reader];
    all_show(&everybody, "#present", "5").await;
    all_show(&everybody, "#case-name", "基幹システム刷新の遅れ").await;
    shows(lead, "#people-participants", "3").await;
    shows(lead, "#people-readers", "1").await;

    mark(&pages).await;
    judge(lead, "group-marked-desk-ja").await;
    judge(second, "group-marked-phone-en").await;
    see_nothing_of_others(&pages).await;
    for (done, page) in [first, second, third].into_iter().enumerate() {
        page.tap("label:has(#done)").await;
        shows(lead, "#done-count", &format!("4人中{}人", done + 1)).await;
    }

    // Meant and not meant.
    lead.tap("#collect").await;
    shows(lead, "#collect-dialog", "4人中3人").await;
    judge(lead, "group-collect-desk-ja").await;
    lead.press("Escape").await;
    lead.wait_until("!document.getElementById('collect-dialog')").await;
    see_nothing_of_others(&pages).await;
    lead.tap("#collect").await;
    lead.tap("#collect-confirm").await;
    lead.wait_until("document.body.dataset.place === 'collect'").await;
    for page in [first, second, third, reader] {
        page.tap("#group-go").await;
    }
    see_the_same(&everybody).await;
    read_reasons(second, reader).await;

    // One more mark, and once more.
    place(third, "extract").await;
    mark_by_list(third, "hand-over", "The wiki page was last edited in 2014.", None).await;
    place(third, "collect").await;
    assert!(!markup(reader).await.contains("2014"), "a later mark waits for the next collection");
    place(lead, "extract").await;
    lead.tap("#collect").await;
    lead.tap("#collect-confirm").await;
    let hand_over = "document.querySelector('#table tr[data-cause=hand-over] .count-cell span')?.textContent === '4'";
    all_until(&everybody, hand_over).await;
    all_until(&everybody, "document.querySelector('#chart .cause[data-key=hand-over] .count').textContent === '4'")
        .await;
    see_the_same(&everybody).await;
}

/// One table, the same in every browser, with a column for each of the four.
async fn see_the_same(pages: &[&Page; 5]) {
    all_until(pages, "document.querySelectorAll('#table th.letter-head').length === 4").await;
    let tables = join_all(pages.iter().map(|page| table(page))).await;
    assert_eq!(tables[0].len(), 29);
    assert!(tables.iter().all(|it| *it == tables[0]), "{tables:#?}");
    let marks: usize = tables[0].iter().map(|row| row.split(' ').count() - 2).sum();
    assert!(marks == 5 || marks == 6, "{:#?}", tables[0]);
}

/// Every reason is there for whoever looks, with its source; a mark of a column leads to its own.
async fn read_reasons(page: &Page, reader: &Page) {
    page.tap("#table tr[data-cause=hand-over] .cause-name").await;
    page.wait_until("document.querySelectorAll('#reasons .reason').length === 3").await;
    for text in &REASONS[..3] {
        shows(page, "#reasons", text).await;
    }
    let to: String = page.evaluate("document.querySelector('#reasons .source a').href").await;
    assert_eq!(to, "https://example.org/sheet");
    judge(page, "group-reasons-phone-en").await;
    page.tap("#reasons .close").await;
    judge(page, "group-table-phone-en").await;

    reader.tap("#table tr[data-cause=insufficient-experience] td.has").await;
    shows(reader, "#reasons .reason.sought", REASONS[3]).await;
    shows(reader, "#reasons .source", "Head of operations").await;
    reader.press("Escape").await;
    judge(reader, "group-table-tablet-en").await;
    reader.reload().await;
    ready(reader).await;
}
