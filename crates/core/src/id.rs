//! One type per identifier, so that a shop's is never taken for a terminal's.
//!
//! Inside an id is a UUID version 7 (RFC 9562), 16 bytes that sort by time of creation. Outside it is a prefix and 32
//! lower-case hex digits: `shp_0198c0de...`. The bytes that make one are supplied by the caller.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

use crate::time::Time;

/// Why a text is not an id of the kind asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected `{prefix}` and 32 lower-case hex digits")]
pub struct IdError {
    /// The prefix that was expected.
    pub prefix: &'static str,
}

fn parse(prefix: &'static str, text: &str) -> Result<[u8; 16], IdError> {
    let error = IdError { prefix };
    let digits = text.strip_prefix(prefix).ok_or(error)?;
    // One spelling only: two texts for one id would be two cache keys and two log lines for one thing.
    let canonical = digits.len() == 32 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if !canonical {
        return Err(error);
    }
    Uuid::try_parse(digits).map(Uuid::into_bytes).map_err(|_| error)
}

macro_rules! id {
    ($(#[$meta:meta])* $name:ident, $prefix:literal) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 16]);

        impl $name {
            /// What its text begins with.
            pub const PREFIX: &'static str = $prefix;

            /// A new id from the time of creation and ten random bytes.
            #[must_use]
            pub fn generate(at: Time, random: [u8; 10]) -> Self {
                Self(uuid::Builder::from_unix_timestamp_millis(at.unix_millis(), &random).into_uuid().into_bytes())
            }

            /// The id that storage kept.
            #[must_use]
            pub const fn from_bytes(bytes: [u8; 16]) -> Self {
                Self(bytes)
            }

            /// The 16 bytes that storage keeps.
            #[must_use]
            pub const fn bytes(self) -> [u8; 16] {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "{}{}", $prefix, Uuid::from_bytes(self.0).simple())
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                parse($prefix, text).map(Self)
            }
        }
    };
}

id!(
    /// A merchant: who is paid out.
    MerchantId, "mer_"
);
id!(
    /// A shop of a merchant: where members pay.
    ShopId, "shp_"
);
id!(
    /// A terminal of a shop: what takes payments.
    TerminalId, "trm_"
);
id!(
    /// A member: who owns a wallet.
    MemberId, "mbr_"
);
id!(
    /// A passkey of a member.
    CredentialId, "crd_"
);
id!(
    /// A device of a member, known by its key.
    DeviceId, "dev_"
);
id!(
    /// A session of a member on a device.
    SessionId, "ses_"
);
id!(
    /// A ceremony with a passkey that was begun.
    CeremonyId, "cer_"
);
id!(
    /// The wallet of a member.
    WalletId, "wal_"
);
id!(
    /// A partner: a program of a merchant or of the issuer.
    PartnerId, "ptr_"
);
id!(
    /// A webhook of a partner.
    WebhookId, "whk_"
);
id!(
    /// The event that a transaction is, by the transaction's own bytes.
    EventId, "evt_"
);
id!(
    /// A transaction of kind payment.
    PaymentId, "pay_"
);
id!(
    /// A transaction of kind top-up.
    TopUpId, "top_"
);
id!(
    /// A transaction of kind refund.
    RefundId, "rfd_"
);
id!(
    /// A bill: an amount that a terminal asks for by a code of its own.
    BillId, "bil_"
);
id!(
    /// A failure review.
    ReviewId, "rev_"
);
id!(
    /// A file of a review.
    FileId, "fil_"
);
id!(
    /// A transaction of the ledger, whatever its kind.
    TransactionId, "txn_"
);

macro_rules! transaction_ids {
    ($($id:ident),*) => {
        $(impl From<TransactionId> for $id {
            fn from(id: TransactionId) -> Self {
                Self(id.0)
            }
        }

        impl From<$id> for TransactionId {
            fn from(id: $id) -> Self {
                Self(id.0)
            }
        })*
    };
}

transaction_ids!(PaymentId, TopUpId, RefundId, EventId);

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_a_version_7_uuid_that_sorts_by_time() {
        let earlier = ShopId::generate(Time::from_unix_micros(1_000_000).unwrap(), [0xff; 10]);
        let later = ShopId::generate(Time::from_unix_micros(2_000_000).unwrap(), [0; 10]);
        assert!(earlier < later);
        assert_eq!(Uuid::from_bytes(later.bytes()).get_version_num(), 7);
    }

    #[test]
    fn an_id_has_one_spelling() {
        let id = ShopId::from_bytes([0xab; 16]);
        let text = id.to_string();
        assert_eq!(text, format!("shp_{}", "ab".repeat(16)));
        assert_eq!(text.parse::<ShopId>().unwrap(), id);
        for wrong in [
            text.to_uppercase(),
            format!("shp_{}", "AB".repeat(16)),
            text.replace("shp_", "trm_"),
            text.replace("shp_", ""),
            format!("{text}0"),
            "shp_".to_owned(),
            "shp_abababab-abab-abab-abab-abababababab".to_owned(),
        ] {
            assert_eq!(wrong.parse::<ShopId>(), Err(IdError { prefix: "shp_" }), "{wrong}");
        }
    }
}
