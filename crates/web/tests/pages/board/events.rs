//! The time line at five browsers: brought in, put in order by keyboard, by hand and by date, and told alike everywhere.

use std::collections::BTreeSet;

use futures::future::join_all;
use serde_json::json;
use warifu_testkit::{Browser, Page};

use crate::board::arrange::five;
use crate::board::judge;
use crate::board::room::{all_show, all_until, collected, conjecture, join, place, quoted, retype, shows, source};
use crate::visit::{DESK, PHONE, serve};

/// The texts of the events in their order, as the page shows them.
const ORDER: &str = "[...document.querySelectorAll('#events > [data-event] .prose')].map((it) => it.innerText)";

/// Drags the event at the first place to the other's, by its handle, as a pointer does.
async fn drag(page: &Page, from: usize, to: usize) {
    let js = format!(
        "(() => {{ const items = document.querySelectorAll('#events > [data-event]'); const handle = items[{from}].querySelector('.handle'); \
         const [a, b] = [handle.getBoundingClientRect(), items[{to}].getBoundingClientRect()]; \
         const tell = (name, y) => handle.dispatchEvent(new PointerEvent(name, {{ bubbles: true, cancelable: true, pointerId: 1, \
         pointerType: 'mouse', isPrimary: true, button: 0, buttons: 1, clientX: a.left + 10, clientY: y }})); \
         tell('pointerdown', a.top + 10); tell('pointermove', b.top + b.height * ({to} > {from} ? 0.9 : 0.1)); \
         tell('pointerup', b.top + b.height * ({to} > {from} ? 0.9 : 0.1)); }})()"
    );
    page.run(&js).await;
}

async fn add(page: &Page, kind: &str, at: &str, text: &str) {
    page.tap("#event-add").await;
    page.tap(&format!("#arrange-events .adder label:has(input[value={kind}])")).await;
    if !at.is_empty() {
        retype(page, "#arrange-events .adder input[placeholder]", at).await;
    }
    retype(page, "#arrange-events .adder textarea", text).await;
    page.tap("#event-save").await;
    page.wait_for_visible("#event-add").await;
}

/// Waits until all show this order.
async fn agree(pages: &[&Page], order: &[&str]) {
    all_until(pages, &format!("JSON.stringify({ORDER}) === {}", quoted(&json!(order).to_string()))).await;
}

/// Events of several writers stand where their times put them; moved up and down by keyboard, dragged, and sorted by date, they stand in
/// one order in all five browsers; what has no time stays where it was put.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_browsers_see_one_order_of_events() {
    let (browser, server) = (Browser::start().await, serve().await);
    let (seat, _) = collected(&server, "Late by a year").await;
    let pages = five(&browser, &server, &seat).await;
    let all: Vec<_> = pages.iter().collect();
    let _ = join_all(all.iter().map(|page| place(page, "arrange/events"))).await;
    add(all[1], "exact", "2019年7月3日 10:05", "夜間処理が止まった。").await;
    add(all[2], "about", "2019-03", "The one who knew left.").await;
    agree(&all, &["The one who knew left.", "夜間処理が止まった。"]).await;
    add(all[3], "unknown", "", "A plan was made.").await;
    add(all[0], "before", "2019/12", "旧システムに戻した。").await;
    let (left, stopped, plan, back) =
        ("The one who knew left.", "夜間処理が止まった。", "A plan was made.", "旧システムに戻した。");
    agree(&all, &[left, stopped, plan, back]).await;
    shows(all[4], "#events", "3 Jul 2019 10:05").await;
    shows(all[0], "#events", "2019年7月3日 10:05").await;

    // By keyboard: a button, and the keys beside it.
    all[3].run("document.querySelector('#events > :nth-child(3) [data-act=up]').focus()").await;
    all[3].press("Enter").await;
    agree(&all, &[left, plan, stopped, back]).await;
    let focused: String =
        all[3].evaluate("document.activeElement.closest('[data-event]').querySelector('.prose').innerText").await;
    assert_eq!(focused, plan, "the focus moves with it");
    all[3].press("Enter").await;
    agree(&all, &[plan, left, stopped, back]).await;
    all[3].run("document.activeElement.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowDown', altKey: true, bubbles: true }))").await;
    agree(&all, &[left, plan, stopped, back]).await;

    drag(all[0], 3, 0).await;
    agree(&all, &[back, left, plan, stopped]).await;
    drag(all[3], 1, 2).await;
    agree(&all, &[back, plan, left, stopped]).await;

    all[1].tap("#event-sort").await;
    judge(all[1], "events-sort-phone-ja-dark").await;
    all[1].tap("#sort-yes").await;
    agree(&all, &[left, stopped, back, plan]).await;
    for (page, name) in all.iter().zip(["desk-ja", "phone-ja-dark", "phone-en", "desk-en-dark", "tablet-en"]) {
        judge(page, &format!("events-{name}")).await;
    }
}

