//! How far a reader of events has come: a number in every stream of the journal, as one opaque text.
//!
//! The text is Base64 (URL alphabet, no padding) of a version byte and, for each stream from 0 on, the number of its last
//! transaction that was read, as a variable-length integer of seven bits a byte, lowest first (LEB128). Streams at the end
//! of which nothing was read yet are left out. A place has one text only.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use warifu_store::JournalCursor;

/// What the bytes begin with; another layout would have another number.
const VERSION: u8 = 1;
/// The longest text that is looked at: 64 streams of seven bytes come to 599.
const TEXT_MAX: usize = 2_000;
/// No stream has a number as large as this.
const NUMBER_END: i64 = 1 << 48;

/// A place in all streams. The default is before everything.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventCursor {
    /// By stream, from 0 on; the last is not 0.
    numbers: Vec<i64>,
}

/// The text is not one that a cursor has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("cursor is not one that a page of this list gave")]
pub struct EventCursorError;

impl EventCursor {
    /// The place where these streams were read to.
    pub(crate) fn of(places: impl IntoIterator<Item = JournalCursor>) -> Self {
        let mut numbers: Vec<i64> = Vec::new();
        for place in places {
            let Ok(index) = usize::try_from(place.stream) else { continue };
            if numbers.len() <= index {
                numbers.resize(index.saturating_add(1), 0);
            }
            if let Some(number) = numbers.get_mut(index) {
                *number = place.number();
            }
        }
        while numbers.last() == Some(&0) {
            numbers.pop();
        }
        Self { numbers }
    }

    /// Where reading a stream goes on.
    pub(crate) fn place_in(&self, stream: i64) -> Option<JournalCursor> {
        let number = usize::try_from(stream).ok().and_then(|index| self.numbers.get(index)).copied().unwrap_or(0);
        JournalCursor::at(stream, number)
    }

    /// Whether such a place exists in streams that end here. One beyond an end is another database's: reading on from it
    /// would leave out what is recorded up to it.
    pub(crate) fn lies_within(&self, ends: &[JournalCursor]) -> bool {
        (0_i64..).zip(&self.numbers).all(|(stream, number)| {
            *number == 0 || ends.iter().any(|end| end.stream == stream && *number <= end.number())
        })
    }
}

impl fmt::Display for EventCursor {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = vec![VERSION];
        for number in &self.numbers {
            let mut rest = *number;
            loop {
                let low = u8::try_from(rest & 0x7f).unwrap_or_default();
                rest >>= 7;
                bytes.push(if rest == 0 { low } else { low | 0x80 });
                if rest == 0 {
                    break;
                }
            }
        }
        formatter.write_str(&URL_SAFE_NO_PAD.encode(bytes))
    }
}

impl FromStr for EventCursor {
    type Err = EventCursorError;

    fn from_str(text: &str) -> Result<Self, EventCursorError> {
        if text.len() > TEXT_MAX {
            return Err(EventCursorError);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| EventCursorError)?;
        let Some((&VERSION, rest)) = bytes.split_first() else { return Err(EventCursorError) };
        let cursor = Self { numbers: read_numbers(rest).ok_or(EventCursorError)? };
        // Whatever else would read as the same place is not a text that was given.
        if cursor.to_string() == text { Ok(cursor) } else { Err(EventCursorError) }
    }
}

fn read_numbers(bytes: &[u8]) -> Option<Vec<i64>> {
    let mut numbers = Vec::new();
    let (mut number, mut shift) = (0_i64, 0_u32);
    for byte in bytes {
        number |= i64::from(byte & 0x7f).checked_shl(shift).filter(|_| shift < 49)?;
        if number >= NUMBER_END {
            return None;
        }
        if byte & 0x80 == 0 {
            numbers.push(number);
            (number, shift) = (0, 0);
        } else {
            shift = shift.checked_add(7)?;
        }
    }
    // A number that does not end, or zeros at the end.
    (shift == 0 && numbers.last() != Some(&0)).then_some(numbers)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::indexing_slicing)]
mod tests {
    use super::*;

    fn cursor(numbers: &[i64]) -> EventCursor {
        EventCursor::of((0..).zip(numbers).map(|(stream, number)| JournalCursor::at(stream, *number).unwrap()))
    }

    #[test]
    fn a_place_has_one_text() {
        for numbers in [&[][..], &[1], &[127, 128, 0, 300], &[0, 0, 5], &[(1 << 48) - 1; 64], &[1; 64]] {
            let place = cursor(numbers);
            let text = place.to_string();
            assert_eq!(text.parse::<EventCursor>().unwrap(), place, "{text}");
            for (stream, number) in (0..).zip(numbers) {
                assert_eq!(place.place_in(stream), JournalCursor::at(stream, *number));
            }
        }
        assert_eq!(cursor(&[0, 0]), EventCursor::default());
        assert_eq!(cursor(&[300; 64]).to_string().len(), 172);
    }

    #[test]
    fn nothing_else_is_a_text() {
        let encode = |bytes: &[u8]| URL_SAFE_NO_PAD.encode(bytes);
        for (text, what) in [
            (String::new(), "nothing"),
            ("*".to_owned(), "not Base64"),
            (format!("{}=", encode(&[1, 1])), "padding"),
            ("AR".to_owned(), "bits that mean nothing"),
            (encode(&[]), "no version"),
            (encode(&[2, 1]), "another version"),
            (encode(&[1, 0]), "a zero at the end"),
            (encode(&[1, 1, 0]), "a zero at the end"),
            (encode(&[1, 0x80]), "a number without an end"),
            (encode(&[1, 0x81, 0]), "a number in a longer spelling"),
            (encode(&[1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]), "a number of 49 bits"),
            (encode(&[1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]), "a number of 70 bits"),
            ("A".repeat(4_000), "too long"),
        ] {
            assert_eq!(text.parse::<EventCursor>(), Err(EventCursorError), "{what}: {text:.40}");
        }
    }

    #[test]
    fn a_place_beyond_an_end_is_another_databases() {
        let ends = [JournalCursor::at(0, 5).unwrap(), JournalCursor::at(1, 0).unwrap()];
        for (numbers, lies) in
            [(&[][..], true), (&[5], true), (&[6], false), (&[0, 1], false), (&[0, 0, 1], false), (&[1], true)]
        {
            assert_eq!(cursor(numbers).lies_within(&ends), lies, "{numbers:?}");
        }
    }
}
