//! The limits: sums over everything that was ever done, and the number of lots.

use super::Model;
use super::civil::{DAY, HOUR};
use super::types::{Account, Event, Expected, Kind, Word};

/// A wallet holds at most so many lots.
pub const LOTS_MAX: usize = 200;
/// So many captures, voids and refunds may follow a payment.
pub const FOLLOWERS_MAX: usize = 1_000;

const TOP_UPS: [Kind; 2] = [Kind::TopUp, Kind::Exchange];

fn over(limit: Option<i64>, amount: i64) -> Result<(), Word> {
    if limit.is_some_and(|limit| amount > limit) { Err("limit_exceeded") } else { Ok(()) }
}

impl Model {
    /// The sum of what was done of these kinds in the unit of `time` (hour or day from 1970 UTC) and so many before it.
    fn sum(&self, time: i64, unit: i64, back: i64, kinds: &[Kind], which: impl Fn(&Event) -> bool) -> i64 {
        let now = time.div_euclid(unit);
        let in_time = |e: &&Event| (now - back..=now).contains(&e.call.time.div_euclid(unit));
        let done = |e: &&Event| matches!(e.answer, Expected::Done(_)) && kinds.contains(&e.kind);
        self.events.iter().filter(done).filter(in_time).filter(|e| which(e)).map(|e| e.amount).sum()
    }

    /// Payments of a wallet over a day.
    pub fn wallet_payments_day(&self, wallet: u32, time: i64) -> i64 {
        self.sum(time, HOUR, 24, &[Kind::Payment], |e| e.wallet == Some(wallet))
    }

    /// Payments of a wallet over a month.
    pub fn wallet_payments_month(&self, wallet: u32, time: i64) -> i64 {
        self.sum(time, DAY, 30, &[Kind::Payment], |e| e.wallet == Some(wallet))
    }

    /// Payments at a terminal over a day.
    pub fn terminal_payments_day(&self, caller: u32, time: i64) -> i64 {
        self.sum(time, HOUR, 24, &[Kind::Payment], |e| e.counts_at_terminal && e.call.caller == caller)
    }

    /// Top-ups by cash and from points of a wallet over a day.
    pub fn wallet_top_ups_day(&self, wallet: u32, time: i64) -> i64 {
        self.sum(time, HOUR, 24, &TOP_UPS, |e| e.wallet == Some(wallet))
    }

    /// Top-ups by cash and from points of a wallet over a month.
    pub fn wallet_top_ups_month(&self, wallet: u32, time: i64) -> i64 {
        self.sum(time, DAY, 30, &TOP_UPS, |e| e.wallet == Some(wallet))
    }

    /// Cash top-ups at a terminal over a day.
    pub fn terminal_top_ups_day(&self, caller: u32, time: i64) -> i64 {
        self.sum(time, HOUR, 24, &[Kind::TopUp], |e| e.counts_at_terminal && e.call.caller == caller)
    }

    pub(super) fn check_payment_limits(&self, wallet: u32, caller: u32, time: i64, amount: i64) -> Result<(), Word> {
        over(self.policy.payment_max, amount)?;
        over(self.policy.wallet_payment_day, self.wallet_payments_day(wallet, time) + amount)?;
        over(self.policy.wallet_payment_month, self.wallet_payments_month(wallet, time) + amount)?;
        over(self.policy.terminal_payment_day, self.terminal_payments_day(caller, time) + amount)
    }

    /// For cash and for points: the sums of the wallet.
    pub(super) fn check_top_up_sums(&self, wallet: u32, time: i64, amount: i64) -> Result<(), Word> {
        over(self.policy.wallet_top_up_day, self.wallet_top_ups_day(wallet, time) + amount)?;
        over(self.policy.wallet_top_up_month, self.wallet_top_ups_month(wallet, time) + amount)
    }

    pub(super) fn check_cash(&self, caller: u32, time: i64, amount: i64) -> Result<(), Word> {
        let at_atm = self.shop_of(caller).is_none();
        over(if at_atm { self.policy.atm_top_up_max } else { self.policy.till_top_up_max }, amount)?;
        over(self.policy.terminal_top_up_day, self.terminal_top_ups_day(caller, time) + amount)
    }

    /// Whether one more lot of paid or bonus fits, after a lapse.
    pub(super) fn check_room(&self, wallet: u32, time: i64, amount: i64) -> Result<(), Word> {
        let live = self.wallet_view(wallet, time).live;
        over(self.policy.balance_max, live[0] + live[1] + amount)?;
        if self.wallet(wallet).lots.len() >= LOTS_MAX {
            return Err("limit_exceeded");
        }
        Ok(())
    }

    /// The sum of the lots of an account that can be spent.
    pub fn available(&self, wallet: u32, time: i64, account: Account) -> i64 {
        self.spendable(wallet, time, &[account]).iter().map(|lot| lot.amount).sum()
    }
}
