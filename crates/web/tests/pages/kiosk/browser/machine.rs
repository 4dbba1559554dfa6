//! A machine on the page's hook: what it is told, in which order, and that nobody plays it any more once it was there.

use warifu_testkit::{Browser, Engine, Server, ServerSettings, TestDatabase};

use super::{open, settled};
use crate::visit::{DESK, serve};

/// What a machine's program does, in few words: it holds back, keeps and gives back, and knows the orders that it has carried out.
const MACHINE: &str = "(() => { const machine = { told: [], done: [], busy: false }; window.machine = machine; \
    for (const what of ['accept', 'keep', 'return', 'print']) addEventListener(`warifu:${what}`, (event) => { \
      if (what === 'print') event.preventDefault(); \
      machine.told.push([what, event.detail]); \
      if (what !== 'keep' && what !== 'return') return; \
      if (machine.busy) return; \
      if (!machine.done.includes(event.detail.id)) machine.done.push(event.detail.id); \
      warifuAtm.done(event.detail.id); }); \
    return warifuAtm.attach(); })()";

/// An attached machine puts in notes, each once, is told when the slot is closed, what to keep and what to give back, and prints.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_attached_machine_is_told_what_to_do() {
    let (browser, server) = (Browser::start().await, serve().await);
    let member = server.member().await;
    let (page, _) = open(&browser, &server, DESK, "en").await;
    page.run(MACHINE).await;
    assert!(!page.evaluate::<bool>("warifuAtm.insert(1000, 'early')").await, "nobody has begun");
    page.tap("#begin").await;
    page.wait_for_visible("#view-notes").await;
    assert!(
        !page.evaluate::<bool>("document.getElementById('played').checkVisibility()").await,
        "the buttons are gone"
    );
    page.wait_until("machine.told.at(-1)[0] === 'accept' && machine.told.at(-1)[1].on").await;
    assert!(page.evaluate::<bool>("warifuAtm.insert(10000, 'a')").await);
    assert!(page.evaluate::<bool>("warifuAtm.insert(10000, 'a')").await, "the same note again is the same note");
    assert!(page.evaluate::<bool>("warifuAtm.insert(5000, 'b')").await);
    assert!(!page.evaluate::<bool>("warifuAtm.insert(500, 'c')").await, "no note is this much");
    page.tap("#to-code").await;
    page.wait_until("machine.told.at(-1)[0] === 'accept' && !machine.told.at(-1)[1].on").await;
    assert!(!page.evaluate::<bool>("warifuAtm.insert(1000, 'late')").await, "the slot is closed");
    page.fill("#scan", &member.show_code().await).await;
    page.press("Enter").await;
    settled(&page, "paid").await;
    assert_eq!(member.balance().await, 15_000);
    page.tap("#print").await;
    let told: Vec<(String, serde_json::Value)> = page
        .evaluate("machine.told.filter(([what]) => what === 'keep' || what === 'return' || what === 'print')")
        .await;
    assert_eq!(
        (told[0].0.as_str(), &told[0].1["yen"], &told[0].1["notes"]),
        ("keep", &15_000.into(), &serde_json::json!(["a", "b"]))
    );
    let receipt = &told.last().unwrap().1["receipt"];
    assert_eq!((receipt["amount"].as_i64(), receipt["terminal"].as_str()), (Some(15_000), Some("チャージ機 1")));
    assert_eq!(page.evaluate::<usize>("machine.done.length").await, 1);
    page.tap("#finish").await;

    // The notes stay in sight until the machine has said that they are out.
    page.run("machine.busy = true").await;
    page.tap("#begin").await;
    page.wait_for_visible("#view-notes").await;
    assert!(page.evaluate::<bool>("warifuAtm.insert(2000, 'd')").await);
    page.tap("#notes-back").await;
    page.wait_for_text("Your notes are coming").await;
    assert!(!page.evaluate::<bool>("document.getElementById('finish').checkVisibility()").await);

    // The power fails before it has: without a machine nobody may go on, and with it the same order comes again.
    page.reload().await;
    page.wait_for_text("Your notes are coming").await;
    assert!(!page.evaluate::<bool>("document.querySelectorAll('.note').length > 0").await, "nobody plays it");
    page.run(MACHINE).await;
    settled(&page, "back").await;
    assert_eq!(page.evaluate::<Vec<String>>("machine.done").await.len(), 1);
    page.tap("#finish").await;
    page.reload().await;
    page.wait_for_text("the note slot is not connected").await;
    assert!(page.evaluate::<bool>("document.getElementById('begin').disabled").await);
    page.run(MACHINE).await;
    page.wait_until("!document.getElementById('begin').disabled").await;
    server.verify().await;
}

/// Where money is real nobody plays a machine: without one the page is out of service.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_button_makes_money_outside_a_demonstration() {
    let settings = ServerSettings { clock_runs: true, refuses_played_notes: true, ..ServerSettings::default() };
    let server = Server::start_with(TestDatabase::new(Engine::Sqlite).await, settings).await;
    let browser = Browser::start().await;
    let (page, _) = open(&browser, &server, DESK, "en").await;
    page.wait_for_text("the note slot is not connected").await;
    assert!(page.evaluate::<bool>("document.getElementById('begin').disabled").await);
    assert_eq!(page.evaluate::<usize>("document.querySelectorAll('.note').length").await, 0);
}
