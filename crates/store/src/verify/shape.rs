//! A transaction by itself: which accounts its kind moves value between, how much, and that its moves say the same.

use warifu_core::ledger::{Account, Done, Kind, Owner, Transaction as Record};
use warifu_core::lot::{LotAccount, Move, Step};
use warifu_core::money::Unit;

use super::{Complaints, Invariant, total};

const YEN: [Account; 2] = [Account::WalletPaid, Account::WalletBonus];
const CASH: [Account; 2] = [Account::ShopCash, Account::AtmCash];

/// Everything that can be said of a transaction that was done without looking at any other.
pub(super) fn check(record: &Record, done: &Done, complaints: &mut Complaints) {
    transfers(record, done, complaints);
    agreement(done, complaints);
    amounts(record, done, complaints);
    steps(record, done, complaints);
    names(record, done, complaints);
    figures(record, done, complaints);
}

/// Whether a kind of transaction ever moves value from `debit` to `credit`.
fn may_move(kind: Kind, debit: Account, credit: Account, unit: Unit) -> bool {
    use Account::{
        AtmCash, IssuerBonusExpense, IssuerBreakage, IssuerCompensation, IssuerPointsExpense, IssuerSuspense, ShopCash,
        ShopPayable, WalletBonus, WalletPaid, WalletPoints,
    };
    use Unit::{Jpy, Point};
    let lot = |account| LotAccount::ALL.into_iter().any(|lot| lot.account() == account && lot.unit() == unit);
    if credit == IssuerBreakage {
        return lot(debit);
    }
    match kind {
        Kind::Payment | Kind::Capture => matches!(
            (debit, credit, unit),
            (WalletPaid | WalletBonus | IssuerPointsExpense, ShopPayable, Jpy)
                | (WalletPoints, IssuerPointsExpense, Point)
                | (IssuerPointsExpense, WalletPoints, Point)
        ),
        Kind::Refund | Kind::Cancel => matches!(
            (debit, credit, unit),
            (ShopPayable, WalletPaid | WalletBonus | IssuerPointsExpense, Jpy)
                | (WalletPoints, IssuerPointsExpense, Point)
                | (IssuerPointsExpense, WalletPoints, Point)
        ),
        Kind::TopUp => matches!((debit, credit), (ShopCash | AtmCash, WalletPaid)),
        Kind::TopUpCancel => matches!((debit, credit), (WalletPaid, ShopCash | AtmCash)),
        Kind::Exchange => matches!(
            (debit, credit, unit),
            (WalletPoints, IssuerPointsExpense, Point) | (IssuerPointsExpense, WalletBonus, Jpy)
        ),
        Kind::Grant => (debit, credit) == (IssuerBonusExpense, WalletBonus),
        Kind::Correction => debit == IssuerSuspense && lot(credit) || lot(debit) && credit == IssuerSuspense,
        Kind::Compensation => (debit, credit) == (IssuerCompensation, WalletPaid),
        Kind::Authorization | Kind::Void | Kind::Expiry => false,
    }
}

fn transfers(record: &Record, done: &Done, complaints: &mut Complaints) {
    for transfer in &done.transfers {
        if let Err(error) = transfer.check() {
            complaints.add(Invariant::Balanced, error.to_string());
        }
        complaints.unless(
            may_move(record.kind, transfer.debit, transfer.credit, transfer.unit),
            Invariant::Balanced,
            || {
                let (debit, credit, unit) = (transfer.debit.text(), transfer.credit.text(), transfer.unit.text());
                format!("a {} moves nothing from {debit} to {credit} in {unit}", record.kind.text())
            },
        );
    }
    let owners = done.transfers.iter().flat_map(|transfer| [transfer.debit.owner(), transfer.credit.owner()]);
    let touches_shop = owners.filter(|owner| *owner == Owner::Shop).count() > 0;
    complaints.unless(record.shop.is_some() || !touches_shop, Invariant::Balanced, || {
        "it moves value of a shop and names none".to_owned()
    });
    let has_effect = !done.transfers.is_empty() || !done.moves.is_empty();
    complaints.unless(!has_effect || done.wallet_version.is_some(), Invariant::Fold, || {
        "it moves value and gave its wallet no version".to_owned()
    });
    complaints.unless(done.wallet_version.is_none() || record.wallet.is_some(), Invariant::Fold, || {
        "it has the version of a wallet and names none".to_owned()
    });
}

