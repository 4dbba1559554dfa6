//! A second implementation of docs/rules.md, written from that page alone: everything that ever happened is kept in
//! plain lists and looked through again for every question. It must not know the server or its crates.

#![allow(dead_code)]

#[path = "books.rs"]
mod books;
#[path = "cancel.rs"]
mod cancel;
#[path = "civil.rs"]
pub mod civil;
#[path = "limits.rs"]
mod limits;
#[path = "payment.rs"]
mod payment;
#[path = "refund.rs"]
mod refund;
#[cfg(test)]
#[path = "model_tests.rs"]
mod tests;
#[path = "types.rs"]
pub mod types;
#[path = "value.rs"]
mod value;
#[path = "view.rs"]
pub mod view;
#[path = "wallet.rs"]
mod wallet;

use types::{
    CODE_LIFE, Call, Code, Command, Done, Entry, Event, Expected, HoldState, Kind, Payment, Policy, Shop, Standing,
    Terminal, TopUp, WORDS, Wallet, Word,
};

/// The whole of an issuer. All lists are open to be looked at; change them by commands only.
#[derive(Clone, Debug)]
pub struct Model {
    pub policy: Policy,
    pub policy_number: u64,
    pub shops: Vec<Shop>,
    pub terminals: Vec<Terminal>,
    pub wallets: Vec<Wallet>,
    pub codes: Vec<Code>,
    pub payments: Vec<Payment>,
    pub top_ups: Vec<TopUp>,
    /// Caller and request id of what was cancelled before it arrived, and whether it was to be a payment or a top-up.
    pub held_ids: Vec<(u32, String, Kind)>,
    pub events: Vec<Event>,
    pub entries: Vec<Entry>,
}

/// What a command asks of the state of a wallet.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Gate {
    /// Payments and authorisations.
    Spend,
    /// Top-ups, exchanges, grants.
    Fill,
    /// All else.
    Other,
}

impl Model {
    /// An issuer with this policy and nothing else.
    pub fn new(policy: Policy) -> Model {
        Model {
            policy,
            policy_number: 1,
            shops: vec![],
            terminals: vec![],
            wallets: vec![],
            codes: vec![],
            payments: vec![],
            top_ups: vec![],
            held_ids: vec![],
            events: vec![],
            entries: vec![],
        }
    }

    /// A shop, open, with a yen a point and minutes after midnight at which its day ends.
    pub fn add_shop(&mut self, id: u32, yen_per_point: i64, closing_minutes: i64) {
        self.shops.push(Shop { id, frozen: false, yen_per_point, closing_minutes });
    }

    /// A terminal of a shop, or an ATM.
    pub fn add_terminal(&mut self, caller: u32, shop: Option<u32>) {
        self.terminals.push(Terminal { caller, shop, frozen: false });
    }

    /// An empty wallet.
    pub fn add_wallet(&mut self, id: u32) {
        self.wallets.push(Wallet { id, standing: Standing::Active, lots: vec![], lots_opened: 0 });
    }

    /// Does one command. `call.body` tells a retry from another command under the same request id.
    pub fn apply(&mut self, call: &Call, command: &Command) -> Expected {
        match command.clone() {
            Command::Pay { code, amount, later } => self.pay(call, code, amount, later),
            Command::Capture { payment, amount, last } => self.capture(call, payment, amount, last),
            Command::Void { payment } => self.void(call, payment),
            Command::Refund { payment, amount } => self.refund(call, payment, amount),
            Command::CancelPayment { payment } => self.cancel_payment(call, payment),
            Command::CancelPaymentByRequest { request } => self.cancel_payment_by_request(call, &request),
            Command::TopUp { code, amount } => self.top_up(call, code, amount),
            Command::CancelTopUp { top_up } => self.cancel_top_up(call, top_up),
            Command::CancelTopUpByRequest { request } => self.cancel_top_up_by_request(call, &request),
            Command::Grant { wallet, amount, expiry } => self.grant(call, wallet, amount, expiry),
            Command::Exchange { wallet, amount } => self.exchange(call, wallet, amount),
            Command::Correct { wallet, account, amount } => self.correct(call, wallet, account, amount),
            Command::Compensate { wallet, amount } => self.compensate(call, wallet, amount),
            setting => {
                self.set(call.time, setting);
                Expected::Done(Box::default())
            }
        }
    }

