//! Payments: authorising, capturing, voiding, and the points that a capture earns.

use super::civil::DAY;
use super::limits::FOLLOWERS_MAX;
use super::types::{
    ACCOUNTS, Account, Book, Call, Captured, Done, Expected, HoldState, Kind, Part, Payment, Unit, Word,
};
use super::wallet::has_come;
use super::{Gate, Key, Model};

impl Model {
    /// Pays by code, captured at once or later. Refused payments are in `payments` too, if they were recorded.
    pub fn pay(&mut self, call: &Call, code: u64, amount: i64, later: bool) -> Expected {
        let wallet = self.code_wallet(code);
        let (key, events) = (Key { kind: Kind::Payment, code: Some(code), wallet, amount }, self.events.len());
        let answer = self.decide(call, key, |model| model.pay_now(call, code, amount, later));
        if let (Expected::Refused(word), true) = (&answer, self.events.len() > events) {
            let shop = self.shop_of(call.caller).expect("a till");
            let payment = Payment { wallet, refused: Some(*word), ..new_payment(call, shop, amount) };
            self.payments.push(payment);
        }
        answer
    }

    fn pay_now(&mut self, call: &Call, number: u64, amount: i64, later: bool) -> Result<Done, Word> {
        self.check_terminal(call.caller)?;
        let code = self.check_code(call, number)?;
        let wallet = code.wallet;
        self.check_wallet(wallet, Gate::Spend)?;
        self.lapse(wallet, call.time);
        let accounts = if code.use_points { &ACCOUNTS[..] } else { &[Account::Paid, Account::Bonus] };
        let parts = self.draw(wallet, call.time, accounts, amount).ok_or("insufficient_balance")?;
        self.check_payment_limits(wallet, call.caller, call.time, amount)?;
        self.use_up(number);
        let shop = self.shop_of(call.caller).expect("a till");
        let id = self.payments.len();
        self.payments.push(Payment { wallet: Some(wallet), ..new_payment(call, shop, amount) });
        let mut done = Done { payment: Some(id), wallet: Some(wallet), parts: parts.clone(), ..Done::default() };
        if later {
            let payment = &mut self.payments[id];
            payment.hold = HoldState::Open;
            payment.hold_expires = Some(call.time + self.policy.hold_days.unwrap_or(7) * DAY);
            payment.hold_parts = parts;
        } else {
            self.give_to_shop(id, &parts);
            (done.points_earned, done.lot) = self.earn(id, call.time);
        }
        Ok(done)
    }

    /// Captures some of a hold; with `last` the rest is released.
    pub fn capture(&mut self, call: &Call, payment: usize, amount: i64, last: bool) -> Expected {
        let key = Key::new(Kind::Capture, self.payments[payment].wallet, amount);
        self.decide(call, key, |model| {
            model.check_hold(call, payment)?;
            let left: i64 = model.payments[payment].hold_parts.iter().map(|p| p.amount).sum();
            if amount > left {
                return Err("capture_exceeds_authorized");
            }
            model.follow(payment)?;
            Ok(model.capture_now(call.time, payment, amount, last))
        })
    }

    fn capture_now(&mut self, time: i64, id: usize, amount: i64, last: bool) -> Done {
        let wallet = self.payments[id].wallet.expect("held");
        self.lapse(wallet, time);
        let (mut parts, mut held, mut rest) = (vec![], vec![], amount);
        for part in self.payments[id].hold_parts.clone() {
            let taken = part.amount.min(rest);
            rest -= taken;
            if taken > 0 {
                parts.push(Part { amount: taken, ..part.clone() });
            }
            if part.amount > taken {
                held.push(Part { amount: part.amount - taken, ..part });
            }
        }
        let closes = last || held.is_empty();
        self.payments[id].hold_parts = held;
        self.give_to_shop(id, &parts);
        let mut done = Done { payment: Some(id), wallet: Some(wallet), parts, ..Done::default() };
        if closes {
            done.released = self.release(id, HoldState::Closed, time);
        }
        (done.points_earned, done.lot) = self.earn(id, time);
        done
    }

