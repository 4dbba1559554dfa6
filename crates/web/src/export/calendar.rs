//! What is to be done until when, as a calendar (RFC 5545): an entry all day for each measure that is neither done nor given up and has a date,
//! with an alarm at nine on the day of its reminder. Nothing in it depends on where or when it is written, so it is the same each time, and a
//! calendar that takes it in again knows the entries by their names.

use std::fmt::Write as _;

use jiff::civil::Date;
use jiff::{Unit, tz::TimeZone};
use sha2::{Digest as _, Sha256};
use warifu_core::review::{Measure, MeasureState};

use super::blocks::facts;
use super::{Document, shortened};

/// More bytes than these no line has; what is longer goes on in the next behind a space.
const LINE_MAX: usize = 75;
/// More characters than these of a measure do not stand in the list of a day; its description has them all.
const SUMMARY_MAX: usize = 80;
/// At which hour of its day somebody is reminded, wherever they are.
const HOUR: i64 = 9;

/// The calendar.
pub(crate) fn calendar(document: &Document<'_>) -> String {
    let mut out = String::new();
    let name = shortened(&super::blocks::title(document), SUMMARY_MAX);
    line(&mut out, "BEGIN", "VCALENDAR");
    line(&mut out, "VERSION", "2.0");
    line(&mut out, "PRODID", "-//Warifu//Failure board//EN");
    line(&mut out, "CALSCALE", "GREGORIAN");
    line(&mut out, "X-WR-CALNAME", &escaped(&name));
    let stamp = begun(document);
    for (key, measure) in &document.measures {
        entry(&mut out, document, key, measure, stamp);
    }
    line(&mut out, "END", "VCALENDAR");
    out
}

fn entry(out: &mut String, document: &Document<'_>, key: &str, measure: &Measure, stamp: Date) {
    let is_over = matches!(measure.state, MeasureState::Done | MeasureState::Dropped);
    let [due, remind] = [&measure.due, &measure.remind].map(|date| date.parse::<Date>().ok());
    let Some(day) = due.or(remind).filter(|_| !is_over) else { return };
    line(out, "BEGIN", "VEVENT");
    line(out, "UID", &format!("{}@warifu", name_of(document, key)));
    line(out, "DTSTAMP", &format!("{}T000000Z", written(stamp)));
    line(out, "SEQUENCE", &document.changes.get(key).map_or(0, |version| version.saturating_sub(1)).to_string());
    line(out, "DTSTART;VALUE=DATE", &written(day));
    // Nobody is busy all day for it.
    line(out, "TRANSP", "TRANSPARENT");
    line(out, "SUMMARY", &escaped(&shortened(&measure.text, SUMMARY_MAX)));
    line(out, "DESCRIPTION", &escaped(&description(document, key, measure)));
    if let Some(remind) = remind {
        alarm(out, measure, day, remind);
    }
    line(out, "END", "VEVENT");
}

fn alarm(out: &mut String, measure: &Measure, day: Date, remind: Date) {
    // From the beginning of the entry's day, so that it needs no time zone. Dates of four digits are never too far apart.
    let days = day.until((Unit::Day, remind)).map_or(0, |span| i64::from(span.get_days()));
    let hours = days.saturating_mul(24).saturating_add(HOUR);
    let (sign, hours) = (if hours < 0 { "-" } else { "" }, hours.unsigned_abs());
    line(out, "BEGIN", "VALARM");
    line(out, "ACTION", "DISPLAY");
    line(out, "DESCRIPTION", &escaped(&shortened(&measure.text, SUMMARY_MAX)));
    line(out, "TRIGGER", &format!("{sign}PT{hours}H"));
    line(out, "END", "VALARM");
}

/// The measure in full, what is known of it, and of which case it is.
fn description(document: &Document<'_>, key: &str, measure: &Measure) -> String {
    let mut text = measure.text.clone();
    text.push('\n');
    for (word, said) in facts(document, key, measure) {
        let _ = write!(text, "\n{}: {said}", document.word(word));
    }
    if !measure.remind.is_empty() {
        let _ = write!(text, "\n{}: {}", document.word("remind"), measure.remind);
    }
    let _ = write!(text, "\n\n{}", super::blocks::title(document));
    text
}

/// A name that is the same whenever the review is taken away, and tells nothing of either.
fn name_of(document: &Document<'_>, key: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(b"warifu calendar\0");
    hash.update(document.look.review.id.bytes());
    hash.update(key.as_bytes());
    hash.finalize().iter().take(16).fold(String::new(), |mut name, byte| {
        let _ = write!(name, "{byte:02x}");
        name
    })
}

/// The day on which the review was begun: the one time that everything in it has been later than.
fn begun(document: &Document<'_>) -> Date {
    let millis = document.look.review.id.bytes().iter().take(6).fold(0, |sum, byte| (sum << 8) | i64::from(*byte));
    let begun = jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    begun.to_zoned(TimeZone::UTC).date()
}

fn written(date: Date) -> String {
    format!("{:04}{:02}{:02}", date.year(), date.month(), date.day())
}

/// Text as a value: what separates values stands for itself, and there is no character that ends a line.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.replace("\r\n", "\n").chars() {
        match character {
            '\\' | ';' | ',' => out.extend(['\\', character]),
            '\n' | '\r' | '\u{2028}' | '\u{2029}' | '\u{85}' => out.push_str("\\n"),
            control if control.is_control() => out.push(' '),
            other => out.push(other),
        }
    }
    out
}

/// A line, folded between characters.
fn line(out: &mut String, name: &str, value: &str) {
    let mut wide = 0;
    for character in format!("{name}:{value}").chars() {
        if wide + character.len_utf8() > LINE_MAX {
            out.push_str("\r\n ");
            wide = 1;
        }
        out.push(character);
        wide += character.len_utf8();
    }
    out.push_str("\r\n");
}
