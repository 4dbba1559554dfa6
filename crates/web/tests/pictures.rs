//! What a member shows, a till can read: every picture is read back by two scanners that share no
//! code with the drawing or with each other, the `rxing` library and the `zbarimg` program.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]

use std::io::{Cursor, ErrorKind};
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use rxing::BarcodeFormat;
use warifu_core::cpm::JpqrCpm;
use warifu_web::picture::{
    CODE128_DIGITS_MAX, PictureError, Symbology, code128_png, code128_svg, qr_png, qr_svg,
};

/// Codes at the edges of what 24 digits can be, and some in between; the same in every run, so that
/// a failure can be looked at again.
fn payment_codes() -> Vec<String> {
    let mut codes: Vec<String> = [
        "900001230000000000000000",
        "900001239999999999999999",
        "900000021234567890123456",
        "000000000000000000000000",
        "999999999999999999999999",
        "010203040506070809101112",
    ]
    .map(String::from)
    .into();
    // The generator of Knuth's MMIX; only its upper half is taken, since its low digits repeat.
    let mut state: u64 = 20_190_701;
    for _ in 0..10 {
        let mut code = String::from("90000123");
        for _ in 0..16 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            code.push_str(&(state >> 33).checked_rem(10).unwrap().to_string());
        }
        codes.push(code);
    }
    codes
}

fn jpqr(code: &str) -> String {
    JpqrCpm::from_payment_code(code).unwrap().encode().unwrap()
}

/// A picture as a scanner sees it: 8-bit grey, row after row.
struct Scan {
    width: usize,
    height: usize,
    grey: Vec<u8>,
}

impl Scan {
    fn of_png(file: &[u8]) -> Scan {
        let mut reader = png::Decoder::new(Cursor::new(file)).read_info().unwrap();
        let mut grey = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut grey).unwrap();
        assert_eq!(
            (info.color_type, info.bit_depth),
            (png::ColorType::Grayscale, png::BitDepth::Eight)
        );
        let side = |px: u32| usize::try_from(px).unwrap();
        Scan {
            width: side(info.width),
            height: side(info.height),
            grey,
        }
    }

    /// Paints what the SVG's path says, three pixels a unit, knowing no more of SVG than it needs.
    fn of_svg(svg: &str) -> Scan {
        const SCALE: usize = 3;
        let (width, height) = view_box(svg);
        let (width, height) = (width * SCALE, height * SCALE);
        let mut grey = vec![0xFF; width * height];
        for bar in rectangles(svg) {
            for y in bar.y * SCALE..(bar.y + bar.height) * SCALE {
                let left = y * width + bar.x * SCALE;
                grey[left..left + bar.width * SCALE].fill(0x00);
            }
        }
        Scan {
            width,
            height,
            grey,
        }
    }

    fn png(&self) -> Vec<u8> {
        let mut file = Vec::new();
        let side = |px: usize| u32::try_from(px).unwrap();
        let mut encoder = png::Encoder::new(&mut file, side(self.width), side(self.height));
        encoder.set_color(png::ColorType::Grayscale);
        encoder.set_depth(png::BitDepth::Eight);
        encoder
            .write_header()
            .unwrap()
            .write_image_data(&self.grey)
            .unwrap();
        file
    }

    /// Whether `margin` pixels at each edge are white: left and right, above and below.
    fn is_quiet(&self, across: usize, down: usize) -> bool {
        self.grey.iter().enumerate().all(|(place, grey)| {
            let (x, y) = (place % self.width, place / self.width);
            let inside = (across..self.width - across).contains(&x)
                && (down..self.height - down).contains(&y);
            inside || *grey == 0xFF
        })
    }
}

/// The value of an attribute, the first of that name in the text.
fn attribute<'a>(text: &'a str, name: &str) -> &'a str {
    let (_, after) = text.split_once(&format!(" {name}=\"")).expect(name);
    after.split_once('"').unwrap().0
}

fn view_box(svg: &str) -> (usize, usize) {
    let numbers: Vec<usize> = attribute(svg, "viewBox")
        .split(' ')
        .map(|number| number.parse().unwrap())
        .collect();
    assert_eq!((numbers.len(), numbers[0], numbers[1]), (4, 0, 0));
    (numbers[2], numbers[3])
}

struct Rectangle {
    x: usize,
    y: usize,
    width: usize,
    height: usize,
}

