//! Puts what a review says on sheets, block by block. Knows what each kind of block looks like; it must not know how a sheet is written.

use super::super::blocks::{Block, Entry, Marks, Point, Said, Table, Task};
use super::super::{Document, shortened};
use super::Unprintable;
use super::flow::{Area, Edge, Entry as Found, Flow, Goal, Links, Mark, Place, Role, Text};
use super::fonts::Fonts;
use super::lines::clean;
use super::look::{
    A3_WIDE, A4, A4_WIDE, ABOVE, AI, BELOW, CELL, CELL_HEAD, CHIP, CONTENTS, DONE, FACT, FACT_LABEL, FEW, GUTTER,
    HEADING, LABEL, LABEL_WIDE, LINE, OVER_TITLE, PART, SIDE, SMALL_HEADING, SOFT, SOURCE, Style, TEXT, TIME, TITLES,
};
use super::picture;
use super::table::{Align, Column, Grid};

/// Points to a unit of a picture: no more, or few boxes would shout, and no less where a larger sheet helps.
const SCALE_MAX: f32 = 0.72;
const SCALE_MIN: f32 = 0.45;
/// More characters than these of a heading do not stand in the contents.
const ENTRY_MAX: usize = 60;

/// Up to which height a measure stands on one sheet.
const TASK_MAX: f32 = 260.0;
/// What the heading of a part takes.
const PART_HEIGHT: f32 = 70.0;

/// All sheets of a document.
pub(super) fn set<'f>(
    document: &Document<'_>,
    blocks: &[Block<'_>],
    fonts: &'f Fonts,
) -> Result<Flow<'f>, Unprintable> {
    let mut flow = Flow::new(fonts);
    first_sheet(&mut flow, document);
    let contents = reserve_contents(&mut flow, document, blocks);
    let mut before = "";
    for (number, block) in blocks.iter().enumerate() {
        match (block, blocks.get(number + 1)) {
            // A picture has its heading on its own sheet.
            (Block::Heading { text, .. }, Some(Block::Picture(_))) => before = text,
            (Block::Picture(drawn), _) => self::picture(&mut flow, &document.drawn(*drawn), before)?,
            (Block::Heading { .. }, Some(Block::Task(_))) => {
                // The measure below moves to the next sheet whole, and takes its heading along.
                flow.need(TASK_MAX + PART_HEIGHT);
                self::block(&mut flow, block);
            }
            _ => self::block(&mut flow, block),
        }
    }
    if flow.is_full {
        the_end(&mut flow, document);
    }
    fill_contents(&mut flow, &contents);
    Ok(flow)
}

fn block(flow: &mut Flow<'_>, block: &Block<'_>) {
    match block {
        Block::Heading { level, text } => heading(flow, *level, text),
        Block::Fields { level: 3, entries } => entries.iter().for_each(|entry| field(flow, entry, 11.0)),
        Block::Fields { entries, .. } => entries.iter().for_each(|entry| field(flow, entry, 5.0)),
        Block::Voices(entries) => entries.iter().for_each(|entry| field(flow, entry, 5.0)),
        Block::Times(entries) => entries.iter().for_each(|entry| time(flow, entry)),
        Block::Said(said) => say(flow, said, SIDE),
        Block::Points(points) => points.iter().for_each(|point| self::point(flow, point)),
        Block::Table(table) => self::table(flow, table),
        Block::Marks(marks) => self::marks(flow, marks),
        Block::Picture(_) => {}
        Block::Task(task) => self::task(flow, task),
    }
}

fn text<'t>(part: usize, text: &'t str, style: Style, (x, width): (f32, f32)) -> Text<'t> {
    Text { part, text, style, x, width, indent: 0.0, links: Links::Prose }
}

