//! The third step at five browsers: what several write of one cause, what stays open, and that readers only read.

use futures::future::join_all;
use warifu_testkit::{Browser, Page, Seat, Server};

use crate::board::judge;
use crate::board::room::{
    all_show, all_until, collected, edit, item, join, place, retype, save, say, seated, shows, source,
};
use crate::visit::{DESK, PHONE, TABLET, serve};

const CAUSE: &str = "arrange/cause/hand-over";

/// A facilitator, three participants and a reader, who look at a review in its third step.
pub(crate) async fn five(browser: &Browser, server: &Server, lead: &Seat) -> Vec<Page> {
    let mut pages = Vec::new();
    for (role, screen) in [
        ("facilitator", (DESK, "ja", false)),
        ("participant", (PHONE, "ja", true)),
        ("participant", (PHONE, "en", false)),
        ("participant", (DESK, "en", true)),
        ("reader", (TABLET, "en", false)),
    ] {
        pages.push(join(browser, server, lead, role, screen).await);
    }
    pages
}

/// What each writes of a cause stands in all other browsers without a reload: why, why not, the discussion, a comment, and that it
/// is kept in sight. Another version comes back from the history, in all of them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_browsers_speak_of_one_cause() {
    let (browser, server) = (Browser::start().await, serve().await);
    let (seat, _) = collected(&server, "Late by a year").await;
    let pages = five(&browser, &server, &seat).await;
    let all: Vec<_> = pages.iter().collect();
    let _ = join_all(all.iter().map(|page| place(page, CAUSE))).await;
    all_show(&all, ".cause-panel .reasons", "The one who knew the batch left in March.").await;

    say(all[1], "why/hand-over", "前任者だけが手順を知っていた。").await;
    say(all[2], "why_not/hand-over", "The manual was there and nobody read it.").await;
    edit(all[3], "discussion/hand-over").await;
    let discussion = item("discussion/hand-over");
    retype(all[3], &format!("{discussion} textarea"), "Both: a manual that nobody could read.").await;
    source(all[3], &discussion, "link", "The manual", "https://example.org/manual?v=2").await;
    save(all[3], "discussion/hand-over").await;
    all_show(&all, &item("why/hand-over"), "前任者だけが手順を知っていた。").await;
    all_show(&all, &item("why_not/hand-over"), "The manual was there and nobody read it.").await;
    all_show(&all, &discussion, "Both: a manual that nobody could read.").await;
    let leads = "document.querySelector(\"[data-item='discussion/hand-over'] .source a\")?.href === 'https://example.org/manual?v=2'";
    all_until(&all, leads).await;

    all[1].tap(".cause-panel .comments-place .adder button").await;
    retype(all[1], ".cause-panel .comments-place textarea", "3月の異動を確かめたい。").await;
    all[1].tap(".cause-panel .comments-place [data-act=save]").await;
    all_show(&all, ".cause-panel .comments", "3月の異動を確かめたい。").await;

    all[2].tap(".cause-panel .lift label").await;
    let lifted = "document.querySelector(\".cause-line[data-cause='hand-over'] .said.lifted\") !== null";
    all_until(&all, lifted).await;
    all_until(&all[..4], "document.querySelector('.cause-panel [data-act=lift]').checked").await;

    say(all[3], "why/hand-over", "Somebody else was trained, but in the old system.").await;
    all_show(&all, &item("why/hand-over"), "Somebody else was trained").await;
    all[0].tap(&format!("{} [data-act=versions]", item("why/hand-over"))).await;
    all[0].wait_until("document.querySelectorAll('#versions .version').length === 2").await;
    judge(all[0], "arrange-versions-desk-ja").await;
    all[0].tap("#versions [data-version='1']").await;
    all[0].tap("#restore-yes").await;
    all_show(&all, &item("why/hand-over"), "前任者だけが手順を知っていた。").await;
    let versions = seat.versions("why/hand-over").await;
    assert_eq!(versions.len(), 3, "what was there is kept: {versions:?}");
    for (page, name) in all.iter().zip(["desk-ja", "phone-ja-dark", "phone-en", "desk-en-dark", "tablet-en"]) {
        page.run("document.querySelector('#versions')?.close()").await;
        judge(page, &format!("arrange-cause-{name}")).await;
    }
}

/// Questions that stay open, and their end, are the same in every browser.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_stays_open_is_the_same_for_all() {
    let (browser, server) = (Browser::start().await, serve().await);
    let (seat, _) = collected(&server, "Late by a year").await;
    let first = join(&browser, &server, &seat, "participant", (PHONE, "ja", false)).await;
    let second = join(&browser, &server, &seat, "participant", (DESK, "en", false)).await;
    let all = [&first, &second];
    for (page, text) in all.into_iter().zip(["なぜ3月だったのか。", "Who may stop a release?"]) {
        place(page, "arrange/open").await;
        page.tap("#open-add").await;
        retype(page, "#arrange-open .adder textarea", text).await;
        page.tap("#open-save").await;
        page.wait_for_visible("#open-add").await;
        all_show(&all, ".opens", text).await;
    }
    first.tap(".opens .open-row:first-child .settle").await;
    all_until(&all, "document.querySelectorAll('.open-row.is-settled [data-act=settle]:checked').length === 1").await;
    judge(&first, "arrange-open-phone-ja").await;
    judge(&second, "arrange-open-desk-en").await;
}

