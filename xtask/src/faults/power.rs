//! `cargo xtask power-loss`: what was not synced is dropped, on SQLite.
//!
//! The server runs under `strace` in two lives: loaded and killed while it syncs, so that its log holds what was not synced;
//! then started again, inquired, loaded, and ended in order. From the one trace the disk is made anew as it was at many
//! moments, with what was synced by then and a part of what was not. At each, everything that a caller had been told by
//! then must be there.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::Binaries;
use super::chance::Chance;
use super::image::{Disk, Syncs};
use super::stage::{Folder, Stage, Sum, strace};
use super::trace::{self, CALLS, Event};

const PATIENCE: Duration = Duration::from_secs(60);
/// What is there when no server runs.
const FILE: &str = "warifu.db";
/// At which sync of the writing thread the first life ends, at least and at most.
const SYNCS: (u64, u64) = (40, 160);

/// `load` is how long the second life is loaded; the first ends at a sync.
pub(super) fn run(binaries: &Binaries, cuts: u64, load: Duration, seed: u64, syncs: Syncs) -> Result<(), String> {
    let mut folder = Folder::create("power", seed)?;
    let mut chance = Chance::new(seed);
    let mut sum = Sum::default();
    let origin = Stage::create(binaries, folder.path.join("origin"), None)?;
    let stage = origin.copy(folder.path.join("stage"))?;
    let events = record(&stage, load, &mut chance, &mut sum)?;
    let log = fs::read_to_string(stage.log()).map_err(|error| error.to_string())?;
    let told = events.iter().filter(|event| matches!(event, Event::Told { .. })).count();
    let is_moved = |event: &&Event| matches!(event, Event::SyncEnds { name, .. } if name == FILE);
    let moves = events.iter().filter(is_moved).count();
    println!("recorded {} events; {told} tell an outcome, {moves} end a move of the log into the file", events.len());

    let database = fs::read(origin.folder.join(FILE)).map_err(|error| error.to_string())?;
    let mut disk = Disk::of(BTreeMap::from([(FILE.to_owned(), database)]), syncs);
    let points = cut_points(&events, cuts, &mut chance);
    let mut known = BTreeSet::new();
    let mut next = points.iter().peekable();
    for (at, event) in events.iter().enumerate() {
        disk.apply(event);
        if let Event::Told { request } = event {
            known.insert(request.clone());
        }
        while next.next_if(|point| **point == at).is_some() {
            let upcoming = events.iter().skip(at + 1).find_map(|event| match event {
                Event::Told { request } if !known.contains(request) => Some(request.as_str()),
                _ => None,
            });
            let witnessed = log_at(&log, &known, upcoming);
            let files = disk.lose_power(&mut chance);
            let found = sum.violations.len();
            look(&origin, &folder.path.join(format!("cut{at}")), &files, &witnessed, &mut sum)?;
            if sum.violations.len() > found {
                sum.violations.push(format!("the above at event {at} of {}", events.len()));
            }
        }
    }
    let control = if syncs == Syncs::Ignored { " --ignore-syncs" } else { "" };
    let what = format!(
        "power-loss --cuts {cuts} --seconds {} --seed {seed}{control}: {} cuts, {told} outcomes told",
        load.as_secs(),
        points.len()
    );
    sum.conclude(&what, &mut folder)
}

/// Runs the two lives and returns what happened in them.
fn record(stage: &Stage, time: Duration, chance: &mut Chance, sum: &mut Sum) -> Result<Vec<Event>, String> {
    let files = ["first.trace", "second.trace"].map(|name| stage.folder.join(name));
    let [first, second] = &files;
    let fixed = ["-y", "-xx", "-s", "8192", "-e", CALLS];
    let inject = format!("inject=fsync:signal=KILL:when={}", SYNCS.0 + chance.below(SYNCS.1 - SYNCS.0));
    let server = stage.serve(&strace(first, &[&fixed[..], &["-e", &inject]].concat()))?;
    let mut server = server.ok_or("the server does not start under strace")?;
    let mut load = stage.load(&server, chance.next(), "a", PATIENCE)?;
    let deadline = Instant::now() + PATIENCE;
    while !server.has_ended() && Instant::now() < deadline {
        std::thread::sleep(Duration::from_millis(5));
    }
    if !server.has_ended() {
        return Err("the first life did not come to its last sync".to_owned());
    }
    load.finish(sum)?;

    let server = stage.serve(&strace(second, &fixed))?;
    let mut server = server.ok_or("the server does not start again under strace")?;
    // Asks for everything whose outcome is unknown, so that what was not synced would be told.
    stage.check(&server, &["--leave-absent"], sum)?;
    let mut load = stage.load(&server, chance.next(), "b", time)?;
    while !load.has_ended() {
        std::thread::sleep(Duration::from_millis(5));
    }
    load.finish(sum)?;
    server.end()?;
    let mut events = Vec::new();
    for file in &files {
        let text = fs::read_to_string(file).map_err(|error| error.to_string())?;
        events.extend(trace::read(&text, &stage.folder)?);
    }
    Ok(events)
}

/// Half of the moments are right after a caller was told something, the other half are anywhere.
fn cut_points(events: &[Event], cuts: u64, chance: &mut Chance) -> Vec<usize> {
    let told = events.iter().enumerate().filter(|(_, event)| matches!(event, Event::Told { .. }));
    let told: Vec<usize> = told.map(|(at, _)| at).collect();
    let below = |chance: &mut Chance, count: usize| {
        usize::try_from(chance.below(u64::try_from(count).unwrap_or(0))).unwrap_or(0)
    };
    let mut points: Vec<usize> = (0..cuts)
        .map(|cut| {
            let anywhere = below(chance, events.len());
            if cut % 2 == 0 { told.get(below(chance, told.len())).copied().unwrap_or(anywhere) } else { anywhere }
        })
        .collect();
    points.sort_unstable();
    points
}

/// The witness's log as far as it can matter: answers that were told by then, and commands that were sent by then, which is
/// before the next outcome was told.
fn log_at(log: &str, known: &BTreeSet<String>, upcoming: Option<&str>) -> String {
    let mut witnessed = String::new();
    for line in log.lines() {
        let value: Value = serde_json::from_str(line).unwrap_or(Value::Null);
        if value.get("sent").is_some() {
            witnessed.push_str(line);
            witnessed.push('\n');
        } else if let Some(id) = value.pointer("/answer/id").and_then(Value::as_str) {
            if known.contains(id) {
                witnessed.push_str(line);
                witnessed.push('\n');
            }
            if Some(id) == upcoming {
                break;
            }
        }
    }
    witnessed
}

fn look(
    origin: &Stage,
    folder: &Path,
    files: &BTreeMap<String, Vec<u8>>,
    log: &str,
    sum: &mut Sum,
) -> Result<(), String> {
    let stage = origin.copy(folder.to_path_buf())?;
    let place = || -> std::io::Result<()> {
        fs::remove_file(stage.folder.join(FILE))?;
        for (name, bytes) in files {
            fs::write(stage.folder.join(name), bytes)?;
        }
        fs::write(stage.log(), log)
    };
    place().map_err(|error| error.to_string())?;
    let found = sum.violations.len();
    stage.verify(sum)?;
    match stage.serve(&[])? {
        Some(mut server) => {
            stage.check(&server, &["--all", "--leave-absent"], sum)?;
            server.kill();
        }
        None => sum.violations.push("the server does not start on what is left".to_owned()),
    }
    if sum.violations.len() == found {
        let _ = fs::remove_dir_all(&stage.folder);
    }
    Ok(())
}