    /// Releases all that is left in a hold.
    pub fn void(&mut self, call: &Call, payment: usize) -> Expected {
        let key = Key::new(Kind::Void, self.payments[payment].wallet, 0);
        self.decide(call, key, |model| {
            model.check_hold(call, payment)?;
            model.follow(payment)?;
            let wallet = model.payments[payment].wallet;
            model.lapse(wallet.expect("held"), call.time);
            let parts = model.release(payment, HoldState::Voided, call.time);
            Ok(Done { payment: Some(payment), wallet, parts, ..Done::default() })
        })
    }

    fn check_hold(&self, call: &Call, payment: usize) -> Result<(), Word> {
        self.check_payment(call, payment)?;
        let payment = &self.payments[payment];
        let open = payment.hold == HoldState::Open;
        if payment.hold == HoldState::Lapsed || (open && has_come(payment.hold_expires, call.time)) {
            return Err("hold_expired");
        }
        if open { Ok(()) } else { Err("hold_closed") }
    }

    /// What every command on a payment asks first.
    pub(super) fn check_payment(&self, call: &Call, payment: usize) -> Result<(), Word> {
        self.check_terminal(call.caller)?;
        if let Some(wallet) = self.payments[payment].wallet {
            self.check_wallet(wallet, Gate::Other)?;
        }
        if self.payments[payment].canceled { Err("already_canceled") } else { Ok(()) }
    }

    /// Counts one more capture, void or refund of a payment.
    pub(super) fn follow(&mut self, payment: usize) -> Result<(), Word> {
        self.payments[payment].followers += 1;
        if self.payments[payment].followers > FOLLOWERS_MAX { Err("limit_exceeded") } else { Ok(()) }
    }

    fn give_to_shop(&mut self, id: usize, parts: &[Part]) {
        let (wallet, shop) = (self.payments[id].wallet.expect("paid"), self.payments[id].shop);
        for part in parts {
            self.book_captured(wallet, shop, part);
            self.payments[id].captured.push(Captured { part: part.clone(), left: part.amount });
        }
    }

    /// Gives the points that the captures so far have earned and that were not given yet.
    fn earn(&mut self, id: usize, time: i64) -> (i64, Option<u64>) {
        let payment = self.payments[id].clone();
        let asked = self.shops.iter().find(|s| s.id == payment.shop).expect("a shop").yen_per_point;
        let yen = |c: &&Captured| c.part.account != Account::Points;
        let captured: i64 = payment.captured.iter().filter(yen).map(|c| c.part.amount).sum();
        let in_all = if asked == 0 { 0 } else { captured / asked };
        let points = in_all - payment.earned.iter().map(|(_, points)| points).sum::<i64>();
        if points <= 0 {
            return (0, None);
        }
        let wallet = payment.wallet.expect("paid");
        let expiry = self.points_expiry(time);
        let lots = &mut self.wallet_mut(wallet).lots;
        let same = lots.iter_mut().find(|lot| lot.account == Account::Points && lot.expiry == expiry);
        let number = match same {
            Some(lot) => {
                lot.amount += points;
                lot.number
            }
            None => self.open_lot(wallet, Account::Points, points, expiry),
        };
        self.book(Book::PointsExpense, Book::Wallet(wallet, Account::Points), Unit::Points, points);
        self.payments[id].earned.push((number, points));
        (points, Some(number))
    }
}

fn new_payment(call: &Call, shop: u32, amount: i64) -> Payment {
    Payment {
        caller: call.caller,
        request: call.request.clone(),
        shop,
        wallet: None,
        amount,
        refused: None,
        hold: HoldState::None,
        hold_expires: None,
        hold_parts: vec![],
        captured: vec![],
        earned: vec![],
        refunds: vec![],
        canceled: false,
        followers: 0,
    }
}