/// The case, and what the document is.
fn first_sheet(flow: &mut Flow<'_>, document: &Document<'_>) {
    let width = flow.width();
    flow.put(None, Mark::Tally { x: SIDE, y: ABOVE - 30.0 });
    flow.y = ABOVE + 8.0;
    let part = flow.part(Role::Paragraph, None);
    flow.set(&text(part, document.word("review"), OVER_TITLE, (SIDE, width)));
    flow.y += 4.0;
    let name = clean(document.name());
    let part = flow.part(Role::Heading(1), None);
    let lines = |style: &Style| {
        let lines = flow.lines(&text(part, &name, *style, (SIDE, width))).len();
        lines <= 4
    };
    let style = TITLES.iter().find(|style| lines(style)).copied();
    let [.., smallest] = TITLES;
    flow.set(&text(part, &name, style.unwrap_or(smallest), (SIDE, width)));
    flow.y += 10.0;
    let part = flow.part(Role::Paragraph, None);
    flow.set(&text(part, document.word("nobody"), SOURCE, (SIDE, width)));
    flow.y += 18.0;
}

/// Where the list of contents goes, once it is known what stands where.
struct Contents {
    place: Place,
    part: usize,
    /// How many marks stand before it on its sheet.
    before: usize,
}

fn reserve_contents(flow: &mut Flow<'_>, document: &Document<'_>, blocks: &[Block<'_>]) -> Contents {
    let count = blocks.iter().filter(|block| matches!(block, Block::Heading { level: 2, .. })).count();
    let height = f32::from(u16::try_from(count).unwrap_or(u16::MAX)) * CONTENTS.leading;
    flow.need(height + 40.0);
    let part = flow.part(Role::Contents, None);
    let y = flow.y;
    let head = flow.part(Role::Paragraph, Some(part));
    flow.line(Some(head), document.word("contents"), FACT_LABEL, (SIDE, y));
    flow.y += FACT_LABEL.leading + 4.0;
    flow.rule(SIDE, flow.width());
    let before = flow.sheets.last().map_or(0, |sheet| sheet.marks.len());
    let contents = Contents { place: flow.place(), part, before };
    flow.y += height + 6.0;
    contents
}

fn fill_contents(flow: &mut Flow<'_>, contents: &Contents) {
    let Contents { place: Place { sheet, mut y }, part, before } = *contents;
    let there = flow.sheets.get(sheet).map_or(0, |sheet| sheet.marks.len());
    let width = A4.0 - 2.0 * SIDE;
    let parts: Vec<_> =
        flow.entries.iter().filter(|entry| entry.level == 2).map(|it| (it.text.clone(), it.place)).collect();
    for (name, place) in parts {
        let number = (place.sheet + 1).to_string();
        let row = flow.part(Role::ContentsRow, Some(part));
        let link = flow.part(Role::Link, Some(row));
        let line = |flow: &mut Flow<'_>, text: &str, x: f32| {
            let foot = y + (CONTENTS.leading - CONTENTS.size) / 2.0 + super::fonts::ASCENT * CONTENTS.size;
            flow.put_on(sheet, Some(link), Mark::Text { x, foot, style: CONTENTS, text: text.to_owned() });
        };
        line(flow, &name, SIDE);
        let off = flow.wide(&number, CONTENTS);
        line(flow, &number, SIDE + width - off);
        let at = Area { x: SIDE, y: y + CONTENTS.leading - 0.6, width, height: 0.6 };
        flow.put_on(sheet, None, Mark::Box { at, fill: Some(LINE), edge: None, round: 0.0 });
        let at = Area { x: SIDE, y, width, height: CONTENTS.leading };
        flow.link_on(sheet, link, at, Goal::Place(place));
        y += CONTENTS.leading;
    }
    // Whoever reads the marks in the order in which they were written finds it where it stands.
    if let Some(later) = flow.sheets.get_mut(sheet).and_then(|sheet| sheet.marks.get_mut(before..)) {
        later.rotate_left(there.saturating_sub(before));
    }
}

/// Says on the last sheet that there is more.
fn the_end(flow: &mut Flow<'_>, document: &Document<'_>) {
    flow.is_full = false;
    flow.thread = None;
    flow.sheets.push(super::flow::Sheet { size: A4, marks: Vec::new(), links: Vec::new() });
    flow.y = ABOVE;
    let (part, width) = (flow.part(Role::Paragraph, None), flow.width());
    flow.set(&text(part, document.word("too_long"), TEXT, (SIDE, width)));
}

