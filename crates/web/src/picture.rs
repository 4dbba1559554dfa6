//! Draws a payment code: as a Code 128 bar code or as a QR code, in SVG for pages and in PNG for
//! whoever cannot show SVG.
//!
//! This room knows what a scanner needs: whole modules, quiet zones, black on white whatever the
//! page looks like. It must not know what the digits or the payload mean.
//!
//! Sources: ISO/IEC 15417 (Code 128), ISO/IEC 18004 (QR code).

use std::error::Error;
use std::fmt;

use barcoders::sym::code128::Code128;
use fast_qr::{ECL, QRBuilder};

/// Most digits in a bar code: beyond it no phone shows modules wide enough for a till's scanner.
pub const CODE128_DIGITS_MAX: usize = 48;

/// Tells `barcoders` to start in code set C, which puts two digits into each symbol character.
const CODE_SET_C: char = '\u{0106}';

/// Light modules at both ends of a bar code, as the standard asks.
const CODE128_QUIET: usize = 10;
/// Height of the bars in modules: 15 mm where a module has the usual 0.33 mm.
const CODE128_HEIGHT: usize = 46;
/// Light modules above and below the bars. The standard asks for none, but a dark page would
/// otherwise touch them.
const CODE128_MARGIN: usize = 4;
/// Modules for the line of digits under the bars, in the SVG.
const TEXT_HEIGHT: usize = 12;
/// Pixels of a module in a bar code's PNG.
const CODE128_MODULE_PX: usize = 3;

/// Light modules around a QR code, as the standard asks.
const QR_QUIET: usize = 4;
/// Pixels of a module in a QR code's PNG.
const QR_MODULE_PX: usize = 6;

const BLACK: u8 = 0x00;
const WHITE: u8 = 0xFF;

/// Why a picture cannot be drawn.
#[derive(Debug)]
pub enum PictureError {
    /// The text for a bar code is not an even number of ASCII digits, from 2 to
    /// [`CODE128_DIGITS_MAX`].
    Digits,
    /// The payload for a QR code is empty, or too long for the largest QR code.
    Payload,
    /// The PNG could not be written.
    Png(png::EncodingError),
}

impl fmt::Display for PictureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PictureError::Digits => {
                write!(f, "a bar code takes an even number of digits, from 2 to {CODE128_DIGITS_MAX}")
            }
            PictureError::Payload => f.write_str("the payload is empty or too long for a QR code"),
            PictureError::Png(_) => f.write_str("the PNG could not be written"),
        }
    }
}

impl Error for PictureError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            PictureError::Png(source) => Some(source),
            PictureError::Digits | PictureError::Payload => None,
        }
    }
}

impl From<png::EncodingError> for PictureError {
    fn from(source: png::EncodingError) -> Self {
        PictureError::Png(source)
    }
}

/// The kinds of picture that tills read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Symbology {
    /// A bar code of the payment code's digits.
    Code128,
    /// A QR code of the JPQR payload, which [`warifu_core::cpm`] writes.
    Jpqr,
}

impl Symbology {
    /// [`code128_svg`] or [`qr_svg`].
    ///
    /// # Errors
    /// As theirs.
    pub fn svg(self, content: &str, label: &str) -> Result<String, PictureError> {
        match self {
            Symbology::Code128 => code128_svg(content, label),
            Symbology::Jpqr => qr_svg(content, label),
        }
    }

    /// [`code128_png`] or [`qr_png`].
    ///
    /// # Errors
    /// As theirs.
    pub fn png(self, content: &str) -> Result<Vec<u8>, PictureError> {
        match self {
            Symbology::Code128 => code128_png(content),
            Symbology::Jpqr => qr_png(content),
        }
    }
}

/// A Code 128 bar code as an SVG element, with the digits beneath in groups of four.
///
/// The element goes into a page as it is: it has no id, style, script or reference. One unit of its
/// view box is one module; it has no size of its own and takes the width that the page gives it.
/// `label` is what a screen reader says in place of the picture.
///
/// # Errors
/// [`PictureError::Digits`].
pub fn code128_svg(digits: &str, label: &str) -> Result<String, PictureError> {
    Ok(code128(digits)?.svg(label, Some(&in_fours(digits))))
}

/// A Code 128 bar code as a PNG of 8-bit grey, three pixels a module, without the digits.
///
/// # Errors
/// [`PictureError::Digits`], [`PictureError::Png`].
pub fn code128_png(digits: &str) -> Result<Vec<u8>, PictureError> {
    code128(digits)?.png(CODE128_MODULE_PX)
}

/// A QR code as an SVG element, of the same properties as that of [`code128_svg`], without text.
///
/// # Errors
/// [`PictureError::Payload`].
pub fn qr_svg(payload: &str, label: &str) -> Result<String, PictureError> {
    Ok(qr(payload)?.svg(label, None))
}

/// A QR code as a PNG of 8-bit grey, six pixels a module.
///
/// # Errors
/// [`PictureError::Payload`], [`PictureError::Png`].
pub fn qr_png(payload: &str) -> Result<Vec<u8>, PictureError> {
    qr(payload)?.png(QR_MODULE_PX)
}