    fn set(&mut self, time: i64, setting: Command) {
        match setting {
            Command::Sweep => {
                let wallets: Vec<u32> = self.wallets.iter().map(|w| w.id).collect();
                wallets.into_iter().for_each(|wallet| self.sweep(time, wallet));
            }
            Command::IssueCode { code, wallet, use_points } => self.issue_code(time, code, wallet, use_points),
            Command::FreezeTerminal { caller, frozen } => self.freeze_terminal(caller, frozen),
            Command::FreezeShop { shop, frozen } => self.freeze_shop(shop, frozen),
            Command::SetWallet { wallet, standing } => {
                self.set_wallet(wallet, standing);
            }
            Command::SetYenPerPoint { shop, yen } => self.set_yen_per_point(shop, yen),
            Command::SetPolicy { policy } => self.set_policy(*policy),
            money => panic!("{money:?} is no setting"),
        }
    }

    /// A new code for a wallet; those before it are good no more.
    pub fn issue_code(&mut self, issued_at: i64, number: u64, wallet: u32, use_points: bool) {
        let expires_at = issued_at + CODE_LIFE;
        self.codes.push(Code { number, wallet, issued_at, expires_at, use_points, bound: None, used: false });
    }

    /// Freezes or unfreezes a terminal.
    pub fn freeze_terminal(&mut self, caller: u32, frozen: bool) {
        self.terminals.iter_mut().filter(|t| t.caller == caller).for_each(|t| t.frozen = frozen);
    }

    /// Freezes or unfreezes a shop.
    pub fn freeze_shop(&mut self, shop: u32, frozen: bool) {
        self.shops.iter_mut().filter(|s| s.id == shop).for_each(|s| s.frozen = frozen);
    }

    /// Sets what a wallet may be used for. False, and nothing done, if it is closed, or is to be and something is left.
    pub fn set_wallet(&mut self, wallet: u32, standing: Standing) -> bool {
        let wallet = self.wallet(wallet).clone();
        let held = self.payments.iter().any(|p| p.wallet == Some(wallet.id) && p.hold == HoldState::Open);
        let closes = standing == Standing::Closed;
        if wallet.standing == Standing::Closed && !closes || closes && (held || !wallet.lots.is_empty()) {
            return false;
        }
        self.wallet_mut(wallet.id).standing = standing;
        true
    }

    /// Sets what a shop asks for a point.
    pub fn set_yen_per_point(&mut self, shop: u32, yen: i64) {
        self.shops.iter_mut().filter(|s| s.id == shop).for_each(|s| s.yen_per_point = yen);
    }

    /// Puts a policy in force.
    pub fn set_policy(&mut self, policy: Policy) {
        self.policy = policy;
        self.policy_number += 1;
    }

    /// The earlier event under a key, if any.
    pub fn event_of(&self, caller: u32, request: &str) -> Option<usize> {
        self.events.iter().position(|e| e.call.caller == caller && e.call.request == request)
    }

    /// The answer that was recorded under a key: `Refused` or `Done`.
    pub fn answer_of(&self, event: usize) -> &Expected {
        &self.events[event].answer
    }

