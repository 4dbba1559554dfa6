//! A measured load: members' codes are issued, tills take payments by them, and every reply is timed.
//!
//! Only the newest code of a wallet is good, so each round of a measurement takes one payment from each member.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::Path;
use std::str::FromStr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::credential::{Credential, PHONE};
use crate::wire::Connection;

/// Whom the load consists of.
#[derive(Debug, Default)]
pub struct Crowd {
    // Payments go to them in turn.
    terminals: Vec<Credential>,
    members: Vec<Credential>,
}

impl Crowd {
    pub(crate) fn members(&self) -> &[Credential] {
        &self.members
    }

    /// Reads a file with a terminal's bearer token (`wft_...`) or a member's phone (`wfm_...`) a line.
    ///
    /// # Errors
    /// If the file cannot be read or lacks one of the two.
    pub fn read(path: &Path) -> std::io::Result<Self> {
        Self::parse(&std::fs::read_to_string(path)?)
    }

    /// Reads the text of such a file.
    ///
    /// # Errors
    /// If it lacks one of the two.
    pub fn parse(text: &str) -> std::io::Result<Self> {
        let of = |prefix: &str| text.lines().filter(|line| line.starts_with(prefix)).map(Credential::parse).collect();
        let crowd = Self { terminals: of("wft_"), members: of(PHONE) };
        if crowd.terminals.is_empty() || crowd.members.is_empty() {
            return Err(std::io::Error::other(
                "the file must hold tokens of terminals (wft_) and phones of members (wfm_)",
            ));
        }
        Ok(crowd)
    }
}

/// What each request of a run does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// A member asks for a code.
    Issue,
    /// A till takes a payment by a code that was issued before.
    Pay,
    /// A till asks for one by a code that was used up: it is decided, recorded and refused (422), as durably as a payment. For
    /// loads that last longer than codes do.
    Used,
    /// A till sends the same to the route that reads it and stores nothing.
    Check,
    /// Both one after the other: a code, and the payment by it.
    Pair,
}

/// When requests are sent.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// Each connection sends the next as soon as it has its answer.
    Closed,
    /// So many a second, whether answers come or not; latency counts from when a request was due.
    Open(NonZeroU32),
}

/// One run.
#[derive(Clone, Debug)]
pub struct Run {
    /// What is done.
    pub act: Act,
    /// At which pace.
    pub pace: Pace,
    /// Over how many connections.
    pub connections: usize,
    /// How many requests, or pairs of them. More than there are members begin with the first again.
    pub requests: usize,
    /// What every `request_id` of this run begins with.
    pub name: String,
}

impl FromStr for Run {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXPECTED: &str = "a run is ACT:CONNECTIONS:REQUESTS or ACT@RATE:CONNECTIONS:REQUESTS";
        let [what, connections, requests] = text.split(':').collect::<Vec<_>>()[..] else { return Err(EXPECTED) };
        let (act, pace) = match what.split_once('@') {
            Some((act, rate)) => (act, Pace::Open(rate.parse::<NonZeroU32>().map_err(|_| EXPECTED)?)),
            None => (what, Pace::Closed),
        };
        let act = match act {
            "issue" => Act::Issue,
            "pay" => Act::Pay,
            "used" => Act::Used,
            "check" => Act::Check,
            "pair" => Act::Pair,
            _ => return Err("the act is issue, pay, used, check or pair"),
        };
        let count = |text: &str, most: usize| text.parse().ok().filter(|count| (1..=most).contains(count));
        Ok(Self {
            act,
            pace,
            connections: count(connections, 10_000).ok_or(EXPECTED)?,
            requests: count(requests, 50_000_000).ok_or(EXPECTED)?,
            name: String::new(),
        })
    }
}

/// What came of a run.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Outcome {
    /// Requests (or pairs) that were answered as hoped.
    pub done: usize,
    /// The same a second.
    pub rate: f64,
    /// Requests that were sent, a second.
    pub offered: f64,
    /// How often each other answer came, by status and word.
    pub answers: BTreeMap<String, u64>,
    /// Latency of hoped-for answers in microseconds: median, 99th and 99.9th percentile, longest.
    pub latency_us: [u64; 4],
    /// The same of refusals for overload.
    pub refused_us: [u64; 4],
    /// Refusals for overload that did not say when to come again.
    pub without_retry_after: u64,
}

