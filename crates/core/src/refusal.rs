//! The answers that say no. Each is a stable word for programs and a sentence for people in both languages.
//!
//! A refusal is final for its request key: it is recorded, and a retry gets the very same answer. What never reached a
//! decision (malformed, unauthorised, overloaded, a request key used for something else) is not in this list.

/// Why the ledger did not do what was asked. The order of the variants is the order of the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// The issuer or the shop has frozen this terminal.
    TerminalFrozen,
    /// The issuer has frozen the shop.
    ShopClosed,
    /// No such payment code was issued here.
    CodeUnknown,
    /// The code was tried at another terminal before and belongs to that one.
    CodeBound,
    /// The code has paid or topped up already.
    CodeConsumed,
    /// The code's five minutes are over, or a newer code ended it.
    CodeExpired,
    /// The wallet is closed, or takes nothing more since it is closing.
    WalletClosed,
    /// The wallet is frozen.
    WalletFrozen,
    /// What stands under the request id is not what a cancel like this undoes.
    NotCancelable,
    /// It was cancelled, perhaps before it arrived.
    AlreadyCanceled,
    /// Some of it was refunded, so it cannot be cancelled.
    AlreadyRefunded,
    /// The authorisation expired before this.
    HoldExpired,
    /// Nothing is held for the payment any more: captured whole, voided, or captured at once.
    HoldClosed,
    /// More was to be captured than is left of what was authorised.
    CaptureExceedsAuthorized,
    /// More was to be refunded than was captured and not refunded yet.
    RefundExceedsCaptured,
    /// The money of the top-up was used, is held, or has expired.
    TopUpSpent,
    /// The wallet holds less than the amount.
    InsufficientBalance,
    /// A limit of the wallet, the terminal or the policy would be exceeded.
    LimitExceeded,
}

impl Refusal {
    /// Every refusal, in the order of the checks.
    pub const ALL: [Self; 18] = [
        Self::TerminalFrozen,
        Self::ShopClosed,
        Self::CodeUnknown,
        Self::CodeBound,
        Self::CodeConsumed,
        Self::CodeExpired,
        Self::WalletClosed,
        Self::WalletFrozen,
        Self::NotCancelable,
        Self::AlreadyCanceled,
        Self::AlreadyRefunded,
        Self::HoldExpired,
        Self::HoldClosed,
        Self::CaptureExceedsAuthorized,
        Self::RefundExceedsCaptured,
        Self::TopUpSpent,
        Self::InsufficientBalance,
        Self::LimitExceeded,
    ];

