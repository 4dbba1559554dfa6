//! The `Authorization` header: a bearer token (RFC 6750), or the parts of a signed request.
//!
//! `Warifu-HMAC-SHA256 terminal=trm_..., time=1775000000, nonce=..., signature=HEX`, each part once, in any order; or, from a
//! browser that is a terminal, `Warifu-ECDSA-P256` with the same parts and the signature in Base64url.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use warifu_app::TerminalSignature;
use warifu_core::id::TerminalId;

/// What a header says.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Authorization<'a> {
    /// A bearer token.
    Bearer(&'a str),
    /// The parts of a signature.
    Signature(SignatureParts<'a>),
}

/// The parts of a signature.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct SignatureParts<'a> {
    pub(crate) terminal: TerminalId,
    pub(crate) unix_seconds: i64,
    pub(crate) nonce: &'a str,
    pub(crate) signature: TerminalSignature,
}

/// The name of the scheme for signed requests.
const SCHEME: &str = "Warifu-HMAC-SHA256";
/// The name of the scheme for requests that a browser signed.
const BROWSER_SCHEME: &str = "Warifu-ECDSA-P256";
/// A longer header is nobody's.
const LENGTH_MAX: usize = 512;

/// Reads a header. The error says what is wrong with it, without repeating it.
pub(crate) fn parse(header: &str) -> Result<Authorization<'_>, &'static str> {
    if header.len() > LENGTH_MAX {
        return Err("The Authorization header is too long.");
    }
    let (scheme, rest) = header.split_once(' ').unwrap_or((header, ""));
    let rest = rest.trim();
    if scheme.eq_ignore_ascii_case("Bearer") {
        let fits = !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_graphic());
        return if fits { Ok(Authorization::Bearer(rest)) } else { Err("The bearer token is empty or malformed.") };
    }
    if scheme.eq_ignore_ascii_case(SCHEME) {
        return parse_signature(rest, by_secret).map(Authorization::Signature);
    }
    if scheme.eq_ignore_ascii_case(BROWSER_SCHEME) {
        return parse_signature(rest, by_browser).map(Authorization::Signature);
    }
    Err("The Authorization header names neither Bearer nor Warifu-HMAC-SHA256 nor Warifu-ECDSA-P256.")
}

fn by_secret(signature: &str) -> Result<TerminalSignature, &'static str> {
    let is_hex = |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if signature.len() != 64 || !signature.bytes().all(is_hex) {
        return Err("The signature is not 64 lower-case hex digits.");
    }
    Ok(TerminalSignature::Secret(signature.to_owned()))
}

fn by_browser(signature: &str) -> Result<TerminalSignature, &'static str> {
    let bytes = URL_SAFE_NO_PAD.decode(signature).ok().filter(|bytes| bytes.len() == 64);
    bytes.map(TerminalSignature::Browser).ok_or("The signature is not 64 bytes in Base64url without padding.")
}

fn parse_signature(
    text: &str,
    read: fn(&str) -> Result<TerminalSignature, &'static str>,
) -> Result<SignatureParts<'_>, &'static str> {
    let (mut terminal, mut time, mut nonce, mut signature) = (None, None, None, None);
    for part in text.split(',') {
        let (name, value) = part.trim().split_once('=').ok_or("A part of the signature is not name=value.")?;
        let slot = match name {
            "terminal" => &mut terminal,
            "time" => &mut time,
            "nonce" => &mut nonce,
            "signature" => &mut signature,
            _ => return Err("The signature has an unknown part."),
        };
        if slot.replace(value).is_some() {
            return Err("The signature names a part twice.");
        }
    }
    let missing = "The signature needs terminal, time, nonce and signature.";
    let terminal = terminal.ok_or(missing)?.parse().map_err(|_| "The terminal is not a terminal's id.")?;
    let time = time.ok_or(missing)?;
    let is_number = (1..=12).contains(&time.len()) && time.bytes().all(|byte| byte.is_ascii_digit());
    let unix_seconds =
        if is_number { time.parse().ok() } else { None }.ok_or("The time is not in whole Unix seconds.")?;
    let nonce = nonce.ok_or(missing)?;
    if !(16..=64).contains(&nonce.len()) || !nonce.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("The nonce is not 16 to 64 printable ASCII characters.");
    }
    let signature = read(signature.ok_or(missing)?)?;
    Ok(SignatureParts { terminal, unix_seconds, nonce, signature })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn signed(change: impl Fn(String) -> String) -> String {
        change(format!(
            "Warifu-HMAC-SHA256 terminal=trm_{}, time=1775000000, nonce=0123456789abcdef, signature={}",
            "0".repeat(32),
            "a".repeat(64)
        ))
    }

    #[test]
    fn both_schemes_are_read() {
        assert_eq!(parse("bearer wft_x").unwrap(), Authorization::Bearer("wft_x"));
        let header = signed(|header| header);
        let Authorization::Signature(parts) = parse(&header).unwrap() else { unreachable!() };
        assert_eq!((parts.unix_seconds, parts.nonce), (1_775_000_000, "0123456789abcdef"));
    }

    #[test]
    fn a_browser_signs_in_base64url() {
        let header = |signature: &str| {
            signed(|header| header.replace(SCHEME, BROWSER_SCHEME).replace(&"a".repeat(64), signature))
        };
        let good = header(&"A".repeat(86));
        let Authorization::Signature(parts) = parse(&good).unwrap() else { unreachable!() };
        assert_eq!(parts.signature, TerminalSignature::Browser(vec![0; 64]));
        for wrong in ["", "A", &"A".repeat(85), &"A".repeat(87), &format!("{}==", "A".repeat(86)), &"a".repeat(64)] {
            assert!(parse(&header(wrong)).is_err(), "{wrong}");
        }
    }

    #[test]
    fn malformed_headers_are_refused() {
        for header in [
            String::new(),
            "Bearer".to_owned(),
            "Bearer ".to_owned(),
            "Bearer a b".to_owned(),
            "Basic eDp5".to_owned(),
            "x".repeat(513),
            signed(|header| header.replace("trm_", "shp_")),
            signed(|header| header.replace("time=1", "time=-1")),
            signed(|header| header.replace("time=1775000000", "time=9999999999999")),
            signed(|header| header.replace("time=1775000000", "time=")),
            signed(|header| header.replace("nonce=0", "nonce=")),
            signed(|header| header.replace("nonce=", "nonce=\u{e9}")),
            signed(|header| header.replace("signature=a", "signature=A")),
            signed(|header| header.replace(", nonce=0123456789abcdef", "")),
            signed(|header| header.clone() + ", nonce=0123456789abcdef"),
            signed(|header| header + ", more=1"),
            signed(|header| header + ","),
        ] {
            assert!(parse(&header).is_err(), "{header}");
        }
    }
}
