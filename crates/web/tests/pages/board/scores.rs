//! What the diagram counts, against what was counted by hand: scores, pairs, cycles, what is behind a box, and what the group decides.

use futures::future::join_all;
use warifu_testkit::{Browser, Page, Seat, Server};

use crate::board::drawn::{GROUP, all_count, all_draw, boxed, draw, four, lit, show, spot};
use crate::board::judge;
use crate::board::room::{all_show, all_until, conjecture, join, place, quoted, retype, shows};
use crate::visit::{DESK, PHONE, TABLET, serve};

/// By hand: `a` leads to b, c, d; b and c lead to d and to each other as weakly; d, e, f go round; f to e is weaker than e to f.
const ARROWS: [(&str, &str, u8); 11] = [
    ("a", "b", 2),
    ("a", "c", 2),
    ("a", "d", 3),
    ("b", "d", 1),
    ("c", "d", 2),
    ("d", "e", 2),
    ("b", "c", 1),
    ("c", "b", 1),
    ("e", "f", 3),
    ("f", "e", 1),
    ("f", "d", 2),
];
/// Neither arrow between b and c counts, nor the one from f to e.
const AT_FIRST: [&str; 6] = ["a 3 0 +3", "b 1 1 0", "c 1 1 0", "d 1 4 −3", "e 1 1 0", "f 1 1 0"];

async fn counted(server: &Server) -> Seat {
    let seat = server.seat();
    let _ = seat.begin("Emptied accounts").await.expect(201);
    draw(&seat, &["a", "b", "c", "d", "e", "f"], &ARROWS).await;
    let _ = seat.progress("open", 4).await.expect(200);
    seat
}

/// Scores are those counted by hand in every browser, and follow when a pair is decided, or kept.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn scores_pairs_and_cycles_are_those_counted_by_hand() {
    let (browser, server) = (Browser::start().await, serve().await);
    let seat = counted(&server).await;
    let pages = four(&browser, &server, &seat).await;
    let all: Vec<_> = pages.iter().collect();
    let _ = join_all(all.iter().map(|page| show(page, "list"))).await;
    all_count(&all, &AT_FIRST).await;
    let issues = "JSON.stringify([[...document.querySelectorAll('#diagram-issues [data-pair]')].map((it) => it.dataset.pair), \
        [...document.querySelectorAll('#diagram-issues [data-cycle]')].map((it) => it.dataset.cycle)])";
    all_until(&all, &format!("{issues} === '[[\"b c\"],[\"d e f\"]]'")).await;
    for (page, name) in all.iter().zip(GROUP) {
        judge(page, &format!("scores-list-{name}")).await;
    }
    show(all[0], "drawing").await;
    show(all[3], "drawing").await;
    let doubts = "[...document.querySelectorAll('.arrow.undecided')].map((it) => it.dataset.arrow).sort().join() === 'b-c,c-b' && \
        [...document.querySelectorAll('.arrow.weaker')].map((it) => it.dataset.arrow).join() === 'f-e'";
    all_until(&[all[0], all[3]], doubts).await;
    judge(all[0], "scores-undecided-desk-ja").await;
    judge(all[3], "scores-undecided-phone-en").await;

    // b leads to c more than c to b: c's arrow says nothing any more.
    all[1].tap("#diagram-issues [data-pair='b c'] [data-act=this-way]").await;
    let decided = ["a 3 0 +3", "b 2 1 +1", "c 1 2 −1", "d 1 4 −3", "e 1 1 0", "f 1 1 0"];
    let _ = join_all(all.iter().map(|page| show(page, "list"))).await;
    all_count(&all, &decided).await;
    all_until(&all, &format!("{issues} === '[[],[\"d e f\"]]'")).await;
    assert_eq!(seat.item("arrow/b-c").await["body"]["strength"], 2);

    // The weaker of the other pair is kept: e and f lead to each other now.
    all[2].run("location.hash = '#diagram/box/f'").await;
    all[2].tap("#box-panel [data-arrow='f-e'] [data-act=arrow]").await;
    all[2].tap("#arrow .check").await;
    judge(all[2], "scores-keep-desk-en-dark").await;
    all[2].tap("#arrow-save").await;
    let kept = ["a 3 0 +3", "b 2 1 +1", "c 1 2 −1", "d 1 4 −3", "e 1 2 −1", "f 2 1 +1"];
    all_count(&all, &kept).await;

    // A new tie, which is kept as it is: both count.
    let _ = seat.write("arrow/d-a", 0, &crate::board::drawn::arrow("d", "a", 3)).await.expect(200);
    all[3].tap("#diagram-issues [data-pair='a d'] [data-act=keep-both]").await;
    let both = ["a 3 1 +2", "b 2 1 +1", "c 1 2 −1", "d 2 4 −2", "e 1 2 −1", "f 2 1 +1"];
    all_count(&all, &both).await;
    all_until(&all, &format!("{issues} === '[[],[\"a b c d e f\"]]'")).await;
    judge(all[3], "scores-cycle-phone-en").await;
    judge(all[0], "scores-cycle-desk-ja").await;
}

