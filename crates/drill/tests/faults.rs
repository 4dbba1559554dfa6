//! Proves that nothing is lost and nothing happens twice when PostgreSQL is cut off, above all during a COMMIT; and that the
//! witness, who says so, would see it.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot go on panics, and a long run prints its figures"
)]

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use warifu_drill::witness::{Actors, Checked, End, Log, Plan, Verdict, check, load};
use warifu_testkit::{Cut, Engine, Member, Proxy, Server, ServerSettings, TestDatabase};

/// A schedule is so long, and begins with the database in reach.
const SCHEDULE: Duration = Duration::from_millis(400);
/// Every so many schedules, PostgreSQL itself is stopped and started again.
const RESTART_EVERY: u64 = 15;

/// A number from the environment, for a long run.
fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().expect("a setting is a number"))
}

/// SplitMix64, so that a seed is a schedule.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

async fn actors(server: &Server) -> Actors {
    let shop = server.add_shop().await;
    let mut actors = Actors::default();
    for _ in 0..3 {
        actors.tills.push(server.add_till(shop).await.token);
    }
    for _ in 0..8 {
        actors.members.push(server.add_member().await);
    }
    actors
}

/// Does the damage of one schedule: some cuts, some time out of reach, rarely a restart.
async fn disturb(server: &Server, proxy: &Proxy, schedule: u64, chance: &mut u64, kinds: &mut BTreeMap<String, u64>) {
    let end = Instant::now() + SCHEDULE;
    while Instant::now() < end {
        let length = usize::try_from(next(chance) % 3_000).unwrap();
        let cut = match next(chance) % 7 {
            0 => Some(Cut::BeforeCommit),
            1 | 2 => Some(Cut::AfterCommit),
            3 => Some(Cut::WithinAnswer(length % 20)),
            4 => Some(Cut::ToDatabase(length)),
            5 => Some(Cut::ToClient(length)),
            _ => None,
        };
        let name = cut.map_or("All".to_owned(), |cut| format!("{cut:?}").split('(').next().unwrap().to_owned());
        *kinds.entry(name).or_default() += 1;
        match cut {
            Some(cut) => proxy.arm(cut),
            None => {
                proxy.refuse(true);
                proxy.cut_all();
            }
        }
        tokio::time::sleep(Duration::from_millis(20 + next(chance) % 60)).await;
        proxy.refuse(false);
    }
    if schedule.is_multiple_of(RESTART_EVERY) {
        *kinds.entry("Restart".to_owned()).or_default() += 1;
        tokio::task::block_in_place(|| server.database().cluster().crash_and_restart());
    }
    proxy.disarm();
}

async fn settle(server: &Server) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while server.anonymous().get("/readyz").await.status() != 200 {
        assert!(Instant::now() < deadline, "the server does not get over it");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Runs schedules of cuts against a loaded server, and has the witness compare after each.
/// `FAULT_SCHEDULES` and `FAULT_SEED` make a long run of it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_is_lost_or_doubled_when_postgres_is_cut_off() {
    let (schedules, seed) = (setting("FAULT_SCHEDULES", 8), setting("FAULT_SEED", 1));
    let mut chance = seed;
    let database = TestDatabase::new(Engine::Postgres).await;
    let proxy = Proxy::start(database.cluster().port()).await;
    // Phones sign with the time, and a long run takes longer than a signature may be old.
    let settings = ServerSettings { clock_runs: true, ..ServerSettings::default() };
    let server = Server::start_with(database.through(proxy.port()), settings).await;
    let actors = actors(&server).await;
    let folder = tempfile::tempdir().unwrap();
    let log = Arc::new(Log::open(&folder.path().join("witness.jsonl")).unwrap());
    let (mut sum, mut kinds, mut unknown_replies) = (Verdict::default(), BTreeMap::new(), 0);
    for schedule in 1..=schedules {
        let plan = Plan {
            base: server.origin().to_owned(),
            actors: actors.clone(),
            seed: next(&mut chance),
            run: format!("s{schedule}"),
            end: End::After(SCHEDULE),
        };
        let loading = load(&plan, &log);
        let (tally, ()) = tokio::join!(loading, disturb(&server, &proxy, schedule, &mut chance, &mut kinds));
        unknown_replies += tally.unwrap().unknown;
        settle(&server).await;
        let scope = if schedule == schedules { Checked::All } else { Checked::New };
        let verdict = check(server.origin(), &actors, &log, scope, true).await.unwrap();
        assert!(verdict.violations.is_empty(), "seed {seed}, schedule {schedule}: {:#?}", verdict.violations);
        sum.acknowledged += verdict.acknowledged;
        sum.there += verdict.there;
        sum.absent += verdict.absent;
    }
    server.verify().await;
    let retried = server.app().statistics().retried;
    println!(
        "postgres cuts: {schedules} schedules, seed {seed}: {} connections cut, armed {kinds:?}; {} acknowledged \
         commands checked, {unknown_replies} replies unknown, {} commands left unknown and there, {} not there; \
         {retried} batches run again: nothing lost, nothing twice",
        proxy.cuts(),
        sum.acknowledged,
        sum.there,
        sum.absent,
    );
    // A few schedules on a slow machine may miss every COMMIT.
    assert!(proxy.cuts() > 0 && (retried > 0 || schedules < 50), "the schedules cut nothing that mattered");
}

