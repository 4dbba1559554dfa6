//! One decision: a command against the loaded state at a time.

use core::time::Duration;

use jiff::tz::TimeZone;

use super::chart::Account;
use super::command::{Ask, Capture, Command, Target};
use super::loaded::Loaded;
use super::transaction::{Done, Kind, Outcome, Transaction};
use crate::code::IssuedCode;
use crate::id::{TransactionId, WalletId};
use crate::limit::within;
use crate::lot::{LotAccount, Step};
use crate::money::Amount;
use crate::payment::{self, Earning, Payment, Totals};
use crate::place::Place;
use crate::posting::Posting;
use crate::refusal::Refusal;
use crate::request::{RequestId, RequestKey};
use crate::time::Time;
use crate::wallet::Wallet;
use crate::{correction, refund, topup};

/// Decides one command against `loaded` at the time `at`, and leaves `loaded` as the next command finds it.
#[must_use]
pub fn decide(loaded: &mut Loaded, command: &Command, at: Time, zone: &TimeZone) -> Transaction {
    let place = takes_a_place(&command.ask).then(|| loaded.place(command.key.caller.terminal()).cloned());
    let closing = place.iter().flatten().map(|place| place.closing_minutes).next();
    let closing = closing.and_then(|minutes| u64::try_from(minutes).ok()).unwrap_or(0).saturating_mul(60);
    let record = Transaction {
        id: command.id,
        kind: command.ask.kind(),
        book: place.iter().flatten().map(|place| place.book).next().unwrap_or_default(),
        at,
        business_date: at.saturating_sub(Duration::from_secs(closing)).date_in(zone),
        key: command.key.clone(),
        body: command.body,
        shop: place.iter().flatten().map(|place| place.shop).next(),
        wallet: command.ask.wallet(),
        code: None,
        parent: command.ask.parent(),
        target: None,
        amount: command.ask.amount().unwrap_or_default(),
        unit: unit(&command.ask),
        policy: loaded.policy().number,
        note: command.note.clone(),
        outcome: Outcome::Refused(Refusal::TerminalFrozen),
    };
    let mut decision = Decision { loaded, zone, at, record };
    let decided = match place {
        Some(None) => Err(Refusal::TerminalFrozen),
        Some(Some(place)) => place.check().and_then(|()| decision.at_a_place(&command.ask, place)),
        None => decision.elsewhere(&command.ask),
    };
    let mut record = decision.record;
    record.outcome = decided.map_or_else(Outcome::Refused, Outcome::Done);
    loaded.remember(&record);
    record
}

/// Whether it is terminals that ask for this.
const fn takes_a_place(ask: &Ask) -> bool {
    ask.wallet().is_none()
}

const fn unit(ask: &Ask) -> crate::money::Unit {
    match ask {
        Ask::Correct { account, .. } => account.unit(),
        _ => crate::money::Unit::Jpy,
    }
}

/// A decision in the making: the record is filled in as it is found out.
struct Decision<'a> {
    loaded: &'a mut Loaded,
    zone: &'a TimeZone,
    at: Time,
    record: Transaction,
}

