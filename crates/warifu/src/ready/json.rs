//! Readiness for programs.

use serde_json::{Value, json};
use warifu_app::{ExposureStatement, Readiness, ReviewStanding, ShownLine};
use warifu_core::chart::Names;
use warifu_core::readiness::{Answer, Gap};

/// All of it, as one object.
pub(super) fn readiness(readiness: &Readiness, exposure: Option<&ExposureStatement>) -> Value {
    json!({
        "day": readiness.day.to_string(),
        "is_open": readiness.is_open(),
        "open_lines": readiness.open_lines(),
        "open_measures": readiness.open_measures(),
        "uncovered_causes": readiness.uncovered(),
        "lines": readiness.lines.iter().map(line).collect::<Vec<_>>(),
        "reviews": readiness.reviews.iter().map(review).collect::<Vec<_>>(),
        "exposure": exposure.map(stated),
    })
}

/// An answer, as it stands.
pub(super) fn answer(key: &str, answer: &Answer) -> Value {
    json!({
        "line": key,
        "state": answer.state.text(),
        "role": answer.role,
        "due": answer.due,
        "reason": answer.reason,
        "evidence": answer.evidence.text,
        "url": answer.evidence.url,
        "checked_on": answer.checked_on,
        "next_check": answer.next_check,
        "note": answer.note,
    })
}

fn names(names: &Names) -> Value {
    json!({ "ja": names.ja, "en": names.en })
}

fn words(gaps: &[Gap]) -> Vec<&'static str> {
    gaps.iter().map(|gap| gap.text()).collect()
}

fn line(shown: &ShownLine) -> Value {
    let line = &shown.line;
    json!({
        "key": line.key,
        "section": line.section.text(),
        "title": names(&line.title),
        "why": names(&line.why),
        "from": names(&line.from),
        "suggested_role": names(&line.role),
        "repeats_days": line.repeats,
        "is_own": line.is_own,
        "is_looked_at": line.look.is_some(),
        "seen": shown.seen.as_ref().map(|seen| json!({ "is_met": seen.is_met, "what": names(&seen.what) })),
        "is_open": !shown.gaps.is_empty(),
        "open_because": words(&shown.gaps),
        "version": shown.version,
        "answer": answer(&line.key, &shown.answer),
    })
}

fn review(review: &ReviewStanding) -> Value {
    let measure = |shown: &warifu_app::ShownMeasure| {
        let measure = &shown.view.measure;
        json!({
            "key": shown.view.key,
            "text": measure.text,
            "role": measure.role,
            "due": measure.due,
            "remind": measure.remind,
            "state": measure.state,
            "proof": measure.proof,
            "last_result": shown.view.result,
            "is_open": !shown.gaps.is_empty(),
            "open_because": words(&shown.gaps),
        })
    };
    json!({
        "review_id": review.id.to_string(),
        "case": review.case,
        "measures": review.measures.iter().map(measure).collect::<Vec<_>>(),
        "uncovered_causes": review.uncovered.iter().map(names).collect::<Vec<_>>(),
    })
}

fn stated(stated: &ExposureStatement) -> Value {
    let figure = |figure: &warifu_core::readiness::exposure::Figure| {
        json!({
            "key": figure.key,
            "amount": figure.amount,
            "is_unlimited": figure.is_unlimited,
            "name": names(&figure.name),
            "formula": names(&figure.formula),
        })
    };
    json!({
        "at": stated.at.to_string(),
        "policy": stated.policy,
        "wallets": stated.exposure.wallets,
        "wallets_holding": stated.exposure.wallets_holding,
        "terminals": stated.terminals,
        "figures": stated.figures.iter().map(figure).collect::<Vec<_>>(),
    })
}
