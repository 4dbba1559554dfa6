//! The forms that values have: digits, printable ASCII, any text, amounts. This room must not know where a value stands
//! beyond the name that an error gets.

use super::{MpmError, ObjectId};

/// Japanese yen in ISO 4217, the one currency of which it is known here that it has no decimals.
pub(super) const JPY: &str = "392";

const AMOUNT_CHARS_MAX: usize = 13;

/// EMVCo's "N" of one length.
pub(super) fn check_digits(at: ObjectId, value: &str, length: usize) -> Result<(), MpmError> {
    if value.len() == length && is_digits(value) { Ok(()) } else { Err(not_of_form(at, value)) }
}

/// EMVCo's "ans": printable ASCII.
pub(super) fn check_ascii(at: ObjectId, value: &str, chars_max: usize) -> Result<(), MpmError> {
    check_chars(at, value, chars_max, |character| matches!(character, ' '..='~'))
}

/// EMVCo's "S": any characters but those that are no text.
pub(super) fn check_text(at: ObjectId, value: &str, chars_max: usize) -> Result<(), MpmError> {
    check_chars(at, value, chars_max, |character| !character.is_control())
}

/// Letters of ISO 3166-1 or ISO 639-1, upper-case as EMVCo writes both.
pub(super) fn check_two_letters(at: ObjectId, value: &str) -> Result<(), MpmError> {
    let fits = value.len() == 2 && value.bytes().all(|byte| byte.is_ascii_uppercase());
    if fits { Ok(()) } else { Err(not_of_form(at, value)) }
}

/// An amount above zero: digits, and at most one point, which may stand at the end. Of yen there are no decimals.
pub(super) fn check_amount(at: ObjectId, value: &str, currency: &str) -> Result<(), MpmError> {
    if value.chars().count() > AMOUNT_CHARS_MAX {
        return Err(MpmError::FieldTooLong(at));
    }
    let (whole, decimals) = value.split_once('.').unwrap_or((value, ""));
    let fits = !whole.is_empty() && is_digits(whole) && is_digits(decimals) && is_above_zero(value);
    if fits && (decimals.is_empty() || currency != JPY) { Ok(()) } else { Err(not_of_form(at, value)) }
}

/// A percentage from 0.01 to 99.99, written like an amount.
pub(super) fn check_percentage(at: ObjectId, value: &str) -> Result<(), MpmError> {
    let (whole, decimals) = value.split_once('.').unwrap_or((value, ""));
    let fits = (1..=2).contains(&whole.len())
        && decimals.len() <= 2
        && is_digits(whole)
        && is_digits(decimals)
        && is_above_zero(value);
    if fits { Ok(()) } else { Err(not_of_form(at, value)) }
}

/// One of a few words.
pub(super) fn check_one_of(at: ObjectId, value: &str, words: &[&str]) -> Result<(), MpmError> {
    if words.contains(&value) { Ok(()) } else { Err(not_of_form(at, value)) }
}

fn check_chars(at: ObjectId, value: &str, chars_max: usize, allowed: fn(char) -> bool) -> Result<(), MpmError> {
    if value.is_empty() {
        return Err(MpmError::Empty(at));
    }
    if value.chars().count() > chars_max {
        return Err(MpmError::FieldTooLong(at));
    }
    if value.chars().all(allowed) { Ok(()) } else { Err(MpmError::Character(at)) }
}

fn not_of_form(at: ObjectId, value: &str) -> MpmError {
    if value.is_empty() { MpmError::Empty(at) } else { MpmError::Malformed(at) }
}

fn is_digits(value: &str) -> bool {
    value.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_above_zero(value: &str) -> bool {
    value.bytes().any(|byte| matches!(byte, b'1'..=b'9'))
}
