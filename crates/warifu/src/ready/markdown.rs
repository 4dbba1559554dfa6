//! Readiness as Markdown: for the insurer, for a board of directors, for paper.

use std::fmt::Write as _;

use warifu_app::{ExposureStatement, Readiness, ShownLine};
use warifu_core::chart::Language;
use warifu_core::readiness::{LineState, Section};

use super::page::{count, grouped, line_of, reasons, said};

/// A text in which nothing is a mark: every sign of ASCII stands for itself (CommonMark, 2.4).
fn plain(text: &str) -> String {
    let mut out = String::new();
    for character in line_of(text).chars() {
        if character.is_ascii_punctuation() {
            out.push('\\');
        }
        out.push(character);
    }
    out
}

/// All of it. Writing to a text does not fail.
pub(super) fn written(readiness: &Readiness, exposure: Option<&ExposureStatement>, language: Language) -> String {
    let mut out = String::new();
    let say = |ja, en| said(language, ja, en);
    let open = count(readiness.open_lines(), readiness.lines.len(), language);
    let _ = writeln!(out, "# {} {}\n\n{open}\n", say("準備状況", "Readiness"), readiness.day);
    if let Some(exposure) = exposure {
        write_exposure(&mut out, exposure, language);
    }
    for section in Section::ALL {
        let lines: Vec<_> = readiness.lines.iter().filter(|line| line.line.section == section).collect();
        if lines.is_empty() {
            continue;
        }
        let _ = writeln!(out, "## {}\n", section.name(language));
        let heads = [
            say("状態", "State"),
            say("行", "Line"),
            say("担当", "Role"),
            say("期限", "Due"),
            say("証拠", "Evidence"),
            say("次の点検", "Next check"),
        ];
        let _ = writeln!(out, "| {} |\n|{}", heads.join(" | "), "---|".repeat(heads.len()));
        for line in lines {
            write_line(&mut out, line, language);
        }
        out.push('\n');
    }
    write_measures(&mut out, readiness, language);
    out
}

fn write_line(out: &mut String, shown: &ShownLine, language: Language) {
    let (line, answer) = (&shown.line, &shown.answer);
    let state = match (shown.gaps.is_empty(), answer.state) {
        (false, _) => format!("**{}** {}", said(language, "未了", "open"), reasons(&shown.gaps, language)),
        (true, LineState::NotNeeded) => said(language, "不要", "not needed").to_owned(),
        (true, _) => said(language, "充足", "met").to_owned(),
    };
    let seen = shown.seen.as_ref().map_or("", |seen| seen.what.name(language));
    let evidence = [seen, answer.evidence.text.as_str(), answer.evidence.url.as_str(), answer.reason.as_str()];
    let evidence: Vec<_> = evidence.into_iter().filter(|text| !text.trim().is_empty()).map(plain).collect();
    let cells = [
        state,
        plain(line.title.name(language)),
        plain(&answer.role),
        plain(&answer.due),
        evidence.join("; "),
        plain(&answer.next_check),
    ];
    let _ = writeln!(out, "| {} |", cells.join(" | "));
}

fn write_measures(out: &mut String, readiness: &Readiness, language: Language) {
    let say = |ja, en| said(language, ja, en);
    if readiness.reviews.is_empty() {
        return;
    }
    let open = count(readiness.open_measures(), readiness.measures().count(), language);
    let _ = writeln!(out, "## {}\n\n{open}\n", say("検討会の対策", "Measures of reviews"));
    for review in &readiness.reviews {
        let _ = writeln!(out, "### {}\n", plain(&review.case));
        for cause in &review.uncovered {
            let what = say("対策のない真の原因", "true cause without a measure");
            let _ = writeln!(out, "- **{what}**: {}", plain(cause.name(language)));
        }
        for shown in &review.measures {
            let measure = &shown.view.measure;
            let state = if shown.gaps.is_empty() {
                said(language, "充足", "met").to_owned()
            } else {
                format!("**{}** ({})", say("未了", "open"), reasons(&shown.gaps, language))
            };
            let whose = [measure.role.as_str(), measure.due.as_str(), measure.proof.text.as_str()];
            let whose: Vec<_> = whose.into_iter().filter(|text| !text.is_empty()).map(plain).collect();
            let _ = writeln!(out, "- {state}: {} ({})", plain(&measure.text), whose.join("; "));
        }
        out.push('\n');
    }
}

fn write_exposure(out: &mut String, stated: &ExposureStatement, language: Language) {
    let say = |ja, en| said(language, ja, en);
    let (wallets, holding) = (grouped(stated.exposure.wallets), grouped(stated.exposure.wallets_holding));
    let _ = writeln!(out, "## {}\n", say("エクスポージャー（円）", "Exposure in yen"));
    let _ = match language {
        Language::Japanese => writeln!(
            out,
            "{}現在、規定 {}。ウォレット {wallets}、うち残高のあるもの {holding}。\n",
            stated.at, stated.policy
        ),
        Language::English => writeln!(
            out,
            "As of {}, under policy {}; {wallets} wallets, {holding} of which hold anything.\n",
            stated.at, stated.policy
        ),
    };
    let _ = writeln!(
        out,
        "| {} | {} | {} |\n|---|---:|---|",
        say("項目", "Figure"),
        say("額", "Yen"),
        say("計算", "Formula")
    );
    for figure in &stated.figures {
        let amount = figure.amount.map_or_else(|| say("上限なし", "no limit").to_owned(), grouped);
        let (name, formula) = (plain(figure.name.name(language)), plain(figure.formula.name(language)));
        let _ = writeln!(out, "| {name} | {amount} | {formula} |");
    }
    out.push('\n');
}
