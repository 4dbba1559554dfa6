//! The texts of merchants' QR codes: EMVCo's, JPQR's, Warifu's. The input is the text itself, or, if it begins with a
//! zero byte, what stands between the indicator and the checksum.
//!
//! Nothing panics, and what is read is written back as the same thing, which reads as the same again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use warifu_core::mpm::{JpqrNumber, MerchantCode, ShopCode, TEXT_BYTES_MAX};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match text.strip_prefix('\0') {
        Some(objects) => check(&sealed(objects)),
        None => check(text),
    }
});

fn check(text: &str) {
    let Ok(read) = MerchantCode::decode(text) else {
        assert!(ShopCode::read(text).is_err(), "{text}");
        return;
    };
    let written = read.encode().expect("what was read can be written");
    assert!(written.len() == text.len() && written.len() <= TEXT_BYTES_MAX);
    let again = MerchantCode::decode(&written).expect("what was written can be read");
    assert!(again == read, "{text}");
    assert_eq!(again.encode().as_deref(), Ok(written.as_str()), "one spelling");
    assert_eq!(ShopCode::read(text), ShopCode::read(&written));
    let asks_for_yen = read.currency == "392" && read.amount.is_some();
    assert!(read.yen().is_some() == asks_for_yen && read.yen().is_none_or(|yen| !yen.is_zero()));
    if let Ok(Some(number)) = JpqrNumber::find(&read) {
        assert!(JpqrNumber::from_template(&number.to_template()).as_ref() == Ok(&number));
        assert!(number.to_string().parse().as_ref() == Ok(&number));
    }
}

/// The code with these data objects, so that the fuzzer need not learn the checksum.
fn sealed(objects: &str) -> String {
    let text = format!("000201{objects}6304");
    let crc = text.bytes().fold(0xFFFF_u16, |crc, byte| {
        (0..8).fold(crc ^ u16::from(byte) << 8, |crc, _| if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 })
    });
    format!("{text}{crc:04X}")
}
