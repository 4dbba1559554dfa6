//! Proves Warifu's own codes and JPQR's numbers: where a code leads, and what is refused instead of being guessed.

use super::*;
use crate::code::IssuerPrefix;
use crate::id::{BillId, TerminalId};

const NUMBER: &str = "0000000000001-0001-000001-000001";
const CAFE: &str = "メルペイ カフェ";

fn issuer() -> IssuerPrefix {
    "90000123".parse().unwrap()
}

fn till() -> TerminalId {
    TerminalId::from_bytes([0x1a; 16])
}

fn bill() -> BillId {
    BillId::from_bytes([0x2b; 16])
}

fn sticker() -> ShopCode {
    ShopCode::new(issuer(), till(), CAFE)
}

fn billed(yen: i64) -> ShopCode {
    ShopCode { bill: Some(bill()), amount: Amount::new(yen), ..sticker() }
}

fn with_jpqr(code: ShopCode) -> ShopCode {
    ShopCode { jpqr: Some(NUMBER.parse().unwrap()), postal_code: Some("1066143".into()), ..code }
}

/// The merchant code that `code` is, changed and sealed again.
fn changed(code: &ShopCode, change: impl FnOnce(&mut MerchantCode)) -> String {
    let mut code = MerchantCode::decode(&code.encode().unwrap()).unwrap();
    change(&mut code);
    code.encode().unwrap()
}

fn ours(code: &mut MerchantCode) -> &mut BTreeMap<u8, String> {
    &mut code.account_templates.get_mut(&ShopCode::TEMPLATE).unwrap().objects
}

#[test]
fn a_sticker_is_spelled_like_this() {
    let ours = format!("0032ac65e7239ee5414a920f4f35cb83bf8f0108900001230332{}", "1a".repeat(16));
    let expected =
        format!("0102112784{ours}5204599953033925802JP5904SHOP6005JAPAN64180002JA0108{}", CAFE.replace(' ', "_"));
    assert_eq!(sticker().encode().unwrap(), {
        let text = format!("000201{}6304", expected.replace('_', " "));
        let crc = checksum(&text);
        text + &crc
    });
}

#[test]
fn a_code_leads_to_the_terminal_or_to_the_bill() {
    assert_eq!(ShopCode::read(&sticker().encode().unwrap()), Ok(Pointer::Place(issuer(), till())));
    for code in [billed(1_200), ShopCode { amount: None, ..billed(1) }] {
        assert_eq!(ShopCode::read(&code.encode().unwrap()), Ok(Pointer::Bill(issuer(), bill())));
    }
    let read = MerchantCode::decode(&billed(1_200).encode().unwrap()).unwrap();
    assert_eq!((read.initiation, read.amount.as_deref()), (Some(Initiation::Dynamic), Some("1200")));
    assert_eq!(read.yen(), Amount::new(1_200));
}

#[test]
fn jpqr_stands_beside_and_leads_where_warifu_is_not_known() {
    let text = with_jpqr(sticker()).encode().unwrap();
    assert_eq!(ShopCode::read(&text), Ok(Pointer::Place(issuer(), till())));
    let jpqr = Ok(Pointer::Jpqr(NUMBER.parse().unwrap()));
    assert_eq!(ShopCode::read(VECTOR), jpqr);
    let without_ours = changed(&with_jpqr(sticker()), |code| {
        code.account_templates.remove(&ShopCode::TEMPLATE);
    });
    assert_eq!(ShopCode::read(&without_ours), jpqr);
    let other_at_our_place = changed(&with_jpqr(sticker()), |code| {
        code.account_templates.insert(ShopCode::TEMPLATE, template("com.example"));
    });
    assert_eq!(ShopCode::read(&other_at_our_place), jpqr);
}

#[test]
fn another_services_code_is_said_to_be_one() {
    let text = seal(&format!("0201A {REST}"));
    assert_eq!(ShopCode::read(&text), Err(MpmError::OtherService));
    let other_at_jpqrs_place = changed(&with_jpqr(sticker()), |code| {
        code.account_templates = BTreeMap::from([(JpqrNumber::TEMPLATE, template("com.example"))]);
    });
    assert_eq!(ShopCode::read(&other_at_jpqrs_place), Err(MpmError::OtherService));
    let ours_elsewhere = changed(&sticker(), |code| {
        let ours = code.account_templates.remove(&ShopCode::TEMPLATE).unwrap();
        code.account_templates.insert(28, ours);
    });
    assert_eq!(ShopCode::read(&ours_elsewhere), Err(MpmError::OtherService));
    assert_eq!(ShopCode::read("hQVKUFFSMWEcTwg5MDAwMDAwMlcQMTIzNDU2Nzg5MDEyMzQ1Ng=="), Err(MpmError::MalformedId));
}

