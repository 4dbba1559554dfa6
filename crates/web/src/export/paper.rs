//! A review on paper: a PDF that looks the same on each machine, and its pictures as PNG. The font comes with the service, and nothing is read
//! from files, from the system or from the network while it is made. The same review gives the same bytes: no time and no name goes in.
//!
//! `set` puts blocks one below the other, `flow` knows sheets and where the next line goes, `draw` writes the sheets, and `picture` draws SVG.
//! A page is measured in points from its upper left corner.
#![expect(clippy::float_arithmetic, reason = "a page is lengths")]

mod draw;
mod flow;
mod fonts;
mod lines;
mod look;
mod picture;
mod set;
mod table;

use super::{Document, blocks};

pub(crate) use picture::png;

/// Why there is no paper: a fault of ours, never of what somebody wrote.
#[derive(Debug)]
pub(crate) struct Unprintable(pub(crate) String);

/// The document as PDF.
pub(crate) fn pdf(document: &Document<'_>) -> Result<Vec<u8>, Unprintable> {
    let fonts = fonts::fonts()?;
    let flow = set::set(document, &blocks::blocks(document), fonts)?;
    draw::draw(document, flow, fonts)
}
