//! The load: each member, one after the other, tops up, pays, is refunded, cancels, and asks again with the same id.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Actors;
use super::chance::Chance;
use super::log::Log;
use super::speaker::{Reply, Speaker};
use super::step::{Kind, Step};

/// How often a command is sent again while its outcome is unknown, before it is left so.
const TRIES: u32 = 40;
/// How long to wait between two tries.
const PAUSE: Duration = Duration::from_millis(25);
/// How many settled commands of its own a member keeps in mind to follow up.
const REMEMBERED: usize = 200;

/// When the load ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// When the server does not answer any more, or after this time at the latest.
    WhenGone(Duration),
    /// After this time; what is under way is finished.
    After(Duration),
}

/// Whom to load, and how.
#[derive(Clone, Debug)]
pub struct Plan {
    /// `http://127.0.0.1:8080`.
    pub base: String,
    /// Who acts; each member is at work at once with all others.
    pub actors: Actors,
    /// What decides who does what.
    pub seed: u64,
    /// What every request id begins with; differs from load to load.
    pub run: String,
    /// When to end.
    pub end: End,
}

/// What came of a load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Answers that settled a command, repeated ones included.
    pub answers: u64,
    /// Replies that left open what became of a command.
    pub unknown: u64,
    /// Requests without a reply.
    pub lost: u64,
}

/// Why a member stopped.
enum Stop {
    Gone,
    Io(io::Error),
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// Loads the server until the end of the plan.
///
/// # Errors
/// If no client can be made, a member's task panicked, or the log cannot be written.
pub async fn load(plan: &Plan, log: &Arc<Log>) -> io::Result<Tally> {
    let speaker = Speaker::to(&plan.base).map_err(io::Error::other)?;
    let (End::WhenGone(time) | End::After(time)) = plan.end;
    let deadline = Instant::now() + time;
    let members: Vec<_> = (0..plan.actors.members.len())
        .map(|member| {
            let seed = Chance::new(plan.seed ^ u64::try_from(member).unwrap_or(0).rotate_left(32)).next();
            let person = Person {
                plan: plan.clone(),
                speaker: speaker.clone(),
                log: Arc::clone(log),
                member,
                chance: Chance::new(seed),
                count: 0,
                settled: Vec::new(),
                tally: Tally::default(),
            };
            tokio::spawn(person.live(deadline))
        })
        .collect();
    let mut sum = Tally::default();
    for member in members {
        let tally = member.await.map_err(io::Error::other)??;
        sum.answers += tally.answers;
        sum.unknown += tally.unknown;
        sum.lost += tally.lost;
    }
    Ok(sum)
}

/// A command that was answered.
#[derive(Clone)]
struct Settled {
    step: Step,
    status: u16,
    /// The id that the server gave it.
    id: String,
    amount: u64,
}

struct Person {
    plan: Plan,
    speaker: Speaker,
    log: Arc<Log>,
    member: usize,
    chance: Chance,
    count: u64,
    settled: Vec<Settled>,
    tally: Tally,
}

impl Person {
    async fn live(mut self, deadline: Instant) -> io::Result<Tally> {
        while Instant::now() < deadline {
            match self.act().await {
                Ok(()) => {}
                Err(Stop::Io(error)) => return Err(error),
                Err(Stop::Gone) if matches!(self.plan.end, End::WhenGone(_)) => break,
                Err(Stop::Gone) => tokio::time::sleep(PAUSE).await,
            }
        }
        Ok(self.tally)
    }

    async fn act(&mut self) -> Result<(), Stop> {
        match self.chance.below(100) {
            0..30 => self.pay("now").await,
            30..42 => self.hold().await,
            42..60 => self.top_up().await,
            60..70 => self.refund().await,
            70..78 => self.cancel().await,
            78..86 => self.cancel_by_request().await,
            86..94 => self.again().await,
            _ => self.twice().await,
        }
    }