fn heading(flow: &mut Flow<'_>, level: usize, name: &str) {
    if flow.is_full {
        return;
    }
    let name = clean(name);
    let (style, above, below, keep) = match level {
        2 => (PART, 30.0, 12.0, 130.0),
        3 => (HEADING, 18.0, 4.0, 76.0),
        _ => (SMALL_HEADING, 9.0, 2.0, 52.0),
    };
    flow.skip(above);
    flow.need(keep);
    let place = flow.place();
    flow.entries.push(Found { level, text: shortened(&name, ENTRY_MAX), place });
    let part = flow.part(Role::Heading(u16::try_from(level).unwrap_or(6)), None);
    let width = flow.width();
    flow.set(&Text { links: Links::None, ..text(part, &name, style, (SIDE, width)) });
    if level == 2 {
        flow.advance(4.0);
        flow.rule(SIDE, width);
    }
    flow.advance(below);
}

/// Something with its name to the left of it.
fn field(flow: &mut Flow<'_>, entry: &Entry<'_>, above: f32) {
    if flow.is_full {
        return;
    }
    flow.skip(above);
    let label = clean(&entry.label);
    let beside = beside(flow, &label, LABEL);
    say(flow, &entry.said, SIDE + LABEL_WIDE + GUTTER);
    beside.end(flow);
}

/// An event, on the line that time runs down.
fn time(flow: &mut Flow<'_>, entry: &Entry<'_>) {
    if flow.is_full {
        return;
    }
    let label = clean(&entry.label);
    let x = SIDE + LABEL_WIDE + GUTTER / 2.0 - 2.0;
    flow.need(2.6 * TEXT.leading);
    flow.thread = Some((x - 0.5, 1.0, LINE));
    let beside = beside(flow, &label, TIME);
    let dot = Area { x: x - 2.5, y: flow.y + LABEL.leading / 2.0 - 2.5, width: 5.0, height: 5.0 };
    say(flow, &entry.said, SIDE + LABEL_WIDE + GUTTER);
    beside.end(flow);
    flow.advance(7.0);
    flow.thread = None;
    flow.put_on(beside.sheet, None, Mark::Box { at: dot, fill: Some(AI), edge: None, round: 2.5 });
}

/// How far down a label reaches, and on which sheet.
struct Beside {
    sheet: usize,
    to: f32,
}

impl Beside {
    /// Goes on below the label, if that is longer than what it labels.
    fn end(&self, flow: &mut Flow<'_>) {
        if flow.place().sheet == self.sheet && flow.y < self.to {
            flow.advance(self.to - flow.y);
        }
    }
}

fn beside(flow: &mut Flow<'_>, label: &str, style: Style) -> Beside {
    let width = LABEL_WIDE;
    let part = flow.part(Role::Paragraph, None);
    let label = Text { links: Links::None, ..text(part, label, style, (SIDE, width)) };
    let lines = flow.lines(&label);
    let height = f32::from(u16::try_from(lines.len()).unwrap_or(u16::MAX)) * style.leading;
    flow.need(height.max(2.6 * style.leading).min(300.0));
    let Place { sheet, y } = flow.place();
    for (number, line) in (0_u16..).zip(lines) {
        let text = label.text.get(line).unwrap_or_default();
        flow.line(Some(part), text, style, (SIDE, y + f32::from(number) * style.leading));
    }
    Beside { sheet, to: y + height }
}

/// A statement from `x` on: whether it is a fact, what it says, what it rests on.
fn say(flow: &mut Flow<'_>, said: &Said<'_>, x: f32) {
    let words = clean(said.text);
    let width = SIDE + flow.width() - x;
    flow.need(2.6 * TEXT.leading);
    let part = flow.part(Role::Paragraph, None);
    let indent = chip(flow, part, said.word, (x, SOFT, said.basis == "conjecture")) + 6.0;
    flow.set(&Text { indent, width, ..text(part, &words, TEXT, (x, width)) });
    for source in &said.sources {
        let source = clean(&source.line());
        flow.advance(1.6);
        flow.need(SOURCE.leading * 2.0);
        let part = flow.part(Role::Paragraph, None);
        let thread = flow.thread;
        let Place { sheet, y } = flow.place();
        flow.set(&Text { links: Links::Last, ..text(part, &source, SOURCE, (x + 9.0, width - 9.0)) });
        flow.thread = thread;
        // Beside the source, as far as it stands on one sheet.
        let height = if flow.place().sheet == sheet { flow.y - y } else { SOURCE.leading };
        let at = Area { x: x + 1.0, y: y + 1.5, width: 1.2, height: height - 3.0 };
        flow.put_on(sheet, None, Mark::Box { at, fill: Some(LINE), edge: None, round: 0.0 });
    }
}

