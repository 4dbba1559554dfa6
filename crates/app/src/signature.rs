//! Signed requests: a terminal proves who it is, and what it asks for, without sending its secret.
//!
//! What is signed is five lines: the method, the path with its query, the time in whole Unix seconds, the nonce, and the
//! lower-case hex of the body's SHA-256. A program signs with its secret: the lower-case hex of HMAC-SHA256 (RFC 2104), keyed with
//! the secret's text. A browser that is a terminal signs with a key that cannot leave it: ECDSA on P-256 with SHA-256, as WebCrypto
//! makes it (64 bytes, r and s), over two lines more at the head, `WARIFU-TERMINAL` and the terminal's id, because the same key
//! also signs for the terminal that is for practising.

use std::time::Duration;

use hmac::{Hmac, KeyInit as _, Mac as _};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use warifu_core::id::TerminalId;
use warifu_core::time::Time;

/// How far a signed request's time may lie from ours, in either direction.
pub const SIGNATURE_WINDOW: Duration = Duration::from_secs(120);

/// By what a terminal signs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TerminalSignature {
    /// By its secret: 64 lower-case hex digits.
    Secret(String),
    /// By the key of the browser that is the terminal: r and s, 64 bytes.
    Browser(Vec<u8>),
}

/// A signed request as it came in.
#[derive(Clone, Debug)]
pub struct SignedRequest {
    /// Who says it signed.
    pub terminal: TerminalId,
    /// When, in whole seconds since 1970.
    pub unix_seconds: i64,
    /// 16 to 64 printable ASCII characters that this terminal never used before.
    pub nonce: String,
    /// By what it proves it.
    pub signature: TerminalSignature,
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
    let text = signed_text(&[], method, path, unix_seconds, nonce, body);
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.as_bytes()) else {
        unreachable!("HMAC takes keys of any length")
    };
    mac.update(text.as_bytes());
    hex(&mac.finalize().into_bytes())
}

/// The lines that are signed, after those at the head.
pub(crate) fn signed_text(
    head: &[&str],
    method: &str,
    path: &str,
    unix_seconds: i64,
    nonce: &str,
    body_sha256: &[u8; 32],
) -> String {
    let (time, body) = (unix_seconds.to_string(), hex(body_sha256));
    [head, &[method, path, &time, nonce, &body]].concat().join("\n")
}

/// Whether something that was signed then is near enough to `now`.
pub(crate) fn is_timely(unix_seconds: i64, now: Time) -> bool {
    let signed_at = unix_seconds.checked_mul(1_000_000).and_then(Time::from_unix_micros);
    signed_at.is_some_and(|signed_at| signed_at.distance(now) <= SIGNATURE_WINDOW)
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
        let TerminalSignature::Secret(signature) = &self.signature else { return false };
        let expected = sign_digest(secret, &self.method, &self.path, self.unix_seconds, &self.nonce, &self.body_sha256);
        expected.as_bytes().ct_eq(signature.as_bytes()).into()
    }

    /// Whether the signature is that of the key with this public half.
    #[must_use]
    pub fn is_signed_by(&self, public_key: &[u8; 65]) -> bool {
        let TerminalSignature::Browser(signature) = &self.signature else { return false };
        let head = ["WARIFU-TERMINAL", &self.terminal.to_string()];
        let Self { method, path, unix_seconds, nonce, body_sha256, .. } = self;
        let text = signed_text(&head, method, path, *unix_seconds, nonce, body_sha256);
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public_key);
        key.verify(text.as_bytes(), signature).is_ok()
    }

    /// Whether it was signed near enough to `now`.
    #[must_use]
    pub fn is_timely(&self, now: Time) -> bool {
        is_timely(self.unix_seconds, now)
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
            signature: TerminalSignature::Secret(sign(
                "wfs_x",
                "POST",
                "/v1/payments",
                1_775_000_000,
                "0123456789abcdef",
                b"{}",
            )),
            method: "POST".to_owned(),
            path: "/v1/payments".to_owned(),
            body_sha256: Sha256::digest(b"{}").into(),
        }
    }

    fn documented() -> String {
        let TerminalSignature::Secret(signature) = request().signature else { unreachable!() };
        signature
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
            |request: &mut SignedRequest| request.signature = TerminalSignature::Secret(documented().to_uppercase()),
            |request: &mut SignedRequest| request.signature = TerminalSignature::Secret(String::new()),
            |request: &mut SignedRequest| request.signature = TerminalSignature::Browser(documented().into()),
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
        assert_eq!(documented(), "7d1cd3daa8122080948865e4f4baf4760763c6e3c37397dd3eca9c42363b9db9");
    }
}
