//! A review as a document to take away. What it says is one list of blocks, which Markdown, HTML and paper write; tables as CSV, dates as a
//! calendar and the pictures are made of the same `Document`. User text is escaped in each in its own way, and nobody's name, key or draft is in any.

mod blocks;
mod calendar;
mod csv;
mod html;
mod markdown;
#[cfg(feature = "paper")]
mod paper;
mod words;

use std::collections::{BTreeMap, BTreeSet};

use warifu_app::{ColumnMark, Look, read_body};
use warifu_core::chart::{CausePlace, Language};
use warifu_core::review::{Body, Event, Kind, Measure, OpenPoint, ProofResult, Statement, TrueCause};

use crate::diagram::{Diagram, svg};
use crate::mandala::{Show, standing_svg};
use blocks::Picture;

pub(crate) use calendar::calendar;
pub(crate) use csv::csv;
pub(crate) use html::html;
pub(crate) use markdown::markdown;
#[cfg(feature = "paper")]
pub(crate) use paper::{Unprintable, pdf, png};

/// More characters than these of the case do not stand in the middle of a mandala; a picture has no room for them, and the document says them.
const TITLE_MAX: usize = 80;

/// Everything of a review that a document shows, read once.
pub(crate) struct Document<'a> {
    language: Language,
    look: &'a Look,
    diagram: &'a Diagram,
    /// The columns' marks by the key of the cause.
    marks: BTreeMap<String, Vec<(String, Statement)>>,
    statements: BTreeMap<(Kind, String), Statement>,
    events: Vec<Event>,
    opens: Vec<OpenPoint>,
    decided: BTreeMap<String, TrueCause>,
    measures: Vec<(String, Measure)>,
    results: BTreeMap<String, ProofResult>,
    /// How often each measure was changed.
    changes: BTreeMap<String, u32>,
}

impl<'a> Document<'a> {
    pub(crate) fn new(
        look: &'a Look,
        diagram: &'a Diagram,
        table: Vec<(String, Vec<ColumnMark>)>,
        language: Language,
    ) -> Self {
        let mut document = Self {
            language,
            look,
            diagram,
            marks: table
                .into_iter()
                .map(|(cause, marks)| (cause, marks.into_iter().filter_map(said).collect()))
                .collect(),
            statements: BTreeMap::new(),
            events: Vec::new(),
            opens: Vec::new(),
            decided: BTreeMap::new(),
            measures: Vec::new(),
            results: BTreeMap::new(),
            changes: BTreeMap::new(),
        };
        let mut events = Vec::new();
        for item in &look.items {
            let Some((kind, json)) = Kind::parse(&item.kind).zip(item.body.as_deref()) else { continue };
            let key = item.key.clone();
            match read_body(kind, json) {
                Ok(Body::Statement(statement)) => drop(document.statements.insert((kind, key), statement)),
                Ok(Body::Event(event)) => events.push((event.rank, key, event)),
                Ok(Body::Open(open)) => document.opens.push(open),
                Ok(Body::TrueCause(cause)) => drop(document.decided.insert(key, cause)),
                Ok(Body::Measure(measure)) => {
                    document.changes.insert(key.clone(), item.version);
                    document.measures.push((key, measure));
                }
                Ok(Body::Result(result)) => drop(document.results.insert(key, result)),
                _ => {}
            }
        }
        events.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        document.events = events.into_iter().map(|(_, _, event)| event).collect();
        document
    }

    /// The language, as programs are told of it.
    const fn tag(&self) -> &'static str {
        match self.language {
            Language::English => "en",
            Language::Japanese => "ja",
        }
    }

    /// A picture as SVG that stands alone.
    fn drawn(&self, picture: Picture) -> String {
        match picture {
            Picture::Mandala => self.mandala(),
            Picture::Diagram => self.relations(),
        }
    }

    /// The relation diagram.
    pub(crate) fn relations(&self) -> String {
        svg(self.diagram, self.language)
    }

    /// The mandala with its counts as heat.
    pub(crate) fn mandala(&self) -> String {
        let (counts, marked) = (self.counts(), BTreeSet::new());
        let voices = format!("{{n}} {}", self.word("voices"));
        let title = shortened(self.name(), TITLE_MAX);
        let show = Show {
            language: self.language,
            title: &title,
            voices: &voices,
            back: "",
            counts: Some(&counts),
            marked: &marked,
        };
        standing_svg(&self.look.chart, &show)
    }

    fn word(&self, name: &'static str) -> &'static str {
        words::word(self.language, name)
    }

    /// What a box of the diagram says.
    fn label(&self, node: &str) -> &str {
        self.diagram.label(node, self.language)
    }

    /// The boxes that the group took for true causes, then those that it decided against; each with why.
    fn decided(&self) -> impl Iterator<Item = (&str, &TrueCause)> {
        let of = |is_true: bool| self.decided.iter().filter(move |(_, it)| it.is_true == is_true);
        of(true).chain(of(false)).map(|(key, it)| (key.as_str(), it))
    }

    /// What the case is called.
    fn name(&self) -> &str {
        self.statement(Kind::Case, "name").map_or("", |statement| statement.text.as_str())
    }

    /// A statement that says something.
    fn statement(&self, kind: Kind, key: &str) -> Option<&Statement> {
        self.statements.get(&(kind, key.to_owned())).filter(|statement| !statement.text.trim().is_empty())
    }

    fn causes(&self) -> impl Iterator<Item = CausePlace<'_>> {
        self.look.chart.causes()
    }

    fn marks(&self, cause: &str) -> &[(String, Statement)] {
        self.marks.get(cause).map_or(&[], Vec::as_slice)
    }

    /// How many chose each cause.
    fn counts(&self) -> BTreeMap<String, u32> {
        let count = |(key, marks): (&String, &Vec<_>)| (key.clone(), u32::try_from(marks.len()).unwrap_or(u32::MAX));
        self.marks.iter().map(count).filter(|(_, count)| *count > 0).collect()
    }
}

/// A text in one line, of which so many characters are left.
fn shortened(text: &str, count_max: usize) -> String {
    let mut words = text.split_whitespace();
    let mut short: String = words.next().unwrap_or_default().to_owned();
    for word in words {
        if short.len() > count_max.saturating_mul(4) {
            break;
        }
        short.push(' ');
        short.push_str(word);
    }
    match short.char_indices().nth(count_max) {
        Some((end, _)) => format!("{}…", short.get(..end).unwrap_or_default()),
        None => short,
    }
}

fn said(mark: ColumnMark) -> Option<(String, Statement)> {
    match read_body(Kind::Case, &mark.body) {
        Ok(Body::Statement(statement)) => Some((mark.column, statement)),
        _ => None,
    }
}