/// A picture in modules, quiet zones included: dark bars on a light ground.
struct Picture {
    width: usize,
    height: usize,
    bars: Vec<Bar>,
}

/// A dark rectangle; modules from the upper left corner of the picture.
struct Bar {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
}

fn code128(digits: &str) -> Result<Picture, PictureError> {
    let is_fit = digits.bytes().all(|byte| byte.is_ascii_digit())
        && digits.len().is_multiple_of(2)
        && (2..=CODE128_DIGITS_MAX).contains(&digits.len());
    if !is_fit {
        return Err(PictureError::Digits);
    }
    let modules = Code128::new(format!("{CODE_SET_C}{digits}")).map_err(|_| PictureError::Digits)?.encode();
    let bars = dark_runs(modules.iter().map(|module| *module == 1))
        .map(|(start, width)| Bar { x: CODE128_QUIET + start, y: CODE128_MARGIN, width, height: CODE128_HEIGHT })
        .collect();
    Ok(Picture { width: modules.len() + 2 * CODE128_QUIET, height: CODE128_HEIGHT + 2 * CODE128_MARGIN, bars })
}

fn qr(payload: &str) -> Result<Picture, PictureError> {
    if payload.is_empty() {
        return Err(PictureError::Payload);
    }
    // Level M: a screen is neither torn nor smeared, and more correction would mean smaller modules.
    let code = QRBuilder::new(payload).ecl(ECL::M).build().map_err(|_| PictureError::Payload)?;
    let rows = code.data.chunks(code.size).take(code.size);
    let bars = rows
        .enumerate()
        .flat_map(|(y, row)| {
            dark_runs(row.iter().map(|module| module.value())).map(move |(start, width)| Bar {
                x: QR_QUIET + start,
                y: QR_QUIET + y,
                width,
                height: 1,
            })
        })
        .collect();
    let side = code.size + 2 * QR_QUIET;
    Ok(Picture { width: side, height: side, bars })
}

/// Start and width of each unbroken run of dark modules in a row.
fn dark_runs(row: impl Iterator<Item = bool>) -> impl Iterator<Item = (usize, usize)> {
    let mut row = row.enumerate().peekable();
    std::iter::from_fn(move || {
        let (start, _) = row.find(|(_, is_dark)| *is_dark)?;
        let mut width = 1;
        while row.next_if(|(_, is_dark)| *is_dark).is_some() {
            width += 1;
        }
        Some((start, width))
    })
}

impl Picture {
    /// All bars are one path, a closed rectangle each: a path is one thing to draw and to compare.
    fn svg(&self, label: &str, text: Option<&str>) -> String {
        let width = self.width;
        let height = self.height + text.map_or(0, |_| TEXT_HEIGHT);
        let label = escape(label);
        let path: String = self
            .bars
            .iter()
            .map(|Bar { x, y, width, height }| format!("M{x} {y}h{width}v{height}h-{width}z"))
            .collect();
        // Monospaced, since SVG has no attribute for tabular digits and a strict page takes no
        // inline style.
        let text = text.map_or_else(String::new, |text| {
            let middle = width / 2;
            let baseline = height - CODE128_MARGIN;
            format!(
                r##"<text x="{middle}" y="{baseline}" fill="#000" text-anchor="middle" font-family="ui-monospace, monospace" font-size="8">{text}</text>"##
            )
        });
        format!(
            r##"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" aria-label="{label}" shape-rendering="crispEdges"><rect width="{width}" height="{height}" fill="#fff"/><path fill="#000" d="{path}"/>{text}</svg>"##
        )
    }

    fn png(&self, module_px: usize) -> Result<Vec<u8>, PictureError> {
        let row_px = self.width * module_px;
        let mut pixels = Vec::with_capacity(row_px * self.height * module_px);
        for y in 0..self.height {
            let mut row = vec![WHITE; row_px];
            for bar in self.bars.iter().filter(|bar| (bar.y..bar.y + bar.height).contains(&y)) {
                let dark = row.iter_mut().skip(bar.x * module_px).take(bar.width * module_px);
                dark.for_each(|pixel| *pixel = BLACK);
            }
            for _ in 0..module_px {
                pixels.extend_from_slice(&row);
            }
        }
        write_png(row_px, self.height * module_px, &pixels)
    }
}

fn write_png(width: usize, height: usize, grey: &[u8]) -> Result<Vec<u8>, PictureError> {
    let side = |px: usize| u32::try_from(px).map_err(|_| png::EncodingError::LimitsExceeded);
    let mut file = Vec::new();
    let mut encoder = png::Encoder::new(&mut file, side(width)?, side(height)?);
    encoder.set_color(png::ColorType::Grayscale);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header()?;
    writer.write_image_data(grey)?;
    writer.finish()?;
    Ok(file)
}

/// The digits in groups of four, as people read them out.
fn in_fours(digits: &str) -> String {
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && place.is_multiple_of(4) {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// Text as the value of an attribute in double quotes.
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}
