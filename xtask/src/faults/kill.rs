//! `cargo xtask kill-at`: the server is killed when it is about to write, or to sync, for the n-th time. On SQLite.

use std::ops::RangeInclusive;
use std::time::{Duration, Instant};

use super::Binaries;
use super::chance::Chance;
use super::stage::{Folder, Stage, Sum, strace};

/// How long to wait for the n-th call before the server is killed anyhow.
const PATIENCE: Duration = Duration::from_secs(20);

pub(super) fn run(binaries: &Binaries, call: &str, range: RangeInclusive<u64>, seed: u64) -> Result<(), String> {
    let mut folder = Folder::create("kill", seed)?;
    let mut chance = Chance::new(seed);
    let mut sum = Sum::default();
    let (mut killed, mut before_serving, mut not_reached) = (0_u64, 0_u64, 0_u64);
    let origin = Stage::create(binaries, folder.path.join("origin"), None)?;
    let last = *range.end();
    let (from, mut n) = (*range.start(), *range.start());
    while n <= last && sum.violations.is_empty() {
        let stage = origin.copy(folder.path.join(format!("n{n}")))?;
        let inject = format!("inject={call}:signal=KILL:when={n}");
        let trace = format!("trace={call}");
        let arguments = strace(&stage.folder.join("trace"), &["-e", &trace, "-e", &inject]);
        match stage.serve(&arguments)? {
            // It died while it started: then nothing was acknowledged.
            None => before_serving += 1,
            Some(mut server) => {
                let mut load = stage.load(&server, chance.next(), &format!("n{n}"), PATIENCE)?;
                let deadline = Instant::now() + PATIENCE;
                while !server.has_ended() && Instant::now() < deadline {
                    std::thread::sleep(Duration::from_millis(2));
                }
                if server.has_ended() {
                    killed += 1
                } else {
                    not_reached += 1
                }
                server.kill();
                load.finish(&mut sum)?;
            }
        }
        stage.verify(&mut sum)?;
        let mut server = stage.must_serve()?;
        stage.check(&server, &["--all"], &mut sum)?;
        server.kill();
        if sum.violations.is_empty() {
            let _ = std::fs::remove_dir_all(&stage.folder);
        }
        n += 1;
    }
    let what = format!(
        "kill-at --call {call} --from {from} --to {last} --seed {seed}: {killed} killed at the call, {before_serving} \
         of them before it served, {not_reached} not reached",
        killed = killed + before_serving
    );
    sum.conclude(&what, &mut folder)
}
