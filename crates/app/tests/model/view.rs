//! What a driver compares with the server after every step.

use super::Model;
use super::types::{ACCOUNTS, Account, Book, HoldState, Part, Unit};
use super::wallet::has_come;

/// A hold that is open: of which payment, until when, and its parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldView {
    pub payment: usize,
    pub expires: Option<i64>,
    pub parts: Vec<Part>,
}

/// A wallet at a time. Arrays are `[paid, bonus, points]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalletView {
    pub posted: [i64; 3],
    pub live: [i64; 3],
    pub available: [i64; 3],
    pub held: [i64; 3],
    /// By number; expired ones that are not booked yet included.
    pub lots: Vec<Part>,
    pub holds: Vec<HoldView>,
}

/// A payment at a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentView {
    pub authorized: i64,
    pub captured: i64,
    pub refunded: i64,
    pub held: i64,
    pub points_earned: i64,
    /// The shares of points that fell to the refunds, whether they were there or not.
    pub points_asked_back: i64,
    /// The points that were really taken back.
    pub points_taken_back: i64,
    pub yen_kept_back: i64,
    /// refused, canceled, authorized, expired, voided, captured, partially_refunded or refunded.
    pub state: &'static str,
}

/// A shop: what it is owed, and the cash that it took in (less cancels). Both positive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopView {
    pub payable: i64,
    pub cash: i64,
}

/// The issuer's accounts, debits less credits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuerView {
    pub points_expense_yen: i64,
    pub points_expense_points: i64,
    pub bonus_expense: i64,
    pub breakage_yen: i64,
    pub breakage_points: i64,
    pub compensation: i64,
    pub suspense_yen: i64,
    pub suspense_points: i64,
    pub atm_cash: i64,
}

fn sums(parts: &[Part]) -> [i64; 3] {
    let sum = |account: Account| parts.iter().filter(|p| p.account == account).map(|p| p.amount).sum();
    ACCOUNTS.map(sum)
}

fn plus(a: [i64; 3], b: [i64; 3]) -> [i64; 3] {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

impl Model {
    /// A wallet as it stands.
    pub fn wallet_view(&self, wallet: u32, time: i64) -> WalletView {
        let lots = self.wallet(wallet).lots.clone();
        let mut holds = vec![];
        for (id, payment) in self.payments.iter().enumerate() {
            if payment.wallet == Some(wallet) && payment.hold == HoldState::Open {
                let (expires, parts) = (payment.hold_expires, payment.hold_parts.clone());
                holds.push(HoldView { payment: id, expires, parts });
            }
        }
        let held_parts: Vec<Part> = holds.iter().flat_map(|hold| hold.parts.clone()).collect();
        let live_lots: Vec<Part> = lots.iter().filter(|lot| !has_come(lot.expiry, time)).cloned().collect();
        let (held, available) = (sums(&held_parts), sums(&live_lots));
        WalletView { posted: plus(sums(&lots), held), live: plus(available, held), available, held, lots, holds }
    }

    /// A payment as it stands.
    pub fn payment_view(&self, payment: usize, time: i64) -> PaymentView {
        let view = &self.payments[payment];
        PaymentView {
            authorized: view.amount,
            captured: self.captured_in_all(payment),
            refunded: self.refunded_in_all(payment),
            held: view.hold_parts.iter().map(|p| p.amount).sum(),
            points_earned: view.earned.iter().map(|(_, points)| points).sum(),
            points_asked_back: view.refunds.iter().map(|r| r.asked).sum(),
            points_taken_back: view.refunds.iter().map(|r| r.taken).sum(),
            yen_kept_back: view.refunds.iter().map(|r| r.kept).sum(),
            state: self.payment_state(payment, time),
        }
    }

    fn payment_state(&self, id: usize, time: i64) -> &'static str {
        let payment = &self.payments[id];
        let (captured, refunded) = (self.captured_in_all(id), self.refunded_in_all(id));
        if payment.canceled {
            return "canceled";
        }
        if payment.refused.is_some() {
            return "refused";
        }
        if captured > 0 {
            return match refunded {
                0 => "captured",
                all if all == captured => "refunded",
                _ => "partially_refunded",
            };
        }
        match payment.hold {
            HoldState::Open if !has_come(payment.hold_expires, time) => "authorized",
            HoldState::Open | HoldState::Lapsed => "expired",
            _ => "voided",
        }
    }

    /// A shop as it stands.
    pub fn shop_view(&self, shop: u32) -> ShopView {
        let payable = -self.net(Book::Payable(shop), Unit::Yen);
        ShopView { payable, cash: self.net(Book::Cash(shop), Unit::Yen) }
    }

    /// The issuer's accounts as they stand.
    pub fn issuer_view(&self) -> IssuerView {
        IssuerView {
            points_expense_yen: self.net(Book::PointsExpense, Unit::Yen),
            points_expense_points: self.net(Book::PointsExpense, Unit::Points),
            bonus_expense: self.net(Book::BonusExpense, Unit::Yen),
            breakage_yen: self.net(Book::Breakage, Unit::Yen),
            breakage_points: self.net(Book::Breakage, Unit::Points),
            compensation: self.net(Book::Compensation, Unit::Yen),
            suspense_yen: self.net(Book::Suspense, Unit::Yen),
            suspense_points: self.net(Book::Suspense, Unit::Points),
            atm_cash: self.net(Book::AtmCash, Unit::Yen),
        }
    }

    /// Panics unless the model agrees with itself: the books balance and say the same as the lots and holds.
    pub fn audit(&self, time: i64) {
        for unit in [Unit::Yen, Unit::Points] {
            let all: i64 = self.entries.iter().filter(|e| e.unit == unit).map(|e| e.amount).sum();
            assert_eq!(all, 0, "{unit:?} do not balance");
        }
        for wallet in &self.wallets {
            let view = self.wallet_view(wallet.id, time);
            for (place, account) in ACCOUNTS.into_iter().enumerate() {
                let booked = -self.net(Book::Wallet(wallet.id, account), super::books::unit_of(account));
                assert_eq!(view.posted[place], booked, "{account:?} of wallet {}", wallet.id);
                assert!(view.available[place] <= view.live[place] && view.live[place] <= view.posted[place]);
            }
            assert!(wallet.lots.iter().all(|lot| lot.amount > 0 && lot.number <= wallet.lots_opened));
            assert!(wallet.lots.windows(2).all(|two| two[0].number < two[1].number));
        }
        for (id, payment) in self.payments.iter().enumerate() {
            let view = self.payment_view(id, time);
            let left: i64 = payment.captured.iter().map(|c| c.left).sum();
            assert_eq!(left, view.captured - view.refunded);
            assert!(view.captured + view.held <= view.authorized && view.points_asked_back <= view.points_earned);
        }
    }
}