impl Decision<'_> {
    fn at_a_place(&mut self, ask: &Ask, place: Place) -> Result<Done, Refusal> {
        match ask {
            Ask::Pay { forced, .. } | Ask::TopUp { forced, .. } => self.by_code(ask, *forced, place),
            Ask::Capture { payment, amount, is_final } => self.capture(*payment, *amount, *is_final, &place),
            Ask::Void { payment } => self.void(*payment),
            Ask::Refund { payment, amount } => self.refund(*payment, *amount),
            Ask::Cancel(Target::Transaction(id)) => self.cancel(*id),
            Ask::CancelTopUp(Target::Transaction(id)) => self.cancel_top_up(*id),
            Ask::Cancel(Target::Request(target)) => {
                let kinds = [Kind::Payment, Kind::Authorization];
                self.find_target(target, &kinds)?.map_or_else(|| Ok(Done::default()), |id| self.cancel(id))
            }
            Ask::CancelTopUp(Target::Request(target)) => {
                let found = self.find_target(target, &[Kind::TopUp])?;
                found.map_or_else(|| Ok(Done::default()), |id| self.cancel_top_up(id))
            }
            // Not asked for at places.
            Ask::Exchange { .. }
            | Ask::Grant { .. }
            | Ask::Correct { .. }
            | Ask::Compensate { .. }
            | Ask::Expire { .. } => Err(Refusal::TerminalFrozen),
        }
    }

    /// What the issuer and members ask for, and the clock.
    fn elsewhere(&mut self, ask: &Ask) -> Result<Done, Refusal> {
        let (id, policy) = (self.record.id, self.loaded.policy().clone());
        let named = ask.wallet().and_then(|wallet| self.loaded.wallet(wallet)).cloned();
        let wallet = named.ok_or(Refusal::WalletClosed)?;
        self.record.book = wallet.book;
        match ask {
            Ask::Exchange { .. } | Ask::Grant { .. } => wallet.check_filling()?,
            Ask::Expire { .. } => {}
            _ => wallet.check_mending()?,
        }
        let mut posting = Posting::begin(wallet, self.at)?;
        match ask {
            Ask::Exchange { amount, .. } => topup::from_points(&mut posting, id, *amount, &policy)?,
            Ask::Grant { amount, expires_at, .. } => topup::grant(&mut posting, id, *amount, *expires_at, &policy)?,
            Ask::Correct { account, direction, amount, .. } => {
                correction::correct(&mut posting, id, *account, *direction, *amount, &policy)?;
            }
            Ask::Compensate { amount, .. } => correction::compensate(&mut posting, id, *amount)?,
            _ => {}
        }
        Ok(self.post(posting, None))
    }

    /// The part that payments and top-ups share: the code is checked, then used up if the wallet agrees, else bound to the
    /// terminal, so that a code seen over a shoulder is of no use at the next till.
    fn by_code(&mut self, ask: &Ask, forced: Option<Refusal>, place: Place) -> Result<Done, Refusal> {
        let mut code = self.loaded.code(ask.codes()).cloned().ok_or(Refusal::CodeUnknown)?;
        let wallet = self.loaded.wallet(code.wallet).cloned().ok_or(Refusal::CodeUnknown)?;
        if wallet.book != place.book {
            return Err(Refusal::CodeUnknown);
        }
        self.record.wallet = Some(wallet.id);
        self.record.code = Some(code.mac);
        code.check(place.terminal, self.at)?;
        if let Some(forced) = forced {
            return Err(forced);
        }
        let terminal = place.terminal;
        match self.pay_or_top_up(ask, &code, wallet, place) {
            Ok(done) => {
                code.consumed_by = Some(self.record.id);
                self.loaded.put_code(code);
                Ok(done)
            }
            Err(refusal) => {
                if code.bound_to.is_none() {
                    code.bound_to = Some(terminal);
                    self.loaded.put_code(code);
                }
                Err(refusal)
            }
        }
    }

    fn pay_or_top_up(
        &mut self,
        ask: &Ask,
        code: &IssuedCode,
        wallet: Wallet,
        mut place: Place,
    ) -> Result<Done, Refusal> {
        let (id, policy) = (self.record.id, self.loaded.policy().clone());
        let (posting, totals) = match ask {
            Ask::Pay { amount, capture, .. } => {
                wallet.check_spending()?;
                let mut posting = Posting::begin(wallet, self.at)?;
                let totals = self.pay(&mut posting, *amount, *capture, code.use_points, &mut place)?;
                (posting, Some(totals))
            }
            _ => {
                wallet.check_filling()?;
                let mut posting = Posting::begin(wallet, self.at)?;
                topup::by_cash(&mut posting, id, &mut place, self.record.amount, &policy)?;
                (posting, None)
            }
        };
        if place.usage.is_some() {
            self.loaded.put_place(place);
        }
        Ok(self.post(posting, totals))
    }

    fn pay(
        &self,
        posting: &mut Posting,
        amount: Amount,
        capture: Capture,
        use_points: bool,
        place: &mut Place,
    ) -> Result<Totals, Refusal> {
        let (id, policy, at) = (self.record.id, self.loaded.policy(), self.at);
        let accounts: &[LotAccount] =
            if use_points { &LotAccount::ALL } else { &[LotAccount::Bonus, LotAccount::Paid] };
        let parts = posting.choose(accounts, amount)?;
        within(policy.payment_max, amount)?;
        let day = policy.payment_day(posting.wallet.is_cooling(at));
        let paid_out = &mut posting.wallet.paid_out;
        paid_out.check(at, amount, day, policy.wallet_payment_month)?;
        paid_out.count(at, amount);
        if let Some(usage) = &mut place.usage {
            usage.payments.check(at, amount, policy.terminal_payment_day, None)?;
            usage.payments.count(at, amount);
        }
        match capture {
            Capture::Now => payment::capture_now(posting, id, parts, amount, self.earning(place)),
            Capture::Later => {
                posting.hold(id, parts, at.saturating_add(policy.hold_life()))?;
                Ok(Totals { authorized: amount, ..Totals::default() })
            }
        }
    }

    fn capture(
        &mut self,
        id: TransactionId,
        amount: Option<Amount>,
        is_final: bool,
        place: &Place,
    ) -> Result<Done, Refusal> {
        let payment = self.follow(id)?.ok_or(Refusal::HoldClosed)?;
        payment.check_hold(self.at)?;
        let left = payment.capturable(self.at);
        let amount = amount.unwrap_or(left);
        self.record.amount = amount;
        if amount > left {
            return Err(Refusal::CaptureExceedsAuthorized);
        }
        payment.check_followers()?;
        let mut posting = self.mend(payment.wallet)?;
        let earning = self.earning(place);
        let (totals, closes) = payment::capture(&mut posting, self.record.id, &payment, amount, is_final, earning)?;
        Ok(Done { closes_hold: closes, ..self.post(posting, Some(totals)) })
    }

    fn void(&mut self, id: TransactionId) -> Result<Done, Refusal> {
        let payment = self.follow(id)?.ok_or(Refusal::HoldClosed)?;
        payment.check_hold(self.at)?;
        payment.check_followers()?;
        let mut posting = self.mend(payment.wallet)?;
        self.record.amount = posting.release(payment.id)?;
        Ok(self.post(posting, Some(payment.totals)))
    }

    fn refund(&mut self, id: TransactionId, amount: Amount) -> Result<Done, Refusal> {
        let payment = self.follow(id)?.ok_or(Refusal::RefundExceedsCaptured)?;
        if payment.is_canceled {
            return Err(Refusal::AlreadyCanceled);
        }
        let mut posting = self.mend(payment.wallet)?;
        let totals = refund::refund(&mut posting, &payment, amount)?;
        payment.check_followers()?;
        Ok(self.post(posting, Some(totals)))
    }

    fn cancel(&mut self, id: TransactionId) -> Result<Done, Refusal> {
        self.record.parent = Some(id);
        let payment = self.follow(id)?;
        if self.loaded.is_canceled(id) {
            return Err(Refusal::AlreadyCanceled);
        }
        // What was refused left nothing to undo.
        let Some(payment) = payment else { return Ok(Done::default()) };
        if !payment.totals.refunded.is_zero() {
            return Err(Refusal::AlreadyRefunded);
        }
        let mut posting = self.mend(payment.wallet)?;
        let released = posting.release(payment.id)?;
        let captured = payment.totals.captured;
        let totals =
            if captured.is_zero() { payment.totals } else { refund::refund(&mut posting, &payment, captured)? };
        self.record.amount = released.checked_add(captured).unwrap_or(Amount::MAX);
        Ok(self.post(posting, Some(totals)))
    }

    fn cancel_top_up(&mut self, id: TransactionId) -> Result<Done, Refusal> {
        self.record.parent = Some(id);
        let found = self.loaded.top_up(id).cloned();
        self.record.wallet = found.as_ref().and_then(|record| record.wallet);
        if let Some(wallet) = self.record.wallet {
            self.check_mending(wallet)?;
        }
        if self.loaded.is_canceled(id) {
            return Err(Refusal::AlreadyCanceled);
        }
        let (Some(top_up), Some(wallet)) = (found, self.record.wallet) else { return Ok(Done::default()) };
        let done = top_up.done().ok_or(Refusal::TopUpSpent)?;
        let opened = done.moves.iter().find(|step| step.step == Step::In).ok_or(Refusal::TopUpSpent)?;
        let is_cash = |account: &Account| matches!(account, Account::ShopCash | Account::AtmCash);
        let cash = done.transfers.iter().map(|transfer| transfer.debit).find(is_cash).ok_or(Refusal::TopUpSpent)?;
        let mut posting = self.mend(wallet)?;
        topup::undo(&mut posting, &opened.part, cash)?;
        self.record.amount = opened.part.amount;
        Ok(self.post(posting, None))
    }

    /// What stands under the request id that is to be cancelled. `None`: nothing, so the cancel holds the id from now on.
    fn find_target(&mut self, target: &RequestId, kinds: &[Kind]) -> Result<Option<TransactionId>, Refusal> {
        let key = RequestKey { caller: self.record.key.caller, request_id: target.clone() };
        let Some(found) = self.loaded.target(&key) else {
            self.record.target = Some(target.clone());
            return Ok(None);
        };
        if found.key != key {
            // A cancel holds it already.
            return Err(Refusal::AlreadyCanceled);
        }
        if kinds.contains(&found.kind) { Ok(Some(found.id)) } else { Err(Refusal::NotCancelable) }
    }

    /// The payment that a command follows; `None` if it had been refused.
    fn follow(&mut self, id: TransactionId) -> Result<Option<Payment>, Refusal> {
        let Some(payment) = self.loaded.payment(id).cloned() else { return Ok(None) };
        self.record.wallet = Some(payment.wallet);
        self.check_mending(payment.wallet)?;
        Ok(Some(payment))
    }

    fn check_mending(&self, wallet: WalletId) -> Result<(), Refusal> {
        self.loaded.wallet(wallet).ok_or(Refusal::WalletClosed)?.check_mending()
    }

    fn mend(&self, wallet: WalletId) -> Result<Posting, Refusal> {
        Posting::begin(self.loaded.wallet(wallet).cloned().ok_or(Refusal::WalletClosed)?, self.at)
    }

    fn earning<'a>(&'a self, place: &Place) -> Earning<'a> {
        Earning { yen_per_point: place.yen_per_point, policy: self.loaded.policy(), zone: self.zone }
    }

    /// Ends a posting: the wallet is as the next command finds it.
    fn post(&mut self, posting: Posting, totals: Option<Totals>) -> Done {
        if posting.is_empty() {
            return Done { totals, ..Done::default() };
        }
        let mut posted = posting.finish();
        let wallet_version = Some(posted.wallet.version);
        let previous = posted.wallet.last.replace(self.record.id);
        self.loaded.put_wallet(posted.wallet);
        Done {
            wallet_version,
            previous,
            transfers: posted.transfers,
            moves: posted.moves,
            hold_expires_at: posted.hold_expires_at,
            closes_hold: false,
            totals,
        }
    }
}
