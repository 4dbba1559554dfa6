//! How payloads are spelled: tags, lengths and values, headed by a format indicator, in Base64. This room must not know
//! where a format puts which data object.

use std::collections::BTreeSet;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::CpmError;

/// Most bytes of TLV in a payload, before Base64: EMVCo asks no reader to take more.
pub const PAYLOAD_BYTES_MAX: usize = 512;

/// Base64 characters of [`PAYLOAD_BYTES_MAX`] bytes; longer text is refused before it is decoded.
pub(super) const PAYLOAD_CHARS_MAX: usize = PAYLOAD_BYTES_MAX.div_ceil(3).saturating_mul(4);

/// The name of a data object: one byte (`4F`) or two (`5F20`), as EMV writes them.
///
/// EMV gives two bytes even to numbers that ISO 8825-1 would fit into one (`9F08`), so that such
/// tags are well-formed here.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(u16);

impl Tag {
    /// Application's name ("ADF name"); in JPQR the operator id.
    pub const APPLICATION_NAME: Tag = Tag(0x4F);
    /// Application label.
    pub const LABEL: Tag = Tag(0x50);
    /// Track 2 equivalent data; in JPQR the payment id.
    pub const TRACK_2: Tag = Tag(0x57);
    /// Primary account number of the application.
    pub const ACCOUNT_NUMBER: Tag = Tag(0x5A);
    /// Template of one application.
    pub const APPLICATION: Tag = Tag(0x61);
    /// Template of what two applications have in common.
    pub const COMMON: Tag = Tag(0x62);
    /// Template, inside `61`, that the till passes on to the issuer as it is.
    pub const APPLICATION_TRANSPARENT: Tag = Tag(0x63);
    /// Template, inside `62`, that the till passes on to the issuer as it is.
    pub const COMMON_TRANSPARENT: Tag = Tag(0x64);
    /// Payload format indicator, the first data object of every payload.
    pub const FORMAT: Tag = Tag(0x85);
    /// JPQR's free area.
    pub const FREE: Tag = Tag(0x99);
    /// Name of the cardholder.
    pub const CARDHOLDER: Tag = Tag(0x5F20);
    /// Preferred languages.
    pub const LANGUAGE: Tag = Tag(0x5F2D);
    /// Address of the issuer's site.
    pub const ISSUER_URL: Tag = Tag(0x5F50);
    /// Version of the application.
    pub const VERSION: Tag = Tag(0x9F08);
    /// Token requestor id.
    pub const TOKEN_REQUESTOR: Tag = Tag(0x9F19);
    /// Payment account reference.
    pub const ACCOUNT_REFERENCE: Tag = Tag(0x9F24);
    /// Last four digits of the account number.
    pub const LAST_FOUR: Tag = Tag(0x9F25);

    /// The tag whose bytes, read as one big-endian number, are `number`; nothing if those bytes are not exactly one
    /// well-formed tag.
    #[must_use]
    pub fn new(number: u16) -> Option<Tag> {
        let bytes = number.to_be_bytes();
        let bytes = bytes.strip_prefix(&[0]).unwrap_or(&bytes);
        matches!(read_tag(bytes), Ok((_, []))).then_some(Tag(number))
    }

    /// Whether the value holds further data objects.
    pub(super) fn is_constructed(self) -> bool {
        let [high, low] = self.0.to_be_bytes();
        let first = if high == 0 { low } else { high };
        first & 0x20 != 0
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02X}", self.0)
    }
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tag({self})")
    }
}

/// A data object: its tag and its value.
pub(super) type Object<'a> = (Tag, &'a [u8]);

/// The text of the payload whose indicator is `format`, with `templates` behind it.
pub(super) fn seal(format: &[u8], templates: &[u8]) -> Result<String, CpmError> {
    let mut payload = Vec::new();
    write(&mut payload, Tag::FORMAT, format)?;
    payload.extend(templates);
    if payload.len() > PAYLOAD_BYTES_MAX {
        return Err(CpmError::TooLong);
    }
    Ok(STANDARD.encode(payload))
}

/// The bytes of the payload `text`.
pub(super) fn unseal(text: &str) -> Result<Vec<u8>, CpmError> {
    if text.len() > PAYLOAD_CHARS_MAX {
        return Err(CpmError::TooLong);
    }
    let payload = STANDARD.decode(text)?;
    // Base64 moves in steps of three bytes, so that one byte too many may still have come through.
    if payload.len() > PAYLOAD_BYTES_MAX {
        return Err(CpmError::TooLong);
    }
    Ok(payload)
}

