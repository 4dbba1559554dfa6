//! The fourth step at four browsers, on desks and phones, in both languages: boxes, arrows by mouse, finger and keys, places, and an end
//! to each of them.

use futures::future::join_all;
use warifu_testkit::{Browser, Page};

use crate::board::drawn::{
    GROUP, all_draw, all_laid, all_stand, arrows, boxed, draw, four, handle, put, show, spot, stands, words,
};
use crate::board::full::full;
use crate::board::judge;
use crate::board::room::{all_until, place, quoted, retype, seated, shows};
use crate::visit::{DESK, PHONE, serve};

/// Adds boxes by the dialog: for things that there are, and for own words.
async fn add(page: &Page, of: &[&str], words: &str) {
    page.tap("#diagram-add").await;
    for it in of {
        page.run(&format!(
            "document.querySelector({}).closest('details')?.setAttribute('open', '')",
            quoted(&format!("#add-boxes [data-of='{it}']"))
        ))
        .await;
        page.tap(&format!("#add-boxes [data-of='{it}'] label")).await;
    }
    if !words.is_empty() {
        page.fill("#add-words", words).await;
    }
    page.tap("#add-send").await;
    page.wait_until("document.getElementById('add-boxes') === null").await;
}

/// Presses a key until the page says that it is there.
async fn press_until(page: &Page, key: &str, is_so: &str) {
    for _ in 0..60 {
        if page.evaluate::<bool>(is_so).await {
            return;
        }
        page.press(key).await;
    }
    panic!("{key} never leads to: {is_so}");
}

/// Draws an arrow to what is found by these letters without touching anything but keys, from the box that the keys come to first.
async fn arrow_by_keys(page: &Page, sought: &str) -> String {
    page.run("document.querySelector('#diagram-view input:checked').focus()").await;
    press_until(page, "Tab", "document.activeElement.closest('svg.diagram [data-box]') !== null").await;
    page.press("Home").await;
    let from: String = page.evaluate("document.activeElement.dataset.box").await;
    page.press("Enter").await;
    page.wait_until("document.activeElement.matches('#box-panel h3')").await;
    press_until(page, "Tab", "document.activeElement.dataset.act === 'arrow-to'").await;
    page.press("Enter").await;
    page.wait_until("document.activeElement.id === 'arrow-search'").await;
    page.type_keys(sought).await;
    page.press("Enter").await;
    page.wait_until("document.getElementById('arrow-to') === null").await;
    from
}

