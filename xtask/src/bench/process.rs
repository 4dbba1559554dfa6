//! The programs that a measurement starts: each ends with the value that stands for it.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::command::command;

/// How long a program may take to be ready.
const START: Duration = Duration::from_secs(120);

/// The programs that are measured, built.
#[derive(Debug)]
pub(crate) struct Programs {
    pub(crate) warifu: PathBuf,
    pub(crate) drill: PathBuf,
    pub(crate) board_drill: PathBuf,
    pub(crate) measure: PathBuf,
}

impl Programs {
    /// Builds them as shops run them.
    pub(crate) fn build(root: &Path) -> Result<Self, String> {
        let mut build = command("cargo", &["build", "--release", "--workspace", "--bins", "--locked"]);
        if !crate::command::announce_and_run(build.current_dir(root)) {
            return Err("the programs cannot be built".to_owned());
        }
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        let program = |name: &str| target.join("release").join(name);
        Ok(Self {
            warifu: program("warifu"),
            drill: program("warifu-drill"),
            board_drill: program("warifu-board-drill"),
            measure: program("warifu-measure"),
        })
    }
}

/// Runs a program to its end and reads a JSON value from each line that it prints.
pub(crate) fn answers(program: &Path, arguments: &[&str]) -> Result<Vec<Value>, String> {
    let output = command(program, arguments).stderr(Stdio::inherit()).output();
    let output = output.map_err(|error| format!("{}: {error}", program.display()))?;
    if !output.status.success() {
        return Err(format!("{} {} failed", program.display(), arguments.join(" ")));
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().map(|line| serde_json::from_str(line).map_err(|error| format!("{line}: {error}"))).collect()
}

/// Builds what makes syncs slow when it is preloaded.
fn slow_sync(folder: &Path) -> Result<PathBuf, String> {
    let (source, library) = (folder.join("slow_sync.c"), folder.join("slow_sync.so"));
    std::fs::write(&source, include_str!("slow_sync.c")).map_err(|error| error.to_string())?;
    let mut compile = command("cc", &["-shared", "-fPIC", "-O1", "-o"]);
    let compiled = compile.arg(&library).arg(&source).arg("-ldl").status();
    match compiled {
        Ok(status) if status.success() => Ok(library),
        _ => Err("cc could not build slow_sync.c".to_owned()),
    }
}

/// A running `warifu serve` or `warifu board`.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    process: u32,
    /// Where it listens.
    pub(crate) address: String,
    /// From its start to the first request that is answered with "ready".
    pub(crate) ready_after: Duration,
}

impl Server {
    /// Starts it with every rule on, as its defaults are.
    pub(crate) fn start(programs: &Programs, folder: &Path, database: &str) -> Result<Self, String> {
        let how = ["serve", "--issuer-prefix", "90000123", "--metrics-listen", "off"];
        Self::start_with(programs, folder, database, &how, Duration::ZERO)
    }

    /// Starts it without a limit for each caller, on a disk whose every sync takes so much longer.
    pub(crate) fn start_slow(
        programs: &Programs,
        folder: &Path,
        database: &str,
        sync: Duration,
    ) -> Result<Self, String> {
        let how = ["serve", "--issuer-prefix", "90000123", "--metrics-listen", "off", "--requests-per-second", "off"];
        Self::start_with(programs, folder, database, &how, sync)
    }

    /// Starts the failure board alone, on which anybody begins reviews, without a limit for the one address that all come from.
    pub(crate) fn start_board(programs: &Programs, folder: &Path, database: &str) -> Result<Self, String> {
        let how = ["board", "--reviews-begun-by", "anyone", "--requests-per-second", "off"];
        Self::start_with(programs, folder, database, &how, Duration::ZERO)
    }

