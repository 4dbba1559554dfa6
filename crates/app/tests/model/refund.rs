//! Refunds: captured parts go back, earned points are taken back, and what is missing of them is kept back in yen.

use super::Key;
use super::Model;
use super::types::{Account, Book, Call, Done, Expected, Kind, Part, Refund, Unit};

impl Model {
    /// Refunds some of what was captured.
    pub fn refund(&mut self, call: &Call, payment: usize, amount: i64) -> Expected {
        let key = Key::new(Kind::Refund, self.payments[payment].wallet, amount);
        self.decide(call, key, |model| {
            model.check_payment(call, payment)?;
            if amount > model.captured_in_all(payment) - model.refunded_in_all(payment) {
                return Err("refund_exceeds_captured");
            }
            model.follow(payment)?;
            let wallet = model.payments[payment].wallet;
            model.lapse(wallet.expect("captured"), call.time);
            let mut done = Done { payment: Some(payment), wallet, ..Done::default() };
            model.give_back(payment, amount, call.time, &mut done);
            Ok(done)
        })
    }

    pub(super) fn captured_in_all(&self, payment: usize) -> i64 {
        self.payments[payment].captured.iter().map(|c| c.part.amount).sum()
    }

    pub(super) fn refunded_in_all(&self, payment: usize) -> i64 {
        self.payments[payment].refunds.iter().map(|r| r.amount).sum()
    }

    /// The refund itself, as a cancel does it too. `amount` is more than 0 and was captured and not refunded yet.
    pub(super) fn give_back(&mut self, id: usize, amount: i64, time: i64, done: &mut Done) {
        let (wallet, shop) = (self.payments[id].wallet.expect("paid"), self.payments[id].shop);
        let asked = self.points_to_take(id, amount);
        let parts = self.last_captured(id, amount);
        for part in &parts {
            self.book_refunded(wallet, shop, part);
        }
        for part in parts.iter().filter(|p| p.account == Account::Points) {
            self.put_back(wallet, part, time);
        }
        let taken = self.take_points(id, asked, time);
        let mut missing = asked - taken;
        let mut kept = 0;
        let mut returned = vec![];
        for part in parts {
            let keep = if part.account == Account::Points { 0 } else { missing.min(part.amount) };
            self.book(Book::Wallet(wallet, part.account), Book::PointsExpense, Unit::Yen, keep);
            missing -= keep;
            kept += keep;
            let back = Part { amount: part.amount - keep, ..part };
            if back.amount > 0 {
                if back.account != Account::Points {
                    self.put_back(wallet, &back, time);
                }
                returned.push(back);
            }
        }
        self.payments[id].refunds.push(Refund { amount, asked, taken, kept, forgiven: missing });
        done.parts = returned;
        done.points_asked = asked;
        done.points_taken = taken;
        done.yen_kept = kept;
        done.points_forgiven = missing;
    }

    /// The captured parts that a refund of this amount takes, last drawn first.
    fn last_captured(&mut self, id: usize, amount: i64) -> Vec<Part> {
        let (mut parts, mut rest) = (vec![], amount);
        for captured in self.payments[id].captured.iter_mut().rev() {
            let taken = captured.left.min(rest);
            captured.left -= taken;
            rest -= taken;
            if taken > 0 {
                parts.push(Part { amount: taken, ..captured.part.clone() });
            }
        }
        assert_eq!(rest, 0);
        parts
    }

    /// The points that a refund of this amount is to take.
    fn points_to_take(&self, id: usize, amount: i64) -> i64 {
        let payment = &self.payments[id];
        let earned: i64 = payment.earned.iter().map(|(_, points)| points).sum();
        let refunded = self.refunded_in_all(id) + amount;
        let in_all = i128::from(earned) * i128::from(refunded) / i128::from(self.captured_in_all(id));
        let in_all = i64::try_from(in_all).expect("no more than was earned");
        (in_all - payment.refunds.iter().map(|r| r.asked).sum::<i64>()).max(0)
    }

    /// Takes points: from the lot that this payment's points went to last, then in spending order. Says how many.
    fn take_points(&mut self, id: usize, asked: i64, time: i64) -> i64 {
        let wallet = self.payments[id].wallet.expect("paid");
        let last = self.payments[id].earned.last().map(|(lot, _)| *lot);
        let mut lots = self.spendable(wallet, time, &[Account::Points]);
        lots.sort_by_key(|lot| Some(lot.number) != last); // Stable: the rest stays in spending order.
        let mut taken = 0;
        for lot in lots {
            taken += self.take_from_lot(wallet, lot.number, asked - taken);
        }
        self.book(Book::Wallet(wallet, Account::Points), Book::PointsExpense, Unit::Points, taken);
        taken
    }
}
