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
use std::time::{Duration, Instant};

use jiff::tz::TimeZone;
use secrecy::ExposeSecret as _;
use warifu_app::{App, Clock as _, CorrectionRequest, Options, PrivateAddresses, Settings, SystemClock};
use warifu_core::correction::Direction;
use warifu_core::id::{MemberId, TransactionId, WalletId};
use warifu_core::ledger::{Ask, Command, decide};
use warifu_core::lot::LotAccount;
use warifu_core::money::Amount;
use warifu_core::place::{Book, Channel};
use warifu_core::request::{BodyHash, CallerId, RequestKey};
use warifu_core::time::Time;
use warifu_store::{Database, StoreError, Transaction, Wanted};

const USAGE: &str = "\
warifu-measure crowd DATABASE KEYS FILE MEMBERS TERMINALS   adds members with money and terminals; their tokens and phones go to FILE
warifu-measure wallets DATABASE COUNT                       adds empty wallets
warifu-measure transfers DATABASE COUNT BATCH WALLETS       transfers between the issuer and so many wallets in turn, timed
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

/// Members who each have 100,000 yen in one paid lot, and terminals of one shop.
async fn crowd(url: &str, keys: PathBuf, file: &str, members: usize, terminals: usize) {
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
    let app = Arc::new(App::open(settings, Arc::new(SystemClock)).await.expect("it opens"));
    let mut out = std::io::BufWriter::new(std::fs::File::create(file).expect("the file can be made"));
    let merchant = app.add_merchant("Bench").await.expect("a merchant");
    let shop = app.add_shop(merchant.id, "Bench").await.expect("a shop");
    for terminal in 0..terminals {
        let added = app.add_terminal(shop.id, &format!("till {terminal}"), Channel::Till, Book::Real).await.unwrap();
        writeln!(out, "{}", added.token.expose_secret()).unwrap();
    }
    let run = warifu_app::new_trace_id();
    let tasks: Vec<_> = (0..64)
        .map(|first| {
            let (app, run) = (Arc::clone(&app), run.clone());
            tokio::spawn(async move {
                let mut tokens = Vec::new();
                for member in (first..members).step_by(64) {
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
                    tokens.push(added.handset.text());
                }
                tokens
            })
        })
        .collect();
    for task in tasks {
        for token in task.await.unwrap() {
            writeln!(out, "{}", token.expose_secret()).unwrap();
        }
    }
    out.flush().unwrap();
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
    let head = transaction.lock_stream().await?;
    let claims: BTreeMap<_, _> = commands.iter().map(|command| (&command.key, command.id)).collect();
    let claimed = transaction.claim_requests(&claims).await?;
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
