//! A posting: what a decision does to one wallet, step by step, with the moves and the transfers that say the same.
//!
//! Decisions change a wallet through a posting only, so that lots, moves and transfers cannot disagree.

use crate::id::TransactionId;
use crate::ledger::{Account, Transfer};
use crate::limit::days;
use crate::lot::{LotAccount, Move, Part, Step};
use crate::money::{Amount, Unit};
use crate::refusal::Refusal;
use crate::time::Time;
use crate::wallet::{LOTS_MAX, Wallet};

/// A part as it goes back at `at`: if its lot has expired, it lives for 30 days from then.
fn reopen(part: Part, at: Time) -> Part {
    if !part.is_expired(at) {
        return part;
    }
    Part { expires_at: Some(at.saturating_add(days(30))), ..part }
}

/// A change of a wallet in the making.
#[derive(Debug)]
pub(crate) struct Posting {
    pub(crate) wallet: Wallet,
    pub(crate) at: Time,
    hold_expires_at: Option<Time>,
    balances: [(LotAccount, Amount); 3],
    moves: Vec<Move>,
    flows: Vec<(Account, Account, Unit, Amount)>,
}

/// What a posting came to.
#[derive(Debug)]
pub(crate) struct Posted {
    pub(crate) wallet: Wallet,
    pub(crate) moves: Vec<Move>,
    pub(crate) transfers: Vec<Transfer>,
    pub(crate) hold_expires_at: Option<Time>,
}

impl Posting {
    /// Begins with what has expired, booked in the order in which it did, as if a sweep had come at every moment.
    pub(crate) fn begin(wallet: Wallet, at: Time) -> Result<Self, Refusal> {
        let balances = LotAccount::ALL.map(|account| (account, wallet.posted(account)));
        let mut posting = Self { wallet, at, hold_expires_at: None, balances, moves: Vec::new(), flows: Vec::new() };
        let mut lapsed: Vec<_> = posting.wallet.holds.iter().map(|hold| (hold.expires_at, hold.payment)).collect();
        lapsed.retain(|(expires_at, _)| at >= *expires_at);
        lapsed.sort_unstable();
        for (expired_at, payment) in lapsed {
            posting.expire(expired_at)?;
            posting.release_at(payment, expired_at)?;
        }
        posting.expire(at)?;
        Ok(posting)
    }

    fn expire(&mut self, at: Time) -> Result<(), Refusal> {
        let expired: Vec<Part> = self.wallet.lots.iter().filter(|lot| lot.is_expired(at)).cloned().collect();
        for lot in expired {
            let account = lot.account;
            self.flow(account.account(), Account::IssuerBreakage, account.unit(), lot.amount)?;
            self.step(Step::Expire, lot, None)?;
        }
        Ok(())
    }

    /// Whether anything has been done yet. A refund that is kept back whole moves no part, and yet it is something.
    pub(crate) const fn is_empty(&self) -> bool {
        self.moves.is_empty() && self.flows.is_empty()
    }

    /// Live yen, paid and bonus: what `balance_max` looks at. Nothing in the wallet is expired by now.
    pub(crate) fn live_yen(&self) -> Amount {
        let paid = self.wallet.posted(LotAccount::Paid);
        paid.checked_add(self.wallet.posted(LotAccount::Bonus)).unwrap_or(Amount::MAX)
    }

    /// Chooses parts of these accounts in the spending order, without moving anything.
    pub(crate) fn choose(&self, accounts: &[LotAccount], amount: Amount) -> Result<Vec<Part>, Refusal> {
        let mut lots: Vec<&Part> = self.wallet.lots.iter().filter(|lot| accounts.contains(&lot.account)).collect();
        lots.sort_unstable_by_key(|lot| lot.spending_order());
        let (parts, rest) = take_in_order(lots.into_iter(), amount);
        if rest.is_zero() { Ok(parts) } else { Err(Refusal::InsufficientBalance) }
    }

    /// Opens a lot with value from an account outside the wallet.
    pub(crate) fn open(
        &mut self,
        from: Account,
        account: LotAccount,
        origin: TransactionId,
        amount: Amount,
        expires_at: Option<Time>,
    ) -> Result<(), Refusal> {
        let lot = self.wallet.lots_opened.checked_add(1).ok_or(Refusal::LimitExceeded)?;
        self.flow(from, account.account(), account.unit(), amount)?;
        self.step(Step::In, Part { lot, account, origin, expires_at, amount }, None)
    }

    /// The same, but refused where the wallet has too many lots already.
    pub(crate) fn open_at_most(
        &mut self,
        from: Account,
        account: LotAccount,
        origin: TransactionId,
        amount: Amount,
        expires_at: Option<Time>,
    ) -> Result<(), Refusal> {
        if self.wallet.lots.len() >= LOTS_MAX {
            return Err(Refusal::LimitExceeded);
        }
        self.open(from, account, origin, amount, expires_at)
    }

    /// Puts value from outside into a lot that is there.
    pub(crate) fn add(&mut self, from: Account, part: Part) -> Result<(), Refusal> {
        self.flow(from, part.account.account(), part.account.unit(), part.amount)?;
        self.step(Step::In, part, None)
    }

    /// Takes a part out of its lot and the wallet.
    pub(crate) fn take(&mut self, to: Account, part: Part) -> Result<(), Refusal> {
        self.flow(part.account.account(), to, part.account.unit(), part.amount)?;
        self.step(Step::Out, part, None)
    }

