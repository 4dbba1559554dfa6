//! `/docs`: the interface description as a page that loads nothing from elsewhere, and `/openapi.json` behind it.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::Path;
use axum::http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{Html, IntoResponse, Redirect, Response};
use axum::routing::get;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::Config;

use crate::problem::Problem;

/// What the page may do. Styles in attributes are how the vendored viewer sets its widths; scripts are files only.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The page around the vendored viewer. The viewer's own has no viewport, so that a phone would show it tiny.
const PAGE: &str = r##"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Warifu: the interface</title>
<link rel="icon" type="image/png" href="favicon-32x32.png">
<link rel="stylesheet" href="swagger-ui.css">
</head>
<body>
<main id="swagger-ui"><noscript>This page needs JavaScript; the description itself is at <a href="/openapi.json">/openapi.json</a>.</noscript></main>
<script src="swagger-ui-bundle.js"></script>
<script src="swagger-ui-standalone-preset.js"></script>
<script src="swagger-initializer.js"></script>
</body>
</html>
"##;

/// The routes of the page.
pub(crate) fn router<S: Clone + Send + Sync + 'static>(description: OpenApi) -> Router<S> {
    let config = Config::new(["/openapi.json"])
        .use_base_layout()
        .doc_expansion("list")
        .default_models_expand_depth(0)
        .validator_url("none");
    let config = Arc::new(config);
    // As text, for a router is cloned with all that its handlers hold for each connection. Never the fallback: a test reads it.
    let text = Bytes::from(serde_json::to_vec(&description).unwrap_or_default());
    Router::new()
        .route("/openapi.json", get(|| async move { ([(CONTENT_TYPE, "application/json")], text) }))
        .route("/docs", get(|| async { Redirect::permanent("/docs/") }))
        .route("/docs/", get(|| async { (headers(), Html(PAGE)) }))
        .route("/docs/{file}", get(|Path(name): Path<String>| async move { file(&name, config) }))
}

fn headers() -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers
}

fn file(name: &str, config: Arc<Config<'static>>) -> Result<Response, Problem> {
    let missing = || Problem::not_found("There is nothing at this path.");
    // The viewer's own page would be a second one.
    if name == "index.html" {
        return Err(missing());
    }
    let file = utoipa_swagger_ui::serve(name, config).ok().flatten().ok_or_else(missing)?;
    let mut headers = headers();
    headers.insert(CONTENT_TYPE, HeaderValue::from_str(&file.content_type).map_err(|_| missing())?);
    if file.gzpipped {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    Ok((headers, file.bytes.into_owned()).into_response())
}
