//! For tests only: private databases, running servers with people to use them, and a browser, so that a test needs
//! nothing but the programs installed.
//!
//! What a test starts is its own and ends with it, even if the test is killed. A missing program is a failure that says
//! what to install, never a skipped test.

// A test that cannot go on panics; there is nobody to hand an error to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

pub mod actors;
pub mod browser;
pub mod chance;
pub mod database;
pub mod issuer;
pub mod postgres;
pub mod proxy;
pub mod seat;
pub mod server;
pub mod wire;

pub use actors::{Anonymous, Cashier, Member, Partner, Reply, Request};
pub use browser::{Browser, Page, Viewport};
pub use chance::{Chance, schedules};
pub use database::{Engine, TestDatabase, waiting};
pub use postgres::Cluster;
pub use proxy::{Cut, Proxy};
pub use seat::{Live, Seat, Told};
pub use server::{Server, ServerSettings, Till};

use std::path::PathBuf;
use std::process::{Child, Command};
use std::sync::mpsc;
use std::time::{Duration, Instant};

/// A process that does not outlive this one, nor this value.
#[derive(Debug)]
struct Kept {
    child: Child,
    /// Ends the thread that is the child's parent, once dropped.
    _parent: mpsc::Sender<()>,
}

impl Kept {
    /// Starts `program` through `setpriv`, which asks the kernel to end it with its parent; `arguments` are its own.
    fn start(program: &std::path::Path, identity: &[String], signal: &str, prepare: impl FnOnce(&mut Command)) -> Self {
        let mut command = Command::new("setpriv");
        command.args(identity).args(["--pdeathsig", signal]).arg(program);
        prepare(&mut command);
        let (parent, dropped) = mpsc::channel::<()>();
        let (sender, started) = mpsc::channel();
        // To the kernel the parent is the thread that forks, and a test's threads come and go: this one stays.
        std::thread::spawn(move || {
            let _ = sender.send(command.spawn());
            let _ = dropped.recv();
        });
        let child = started.recv().expect("the thread answers").unwrap_or_else(|error| {
            panic!("`setpriv` cannot be run ({error}): install `util-linux`, or run `cargo xtask setup`")
        });
        Self { child, _parent: parent }
    }

    fn process(&self) -> rustix::process::Pid {
        rustix::process::Pid::from_child(&self.child)
    }

    fn has_ended(&mut self) -> bool {
        self.child.try_wait().expect("a child can be waited for").is_some()
    }

    /// Waits for the end of the process, and after `patience` brings it about.
    fn wait_or_kill(&mut self, patience: Duration) {
        let deadline = Instant::now() + patience;
        while !self.has_ended() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(2));
        }
        // Both fail only if the process has ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The first of `names` on the PATH.
fn find_on_path(names: &[&str]) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    names
        .iter()
        .find_map(|name| std::env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| path.is_file()))
}
