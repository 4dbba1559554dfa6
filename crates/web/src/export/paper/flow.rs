//! Sheets, and where the next line goes. Knows lengths, and which marks belong to which part of the document, so that whoever hears it hears it
//! in its order; it must not know what a review is.

use resvg::usvg::Tree;

use super::fonts::{ASCENT, Fonts};
use super::lines::{addresses, ascii, break_lines};
use super::look::{A4, ABOVE, BELOW, Colour, LINE, SIDE, Style};

/// More sheets than these are not made: nobody reads them, and the server has other work. The last says so.
const SHEETS_MAX: usize = 1_000;

/// A last line that is narrower than so many ems has too little in it.
const LONELY: f32 = 3.0;
/// Only texts of so few lines are broken anew for it.
const EVEN_MAX: usize = 40;

/// What a part of the document is.
#[derive(Debug)]
pub(super) enum Role {
    Heading(u16),
    Paragraph,
    Contents,
    ContentsRow,
    Table,
    Row,
    Head,
    Cell,
    /// With what it shows, in words.
    Figure(String),
    Link,
}

pub(super) struct Part {
    pub(super) role: Role,
    pub(super) children: Vec<Child>,
}

/// What a part has in it, by numbers.
#[derive(Clone, Copy)]
pub(super) enum Child {
    Part(usize),
    Mark(usize),
    Link(usize),
}

/// Something on a sheet.
pub(super) enum Mark {
    /// Letters in one line; `foot` is the line that they stand on.
    Text {
        x: f32,
        foot: f32,
        style: Style,
        text: String,
    },
    Box {
        at: Area,
        fill: Option<Colour>,
        edge: Option<Edge>,
        round: f32,
    },
    Picture {
        at: Area,
        number: usize,
    },
    /// The tally whose halves fit.
    Tally {
        x: f32,
        y: f32,
    },
}

#[derive(Clone, Copy)]
pub(super) struct Edge {
    pub(super) colour: Colour,
    pub(super) is_dashed: bool,
}

#[derive(Clone, Copy)]
pub(super) struct Area {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) width: f32,
    pub(super) height: f32,
}

/// A mark, and the part to which it belongs; what belongs to none only decorates.
pub(super) struct Put {
    pub(super) part: Option<usize>,
    pub(super) mark: Mark,
}

/// Where a link leads.
pub(super) enum Goal {
    Address(String),
    Place(Place),
}

/// A height on a sheet.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) sheet: usize,
    pub(super) y: f32,
}

pub(super) struct Sheet {
    pub(super) size: (f32, f32),
    pub(super) marks: Vec<(usize, Put)>,
    pub(super) links: Vec<(usize, Area, Goal)>,
}

/// Something to be found from the list of contents.
pub(super) struct Entry {
    pub(super) level: usize,
    pub(super) text: String,
    pub(super) place: Place,
}

/// Which addresses of a text are links.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Links {
    None,
    Prose,
    /// Of a text that ends with an address.
    Last,
}

/// Text to be set in lines.
pub(super) struct Text<'t> {
    pub(super) part: usize,
    pub(super) text: &'t str,
    pub(super) style: Style,
    pub(super) x: f32,
    pub(super) width: f32,
    /// How far to the right of the others the first line begins.
    pub(super) indent: f32,
    pub(super) links: Links,
}

pub(super) struct Flow<'f> {
    pub(super) fonts: &'f Fonts,
    pub(super) sheets: Vec<Sheet>,
    pub(super) parts: Vec<Part>,
    /// The parts that are in no other, in their order.
    pub(super) roots: Vec<usize>,
    pub(super) entries: Vec<Entry>,
    pub(super) pictures: Vec<Tree>,
    pub(super) y: f32,
    pub(super) mark_count: usize,
    pub(super) link_count: usize,
    /// Where a line runs down beside what is set.
    pub(super) thread: Option<(f32, f32, Colour)>,
    /// Whether there was no room for all.
    pub(super) is_full: bool,
    sheets_max: usize,
}