/// The rectangles `M{x} {y}h{width}v{height}h-{width}z` of the only path; anything else fails.
fn rectangles(svg: &str) -> Vec<Rectangle> {
    let (_, path) = svg.split_once("<path").unwrap();
    assert!(!path.contains("<path"), "one path");
    let rectangles = attribute(path, "d").strip_suffix('z').unwrap().split('z');
    rectangles
        .map(|rectangle| {
            let (x, rest) = rectangle
                .strip_prefix('M')
                .unwrap()
                .split_once(' ')
                .unwrap();
            let (y, rest) = rest.split_once('h').unwrap();
            let (width, rest) = rest.split_once('v').unwrap();
            let (height, back) = rest.split_once("h-").unwrap();
            assert_eq!(width, back, "the rectangle closes: {rectangle}");
            let [x, y, width, height] = [x, y, width, height].map(|number| number.parse().unwrap());
            Rectangle {
                x,
                y,
                width,
                height,
            }
        })
        .collect()
}

/// What `rxing` reads, told nothing of what to look for.
fn read_by_rxing(scan: &Scan) -> (BarcodeFormat, String) {
    let side = |px: usize| u32::try_from(px).unwrap();
    let (width, height) = (side(scan.width), side(scan.height));
    let read =
        rxing::helpers::detect_in_luma(scan.grey.clone(), width, height, None).expect("rxing");
    (*read.getBarcodeFormat(), read.getText().to_owned())
}

/// A file that is gone when the test is done, failed or not.
struct TemporaryFile(PathBuf);

