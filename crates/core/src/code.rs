//! The payment code: 24 digits that a member shows and a terminal reads, good for one use within minutes.
//!
//! Eight digits name the issuer, sixteen are random, the first of the sixteen is the bucket that storage may spread codes
//! by. The digits themselves are a secret while the code lives; storage knows them only by a keyed hash ([`CodeMac`]).

use core::time::Duration;
use std::fmt;
use std::str::FromStr;

use crate::cpm::JpqrCpm;
use crate::id::{TerminalId, TransactionId, WalletId};
use crate::refusal::Refusal;
use crate::time::Time;

/// How long a code lives.
pub const CODE_LIFETIME: Duration = Duration::from_secs(300);

/// How many codes an issuer prefix can have: 10^16.
pub const CODE_SPACE: u64 = 10_000_000_000_000_000;

/// The eight digits that tell a terminal whose code it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerPrefix(String);

/// Why a text is not an issuer prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an issuer prefix is 8 digits")]
pub struct IssuerPrefixError;

impl FromStr for IssuerPrefix {
    type Err = IssuerPrefixError;

    fn from_str(text: &str) -> Result<Self, IssuerPrefixError> {
        let fits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
        if fits { Ok(Self(text.to_owned())) } else { Err(IssuerPrefixError) }
    }
}

impl IssuerPrefix {
    /// The digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A payment code. Its digits are shown by [`Code::digits`] only; `Debug` hides them.
#[derive(Clone, PartialEq, Eq)]
pub struct Code(String);

/// Why a text is not a payment code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a payment code is 24 digits, or the text of a JPQR code that holds them")]
pub struct CodeError;

impl Code {
    /// The code of `prefix` with the random number `number`; `None` unless it is below [`CODE_SPACE`].
    #[must_use]
    pub fn new(prefix: &IssuerPrefix, number: u64) -> Option<Self> {
        (number < CODE_SPACE).then(|| Self(format!("{}{number:016}", prefix.0)))
    }

    /// Reads what a scanner delivers: the 24 digits of the barcode, or the Base64 text of the QR code.
    ///
    /// # Errors
    /// [`CodeError`] for everything else.
    pub fn read(scanned: &str) -> Result<Self, CodeError> {
        let is_code = |text: &str| text.len() == 24 && text.bytes().all(|byte| byte.is_ascii_digit());
        if is_code(scanned) {
            return Ok(Self(scanned.to_owned()));
        }
        let payload = JpqrCpm::decode(scanned).map_err(|_| CodeError)?;
        let digits = format!("{}{}", payload.operator_id, payload.payment_id);
        if payload.operator_id.len() == 8 && is_code(&digits) { Ok(Self(digits)) } else { Err(CodeError) }
    }

    /// All 24 digits, as Code 128 draws them.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// The text of the JPQR code that shows this payment code.
    #[must_use]
    pub fn jpqr(&self) -> String {
        let (operator_id, payment_id) = self.0.split_at_checked(8).unwrap_or_default();
        let payload = JpqrCpm { operator_id: operator_id.to_owned(), payment_id: payment_id.to_owned(), free: None };
        // Never empty: 8 and 16 digits are within what the writer takes.
        payload.encode().unwrap_or_default()
    }

    /// Whether it carries the issuer's prefix.
    #[must_use]
    pub fn is_issued_by(&self, prefix: &IssuerPrefix) -> bool {
        self.0.starts_with(prefix.as_str())
    }

    /// The first of the sixteen random digits, 0 to 9.
    #[must_use]
    pub fn bucket(&self) -> u8 {
        self.0.as_bytes().get(8).map_or(0, |byte| byte.saturating_sub(b'0'))
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Code(..)")
    }
}

/// What storage knows a code by: its bucket, and the first 16 bytes of a keyed HMAC-SHA256 of its digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CodeMac {
    /// 0 to 9.
    pub bucket: u8,
    /// The truncated HMAC.
    pub mac: [u8; 16],
}

