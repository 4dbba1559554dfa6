//! Merchant-presented mode: what stands in the QR code that a shop shows and a member reads.
//!
//! Any EMVCo merchant code is read and written here ([`MerchantCode`]); JPQR's ([`JpqrNumber`]) and Warifu's own
//! ([`ShopCode`]) are such codes with certain contents. This room knows how a code is spelled. It must not know whether
//! a shop or a bill exists, what the bill asks for, nor how a picture is drawn.
//!
//! A code is text: data objects of a two-digit id, a two-digit length in characters and a value, and a checksum at the
//! end. The reader is strict, so that two handsets never understand one picture in two ways; only the order of data
//! objects is free, as EMVCo has it.
//!
//! Sources: EMVCo, "QR Code Specification for Payment Systems, Merchant-Presented Mode", 1.1; for JPQR, whose
//! specification is not public, a published code.

mod fields;
mod form;
mod jpqr;
mod merchant;
mod shop;
mod tlv;

#[cfg(test)]
mod tests;

pub use fields::{AdditionalData, LanguageTemplate, Template};
pub use jpqr::{JpqrNumber, JpqrNumberError};
pub use merchant::{Initiation, MerchantCode, Tip};
pub use shop::{Pointer, ShopCode};
pub use tlv::{ObjectId, TEXT_BYTES_MAX};

/// Why a merchant code cannot be written or read. No variant carries a value, only ids, so that an error may be logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MpmError {
    /// More than [`TEXT_BYTES_MAX`] bytes.
    #[error("the code is longer than {TEXT_BYTES_MAX} bytes")]
    TooLong,
    /// A data object ends after its surroundings do.
    #[error("a data object is cut short")]
    Truncated,
    /// An id is not two digits.
    #[error("an id is not two digits")]
    MalformedId,
    /// A length is not two digits.
    #[error("a length is not two digits")]
    MalformedLength,
    /// The indicator at the head (`00`) names another version.
    #[error("the code is of another version")]
    OtherVersion,
    /// The checksum (`63`) is not that of the text before it, in four upper-case hex digits.
    #[error("the checksum does not match")]
    Checksum,
    /// The data object is there but has no value.
    #[error("data object {0} is empty")]
    Empty(ObjectId),
    /// The data object stands twice.
    #[error("data object {0} stands twice")]
    Duplicate(ObjectId),
    /// The data object is required here and not there.
    #[error("data object {0} is missing")]
    Missing(ObjectId),
    /// The data object may not stand here, or not together with the others.
    #[error("data object {0} is out of place")]
    Unexpected(ObjectId),
    /// The value has more characters than the data object may have.
    #[error("data object {0} is too long")]
    FieldTooLong(ObjectId),
    /// The value has a control character, or one that is not printable ASCII where only those may stand.
    #[error("data object {0} has a character that may not stand there")]
    Character(ObjectId),
    /// The value is not of the data object's form: a number, an amount, one of a few words.
    #[error("data object {0} is malformed")]
    Malformed(ObjectId),
    /// No merchant account information (`02` to `51`).
    #[error("the code names no account")]
    NoAccount,
    /// A merchant code, but neither Warifu's nor JPQR's.
    #[error("the code is another service's")]
    OtherService,
}