impl TemporaryFile {
    fn with(content: &[u8]) -> TemporaryFile {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("warifu-picture-{}-{number}.png", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, content).unwrap();
        TemporaryFile(path)
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// All that `zbarimg` reads, a line for each symbol, told nothing of what to look for.
fn read_by_zbar(png: &[u8]) -> String {
    let file = TemporaryFile::with(png);
    let run = Command::new("zbarimg")
        .args(["--quiet", "--raw"])
        .arg(&file.0)
        .output();
    let output = match run {
        Ok(output) => output,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            panic!("this test reads pictures with zbarimg: install the package zbar-tools")
        }
        Err(error) => panic!("zbarimg: {error}"),
    };
    assert!(
        output.status.success(),
        "zbarimg: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn check_read_by_both(scan: &Scan, png: &[u8], format: BarcodeFormat, content: &str) {
    assert_eq!(read_by_rxing(scan), (format, content.to_owned()));
    assert_eq!(read_by_zbar(png), format!("{content}\n"));
}

/// Proves that what the member's phone downloads or prints is read back, digit for digit.
#[test]
fn both_scanners_read_every_png() {
    for code in payment_codes() {
        let png = code128_png(&code).unwrap();
        check_read_by_both(&Scan::of_png(&png), &png, BarcodeFormat::CODE_128, &code);
        let payload = jpqr(&code);
        let png = qr_png(&payload).unwrap();
        check_read_by_both(&Scan::of_png(&png), &png, BarcodeFormat::QR_CODE, &payload);
    }
}

/// Proves the same of what the page shows, by way of a rasteriser that shares no code with it.
#[test]
fn both_scanners_read_every_svg() {
    for code in payment_codes() {
        let scan = Scan::of_svg(&code128_svg(&code, "code").unwrap());
        check_read_by_both(&scan, &scan.png(), BarcodeFormat::CODE_128, &code);
        let payload = jpqr(&code);
        let scan = Scan::of_svg(&qr_svg(&payload, "code").unwrap());
        check_read_by_both(&scan, &scan.png(), BarcodeFormat::QR_CODE, &payload);
    }
}

/// Proves that a till which reads the QR code comes to the same payment as one which reads the bars.
#[test]
fn the_qr_code_leads_back_to_the_payment_code() {
    for code in payment_codes() {
        let png = qr_png(&jpqr(&code)).unwrap();
        let (_, payload) = read_by_rxing(&Scan::of_png(&png));
        assert_eq!(
            JpqrCpm::decode(&payload).unwrap().payment_code(),
            Some(code)
        );
    }
}

/// Proves that codes of other lengths than ours are drawn readably too, up to the limit.
#[test]
fn the_shortest_and_the_longest_bar_codes_are_read() {
    for digits in [
        "42".to_owned(),
        "1234567890123456".to_owned(),
        "90".repeat(CODE128_DIGITS_MAX / 2),
    ] {
        let png = code128_png(&digits).unwrap();
        assert_eq!(read_by_zbar(&png), format!("{digits}\n"));
    }
}

/// Proves that code set C is used throughout: eleven modules for the start, for each two digits and
/// for the check character, thirteen for the stop, and ten at either end. Other sets would be wider.
#[test]
fn two_digits_take_one_symbol_character() {
    for code in payment_codes() {
        let (width, _) = view_box(&code128_svg(&code, "code").unwrap());
        assert_eq!(width, 10 + 11 * (1 + code.len() / 2 + 1) + 13 + 10);
    }
}

/// Proves that quiet zones are white and as wide as the standards ask: ten modules beside the bars,
/// four around the QR code, in both file formats.
#[test]
fn quiet_zones_are_kept() {
    for code in payment_codes() {
        let payload = jpqr(&code);
        assert!(Scan::of_svg(&code128_svg(&code, "code").unwrap()).is_quiet(10 * 3, 0));
        assert!(Scan::of_png(&code128_png(&code).unwrap()).is_quiet(10 * 3, 0));
        assert!(Scan::of_svg(&qr_svg(&payload, "code").unwrap()).is_quiet(4 * 3, 4 * 3));
        assert!(Scan::of_png(&qr_png(&payload).unwrap()).is_quiet(4 * 6, 4 * 6));
    }
}

/// Proves that no bar is blurred: every pixel is black or white, and every run of one colour is a
/// whole number of modules.
#[test]
fn bars_stand_on_whole_pixels() {
    for code in payment_codes() {
        for (png, module_px) in [
            (code128_png(&code).unwrap(), 3),
            (qr_png(&jpqr(&code)).unwrap(), 6),
        ] {
            let scan = Scan::of_png(&png);
            assert!(scan.grey.iter().all(|grey| [0x00, 0xFF].contains(grey)));
            for row in scan.grey.chunks(scan.width) {
                assert!(
                    row.chunk_by(|left, right| left == right)
                        .all(|run| run.len() % module_px == 0)
                );
            }
        }
    }
}

/// Proves that the SVG says the digits in fours and carries the label, whatever is in it, as text.
#[test]
fn the_svg_has_digits_and_a_label() {
    let label = r#"支払い "1" <&>"#;
    let svg = code128_svg("900001231234567890", label).unwrap();
    assert!(svg.contains(">9000 0123 1234 5678 90</text>"), "{svg}");
    assert_eq!(
        attribute(&svg, "aria-label"),
        "支払い &quot;1&quot; &lt;&amp;>"
    );
    assert_eq!(attribute(&svg, "role"), "img");
    assert!(
        !qr_svg("900001231234567890", label)
            .unwrap()
            .contains("<text")
    );
}

/// Proves that the SVG can stand in a page with a strict content security policy, next to others of
/// its kind: no script, no style, no reference, no id.
#[test]
fn the_svg_is_safe_to_put_into_a_page() {
    let code = &payment_codes()[0];
    for (symbology, content) in [
        (Symbology::Code128, code.clone()),
        (Symbology::Jpqr, jpqr(code)),
    ] {
        let svg = symbology.svg(&content, "code").unwrap();
        for banned in [
            "style", "<script", "href", "url(", "@import", " id=", " class=", " on", "<!",
        ] {
            assert!(!svg.contains(banned), "{banned} in {svg}");
        }
        assert_eq!(svg.matches("http").count(), 1, "only the name space");
        assert!(
            svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" ")
                && svg.ends_with("</svg>")
        );
    }
}

/// Proves that what cannot be drawn is refused, in both file formats, and never drawn otherwise.
#[test]
fn what_cannot_be_drawn_is_refused() {
    let too_long = "1".repeat(CODE128_DIGITS_MAX + 2);
    for digits in ["", "1", "123", "12a4", "12 4", "１２", "Ć1234", &too_long] {
        assert!(
            matches!(
                Symbology::Code128.svg(digits, "code"),
                Err(PictureError::Digits)
            ),
            "{digits}"
        );
        assert!(
            matches!(Symbology::Code128.png(digits), Err(PictureError::Digits)),
            "{digits}"
        );
    }
    let too_long = "x".repeat(2332);
    assert!(
        Symbology::Jpqr.png(&too_long[1..]).is_ok(),
        "the largest QR code of level M"
    );
    for payload in ["", &too_long] {
        assert!(matches!(
            Symbology::Jpqr.svg(payload, "code"),
            Err(PictureError::Payload)
        ));
        assert!(matches!(
            Symbology::Jpqr.png(payload),
            Err(PictureError::Payload)
        ));
    }
}
