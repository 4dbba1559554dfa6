//! Proves merchant codes: the published vector, every refusal by name, and random codes that come back as they were.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;

use proptest::collection::btree_map;
use proptest::prelude::*;
use proptest::{option, sample};

use super::ObjectId::{Root, Sub, SubSub};
use super::tlv::{checksum, read, write};
use super::*;
use crate::money::Amount;

mod shop;

const VECTOR: &str = "0002016003xxx01021129300012D156000000000510A93FO3230Q31280012D1560000000103081234567826680019\
    jp.or.paymentsjapan01130000000000001020400010306000001040600000153033925903xxx\
    64180002JA0108メルペイ カフェ520441115802JP610710661436304DEE9";

/// The data objects that every code has, but the account.
const REST: &str = "52045999530339258 02JP 5904SHOP 6005TOKYO";

/// A code of version 1 with these data objects and the right checksum. Spaces are for the eye.
fn seal(objects: &str) -> String {
    let text = format!("000201{}6304", objects.replace(' ', ""));
    let crc = checksum(&text);
    text + &crc
}

fn refused(text: &str) -> MpmError {
    MerchantCode::decode(text).unwrap_err()
}

fn plain() -> MerchantCode {
    MerchantCode::decode(&seal(&format!("0201A {REST}"))).unwrap()
}

fn template(unique_id: &str) -> Template {
    Template { unique_id: unique_id.into(), objects: BTreeMap::from([(1, "1".into())]) }
}

fn additional(code: &mut MerchantCode) -> &mut AdditionalData {
    code.additional.get_or_insert_with(|| AdditionalData { bill: Some("1".into()), ..AdditionalData::default() })
}

fn language(code: &mut MerchantCode) -> &mut LanguageTemplate {
    let others = BTreeMap::new();
    code.language.get_or_insert(LanguageTemplate { language: "JA".into(), name: "店".into(), city: None, others })
}

#[test]
fn the_published_code_is_read() {
    let code = MerchantCode::decode(VECTOR).unwrap();
    assert_eq!(code.initiation, Some(Initiation::Static));
    assert_eq!(code.account_templates[&29].unique_id, "D15600000000");
    assert_eq!(code.account_templates[&29].objects, BTreeMap::from([(5, "A93FO3230Q".into())]));
    assert_eq!(code.account_templates.keys().collect::<Vec<_>>(), [&26, &29, &31]);
    assert_eq!((code.category.as_str(), code.currency.as_str(), code.country.as_str()), ("4111", "392", "JP"));
    assert_eq!((code.name.as_str(), code.city.as_str(), code.postal_code.as_deref()), ("xxx", "xxx", Some("1066143")));
    assert_eq!(code.language.as_ref().unwrap().name, "メルペイ カフェ");
    assert_eq!((code.amount.as_ref(), code.yen(), code.additional.as_ref()), (None, None, None));
    assert_eq!(JpqrNumber::find(&code).unwrap().unwrap().to_string(), "0000000000001-0001-000001-000001");
    // What was published is not in the order of ids; what is written is, and says the same.
    let written = code.encode().unwrap();
    assert!(written.starts_with("00020101021126680019jp.or.paymentsjapan0113"), "{written}");
    assert_eq!(MerchantCode::decode(&written).unwrap(), code);
}

#[test]
fn the_checksum_is_the_published_one() {
    assert_eq!(checksum(VECTOR.strip_suffix("DEE9").unwrap()), "DEE9");
    assert_eq!(checksum("123456789"), "29B1");
    assert_eq!(checksum(""), "FFFF");
}

#[test]
fn lengths_count_characters_and_ids_nest() {
    let mut text = String::new();
    write(&mut text, Root(5), "日本🎌").unwrap();
    assert_eq!(text, "0503日本🎌");
    assert_eq!(read(&text, None).unwrap(), [(5, "日本🎌")]);
    assert_eq!(write(&mut text, Root(6), &"日".repeat(100)), Err(MpmError::FieldTooLong(Root(6))));
    assert_eq!(
        [Root(1).to_string(), Sub(26, 0).to_string(), SubSub(62, 50, 1).to_string()],
        ["01", "26.00", "62.50.01"]
    );
}

