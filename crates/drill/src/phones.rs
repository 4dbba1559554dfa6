//! Open phones: members whose wallets are on a screen, told of what happens as it happens. Each is a stream on a connection of its
//! own; how long each was told after it was recorded is noted, by the clock of the machine that both sides share.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::load::{Crowd, percentiles};
use crate::wire::Connection;

/// Phones that are open.
#[derive(Debug)]
pub struct Phones {
    opened: usize,
    delays: Arc<Mutex<Vec<u64>>>,
    listeners: Vec<JoinHandle<()>>,
}

/// What the phones were told.
#[derive(Debug, Serialize)]
pub struct Told {
    /// How many phones were open.
    pub phones: usize,
    /// How many are still.
    pub still_open: usize,
    /// How many events they were told.
    pub events: usize,
    /// How long after it was recorded, in microseconds: median, 99th and 99.9th percentile, longest.
    pub delay_us: [u64; 4],
}

impl Phones {
    /// Opens the phones of the first `count` members.
    ///
    /// # Errors
    /// If one cannot be opened.
    pub async fn open(address: SocketAddr, crowd: &Crowd, count: usize) -> std::io::Result<Self> {
        let mut phones = Self { opened: 0, delays: Arc::default(), listeners: Vec::new() };
        let mut connection = Connection::new(address);
        for credential in crowd.members().iter().take(count) {
            let answer = connection.post("/v1/live-tickets", credential, "{}").await?;
            let ticket = answer.field("ticket").map(str::to_owned);
            let ticket = ticket.ok_or_else(|| std::io::Error::other(format!("no ticket: status {}", answer.status)))?;
            let mut stream = TcpStream::connect(address).await?;
            let request = format!("GET /v1/live?ticket={ticket} HTTP/1.1\r\nhost: warifu\r\n\r\n");
            stream.write_all(request.as_bytes()).await?;
            let mut lines = BufReader::with_capacity(1_024, stream).lines();
            loop {
                match lines.next_line().await? {
                    Some(line) if line.starts_with("event: ready") => break,
                    Some(_) => {}
                    None => return Err(std::io::Error::other("a stream ended before it was ready")),
                }
            }
            phones.opened = phones.opened.saturating_add(1);
            let delays = Arc::clone(&phones.delays);
            phones.listeners.push(tokio::spawn(async move {
                while let Ok(Some(line)) = lines.next_line().await {
                    if let Some(delay) = line.strip_prefix("data: ").and_then(delay) {
                        delays.lock().unwrap_or_else(PoisonError::into_inner).push(delay);
                    }
                }
            }));
        }
        Ok(phones)
    }

    /// Closes the phones and says what they were told.
    #[must_use]
    pub fn close(self) -> Told {
        let still_open = self.listeners.iter().filter(|listener| !listener.is_finished()).count();
        self.listeners.iter().for_each(JoinHandle::abort);
        let mut delays = self.delays.lock().unwrap_or_else(PoisonError::into_inner);
        Told { phones: self.opened, still_open, events: delays.len(), delay_us: percentiles(&mut delays) }
    }
}

/// How long ago what an event tells was recorded, in microseconds. The name of an event's id is the time when it was asked for
/// (RFC 9562, 5.7), to the millisecond.
fn delay(data: &str) -> Option<u64> {
    let event: serde_json::Value = serde_json::from_str(data).ok()?;
    let id = event.get("id")?.as_str()?.split_once('_')?.1;
    let millis = u64::from_str_radix(id.get(..12)?, 16).ok()?;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_micros();
    u64::try_from(now).ok()?.checked_sub(millis.checked_mul(1_000)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_delay_counts_from_the_time_in_the_id() {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis();
        let event = format!(r#"{{"id":"pay_{:012x}7000800000000000dead"}}"#, now - 250);
        assert!((250_000..400_000).contains(&delay(&event).unwrap()));
        for none in ["{}", "ready", r#"{"id":"pay"}"#, r#"{"id":"pay_x"}"#] {
            assert_eq!(delay(none), None, "{none}");
        }
    }
}