impl<'f> Flow<'f> {
    pub(super) fn new(fonts: &'f Fonts) -> Self {
        Self {
            fonts,
            sheets: vec![Sheet { size: A4, marks: Vec::new(), links: Vec::new() }],
            parts: Vec::new(),
            roots: Vec::new(),
            entries: Vec::new(),
            pictures: Vec::new(),
            y: ABOVE,
            mark_count: 0,
            link_count: 0,
            thread: None,
            is_full: false,
            sheets_max: SHEETS_MAX,
        }
    }

    /// A part of the document, in another or in none.
    pub(super) fn part(&mut self, role: Role, parent: Option<usize>) -> usize {
        let number = self.parts.len();
        self.parts.push(Part { role, children: Vec::new() });
        match parent.and_then(|parent| self.parts.get_mut(parent)) {
            Some(parent) => parent.children.push(Child::Part(number)),
            None => self.roots.push(number),
        }
        number
    }

    fn belongs(&mut self, part: Option<usize>, child: Child) {
        if let Some(part) = part.and_then(|part| self.parts.get_mut(part)) {
            part.children.push(child);
        }
    }

    pub(super) fn place(&self) -> Place {
        Place { sheet: self.sheets.len().saturating_sub(1), y: self.y }
    }

    pub(super) fn size(&self) -> (f32, f32) {
        self.sheets.last().map_or(A4, |sheet| sheet.size)
    }

    /// How wide what is set may be.
    pub(super) fn width(&self) -> f32 {
        self.size().0 - 2.0 * SIDE
    }

    /// How much is left of the sheet.
    pub(super) fn room(&self) -> f32 {
        self.size().1 - BELOW - self.y
    }

    /// Whether nothing stands on the sheet yet.
    pub(super) fn is_fresh(&self) -> bool {
        self.y <= ABOVE + 0.1
    }

    /// Goes on with a new sheet, unless there are too many.
    pub(super) fn next_sheet(&mut self, size: (f32, f32)) {
        if self.sheets.len() >= self.sheets_max {
            self.is_full = true;
            return;
        }
        self.sheets.push(Sheet { size, marks: Vec::new(), links: Vec::new() });
        self.y = ABOVE;
    }

    /// Goes on with a new sheet where so much does not fit on this one.
    pub(super) fn need(&mut self, height: f32) {
        if self.room() < height && !self.is_fresh() {
            self.next_sheet(A4);
        }
    }

    /// Leaves so much free, but not at the top of a sheet.
    pub(super) fn skip(&mut self, height: f32) {
        if !self.is_fresh() {
            self.advance(height);
        }
    }

    pub(super) fn advance(&mut self, height: f32) {
        if let Some((x, width, colour)) = self.thread {
            let height = height.min(self.room());
            self.fill(Area { x, y: self.y, width, height }, colour);
        }
        self.y += height;
    }

    /// Puts a mark on the last sheet.
    pub(super) fn put(&mut self, part: Option<usize>, mark: Mark) {
        let last = self.sheets.len().saturating_sub(1);
        self.put_on(last, part, mark);
    }

    pub(super) fn put_on(&mut self, sheet: usize, part: Option<usize>, mark: Mark) {
        if self.is_full {
            return;
        }
        let number = self.mark_count;
        if let Some(sheet) = self.sheets.get_mut(sheet) {
            sheet.marks.push((number, Put { part, mark }));
            self.mark_count += 1;
            self.belongs(part, Child::Mark(number));
        }
    }

    pub(super) fn link_on(&mut self, sheet: usize, part: usize, at: Area, goal: Goal) {
        let number = self.link_count;
        if let Some(sheet) = self.sheets.get_mut(sheet) {
            sheet.links.push((number, at, goal));
            self.link_count += 1;
            self.belongs(Some(part), Child::Link(number));
        }
    }

    /// A filled area that only decorates.
    pub(super) fn fill(&mut self, at: Area, colour: Colour) {
        self.put(None, Mark::Box { at, fill: Some(colour), edge: None, round: 0.0 });
    }

