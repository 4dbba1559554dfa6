//! The fifth step at several browsers: measures against true causes, with a proof or without, late or not, and what came of them; and
//! the library, in which another review's group finds them.

use futures::future::join_all;
use serde_json::{Value, json};
use warifu_testkit::{Browser, Page, Seat, Server};

use crate::board::drawn::{GROUP, draw, four, of, put, words};
use crate::board::full::full;
use crate::board::judge;
use crate::board::room::{all_show, all_until, conjecture, edit, join, place, quoted, retype, shows};
use crate::visit::{DESK, PHONE, TABLET, serve};

/// What a measure begins with.
pub(crate) fn measure(text: &str, causes: &[&str]) -> Value {
    json!({
        "text": text, "causes": causes, "role": "", "due": "", "remind": "", "state": "proposed",
        "proof": { "kind": "none", "text": "", "url": "", "file": "" }, "learned": "", "is_shared": false,
    })
}

/// The same with other fields.
pub(crate) fn with(mut body: Value, fields: &Value) -> Value {
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

/// A review in its fifth step with two true causes and a box that is none.
pub(crate) async fn decided(server: &Server, name: &str) -> Seat {
    let (seat, _) = full(server, name).await;
    let is_true = |why: &str| json!({ "is_true": true, "why": conjecture(why) });
    put(
        &seat,
        &[
            ("node/c-hand-over", of("cause/hand-over")),
            ("node/e-two", of("event/two")),
            ("node/own", words("本人確認が一段しかなかった")),
            ("arrow/1", crate::board::drawn::arrow("c-hand-over", "e-two", 2)),
            ("arrow/2", crate::board::drawn::arrow("own", "e-two", 3)),
            ("true_cause/c-hand-over", is_true("Knowledge stayed with one person.")),
            ("true_cause/own", is_true("二段目があれば、どれも起きなかった。")),
        ],
    )
    .await;
    let _ = seat.progress("open", 5).await.expect(200);
    seat
}

/// The section of a true cause.
fn section(cause: &str) -> String {
    format!("#prevent-place .cause-measures[data-cause='{cause}']")
}

/// A measure's card.
fn card(key: &str) -> String {
    format!(".measure[data-measure='{key}']")
}

/// Puts a value into a field of the form that is open, as choosing it does.
async fn set(page: &Page, form: &str, field: &str, value: &str) {
    let it = format!("{form} [data-field={field}]");
    page.wait_for_visible(&it).await;
    page.run(&format!(
        "(() => {{ const it = document.querySelector({}); it.value = {}; for (const name of ['input', 'change']) \
         it.dispatchEvent(new Event(name, {{ bubbles: true }})); }})()",
        quoted(&it),
        quoted(value)
    ))
    .await;
}

/// Opens the form of a new measure against a cause.
async fn begin(page: &Page, cause: &str) {
    page.tap(&format!("{} [data-act=add]", section(cause))).await;
    page.wait_for_visible("#measure-new textarea").await;
}

/// Saves it, and gives its key.
async fn save(page: &Page, seat: &Seat, text: &str) -> String {
    page.tap("#measure-save").await;
    page.wait_until("document.getElementById('measure-new') === null").await;
    let review = seat.review().await;
    let is_it =
        |it: &&Value| it["kind"] == "measure" && it["body"]["text"].as_str().is_some_and(|it| it.contains(text));
    let found = review["items"].as_array().unwrap().iter().find(is_it).unwrap_or_else(|| panic!("no measure {text}"));
    found["key"].as_str().unwrap().to_owned()
}

/// A group answers its true causes: what nothing answers is shown, whose a measure is, until when, how one sees that it works, and that
/// it does not show. Dates that have come are counted on the step; results stand beside the proof; readers read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_group_answers_its_true_causes() {
    let (browser, server) = (Browser::start().await, serve().await);
    let seat = decided(&server, "基幹システム刷新の遅れ").await;
    let _ = seat.upload("plan.txt", "text/plain", "Plan of the drill").await.expect(201);
    let pages = four(&browser, &server, &seat).await;
    let all: Vec<_> = pages.iter().collect();
    let reader = join(&browser, &server, &seat, "reader", (TABLET, "ja", false)).await;
    let _ = join_all(all.iter().chain([&&reader]).map(|page| place(page, "prevent"))).await;
    let uncovered = |n: usize| {
        format!("document.querySelectorAll('.cause-measures[data-covered=false] .uncovered').length === {n}")
    };
    all_until(&all, &uncovered(2)).await;
    for (page, name) in all.iter().zip(GROUP) {
        judge(page, &format!("measures-uncovered-{name}")).await;
    }

    // A drill, on a desk in Japanese: planned, with a role and dates that have come.
    begin(all[0], "own").await;
    retype(all[0], "#measure-new textarea", "二段階認証を必須にする").await;
    for (field, value) in [
        ("role", "基盤担当"),
        ("due", "2020-03-31"),
        ("remind", "2020-03-01"),
        ("state", "planned"),
        ("proof", "drill"),
    ] {
        set(all[0], "#measure-new", field, value).await;
    }
    all[0].tap("#measure-save").await;
    shows(all[0], "#measure-new .told[data-kind=bad]", "検証").await;
    retype(all[0], "#measure-new .proof-rest input:not([type=url])", "cargo drill list-attack").await;
    judge(all[0], "measures-new-desk-ja").await;
    let first = save(all[0], &seat, "二段階認証").await;
    all_until(&all, &uncovered(1)).await;
    all_until(&all, &format!("document.querySelector({})?.dataset.late === 'true'", quoted(&card(&first)))).await;
    all_until(&all, "document.querySelector('#step-5 .due-mark').dataset.count === '1'").await;

    // On a phone in English: no proof, and it is said so; then one by an address.
    begin(all[3], "c-hand-over").await;
    retype(all[3], "#measure-new textarea", "Two people know each batch").await;
    set(all[3], "#measure-new", "due", "2999-12-31").await;
    judge(all[3], "measures-new-phone-en").await;
    let second = save(all[3], &seat, "Two people").await;
    for (page, said) in all.iter().zip(["まだ", "まだ", "No proof yet", "No proof yet"]) {
        shows(page, &format!("{} .proof-none", card(&second)), said).await;
    }
    all_until(&all, "document.querySelector('#measures-count [data-count=count_unproved]') !== null").await;
    all_until(&all, &format!("document.querySelector({})?.dataset.late === 'false'", quoted(&card(&second)))).await;
    for (page, kind, text, url) in [
        (all[3], "document", "The roster", "https://example.org/roster"),
        (all[2], "test", "two_people_know_each_batch", ""),
        (all[1], "command", "warifu verify", ""),
    ] {
        let item = format!("measure/{second}");
        edit(page, &item).await;
        let form = format!("[data-item='{item}']");
        set(page, &form, "proof", kind).await;
        retype(page, &format!("{form} .proof-rest input:not([type=url])"), text).await;
        retype(page, &format!("{form} .proof-rest input[type=url]"), url).await;
        crate::board::room::save(page, &item).await;
        all_show(&all, &format!("{} .proof-line", card(&second)), text).await;
    }
    all_until(&all, "document.querySelector('#measures-count [data-count=count_unproved]') === null").await;

    results(&all, &seat, &second).await;
    for (page, name) in all.iter().zip(GROUP) {
        judge(page, &format!("measures-result-{name}")).await;
    }
    assert_reads_only(&reader, &first).await;
}