    async fn pay(&mut self, capture: &str) -> Result<(), Stop> {
        let Some(step) = self.payment(capture).await? else { return Ok(()) };
        self.send(step).await.map(drop)
    }

    /// Authorises, and mostly captures.
    async fn hold(&mut self) -> Result<(), Stop> {
        let Some(step) = self.payment("later").await? else { return Ok(()) };
        let authorised = step.id.clone();
        let Some(reply) = self.send(step).await? else { return Ok(()) };
        if reply.status != 201 || self.chance.below(4) == 0 {
            return Ok(());
        }
        let path = format!("/v1/payments/{}/capture", text(&reply.json(), "id"));
        let id = self.next_id();
        let body = json!({ "request_id": id });
        self.send(self.step(id, Kind::Capture, path, &body, Some(authorised))).await.map(drop)
    }

    async fn top_up(&mut self) -> Result<(), Stop> {
        let amount = 500 + self.chance.below(2_500);
        let Some(code) = self.show_code().await? else { return Ok(()) };
        let id = self.next_id();
        let body = json!({ "request_id": id, "code": code, "amount": amount, "currency": "JPY" });
        self.send(self.step(id, Kind::TopUp, "/v1/top-ups".to_owned(), &body, None)).await.map(drop)
    }

    async fn refund(&mut self) -> Result<(), Stop> {
        let Some(payment) = self.remember(|it| it.step.kind == Kind::Payment && it.status == 201) else {
            return self.top_up().await;
        };
        let amount = 1 + self.chance.below(payment.amount);
        let id = self.next_id();
        let body = json!({ "request_id": id, "payment_id": payment.id, "amount": amount, "currency": "JPY" });
        self.send(self.step(id, Kind::Refund, "/v1/refunds".to_owned(), &body, Some(payment.step.id))).await.map(drop)
    }

    async fn cancel(&mut self) -> Result<(), Stop> {
        let is_first = |it: &Settled| matches!(it.step.kind, Kind::Payment | Kind::Authorisation | Kind::TopUp);
        let Some(first) = self.remember(|it| is_first(it) && it.status == 201) else { return self.top_up().await };
        let (noun, kind) = nouns(first.step.kind);
        let path = format!("/v1/{noun}/{}/cancel", first.id);
        let id = self.next_id();
        let body = json!({ "request_id": id, "reason": "of no matter" });
        self.send(self.step(id, kind, path, &body, Some(first.step.id))).await.map(drop)
    }

    /// Cancels by `request_id`: what is there, or what was not sent yet and is sent afterwards.
    async fn cancel_by_request(&mut self) -> Result<(), Stop> {
        let late = if self.chance.below(2) == 0 { self.payment("now").await? } else { None };
        let known = self.remember(|it| matches!(it.step.kind, Kind::Payment | Kind::TopUp));
        let Some(target) = late.clone().or_else(|| known.map(|it| it.step)) else { return self.top_up().await };
        let (noun, kind) = nouns(target.kind);
        let path = format!("/v1/{noun}/by-request/{}/cancel", target.id);
        let id = self.next_id();
        let body = json!({ "request_id": id });
        let canceled = self.send(self.step(id, kind, path, &body, Some(target.id))).await?;
        match late {
            Some(late) if canceled.is_some() => self.send(late).await.map(drop),
            _ => Ok(()),
        }
    }

    /// Sends again what was answered, which must be answered the same.
    async fn again(&mut self) -> Result<(), Stop> {
        let Some(before) = self.remember(|_| true) else { return self.top_up().await };
        self.send(before.step).await.map(drop)
    }

    /// Sends the same twice at once.
    async fn twice(&mut self) -> Result<(), Stop> {
        let Some(step) = self.payment("now").await? else { return Ok(()) };
        self.log.sent(&step)?;
        let till = self.plan.actors.till_of(self.member);
        let (one, other) = tokio::join!(
            self.speaker.post(till, &step.path, &step.body),
            self.speaker.post(till, &step.path, &step.body),
        );
        for reply in [one, other] {
            self.take(&step, reply)?;
        }
        Ok(())
    }

