//! An incident, as a system writes it down, becomes a review: its case, and its whole time line as facts with their sources, in order.

use serde::Deserialize;
use serde_json::value::RawValue;
use warifu_core::chart::Language;
use warifu_core::id::ReviewId;
use warifu_core::money::Amount;
use warifu_core::review::{
    Basis, Body, Event, Kind, Progress, Role, Source, SourceKind, State, Statement, TextError, When, WhenKind,
};

use super::export::{Checked, check_new, invalid};
use super::{ReviewFault, SeatKey, read_object, said};
use crate::board::{Begin, Board};
use crate::chart_file;

/// What the document calls itself.
const FORMAT: &str = "warifu-incident";
/// The version of its form.
const VERSION: u32 = 1;
/// The chart of causes, where none is named.
const CHART: &str = "it-project";
/// Most events, estimates and switches together.
const ENTRIES_MAX: usize = 1_000;
/// Most characters in the name of a switch, and in the role of whoever turned it.
const NAME_CHARS_MAX: usize = 80;
/// Most characters in how an estimate was made, and in why a switch was turned.
const REASON_CHARS_MAX: usize = 2_000;
/// Most characters in a statement.
const TEXT_CHARS_MAX: usize = 10_000;
/// Between two neighbours there is room for twenty others, as on the page.
const GAP: i64 = 1 << 20;

/// An incident as a document.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Incident {
    /// `warifu-incident`.
    format: String,
    /// 1.
    version: u32,
    /// The key of the chart of causes.
    chart: Option<String>,
    /// In which the texts are: `ja` or `en`.
    language: String,
    name: String,
    began: Box<RawValue>,
    ended: Option<Box<RawValue>>,
    summary: String,
    #[serde(default)]
    place: String,
    #[serde(default)]
    site: String,
    /// Where the case can be looked up, and whatever names no source of its own; the system's record, if absent.
    source: Option<Box<RawValue>>,
    #[serde(default)]
    events: Vec<Box<RawValue>>,
    #[serde(default)]
    affected: Vec<Box<RawValue>>,
    #[serde(default)]
    switches: Vec<Box<RawValue>>,
}

/// Something that happened.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Happened {
    at: When,
    text: String,
    source: Option<Box<RawValue>>,
}

/// How many were affected and how much was lost, as it was known then.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Affected {
    at: When,
    members: Option<u64>,
    /// In whole units of the currency: yen, not cents.
    amount: Option<u64>,
    currency: Option<String>,
    /// How it was counted.
    #[serde(default)]
    counted: String,
    source: Option<Box<RawValue>>,
}

/// A switch that was turned.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Turned {
    at: When,
    switch: String,
    is_on: bool,
    /// A role, never a name.
    #[serde(default)]
    by: String,
    #[serde(default)]
    why: String,
    source: Option<Box<RawValue>>,
}

/// A source as an incident names it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Named {
    kind: SourceKind,
    #[serde(default)]
    text: String,
    #[serde(default)]
    url: String,
}

/// A line of the time line.
struct Entry {
    /// What it is called where something is wrong with it: `events 3`.
    what: String,
    key: String,
    at: When,
    text: String,
    source: Source,
}

impl Board {
    /// Begins a review of an incident, whose facilitator is whoever has this key. Who asks again with the same key is told the same.
    ///
    /// # Errors
    /// [`ReviewFault::Role`] where nobody may begin one in a browser; [`Fault::NotFound`] if there is no such chart;
    /// [`Fault::Invalid`] says what does not fit.
    ///
    /// [`Fault::NotFound`]: crate::Fault::NotFound
    /// [`Fault::Invalid`]: crate::Fault::Invalid
    pub async fn begin_incident(&self, key: &SeatKey, incident: &Incident) -> Result<(ReviewId, Role), ReviewFault> {
        if self.begin() == Begin::Operator {
            return Err(ReviewFault::Role);
        }
        self.begin_checked(key, self.checked_incident(incident).await?).await
    }