/// Several move different events at the same time: all come to one order, and no event is lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn moves_at_the_same_time_end_in_one_order() {
    let (browser, server) = (Browser::start().await, serve().await);
    let (seat, _) = collected(&server, "Late by a year").await;
    for at in 1..=6_u64 {
        let body = crate::board::full::event(&conjecture(&format!("Event {at}")), "unknown", "", at << 20);
        let _ = seat.write(&format!("event/{at}"), 0, &body).await.expect(200);
    }
    let first = join(&browser, &server, &seat, "participant", (DESK, "en", false)).await;
    let second = join(&browser, &server, &seat, "participant", (PHONE, "ja", false)).await;
    let all = [&first, &second];
    let _ = join_all(all.map(|page| place(page, "arrange/events"))).await;
    for _ in 0..4 {
        let up = "document.querySelector('#events > :last-child [data-act=up]').click()";
        let down = "document.querySelector('#events > :first-child [data-act=down]').click()";
        let ((), ()) = futures::join!(first.run(up), second.run(down));
    }
    // What each sends after this comes after all of that.
    for (page, text) in all.into_iter().zip(["After", "そのあと"]) {
        add(page, "unknown", "", text).await;
    }
    all_show(&all, "#events", "After").await;
    all_show(&all, "#events", "そのあと").await;
    first.wait_until("document.querySelectorAll('#events > li').length === 8").await;
    let wanted: Vec<String> = {
        let review = seat.review().await;
        let mut events: Vec<_> =
            review["items"].as_array().unwrap().iter().filter(|it| it["kind"] == "event").collect();
        events.sort_by_key(|it| (it["body"]["rank"].as_u64().unwrap(), it["key"].as_str().unwrap().to_owned()));
        events.iter().map(|it| it["body"]["statement"]["text"].as_str().unwrap().to_owned()).collect()
    };
    agree(&all, &wanted.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert_eq!(wanted.iter().collect::<BTreeSet<_>>().len(), 8);
}

/// What is fact and what is conjecture: what rests on conjecture alone can be told apart, in every browser as it is written.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_rests_on_conjecture_alone_is_seen() {
    let (browser, server) = (Browser::start().await, serve().await);
    let (seat, seats) = collected(&server, "Late by a year").await;
    let writer = join(&browser, &server, &seat, "participant", (PHONE, "ja", false)).await;
    let reader = join(&browser, &server, &seat, "reader", (DESK, "en", false)).await;
    let _ = seats[0].write("case/course", 0, &conjecture("Somebody pressed a key.")).await.expect(200);
    place(&reader, "evidence").await;
    shows(&reader, ".evidence", "Somebody pressed a key.").await;
    reader.tap("[data-place=evidence] label:has(input[value=alone])").await;
    // Of the hand-over one reason is a fact; nobody gave one for the rigid management.
    shows(&reader, ".evidence", "Nobody could move the date.").await;
    shows(&reader, ".evidence", "Somebody pressed a key.").await;
    assert!(!reader.evaluate::<String>("document.querySelector('.evidence').innerText").await.contains("引き継ぎ資料"));
    judge(&reader, "evidence-alone-desk-en").await;

    place(&writer, "arrange/cause/rigid-management").await;
    crate::board::room::edit(&writer, "why/rigid-management").await;
    let form = crate::board::room::item("why/rigid-management");
    retype(&writer, &format!("{form} textarea"), "契約で日付が決まっていた。").await;
    source(&writer, &form, "document", "契約書 第3条", "").await;
    crate::board::room::save(&writer, "why/rigid-management").await;
    reader.wait_until("!document.querySelector('.evidence').innerText.includes('Nobody could move the date.')").await;
    reader.tap("[data-place=evidence] label:has(input[value=fact])").await;
    shows(&reader, ".evidence", "契約書 第3条").await;
    // Where nothing says where a fact comes from, it is not taken.
    place(&writer, "case").await;
    crate::board::room::edit(&writer, "case/course").await;
    writer.tap("[data-item='case/course'] .basis-choice label:has(input[value=fact])").await;
    writer.tap("[data-item='case/course'] [data-act=save]").await;
    writer.wait_for_visible("[data-item='case/course'] .told").await;
    assert_eq!(seat.item("case/course").await["version"], 1);
    judge(&writer, "evidence-fact-needs-source-phone-ja").await;
}

