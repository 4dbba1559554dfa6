//! The pages of the failure review: shells without anything of anybody's. What they show comes later, by requests with the key of a seat,
//! which no shell and no address holds.

use askama::Template;
use axum::http::HeaderMap;
use axum::response::Response;

use super::assets;
use super::text::{Audience, Language, Text};
use crate::problem::Problem;

/// The reviews in which a browser has a seat.
#[derive(Template)]
#[template(path = "reviews.html")]
struct Reviews {
    text: Text,
    version: &'static str,
}

/// One review.
#[derive(Template)]
#[template(path = "review.html")]
struct Review {
    text: Text,
    version: &'static str,
    /// Whether PDF and PNG can be made here.
    has_paper: bool,
}

/// Several reviews of one chart beside each other.
#[derive(Template)]
#[template(path = "compare.html")]
struct Compare {
    text: Text,
    version: &'static str,
}

/// The charts and their versions.
#[derive(Template)]
#[template(path = "charts.html")]
struct Charts {
    text: Text,
    version: &'static str,
}

pub(super) async fn list(headers: HeaderMap) -> Result<Response, Problem> {
    let text = words(&headers);
    super::shell(&Reviews { text, version: assets::version() }, text, &headers)
}

/// The same for every id: whether there is such a review is told to its seats only.
pub(super) async fn one(headers: HeaderMap) -> Result<Response, Problem> {
    let text = words(&headers);
    super::shell(&Review { text, version: assets::version(), has_paper: cfg!(feature = "paper") }, text, &headers)
}

pub(super) async fn compare(headers: HeaderMap) -> Result<Response, Problem> {
    let text = words(&headers);
    super::shell(&Compare { text, version: assets::version() }, text, &headers)
}

pub(super) async fn charts(headers: HeaderMap) -> Result<Response, Problem> {
    let text = words(&headers);
    super::shell(&Charts { text, version: assets::version() }, text, &headers)
}

fn words(headers: &HeaderMap) -> Text {
    Language::of(headers).words(Audience::Board)
}
