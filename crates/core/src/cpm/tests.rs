//! Proves both payloads: published vectors, every refusal by name, and random payloads that come back as they were.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use proptest::{option, sample};

use super::emv::EMV_OBJECTS;
use super::tlv::{PAYLOAD_CHARS_MAX, read, write};
use super::*;

const JPQR: &str = "hQVKUFFSMWEcTwg5MDAwMDAwMlcQMTIzNDU2Nzg5MDEyMzQ1Ng==";
const EMV_ONE: &str = "hQVDUFYwMWEaTwegAAAAVVVVVw8SNFZ4kBI0WNGRIgESNF8=";
/// Two applications with a common template, as in the specification's annex.
const EMV_TWO: &str = "hQVDUFYwMWETTwegAAAAVVVVUAhQcm9kdWN0MWETTwegAAAAZmZmUAhQcm9kdWN0MmJJ\
    WggSNFZ4kBI0WF8gDkNBUkRIT0xERVIvRU1WXy0IcnVlc2RlZW5kIZ8QBwYBCgMAAACfJghYT9OF+iNLzJ82AgABnz\
    cEbVjvEw==";

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .filter(|character| !character.is_whitespace())
        .map(|character| u8::try_from(character.to_digit(16).unwrap()).unwrap())
        .collect();
    digits.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect()
}

fn payload(hex_text: &str) -> String {
    STANDARD.encode(hex(hex_text))
}

/// A JPQR payload whose `61` holds `application`.
fn jpqr(application: &str) -> String {
    let mut bytes = hex("85 05 4A50515231");
    write(&mut bytes, Tag::APPLICATION, &hex(application)).unwrap();
    STANDARD.encode(bytes)
}

fn tag(number: u16) -> Tag {
    Tag::new(number).unwrap()
}

fn template<const N: usize>(objects: [(u16, &[u8]); N]) -> EmvTemplate {
    EmvTemplate {
        objects: objects.map(|(number, value)| (tag(number), value.to_vec())).into(),
        transparent: BTreeMap::new(),
    }
}

#[test]
fn the_jpqr_vector_is_written_and_read() {
    let cpm = JpqrCpm { operator_id: "90000002".into(), payment_id: "1234567890123456".into(), free: None };
    assert_eq!(cpm.encode().unwrap(), JPQR);
    assert!(JpqrCpm::decode(JPQR).unwrap() == cpm);
}

#[test]
fn both_emv_vectors_are_read_and_written_back() {
    let one = EmvCpm::decode(EMV_ONE).unwrap();
    let expected = template([(0x4F, &hex("A0000000555555")), (0x57, &hex("1234567890123458D191220112345F"))]);
    assert!(one == EmvCpm::One(expected));
    assert_eq!(one.encode().unwrap(), EMV_ONE);

    let two = EmvCpm::decode(EMV_TWO).unwrap();
    let EmvCpm::Two { second, common: Some(common), .. } = &two else {
        unreachable!("two applications and a common template")
    };
    assert_eq!(second.objects[&Tag::LABEL], b"Product2");
    assert_eq!(common.objects[&Tag::CARDHOLDER], b"CARDHOLDER/EMV");
    assert_eq!(common.transparent.len(), 4);
    assert_eq!(two.encode().unwrap(), EMV_TWO);
}

/// Another issuer's shorter prefix must not be taken for ours because the digits add up.
#[test]
fn digits_that_divide_elsewhere_are_no_payment_code() {
    let shifted = JpqrCpm { operator_id: "9000000".into(), payment_id: "21234567890123456".into(), free: None };
    assert!(crate::code::Code::read(&shifted.encode().unwrap()).is_err());
}

#[test]
fn unknown_primitive_objects_in_the_application_are_passed_over() {
    let plain = JpqrCpm::decode(&jpqr("4F0139 570137 990101")).unwrap();
    let filled = jpqr("500141 4F0139 9F080102 570137 5F200141 990101 9A0155");
    assert!(JpqrCpm::decode(&filled).unwrap() == plain);
}