/// Files go up in one browser, are seen in the other as they are, and are gone in both when they are erased; what the board does not take
/// is said before anything is sent.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_go_up_and_down_in_front_of_all() {
    let (browser, server) = (Browser::start().await, serve().await);
    let (seat, _) = collected(&server, "Late by a year").await;
    let writer = join(&browser, &server, &seat, "participant", (PHONE, "ja", true)).await;
    let reader = join(&browser, &server, &seat, "reader", (DESK, "en", false)).await;
    for page in [&writer, &reader] {
        place(page, "evidence").await;
    }
    let picture = "new Promise((done) => { const it = document.createElement('canvas'); it.width = it.height = 40; \
        it.getContext('2d').fillRect(5, 5, 20, 20); it.toBlob(done, 'image/png'); })";
    choose(&writer, picture, "screen.png", "image/png").await;
    choose(&writer, "'time,event\\n10:05,stop'", "log.csv", "").await;
    for page in [&writer, &reader] {
        page.wait_until("document.querySelectorAll('[data-file]').length === 2").await;
        page.wait_until("document.querySelector('.file-preview img')?.naturalWidth === 40").await;
        shows(page, ".files", "screen.png").await;
        shows(page, ".files", "log.csv").await;
    }
    for (name, content) in [("run.exe", "'MZ'"), ("empty.txt", "''"), ("large.txt", "'x'.repeat(6000000)")] {
        choose(&writer, content, name, "").await;
        shows(&writer, "#file-told", name).await;
    }
    judge(&writer, "files-phone-ja-dark").await;
    judge(&reader, "files-desk-en").await;
    // A source names it.
    place(&writer, "case").await;
    crate::board::room::edit(&writer, "case/summary").await;
    retype(&writer, "[data-item='case/summary'] textarea", "画面が固まった。").await;
    source(&writer, "[data-item='case/summary']", "document", "画面の写真", "").await;
    writer.run("(() => { const it = document.querySelector(\"[data-item='case/summary'] .source-row\").querySelectorAll('select')[1]; it.selectedIndex = 1; })()").await;
    crate::board::room::save(&writer, "case/summary").await;
    shows(&reader, ".evidence", "screen.png").await;

    place(&writer, "evidence").await;
    writer.tap("[data-file]:has(img) .danger").await;
    judge(&writer, "files-erase-phone-ja-dark").await;
    writer.tap("#file-erase-yes").await;
    all_until(&[&writer, &reader], "document.querySelectorAll('[data-file]').length === 1").await;
    shows(&reader, ".evidence", "画面の写真").await;
    reader.wait_until("!document.querySelector('.evidence').innerText.includes('screen.png')").await;
}

/// Has the page's field for files take one with this content, an expression.
async fn choose(page: &Page, content: &str, name: &str, media_type: &str) {
    let js = format!(
        "Promise.resolve({content}).then((it) => {{ const list = new DataTransfer(); list.items.add(new File([it], '{name}', {{ type: '{media_type}' }})); \
         const field = document.getElementById('file-add'); field.files = list.files; field.dispatchEvent(new Event('change', {{ bubbles: true }})); }})"
    );
    let before: String = page.evaluate("document.getElementById('file-told').textContent").await;
    page.run(&js).await;
    page.wait_until(&format!("!['', {}].includes(document.getElementById('file-told').textContent)", quoted(&before)))
        .await;
    page.wait_until("document.getElementById('file-told').dataset.kind !== ''").await;
}
