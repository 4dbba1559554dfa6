//! One who takes part: a key, a connection, and what was seen of the items that this person writes.

use std::collections::HashMap;
use std::io::{Error, Result};
use std::time::Instant;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::{Value, json};

use super::prevent::{Large, arrow, box_key, measure, words};
use super::text::{Draw, cause, said, statement};
use super::{Done, Plan};
use crate::credential::Credential;
use crate::wire::Connection;

/// How many events and comments one person writes, over and over.
const OWN: usize = 3;
/// What is sought in the library: 確認, 返金, which nobody wrote, and 訓練.
const SOUGHT: [&str; 3] = ["%E7%A2%BA%E8%AA%8D", "%E8%BF%94%E9%87%91", "%E8%A8%93%E7%B7%B4"];
/// How far a browser that comes back is behind.
const BEHIND: u64 = 50;

/// A kind of thing that is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Nothing: the yardstick.
    Livez,
    Mark,
    Why,
    WhyNot,
    Discussion,
    Event,
    Comment,
    /// A write over a version that is long gone.
    Conflict,
    Review,
    Mandala,
    Table,
    Cause,
    Changes,
    Collect,
    TableAtOnce,
    ReviewAtOnce,
    Box,
    Move,
    Arrow,
    TrueCause,
    Measure,
    Library,
    Diagram,
    Markdown,
    Html,
    /// The diagram of a review that was laid out never before.
    FirstDiagram,
    /// The same again.
    SameDiagram,
    DiagramAtOnce,
    /// From an arrow until its layout is there.
    LaidOut,
}

impl Act {
    pub(super) const ALL: [Self; 29] = [
        Self::Livez,
        Self::Mark,
        Self::Why,
        Self::WhyNot,
        Self::Discussion,
        Self::Event,
        Self::Comment,
        Self::Conflict,
        Self::Review,
        Self::Mandala,
        Self::Table,
        Self::Cause,
        Self::Changes,
        Self::Collect,
        Self::TableAtOnce,
        Self::ReviewAtOnce,
        Self::Box,
        Self::Move,
        Self::Arrow,
        Self::TrueCause,
        Self::Measure,
        Self::Library,
        Self::Diagram,
        Self::Markdown,
        Self::Html,
        Self::FirstDiagram,
        Self::SameDiagram,
        Self::DiagramAtOnce,
        Self::LaidOut,
    ];

    /// What a group does with a diagram and measures, all at the same time.
    pub(super) const PREVENT: [Self; 7] =
        [Self::Box, Self::Diagram, Self::Move, Self::Measure, Self::Arrow, Self::Library, Self::TrueCause];

    /// What is done once nobody draws any more.
    pub(super) const CALM: [Self; 2] = [Self::Markdown, Self::Html];

    /// What a group does when it has marked, all at the same time.
    pub(super) const MIXED: [Self; 11] = [
        Self::Why,
        Self::Review,
        Self::WhyNot,
        Self::Table,
        Self::Discussion,
        Self::Cause,
        Self::Event,
        Self::Changes,
        Self::Comment,
        Self::Mandala,
        Self::Conflict,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Livez => "livez",
            Self::Mark => "put_mark",
            Self::Why => "put_why",
            Self::WhyNot => "put_why_not",
            Self::Discussion => "put_discussion",
            Self::Event => "put_event",
            Self::Comment => "put_comment",
            Self::Conflict => "put_conflict",
            Self::Review => "get_review",
            Self::Mandala => "get_mandala",
            Self::Table => "get_table",
            Self::Cause => "get_table_cause",
            Self::Changes => "get_changes",
            Self::Collect => "collect",
            Self::TableAtOnce => "table_at_once",
            Self::ReviewAtOnce => "review_at_once",
            Self::Box => "put_box",
            Self::Move => "move_box",
            Self::Arrow => "put_arrow",
            Self::TrueCause => "put_true_cause",
            Self::Measure => "put_measure",
            Self::Library => "search_library",
            Self::Diagram => "get_diagram",
            Self::Markdown => "export_md",
            Self::Html => "export_html",
            Self::FirstDiagram => "first_diagram",
            Self::SameDiagram => "same_diagram",
            Self::DiagramAtOnce => "diagram_at_once",
            Self::LaidOut => "laid_out",
        }
    }
}

