//! Value that comes in: cash top-ups, grants, exchanges, corrections and compensations.

use super::books::unit_of;
use super::civil::{DAY, month_end};
use super::types::{Account, Book, Call, Done, Expected, Kind, TopUp, Unit, Word};
use super::{Gate, Key, Model};

impl Model {
    /// Cash at a till or an ATM. Refused ones are in `top_ups` too, if they were recorded.
    pub fn top_up(&mut self, call: &Call, code: u64, amount: i64) -> Expected {
        let wallet = self.code_wallet(code);
        let (key, events) = (Key { kind: Kind::TopUp, code: Some(code), wallet, amount }, self.events.len());
        let answer = self.decide(call, key, |model| model.top_up_now(call, code, amount));
        if let (Expected::Refused(word), true) = (&answer, self.events.len() > events) {
            let refused = Some(*word);
            self.top_ups.push(TopUp { wallet, refused, ..self.new_top_up(call, amount) });
        }
        answer
    }

    fn new_top_up(&self, call: &Call, amount: i64) -> TopUp {
        let (caller, request, shop) = (call.caller, call.request.clone(), self.shop_of(call.caller));
        TopUp { caller, request, shop, wallet: None, amount, lot: None, refused: None, canceled: false }
    }

    fn top_up_now(&mut self, call: &Call, code: u64, amount: i64) -> Result<Done, Word> {
        self.check_terminal(call.caller)?;
        let wallet = self.check_code(call, code)?.wallet;
        self.check_wallet(wallet, Gate::Fill)?;
        self.lapse(wallet, call.time);
        self.check_cash(call.caller, call.time, amount)?;
        self.check_top_up_sums(wallet, call.time, amount)?;
        self.check_room(wallet, call.time, amount)?;
        self.use_up(code);
        let expiry = self.policy.paid_days.map(|days| call.time + days * DAY);
        let lot = Some(self.open_lot(wallet, Account::Paid, amount, expiry));
        let top_up = TopUp { wallet: Some(wallet), lot, ..self.new_top_up(call, amount) };
        let cash = top_up.shop.map_or(Book::AtmCash, Book::Cash);
        self.book(cash, Book::Wallet(wallet, Account::Paid), Unit::Yen, amount);
        self.top_ups.push(top_up);
        Ok(Done { top_up: Some(self.top_ups.len() - 1), wallet: Some(wallet), lot, ..Done::default() })
    }

    fn bonus_expiry(&self, time: i64) -> Option<i64> {
        self.policy.bonus_days.map(|days| time + days * DAY)
    }

    /// Bonus from the issuer.
    pub fn grant(&mut self, call: &Call, wallet: u32, amount: i64, expiry: Option<i64>) -> Expected {
        self.decide(call, Key::new(Kind::Grant, Some(wallet), amount), |model| {
            model.check_wallet(wallet, Gate::Fill)?;
            model.lapse(wallet, call.time);
            model.check_room(wallet, call.time, amount)?;
            let expiry = expiry.or(model.bonus_expiry(call.time));
            let lot = Some(model.open_lot(wallet, Account::Bonus, amount, expiry));
            model.book(Book::BonusExpense, Book::Wallet(wallet, Account::Bonus), Unit::Yen, amount);
            Ok(Done { wallet: Some(wallet), lot, ..Done::default() })
        })
    }

    /// A top-up from points, by the member.
    pub fn exchange(&mut self, call: &Call, wallet: u32, amount: i64) -> Expected {
        self.decide(call, Key::new(Kind::Exchange, Some(wallet), amount), |model| {
            model.check_wallet(wallet, Gate::Fill)?;
            model.lapse(wallet, call.time);
            let drawn = model.draw(wallet, call.time, &[Account::Points], amount);
            let parts = drawn.ok_or("insufficient_balance")?;
            if model.policy.exchange_max.is_some_and(|max| amount > max) {
                return Err("limit_exceeded");
            }
            model.check_top_up_sums(wallet, call.time, amount)?;
            model.check_room(wallet, call.time, amount)?;
            let lot = Some(model.open_lot(wallet, Account::Bonus, amount, model.bonus_expiry(call.time)));
            model.book(Book::Wallet(wallet, Account::Points), Book::PointsExpense, Unit::Points, amount);
            model.book(Book::PointsExpense, Book::Wallet(wallet, Account::Bonus), Unit::Yen, amount);
            Ok(Done { wallet: Some(wallet), parts, lot, ..Done::default() })
        })
    }

    /// Adds to an account (positive) or takes from it (negative).
    pub fn correct(&mut self, call: &Call, wallet: u32, account: Account, amount: i64) -> Expected {
        self.decide(call, Key::new(Kind::Correction, Some(wallet), amount), |model| {
            model.check_wallet(wallet, Gate::Other)?;
            model.lapse(wallet, call.time);
            let (book, unit) = (Book::Wallet(wallet, account), unit_of(account));
            if amount < 0 {
                let parts = model.draw(wallet, call.time, &[account], -amount).ok_or("insufficient_balance")?;
                model.book(book, Book::Suspense, unit, -amount);
                return Ok(Done { wallet: Some(wallet), parts, ..Done::default() });
            }
            let expiry = match account {
                Account::Bonus | Account::Points => model.bonus_expiry(call.time),
                Account::Paid => None,
            };
            let lot = Some(model.open_lot(wallet, account, amount, expiry));
            model.book(Book::Suspense, book, unit, amount);
            Ok(Done { wallet: Some(wallet), lot, ..Done::default() })
        })
    }

    /// Paid yen in compensation, without expiry.
    pub fn compensate(&mut self, call: &Call, wallet: u32, amount: i64) -> Expected {
        self.decide(call, Key::new(Kind::Compensation, Some(wallet), amount), |model| {
            model.check_wallet(wallet, Gate::Other)?;
            model.lapse(wallet, call.time);
            let lot = Some(model.open_lot(wallet, Account::Paid, amount, None));
            model.book(Book::Compensation, Book::Wallet(wallet, Account::Paid), Unit::Yen, amount);
            Ok(Done { wallet: Some(wallet), lot, ..Done::default() })
        })
    }

    /// The end of the month in which points earned now expire.
    pub fn points_expiry(&self, time: i64) -> Option<i64> {
        self.policy.points_months.map(|months| month_end(time, months))
    }
}
