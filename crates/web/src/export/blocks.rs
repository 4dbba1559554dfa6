//! What a review says, as a list of blocks in the order in which it is read. Markdown, HTML and paper are three ways to write them, so none of
//! them says what another leaves out. Knows the words and the order; it must not know what a block looks like.

use std::borrow::Cow;

use warifu_core::chart::Language;
use warifu_core::review::{
    Basis, CASE_FIELDS, Event, Kind, Measure, MeasureState, ProofKind, Source, SourceKind, Statement, WhenKind,
};

use super::Document;

/// A piece of a review.
pub(super) enum Block<'a> {
    /// Begins a part (level 2) or something in one (3 and 4).
    Heading {
        level: usize,
        text: Cow<'a, str>,
    },
    /// Statements that belong under one heading each, of this level.
    Fields {
        level: usize,
        entries: Vec<Entry<'a>>,
    },
    /// What happened, in its order, each with its time.
    Times(Vec<Entry<'a>>),
    /// What the columns said of one cause, each with its letter.
    Voices(Vec<Entry<'a>>),
    /// One statement of its own.
    Said(Said<'a>),
    /// Lines of a list.
    Points(Vec<Point<'a>>),
    Table(Table<'a>),
    /// Which columns marked which cause.
    Marks(Marks<'a>),
    Picture(Picture),
    /// A measure.
    Task(Task<'a>),
}

/// A picture that is drawn when it is written.
#[derive(Clone, Copy)]
pub(super) enum Picture {
    Mandala,
    Diagram,
}

pub(super) struct Entry<'a> {
    pub(super) label: Cow<'a, str>,
    pub(super) said: Said<'a>,
}

/// A statement.
pub(super) struct Said<'a> {
    /// `fact` or `conjecture`.
    pub(super) basis: &'static str,
    /// The same as it is read.
    pub(super) word: &'static str,
    pub(super) text: &'a str,
    pub(super) sources: Vec<Cited<'a>>,
}

/// A source: what kind of one it is, which one, and its address. The last two may be empty.
pub(super) struct Cited<'a> {
    kind: &'static str,
    text: &'a str,
    url: &'a str,
}

impl Cited<'_> {
    /// In one line, the address last.
    pub(super) fn line(&self) -> String {
        let parts = [self.kind, self.text, self.url];
        parts.into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" · ")
    }
}

pub(super) struct Point<'a> {
    pub(super) text: Cow<'a, str>,
    /// What is to be known of it, in a word.
    pub(super) note: Option<&'static str>,
}

pub(super) struct Table<'a> {
    pub(super) heads: Vec<&'static str>,
    pub(super) rows: Vec<Vec<Cow<'a, str>>>,
}

/// A table of marks: groups of causes, and which columns marked each.
pub(super) struct Marks<'a> {
    /// What is over the groups, the causes and the counts.
    pub(super) heads: [&'static str; 3],
    /// The letters of all columns.
    pub(super) columns: Vec<&'a str>,
    pub(super) groups: Vec<(&'a str, Vec<Marked<'a>>)>,
}

pub(super) struct Marked<'a> {
    pub(super) cause: &'a str,
    /// The letters of those that marked it.
    pub(super) letters: Vec<&'a str>,
}

impl Marks<'_> {
    /// More columns than these are not put beside each other, but named.
    const COLUMNS_MAX: usize = 30;

    /// Whether there is room for a column of each letter.
    pub(super) fn is_square(&self) -> bool {
        (1..=Self::COLUMNS_MAX).contains(&self.columns.len())
    }
}

pub(super) struct Task<'a> {
    /// What it is called: its number.
    pub(super) name: String,
    /// `proposed`, `planned`, `doing`, `done` or `dropped`.
    #[cfg_attr(not(feature = "paper"), expect(dead_code, reason = "only paper has a colour for it"))]
    pub(super) state: &'static str,
    /// The same as it is read.
    pub(super) word: &'static str,
    pub(super) text: &'a str,
    /// What is known of it besides: what, and what it is.
    pub(super) facts: Vec<(&'static str, String)>,
}

/// What the document is called.
pub(super) fn title(document: &Document<'_>) -> String {
    format!("{}: {}", document.word("review"), document.name())
}

/// Everything that the document says.
pub(super) fn blocks<'a>(document: &'a Document<'_>) -> Vec<Block<'a>> {
    let mut blocks = Vec::new();
    case(&mut blocks, document);
    events(&mut blocks, document);
    causes(&mut blocks, document);
    opens(&mut blocks, document);
    diagram(&mut blocks, document);
    measures(&mut blocks, document);
    blocks
}