    fn start_with(
        programs: &Programs,
        folder: &Path,
        database: &str,
        how: &[&str],
        sync: Duration,
    ) -> Result<Self, String> {
        let (log, note) = (folder.join("serve.log"), folder.join("serve.pid"));
        let _ = std::fs::remove_file(&note);
        let file = File::create(&log).map_err(|error| error.to_string())?;
        let keys = folder.join("keys");
        let started = Instant::now();
        // The number of the server itself, whoever is its parent.
        let itself = ["-c", "echo $$ > \"$0\"; exec \"$@\""];
        let mut start = command("sh", &itself);
        if !sync.is_zero() {
            start.env("LD_PRELOAD", slow_sync(folder)?).env("SLOW_SYNC_US", sync.as_micros().to_string());
        }
        let child = start
            .arg(&note)
            .arg(&programs.warifu)
            .args(how)
            .args(["--listen", "127.0.0.1:0", "--database", database, "--keys"])
            .arg(&keys)
            .stdout(Stdio::null())
            .stderr(file)
            .spawn()
            .map_err(|error| error.to_string())?;
        let mut server = Self { child, process: 0, address: String::new(), ready_after: Duration::ZERO };
        while started.elapsed() < START {
            if server.address.is_empty() {
                server.address = listening(&log).unwrap_or_default();
            }
            if server.process == 0 {
                let number = std::fs::read_to_string(&note).ok();
                server.process = number.and_then(|text| text.trim().parse().ok()).unwrap_or_default();
            }
            if !server.address.is_empty() && is_ready(&server.address) {
                server.ready_after = started.elapsed();
                return Ok(server);
            }
            if server.child.try_wait().map_err(|error| error.to_string())?.is_some() {
                break;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Err(format!("warifu did not start; see {}", log.display()))
    }

    /// Resident memory in MiB: now, and at its highest.
    pub(crate) fn memory(&self) -> Option<(u64, u64)> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process)).ok()?;
        let field = |name: &str| {
            let line = status.lines().find(|line| line.starts_with(name))?;
            line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib / 1024)
        };
        Some((field("VmRSS:")?, field("VmHWM:")?))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.process != 0 {
            let _ = command("kill", &["-TERM", &self.process.to_string()]).status();
        }
        let deadline = Instant::now() + START;
        while Instant::now() < deadline && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address in the line that the server logs when it serves.
fn listening(log: &Path) -> Option<String> {
    let lines = BufReader::new(File::open(log).ok()?).lines();
    let line = lines.map_while(Result::ok).find(|line| line.contains("serving"))?;
    let address = line.split("address=").nth(1)?.split_whitespace().next()?;
    Some(address.to_owned())
}

fn is_ready(address: &str) -> bool {
    use std::io::{Read as _, Write as _};
    let Ok(mut stream) = std::net::TcpStream::connect(address) else { return false };
    let mut reply = String::new();
    let request = b"GET /readyz HTTP/1.1\r\nhost: warifu\r\nconnection: close\r\n\r\n";
    stream.write_all(request).is_ok() && stream.read_to_string(&mut reply).is_ok() && reply.starts_with("HTTP/1.1 200")
}

/// A PostgreSQL server with every promise kept: what pgbench and Warifu are measured on.
#[derive(Debug)]
pub(crate) struct Cluster {
    bin: PathBuf,
    folder: PathBuf,
    pub(crate) port: u16,
}

/// Settings of the cluster, the same for both; all others are PostgreSQL's defaults.
pub(crate) const CLUSTER_SETTINGS: &[&str] =
    &["fsync=on", "synchronous_commit=on", "full_page_writes=on", "shared_buffers=1GB", "max_wal_size=4GB"];

