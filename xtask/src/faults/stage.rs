//! A folder with a database, its keys and people who act; the server on it, started and killed; the witness, loading and
//! checking.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Binaries;
use super::cluster::Cluster;

const TILLS: usize = 3;
const MEMBERS: usize = 10;
/// How long a server may take to start, or to end.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Engine {
    Sqlite,
    Postgres,
}

/// A folder of this run. It is removed when dropped, unless it is kept.
pub(super) struct Folder {
    pub(super) path: PathBuf,
    is_kept: bool,
}

impl Folder {
    pub(super) fn create(what: &str, seed: u64) -> Result<Self, String> {
        let name = format!("warifu-{what}-{seed}-{}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        Ok(Self { path, is_kept: false })
    }

    /// Leaves the folder for whoever wants to know what happened.
    pub(super) fn keep(&mut self) -> String {
        self.is_kept = true;
        format!("kept in {}", self.path.display())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if !self.is_kept {
            let _ = fs::remove_dir_all(&self.path);
        }
    }
}

/// A database with people.
#[derive(Clone, Debug)]
pub(super) struct Stage {
    pub(super) binaries: Binaries,
    pub(super) folder: PathBuf,
    pub(super) database: String,
}

impl Stage {
    /// Makes a stage in a new folder: on SQLite, or on a new database of the cluster.
    pub(super) fn create(binaries: &Binaries, folder: PathBuf, cluster: Option<&Cluster>) -> Result<Self, String> {
        fs::create_dir(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let database = match cluster {
            None => "sqlite:warifu.db".to_owned(),
            Some(cluster) => {
                let name = folder.file_name().and_then(|name| name.to_str()).unwrap_or("warifu").to_owned();
                cluster.create_database(&name)?;
                cluster.url(&name)
            }
        };
        let stage = Self { binaries: binaries.clone(), folder, database };
        let merchant = stage.add(&["merchant", "add", "--name", "Merchant"], "merchant_id")?;
        let shop = stage.add(&["shop", "add", "--merchant", &merchant, "--name", "Shop"], "shop_id")?;
        let till = |_| stage.add(&["terminal", "add", "--shop", &shop, "--name", "Till"], "token");
        let tills = (0..TILLS).map(till).collect::<Result<Vec<_>, _>>()?;
        let member = |_| stage.add(&["member", "add"], "phone");
        let members = (0..MEMBERS).map(member).collect::<Result<Vec<_>, _>>()?;
        let actors = json!({ "tills": tills, "members": members }).to_string();
        fs::write(stage.actors(), actors).map_err(|error| error.to_string())?;
        Ok(stage)
    }

    /// The same people on a copy of the files, in a new folder.
    pub(super) fn copy(&self, folder: PathBuf) -> Result<Self, String> {
        let copy = || -> io::Result<()> {
            fs::create_dir(&folder)?;
            for entry in fs::read_dir(&self.folder)? {
                let entry = entry?;
                fs::copy(entry.path(), folder.join(entry.file_name()))?;
            }
            Ok(())
        };
        copy().map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(Self { folder, ..self.clone() })
    }

    fn add(&self, arguments: &[&str], field: &str) -> Result<String, String> {
        let output = self.warifu(&["--json"]).args(arguments).output().map_err(|error| error.to_string())?;
        let line: Value = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
        let found = line.get(field).and_then(Value::as_str).map(str::to_owned);
        found.ok_or_else(|| format!("warifu {arguments:?}: {}", String::from_utf8_lossy(&output.stderr)))
    }

    fn actors(&self) -> PathBuf {
        self.folder.join("actors.json")
    }

    pub(super) fn log(&self) -> PathBuf {
        self.folder.join("witness.jsonl")
    }

    fn warifu(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.binaries.warifu);
        self.configure(&mut command);
        command.args(arguments);
        command
    }

