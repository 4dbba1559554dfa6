//! A proxy between a server and its PostgreSQL that can cut the connection: after so many bytes in either direction, or
//! when it sees a COMMIT, before or after the database does.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The end of the message by which a client commits: text of a simple query.
const COMMIT: &[u8] = b"COMMIT\0";

/// When a connection is cut. Each cut happens once, to the first connection that it fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// The COMMIT does not reach the database.
    BeforeCommit,
    /// The database commits; nothing of its answer reaches the client.
    AfterCommit,
    /// The database commits; so many bytes of its answer reach the client.
    WithinAnswer(usize),
    /// So many bytes go to the database, counted from now over all connections, and then no more.
    ToDatabase(usize),
    /// So many bytes go to the client, likewise.
    ToClient(usize),
}

/// A running proxy. It ends when this is dropped.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    target: Arc<AtomicU16>,
    shared: Arc<Shared>,
    all: watch::Sender<u64>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Shared {
    armed: Mutex<Option<Cut>>,
    refuses: AtomicBool,
    cuts: AtomicU64,
}

impl Proxy {
    /// Starts a proxy in front of `port` on this machine.
    ///
    /// # Panics
    /// If there is no free port.
    pub async fn start(port: u16) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("there is a free port");
        let own = listener.local_addr().expect("a listener has an address").port();
        let shared = Arc::new(Shared::default());
        let (all, is_cut) = watch::channel(0);
        let serving = Arc::clone(&shared);
        let target = Arc::new(AtomicU16::new(port));
        let leads_to = Arc::clone(&target);
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // One that is dropped at once looks like a server that is away.
                if serving.refuses.load(Ordering::SeqCst) {
                    continue;
                }
                let Ok(database) = TcpStream::connect((Ipv4Addr::LOCALHOST, leads_to.load(Ordering::SeqCst))).await
                else {
                    continue;
                };
                tokio::spawn(pump(client, database, Arc::clone(&serving), is_cut.clone()));
            }
        });
        Self { port: own, target, shared, all, task }
    }

    /// The port where it listens.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Leads new connections to another port.
    pub fn lead_to(&self, port: u16) {
        self.target.store(port, Ordering::SeqCst);
    }

    /// Arms a cut, in the place of one that has not happened yet.
    pub fn arm(&self, cut: Cut) {
        *self.shared.armed() = Some(cut);
    }

    /// Takes back what is armed, and lets everybody in.
    pub fn disarm(&self) {
        *self.shared.armed() = None;
        self.refuse(false);
    }

    /// Whether new connections are refused.
    pub fn refuse(&self, refuses: bool) {
        self.shared.refuses.store(refuses, Ordering::SeqCst);
    }

    /// Cuts every connection there is.
    pub fn cut_all(&self) {
        self.all.send_modify(|count| *count += 1);
        self.shared.cuts.fetch_add(1, Ordering::SeqCst);
    }

    /// How many cuts have happened.
    #[must_use]
    pub fn cuts(&self) -> u64 {
        self.shared.cuts.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.cut_all();
    }
}

impl Shared {
    fn armed(&self) -> MutexGuard<'_, Option<Cut>> {
        self.armed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The cut that a COMMIT sets off.
    fn take_for_commit(&self) -> Option<Cut> {
        let is_wanted = |cut: &mut Cut| matches!(cut, Cut::BeforeCommit | Cut::AfterCommit | Cut::WithinAnswer(_));
        self.armed().take_if(is_wanted)
    }

    /// How much of a piece still goes through in a direction; `None` if all of it does.
    fn take_bytes(&self, to_database: bool, length: usize) -> Option<usize> {
        let mut armed = self.armed();
        let left = match (&mut *armed, to_database) {
            (Some(Cut::ToDatabase(left)), true) | (Some(Cut::ToClient(left)), false) => left,
            _ => return None,
        };
        if *left >= length {
            *left -= length;
            return None;
        }
        let left = *left;
        *armed = None;
        Some(left)
    }
}

/// Carries bytes until an end hangs up or the connection is cut. Dropping both streams is the cut.
async fn pump(mut client: TcpStream, mut database: TcpStream, shared: Arc<Shared>, mut all: watch::Receiver<u64>) {
    all.mark_unchanged();
    let (mut up, mut down) = (vec![0; 65_536], vec![0; 65_536]);
    // What the next answer of the database is cut to.
    let mut answer: Option<usize> = None;
    loop {
        tokio::select! {
            _ = all.changed() => return,
            read = client.read(&mut up) => {
                let Ok(length @ 1..) = read else { return };
                let mut piece = &up[..length];
                let mut is_last = false;
                if piece.windows(COMMIT.len()).any(|window| window == COMMIT) {
                    match shared.take_for_commit() {
                        Some(Cut::BeforeCommit) => (piece, is_last) = (&[], true),
                        Some(Cut::AfterCommit) => answer = Some(0),
                        Some(Cut::WithinAnswer(length)) => answer = Some(length),
                        _ => {}
                    }
                } else if let Some(left) = shared.take_bytes(true, length) {
                    (piece, is_last) = (&up[..left], true);
                }
                if database.write_all(piece).await.is_err() || is_last {
                    break;
                }
            }
            read = database.read(&mut down) => {
                let Ok(length @ 1..) = read else { return };
                let left = answer.or_else(|| shared.take_bytes(false, length));
                let piece = &down[..left.unwrap_or(length).min(length)];
                if client.write_all(piece).await.is_err() || left.is_some() {
                    break;
                }
            }
        }
    }
    shared.cuts.fetch_add(1, Ordering::SeqCst);
}
