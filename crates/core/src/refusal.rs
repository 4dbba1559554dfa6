//! The answers that say no. Each is a stable word for programs and a sentence for people in both languages.
//!
//! A refusal is final for its request key: it is recorded, and a retry gets the very same answer. What never reached a
//! decision (malformed, unauthorised, overloaded, a request key used for something else) is not in this list.

/// Why the ledger did not do what was asked. The order of the variants is the order of the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Refusal {
    /// No such payment code was issued here.
    CodeUnknown,
    /// The code was tried at another terminal before and belongs to that one.
    CodeBound,
    /// The code has paid or topped up already.
    CodeConsumed,
    /// The code's five minutes are over, or a newer code ended it.
    CodeExpired,
    /// The wallet holds less than the amount.
    InsufficientBalance,
    /// The wallet would hold more than it may.
    LimitExceeded,
}

impl Refusal {
    /// Every refusal, in the order of the checks.
    pub const ALL: [Self; 6] = [
        Self::CodeUnknown,
        Self::CodeBound,
        Self::CodeConsumed,
        Self::CodeExpired,
        Self::InsufficientBalance,
        Self::LimitExceeded,
    ];

    /// The stable word: in replies, in storage, in metrics.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::CodeUnknown => "code_unknown",
            Self::CodeBound => "code_bound",
            Self::CodeConsumed => "code_consumed",
            Self::CodeExpired => "code_expired",
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
            Self::InsufficientBalance => {
                "The balance is too small. Nothing was moved. Top up, or take the payment another way."
            }
            Self::LimitExceeded => {
                "The wallet may not hold that much. Nothing was moved; give the cash back or top up by less."
            }
        }
    }

    /// The same in Japanese.
    #[must_use]
    pub const fn japanese(self) -> &'static str {
        match self {
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
            Self::InsufficientBalance => {
                "残高が足りません。お金は動いていません。チャージするか、別の方法でお支払いください。"
            }
            Self::LimitExceeded => {
                "残高の上限を超えます。お金は動いていません。現金を返すか、金額を減らしてチャージしてください。"
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
}