/// What the transfers say of each account of the wallet is what the moves say.
fn agreement(done: &Done, complaints: &mut Complaints) {
    for lot in LotAccount::ALL {
        let account = lot.account();
        let of_lot = |step: &Move, steps: &[Step]| step.part.account == lot && steps.contains(&step.step);
        let moved =
            |steps: &[Step]| total(done.moves.iter().filter(|step| of_lot(step, steps)).map(|step| step.part.amount));
        let credits = total(done.transfers.iter().filter(|it| it.credit == account).map(|it| it.amount));
        let debits = total(done.transfers.iter().filter(|it| it.debit == account).map(|it| it.amount));
        let lapsed = flow(done, &[account], &[Account::IssuerBreakage]);
        let name = account.text();
        complaints.equal(Invariant::Balanced, &format!("{name} is credited"), credits, moved(&[Step::In]));
        let gone = moved(&[Step::Out, Step::Capture, Step::Expire]);
        complaints.equal(Invariant::Balanced, &format!("{name} is debited"), debits, gone);
        complaints.equal(Invariant::Balanced, &format!("{name} lapses"), lapsed, moved(&[Step::Expire]));
    }
}

/// What was asked for is what was moved.
fn amounts(record: &Record, done: &Done, complaints: &mut Complaints) {
    let asked = i128::from(record.amount.get());
    let mut is = |what: &str, found: i128| complaints.equal(Invariant::Balanced, what, found, asked);
    match record.kind {
        Kind::Payment | Kind::Capture => {
            let step = if record.kind == Kind::Payment { Step::Out } else { Step::Capture };
            is("the shop is credited", credited(done, Account::ShopPayable));
            is("the wallet gives", moved(done, step));
            let points = flow(done, &[Account::WalletPoints], &[Account::IssuerPointsExpense]);
            let paid = flow(done, &[Account::IssuerPointsExpense], &[Account::ShopPayable]);
            complaints.equal(Invariant::Balanced, "the shop is paid for points", paid, points);
        }
        Kind::Authorization => is("the wallet holds", moved(done, Step::Hold)),
        Kind::Refund => is("the shop is debited", debited(done, Account::ShopPayable)),
        Kind::Cancel => {
            let refunded = done.totals.map_or(0, |totals| i128::from(totals.refunded.get()));
            let debited = debited(done, Account::ShopPayable);
            complaints.equal(Invariant::Balanced, "the shop is debited", debited, refunded);
        }
        Kind::TopUp => is("cash comes in", flow(done, &CASH, &[Account::WalletPaid])),
        Kind::TopUpCancel => is("cash goes out", flow(done, &[Account::WalletPaid], &CASH)),
        Kind::Exchange => {
            is("points are taken", flow(done, &[Account::WalletPoints], &[Account::IssuerPointsExpense]));
            is("yen are given", flow(done, &[Account::IssuerPointsExpense], &[Account::WalletBonus]));
        }
        Kind::Grant => is("yen are given", flow(done, &[Account::IssuerBonusExpense], &[Account::WalletBonus])),
        Kind::Correction => {
            let (added, taken) = (debited(done, Account::IssuerSuspense), credited(done, Account::IssuerSuspense));
            is("it mends", added.max(taken));
            complaints.equal(Invariant::Balanced, "it mends in the other direction", added.min(taken), 0);
        }
        Kind::Compensation => is("yen are given", flow(done, &[Account::IssuerCompensation], &YEN)),
        Kind::Void => {}
        Kind::Expiry => is("it asks for", 0),
    }
    complaints.unless(record.unit == Unit::Jpy || record.kind == Kind::Correction, Invariant::Balanced, || {
        format!("a {} is not counted in {}", record.kind.text(), record.unit.text())
    });
}

/// Which steps a kind of transaction takes. A release of another payment's hold is a lapse, which the fold looks at; so
/// is that of what is left of the hold of a payment that is refunded.
fn steps(record: &Record, done: &Done, complaints: &mut Complaints) {
    for Move { step, payment, .. } in &done.moves {
        let fits = match step {
            Step::In => !matches!(record.kind, Kind::Authorization | Kind::Void | Kind::TopUpCancel | Kind::Expiry),
            Step::Out => !matches!(
                record.kind,
                Kind::Authorization
                    | Kind::Capture
                    | Kind::Void
                    | Kind::TopUp
                    | Kind::Grant
                    | Kind::Compensation
                    | Kind::Expiry
            ),
            Step::Expire => true,
            Step::Hold => record.kind == Kind::Authorization && *payment == Some(record.id),
            Step::Capture => record.kind == Kind::Capture && payment.is_some() && *payment == record.parent,
            Step::Release => {
                *payment != record.parent
                    || matches!(record.kind, Kind::Capture | Kind::Void | Kind::Cancel | Kind::Refund)
            }
        };
        complaints.unless(fits, Invariant::Balanced, || {
            format!("a {} has no step `{}` of this payment", record.kind.text(), step.text())
        });
    }
}

