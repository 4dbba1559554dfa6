//! A group that reviews a failure on the board: people who mark causes, write into what the group holds in common and read it,
//! with a browser open each, which is told of every change as it happens.
//!
//! Each person acts once in every stretch of time, at a moment of it that is drawn, whether others were answered or not; how long
//! an answer took counts from that moment. Everything must be answered as it should, and every open browser must be told every
//! change once and in order, or there is no outcome at all.

mod person;
mod prevent;
mod streams;
mod text;

use std::collections::BTreeMap;
use std::io::{Error, Result};
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use serde::Serialize;
use tokio::task::JoinHandle;

use crate::load::percentiles;
use person::{Act, Person};
pub use prevent::{Large, run as run_prevent};
use streams::Streams;

/// How long all browsers may take to be told what was written last.
const SETTLED: Duration = Duration::from_secs(10);
/// Between two times at which all read at once.
const BREATH: Duration = Duration::from_millis(500);

/// What a group does.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where the board is.
    pub address: SocketAddr,
    /// Names the chart and the review, and decides what is drawn: 1 to 20 of `a` to `z`, `0` to `9` and `-`.
    pub name: String,
    /// How many take part, each with a browser open.
    pub people: usize,
    /// How many causes the chart has; each person marks all of them.
    pub causes: usize,
    /// Each person does one thing in every stretch of this length.
    pub every: Duration,
    /// How often each kind of thing is done by all together.
    pub each: usize,
    /// How often marks are collected, after which all read at once.
    pub gatherings: usize,
}

/// How long answers took.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Times {
    /// How many there were.
    pub count: usize,
    /// In microseconds: median, 99th and 99.9th percentile, longest.
    pub latency_us: [u64; 4],
}

impl Times {
    fn of(mut latencies: Vec<u64>) -> Self {
        Self { count: latencies.len(), latency_us: percentiles(&mut latencies) }
    }
}

/// What came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Outcome {
    /// How many took part.
    pub people: usize,
    /// Things that were done a second, by all.
    pub rate: u64,
    /// Every mark and every thing that was done at a person's own moment, of all kinds.
    pub interaction: Times,
    /// The request that does nothing, before and after.
    pub livez: Times,
    /// Each kind for itself.
    pub kinds: BTreeMap<&'static str, Times>,
    /// From when a change was sent until a browser was told of it, over all changes and browsers.
    pub live: Times,
    /// How many changes there were.
    pub changes: usize,
    /// How often a browser's stream ended and was opened again.
    pub reopened: usize,
    /// Length of the review at the end, as one person reads it.
    pub review_bytes: usize,
}

/// Something that was done.
struct Done {
    act: Act,
    micros: u64,
    /// The number of the change that it made, and when it was sent.
    change: Option<(u64, Instant)>,
}

/// Has a group review a failure, from its chart to the last look.
///
/// # Errors
/// If anything was answered otherwise than it should be, or a browser was not told every change once and in order.
pub async fn run(plan: &Plan) -> Result<Outcome> {
    let (mut host, people) = gather(plan).await?;
    let keys: Vec<String> = people.iter().map(|person| person.key().to_owned()).collect();
    let streams = Streams::open(plan.address, &keys).await?;
    let mut done = Vec::new();
    let people = at_own_moments(plan, people, &mut done, |_, _| Act::Livez, plan.each).await?;
    let people = at_own_moments(plan, people, &mut done, |_, _| Act::Mark, plan.causes * plan.people).await?;
    let people = collect(&mut host, people, &mut done).await?;
    let kinds = Act::MIXED.len();
    let mix = |person: usize, turn: usize| {
        // Over all people and turns each kind comes equally often, and never the same for all in one stretch.
        Act::MIXED.get((person * 7 + turn) % kinds).copied().unwrap_or(Act::Review)
    };
    let mut people = at_own_moments(plan, people, &mut done, mix, plan.each * kinds).await?;
    for _ in 1..plan.gatherings {
        people = collect(&mut host, people, &mut done).await?;
    }
    at_own_moments(plan, people, &mut done, |_, _| Act::Livez, plan.each).await?;
    let review_bytes = host.look().await?;
    outcome(plan, done, streams, &host, review_bytes).await
}

/// Brings a chart, begins a review and has everybody take a seat.
async fn gather(plan: &Plan) -> Result<(Person, Vec<Person>)> {
    if !(1..=plan.causes).contains(&plan.people) {
        return Err(Error::other("each person writes about causes of their own, so there are at least as many causes"));
    }
    let chart = text::chart(&plan.name, plan.causes);
    let mut host = Person::new(plan, plan.people)?;
    host.begin(&plan.name, &chart).await?;
    let invitation = host.invite(plan.people).await?;
    let mut people = Vec::new();
    for number in 0..plan.people {
        let mut person = Person::new(plan, number)?;
        person.take_seat(&invitation).await?;
        people.push(person);
    }
    host.describe().await?;
    Ok((host, people))
}

