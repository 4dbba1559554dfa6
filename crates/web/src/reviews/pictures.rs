//! `/v1/review/mandala.svg`, `.../diagram.svg` and the same as PNG: the pictures of a review, to be put elsewhere. Each needs nothing else.

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::{IntoResponse as _, Response};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::AsSeat;
use super::press::written;
#[cfg(feature = "paper")]
use crate::export::Document;
use crate::front::Front;
use crate::problem::Problem;

pub(super) fn interface() -> OpenApiRouter<Front> {
    let svg = OpenApiRouter::new().routes(routes!(mandala_svg)).routes(routes!(diagram_svg));
    #[cfg(feature = "paper")]
    let svg = svg.routes(routes!(mandala_png)).routes(routes!(diagram_png));
    svg
}

/// Have the mandala drawn with its counts as heat, in the language that the browser asks for or that was chosen.
#[utoipa::path(
    get, path = "/v1/review/mandala.svg", tag = "reviews", operation_id = "drawMandala", security(("seat_key" = [])),
    responses((status = 200, description = "The picture", body = String, content_type = "image/svg+xml"))
)]
async fn mandala_svg(State(front): State<Front>, AsSeat(key): AsSeat, headers: HeaderMap) -> Result<Response, Problem> {
    let drawn = written(&front, &key, &headers, |document| Ok(document.mandala().into_bytes())).await?;
    Ok(picture(drawn, "image/svg+xml"))
}

/// Have the relation diagram drawn, in the language that the browser asks for or that was chosen.
#[utoipa::path(
    get, path = "/v1/review/diagram.svg", tag = "reviews", operation_id = "drawDiagram", security(("seat_key" = [])),
    responses((status = 200, description = "The picture", body = String, content_type = "image/svg+xml"))
)]
async fn diagram_svg(State(front): State<Front>, AsSeat(key): AsSeat, headers: HeaderMap) -> Result<Response, Problem> {
    let drawn = written(&front, &key, &headers, |document| Ok(document.relations().into_bytes())).await?;
    Ok(picture(drawn, "image/svg+xml"))
}

/// Have the mandala drawn as PNG, two dots to a unit.
#[cfg(feature = "paper")]
#[utoipa::path(
    get, path = "/v1/review/mandala.png", tag = "reviews", operation_id = "paintMandala", security(("seat_key" = [])),
    responses((status = 200, description = "The picture", body = Vec<u8>, content_type = "image/png"))
)]
async fn mandala_png(State(front): State<Front>, AsSeat(key): AsSeat, headers: HeaderMap) -> Result<Response, Problem> {
    painted(&front, &key, &headers, |document| document.mandala()).await
}

/// Have the relation diagram drawn as PNG, two dots to a unit, or fewer where it is very large.
#[cfg(feature = "paper")]
#[utoipa::path(
    get, path = "/v1/review/diagram.png", tag = "reviews", operation_id = "paintDiagram", security(("seat_key" = [])),
    responses((status = 200, description = "The picture", body = Vec<u8>, content_type = "image/png"))
)]
async fn diagram_png(State(front): State<Front>, AsSeat(key): AsSeat, headers: HeaderMap) -> Result<Response, Problem> {
    painted(&front, &key, &headers, |document| document.relations()).await
}

#[cfg(feature = "paper")]
async fn painted(
    front: &Front,
    key: &warifu_app::SeatKey,
    headers: &HeaderMap,
    draw: fn(&Document<'_>) -> String,
) -> Result<Response, Problem> {
    let drawn = written(front, key, headers, move |document| Ok(crate::export::png(&draw(document))?)).await?;
    Ok(picture(drawn, "image/png"))
}

fn picture(drawn: Vec<u8>, media_type: &'static str) -> Response {
    let mut response = drawn.into_response();
    let told = response.headers_mut();
    told.insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    // Opened by itself it is a page: one that runs nothing and asks nobody.
    told.insert(
        "content-security-policy",
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'; sandbox"),
    );
    response
}
