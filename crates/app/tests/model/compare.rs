//! What the server says against what the model says. Each comparison answers with what differs.

use std::collections::BTreeMap;
use std::fmt::Debug;

use warifu_app::{Balance, Course, Fault, Receipt};
use warifu_core::ledger::{Account as Chart, Kind, Transaction as Record};
use warifu_core::lot::{LotAccount, Part};
use warifu_core::payment::{Payment, PaymentState};
use warifu_core::time::Time;
use warifu_core::wallet::{Wallet, WalletState};

use crate::model::types::{Account, Book, Done, Expected, Part as ModelPart, Standing, Unit};
use crate::town::{Town, lot_account};

/// An account of the books and its unit, by their names in storage.
pub(crate) type Line = (&'static str, &'static str);

fn same<T: PartialEq + Debug>(what: &str, server: T, model: T) -> Result<(), String> {
    if server == model { Ok(()) } else { Err(format!("{what}\n  server: {server:?}\n  model:  {model:?}")) }
}

/// The name of an account of the model's books.
pub(crate) const fn line(book: Book, unit: Unit) -> Line {
    let account = match book {
        Book::Wallet(_, account) => lot_account(account).account(),
        Book::Payable(_) => Chart::ShopPayable,
        Book::Cash(_) => Chart::ShopCash,
        Book::AtmCash => Chart::AtmCash,
        Book::PointsExpense => Chart::IssuerPointsExpense,
        Book::BonusExpense => Chart::IssuerBonusExpense,
        Book::Breakage => Chart::IssuerBreakage,
        Book::Compensation => Chart::IssuerCompensation,
        Book::Suspense => Chart::IssuerSuspense,
    };
    let unit = match unit {
        Unit::Yen => warifu_core::money::Unit::Jpy,
        Unit::Points => warifu_core::money::Unit::Point,
    };
    (account.text(), unit.text())
}

/// An answer. `event` is the model's number of it, if it recorded one.
pub(crate) fn answer(
    town: &Town,
    answer: &Result<Receipt, Fault>,
    expected: &Expected,
    event: Option<usize>,
) -> Result<(), String> {
    let receipt = match (answer, expected) {
        (Err(Fault::RequestIdConflict), Expected::Conflict) => return Ok(()),
        (Ok(receipt), Expected::Replay(_) | Expected::Refused(_) | Expected::Done(_)) => receipt,
        (server, _) => return Err(format!("the answer\n  server: {server:?}\n  model:  {expected:?}")),
    };
    let refusal = receipt.refusal().map(|refusal| refusal.word());
    match expected {
        Expected::Replay(first) => {
            let first = town.records[*first].as_ref().expect("what is replayed was recorded");
            same("whether it is a replay", receipt.replayed, true)?;
            same("the record of a replay", format!("{:?}", receipt.record), format!("{first:?}"))
        }
        Expected::Refused(word) => {
            same("the answer", refusal, Some(*word))?;
            same("whether it is a replay", receipt.replayed, false)?;
            same("whether it was recorded", !receipt.was_canceled, event.is_some())
        }
        Expected::Done(done) => {
            same("the answer", refusal, None)?;
            same("whether it is a replay", receipt.replayed, false)?;
            let policy = i64::try_from(done.policy).unwrap();
            same("the policy", receipt.record.policy - town.policies_before, policy)?;
            what_was_done(town, &receipt.record, done, event.expect("what is done is recorded"))
        }
        Expected::Conflict => Ok(()),
    }
}

fn what_was_done(town: &Town, record: &Record, done: &Done, event: usize) -> Result<(), String> {
    let server_done = record.done().expect("done");
    let mut server: BTreeMap<Line, i64> = BTreeMap::new();
    for transfer in &server_done.transfers {
        let unit = transfer.unit.text();
        *server.entry((transfer.debit.text(), unit)).or_default() += transfer.amount.get();
        *server.entry((transfer.credit.text(), unit)).or_default() -= transfer.amount.get();
    }
    let mut model: BTreeMap<Line, i64> = BTreeMap::new();
    for entry in town.model.entries.iter().filter(|entry| entry.event == event) {
        *model.entry(line(entry.book, entry.unit)).or_default() += entry.amount;
    }
    server.retain(|_, sum| *sum != 0);
    model.retain(|_, sum| *sum != 0);
    same("what it booked", server, model)?;
    if let Some((year, month, day)) = done.business_date {
        same("the business date", record.business_date.number(), year * 10_000 + month * 100 + day)?;
    }
    let wallet = done.wallet.map(|wallet| town.wallets[&wallet].1);
    same("the wallet", record.wallet.filter(|_| wallet.is_some()), wallet)
}

fn part(town: &Town, part: &ModelPart) -> Part {
    Part {
        lot: i64::try_from(part.number).unwrap(),
        account: lot_account(part.account),
        origin: town.records[part.origin].as_ref().expect("lots are opened by what is recorded").id,
        expires_at: part.expiry.map(crate::town::time),
        amount: crate::town::yen(part.amount),
    }
}

fn sums(of: impl Fn(LotAccount) -> i64) -> [i64; 3] {
    [Account::Paid, Account::Bonus, Account::Points].map(|account| of(lot_account(account)))
}

