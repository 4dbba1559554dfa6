//! Random histories for the model and the server: the next command, aimed at what the model shows to be a corner.
//! It must not know the server. Needs the model beside it as `super::model`.

#![allow(dead_code)]

#[path = "history_amounts.rs"]
mod amounts;
#[path = "history_plans.rs"]
mod plans;
#[cfg(test)]
#[path = "history_tests.rs"]
mod tests;

use std::collections::VecDeque;

use super::model::Model;
use super::model::civil::{DAY, HOUR, SECOND, tokyo_midnight};
use super::model::types::{Call, Command, Policy, Standing};

/// The issuer as a caller.
pub const ISSUER: u32 = 1;
/// Two terminals of shop 1, one of shop 2, and an ATM, as callers.
pub const TERMINALS: [(u32, Option<u32>); 4] = [(11, Some(1)), (12, Some(1)), (21, Some(2)), (31, None)];
/// The ATM.
pub const ATM: u32 = 31;
/// The wallets. Their members are the callers 100 more than these.
pub const WALLETS: [u32; 2] = [1, 2];
/// Commands of one history, codes not counted.
pub const COMMANDS: usize = 50;

/// Small numbers by splitmix64.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// The next 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From `low` to `high`, both included.
    pub fn between(&mut self, low: i64, high: i64) -> i64 {
        low + i64::try_from(self.bits() % u64::try_from(high - low + 1).expect("a range")).expect("small")
    }

    /// True so many times in a hundred.
    pub fn percent(&mut self, percent: i64) -> bool {
        self.between(1, 100) <= percent
    }

    /// One of a list that is not empty.
    pub fn one<T: Clone>(&mut self, list: &[T]) -> T {
        let last = i64::try_from(list.len()).expect("small") - 1;
        list[usize::try_from(self.between(0, last)).expect("not negative")].clone()
    }
}

/// One thing to do: set the server's clock, send the command as this caller under this request id, read at what time it
/// was recorded, give the same to `Model::apply`, and compare.
#[derive(Clone, Debug)]
pub struct Step {
    /// The server's clock from now on, microseconds. It may be before that of the last step.
    pub clock: i64,
    pub caller: u32,
    /// Empty for settings and sweeps, which have no key.
    pub request: String,
    pub command: Command,
    /// Whether this key was sent before.
    pub retry: bool,
}

impl Step {
    /// The call as the model wants it, recorded at this time.
    pub fn call(&self, time: i64) -> Call {
        Call { caller: self.caller, request: self.request.clone(), body: format!("{:?}", self.command), time }
    }
}

/// A command that waits for its turn.
#[derive(Clone, Debug)]
struct Planned {
    caller: u32,
    request: String,
    command: Command,
    /// Whether it has to come soon after the one before it.
    soon: bool,
}

/// A generator of one history.
#[derive(Clone, Debug)]
pub struct History {
    random: Random,
    clock: i64,
    sent: Vec<Step>,
    queue: VecDeque<Planned>,
    requests: u64,
    codes: u64,
    commands: usize,
}

impl History {
    /// The history of a seed.
    pub fn new(seed: u64) -> History {
        let mut random = Random(seed);
        // Near the end of a month as often as not, at any time of the day.
        let day = if random.percent(50) { random.between(28, 31) } else { random.between(1, 27) };
        let clock = tokyo_midnight((2026, 1, day)) + random.between(0, DAY - 1);
        History { random, clock, sent: vec![], queue: VecDeque::new(), requests: 0, codes: 0, commands: 0 }
    }

    /// The clock of the last step, or that at which the world is to be set up.
    pub fn clock(&self) -> i64 {
        self.clock
    }

    /// The clock of another history, which this one goes along with.
    pub fn set_clock(&mut self, clock: i64) {
        self.clock = clock;
    }

    /// The world of this history before its first step: the driver makes the same one on the server.
    pub fn world(&mut self, policy: Policy) -> Model {
        let mut model = Model::new(policy);
        for shop in [1, 2] {
            let yen_per_point = self.random.one(&[200, 100, 30, 7, 1]);
            model.add_shop(shop, yen_per_point, self.random.one(&[0, 240]));
        }
        TERMINALS.iter().for_each(|(caller, shop)| model.add_terminal(*caller, *shop));
        WALLETS.iter().for_each(|wallet| model.add_wallet(*wallet));
        model
    }

    /// A policy: that of every day, or one with small limits and short lives.
    pub fn policy(&mut self) -> Policy {
        let random = &mut self.random;
        if random.percent(35) {
            return Policy::default();
        }
        let small = random.percent(60);
        let mut limit = |low, high| (small && random.percent(40)).then(|| random.between(low, high));
        Policy {
            till_top_up_max: limit(1_000, 5_000).or(Some(49_000)),
            atm_top_up_max: limit(1_000, 8_000),
            exchange_max: limit(5, 200),
            payment_max: limit(500, 3_000),
            balance_max: limit(3_000, 9_000).or(Some(100_000)),
            wallet_top_up_day: limit(3_000, 9_000),
            wallet_top_up_month: limit(8_000, 20_000),
            wallet_payment_day: limit(1_000, 5_000),
            wallet_payment_month: limit(3_000, 12_000),
            terminal_top_up_day: limit(3_000, 9_000),
            terminal_payment_day: limit(1_000, 5_000),
            hold_days: self.random.one(&[Some(1), Some(2), Some(4), Some(6), None]),
            paid_days: self.random.one(&[None, Some(2), Some(20), Some(45)]),
            bonus_days: self.random.one(&[Some(1), Some(5), Some(30), Some(180), None]),
            points_months: self.random.one(&[Some(1), Some(1), Some(2), Some(12), None]),
        }
    }

