//! `warifu-measure`: what `cargo xtask bench` asks of the inside of a Warifu. It fills databases with members and transactions, and
//! times the ledger without HTTP. For measurements only; every answer is one JSON line.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    reason = "a measurement that cannot go on ends"
)]

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use secrecy::ExposeSecret as _;
use warifu_app::{
    App, Clock as _, CorrectionRequest, NewMember, NewTerminal, Options, PaymentRequest, PrivateAddresses, Settings,
    SystemClock,
};
use warifu_core::correction::Direction;
use warifu_core::id::{MemberId, TransactionId, WalletId};
use warifu_core::ledger::{Ask, Capture, Command, decide};
use warifu_core::lot::LotAccount;
use warifu_core::money::Amount;
use warifu_core::place::{Book, Channel};
use warifu_core::request::{BodyHash, CallerId, RequestKey};
use warifu_core::time::Time;
use warifu_store::{Database, StoreError, Transaction, Wanted};

/// The allocator of `warifu`, so that what is timed is what it runs.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const USAGE: &str = "\
warifu-measure crowd DATABASE KEYS FILE MEMBERS TERMINALS   adds members with money and terminals; their tokens and phones go to FILE
warifu-measure wallets DATABASE COUNT                       adds empty wallets
warifu-measure transfers DATABASE COUNT BATCH WALLETS       transfers between the issuer and so many wallets in turn, timed
warifu-measure payments DATABASE KEYS MEMBERS ROUNDS TASKS  payments by codes without HTTP, one of each member a round; each round timed
warifu-measure append FILE BYTES COUNT BATCH                the yardstick: appends COUNT records, synced after each BATCH
";

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["crowd", database, keys, file, members, terminals] => {
            crowd(database, keys.into(), file, number(members), number(terminals)).await;
        }
        ["wallets", database, count] => wallets(&open(database).await, number(count)).await,
        ["transfers", database, count, batch, wallets] => {
            transfers(&open(database).await, number(count), number(batch), number(wallets)).await;
        }
        ["payments", database, keys, members, rounds, tasks] => {
            payments(database, keys.into(), number(members), number(rounds), number(tasks)).await;
        }
        ["append", file, bytes, count, batch] => append(file, number(bytes), number(count), number(batch)),
        _ => {
            eprint!("{USAGE}");
            return std::process::ExitCode::from(2);
        }
    }
    std::process::ExitCode::SUCCESS
}

fn number(text: &str) -> usize {
    text.replace('_', "").parse().unwrap_or_else(|_| panic!("`{text}` is no number"))
}

async fn open(url: &str) -> Database {
    let database = Database::open(&url.parse().expect("a database URL"), Options::default()).expect("it opens");
    database.migrate().await.expect("it migrates");
    database
}

fn rate(count: usize, took: Duration) -> f64 {
    f64::from(u32::try_from(count).unwrap()) / took.as_secs_f64()
}

async fn open_app(url: &str, keys: PathBuf) -> Arc<App> {
    let settings = Settings {
        database: url.parse().expect("a database URL"),
        keys,
        issuer_prefix: "90000123".parse().expect("a prefix"),
        business_zone: TimeZone::get("Asia/Tokyo").expect("a zone"),
        options: Options::default(),
        public_origin: "http://localhost:8080".to_owned(),
        webhook_private_addresses: PrivateAddresses::Refuse,
        begin: warifu_app::Begin::Operator,
    };
    Arc::new(App::open(settings, Arc::new(SystemClock)).await.expect("it opens"))
}

/// Terminals of one shop.
async fn add_terminals(app: &App, count: usize) -> Vec<NewTerminal> {
    let merchant = app.add_merchant("Bench").await.expect("a merchant");
    let shop = app.add_shop(merchant.id, "Bench").await.expect("a shop");
    let mut added = Vec::new();
    for terminal in 0..count {
        added.push(app.add_terminal(shop.id, &format!("till {terminal}"), Channel::Till, Book::Real).await.unwrap());
    }
    added
}