#[test]
fn a_code_that_contradicts_itself_leads_nowhere() {
    use MpmError::{Malformed, Missing, Unexpected};
    type Change = fn(&mut MerchantCode);
    let hex = "2b".repeat(16);
    let cases: &[(ShopCode, Change, MpmError)] = &[
        (sticker(), |code| code.initiation = Some(Initiation::Dynamic), Malformed(Root(1))),
        (sticker(), |code| code.initiation = None, Malformed(Root(1))),
        (billed(5), |code| code.initiation = Some(Initiation::Static), Malformed(Root(1))),
        (sticker(), |code| code.amount = Some("5".into()), Unexpected(Root(54))),
        (billed(5), |code| code.currency = "840".into(), Malformed(Root(53))),
        (sticker(), |code| drop(ours(code).remove(&1)), Missing(Sub(27, 1))),
        (sticker(), |code| drop(ours(code).remove(&3)), Missing(Sub(27, 3))),
        (sticker(), |code| drop(ours(code).insert(1, "9000012".into())), Malformed(Sub(27, 1))),
        (sticker(), |code| drop(ours(code).insert(3, "1A".repeat(16))), Malformed(Sub(27, 3))),
        (billed(5), |code| drop(ours(code).insert(2, "2b".repeat(15))), Malformed(Sub(27, 2))),
        (billed(5), |code| drop(ours(code).insert(4, "1".into())), Unexpected(Sub(27, 4))),
    ];
    for (code, change, error) in cases {
        assert_eq!(ShopCode::read(&changed(code, change)), Err(*error));
    }
    // Both ids do not fit beside each other in 99 characters; shorter ones would.
    let both = changed(&sticker(), |code| ours(code).extend([(2, hex[..4].into()), (3, hex[..4].into())]));
    assert_eq!(ShopCode::read(&both), Err(Unexpected(Sub(27, 3))));
}

#[test]
fn jpqrs_own_rules_hold_for_reader_and_writer() {
    use MpmError::{Malformed, Missing, Unexpected};
    type Change = fn(&mut MerchantCode);
    fn numbers(code: &mut MerchantCode) -> &mut BTreeMap<u8, String> {
        &mut code.account_templates.get_mut(&JpqrNumber::TEMPLATE).unwrap().objects
    }
    let cases: &[(Change, MpmError)] = &[
        (|code| code.currency = "840".into(), Malformed(Root(53))),
        (|code| code.country = "US".into(), Malformed(Root(58))),
        (|code| code.postal_code = None, Missing(Root(61))),
        (|code| code.language = None, Missing(Root(64))),
        (|code| code.language.as_mut().unwrap().language = "EN".into(), Malformed(Sub(64, 0))),
        (|code| code.language.as_mut().unwrap().city = Some("東京".into()), Unexpected(Sub(64, 2))),
        (|code| drop(numbers(code).remove(&4)), Missing(Sub(26, 4))),
        (|code| drop(numbers(code).insert(5, "1".into())), Unexpected(Sub(26, 5))),
        (|code| drop(numbers(code).insert(2, "001".into())), Malformed(Sub(26, 2))),
        (|code| drop(numbers(code).insert(3, "00000x".into())), Malformed(Sub(26, 3))),
    ];
    for (change, error) in cases {
        let text = changed(&with_jpqr(sticker()), |code| {
            code.account_templates.remove(&ShopCode::TEMPLATE);
            change(code);
        });
        assert_eq!(ShopCode::read(&text), Err(*error));
    }
    let without_postal_code = ShopCode { postal_code: None, ..with_jpqr(sticker()) };
    assert_eq!(without_postal_code.encode(), Err(Missing(Root(61))));
}

