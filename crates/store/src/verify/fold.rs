//! A wallet once more, folded from its entries by code of its own: what decided may be wrong, and would agree with itself.

use std::collections::{BTreeMap, BTreeSet};

use warifu_core::id::TransactionId;
use warifu_core::ledger::{Account, Done, Kind, Transaction as Record};
use warifu_core::lot::{LotAccount, Move, Part, Step};
use warifu_core::time::Time;
use warifu_core::wallet::Wallet;

use super::{Complaints, Invariant, REOPENED};

/// What is in a lot, or in a part of one.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Lot {
    account: LotAccount,
    origin: TransactionId,
    until: Option<Time>,
    amount: i128,
}

#[derive(Debug)]
struct Held {
    payment: TransactionId,
    until: Time,
    parts: Vec<(i64, Lot)>,
}

/// A wallet after some of its entries.
#[derive(Debug, Default)]
pub(super) struct Fold {
    lots: BTreeMap<i64, Lot>,
    holds: Vec<Held>,
    opened: i64,
}

impl Fold {
    /// Folds in the next entry, and compares the balances that it tells.
    pub(super) fn entry(&mut self, record: &Record, done: &Done, complaints: &mut Complaints) {
        let mut balances: BTreeMap<Account, i128> =
            LotAccount::ALL.into_iter().map(|lot| (lot.account(), self.posted(lot))).collect();
        for step in &done.moves {
            self.step(record, done, step, complaints);
        }
        for transfer in &done.transfers {
            let amount = i128::from(transfer.amount.get());
            let sides = [
                (transfer.debit, transfer.debit_after, amount.saturating_neg()),
                (transfer.credit, transfer.credit_after, amount),
            ];
            for (account, after, change) in sides {
                let Some(balance) = balances.get_mut(&account) else { continue };
                *balance = balance.saturating_add(change);
                complaints.unless(*balance >= 0, Invariant::NotNegative, || {
                    format!("it leaves {balance} in {}", account.text())
                });
                let after = after.map(|after| i128::from(after.get()));
                complaints.unless(after == Some(*balance), Invariant::Fold, || {
                    let said = after.map_or_else(|| "nothing".to_owned(), |after| after.to_string());
                    format!("it says that {said} is left in {}, the entries sum to {balance}", account.text())
                });
            }
        }
    }

    /// Everything of an account, in lots and holds.
    pub(super) fn posted(&self, account: LotAccount) -> i128 {
        let held = self.holds.iter().flat_map(|hold| &hold.parts).map(|(_, part)| part);
        let parts = self.lots.values().chain(held).filter(|part| part.account == account);
        parts.fold(0, |sum, part| sum.saturating_add(part.amount))
    }

    /// When the first of its lots and holds expires.
    pub(super) fn next_expiry(&self) -> Option<Time> {
        self.lots.values().filter_map(|lot| lot.until).chain(self.holds.iter().map(|hold| hold.until)).min()
    }

    fn step(&mut self, record: &Record, done: &Done, step: &Move, complaints: &mut Complaints) {
        let Move { step: verb, part, payment } = step;
        let number = part.lot;
        match (verb, payment) {
            (Step::In, None) => self.put(record, part, complaints),
            (Step::Out, None) => {
                complaints.unless(!part.is_expired(record.at), Invariant::Fold, || {
                    format!("it spends lot {number}, which has expired")
                });
                take(&mut self.lots, part, complaints);
            }
            (Step::Expire, None) => {
                complaints.unless(part.is_expired(record.at), Invariant::Fold, || {
                    format!("it takes lot {number} out as expired, which has not")
                });
                take(&mut self.lots, part, complaints);
                complaints.unless(!self.lots.contains_key(&number), Invariant::Fold, || {
                    format!("it leaves some of lot {number}, which has expired")
                });
            }
            (Step::Hold, Some(payment)) => {
                complaints.unless(!part.is_expired(record.at), Invariant::Fold, || {
                    format!("it holds lot {number}, which has expired")
                });
                take(&mut self.lots, part, complaints);
                self.hold(*payment, part, done.hold_expires_at, complaints);
            }
            (Step::Capture, Some(payment)) => {
                if let Some((until, _)) = self.take_held(*payment, part, complaints) {
                    complaints.unless(record.at < until, Invariant::Refunds, || {
                        format!("it captures of the hold of {payment}, which has expired")
                    });
                }
            }
            (Step::Release, Some(payment)) => self.release(record, *payment, part, complaints),
            _ => complaints.add(Invariant::Fold, format!("step `{}` and its payment do not fit", verb.text())),
        }
    }