/// What came of a proof is handed in twice; the last stands there, the one before is kept.
async fn results(all: &[&Page], seat: &Seat, key: &str) {
    for (page, is, at, text, class) in [
        (all[2], "no", "2026-11-20T10:05", "Only one person answered.", "failed"),
        (all[1], "yes", "2026-11-21T09:30", "二人とも手順を言えた。", "passed"),
    ] {
        page.tap(&format!("{} [data-act=result]", card(key))).await;
        page.wait_for_visible("#result-save").await;
        page.tap("#result-save").await;
        page.wait_for_visible("#result .told[data-kind=bad]").await;
        page.tap(&format!("#result-is label:has(input[value={is}])")).await;
        page.run(&format!("document.getElementById('result-at').value = '{at}'")).await;
        retype(page, "#result-text", text).await;
        page.tap("#result-save").await;
        page.wait_until("document.getElementById('result') === null").await;
        all_show(all, &format!("{} .result-place", card(key)), text).await;
        all_until(
            all,
            &format!("document.querySelector({}) !== null", quoted(&format!("{} .result-line.{class}", card(key)))),
        )
        .await;
    }
    assert_eq!(seat.versions(&format!("result/{key}")).await.len(), 2);
}

/// Whoever only reads sees measures, proofs and results, and has nothing to write with.
async fn assert_reads_only(reader: &Page, key: &str) {
    shows(reader, &card(key), "cargo drill list-attack").await;
    let writing: Vec<String> = reader
        .evaluate("[...document.querySelectorAll('[data-place=prevent] :is(.for-writers, select, textarea, input, #measure-add, [data-act=add], [data-act=result], [data-act=share], [data-act=edit])')].filter((it) => it.checkVisibility()).map((it) => it.outerHTML.slice(0, 80))")
        .await;
    assert_eq!(writing, [""; 0]);
    judge(reader, "measures-reader-tablet-ja").await;
}

/// Two that are done and in the library, and one under way.
async fn three_measures(seat: &Seat) {
    let proof = |kind: &str, text: &str| json!({ "kind": kind, "text": text, "url": "", "file": "" });
    let done = |text: &str, kind: &str, proved: &str, learned: &str| {
        with(
            measure(text, &["own"]),
            &json!({ "state": "done", "role": "決済担当", "proof": proof(kind, proved), "learned": learned, "is_shared": true }),
        )
    };
    put(
        seat,
        &[
            (
                "measure/refund",
                done("不正な支払いは翌営業日までに返金する", "drill", "make-whole", "窓口の人数を先に決めること。"),
            ),
            ("measure/factor", done("Ask for a Second Factor on a new device", "test", "a_new_device_asks", "")),
            (
                "measure/mine",
                with(
                    measure("ログインの認証を監視する", &["own"]),
                    &json!({ "state": "doing", "proof": proof("command", "warifu drill login") }),
                ),
            ),
        ],
    )
    .await;
}

