//! The check, on a server that nobody else speaks to: everything in the log is there as it was told, and nothing twice.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use super::Actors;
use super::log::{Entry, Log};
use super::speaker::{Reply, Speaker};
use super::sum::{Holding, holding};

/// How many requests are at work at once.
const AT_ONCE: usize = 8;
/// How often a question is asked again whose answer is that there is none now, and after how long. A server that says so
/// lost nothing.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(500);

/// What to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// What no check looked at yet; wallets as a whole.
    New,
    /// Everything.
    All,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Commands that were answered, and looked at.
    pub acknowledged: u64,
    /// Commands whose answer was missing.
    pub unknown: u64,
    /// Of these: those that were there.
    pub there: u64,
    /// Of these: those that were not there.
    pub absent: u64,
    /// Wallets that were compared.
    pub wallets: u64,
    /// What does not hold.
    pub violations: Vec<String>,
}

struct Checker {
    speaker: Speaker,
    actors: Actors,
    log: Arc<Log>,
    /// Whether some of what is absent is asked for again.
    asks_again: bool,
}

/// What came of looking at one command.
enum Found {
    Acknowledged,
    There,
    Absent,
}

/// Checks the server at `base` against the log. What is absent stays so, unless `asks_again`: then every second of these
/// commands is sent once more, as a till would.
///
/// # Errors
/// If the server does not answer, or the log cannot be written.
pub async fn check(
    base: &str,
    actors: &Actors,
    log: &Arc<Log>,
    checked: Checked,
    asks_again: bool,
) -> io::Result<Verdict> {
    let speaker = Speaker::to(base).map_err(io::Error::other)?;
    let checker = Arc::new(Checker { speaker, actors: actors.clone(), log: Arc::clone(log), asks_again });
    let mut verdict = Verdict::default();
    let mut entries: Vec<Entry> = log.entries().into_values().collect();
    entries.retain(|entry| checked == Checked::All || !entry.is_checked);
    // What was answered first: what is sent again afterwards cannot hide that something was lost.
    let (known, unknown): (Vec<_>, Vec<_>) = entries.into_iter().partition(|entry| entry.answer.is_some());
    for entries in [known, unknown] {
        for found in look_at(&checker, entries).await? {
            match found {
                Found::Acknowledged => verdict.acknowledged += 1,
                Found::There => verdict.there += 1,
                Found::Absent => verdict.absent += 1,
            }
        }
    }
    verdict.unknown = verdict.there + verdict.absent;
    verdict.wallets = checker.compare_wallets().await?;
    log.checked()?;
    verdict.violations = log.violations();
    Ok(verdict)
}

async fn look_at(checker: &Arc<Checker>, entries: Vec<Entry>) -> io::Result<Vec<Found>> {
    let mut shares: Vec<Vec<Entry>> = vec![Vec::new(); AT_ONCE];
    // By member, for the commands of a member follow each other.
    for entry in entries {
        if let Some(share) = shares.get_mut(entry.step.member % AT_ONCE) {
            share.push(entry);
        }
    }
    let tasks: Vec<_> = shares
        .into_iter()
        .map(|share| {
            let checker = Arc::clone(checker);
            tokio::spawn(async move {
                let mut found = Vec::with_capacity(share.len());
                for entry in share {
                    found.push(checker.look(&entry).await?);
                }
                Ok::<_, io::Error>(found)
            })
        })
        .collect();
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.map_err(io::Error::other)??);
    }
    Ok(all)
}

