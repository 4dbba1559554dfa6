//! JPQR's payload: two ids made of digits, and room for the operator's own use. This room must not know whose prefix an
//! operator id is, nor how a payment code divides into the two ids.

use std::fmt;

use super::tlv::{end, open, read_template, seal, take, unseal, write};
use super::{CpmError, Tag};

/// A JPQR payload: `85` "JPQR1", then `61` with the operator id in `4F`, the payment id in `57` and,
/// where used, the free area in `99`.
///
/// Both ids are ASCII digits, one byte a digit: EMV's packed coding of `57` is not used.
///
/// ```
/// # use warifu_core::cpm::JpqrCpm;
/// let cpm = JpqrCpm { operator_id: "90000002".into(), payment_id: "1234567890123456".into(), free: None };
/// assert_eq!(cpm.encode()?, "hQVKUFFSMWEcTwg5MDAwMDAwMlcQMTIzNDU2Nzg5MDEyMzQ1Ng==");
/// # Ok::<(), warifu_core::cpm::CpmError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct JpqrCpm {
    /// Who issued the code; digits. Warifu's are the eight digits of the issuer prefix.
    pub operator_id: String,
    /// The code itself; digits. Warifu's are the sixteen digits after the issuer prefix.
    pub payment_id: String,
    /// The operator's own use; any bytes, at least one. Warifu leaves it out.
    pub free: Option<Vec<u8>>,
}

impl JpqrCpm {
    const FORMAT: &'static [u8] = b"JPQR1";

    /// The payload as the text of the QR code.
    ///
    /// # Errors
    /// [`CpmError::NotDigits`] or [`CpmError::Empty`] for an id, `Empty` for a free area of no bytes,
    /// [`CpmError::TooLong`] beyond [`PAYLOAD_BYTES_MAX`](super::PAYLOAD_BYTES_MAX).
    pub fn encode(&self) -> Result<String, CpmError> {
        let operator_id = read_digits(Tag::APPLICATION_NAME, self.operator_id.as_bytes())?;
        let payment_id = read_digits(Tag::TRACK_2, self.payment_id.as_bytes())?;
        let mut application = Vec::new();
        write(&mut application, Tag::APPLICATION_NAME, operator_id.as_bytes())?;
        write(&mut application, Tag::TRACK_2, payment_id.as_bytes())?;
        if let Some(free) = &self.free {
            write(&mut application, Tag::FREE, free)?;
        }

        let mut payload = Vec::new();
        write(&mut payload, Tag::APPLICATION, &application)?;
        seal(Self::FORMAT, &payload)
    }

    /// Reads what [`JpqrCpm::encode`] wrote. Primitive data objects that are not known here may
    /// stand in `61`, among the known ones, and are dropped; nothing else is forgiven.
    ///
    /// # Errors
    /// The [`CpmError`] of the first fault found.
    pub fn decode(payload: &str) -> Result<JpqrCpm, CpmError> {
        let payload = unseal(payload)?;
        let mut top = open(&payload, Self::FORMAT)?;
        let application = read_template(take(&mut top, Tag::APPLICATION)?)?;
        end(top)?;
        if let Some((template, _)) = application.iter().find(|(tag, _)| tag.is_constructed()) {
            return Err(CpmError::Unexpected(*template));
        }

        let mut known =
            application.into_iter().filter(|(tag, _)| matches!(*tag, Tag::APPLICATION_NAME | Tag::TRACK_2 | Tag::FREE));
        let operator_id = take(&mut known, Tag::APPLICATION_NAME)?;
        let payment_id = take(&mut known, Tag::TRACK_2)?;
        // Of three known tags, none of which stands twice, only the free area's is left.
        let free = known.next().map(|(_, value)| value.to_vec());
        Ok(JpqrCpm {
            operator_id: read_digits(Tag::APPLICATION_NAME, operator_id)?,
            payment_id: read_digits(Tag::TRACK_2, payment_id)?,
            free,
        })
    }
}

/// Leaves out the payment id: whoever reads it in a log could show it at a till.
impl fmt::Debug for JpqrCpm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JpqrCpm").field("operator_id", &self.operator_id).finish_non_exhaustive()
    }
}

fn read_digits(tag: Tag, value: &[u8]) -> Result<String, CpmError> {
    if !value.iter().all(u8::is_ascii_digit) {
        return Err(CpmError::NotDigits(tag));
    }
    Ok(value.iter().copied().map(char::from).collect())
}
