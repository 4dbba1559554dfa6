//! Two who write the same at the same time: both are shown both, whoever decides loses nothing, and nobody's typing is disturbed.

use warifu_testkit::{Browser, Page, Seat, TestDatabase, on_both_databases};

use crate::board::judge_refused;
use crate::board::room::{collected, conjecture, edit, fact, item, join, place, quoted, retype, save, shows};
use crate::visit::{DESK, PHONE, serve_on};

const WHY: &str = "why/hand-over";
const BEFORE: &str = "The batch stopped. Nobody knew why.";
const THEIRS: &str = "The batch stopped twice. Nobody knew why.";
const MINE: &str = "The batch stopped. Nobody knew why. The log was full.";

/// Somebody saves over what another has open. Given: the one who writes on, with the form still open.
async fn collide(page: &Page, other: &Page) {
    for it in [page, other] {
        place(it, "arrange/cause/hand-over").await;
        edit(it, WHY).await;
    }
    retype(page, &format!("{} textarea", item(WHY)), MINE).await;
    retype(other, &format!("{} textarea", item(WHY)), THEIRS).await;
    save(other, WHY).await;
    page.wait_for_visible(&format!("{} .elsewhere", item(WHY))).await;
    let kept: String =
        page.evaluate(&format!("document.querySelector({}).value", quoted(&format!("{} textarea", item(WHY))))).await;
    assert_eq!(kept, MINE, "a form that is open is left alone");
    page.tap(&format!("{} [data-act=save]", item(WHY))).await;
    page.wait_for_visible("#conflict").await;
    shows(page, "#conflict .sides > :first-child", "The batch stopped twice. Nobody knew why.").await;
    shows(page, "#conflict .sides > :last-child", MINE).await;
}

/// The texts of an item's versions, the newest first.
async fn texts(seat: &Seat) -> Vec<String> {
    seat.versions(WHY).await.iter().map(|it| it["body"]["text"].as_str().unwrap().to_owned()).collect()
}

on_both_databases! {
    /// Each way out of a conflict: to keep what is there, to put the own in its place, to make one of both, and to write on. Both browsers
    /// come to show the same, and every version that was ever saved is in the history.
    async fn of_two_who_write_the_same_nobody_loses_a_word(database: TestDatabase) {
        let (browser, server) = (Browser::start().await, crate::board::room::serve_from(database).await);
        let (seat, seats) = collected(&server, "Late by a year").await;
        let page = join(&browser, &server, &seat, "participant", (DESK, "en", false)).await;
        let other = join(&browser, &server, &seat, "participant", (PHONE, "ja", true)).await;
        let _ = seats[0].write(WHY, 0, &conjecture(BEFORE)).await.expect(200);
        let mut history = vec![BEFORE.to_owned()];
        for way in ["theirs", "mine", "merge"] {
            collide(&page, &other).await;
            history.insert(0, THEIRS.to_owned());
            judge_refused(&page, &format!("conflict-{way}-desk-en"), &[409]).await;
            // To look again first changes nothing.
            page.tap("#conflict-later").await;
            assert_eq!(texts(&seat).await, history, "{way}");
            page.tap(&format!("{} [data-act=save]", item(WHY))).await;
            page.tap(&format!("#conflict-{way}")).await;
            let end = match way {
                "theirs" => THEIRS.to_owned(),
                "mine" => MINE.to_owned(),
                _ => merged(&page).await,
            };
            page.wait_until("!document.getElementById('conflict')").await;
            for it in [&page, &other] {
                shows(it, &format!("{} .statement", item(WHY)), &end).await;
            }
            if way != "theirs" {
                history.insert(0, end);
            }
            assert_eq!(texts(&seat).await, history, "{way}");
            // The next round begins alike.
            let version = seat.item(WHY).await["version"].as_u64().unwrap();
            let _ = seats[0].write(WHY, version, &conjecture(BEFORE)).await.expect(200);
            history.insert(0, BEFORE.to_owned());
            for it in [&page, &other] {
                it.wait_until(&format!("document.querySelector({})?.innerText === {}", quoted(&format!("{} .prose", item(WHY))), quoted(BEFORE))).await;
            }
        }
    }
}

