//! The caller's own key for a command: what makes a retry harmless.

use std::fmt;
use std::str::FromStr;

use crate::id::{MemberId, TerminalId};

/// The caller's id for one request: 1 to 64 printable ASCII characters without space.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(String);

/// Why a text is not a request id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a request_id is 1 to 64 printable ASCII characters without space")]
pub struct RequestIdError;

impl RequestId {
    /// The text as the caller sent it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RequestId {
    type Err = RequestIdError;

    fn from_str(text: &str) -> Result<Self, RequestIdError> {
        let fits = (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if fits { Ok(Self(text.to_owned())) } else { Err(RequestIdError) }
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Who asks for something to be moved: a terminal, a member, or the issuer. Ids are unique across all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallerId([u8; 16]);

impl CallerId {
    /// The issuer, who asks by the command line or by the clock.
    pub const ISSUER: Self = Self([0; 16]);

    /// The caller that storage kept.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The 16 bytes that storage keeps.
    #[must_use]
    pub const fn bytes(self) -> [u8; 16] {
        self.0
    }

    /// The terminal that this caller is, if it is one.
    #[must_use]
    pub const fn terminal(self) -> TerminalId {
        TerminalId::from_bytes(self.0)
    }
}

impl From<TerminalId> for CallerId {
    fn from(terminal: TerminalId) -> Self {
        Self(terminal.bytes())
    }
}

impl From<MemberId> for CallerId {
    fn from(member: MemberId) -> Self {
        Self(member.bytes())
    }
}

/// One caller's key. Two terminals may use the same text; they mean different requests.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestKey {
    /// Who asked.
    pub caller: CallerId,
    /// The caller's own id.
    pub request_id: RequestId,
}

/// SHA-256 of what was asked: the same key with another hash is a conflict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BodyHash(pub [u8; 32]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_is_who_it_was_made_of() {
        let terminal = TerminalId::from_bytes([1; 16]);
        let caller = CallerId::from(terminal);
        assert_eq!((caller.terminal(), caller.bytes()), (terminal, [1; 16]));
        assert_eq!(CallerId::from(MemberId::from_bytes([2; 16])), CallerId::from_bytes([2; 16]));
        assert_eq!(CallerId::ISSUER.bytes(), [0; 16]);
    }

    #[test]
    fn a_request_id_is_shown_as_it_was_sent() {
        let id: RequestId = "till-7/1".parse().unwrap_or_else(|error| unreachable!("{error}"));
        assert_eq!((id.as_str(), id.to_string()), ("till-7/1", "till-7/1".to_owned()));
    }

    #[test]
    fn request_ids_are_short_printable_texts() {
        for good in ["1", "till-7/2026-04-01/000123", &"x".repeat(64)] {
            assert!(good.parse::<RequestId>().is_ok(), "{good}");
        }
        for bad in ["", " ", "a b", "é", "a\n", "\0", &"x".repeat(65)] {
            assert_eq!(bad.parse::<RequestId>(), Err(RequestIdError), "{bad:?}");
        }
    }
}