    async fn payment(&mut self, capture: &str) -> Result<Option<Step>, Stop> {
        let amount = 1 + self.chance.below(1_500);
        let Some(code) = self.show_code().await? else { return Ok(None) };
        let id = self.next_id();
        let kind = if capture == "now" { Kind::Payment } else { Kind::Authorisation };
        let body = json!({ "request_id": id, "code": code, "amount": amount, "currency": "JPY", "capture": capture });
        Ok(Some(self.step(id, kind, "/v1/payments".to_owned(), &body, None)))
    }

    async fn show_code(&mut self) -> Result<Option<String>, Stop> {
        let token = self.plan.actors.member(self.member);
        match self.speaker.post(token, "/v1/codes", "{}").await {
            Ok(reply) if reply.status == 201 => Ok(Some(text(&reply.json(), "code"))),
            Ok(_) => {
                tokio::time::sleep(PAUSE).await;
                Ok(None)
            }
            Err(_) => {
                self.tally.lost += 1;
                Err(Stop::Gone)
            }
        }
    }

    /// Sends a command until it is settled, or the tries are used up, or the server is gone.
    async fn send(&mut self, step: Step) -> Result<Option<Reply>, Stop> {
        self.log.sent(&step)?;
        for _ in 0..TRIES {
            let till = self.plan.actors.till_of(self.member);
            let reply = self.speaker.post(till, &step.path, &step.body).await;
            if let Some(reply) = self.take(&step, reply)? {
                return Ok(Some(reply));
            }
            tokio::time::sleep(PAUSE).await;
        }
        Ok(None)
    }

    /// Keeps what a reply settles; `None` if it settles nothing.
    fn take(&mut self, step: &Step, reply: Result<Reply, reqwest::Error>) -> Result<Option<Reply>, Stop> {
        let Ok(reply) = reply else {
            self.tally.lost += 1;
            return Err(Stop::Gone);
        };
        if reply.is_unknown() {
            self.tally.unknown += 1;
            return Ok(None);
        }
        if !reply.is_final() {
            self.log.violate(format!("{} was answered {} {}", step.id, reply.status, reply.body));
            return Ok(Some(reply));
        }
        self.tally.answers += 1;
        self.log.answered(&step.id, &reply)?;
        let body = reply.json();
        let amount = body.get("amount").and_then(Value::as_u64).unwrap_or(0);
        let settled = Settled { step: step.clone(), status: reply.status, id: text(&body, "id"), amount };
        if self.settled.len() >= REMEMBERED {
            self.settled.remove(0);
        }
        self.settled.push(settled);
        Ok(Some(reply))
    }

    fn remember(&mut self, wanted: impl Fn(&Settled) -> bool) -> Option<Settled> {
        let found: Vec<&Settled> = self.settled.iter().filter(|settled| wanted(settled)).collect();
        self.chance.pick(&found).map(|settled| (*settled).clone())
    }

    fn next_id(&mut self) -> String {
        self.count += 1;
        format!("{}-{}-{}", self.plan.run, self.member, self.count)
    }

    fn step(&self, id: String, kind: Kind, path: String, body: &Value, follows: Option<String>) -> Step {
        Step { id, kind, member: self.member, path, body: body.to_string(), follows }
    }
}

/// The noun in the path of what is cancelled, and what its cancel is.
const fn nouns(kind: Kind) -> (&'static str, Kind) {
    match kind {
        Kind::TopUp => ("top-ups", Kind::TopUpCancel),
        _ => ("payments", Kind::Cancel),
    }
}

fn text(body: &Value, field: &str) -> String {
    body.get(field).and_then(Value::as_str).unwrap_or_default().to_owned()
}
