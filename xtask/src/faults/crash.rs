//! `cargo xtask crash`: the server is killed under load, again and again.

use std::time::Duration;

use super::Binaries;
use super::chance::Chance;
use super::cluster::Cluster;
use super::stage::{Engine, Folder, Stage, Sum};

/// After so many cycles a new database is begun, so that a check stays short.
const CYCLES_A_DATABASE: u64 = 20;
/// On PostgreSQL, every so many cycles the database server is killed as well.
const CLUSTER_EVERY: u64 = 3;
/// The load goes on until the server is gone; this is for one that is not.
const LOAD: Duration = Duration::from_secs(30);

pub(super) fn run(binaries: &Binaries, engine: Engine, cycles: u64, seed: u64) -> Result<(), String> {
    let mut folder = Folder::create("crash", seed)?;
    let mut chance = Chance::new(seed);
    let mut cluster = match engine {
        Engine::Sqlite => None,
        Engine::Postgres => Some(Cluster::create(&folder.path)?),
    };
    let mut sum = Sum::default();
    let mut crashes_of_cluster = 0;
    let mut done = 0;
    while done < cycles && sum.violations.is_empty() {
        let name = format!("life{}", done / CYCLES_A_DATABASE);
        let stage = Stage::create(binaries, folder.path.join(name), cluster.as_ref())?;
        let until = cycles.min(done + CYCLES_A_DATABASE);
        while done < until && sum.violations.is_empty() {
            done += 1;
            kill_once(&stage, done, &mut chance, &mut sum)?;
            if let Some(cluster) = cluster.as_mut().filter(|_| done % CLUSTER_EVERY == 0) {
                cluster.crash()?;
                crashes_of_cluster += 1;
            }
            stage.verify(&mut sum)?;
            let mut server = stage.must_serve()?;
            let scope: &[&str] = if done == until { &["--all"] } else { &[] };
            stage.check(&server, scope, &mut sum)?;
            server.kill();
        }
    }
    let what = format!(
        "crash --cycles {cycles} --database {} --seed {seed}: {done} kills, {crashes_of_cluster} of them with the \
         database server",
        match engine {
            Engine::Sqlite => "sqlite",
            Engine::Postgres => "postgres",
        }
    );
    drop(cluster);
    sum.conclude(&what, &mut folder)
}

fn kill_once(stage: &Stage, cycle: u64, chance: &mut Chance, sum: &mut Sum) -> Result<(), String> {
    let mut server = stage.must_serve()?;
    let mut load = stage.load(&server, chance.next(), &format!("c{cycle}"), LOAD)?;
    std::thread::sleep(Duration::from_millis(100 + chance.below(600)));
    server.kill();
    load.finish(sum)
}
