//! A member's wallet as a decision sees it: its lots, its holds, what it did lately.

use crate::id::{MemberId, TransactionId, WalletId};
use crate::limit::Rolling;
use crate::lot::{LotAccount, Move, Part, Step};
use crate::money::Amount;
use crate::place::Book;
use crate::posting::Posting;
use crate::refusal::Refusal;
use crate::time::Time;

/// How many lots a wallet may have before it takes no more top-ups.
pub const LOTS_MAX: usize = 200;

/// What a wallet's member may do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WalletState {
    /// Everything.
    #[default]
    Active,
    /// Nothing new, until somebody has looked at it.
    Frozen,
    /// Spend what is there.
    Closing,
    /// Nothing any more.
    Closed,
}

impl WalletState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Active, Self::Frozen, Self::Closing, Self::Closed];

    /// The text in storage and in the interface.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Frozen => "frozen",
            Self::Closing => "closing",
            Self::Closed => "closed",
        }
    }

    /// Reads what [`WalletState::text`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.text() == text)
    }
}

/// Value set aside for a payment that was authorised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// The payment.
    pub payment: TransactionId,
    /// The first moment at which it cannot be captured any more.
    pub expires_at: Time,
    /// What is held, in the order in which it was drawn.
    pub parts: Vec<Part>,
}

/// The state of a wallet between two transactions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wallet {
    /// Which wallet.
    pub id: WalletId,
    /// Whose it is.
    pub member: MemberId,
    /// Which book it is in.
    pub book: Book,
    /// What the member may do.
    pub state: WalletState,
    /// Its lots that hold anything, by number.
    pub lots: Vec<Part>,
    /// Its open holds, the oldest first.
    pub holds: Vec<Hold>,
    /// How many lots were ever opened: the number of the newest.
    pub lots_opened: i64,
    /// Top-ups that limits still look at.
    pub topped_up: Rolling,
    /// Payments that limits still look at.
    pub paid_out: Rolling,
    /// The first moment at which it no longer cools, if it was moved to another device. Set by no transaction.
    pub cooling_until: Option<Time>,
    /// How many transactions have changed it; each of them carries the number it made.
    pub version: i64,
    /// The last of them: where the chain of its history begins.
    pub last: Option<TransactionId>,
    /// When it last changed.
    pub at: Time,
}

/// A move that does not fit the wallet that it is to change. Never from a decision; from a journal that was tampered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoveError {
    /// More leaves a lot or hold than is in it.
    #[error("more leaves lot {0} than is in it")]
    TooMuch(i64),
    /// The lot is of another account.
    #[error("lot {0} belongs to another account")]
    Account(i64),
    /// A step into or out of a hold names no payment, or another step names one.
    #[error("the step and its payment do not fit together")]
    Payment,
    /// A lot holds more than can be counted.
    #[error("lot {0} holds more than can be counted")]
    Overflow(i64),
}

impl Wallet {
    /// A new wallet, empty.
    #[must_use]
    pub fn new(id: WalletId, member: MemberId, book: Book) -> Self {
        Self {
            id,
            member,
            book,
            state: WalletState::Active,
            lots: Vec::new(),
            holds: Vec::new(),
            lots_opened: 0,
            topped_up: Rolling::default(),
            paid_out: Rolling::default(),
            cooling_until: None,
            version: 0,
            last: None,
            at: Time::EPOCH,
        }
    }

    /// Whether value may be spent.
    ///
    /// # Errors
    /// [`Refusal::WalletClosed`], [`Refusal::WalletFrozen`].
    pub const fn check_spending(&self) -> Result<(), Refusal> {
        match self.state {
            WalletState::Active | WalletState::Closing => Ok(()),
            WalletState::Frozen => Err(Refusal::WalletFrozen),
            WalletState::Closed => Err(Refusal::WalletClosed),
        }
    }

    /// Whether it was moved to another device lately, so that it may spend little and moves no further.
    #[must_use]
    pub fn is_cooling(&self, at: Time) -> bool {
        self.cooling_until.is_some_and(|until| at < until)
    }

    /// Whether value may be put in.
    ///
    /// # Errors
    /// [`Refusal::WalletClosed`], [`Refusal::WalletFrozen`].
    pub const fn check_filling(&self) -> Result<(), Refusal> {
        match self.state {
            WalletState::Active => Ok(()),
            WalletState::Frozen => Err(Refusal::WalletFrozen),
            WalletState::Closing | WalletState::Closed => Err(Refusal::WalletClosed),
        }
    }

    /// Whether what was done before may be undone or mended.
    ///
    /// # Errors
    /// [`Refusal::WalletClosed`].
    pub const fn check_mending(&self) -> Result<(), Refusal> {
        match self.state {
            WalletState::Closed => Err(Refusal::WalletClosed),
            _ => Ok(()),
        }
    }

    /// Everything in an account, held parts and what expired unbooked included: the balance of the ledger.
    #[must_use]
    pub fn posted(&self, account: LotAccount) -> Amount {
        total(self.lots.iter().chain(self.held()).filter(|part| part.account == account))
    }

