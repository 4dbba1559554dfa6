//! SVG that this service drew, as a tree for paper and as PNG. Nothing that a picture names is fetched: neither files nor addresses nor the
//! fonts of the system, so it looks the same on each machine.

use std::sync::Arc;

use resvg::tiny_skia::{Pixmap, Transform};
use resvg::usvg::{FontResolver, ImageHrefResolver, Options, Tree};

use super::Unprintable;
use super::fonts::{Fonts, fonts};

/// Dots to a unit of a picture.
const SCALE: f32 = 2.0;
/// More dots than these no PNG has, four bytes each while it is drawn; a larger picture has fewer to a unit.
const DOTS_MAX: f32 = 24_000_000.0;
/// Nor more to a side: more cannot be shown by all programs.
const SIDE_MAX: f32 = 16_000.0;

/// The tree of a picture.
pub(super) fn tree(svg: &str, fonts: &Fonts) -> Result<Tree, Unprintable> {
    let options = Options {
        font_family: "BIZ UDPGothic".to_owned(),
        image_href_resolver: ImageHrefResolver {
            resolve_data: Box::new(|_, _, _| None),
            resolve_string: Box::new(|_, _| None),
        },
        // Every family is the one that there is, in the nearer of its weights.
        font_resolver: FontResolver {
            select_font: Box::new(|font, database| {
                let is_bold = font.weight() >= 600;
                database.faces().find(|face| (face.weight.0 >= 600) == is_bold).map(|face| face.id)
            }),
            select_fallback: Box::new(|_, _, _| None),
        },
        fontdb: Arc::clone(&fonts.database),
        ..Options::default()
    };
    Tree::from_str(svg, &options).map_err(|error| Unprintable(format!("a picture could not be read: {error}")))
}

/// A picture as PNG, two dots to a unit, or as many as there may be.
pub(crate) fn png(svg: &str) -> Result<Vec<u8>, Unprintable> {
    let tree = tree(svg, fonts()?)?;
    let (width, height) = (tree.size().width(), tree.size().height());
    let scale = SCALE.min((DOTS_MAX / (width * height)).sqrt()).min(SIDE_MAX / width.max(height));
    let dots = |length: f32| {
        let dots = (length * scale).round().clamp(1.0, SIDE_MAX);
        // Between 1 and 16,000.
        dots as u32
    };
    let mut pixmap = Pixmap::new(dots(width), dots(height))
        .ok_or_else(|| Unprintable("there is no memory for a picture".to_owned()))?;
    resvg::render(&tree, Transform::from_scale(scale, scale), &mut pixmap.as_mut());
    pixmap.encode_png().map_err(|error| Unprintable(format!("a picture could not be written: {error}")))
}
