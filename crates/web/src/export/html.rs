//! A review as one HTML page that needs nothing else: pictures, style and text are in it, no script is.

use std::fmt::Write as _;

use super::Document;
use super::blocks::{Block, Entry, Marks, Point, Said, Table, Task, blocks, title};
use crate::mandala::text::escape;

/// What the page looks like, on a screen and on paper.
const STYLE: &str = "body{font:16px/1.7 system-ui,'Hiragino Sans','Noto Sans JP','Noto Sans CJK JP',sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2230;overflow-wrap:anywhere}\
    h1,h2,h3{line-height:1.35}h2{border-bottom:1px solid;margin-top:2.5rem}table{border-collapse:collapse;width:100%}th,td{border:1px solid #bbb;padding:.3rem .6rem;text-align:left;vertical-align:top}\
    .basis{border:1px solid;border-radius:4px;font-size:.8rem;padding:0 .4em;margin-right:.5em}.conjecture{border-style:dashed}.said{white-space:pre-wrap;margin:.3rem 0}.source{margin:.2rem 0 .2rem 1rem;padding-left:.7rem;border-left:2px solid #bbb;font-size:.9rem}\
    th[scope=row]{width:9.5rem;overflow-wrap:normal}svg{display:block;max-width:100%;height:auto}ul{padding-left:1.4rem}\
    .marks td,.marks th{padding:.15rem .3rem}.marks .in{text-align:center;font-variant-numeric:tabular-nums}.marks .of{background:#f2efe8}.number{text-align:right;font-variant-numeric:tabular-nums}.wide{overflow-x:auto}\
    @media (max-width:36rem){th[scope=row]{width:6rem}}@media print{body{margin:0;max-width:none}h2,h3{break-after:avoid}svg{break-inside:avoid}}";

/// The page.
pub(crate) fn html(document: &Document<'_>) -> String {
    let title = escape(&title(document));
    let mut out = format!(
        "<!doctype html>\n<html lang=\"{}\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"><title>{title}</title><style>{STYLE}</style></head><body><h1>{title}</h1><p>{}</p>",
        document.tag(),
        document.word("nobody")
    );
    for block in blocks(document) {
        write(&mut out, document, &block);
    }
    out.push_str("</body></html>\n");
    out
}

fn write(out: &mut String, document: &Document<'_>, block: &Block<'_>) {
    match block {
        Block::Heading { level, text } => heading(out, *level, text),
        Block::Fields { level, entries } => {
            for Entry { label, said } in entries {
                heading(out, *level, label);
                say(out, said);
            }
        }
        Block::Times(entries) => times(out, entries),
        Block::Voices(entries) => {
            for Entry { label, said } in entries {
                let _ = write!(out, "<p><b>{}</b></p>", escape(label));
                say(out, said);
            }
        }
        Block::Said(said) => say(out, said),
        Block::Points(points) => self::points(out, points),
        Block::Table(table) => self::table(out, table),
        Block::Marks(marks) => self::marks(out, marks),
        Block::Picture(picture) => out.push_str(&document.drawn(*picture)),
        Block::Task(task) => self::task(out, task),
    }
}

fn heading(out: &mut String, level: usize, text: &str) {
    let _ = write!(out, "<h{level}>{}</h{level}>", escape(text));
}

fn say(out: &mut String, said: &Said<'_>) {
    let Said { basis, word, text, sources } = said;
    let _ = write!(out, "<p class=\"said\"><span class=\"basis {basis}\">{word}</span>{}</p>", escape(text));
    for source in sources {
        let _ = write!(out, "<p class=\"source\">{}</p>", escape(&source.line()));
    }
}

fn times(out: &mut String, entries: &[Entry<'_>]) {
    out.push_str("<table>");
    for Entry { label, said } in entries {
        let _ = write!(out, "<tr><th scope=\"row\">{}</th><td>", escape(label));
        say(out, said);
        out.push_str("</td></tr>");
    }
    out.push_str("</table>");
}

fn points(out: &mut String, points: &[Point<'_>]) {
    out.push_str("<ul>");
    for Point { text, note } in points {
        let note = note.map(|note| format!(" ({note})")).unwrap_or_default();
        let _ = write!(out, "<li class=\"said\">{}{note}</li>", escape(text));
    }
    out.push_str("</ul>");
}

fn table(out: &mut String, table: &Table<'_>) {
    out.push_str("<table><tr>");
    for head in &table.heads {
        let _ = write!(out, "<th>{head}</th>");
    }
    out.push_str("</tr>");
    for row in &table.rows {
        out.push_str("<tr>");
        for cell in row {
            let class = if cell.parse::<i64>().is_ok() { " class=\"number\"" } else { "" };
            let _ = write!(out, "<td{class}>{}</td>", escape(cell));
        }
        out.push_str("</tr>");
    }
    out.push_str("</table>");
}

fn marks(out: &mut String, marks: &Marks<'_>) {
    let [_, cause, voices] = marks.heads;
    let columns: &[&str] = if marks.is_square() { &marks.columns } else { &[] };
    let _ = write!(out, "<div class=\"wide\"><table class=\"marks\"><tr><th>{cause}</th>");
    for letter in columns {
        let _ = write!(out, "<th class=\"in\">{}</th>", escape(letter));
    }
    let _ = write!(out, "<th class=\"in\">{voices}</th></tr>");
    for (group, causes) in &marks.groups {
        let _ = write!(out, "<tr><th class=\"of\" colspan=\"{}\">{}</th></tr>", columns.len() + 2, escape(group));
        for marked in causes {
            let _ = write!(out, "<tr><td>{}</td>", escape(marked.cause));
            for letter in columns {
                let dot = if marked.letters.contains(letter) { "●" } else { "" };
                let _ = write!(out, "<td class=\"in\">{dot}</td>");
            }
            let named = if columns.is_empty() { marked.letters.join(" ") } else { String::new() };
            let said = format!("{} {named}", marked.letters.len());
            let _ = write!(out, "<td class=\"in\">{}</td></tr>", escape(said.trim()));
        }
    }
    out.push_str("</table></div>");
}

fn task(out: &mut String, task: &Task<'_>) {
    heading(out, 3, &format!("{} ({})", task.name, task.word));
    let _ = write!(out, "<p class=\"said\">{}</p><table>", escape(task.text));
    for (word, said) in &task.facts {
        let _ = write!(out, "<tr><th scope=\"row\">{word}</th><td class=\"said\">{}</td></tr>", escape(said));
    }
    out.push_str("</table>");
}
