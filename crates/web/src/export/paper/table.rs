//! Tables on sheets: rows of cells that are broken into lines, over as many sheets as they take, each with the heads above. A row that is higher
//! than a sheet goes on in the next.

use std::ops::Range;

use super::flow::{Area, Flow, Links, Role, Text};
use super::look::{A4, CELL_HEAD, GROUND, SIDE, Style};

/// What is free at the sides of a cell, and above and below its lines.
const PAD: f32 = 4.0;
const ABOVE: f32 = 3.2;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    Left,
    Middle,
    Right,
}

/// A column of a table.
pub(super) struct Column<'c> {
    pub(super) head: &'c str,
    pub(super) width: f32,
    pub(super) align: Align,
    /// How the head is set.
    pub(super) head_style: Style,
    /// How its cells are set.
    pub(super) style: Style,
}

/// A table that is being set.
pub(super) struct Grid<'c> {
    columns: Vec<Column<'c>>,
    part: usize,
}

/// The lines of a cell.
struct Broken<'c> {
    text: &'c str,
    style: Style,
    lines: Vec<Range<usize>>,
    part: usize,
}

impl<'c> Grid<'c> {
    /// Begins a table with its heads.
    pub(super) fn begin(flow: &mut Flow<'_>, columns: Vec<Column<'c>>) -> Self {
        let grid = Self { columns, part: flow.part(Role::Table, None) };
        flow.need(70.0);
        grid.heads(flow);
        grid
    }

    fn heads(&self, flow: &mut Flow<'_>) {
        let row = flow.part(Role::Row, Some(self.part));
        let cells: Vec<_> = self.columns.iter().map(|column| (column.head, column.head_style)).collect();
        let cells = self.broken(flow, &cells, &Role::Head, row);
        let deepest = deepest(&cells);
        self.rows(flow, &cells, 0, deepest);
        flow.rule(SIDE, flow.width());
    }

    /// A line of its own over the rows that follow; they do not part from it.
    pub(super) fn band(&self, flow: &mut Flow<'_>, text: &str) {
        let height = CELL_HEAD.leading + 2.0 * ABOVE;
        self.turn(flow, height * 2.2);
        let row = flow.part(Role::Row, Some(self.part));
        let part = flow.part(Role::Head, Some(row));
        let at = Area { x: SIDE, y: flow.y, width: flow.width(), height };
        flow.fill(at, GROUND);
        flow.y += ABOVE;
        let style = Style { colour: super::look::INK, ..CELL_HEAD };
        let width = flow.width() - 2.0 * PAD;
        flow.set(&Text { part, text, style, x: SIDE + PAD, width, indent: 0.0, links: Links::None });
        flow.y += ABOVE;
    }

    /// A row, with a thin line below.
    pub(super) fn row(&self, flow: &mut Flow<'_>, cells: &[&str]) {
        if flow.is_full {
            return;
        }
        let row = flow.part(Role::Row, Some(self.part));
        let cells: Vec<_> = cells.iter().zip(&self.columns).map(|(text, column)| (*text, column.style)).collect();
        let cells = self.broken(flow, &cells, &Role::Cell, row);
        let deepest = deepest(&cells);
        let leading = self.leading();
        let (mut from, mut is_whole) = (0, true);
        while from < deepest && !flow.is_full {
            let height = |count: usize| f32::from(u16::try_from(count).unwrap_or(u16::MAX)) * leading + 2.0 * ABOVE;
            // A row that is low is not parted.
            if is_whole && deepest <= 12 {
                self.turn(flow, height(deepest));
            }
            let fits = (from..deepest).take_while(|line| height(line + 1 - from) <= flow.room()).count().max(1);
            self.rows(flow, &cells, from, from + fits);
            (from, is_whole) = (from + fits, false);
            if from < deepest {
                flow.next_sheet(A4);
                self.heads(flow);
            }
        }
        flow.rule(SIDE, flow.width());
    }

    /// Goes on with a new sheet and the heads, where so much does not fit on this one.
    fn turn(&self, flow: &mut Flow<'_>, height: f32) {
        if flow.room() < height && !flow.is_fresh() {
            flow.next_sheet(A4);
            if !flow.is_full {
                self.heads(flow);
            }
        }
    }

    fn leading(&self) -> f32 {
        self.columns.first().map_or(CELL_HEAD.leading, |column| column.style.leading)
    }

    fn broken<'t>(&self, flow: &mut Flow<'_>, cells: &[(&'t str, Style)], role: &Role, row: usize) -> Vec<Broken<'t>> {
        let broken = |((text, style), column): (&(&'t str, Style), &Column<'_>)| {
            let role = if matches!(role, Role::Head) { Role::Head } else { Role::Cell };
            let part = flow.part(role, Some(row));
            // Narrow columns have no pad: what stands in them is in the middle.
            let width = if column.align == Align::Middle { column.width } else { column.width - 2.0 * PAD };
            let text_to_set = Text { part, text, style: *style, x: 0.0, width, indent: 0.0, links: Links::None };
            Broken { text, style: *style, lines: flow.lines(&text_to_set), part }
        };
        cells.iter().zip(&self.columns).map(broken).collect()
    }

    /// Some lines of all cells.
    fn rows(&self, flow: &mut Flow<'_>, cells: &[Broken<'_>], from: usize, to: usize) {
        let leading = self.leading();
        flow.y += ABOVE;
        for line in from..to {
            let mut x = SIDE;
            for (cell, column) in cells.iter().zip(&self.columns) {
                let text = cell.lines.get(line).and_then(|line| cell.text.get(line.clone())).unwrap_or_default();
                if !text.is_empty() {
                    let free = column.width - flow.wide(text, cell.style);
                    let off = match column.align {
                        Align::Left => PAD,
                        Align::Middle => free / 2.0,
                        Align::Right => free - PAD,
                    };
                    let y = flow.y;
                    flow.line(Some(cell.part), text, cell.style, (x + off, y));
                }
                x += column.width;
            }
            flow.y += leading;
        }
        flow.y += ABOVE;
    }
}

fn deepest(cells: &[Broken<'_>]) -> usize {
    cells.iter().map(|cell| cell.lines.len()).max().unwrap_or(0)
}