/// Whether it names what its kind names.
fn names(record: &Record, done: &Done, complaints: &mut Complaints) {
    let kind = record.kind;
    let by_issuer = matches!(kind, Kind::Exchange | Kind::Grant | Kind::Correction | Kind::Compensation | Kind::Expiry);
    complaints.unless(record.shop.is_none() == by_issuer, Invariant::Payout, || {
        format!("a {} {} in a shop", kind.text(), if by_issuer { "does not happen" } else { "happens" })
    });
    let cancels = matches!(kind, Kind::Cancel | Kind::TopUpCancel);
    let follows = matches!(kind, Kind::Capture | Kind::Void | Kind::Refund);
    complaints.unless(record.parent.is_some() == follows || cancels, Invariant::Refunds, || {
        format!("a {} {} another transaction", kind.text(), if follows { "follows" } else { "does not follow" })
    });
    let holds_a_key = record.target.is_some();
    let may_hold_a_key = cancels && record.parent.is_none();
    complaints.unless(holds_a_key == may_hold_a_key, Invariant::OneEffect, || {
        if holds_a_key { "it holds a request key and is no cancel in advance" } else { "it cancels nothing" }.to_owned()
    });
    complaints.unless(!holds_a_key || done.wallet_version.is_none(), Invariant::OneEffect, || {
        "it cancels what has not arrived, and moves something".to_owned()
    });
}

/// The figures of a payment, as far as one record tells. Those that follow are looked at with the payment.
fn figures(record: &Record, done: &Done, complaints: &mut Complaints) {
    let kind = record.kind;
    let begins = matches!(kind, Kind::Payment | Kind::Authorization);
    let follows = matches!(kind, Kind::Capture | Kind::Void | Kind::Refund);
    let fits = done.totals.is_some() == (begins || follows) || kind == Kind::Cancel;
    complaints.unless(fits, Invariant::Refunds, || format!("a {} with or without figures of a payment", kind.text()));
    if begins && let Some(totals) = done.totals {
        let captured = if kind == Kind::Payment { record.amount.get() } else { 0 };
        let found = [totals.authorized, totals.captured, totals.refunded, totals.points_taken].map(|it| it.get());
        complaints.unless(found == [record.amount.get(), captured, 0, 0], Invariant::Refunds, || {
            format!("its figures are {found:?}, authorised, captured, refunded, points taken")
        });
        let earned = i128::from(totals.points_earned.get());
        complaints.equal(Invariant::Refunds, "points earned", earned, moved(done, Step::In));
    }
    let is_hold = kind == Kind::Authorization;
    let until = done.hold_expires_at;
    let fits = until.is_some() == is_hold && until.is_none_or(|until| until > record.at);
    complaints.unless(fits, Invariant::Refunds, || "only what an authorisation holds expires, and later".to_owned());
    complaints.unless(!done.closes_hold || kind == Kind::Capture, Invariant::Refunds, || {
        format!("a {} does not close a hold by itself", kind.text())
    });
}

/// What is moved from one of these accounts to one of those.
pub(super) fn flow(done: &Done, debits: &[Account], credits: &[Account]) -> i128 {
    let fits = |debit: &Account, credit: &Account| debits.contains(debit) && credits.contains(credit);
    total(done.transfers.iter().filter(|it| fits(&it.debit, &it.credit)).map(|it| it.amount))
}

fn credited(done: &Done, account: Account) -> i128 {
    total(done.transfers.iter().filter(|transfer| transfer.credit == account).map(|transfer| transfer.amount))
}

fn debited(done: &Done, account: Account) -> i128 {
    total(done.transfers.iter().filter(|transfer| transfer.debit == account).map(|transfer| transfer.amount))
}

/// What all parts with this step come to.
pub(super) fn moved(done: &Done, step: Step) -> i128 {
    total(done.moves.iter().filter(|it| it.step == step).map(|it| it.part.amount))
}
