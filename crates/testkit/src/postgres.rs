//! A private PostgreSQL: a server of this test process alone, on a port of its own, gone when it is dropped.
//!
//! `initdb` runs once on a machine; every cluster is a copy of what it made. Nothing is flushed to the disk, so a cluster
//! keeps its promises as long as the machine runs, and says nothing about how fast PostgreSQL is.

use std::fs::{self, File, TryLockError};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::{Signal, kill_process};
use tokio_postgres::NoTls;

use crate::Kept;

/// How long a server may take to start.
const START: Duration = Duration::from_secs(30);
/// How long a server may take to stop before it is killed.
const STOP: Duration = Duration::from_secs(5);
/// How often a start is tried when somebody else takes the port first.
const ATTEMPTS: usize = 5;

const SETTINGS: &[&str] = &[
    "listen_addresses=127.0.0.1",
    "unix_socket_directories=",
    "fsync=off",
    "full_page_writes=off",
    "synchronous_commit=on",
    "shared_buffers=32MB",
    "max_connections=60",
    "autovacuum=on",
];

/// A running PostgreSQL server. Dropping it stops the server and removes its files.
pub struct Cluster {
    server: Mutex<Kept>,
    port: u16,
    databases: AtomicU32,
    // After the server: it is dropped last.
    folder: Folder,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Cluster({})", self.port)
    }
}

impl Cluster {
    /// Starts a server and returns when it takes connections. Blocks for a fraction of a second; for a few the first time
    /// on a machine.
    ///
    /// # Panics
    /// If PostgreSQL is not installed, or does not start: then with the server's log.
    #[must_use]
    pub fn start() -> Self {
        let programs = Programs::find();
        let folder = Folder::create(&programs);
        for _ in 0..ATTEMPTS {
            let port = free_port();
            match start_server(&programs, &folder, port) {
                Ok(server) => {
                    return Self { server: Mutex::new(server), port, databases: AtomicU32::new(0), folder };
                }
                Err(log) if log.contains("could not bind") => {}
                Err(log) => panic!("PostgreSQL did not start; its log says:\n{log}"),
            }
        }
        panic!("somebody else took the port of PostgreSQL {ATTEMPTS} times in a row");
    }

    /// The port on 127.0.0.1 where the server listens.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Stops the server as a crash does, whatever is under way, and starts it again on the same port. Blocks meanwhile.
    ///
    /// # Panics
    /// If it does not start again: then with its log.
    pub fn crash_and_restart(&self) {
        let mut server = self.server();
        stop(&mut server);
        *server = start_server(&Programs::find(), &self.folder, self.port)
            .unwrap_or_else(|log| panic!("PostgreSQL did not start again; its log says:\n{log}"));
    }

    fn server(&self) -> MutexGuard<'_, Kept> {
        self.server.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Creates an empty database and returns its URL.
    ///
    /// # Panics
    /// If the server does not do so.
    pub async fn create_database(&self) -> String {
        let name = format!("test{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let (client, connection) = tokio_postgres::connect(&self.url("postgres"), NoTls)
            .await
            .expect("the test's PostgreSQL takes connections");
        let connection = tokio::spawn(connection);
        client
            .batch_execute(&format!("CREATE DATABASE {name}"))
            .await
            .expect("the test's PostgreSQL creates databases");
        drop(client);
        // How the connection ended matters to nobody.
        let _ = connection.await;
        self.url(&name)
    }

    fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        stop(&mut self.server());
    }
}

/// SIGQUIT is PostgreSQL's immediate shutdown: nothing is written that was not, as if it had crashed.
fn stop(server: &mut Kept) {
    if !server.has_ended() {
        let _ = kill_process(server.process(), Signal::QUIT);
    }
    server.wait_or_kill(STOP);
}