    /// The key is looked up, the command is run, and a refusal leaves all as it was, but for the code's terminal.
    fn decide(&mut self, call: &Call, key: Key, run: impl FnOnce(&mut Model) -> Result<Done, Word>) -> Expected {
        if let Some(event) = self.event_of(call.caller, &call.request) {
            let same = self.events[event].call.body == call.body;
            return if same { Expected::Replay(event) } else { Expected::Conflict };
        }
        if let Some((_, _, kind)) = self.held_ids.iter().find(|h| (h.0, &h.1) == (call.caller, &call.request)) {
            // The id is another's, if it was not this that was cancelled.
            return if *kind == key.kind { Expected::Refused("already_canceled") } else { Expected::Conflict };
        }
        let before = self.clone();
        let answer = match run(self) {
            Ok(mut done) => {
                done.policy = self.policy_number;
                done.business_date = self.business_date_of(call);
                Expected::Done(Box::new(done))
            }
            Err(word) => {
                *self = before;
                let code_was_good =
                    WORDS.iter().position(|w| *w == word) > WORDS.iter().position(|w| *w == "code_expired");
                if let (Some(code), true) = (key.code, code_was_good) {
                    self.bind(code, call.caller);
                }
                Expected::Refused(word)
            }
        };
        let wallet = key.wallet.or(key.code.and_then(|code| self.code_wallet(code)));
        self.events.push(Event {
            call: call.clone(),
            kind: key.kind,
            wallet,
            amount: key.amount,
            counts_at_terminal: self.policy.terminal_top_up_day.or(self.policy.terminal_payment_day).is_some(),
            answer: answer.clone(),
        });
        answer
    }

    fn business_date_of(&self, call: &Call) -> Option<civil::Date> {
        let terminal = self.terminals.iter().find(|t| t.caller == call.caller)?;
        let minutes = self.shops.iter().find(|s| Some(s.id) == terminal.shop).map_or(0, |s| s.closing_minutes);
        Some(civil::business_date(call.time, minutes))
    }

    fn bind(&mut self, number: u64, caller: u32) {
        self.codes.iter_mut().filter(|c| c.number == number).for_each(|c| c.bound = Some(caller));
    }

    fn use_up(&mut self, number: u64) {
        self.codes.iter_mut().filter(|c| c.number == number).for_each(|c| c.used = true);
    }

    fn check_terminal(&self, caller: u32) -> Result<(), Word> {
        let Some(terminal) = self.terminals.iter().find(|t| t.caller == caller) else {
            return Ok(()); // The issuer or a member.
        };
        if terminal.frozen {
            return Err("terminal_frozen");
        }
        if self.shops.iter().any(|s| Some(s.id) == terminal.shop && s.frozen) {
            return Err("shop_closed");
        }
        Ok(())
    }

    fn code_wallet(&self, number: u64) -> Option<u32> {
        self.codes.iter().find(|c| c.number == number).map(|c| c.wallet)
    }

    fn check_code(&self, call: &Call, number: u64) -> Result<Code, Word> {
        let code = self.codes.iter().find(|c| c.number == number).ok_or("code_unknown")?;
        if code.bound.is_some_and(|caller| caller != call.caller) {
            return Err("code_bound");
        }
        if code.used {
            return Err("code_consumed");
        }
        let newest = self.codes.iter().rfind(|c| c.wallet == code.wallet).expect("this one, if no other");
        if newest.number != number || call.time >= code.expires_at {
            return Err("code_expired");
        }
        Ok(code.clone())
    }

    fn check_wallet(&self, wallet: u32, gate: Gate) -> Result<(), Word> {
        match (self.wallet(wallet).standing, gate) {
            (Standing::Closed, _) | (Standing::Closing, Gate::Fill) => Err("wallet_closed"),
            (Standing::Frozen, Gate::Spend | Gate::Fill) => Err("wallet_frozen"),
            _ => Ok(()),
        }
    }

    fn wallet(&self, id: u32) -> &Wallet {
        self.wallets.iter().find(|w| w.id == id).expect("a wallet")
    }

    fn wallet_mut(&mut self, id: u32) -> &mut Wallet {
        self.wallets.iter_mut().find(|w| w.id == id).expect("a wallet")
    }

    fn shop_of(&self, caller: u32) -> Option<u32> {
        self.terminals.iter().find(|t| t.caller == caller).and_then(|t| t.shop)
    }
}

/// What is recorded of a command, whatever comes of it.
struct Key {
    kind: Kind,
    code: Option<u64>,
    wallet: Option<u32>,
    amount: i64,
}

impl Key {
    fn new(kind: Kind, wallet: Option<u32>, amount: i64) -> Key {
        Key { kind, code: None, wallet, amount }
    }
}
