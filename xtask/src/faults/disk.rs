//! `cargo xtask disk-faults`: the disk fails or is full at a write, for a while; or a sync fails once. On SQLite.
//!
//! A failed write is refused clearly while everything that reads goes on, and passes when the disk is well again. A failed
//! sync ends all writing of the process: not one byte goes to the database or its log after it.

use std::fs;
use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Binaries;
use super::chance::Chance;
use super::stage::{Folder, Server, Stage, Sum, strace};

/// How long a fault may take to come, and the server to get over it.
const PATIENCE: Duration = Duration::from_secs(30);
/// For how many writes a disk stays unwell.
const FAILING: u64 = 60;
/// Writes and syncs before these are made while the server starts.
const FIRST: u64 = 3;
/// How many writes, and how many syncs, are far enough to find logs moved into the file.
const WRITES: u64 = 3_000;
const SYNCS: u64 = 150;

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    spells: u64,
    singles: u64,
    of_log: u64,
    of_file: u64,
    of_folder: u64,
    before_serving: u64,
    refused: u64,
    probes: u64,
}

/// What fails, from the n-th write on.
#[derive(Clone, Copy, Debug)]
enum Spell {
    /// This write alone.
    One(u64),
    /// So many that callers see it.
    Many(u64),
}

/// Where the disk fails.
#[derive(Clone, Debug)]
pub(super) struct Sites {
    /// So many places picked by chance: a spell of each error, and a sync.
    pub(super) spells: u64,
    /// So often the sync of the file itself, with which a move of the log into it ends.
    pub(super) moves: u64,
    /// Each of these writes, alone.
    pub(super) each: RangeInclusive<u64>,
}

pub(super) fn run(binaries: &Binaries, sites: &Sites, seed: u64) -> Result<(), String> {
    let mut folder = Folder::create("disk", seed)?;
    let mut chance = Chance::new(seed);
    let (mut sum, mut count) = (Sum::default(), Count::default());
    let origin = Stage::create(binaries, folder.path.join("origin"), None)?;
    let spells = sites.spells;
    for site in 0..spells {
        for error in ["ENOSPC", "EIO"] {
            // The first sites near the start, the later ones further out.
            let n = FIRST + chance.below(WRITES * (site + 1) / spells);
            let stage = origin.copy(folder.path.join(format!("{error}{site}")))?;
            fail_writes(&stage, error, Spell::Many(n), &mut chance, &mut sum, &mut count)?;
        }
        let n = FIRST + chance.below(SYNCS * (site + 1) / spells);
        let stage = origin.copy(folder.path.join(format!("sync{site}")))?;
        let inject = format!("inject=fsync:error=EIO:when={n}");
        fail_sync(&stage, &["-e", &inject], &mut chance, &mut sum, &mut count)?;
        if !sum.violations.is_empty() {
            break;
        }
    }
    for site in 0..sites.moves {
        let stage = origin.copy(folder.path.join(format!("move{site}")))?;
        let file = stage.folder.join("warifu.db").display().to_string();
        // Only calls on the file itself are looked at, and fail.
        let inject = format!("inject=fsync:error=EIO:when={}", 1 + site % 3);
        fail_sync(&stage, &["-P", &file, "-e", &inject], &mut chance, &mut sum, &mut count)?;
    }
    let (first, last) = (*sites.each.start(), *sites.each.end());
    for n in sites.each.clone() {
        let stage = origin.copy(folder.path.join(format!("single{n}")))?;
        let error = if n.is_multiple_of(2) { "EIO" } else { "ENOSPC" };
        fail_writes(&stage, error, Spell::One(n), &mut chance, &mut sum, &mut count)?;
        if !sum.violations.is_empty() {
            break;
        }
    }
    let what = format!(
        "disk-faults --sites {spells} --moves {} --from {first} --to {last} --seed {seed}: {} spells of failing writes, {} single ones; \
         failed syncs: {} of the log, {} of the file, {} of the folder; {} starts refused; {} probes, {} writes refused in them",
        sites.moves,
        count.spells,
        count.singles,
        count.of_log,
        count.of_file,
        count.of_folder,
        count.before_serving,
        count.probes,
        count.refused
    );
    sum.conclude(&what, &mut folder)
}