/// What can be pressed or written in, as far as it is shown, by what it is.
const CONTROLS: &str = "[...document.querySelectorAll('main :is(button, input, textarea, select, summary, [contenteditable], [role=switch])')] \
    .filter((it) => it.checkVisibility({ visibilityProperty: true })) \
    .map((it) => it.id ? `#${it.id}` : it.dataset.act ? `act ${it.dataset.act}` : it.closest('.choice') ? 'choice' : \
    it.matches('.mandala-list .cause') ? 'cause' : it.className || it.localName)";

/// What leads somewhere or shows something, and writes nothing.
const HARMLESS: [&str; 10] = [
    "choice",
    "cause",
    "cause-name",
    "act versions",
    "#print",
    "#group-go",
    "#history-more",
    "#leave",
    "#to-practise",
    "summary",
];

/// Everything that is there to be edited, before and after the review is complete: readers have nothing to edit it with anywhere, and
/// after the completion nobody has; what was written stays to be read, and versions to be looked at.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_have_nothing_to_write_with_nor_has_anybody_in_a_complete_review() {
    let (browser, server) = (Browser::start().await, serve().await);
    let (seat, _) = crate::board::full::full(&server, "Late by a year").await;
    let lead = join(&browser, &server, &seat, "facilitator", (DESK, "ja", false)).await;
    let writer = join(&browser, &server, &seat, "participant", (PHONE, "en", false)).await;
    let reader = join(&browser, &server, &seat, "reader", (TABLET, "en", true)).await;
    assert_nothing_to_write_with(&reader, "reader").await;
    let can_write: Vec<String> = {
        place(&writer, CAUSE).await;
        writer.evaluate(CONTROLS).await
    };
    assert!(can_write.contains(&"act edit".to_owned()), "the test would see a control: {can_write:?}");
    edit(&writer, "why/hand-over").await;
    retype(&writer, &format!("{} textarea", item("why/hand-over")), "Half a sentence").await;

    place(&lead, "people").await;
    lead.tap("#state-choice label:has(input[value=complete])").await;
    judge(&lead, "group-complete-desk-ja").await;
    lead.tap("#complete-yes").await;
    all_until(
        &[&lead, &writer, &reader],
        "!document.getElementById('complete').hidden && document.body.dataset.writable === 'false'",
    )
    .await;
    // Half a sentence is not lost, though it cannot be saved now.
    let half: String = writer.evaluate("document.querySelector(\"[data-item='why/hand-over'] textarea\").value").await;
    assert_eq!(half, "Half a sentence");
    writer.reload().await;
    seated(&writer).await;
    assert_nothing_to_write_with(&writer, "participant of a complete review").await;
    assert_nothing_to_write_with(&reader, "reader of a complete review").await;
    judge(&writer, "group-completed-phone-en").await;

    place(&lead, "people").await;
    lead.tap("#state-choice label:has(input[value=open])").await;
    all_until(&[&lead, &writer], "document.body.dataset.writable === 'true'").await;
    place(&writer, CAUSE).await;
    edit(&writer, "why/hand-over").await;
    shows(&writer, &item("why/hand-over"), "This is your draft").await;
    save(&writer, "why/hand-over").await;
    shows(&reader, ".cause-panel:not([hidden])", "Half a sentence").await;
}

async fn assert_nothing_to_write_with(page: &Page, who: &str) {
    let places = [
        "extract",
        "collect",
        "collect/hand-over",
        "arrange",
        "arrange/events",
        "arrange/open",
        "case",
        "evidence",
        "history",
        "people",
        CAUSE,
    ];
    for to in places {
        place(page, to).await;
        let shown: Vec<String> = page.evaluate(CONTROLS).await;
        let writes = |it: &&String| !HARMLESS.contains(&it.as_str()) && !matches!(it.as_str(), "text" | "secondary");
        let writing: Vec<_> = shown.iter().filter(writes).collect();
        assert_eq!(writing, [""; 0], "{who} at {to}");
        let fields: usize = page
            .evaluate("[...document.querySelectorAll('main :is(textarea, select, input:not([type=radio]))')].filter((it) => it.checkVisibility()).length")
            .await;
        assert_eq!(fields, 0, "{who} at {to}");
        page.run("document.querySelector('dialog[open]')?.close()").await;
    }
}
