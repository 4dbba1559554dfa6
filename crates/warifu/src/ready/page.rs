//! Readiness for whoever sits at a terminal: what is open first, and what to type.

use std::fmt::Write as _;

use warifu_app::{ExposureStatement, Readiness, ReviewStanding, ShownLine};
use warifu_core::chart::Language;
use warifu_core::readiness::{Gap, LineState, Section};

/// How wide the keys of lines stand.
const KEY_WIDTH: usize = 24;
/// How much of a measure is shown.
const MEASURE_CHARS: usize = 160;

/// The one of two texts that is in this language.
pub(super) const fn said(language: Language, ja: &'static str, en: &'static str) -> &'static str {
    match language {
        Language::Japanese => ja,
        Language::English => en,
    }
}

/// A whole number with its thousands apart.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A text in one line.
pub(super) fn line_of(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

pub(super) fn reasons(gaps: &[Gap], language: Language) -> String {
    let between = said(language, "、", "; ");
    gaps.iter().map(|gap| gap.says(language)).collect::<Vec<_>>().join(between)
}

/// How many of so many are open.
pub(super) fn count(open: usize, all: usize, language: Language) -> String {
    match language {
        Language::Japanese => format!("{all}件中 {open}件が未了"),
        Language::English => format!("{open} of {all} open"),
    }
}

/// All of it as text. Writing to a text does not fail.
pub(super) fn written(readiness: &Readiness, exposure: Option<&ExposureStatement>, language: Language) -> String {
    let mut out = String::new();
    let say = |ja, en| said(language, ja, en);
    let open = count(readiness.open_lines(), readiness.lines.len(), language);
    let _ = writeln!(out, "{} {}: {open}\n", say("準備状況", "Readiness on"), readiness.day);
    for section in Section::ALL {
        let lines: Vec<_> = readiness.lines.iter().filter(|line| line.line.section == section).collect();
        if lines.is_empty() {
            continue;
        }
        let open = lines.iter().filter(|line| !line.gaps.is_empty()).count();
        let _ = writeln!(out, "{} ({})", section.name(language), count(open, lines.len(), language));
        for line in lines {
            write_line(&mut out, line, language);
        }
        out.push('\n');
    }
    write_measures(&mut out, readiness, language);
    if let Some(exposure) = exposure {
        write_exposure(&mut out, exposure, language);
    }
    let _ = writeln!(
        out,
        "{}",
        say(
            "答えるには: warifu ready set 行の名前 --state met --role 役割 --evidence 証拠 --next-check 2026-12-31",
            "To answer a line: warifu ready set LINE --state met --role ROLE --evidence TEXT --next-check 2026-12-31",
        )
    );
    out
}

fn write_line(out: &mut String, shown: &ShownLine, language: Language) {
    let say = |ja, en| said(language, ja, en);
    let (line, answer) = (&shown.line, &shown.answer);
    let is_open = !shown.gaps.is_empty();
    let sign = match (is_open, answer.state) {
        (true, _) => '!',
        (false, LineState::NotNeeded) => '-',
        (false, _) => '✓',
    };
    let _ = writeln!(out, "  {sign} {:<KEY_WIDTH$} {}", line.key, line_of(line.title.name(language)));
    let mut more = |label: &str, text: &str| {
        if !text.trim().is_empty() {
            let _ = writeln!(out, "      {label}: {}", line_of(text));
        }
    };
    if is_open {
        more(say("未了", "open"), &reasons(&shown.gaps, language));
        more(say("理由", "why"), line.why.name(language));
    }
    if let Some(seen) = &shown.seen {
        more(say("見たもの", "saw"), seen.what.name(language));
    }
    match answer.role.trim() {
        "" if is_open => more(say("担当（たとえば）", "role, say"), line.role.name(language)),
        role => more(say("担当", "role"), role),
    }
    if is_open {
        more(say("期限", "due"), &answer.due);
    }
    more(say("不要とした理由", "not needed"), &answer.reason);
    more(say("証拠", "evidence"), &format!("{} {}", answer.evidence.text, answer.evidence.url));
    more(say("次の点検", "next check"), &answer.next_check);
    more(say("メモ", "note"), &answer.note);
}

fn write_measures(out: &mut String, readiness: &Readiness, language: Language) {
    let say = |ja, en| said(language, ja, en);
    let all = readiness.measures().count();
    if readiness.reviews.is_empty() {
        return;
    }
    let open = count(readiness.open_measures(), all, language);
    let _ = writeln!(out, "{} ({open})", say("検討会の対策", "Measures of reviews"));
    for review in &readiness.reviews {
        write_review(out, review, language);
    }
    out.push('\n');
}

fn write_review(out: &mut String, review: &ReviewStanding, language: Language) {
    let say = |ja, en| said(language, ja, en);
    let _ = writeln!(out, "  {} ({})", line_of(&review.case), review.id);
    for cause in &review.uncovered {
        let _ = writeln!(
            out,
            "  ! {}: {}",
            say("対策のない真の原因", "true cause without a measure"),
            line_of(cause.name(language))
        );
    }
    for shown in &review.measures {
        let measure = &shown.view.measure;
        let is_open = !shown.gaps.is_empty();
        let text = line_of(&measure.text);
        let short: String = text.chars().take(MEASURE_CHARS).collect();
        let rest = if short == text { "" } else { "…" };
        let _ = writeln!(out, "  {} {short}{rest}", if is_open { '!' } else { '✓' });
        if is_open {
            let _ = writeln!(out, "      {}: {}", say("未了", "open"), reasons(&shown.gaps, language));
            for (label, text) in [(say("担当", "role"), &measure.role), (say("期限", "due"), &measure.due)] {
                if !text.is_empty() {
                    let _ = writeln!(out, "      {label}: {}", line_of(text));
                }
            }
        }
    }
}

fn write_exposure(out: &mut String, stated: &ExposureStatement, language: Language) {
    let say = |ja, en| said(language, ja, en);
    let exposure = &stated.exposure;
    let (wallets, holding) = (grouped(exposure.wallets), grouped(exposure.wallets_holding));
    let _ = match language {
        Language::Japanese => writeln!(
            out,
            "エクスポージャー（{}、規定 {}。ウォレット {wallets}、うち残高のあるもの {holding}）円",
            stated.at, stated.policy
        ),
        Language::English => writeln!(
            out,
            "Exposure in yen (at {}, policy {}; {wallets} wallets, {holding} of them hold anything)",
            stated.at, stated.policy
        ),
    };
    for figure in &stated.figures {
        let amount = figure.amount.map_or_else(|| say("上限なし", "no limit").to_owned(), grouped);
        // A Japanese character is as wide as two others.
        let width = if amount.is_ascii() { 24 } else { 24_usize.saturating_sub(amount.chars().count()) };
        let sign = if figure.is_unlimited { '!' } else { ' ' };
        let _ = writeln!(out, "{amount:>width$} {sign} {}", figure.name.name(language));
        let _ = writeln!(out, "{:27}{}", "", figure.formula.name(language));
    }
    out.push('\n');
}