fn traced(stage: &Stage, inject: &[&str]) -> Result<Option<Server>, String> {
    let trace = ["-y", "-e", "trace=pwrite64,fsync,fdatasync,ftruncate,unlink"];
    stage.serve(&strace(&stage.folder.join("trace"), &[&trace, inject].concat()))
}

fn read_trace(stage: &Stage) -> String {
    fs::read_to_string(stage.folder.join("trace")).unwrap_or_default()
}

fn is_injected(stage: &Stage) -> bool {
    read_trace(stage).contains("(INJECTED)")
}

fn fail_writes(
    stage: &Stage,
    error: &str,
    spell: Spell,
    chance: &mut Chance,
    sum: &mut Sum,
    count: &mut Count,
) -> Result<(), String> {
    let when = match spell {
        Spell::One(n) => n.to_string(),
        Spell::Many(n) => format!("{n}..{}", n + FAILING),
    };
    match spell {
        Spell::One(_) => count.singles += 1,
        Spell::Many(_) => count.spells += 1,
    }
    let inject = format!("inject=pwrite64:error={error}:when={when}");
    match traced(stage, &["-e", &inject])? {
        None => count.before_serving += 1,
        Some(mut server) => {
            let mut load = stage.load(&server, chance.next(), "a", PATIENCE)?;
            if !watch(stage, &server, spell, sum, count)? {
                sum.violations.push(format!("{inject}: writes do not recover"));
            }
            server.end()?;
            load.finish(sum)?;
        }
    }
    look_back(stage, sum)
}

/// Probes until the fault has come and gone; tells whether writes work then.
fn watch(stage: &Stage, server: &Server, spell: Spell, sum: &mut Sum, count: &mut Count) -> Result<bool, String> {
    let deadline = Instant::now() + PATIENCE;
    let (mut was_refused, mut number) = (false, 0);
    while Instant::now() < deadline {
        number += 1;
        let has_come = is_injected(stage);
        let probe = stage.probe(server, &format!("p{number}"))?;
        let writes = judge(stage, &probe, false, sum, count);
        was_refused |= !writes;
        // One failing write mostly falls on the load, and so may many: then it is waited for a while.
        let is_seen = was_refused || (has_come && (matches!(spell, Spell::One(_)) || number > 40));
        if is_seen && writes {
            return Ok(true);
        }
    }
    // So few writes were made that none failed.
    Ok(!is_injected(stage))
}

fn fail_sync(
    stage: &Stage,
    inject: &[&str],
    chance: &mut Chance,
    sum: &mut Sum,
    count: &mut Count,
) -> Result<(), String> {
    match traced(stage, inject)? {
        None => count.before_serving += 1,
        Some(mut server) => {
            let mut load = stage.load(&server, chance.next(), "a", PATIENCE)?;
            let deadline = Instant::now() + PATIENCE;
            while !is_injected(stage) && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(10));
            }
            std::thread::sleep(Duration::from_millis(100));
            for number in 0..5 {
                let stopped = has_stopped(stage);
                let probe = stage.probe(&server, &format!("p{number}"))?;
                if has_stopped(stage) != stopped {
                    // Another thread has come to its own sync that fails: either answer is right.
                    continue;
                }
                if judge(stage, &probe, stopped, sum, count) && stopped {
                    sum.violations.push(format!("{inject:?}: it writes on after a failed sync"));
                }
            }
            server.end()?;
            load.finish(sum)?;
            let trace = read_trace(stage);
            let failed = failed_syncs(&trace);
            failed.iter().for_each(|(_, synced)| count.note(*synced));
            if let Some((line, _)) = failed.iter().find(|(_, synced)| synced.is_ours()) {
                if !server.log().contains("a sync of the disk failed") {
                    sum.violations.push(format!("{inject:?}: the log does not tell the operator"));
                }
                if let Some(line) = touched_after(&trace, *line) {
                    sum.violations.push(format!("{inject:?}: after the failed sync: {line:.150}"));
                }
            }
        }
    }
    look_back(stage, sum)
}

/// What a sync is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Synced {
    Log,
    File,
    Folder,
}

impl Synced {
    /// SQLite takes no notice when the sync of a folder fails; Warifu syncs it by itself when it starts.
    fn is_ours(self) -> bool {
        self != Self::Folder
    }
}

