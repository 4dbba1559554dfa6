//! The texts of QR codes: JPQR and EMVCo. The input is the text itself, or the bytes in it if it begins with a zero byte.
//!
//! Nothing panics, and what is read is written back as the same thing, which reads as the same again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use warifu_core::code::Code;
use warifu_core::cpm::{EmvCpm, JpqrCpm, PAYLOAD_BYTES_MAX};

fuzz_target!(|data: &[u8]| {
    match data.split_first() {
        Some((0, bytes)) => check(&base64(bytes)),
        _ => {
            if let Ok(text) = std::str::from_utf8(data) {
                check(text);
            }
        }
    }
});

fn check(text: &str) {
    if let Ok(read) = JpqrCpm::decode(text) {
        let written = read.encode().expect("what was read can be written");
        assert!(JpqrCpm::decode(&written) == Ok(read), "{text}");
    }
    if let Ok(read) = EmvCpm::decode(text) {
        let written = read.encode().expect("what was read can be written");
        assert!(written.len() <= PAYLOAD_BYTES_MAX.div_ceil(3) * 4);
        let again = EmvCpm::decode(&written).expect("what was written can be read");
        assert!(again == read, "{text}");
        assert_eq!(again.encode().as_deref(), Ok(written.as_str()), "one spelling");
    }
    if let Ok(code) = Code::read(text) {
        assert!(Code::read(code.digits()).as_ref() == Ok(&code));
        assert!(Code::read(&code.jpqr()).as_ref() == Ok(&code));
        assert!(code.digits().len() == 24 && code.bucket() <= 9);
        let prefix = code.digits()[..8].parse().expect("eight digits are a prefix");
        let number = code.digits()[8..].parse().expect("sixteen digits are a number");
        assert!(code.is_issued_by(&prefix) && Code::new(&prefix, number) == Some(code));
    }
}

/// Standard Base64 with padding, so that the fuzzer need not learn it.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let word = chunk.iter().enumerate().fold(0_u32, |word, (index, byte)| word | u32::from(*byte) << (16 - 8 * index));
        for index in 0..4 {
            let sextet = (word >> (18 - 6 * index)) & 63;
            text.push(if index <= chunk.len() { char::from(ALPHABET[sextet as usize]) } else { '=' });
        }
    }
    text
}