/// Members who each have 100,000 yen in one paid lot.
async fn add_members(app: &Arc<App>, count: usize) -> Vec<NewMember> {
    let run = warifu_app::new_trace_id();
    let tasks: Vec<_> = (0..64)
        .map(|first| {
            let (app, run) = (Arc::clone(app), run.clone());
            tokio::spawn(async move {
                let mut members = Vec::new();
                for member in (first..count).step_by(64) {
                    let added = app.add_member().await.expect("a member");
                    let request = CorrectionRequest {
                        request_id: format!("{run}-{member:08}").parse().unwrap(),
                        wallet: added.wallet,
                        account: LotAccount::Paid,
                        direction: Direction::Add,
                        amount: Amount::new(100_000).unwrap(),
                        reason: "measured".to_owned(),
                    };
                    assert_eq!(app.correct_wallet(request).await.expect("it is decided").refusal(), None);
                    members.push(added);
                }
                members
            })
        })
        .collect();
    let mut members = Vec::new();
    for task in tasks {
        members.extend(task.await.unwrap());
    }
    members
}

/// Members with money and terminals, whose tokens and keys go to a file.
async fn crowd(url: &str, keys: PathBuf, file: &str, members: usize, terminals: usize) {
    let app = open_app(url, keys).await;
    let mut out = std::io::BufWriter::new(std::fs::File::create(file).expect("the file can be made"));
    for added in add_terminals(&app, terminals).await {
        writeln!(out, "{}", added.token.expose_secret()).unwrap();
    }
    for added in add_members(&app, members).await {
        writeln!(out, "{}", added.handset.text().expose_secret()).unwrap();
    }
    out.flush().unwrap();
    app.drain().await;
}

