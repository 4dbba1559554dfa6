//! `cargo xtask bench`: every speed that the documents claim, side by side with its yardstick in one run.
//!
//! The machine is shared and noisy, so a figure is a ratio of two medians that were taken in turn, round by round.

#![allow(clippy::float_arithmetic, reason = "figures are quotients")]

mod board;
pub(crate) mod overload;
mod process;
mod report;

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

use process::{Cluster, Programs, Server, answers};
use report::Report;

/// How much is measured.
#[derive(Debug)]
struct Scale {
    rounds: usize,
    members: usize,
    pgbench_seconds: u32,
    transfers: usize,
    aged_wallets: usize,
    aged_transfers: usize,
    open_seconds: usize,
    board_each: usize,
    prevent_each: usize,
}

const FULL: Scale = Scale {
    rounds: 3,
    members: 30_000,
    pgbench_seconds: 15,
    transfers: 1_000_000,
    aged_wallets: 1_000_000,
    aged_transfers: 10_000_000,
    open_seconds: 20,
    board_each: 300,
    prevent_each: 60,
};

/// Ends in four minutes, building and the board aside.
const QUICK: Scale = Scale {
    rounds: 3,
    members: 5_000,
    pgbench_seconds: 2,
    transfers: 150_000,
    aged_wallets: 50_000,
    aged_transfers: 250_000,
    open_seconds: 2,
    board_each: 10,
    prevent_each: 2,
};

/// Transfers that are handed to the ledger at once.
const BATCH: usize = 8_192;
const CONNECTIONS: usize = 64;

/// Measures, writes `target/bench/report.json`, and with all of it `docs/performance.md`.
pub(crate) fn run(root: &Path, is_quick: bool, parts: &[&str]) -> Result<(), String> {
    let scale = if is_quick { &QUICK } else { &FULL };
    let programs = Programs::build(root)?;
    let folder = Folder::create()?;
    let mut report = Report::default();
    // The board takes as long again, most of it until there is something to measure on.
    let wants = |part: &str| if parts.is_empty() { !is_quick || part != "board" } else { parts.contains(&part) };
    if wants("ledger") {
        ledger(&mut report, &programs, &folder.0, scale)?;
    }
    if wants("aged") {
        aged(&mut report, &programs, &folder.0, scale)?;
    }
    if wants("sqlite") || wants("postgres") || wants("board") {
        let cluster = Cluster::start(&folder.0)?;
        if wants("sqlite") || wants("postgres") {
            cluster.prepare_pgbench()?;
        }
        if wants("sqlite") {
            let url = format!("sqlite:{}", folder.0.join("http.db").display());
            http(&mut report, &programs, &folder.0, scale, &cluster, "sqlite", &url)?;
        }
        if wants("postgres") {
            let url = cluster.create_database("warifu")?;
            http(&mut report, &programs, &folder.0, scale, &cluster, "postgres", &url)?;
        }
        if wants("board") {
            let sqlite = format!("sqlite:{}", folder.0.join("board.db").display());
            board::measure(&mut report, &programs, &folder.0, scale, ("sqlite", &sqlite))?;
            let postgres = cluster.create_database("board")?;
            board::measure(&mut report, &programs, &folder.0, scale, ("postgres", &postgres))?;
        }
    }
    report.write(root, is_quick, parts.is_empty())
}

/// A folder of this run alone.
struct Folder(PathBuf);

