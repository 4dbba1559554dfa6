//! How a member's phone proves a request: the session's cookie, and a header that its device signed.
//!
//! `Warifu-Device: time=1775000000, nonce=..., signature=BASE64URL`, each part once, in any order.

use axum::body::{Body, to_bytes};
use axum::extract::{FromRequest, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use utoipa::ToSchema;
use warifu_app::{DeviceRequest, NewDevice, SignedRequest};

use crate::body::JsonBody;
use crate::middleware::BODY_MAX;
use crate::problem::Problem;

/// The cookie of a session. Its prefix has browsers keep it to this host, on a safe way, for every path.
pub(crate) const COOKIE: &str = "__Host-warifu";
/// The header of a device's signature.
pub(crate) const HEADER: &str = "warifu-device";
/// A longer header is nobody's.
const LENGTH_MAX: usize = 512;

/// The token of the session that the cookie names.
pub(crate) fn session_token(headers: &HeaderMap) -> Option<String> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut found = cookies
        .flat_map(|cookies| cookies.split(';'))
        .filter_map(|cookie| cookie.trim().split_once('='))
        .filter(|(name, _)| *name == COOKIE)
        .map(|(_, token)| token.to_owned());
    // Two of them are somebody's attempt to have one taken for the other.
    found.next().filter(|token| !token.is_empty() && found.next().is_none())
}

/// What the device signed, of the request that came in.
pub(crate) fn request(parts: &Parts, body: &[u8]) -> Result<DeviceRequest, Problem> {
    let mut headers = parts.headers.get_all(HEADER).iter();
    let header = headers.next().ok_or_else(|| Problem::unauthorized("The Warifu-Device header is missing."))?;
    if headers.next().is_some() {
        return Err(Problem::unauthorized("There is more than one Warifu-Device header."));
    }
    let header = header.to_str().map_err(|_| Problem::unauthorized("The Warifu-Device header is not ASCII."))?;
    let (unix_seconds, nonce, signature) = parse(header).map_err(Problem::unauthorized)?;
    let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    Ok(DeviceRequest {
        unix_seconds,
        nonce: nonce.to_owned(),
        signature,
        method: parts.method.as_str().to_owned(),
        path: path.to_owned(),
        body_sha256: SignedRequest::digest(body),
    })
}

fn parse(header: &str) -> Result<(i64, &str, Vec<u8>), &'static str> {
    if header.len() > LENGTH_MAX {
        return Err("The Warifu-Device header is too long.");
    }
    let (mut time, mut nonce, mut signature) = (None, None, None);
    for part in header.split(',') {
        let (name, value) = part.trim().split_once('=').ok_or("A part of the device's signature is not name=value.")?;
        let slot = match name {
            "time" => &mut time,
            "nonce" => &mut nonce,
            "signature" => &mut signature,
            _ => return Err("The device's signature has an unknown part."),
        };
        if slot.replace(value).is_some() {
            return Err("The device's signature names a part twice.");
        }
    }
    let missing = "The device's signature needs time, nonce and signature.";
    let time = time.ok_or(missing)?;
    let is_number = (1..=12).contains(&time.len()) && time.bytes().all(|byte| byte.is_ascii_digit());
    let seconds = if is_number { time.parse().ok() } else { None }.ok_or("The time is not in whole Unix seconds.")?;
    let nonce = nonce.ok_or(missing)?;
    if !(16..=64).contains(&nonce.len()) || !nonce.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("The nonce is not 16 to 64 printable ASCII characters.");
    }
    let signature = URL_SAFE_NO_PAD.decode(signature.ok_or(missing)?).ok().filter(|bytes| bytes.len() == 64);
    Ok((seconds, nonce, signature.ok_or("The signature is not 64 bytes in Base64url without padding.")?))
}

/// A device that somebody signs in from.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeviceBody {
    /// The public half of its key: a point on P-256, uncompressed (65 bytes), in Base64url without padding. The request is
    /// signed with the other half.
    #[schema(min_length = 87, max_length = 87)]
    public_key: String,
    /// What the member knows it by.
    #[schema(min_length = 1, max_length = 60)]
    name: String,
}

impl DeviceBody {
    pub(crate) fn read(self) -> Result<NewDevice, Problem> {
        let key = URL_SAFE_NO_PAD.decode(&self.public_key).unwrap_or_default();
        Ok(NewDevice::new(&key, &self.name)?)
    }
}

/// A body that names a device.
pub(crate) trait NamesDevice {
    fn device(&mut self) -> DeviceBody;
}

/// A JSON body that names a device, signed by that device's key.
pub(crate) struct FromDevice<T>(pub(crate) T, pub(crate) NewDevice);

impl<T: DeserializeOwned + NamesDevice, S: Send + Sync> FromRequest<S> for FromDevice<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, BODY_MAX).await.map_err(|_| Problem::payload_too_large())?;
        let again = Request::from_parts(parts.clone(), Body::from(body.clone()));
        let JsonBody(mut read) = JsonBody::<T>::from_request(again, state).await?;
        let device = read.device().read()?;
        let signed = self::request(&parts, &body)?;
        if !signed.is_signed_with(&device.public_key) {
            return Err(Problem::unauthorized("The signature does not fit this request and this device."));
        }
        Ok(Self(read, device))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn the_session_is_the_one_cookie_of_its_name() {
        let token = |cookies: &[&'static str]| {
            let mut headers = HeaderMap::new();
            cookies.iter().for_each(|cookie| {
                headers.append(header::COOKIE, HeaderValue::from_static(cookie));
            });
            session_token(&headers)
        };
        assert_eq!(token(&["lang=ja; __Host-warifu=wfs_x"]).as_deref(), Some("wfs_x"));
        assert_eq!(token(&["lang=ja", "__Host-warifu=wfs_x"]).as_deref(), Some("wfs_x"));
        for none in [&[][..], &["warifu=wfs_x"], &["__Host-warifu="], &["__Host-warifu=a; __Host-warifu=b"]] {
            assert_eq!(token(none), None, "{none:?}");
        }
    }

    #[test]
    fn malformed_signatures_are_refused() {
        let good = format!("time=1775000000, nonce=0123456789abcdef, signature={}", "A".repeat(86));
        assert_eq!(parse(&good).unwrap(), (1_775_000_000, "0123456789abcdef", vec![0; 64]));
        for (from, to) in [
            ("time=1775000000, ", ""),
            ("time=", "time=-"),
            ("time=1775000000", "time=1775000000000"),
            ("nonce=0", "nonce="),
            ("signature=A", "signature="),
            ("signature=A", "signature=+"),
            ("signature=", "more="),
            ("nonce=", "time=1, nonce="),
        ] {
            assert!(parse(&good.replacen(from, to, 1)).is_err(), "{from} {to}");
        }
        assert!(parse(&format!("{good}, ")).is_err());
        assert!(parse(&"x".repeat(513)).is_err());
    }
}