#[test]
fn jpqr_numbers_have_one_text() {
    let number: JpqrNumber = NUMBER.parse().unwrap();
    assert_eq!(number.to_string(), NUMBER);
    assert_eq!(JpqrNumber::from_template(&number.to_template()), Ok(number));
    assert_eq!(JpqrNumber::from_template(&template("com.example")), Err(MpmError::Malformed(Sub(26, 0))));
    for wrong in [
        "",
        "0000000000001-0001-000001",
        "0000000000001-0001-000001-000001-1",
        "00000000000010001000001000001",
        "000000000001-00001-000001-000001",
        "000000000000x-0001-000001-000001",
        "0000000000001-0001-000001-00000１",
        " 0000000000001-0001-000001-000001",
    ] {
        assert_eq!(wrong.parse::<JpqrNumber>(), Err(JpqrNumberError), "{wrong}");
    }
}

#[test]
fn what_does_not_fit_is_not_written() {
    use MpmError::{Character, Empty, FieldTooLong, Malformed, Unexpected};
    for (code, error) in [
        (ShopCode { bill: None, ..billed(5) }, Unexpected(Root(54))),
        (billed(0), Malformed(Root(54))),
        (billed(10_000_000_000_000), FieldTooLong(Root(54))),
        (ShopCode { shop_name: String::new(), ..sticker() }, Empty(Sub(64, 1))),
        (ShopCode { shop_name: "A\nB".into(), ..sticker() }, Character(Sub(64, 1))),
        (ShopCode { city: "東京".into(), ..sticker() }, Character(Root(60))),
        (ShopCode { city: String::new(), ..sticker() }, Empty(Root(60))),
        (ShopCode { postal_code: Some("106-6143 JAPAN".into()), ..sticker() }, FieldTooLong(Root(61))),
        (ShopCode { category: "shop".into(), ..sticker() }, Malformed(Root(52))),
    ] {
        assert_eq!(code.encode(), Err(error), "{code:?}");
    }
}

#[test]
fn a_name_is_cut_to_fit_and_has_an_ascii_form() {
    for (name, ascii, local) in [
        ("Corner Shop", "Corner Shop", "Corner Shop"),
        (CAFE, "SHOP", CAFE),
        ("セブン7", "SHOP", "セブン7"),
        ("珈琲 Blue  Moon 渋谷店", "Blue Moon", "珈琲 Blue  Moon 渋谷店"),
        ("ＣＯＦＦＥＥ　２４", "COFFEE 24", "ＣＯＦＦＥＥ　２４"),
        ("A very long name of a very small shop", "A very long name of a ver", "A very long name of a ver"),
        ("A very long name of a bad cut", "A very long name of a bad", "A very long name of a bad"),
        ("Twenty-four characters a b", "Twenty-four characters a", "Twenty-four characters a "),
    ] {
        let text = ShopCode { shop_name: name.into(), ..sticker() }.encode().unwrap();
        let read = MerchantCode::decode(&text).unwrap();
        assert_eq!((read.name.as_str(), read.language.unwrap().name.as_str()), (ascii, local));
    }
}

fn any_shop() -> impl Strategy<Value = ShopCode> {
    let bill = option::of((any::<[u8; 16]>(), option::of(1..10_000_000_000_000_i64)));
    let jpqr = option::of("[0-9]{13}-[0-9]{4}-[0-9]{6}-[0-9]{6}");
    ("[0-9]{8}", any::<[u8; 16]>(), bill, any_text(100), jpqr, "[ -~]{1,15}", "[ -~]{1,10}", "[0-9]{4}").prop_map(
        |(issuer, place, bill, shop_name, jpqr, city, postal_code, category)| ShopCode {
            issuer: issuer.parse().unwrap(),
            place: TerminalId::from_bytes(place),
            bill: bill.map(|(bytes, _)| BillId::from_bytes(bytes)),
            amount: bill.and_then(|(_, yen)| yen).and_then(Amount::new),
            shop_name,
            jpqr: jpqr.map(|number| number.parse().unwrap()),
            city,
            postal_code: Some(postal_code),
            category,
        },
    )
}

proptest! {
    #[test]
    fn every_code_leads_where_it_was_to_lead(code in any_shop()) {
        let text = code.encode().unwrap();
        let expected = match code.bill {
            Some(bill) => Pointer::Bill(code.issuer.clone(), bill),
            None => Pointer::Place(code.issuer.clone(), code.place),
        };
        prop_assert_eq!(ShopCode::read(&text).unwrap(), expected);
        let read = MerchantCode::decode(&text).unwrap();
        prop_assert_eq!(JpqrNumber::find(&read).unwrap(), code.jpqr);
        prop_assert_eq!(read.yen(), code.amount);
        prop_assert!(text.len() <= TEXT_BYTES_MAX);
    }
}
