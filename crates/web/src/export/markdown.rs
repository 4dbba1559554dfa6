//! A review as Markdown (CommonMark, with tables as GitHub has them). What means something in Markdown stands for itself in user text.

use std::fmt::Write as _;

use warifu_core::review::{
    CASE_FIELDS, Event, Kind, Measure, MeasureState, ProofKind, Source, SourceKind, Statement, WhenKind,
};

use super::Document;

/// The document.
pub(crate) fn markdown(document: &Document<'_>) -> String {
    let mut out = format!("# {}: {}\n\n{}\n", document.word("review"), line(document.name()), document.word("nobody"));
    case(&mut out, document);
    events(&mut out, document);
    causes(&mut out, document);
    opens(&mut out, document);
    diagram(&mut out, document);
    measures(&mut out, document);
    out
}

fn heading(out: &mut String, level: usize, text: &str) {
    let _ = write!(out, "\n{} {}\n\n", "#".repeat(level), line(text));
}

fn case(out: &mut String, document: &Document<'_>) {
    heading(out, 2, document.word("case"));
    for field in CASE_FIELDS {
        if let Some(statement) = document.statement(Kind::Case, field) {
            heading(out, 3, document.word(field));
            say(out, document, statement);
        }
    }
}

fn events(out: &mut String, document: &Document<'_>) {
    if document.events.is_empty() {
        return;
    }
    heading(out, 2, document.word("events"));
    for event in &document.events {
        let _ = writeln!(out, "- **{}**", line(&when(document, event)));
        out.push('\n');
        let mut inner = String::new();
        say(&mut inner, document, &event.statement);
        for text in inner.lines() {
            let _ = writeln!(out, "  {text}");
        }
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
        warifu_core::chart::Language::English => format!("{} {at}", document.word(word)).trim().to_owned(),
        warifu_core::chart::Language::Japanese => format!("{at}{}", document.word(word)),
    }
}

fn causes(out: &mut String, document: &Document<'_>) {
    heading(out, 2, document.word("causes"));
    let _ = write!(
        out,
        "| {} | {} | {} |\n|---|---|---|\n",
        document.word("group"),
        document.word("cause"),
        document.word("voices")
    );
    for place in document.causes() {
        let letters: Vec<_> = document.marks(&place.cause.key).iter().map(|(column, _)| column.as_str()).collect();
        let (group, cause) = (place.group.name.name(document.language), place.cause.name.name(document.language));
        let _ = writeln!(out, "| {} | {} | {} {} |", line(group), line(cause), letters.len(), letters.join(" "));
    }
    for place in document.causes() {
        let key = &place.cause.key;
        let written = [Kind::Why, Kind::WhyNot, Kind::Discussion].map(|kind| document.statement(kind, key));
        let marks = document.marks(key);
        if marks.is_empty() && written.iter().all(Option::is_none) {
            continue;
        }
        heading(out, 3, place.cause.name.name(document.language));
        for (column, statement) in marks {
            let _ = write!(out, "**{column}** ");
            say(out, document, statement);
        }
        for (word, statement) in ["why", "why_not", "discussion"].into_iter().zip(written) {
            if let Some(statement) = statement {
                heading(out, 4, document.word(word));
                say(out, document, statement);
            }
        }
    }
}

fn opens(out: &mut String, document: &Document<'_>) {
    if document.opens.is_empty() {
        return;
    }
    heading(out, 2, document.word("open"));
    for open in &document.opens {
        let settled = if open.is_settled { format!(" ({})", document.word("settled")) } else { String::new() };
        let _ = writeln!(out, "- {}{settled}", line(&open.text));
    }
}

