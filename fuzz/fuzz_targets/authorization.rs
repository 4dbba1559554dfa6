//! The `Authorization` header, read as a request brings it. What is read says the same when it is written out again.
#![no_main]

use libfuzzer_sys::fuzz_target;

#[allow(unreachable_pub)]
#[path = "../../crates/web/src/authorization.rs"]
mod authorization;

use authorization::{Authorization, parse};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match parse(text) {
        Ok(Authorization::Bearer(token)) => {
            assert!(!token.is_empty() && parse(&format!("Bearer {token}")) == Ok(Authorization::Bearer(token)));
        }
        Ok(Authorization::Signature(parts)) => {
            assert!((0..1_000_000_000_000).contains(&parts.unix_seconds));
            assert!(parts.signature.len() == 64 && (16..=64).contains(&parts.nonce.len()));
            let written = format!(
                "Warifu-HMAC-SHA256 terminal={}, time={}, nonce={}, signature={}",
                parts.terminal, parts.unix_seconds, parts.nonce, parts.signature
            );
            assert!(parse(&written) == Ok(Authorization::Signature(parts)), "{text}");
        }
        // Nothing of a header is told, for a token may be in it.
        Err(error) => assert!(error.ends_with('.')),
    }
});
