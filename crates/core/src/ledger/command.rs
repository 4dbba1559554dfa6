//! Commands on money: what somebody asks for, complete.

use crate::code::CodeMac;
use crate::correction::Direction;
use crate::id::{TransactionId, WalletId};
use crate::lot::LotAccount;
use crate::money::Amount;
use crate::refusal::Refusal;
use crate::request::{BodyHash, RequestId, RequestKey};
use crate::time::Time;

use super::transaction::Kind;

/// A command on money, complete: whatever the decision needs besides the loaded state.
#[derive(Clone, Debug)]
pub struct Command {
    /// The id that the transaction will have.
    pub id: TransactionId,
    /// The caller's key.
    pub key: RequestKey,
    /// The hash of what was asked.
    pub body: BodyHash,
    /// What is asked for.
    pub ask: Ask,
    /// What is to be remembered with it, as JSON.
    pub note: Option<String>,
}

/// When a payment is captured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capture {
    /// At once.
    Now,
    /// By commands that follow.
    Later,
}

/// What a cancel is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A payment or top-up that was recorded.
    Transaction(TransactionId),
    /// Whatever the caller's own id stands for, or will stand for.
    Request(RequestId),
}

/// What is asked for.
#[derive(Clone, Debug)]
pub enum Ask {
    /// To pay by a code.
    Pay {
        /// The code that was shown, under each key that may have hashed it.
        code: Vec<CodeMac>,
        /// How much, in yen.
        amount: Amount,
        /// When it is captured.
        capture: Capture,
        /// What a sandbox is to answer; `None` in the real book.
        forced: Option<Refusal>,
    },
    /// To capture some of an authorised payment.
    Capture {
        /// The payment.
        payment: TransactionId,
        /// How much; all that is left, if `None`.
        amount: Option<Amount>,
        /// Whether what is left then is let go.
        is_final: bool,
    },
    /// To let go what was authorised and not captured.
    Void {
        /// The payment.
        payment: TransactionId,
    },
    /// To undo a payment.
    Cancel(Target),
    /// To give back some of what was captured.
    Refund {
        /// The payment.
        payment: TransactionId,
        /// How much.
        amount: Amount,
    },
    /// To put cash in, by a code.
    TopUp {
        /// The code, as for a payment.
        code: Vec<CodeMac>,
        /// How much, in yen.
        amount: Amount,
        /// As for a payment.
        forced: Option<Refusal>,
    },
    /// To undo a top-up by cash.
    CancelTopUp(Target),
    /// To make points into yen.
    Exchange {
        /// Whose.
        wallet: WalletId,
        /// How many.
        amount: Amount,
    },
    /// To give bonus yen.
    Grant {
        /// To whom.
        wallet: WalletId,
        /// How much.
        amount: Amount,
        /// Until when; as the policy says, if `None`.
        expires_at: Option<Time>,
    },
    /// To mend a wallet.
    Correct {
        /// Which.
        wallet: WalletId,
        /// Which account of it.
        account: LotAccount,
        /// Whether it gets more or less.
        direction: Direction,
        /// How much.
        amount: Amount,
    },
    /// To make a loss good.
    Compensate {
        /// Whose.
        wallet: WalletId,
        /// How much.
        amount: Amount,
    },
    /// To book what has expired.
    Expire {
        /// Where.
        wallet: WalletId,
    },
}

impl Ask {
    /// The kind of transaction that comes of it.
    #[must_use]
    pub const fn kind(&self) -> Kind {
        match self {
            Self::Pay { capture: Capture::Now, .. } => Kind::Payment,
            Self::Pay { capture: Capture::Later, .. } => Kind::Authorization,
            Self::Capture { .. } => Kind::Capture,
            Self::Void { .. } => Kind::Void,
            Self::Cancel(_) => Kind::Cancel,
            Self::Refund { .. } => Kind::Refund,
            Self::TopUp { .. } => Kind::TopUp,
            Self::CancelTopUp(_) => Kind::TopUpCancel,
            Self::Exchange { .. } => Kind::Exchange,
            Self::Grant { .. } => Kind::Grant,
            Self::Correct { .. } => Kind::Correction,
            Self::Compensate { .. } => Kind::Compensation,
            Self::Expire { .. } => Kind::Expiry,
        }
    }

    /// The codes that it shows.
    #[must_use]
    pub fn codes(&self) -> &[CodeMac] {
        match self {
            Self::Pay { code, .. } | Self::TopUp { code, .. } => code,
            _ => &[],
        }
    }

    /// The payment or top-up that it names by its id.
    #[must_use]
    pub const fn parent(&self) -> Option<TransactionId> {
        match self {
            Self::Capture { payment, .. } | Self::Void { payment } | Self::Refund { payment, .. } => Some(*payment),
            Self::Cancel(Target::Transaction(id)) | Self::CancelTopUp(Target::Transaction(id)) => Some(*id),
            _ => None,
        }
    }

    /// The caller's own id that it wants to cancel.
    #[must_use]
    pub const fn target(&self) -> Option<&RequestId> {
        match self {
            Self::Cancel(Target::Request(target)) | Self::CancelTopUp(Target::Request(target)) => Some(target),
            _ => None,
        }
    }

    /// The wallet that it names.
    #[must_use]
    pub const fn wallet(&self) -> Option<WalletId> {
        match self {
            Self::Exchange { wallet, .. }
            | Self::Grant { wallet, .. }
            | Self::Correct { wallet, .. }
            | Self::Compensate { wallet, .. }
            | Self::Expire { wallet } => Some(*wallet),
            _ => None,
        }
    }

    /// How much is asked for, where something is.
    #[must_use]
    pub const fn amount(&self) -> Option<Amount> {
        match self {
            Self::Pay { amount, .. }
            | Self::Refund { amount, .. }
            | Self::TopUp { amount, .. }
            | Self::Exchange { amount, .. }
            | Self::Grant { amount, .. }
            | Self::Correct { amount, .. }
            | Self::Compensate { amount, .. } => Some(*amount),
            Self::Capture { amount, .. } => *amount,
            _ => None,
        }
    }
}