/// What is lit is what leads to the chosen box, by arrows that count, however long the way.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_behind_a_box_is_lit() {
    let (browser, server) = (Browser::start().await, serve().await);
    let seat = counted(&server).await;
    let desk = join(&browser, &server, &seat, "reader", (DESK, "en", false)).await;
    let phone = join(&browser, &server, &seat, "participant", (PHONE, "ja", true)).await;
    for page in [&desk, &phone] {
        show(page, "drawing").await;
        all_draw(&[page], 6, 11).await;
        page.tap("#diagram-fit").await;
    }
    let (x, y) = spot(&desk, &boxed("c")).await;
    desk.drag((x, y), (x, y)).await;
    desk.wait_for_visible("#box-panel[data-box='c']").await;
    assert_eq!(lit(&desk).await, (vec!["a".into(), "c".into()], vec!["a-c".into()]));
    phone.touch(spot(&phone, &boxed("e")).await).await;
    phone.wait_for_visible("#box-panel[data-box='e']").await;
    let all = ["a", "b", "c", "d", "e", "f"].map(str::to_owned).to_vec();
    let ways = ["a-b", "a-c", "a-d", "b-d", "c-d", "d-e", "e-f", "f-d"].map(str::to_owned).to_vec();
    assert_eq!(lit(&phone).await, (all, ways));
    judge(&desk, "scores-behind-desk-en").await;
    phone.run("document.querySelector('svg.diagram').scrollIntoView()").await;
    judge(&phone, "scores-behind-phone-ja-dark").await;
    desk.press("Escape").await;
    assert_eq!(lit(&desk).await, (vec![], vec![]));
}

/// Decides on the box whose question is open.
async fn answer(page: &Page, is: &str, why: &str) {
    page.tap(&format!("#decide-is label:has(input[value={is}])")).await;
    retype(page, "#decide textarea", why).await;
    page.tap("#decide-save").await;
}

/// What the arrows propose is shown; the group decides with a reason, also against them, and two who decide differently at the same
/// time are both heard.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_decides_also_against_the_score() {
    let (browser, server) = (Browser::start().await, serve().await);
    let seat = counted(&server).await;
    let pages = four(&browser, &server, &seat).await;
    let all: Vec<_> = pages.iter().collect();
    let _ = join_all(all.iter().map(|page| place(page, "diagram"))).await;
    let decided = |key: &str| format!("#decisions [data-decided='{key}']");
    all_until(
        &all,
        "document.querySelector(\"#decisions [data-decided='a'] [data-decision=proposed]\") !== null && \
        document.querySelectorAll('#decisions [data-decided]').length === 1",
    )
    .await;
    all[1].tap(&format!("{} [data-act=decide]", decided("a"))).await;
    all[1].tap("#decide-is label:has(input[value=yes])").await;
    all[1].tap("#decide-save").await;
    shows(all[1], "#decide .told", "理由").await;
    judge(all[1], "scores-decide-phone-ja-dark").await;
    answer(all[1], "yes", "誰も練習しなかったことが、ほかのすべてに先立つ。").await;
    all_show(&all, &decided("a"), "誰も練習しなかった").await;

    // d has the most arrows in, and yet.
    all[2].run("location.hash = '#diagram/box/d'").await;
    all[2].tap("#box-panel [data-act=decide]").await;
    answer(all[2], "yes", "Few arrows, but without it nothing would have happened.").await;
    for (page, said) in all.iter().zip([
        "矢印の示すところとは異なる",
        "矢印の示すところとは異なる",
        "against what the arrows say",
        "against what the arrows say",
    ]) {
        shows(page, &decided("d"), "Few arrows").await;
        let text: String = page.evaluate(&format!("document.querySelector({}).innerText", quoted(&decided("d")))).await;
        assert!(text.contains(said), "{text}");
    }
    show(all[0], "drawing").await;
    all_until(&all[..1], "document.querySelectorAll('g[data-box][data-standing=true]').length === 2").await;
    for (page, name) in all.iter().zip(GROUP) {
        page.run("document.getElementById('decisions').scrollIntoView()").await;
        judge(page, &format!("scores-decided-{name}")).await;
    }

    // Two decide on b at once, differently.
    for page in [all[0], all[3]] {
        page.run("location.hash = '#diagram/box/b'").await;
        page.tap("#box-panel [data-act=decide]").await;
        page.wait_for_visible("#decide-save").await;
    }
    answer(all[0], "no", "結果に過ぎない。").await;
    // Told of it while they write, which moves what they are about to tap.
    all[3].wait_for_visible("#decide .notice button").await;
    answer(all[3], "yes", "It came first.").await;
    all[3].wait_for_visible("#conflict").await;
    shows(all[3], "#conflict", "結果に過ぎない。").await;
    shows(all[3], "#conflict", "It came first.").await;
    judge_conflict(all[3], "scores-conflict-decision-phone-en").await;
    all[3].tap("#conflict-mine").await;
    all_show(&all, &decided("b"), "It came first.").await;
    assert_eq!(seat.versions("true_cause/b").await.len(), 2, "what was written over is kept");
}