    fn release(&mut self, record: &Record, payment: TransactionId, part: &Part, complaints: &mut Complaints) {
        let Some((until, held)) = self.take_held(payment, part, complaints) else { return };
        let ends_holds = matches!(record.kind, Kind::Capture | Kind::Void | Kind::Cancel);
        let is_own = record.parent == Some(payment) && ends_holds;
        complaints.unless(is_own || until <= record.at, Invariant::Refunds, || {
            format!("it releases the hold of {payment}, which has not expired")
        });
        let then = until.min(record.at);
        let expected = match held.until {
            Some(until) if until <= then => Some(then.saturating_add(REOPENED)),
            other => other,
        };
        complaints.unless(part.expires_at == expected, Invariant::Fold, || {
            format!("lot {} gets back what was held with another expiry", part.lot)
        });
        self.put(record, part, complaints);
    }

    fn put(&mut self, record: &Record, part: &Part, complaints: &mut Complaints) {
        let number = part.lot;
        let is_new = number > self.opened;
        complaints.unless(!is_new || number == self.opened.saturating_add(1), Invariant::Fold, || {
            format!("lot {number} follows lot {}", self.opened)
        });
        complaints.unless(!is_new || part.origin == record.id, Invariant::Fold, || {
            format!("it opens lot {number} in the name of {}", part.origin)
        });
        self.opened = self.opened.max(number);
        let lot = self.lots.entry(number).or_insert_with(|| Lot { amount: 0, ..lot_of(part) });
        complaints.unless((lot.account, lot.origin) == (part.account, part.origin), Invariant::Fold, || {
            format!("lot {number} gets value of another kind or origin")
        });
        lot.until = part.expires_at;
        lot.amount = lot.amount.saturating_add(i128::from(part.amount.get()));
    }

    fn hold(&mut self, payment: TransactionId, part: &Part, until: Option<Time>, complaints: &mut Complaints) {
        let held = (part.lot, lot_of(part));
        if let Some(hold) = self.holds.iter_mut().find(|hold| hold.payment == payment) {
            hold.parts.push(held);
            return;
        }
        complaints.unless(until.is_some(), Invariant::Fold, || "it holds without saying until when".to_owned());
        self.holds.push(Held { payment, until: until.unwrap_or(Time::MAX), parts: vec![held] });
    }

    /// Takes a part out of a hold; tells when the hold expires, and the part as it was held.
    fn take_held(&mut self, payment: TransactionId, part: &Part, complaints: &mut Complaints) -> Option<(Time, Lot)> {
        let Some(hold) = self.holds.iter_mut().find(|hold| hold.payment == payment) else {
            complaints.add(Invariant::Refunds, format!("nothing is held for {payment}"));
            return None;
        };
        let (until, amount) = (hold.until, i128::from(part.amount.get()));
        let Some((_, held)) = hold.parts.iter_mut().find(|(number, _)| *number == part.lot) else {
            complaints.add(Invariant::NotNegative, format!("nothing of lot {} is held for {payment}", part.lot));
            return None;
        };
        let found = held.clone();
        complaints.unless((held.account, held.origin) == (part.account, part.origin), Invariant::Fold, || {
            format!("lot {} is held in another kind or origin", part.lot)
        });
        complaints.unless(held.amount >= amount, Invariant::NotNegative, || {
            format!("{amount} of lot {} leave a hold of {}", part.lot, found.amount)
        });
        held.amount = held.amount.saturating_sub(amount).max(0);
        hold.parts.retain(|(_, held)| held.amount > 0);
        self.holds.retain(|hold| !hold.parts.is_empty());
        Some((until, found))
    }

