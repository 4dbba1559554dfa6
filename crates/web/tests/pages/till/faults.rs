//! The till survives whatever happens to the line, to its window and to the server: each schedule of faults ends with what the screen says
//! being what the wallet says, to the yen.
//!
//! `WARIFU_SCHEDULES` says how many schedules there are, `WARIFU_SEED` the seed of the first.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use warifu_testkit::proxy::{Cut, Proxy};
use warifu_testkit::{Browser, Chance, Engine, Member, Page, Server, ServerSettings, TestDatabase, schedules};

use crate::till::counter::{TABLET, scan};

/// What happens to one payment or top-up.
#[derive(Clone, Copy, Debug)]
enum Fault {
    None,
    /// No connection from before the request on.
    Away,
    /// So many bytes of the request get through.
    Request(usize),
    /// So many bytes of the reply get through.
    Reply(usize),
    /// Everything is cut so many milliseconds after the request began.
    CutAfter(u64),
    /// The page is loaded anew so many milliseconds after.
    Reload(u64),
    /// The window is closed so many milliseconds after, and the till opened in another.
    Killed(u64),
}

impl Fault {
    fn draw(chance: &mut Chance) -> Self {
        match chance.below(8) {
            0 => Self::None,
            1 => Self::Away,
            2 => Self::Request(usize::try_from(chance.below(1_400)).unwrap()),
            3 => Self::Reply(usize::try_from(chance.below(1_400)).unwrap()),
            4 | 5 => Self::CutAfter(chance.below(40)),
            6 => Self::Reload(chance.below(60)),
            _ => Self::Killed(chance.below(60)),
        }
    }
}

/// A till behind a line of its own that can be cut.
struct Line {
    page: Page,
    proxy: Proxy,
    member: Member,
}

fn port(server: &Server) -> u16 {
    server.origin().rsplit(':').next().unwrap().parse().unwrap()
}

async fn line(browser: &Browser, server: &Server) -> Line {
    let proxy = Proxy::start(port(server)).await;
    let till = server.add_till(server.add_shop().await).await;
    let token = server.terminal_token(&till.terminal).await;
    let page = browser.open(&format!("http://localhost:{}/till#{token}", proxy.port()), TABLET, "en", false).await;
    page.wait_for_visible("#enroll").await;
    page.tap("#enroll").await;
    page.wait_for_visible("#amount").await;
    Line { page, proxy, member: server.member_with(45_000).await }
}

/// The verdict on the screen, once there is one that is final.
async fn verdict(page: &Page) -> String {
    page.wait_until("['paid', 'not_paid'].includes(document.getElementById('stage')?.dataset.verdict)").await;
    page.evaluate("document.getElementById('stage').dataset.verdict").await
}

