//! A second reader, in another language and by EMVCo's rules alone, takes the merchant codes that are written here and
//! finds in them what was put in.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::collections::BTreeMap;
use std::io::Write;
use std::process::{Command, Stdio};

use warifu_core::code::IssuerPrefix;
use warifu_core::id::{BillId, TerminalId};
use warifu_core::money::Amount;
use warifu_core::mpm::{AdditionalData, MerchantCode, ShopCode, Template, Tip};

/// What the other reader says of each text, in order.
fn read(texts: &[String]) -> Vec<String> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mpm_reader.py");
    let mut python = Command::new("python3").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let input: String = texts.iter().map(|text| format!("{text}\0")).collect();
    python.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success());
    let lines: Vec<String> = String::from_utf8(output.stdout).unwrap().split('\n').map(str::to_owned).collect();
    assert_eq!(lines.len(), texts.len() + 1);
    lines[..texts.len()].to_vec()
}

fn sticker(shop_name: &str) -> ShopCode {
    let issuer: IssuerPrefix = "90000123".parse().unwrap();
    ShopCode::new(issuer, TerminalId::from_bytes([0x1a; 16]), shop_name)
}

fn full_shop() -> ShopCode {
    ShopCode {
        bill: Some(BillId::from_bytes([0x2b; 16])),
        amount: Amount::new(1_200),
        jpqr: Some("0000000000001-0001-000001-000001".parse().unwrap()),
        postal_code: Some("1066143".into()),
        ..sticker("カフェ Blue 🎌")
    }
}

/// A code of another service that uses every kind of data object.
fn full_merchant() -> MerchantCode {
    let template = |id| Template { unique_id: "com.example".into(), objects: BTreeMap::from([(id, "日本".into())]) };
    let mut code = MerchantCode::decode(&sticker("Shop").encode().unwrap()).unwrap();
    code.accounts = BTreeMap::from([(2, "4000123456789012".into()), (25, "~".into())]);
    code.account_templates = BTreeMap::from([(26, template(1)), (51, template(99))]);
    (code.currency, code.amount, code.tip) = ("840".into(), Some("98.73".into()), Some(Tip::Percentage("3.5".into())));
    code.additional = Some(AdditionalData {
        bill: Some("***".into()),
        data_request: Some("AME".into()),
        others: BTreeMap::from([(10, "1234".into())]),
        templates: BTreeMap::from([(50, template(1))]),
        ..AdditionalData::default()
    });
    code.language.as_mut().unwrap().city = Some("東京".into());
    code.reserved = BTreeMap::from([(65, "日".into()), (79, "x".into())]);
    code.unreserved = BTreeMap::from([(80, template(1)), (99, template(2))]);
    code
}

#[test]
fn another_reader_finds_what_was_written() {
    let long_name = "長い名前の店".repeat(10);
    let static_code = sticker(&long_name).encode().unwrap();
    let texts = [full_shop().encode().unwrap(), static_code, full_merchant().encode().unwrap()];
    let said = read(&texts);

    let bill = format!("27.02={}", "2b".repeat(16));
    let checksum = format!("63={}", &texts[0][texts[0].len() - 4..]);
    let expected = [
        "00=01",
        "01=12",
        "26.00=jp.or.paymentsjapan",
        "26.01=0000000000001",
        "26.02=0001",
        "26.03=000001",
        "26.04=000001",
        "27.00=ac65e7239ee5414a920f4f35cb83bf8f",
        "27.01=90000123",
        &bill,
        "52=5999",
        "53=392",
        "54=1200",
        "58=JP",
        "59=Blue",
        "60=JAPAN",
        "61=1066143",
        "64.00=JA",
        "64.01=カフェ Blue 🎌",
        &checksum,
    ];
    assert_eq!(said[0].split('\t').collect::<Vec<_>>(), expected);

    let place = format!("\t27.03={}\t", "1a".repeat(16));
    let cut: String = long_name.chars().take(25).collect();
    for part in ["\t01=11\t", &place, "\t59=SHOP\t", &format!("\t64.01={cut}\t")] {
        assert!(said[1].contains(part), "{part}: {}", said[1]);
    }
    for part in ["\t02=4000123456789012\t", "\t54=98.73\t55=03\t57=3.5\t", "\t62.50.01=日本\t", "\t99.02=日本\t63="]
    {
        assert!(said[2].contains(part), "{part}: {}", said[2]);
    }
}

/// So that its word counts: it is no reader that takes anything.
#[test]
fn the_other_reader_refuses_what_is_damaged() {
    let text = full_shop().encode().unwrap();
    let damaged: Vec<String> = text
        .char_indices()
        .map(|(at, character)| {
            let other = if character == '0' { '1' } else { '0' };
            let behind = at + character.len_utf8();
            format!("{}{other}{}", &text[..at], &text[behind..])
        })
        .collect();
    for (said, text) in read(&damaged).iter().zip(&damaged) {
        assert!(said.starts_with("refused: ") && MerchantCode::decode(text).is_err(), "{text}: {said}");
    }
}