fn heading<'a>(level: usize, text: impl Into<Cow<'a, str>>) -> Block<'a> {
    Block::Heading { level, text: text.into() }
}

fn said<'a>(document: &Document<'_>, statement: &'a Statement) -> Said<'a> {
    let basis = basis(statement);
    let sources = statement.sources.iter().map(|source| cited(document, source)).collect();
    Said { basis, word: document.word(basis), text: &statement.text, sources }
}

fn entry<'a>(document: &Document<'_>, label: impl Into<Cow<'a, str>>, statement: &'a Statement) -> Entry<'a> {
    Entry { label: label.into(), said: said(document, statement) }
}

fn case<'a>(blocks: &mut Vec<Block<'a>>, document: &'a Document<'_>) {
    let field = |field: &&'static str| {
        document.statement(Kind::Case, field).map(|statement| entry(document, document.word(field), statement))
    };
    blocks.push(heading(2, document.word("case")));
    blocks.push(Block::Fields { level: 3, entries: CASE_FIELDS.iter().filter_map(field).collect() });
}

fn events<'a>(blocks: &mut Vec<Block<'a>>, document: &'a Document<'_>) {
    if document.events.is_empty() {
        return;
    }
    let entries = document.events.iter().map(|event| entry(document, when(document, event), &event.statement));
    blocks.push(heading(2, document.word("events")));
    blocks.push(Block::Times(entries.collect()));
}

fn causes<'a>(blocks: &mut Vec<Block<'a>>, document: &'a Document<'_>) {
    blocks.push(heading(2, document.word("mandala")));
    blocks.push(Block::Picture(Picture::Mandala));
    blocks.push(heading(2, document.word("causes")));
    blocks.push(Block::Marks(marks(document)));
    for place in document.causes() {
        let key = &place.cause.key;
        let written = [("why", Kind::Why), ("why_not", Kind::WhyNot), ("discussion", Kind::Discussion)];
        let written = written.into_iter().filter_map(|(word, kind)| {
            document.statement(kind, key).map(|statement| entry(document, document.word(word), statement))
        });
        let (marks, written) = (document.marks(key), written.collect::<Vec<_>>());
        if marks.is_empty() && written.is_empty() {
            continue;
        }
        let name = place.cause.name.name(document.language);
        blocks.push(heading(3, format!("{name} ({})", marks.len())));
        let voices = marks.iter().map(|(letter, statement)| entry(document, letter.as_str(), statement));
        blocks.push(Block::Voices(voices.collect()));
        blocks.push(Block::Fields { level: 4, entries: written });
    }
}

fn marks<'a>(document: &'a Document<'_>) -> Marks<'a> {
    let mut groups: Vec<(&str, Vec<Marked<'_>>)> = Vec::new();
    for place in document.causes() {
        let language = document.language;
        let letters = document.marks(&place.cause.key).iter().map(|(letter, _)| letter.as_str()).collect();
        let marked = Marked { cause: place.cause.name.name(language), letters };
        let group = place.group.name.name(language);
        match groups.last_mut().filter(|(last, _)| *last == group) {
            Some((_, causes)) => causes.push(marked),
            None => groups.push((group, vec![marked])),
        }
    }
    let mut columns: Vec<&str> = document.marks.values().flatten().map(|(letter, _)| letter.as_str()).collect();
    // A, B, ... Z, AA: the shorter first.
    columns.sort_unstable_by_key(|letter| (letter.len(), *letter));
    columns.dedup();
    Marks { heads: ["group", "cause", "voices"].map(|word| document.word(word)), columns, groups }
}

fn opens<'a>(blocks: &mut Vec<Block<'a>>, document: &'a Document<'_>) {
    if document.opens.is_empty() {
        return;
    }
    let points = document
        .opens
        .iter()
        .map(|open| Point { text: open.text.as_str().into(), note: open.is_settled.then(|| document.word("settled")) });
    blocks.push(heading(2, document.word("open")));
    blocks.push(Block::Points(points.collect()));
}