#[test]
fn lengths_take_their_shortest_form_at_each_boundary() {
    for (length, head) in [(127, "99 7F"), (128, "99 81 80"), (255, "99 81 FF"), (256, "99 82 0100")] {
        let mut bytes = Vec::new();
        write(&mut bytes, Tag::FREE, &vec![7; length]).unwrap();
        assert!(bytes.starts_with(&hex(head)), "{length}");
        assert_eq!(read(&bytes).unwrap(), [(Tag::FREE, vec![7; length].as_slice())]);
    }
}

#[test]
fn a_payload_ends_at_512_bytes() {
    // 7 for the indicator, 4 for the head of 61, 3 and 3 for the ids, 4 for the head of 99.
    let full = |free: usize| JpqrCpm { operator_id: "9".into(), payment_id: "7".into(), free: Some(vec![0; free]) };
    let longest = full(491).encode().unwrap();
    assert!(JpqrCpm::decode(&longest).unwrap() == full(491));
    assert_eq!(longest.len(), PAYLOAD_CHARS_MAX);
    for too_many in [492, 0x1_0000] {
        assert_eq!(full(too_many).encode(), Err(CpmError::TooLong));
    }
    let one_more = STANDARD.encode(vec![0x85; 513]);
    let many_more = "A".repeat(100_000);
    for text in [one_more, many_more] {
        assert_eq!(JpqrCpm::decode(&text).unwrap_err(), CpmError::TooLong);
        assert_eq!(EmvCpm::decode(&text).unwrap_err(), CpmError::TooLong);
    }
}

#[test]
fn the_jpqr_writer_refuses_what_its_reader_would() {
    let cpm = |operator: &str, payment: &str, free: Option<Vec<u8>>| JpqrCpm {
        operator_id: operator.into(),
        payment_id: payment.into(),
        free,
    };
    let name = Tag::APPLICATION_NAME;
    for (cpm, error) in [
        (cpm("", "7", None), CpmError::Empty(name)),
        (cpm("9", "", None), CpmError::Empty(Tag::TRACK_2)),
        (cpm("9", "7", Some(vec![])), CpmError::Empty(Tag::FREE)),
        (cpm("9 ", "7", None), CpmError::NotDigits(name)),
        (cpm("9", "７", None), CpmError::NotDigits(Tag::TRACK_2)),
    ] {
        assert_eq!(cpm.encode(), Err(error));
    }
}