/// A word in a frame; gives how wide it is.
fn chip(flow: &mut Flow<'_>, part: usize, word: &str, (x, colour, is_dashed): (f32, [u8; 3], bool)) -> f32 {
    let style = Style { colour, ..CHIP };
    let (wide, y) = (flow.wide(word, style) + 8.0, flow.y);
    let at = Area { x, y: y + 3.0, width: wide, height: style.leading - 6.0 };
    flow.put(None, Mark::Box { at, fill: None, edge: Some(Edge { colour, is_dashed }), round: 2.0 });
    flow.line(Some(part), word, style, (x + 4.0, y));
    wide
}

fn point(flow: &mut Flow<'_>, point: &Point<'_>) {
    if flow.is_full {
        return;
    }
    let note = point.note.map(|note| format!(" ({note})")).unwrap_or_default();
    let words = clean(&format!("{}{note}", point.text));
    flow.need(2.0 * TEXT.leading);
    let part = flow.part(Role::Paragraph, None);
    let (y, width) = (flow.y, flow.width() - 14.0);
    flow.line(Some(part), "•", TEXT, (SIDE + 3.0, y));
    flow.set(&text(part, &words, TEXT, (SIDE + 14.0, width)));
    flow.advance(2.0);
}

fn table(flow: &mut Flow<'_>, table: &Table<'_>) {
    let rows: Vec<Vec<String>> = table.rows.iter().map(|row| row.iter().map(|cell| clean(cell)).collect()).collect();
    flow.skip(14.0);
    // All but the first are short: as wide as their widest cell.
    let wide = |number: usize, head: &str| {
        let cells = rows.iter().filter_map(|row| row.get(number)).map(|cell| flow.wide(cell, CELL));
        cells.fold(flow.wide(head, CELL_HEAD), f32::max).clamp(24.0, 90.0) + 18.0
    };
    let mut widths: Vec<f32> = table.heads.iter().enumerate().map(|(number, head)| wide(number, head)).collect();
    let rest = flow.width() - widths.iter().skip(1).sum::<f32>();
    if let Some(first) = widths.first_mut() {
        *first = rest;
    }
    let is_number =
        |number: usize| rows.iter().filter_map(|row| row.get(number)).all(|cell| cell.parse::<i64>().is_ok());
    let columns = table.heads.iter().zip(widths).enumerate().map(|(number, (head, width))| Column {
        head,
        width,
        align: if number > 0 && is_number(number) { Align::Right } else { Align::Left },
        head_style: CELL_HEAD,
        style: CELL,
    });
    let grid = Grid::begin(flow, columns.collect());
    for row in &rows {
        let cells: Vec<&str> = row.iter().map(String::as_str).collect();
        grid.row(flow, &cells);
    }
    flow.skip(12.0);
}

/// The table of marks: a column a letter as long as they can be told apart, else their letters in a line.
fn marks(flow: &mut Flow<'_>, marks: &Marks<'_>) {
    let [_, cause, voices] = marks.heads;
    let letters: &[&str] = if marks.is_square() { &marks.columns } else { &[] };
    let count = f32::from(u16::try_from(letters.len().max(1)).unwrap_or(1));
    let last = if letters.is_empty() { 190.0 } else { 42.0 };
    let each = ((flow.width() - last - 132.0) / count).min(22.0);
    // Two letters have to stand beside each other.
    let few = if each < 12.0 { Style { size: 5.6, ..FEW } } else { FEW };
    let first = flow.width() - last - if letters.is_empty() { 0.0 } else { each * count };
    let dot = Style { colour: AI, ..CELL };
    let mut columns =
        vec![Column { head: cause, width: first, align: Align::Left, head_style: CELL_HEAD, style: CELL }];
    let column = |head| Column { head, width: each, align: Align::Middle, head_style: few, style: dot };
    columns.extend(letters.iter().map(|letter| column(*letter)));
    let strong = Style { is_bold: true, ..CELL };
    columns.push(Column { head: voices, width: last, align: Align::Right, head_style: CELL_HEAD, style: strong });
    let grid = Grid::begin(flow, columns);
    for (group, causes) in &marks.groups {
        grid.band(flow, &clean(group));
        for marked in causes {
            let cause = clean(marked.cause);
            let count = match marked.letters.len() {
                0 => String::new(),
                count if letters.is_empty() => format!("{count}  {}", marked.letters.join(" ")),
                count => count.to_string(),
            };
            let mut cells = vec![cause.as_str()];
            cells.extend(letters.iter().map(|letter| if marked.letters.contains(letter) { "●" } else { "" }));
            cells.push(&count);
            grid.row(flow, &cells);
        }
    }
    flow.skip(8.0);
}