    /// Compares with a wallet as it is stored.
    pub(super) fn compare(&self, stored: &Wallet, complaints: &mut Complaints) {
        compare_parts("its", &stored.lots, &self.lots, complaints);
        let opened = (i128::from(stored.lots_opened), i128::from(self.opened));
        complaints.equal(Invariant::Fold, "lots opened as stored", opened.0, opened.1);
        for hold in &self.holds {
            let Some(found) = stored.holds.iter().find(|found| found.payment == hold.payment) else {
                complaints.add(Invariant::Fold, format!("the hold of {} is not stored", hold.payment));
                continue;
            };
            complaints.unless(found.expires_at == hold.until, Invariant::Fold, || {
                format!("the hold of {} is stored with another expiry", hold.payment)
            });
            let parts = hold.parts.iter().cloned().collect();
            compare_parts(&format!("the hold of {}:", hold.payment), &found.parts, &parts, complaints);
        }
        let stored: Vec<_> = stored.holds.iter().map(|hold| hold.payment).collect();
        let expected: Vec<_> = self.holds.iter().map(|hold| hold.payment).collect();
        complaints.unless(stored == expected, Invariant::Fold, || {
            format!("{} holds are stored, its entries leave {}, or in another order", stored.len(), expected.len())
        });
    }
}

fn take(lots: &mut BTreeMap<i64, Lot>, part: &Part, complaints: &mut Complaints) {
    let (number, amount) = (part.lot, i128::from(part.amount.get()));
    let Some(lot) = lots.get_mut(&number) else {
        complaints.add(Invariant::NotNegative, format!("{amount} leave lot {number}, which holds nothing"));
        return;
    };
    complaints.unless(lot.amount >= amount, Invariant::NotNegative, || {
        format!("{amount} leave lot {number}, which holds {}", lot.amount)
    });
    let found = (lot.account, lot.origin, lot.until);
    complaints.unless(found == (part.account, part.origin, part.expires_at), Invariant::Fold, || {
        format!("what leaves lot {number} has another account, origin or expiry than the lot")
    });
    lot.amount = lot.amount.saturating_sub(amount).max(0);
    lots.retain(|_, lot| lot.amount > 0);
}

fn lot_of(part: &Part) -> Lot {
    Lot { account: part.account, origin: part.origin, until: part.expires_at, amount: i128::from(part.amount.get()) }
}

fn compare_parts(whose: &str, stored: &[Part], folded: &BTreeMap<i64, Lot>, complaints: &mut Complaints) {
    let found: BTreeMap<i64, Lot> = stored.iter().map(|part| (part.lot, lot_of(part))).collect();
    complaints.unless(found.len() == stored.len(), Invariant::Fold, || format!("{whose} lots are stored twice"));
    let numbers: BTreeSet<_> = found.keys().chain(folded.keys()).collect();
    for number in numbers {
        let detail = match (found.get(number), folded.get(number)) {
            (Some(found), Some(folded)) if found == folded => continue,
            (Some(found), Some(folded)) if found.amount != folded.amount => {
                format!("{whose} lot {number} is stored with {}, its entries leave {}", found.amount, folded.amount)
            }
            (Some(_), Some(_)) => format!("{whose} lot {number} is stored with another account, origin or expiry"),
            (Some(found), None) => {
                format!("{whose} lot {number} is stored with {}, its entries leave none", found.amount)
            }
            (None, _) => format!("{whose} lot {number} is not stored"),
        };
        complaints.add(Invariant::Fold, detail);
    }
}