/// One who takes part.
#[derive(Debug)]
pub(super) struct Person {
    number: usize,
    /// How many take part.
    people: usize,
    causes: usize,
    /// How many boxes the diagram has.
    boxes: usize,
    key: String,
    credential: Credential,
    connection: Connection,
    draw: Draw,
    /// How often each kind of item was written, which decides whose turn it is.
    turns: HashMap<&'static str, usize>,
    versions: HashMap<String, u64>,
    last_number: u64,
}

impl Person {
    /// Somebody with a new key, who has no seat yet.
    pub(super) fn new(plan: &Plan, number: usize) -> Result<Self> {
        let mut bytes = [0; 32];
        SystemRandom::new().fill(&mut bytes).map_err(|_| Error::other("the system gives no random bytes"))?;
        let key = format!("wfr_{}", URL_SAFE_NO_PAD.encode(bytes));
        let own = u64::try_from(number).unwrap_or_default().wrapping_mul(0x9e37_79b9_7f4a_7c15);
        Ok(Self {
            number,
            people: plan.people.max(1),
            causes: plan.causes.max(1),
            boxes: 0,
            credential: Credential::parse(&key),
            key,
            connection: Connection::new(plan.address),
            draw: Draw::new(seed(&plan.name) ^ own),
            turns: HashMap::new(),
            versions: HashMap::new(),
            last_number: 0,
        })
    }

    pub(super) fn key(&self) -> &str {
        &self.key
    }

    /// The number of the last change that this person made.
    pub(super) const fn last_number(&self) -> u64 {
        self.last_number
    }

    pub(super) fn draw(&mut self, bound: u64) -> u64 {
        self.draw.below(bound)
    }

    /// Brings a chart and begins a review by it.
    pub(super) async fn begin(&mut self, name: &str, chart: &str) -> Result<()> {
        self.ask("POST", "/v1/charts", &json!({ "toml": chart }), 201).await?;
        let review = json!({ "name": format!("演習 {name}"), "chart_key": format!("drill-{name}") });
        self.ask("POST", "/v1/reviews", &review, 201).await.map(drop)
    }

    /// An invitation for so many.
    pub(super) async fn invite(&mut self, seats: usize) -> Result<String> {
        let asked = json!({ "role": "participant", "seats": seats });
        let told = self.ask("POST", "/v1/review/invitations", &asked, 201).await?;
        let link = told.get("link").and_then(Value::as_str).unwrap_or_default();
        let token = link.split_once('#').map(|(_, token)| token.to_owned());
        token.ok_or_else(|| Error::other("the invitation has no token"))
    }

    pub(super) async fn take_seat(&mut self, invitation: &str) -> Result<()> {
        self.ask("POST", "/v1/seats", &json!({ "invitation": invitation }), 201).await.map(drop)
    }

    /// Describes the case, and changes its summary often enough that its first versions are long gone.
    pub(super) async fn describe(&mut self) -> Result<()> {
        let fields = ["place", "event", "course", "cause", "response", "measures", "knowledge", "background", "sequel"];
        for field in fields.into_iter().chain(["summary"; 4]) {
            let body = statement(&mut self.draw);
            self.write("case", field, &body).await?;
        }
        Ok(())
    }

    /// Reads the review and tells how long it is.
    pub(super) async fn look(&mut self) -> Result<usize> {
        let answer = self.connection.send("GET", "/v1/review", &self.credential, "").await?;
        Ok(answer.body.len())
    }

    /// Does one thing after the other, each when it is due.
    pub(super) async fn act_at(&mut self, acts: Vec<(Instant, Act)>) -> Result<Vec<Done>> {
        let mut done = Vec::with_capacity(acts.len());
        for (due, act) in acts {
            tokio::time::sleep_until(due.into()).await;
            let sent = Instant::now();
            let number = self.act(act).await?;
            let micros = u64::try_from(due.elapsed().as_micros()).unwrap_or(u64::MAX);
            done.push(Done { act, micros, change: number.map(|number| (number, sent)) });
        }
        Ok(done)
    }