    /// What can be spent of an account at `at`. What a lapsed hold sets aside does not count until it is released.
    #[must_use]
    pub fn available(&self, account: LotAccount, at: Time) -> Amount {
        total(self.lots.iter().filter(|part| part.account == account && !part.is_expired(at)))
    }

    /// What is held of an account.
    #[must_use]
    pub fn held_of(&self, account: LotAccount) -> Amount {
        total(self.held().filter(|part| part.account == account))
    }

    /// The parts in all holds.
    pub fn held(&self) -> impl Iterator<Item = &Part> {
        self.holds.iter().flat_map(|hold| &hold.parts)
    }

    /// The hold of a payment.
    #[must_use]
    pub fn hold(&self, payment: TransactionId) -> Option<&Hold> {
        self.holds.iter().find(|hold| hold.payment == payment)
    }

    /// When the first of its lots and holds expires.
    #[must_use]
    pub fn next_expiry(&self) -> Option<Time> {
        let lots = self.lots.iter().filter_map(|part| part.expires_at);
        lots.chain(self.holds.iter().map(|hold| hold.expires_at)).min()
    }

    /// The wallet as it is once everything that has expired by `at` is booked.
    #[must_use]
    pub fn after_lapse(&self, at: Time) -> Self {
        // Never the fallback: only an overflow stands in the way, and what was held was once all in the wallet.
        Posting::begin(self.clone(), at).map_or_else(|_| self.clone(), |posting| posting.wallet)
    }

    /// Applies one move. A hold that a [`Step::Hold`] opens expires at `hold_expires_at`.
    ///
    /// # Errors
    /// [`MoveError`] if it does not fit; the wallet is then of no use.
    pub fn apply(&mut self, step: &Move, hold_expires_at: Option<Time>) -> Result<(), MoveError> {
        let Move { step: verb, part, payment } = step;
        match (verb, payment) {
            (Step::In, None) => self.put(part),
            (Step::Out | Step::Expire, None) => self.take(part),
            (Step::Hold, Some(payment)) => {
                self.take(part)?;
                self.put_in_hold(*payment, part, hold_expires_at)
            }
            (Step::Capture, Some(payment)) => self.take_from_hold(*payment, part),
            (Step::Release, Some(payment)) => {
                self.take_from_hold(*payment, part)?;
                self.put(part)
            }
            _ => Err(MoveError::Payment),
        }
    }

    fn put(&mut self, part: &Part) -> Result<(), MoveError> {
        self.lots_opened = self.lots_opened.max(part.lot);
        match self.lots.binary_search_by_key(&part.lot, |lot| lot.lot) {
            Ok(index) => {
                let Some(lot) = self.lots.get_mut(index) else { return Err(MoveError::TooMuch(part.lot)) };
                if lot.account != part.account {
                    return Err(MoveError::Account(part.lot));
                }
                lot.expires_at = part.expires_at;
                lot.amount = lot.amount.checked_add(part.amount).ok_or(MoveError::Overflow(part.lot))?;
            }
            Err(index) => self.lots.insert(index, part.clone()),
        }
        Ok(())
    }

    fn take(&mut self, part: &Part) -> Result<(), MoveError> {
        take_from(&mut self.lots, part)
    }

    fn put_in_hold(&mut self, payment: TransactionId, part: &Part, expires_at: Option<Time>) -> Result<(), MoveError> {
        if let Some(hold) = self.holds.iter_mut().find(|hold| hold.payment == payment) {
            hold.parts.push(part.clone());
            return Ok(());
        }
        let expires_at = expires_at.ok_or(MoveError::Payment)?;
        self.holds.push(Hold { payment, expires_at, parts: vec![part.clone()] });
        Ok(())
    }

    fn take_from_hold(&mut self, payment: TransactionId, part: &Part) -> Result<(), MoveError> {
        let hold = self.holds.iter_mut().find(|hold| hold.payment == payment).ok_or(MoveError::TooMuch(part.lot))?;
        take_from(&mut hold.parts, part)?;
        self.holds.retain(|hold| !hold.parts.is_empty());
        Ok(())
    }
}

fn take_from(parts: &mut Vec<Part>, part: &Part) -> Result<(), MoveError> {
    let found = parts.iter_mut().find(|found| found.lot == part.lot).ok_or(MoveError::TooMuch(part.lot))?;
    if found.account != part.account {
        return Err(MoveError::Account(part.lot));
    }
    found.amount = found.amount.checked_sub(part.amount).ok_or(MoveError::TooMuch(part.lot))?;
    parts.retain(|part| !part.amount.is_zero());
    Ok(())
}

/// The sum of parts; at most [`Amount::MAX`].
pub(crate) fn total<'a>(parts: impl Iterator<Item = &'a Part>) -> Amount {
    parts.fold(Amount::ZERO, |sum, part| sum.checked_add(part.amount).unwrap_or(Amount::MAX))
}