#[test]
fn malformed_codes_are_refused_by_name() {
    use MpmError::{
        Checksum, Duplicate, Empty, MalformedId, MalformedLength, Missing, NoAccount, OtherVersion, TooLong, Truncated,
        Unexpected,
    };
    let good = seal(&format!("0201A {REST}"));
    let last = good.len() - 1;
    let head = &good[..good.len() - 8];
    #[rustfmt::skip]
    let cases: &[(&str, String, MpmError)] = &[
        ("nothing", String::new(), Missing(Root(0))),
        ("an address", "https://example.com/".into(), MalformedId),
        ("only the indicator", "000201".into(), Missing(Root(63))),
        ("another version", good.replacen("000201", "000202", 1), OtherVersion),
        ("a longer version", good.replacen("000201", "0003010", 1), OtherVersion),
        ("no indicator", good.replacen("000201", "", 1), Unexpected(Root(2))),
        ("indicator second", format!("0201A{}", good.replacen("0201A", "", 1)), Unexpected(Root(2))),
        ("indicator twice", seal(&format!("000201 0201A {REST}")), Duplicate(Root(0))),
        ("no checksum", head.into(), Missing(Root(63))),
        ("rubbish behind the checksum", format!("{good}\n"), Truncated),
        ("object behind the checksum", format!("{good}80050001A"), Unexpected(Root(63))),
        ("checksum twice", format!("{good}6304ABCD"), Duplicate(Root(63))),
        ("short checksum", format!("{head}6303ABC"), MpmError::Malformed(Root(63))),
        ("long checksum", format!("{head}6305ABCDE"), MpmError::Malformed(Root(63))),
        ("checksum cut short", good[..last].into(), Truncated),
        ("wrong checksum", good[..last].to_owned() + if good.ends_with('0') { "1" } else { "0" }, Checksum),
        ("another value", good.replacen("SHOP", "SHOQ", 1), Checksum),
        ("lower-case checksum", VECTOR.replace("DEE9", "dee9"), Checksum),
        ("id of letters", seal(&format!("0201A AB01A {REST}")), MalformedId),
        ("id with a sign", seal(&format!("0201A +301A {REST}")), MalformedId),
        ("full-width id", seal(&format!("0201A ０３01A {REST}")), MalformedId),
        ("length of letters", seal(&format!("0201A 030xA {REST}")), MalformedLength),
        ("length with a sign", seal(&format!("0201A 03+1A {REST}")), MalformedLength),
        ("full-width length", seal(&format!("0201A 03０１A {REST}")), MalformedLength),
        ("zero length", seal(&format!("0201A 0300 {REST}")), Empty(Root(3))),
        ("zero length inside", seal(&format!("2604 0000 {REST}")), Empty(Sub(26, 0))),
        ("beyond the end", seal(&format!("0201A {REST} 8099 0001A")), Truncated),
        ("bytes for characters", seal(&format!("0201A {REST} 6414 0002JA 0106日本")), Truncated),
        ("beyond its template", seal(&format!("2605 0002A {REST}")), Truncated),
        ("id cut short inside", seal(&format!("2606 0001A0 {REST}")), Truncated),
        ("twice", seal(&format!("0201A 0201A {REST}")), Duplicate(Root(2))),
        ("twice in an account", seal(&format!("2615 0001A0101B0101C {REST}")), Duplicate(Sub(26, 1))),
        ("twice in 62", seal(&format!("0201A {REST} 6210 0101A 0101A")), Duplicate(Sub(62, 1))),
        ("twice in 62.50", seal(&format!("0201A {REST} 6219 5015 0001A 0101B 0101B")), Duplicate(SubSub(62, 50, 1))),
        ("twice in 64", seal(&format!("0201A {REST} 6416 0002JA 0101A 0101B")), Duplicate(Sub(64, 1))),
        ("twice in 80", seal(&format!("0201A {REST} 8010 0001A 0001A")), Duplicate(Sub(80, 0))),
        ("no account", seal(REST), NoAccount),
        ("no category", seal("0201A 5303392 5802JP 5904SHOP 6005TOKYO"), Missing(Root(52))),
        ("no currency", seal("0201A 52045999 5802JP 5904SHOP 6005TOKYO"), Missing(Root(53))),
        ("no country", seal("0201A 52045999 5303392 5904SHOP 6005TOKYO"), Missing(Root(58))),
        ("no name", seal("0201A 52045999 5303392 5802JP 6005TOKYO"), Missing(Root(59))),
        ("no city", seal("0201A 52045999 5303392 5802JP 5904SHOP"), Missing(Root(60))),
        ("whose account", seal(&format!("2605 0101A {REST}")), Missing(Sub(26, 0))),
        ("whose template", seal(&format!("0201A {REST} 8005 0101A")), Missing(Sub(80, 0))),
        ("whose data", seal(&format!("0201A {REST} 6209 5005 0101A")), Missing(SubSub(62, 50, 0))),
        ("data zero", seal(&format!("0201A {REST} 6205 0001A")), Unexpected(Sub(62, 0))),
        ("no language", seal(&format!("0201A {REST} 6405 0101A")), Missing(Sub(64, 0))),
        ("no name in a language", seal(&format!("0201A {REST} 6406 0002JA")), Missing(Sub(64, 1))),
        ("too long", "0".repeat(TEXT_BYTES_MAX + 1), TooLong),
    ];
    for (what, text, error) in cases {
        assert_eq!(refused(text), *error, "{what}: {text}");
    }
}

