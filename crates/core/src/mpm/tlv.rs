//! How merchant codes are spelled: ids and lengths in two decimal digits, values, and a checksum over it all. This room
//! must not know what a data object means.

use std::collections::BTreeSet;
use std::fmt;

use super::MpmError;

/// Most bytes of UTF-8 in a code: EMVCo asks no reader to take more than 512 characters.
pub const TEXT_BYTES_MAX: usize = 512;

/// Most characters of a value: what two digits can say.
pub(super) const VALUE_CHARS_MAX: usize = 99;

/// Which data object of a code: its id, after those of the templates that it stands in. Ids are 0 to 99.
///
/// Shown as `54`, `26.00` or `62.50.01`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ObjectId {
    /// At the top.
    Root(u8),
    /// In a template: the template's id, then its own.
    Sub(u8, u8),
    /// In a template of the additional data.
    SubSub(u8, u8, u8),
}

impl ObjectId {
    /// The data object `id` in `template`, or at the top. Templates nest no deeper than twice.
    pub(super) fn inside(template: Option<ObjectId>, id: u8) -> ObjectId {
        match template {
            None => ObjectId::Root(id),
            Some(ObjectId::Root(root)) => ObjectId::Sub(root, id),
            Some(ObjectId::Sub(root, sub) | ObjectId::SubSub(root, sub, _)) => ObjectId::SubSub(root, sub, id),
        }
    }

    fn number(self) -> u8 {
        match self {
            ObjectId::Root(id) | ObjectId::Sub(_, id) | ObjectId::SubSub(_, _, id) => id,
        }
    }
}

impl fmt::Display for ObjectId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ObjectId::Root(id) => write!(f, "{id:02}"),
            ObjectId::Sub(root, id) => write!(f, "{root:02}.{id:02}"),
            ObjectId::SubSub(root, sub, id) => write!(f, "{root:02}.{sub:02}.{id:02}"),
        }
    }
}

/// A data object: its id and its value.
pub(super) type Object<'a> = (u8, &'a str);

/// Appends the data object `at`.
pub(super) fn write(out: &mut String, at: ObjectId, value: &str) -> Result<(), MpmError> {
    let length = value.chars().count();
    if length == 0 {
        return Err(MpmError::Empty(at));
    }
    if length > VALUE_CHARS_MAX {
        return Err(MpmError::FieldTooLong(at));
    }
    out.push_str(&format!("{:02}{length:02}{value}", at.number()));
    Ok(())
}

/// The data objects of `template`, or of the whole text, in the order in which they stand. All characters must be used,
/// no id may stand twice, and no value may be empty: an empty data object would say nothing that its absence does not.
pub(super) fn read(text: &str, template: Option<ObjectId>) -> Result<Vec<Object<'_>>, MpmError> {
    let mut objects = Vec::new();
    let mut seen = BTreeSet::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (id, after_id) = read_two_digits(rest, MpmError::MalformedId)?;
        let (length, after_length) = read_two_digits(after_id, MpmError::MalformedLength)?;
        let (value, after_value) = split_at_char(after_length, usize::from(length)).ok_or(MpmError::Truncated)?;
        let at = ObjectId::inside(template, id);
        if value.is_empty() {
            return Err(MpmError::Empty(at));
        }
        if !seen.insert(id) {
            return Err(MpmError::Duplicate(at));
        }
        objects.push((id, value));
        rest = after_value;
    }
    Ok(objects)
}

fn read_two_digits(text: &str, malformed: MpmError) -> Result<(u8, &str), MpmError> {
    let (digits, rest) = split_at_char(text, 2).ok_or(MpmError::Truncated)?;
    // Parsing alone would also take a sign.
    if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(malformed);
    }
    let number = digits.parse().map_err(|_| malformed)?;
    Ok((number, rest))
}

/// `text` in two, the first of `count` characters; nothing if there are fewer.
fn split_at_char(text: &str, count: usize) -> Option<(&str, &str)> {
    let mut ends = text.char_indices().map(|(start, _)| start).chain([text.len()]);
    text.split_at_checked(ends.nth(count)?)
}

/// The checksum of `text`, which ends with the checksum's own id and length: CRC-16 with the polynomial 1021 and the
/// initial value FFFF (ISO/IEC 13239 without the final inversion) over bytes of UTF-8, as four upper-case hex digits.
pub(super) fn checksum(text: &str) -> String {
    let crc = text.bytes().fold(0xFFFF_u16, |crc, byte| {
        (0..8).fold(crc ^ u16::from_be_bytes([byte, 0]), |crc, _| {
            let shifted = crc.wrapping_shl(1);
            if crc & 0x8000 == 0 { shifted } else { shifted ^ 0x1021 }
        })
    });
    format!("{crc:04X}")
}