/// Makes one text of both, of which everything is there to begin with.
async fn merged(page: &Page) -> String {
    page.wait_for_visible("#conflict .merge textarea").await;
    let begun: String = page.evaluate("document.querySelector('#conflict .merge textarea').value").await;
    for part in ["The batch stopped twice.", "The log was full."] {
        assert!(begun.contains(part), "{begun}");
    }
    let end = "The batch stopped twice. The log was full.";
    retype(page, "#conflict .merge textarea", end).await;
    judge_refused(page, "conflict-merging-desk-en", &[409]).await;
    page.tap("#conflict-save").await;
    end.to_owned()
}

/// A third who is quicker than a decision is asked about too: a conflict of a conflict.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_over_what_changed_again_is_asked_anew() {
    let (browser, server) = (Browser::start().await, serve_on(warifu_testkit::Engine::Sqlite, false).await);
    let (seat, seats) = collected(&server, "Late by a year").await;
    let page = join(&browser, &server, &seat, "participant", (PHONE, "en", false)).await;
    let other = join(&browser, &server, &seat, "participant", (DESK, "en", false)).await;
    let _ = seats[0].write(WHY, 0, &conjecture(BEFORE)).await.expect(200);
    collide(&page, &other).await;
    judge_refused(&page, "conflict-phone-en", &[409]).await;
    let _ = seats[1].write(WHY, 2, &fact("A third text.", "Log of 3 July")).await.expect(200);
    page.tap("#conflict-mine").await;
    shows(&page, "#conflict .sides > :first-child", "A third text.").await;
    assert_eq!(texts(&seat).await, ["A third text.", THEIRS, BEFORE]);
    page.tap("#conflict-mine").await;
    shows(&other, &format!("{} .statement", item(WHY)), MINE).await;
    assert_eq!(texts(&seat).await, [MINE, "A third text.", THEIRS, BEFORE]);
}

/// While somebody types, others write the same item, other items, comments, and marks are collected anew: the focus, the caret and what
/// was typed stay.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn typing_is_not_disturbed_by_what_others_do() {
    let (browser, server) = (Browser::start().await, serve_on(warifu_testkit::Engine::Sqlite, false).await);
    let (seat, seats) = collected(&server, "Late by a year").await;
    let page = join(&browser, &server, &seat, "participant", (DESK, "en", false)).await;
    let area = quoted(&format!("{} textarea", item(WHY)));
    place(&page, "arrange/cause/hand-over").await;
    edit(&page, WHY).await;
    page.type_keys("Nobody spoke").await;
    // The caret goes into the middle.
    page.run(&format!("document.querySelector({area}).setSelectionRange(6, 6)")).await;
    let comment = serde_json::json!({ "on": "discussion/hand-over", "text": "Elsewhere" });
    let lift = serde_json::json!({ "is_lifted": true });
    let writes = [
        ("why_not/hand-over", conjecture("Elsewhere")),
        (WHY, conjecture("The same item")),
        ("comment/live", comment),
        ("lift/hand-over", lift),
        ("case/name", conjecture("Another name")),
    ];
    for (letter, (place, body)) in " who".chars().zip(&writes) {
        let version = seats[0].item(place).await["version"].as_u64().unwrap_or(0);
        let _ = seats[0].write(place, version, body).await.expect(200);
        page.type_keys(&letter.to_string()).await;
    }
    let (place, body) = &writes[4];
    let _ = seats[0].write(place, seats[0].item(place).await["version"].as_u64().unwrap(), body).await.expect(200);
    shows(&page, "#case-name", "Another name").await;
    shows(&page, ".comments", "Elsewhere").await;
    let _ = seats[0].mark("fatigue-poor-health", 0, &conjecture("Late nights")).await.expect(200);
    let _ = seat.collect().await.expect(200);
    page.wait_until(
        "document.querySelector(\".cause-line[data-cause='fatigue-poor-health'] .voices\").textContent === '1'",
    )
    .await;
    page.type_keys(" knew").await;
    let (text, caret, is_focused): (String, usize, bool) = page
        .evaluate(&format!("(() => {{ const it = document.querySelector({area}); return [it.value, it.selectionStart, document.activeElement === it]; }})()"))
        .await;
    assert_eq!((text.as_str(), caret, is_focused), ("Nobody who knew spoke", 15, true));
    page.wait_for_visible(&format!("{} .elsewhere", item(WHY))).await;
}