#[test]
fn values_that_do_not_fit_are_refused_by_name() {
    use MpmError::{Character, FieldTooLong, Malformed, Missing, Unexpected};
    let x = |count: usize| "X".repeat(count);
    let with = |objects: &str| seal(&format!("0201A {REST} {objects}"));
    let instead = |old: &str, new: &str| seal(&format!("0201A {}", REST.replace(' ', "").replace(old, new)));
    #[rustfmt::skip]
    let cases: &[(&str, String, MpmError)] = &[
        ("initiation", with("010213"), Malformed(Root(1))),
        ("account of no ASCII", seal(&format!("0201日 {REST}")), Character(Root(2))),
        ("control character", seal(&format!("0201\n {REST}")), Character(Root(2))),
        ("deletion", instead("5904SHOP", "5904SHO\x7f"), Character(Root(59))),
        ("control character inside", with("8010 0001A 0101\u{85}"), Character(Sub(80, 1))),
        ("unique id", seal(&format!("2637 0033{} {REST}", x(33))), FieldTooLong(Sub(26, 0))),
        ("unique id of no ASCII", seal(&format!("2605 0001日 {REST}")), Character(Sub(26, 0))),
        ("short category", instead("52045999", "5203599"), Malformed(Root(52))),
        ("letters for a category", instead("5999", "599X"), Malformed(Root(52))),
        ("letters for a currency", instead("5303392", "5303JPY"), Malformed(Root(53))),
        ("long currency", instead("5303392", "53040392"), Malformed(Root(53))),
        ("long amount", with("5414 12345678901234"), FieldTooLong(Root(54))),
        ("amount with a comma", with("5405 1,200"), Malformed(Root(54))),
        ("amount with two points", with("5403 1.."), Malformed(Root(54))),
        ("amount below zero", with("5402 -1"), Malformed(Root(54))),
        ("amount with a plus", with("5402 +1"), Malformed(Root(54))),
        ("amount of nothing", with("5401 0"), Malformed(Root(54))),
        ("amount without a whole part", with("5402 .5"), Malformed(Root(54))),
        ("part of a yen", with("5407 1200.00"), Malformed(Root(54))),
        ("full-width amount", with("5401１"), Malformed(Root(54))),
        ("tip", with("550204"), Malformed(Root(55))),
        ("fee missing", with("550202"), Missing(Root(56))),
        ("percentage missing", with("550203"), Missing(Root(57))),
        ("fee without tip", with("560250"), Unexpected(Root(56))),
        ("fee beside a percentage", with("550203 560250 57015"), Unexpected(Root(56))),
        ("percentage when asked", with("550201 57015"), Unexpected(Root(57))),
        ("fee of nothing", with("550202 56010"), Malformed(Root(56))),
        ("percentage of all", with("550203 5703100"), Malformed(Root(57))),
        ("percentage of nothing", with("550203 570500.00"), Malformed(Root(57))),
        ("percentage too fine", with("550203 57051.001"), Malformed(Root(57))),
        ("lower-case country", instead("5802JP", "5802jp"), Malformed(Root(58))),
        ("long country", instead("5802JP", "5803JPN"), Malformed(Root(58))),
        ("name of no ASCII", instead("5904SHOP", "5902店舗"), Character(Root(59))),
        ("long name", instead("5904SHOP", &format!("5926{}", x(26))), FieldTooLong(Root(59))),
        ("long city", instead("6005TOKYO", &format!("6016{}", x(16))), FieldTooLong(Root(60))),
        ("long postal code", with("6111 12345678901"), FieldTooLong(Root(61))),
        ("long bill number", with(&format!("6230 0126{}", x(26))), FieldTooLong(Sub(62, 1))),
        ("purpose of no ASCII", with("6205 0801日"), Character(Sub(62, 8))),
        ("data request", with("6205 0901X"), Malformed(Sub(62, 9))),
        ("data request twice", with("6206 0902AA"), Malformed(Sub(62, 9))),
        ("language", with("6411 0002ja 0101A"), Malformed(Sub(64, 0))),
        ("long name in a language", with(&format!("6436 0002JA 0126{}", "日".repeat(26))), FieldTooLong(Sub(64, 1))),
        ("long city in a language", with(&format!("6431 0002JA 0101A 0216{}", x(16))), FieldTooLong(Sub(64, 2))),
        ("reserved", with("6501\t"), Character(Root(65))),
    ];
    for (what, text, error) in cases {
        assert_eq!(refused(text), *error, "{what}: {text}");
    }
}

