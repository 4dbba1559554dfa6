//! A PostgreSQL of this run alone, with every promise about the disk switched on, which can be killed and started again.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::command::first_line;

const START: Duration = Duration::from_secs(60);

pub(super) struct Cluster {
    bin: PathBuf,
    folder: PathBuf,
    as_root: bool,
    port: u16,
    server: Option<Child>,
}

impl Cluster {
    pub(super) fn create(folder: &Path) -> Result<Self, String> {
        let bin = crate::setup::postgres_programs().ok_or("PostgreSQL is not installed: run `cargo xtask setup`")?;
        let as_root = first_line("id", &["-u"]).as_deref() == Some("0");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|error| error.to_string())?;
        let port = listener.local_addr().map_err(|error| error.to_string())?.port();
        drop(listener);
        let mut cluster = Self { bin, folder: folder.join("postgres"), as_root, port, server: None };
        std::fs::create_dir(&cluster.folder).map_err(|error| format!("{}: {error}", cluster.folder.display()))?;
        if as_root {
            run(Command::new("chown").arg("postgres").arg(&cluster.folder))?;
            // The server's user has to get to its folder through ours.
            let open = std::fs::Permissions::from_mode(0o711);
            std::fs::set_permissions(folder, open).map_err(|error| error.to_string())?;
        }
        let mut initdb = cluster.command("initdb");
        initdb.args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--pgdata"]);
        run(initdb.arg(cluster.folder.join("data")))?;
        cluster.start()?;
        Ok(cluster)
    }

    pub(super) fn url(&self, name: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{name}", self.port)
    }

    pub(super) fn create_database(&self, name: &str) -> Result<(), String> {
        let mut create = self.command("createdb");
        run(create.args(["--host=127.0.0.1", "--username=postgres", "--port", &self.port.to_string(), name]))
    }

    /// Kills the server and all its parts at once, as a crash does, and starts it again.
    pub(super) fn crash(&mut self) -> Result<(), String> {
        if let Some(mut server) = self.server.take() {
            // The postmaster's parts end by themselves when it is gone.
            server.kill().map_err(|error| error.to_string())?;
            server.wait().map_err(|error| error.to_string())?;
        }
        self.start()
    }

    fn start(&mut self) -> Result<(), String> {
        let deadline = Instant::now() + START;
        // A server that was killed may leave parts behind for a moment, which keep the next one from starting.
        while Instant::now() < deadline {
            let log = File::create(self.folder.join("../postgres.log")).map_err(|error| error.to_string())?;
            let mut postgres = self.command("postgres");
            postgres.arg("-D").arg(self.folder.join("data")).args(["-c", &format!("port={}", self.port)]);
            for setting in ["listen_addresses=127.0.0.1", "unix_socket_directories=", "max_connections=60"] {
                postgres.args(["-c", setting]);
            }
            postgres.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
            let mut server = postgres.spawn().map_err(|error| error.to_string())?;
            let process = server.id();
            while Instant::now() < deadline && server.try_wait().is_ok_and(|ended| ended.is_none()) {
                if self.is_ready(process) {
                    self.server = Some(server);
                    return Ok(());
                }
                std::thread::sleep(Duration::from_millis(10));
            }
            let _ = server.kill();
            let _ = server.wait();
            std::thread::sleep(Duration::from_millis(200));
        }
        Err("PostgreSQL does not start; see postgres.log".to_owned())
    }

    fn is_ready(&self, process: u32) -> bool {
        // The first line is the process, the eighth its status.
        let text = std::fs::read_to_string(self.folder.join("data/postmaster.pid")).unwrap_or_default();
        let mut lines = text.lines().map(str::trim);
        lines.next() == Some(&process.to_string()) && lines.nth(6) == Some("ready")
    }

    fn command(&self, program: &str) -> Command {
        let program = self.bin.join(program);
        let mut command = Command::new("setpriv");
        if self.as_root {
            // The server refuses to run as root. The package made this user.
            command.args(["--reuid", "postgres", "--regid", "postgres", "--clear-groups"]);
        }
        command.args(["--pdeathsig", "KILL"]).arg(program).current_dir("/");
        command
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            let _ = server.wait();
        }
    }
}

fn run(command: &mut Command) -> Result<(), String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr)))
}
