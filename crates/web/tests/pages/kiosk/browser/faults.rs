//! Whatever happens to the line and to the machine's page: what is in the wallet is what is in the cassette, and every other note is out
//! again.
//!
//! `WARIFU_SCHEDULES` says how many schedules there are, `WARIFU_SEED` the seed of the first.

use std::time::Duration;

use warifu_testkit::proxy::{Cut, Proxy};
use warifu_testkit::{Browser, Chance, Member, Page, Server, schedules};

use super::{cassette, open_at};
use crate::visit::{DESK, serve};

/// What happens to the line once the code is read.
#[derive(Clone, Copy, Debug)]
enum Line {
    Holds,
    /// No connection from before the request on.
    Away,
    /// So many bytes of the request get through.
    Request(usize),
    /// So many bytes of the reply get through.
    Reply(usize),
    /// Everything is cut so many milliseconds after.
    CutAfter(u64),
}

/// What happens to the page, so many milliseconds after something was begun.
#[derive(Clone, Copy, Debug)]
enum Power {
    Holds,
    FailsInserting(u64),
    FailsAsking(u64),
    FailsAtTheEnd(u64),
}

impl Line {
    fn draw(chance: &mut Chance) -> Self {
        match chance.below(6) {
            0 => Self::Holds,
            1 => Self::Away,
            2 => Self::Request(usize::try_from(chance.below(1_400)).unwrap()),
            3 => Self::Reply(usize::try_from(chance.below(1_400)).unwrap()),
            _ => Self::CutAfter(chance.below(40)),
        }
    }
}

impl Power {
    fn draw(chance: &mut Chance) -> Self {
        match chance.below(5) {
            0 | 1 => Self::Holds,
            2 => Self::FailsInserting(chance.below(12)),
            3 => Self::FailsAsking(chance.below(60)),
            _ => Self::FailsAtTheEnd(chance.below(30)),
        }
    }
}

struct Atm {
    page: Page,
    proxy: Proxy,
    member: Member,
}

/// The window is gone, and another is opened in its place.
async fn fail(browser: &Browser, atm: &mut Atm) {
    // A page that cannot be loaded has no window to look at; a machine's browser tries until it can.
    atm.proxy.disarm();
    let url = format!("http://localhost:{}/atm", atm.proxy.port());
    let next = browser.open_beside(&atm.page, &url).await;
    std::mem::replace(&mut atm.page, next).close().await;
}

const SHOWN: &str = "['start', 'found', 'verdict'].includes(document.body.dataset.step) && \
    document.getElementById(`view-${document.body.dataset.step}`).checkVisibility()";

/// One customer, to whom this happens, until the code is dealt with. Gives what happened, and whether notes may have been
/// refused because the power failed while they went in.
async fn serve_one(browser: &Browser, atm: &mut Atm, seed: u64, put: &mut i64) -> (String, bool) {
    let mut chance = Chance::new(seed);
    let notes: Vec<i64> = (0..=chance.below(3)).map(|_| [1_000, 2_000, 5_000][chance.below(3) as usize]).collect();
    let (line, power) = (Line::draw(&mut chance), Power::draw(&mut chance));
    let heals_after = Duration::from_millis(chance.below(1_200));
    let stops = chance.below(3) == 0;
    let wait = |milliseconds| tokio::time::sleep(Duration::from_millis(milliseconds));
    let page = &atm.page;
    page.tap("#begin").await;
    page.wait_for_visible("#view-notes").await;
    for yen in &notes {
        *put += yen;
        // As quickly as a machine can, without looking at what is shown.
        page.run(&format!("document.querySelector('.note[data-yen=\"{yen}\"]').click()")).await;
    }
    if let Power::FailsInserting(after) = power {
        wait(after).await;
        fail(browser, atm).await;
        atm.page.wait_until(SHOWN).await;
        let step: String = atm.page.evaluate("document.body.dataset.step").await;
        if step == "start" {
            return (format!("{line:?} {power:?}"), true);
        }
        atm.page.tap("#go-on").await;
    }
    atm.page.wait_until("!document.getElementById('to-code').disabled").await;
    // All of them are counted before the customer goes on.
    wait(30).await;
    atm.page.tap("#to-code").await;
    atm.page.wait_for_visible("#view-code").await;
    let code = atm.member.show_code().await;
    match line {
        Line::Away => {
            atm.proxy.refuse(true);
            atm.proxy.cut_all();
        }
        Line::Request(bytes) => atm.proxy.arm(Cut::ToDatabase(bytes)),
        Line::Reply(bytes) => atm.proxy.arm(Cut::ToClient(bytes)),
        _ => {}
    }
    atm.page.fill("#scan", &code).await;
    atm.page.press("Enter").await;
    if let Line::CutAfter(after) = line {
        wait(after).await;
        atm.proxy.refuse(true);
        atm.proxy.cut_all();
    }
    if let Power::FailsAsking(after) = power {
        wait(after).await;
        fail(browser, atm).await;
    }
    if stops {
        atm.page.run("document.getElementById('stop')?.click()").await;
    }
    tokio::time::sleep(heals_after).await;
    atm.proxy.disarm();
    if let Power::FailsAtTheEnd(after) = power {
        atm.page.wait_until("document.getElementById('stage').dataset.verdict !== 'asking'").await;
        wait(after).await;
        fail(browser, atm).await;
    }
    (format!("{line:?} {power:?} stops: {stops}"), matches!(power, Power::FailsInserting(_)))
}

/// To the end of the visit, however it ended; and what the notes of it came to.
async fn finish(atm: &Atm) -> String {
    let page = &atm.page;
    page.wait_until(&format!(
        "({SHOWN}) && (document.body.dataset.step !== 'verdict' || document.getElementById('finish').checkVisibility())"
    ))
    .await;
    match page.evaluate::<String>("document.body.dataset.step").await.as_str() {
        "start" => return "start".to_owned(),
        "found" => {
            page.tap("#view-found .give-back").await;
            page.wait_until("document.getElementById('finish').checkVisibility()").await;
        }
        _ => {}
    }
    let verdict: String = page.evaluate("document.getElementById('stage').dataset.verdict").await;
    page.tap("#finish").await;
    page.wait_for_visible("#view-start").await;
    verdict
}

/// Each schedule ends with every note either kept for what is in the wallet, or out again; never both, never neither.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_note_is_lost_and_none_counts_twice() {
    let (browser, server) = (Browser::start().await, serve().await);
    server.set_policy(&[("balance_max", None), ("atm_top_up_max", None)]).await;
    let mut atm = start(&browser, &server).await;
    let mut put = 0;
    for seed in schedules(20) {
        let (told, may_be_short) = serve_one(&browser, &mut atm, seed, &mut put).await;
        let verdict = finish(&atm).await;
        let (held, kept, returned) = cassette(&atm.page).await;
        let balance = atm.member.balance().await;
        let story = format!(
            "seed {seed}: {told}: {verdict}: put in {put}, held {held}, kept {kept}, returned {returned}, in the wallet {balance}"
        );
        assert!(held == 0 && kept == balance && kept + returned <= put, "{story}");
        assert!(may_be_short || kept + returned == put, "{story}: a note is lost");
        // What the slot did not draw in any more was never in.
        put = kept + returned;
    }
    server.verify().await;
}

async fn start(browser: &Browser, server: &Server) -> Atm {
    let port = server.origin().rsplit(':').next().unwrap().parse().unwrap();
    let proxy = Proxy::start(port).await;
    let (page, _) = open_at(browser, server, &format!("http://localhost:{}", proxy.port()), DESK, "en", false).await;
    Atm { page, proxy, member: server.member().await }
}