/// Boxes from causes, events and own words, added by four people; arrows by mouse, by finger and by keys alone: all of it stands in every
/// browser at once. A box that was moved, by any of the three, stays there in every browser, also when the layout is another and after a
/// new start, until it is laid out again.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_draws_one_diagram_by_mouse_finger_and_keys() {
    let (browser, server) = (Browser::start().await, serve().await);
    let (seat, _) = full(&server, "基幹システム刷新の遅れ").await;
    let _ = seat.progress("open", 4).await.expect(200);
    let pages = four(&browser, &server, &seat).await;
    let all: Vec<_> = pages.iter().collect();
    for (page, name) in all.iter().zip(GROUP) {
        place(page, "diagram").await;
        page.wait_for_visible("#diagram-place .empty-place").await;
        judge(page, &format!("relation-empty-{name}")).await;
    }
    // Two add the same at the same time: it is one box.
    let both = join_all([
        add(all[0], &["cause/hand-over", "event/one"], ""),
        add(all[2], &["cause/hand-over", "cause/rigid-management"], ""),
    ]);
    let _ = both.await;
    add(all[1], &["event/two"], "通知が現場に届かなかった").await;
    let _ = join_all(all.iter().map(|page| show(page, "drawing"))).await;
    all_draw(&all, 5, 0).await;
    all_laid(&all, &seat).await;

    all[0].drag(spot(all[0], &handle("c-hand-over")).await, spot(all[0], &boxed("e-two")).await).await;
    all_draw(&all, 5, 1).await;
    all_laid(&all, &seat).await;
    all[3].tap("#diagram-fit").await;
    let (from, to) = (spot(all[3], &handle("c-rigid-management")).await, spot(all[3], &boxed("e-two")).await);
    all[3].swipe(from, to).await;
    all_draw(&all, 5, 2).await;
    all_laid(&all, &seat).await;
    let from = arrow_by_keys(all[2], "who knew").await;
    all_draw(&all, 5, 3).await;
    all_laid(&all, &seat).await;
    let mut expected = [format!("{from}>e-one"), "c-hand-over>e-two".into(), "c-rigid-management>e-two".into()];
    expected.sort();
    assert_eq!(arrows(&seat).await, expected);
    for (page, name) in all.iter().zip(GROUP) {
        judge(page, &format!("relation-drawn-{name}")).await;
    }

    moved(&all).await;
    let at = stands(all[0], "e-one").await;
    let _ = seat.write("arrow/one", 0, &crate::board::drawn::arrow("c-rigid-management", "e-one", 3)).await.expect(200);
    all_draw(&all, 5, 4).await;
    all[1].reload().await;
    seated(all[1]).await;
    show(all[1], "drawing").await;
    all_stand(&all, "e-one", &at).await;
    for (page, name) in all.iter().zip(GROUP) {
        judge(page, &format!("relation-moved-{name}")).await;
    }

    // One goes back to the layout, then all do.
    all[0].run("location.hash = '#diagram/box/e-one'").await;
    all[0].tap("#box-panel [data-act=lay]").await;
    let not_there =
        format!("document.querySelector({})?.getAttribute('transform') !== {}", quoted(&boxed("e-one")), quoted(&at));
    all_until(&all, &not_there).await;
    assert!(seat.item("node/e-one").await["body"]["at"].is_null());
    all[2].tap("#diagram-lay").await;
    all[2].tap("#lay-all-yes").await;
    all_until(&all, "document.getElementById('diagram-lay').hidden").await;
    let review = seat.review().await;
    let is_moved = |it: &&serde_json::Value| it["kind"] == "node" && !it["body"]["at"].is_null();
    assert_eq!(review["items"].as_array().unwrap().iter().filter(is_moved).count(), 0);
}

/// Three boxes are moved, by mouse, by finger and by keys.
async fn moved(all: &[&Page]) {
    let (x, y) = spot(all[0], &boxed("e-one")).await;
    // To where no other box stands.
    all[0].drag((x, y), (x + 300.0, y - 120.0)).await;
    let at = stands(all[0], "e-one").await;
    all_stand(all, "e-one", &at).await;

    // A finger moves the view, until it has chosen a box.
    let before = stands(all[3], "e-two").await;
    let (x, y) = spot(all[3], &boxed("e-two")).await;
    all[3].swipe((x, y), (x - 30.0, y + 20.0)).await;
    assert_eq!(stands(all[3], "e-two").await, before);
    all[3].tap("#diagram-fit").await;
    all[3].touch(spot(all[3], &boxed("e-two")).await).await;
    all[3].wait_for_visible("#box-panel[data-box='e-two']").await;
    let (x, y) = spot(all[3], &boxed("e-two")).await;
    all[3].swipe((x, y), (x - 20.0, y + 60.0)).await;
    let at = stands(all[3], "e-two").await;
    assert_ne!(at, before);
    all_stand(all, "e-two", &at).await;

    all[2].run("document.querySelector('svg.diagram [tabindex=\"0\"]').focus()").await;
    all[2].press("Home").await;
    let key: String = all[2].evaluate("document.activeElement.dataset.box").await;
    let before = stands(all[2], &key).await;
    for pressed in ["m", "ArrowDown", "ArrowDown", "Escape"] {
        all[2].press(pressed).await;
    }
    assert_eq!(stands(all[2], &key).await, before, "Escape puts it back");
    for pressed in ["m", "ArrowRight", "ArrowUp", "ArrowUp", "Enter"] {
        all[2].press(pressed).await;
    }
    let numbers = |text: &str| -> Vec<f64> {
        text.trim_matches(|it: char| !it.is_ascii_digit() && it != '-')
            .split(' ')
            .map(|it| it.parse().unwrap())
            .collect()
    };
    all[2].wait_until("document.querySelector('.moving-told').hidden").await;
    let (was, is) = (numbers(&before), numbers(&stands(all[2], &key).await));
    assert!((is[0] - was[0] - 20.0).abs() < 1.0 && (was[1] - is[1] - 40.0).abs() < 1.0, "{was:?} {is:?}");
    all_stand(&all[..2], &key, &stands(all[2], &key).await).await;
}