impl Folder {
    fn create() -> Result<Self, String> {
        let path = std::env::temp_dir().join(format!("warifu-bench-{}", std::process::id()));
        std::fs::create_dir(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The ledger without HTTP, on SQLite, and a raw append of as many bytes.
fn ledger(report: &mut Report, programs: &Programs, folder: &Path, scale: &Scale) -> Result<(), String> {
    let (wallets, batch, count) = (100_000.to_string(), BATCH.to_string(), scale.transfers.to_string());
    let (mut rates, mut appends, mut stalls) = (Vec::new(), Vec::new(), Vec::new());
    for round in 0..scale.rounds {
        let path = folder.join(format!("ledger-{round}.db"));
        let url = format!("sqlite:{}", path.display());
        answers(&programs.measure, &["wallets", &url, &wallets])?;
        let before = std::fs::metadata(&path).map_or(0, |file| file.len());
        let answer = answers(&programs.measure, &["transfers", &url, &count, &batch, &wallets])?;
        rates.push(figure(&answer, "per_second")?);
        stalls.push(figure(&answer, "slowest_batch_ms")?);
        let grown = std::fs::metadata(&path).map_or(0, |file| file.len()).saturating_sub(before);
        let bytes = (grown / u64::try_from(scale.transfers).unwrap_or(1)).to_string();
        let raw = folder.join("append").display().to_string();
        let answer = answers(&programs.measure, &["append", &raw, &bytes, &count, &batch])?;
        appends.push(figure(&answer, "per_second")?);
        let _ = std::fs::remove_file(path);
    }
    let yardstick = format!("raw append of the same bytes: {:.0} a second", report::median(&appends));
    report.add("ledger_transfers_per_second", &rates, "transfers/s", &yardstick);
    report.add("ledger_slowest_batch", &stalls, "ms", &format!("batches of {BATCH}"));
    Ok(())
}

/// The same ledger once it holds many wallets and transfers, over an empty one; then a server on it.
fn aged(report: &mut Report, programs: &Programs, folder: &Path, scale: &Scale) -> Result<(), String> {
    let (wallets, batch) = (scale.aged_wallets.to_string(), BATCH.to_string());
    let stretch = (scale.aged_transfers / 20).clamp(100_000, 500_000).to_string();
    let (young, old) = (folder.join("young.db"), folder.join("old.db"));
    let (young, old) = (format!("sqlite:{}", young.display()), format!("sqlite:{}", old.display()));
    answers(&programs.measure, &["wallets", &old, &wallets])?;
    answers(&programs.measure, &["transfers", &old, &scale.aged_transfers.to_string(), &batch, &wallets])?;
    let (mut ratios, mut rates) = (Vec::new(), Vec::new());
    for _ in 0..scale.rounds {
        for suffix in ["", "-wal", "-shm", "-tail", "-tail-wal", "-tail-shm"] {
            let _ = std::fs::remove_file(folder.join(format!("young.db{suffix}")));
        }
        answers(&programs.measure, &["wallets", &young, "1000"])?;
        let empty = answers(&programs.measure, &["transfers", &young, &stretch, &batch, "1000"])?;
        let full = answers(&programs.measure, &["transfers", &old, &stretch, &batch, &wallets])?;
        rates.push(figure(&full, "per_second")?);
        ratios.push(figure(&full, "per_second")? / figure(&empty, "per_second")?);
    }
    let size = format!("{} transfers, {} wallets", scale.aged_transfers, scale.aged_wallets);
    let name = if scale.aged_transfers == FULL.aged_transfers { "rate_at_10m" } else { "rate_at_small_scale" };
    report.add(name, &ratios, "ratio", &format!("an empty store; here {size}"));
    report.add("ledger_transfers_per_second_aged", &rates, "transfers/s", &size);
    let server = Server::start(programs, folder, &old)?;
    let (now, peak) = server.memory().ok_or("the server's memory cannot be read")?;
    report.one("start_to_ready", server.ready_after.as_secs_f64(), "s", &size);
    report.one("memory_after_start", as_f64(now), "MiB", &format!("{size}; at its highest {peak} MiB"));
    Ok(())
}

/// Payments over HTTP against the route that stores nothing, and against pgbench, in turn.
fn http(
    report: &mut Report,
    programs: &Programs,
    folder: &Path,
    scale: &Scale,
    cluster: &Cluster,
    engine: &str,
    url: &str,
) -> Result<(), String> {
    let crowd = folder.join(format!("crowd-{engine}")).display().to_string();
    let keys = folder.join("keys").display().to_string();
    answers(&programs.measure, &["crowd", url, &keys, &crowd, &scale.members.to_string(), "512"])?;
    let server = Server::start(programs, folder, url)?;
    let drill = |name: &str, runs: &[String]| {
        let mut arguments = vec!["--address", &server.address, "--crowd", &crowd, "--name", name];
        arguments.extend(runs.iter().map(String::as_str));
        answers(&programs.drill, &arguments)
    };
    let all = |act: &str| format!("{act}:{CONNECTIONS}:{}", scale.members);
    drill("warm", &[all("issue"), all("pay")])?;
    let mut rounds = Rounds::default();
    for round in 0..scale.rounds {
        rounds.tpcb.push(cluster.pgbench("tpcb-like", scale.pgbench_seconds)?);
        rounds.simple.push(cluster.pgbench("simple-update", scale.pgbench_seconds)?);
        let answers = drill(&format!("r{round}"), &[all("issue"), all("check"), all("pay"), all("pair")])?;
        for (figures, answer) in
            [&mut rounds.issue, &mut rounds.check, &mut rounds.pay, &mut rounds.pair].into_iter().zip(&answers)
        {
            figures.push(good(answer, scale.members)?);
        }
    }
    rounds.report(report, engine);
    let (_, peak) = server.memory().ok_or("the server's memory cannot be read")?;
    report.one(&format!("http_memory_{engine}"), as_f64(peak), "MiB", &format!("{} wallets", scale.members));

    let half = (report::median(&rounds.pay) / 2.0).max(1.0).floor();
    let requests = (half * as_f64(scale.open_seconds as u64)).min(as_f64(scale.members as u64));
    let (mut p99, mut p999) = (Vec::new(), Vec::new());
    for round in 0..scale.rounds {
        let answers = drill(&format!("o{round}"), &[all("issue"), format!("pay@{half:.0}:256:{requests:.0}")])?;
        let latency = answers.get(1).and_then(|answer| answer.get("latency_us")).ok_or("no latencies")?;
        p99.push(latency.get(1).and_then(Value::as_f64).unwrap_or_default() / 1_000.0);
        p999.push(latency.get(2).and_then(Value::as_f64).unwrap_or_default() / 1_000.0);
    }
    let load = format!("{half:.0} payments/s, open loop, generator on the same cores");
    report.add(&format!("http_payment_{engine}_p99_at_half_peak"), &p99, "ms", &load);
    report.add(&format!("http_payment_{engine}_p999_at_half_peak"), &p999, "ms", &load);
    std::thread::sleep(Duration::from_millis(100));
    Ok(())
}

/// What the rounds gave, each figure a second.
#[derive(Default)]
struct Rounds {
    tpcb: Vec<f64>,
    simple: Vec<f64>,
    issue: Vec<f64>,
    check: Vec<f64>,
    pay: Vec<f64>,
    pair: Vec<f64>,
}

impl Rounds {
    fn report(&self, report: &mut Report, engine: &str) {
        let over =
            |yardstick: &[f64]| -> Vec<f64> { self.pay.iter().zip(yardstick).map(|(pay, it)| pay / it).collect() };
        let named = |what: &str, figures: &[f64]| format!("{what}: {:.0} a second", report::median(figures));
        let empty = named("the route that reads, authenticates and stores nothing", &self.check);
        let tpcb = named("pgbench TPC-B, scale 50, 8 clients, prepared", &self.tpcb);
        let simple = named("pgbench -N, scale 50, 8 clients, prepared", &self.simple);
        let name = |figure: &str| format!("http_payment_{engine}_{figure}");
        report.add(&name("vs_empty_handler"), &over(&self.check), "ratio", &empty);
        report.add(&name("vs_pgbench_tpcb"), &over(&self.tpcb), "ratio", &tpcb);
        report.add(&name("vs_pgbench_simple_update"), &over(&self.simple), "ratio", &simple);
        report.add(&name("per_second"), &self.pay, "payments/s", "codes issued beforehand, 64 connections");
        report.add(&format!("http_pair_{engine}_per_second"), &self.pair, "pairs/s", "a code, and the payment by it");
        report.add(&format!("http_code_{engine}_per_second"), &self.issue, "codes/s", "");
    }
}

/// The rate of a run in which everything was answered as hoped.
fn good(answer: &Value, expected: usize) -> Result<f64, String> {
    let done = answer.get("done").and_then(Value::as_u64);
    if done != u64::try_from(expected).ok() {
        return Err(format!("not everything was done: {answer}"));
    }
    answer.get("rate").and_then(Value::as_f64).ok_or_else(|| "no rate".to_owned())
}

fn figure(answers: &[Value], name: &str) -> Result<f64, String> {
    let found = answers.first().and_then(|answer| answer.get(name)).and_then(Value::as_f64);
    found.ok_or_else(|| format!("no `{name}` among {answers:?}"))
}

fn as_f64(number: u64) -> f64 {
    f64::from(u32::try_from(number).unwrap_or(u32::MAX))
}