/// A code as storage keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedCode {
    /// Its name in storage.
    pub mac: CodeMac,
    /// Whose money it moves.
    pub wallet: WalletId,
    /// From when it is good.
    pub issued_at: Time,
    /// The first moment at which it is no longer good.
    pub expires_at: Time,
    /// Whether it is the wallet's newest code; a newer one ends the older.
    pub newest: bool,
    /// Whether the member wants points to be used.
    pub use_points: bool,
    /// The terminal of its first refused try, the only one that may try again.
    pub bound_to: Option<TerminalId>,
    /// The transaction that used it up.
    pub consumed_by: Option<TransactionId>,
}

impl IssuedCode {
    /// Whether `terminal` may use this code at `at`.
    ///
    /// # Errors
    /// The refusals about codes, in their fixed order.
    pub fn check(&self, terminal: TerminalId, at: Time) -> Result<(), Refusal> {
        if self.bound_to.is_some_and(|bound| bound != terminal) {
            return Err(Refusal::CodeBound);
        }
        if self.consumed_by.is_some() {
            return Err(Refusal::CodeConsumed);
        }
        if !self.newest || at >= self.expires_at {
            return Err(Refusal::CodeExpired);
        }
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn prefix() -> IssuerPrefix {
        "90000123".parse().unwrap()
    }

    #[test]
    fn a_code_is_prefix_and_sixteen_digits() {
        let code = Code::new(&prefix(), 7).unwrap();
        assert_eq!(code.digits(), "900001230000000000000007");
        assert_eq!(code.bucket(), 0);
        assert_eq!(Code::new(&prefix(), CODE_SPACE - 1).unwrap().bucket(), 9);
        assert_eq!(Code::new(&prefix(), CODE_SPACE), None);
    }

    #[test]
    fn both_pictures_of_a_code_read_as_the_same_code() {
        let code = Code::new(&prefix(), 1_234_567_890_123_456).unwrap();
        assert_eq!(Code::read(code.digits()).unwrap(), code);
        assert_eq!(Code::read(&code.jpqr()).unwrap(), code);
    }

    #[test]
    fn other_texts_are_no_codes() {
        for wrong in
            ["", "9000012300000000000000", "9000012300000000000000071", "90000123000000000000000x", "hQV", "９"]
        {
            assert_eq!(Code::read(wrong), Err(CodeError), "{wrong}");
        }
    }

    #[test]
    fn a_prefix_is_eight_digits_and_tells_whose_code_it_is() {
        assert_eq!(prefix().as_str(), "90000123");
        for wrong in ["", "9000012", "900001234", "9000012x", "９000012"] {
            assert_eq!(wrong.parse::<IssuerPrefix>(), Err(IssuerPrefixError), "{wrong}");
        }
        let code = Code::new(&prefix(), 7).unwrap();
        assert!(code.is_issued_by(&prefix()) && !code.is_issued_by(&"90000124".parse().unwrap()));
    }

    #[test]
    fn a_code_is_not_printed() {
        assert_eq!(format!("{:?}", Code::new(&prefix(), 7).unwrap()), "Code(..)");
    }

    #[test]
    fn the_checks_of_a_code_come_in_a_fixed_order() {
        let here = TerminalId::from_bytes([1; 16]);
        let elsewhere = TerminalId::from_bytes([2; 16]);
        let issued_at = Time::EPOCH;
        let expires_at = issued_at.saturating_add(CODE_LIFETIME);
        let mut code = IssuedCode {
            mac: CodeMac { bucket: 0, mac: [0; 16] },
            wallet: WalletId::from_bytes([3; 16]),
            issued_at,
            expires_at,
            newest: true,
            use_points: false,
            bound_to: None,
            consumed_by: None,
        };
        let last = Time::from_unix_micros(expires_at.unix_micros() - 1).unwrap();
        assert_eq!(code.check(here, last), Ok(()));
        assert_eq!(code.check(here, expires_at), Err(Refusal::CodeExpired));
        code.newest = false;
        assert_eq!(code.check(here, last), Err(Refusal::CodeExpired));
        code.consumed_by = Some(TransactionId::from_bytes([4; 16]));
        assert_eq!(code.check(here, last), Err(Refusal::CodeConsumed));
        code.bound_to = Some(elsewhere);
        assert_eq!(code.check(here, last), Err(Refusal::CodeBound));
        assert_eq!(code.check(elsewhere, last), Err(Refusal::CodeConsumed));
    }
}
