//! The signature of a delivery, as the Standard Webhooks specification says: `v1,` and Base64 of HMAC-SHA256 over the
//! event's id, the time of the attempt and the body, joined by dots. The key is the bytes behind `whsec_`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The value of `webhook-signature`.
pub(super) fn sign(key: &[u8; 32], id: &str, unix_seconds: i64, body: &[u8]) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { unreachable!("HMAC takes keys of any length") };
    mac.update(format!("{id}.{unix_seconds}.").as_bytes());
    mac.update(body);
    format!("v1,{}", BASE64.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values of the example in `docs/interface.md`, which its openssl command gives too.
    #[test]
    fn the_documented_example_is_signed_as_documented() {
        let key = std::array::from_fn(|index| u8::try_from(index).unwrap_or_default());
        assert_eq!(BASE64.encode(key), "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
        let signature = sign(&key, "evt_0198c0de000070008000000000000001", 1_775_000_000, b"{}");
        assert_eq!(signature, "v1,V3YWeZ6YxR+GSpezKAynzRtuxEoxYKIm5uU4YGR8frw=");
    }
}
