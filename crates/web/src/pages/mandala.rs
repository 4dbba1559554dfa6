//! The page of the cause mandala: for one person, who marks what may have been a cause. Nothing of it leaves the browser.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use askama::Template;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::Deserialize;
use warifu_app::chart_file::{SHIPPED_CHARTS, read};
use warifu_core::chart::{Chart, Language as Tongue};

use super::assets;
use super::text::{Audience, Language, Text};
use crate::body::CheckedQuery;
use crate::mandala::{Show, list_html, stage_html};
use crate::problem::Problem;

/// The charts that come with the service; a test reads them all.
static CHARTS: LazyLock<Vec<Chart>> =
    LazyLock::new(|| SHIPPED_CHARTS.iter().filter_map(|text| read(text).ok()).collect());

/// Which chart.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Query {
    /// Its key; that of projects if absent.
    chart: Option<String>,
}

/// A chart that can be chosen.
struct Choice<'a> {
    key: &'a str,
    name: &'a str,
    is_shown: bool,
}

#[derive(Template)]
#[template(path = "mandala.html")]
struct Page<'a> {
    text: Text,
    version: &'static str,
    key: &'a str,
    choices: Vec<Choice<'a>>,
    stage: String,
    list: String,
}

pub(super) async fn page(headers: HeaderMap, CheckedQuery(query): CheckedQuery<Query>) -> Result<Response, Problem> {
    let text = Language::of(&headers).words(Audience::Board);
    let tongue = language(&headers);
    let wanted = query.chart.as_deref();
    let found = CHARTS.iter().rev().find(|chart| wanted.is_none_or(|key| chart.key == key));
    let chart = found.ok_or_else(|| Problem::not_found("There is no such chart."))?;
    let marked = BTreeSet::new();
    let (title, voices, back) = (text.get("case"), text.get("voices"), text.get("back"));
    let show = Show { language: tongue, title, voices, back, counts: None, marked: &marked };
    let choices =
        CHARTS.iter().map(|it| Choice { key: &it.key, name: it.name.name(tongue), is_shown: it.key == chart.key });
    let page = Page {
        text,
        version: assets::version(),
        key: &chart.key,
        choices: choices.collect(),
        stage: stage_html(chart, &show),
        list: list_html(chart, &show, 2),
    };
    super::shell(&page, text, &headers)
}

/// The language of a chart's names that the browser asks for or that was chosen.
pub(crate) fn language(headers: &HeaderMap) -> Tongue {
    if Language::of(headers) == Language::Japanese { Tongue::Japanese } else { Tongue::English }
}

/// A chart as a picture and as a list, in the language that the browser asks for or that was chosen, with a case in its middle.
pub(crate) fn drawn(chart: &Chart, case: &str, headers: &HeaderMap) -> String {
    let text = Language::of(headers).words(Audience::Board);
    let language = language(headers);
    let (title, marked) = (if case.is_empty() { text.get("case") } else { case }, BTreeSet::new());
    let show =
        Show { language, title, voices: text.get("voices"), back: text.get("back"), counts: None, marked: &marked };
    format!("{}{}", stage_html(chart, &show), list_html(chart, &show, 3))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chart_that_comes_with_the_service_is_there() {
        assert_eq!(CHARTS.len(), SHIPPED_CHARTS.len());
    }
}
