//! What a member shows, a till can read: every picture is read back by two scanners that share no
//! code with the drawing or with each other, the `rxing` library and the `zbarimg` program.

use crate::scanner::{Scan, attribute, check_read_by_both, read_by_rxing, read_by_zbar, view_box};
use rxing::BarcodeFormat;
use warifu_core::code::Code;
use warifu_web::picture::{CODE128_DIGITS_MAX, PictureError, Symbology, code128_png, code128_svg, qr_png, qr_svg};

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
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            code.push_str(&(state >> 33).checked_rem(10).unwrap().to_string());
        }
        codes.push(code);
    }
    codes
}

fn jpqr(code: &str) -> String {
    Code::read(code).unwrap().jpqr()
}

/// Whether margins of the picture are white: `across` pixels left and right, `down` pixels above and below.
fn is_quiet(scan: &Scan, across: usize, down: usize) -> bool {
    scan.grey.iter().enumerate().all(|(place, grey)| {
        let (x, y) = (place % scan.width, place / scan.width);
        let inside = (across..scan.width - across).contains(&x) && (down..scan.height - down).contains(&y);
        inside || *grey == 0xFF
    })
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
        assert_eq!(Code::read(&payload).unwrap().digits(), code);
    }
}

/// Proves that codes of other lengths than ours are drawn readably too, up to the limit.
#[test]
fn the_shortest_and_the_longest_bar_codes_are_read() {
    for digits in ["42".to_owned(), "1234567890123456".to_owned(), "90".repeat(CODE128_DIGITS_MAX / 2)] {
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
        assert!(is_quiet(&Scan::of_svg(&code128_svg(&code, "code").unwrap()), 10 * 3, 0));
        assert!(is_quiet(&Scan::of_png(&code128_png(&code).unwrap()), 10 * 3, 0));
        assert!(is_quiet(&Scan::of_svg(&qr_svg(&payload, "code").unwrap()), 4 * 3, 4 * 3));
        assert!(is_quiet(&Scan::of_png(&qr_png(&payload).unwrap()), 4 * 6, 4 * 6));
    }
}

/// Proves that no bar is blurred: every pixel is black or white, and every run of one colour is a
/// whole number of modules.
#[test]
fn bars_stand_on_whole_pixels() {
    for code in payment_codes() {
        for (png, module_px) in [(code128_png(&code).unwrap(), 3), (qr_png(&jpqr(&code)).unwrap(), 6)] {
            let scan = Scan::of_png(&png);
            assert!(scan.grey.iter().all(|grey| [0x00, 0xFF].contains(grey)));
            for row in scan.grey.chunks(scan.width) {
                assert!(row.chunk_by(|left, right| left == right).all(|run| run.len() % module_px == 0));
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
    assert_eq!(attribute(&svg, "aria-label"), "支払い &quot;1&quot; &lt;&amp;>");
    assert_eq!(attribute(&svg, "role"), "img");
    assert!(!qr_svg("900001231234567890", label).unwrap().contains("<text"));
}

/// Proves that the SVG can stand in a page with a strict content security policy, next to others of
/// its kind: no script, no style, no reference, no id.
#[test]
fn the_svg_is_safe_to_put_into_a_page() {
    let code = &payment_codes()[0];
    for (symbology, content) in [(Symbology::Code128, code.clone()), (Symbology::Jpqr, jpqr(code))] {
        let svg = symbology.svg(&content, "code").unwrap();
        for banned in ["style", "<script", "href", "url(", "@import", " id=", " class=", " on", "<!"] {
            assert!(!svg.contains(banned), "{banned} in {svg}");
        }
        assert_eq!(svg.matches("http").count(), 1, "only the name space");
        assert!(svg.starts_with("<svg xmlns=\"http://www.w3.org/2000/svg\" ") && svg.ends_with("</svg>"));
    }
}

/// Proves that what cannot be drawn is refused, in both file formats, and never drawn otherwise.
#[test]
fn what_cannot_be_drawn_is_refused() {
    let too_long = "1".repeat(CODE128_DIGITS_MAX + 2);
    for digits in ["", "1", "123", "12a4", "12 4", "１２", "Ć1234", &too_long] {
        assert!(matches!(Symbology::Code128.svg(digits, "code"), Err(PictureError::Digits)), "{digits}");
        assert!(matches!(Symbology::Code128.png(digits), Err(PictureError::Digits)), "{digits}");
    }
    let too_long = "x".repeat(2332);
    assert!(Symbology::Jpqr.png(&too_long[1..]).is_ok(), "the largest QR code of level M");
    for payload in ["", &too_long] {
        assert!(matches!(Symbology::Jpqr.svg(payload, "code"), Err(PictureError::Payload)));
        assert!(matches!(Symbology::Jpqr.png(payload), Err(PictureError::Payload)));
    }
}
