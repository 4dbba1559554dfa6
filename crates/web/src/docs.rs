//! `/docs`: the interface description as a page that loads nothing from elsewhere, and `/openapi.json` behind it.

use axum::Router;
use axum::extract::Request;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY};
use axum::http::HeaderValue;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use utoipa::openapi::OpenApi;
use utoipa_swagger_ui::{Config, SwaggerUi};

/// What the page may do. Styles in attributes are how the vendored page sets its widths; scripts are files only.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// The routes of the page.
pub(crate) fn router<S: Clone + Send + Sync + 'static>(description: OpenApi) -> Router<S> {
    let config = Config::new(["/openapi.json"]).default_models_expand_depth(0).validator_url("none");
    let page = SwaggerUi::new("/docs").url("/openapi.json", description).config(config);
    Router::from(page).layer(from_fn(headers))
}

async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    headers.insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}