/// A server on SQLite that was loaded for a moment, and the witness's log.
async fn loaded(folder: &std::path::Path) -> (Server, Actors, Arc<Log>) {
    let server = Server::start(Engine::Sqlite).await;
    let actors = actors(&server).await;
    let log = Arc::new(Log::open(&folder.join("witness.jsonl")).unwrap());
    let mut answers = 0;
    // A slow machine needs more than one round.
    for round in 0..50 {
        let plan = Plan {
            base: server.origin().to_owned(),
            actors: actors.clone(),
            seed: round,
            run: format!("w{round}"),
            end: End::After(SCHEDULE),
        };
        let tally = load(&plan, &log).await.unwrap();
        assert!(tally.unknown == 0 && tally.lost == 0, "{tally:?}");
        answers += tally.answers;
        if answers > 50 {
            break;
        }
    }
    let verdict = check(server.origin(), &actors, &log, Checked::All, true).await.unwrap();
    assert_eq!(verdict.violations, [""; 0]);
    (server, actors, log)
}

async fn complaints(server: &Server, actors: &Actors, log: &Arc<Log>) -> String {
    check(server.origin(), actors, log, Checked::All, true).await.unwrap().violations.join("\n")
}

/// Takes the last transaction out of the database, as if it had never come to the disk.
#[tokio::test]
async fn the_witness_sees_what_was_lost() {
    let folder = tempfile::tempdir().unwrap();
    let (server, actors, log) = loaded(folder.path()).await;
    let last = "(SELECT id FROM journal WHERE kind IN ('payment', 'authorization', 'top_up', 'refund') \
                ORDER BY position DESC LIMIT 1)";
    server.database().execute_raw(&format!("DELETE FROM requests WHERE transaction_id = {last}")).await;
    server.database().execute_raw(&format!("DELETE FROM journal WHERE id = {last}")).await;
    let found = complaints(&server, &actors, &log).await;
    assert!(found.contains("is gone"), "{found}");
}

/// Has a payment happen that no answer speaks of, as a doubled one would.
#[tokio::test]
async fn the_witness_sees_what_happened_twice() {
    let folder = tempfile::tempdir().unwrap();
    let (server, actors, log) = loaded(folder.path()).await;
    let member = Member::by_handset(server.origin(), &actors.members[0]);
    let _ = server.cashier().await.top_up(100, &member.show_code().await).await.expect(201);
    let found = complaints(&server, &actors, &log).await;
    assert!(found.contains("member 0 holds"), "{found}");
}

/// Changes a recorded amount, so that the same again gets another answer.
#[tokio::test]
async fn the_witness_sees_what_was_changed() {
    let folder = tempfile::tempdir().unwrap();
    let (server, actors, log) = loaded(folder.path()).await;
    server
        .database()
        .execute_raw("UPDATE journal SET amount = amount + 1 WHERE kind = 'top_up' AND refusal IS NULL")
        .await;
    let found = complaints(&server, &actors, &log).await;
    assert!(found.contains("and now"), "{found}");
}