/// Starts the server on `port`, or returns its log.
fn start_server(programs: &Programs, folder: &Folder, port: u16) -> Result<Kept, String> {
    let log = beside(&folder.path, ".log");
    let log_file = File::create(&log).expect("the log of PostgreSQL can be written");
    let mut server = Kept::start(&programs.bin.join("postgres"), &programs.identity, "INT", |command| {
        command.arg("-D").arg(&folder.path).args(["-c", &format!("port={port}")]);
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        let errors = log_file.try_clone().expect("a file can be opened twice");
        command.current_dir("/").stdin(Stdio::null()).stdout(log_file).stderr(errors);
    });
    let deadline = Instant::now() + START;
    while Instant::now() < deadline {
        if is_ready(folder, server.child.id()) {
            return Ok(server);
        }
        if server.has_ended() {
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    server.wait_or_kill(Duration::ZERO);
    Err(fs::read_to_string(&log).unwrap_or_default())
}

/// Whether the server takes connections, by its own word: a connection might find a stranger on the port.
fn is_ready(folder: &Folder, process: u32) -> bool {
    // The first line is the process, the eighth its status.
    let lines = fs::read_to_string(folder.path.join("postmaster.pid")).unwrap_or_default();
    let mut lines = lines.lines().map(str::trim);
    lines.next() == Some(&process.to_string()) && lines.nth(6) == Some("ready")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("there is a free port");
    listener.local_addr().expect("a listener has an address").port()
}

/// PostgreSQL as it is installed here, and who may run it.
struct Programs {
    bin: PathBuf,
    major: String,
    /// What `setpriv` needs to change to the server's user; empty if that is who runs the tests.
    identity: Vec<String>,
    user: u32,
}

impl Programs {
    fn find() -> Self {
        let Some(bin) = find_programs() else {
            panic!("PostgreSQL is not installed: install `postgresql`, or run `cargo xtask setup`");
        };
        let version = output(Command::new(bin.join("postgres")).arg("--version"));
        // postgres (PostgreSQL) 17.6 (Debian 17.6-1)
        let major = version.split_whitespace().nth(2).and_then(|number| number.split('.').next());
        let major = major.unwrap_or_else(|| panic!("`postgres --version` says {version:?}")).to_owned();
        let me = rustix::process::geteuid();
        if !me.is_root() {
            return Self { bin, major, identity: Vec::new(), user: me.as_raw() };
        }
        // The server refuses to run as root. The package made this user.
        let user = output(Command::new("id").args(["-u", "postgres"]));
        let user = user.trim().parse().expect("`id -u` says a number");
        let identity = ["--reuid", "postgres", "--regid", "postgres", "--clear-groups"].map(str::to_owned).to_vec();
        Self { bin, major, identity, user }
    }

    /// A command run by the server's user.
    fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = if self.identity.is_empty() {
            Command::new(program)
        } else {
            let mut command = Command::new("setpriv");
            command.args(&self.identity).arg(program);
            command
        };
        command.current_dir("/");
        command
    }
}

fn find_programs() -> Option<PathBuf> {
    let complete = |bin: &Path| bin.join("initdb").is_file() && bin.join("postgres").is_file();
    let on_path = std::env::var_os("PATH")?;
    if let Some(bin) = std::env::split_paths(&on_path).find(|bin| complete(bin)) {
        return Some(bin);
    }
    // Debian keeps each major version apart and off the PATH.
    let versions = fs::read_dir("/usr/lib/postgresql").ok()?.flatten();
    let major = |bin: &PathBuf| bin.parent()?.file_name()?.to_str()?.parse::<u32>().ok();
    versions.map(|version| version.path().join("bin")).filter(|bin| complete(bin)).max_by_key(major)
}

/// The files of one cluster, and the lock which says that they are in use. Removed when dropped.
struct Folder {
    path: PathBuf,
    _in_use: File,
}

impl Folder {
    fn create(programs: &Programs) -> Self {
        let template = std::env::temp_dir().join(format!("warifu-testkit-pg{}-{}", programs.major, programs.user));
        let one_at_a_time = File::create(beside(&template, ".lock")).expect("the lock of the template can be made");
        one_at_a_time.lock().expect("a file can be locked");
        if !template.exists() {
            create_template(programs, &template);
        }
        // Whoever owned this path could put anything into the server.
        let owner = fs::metadata(&template).expect("the template is there").uid();
        assert_eq!(owner, programs.user, "{} belongs to somebody else: remove it", template.display());
        remove_abandoned(&template);
        let random = getrandom::u64().expect("the system has random bytes");
        let path = beside(&template, &format!(".{random:016x}"));
        let in_use = File::create(beside(&path, ".lock")).expect("a lock can be made");
        in_use.lock().expect("a file can be locked");
        drop(one_at_a_time);
        let folder = Self { path, _in_use: in_use };
        output(programs.command("cp").args(["-r", "--reflink=auto"]).arg(&template).arg(&folder.path));
        folder
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        remove(&self.path);
    }
}

/// Runs `initdb`; the template appears under its name when it is complete.
fn create_template(programs: &Programs, template: &Path) {
    let partial = beside(template, ".partial");
    let _ = fs::remove_dir_all(&partial);
    let mut initdb = programs.command(programs.bin.join("initdb"));
    initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync"]);
    // Sorts as people do, like most databases in the world and unlike SQLite: who needs bytes in order must say so.
    initdb.args(["--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=und"]);
    // Less to copy than the usual 16.
    output(initdb.arg("--wal-segsize=1").arg("--pgdata").arg(&partial));
    fs::rename(&partial, template).expect("the template can be renamed into place");
}

/// Removes what killed tests left behind: every cluster that nobody holds locked.
fn remove_abandoned(template: &Path) {
    let (Some(parent), Some(name)) = (template.parent(), template.file_name().and_then(|name| name.to_str())) else {
        return;
    };
    let prefix = format!("{name}.");
    for entry in fs::read_dir(parent).expect("the folder for temporary files can be read").flatten() {
        let file_name = entry.file_name();
        let Some(random) = file_name.to_str().and_then(|name| name.strip_prefix(&prefix)?.strip_suffix(".lock")) else {
            continue;
        };
        // Another process may have removed it meanwhile.
        let Ok(lock) = File::open(entry.path()) else { continue };
        match lock.try_lock() {
            Ok(()) => remove(&beside(template, &format!(".{random}"))),
            Err(TryLockError::WouldBlock) => {}
            Err(TryLockError::Error(error)) => panic!("{} cannot be locked: {error}", entry.path().display()),
        }
    }
}

/// Removes the files of a cluster; some may be gone, and some may still be written by a server that is being killed.
fn remove(path: &Path) {
    let _ = fs::remove_dir_all(path);
    let _ = fs::remove_file(beside(path, ".log"));
    let _ = fs::remove_file(beside(path, ".lock"));
}

/// `path` with `ending` after its name.
fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    name.into()
}

/// What `command` prints, or a panic with what it complained of.
fn output(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?} cannot be run: {error}"));
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed: {complaint}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