/// An arrow from a box to itself is told to be none, by mouse and by finger, and the server takes none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_arrow_to_itself_is_refused_kindly() {
    let (browser, server) = (Browser::start().await, serve().await);
    let seat = server.seat();
    let _ = seat.begin("Late by a year").await.expect(201);
    draw(&seat, &["a", "b"], &[("a", "b", 2)]).await;
    for (screen, name, said) in
        [((DESK, "en", false), "desk-en", "another box"), ((PHONE, "ja", true), "phone-ja-dark", "ほかの箱")]
    {
        let page = crate::board::room::join(&browser, &server, &seat, "participant", screen).await;
        show(&page, "drawing").await;
        all_draw(&[&page], 2, 1).await;
        let (from, to) = (spot(&page, &handle("a")).await, spot(&page, &format!("{} .label", boxed("a"))).await);
        if screen.0.mobile {
            page.swipe(from, to).await;
        } else {
            page.drag(from, to).await;
        }
        shows(&page, "#diagram-told", said).await;
        judge(&page, &format!("relation-itself-{name}")).await;
        page.run("location.hash = '#diagram/box/a'").await;
        page.tap("#box-panel [data-act=arrow-to]").await;
        page.wait_for_visible("#arrow-to [data-to='b']").await;
        assert!(page.evaluate::<bool>("document.querySelector(\"#arrow-to [data-to='a']\") === null").await);
    }
    let itself = crate::board::drawn::arrow("a", "a", 2);
    let _ = seat.write("arrow/itself", 0, &itself).await.expect_problem(400, "invalid_request");
    assert_eq!(arrows(&seat).await, ["a>b"]);
}

/// A box goes with its arrows, in every browser, and comes back with them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_box_that_is_removed_takes_its_arrows_and_brings_them_back() {
    let (browser, server) = (Browser::start().await, serve().await);
    let (seat, _) = full(&server, "Late by a year").await;
    put(
        &seat,
        &[
            ("node/c-hand-over", crate::board::drawn::of("cause/hand-over")),
            ("node/a", words("Nobody asked")),
            ("node/b", words("Night batch stopped")),
            ("arrow/1", crate::board::drawn::arrow("a", "c-hand-over", 2)),
            ("arrow/2", crate::board::drawn::arrow("c-hand-over", "b", 2)),
            ("arrow/3", crate::board::drawn::arrow("a", "b", 1)),
        ],
    )
    .await;
    let pages = four(&browser, &server, &seat).await;
    let all: Vec<_> = pages.iter().collect();
    let _ = join_all(all.iter().map(|page| show(page, "drawing"))).await;
    all_draw(&all, 3, 3).await;
    all[3].touch(spot(all[3], &boxed("c-hand-over")).await).await;
    all[3].tap("#box-panel [data-act=remove]").await;
    shows(all[3], "#box-remove-sure", "(2)").await;
    judge(all[3], "relation-remove-phone-en").await;
    all[3].tap("#box-remove-yes").await;
    all_draw(&all, 2, 1).await;
    assert_eq!(arrows(&seat).await.len(), 3, "arrows wait for their box");
    add(all[0], &["cause/hand-over"], "").await;
    all_draw(&all, 3, 3).await;
    all[0].run("location.hash = '#diagram/box/b'").await;
    all[0].tap("#box-panel [data-act=edit]").await;
    retype(all[0], "#box-edit input", "夜間処理が三日止まった").await;
    all[0].tap("#box-save").await;
    all_until(&all, "document.querySelector(\"g[data-box='b'] .label\").textContent.includes('三日止まった')").await;
}
