//! A line that is cut: what was written is kept, what others wrote is caught up with, and nobody has to load the page anew.

use warifu_testkit::{Browser, Cut, Engine, Server, ServerSettings, TestDatabase, on_both_databases};

use crate::board::judge_refused;
use crate::board::room::{collected, conjecture, edit, item, join, place, quoted, retype, save, seated, shows};
use crate::visit::{DESK, PHONE, serve_on};

const WHY: &str = "why/hand-over";
const AREA: &str = "[data-item='why/hand-over'] textarea";

on_both_databases! {
    /// With the line cut the page says so and keeps what was written, also when it cannot be saved; once the line is back it shows what
    /// others wrote meanwhile, without being loaded anew, and the text is saved.
    async fn a_cut_line_loses_nothing_and_is_caught_up_with(database: TestDatabase) {
        let settings = ServerSettings { clock_runs: true, is_behind_proxy: true, ..ServerSettings::default() };
        let (browser, server) = (Browser::start().await, Server::start_with(database, settings).await);
        let (seat, seats) = collected(&server, "Late by a year").await;
        let page = join(&browser, &server, &seat, "participant", (PHONE, "en", false)).await;
        place(&page, "arrange/cause/hand-over").await;
        page.run("window.isTheSame = true").await;
        edit(&page, WHY).await;
        retype(&page, AREA, "Nobody knew the batch").await;
        server.proxy().refuse(true);
        server.proxy().cut_all();
        page.wait_until("document.body.dataset.line === 'off'").await;
        page.wait_for_visible("#line").await;
        // It is seen from wherever one reads.
        page.run("scrollTo(0, document.body.scrollHeight)").await;
        page.wait_until("scrollY > 0 && document.getElementById('line').getBoundingClientRect().top >= 0").await;
        page.run(&format!("document.querySelector({}).setSelectionRange(21, 21)", quoted(AREA))).await;
        page.type_keys(" any more").await;
        page.tap(&format!("{} [data-act=save]", item(WHY))).await;
        shows(&page, &format!("{} .told", item(WHY)), "Not saved yet").await;
        let kept: String = page.evaluate(&format!("document.querySelector({}).value", quoted(AREA))).await;
        assert_eq!(kept, "Nobody knew the batch any more");
        cut_look(&page).await;

        // Meanwhile, by others.
        let _ = seats[0].write("why_not/hand-over", 0, &conjecture("The manual was there.")).await.expect(200);
        let _ = seats[1].mark("fatigue-poor-health", 0, &conjecture("Late nights")).await.expect(200);
        let _ = seat.collect().await.expect(200);
        server.proxy().disarm();
        page.wait_until("document.body.dataset.line === 'on' && document.getElementById('line').hidden").await;
        shows(&page, &item("why_not/hand-over"), "The manual was there.").await;
        page.wait_until("document.querySelector(\".cause-line[data-cause='fatigue-poor-health'] .voices\").textContent === '1'").await;
        assert!(page.evaluate::<bool>("window.isTheSame === true").await, "it was not loaded anew");
        save(&page, WHY).await;
        assert_eq!(seat.item(WHY).await["body"]["text"], "Nobody knew the batch any more");
        assert_eq!(seat.versions(WHY).await.len(), 1);
    }
}

async fn cut_look(page: &warifu_testkit::Page) {
    page.screenshot(crate::visit::picture("board-line-cut-phone-en")).await;
    assert_eq!(page.accessibility_faults().await, [""; 0]);
}