async fn judge_conflict(page: &Page, name: &str) {
    crate::board::judge_refused(page, name, &[409]).await;
}

/// Two write about one arrow, and about the words of one box: the second sees both, and merges them.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_who_write_about_one_arrow_are_both_shown() {
    let (browser, server) = (Browser::start().await, serve().await);
    let seat = counted(&server).await;
    let desk = join(&browser, &server, &seat, "participant", (DESK, "ja", false)).await;
    let phone = join(&browser, &server, &seat, "participant", (PHONE, "en", true)).await;
    for page in [&desk, &phone] {
        page.run("location.hash = '#diagram/box/a'").await;
        page.tap("#box-panel [data-arrow='a-d'] [data-act=arrow]").await;
    }
    retype(&desk, "#arrow textarea", "議事録に二度出てくる。").await;
    desk.tap("#arrow .strength-choice label:has(input[value='1'])").await;
    retype(&phone, "#arrow textarea", "Seen in the logs.").await;
    desk.tap("#arrow-save").await;
    desk.wait_until("document.getElementById('arrow') === null").await;
    phone.tap("#arrow-save").await;
    shows(&phone, "#conflict", "議事録に二度出てくる。").await;
    shows(&phone, "#conflict", "Seen in the logs.").await;
    judge_conflict(&phone, "scores-conflict-arrow-phone-en-dark").await;
    phone.tap("#conflict-merge").await;
    phone.tap("#conflict-save").await;
    phone.wait_until("document.getElementById('arrow') === null").await;
    let text = seat.item("arrow/a-d").await["body"]["statement"]["text"].as_str().unwrap().to_owned();
    assert!(text.contains("議事録に二度") && text.contains("Seen in the logs."), "{text}");

    for page in [&desk, &phone] {
        page.tap("#box-panel [data-act=edit]").await;
    }
    retype(&desk, "#box-edit input", "リハーサル不足").await;
    retype(&phone, "#box-edit input", "No rehearsal").await;
    desk.tap("#box-save").await;
    desk.wait_until("document.getElementById('box-edit') === null").await;
    phone.tap("#box-save").await;
    shows(&phone, "#conflict", "リハーサル不足").await;
    judge_conflict(&phone, "scores-conflict-box-phone-en-dark").await;
    phone.tap("#conflict-theirs").await;
    phone.wait_until("document.getElementById('box-edit') === null").await;
    assert_eq!(seat.item("node/a").await["body"]["text"], "リハーサル不足");
}