    fn configure(&self, command: &mut Command) {
        command.current_dir(&self.folder).stdin(Stdio::null());
        for (key, value) in [
            ("DATABASE", self.database.as_str()),
            ("ISSUER_PREFIX", "90000123"),
            ("REQUESTS_PER_SECOND", "off"),
            ("LISTEN", "127.0.0.1:0"),
            ("METRICS_LISTEN", "off"),
            // Short, so that it is moved into the file while it is looked at.
            ("SQLITE_LOG_MIB", "4"),
            ("LOG", "info"),
        ] {
            command.env(format!("WARIFU_{key}"), value);
        }
    }

    /// Starts the server, under `strace` if arguments for it are given, and waits until it serves. `None` if it ended
    /// before that.
    pub(super) fn serve(&self, strace: &[String]) -> Result<Option<Server>, String> {
        let errors = self.folder.join("server.log");
        let log = File::create(&errors).map_err(|error| error.to_string())?;
        let note = self.folder.join("server.pid");
        let _ = fs::remove_file(&note);
        let mut command = if strace.is_empty() { Command::new("sh") } else { Command::new("strace") };
        command.args(strace);
        if !strace.is_empty() {
            command.arg("sh");
        }
        // The number of the server itself, whoever is its parent.
        command.args(["-c", "echo $$ > server.pid; exec \"$0\" serve"]).arg(&self.binaries.warifu);
        self.configure(&mut command);
        let child = command.stdout(Stdio::null()).stderr(log).spawn();
        let child = child.map_err(|error| format!("{command:?}: {error}: run `cargo xtask setup`"))?;
        let mut server = Server { child, process: 0, base: String::new(), log: errors.clone() };
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            let text = fs::read_to_string(&errors).unwrap_or_default();
            let address = text.split_once("serving address=").and_then(|(_, rest)| rest.split(' ').next());
            let process = fs::read_to_string(&note).ok().and_then(|text| text.trim().parse().ok());
            if let (Some(address), Some(process)) = (address, process) {
                server.base = format!("http://{address}");
                server.process = process;
                return Ok(Some(server));
            }
            if server.has_ended() {
                return Ok(None);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Err(format!("the server does not start: {}", fs::read_to_string(&errors).unwrap_or_default()))
    }

    /// Starts the server and insists on it.
    pub(super) fn must_serve(&self) -> Result<Server, String> {
        let server = self.serve(&[])?;
        server.ok_or_else(|| {
            let log = fs::read_to_string(self.folder.join("server.log")).unwrap_or_default();
            format!("the server does not start any more: {log}")
        })
    }

    fn witness(&self, what: &str, base: &str) -> Command {
        let mut command = Command::new(&self.binaries.witness);
        command.args([what, "--base", base, "--actors"]).arg(self.actors());
        command
    }

    /// Starts the load. It ends when the server is gone, or after the time.
    pub(super) fn load(&self, server: &Server, seed: u64, run: &str, time: Duration) -> Result<Load, String> {
        let mut command = self.witness("load", &server.base);
        command.arg("--log").arg(self.log()).args(["--seed", &seed.to_string(), "--run", run, "--until-gone"]);
        command.args(["--milliseconds", &time.as_millis().to_string()]).stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().map(|child| Load { child: Some(child) }).map_err(|error| error.to_string())
    }

    /// Has the witness check the server, and adds what it found.
    pub(super) fn check(&self, server: &Server, more: &[&str], sum: &mut Sum) -> Result<(), String> {
        let mut command = self.witness("check", &server.base);
        let line = json_of(command.arg("--log").arg(self.log()).args(more))?;
        sum.add(&line);
        Ok(())
    }

    pub(super) fn probe(&self, server: &Server, request: &str) -> Result<Value, String> {
        json_of(self.witness("probe", &server.base).args(["--request", request]))
    }

    /// Runs `warifu verify`; what does not hold is a violation.
    pub(super) fn verify(&self, sum: &mut Sum) -> Result<(), String> {
        let output = self.warifu(&["verify", "--json"]).output().map_err(|error| error.to_string())?;
        sum.verified += 1;
        if !output.status.success() {
            let said = [output.stdout, output.stderr].concat();
            sum.violations.push(format!("verify: {}", String::from_utf8_lossy(&said)));
        }
        Ok(())
    }
}

fn json_of(command: &mut Command) -> Result<Value, String> {
    let output = command.output().map_err(|error| error.to_string())?;
    let complaint = || format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).map_err(|_| complaint())
}

/// A running server. It is killed when dropped.
pub(super) struct Server {
    child: Child,
    process: u32,
    pub(super) base: String,
    log: PathBuf,
}

impl Server {
    pub(super) fn has_ended(&mut self) -> bool {
        self.child.try_wait().is_ok_and(|ended| ended.is_some())
    }

