//! A payment and what followed it, folded once more: what was captured, released, given back and taken back.

use warifu_core::id::TransactionId;
use warifu_core::ledger::{Account, Done, Kind, Transaction as Record};
use warifu_core::lot::{LotAccount, Move, Part, Step};
use warifu_core::payment::Totals;
use warifu_core::time::Time;

use super::shape::{flow, moved};
use super::{Complaints, Invariant, REOPENED, total};

/// The figures of a payment, in the order in which they are recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Figures {
    authorized: i128,
    captured: i128,
    refunded: i128,
    points_earned: i128,
    points_taken: i128,
}

/// A payment after some of what followed it.
#[derive(Debug)]
pub(super) struct Course {
    id: TransactionId,
    figures: Figures,
    until: Option<Time>,
    is_closed: bool,
    /// What was captured and not given back, in the order of drawing, with what is left of each part.
    drawn: Vec<(Part, i128)>,
}

impl Course {
    /// The payment by itself; that its own figures fit was looked at with its record.
    pub(super) fn begin(record: &Record, done: &Done) -> Self {
        let mut course = Self {
            id: record.id,
            figures: read(done.totals),
            until: done.hold_expires_at,
            is_closed: record.kind == Kind::Payment,
            drawn: Vec::new(),
        };
        course.draw(done, if record.kind == Kind::Payment { Step::Out } else { Step::Capture });
        course
    }

    /// Folds in what came next.
    pub(super) fn follow(&mut self, record: &Record, done: &Done, complaints: &mut Complaints) {
        match record.kind {
            Kind::Capture => self.capture(record, done, complaints),
            Kind::Void => self.void(record, done, complaints),
            Kind::Refund => self.refund(record, done, complaints),
            Kind::Cancel => self.cancel(record, done, complaints),
            other => complaints.add(Invariant::Refunds, format!("a {} does not follow a payment", other.text())),
        }
        let found = done.totals.map(|totals| read(Some(totals)));
        complaints.unless(found == Some(self.figures), Invariant::Refunds, || {
            format!("its figures are {found:?}, what was done comes to {:?}", self.figures)
        });
        let Figures { authorized, captured, refunded, .. } = self.figures;
        complaints.unless(captured <= authorized, Invariant::Refunds, || {
            format!("{captured} are captured of {authorized} authorised")
        });
        complaints.unless(refunded <= captured, Invariant::Refunds, || {
            format!("{refunded} are refunded of {captured} captured")
        });
    }

    fn capture(&mut self, record: &Record, done: &Done, complaints: &mut Complaints) {
        self.check_open(record, complaints);
        let amount = i128::from(record.amount.get());
        self.figures.captured = self.figures.captured.saturating_add(amount);
        self.figures.points_earned = self.figures.points_earned.saturating_add(moved(done, Step::In));
        self.draw(done, Step::Capture);
        let left = self.left();
        complaints.unless(left > 0 || done.closes_hold, Invariant::Refunds, || {
            "it captures the last and leaves the hold open".to_owned()
        });
        let expected = if done.closes_hold { left } else { 0 };
        complaints.equal(Invariant::Refunds, "it releases", self.released(done), expected);
        self.is_closed |= done.closes_hold;
    }

    fn void(&mut self, record: &Record, done: &Done, complaints: &mut Complaints) {
        self.check_open(record, complaints);
        let left = self.left();
        complaints.equal(Invariant::Refunds, "it voids", i128::from(record.amount.get()), left);
        complaints.equal(Invariant::Refunds, "it releases", self.released(done), left);
        self.is_closed = true;
    }

    fn refund(&mut self, record: &Record, done: &Done, complaints: &mut Complaints) {
        self.give_back(i128::from(record.amount.get()), record, done, complaints);
    }

    fn cancel(&mut self, record: &Record, done: &Done, complaints: &mut Complaints) {
        let refunded = self.figures.refunded;
        complaints
            .unless(refunded == 0, Invariant::Refunds, || format!("it cancels what {refunded} of was refunded before"));
        let (left, released) = (self.left(), self.released(done));
        let has_lapsed = self.has_lapsed(record);
        let fits = if self.is_closed {
            released == 0
        } else {
            // What lapsed was released by whatever came first, perhaps by this.
            released == left || has_lapsed && released == 0
        };
        complaints.unless(fits, Invariant::Refunds, || format!("it releases {released}, {left} were held"));
        let by_itself = if has_lapsed { 0 } else { released };
        let undone = self.figures.captured.saturating_add(by_itself);
        complaints.equal(Invariant::Refunds, "it undoes", i128::from(record.amount.get()), undone);
        self.is_closed = true;
        if self.figures.captured > 0 {
            self.give_back(self.figures.captured, record, done, complaints);
        }
    }

