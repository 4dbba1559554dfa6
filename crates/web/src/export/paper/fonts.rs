//! The font that comes with the service: BIZ UDPGothic, in two weights, with all of JIS X 0208, its usual extensions and Latin. See
//! `crates/web/fonts`. A character that it has not got is drawn as a box with its number, so that nothing is lost.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock};

use krilla::text::Font;
use krilla_svg as _;
use resvg::usvg::fontdb::{Database, Source};
use ttf_parser::Face;

use super::Unprintable;

static REGULAR: &[u8] = include_bytes!("../../../fonts/BIZUDPGothic-Regular.ttf");
static BOLD: &[u8] = include_bytes!("../../../fonts/BIZUDPGothic-Bold.ttf");

/// Both weights.
pub(super) struct Fonts {
    regular: Weight,
    bold: Weight,
    /// The same for pictures, and no other.
    pub(super) database: Arc<Database>,
}

/// One weight, as far as lines need to know it.
pub(super) struct Weight {
    pub(super) font: Font,
    /// Number and width in ems of each character's glyph.
    glyphs: HashMap<char, (u16, f32)>,
}

/// How far the foot of letters is below the top of their em.
pub(super) const ASCENT: f32 = 0.88;

impl Fonts {
    pub(super) const fn weight(&self, is_bold: bool) -> &Weight {
        if is_bold { &self.bold } else { &self.regular }
    }
}

impl Weight {
    fn new(data: &'static [u8]) -> Option<Self> {
        let face = Face::parse(data, 0).ok()?;
        let mut glyphs = HashMap::new();
        let em = f32::from(face.units_per_em());
        for table in face.tables().cmap?.subtables.into_iter().filter(ttf_parser::cmap::Subtable::is_unicode) {
            table.codepoints(|code| {
                let Some(character) = char::from_u32(code) else { return };
                let Some(glyph) = table.glyph_index(code).filter(|glyph| glyph.0 != 0) else { return };
                let wide = face.glyph_hor_advance(glyph).map_or(1.0, |wide| f32::from(wide) / em);
                glyphs.insert(character, (glyph.0, wide));
            });
        }
        Some(Self { font: Font::new(data.into(), 0)?, glyphs })
    }

    /// The number and the width of a character's glyph.
    pub(super) fn glyph(&self, character: char) -> Option<(u16, f32)> {
        self.glyphs.get(&character).copied()
    }

    /// How wide a character is, in ems; one that is not there fills a square.
    pub(super) fn wide(&self, character: char) -> f32 {
        self.glyph(character).map_or(1.0, |(_, wide)| wide)
    }

    /// How wide a text is at a size.
    pub(super) fn width(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|character| self.wide(character)).sum::<f32>() * size
    }
}

/// The fonts, read once.
pub(super) fn fonts() -> Result<&'static Fonts, Unprintable> {
    static FONTS: LazyLock<Option<Fonts>> = LazyLock::new(read);
    // Never missing: they are in the program, and a test reads them.
    FONTS.as_ref().ok_or_else(|| Unprintable("the font could not be read".to_owned()))
}

fn read() -> Option<Fonts> {
    let mut database = Database::new();
    for data in [REGULAR, BOLD] {
        let _ = database.load_font_source(Source::Binary(Arc::new(data)));
    }
    for set in [Database::set_sans_serif_family, Database::set_serif_family, Database::set_monospace_family] {
        set(&mut database, "BIZ UDPGothic");
    }
    Some(Fonts { regular: Weight::new(REGULAR)?, bold: Weight::new(BOLD)?, database: Arc::new(database) })
}