    /// SIGKILL: nothing of it runs any more when this returns.
    pub(super) fn kill(&mut self) {
        self.signal("-KILL");
        let _ = self.child.wait();
    }

    /// SIGTERM, and waits for the orderly end.
    pub(super) fn end(&mut self) -> Result<(), String> {
        self.signal("-TERM");
        let deadline = Instant::now() + PATIENCE;
        while !self.has_ended() {
            if Instant::now() > deadline {
                return Err("the server does not end".to_owned());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    pub(super) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }

    fn signal(&self, signal: &str) {
        if self.process != 0 {
            // Fails if it has ended by itself.
            let _ = Command::new("kill").args([signal, &self.process.to_string()]).stderr(Stdio::null()).status();
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !self.has_ended() {
            self.kill();
        }
    }
}

/// A load at work.
pub(super) struct Load {
    child: Option<Child>,
}

impl Load {
    pub(super) fn has_ended(&mut self) -> bool {
        self.child.as_mut().is_none_or(|child| child.try_wait().is_ok_and(|ended| ended.is_some()))
    }

    pub(super) fn finish(&mut self, sum: &mut Sum) -> Result<(), String> {
        let Some(child) = self.child.take() else { return Ok(()) };
        let output = child.wait_with_output().map_err(|error| error.to_string())?;
        let line: Value = serde_json::from_slice(&output.stdout)
            .map_err(|_| format!("the load failed: {}", String::from_utf8_lossy(&output.stderr)))?;
        sum.answers += number(&line, "answers");
        Ok(())
    }
}

impl Drop for Load {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// What a run has seen so far.
#[derive(Debug, Default)]
pub(super) struct Sum {
    pub(super) answers: u64,
    pub(super) acknowledged: u64,
    pub(super) unknown: u64,
    pub(super) there: u64,
    pub(super) absent: u64,
    pub(super) verified: u64,
    pub(super) violations: Vec<String>,
}

impl Sum {
    fn add(&mut self, line: &Value) {
        self.acknowledged += number(line, "acknowledged");
        self.unknown += number(line, "unknown");
        self.there += number(line, "there");
        self.absent += number(line, "absent");
        let violations = line.get("violations").and_then(Value::as_array).cloned().unwrap_or_default();
        self.violations.extend(violations.iter().map(ToString::to_string));
    }

    /// Prints what was seen; an error if anything does not hold.
    pub(super) fn conclude(self, what: &str, folder: &mut Folder) -> Result<(), String> {
        println!(
            "{what}: {} acknowledged commands checked, {} unknown ({} there, {} not), {} verified databases: {}",
            self.acknowledged,
            self.unknown,
            self.there,
            self.absent,
            self.verified,
            if self.violations.is_empty() { "nothing lost, nothing twice" } else { "VIOLATIONS" }
        );
        if self.violations.is_empty() {
            return Ok(());
        }
        for violation in self.violations.iter().take(20) {
            println!("  {violation:.400}");
        }
        Err(format!("{what}: {} violations; {}", self.violations.len(), folder.keep()))
    }
}

fn number(line: &Value, field: &str) -> u64 {
    line.get(field).and_then(Value::as_u64).unwrap_or(0)
}

/// The arguments by which `strace` follows all threads and writes to `file`. Not with `--seccomp-bpf`, which is faster and
/// with which it injects no signals.
pub(super) fn strace(file: &Path, more: &[&str]) -> Vec<String> {
    let fixed = ["-f", "-qq", "-o"].map(str::to_owned);
    fixed.into_iter().chain([file.display().to_string()]).chain(more.iter().map(|&word| word.to_owned())).collect()
}