fn diagram(out: &mut String, document: &Document<'_>) {
    if document.diagram.nodes.is_empty() {
        return;
    }
    heading(out, 2, document.word("diagram"));
    let head = ["diagram", "in", "out", "effect", "part"].map(|word| document.word(word)).join(" | ");
    let _ = write!(out, "| {head} |\n|---|---|---|---|---|\n");
    for (key, inward, outward, effect, part) in document.diagram.scores() {
        let _ = writeln!(
            out,
            "| {} | {inward} | {outward} | {effect} | {} |",
            line(document.label(key)),
            document.word(part)
        );
    }
    out.push('\n');
    for (from, to, strength, basis) in document.diagram.counted() {
        let _ = writeln!(
            out,
            "- {} {} {} ({})",
            line(document.label(from)),
            "→".repeat(usize::from(strength)),
            line(document.label(to)),
            document.word(basis)
        );
    }
    if document.decided().next().is_some() {
        heading(out, 2, document.word("true_causes"));
    }
    for (key, cause) in document.decided() {
        let word = if cause.is_true { "is_true" } else { "is_not" };
        heading(out, 3, &format!("{} ({})", document.label(key), document.word(word)));
        say(out, document, &cause.why);
    }
}

fn measures(out: &mut String, document: &Document<'_>) {
    if document.measures.is_empty() {
        return;
    }
    heading(out, 2, document.word("prevent"));
    for (key, measure) in &document.measures {
        let first = measure.text.lines().next().unwrap_or_default();
        heading(out, 3, first);
        if measure.text != first {
            let _ = write!(out, "{}\n\n", text(&measure.text));
        }
        for (word, said) in facts(document, key, measure) {
            let _ = writeln!(out, "- {}: {}", document.word(word), line(&said));
        }
    }
}

/// What is known of a measure, as words and what they say.
pub(super) fn facts(document: &Document<'_>, key: &str, measure: &Measure) -> Vec<(&'static str, String)> {
    let state = match measure.state {
        MeasureState::Proposed => "proposed",
        MeasureState::Planned => "planned",
        MeasureState::Doing => "doing",
        MeasureState::Done => "done",
        MeasureState::Dropped => "dropped",
    };
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
        ("answers", answered.join(", ")),
        ("role", measure.role.clone()),
        ("due", measure.due.clone()),
        ("state", document.word(state).to_owned()),
        ("proof", proof.join(" · ")),
        ("learned", measure.learned.clone()),
    ];
    facts.into_iter().filter(|(_, said)| !said.trim().is_empty()).collect()
}

/// A statement and what it rests on.
fn say(out: &mut String, document: &Document<'_>, statement: &Statement) {
    let _ = write!(out, "*{}* {}\n\n", document.word(basis(statement)), text(&statement.text));
    for source in &statement.sources {
        let _ = writeln!(out, "> {}", line(&cited(document, source)));
    }
    if !statement.sources.is_empty() {
        out.push('\n');
    }
}

pub(super) const fn basis(statement: &Statement) -> &'static str {
    match statement.basis {
        warifu_core::review::Basis::Fact => "fact",
        warifu_core::review::Basis::Conjecture => "conjecture",
    }
}

/// A source in one line.
pub(super) fn cited(document: &Document<'_>, source: &Source) -> String {
    let kind = match source.kind {
        SourceKind::Document => "document",
        SourceKind::Link => "link",
        SourceKind::Place => "place_source",
        SourceKind::Thing => "thing",
        SourceKind::Person => "person",
    };
    let said = [document.word(kind), &source.text, &source.url];
    said.into_iter().filter(|it| !it.is_empty()).collect::<Vec<_>>().join(" · ")
}

/// User text in one line.
fn line(user: &str) -> String {
    text(&user.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// User text, of which nothing means anything in Markdown or HTML; a line feed is one.
fn text(user: &str) -> String {
    let mut out = String::with_capacity(user.len());
    for (number, row) in user.lines().enumerate() {
        if number > 0 {
            out.push_str("\\\n");
        }
        let row = row.trim_start();
        // A number with a dot would begin a list.
        let digits = row.len() - row.trim_start_matches(|it: char| it.is_ascii_digit()).len();
        for (at, character) in row.char_indices() {
            let means = matches!(
                character,
                '\\' | '`' | '*' | '_' | '{' | '}' | '[' | ']' | '<' | '>' | '#' | '|' | '~' | '&' | '!' | '$'
            ) || (matches!(character, '+' | '-' | '=' | ':') && at == 0)
                || (matches!(character, '.' | ')') && digits > 0 && at == digits);
            if means {
                out.push('\\');
            }
            out.push(character);
        }
    }
    out
}