#[test]
fn malformed_jpqr_payloads_are_refused_by_name() {
    use CpmError::{
        Duplicate, Empty, MalformedLength, MalformedTag, Missing, NotDigits, OtherFormat, Truncated, Unexpected,
    };
    let head = "85 05 4A50515231";
    #[rustfmt::skip]
    let cases: &[(&str, String, CpmError)] = &[
        ("nothing", String::new(), Missing(Tag::FORMAT)),
        ("another version", payload("85 05 4A50515232 61 06 4F0139 570137"), OtherFormat),
        ("EMVCo's", EMV_ONE.into(), OtherFormat),
        ("no indicator", payload("61 06 4F0139 570137"), Unexpected(Tag::APPLICATION)),
        ("no application", payload(head), Missing(Tag::APPLICATION)),
        ("two applications", payload(&format!("{head} 61064F0139570137 61064F0139570137")), Unexpected(Tag::APPLICATION)),
        ("trailing object", payload(&format!("{head} 61064F0139570137 990101")), Unexpected(Tag::FREE)),
        ("trailing zero", payload(&format!("{head} 61064F0139570137 00")), MalformedTag),
        ("trailing tag", payload(&format!("{head} 61064F0139570137 99")), Truncated),
        ("application cut short", payload(&format!("{head} 61074F0139570137")), Truncated),
        ("application ends in an object", payload(&format!("{head} 61054F0139570137")), Truncated),
        ("object beyond its template", jpqr("4F0139 570237"), Truncated),
        ("tag cut short", jpqr("4F0139 570137 5F"), Truncated),
        ("length cut short", jpqr("4F0139 570137 9A82 01"), Truncated),
        ("tag of three bytes", jpqr("4F0139 570137 5F818201 07"), MalformedTag),
        ("tag zero", jpqr("00014F 570137"), MalformedTag),
        ("long form for a short length", jpqr("4F0139 57810137"), MalformedLength),
        ("two bytes for one", jpqr("4F0139 5782000137"), MalformedLength),
        ("indefinite length", jpqr("4F0139 57803700 00"), MalformedLength),
        ("three bytes of length", jpqr("4F0139 578300000137"), MalformedLength),
        ("no operator", jpqr("570137"), Unexpected(Tag::TRACK_2)),
        ("no payment", jpqr("4F0139"), Missing(Tag::TRACK_2)),
        ("free area in its place", jpqr("4F0139 990101"), Unexpected(Tag::FREE)),
        ("other order", jpqr("570137 4F0139"), Unexpected(Tag::TRACK_2)),
        ("free area first", jpqr("990101 4F0139 570137"), Unexpected(Tag::FREE)),
        ("empty operator", jpqr("4F00 570137"), Empty(Tag::APPLICATION_NAME)),
        ("empty free area", jpqr("4F0139 570137 9900"), Empty(Tag::FREE)),
        ("empty unknown", jpqr("4F0139 570137 9A00"), Empty(tag(0x9A))),
        ("operator twice", jpqr("4F0139 4F0139 570137"), Duplicate(Tag::APPLICATION_NAME)),
        ("unknown twice", jpqr("4F0139 570137 9A0101 9A0102"), Duplicate(tag(0x9A))),
        ("template inside", jpqr("4F0139 570137 6303 9A0101"), Unexpected(Tag::APPLICATION_TRANSPARENT)),
        ("template in place of a value", jpqr("4F0139 7703 570137"), Unexpected(tag(0x77))),
        ("letters", jpqr("4F0139 570141"), NotDigits(Tag::TRACK_2)),
        ("packed digits", jpqr("4F0139 570212 34"), NotDigits(Tag::TRACK_2)),
        ("operator with a space", jpqr("4F0220 39 570137"), NotDigits(Tag::APPLICATION_NAME)),
    ];
    for (what, text, error) in cases {
        assert_eq!(JpqrCpm::decode(text).unwrap_err(), *error, "{what}");
    }
}

#[test]
fn only_canonical_base64_is_read() {
    let unpadded = JPQR.trim_end_matches('=');
    let stray_bits = JPQR.replace("Ng==", "Nh==");
    let url_alphabet = JPQR.replace('h', "-");
    let broken = format!("{JPQR}\n");
    for text in [unpadded, &stray_bits, &url_alphabet, &broken, "%", "日本"] {
        assert!(matches!(JpqrCpm::decode(text), Err(CpmError::Base64(_))), "{text}");
        assert!(matches!(EmvCpm::decode(text), Err(CpmError::Base64(_))), "{text}");
    }
}