    /// A thin line across, at the present height.
    pub(super) fn rule(&mut self, x: f32, width: f32) {
        let y = self.y;
        self.fill(Area { x, y, width, height: 0.6 }, LINE);
    }

    /// How wide a text is that stands in one line.
    pub(super) fn wide(&self, text: &str, style: Style) -> f32 {
        self.fonts.weight(style.is_bold).width(text, style.size)
    }

    /// One line that is not broken, its top at `y`.
    pub(super) fn line(&mut self, part: Option<usize>, text: &str, style: Style, (x, y): (f32, f32)) {
        let foot = y + (style.leading - style.size) / 2.0 + ASCENT * style.size;
        self.put(part, Mark::Text { x, foot, style, text: text.to_owned() });
    }

    /// The lines of a text, as they will be set.
    pub(super) fn lines(&self, text: &Text<'_>) -> Vec<std::ops::Range<usize>> {
        let weight = self.fonts.weight(text.style.is_bold);
        let size = text.style.size;
        let broken = |width: f32| break_lines(text.text, weight, size, width, text.indent);
        let is_lonely = |lines: &[std::ops::Range<usize>]| {
            let last = lines.last().and_then(|line| text.text.get(line.clone())).unwrap_or_default();
            lines.len() > 1 && !last.is_empty() && weight.width(last, size) < LONELY * size
        };
        let lines = broken(text.width);
        if lines.len() > EVEN_MAX || !is_lonely(&lines) {
            return lines;
        }
        // A character or two alone in the last line look lost: somewhat narrower lines give them company.
        let narrower = [0.985, 0.97, 0.955, 0.94].into_iter().map(|part| broken(text.width * part));
        let better = |other: &Vec<_>| other.len() == lines.len() && !is_lonely(other);
        narrower.into_iter().find(better).unwrap_or(lines)
    }

    /// Sets a text, over as many sheets as it takes, without leaving one line alone.
    pub(super) fn set(&mut self, text: &Text<'_>) {
        if self.is_full {
            return;
        }
        let lines = self.lines(text);
        let links = match text.links {
            Links::None => Vec::new(),
            kind => addresses(text.text, kind == Links::Prose),
        };
        let leading = text.style.leading;
        let (mut rest, mut is_first) = (lines.as_slice(), true);
        while !rest.is_empty() && !self.is_full {
            let count = self.lines_that_fit(rest.len(), leading);
            let (now, later) = rest.split_at(count.min(rest.len()));
            for line in now {
                let indent = if is_first { text.indent } else { 0.0 };
                self.line_with_links(text, line, &links, text.x + indent);
                self.advance(leading);
                is_first = false;
            }
            rest = later;
            if !rest.is_empty() {
                self.next_sheet(A4);
            }
        }
    }

    /// How many of so many lines are set before the next sheet.
    fn lines_that_fit(&self, count: usize, leading: f32) -> usize {
        let fits = (1..=count).position(|number| {
            let number = u16::try_from(number).unwrap_or(u16::MAX);
            f32::from(number) * leading > self.room() + 0.01
        });
        match fits {
            None => count,
            Some(0 | 1) if !self.is_fresh() => 0,
            // The last line would stand alone on the next sheet.
            Some(fits) if count - fits == 1 && fits > 2 => fits - 1,
            Some(fits) => fits.max(1),
        }
    }

    fn line_with_links(
        &mut self,
        text: &Text<'_>,
        line: &std::ops::Range<usize>,
        links: &[std::ops::Range<usize>],
        x: f32,
    ) {
        let (mut x, mut from) = (x, line.start);
        let y = self.y;
        let sheet = self.place().sheet;
        for link in links.iter().filter(|link| link.start < line.end && link.end > line.start) {
            let (start, end) = (link.start.max(line.start), link.end.min(line.end));
            x = self.run(text.part, text.text.get(from..start), text.style, (x, y));
            let part = self.part(Role::Link, Some(text.part));
            let style = Style { colour: super::look::AI, ..text.style };
            let to = self.run(part, text.text.get(start..end), style, (x, y));
            let at = Area { x, y, width: to - x, height: style.leading };
            let address = ascii(text.text.get(link.clone()).unwrap_or_default());
            self.link_on(sheet, part, at, Goal::Address(address));
            (x, from) = (to, end);
        }
        self.run(text.part, text.text.get(from..line.end), text.style, (x, y));
    }

