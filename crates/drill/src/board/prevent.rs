//! What a group does in steps 4 and 5: boxes and arrows on a large diagram, true causes, measures, the library, and what is taken away.

use std::io::{Error, Result};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::person::{Act, Person};
use super::streams::Streams;
use super::text::{Draw, chart, said, statement};
use super::{Done, Outcome, Plan, at_once, at_own_moments, outcome};

/// What a group does on a large diagram.
#[derive(Clone, Copy, Debug)]
pub struct Large {
    /// How many boxes the diagram has.
    pub boxes: usize,
    /// How many arrows it has.
    pub arrows: usize,
    /// How many measures are given to the library before.
    pub shared: usize,
}

/// How often a diagram is laid out from nothing.
const LAYOUTS: usize = 3;
/// Between two looks whether a layout is there.
const LOOK: Duration = Duration::from_millis(5);
/// Longer than any layout takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// Has a group work on a large diagram and on measures.
///
/// # Errors
/// As [`super::run`].
pub async fn run(plan: &Plan, large: Large) -> Result<Outcome> {
    let mut done = Vec::new();
    let mut draw = Draw::new(plan.name.len().try_into().unwrap_or(1));
    let mut first = Person::new(plan, plan.people)?;
    first.begin(&plan.name, &chart(&plan.name, plan.causes)).await?;
    for number in 0..large.shared {
        first.share(number).await?;
    }
    let mut document = first.document().await?;
    fill(&mut document, large, &mut draw)?;
    let mut host = Person::new(plan, plan.people)?;
    for _ in 0..LAYOUTS {
        // The same once more as another review, which has no layout yet.
        host = Person::new(plan, plan.people)?;
        host.import(&document).await?;
        done.extend(host.act_at(vec![(Instant::now(), Act::FirstDiagram)]).await?);
        done.extend(host.act_at(vec![(Instant::now(), Act::SameDiagram)]).await?);
    }
    let invitation = host.invite(plan.people).await?;
    let mut people = Vec::new();
    for number in 0..plan.people {
        let mut person = Person::new(plan, number)?;
        person.take_seat(&invitation).await?;
        person.has_seen(large);
        people.push(person);
    }
    let keys: Vec<String> = people.iter().map(|person| person.key().to_owned()).collect();
    let streams = Streams::open(plan.address, &keys).await?;
    let people = at_own_moments(plan, people, &mut done, |_, _| Act::Livez, plan.each).await?;
    let kinds = Act::PREVENT.len();
    let mix =
        |person: usize, turn: usize| Act::PREVENT.get((person * 7 + turn) % kinds).copied().unwrap_or(Act::Diagram);
    let mut people = at_own_moments(plan, people, &mut done, mix, plan.each * kinds).await?;
    // One draws an arrow, and all browsers read the diagram; and how long until it is laid out.
    for _ in 0..plan.gatherings {
        host.has_seen(large);
        let sent = Instant::now();
        done.extend(host.act_at(vec![(sent, Act::Arrow)]).await?);
        people = at_once(people, &mut done, Act::DiagramAtOnce).await?;
        wait_for_layout(&mut host).await?;
        let micros = u64::try_from(sent.elapsed().as_micros()).unwrap_or(u64::MAX);
        done.push(Done { act: Act::LaidOut, micros, change: None });
    }
    let calm =
        |person: usize, turn: usize| Act::CALM.get((person + turn) % Act::CALM.len()).copied().unwrap_or(Act::Diagram);
    let people = at_own_moments(plan, people, &mut done, calm, plan.each * Act::CALM.len()).await?;
    at_own_moments(plan, people, &mut done, |_, _| Act::Livez, plan.each).await?;
    let bytes = host.look().await?;
    outcome(plan, done, streams, &host, bytes).await
}

async fn wait_for_layout(host: &mut Person) -> Result<()> {
    let until = Instant::now() + PATIENCE;
    while Instant::now() < until {
        if host.is_laid_out().await? {
            return Ok(());
        }
        tokio::time::sleep(LOOK).await;
    }
    Err(Error::other("a diagram is not laid out"))
}

/// The key of a box.
pub(super) fn box_key(number: usize) -> String {
    format!("b{number}")
}

/// An arrow.
pub(super) fn arrow(draw: &mut Draw, from: usize, boxes: usize) -> Value {
    let count = u64::try_from(boxes).unwrap_or(1);
    let to = usize::try_from(draw.below(count)).unwrap_or_default();
    let to = if to == from { (from + 1) % boxes.max(1) } else { to };
    json!({
        "from": box_key(from), "to": box_key(to), "strength": 1 + draw.below(3), "is_kept": false, "statement": statement(draw),
    })
}

/// A box of own words.
pub(super) fn words(draw: &mut Draw, at: &Value) -> Value {
    let text: String = said(draw).chars().take(40).collect();
    json!({ "of": "", "text": text, "at": at })
}

/// A measure.
pub(super) fn measure(draw: &mut Draw, cause: usize, is_shared: bool) -> Value {
    json!({
        "text": said(draw), "causes": [box_key(cause)], "role": "運用責任者", "due": "2027-03-31", "remind": "",
        "state": if is_shared { "done" } else { "planned" },
        "proof": { "kind": "drill", "text": "月に一度の訓練", "url": "", "file": "" },
        "learned": if is_shared { said(draw) } else { String::new() }, "is_shared": is_shared,
    })
}

/// Puts boxes and arrows into a document.
fn fill(document: &mut Value, large: Large, draw: &mut Draw) -> Result<()> {
    let items = document.get_mut("items").and_then(Value::as_array_mut);
    let items = items.ok_or_else(|| Error::other("a document has no items"))?;
    items.retain(|it| it.get("kind").is_some_and(|kind| kind != "measure"));
    for number in 0..large.boxes {
        items.push(json!({ "kind": "node", "key": box_key(number), "body": words(draw, &Value::Null) }));
    }
    for number in 0..large.arrows {
        let body = arrow(draw, number % large.boxes.max(1), large.boxes);
        items.push(json!({ "kind": "arrow", "key": format!("a{number}"), "body": body }));
    }
    Ok(())
}