/// Payments by codes that were issued beforehand, as the interface hands them to the use case, over as many tasks as connections would be.
async fn payments(url: &str, keys: PathBuf, members: usize, rounds: usize, tasks: usize) {
    let app = open_app(url, keys).await;
    let terminals: Arc<Vec<_>> = Arc::new(add_terminals(&app, 256).await);
    let members: Arc<Vec<_>> = Arc::new(add_members(&app, members).await);
    for round in 0..rounds {
        let run = warifu_app::new_trace_id();
        let mut codes = Vec::new();
        for member in members.iter() {
            codes.push(app.issue_code(&member.phone, false).await.expect("a code").code);
        }
        let (codes, next, started) = (Arc::new(codes), Arc::new(AtomicUsize::new(0)), Instant::now());
        let tasks: Vec<_> = (0..tasks)
            .map(|_| {
                let (app, terminals, codes, next) =
                    (Arc::clone(&app), Arc::clone(&terminals), Arc::clone(&codes), Arc::clone(&next));
                let run = run.clone();
                tokio::spawn(async move {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let Some(code) = codes.get(number) else { return };
                        let request = PaymentRequest {
                            request_id: format!("{run}-{number:09}").parse().unwrap(),
                            code: code.clone(),
                            amount: Amount::new(500).unwrap(),
                            capture: Capture::Now,
                            note: None,
                        };
                        let terminal = &terminals[number % terminals.len()].terminal;
                        let receipt = app.take_payment(terminal, request).await.expect("it is decided");
                        assert_eq!(receipt.refusal(), None);
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.unwrap();
        }
        println!(r#"{{"round": {round}, "per_second": {:.0}}}"#, rate(members.len(), started.elapsed()));
    }
    app.drain().await;
}

/// Members with empty wallets whose ids are derived from their number, so that they are found again.
async fn wallets(database: &Database, count: usize) {
    let started = Instant::now();
    for first in (0..count).step_by(1_000) {
        database
            .write(move |transaction| {
                Box::pin(async move {
                    for number in first..count.min(first + 1_000) {
                        let member = MemberId::from_bytes(scattered(number, 1));
                        transaction.create_member(member, wallet_id(number), Book::Real, Time::EPOCH).await?;
                    }
                    Ok(())
                })
            })
            .await
            .expect("wallets are added");
    }
    println!(r#"{{"wallets": {count}, "per_second": {:.0}}}"#, rate(count, started.elapsed()));
}

fn wallet_id(number: usize) -> WalletId {
    WalletId::from_bytes(scattered(number, 0))
}

/// Neighbouring numbers far apart, as wallets that pay one after another are. SplitMix64.
fn scattered(number: usize, salt: u8) -> [u8; 16] {
    let mut mixed = (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let mut bytes = [salt; 16];
    bytes[..8].copy_from_slice(&(mixed ^ (mixed >> 31)).to_be_bytes());
    bytes[8..].copy_from_slice(&(number as u64).to_be_bytes());
    bytes[8] = salt;
    bytes
}

/// Two-party transfers, one a transaction: the issuer gives a hundred yen to each wallet in turn and takes them back in the
/// next round. Everything that a decision has passes: claim, gather, decide, record, commit.
async fn transfers(database: &Database, count: usize, batch: usize, wallets: usize) {
    let (started, mut slowest) = (Instant::now(), Duration::ZERO);
    let run = SystemClock.now().unix_micros();
    for first in (0..count).step_by(batch) {
        let batch_started = Instant::now();
        let numbers = first..count.min(first + batch);
        let commands: Vec<Command> = numbers.map(|number| command(run, number, wallets)).collect();
        let size = commands.len();
        let done = database
            .write(move |transaction| Box::pin(async move { record(transaction, &commands).await }))
            .await
            .expect("a batch is recorded");
        assert_eq!(done, size, "every transfer is done");
        slowest = slowest.max(batch_started.elapsed());
    }
    println!(
        r#"{{"transfers": {count}, "batch": {batch}, "per_second": {:.0}, "slowest_batch_ms": {}}}"#,
        rate(count, started.elapsed()),
        slowest.as_millis()
    );
}

fn command(run: i64, number: usize, wallets: usize) -> Command {
    let direction = if (number / wallets).is_multiple_of(2) { Direction::Add } else { Direction::Take };
    let request_id = format!("{run:x}-{number:09x}");
    let mut random = [0; 10];
    random[2..].copy_from_slice(&(number as u64).to_be_bytes());
    Command {
        id: TransactionId::generate(SystemClock.now(), random),
        key: RequestKey { caller: CallerId::ISSUER, request_id: request_id.parse().unwrap() },
        body: BodyHash([7; 32]),
        ask: Ask::Correct {
            wallet: wallet_id(number % wallets),
            account: LotAccount::Paid,
            direction,
            amount: Amount::new(100).unwrap(),
        },
        note: None,
    }
}

/// One batch, as the commit queue runs it.
async fn record(transaction: &mut Transaction, commands: &[Command]) -> Result<usize, StoreError> {
    let claims: BTreeMap<_, _> = commands.iter().map(|command| (&command.key, command.id)).collect();
    let (head, claimed) = transaction.begin_batch(&claims).await?;
    let wallets = commands.iter().filter_map(|command| command.ask.wallet()).collect();
    let mut loaded = transaction.gather(&Wanted { wallets, ..Wanted::default() }).await?;
    let at = SystemClock.now().max(head.at).max(loaded.latest());
    let fresh = commands.iter().filter(|command| claimed.contains(&command.key));
    let records: Vec<_> = fresh.map(|command| decide(&mut loaded, command, at, &TimeZone::UTC)).collect();
    transaction.record(head, &records, &loaded).await?;
    Ok(records.iter().filter(|record| record.done().is_some()).count())
}

/// What the disk gives at best: records of the same size appended to a file, synced after each batch.
fn append(path: &str, bytes: usize, count: usize, batch: usize) {
    let mut file = std::fs::File::create(path).expect("the file can be made");
    let block = vec![b'w'; bytes * batch];
    let started = Instant::now();
    for first in (0..count).step_by(batch) {
        let size = batch.min(count - first);
        file.write_all(&block[..size * bytes]).expect("it is written");
        file.sync_data().expect("it is synced");
    }
    println!(r#"{{"records": {count}, "bytes": {bytes}, "per_second": {:.0}}}"#, rate(count, started.elapsed()));
}
