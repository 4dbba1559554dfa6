//! The files of the pages, in the binary, compressed once.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::LazyLock;

use axum::body::Body;
use axum::extract::Path;
use axum::http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, VARY};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use rust_embed::RustEmbed;
use sha2::{Digest as _, Sha256};

use crate::problem::Problem;

#[derive(RustEmbed)]
#[folder = "assets"]
struct Files;

struct File {
    media_type: &'static str,
    plain: Vec<u8>,
    gzip: Option<Vec<u8>>,
}

static FILES: LazyLock<BTreeMap<String, File>> = LazyLock::new(|| {
    let read = |name: std::borrow::Cow<'static, str>| {
        let plain = Files::get(&name)?.data.into_owned();
        let media_type = media_type(&name);
        // Pictures are compressed already.
        let gzip = (media_type != "image/png").then(|| gzip(&plain)).flatten();
        Some((name.into_owned(), File { media_type, plain, gzip }))
    };
    Files::iter().filter_map(read).collect()
});

/// Changes whenever any of the files does.
static VERSION: LazyLock<String> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    for (name, file) in FILES.iter() {
        hash.update(name);
        hash.update(&file.plain);
    }
    hash.update(env!("CARGO_PKG_VERSION"));
    hash.finalize().iter().take(6).map(|byte| format!("{byte:02x}")).collect()
});

pub(super) fn version() -> &'static str {
    &VERSION
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, ending)| ending) {
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        _ => "application/octet-stream",
    }
}

fn gzip(plain: &[u8]) -> Option<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(plain).ok()?;
    encoder.finish().ok()
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or("");
    accepted.split(',').any(|coding| {
        let (name, weight) = coding.trim().split_once(';').unwrap_or((coding.trim(), ""));
        name.eq_ignore_ascii_case("gzip") && !matches!(weight.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000")
    })
}

/// A text, compressed if it is taken so.
pub(super) fn compressed(plain: &[u8], headers: &HeaderMap) -> Response {
    let gzip = if takes_gzip(headers) { gzip(plain) } else { None };
    respond(plain, gzip.as_deref())
}

fn respond(plain: &[u8], gzip: Option<&[u8]>) -> Response {
    let mut response = Body::from(gzip.unwrap_or(plain).to_vec()).into_response();
    let told = response.headers_mut();
    if gzip.is_some() {
        told.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    told.insert(VARY, HeaderValue::from_name(ACCEPT_ENCODING));
    response
}

/// `/assets/VERSION/NAME` is kept for a year, for another version has another path. Scripts find each other beside themselves, so
/// that no page ever mixes two versions.
pub(super) async fn asset(
    Path((asked, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    file(&name, &headers, asked == version())
}

pub(super) fn file(name: &str, headers: &HeaderMap, is_this_version: bool) -> Result<Response, Problem> {
    let missing = || Problem::not_found("There is nothing at this path.");
    let file = FILES.get(name).filter(|_| name != "sw.js").ok_or_else(missing)?;
    let gzip = if takes_gzip(headers) { file.gzip.as_deref() } else { None };
    let mut response = respond(&file.plain, gzip);
    let told = response.headers_mut();
    told.insert(CONTENT_TYPE, HeaderValue::from_static(file.media_type));
    let kept = if is_this_version { "public, max-age=31536000, immutable" } else { "no-cache" };
    told.insert(CACHE_CONTROL, HeaderValue::from_static(kept));
    Ok(response)
}

/// Files of other pages, which no phone has to keep.
const OF_OTHERS: [&str; 12] = [
    "atm-", "board", "chart", "fragment", "kiosk", "mandala", "ready", "review", "sandbox-", "station", "terminal",
    "till",
];

/// The service worker's text, with the version and the names of the wallet's files.
pub(super) fn worker() -> String {
    let is_of_other = |name: &str| OF_OTHERS.iter().any(|beginning| name.starts_with(beginning));
    let names: Vec<_> = FILES
        .iter()
        .filter(|(name, file)| *name != "sw.js" && file.media_type != "image/png" && !is_of_other(name))
        .map(|(name, _)| format!("/assets/{}/{name}", version()))
        .collect();
    let text = FILES.get("sw.js").map(|file| String::from_utf8_lossy(&file.plain).into_owned()).unwrap_or_default();
    let names = serde_json::to_string(&names).unwrap_or_default();
    text.replace("\"VERSION\"", &format!("\"{}\"", version())).replace("[\"FILES\"]", &names)
}