    /// The same for an operator: nobody sits in it yet.
    ///
    /// # Errors
    /// As [`Board::begin_incident`].
    pub async fn add_incident(&self, incident: &Incident) -> Result<ReviewId, ReviewFault> {
        self.add_checked(self.checked_incident(incident).await?).await
    }

    async fn checked_incident(&self, incident: &Incident) -> Result<Checked, ReviewFault> {
        if incident.format != FORMAT || incident.version != VERSION {
            return Err(invalid("This is no incident of a form that is known here."));
        }
        let text = self.chart_text(incident.chart.as_deref().unwrap_or(CHART), None).await?;
        let chart = chart_file::read(&text).map_err(|error| invalid(format!("The chart: {error}.")))?;
        let mut items = Vec::new();
        for (number, (what, kind, key, body)) in (0_u64..).zip(items_of(incident)?) {
            check_new(&chart, number, (kind, &key), &body).map_err(|refusal| invalid(format!("{what}: {refusal}.")))?;
            items.push((kind, key, body));
        }
        Ok(Checked { chart: text, items, marks: Vec::new(), files: Vec::new(), is_complete: false })
    }
}

/// An item of the review that is to be, and what it is called where something is wrong with it.
type Item = (String, Kind, String, Body);

/// All that the review begins with.
fn items_of(incident: &Incident) -> Result<Vec<Item>, ReviewFault> {
    let language = language(&incident.language)?;
    let source = source(incident.source.as_deref(), &record_of(language), "source")?;
    let entries = entries_of(incident, language, &source)?;
    let began: When = read("began", &incident.began)?;
    check("began", began.check())?;
    let ended: Option<When> = incident.ended.as_deref().map(|json| read("ended", json)).transpose()?;
    ended.iter().try_for_each(|ended| check("ended", ended.check()))?;

    let course: Vec<_> = entries.iter().map(|it| format!("{}  {}", moment(&it.at, language), it.text)).collect();
    let course = course.join("\n");
    let last = entries.iter().rev().find(|it| it.key.starts_with("estimate-"));
    let case = [
        ("name", incident.name.trim().to_owned()),
        ("date", period(&began, ended.as_ref(), language)),
        ("place", incident.place.clone()),
        ("site", incident.site.clone()),
        ("summary", incident.summary.clone()),
        ("event", last.map(|it| it.text.clone()).unwrap_or_default()),
        ("course", if course.chars().count() <= TEXT_CHARS_MAX { course } else { String::new() }),
    ];
    let progress = Body::Progress(Progress { state: State::Open, step: 1 });
    let mut items = vec![("progress".to_owned(), Kind::Progress, "review".to_owned(), progress)];
    for (field, text) in case {
        // Of these two it is an error that they say nothing; a review has the others only where there is something.
        if field == "summary" && text.trim().is_empty() {
            return Err(invalid("summary: it is empty."));
        }
        if field == "name" || !text.trim().is_empty() {
            let body = Body::Statement(fact(text, source.clone()));
            items.push((field.to_owned(), Kind::Case, field.to_owned(), body));
        }
    }
    for (place, entry) in (1_i64..).zip(entries) {
        let rank = place.saturating_mul(GAP);
        let event = Event { statement: fact(entry.text, entry.source), when: entry.at, rank };
        items.push((entry.what, Kind::Event, entry.key, Body::Event(event)));
    }
    Ok(items)
}

