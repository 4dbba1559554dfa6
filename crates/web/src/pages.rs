//! The pages that members and cashiers see: shells without data, the files that they are made of, and what makes the wallet an app.
//!
//! Everything is in the binary and nothing is loaded from elsewhere. A shell is in the language that the browser asks for or
//! that was chosen; whatever is a member's or a shop's comes later, by signed requests.

mod assets;
mod mandala;
mod ready;
mod reviews;
mod text;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::header::{
    ACCEPT_LANGUAGE, CACHE_CONTROL, CONTENT_LANGUAGE, CONTENT_SECURITY_POLICY, CONTENT_TYPE, COOKIE, VARY,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::problem::Problem;
use crate::state::Web;
pub(crate) use mandala::{drawn, language};
pub(crate) use ready::page as ready;
use text::{Audience, Language, Text};

/// What the pages may do: scripts, styles and pictures from here and nowhere else, and nothing inline.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
    manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types warifu";
/// What the browser keeps from the page that it does not need.
const PERMISSIONS: &str = "camera=(self), geolocation=(), microphone=(), payment=(), usb=(), screen-wake-lock=(self), \
    publickey-credentials-create=(self), publickey-credentials-get=(self)";

/// The shell of the member's app: every place of it, empty.
#[derive(Template)]
#[template(path = "wallet.html")]
struct Wallet<'a> {
    text: Text,
    version: &'static str,
    origin: &'a str,
}

/// The page of a till.
#[derive(Template)]
#[template(path = "till.html")]
struct TillPage {
    text: Text,
    version: &'static str,
}

/// The page of an ATM.
#[derive(Template)]
#[template(path = "atm.html")]
struct AtmPage {
    text: Text,
    version: &'static str,
}

/// The page of the sandbox, for makers of tills.
#[derive(Template)]
#[template(path = "sandbox.html")]
struct SandboxPage {
    text: Text,
    version: &'static str,
}

/// The routes of the pages of members and cashiers.
pub(crate) fn router() -> Router<Web> {
    let places = ["/", "/history", "/top-up", "/me", "/scan", "/bill/{id}", "/shop/{id}"];
    let pages = places.into_iter().fold(Router::new(), |router, place| router.route(place, get(wallet)));
    pages
        .route("/till", get(till))
        .route("/atm", get(atm))
        .route("/sandbox", get(sandbox))
        .route("/manifest.webmanifest", get(manifest))
        .route("/sw.js", get(service_worker))
        .merge(files())
}

/// The routes of the pages of failure reviews, which need no wallet.
pub(crate) fn board<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/mandala", get(mandala::page))
        .route("/reviews", get(reviews::list))
        .route("/reviews/compare", get(reviews::compare))
        .route("/reviews/{id}", get(reviews::one))
        .route("/charts", get(reviews::charts))
}

/// The routes of the files that pages are made of.
pub(crate) fn files<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/assets/{version}/{file}", get(assets::asset))
        .route("/favicon.ico", get(|headers: HeaderMap| async move { assets::file("favicon.svg", &headers, false) }))
}

async fn wallet(State(web): State<Web>, headers: HeaderMap) -> Result<Response, Problem> {
    let text = Language::of(&headers).words(Audience::Wallet);
    let origin = web.app.origin();
    shell(&Wallet { text, version: assets::version(), origin: &origin }, text, &headers)
}

async fn till(headers: HeaderMap) -> Result<Response, Problem> {
    let text = Language::of(&headers).words(Audience::Station);
    shell(&TillPage { text, version: assets::version() }, text, &headers)
}

async fn atm(headers: HeaderMap) -> Result<Response, Problem> {
    let text = Language::of(&headers).words(Audience::Station);
    shell(&AtmPage { text, version: assets::version() }, text, &headers)
}

async fn sandbox(headers: HeaderMap) -> Result<Response, Problem> {
    let text = Language::of(&headers).words(Audience::Station);
    shell(&SandboxPage { text, version: assets::version() }, text, &headers)
}

fn shell(page: &impl Template, text: Text, headers: &HeaderMap) -> Result<Response, Problem> {
    let html = page.render().map_err(|error| {
        tracing::error!(%error, "a page could not be written");
        Problem::unavailable()
    })?;
    let mut response = assets::compressed(html.as_bytes(), headers);
    let told = response.headers_mut();
    let mut say = |name: HeaderName, value: &'static str| told.insert(name, HeaderValue::from_static(value));
    say(CONTENT_TYPE, "text/html; charset=utf-8");
    say(CONTENT_SECURITY_POLICY, POLICY);
    say(HeaderName::from_static("permissions-policy"), PERMISSIONS);
    say(HeaderName::from_static("cross-origin-opener-policy"), "same-origin");
    say(CONTENT_LANGUAGE, text.tag());
    // Holds nothing of anybody's, but is asked for anew each time, so that a new version is there at once.
    say(CACHE_CONTROL, "no-cache");
    told.append(VARY, HeaderValue::from_name(ACCEPT_LANGUAGE));
    told.append(VARY, HeaderValue::from_name(COOKIE));
    Ok(response)
}

async fn manifest(headers: HeaderMap) -> Response {
    let text = Language::of(&headers).words(Audience::Wallet);
    let manifest = serde_json::json!({
        "name": text.get("app_name"), "short_name": text.get("app_name"), "description": text.get("start_sentence"),
        "lang": text.tag(), "id": "/", "start_url": "/", "scope": "/", "display": "standalone",
        "background_color": "#f6f3ec", "theme_color": "#f6f3ec",
        "icons": [
            { "src": "/assets/app/icon-192.png", "sizes": "192x192", "type": "image/png" },
            { "src": "/assets/app/icon-512.png", "sizes": "512x512", "type": "image/png", "purpose": "any" },
            { "src": "/assets/app/icon-maskable-512.png", "sizes": "512x512", "type": "image/png", "purpose": "maskable" },
            { "src": "/assets/app/favicon.svg", "sizes": "any", "type": "image/svg+xml" },
        ],
        "shortcuts": [
            { "name": text.get("nav_history"), "url": "/history" },
            { "name": text.get("nav_top_up"), "url": "/top-up" },
        ],
    });
    ([(CONTENT_TYPE, "application/manifest+json"), (CACHE_CONTROL, "no-cache")], manifest.to_string()).into_response()
}

/// Keeps the shell and its files for when there is no network. Its text changes with them, so that browsers notice.
async fn service_worker() -> Response {
    let script = assets::worker();
    let headers = [(CONTENT_TYPE, "text/javascript; charset=utf-8"), (CACHE_CONTROL, "no-cache")];
    (headers, script).into_response()
}