#[test]
fn the_writer_keeps_the_same_rules() {
    use MpmError::{Empty, FieldTooLong, Malformed, NoAccount, TooLong, Unexpected};
    let wide = |unique_id: &str, characters: usize| Template {
        unique_id: unique_id.into(),
        objects: BTreeMap::from([(1, "日".repeat(characters))]),
    };
    type Change = fn(&mut MerchantCode);
    let cases: &[(Change, MpmError)] = &[
        (|code| code.accounts.clear(), NoAccount),
        (|code| code.accounts.extend([(26, "A".into())]), Unexpected(Root(26))),
        (|code| code.accounts.extend([(1, "A".into())]), Unexpected(Root(1))),
        (|code| code.accounts.extend([(3, String::new())]), Empty(Root(3))),
        (|code| code.account_templates.extend([(52, template("A"))]), Unexpected(Root(52))),
        (|code| code.account_templates.extend([(26, template(""))]), Empty(Sub(26, 0))),
        (|code| code.category.clear(), Empty(Root(52))),
        (|code| code.amount = Some(String::new()), Empty(Root(54))),
        (|code| code.amount = Some("1.5".into()), Malformed(Root(54))),
        (|code| code.tip = Some(Tip::Fixed(String::new())), Empty(Root(56))),
        (|code| code.tip = Some(Tip::Percentage("0".into())), Malformed(Root(57))),
        (|code| code.name.clear(), Empty(Root(59))),
        (|code| code.additional = Some(AdditionalData::default()), Empty(Root(62))),
        (|code| additional(code).others.extend([(9, "A".into())]), Unexpected(Sub(62, 9))),
        (|code| additional(code).templates.extend([(49, template("A"))]), Unexpected(Sub(62, 49))),
        (|code| additional(code).templates.extend([(50, template("日"))]), MpmError::Character(SubSub(62, 50, 0))),
        (|code| language(code).others.extend([(2, "A".into())]), Unexpected(Sub(64, 2))),
        (|code| language(code).others.extend([(3, "\n".into())]), MpmError::Character(Sub(64, 3))),
        (|code| code.reserved.extend([(80, "A".into())]), Unexpected(Root(80))),
        (|code| code.reserved.extend([(63, "A".into())]), Unexpected(Root(63))),
        (|code| code.reserved.extend([(65, "A".repeat(100))]), FieldTooLong(Root(65))),
        (|code| code.unreserved.extend([(100, template("A"))]), Unexpected(Root(100))),
    ];
    for (change, error) in cases {
        let mut code = plain();
        change(&mut code);
        assert_eq!(code.encode(), Err(*error));
    }

    let mut code = plain();
    // Five for the unique id, four for the head of 01: 90 characters are left.
    code.account_templates.extend([(26, wide("A", 90))]);
    assert_eq!(MerchantCode::decode(&code.encode().unwrap()).unwrap(), code);
    code.unreserved.extend([(80, wide("A", 90))]);
    assert_eq!(code.encode(), Err(TooLong));
    code.unreserved = BTreeMap::from([(80, wide("A", 91))]);
    assert_eq!(code.encode(), Err(FieldTooLong(Root(80))));
}