impl Checker {
    async fn look(&self, entry: &Entry) -> io::Result<Found> {
        let asked = self.inquire(entry).await?;
        match &entry.answer {
            Some(answer) => {
                let id = &entry.step.id;
                if asked.as_ref().is_some_and(|reply| reply.status != 200) {
                    self.log.violate(format!("{id} was answered {} {} and is gone", answer.status, answer.body));
                    return Ok(Found::Acknowledged);
                }
                let reply = self.send(entry).await?;
                if reply.status != answer.status || reply.body != answer.body {
                    self.log.violate(format!(
                        "{id} was answered {} {}, and now {} {}",
                        answer.status, answer.body, reply.status, reply.body
                    ));
                } else if !reply.is_replay && !reply.body.contains("already_canceled") {
                    // What a cancel holds is refused anew each time; all else is a replay.
                    self.log.violate(format!("{id} was done again: {} {}", reply.status, reply.body));
                }
                Ok(Found::Acknowledged)
            }
            None => self.settle(entry, asked).await,
        }
    }

    /// Finds out what became of a command whose answer is missing.
    async fn settle(&self, entry: &Entry, asked: Option<Reply>) -> io::Result<Found> {
        let id = &entry.step.id;
        let is_there = match asked.as_ref().map(|reply| reply.status) {
            Some(200) => Some(true),
            Some(404) => Some(false),
            Some(status) => {
                self.log.violate(format!("an inquiry for {id} was answered {status}"));
                None
            }
            None => None,
        };
        if is_there == Some(true) && entry.is_absent {
            self.log.violate(format!("{id} was not there, was not sent again, and is there now"));
        }
        // Captures and cancels have no inquiry: the same again tells.
        let sends = is_there != Some(false) || (self.asks_again && id.len().is_multiple_of(2));
        if !sends {
            self.log.absent(id)?;
            return Ok(Found::Absent);
        }
        let reply = self.send(entry).await?;
        if reply.status == 404 && is_there.is_none() {
            // What it follows is not there either.
            self.log.absent(id)?;
            return Ok(Found::Absent);
        }
        if !reply.is_final() {
            self.log.violate(format!("{id} was answered {} {}", reply.status, reply.body));
            return Ok(Found::Absent);
        }
        let was_there = reply.is_replay || reply.body.contains("already_canceled");
        if is_there.is_some_and(|is_there| is_there != was_there) && !reply.body.contains("already_canceled") {
            self.log.violate(format!("{id}: the inquiry and the same again do not agree: {}", reply.body));
        }
        self.log.answered(id, &reply)?;
        Ok(if was_there { Found::There } else { Found::Absent })
    }

    async fn inquire(&self, entry: &Entry) -> io::Result<Option<Reply>> {
        let Some(path) = entry.step.inquiry() else { return Ok(None) };
        let till = self.actors.till_of(entry.step.member);
        patiently(|| self.speaker.get(till, &path)).await.map(Some)
    }

    async fn send(&self, entry: &Entry) -> io::Result<Reply> {
        let till = self.actors.till_of(entry.step.member);
        patiently(|| self.speaker.post(till, &entry.step.path, &entry.step.body)).await
    }

    async fn compare_wallets(&self) -> io::Result<u64> {
        let entries = self.log.entries();
        let mut count = 0;
        for member in 0..self.actors.members.len() {
            let reply = patiently(|| self.speaker.get(self.actors.member(member), "/v1/balances")).await?;
            let implied = holding(&entries, member);
            match Holding::from_balances(&reply.json()) {
                Some(found) if found == implied => {}
                Some(found) => {
                    self.log.violate(format!("member {member} holds {found:?}, the answers imply {implied:?}"));
                }
                None => self.log.violate(format!("member {member}'s balance: {} {}", reply.status, reply.body)),
            }
            count += 1;
        }
        Ok(count)
    }
}

/// Asks until there is an answer that says something, or the tries are used up.
async fn patiently<F>(ask: impl Fn() -> F) -> io::Result<Reply>
where
    F: Future<Output = Result<Reply, reqwest::Error>>,
{
    let mut tries = 0;
    loop {
        tries += 1;
        match ask().await {
            Ok(reply) if reply.status == 503 && tries < TRIES => tokio::time::sleep(PAUSE).await,
            answered => return answered.map_err(io::Error::other),
        }
    }
}