/// A wallet of the town, as of a time.
pub(crate) fn wallet(town: &Town, number: u32, wallet: &Wallet, at: Time) -> Result<(), String> {
    let (model, micros) = (&town.model, at.unix_micros());
    let view = model.wallet_view(number, micros);
    let what = |what: &str| format!("{what} of wallet {number} at {micros}");
    let lots = view.lots.iter().map(|lot| part(town, lot)).collect::<Vec<_>>();
    same(&what("the lots"), &wallet.lots, &lots)?;
    let holds = |hold: &warifu_core::wallet::Hold| (hold.payment, Some(hold.expires_at), hold.parts.clone());
    let model_holds = view.holds.iter().map(|hold| {
        let parts = hold.parts.iter().map(|held| part(town, held)).collect::<Vec<_>>();
        (town.payments[hold.payment], hold.expires.map(crate::town::time), parts)
    });
    same(&what("the holds"), wallet.holds.iter().map(holds).collect::<Vec<_>>(), model_holds.collect())?;
    same(&what("posted"), sums(|account| wallet.posted(account).get()), view.posted)?;
    same(&what("available"), sums(|account| wallet.available(account, at).get()), view.available)?;
    same(&what("held"), sums(|account| wallet.held_of(account).get()), view.held)?;
    let of_model = model.wallets.iter().find(|it| it.id == number).expect("a wallet of the town");
    same(&what("lots opened"), wallet.lots_opened, i64::try_from(of_model.lots_opened).unwrap())?;
    let state = match of_model.standing {
        Standing::Active => WalletState::Active,
        Standing::Frozen => WalletState::Frozen,
        Standing::Closing => WalletState::Closing,
        Standing::Closed => WalletState::Closed,
    };
    same(&what("the state"), wallet.state, state)?;
    let counted = [
        wallet.topped_up.over_a_day(at),
        wallet.topped_up.over_a_month(at),
        wallet.paid_out.over_a_day(at),
        wallet.paid_out.over_a_month(at),
    ];
    let model_counted = [
        model.wallet_top_ups_day(number, micros),
        model.wallet_top_ups_month(number, micros),
        model.wallet_payments_day(number, micros),
        model.wallet_payments_month(number, micros),
    ];
    same(&what("what limits count"), counted.map(|amount| amount.get()), model_counted)?;
    // What a member is shown is what there would be after a sweep.
    let mut swept = model.clone();
    swept.sweep(micros, number);
    let (view, shown) = (swept.wallet_view(number, micros), wallet.after_lapse(at));
    let lots = view.lots.iter().map(|lot| part(town, lot)).collect::<Vec<_>>();
    same(&what("the lots as shown"), &shown.lots, &lots)?;
    let shown = Balance { wallet: shown, at };
    same(&what("shown as available"), sums(|account| shown.available(account)), view.available)?;
    same(&what("shown as held"), sums(|account| shown.held(account)), view.held)
}

/// A payment of the town, as the server tells it.
pub(crate) fn course(town: &Town, number: usize, course: Option<&Course>) -> Result<(), String> {
    let course = course.ok_or_else(|| format!("payment {number} is not found on the server"))?;
    let of_model = &town.model.payments[number];
    let what = |what: &str| format!("{what} of payment {number} at {}", course.at.unix_micros());
    same(&what("the id"), course.record.id, town.payments[number])?;
    same(&what("the refusal"), course.record.refusal().map(|refusal| refusal.word()), of_model.refused)?;
    let cancels = |record: &&Record| record.kind == Kind::Cancel && record.done().is_some();
    same(&what("cancels"), course.followers.iter().filter(cancels).count(), usize::from(of_model.canceled))?;
    same(&what("the fold"), course.payment.as_ref(), town.folded[number].as_ref())?;
    payment(town, number, course.payment.as_ref(), course.at)
}

/// A payment of the town as of a time.
pub(crate) fn payment(town: &Town, number: usize, payment: Option<&Payment>, at: Time) -> Result<(), String> {
    let view = town.model.payment_view(number, at.unix_micros());
    let what = |what: &str| format!("{what} of payment {number} at {}", at.unix_micros());
    let Some(payment) = payment else {
        return same(&what("whether there is"), town.model.payments[number].refused.is_none(), false);
    };
    let totals = payment.totals;
    let server = [totals.authorized, totals.captured, totals.refunded, totals.points_earned, totals.points_taken];
    let model = [view.authorized, view.captured, view.refunded, view.points_earned, view.points_asked_back];
    same(&what("authorized, captured, refunded, points earned and taken"), server.map(|amount| amount.get()), model)?;
    let state = match payment.state(at) {
        PaymentState::Authorized => "authorized",
        PaymentState::Captured => "captured",
        PaymentState::PartiallyRefunded => "partially_refunded",
        PaymentState::Refunded => "refunded",
        PaymentState::Canceled => "canceled",
        PaymentState::Voided => "voided",
        PaymentState::Expired => "expired",
    };
    same(&what("the state"), state, view.state)
}

/// The books of several towns together, and those of each shop by itself.
pub(crate) fn books(server: &BTreeMap<Line, i64>, model: &BTreeMap<Line, i64>) -> Result<(), String> {
    same("the books", server, model)
}
