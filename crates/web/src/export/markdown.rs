//! A review as Markdown (CommonMark, with tables as GitHub has them). What means something in Markdown stands for itself in user text.
//! Pictures are left out: what they show stands in the tables and lists.

use std::fmt::Write as _;

use super::Document;
use super::blocks::{Block, Entry, Marks, Point, Said, Table, Task, blocks, title};

/// The document.
pub(crate) fn markdown(document: &Document<'_>) -> String {
    let mut out = format!("# {}\n\n{}\n", line(&title(document)), document.word("nobody"));
    for block in blocks(document) {
        write(&mut out, &block);
    }
    out
}

fn write(out: &mut String, block: &Block<'_>) {
    match block {
        Block::Heading { level, text } => heading(out, *level, text),
        Block::Fields { level, entries } => {
            for Entry { label, said } in entries {
                heading(out, *level, label);
                say(out, said);
            }
        }
        Block::Times(entries) => entries.iter().for_each(|entry| time(out, entry)),
        Block::Voices(entries) => {
            for Entry { label, said } in entries {
                let _ = write!(out, "**{}** ", line(label));
                say(out, said);
            }
        }
        Block::Said(said) => say(out, said),
        Block::Points(points) => self::points(out, points),
        Block::Table(table) => self::table(out, table),
        Block::Marks(marks) => self::marks(out, marks),
        Block::Picture(_) => {}
        Block::Task(task) => self::task(out, task),
    }
}

fn heading(out: &mut String, level: usize, text: &str) {
    let _ = write!(out, "\n{} {}\n\n", "#".repeat(level), line(text));
}

fn time(out: &mut String, entry: &Entry<'_>) {
    let _ = write!(out, "- **{}**\n\n", line(&entry.label));
    let mut inner = String::new();
    say(&mut inner, &entry.said);
    for text in inner.lines() {
        let _ = writeln!(out, "  {text}");
    }
}

fn points(out: &mut String, points: &[Point<'_>]) {
    for Point { text, note } in points {
        let note = note.map(|note| format!(" ({note})")).unwrap_or_default();
        let _ = writeln!(out, "- {}{note}", line(text));
    }
}

fn table(out: &mut String, table: &Table<'_>) {
    let _ = write!(out, "| {} |\n|{}\n", table.heads.join(" | "), "---|".repeat(table.heads.len()));
    for row in &table.rows {
        let cells: Vec<_> = row.iter().map(|cell| line(cell)).collect();
        let _ = writeln!(out, "| {} |", cells.join(" | "));
    }
    out.push('\n');
}

fn marks(out: &mut String, marks: &Marks<'_>) {
    let _ = write!(out, "| {} |\n|---|---|---|\n", marks.heads.join(" | "));
    for (group, causes) in &marks.groups {
        for marked in causes {
            let letters = &marked.letters;
            let _ =
                writeln!(out, "| {} | {} | {} {} |", line(group), line(marked.cause), letters.len(), letters.join(" "));
        }
    }
}

fn task(out: &mut String, task: &Task<'_>) {
    heading(out, 3, &format!("{} ({})", task.name, task.word));
    let _ = write!(out, "{}\n\n", text(task.text));
    for (word, said) in &task.facts {
        let _ = writeln!(out, "- {word}: {}", line(said));
    }
}

/// A statement and what it rests on.
fn say(out: &mut String, said: &Said<'_>) {
    let _ = write!(out, "*{}* {}\n\n", said.word, text(said.text));
    for source in &said.sources {
        let _ = writeln!(out, "> {}", line(&source.line()));
    }
    if !said.sources.is_empty() {
        out.push('\n');
    }
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