#[test]
fn emv_payloads_that_break_a_rule_are_refused_by_name() {
    use CpmError::{Duplicate, Empty, Missing, NoAccount, OtherFormat, Truncated, Unexpected};
    let head = "85 05 4350563031";
    let one = "61 06 4F01A0 570112";
    #[rustfmt::skip]
    let cases: &[(&str, String, CpmError)] = &[
        ("JPQR's", JPQR.into(), OtherFormat),
        ("indicator second", payload(&format!("{one} {head}")), Unexpected(Tag::APPLICATION)),
        ("no application", payload(head), Missing(Tag::APPLICATION)),
        ("three applications", payload(&format!("{head} {one} {one} {one}")), Unexpected(Tag::APPLICATION)),
        ("one application and common", payload(&format!("{head} {one} 62 03 500141")), Unexpected(Tag::COMMON)),
        ("two common", payload(&format!("{head} {one} {one} 6203500141 6203500141")), Unexpected(Tag::COMMON)),
        ("no name", payload(&format!("{head} 61 03 570112")), Missing(Tag::APPLICATION_NAME)),
        ("no account", payload(&format!("{head} 61 06 4F01A0 500141")), NoAccount),
        ("second without account", payload(&format!("{head} {one} 61 03 4F01A1")), NoAccount),
        ("account out of the till's sight", payload(&format!("{head} 61 08 4F01A0 6303570112")), NoAccount),
        ("name in common", payload(&format!("{head} {one} {one} 62 03 4F01A0")), Unexpected(Tag::APPLICATION_NAME)),
        ("in application and common", payload(&format!("{head} {one} {one} 62 03 570112")), Duplicate(Tag::TRACK_2)),
        ("in transparent and common", payload(&format!("{head} {one} 61 0C 4F01A1 570112 6304 9F080101 62 04 9F080101")), Duplicate(Tag::VERSION)),
        ("in 63 and 64", payload(&format!("{head} 61 0C 4F01A1 570112 6304 9F100101 {one} 62 06 6404 9F100101")), Duplicate(tag(0x9F10))),
        ("64 in 61", payload(&format!("{head} 61 0C 4F01A0 570112 6404 9F100101")), Unexpected(Tag::COMMON_TRANSPARENT)),
        ("63 in 62", payload(&format!("{head} {one} {one} 62 06 6304 9F100101")), Unexpected(Tag::APPLICATION_TRANSPARENT)),
        ("template in 63", payload(&format!("{head} 61 0D 4F01A0 570112 6305 6103 9A0101")), Unexpected(Tag::APPLICATION)),
        ("unlisted", payload(&format!("{head} 61 0A 4F01A0 570112 9F100101")), Unexpected(tag(0x9F10))),
        ("twice in 61", payload(&format!("{head} 61 09 4F01A0 570112 570112")), Duplicate(Tag::TRACK_2)),
        ("63 twice", payload(&format!("{head} 61 12 4F01A0 570112 6304 9F100101 6304 9F260101")), Duplicate(Tag::APPLICATION_TRANSPARENT)),
        ("empty 63", payload(&format!("{head} 61 08 4F01A0 570112 6300")), Empty(Tag::APPLICATION_TRANSPARENT)),
        ("63 beyond 61", payload(&format!("{head} 61 0C 4F01A0 570112 6305 9F100101")), Truncated),
        ("trailing object", payload(&format!("{head} {one} 990101")), Unexpected(Tag::FREE)),
    ];
    for (what, text, error) in cases {
        assert_eq!(EmvCpm::decode(text).unwrap_err(), *error, "{what}");
    }
}

#[test]
fn the_emv_writer_keeps_the_same_rules() {
    let account: (u16, &[u8]) = (0x57, &[0x12]);
    let name: (u16, &[u8]) = (0x4F, &[0xA0]);
    let nested = EmvTemplate { transparent: [(Tag::COMMON, vec![1])].into(), ..template([name, account]) };
    let two = |common: EmvTemplate| EmvCpm::Two {
        first: template([name, account]),
        second: template([name, account]),
        common: Some(common),
    };
    for (cpm, error) in [
        (EmvCpm::One(template([account])), CpmError::Missing(Tag::APPLICATION_NAME)),
        (EmvCpm::One(template([name])), CpmError::NoAccount),
        (EmvCpm::One(template([name, (0x57, &[])])), CpmError::Empty(Tag::TRACK_2)),
        (EmvCpm::One(template([name, account, (0x99, &[1])])), CpmError::Unexpected(Tag::FREE)),
        (EmvCpm::One(nested), CpmError::Unexpected(Tag::COMMON)),
        (two(template([account])), CpmError::Duplicate(Tag::TRACK_2)),
        (two(template([name])), CpmError::Unexpected(Tag::APPLICATION_NAME)),
        (two(EmvTemplate::default()), CpmError::Empty(Tag::COMMON)),
    ] {
        assert_eq!(cpm.encode(), Err(error));
    }
}

