//! Cancels of payments and of cash top-ups, by id and by the terminal's own request id.

use super::types::{Account, Book, Call, Done, Expected, HoldState, Kind, Unit, Word};
use super::{Gate, Key, Model};

impl Model {
    /// Undoes a payment.
    pub fn cancel_payment(&mut self, call: &Call, payment: usize) -> Expected {
        let key = Key::new(Kind::CancelPayment, self.payments[payment].wallet, 0);
        self.decide(call, key, |model| model.cancel_payment_now(call, payment))
    }

    /// Undoes the payment of the caller's request id, or holds the id until it arrives.
    pub fn cancel_payment_by_request(&mut self, call: &Call, request: &str) -> Expected {
        let payment = self.payment_of(call.caller, request);
        let wallet = payment.and_then(|id| self.payments[id].wallet);
        self.decide(call, Key::new(Kind::CancelPayment, wallet, 0), |model| {
            if let Some(payment) = payment {
                return model.cancel_payment_now(call, payment);
            }
            model.check_terminal(call.caller)?;
            model.hold_id(call.caller, request, Kind::Payment)
        })
    }

    /// The payment that was recorded under this terminal's request id.
    pub fn payment_of(&self, caller: u32, request: &str) -> Option<usize> {
        self.payments.iter().position(|p| p.caller == caller && p.request == request)
    }

    fn cancel_payment_now(&mut self, call: &Call, id: usize) -> Result<Done, Word> {
        self.check_terminal(call.caller)?;
        // What was refused left nothing to undo.
        if let (Some(wallet), None) = (self.payments[id].wallet, self.payments[id].refused) {
            self.check_wallet(wallet, Gate::Other)?;
        }
        if self.payments[id].canceled {
            return Err("already_canceled");
        }
        if !self.payments[id].refunds.is_empty() {
            return Err("already_refunded");
        }
        self.payments[id].canceled = true;
        let mut done = Done { payment: Some(id), ..Done::default() };
        if self.payments[id].refused.is_some() {
            return Ok(done);
        }
        done.wallet = self.payments[id].wallet;
        self.lapse(self.payments[id].wallet.expect("done"), call.time);
        if self.payments[id].hold == HoldState::Open {
            done.released = self.release(id, HoldState::Canceled, call.time);
        }
        let captured = self.captured_in_all(id);
        if captured > 0 {
            self.give_back(id, captured, call.time, &mut done);
        }
        Ok(done)
    }

    /// Undoes a cash top-up.
    pub fn cancel_top_up(&mut self, call: &Call, top_up: usize) -> Expected {
        let key = Key::new(Kind::CancelTopUp, self.top_ups[top_up].wallet, 0);
        self.decide(call, key, |model| model.cancel_top_up_now(call, top_up))
    }

    /// Undoes the cash top-up of the caller's request id, or holds the id until it arrives.
    pub fn cancel_top_up_by_request(&mut self, call: &Call, request: &str) -> Expected {
        let top_up = self.top_up_of(call.caller, request);
        let wallet = top_up.and_then(|id| self.top_ups[id].wallet);
        self.decide(call, Key::new(Kind::CancelTopUp, wallet, 0), |model| {
            if let Some(top_up) = top_up {
                return model.cancel_top_up_now(call, top_up);
            }
            model.check_terminal(call.caller)?;
            model.hold_id(call.caller, request, Kind::TopUp)
        })
    }

    /// The cash top-up that was recorded under this terminal's request id.
    pub fn top_up_of(&self, caller: u32, request: &str) -> Option<usize> {
        self.top_ups.iter().position(|t| t.caller == caller && t.request == request)
    }

    fn cancel_top_up_now(&mut self, call: &Call, id: usize) -> Result<Done, Word> {
        self.check_terminal(call.caller)?;
        let top_up = self.top_ups[id].clone();
        if let (Some(wallet), None) = (top_up.wallet, top_up.refused) {
            self.check_wallet(wallet, Gate::Other)?;
        }
        if top_up.canceled {
            return Err("already_canceled");
        }
        self.top_ups[id].canceled = true;
        let done = Done { top_up: Some(id), ..Done::default() };
        let (Some(wallet), Some(number)) = (top_up.wallet, top_up.lot) else { return Ok(done) };
        self.lapse(wallet, call.time);
        let lot = self.wallet(wallet).lots.iter().find(|lot| lot.number == number).cloned().ok_or("top_up_spent")?;
        if lot.amount != top_up.amount {
            return Err("top_up_spent");
        }
        self.take_from_lot(wallet, number, lot.amount);
        let cash = top_up.shop.map_or(Book::AtmCash, Book::Cash);
        self.book(Book::Wallet(wallet, Account::Paid), cash, Unit::Yen, lot.amount);
        Ok(Done { wallet: Some(wallet), parts: vec![lot], ..done })
    }

    /// Nothing that a cancel like this undoes was recorded under the id.
    fn hold_id(&mut self, caller: u32, request: &str, kind: Kind) -> Result<Done, Word> {
        if self.event_of(caller, request).is_some() {
            return Err("not_cancelable");
        }
        if self.held_ids.iter().any(|held| (held.0, held.1.as_str()) == (caller, request)) {
            return Err("already_canceled");
        }
        self.held_ids.push((caller, request.to_owned(), kind));
        Ok(Done::default())
    }
}