impl Count {
    fn note(&mut self, synced: Synced) {
        match synced {
            Synced::Log => self.of_log += 1,
            Synced::File => self.of_file += 1,
            Synced::Folder => self.of_folder += 1,
        }
    }
}

/// Whether a sync of the database, its tail or a log of theirs has failed.
fn has_stopped(stage: &Stage) -> bool {
    failed_syncs(&read_trace(stage)).iter().any(|(_, synced)| synced.is_ours())
}

/// The lines of the trace, by their number, where a sync failed, with what it was of. Calls are counted for each thread, so there may be several.
fn failed_syncs(trace: &str) -> Vec<(usize, Synced)> {
    let lines: Vec<&str> = trace.lines().collect();
    let failed = lines.iter().enumerate().filter(|(_, line)| line.contains("(INJECTED)"));
    failed
        .map(|(number, line)| {
            // A call that another thread interrupted names its file where it began.
            let thread = line.split(' ').next().unwrap_or_default();
            let is_begin =
                |line: &&&str| line.starts_with(thread) && line.contains("sync(") && line.contains("unfinished");
            let begin = lines.iter().take(number).rev().find(is_begin);
            let line = if line.contains("resumed") { begin.unwrap_or(line) } else { line };
            let synced = if line.contains("-wal>") {
                Synced::Log
            } else if line.contains("warifu.db") {
                Synced::File
            } else {
                Synced::Folder
            };
            (number, synced)
        })
        .collect()
}

/// What went to the database or its tail after the sync that failed in this line. The thread that works on the other one of them ends what it
/// has begun, which one sync does.
fn touched_after(trace: &str, failed: usize) -> Option<String> {
    let is_call =
        |line: &str| ["pwrite64(", "fsync(", "ftruncate(", "fdatasync("].iter().any(|call| line.contains(call));
    let is_of = |line: &str, file: &str| [">", "-wal>"].iter().any(|end| line.contains(&format!("{file}{end}")));
    let mut after = trace.lines().skip(failed);
    let failed = after.next().unwrap_or_default();
    let after: Vec<&str> = after.filter(|line| is_call(line)).collect();
    ["warifu.db", "warifu.db-tail"].into_iter().find_map(|file| {
        let mut touches = after.iter().filter(|line| is_of(line, file));
        if !is_of(failed, file) {
            let _ = touches.find(|line| line.contains("sync("));
        }
        touches.next().map(|line| (*line).to_owned())
    })
}

/// Judges a probe of each kind of route. Reads must answer whatever the disk does; a write is done, or refused as the interface says.
/// Tells whether writes work.
fn judge(stage: &Stage, probe: &Value, has_stopped: bool, sum: &mut Sum, count: &mut Count) -> bool {
    count.probes += 1;
    let ready = if has_stopped { 503 } else { 200 };
    for (name, expected) in [("livez", 200), ("readyz", ready), ("balance", 200), ("history", 200), ("inquiry", 404)] {
        let status = probe.pointer(&format!("/reads/{name}")).and_then(Value::as_u64);
        if status != Some(expected) {
            sum.violations.push(format!("{}: {name} is {status:?}, not {expected}", stage.folder.display()));
        }
    }
    let mut writes = true;
    for name in ["code", "cancel"] {
        let found = probe.pointer(&format!("/writes/{name}")).cloned().unwrap_or(Value::Null);
        let part = |index| found.get(index).cloned().unwrap_or(Value::Null);
        match (part(0).as_u64(), part(1).as_str(), part(2).as_bool()) {
            (Some(201), ..) => {}
            (Some(503), Some("unavailable"), Some(true)) => {
                count.refused += 1;
                writes = false;
            }
            _ => sum.violations.push(format!("{}: {name} is answered {found}", stage.folder.display())),
        }
    }
    writes
}

/// Starts it again on a disk that is well, and compares.
fn look_back(stage: &Stage, sum: &mut Sum) -> Result<(), String> {
    stage.verify(sum)?;
    let mut server = stage.must_serve()?;
    // The probes' cancels hold ids of their own and move nothing. One that did not come to serve leaves no log.
    stage.check(&server, &["--all"], sum)?;
    server.kill();
    if sum.violations.is_empty() {
        let _ = fs::remove_dir_all(&stage.folder);
    }
    Ok(())
}