fn diagram<'a>(blocks: &mut Vec<Block<'a>>, document: &'a Document<'_>) {
    if document.diagram.nodes.is_empty() {
        return;
    }
    blocks.push(heading(2, document.word("diagram")));
    blocks.push(Block::Picture(Picture::Diagram));
    let rows = document.diagram.scores().map(|(key, inward, outward, effect, part)| {
        let score = |score: String| Cow::from(score);
        let scores = [inward.to_string(), outward.to_string(), effect.to_string()].map(score);
        let label = std::iter::once(document.label(key).into());
        label.chain(scores).chain(std::iter::once(document.word(part).into())).collect()
    });
    let heads = ["diagram_box", "in", "out", "effect", "part"].map(|word| document.word(word)).to_vec();
    blocks.push(Block::Table(Table { heads, rows: rows.collect() }));
    let points = document.diagram.counted().map(|(from, to, strength, basis)| {
        let arrows = "→".repeat(usize::from(strength));
        let text = format!("{} {arrows} {}", document.label(from), document.label(to));
        Point { text: text.into(), note: Some(document.word(basis)) }
    });
    blocks.push(Block::Points(points.collect()));
    if document.decided().next().is_some() {
        blocks.push(heading(2, document.word("true_causes")));
    }
    for (key, cause) in document.decided() {
        let word = document.word(if cause.is_true { "is_true" } else { "is_not" });
        blocks.push(heading(3, format!("{} ({word})", document.label(key))));
        blocks.push(Block::Said(said(document, &cause.why)));
    }
}

fn measures<'a>(blocks: &mut Vec<Block<'a>>, document: &'a Document<'_>) {
    if document.measures.is_empty() {
        return;
    }
    blocks.push(heading(2, document.word("prevent")));
    for (number, (key, measure)) in (1_u32..).zip(&document.measures) {
        let state = state(measure);
        // The state stands beside the name.
        let facts = facts(document, key, measure).into_iter().filter(|(word, _)| *word != "state");
        blocks.push(Block::Task(Task {
            name: format!("{} {number}", document.word("measure")),
            state,
            word: document.word(state),
            text: &measure.text,
            facts: facts.map(|(word, said)| (document.word(word), said)).collect(),
        }));
    }
}

/// When something happened, in words.
pub(super) fn when(document: &Document<'_>, event: &Event) -> String {
    let word = match event.when.kind {
        WhenKind::Exact => "exact",
        WhenKind::About => "about",
        WhenKind::Before => "before",
        WhenKind::After => "after",
        WhenKind::Unknown => "unknown",
    };
    let at = event.when.at.replace('T', " ");
    match document.language {
        Language::English => format!("{} {at}", document.word(word)).trim().to_owned(),
        Language::Japanese => format!("{at}{}", document.word(word)),
    }
}

const fn state(measure: &Measure) -> &'static str {
    match measure.state {
        MeasureState::Proposed => "proposed",
        MeasureState::Planned => "planned",
        MeasureState::Doing => "doing",
        MeasureState::Done => "done",
        MeasureState::Dropped => "dropped",
    }
}

/// What is known of a measure, as names of words and what they say.
pub(super) fn facts(document: &Document<'_>, key: &str, measure: &Measure) -> Vec<(&'static str, String)> {
    let kind = match measure.proof.kind {
        ProofKind::None => "none",
        ProofKind::Drill => "drill",
        ProofKind::Test => "test",
        ProofKind::Command => "command",
        ProofKind::Document => "document",
    };
    let answered: Vec<_> = measure.causes.iter().map(|key| document.label(key)).filter(|it| !it.is_empty()).collect();
    let mut proof = vec![document.word(kind).to_owned(), measure.proof.text.clone(), measure.proof.url.clone()];
    if let Some(result) = document.results.get(key) {
        let passed = document.word(if result.is_passed { "passed" } else { "failed" });
        proof.push(format!("{passed} ({}) {}", result.at.replace('T', " "), result.text));
    }
    proof.retain(|it| !it.trim().is_empty());
    let facts = vec![
        ("answers", answered.join(document.word("comma"))),
        ("role", measure.role.clone()),
        ("due", measure.due.clone()),
        ("state", document.word(state(measure)).to_owned()),
        ("proof", proof.join(" · ")),
        ("learned", measure.learned.clone()),
    ];
    facts.into_iter().filter(|(_, said)| !said.trim().is_empty()).collect()
}

/// The name of the word for what a statement is.
pub(super) const fn basis(statement: &Statement) -> &'static str {
    match statement.basis {
        Basis::Fact => "fact",
        Basis::Conjecture => "conjecture",
    }
}

pub(super) fn cited<'a>(document: &Document<'_>, source: &'a Source) -> Cited<'a> {
    let kind = match source.kind {
        SourceKind::Document => "document",
        SourceKind::Link => "link",
        SourceKind::Place => "place_source",
        SourceKind::Thing => "thing",
        SourceKind::Person => "person",
    };
    Cited { kind: document.word(kind), text: &source.text, url: &source.url }
}