/// Everybody acts once in every stretch, at a moment of it that is drawn, until so much was done.
async fn at_own_moments(
    plan: &Plan,
    people: Vec<Person>,
    done: &mut Vec<Done>,
    act: impl Fn(usize, usize) -> Act,
    count: usize,
) -> Result<Vec<Person>> {
    let started = Instant::now() + Duration::from_millis(5);
    let turns = count.div_ceil(plan.people.max(1));
    let length = u64::try_from(plan.every.as_micros()).unwrap_or(u64::MAX).max(1);
    let tasks = people.into_iter().enumerate().map(|(number, mut person)| {
        let acts: Vec<_> = (0..turns)
            .map(|turn| {
                let at = u64::try_from(turn).unwrap_or(u64::MAX).saturating_mul(length);
                let moment = Duration::from_micros(at.saturating_add(person.draw(length)));
                (started + moment, act(number, turn))
            })
            .collect();
        tokio::spawn(async move { person.act_at(acts).await.map(|did| (person, did)) })
    });
    finish(tasks.collect(), done).await
}

/// Everybody does the same at the same moment.
async fn at_once(people: Vec<Person>, done: &mut Vec<Done>, act: Act) -> Result<Vec<Person>> {
    let now = Instant::now() + Duration::from_millis(5);
    let tasks = people
        .into_iter()
        .map(|mut person| tokio::spawn(async move { person.act_at(vec![(now, act)]).await.map(|did| (person, did)) }));
    finish(tasks.collect(), done).await
}

/// What one person comes to.
type Did = Result<(Person, Vec<Done>)>;

async fn finish(tasks: Vec<JoinHandle<Did>>, done: &mut Vec<Done>) -> Result<Vec<Person>> {
    let mut people = Vec::new();
    for task in tasks {
        let (person, did) = task.await.map_err(Error::other)??;
        people.push(person);
        done.extend(did);
    }
    Ok(people)
}

/// The host collects; the browsers, which are told, read the table all at once. Then all read the whole review, as they do when the
/// server is back after a pause.
async fn collect(host: &mut Person, people: Vec<Person>, done: &mut Vec<Done>) -> Result<Vec<Person>> {
    done.extend(host.act_at(vec![(Instant::now(), Act::Collect)]).await?);
    let people = at_once(people, done, Act::TableAtOnce).await?;
    tokio::time::sleep(BREATH).await;
    let people = at_once(people, done, Act::ReviewAtOnce).await?;
    tokio::time::sleep(BREATH).await;
    Ok(people)
}

async fn outcome(
    plan: &Plan,
    done: Vec<Done>,
    streams: Streams,
    host: &Person,
    review_bytes: usize,
) -> Result<Outcome> {
    let last = done.iter().filter_map(|did| did.change).map(|(number, _)| number).max().unwrap_or_default();
    let last = last.max(host.last_number());
    streams.wait_for(last, SETTLED).await;
    let (heard, reopened) = streams.close(last)?;
    let sent: BTreeMap<u64, Instant> = done.iter().filter_map(|did| did.change).collect();
    let delay = |(number, at): &(u64, Instant)| {
        let taken = at.checked_duration_since(*sent.get(number)?)?;
        u64::try_from(taken.as_micros()).ok()
    };
    let live: Vec<u64> = heard.iter().flatten().filter_map(delay).collect();
    let of = |wanted: &dyn Fn(Act) -> bool| {
        Times::of(done.iter().filter(|did| wanted(did.act)).map(|did| did.micros).collect())
    };
    let kinds = Act::ALL.iter().map(|act| (act.name(), of(&|it| it == *act))).filter(|(_, it)| it.count > 0).collect();
    let people = u64::try_from(plan.people).unwrap_or(u64::MAX);
    let millis = u64::try_from(plan.every.as_millis()).unwrap_or(u64::MAX).max(1);
    Ok(Outcome {
        people: plan.people,
        rate: people.saturating_mul(1_000) / millis,
        interaction: of(&|act| act == Act::Mark || Act::MIXED.contains(&act) || Act::PREVENT.contains(&act)),
        livez: of(&|act| act == Act::Livez),
        kinds,
        live: Times::of(live),
        changes: sent.len(),
        reopened,
        review_bytes,
    })
}
