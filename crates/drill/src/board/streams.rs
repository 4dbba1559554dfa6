//! Open browsers: a stream of live changes each, on a connection of its own, opened again when it ends, as a browser does. Each
//! notes when it was told which change.

use std::io::{Error, Result};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader, Lines};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;

use crate::credential::Credential;
use crate::wire::Connection;

/// Browsers that are open.
#[derive(Debug)]
pub(super) struct Streams {
    ears: Vec<Arc<Mutex<Ear>>>,
    listeners: Vec<JoinHandle<()>>,
}

/// The numbers of the changes that a browser was told, and when.
type Heard = Vec<(u64, Instant)>;

/// What one browser was told.
#[derive(Debug, Default)]
struct Ear {
    /// The number after which it was to be told everything.
    first: u64,
    heard: Heard,
    reopened: usize,
    faults: Vec<String>,
}

impl Ear {
    fn last(&self) -> u64 {
        self.heard.last().map_or(self.first, |(number, _)| *number)
    }

    /// Changes are told once and in order.
    fn hear(&mut self, number: u64) {
        let expected = self.last().saturating_add(1);
        if number != expected {
            self.faults.push(format!("told change {number}, expected {expected}"));
        }
        self.heard.push((number, Instant::now()));
    }
}

impl Streams {
    /// Opens a stream for each key and waits until each is ready.
    pub(super) async fn open(address: SocketAddr, keys: &[String]) -> Result<Self> {
        let mut streams = Self { ears: Vec::new(), listeners: Vec::new() };
        for key in keys {
            let (number, lines) = connect(address, key).await?;
            let ear = Arc::new(Mutex::new(Ear { first: number, ..Ear::default() }));
            streams.ears.push(Arc::clone(&ear));
            streams.listeners.push(tokio::spawn(listen(address, key.clone(), lines, ear)));
        }
        Ok(streams)
    }

    /// Waits until every browser was told this change, though no longer than that.
    pub(super) async fn wait_for(&self, last: u64, longest: Duration) {
        let started = Instant::now();
        while started.elapsed() < longest && self.ears.iter().any(|ear| lock(ear).last() < last) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Closes the browsers. Gives what each was told and when, and how often a stream was opened again.
    ///
    /// # Errors
    /// If one was not told every change up to the last once and in order.
    pub(super) fn close(self, last: u64) -> Result<(Vec<Heard>, usize)> {
        self.listeners.iter().for_each(JoinHandle::abort);
        let (mut all, mut reopened) = (Vec::new(), 0_usize);
        for (number, ear) in self.ears.iter().enumerate() {
            let mut ear = lock(ear);
            if ear.last() != last {
                let told = ear.last();
                ear.faults.push(format!("told up to change {told} of {last}"));
            }
            if let Some(fault) = ear.faults.first() {
                return Err(Error::other(format!("browser {number}: {fault} ({} faults)", ear.faults.len())));
            }
            reopened = reopened.saturating_add(ear.reopened);
            all.push(std::mem::take(&mut ear.heard));
        }
        Ok((all, reopened))
    }
}

fn lock(ear: &Mutex<Ear>) -> MutexGuard<'_, Ear> {
    ear.lock().unwrap_or_else(PoisonError::into_inner)
}

type Stream = Lines<BufReader<TcpStream>>;

/// Opens a stream; gives the number after which it tells everything.
async fn connect(address: SocketAddr, key: &str) -> Result<(u64, Stream)> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET /v1/review/live HTTP/1.1\r\nhost: warifu\r\nauthorization: Bearer {key}\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut lines = BufReader::with_capacity(16_384, stream).lines();
    let mut is_ready = false;
    while let Some(line) = lines.next_line().await? {
        is_ready |= line == "event: ready";
        if let Some(data) = line.strip_prefix("data: ").filter(|_| is_ready) {
            let number = number(data).ok_or_else(|| Error::other("a stream is ready without a number"))?;
            return Ok((number, lines));
        }
    }
    Err(Error::other("a stream ended before it was ready"))
}

/// Reads one stream after the other.
async fn listen(address: SocketAddr, key: String, mut lines: Stream, ear: Arc<Mutex<Ear>>) {
    loop {
        read(&mut lines, &ear).await;
        match reopen(address, &key, &ear).await {
            Ok(next) => lines = next,
            Err(error) => return lock(&ear).faults.push(format!("the stream ended for good: {error}")),
        }
    }
}

/// Reads a stream to its end. An event is a line that names it and a line with its data.
async fn read(lines: &mut Stream, ear: &Mutex<Ear>) {
    let mut is_change = false;
    while let Ok(Some(line)) = lines.next_line().await {
        if let Some(name) = line.strip_prefix("event: ") {
            is_change = name == "change";
            if name == "missed" {
                lock(ear).faults.push("told that it missed something".to_owned());
            }
        } else if let Some(data) = line.strip_prefix("data: ").filter(|_| is_change) {
            match number(data) {
                Some(number) => lock(ear).hear(number),
                None => lock(ear).faults.push("told a change without a number".to_owned()),
            }
        }
    }
}

/// Opens the next stream and reads what was changed in between.
async fn reopen(address: SocketAddr, key: &str, ear: &Mutex<Ear>) -> Result<Stream> {
    let (ready, lines) = connect(address, key).await?;
    let last = lock(ear).last();
    if ready > last {
        let path = format!("/v1/review/changes?after={last}");
        let mut connection = Connection::new(address);
        let answer = connection.send("GET", &path, &Credential::parse(key), "").await?;
        let told: Value = serde_json::from_slice(answer.body)?;
        let items = told.get("items").and_then(Value::as_array).into_iter().flatten();
        let numbers = items.filter_map(|item| item.get("number").and_then(Value::as_u64));
        let mut ear = lock(ear);
        numbers.filter(|number| *number <= ready).for_each(|number| ear.hear(number));
    }
    lock(ear).reopened += 1;
    Ok(lines)
}

/// The number with which the data of an event begin. The rest is not read, for the sake of what shares the cores.
fn number(data: &str) -> Option<u64> {
    let digits = data.strip_prefix("{\"number\":")?;
    digits.split(|it: char| !it.is_ascii_digit()).next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_from_the_start_of_an_event() {
        assert_eq!(number(r#"{"number":17,"at":"2026-11-22T10:03:00Z"}"#), Some(17));
        assert_eq!(number(r#"{"present":3}"#), None);
    }

    #[test]
    fn a_change_that_is_told_twice_or_not_at_all_is_a_fault() {
        for (told, faults) in [(&[5, 6, 7][..], 0), (&[5, 5, 6], 1), (&[5, 7], 1), (&[6, 5], 2)] {
            let mut ear = Ear { first: 4, ..Ear::default() };
            told.iter().for_each(|number| ear.hear(*number));
            assert_eq!(ear.faults.len(), faults, "{told:?}");
        }
    }
}