/// The time line: events, estimates and switches, in their order.
fn entries_of(incident: &Incident, language: Language, source: &Source) -> Result<Vec<Entry>, ReviewFault> {
    let Incident { events, affected, switches, .. } = incident;
    let count = events.len().saturating_add(affected.len()).saturating_add(switches.len());
    if count > ENTRIES_MAX {
        return Err(invalid(format!("A time line has at most {ENTRIES_MAX} events, estimates and switches.")));
    }
    let mut entries = Vec::new();
    for (number, json) in (1_usize..).zip(events) {
        let what = format!("events {number}");
        let it: Happened = read(&what, json)?;
        let named = it.source.as_deref();
        entries.push(entry((what, format!("event-{number}")), it.at, it.text, (named, source))?);
    }
    for (number, json) in (1_usize..).zip(affected) {
        let what = format!("affected {number}");
        let it: Affected = read(&what, json)?;
        let text = estimate(&what, &it, language)?;
        let named = it.source.as_deref();
        entries.push(entry((what, format!("estimate-{number}")), it.at, text, (named, source))?);
    }
    for (number, json) in (1_usize..).zip(switches) {
        let what = format!("switches {number}");
        let it: Turned = read(&what, json)?;
        let text = turn(&what, &it, language)?;
        let named = it.source.as_deref();
        entries.push(entry((what, format!("switch-{number}")), it.at, text, (named, source))?);
    }
    // Stable: of the same moment the order of the document stays.
    entries.sort_by_cached_key(|entry| order(&entry.at));
    Ok(entries)
}

fn entry(
    (what, key): (String, String),
    at: When,
    text: String,
    (named, usual): (Option<&RawValue>, &Source),
) -> Result<Entry, ReviewFault> {
    let source = source(named, usual, &format!("{what}, source"))?;
    Ok(Entry { what, key, at, text, source })
}

/// How moments follow one another: by date as far as it is known, before and about it first, after it last; at the end what nobody knows.
fn order(when: &When) -> (bool, String, u8) {
    let at = match when.kind {
        // Behind everything within it: a tilde comes after whatever a date has.
        WhenKind::After => format!("{}~", when.at),
        _ => when.at.clone(),
    };
    let rank = match when.kind {
        WhenKind::Before => 0,
        WhenKind::About => 1,
        WhenKind::Exact => 2,
        WhenKind::After => 3,
        WhenKind::Unknown => 4,
    };
    (when.kind == WhenKind::Unknown, at, rank)
}

fn read<T: serde::de::DeserializeOwned>(what: &str, json: &RawValue) -> Result<T, ReviewFault> {
    read_object(json.get()).map_err(|error| invalid(format!("{what}: {}.", said(&error))))
}

fn check(what: &str, checked: Result<(), TextError>) -> Result<(), ReviewFault> {
    checked.map_err(|error| invalid(format!("{what}: {error}.")))
}

fn language(text: &str) -> Result<Language, ReviewFault> {
    match text {
        "ja" => Ok(Language::Japanese),
        "en" => Ok(Language::English),
        _ => Err(invalid("language: it is `ja` or `en`.")),
    }
}

fn source(named: Option<&RawValue>, usual: &Source, what: &str) -> Result<Source, ReviewFault> {
    let Some(json) = named else { return Ok(usual.clone()) };
    let Named { kind, text, url } = read(what, json)?;
    Ok(Source { kind, text, url, file: String::new() })
}

/// The source of what names none.
fn record_of(language: Language) -> Source {
    let text = match language {
        Language::Japanese => "システムの記録",
        Language::English => "The system's record",
    };
    Source { kind: SourceKind::Document, text: text.to_owned(), url: String::new(), file: String::new() }
}

fn fact(text: String, source: Source) -> Statement {
    Statement { text, basis: Basis::Fact, sources: vec![source] }
}

fn at_most(what: &str, name: &str, text: &str, max: usize) -> Result<(), ReviewFault> {
    let fits = text.chars().count() <= max;
    if fits { Ok(()) } else { Err(invalid(format!("{what}: `{name}` is longer than {max} characters."))) }
}