#[test]
fn tags_are_made_from_well_formed_numbers_only() {
    for number in [0x01, 0x4F, 0x9A, 0xE1, 0x5F20, 0x9F08, 0xFF7F] {
        assert_eq!(Tag::new(number).unwrap().to_string(), format!("{number:02X}"));
    }
    for number in [0x00, 0x1F, 0x5F, 0x4F20, 0x5F80, 0x9FFF] {
        assert_eq!(Tag::new(number), None, "{number:04X}");
    }
}

#[test]
fn printing_for_a_log_tells_no_code_and_no_account() {
    let jpqr = format!("{:?}", JpqrCpm::decode(JPQR).unwrap());
    assert!(jpqr.contains("90000002") && !jpqr.contains("1234567890123456"), "{jpqr}");
    let emv = format!("{:?}", EmvCpm::decode(EMV_ONE).unwrap());
    assert_eq!(emv, "One(EmvTemplate { objects: [Tag(4F), Tag(57)], transparent: [] })");
}

fn any_jpqr() -> impl Strategy<Value = JpqrCpm> {
    ("[0-9]{1,40}", "[0-9]{1,200}", option::of(vec(any::<u8>(), 1..240)))
        .prop_map(|(operator_id, payment_id, free)| JpqrCpm { operator_id, payment_id, free })
}

fn any_value() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 1..12)
}

/// A template whose objects come from one half of the listed tags, so that the other half, given
/// to the common template, never meets them.
fn any_template(listed: &'static [Tag], transparent: [u16; 2]) -> impl Strategy<Value = EmvTemplate> {
    let transparent: Vec<Tag> = transparent.into_iter().map(tag).collect();
    (
        btree_map(sample::select(listed), any_value(), 1..=listed.len()),
        btree_map(sample::select(transparent), any_value(), 0..=2),
    )
        .prop_map(|(objects, transparent)| EmvTemplate { objects, transparent })
}

fn any_emv() -> impl Strategy<Value = EmvCpm> {
    let application = || {
        (any_template(&EMV_OBJECTS[..5], [0x9F10, 0x9F26]), any_value(), any_value()).prop_map(
            |(mut template, name, account)| {
                template.objects.insert(Tag::APPLICATION_NAME, name);
                template.objects.insert(Tag::TRACK_2, account);
                template
            },
        )
    };
    let common = any_template(&EMV_OBJECTS[5..], [0x9F36, 0x9F37]);
    prop_oneof![
        application().prop_map(EmvCpm::One),
        (application(), application(), option::of(common)).prop_map(|(first, second, common)| EmvCpm::Two {
            first,
            second,
            common
        }),
    ]
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_it_was(jpqr in any_jpqr(), emv in any_emv()) {
        prop_assert!(JpqrCpm::decode(&jpqr.encode().unwrap()).unwrap() == jpqr);
        prop_assert!(EmvCpm::decode(&emv.encode().unwrap()).unwrap() == emv);
    }

    #[test]
    fn no_text_and_no_bytes_upset_a_reader(
        text in any::<String>(),
        bytes in vec(any::<u8>(), 0..600),
    ) {
        for payload in [text, STANDARD.encode(bytes)] {
            let _ = JpqrCpm::decode(&payload);
            let _ = EmvCpm::decode(&payload);
        }
    }

    /// Random bytes seldom get past the first tag; a payload with one byte changed does. Whatever
    /// is still read can be written, and reads the same again.
    #[test]
    fn a_damaged_payload_is_refused_or_is_another_payload(
        jpqr in any_jpqr(),
        emv in any_emv(),
        place in any::<sample::Index>(),
        byte in any::<u8>(),
    ) {
        let damage = |payload: String| {
            let mut bytes = STANDARD.decode(payload).unwrap();
            let place = place.index(bytes.len());
            bytes[place] = byte;
            STANDARD.encode(bytes)
        };
        if let Ok(read) = JpqrCpm::decode(&damage(jpqr.encode().unwrap())) {
            prop_assert!(JpqrCpm::decode(&read.encode().unwrap()).unwrap() == read);
        }
        if let Ok(read) = EmvCpm::decode(&damage(emv.encode().unwrap())) {
            prop_assert!(EmvCpm::decode(&read.encode().unwrap()).unwrap() == read);
        }
    }
}