    fn check_open(&self, record: &Record, complaints: &mut Complaints) {
        complaints.unless(!self.is_closed, Invariant::Refunds, || "the hold was closed before it".to_owned());
        complaints.unless(!self.has_lapsed(record), Invariant::Refunds, || "the hold had expired before it".to_owned());
    }

    fn has_lapsed(&self, record: &Record) -> bool {
        self.until.is_some_and(|until| record.at >= until)
    }

    fn left(&self) -> i128 {
        self.figures.authorized.saturating_sub(self.figures.captured)
    }

    fn released(&self, done: &Done) -> i128 {
        let of_this = |step: &&Move| step.step == Step::Release && step.payment == Some(self.id);
        total(done.moves.iter().filter(of_this).map(|step| step.part.amount))
    }

    fn draw(&mut self, done: &Done, step: Step) {
        let parts = done.moves.iter().filter(|it| it.step == step).map(|it| &it.part);
        self.drawn.extend(parts.map(|part| (part.clone(), i128::from(part.amount.get()))));
    }

    /// Refunds some of what was captured: to the very lots, last drawn first, less what is kept back for points that are gone.
    fn give_back(&mut self, amount: i128, record: &Record, done: &Done, complaints: &mut Complaints) {
        let before = self.figures;
        self.figures.refunded = before.refunded.saturating_add(amount);
        let share = before.points_earned.saturating_mul(self.figures.refunded).checked_div(before.captured);
        self.figures.points_taken = share.unwrap_or(0).max(before.points_taken);
        let wanted = self.figures.points_taken.saturating_sub(before.points_taken);

        let returned_points = flow(done, &[Account::IssuerPointsExpense], &[Account::WalletPoints]);
        let kept = flow(done, &[Account::ShopPayable], &[Account::IssuerPointsExpense]).saturating_sub(returned_points);
        let taken = moved(done, Step::Out);
        let returned: Vec<_> = done.moves.iter().filter(|it| it.step == Step::In).map(|it| it.part.clone()).collect();
        let yen = total(returned.iter().filter(|part| part.account != LotAccount::Points).map(|part| part.amount));
        let settled = taken.saturating_add(kept);
        // What cannot be taken is kept back; what cannot be kept back is forgiven, when no yen are left to keep.
        let fits = kept >= 0 && (settled == wanted || settled < wanted && yen == 0);
        complaints.unless(fits, Invariant::Refunds, || {
            format!("it takes {taken} points and keeps {kept} yen back, {wanted} were to be taken")
        });
        let expected = self.returning(amount, kept, record.at);
        let found: Vec<_> = returned.iter().map(|part| (place(part), i128::from(part.amount.get()))).collect();
        complaints.unless(found == expected, Invariant::Refunds, || {
            "what goes back does not go to the lots that paid, the last drawn first".to_owned()
        });
    }

    /// What goes back to which lot: points first, then yen, of which `kept` are kept back from the first on.
    fn returning(&mut self, amount: i128, mut kept: i128, at: Time) -> Vec<(Place, i128)> {
        let (mut rest, mut points, mut yen) = (amount, Vec::new(), Vec::new());
        while rest > 0
            && let Some((part, left)) = self.drawn.last_mut()
        {
            let some = rest.min(*left);
            rest = rest.saturating_sub(some);
            *left = left.saturating_sub(some);
            let until = part.expires_at;
            let reopened = until.is_some_and(|until| at >= until).then(|| at.saturating_add(REOPENED));
            let place = (part.lot, part.account, part.origin, reopened.or(until));
            if part.account == LotAccount::Points {
                points.push((place, some))
            } else {
                yen.push((place, some))
            }
            if *left <= 0 {
                self.drawn.pop();
            }
        }
        for (_, some) in &mut yen {
            let back = kept.clamp(0, *some);
            kept = kept.saturating_sub(back);
            *some = some.saturating_sub(back);
        }
        points.into_iter().chain(yen).filter(|(_, some)| *some > 0).collect()
    }
}

/// A lot as a part names it.
type Place = (i64, LotAccount, TransactionId, Option<Time>);

const fn place(part: &Part) -> Place {
    (part.lot, part.account, part.origin, part.expires_at)
}

fn read(totals: Option<Totals>) -> Figures {
    let Some(totals) = totals else { return Figures::default() };
    Figures {
        authorized: totals.authorized.get().into(),
        captured: totals.captured.get().into(),
        refunded: totals.refunded.get().into(),
        points_earned: totals.points_earned.get().into(),
        points_taken: totals.points_taken.get().into(),
    }
}