    /// Does something; gives the number of the change, if it is one.
    async fn act(&mut self, act: Act) -> Result<Option<u64>> {
        match act {
            Act::Livez => self.read("/livez").await,
            Act::Mark => self.mark().await,
            Act::Why => self.write_of_cause("why").await,
            Act::WhyNot => self.write_of_cause("why_not").await,
            Act::Discussion => self.write_of_cause("discussion").await,
            Act::Event => self.write_event().await,
            Act::Comment => self.write_comment().await,
            Act::Conflict => {
                let asked = json!({ "version": 1, "body": statement(&mut self.draw) });
                self.ask("PUT", "/v1/review/items/case/summary", &asked, 409).await.map(|_| None)
            }
            Act::Review | Act::ReviewAtOnce => self.read("/v1/review").await,
            Act::Mandala => self.read("/v1/review/mandala").await,
            Act::Table | Act::TableAtOnce => self.read("/v1/review/table").await,
            Act::Cause => {
                let number = self.draw.below(u64::try_from(self.causes).unwrap_or(1));
                let key = cause(usize::try_from(number).unwrap_or_default());
                self.read(&format!("/v1/review/table/{key}")).await
            }
            Act::Changes => {
                let after = self.last_number.saturating_sub(BEHIND);
                self.read(&format!("/v1/review/changes?after={after}")).await
            }
            Act::Collect => {
                let told = self.ask("POST", "/v1/review/collection", &json!({}), 200).await?;
                self.changed(&told)
            }
            Act::Box => self.write_box(&Value::Null).await,
            Act::Move => {
                let (x, y) = (self.draw.below(4_000), self.draw.below(4_000));
                self.write_box(&json!({ "x": x, "y": y })).await
            }
            Act::Arrow => {
                let own = self.own_box("arrow");
                let body = arrow(&mut self.draw, own, self.boxes);
                // The host draws new ones, not to be in anybody's way.
                let key =
                    if self.number < self.people { format!("a{own}") } else { format!("host-{}", self.turn("host")) };
                self.write("arrow", &key, &body).await
            }
            Act::TrueCause => {
                let own = self.own_box("true_cause");
                let body = json!({ "is_true": self.draw.below(2) == 0, "why": statement(&mut self.draw) });
                self.write("true_cause", &box_key(own), &body).await
            }
            Act::Measure => {
                let (own, turn) = (self.own_box("cause"), self.turn("measure") % OWN);
                let body = measure(&mut self.draw, own, false);
                self.write("measure", &format!("m{}-{turn}", self.number), &body).await
            }
            Act::Library => {
                let sought = SOUGHT.get(self.turn("library") % SOUGHT.len()).copied().unwrap_or_default();
                self.read(&format!("/v1/measures?limit=20&q={sought}")).await
            }
            Act::Markdown => self.read("/v1/review/export?as=md").await,
            Act::Html => self.read("/v1/review/export?as=html").await,
            Act::Diagram | Act::FirstDiagram | Act::SameDiagram | Act::DiagramAtOnce | Act::LaidOut => {
                self.read("/v1/review/diagram").await
            }
        }
    }

    /// The number of the next box that is this person's to write about.
    fn own_box(&mut self, what: &'static str) -> usize {
        let own = self.boxes.saturating_sub(self.number).div_ceil(self.people).max(1);
        self.number % self.people + self.turn(what) % own * self.people
    }

    async fn write_box(&mut self, at: &Value) -> Result<Option<u64>> {
        let own = self.own_box("box");
        let body = words(&mut self.draw, at);
        self.write("node", &box_key(own), &body).await
    }

    /// What was brought in is in its first version.
    pub(super) fn has_seen(&mut self, large: Large) {
        if std::mem::replace(&mut self.boxes, large.boxes) > 0 {
            return;
        }
        let own = |kind: &str, number: usize| (format!("/v1/review/items/{kind}{number}"), 1);
        self.versions.extend((0..large.boxes).map(|number| own("node/b", number)));
        self.versions.extend((0..large.arrows).map(|number| own("arrow/a", number)));
    }

    /// Gives a measure to the library.
    pub(super) async fn share(&mut self, number: usize) -> Result<()> {
        let body = measure(&mut self.draw, 0, true);
        self.write("measure", &format!("shared-{number}"), &body).await.map(drop)
    }

    /// The review as a document.
    pub(super) async fn document(&mut self) -> Result<Value> {
        self.ask("GET", "/v1/review/export?as=json", &Value::Null, 200).await
    }

