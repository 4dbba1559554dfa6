//! A review as one HTML page that needs nothing else: pictures, style and text are in it, no script is.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use warifu_core::chart::Language;
use warifu_core::review::{CASE_FIELDS, Kind, Statement};

use super::Document;
use super::markdown::{basis, cited, facts, when};
use crate::diagram::svg;
use crate::mandala::text::escape;
use crate::mandala::{Show, whole_svg};

/// What the page looks like, on a screen and on paper.
const STYLE: &str = "body{font:16px/1.7 system-ui,'Hiragino Sans','Noto Sans JP','Noto Sans CJK JP',sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2230;overflow-wrap:anywhere}\
    h1,h2,h3{line-height:1.35}h2{border-bottom:1px solid;margin-top:2.5rem}table{border-collapse:collapse;width:100%}th,td{border:1px solid #bbb;padding:.3rem .6rem;text-align:left;vertical-align:top}\
    .basis{border:1px solid;border-radius:4px;font-size:.8rem;padding:0 .4em;margin-right:.5em}.conjecture{border-style:dashed}.said{white-space:pre-wrap;margin:.3rem 0}.source{margin:.2rem 0 .2rem 1rem;padding-left:.7rem;border-left:2px solid #bbb;font-size:.9rem}\
    svg{max-width:100%;height:auto}.mandala .area{fill:#fff;stroke:#555}.mandala .heat-2 .area{fill:#dfe6f2}.mandala .heat-3 .area{fill:#bccce4}.mandala .heat-4 .area{fill:#8ba5cc}.mandala .heat-5 .area{fill:#5f82b8}.mandala .heat-1 .area{stroke-width:2.5}.mandala .spot .open,.mandala .seal,.mandala .focus-ground,.mandala .focus-ring{display:none}.mandala .centre{fill:none}\
    @media print{body{margin:0;max-width:none}h2,h3{break-after:avoid}svg{break-inside:avoid}}";

/// The page.
pub(crate) fn html(document: &Document<'_>) -> String {
    let tag = match document.language {
        Language::English => "en",
        Language::Japanese => "ja",
    };
    let title = format!("{}: {}", document.word("review"), document.name());
    let mut out = format!(
        "<!doctype html>\n<html lang=\"{tag}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"><title>{0}</title><style>{STYLE}</style></head><body><h1>{0}</h1><p>{1}</p>",
        escape(&title),
        document.word("nobody")
    );
    case(&mut out, document);
    events(&mut out, document);
    causes(&mut out, document);
    if !document.opens.is_empty() {
        heading(&mut out, 2, document.word("open"));
        for open in &document.opens {
            let settled = if open.is_settled { document.word("settled") } else { "" };
            let _ = write!(out, "<p class=\"said\">{} {settled}</p>", escape(&open.text));
        }
    }
    diagram(&mut out, document);
    measures(&mut out, document);
    out.push_str("</body></html>\n");
    out
}

fn heading(out: &mut String, level: usize, text: &str) {
    let _ = write!(out, "<h{level}>{}</h{level}>", escape(text));
}

fn say(out: &mut String, document: &Document<'_>, statement: &Statement) {
    let word = basis(statement);
    let _ = write!(
        out,
        "<p class=\"said\"><span class=\"basis {word}\">{}</span>{}</p>",
        document.word(word),
        escape(&statement.text)
    );
    for source in &statement.sources {
        let _ = write!(out, "<p class=\"source\">{}</p>", escape(&cited(document, source)));
    }
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
    out.push_str("<table>");
    for event in &document.events {
        let _ = write!(out, "<tr><th>{}</th><td>", escape(&when(document, event)));
        say(out, document, &event.statement);
        out.push_str("</td></tr>");
    }
    out.push_str("</table>");
}

fn causes(out: &mut String, document: &Document<'_>) {
    let (counts, marked) = (document.counts(), BTreeSet::new());
    heading(out, 2, document.word("mandala"));
    let show = Show {
        language: document.language,
        title: document.name(),
        voices: "{n}",
        back: "",
        counts: Some(&counts),
        marked: &marked,
    };
    out.push_str(&whole_svg(&document.look.chart, &show));
    heading(out, 2, document.word("causes"));
    for place in document.causes() {
        let key = &place.cause.key;
        let marks = document.marks(key);
        let written = [Kind::Why, Kind::WhyNot, Kind::Discussion].map(|kind| document.statement(kind, key));
        if marks.is_empty() && written.iter().all(Option::is_none) {
            continue;
        }
        let name = place.cause.name.name(document.language);
        heading(out, 3, &format!("{name} ({})", marks.len()));
        for (column, statement) in marks {
            let _ = write!(out, "<p><b>{}</b></p>", escape(column));
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

fn diagram(out: &mut String, document: &Document<'_>) {
    if document.diagram.nodes.is_empty() {
        return;
    }
    heading(out, 2, document.word("diagram"));
    out.push_str(&svg(document.diagram, document.language));
    out.push_str("<table><tr>");
    for word in ["diagram", "in", "out", "effect", "part"] {
        let _ = write!(out, "<th>{}</th>", document.word(word));
    }
    out.push_str("</tr>");
    for (key, inward, outward, effect, part) in document.diagram.scores() {
        let label = escape(document.label(key));
        let part = document.word(part);
        let _ =
            write!(out, "<tr><td>{label}</td><td>{inward}</td><td>{outward}</td><td>{effect}</td><td>{part}</td></tr>");
    }
    out.push_str("</table>");
    if document.decided().next().is_some() {
        heading(out, 2, document.word("true_causes"));
    }
    for (key, cause) in document.decided() {
        let word = document.word(if cause.is_true { "is_true" } else { "is_not" });
        heading(out, 3, &format!("{} ({word})", document.label(key)));
        say(out, document, &cause.why);
    }
}

fn measures(out: &mut String, document: &Document<'_>) {
    if document.measures.is_empty() {
        return;
    }
    heading(out, 2, document.word("prevent"));
    for (key, measure) in &document.measures {
        let _ = write!(out, "<p class=\"said\"><b>{}</b></p><table>", escape(&measure.text));
        for (word, said) in facts(document, key, measure) {
            let _ = write!(out, "<tr><th>{}</th><td class=\"said\">{}</td></tr>", document.word(word), escape(&said));
        }
        out.push_str("</table>");
    }
}