impl Cluster {
    /// Makes and starts one in `folder`, on a port that nobody has.
    pub(crate) fn start(folder: &Path) -> Result<Self, String> {
        let bin = first_folder_of_postgres().ok_or("PostgreSQL is not installed: run `cargo xtask setup`")?;
        let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        let port = free.map_err(|error| error.to_string())?.port();
        let cluster = Self { bin, folder: folder.join("postgres"), port };
        std::fs::create_dir(&cluster.folder).map_err(|error| error.to_string())?;
        // The server refuses to run as root.
        let _ = command("chown", &["postgres"]).arg(&cluster.folder).status();
        let data = cluster.folder.join("data").display().to_string();
        cluster.run("initdb", &["-D", &data, "-U", "postgres", "-A", "trust", "--no-instructions"])?;
        let mut options = format!("-p {port} -c unix_socket_directories= -c listen_addresses=127.0.0.1");
        for setting in CLUSTER_SETTINGS {
            options.push_str(" -c ");
            options.push_str(setting);
        }
        let log = cluster.folder.join("log").display().to_string();
        cluster.run("pg_ctl", &["-D", &data, "-l", &log, "-w", "-o", &options, "start"])?;
        Ok(cluster)
    }

    /// Runs one of PostgreSQL's programs as its user and returns what it printed.
    pub(crate) fn run(&self, program: &str, arguments: &[&str]) -> Result<String, String> {
        let program = self.bin.join(program);
        let is_root = is_root();
        let mut run = if is_root {
            let mut run = command("setpriv", &["--reuid=postgres", "--regid=postgres", "--clear-groups"]);
            run.arg(&program);
            run
        } else {
            Command::new(&program)
        };
        let run = run.args(arguments).current_dir(&self.folder).stdin(Stdio::null());
        let output = run.output().map_err(|error| error.to_string())?;
        if !output.status.success() {
            return Err(format!("{}: {}", program.display(), String::from_utf8_lossy(&output.stderr)));
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// A new database and its URL.
    pub(crate) fn create_database(&self, name: &str) -> Result<String, String> {
        self.run("createdb", &["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", "postgres", name])?;
        Ok(format!("postgres://postgres@127.0.0.1:{}/{name}", self.port))
    }

    /// Transactions a second by pgbench: `script` is `tpcb-like` or `simple-update`.
    pub(crate) fn pgbench(&self, script: &str, seconds: u32) -> Result<f64, String> {
        let (port, seconds, script) = (self.port.to_string(), seconds.to_string(), format!("--builtin={script}"));
        let to = ["-h", "127.0.0.1", "-p", &port, "-U", "postgres"];
        let how = [&script, "--client=8", "--jobs=2", "--protocol=prepared", "--no-vacuum", "-T", &seconds, "pgbench"];
        let text = self.run("pgbench", &[&to[..], &how[..]].concat())?;
        let line = text.lines().find(|line| line.starts_with("tps = ")).ok_or("pgbench gave no figure")?;
        line.split_whitespace().nth(2).and_then(|figure| figure.parse().ok()).ok_or_else(|| line.to_owned())
    }

    /// Its own tables, of scale 50.
    pub(crate) fn prepare_pgbench(&self) -> Result<(), String> {
        self.create_database("pgbench")?;
        let port = self.port.to_string();
        self.run("pgbench", &["-h", "127.0.0.1", "-p", &port, "-U", "postgres", "-i", "-s", "50", "-q", "pgbench"])?;
        self.run("psql", &["-h", "127.0.0.1", "-p", &port, "-U", "postgres", "-c", "VACUUM ANALYZE", "pgbench"])
            .map(drop)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        let data = self.folder.join("data").display().to_string();
        let _ = self.run("pg_ctl", &["-D", &data, "-m", "immediate", "-w", "stop"]);
    }
}

fn is_root() -> bool {
    crate::command::first_line("id", &["-u"]).as_deref() == Some("0")
}

/// Debian keeps a version's programs apart, elsewhere they are on the PATH.
fn first_folder_of_postgres() -> Option<PathBuf> {
    let debian = std::fs::read_dir("/usr/lib/postgresql").ok().into_iter().flatten().flatten();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = debian.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.into_iter().rev().chain(std::env::split_paths(&path)).find(|folder| folder.join("initdb").is_file())
}
