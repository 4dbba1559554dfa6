//! The page of readiness, on the operator's own address: what is open, the measures of reviews, and what could be lost. It is written
//! here as a whole and changes nothing: that address has no sign-in, so lines are answered by commands, which the page shows.

use askama::Template;
use axum::extract::State;
use axum::http::header::CACHE_CONTROL;
use axum::http::{HeaderMap, HeaderValue};
use axum::response::Response;
use serde::Deserialize;
use warifu_app::{ExposureStatement, Readiness, ReviewStanding, ShownLine, ShownMeasure};
use warifu_core::chart::Language as Tongue;
use warifu_core::money::Amount;
use warifu_core::readiness::{Gap, LineState, Section};
use warifu_core::review::ProofKind;

use super::assets;
use super::text::{Audience, Language, Text};
use crate::body::CheckedQuery;
use crate::problem::Problem;
use crate::state::Web;

/// In which language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    /// `ja` or `en`; as the browser likes it best, if absent.
    lang: Option<String>,
}

#[derive(Template)]
#[template(path = "ready.html")]
struct Page<'a> {
    text: Text,
    version: &'static str,
    day: String,
    open: usize,
    sections: Vec<Lines<'a>>,
    reviews: Vec<Measures<'a>>,
    open_measures: usize,
    exposure: Option<Stated<'a>>,
}

/// A section with its lines.
struct Lines<'a> {
    key: &'static str,
    name: &'static str,
    open: usize,
    count: usize,
    lines: Vec<LineView<'a>>,
}

struct LineView<'a> {
    key: &'a str,
    title: &'a str,
    why: &'a str,
    from: &'a str,
    mark: Mark,
    reasons: Vec<&'static str>,
    saw: &'a str,
    role: &'a str,
    suggested: &'a str,
    due: &'a str,
    evidence: &'a str,
    url: &'a str,
    reason: &'a str,
    checked_on: &'a str,
    next_check: &'a str,
    note: &'a str,
    /// What to type or to write into the configuration.
    act: String,
}

/// How a line or a measure stands: a sign and a word, beside the colour.
#[derive(Clone, Copy)]
struct Mark {
    key: &'static str,
    sign: &'static str,
    word: &'static str,
}

/// A review with its measures.
struct Measures<'a> {
    case: &'a str,
    href: String,
    uncovered: Vec<&'a str>,
    open: Vec<MeasureView<'a>>,
    met: Vec<MeasureView<'a>>,
}

struct MeasureView<'a> {
    text: &'a str,
    mark: Mark,
    reasons: Vec<&'static str>,
    role: &'a str,
    due: &'a str,
    remind: &'a str,
    proof: &'static str,
    proof_text: &'a str,
    proof_url: &'a str,
    /// What came of the proof, when, and what it said.
    result: Option<(&'static str, &'a str, &'a str)>,
}

/// The exposure.
struct Stated<'a> {
    at: String,
    wallets: String,
    holding: String,
    policy: i64,
    unused: String,
    worst: String,
    figures: Vec<FigureView<'a>>,
}

struct FigureView<'a> {
    name: &'a str,
    formula: &'a str,
    amount: String,
    is_unlimited: bool,
    is_sum: bool,
}

/// What every part of the page is written with.
#[derive(Clone, Copy)]
struct Pen {
    text: Text,
    tongue: Tongue,
}