/// What is done goes to the library with what was learned, is found there by another review's group, by two letters, in either language
/// and width, and is taken over; what is taken out of the library is found no more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_done_is_found_by_another_group() {
    let (browser, server) = (Browser::start().await, serve().await);
    let seat = decided(&server, "Emptied accounts").await;
    three_measures(&seat).await;
    // The third is finished in the page, and given away with what was learned.
    let giver = join(&browser, &server, &seat, "participant", (PHONE, "ja", true)).await;
    place(&giver, "prevent").await;
    assert!(
        giver
            .evaluate::<bool>(&format!(
                "document.querySelector({}) === null",
                quoted(&format!("{} [data-act=share]", card("mine")))
            ))
            .await
    );
    let finish = "(() => { const it = document.querySelector(\".measure[data-measure='mine'] [data-act=state]\"); it.value = 'done'; it.dispatchEvent(new Event('change', { bubbles: true })); })()";
    giver.run(finish).await;
    giver.tap(&format!("{} [data-act=share]", card("mine"))).await;
    shows(&giver, "#share", "学んだこと").await;
    judge(&giver, "measures-share-phone-ja-dark").await;
    giver.tap("#share .dialog-foot .secondary").await;
    edit(&giver, "measure/mine").await;
    let learned = "[data-item='measure/mine'] .measure-form > .labelled:last-child textarea, [data-item='measure/mine'] .measure-form > :last-child textarea";
    retype(&giver, learned, "しきい値は昼と夜で分ける。").await;
    crate::board::room::save(&giver, "measure/mine").await;
    giver.tap(&format!("{} [data-act=share]", card("mine"))).await;
    giver.tap("#share-yes").await;
    giver.wait_for_visible(&format!("{} [data-act=unshare]", card("mine"))).await;

    let other = server.seat();
    let _ = other.begin("Another failure").await.expect(201);
    draw(&other, &["weak-login"], &[]).await;
    let is_true = json!({ "is_true": true, "why": conjecture("So it was.") });
    let _ = other.write("true_cause/weak-login", 0, &is_true).await.expect(200);
    for (screen, name) in [((PHONE, "en", false), "phone-en"), ((DESK, "ja", true), "desk-ja-dark")] {
        let page = join(&browser, &server, &other, "participant", screen).await;
        find(&page, name).await;
    }
    assert_eq!(
        other.review().await["items"].as_array().unwrap().iter().filter(|it| it["kind"] == "measure").count(),
        2
    );

    giver.tap(&format!("{} [data-act=unshare]", card("mine"))).await;
    giver.wait_for_visible(&format!("{} [data-act=share]", card("mine"))).await;
    let left = other.get("/v1/measures?q=%E8%AA%8D%E8%A8%BC").await.expect(200).json();
    assert_eq!(
        left["items"].as_array().unwrap().iter().filter(|it| it["text"].as_str().unwrap().contains("監視")).count(),
        0
    );
}

/// Searches as people type, and takes one over.
async fn find(page: &Page, name: &str) {
    place(page, "prevent").await;
    begin(page, "weak-login").await;
    for (sought, found) in [
        ("返金", "不正な支払いは翌営業日までに返金する"),
        ("second factor", "Ask for a Second Factor on a new device"),
        ("ＳＥＣＯＮＤ　ｆａｃｔｏｒ", "Ask for a Second Factor on a new device"),
        ("ﾛｸﾞｲﾝ", "ログインの認証を監視する"),
        ("認証", "ログインの認証を監視する"),
    ] {
        retype(page, "#library-search", sought).await;
        let only = format!(
            "(() => {{ const all = [...document.querySelectorAll('.shelf-one')]; return all.length === 1 && all[0].innerText.includes({}); }})()",
            quoted(found)
        );
        page.wait_until(&only).await;
    }
    shows(page, ".shelf-one", "しきい値は昼と夜で分ける。").await;
    judge(page, &format!("measures-library-{name}")).await;
    retype(page, "#library-search", "そのような対策はない").await;
    page.wait_until("document.querySelectorAll('.shelf-one').length === 0").await;
    retype(page, "#library-search", "認証").await;
    page.tap(".shelf-one [data-act=adopt]").await;
    page.wait_for_visible("#adopted").await;
    let taken: (String, String, String) = page
        .evaluate("[document.querySelector('#measure-new textarea').value, document.querySelector('#measure-new [data-field=proof]').value, document.querySelector('#measure-new .proof-rest input').value]")
        .await;
    assert_eq!(taken, ("ログインの認証を監視する".into(), "command".into(), "warifu drill login".into()));
    judge(page, &format!("measures-adopted-{name}")).await;
    page.tap("#measure-save").await;
    page.wait_until("document.getElementById('measure-new') === null").await;
    page.wait_for_visible(".measure .proof-line code").await;
}