    /// The stable word: in replies, in storage, in metrics.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::TerminalFrozen => "terminal_frozen",
            Self::ShopClosed => "shop_closed",
            Self::CodeUnknown => "code_unknown",
            Self::CodeBound => "code_bound",
            Self::CodeConsumed => "code_consumed",
            Self::CodeExpired => "code_expired",
            Self::WalletClosed => "wallet_closed",
            Self::WalletFrozen => "wallet_frozen",
            Self::NotCancelable => "not_cancelable",
            Self::AlreadyCanceled => "already_canceled",
            Self::AlreadyRefunded => "already_refunded",
            Self::HoldExpired => "hold_expired",
            Self::HoldClosed => "hold_closed",
            Self::CaptureExceedsAuthorized => "capture_exceeds_authorized",
            Self::RefundExceedsCaptured => "refund_exceeds_captured",
            Self::TopUpSpent => "top_up_spent",
            Self::InsufficientBalance => "insufficient_balance",
            Self::LimitExceeded => "limit_exceeded",
        }
    }

    /// Reads what [`Refusal::word`] wrote.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|refusal| refusal.word() == word)
    }

    /// What a cashier reads in English: what happened, and what to do.
    #[must_use]
    pub const fn english(self) -> &'static str {
        match self {
            Self::TerminalFrozen => {
                "This terminal is frozen. Nothing was moved. Use another terminal, and ask the shop's manager."
            }
            Self::ShopClosed => {
                "This shop cannot use the service now. Nothing was moved. Take the payment another way, and ask the operator."
            }
            Self::CodeUnknown => {
                "This code is not one of ours. Nothing was moved. Ask for a fresh code and scan again."
            }
            Self::CodeBound => {
                "This code was tried at another terminal. Nothing was moved. Ask for a fresh code and scan again."
            }
            Self::CodeConsumed => {
                "This code has been used. Nothing was moved by this request. Ask for a fresh code and scan again."
            }
            Self::CodeExpired => "This code has expired. Nothing was moved. Ask for a fresh code and scan again.",
            Self::WalletClosed => "This wallet is closed for this. Nothing was moved. Take the payment another way.",
            Self::WalletFrozen => {
                "This wallet is on hold. Nothing was moved. Take the payment another way; the member can ask the operator."
            }
            Self::NotCancelable => {
                "What stands under this request_id cannot be cancelled in this way. Nothing was moved. Inquire by the request_id to see what it is."
            }
            Self::AlreadyCanceled => {
                "This was cancelled. Nothing was moved by this request. To take it after all, start again with a new request_id."
            }
            Self::AlreadyRefunded => {
                "Some of this payment was refunded already. Nothing was moved by this request. Refund the rest instead."
            }
            Self::HoldExpired => {
                "The authorisation has expired, and the money is the member's again. Nothing was moved. Take a new payment."
            }
            Self::HoldClosed => {
                "Nothing is held for this payment any more. Nothing was moved. Inquire to see what was captured."
            }
            Self::CaptureExceedsAuthorized => {
                "That is more than is left of the authorised amount. Nothing was moved. Capture at most what is left."
            }
            Self::RefundExceedsCaptured => {
                "That is more than is left to refund. Nothing was moved. Refund at most what is left."
            }
            Self::TopUpSpent => {
                "The money of this top-up was used or has expired, so it cannot be undone. Nothing was moved."
            }
            Self::InsufficientBalance => {
                "The balance is too small. Nothing was moved. Top up, or take the payment another way."
            }
            Self::LimitExceeded => {
                "A limit would be exceeded. Nothing was moved; give any cash back, or try a smaller amount."
            }
        }
    }

    /// The same in Japanese.
    #[must_use]
    pub const fn japanese(self) -> &'static str {
        match self {
            Self::TerminalFrozen => {
                "この端末は停止されています。お金は動いていません。別の端末を使い、店舗の責任者に確認してください。"
            }
            Self::ShopClosed => {
                "この店舗では現在ご利用になれません。お金は動いていません。別の方法でお支払いいただき、運営会社に確認してください。"
            }
            Self::CodeUnknown => {
                "このコードは使えません。お金は動いていません。新しいコードを表示して、もう一度読み取ってください。"
            }
            Self::CodeBound => {
                "このコードは別の端末で読み取られています。お金は動いていません。新しいコードを表示して、もう一度読み取ってください。"
            }
            Self::CodeConsumed => {
                "このコードは使用済みです。今回の操作でお金は動いていません。新しいコードを表示して、もう一度読み取ってください。"
            }
            Self::CodeExpired => {
                "コードの有効期限が切れています。お金は動いていません。新しいコードを表示して、もう一度読み取ってください。"
            }
            Self::WalletClosed => {
                "このウォレットではこの操作はできません。お金は動いていません。別の方法でお支払いください。"
            }
            Self::WalletFrozen => {
                "このウォレットは一時停止中です。お金は動いていません。別の方法でお支払いください。会員の方は運営会社にお問い合わせください。"
            }
            Self::NotCancelable => {
                "この request_id の取引はこの方法では取り消せません。お金は動いていません。request_id で取引を照会してください。"
            }
            Self::AlreadyCanceled => {
                "この取引は取り消されています。今回の操作でお金は動いていません。あらためて行うには、新しい request_id で最初からやり直してください。"
            }
            Self::AlreadyRefunded => {
                "この支払いはすでに一部または全部が返金されています。今回の操作でお金は動いていません。残りは返金で処理してください。"
            }
            Self::HoldExpired => {
                "与信の有効期限が切れ、金額は会員に戻っています。お金は動いていません。新しく支払いを受け付けてください。"
            }
            Self::HoldClosed => {
                "この支払いの与信は終了しています。お金は動いていません。売上確定の状況を照会してください。"
            }
            Self::CaptureExceedsAuthorized => {
                "与信の残額を超えています。お金は動いていません。残額以内で売上を確定してください。"
            }
            Self::RefundExceedsCaptured => {
                "返金できる金額を超えています。お金は動いていません。残額以内で返金してください。"
            }
            Self::TopUpSpent => {
                "このチャージの残高はすでに使われたか有効期限が切れているため、取り消せません。お金は動いていません。"
            }
            Self::InsufficientBalance => {
                "残高が足りません。お金は動いていません。チャージするか、別の方法でお支払いください。"
            }
            Self::LimitExceeded => {
                "ご利用の上限を超えます。お金は動いていません。お預かりした現金は返し、金額を減らしてお試しください。"
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_distinct_and_read_back() {
        for (index, refusal) in Refusal::ALL.into_iter().enumerate() {
            assert_eq!(Refusal::parse(refusal.word()), Some(refusal));
            assert_eq!(Refusal::ALL.iter().position(|other| other.word() == refusal.word()), Some(index));
        }
        assert_eq!(Refusal::parse("Insufficient_Balance"), None);
    }

    #[test]
    fn each_is_told_in_both_languages_and_in_words_of_its_own() {
        for (index, refusal) in Refusal::ALL.into_iter().enumerate() {
            for tell in [Refusal::english, Refusal::japanese] {
                assert!(tell(refusal).len() > 30, "{refusal:?}");
                assert_eq!(Refusal::ALL.iter().position(|other| tell(*other) == tell(refusal)), Some(index));
            }
            assert!(refusal.english().is_ascii() && !refusal.japanese().is_ascii());
        }
    }
}