/// What stands behind the indicator, which has to be `format`.
pub(super) fn open<'a>(
    payload: &'a [u8],
    format: &[u8],
) -> Result<impl ExactSizeIterator<Item = Object<'a>>, CpmError> {
    let mut objects = read(payload)?.into_iter();
    if take(&mut objects, Tag::FORMAT)? != format {
        return Err(CpmError::OtherFormat);
    }
    Ok(objects)
}

/// Appends a data object.
pub(super) fn write(out: &mut Vec<u8>, tag: Tag, value: &[u8]) -> Result<(), CpmError> {
    if value.is_empty() {
        return Err(CpmError::Empty(tag));
    }
    match tag.0.to_be_bytes() {
        [0, one] => out.push(one),
        two => out.extend(two),
    }
    match u8::try_from(value.len()) {
        Ok(short @ ..=0x7F) => out.push(short),
        Ok(long) => out.extend([0x81, long]),
        Err(_) => {
            let [high, low] = u16::try_from(value.len()).map_err(|_| CpmError::TooLong)?.to_be_bytes();
            out.extend([0x82, high, low]);
        }
    }
    out.extend(value);
    Ok(())
}

/// The data objects of one level. All bytes must be used, and no value may be empty: an empty data
/// object would say nothing that its absence does not.
pub(super) fn read(bytes: &[u8]) -> Result<Vec<Object<'_>>, CpmError> {
    let mut objects = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let (tag, after_tag) = read_tag(rest)?;
        let (length, after_length) = read_length(after_tag)?;
        let (value, after_value) = after_length.split_at_checked(length).ok_or(CpmError::Truncated)?;
        if value.is_empty() {
            return Err(CpmError::Empty(tag));
        }
        objects.push((tag, value));
        rest = after_value;
    }
    Ok(objects)
}

/// The data objects of a template, where no tag stands twice.
pub(super) fn read_template(bytes: &[u8]) -> Result<Vec<Object<'_>>, CpmError> {
    let objects = read(bytes)?;
    let mut seen = BTreeSet::new();
    match objects.iter().find(|(tag, _)| !seen.insert(*tag)) {
        Some((tag, _)) => Err(CpmError::Duplicate(*tag)),
        None => Ok(objects),
    }
}

fn read_tag(bytes: &[u8]) -> Result<(Tag, &[u8]), CpmError> {
    match bytes {
        [] => Err(CpmError::Truncated),
        [0, ..] => Err(CpmError::MalformedTag),
        // Five low bits all set: the tag goes on, and for as long as the top bit says so.
        [first, more @ ..] if first & 0x1F == 0x1F => match more {
            [] => Err(CpmError::Truncated),
            [0x80..=0xFF, ..] => Err(CpmError::MalformedTag),
            [last, rest @ ..] => Ok((Tag(u16::from_be_bytes([*first, *last])), rest)),
        },
        [only, rest @ ..] => Ok((Tag(u16::from(*only)), rest)),
    }
}

fn read_length(bytes: &[u8]) -> Result<(usize, &[u8]), CpmError> {
    match bytes {
        [short @ ..=0x7F, rest @ ..] => Ok((usize::from(*short), rest)),
        [0x81, length @ 0x80..=0xFF, rest @ ..] => Ok((usize::from(*length), rest)),
        [0x82, high @ 1..=0xFF, low, rest @ ..] => Ok((usize::from(u16::from_be_bytes([*high, *low])), rest)),
        [] | [0x81] | [0x82] | [0x82, _] => Err(CpmError::Truncated),
        _ => Err(CpmError::MalformedLength),
    }
}

/// The value of the next data object, which has to be `expected`.
pub(super) fn take<'a>(objects: &mut impl Iterator<Item = Object<'a>>, expected: Tag) -> Result<&'a [u8], CpmError> {
    match objects.next() {
        Some((tag, value)) if tag == expected => Ok(value),
        Some((tag, _)) => Err(CpmError::Unexpected(tag)),
        None => Err(CpmError::Missing(expected)),
    }
}

/// Refuses a data object that nothing provides for.
pub(super) fn end<'a>(mut objects: impl Iterator<Item = Object<'a>>) -> Result<(), CpmError> {
    match objects.next() {
        Some((tag, _)) => Err(CpmError::Unexpected(tag)),
        None => Ok(()),
    }
}