    pub(super) async fn import(&mut self, document: &Value) -> Result<()> {
        self.ask("POST", "/v1/reviews/import", document, 201).await.map(drop)
    }

    /// Whether the diagram stands as its layout has it.
    pub(super) async fn is_laid_out(&mut self) -> Result<bool> {
        let told = self.ask("GET", "/v1/review/diagram", &Value::Null, 200).await?;
        Ok(told.get("is_laid_out") == Some(&Value::Bool(true)))
    }

    async fn read(&mut self, path: &str) -> Result<Option<u64>> {
        let answer = self.connection.send("GET", path, &self.credential, "").await?;
        if answer.status == 200 { Ok(None) } else { Err(unexpected("GET", path, answer.status, answer.body)) }
    }

    /// Marks the next cause, or changes the mark.
    async fn mark(&mut self) -> Result<Option<u64>> {
        let cause = cause((self.turn("mark") + self.number) % self.causes);
        let path = format!("/v1/review/marks/{cause}");
        let seen = self.versions.get(&path).copied().unwrap_or_default();
        let asked = json!({ "version": seen, "body": statement(&mut self.draw) });
        let told = self.ask("PUT", &path, &asked, 200).await?;
        let version = told.get("version").and_then(Value::as_u64).unwrap_or_default();
        self.versions.insert(path, version);
        Ok(None)
    }

    /// Writes about one of the causes that are this person's to write about, so that nobody is in the way of another.
    async fn write_of_cause(&mut self, kind: &'static str) -> Result<Option<u64>> {
        let own = self.causes.saturating_sub(self.number).div_ceil(self.people).max(1);
        let turn = self.turn(kind) % own;
        let key = cause(self.number + turn * self.people);
        let body = statement(&mut self.draw);
        self.write(kind, &key, &body).await
    }

    async fn write_event(&mut self) -> Result<Option<u64>> {
        let turn = self.turn("event") % OWN;
        let day = 1 + self.draw.below(28);
        let body = json!({
            "statement": statement(&mut self.draw),
            "when": { "kind": "about", "at": format!("2019-07-{day:02}") },
            "rank": day << 20,
        });
        self.write("event", &format!("e{}-{turn}", self.number), &body).await
    }

    async fn write_comment(&mut self) -> Result<Option<u64>> {
        let turn = self.turn("comment") % OWN;
        let on = format!("why/{}", cause(self.number % self.causes));
        let body = json!({ "on": on, "text": said(&mut self.draw) });
        self.write("comment", &format!("c{}-{turn}", self.number), &body).await
    }

    /// Writes an item over the version that was seen.
    async fn write(&mut self, kind: &str, key: &str, body: &Value) -> Result<Option<u64>> {
        let path = format!("/v1/review/items/{kind}/{key}");
        let seen = self.versions.get(&path).copied().unwrap_or_default();
        let told = self.ask("PUT", &path, &json!({ "version": seen, "body": body }), 200).await?;
        let version = told.get("version").and_then(Value::as_u64).unwrap_or_default();
        self.versions.insert(path, version);
        self.changed(&told)
    }

    fn changed(&mut self, told: &Value) -> Result<Option<u64>> {
        let number = told.get("number").and_then(Value::as_u64);
        self.last_number = number.ok_or_else(|| Error::other("a change has no number"))?;
        Ok(number)
    }

    fn turn(&mut self, kind: &'static str) -> usize {
        let turn = self.turns.entry(kind).or_default();
        *turn += 1;
        *turn - 1
    }

    /// Asks, and reads the answer, which must have this status.
    async fn ask(&mut self, method: &str, path: &str, body: &Value, status: u16) -> Result<Value> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let answer = self.connection.send(method, path, &self.credential, &body).await?;
        if answer.status != status {
            return Err(unexpected(method, path, answer.status, answer.body));
        }
        serde_json::from_slice(answer.body).map_err(Error::from)
    }
}

/// A number from a name (FNV-1a).
fn seed(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}

fn unexpected(method: &str, path: &str, status: u16, body: &[u8]) -> Error {
    let body: String = String::from_utf8_lossy(body).chars().take(300).collect();
    Error::other(format!("{method} {path} was answered with {status}: {body}"))
}
