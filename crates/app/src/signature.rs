//! Signed requests: a terminal proves who it is, and what it asks for, without sending its secret.
//!
//! The signature is the lower-case hex of HMAC-SHA256 (RFC 2104), keyed with the secret's text, over five lines: the
//! method, the path with its query, the time in whole Unix seconds, the nonce, and the lower-case hex of the body's SHA-256.

use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use warifu_core::id::TerminalId;
use warifu_core::time::Time;

/// How far a signed request's time may lie from ours, in either direction.
pub const SIGNATURE_WINDOW: Duration = Duration::from_secs(120);

/// A signed request as it came in.
#[derive(Clone, Debug)]
pub struct SignedRequest {
    /// Who says it signed.
    pub terminal: TerminalId,
    /// When, in whole seconds since 1970.
    pub unix_seconds: i64,
    /// 16 to 64 printable ASCII characters that this terminal never used before.
    pub nonce: String,
    /// 64 lower-case hex digits.
    pub signature: String,
    /// `POST`.
    pub method: String,
    /// `/v1/payments`, with the query if there is one.
    pub path: String,
    /// SHA-256 of the body's bytes.
    pub body_sha256: [u8; 32],
}

/// The signature of a request.
#[must_use]
pub fn sign(secret: &str, method: &str, path: &str, unix_seconds: i64, nonce: &str, body: &[u8]) -> String {
    sign_digest(secret, method, path, unix_seconds, nonce, &SignedRequest::digest(body))
}

fn sign_digest(secret: &str, method: &str, path: &str, unix_seconds: i64, nonce: &str, body: &[u8; 32]) -> String {
    let text = format!("{method}\n{path}\n{unix_seconds}\n{nonce}\n{}", hex(body));
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        unreachable!("HMAC takes keys of any length")
    };
    mac.update(text.as_bytes());
    hex(&mac.finalize().into_bytes())
}

impl SignedRequest {
    /// The digest of a body, as it is signed.
    #[must_use]
    pub fn digest(body: &[u8]) -> [u8; 32] {
        Sha256::digest(body).into()
    }

    /// Whether the signature is this secret's.
    #[must_use]
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let expected = sign_digest(secret, &self.method, &self.path, self.unix_seconds, &self.nonce, &self.body_sha256);
        expected.as_bytes().ct_eq(self.signature.as_bytes()).into()
    }

    /// Whether it was signed near enough to `now`.
    #[must_use]
    pub fn is_timely(&self, now: Time) -> bool {
        let signed_at = self.unix_seconds.checked_mul(1_000_000).and_then(Time::from_unix_micros);
        signed_at.is_some_and(|signed_at| signed_at.distance(now) <= SIGNATURE_WINDOW)
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut out, byte| {
        // Writing to a string cannot fail.
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn request() -> SignedRequest {
        SignedRequest {
            terminal: TerminalId::from_bytes([1; 16]),
            unix_seconds: 1_775_000_000,
            nonce: "0123456789abcdef".to_owned(),
            signature: sign("wfs_x", "POST", "/v1/payments", 1_775_000_000, "0123456789abcdef", b"{}"),
            method: "POST".to_owned(),
            path: "/v1/payments".to_owned(),
            body_sha256: Sha256::digest(b"{}").into(),
        }
    }

    #[test]
    fn every_part_of_a_request_is_under_its_signature() {
        assert!(request().is_signed_with("wfs_x"));
        assert!(!request().is_signed_with("wfs_y"));
        for change in [
            |request: &mut SignedRequest| request.method = "PUT".to_owned(),
            |request: &mut SignedRequest| request.path = "/v1/payments?x".to_owned(),
            |request: &mut SignedRequest| request.unix_seconds += 1,
            |request: &mut SignedRequest| request.nonce.push('0'),
            |request: &mut SignedRequest| request.body_sha256[0] ^= 1,
            |request: &mut SignedRequest| request.signature = request.signature.to_uppercase(),
            |request: &mut SignedRequest| request.signature.clear(),
        ] {
            let mut changed = request();
            change(&mut changed);
            assert!(!changed.is_signed_with("wfs_x"), "{changed:?}");
        }
    }

    #[test]
    fn two_minutes_either_way_are_near_enough() {
        let at = |seconds: i64| Time::from_unix_micros(seconds * 1_000_000).unwrap();
        for (seconds, timely) in [(-121, false), (-120, true), (120, true), (121, false)] {
            assert_eq!(request().is_timely(at(1_775_000_000 + seconds)), timely, "{seconds}");
        }
        let overflowing = SignedRequest { unix_seconds: i64::MAX, ..request() };
        assert!(!overflowing.is_timely(at(0)));
    }

    #[test]
    fn the_documented_example_holds() {
        // Recomputed with `printf 'POST\n/v1/payments\n1775000000\n0123456789abcdef\n%s' \
        //   "$(printf '{}' | sha256sum | cut -d' ' -f1)" | openssl dgst -sha256 -hmac wfs_x`.
        assert_eq!(request().signature, "7d1cd3daa8122080948865e4f4baf4760763c6e3c37397dd3eca9c42363b9db9");
    }
}