/// How many and how much, in words.
fn estimate(what: &str, it: &Affected, language: Language) -> Result<String, ReviewFault> {
    at_most(what, "counted", &it.counted, REASON_CHARS_MAX)?;
    if it.members.is_none() && it.amount.is_none() {
        return Err(invalid(format!("{what}: it says `members` or `amount`, or both.")));
    }
    let currency = it.currency.as_deref().unwrap_or("JPY");
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Err(invalid(format!("{what}: `currency` is three capital letters, such as JPY.")));
    }
    let counted = it.counted.trim();
    let members = it.members.map(|count| written(what, count)).transpose()?;
    let amount = it.amount.map(|count| written(what, count)).transpose()?;
    Ok(match language {
        Language::Japanese => {
            let unit = if currency == "JPY" { "円".to_owned() } else { format!(" {currency}") };
            let parts = [members.map(|n| format!("{n}人")), amount.map(|n| format!("{n}{unit}"))];
            let parts: Vec<_> = parts.into_iter().flatten().collect();
            let how = if counted.is_empty() { String::new() } else { format!("数え方：{counted}") };
            format!("この時点の被害：{}。{how}", parts.join("、"))
        }
        Language::English => {
            let unit = if currency == "JPY" { "yen" } else { currency };
            let people = if it.members == Some(1) { "member" } else { "members" };
            let parts = [members.map(|n| format!("{n} {people}")), amount.map(|n| format!("{n} {unit}"))];
            let parts: Vec<_> = parts.into_iter().flatten().collect();
            let how = if counted.is_empty() { String::new() } else { format!(" Counted: {counted}") };
            format!("Affected as known then: {}.{how}", parts.join(", "))
        }
    })
}

/// What was turned, by whom and why, in words.
fn turn(what: &str, it: &Turned, language: Language) -> Result<String, ReviewFault> {
    at_most(what, "switch", &it.switch, NAME_CHARS_MAX)?;
    at_most(what, "by", &it.by, NAME_CHARS_MAX)?;
    at_most(what, "why", &it.why, REASON_CHARS_MAX)?;
    let (switch, by, why) = (it.switch.trim(), it.by.trim(), it.why.trim());
    if switch.is_empty() {
        return Err(invalid(format!("{what}: `switch` is empty.")));
    }
    Ok(match language {
        Language::Japanese => {
            let done = if it.is_on { "オンにした" } else { "オフにした" };
            let by = if by.is_empty() { String::new() } else { format!("（{by}）") };
            let why = if why.is_empty() { String::new() } else { format!("理由：{why}") };
            format!("スイッチ「{switch}」を{done}{by}。{why}")
        }
        Language::English => {
            let done = if it.is_on { "on" } else { "off" };
            let by = if by.is_empty() { String::new() } else { format!(" by {by}") };
            let why = if why.is_empty() { String::new() } else { format!(" Why: {why}") };
            format!("The switch “{switch}” was turned {done}{by}.{why}")
        }
    })
}

/// A count with its thousands apart, as amounts are written: `1,234,567`.
fn written(what: &str, count: u64) -> Result<String, ReviewFault> {
    let amount = i64::try_from(count).ok().and_then(Amount::new);
    amount.map(|amount| amount.to_string()).ok_or_else(|| invalid(format!("{what}: a number is at most 2^53 - 1.")))
}

/// From when to when.
fn period(began: &When, ended: Option<&When>, language: Language) -> String {
    let from = moment(began, language);
    let Some(ended) = ended else { return from };
    let until = moment(ended, language);
    match language {
        Language::Japanese => format!("{from}〜{until}"),
        Language::English => format!("{from} to {until}"),
    }
}

/// A moment in words.
fn moment(when: &When, language: Language) -> String {
    let at = when.at.replace('T', " ");
    match (language, when.kind) {
        (_, WhenKind::Exact) => at,
        (Language::Japanese, WhenKind::About) => format!("{at}頃"),
        (Language::Japanese, WhenKind::Before) => format!("{at}より前"),
        (Language::Japanese, WhenKind::After) => format!("{at}より後"),
        (Language::Japanese, WhenKind::Unknown) => "時期不明".to_owned(),
        (Language::English, WhenKind::About) => format!("about {at}"),
        (Language::English, WhenKind::Before) => format!("before {at}"),
        (Language::English, WhenKind::After) => format!("after {at}"),
        (Language::English, WhenKind::Unknown) => "at an unknown time".to_owned(),
    }
}