#[test]
fn a_code_ends_at_512_bytes() {
    let filled = |last: usize| {
        let mut code = plain();
        let reserved = (65..).zip([99, 99, 99, 99, last]).map(|(id, length)| (id, "A".repeat(length)));
        code.reserved = reserved.collect();
        code
    };
    let last = TEXT_BYTES_MAX - plain().encode().unwrap().len() - 4 * 103 - 4;
    let longest = filled(last).encode().unwrap();
    assert_eq!(longest.len(), TEXT_BYTES_MAX);
    assert_eq!(MerchantCode::decode(&longest).unwrap(), filled(last));
    assert_eq!(filled(last + 1).encode(), Err(MpmError::TooLong));
}

#[test]
fn an_amount_in_yen_has_no_decimals_and_others_may() {
    let amount = |currency: &str, amount: &str| {
        let mut code = plain();
        (code.currency, code.amount) = (currency.into(), Some(amount.into()));
        (code.encode().is_ok(), code.yen().map(Amount::get))
    };
    assert_eq!(amount("392", "1200"), (true, Some(1_200)));
    assert_eq!(amount("392", "1200."), (true, Some(1_200)));
    assert_eq!(amount("392", "0001200"), (true, Some(1_200)));
    assert_eq!(amount("392", "9999999999999"), (true, Some(9_999_999_999_999)));
    for wrong in ["1200.00", "1200.0", "0", "+1", "", "12345678901234", "1.2."] {
        assert_eq!(amount("392", wrong), (false, None), "{wrong}");
    }
    assert_eq!(amount("840", "98.73"), (true, None));
    assert_eq!(amount("840", "98."), (true, None));
    for wrong in ["0.00", ".5", "."] {
        assert_eq!(amount("840", wrong), (false, None), "{wrong}");
    }
}

fn any_text(chars_max: usize) -> impl Strategy<Value = String> {
    proptest::string::string_regex(&format!("[ -~ァ-ヶ日本🎌]{{1,{chars_max}}}")).unwrap()
}

fn any_template() -> impl Strategy<Value = Template> {
    ("[ -~]{1,32}", btree_map(1..=99_u8, any_text(8), 0..3))
        .prop_map(|(unique_id, objects)| Template { unique_id, objects })
}

fn any_additional() -> impl Strategy<Value = AdditionalData> {
    let label = || option::of("[ -~]{1,8}");
    (
        (label(), label(), option::of(sample::select(vec!["A", "ME", "EAM"]))),
        btree_map(10..=49_u8, any_text(6), 0..2),
        btree_map(50..=99_u8, btree_map(1..=99_u8, any_text(4), 0..2), 0..2),
    )
        .prop_map(|((store, purpose, data_request), others, templates)| AdditionalData {
            bill: Some("***".into()),
            store,
            purpose,
            data_request: data_request.map(str::to_owned),
            others,
            templates: templates
                .into_iter()
                .map(|(id, objects)| (id, Template { unique_id: "a.b".into(), objects }))
                .collect(),
            ..AdditionalData::default()
        })
}