/// Twelve boxes of which each leads to all after it, and then twelve of which each leads to each.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_connected_is_counted_and_stays_usable() {
    let (browser, server) = (Browser::start().await, serve().await);
    let seat = server.seat();
    let _ = seat.begin("Everything at once").await.expect(201);
    let keys: &[&str] = &["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
    let pairs =
        || keys.iter().enumerate().flat_map(move |(at, from)| keys.iter().skip(at + 1).map(move |to| (*from, *to, 2)));
    draw(&seat, keys, &pairs().collect::<Vec<_>>()).await;
    let desk = join(&browser, &server, &seat, "participant", (DESK, "ja", true)).await;
    let phone = join(&browser, &server, &seat, "participant", (PHONE, "en", false)).await;
    let both = [&desk, &phone];
    let _ = join_all(both.iter().map(|page| show(page, "list"))).await;
    // The box at place n of twelve leads to 11 - n others, and n lead to it.
    let effect = |n: usize| {
        let (out, into) = (11 - n, n);
        let sign = if out > into { format!("+{}", out - into) } else { format!("−{}", into - out) };
        format!("{} {out} {into} {sign}", keys[n])
    };
    let rows: Vec<String> = (0..12).map(effect).collect();
    all_count(&both, &rows.iter().map(String::as_str).collect::<Vec<_>>()).await;
    // 11, 9 and 7 are at least half of 11; 5 is not.
    let proposed = "[...document.querySelectorAll('#decisions [data-decided]')].map((it) => it.dataset.decided).join() === 'a,b,c'";
    all_until(&both, proposed).await;
    for (page, name) in [(&desk, "desk-ja-dark"), (&phone, "phone-en")] {
        show(page, "drawing").await;
        all_draw(&[page], 12, 66).await;
        judge(page, &format!("scores-all-{name}")).await;
    }

    let back: Vec<_> = pairs().map(|(from, to, strength)| (to, from, strength)).collect();
    draw(&seat, &[], &back).await;
    let _ = join_all(both.iter().map(|page| show(page, "list"))).await;
    let none: Vec<String> = keys.iter().map(|key| format!("{key} 0 0 0")).collect();
    all_count(&both, &none.iter().map(String::as_str).collect::<Vec<_>>()).await;
    all_until(&both, "document.querySelectorAll('#diagram-issues [data-pair]').length === 66").await;
    for (page, name) in [(&desk, "desk-ja-dark"), (&phone, "phone-en")] {
        judge(page, &format!("scores-all-ways-{name}")).await;
    }
    desk.tap("#diagram-issues [data-pair='a b'] [data-act=that-way]").await;
    let decided: Vec<String> = keys
        .iter()
        .map(|key| match *key {
            "a" => "a 0 1 −1".to_owned(),
            "b" => "b 1 0 +1".to_owned(),
            key => format!("{key} 0 0 0"),
        })
        .collect();
    all_count(&both, &decided.iter().map(String::as_str).collect::<Vec<_>>()).await;
}

/// Whoever only reads sees scores, paths and decisions, and has nothing to write with; a diagram without boxes says so.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_reads_the_diagram_and_cannot_write() {
    let (browser, server) = (Browser::start().await, serve().await);
    let empty = server.seat();
    let _ = empty.begin("Nothing yet").await.expect(201);
    let page = join(&browser, &server, &empty, "reader", (PHONE, "ja", false)).await;
    place(&page, "diagram").await;
    page.wait_for_visible("#diagram-place .empty-place").await;
    judge(&page, "scores-empty-reader-phone-ja").await;

    let seat = counted(&server).await;
    let why = serde_json::json!({ "is_true": true, "why": conjecture("It came first.") });
    let _ = seat.write("true_cause/a", 0, &why).await.expect(200);
    let reader = join(&browser, &server, &seat, "reader", (TABLET, "en", true)).await;
    show(&reader, "drawing").await;
    all_draw(&[&reader], 6, 11).await;
    reader.touch(spot(&reader, &boxed("a")).await).await;
    shows(&reader, "#box-panel", "It came first.").await;
    let (x, y) = spot(&reader, &boxed("a")).await;
    let before = crate::board::drawn::stands(&reader, "a").await;
    reader.swipe((x, y), (x + 30.0, y + 60.0)).await;
    assert_eq!(crate::board::drawn::stands(&reader, "a").await, before, "a reader moves the view, not the box");
    let writing: Vec<String> = reader
        .evaluate("[...document.querySelectorAll('[data-place=diagram] :is(.for-writers, .handle-spot, textarea, [data-act=arrow-to], [data-act=decide])')].filter((it) => it.checkVisibility()).map((it) => it.outerHTML.slice(0, 80))")
        .await;
    assert_eq!(writing, [""; 0]);
    judge(&reader, "scores-reader-tablet-en-dark").await;
}
