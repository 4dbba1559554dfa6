//! Recorded transactions.

use super::transfer::Transfer;
use crate::code::CodeMac;
use crate::id::{ShopId, TransactionId, WalletId};
use crate::lot::Move;
use crate::money::{Amount, Unit};
use crate::payment::Totals;
use crate::place::Book;
use crate::refusal::Refusal;
use crate::request::{BodyHash, RequestId, RequestKey};
use crate::time::{BusinessDate, Time};

macro_rules! kinds {
    ($($(#[$meta:meta])* $kind:ident = $text:literal;)*) => {
        /// What a transaction is for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind { $($(#[$meta])* $kind,)* }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$kind),*];

            /// The text in storage and in the interface.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$kind => $text,)* }
            }
        }
    };
}

kinds! {
    /// A member paid at a shop, captured at once.
    Payment = "payment";
    /// A member paid at a shop, to be captured later.
    Authorization = "authorization";
    /// Some of what was authorised was captured.
    Capture = "capture";
    /// What was authorised and not captured was let go.
    Void = "void";
    /// A payment was undone, perhaps before it arrived.
    Cancel = "cancel";
    /// Some of what was captured went back.
    Refund = "refund";
    /// A member put cash in.
    TopUp = "top_up";
    /// A top-up was undone, perhaps before it arrived.
    TopUpCancel = "top_up_cancel";
    /// A member made points into yen.
    Exchange = "exchange";
    /// The issuer gave bonus yen.
    Grant = "grant";
    /// The issuer mended a wallet.
    Correction = "correction";
    /// The issuer made a loss good.
    Compensation = "compensation";
    /// What had expired was booked.
    Expiry = "expiry";
}

impl Kind {
    /// Reads what [`Kind::text`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.text() == text)
    }
}

/// What was done.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// The version that the wallet has now; `None` if nothing in a wallet changed.
    pub wallet_version: Option<i64>,
    /// The transaction that made the version before, if there was one: each wallet's history is a chain.
    pub previous: Option<TransactionId>,
    /// Its transfers, in order.
    pub transfers: Vec<Transfer>,
    /// What happened to the lots of the wallet, in order.
    pub moves: Vec<Move>,
    /// When the hold expires that it opened.
    pub hold_expires_at: Option<Time>,
    /// Whether a capture closed its hold.
    pub closes_hold: bool,
    /// The figures of the payment that it belongs to, after it.
    pub totals: Option<Totals>,
}

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done(Done),
    /// It was refused for good.
    Refused(Refusal),
}

/// A recorded transaction. Never changed once written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Its id.
    pub id: TransactionId,
    /// What it is for.
    pub kind: Kind,
    /// Which book it counts in.
    pub book: Book,
    /// When it was recorded.
    pub at: Time,
    /// The date it counts under.
    pub business_date: BusinessDate,
    /// Who asked, by which key.
    pub key: RequestKey,
    /// The hash of what was asked.
    pub body: BodyHash,
    /// Where; `None` if it did not happen in a shop.
    pub shop: Option<ShopId>,
    /// Whose wallet; unknown if the code was.
    pub wallet: Option<WalletId>,
    /// The code that was shown, if it was known.
    pub code: Option<CodeMac>,
    /// The payment or top-up that it follows.
    pub parent: Option<TransactionId>,
    /// The caller's own id that a cancel holds for a request that has not arrived.
    pub target: Option<RequestId>,
    /// How much was asked for; where nothing was, how much was moved.
    pub amount: Amount,
    /// Of what.
    pub unit: Unit,
    /// The number of the policy that was in force.
    pub policy: i64,
    /// What the caller wants to be remembered with it (items, metadata, a reason), as JSON. No decision looks at it.
    pub note: Option<String>,
    /// What came of it.
    pub outcome: Outcome,
}

impl Transaction {
    /// What was done; `None` if it was refused.
    #[must_use]
    pub const fn done(&self) -> Option<&Done> {
        match &self.outcome {
            Outcome::Done(done) => Some(done),
            Outcome::Refused(_) => None,
        }
    }

    /// Why it was refused; `None` if it was done.
    #[must_use]
    pub const fn refusal(&self) -> Option<Refusal> {
        match &self.outcome {
            Outcome::Done(_) => None,
            Outcome::Refused(refusal) => Some(*refusal),
        }
    }

    /// The version that it gave to its wallet; `None` if it gave none.
    #[must_use]
    pub const fn wallet_version(&self) -> Option<i64> {
        match &self.outcome {
            Outcome::Done(done) => done.wallet_version,
            Outcome::Refused(_) => None,
        }
    }
}
