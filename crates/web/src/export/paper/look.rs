//! What paper looks like: its size, its letters and its colours, which are those of the pages in light.

/// A colour in red, green and blue.
pub(super) type Colour = [u8; 3];

pub(super) const INK: Colour = [0x1c, 0x22, 0x30];
pub(super) const SOFT: Colour = [0x56, 0x5d, 0x6e];
pub(super) const LINE: Colour = [0xdd, 0xd7, 0xc9];
pub(super) const GROUND: Colour = [0xf6, 0xf3, 0xec];
pub(super) const AI: Colour = [0x1f, 0x44, 0x80];
pub(super) const SHU: Colour = [0xb9, 0x3a, 0x26];
pub(super) const DONE: Colour = [0x1c, 0x6b, 0x45];

/// A4, and A3 lying on its side for what is too wide (ISO 216).
pub(super) const A4: (f32, f32) = (595.28, 841.89);
pub(super) const A4_WIDE: (f32, f32) = (841.89, 595.28);
pub(super) const A3_WIDE: (f32, f32) = (1190.55, 841.89);

/// What stays free: at the sides, above and below.
pub(super) const SIDE: f32 = 62.0;
pub(super) const ABOVE: f32 = 78.0;
pub(super) const BELOW: f32 = 70.0;

/// The column of labels, and what is between it and what they label.
pub(super) const LABEL_WIDE: f32 = 96.0;
pub(super) const GUTTER: f32 = 16.0;

/// How letters are set.
#[derive(Clone, Copy, Debug)]
pub(super) struct Style {
    pub(super) size: f32,
    /// From line to line.
    pub(super) leading: f32,
    pub(super) is_bold: bool,
    pub(super) colour: Colour,
}

const fn style(size: f32, leading: f32, is_bold: bool, colour: Colour) -> Style {
    Style { size, leading, is_bold, colour }
}

/// The case on the first page, as large as it has few lines.
pub(super) const TITLES: [Style; 3] =
    [style(25.0, 34.0, true, INK), style(18.0, 25.5, true, INK), style(12.0, 18.0, true, INK)];
pub(super) const OVER_TITLE: Style = style(10.5, 16.0, true, AI);
pub(super) const PART: Style = style(16.0, 23.0, true, AI);
pub(super) const HEADING: Style = style(11.5, 17.5, true, INK);
pub(super) const SMALL_HEADING: Style = style(9.5, 16.0, true, INK);
pub(super) const TEXT: Style = style(9.6, 16.4, false, INK);
pub(super) const LABEL: Style = style(9.2, 16.4, true, INK);
pub(super) const TIME: Style = style(8.6, 16.4, true, INK);
pub(super) const FACT: Style = style(8.8, 14.6, false, INK);
pub(super) const FACT_LABEL: Style = style(8.4, 14.6, true, SOFT);
pub(super) const SOURCE: Style = style(8.0, 12.8, false, SOFT);
pub(super) const CHIP: Style = style(7.2, 16.4, true, SOFT);
pub(super) const CELL: Style = style(8.6, 13.2, false, INK);
pub(super) const CELL_HEAD: Style = style(8.0, 13.2, true, SOFT);
pub(super) const FEW: Style = style(6.8, 13.2, true, SOFT);
pub(super) const RUNNING: Style = style(7.6, 11.0, false, SOFT);
pub(super) const CONTENTS: Style = style(9.6, 20.0, false, INK);