fn task(flow: &mut Flow<'_>, task: &Task<'_>) {
    if flow.is_full {
        return;
    }
    let (words, width) = (clean(task.text), flow.width());
    flow.skip(14.0);
    // A measure of usual length is not parted from what is known of it.
    let lines = flow.lines(&text(0, &words, TEXT, (SIDE, width))).len() + task.facts.len();
    let height = f32::from(u16::try_from(lines).unwrap_or(u16::MAX)) * TEXT.leading + HEADING.leading + 24.0;
    flow.need(height.min(TASK_MAX));
    let place = flow.place();
    let name = shortened(&format!("{} · {words}", task.name), ENTRY_MAX);
    flow.entries.push(Found { level: 3, text: name, place });
    let part = flow.part(Role::Heading(3), None);
    let y = flow.y;
    flow.line(Some(part), &task.name, HEADING, (SIDE, y));
    let x = SIDE + flow.wide(&task.name, HEADING) + 8.0;
    let colour = match task.state {
        "done" => DONE,
        "doing" | "planned" => AI,
        _ => SOFT,
    };
    chip(flow, part, task.word, (x, colour, task.state == "proposed"));
    flow.advance(HEADING.leading + 2.0);
    let part = flow.part(Role::Paragraph, None);
    flow.set(&text(part, &words, TEXT, (SIDE, width)));
    flow.advance(4.0);
    for (word, said) in &task.facts {
        let said = clean(said);
        let beside = beside(flow, word, FACT_LABEL);
        let part = flow.part(Role::Paragraph, None);
        let x = SIDE + LABEL_WIDE + GUTTER;
        flow.set(&text(part, &said, FACT, (x, SIDE + width - x)));
        beside.end(flow);
    }
    flow.advance(8.0);
    flow.rule(SIDE, width);
}

/// A picture with its heading: on this sheet if it can be read there, else on one that lies on its side.
fn picture(flow: &mut Flow<'_>, svg: &str, name: &str) -> Result<(), Unprintable> {
    if flow.is_full {
        return Ok(());
    }
    let tree = picture::tree(svg, flow.fonts)?;
    let (width, height) = (tree.size().width(), tree.size().height());
    let head = 62.0;
    let scale = |(wide, high): (f32, f32)| {
        let (wide, high) = ((wide - 2.0 * SIDE) / width, (high - ABOVE - BELOW - head) / height);
        wide.min(high).min(SCALE_MAX)
    };
    let sizes = [A4, A4_WIDE, A3_WIDE];
    let size = sizes.into_iter().find(|size| scale(*size) >= SCALE_MIN).unwrap_or(A3_WIDE);
    let scale = scale(size);
    if size == A4 {
        flow.skip(30.0);
        flow.need(height * scale + head);
    } else {
        flow.next_sheet(size);
    }
    heading(flow, 2, name);
    let part = flow.part(Role::Figure(name.to_owned()), None);
    let number = flow.pictures.len();
    flow.pictures.push(tree);
    let at = Area {
        x: SIDE + (flow.width() - width * scale) / 2.0,
        y: flow.y,
        width: width * scale,
        height: height * scale,
    };
    flow.put(Some(part), Mark::Picture { at, number });
    flow.advance(height * scale);
    if size != A4 {
        flow.next_sheet(A4);
    }
    Ok(())
}
