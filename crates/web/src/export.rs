//! A review as a document to take away: Markdown, one HTML page, and tables as CSV. User text is escaped in each in its own way, and nobody's
//! name, key or draft is in any.

mod csv;
mod html;
mod markdown;
mod words;

use std::collections::BTreeMap;

use warifu_app::{ColumnMark, Look, read_body};
use warifu_core::chart::{CausePlace, Language};
use warifu_core::review::{Body, Event, Kind, Measure, OpenPoint, ProofResult, Statement, TrueCause};

use crate::diagram::Diagram;

pub(crate) use csv::csv;
pub(crate) use html::html;
pub(crate) use markdown::markdown;

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
                Ok(Body::Measure(measure)) => document.measures.push((key, measure)),
                Ok(Body::Result(result)) => drop(document.results.insert(key, result)),
                _ => {}
            }
        }
        events.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
        document.events = events.into_iter().map(|(_, _, event)| event).collect();
        document
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

fn said(mark: ColumnMark) -> Option<(String, Statement)> {
    match read_body(Kind::Case, &mark.body) {
        Ok(Body::Statement(statement)) => Some((mark.column, statement)),
        _ => None,
    }
}
