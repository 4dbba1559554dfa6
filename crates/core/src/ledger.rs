//! The one door for money: the chart of accounts, transfers, and the transactions that link them.
//!
//! A transaction is at once journal, event and receipt: what was asked, what was decided, which transfers came of it. It
//! touches at most one wallet and one shop, so its accounts need no owner of their own: the transaction names both.

use std::collections::{BTreeMap, BTreeSet};

use jiff::tz::TimeZone;

use crate::code::{CodeMac, IssuedCode};
use crate::id::{ShopId, TransactionId, WalletId};
use crate::money::{Amount, Unit};
use crate::payment::Payment;
use crate::refusal::Refusal;
use crate::request::{BodyHash, RequestKey};
use crate::time::{BusinessDate, Time};
use crate::topup::TopUp;
use crate::wallet::Wallet;

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
    /// The cost of points given.
    IssuerPointsExpense = "issuer:points_expense", Issuer, Debit, Some(Unit::Point);
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

/// One immutable movement of value from an account (credited) to another (debited).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// The account on the debit side.
    pub debit: Account,
    /// The account on the credit side.
    pub credit: Account,
    /// How much; never zero.
    pub amount: Amount,
    /// Of what.
    pub unit: Unit,
    /// The balance of the debit account after this transfer, for accounts of a wallet.
    pub debit_after: Option<Amount>,
    /// The balance of the credit account after this transfer, for accounts of a wallet.
    pub credit_after: Option<Amount>,
}

/// What is wrong with a transfer by itself, whatever stands around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransferError {
    /// It moves nothing.
    #[error("a transfer of nothing")]
    Zero,
    /// Both sides are the same account.
    #[error("debit and credit are the same account")]
    SameAccount,
    /// An account is not counted in the transfer's unit.
    #[error("the unit does not belong to the account")]
    Unit,
    /// A wallet entry lacks its balance, or another entry has one.
    #[error("a balance-after stands on wallet entries and on nothing else")]
    BalanceAfter,
}

impl Transfer {
    /// Checks the transfer by itself.
    ///
    /// # Errors
    /// The first rule it breaks.
    pub fn check(&self) -> Result<(), TransferError> {
        if self.amount.is_zero() {
            return Err(TransferError::Zero);
        }
        if self.debit == self.credit {
            return Err(TransferError::SameAccount);
        }
        for (account, after) in [(self.debit, self.debit_after), (self.credit, self.credit_after)] {
            if account.unit().is_some_and(|unit| unit != self.unit) {
                return Err(TransferError::Unit);
            }
            let balance_is_kept = account.owner() == Owner::Wallet && account != Account::IssuerReceivable;
            if balance_is_kept != after.is_some() {
                return Err(TransferError::BalanceAfter);
            }
        }
        Ok(())
    }
}

/// What a transaction is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A member paid at a shop.
    Payment,
    /// A member put money in.
    TopUp,
}

impl Kind {
    /// The text in storage and in the interface.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Payment => "payment",
            Self::TopUp => "top_up",
        }
    }

    /// Reads what [`Kind::text`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Payment, Self::TopUp].into_iter().find(|kind| kind.text() == text)
    }
}

/// A command on money, complete: whatever the decision needs besides the loaded state.
#[derive(Clone, Debug)]
pub struct Command {
    /// The id that the transaction will have.
    pub id: TransactionId,
    /// The caller's key.
    pub key: RequestKey,
    /// The hash of what was asked.
    pub body: BodyHash,
    /// Where it happens.
    pub shop: ShopId,
    /// The code that was shown, under each key that may have hashed it.
    pub code: Vec<CodeMac>,
    /// How much, in yen.
    pub amount: Amount,
    /// What is to be done with it.
    pub kind: Kind,
}

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It was done.
    Done {
        /// The version that the wallet has now.
        wallet_version: i64,
        /// Its transfers, in order.
        transfers: Vec<Transfer>,
    },
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
    /// When it was recorded.
    pub at: Time,
    /// The date it counts under.
    pub business_date: BusinessDate,
    /// Who asked, by which key.
    pub key: RequestKey,
    /// The hash of what was asked.
    pub body: BodyHash,
    /// Where.
    pub shop: ShopId,
    /// Whose wallet; unknown if the code was.
    pub wallet: Option<WalletId>,
    /// The code that was shown, if it was known.
    pub code: Option<CodeMac>,
    /// How much was asked for.
    pub amount: Amount,
    /// Of what.
    pub unit: Unit,
    /// What came of it.
    pub outcome: Outcome,
}

