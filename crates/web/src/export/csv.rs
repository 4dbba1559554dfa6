//! Tables of a review as CSV (RFC 4180): a line a mark, a line an event, a line a measure.

use warifu_core::review::Statement;

use super::Document;
use super::blocks::{basis, cited, facts, when};

/// All lines in one table: what a line is about stands first. With a mark at the beginning by which spreadsheets know UTF-8.
pub(crate) fn csv(document: &Document<'_>) -> String {
    let mut out = String::from("\u{feff}");
    let head = ["", "region", "group", "cause", "column", "reason", "basis", "sources"];
    row(&mut out, &head.map(|name| if name.is_empty() { "" } else { document.word(name) }));
    for place in document.causes() {
        let language = document.language;
        let region = place.region.name.as_ref().map_or("", |name| name.name(language));
        let (group, cause) = (place.group.name.name(language), place.cause.name.name(language));
        for (column, statement) in document.marks(&place.cause.key) {
            said(&mut out, document, &[document.word("cause"), region, group, cause, column], statement);
        }
    }
    for event in &document.events {
        said(&mut out, document, &[document.word("event"), "", "", "", &when(document, event)], &event.statement);
    }
    for (key, measure) in &document.measures {
        let facts: Vec<_> = facts(document, key, measure)
            .iter()
            .map(|(word, said)| format!("{}: {said}", document.word(word)))
            .collect();
        row(&mut out, &[document.word("prevent"), "", "", "", "", &measure.text, "", &facts.join("; ")]);
    }
    out
}

fn said(out: &mut String, document: &Document<'_>, begins: &[&str], statement: &Statement) {
    let sources: Vec<_> = statement.sources.iter().map(|source| cited(document, source).line()).collect();
    let sources = sources.join("; ");
    let mut fields = begins.to_vec();
    fields.extend([statement.text.as_str(), document.word(basis(statement)), &sources]);
    row(out, &fields);
}

fn row(out: &mut String, fields: &[&str]) {
    let field = |text: &&str| {
        // A spreadsheet would take it for a formula.
        let is_formula = text.starts_with(['=', '+', '-', '@', '\t', '\r']);
        let guard = if is_formula { "'" } else { "" };
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    };
    out.push_str(&fields.iter().map(field).collect::<Vec<_>>().join(","));
    out.push_str("\r\n");
}