    /// A part of a line; gives where the next begins.
    fn run(&mut self, part: usize, text: Option<&str>, style: Style, (x, y): (f32, f32)) -> f32 {
        let Some(text) = text.filter(|text| !text.is_empty()) else { return x };
        self.line(Some(part), text, style, (x, y));
        x + self.wide(text, style)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::super::fonts::fonts;
    use super::super::look::TEXT;
    use super::*;

    fn texts(flow: &Flow<'_>, sheet: usize) -> Vec<(String, f32)> {
        let marks = flow.sheets[sheet].marks.iter().filter_map(|(_, put)| match &put.mark {
            Mark::Text { text, foot, .. } => Some((text.clone(), *foot)),
            _ => None,
        });
        marks.collect()
    }

    #[test]
    fn a_long_text_goes_over_sheets_whole_and_inside_their_margins() {
        let mut flow = Flow::new(fonts().unwrap());
        let long: String = (0..4_000).map(|number| format!("{number}、")).collect();
        let part = flow.part(Role::Paragraph, None);
        let width = flow.width();
        flow.set(&Text { part, text: &long, style: TEXT, x: SIDE, width, indent: 20.0, links: Links::None });
        assert!(flow.sheets.len() > 3 && !flow.is_full);
        let all: Vec<_> = (0..flow.sheets.len()).flat_map(|sheet| texts(&flow, sheet)).collect();
        assert_eq!(all.iter().map(|(text, _)| text.as_str()).collect::<String>(), long);
        assert!(all.iter().all(|(_, foot)| (ABOVE..A4.1 - BELOW).contains(foot)));
    }

    #[test]
    fn no_line_stands_alone() {
        for rows in 2..80_u16 {
            let mut flow = Flow::new(fonts().unwrap());
            flow.y = 600.0;
            let text = vec!["a"; usize::from(rows)].join("\n");
            let part = flow.part(Role::Paragraph, None);
            flow.set(&Text { part, text: &text, style: TEXT, x: SIDE, width: 100.0, indent: 0.0, links: Links::None });
            let last = texts(&flow, flow.sheets.len() - 1).len();
            assert!(last > 1, "{rows}: {last} on sheet {}", flow.sheets.len());
        }
    }

    #[test]
    fn there_is_an_end_to_sheets() {
        let mut flow = Flow { sheets_max: 3, ..Flow::new(fonts().unwrap()) };
        let part = flow.part(Role::Paragraph, None);
        let text = "a\n".repeat(1_000);
        flow.set(&Text { part, text: &text, style: TEXT, x: SIDE, width: 100.0, indent: 0.0, links: Links::None });
        assert!(flow.is_full && flow.sheets.len() == 3);
    }

    #[test]
    fn an_address_over_two_lines_is_two_links_to_the_same() {
        let mut flow = Flow::new(fonts().unwrap());
        let part = flow.part(Role::Paragraph, None);
        let text = format!("see https://example.com/{} for it", "a".repeat(60));
        flow.set(&Text { part, text: &text, style: TEXT, x: SIDE, width: 200.0, indent: 0.0, links: Links::Prose });
        let goals = flow.sheets[0].links.iter().map(|(_, _, goal)| match goal {
            Goal::Address(address) => address.clone(),
            Goal::Place(_) => String::new(),
        });
        let goals: Vec<_> = goals.collect();
        assert!(goals.len() > 1 && goals.iter().all(|it| text.contains(it) && it.ends_with("aaa")), "{goals:?}");
    }
}