    /// Whether the history has had all its commands.
    pub fn over(&self) -> bool {
        self.commands >= COMMANDS
    }

    /// The next step, in view of where the model stands. The clock is moved by [`History::advance`].
    pub fn next(&mut self, model: &Model) -> Step {
        if self.queue.is_empty() {
            if self.commands > 5
                && self.random.percent(10)
                && let Some(step) = self.retry()
            {
                return self.send(step);
            }
            self.plan(model);
        }
        let planned = self.queue.pop_front().expect("every plan queues something");
        if on_nothing(model, &planned.command, self.clock) {
            return self.next(model);
        }
        let step = Step {
            clock: self.clock,
            caller: planned.caller,
            request: planned.request,
            command: planned.command,
            retry: false,
        };
        self.send(step)
    }

    fn send(&mut self, step: Step) -> Step {
        if !matches!(step.command, Command::IssueCode { .. }) {
            self.commands += 1;
        }
        self.sent.push(step.clone());
        step
    }

    /// An earlier command again, sometimes with another amount under its old key.
    fn retry(&mut self) -> Option<Step> {
        // A grant whose end has come is no request any more, not even again.
        let is_over =
            |step: &&Step| matches!(step.command, Command::Grant { expiry: Some(at), .. } if at <= self.clock);
        let keyed = self.sent.iter().filter(|step| !step.request.is_empty() && !is_over(step));
        let keyed: Vec<Step> = keyed.cloned().collect();
        if keyed.is_empty() {
            return None;
        }
        let mut step = self.random.one(&keyed);
        step.clock = self.clock;
        step.retry = true;
        if self.random.percent(30) {
            match &mut step.command {
                Command::Pay { amount, .. }
                | Command::Capture { amount, .. }
                | Command::Refund { amount, .. }
                | Command::TopUp { amount, .. }
                | Command::Grant { amount, .. }
                | Command::Exchange { amount, .. }
                | Command::Compensate { amount, .. } => *amount += 1,
                _ => {}
            }
        }
        Some(step)
    }

    fn new_request(&mut self) -> String {
        self.requests += 1;
        format!("request-{}", self.requests)
    }

    fn queue(&mut self, caller: u32, command: Command) {
        let request = self.new_request();
        self.queue.push_back(Planned { caller, request, command, soon: true });
    }

    fn queue_under(&mut self, caller: u32, request: &str, command: Command, soon: bool) {
        self.queue.push_back(Planned { caller, request: request.to_owned(), command, soon });
    }

    fn queue_setting(&mut self, command: Command) {
        self.queue.push_back(Planned { caller: ISSUER, request: String::new(), command, soon: true });
    }

    /// Moves the clock: mostly by little, sometimes to the very edge of something, sometimes back.
    pub fn advance(&mut self, model: &Model) -> i64 {
        let soon = self.queue.front().is_some_and(|planned| planned.soon);
        let random = &mut self.random;
        let by = match random.between(1, 100) {
            _ if soon => random.between(0, 2) * SECOND,
            1..=48 => random.between(0, 3) * SECOND,
            49..=56 => random.between(1, 60 * SECOND),
            57..=61 => random.between(5, 7) * 60 * SECOND,
            62..=70 => random.between(1, 26) * HOUR + random.between(0, 59) * 60 * SECOND,
            71..=74 => random.between(1, 8) * DAY,
            75..=76 => random.between(30, 70) * DAY,
            77..=79 => -random.between(1, 30) * SECOND,
            _ => {
                let edge = amounts::next_edge(model, random, self.clock);
                edge.map_or(0, |edge| edge - self.clock) + random.between(-1, 1)
            }
        };
        self.clock += by;
        self.clock
    }

    /// What is to be undone soon: something frozen, or a wallet that is closing and may be closed.
    fn aftermath(&mut self, model: &Model) -> Option<Command> {
        let mut undo = vec![];
        for terminal in model.terminals.iter().filter(|t| t.frozen) {
            undo.push(Command::FreezeTerminal { caller: terminal.caller, frozen: false });
        }
        for shop in model.shops.iter().filter(|s| s.frozen) {
            undo.push(Command::FreezeShop { shop: shop.id, frozen: false });
        }
        for wallet in &model.wallets {
            let undone = match wallet.standing {
                Standing::Frozen => self.random.one(&[Standing::Active, Standing::Active, Standing::Closing]),
                Standing::Closing if wallet.lots.is_empty() => Standing::Closed,
                _ => continue,
            };
            undo.push(Command::SetWallet { wallet: wallet.id, standing: undone });
        }
        if undo.is_empty() { None } else { Some(self.random.one(&undo)) }
    }
}

/// Whether a command that was planned ahead is about a payment that was refused in the meantime, or gives what would
/// have expired by now.
fn on_nothing(model: &Model, command: &Command, clock: i64) -> bool {
    match command {
        Command::Capture { payment, .. } | Command::Void { payment } | Command::Refund { payment, .. } => {
            model.payments.get(*payment).is_none_or(|p| p.refused.is_some())
        }
        Command::Grant { expiry, .. } => expiry.is_some_and(|expiry| expiry <= clock),
        _ => false,
    }
}
