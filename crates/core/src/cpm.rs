//! Consumer-presented mode: what stands in the QR code that a member shows at the till.
//!
//! Two payloads are written and read here: JPQR's, which Warifu shows, and EMVCo's, from which it descends. Both are
//! BER-TLV in Base64. This room knows how a payload is spelled. It must not know whether a code is genuine, whose it is
//! or until when it holds, nor how a picture of it is drawn.
//!
//! The reader is strict: of the many ways in which BER can spell the same thing it takes one, so that two tills never
//! understand one picture in two ways.
//!
//! Sources: EMVCo, "QR Code Specification for Payment Systems, Consumer-Presented Mode", 1.1; for JPQR, whose
//! specification is not public, the payloads of two public implementations.

mod emv;
mod jpqr;
mod tlv;

#[cfg(test)]
mod tests;

pub use emv::{EmvCpm, EmvTemplate};
pub use jpqr::JpqrCpm;
pub use tlv::{PAYLOAD_BYTES_MAX, Tag};

/// Why a payload cannot be written or read. No variant carries a value, only tags, so that an error
/// may be logged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CpmError {
    /// More than [`PAYLOAD_BYTES_MAX`] bytes.
    #[error("the payload is longer than {PAYLOAD_BYTES_MAX} bytes")]
    TooLong,
    /// Not Base64 of the standard alphabet with padding.
    #[error("the payload is not Base64")]
    Base64(#[from] base64::DecodeError),
    /// A data object ends after its surroundings do.
    #[error("a data object is cut short")]
    Truncated,
    /// A tag of zero, or of more than two bytes.
    #[error("a tag is malformed")]
    MalformedTag,
    /// A length of indefinite form, of more than two bytes, or not in its shortest form.
    #[error("a length is malformed")]
    MalformedLength,
    /// The indicator at the head (`85`) names another format or another version.
    #[error("the payload is of another format")]
    OtherFormat,
    /// The data object is there but has no value.
    #[error("data object {0} is empty")]
    Empty(Tag),
    /// The data object stands twice where it may stand once.
    #[error("data object {0} stands twice")]
    Duplicate(Tag),
    /// The data object is required here and not there.
    #[error("data object {0} is missing")]
    Missing(Tag),
    /// The data object may not stand here.
    #[error("data object {0} is out of place")]
    Unexpected(Tag),
    /// The value has to consist of ASCII digits.
    #[error("data object {0} is not made of digits")]
    NotDigits(Tag),
    /// Neither track 2 data (`57`) nor an account number (`5A`) for an application.
    #[error("an application has neither track 2 data nor an account number")]
    NoAccount,
}