/// What was typed and not saved is there again after the page was loaded anew, after its window was closed, and says that it is a draft;
/// what somebody else wrote meanwhile is not written over by it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_draft_outlives_the_page() {
    let (browser, server) = (Browser::start().await, serve_on(Engine::Sqlite, false).await);
    let (seat, seats) = collected(&server, "Late by a year").await;
    let page = join(&browser, &server, &seat, "participant", (PHONE, "ja", false)).await;
    place(&page, "arrange/cause/hand-over").await;
    edit(&page, WHY).await;
    retype(&page, AREA, "手順書にない操作があった。").await;
    page.reload().await;
    seated(&page).await;
    shows(&page, &item(WHY), "下書き").await;
    edit(&page, WHY).await;
    let kept: String = page.evaluate(&format!("document.querySelector({}).value", quoted(AREA))).await;
    assert_eq!(kept, "手順書にない操作があった。");

    let url: String = page.evaluate("location.href").await;
    let _ = seats[0].write(WHY, 0, &conjecture("Another was quicker.")).await.expect(200);
    let next = browser.open_beside(&page, &url).await;
    page.close().await;
    seated(&next).await;
    shows(&next, &item(WHY), "Another was quicker.").await;
    edit(&next, WHY).await;
    next.tap(&format!("{} [data-act=save]", item(WHY))).await;
    shows(&next, "#conflict .sides > :first-child", "Another was quicker.").await;
    shows(&next, "#conflict .sides > :last-child", "手順書にない操作があった。").await;
    judge_refused(&next, "lines-draft-conflict-phone-ja", &[409]).await;
    next.tap("#conflict-mine").await;
    next.wait_until("!document.getElementById('conflict')").await;
    shows(&next, &format!("{} .statement", item(WHY)), "手順書にない操作があった。").await;
    let drafts: usize = next.evaluate("Object.keys(localStorage).filter((it) => it.startsWith('draft:')).length").await;
    assert_eq!(drafts, 0, "what is saved is no draft any more");
}

/// A mark whose reply was lost, and an item's, are there once; whoever saves again is told of no conflict with the own text.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reply_that_is_lost_doubles_nothing() {
    let (browser, server) = (Browser::start().await, serve_on(Engine::Sqlite, true).await);
    let (seat, _) = collected(&server, "Late by a year").await;
    let page = join(&browser, &server, &seat, "participant", (DESK, "en", false)).await;
    place(&page, "arrange/cause/hand-over").await;
    for (round, bytes) in [0, 40, 200].into_iter().enumerate() {
        let text = format!("Round {round}");
        edit(&page, WHY).await;
        retype(&page, AREA, &text).await;
        server.proxy().arm(Cut::ToClient(bytes));
        page.tap(&format!("{} [data-act=save]", item(WHY))).await;
        let form = quoted(&format!("{} form", item(WHY)));
        let ended = format!(
            "document.querySelector({form}) === null || document.querySelector({form}).querySelector('.told').dataset.kind === 'bad'"
        );
        page.wait_until(&ended).await;
        server.proxy().disarm();
        if page.evaluate::<bool>(&format!("document.querySelector({form}) !== null")).await {
            page.tap(&format!("{} [data-act=save]", item(WHY))).await;
        }
        page.wait_until(&format!("document.querySelector({form}) === null")).await;
        assert!(!page.evaluate::<bool>("Boolean(document.getElementById('conflict'))").await);
        page.wait_until("document.body.dataset.line === 'on'").await;
        let texts: Vec<_> = seat.versions(WHY).await.iter().map(|it| it["body"]["text"].clone()).collect();
        assert_eq!(texts.len(), round + 1, "{texts:?}");
        assert_eq!(texts[0], text);
    }
}

/// A stream that breaks is opened again by itself, also when the server was started anew, and nothing that happened between is missing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_stream_comes_back_after_every_cut() {
    let (browser, mut server) = (Browser::start().await, serve_on(Engine::Sqlite, false).await);
    let (seat, seats) = collected(&server, "Late by a year").await;
    let port = |server: &Server| server.origin().rsplit(':').next().unwrap().parse::<u16>().unwrap();
    let proxy = warifu_testkit::Proxy::start(port(&server)).await;
    let invitation = seat.invite("participant", 1).await;
    let link = format!("http://localhost:{}/reviews#{invitation}", proxy.port());
    let page = crate::board::room::sit(&browser, &link, (DESK, "ja", false)).await;
    place(&page, "arrange/cause/hand-over").await;
    for round in 0..4_u64 {
        if round == 2 {
            server = server.restart(ServerSettings { clock_runs: true, ..ServerSettings::default() }).await;
            proxy.lead_to(port(&server));
        }
        proxy.cut_all();
        let text = format!("Round {round}");
        let writer = seats[0].through(server.origin());
        let _ = writer.write(WHY, round, &conjecture(&text)).await.expect(200);
        shows(&page, &item(WHY), &text).await;
        page.wait_until("document.body.dataset.line === 'on'").await;
    }
}