fn any_language() -> impl Strategy<Value = LanguageTemplate> {
    ("[A-Z]{2}", any_text(25), option::of(any_text(15)), btree_map(3..=99_u8, any_text(5), 0..2))
        .prop_map(|(language, name, city, others)| LanguageTemplate { language, name, city, others })
}

fn any_tip() -> impl Strategy<Value = Tip> {
    prop_oneof![
        Just(Tip::Asked),
        "[1-9][0-9]{0,11}[.]?".prop_map(Tip::Fixed),
        "[1-9][0-9]?([.][0-9]{0,2})?".prop_map(Tip::Percentage),
    ]
}

/// Codes that are well-formed, but for some that are too long as a whole.
fn any_merchant() -> impl Strategy<Value = MerchantCode> {
    let accounts = (
        option::of(sample::select(vec![Initiation::Static, Initiation::Dynamic])),
        btree_map(2..=25_u8, "[ -~]{1,20}", 0..2),
        btree_map(26..=51_u8, any_template(), 1..3),
    );
    let payment = ("[0-9]{4}", "[0-9]{3}", option::of("[1-9][0-9]{0,11}[.]?"), option::of(any_tip()));
    let merchant = ("[A-Z]{2}", "[ -~]{1,25}", "[ -~]{1,15}", option::of("[ -~]{1,10}"));
    let templates = (
        option::of(any_additional()),
        option::of(any_language()),
        btree_map(65..=79_u8, any_text(10), 0..2),
        btree_map(80..=99_u8, any_template(), 0..2),
    );
    (accounts, payment, merchant, templates).prop_map(|(accounts, payment, merchant, templates)| MerchantCode {
        initiation: accounts.0,
        accounts: accounts.1,
        account_templates: accounts.2,
        category: payment.0,
        currency: payment.1,
        amount: payment.2,
        tip: payment.3,
        country: merchant.0,
        name: merchant.1,
        city: merchant.2,
        postal_code: merchant.3,
        additional: templates.0,
        language: templates.1,
        reserved: templates.2,
        unreserved: templates.3,
    })
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_it_was(code in any_merchant()) {
        match code.encode() {
            Ok(text) => prop_assert_eq!(MerchantCode::decode(&text).unwrap(), code),
            Err(error) => {
                let too_long = matches!(error, MpmError::TooLong | MpmError::FieldTooLong(Root(62)));
                prop_assert!(too_long, "{}", error);
            }
        }
    }

    #[test]
    fn no_text_upsets_the_reader(text in any::<String>(), objects in "([0-9]{2}0[0-9]|[A-Z日]{1,4}){0,30}") {
        for text in [text, seal(&objects), objects] {
            let _ = MerchantCode::decode(&text);
            let _ = ShopCode::read(&text);
        }
    }

    /// A change of one character within its bytes is seen by the checksum; any other makes another code at most.
    #[test]
    fn one_other_character_is_refused_or_makes_another_code(
        code in any_merchant(),
        place in any::<sample::Index>(),
        near in any::<bool>(),
        character in any::<char>(),
    ) {
        let Ok(text) = code.encode() else { return Ok(()) };
        let mut characters: Vec<char> = text.chars().collect();
        let place = place.index(characters.len());
        let character = if near { char::from_digit(u32::from(character) % 10, 10).unwrap() } else { character };
        prop_assume!(characters[place] != character);
        let same_bytes = characters[place].is_ascii() && character.is_ascii();
        characters[place] = character;
        let changed: String = characters.into_iter().collect();
        match MerchantCode::decode(&changed) {
            Ok(read) => prop_assert!(!same_bytes && read != code, "{}", changed),
            Err(error) => prop_assert!(!error.to_string().is_empty()),
        }
    }
}