pub(crate) async fn page(
    State(web): State<Web>,
    headers: HeaderMap,
    CheckedQuery(query): CheckedQuery<Query>,
) -> Result<Response, Problem> {
    let language = query.lang.as_deref().and_then(Language::parse).unwrap_or_else(|| Language::of(&headers));
    let text = language.words(Audience::Operator);
    let tongue = if language == Language::Japanese { Tongue::Japanese } else { Tongue::English };
    let readiness = web.app.readiness(&web.around).await?;
    // What cannot be read is said to be so, and the rest is shown all the same.
    let stated = web.app.recent_exposure().await.inspect_err(|error| tracing::warn!(%error, "no exposure to show"));
    let stated = stated.ok();
    let pen = Pen { text, tongue };
    let page = Page {
        text,
        version: assets::version(),
        day: readiness.day.to_string(),
        open: readiness.open_lines(),
        sections: Section::ALL.into_iter().filter_map(|section| pen.section(&readiness, section)).collect(),
        reviews: readiness.reviews.iter().map(|review| pen.review(review, &web.app.origin())).collect(),
        open_measures: readiness.open_measures().saturating_add(readiness.uncovered()),
        exposure: stated.as_ref().map(|stated| pen.exposure(stated)),
    };
    let mut response = super::shell(&page, text, &headers)?;
    // Unlike a shell it holds what is nobody else's business.
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

impl Pen {
    fn section<'a>(self, readiness: &'a Readiness, section: Section) -> Option<Lines<'a>> {
        let lines: Vec<_> = readiness.lines.iter().filter(|line| line.line.section == section).collect();
        let open = lines.iter().filter(|line| !line.gaps.is_empty()).count();
        (!lines.is_empty()).then(|| Lines {
            key: section.text(),
            name: section.name(self.tongue),
            open,
            count: lines.len(),
            lines: lines.into_iter().map(|line| self.line(line)).collect(),
        })
    }

    fn line(self, shown: &ShownLine) -> LineView<'_> {
        let (line, answer) = (&shown.line, &shown.answer);
        let is_unneeded = answer.state == LineState::NotNeeded;
        LineView {
            key: &line.key,
            title: line.title.name(self.tongue),
            why: line.why.name(self.tongue),
            from: line.from.name(self.tongue),
            mark: self.mark(&shown.gaps, is_unneeded),
            reasons: self.reasons(&shown.gaps),
            saw: shown.seen.as_ref().map_or("", |seen| seen.what.name(self.tongue)),
            role: &answer.role,
            suggested: line.role.name(self.tongue),
            due: &answer.due,
            evidence: &answer.evidence.text,
            url: &answer.evidence.url,
            reason: &answer.reason,
            checked_on: &answer.checked_on,
            next_check: &answer.next_check,
            note: &answer.note,
            act: line.look.map_or_else(
                || {
                    let repeats = if line.repeats.is_some() { " --next-check DAY" } else { "" };
                    format!("warifu ready set {} --state met --role ROLE --evidence TEXT{repeats}", line.key)
                },
                |look| look.mended_by().to_owned(),
            ),
        }
    }

    fn mark(self, gaps: &[Gap], is_unneeded: bool) -> Mark {
        match (gaps.is_empty(), is_unneeded) {
            (false, _) => Mark { key: "open", sign: "!", word: self.text.get("open") },
            (true, true) => Mark { key: "unneeded", sign: "–", word: self.text.get("unneeded") },
            (true, false) => Mark { key: "met", sign: "✓", word: self.text.get("met") },
        }
    }

    fn reasons(self, gaps: &[Gap]) -> Vec<&'static str> {
        gaps.iter().map(|gap| gap.says(self.tongue)).collect()
    }

    fn review<'a>(self, review: &'a ReviewStanding, origin: &str) -> Measures<'a> {
        let (met, open): (Vec<_>, Vec<_>) = review.measures.iter().partition(|measure| measure.gaps.is_empty());
        Measures {
            case: &review.case,
            href: format!("{origin}/reviews/{}", review.id),
            uncovered: review.uncovered.iter().map(|cause| cause.name(self.tongue)).collect(),
            open: open.into_iter().map(|measure| self.measure(measure)).collect(),
            met: met.into_iter().map(|measure| self.measure(measure)).collect(),
        }
    }

    fn measure(self, shown: &ShownMeasure) -> MeasureView<'_> {
        let measure = &shown.view.measure;
        let proof = match measure.proof.kind {
            ProofKind::None => "",
            ProofKind::Drill => self.text.get("proof_drill"),
            ProofKind::Test => self.text.get("proof_test"),
            ProofKind::Command => self.text.get("proof_command"),
            ProofKind::Document => self.text.get("proof_document"),
        };
        let held = |is_passed| if is_passed { self.text.get("passed") } else { self.text.get("failed") };
        MeasureView {
            text: &measure.text,
            mark: self.mark(&shown.gaps, false),
            reasons: self.reasons(&shown.gaps),
            role: &measure.role,
            due: &measure.due,
            remind: &measure.remind,
            proof,
            proof_text: &measure.proof.text,
            proof_url: &measure.proof.url,
            result: shown.view.result.as_ref().map(|it| (held(it.is_passed), it.at.as_str(), it.text.as_str())),
        }
    }

    fn exposure(self, stated: &ExposureStatement) -> Stated<'_> {
        let amount = |amount: Option<u64>| amount.map_or_else(|| self.text.get("no_limit").to_owned(), grouped);
        let of = |key| amount(stated.figures.iter().find(|figure| figure.key == key).and_then(|figure| figure.amount));
        Stated {
            at: stated.at.to_string(),
            wallets: grouped(stated.exposure.wallets),
            holding: grouped(stated.exposure.wallets_holding),
            policy: stated.policy,
            unused: of("unused"),
            worst: of("worst_day"),
            figures: stated
                .figures
                .iter()
                .map(|it| FigureView {
                    name: it.name.name(self.tongue),
                    formula: it.formula.name(self.tongue),
                    amount: amount(it.amount),
                    is_unlimited: it.is_unlimited,
                    is_sum: ["unused", "worst_day"].contains(&it.key),
                })
                .collect(),
        }
    }
}

/// A whole number with its thousands apart.
fn grouped(number: u64) -> String {
    // Sums of sound books are far below what an amount holds; what is not is written as it is.
    let amount = i64::try_from(number).ok().and_then(Amount::new);
    amount.map_or_else(|| number.to_string(), |amount| amount.to_string())
}