    /// Pays the shop with a part from its lot, or from the hold of `payment`.
    pub(crate) fn pay_shop(&mut self, payment: Option<TransactionId>, part: Part) -> Result<(), Refusal> {
        if part.account == LotAccount::Points {
            self.flow(Account::WalletPoints, Account::IssuerPointsExpense, Unit::Point, part.amount)?;
            self.flow(Account::IssuerPointsExpense, Account::ShopPayable, Unit::Jpy, part.amount)?;
        } else {
            self.flow(part.account.account(), Account::ShopPayable, Unit::Jpy, part.amount)?;
        }
        let step = if payment.is_some() { Step::Capture } else { Step::Out };
        self.step(step, part, payment)
    }

    /// The shop pays a part back into its lot; `kept_back` of it goes to the issuer for points that are gone.
    pub(crate) fn pay_back(&mut self, part: &Part, kept_back: Amount) -> Result<(), Refusal> {
        let returned = part.amount.checked_sub(kept_back).unwrap_or(Amount::ZERO);
        if part.account == LotAccount::Points {
            self.flow(Account::ShopPayable, Account::IssuerPointsExpense, Unit::Jpy, part.amount)?;
            self.flow(Account::IssuerPointsExpense, Account::WalletPoints, Unit::Point, returned)?;
        } else {
            self.flow(Account::ShopPayable, part.account.account(), Unit::Jpy, returned)?;
            self.flow(Account::ShopPayable, Account::IssuerPointsExpense, Unit::Jpy, kept_back)?;
        }
        if returned.is_zero() {
            return Ok(());
        }
        self.step(Step::In, reopen(part.of(returned), self.at), None)
    }

    /// Sets parts aside for a payment until `expires_at`.
    pub(crate) fn hold(&mut self, payment: TransactionId, parts: Vec<Part>, expires_at: Time) -> Result<(), Refusal> {
        self.hold_expires_at = Some(expires_at);
        parts.into_iter().try_for_each(|part| self.step(Step::Hold, part, Some(payment)))
    }

    /// Releases all that is held for a payment, and says how much that was.
    pub(crate) fn release(&mut self, payment: TransactionId) -> Result<Amount, Refusal> {
        self.release_at(payment, self.at)
    }

    fn release_at(&mut self, payment: TransactionId, at: Time) -> Result<Amount, Refusal> {
        let parts = self.wallet.hold(payment).map(|hold| hold.parts.clone()).unwrap_or_default();
        let released = crate::wallet::total(parts.iter());
        for part in parts {
            self.step(Step::Release, reopen(part, at), Some(payment))?;
        }
        Ok(released)
    }

    /// The posting as it is to be recorded. The wallet has a new version if anything was done to it.
    pub(crate) fn finish(mut self) -> Posted {
        if !self.is_empty() {
            self.wallet.version = self.wallet.version.saturating_add(1);
            self.wallet.at = self.at;
        }
        let mut balances = self.balances;
        let transfers = self
            .flows
            .into_iter()
            .map(|(debit, credit, unit, amount)| {
                let mut after = |account: Account, is_debit: bool| {
                    let (_, balance) = balances.iter_mut().find(|(lot, _)| lot.account() == account)?;
                    let changed = if is_debit { balance.checked_sub(amount) } else { balance.checked_add(amount) };
                    // Never the fallback: the moves that were applied say the same.
                    *balance = changed.unwrap_or(*balance);
                    Some(*balance)
                };
                let (debit_after, credit_after) = (after(debit, true), after(credit, false));
                Transfer { debit, credit, amount, unit, debit_after, credit_after }
            })
            .collect();
        Posted { wallet: self.wallet, moves: self.moves, transfers, hold_expires_at: self.hold_expires_at }
    }

    fn step(&mut self, step: Step, part: Part, payment: Option<TransactionId>) -> Result<(), Refusal> {
        let step = Move { step, part, payment };
        // Only an overflow can happen here: parts are chosen from what the wallet has.
        self.wallet.apply(&step, self.hold_expires_at).map_err(|_| Refusal::LimitExceeded)?;
        self.moves.push(step);
        Ok(())
    }

    /// Adds to the flow between two accounts; one transfer is made of all of it.
    fn flow(&mut self, debit: Account, credit: Account, unit: Unit, amount: Amount) -> Result<(), Refusal> {
        if amount.is_zero() {
            return Ok(());
        }
        let same = |flow: &&mut (Account, Account, Unit, Amount)| (flow.0, flow.1, flow.2) == (debit, credit, unit);
        match self.flows.iter_mut().find(same) {
            Some(flow) => flow.3 = flow.3.checked_add(amount).ok_or(Refusal::LimitExceeded)?,
            None => self.flows.push((debit, credit, unit, amount)),
        }
        Ok(())
    }
}

/// Takes `amount` from parts one after another, and says what is missing.
pub(crate) fn take_in_order<'a>(parts: impl Iterator<Item = &'a Part>, amount: Amount) -> (Vec<Part>, Amount) {
    let mut rest = amount;
    let mut taken = Vec::new();
    for part in parts {
        if rest.is_zero() {
            break;
        }
        let amount = part.amount.min(rest);
        rest = rest.checked_sub(amount).unwrap_or(Amount::ZERO);
        taken.push(part.of(amount));
    }
    (taken, rest)
}