/// What is on the screen once the till has settled everything that it has kept, and what that is, the newest last. A window that was
/// opened anew may have found nothing unsettled, and shows nothing then.
async fn settled(page: &Page) -> (String, Vec<serde_json::Value>) {
    page.wait_until("document.getElementById('view-work')?.hidden === false").await;
    let until = Instant::now() + Duration::from_secs(100);
    loop {
        let mut all = kept(page).await;
        let shown: String = page.evaluate("document.getElementById('stage').dataset.verdict").await;
        let is_settled = all.iter().all(|intent| intent["verdict"] != "asking") && shown != "asking";
        assert!(is_settled || Instant::now() < until, "shown {shown}, kept {all:?}");
        if is_settled {
            all.sort_by_key(|intent| intent["began_at"].as_i64());
            return (shown, all);
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// What the till has kept.
async fn kept(page: &Page) -> Vec<serde_json::Value> {
    page.evaluate(
        "(async () => { const names = (await indexedDB.databases()).map((it) => it.name).filter((it) => it.startsWith('warifu-till-')); \
         const all = []; for (const name of names) { const db = await new Promise((resolve, reject) => { const open = indexedDB.open(name); \
         open.onsuccess = () => resolve(open.result); open.onerror = () => reject(open.error); }); \
         for (const store of db.objectStoreNames) all.push(...await new Promise((resolve, reject) => { \
         const got = db.transaction(store).objectStore(store).getAll(); got.onsuccess = () => resolve(got.result); got.onerror = () => reject(got.error); })); \
         db.close(); } return all; })()",
    )
    .await
}

/// One customer, to whose payment or top-up this happens.
async fn serve(browser: &Browser, line: &mut Line, seed: u64) -> Result<(), String> {
    let mut chance = Chance::new(seed);
    let is_top_up = chance.below(3) == 0;
    let amount = i64::try_from(1 + chance.below(900)).unwrap();
    let fault = Fault::draw(&mut chance);
    let heals_after = Duration::from_millis(chance.below(1_500));
    let before = line.member.balance().await;
    let known = kept(&line.page).await.len();
    let mode = if is_top_up { "top_up" } else { "payment" };
    line.page.tap(&format!("[name=mode][value={mode}] + span")).await;
    match fault {
        Fault::Away => {
            line.proxy.refuse(true);
            line.proxy.cut_all();
        }
        Fault::Request(bytes) => line.proxy.arm(Cut::ToDatabase(bytes)),
        Fault::Reply(bytes) => line.proxy.arm(Cut::ToClient(bytes)),
        _ => {}
    }
    scan(&line.page, amount, &line.member.show_code().await).await;
    let wait = |milliseconds| tokio::time::sleep(Duration::from_millis(milliseconds));
    match fault {
        Fault::CutAfter(after) => {
            wait(after).await;
            line.proxy.refuse(true);
            line.proxy.cut_all();
        }
        Fault::Reload(after) => {
            wait(after).await;
            line.page.reload().await;
        }
        Fault::Killed(after) => {
            wait(after).await;
            let url = format!("http://localhost:{}/till", line.proxy.port());
            let next = browser.open_beside(&line.page, &url).await;
            std::mem::replace(&mut line.page, next).close().await;
        }
        _ => {}
    }
    tokio::time::sleep(heals_after).await;
    line.proxy.disarm();

    if !matches!(fault, Fault::Reload(_) | Fault::Killed(_)) {
        verdict(&line.page).await;
    }
    let (shown, all) = settled(&line.page).await;
    let newest = all.last().filter(|_| all.len() > known).cloned();
    let told = newest.as_ref().map_or("none", |intent| intent["verdict"].as_str().unwrap());
    let moved = line.member.balance().await - before;
    let sign = if is_top_up { 1 } else { -1 };
    let expected = if told == "paid" { sign * amount } else { 0 };
    let agrees = shown == "none" || shown == told;
    if moved != expected || told == "asking" || !agrees {
        return Err(format!("seed {seed}: {fault:?}, {mode} {amount}: shown {shown}, kept {newest:?}, moved {moved}"));
    }
    if shown != "none" {
        line.page.tap("#next").await;
    }
    Ok(())
}

/// Each schedule ends as the screen says; what moved is counted once more at the end, when nothing can be on its way any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cut_line_a_killed_window_and_a_reload_lose_nothing_and_double_nothing() {
    let browser = Arc::new(Browser::start().await);
    let settings = ServerSettings { clock_runs: true, ..ServerSettings::default() };
    let server = Arc::new(Server::start_with(TestDatabase::new(Engine::Sqlite).await, settings).await);
    let seeds = Arc::new(Mutex::new(schedules(24)));
    let workers = (0..4).map(|_| {
        let (browser, server, seeds) = (Arc::clone(&browser), Arc::clone(&server), Arc::clone(&seeds));
        tokio::spawn(async move {
            let mut line = line(&browser, &server).await;
            let mut failures = Vec::new();
            loop {
                let Some(seed) = seeds.lock().unwrap().next() else { break };
                if let Err(failure) = serve(&browser, &mut line, seed).await {
                    failures.push(failure);
                    break;
                }
            }
            let intents = kept(&line.page).await;
            let sum = intents.iter().fold(0, |sum, intent| {
                let amount = intent["body"]["amount"].as_i64().unwrap();
                let sign = if intent["kind"] == "top_up" { 1 } else { -1 };
                if intent["verdict"] == "paid" { sum + sign * amount } else { sum }
            });
            (failures, 45_000 + sum, line.member.balance().await)
        })
    });
    for worker in workers.collect::<Vec<_>>() {
        let (failures, expected, found) = worker.await.unwrap();
        assert_eq!(failures, [""; 0]);
        assert_eq!(found, expected, "what the tills told is what the wallets hold");
    }
    server.verify().await;
}

/// Giving back under faults: a refund and a cancel happen once, however the line and the window behave.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_given_back_is_given_back_once() {
    let browser = Browser::start().await;
    let settings = ServerSettings { clock_runs: true, ..ServerSettings::default() };
    let server = Server::start_with(TestDatabase::new(Engine::Sqlite).await, settings).await;
    let mut line = line(&browser, &server).await;
    for (round, cut) in
        [Cut::ToDatabase(0), Cut::ToClient(0), Cut::ToClient(300), Cut::ToDatabase(700)].into_iter().enumerate()
    {
        scan(&line.page, 1_000, &line.member.show_code().await).await;
        assert_eq!(verdict(&line.page).await, "paid");
        line.page.tap("#next").await;
        line.page.tap(".day li:first-child .day-line").await;
        line.page.wait_for_visible("#refund-form").await;
        let undo = if round % 2 == 0 { "#refund-form button" } else { "#line-cancel" };
        line.proxy.arm(cut);
        line.page.tap(undo).await;
        if round == 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
            line.proxy.disarm();
            let url = format!("http://localhost:{}/till", line.proxy.port());
            let next = browser.open_beside(&line.page, &url).await;
            std::mem::replace(&mut line.page, next).close().await;
        }
        line.proxy.disarm();
        let (shown, all) = settled(&line.page).await;
        assert_eq!(all.last().unwrap()["verdict"], "paid", "round {round}: {all:?}");
        assert_eq!(line.member.balance().await, 45_000, "round {round}");
        if shown != "none" {
            line.page.tap("#next").await;
        }
        line.page.wait_until(&format!("document.querySelectorAll('.day-line').length === {}", 2 * (round + 1))).await;
    }
    server.verify().await;
}

