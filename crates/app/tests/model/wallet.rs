//! The lots of a wallet: drawing, going back, lapsing, sweeping.

use super::Model;
use super::books::unit_of;
use super::civil::DAY;
use super::types::{Account, Book, Call, Event, Expected, HoldState, Kind, Part, Payment};

/// Whether an expiry has come.
pub(super) fn has_come(expiry: Option<i64>, time: i64) -> bool {
    expiry.is_some_and(|expiry| time >= expiry)
}

impl Model {
    /// The lots that can be spent, in spending order, of these accounts.
    pub(super) fn spendable(&self, wallet: u32, time: i64, accounts: &[Account]) -> Vec<Part> {
        let mut lots = self.wallet(wallet).lots.clone();
        lots.retain(|lot| !has_come(lot.expiry, time) && accounts.contains(&lot.account));
        lots.sort_by_key(|lot| (lot.expiry.is_none(), lot.expiry, lot.account, lot.number));
        lots
    }

    /// Takes an amount in spending order, each lot whole before the next.
    pub(super) fn draw(&mut self, wallet: u32, time: i64, accounts: &[Account], amount: i64) -> Option<Vec<Part>> {
        let (mut parts, mut rest) = (vec![], amount);
        for lot in self.spendable(wallet, time, accounts) {
            let taken = self.take_from_lot(wallet, lot.number, rest);
            rest -= taken;
            if taken > 0 {
                parts.push(Part { amount: taken, ..lot });
            }
        }
        (rest == 0).then_some(parts)
    }

    /// Takes at most this much out of one lot; says how much it was.
    pub(super) fn take_from_lot(&mut self, wallet: u32, number: u64, at_most: i64) -> i64 {
        let lots = &mut self.wallet_mut(wallet).lots;
        let Some(lot) = lots.iter_mut().find(|lot| lot.number == number) else { return 0 };
        let taken = lot.amount.min(at_most);
        lot.amount -= taken;
        lots.retain(|lot| lot.amount > 0);
        taken
    }

    /// Opens the next lot; says its number. Books nothing.
    pub(super) fn open_lot(&mut self, wallet: u32, account: Account, amount: i64, expiry: Option<i64>) -> u64 {
        let origin = self.events.len();
        let wallet = self.wallet_mut(wallet);
        wallet.lots_opened += 1;
        let number = wallet.lots_opened;
        wallet.lots.push(Part { account, number, origin, expiry, amount });
        number
    }

    /// Puts a part back into the lot with its number, which then has the part's expiry, or 30 days if that has come.
    pub(super) fn put_back(&mut self, wallet: u32, part: &Part, then: i64) {
        let expiry = if has_come(part.expiry, then) { Some(then + 30 * DAY) } else { part.expiry };
        let lots = &mut self.wallet_mut(wallet).lots;
        if let Some(lot) = lots.iter_mut().find(|lot| lot.number == part.number) {
            lot.expiry = expiry;
            lot.amount += part.amount;
        } else {
            lots.push(Part { expiry, ..part.clone() });
            lots.sort_by_key(|lot| lot.number);
        }
    }

    /// Books what has expired by `time`, hold by hold in the order of their expiry, and before each the lots until then.
    pub(super) fn lapse(&mut self, wallet: u32, time: i64) {
        loop {
            let of_wallet = |p: &&Payment| p.wallet == Some(wallet) && p.hold == HoldState::Open;
            let expiries = self.payments.iter().filter(of_wallet).filter_map(|p| p.hold_expires);
            let Some(then) = expiries.min().filter(|then| *then <= time) else { break };
            self.take_out_expired(wallet, then);
            let id = self.payments.iter().position(|p| of_wallet(&p) && p.hold_expires == Some(then));
            self.release(id.expect("the one that expired then"), HoldState::Lapsed, then);
        }
        self.take_out_expired(wallet, time);
    }

    fn take_out_expired(&mut self, wallet: u32, time: i64) {
        for lot in self.wallet(wallet).lots.clone().into_iter().filter(|lot| has_come(lot.expiry, time)) {
            self.book(Book::Wallet(wallet, lot.account), Book::Breakage, unit_of(lot.account), lot.amount);
            self.take_from_lot(wallet, lot.number, lot.amount);
        }
    }

    /// Puts all that is left in a hold back and closes it so.
    pub(super) fn release(&mut self, payment: usize, state: HoldState, time: i64) -> Vec<Part> {
        let parts = std::mem::take(&mut self.payments[payment].hold_parts);
        self.payments[payment].hold = state;
        let wallet = self.payments[payment].wallet.expect("a hold has a wallet");
        for part in &parts {
            self.put_back(wallet, part, time);
        }
        parts
    }

    /// A lapse and nothing else. It has no request key and is always done.
    pub fn sweep(&mut self, time: i64, wallet: u32) {
        self.lapse(wallet, time);
        let call = Call { caller: u32::MAX, request: String::new(), body: String::new(), time }; // No key of anybody.
        let answer = Expected::Done(Box::default());
        let (kind, wallet) = (Kind::Sweep, Some(wallet));
        self.events.push(Event { call, kind, wallet, amount: 0, counts_at_terminal: false, answer });
    }
}