/// A crowd at a server, with the codes that were issued to it.
#[derive(Debug)]
pub struct Load {
    address: SocketAddr,
    crowd: Crowd,
    codes: Mutex<Vec<String>>,
}

#[derive(Debug, Default)]
struct Seen {
    answers: BTreeMap<String, u64>,
    good: Vec<u64>,
    refused: Vec<u64>,
    without_retry_after: u64,
}

impl Load {
    /// A crowd that no code was issued to yet.
    #[must_use]
    pub fn new(address: SocketAddr, crowd: Crowd) -> Self {
        let codes = Mutex::new(vec![String::new(); crowd.members.len()]);
        Self { address, crowd, codes }
    }

    /// Who it consists of.
    #[must_use]
    pub const fn crowd(&self) -> &Crowd {
        &self.crowd
    }

    /// How many members there are.
    #[must_use]
    pub const fn members(&self) -> usize {
        self.crowd.members.len()
    }

    /// Carries out a run.
    ///
    /// # Errors
    /// If a connection's task panicked.
    #[allow(clippy::float_arithmetic, reason = "a rate is a quotient")]
    pub async fn run(self: &Arc<Self>, run: Run) -> Result<Outcome, tokio::task::JoinError> {
        let (run, next, started) = (Arc::new(run), Arc::new(AtomicUsize::new(0)), Instant::now());
        let tasks: Vec<_> = (0..run.connections)
            .map(|_| tokio::spawn(work(Arc::clone(self), Arc::clone(&run), Arc::clone(&next), started)))
            .collect();
        let mut seen = Seen::default();
        for task in tasks {
            let one = task.await?;
            for (answer, count) in one.answers {
                let total = seen.answers.entry(answer).or_default();
                *total = total.saturating_add(count);
            }
            seen.good.extend(one.good);
            seen.refused.extend(one.refused);
            seen.without_retry_after = seen.without_retry_after.saturating_add(one.without_retry_after);
        }
        let took = started.elapsed().as_secs_f64();
        let per_second = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / took;
        Ok(Outcome {
            done: seen.good.len(),
            rate: per_second(seen.good.len()),
            offered: per_second(run.requests),
            latency_us: percentiles(&mut seen.good),
            refused_us: percentiles(&mut seen.refused),
            answers: seen.answers,
            without_retry_after: seen.without_retry_after,
        })
    }