/// The server goes away in the middle and comes back: the till settles it without anybody's help.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_restarted_is_waited_for() {
    let browser = Browser::start().await;
    for engine in [Engine::Sqlite, Engine::Postgres] {
        let settings = ServerSettings { clock_runs: true, ..ServerSettings::default() };
        let mut server = Server::start_with(TestDatabase::new(engine).await, settings).await;
        let till = line(&browser, &server).await;
        let handset = server.add_member().await;
        // Through the line too, which leads to wherever the server is.
        let member = Member::by_handset(&format!("http://127.0.0.1:{}", till.proxy.port()), &handset);
        let _ = server.cashier().await.top_up(10_000, &member.show_code().await).await.expect(201);
        let mut expected = 10_000;
        for round in 0..3_u64 {
            scan(&till.page, 500, &member.show_code().await).await;
            tokio::time::sleep(Duration::from_millis(round * 4)).await;
            till.proxy.refuse(true);
            till.proxy.cut_all();
            server = server.restart(settings).await;
            till.proxy.lead_to(port(&server));
            till.proxy.disarm();
            let shown = verdict(&till.page).await;
            expected -= if shown == "paid" { 500 } else { 0 };
            assert_eq!(member.balance().await, expected, "round {round} on {engine:?}: {shown}");
            till.page.tap("#next").await;
        }
        server.verify().await;
    }
}

/// A till that is loaded anew while the line is cut opens all the same, tells that it asks, and settles when the line is back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_till_opens_while_the_line_is_cut() {
    let browser = Browser::start().await;
    let settings = ServerSettings { clock_runs: true, ..ServerSettings::default() };
    let server = Server::start_with(TestDatabase::new(Engine::Sqlite).await, settings).await;
    let line = line(&browser, &server).await;
    line.page.wait_until("'kept' in document.documentElement.dataset").await;
    let code = line.member.show_code().await;
    line.proxy.refuse(true);
    line.proxy.cut_all();
    scan(&line.page, 600, &code).await;
    line.page.wait_until("document.getElementById('stage').dataset.verdict === 'asking'").await;
    line.page.reload().await;
    line.page.wait_for_visible("#stage").await;
    line.page.wait_until("document.getElementById('stage').dataset.verdict === 'asking'").await;
    line.page.wait_for_text("No connection").await;
    line.proxy.disarm();
    let expected = if verdict(&line.page).await == "paid" { 44_400 } else { 45_000 };
    assert_eq!(line.member.balance().await, expected);
    server.verify().await;
}

/// A second window waits for the first, takes over when that is closed, and settles what it left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_windows_one_works_and_the_other_takes_over() {
    let browser = Browser::start().await;
    let settings = ServerSettings { clock_runs: true, ..ServerSettings::default() };
    let server = Server::start_with(TestDatabase::new(Engine::Sqlite).await, settings).await;
    let line = line(&browser, &server).await;
    let second = browser.open_beside(&line.page, &format!("http://localhost:{}/till", line.proxy.port())).await;
    second.wait_for_visible("#view-standby").await;
    line.proxy.refuse(true);
    line.proxy.cut_all();
    scan(&line.page, 700, &line.member.show_code().await).await;
    line.page.wait_until("document.getElementById('stage').dataset.verdict === 'asking'").await;
    line.page.close().await;
    second.wait_until("document.getElementById('stage').dataset.verdict === 'asking'").await;
    line.proxy.disarm();
    let shown = verdict(&second).await;
    let expected = if shown == "paid" { 44_300 } else { 45_000 };
    assert_eq!(line.member.balance().await, expected, "{shown}");
    server.verify().await;
}
