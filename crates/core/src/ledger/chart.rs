//! The chart of accounts.

use crate::money::Unit;

/// Who an account belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// The transaction's wallet.
    Wallet,
    /// The transaction's shop.
    Shop,
    /// The issuer, of whom there is one.
    Issuer,
}

/// The side on which an account grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What is owned or spent: cash in a till, an expense.
    Debit,
    /// What is owed: a member's balance, a shop's sales.
    Credit,
}

macro_rules! chart {
    ($($(#[$meta:meta])* $account:ident = $text:literal, $owner:ident, $side:ident, $unit:expr;)*) => {
        /// An account of the chart, without its owner.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Account { $($(#[$meta])* $account,)* }

        impl Account {
            /// The whole chart.
            pub const ALL: &'static [Self] = &[$(Self::$account),*];

            /// The text in storage and in the interface.
            #[must_use]
            pub const fn text(self) -> &'static str {
                match self { $(Self::$account => $text,)* }
            }

            /// Who owns it.
            #[must_use]
            pub const fn owner(self) -> Owner {
                match self { $(Self::$account => Owner::$owner,)* }
            }

            /// The side on which it grows.
            #[must_use]
            pub const fn side(self) -> Side {
                match self { $(Self::$account => Side::$side,)* }
            }

            /// What it is counted in; `None` if it takes any unit.
            #[must_use]
            pub const fn unit(self) -> Option<Unit> {
                match self { $(Self::$account => $unit,)* }
            }
        }
    };
}

chart! {
    /// Money that the member paid for.
    WalletPaid = "wallet:paid", Wallet, Credit, Some(Unit::Jpy);
    /// Money that was given for free.
    WalletBonus = "wallet:bonus", Wallet, Credit, Some(Unit::Jpy);
    /// Points.
    WalletPoints = "wallet:points", Wallet, Credit, Some(Unit::Point);
    /// Owed to the shop for sales.
    ShopPayable = "shop:payable", Shop, Credit, Some(Unit::Jpy);
    /// Collected by the shop for top-ups, owed to the issuer.
    ShopCash = "shop:cash", Shop, Debit, Some(Unit::Jpy);
    /// In the ATM's box, owed to the issuer.
    AtmCash = "atm:cash", Shop, Debit, Some(Unit::Jpy);
    /// Owed by the card acquirer.
    AcquirerReceivable = "acquirer:receivable", Issuer, Debit, Some(Unit::Jpy);
    /// The cost of money given for free.
    IssuerBonusExpense = "issuer:bonus_expense", Issuer, Debit, Some(Unit::Jpy);
    /// Points given and taken back, in points; what the points that were used cost, in yen.
    IssuerPointsExpense = "issuer:points_expense", Issuer, Debit, None;
    /// What expired.
    IssuerBreakage = "issuer:breakage", Issuer, Credit, None;
    /// Paid to make a loss good.
    IssuerCompensation = "issuer:compensation", Issuer, Debit, Some(Unit::Jpy);
    /// Earned from merchants.
    IssuerFees = "issuer:fees", Issuer, Credit, Some(Unit::Jpy);
    /// What cannot be attributed yet.
    IssuerSuspense = "issuer:suspense", Issuer, Credit, None;
    /// Owed by a member after a shortfall.
    IssuerReceivable = "issuer:receivable", Wallet, Debit, None;
}

impl Account {
    /// Reads what [`Account::text`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|account| account.text() == text)
    }
}