    async fn act(&self, connection: &mut Connection, run: &Run, number: usize, seen: &mut Seen) -> Verdict {
        if run.act == Act::Issue || run.act == Act::Pair {
            let verdict = self.issue(connection, number, seen).await;
            if run.act == Act::Issue || verdict != Verdict::Good {
                return verdict;
            }
        }
        let member = number.checked_rem(self.crowd.members.len()).unwrap_or_default();
        let code = self.codes.lock().unwrap_or_else(PoisonError::into_inner).get(member).cloned().unwrap_or_default();
        let terminal = number.checked_rem(self.crowd.terminals.len()).unwrap_or_default();
        let path = if run.act == Act::Check { "/v1/payments/check" } else { "/v1/payments" };
        let body =
            format!(r#"{{"request_id":"{}-{number:09}","code":"{code}","amount":500,"currency":"JPY"}}"#, run.name);
        let Some(credential) = self.crowd.terminals.get(terminal) else { return seen.lose() };
        match connection.post(path, credential, &body).await {
            Ok(answer) => seen.take(&answer, if run.act == Act::Used { &[422] } else { &[200, 201] }),
            Err(_) => seen.lose(),
        }
    }

    async fn issue(&self, connection: &mut Connection, number: usize, seen: &mut Seen) -> Verdict {
        let member = number.checked_rem(self.crowd.members.len()).unwrap_or_default();
        let Some(credential) = self.crowd.members.get(member) else { return seen.lose() };
        match connection.post("/v1/codes", credential, "{}").await {
            Ok(answer) if answer.status == 201 => {
                let mut codes = self.codes.lock().unwrap_or_else(PoisonError::into_inner);
                if let (Some(kept), Some(code)) = (codes.get_mut(member), answer.field("code")) {
                    code.clone_into(kept);
                }
                Verdict::Good
            }
            Ok(answer) => seen.take(&answer, &[]),
            Err(_) => seen.lose(),
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Good,
    Overloaded,
    Other,
}

impl Seen {
    /// Counts an answer, for which one of `hoped` was hoped.
    fn take(&mut self, answer: &crate::wire::Answer<'_>, hoped: &[u16]) -> Verdict {
        let verdict = match answer.status {
            status if hoped.contains(&status) => Verdict::Good,
            429 | 503 => Verdict::Overloaded,
            _ => Verdict::Other,
        };
        if verdict != Verdict::Good {
            let word = format!("{} {}", answer.status, answer.field("code").unwrap_or_default());
            self.count(word);
        }
        if verdict == Verdict::Overloaded && !answer.has_retry_after {
            self.without_retry_after = self.without_retry_after.saturating_add(1);
        }
        verdict
    }

    fn lose(&mut self) -> Verdict {
        self.count("no answer".to_owned());
        Verdict::Other
    }

    fn count(&mut self, answer: String) {
        let count = self.answers.entry(answer).or_default();
        *count = count.saturating_add(1);
    }
}

/// One connection: takes the next number, waits until it is due, acts.
async fn work(load: Arc<Load>, run: Arc<Run>, next: Arc<AtomicUsize>, started: Instant) -> Seen {
    let (mut connection, mut seen) = (Connection::new(load.address), Seen::default());
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= run.requests {
            return seen;
        }
        let due = match run.pace {
            Pace::Closed => Instant::now(),
            Pace::Open(rate) => {
                let nanos = u64::try_from(number).unwrap_or(u64::MAX).saturating_mul(1_000_000_000);
                let after = Duration::from_nanos(nanos.checked_div(u64::from(rate.get())).unwrap_or_default());
                let due = started.checked_add(after).unwrap_or(started);
                tokio::time::sleep_until(due.into()).await;
                due
            }
        };
        let verdict = load.act(&mut connection, &run, number, &mut seen).await;
        let micros = u64::try_from(due.elapsed().as_micros()).unwrap_or(u64::MAX);
        match verdict {
            Verdict::Good => seen.good.push(micros),
            Verdict::Overloaded => seen.refused.push(micros),
            Verdict::Other => {}
        }
    }
}

pub(crate) fn percentiles(latencies: &mut [u64]) -> [u64; 4] {
    latencies.sort_unstable();
    let last = latencies.len().saturating_sub(1);
    [500, 990, 999, 1_000].map(|mille| {
        latencies.get(last.saturating_mul(mille).checked_div(1_000).unwrap_or_default()).copied().unwrap_or_default()
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_sorted_latencies() {
        let mut latencies: Vec<u64> = (0..=1_000).rev().collect();
        assert_eq!(percentiles(&mut latencies), [500, 990, 999, 1_000]);
        assert_eq!(percentiles(&mut []), [0; 4]);
    }

    #[test]
    fn a_run_is_read() {
        let run: Run = "pay@5000:256:25000".parse().unwrap();
        assert_eq!((run.act, run.connections, run.requests), (Act::Pay, 256, 25_000));
        assert!(matches!(run.pace, Pace::Open(rate) if rate.get() == 5_000));
        let run: Run = "pair:64:10".parse().unwrap();
        assert_eq!((run.act, run.pace), (Act::Pair, Pace::Closed));
        for wrong in ["pay", "pay:1", "pay:0:1", "pay@0:1:1", "steal:1:1", "pay:1:1:1"] {
            assert!(wrong.parse::<Run>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_crowd_needs_terminals_and_members() {
        let folder = std::env::temp_dir().join(format!("warifu-crowd-{}", std::process::id()));
        std::fs::write(&folder, "wft_a\nwfm_b\nwfm_c\n").unwrap();
        let crowd = Crowd::read(&folder).unwrap();
        assert_eq!((crowd.terminals.len(), crowd.members.len()), (1, 2));
        std::fs::write(&folder, "wft_a\n").unwrap();
        assert!(Crowd::read(&folder).is_err());
        std::fs::remove_file(&folder).unwrap();
    }
}