impl Transaction {
    /// The version that it gave to its wallet; `None` if it was refused.
    #[must_use]
    pub const fn wallet_version(&self) -> Option<i64> {
        match self.outcome {
            Outcome::Done { wallet_version, .. } => Some(wallet_version),
            Outcome::Refused(_) => None,
        }
    }
}

/// The state that decisions are taken against; each decision leaves it as the next one finds it.
#[derive(Debug, Default)]
pub struct Loaded {
    codes: BTreeMap<CodeMac, IssuedCode>,
    wallets: BTreeMap<WalletId, Wallet>,
    changed_codes: BTreeSet<CodeMac>,
    changed_wallets: BTreeSet<WalletId>,
}

impl Loaded {
    /// What storage gathered: the codes that were shown and the wallets they belong to.
    #[must_use]
    pub fn new(codes: Vec<IssuedCode>, wallets: Vec<Wallet>) -> Self {
        Self {
            codes: codes.into_iter().map(|code| (code.mac, code)).collect(),
            wallets: wallets.into_iter().map(|wallet| (wallet.id, wallet)).collect(),
            ..Self::default()
        }
    }

    /// The code that was shown, whichever key hashed it.
    #[must_use]
    pub fn code(&self, candidates: &[CodeMac]) -> Option<&IssuedCode> {
        candidates.iter().find_map(|mac| self.codes.get(mac))
    }

    /// A wallet that was gathered.
    #[must_use]
    pub fn wallet(&self, id: WalletId) -> Option<&Wallet> {
        self.wallets.get(&id)
    }

    /// Leaves `code` as the next decision shall find it.
    pub fn put_code(&mut self, code: IssuedCode) {
        self.changed_codes.insert(code.mac);
        self.codes.insert(code.mac, code);
    }

    /// Leaves `wallet` as the next decision shall find it.
    pub fn put_wallet(&mut self, wallet: Wallet) {
        self.changed_wallets.insert(wallet.id);
        self.wallets.insert(wallet.id, wallet);
    }

    /// The codes that decisions changed, sorted.
    pub fn changed_codes(&self) -> impl Iterator<Item = &IssuedCode> {
        self.changed_codes.iter().filter_map(|mac| self.codes.get(mac))
    }

    /// The wallets that decisions changed, sorted.
    pub fn changed_wallets(&self) -> impl Iterator<Item = &Wallet> {
        self.changed_wallets.iter().filter_map(|id| self.wallets.get(id))
    }
}

/// Decides one command against `loaded` at the time `at`, and leaves `loaded` as the next command finds it.
#[must_use]
pub fn decide(loaded: &mut Loaded, command: &Command, at: Time, zone: &TimeZone) -> Transaction {
    let code = loaded.code(&command.code).cloned();
    let decided = match code.clone() {
        None => Err(Refusal::CodeUnknown),
        Some(code) => decide_with_code(loaded, command, code, at),
    };
    Transaction {
        id: command.id,
        kind: command.kind,
        at,
        business_date: at.date_in(zone),
        key: command.key.clone(),
        body: command.body,
        shop: command.shop,
        wallet: code.as_ref().map(|code| code.wallet),
        code: code.map(|code| code.mac),
        amount: command.amount,
        unit: Unit::Jpy,
        outcome: decided.unwrap_or_else(Outcome::Refused),
    }
}

/// The part that payments and top-ups share: the code is checked, then used up if the wallet agrees, else bound to the
/// terminal, so that a code seen over a shoulder is of no use at the next till.
fn decide_with_code(
    loaded: &mut Loaded,
    command: &Command,
    mut code: IssuedCode,
    at: Time,
) -> Result<Outcome, Refusal> {
    code.check(command.key.caller, at)?;
    let wallet = loaded.wallet(code.wallet).ok_or(Refusal::CodeUnknown)?;
    let decided = match command.kind {
        Kind::Payment => Payment { amount: command.amount }.decide(wallet),
        Kind::TopUp => TopUp { amount: command.amount }.decide(wallet),
    };
    match decided {
        Ok((wallet, transfer)) => {
            let wallet_version = wallet.version;
            loaded.put_wallet(wallet);
            code.consumed_by = Some(command.id);
            loaded.put_code(code);
            Ok(Outcome::Done { wallet_version, transfers: vec![transfer] })
        }
        Err(refusal) => {
            if code.bound_to.is_none() {
                code.bound_to = Some(command.key.caller);
                loaded.put_code(code);
            }
            Err(refusal)
        }
    }
}

#[cfg(test)]
mod tests;
