//! The plans: what a history may do next. Each puts one command or a few into the queue.

use super::super::model::Model;
use super::super::model::civil::{DAY, HOUR, SECOND};
use super::super::model::types::{ACCOUNTS, Account, Command, HoldState, Standing};
use super::{ATM, COMMANDS, History, ISSUER, Step, TERMINALS, WALLETS, amounts};

const TILLS: [u32; 3] = [11, 12, 21];

impl History {
    /// Queues at least one command.
    pub(super) fn plan(&mut self, model: &Model) {
        if let (Some(command), true) = (self.aftermath(model), self.random.percent(35)) {
            return self.queue_setting(command);
        }
        if self.random.percent(20) && self.plan_drain(model) {
            return;
        }
        if self.random.percent(2) && self.plan_shortfall(model) {
            return;
        }
        let poor = WALLETS.iter().all(|wallet| model.wallet_view(*wallet, self.clock).available == [0, 0, 0]);
        let kind = if poor && self.random.percent(70) { 0 } else { self.random.between(0, 99) };
        match kind {
            0..=7 => self.plan_cash(model),
            8..=14 => self.plan_grant(model),
            15..=35 => self.plan_payment(model),
            36..=50 => self.plan_on_hold(model),
            51..=65 => self.plan_refund(model),
            66..=69 => self.plan_cancel(model),
            70..=71 => self.plan_early_cancel(model),
            72..=74 => self.plan_cancel_top_up(model),
            75..=79 => self.plan_exchange(model),
            80..=84 => self.plan_correction(model),
            85..=86 => self.plan_compensation(),
            87..=89 => self.plan_sweep(),
            90..=92 => self.plan_bad_code(model),
            _ => self.plan_setting(),
        }
        if self.queue.is_empty() {
            self.plan_cash(model); // Nothing there yet to be captured, refunded, ...
        }
    }

    /// Takes what is left of a wallet that is closing. False if there is none.
    fn plan_drain(&mut self, model: &Model) -> bool {
        let closing = model.wallets.iter().filter(|w| w.standing == Standing::Closing).map(|w| w.id);
        for wallet in closing.collect::<Vec<u32>>() {
            for account in ACCOUNTS {
                let has = model.available(wallet, self.clock, account);
                if has > 0 {
                    self.queue(ISSUER, Command::Correct { wallet, account, amount: -has });
                }
            }
        }
        !self.queue.is_empty()
    }

    /// A wallet; a closed one only now and then.
    fn wallet(&mut self, model: &Model) -> u32 {
        let wallet = self.random.one(&WALLETS);
        let closed = model.wallets.iter().any(|w| w.id == wallet && w.standing == Standing::Closed);
        if closed && self.random.percent(80) { self.random.one(&WALLETS) } else { wallet }
    }

    /// A code of the wallet that is still good at this terminal, else a new one by way of the queue.
    fn good_code(&mut self, model: &Model, wallet: u32, caller: u32, use_points: bool) -> u64 {
        let newest = model.codes.iter().rfind(|code| code.wallet == wallet);
        let closed = model.wallets.iter().any(|w| w.id == wallet && w.standing == Standing::Closed);
        if let Some(code) = newest {
            let bound = code.bound.is_some_and(|bound| bound != caller);
            let good = !code.used && !bound && self.clock < code.expires_at && code.use_points == use_points;
            if closed || good {
                return code.number;
            }
        }
        self.new_code(wallet, use_points)
    }

    fn new_code(&mut self, wallet: u32, use_points: bool) -> u64 {
        self.codes += 1;
        let code = self.codes;
        self.queue_setting(Command::IssueCode { code, wallet, use_points });
        code
    }

    fn plan_cash(&mut self, model: &Model) {
        let wallet = self.wallet(model);
        let caller = self.random.one(&[11, 12, 21, ATM]);
        let amount = amounts::cash(model, &mut self.random, self.clock, wallet, caller);
        let use_points = self.random.percent(60);
        let code = self.good_code(model, wallet, caller, use_points);
        self.queue(caller, Command::TopUp { code, amount });
    }

    fn plan_grant(&mut self, model: &Model) {
        let wallet = self.wallet(model);
        let amount = amounts::grant(model, &mut self.random, self.clock, wallet);
        let lives = [None, None, Some(600 * SECOND), Some(2 * HOUR), Some(DAY), Some(4 * DAY), Some(9 * DAY)];
        // A clock that was set back must not make it expire before it is granted.
        let expiry = self.random.one(&lives).map(|life| self.clock + life);
        self.queue(ISSUER, Command::Grant { wallet, amount, expiry });
    }

    fn plan_payment(&mut self, model: &Model) {
        let (wallet, caller) = (self.wallet(model), self.random.one(&TILLS));
        let use_points = self.random.percent(60);
        let code = self.good_code(model, wallet, caller, use_points);
        let amount = amounts::payment(model, &mut self.random, self.clock, wallet, caller, use_points);
        let later = self.random.percent(60);
        self.queue(caller, Command::Pay { code, amount, later });
        // What often follows at once. This payment will be the next of the model's, refused or not.
        let payment = model.payments.len();
        let some = self.random.between(1, (amount / 2).max(1));
        match self.random.between(1, 10) {
            1..=2 if later => self.queue(caller, Command::Capture { payment, amount: some, last: false }),
            3 if later => self.queue(caller, Command::Capture { payment, amount: some, last: true }),
            4 if later => self.queue(caller, Command::Capture { payment, amount: amount + 1, last: true }),
            5 if later => self.queue(caller, Command::Void { payment }),
            1..=2 => self.queue(caller, Command::Refund { payment, amount: some }),
            _ => {}
        }
    }

    /// The terminal of a payment, or the other one of its shop.
    fn terminal(&mut self, model: &Model, payment: usize) -> u32 {
        let payment = &model.payments[payment];
        if self.random.percent(70) {
            return payment.caller;
        }
        let of_shop: Vec<u32> = TERMINALS.iter().filter(|t| t.1 == Some(payment.shop)).map(|t| t.0).collect();
        self.random.one(&of_shop)
    }

    /// One of the payments that were not refused and are of use; later ones rather than earlier ones.
    fn payment(&mut self, model: &Model, of_use: impl Fn(usize) -> bool) -> Option<usize> {
        let known = (0..model.payments.len()).filter(|id| model.payments[*id].refused.is_none());
        let any: Vec<usize> = known.collect();
        let fit: Vec<usize> = any.iter().copied().filter(|id| of_use(*id)).collect();
        let list = if fit.is_empty() || self.random.percent(12) { any } else { fit };
        if list.is_empty() {
            return None;
        }
        let last = list.len().saturating_sub(3);
        Some(if self.random.percent(60) { self.random.one(&list[last..]) } else { self.random.one(&list) })
    }

    fn plan_on_hold(&mut self, model: &Model) {
        let clock = self.clock;
        let of_use = |id: usize| {
            let payment = &model.payments[id];
            payment.hold == HoldState::Open && payment.hold_expires.is_none_or(|at| clock < at)
        };
        let Some(payment) = self.payment(model, of_use) else { return };
        let caller = self.terminal(model, payment);
        if self.random.percent(20) {
            return self.queue(caller, Command::Void { payment });
        }
        let left = model.payment_view(payment, self.clock).held;
        let amount = if self.random.percent(50) {
            self.random.between(1, (left / 2).max(1))
        } else {
            amounts::up_to(&mut self.random, left)
        };
        let last = self.random.percent(25);
        self.queue(caller, Command::Capture { payment, amount, last });
    }

    fn plan_refund(&mut self, model: &Model) {
        let left = |id: usize| {
            let view = model.payment_view(id, self.clock);
            view.captured - view.refunded
        };
        let lefts: Vec<i64> = (0..model.payments.len()).map(left).collect();
        let of_use = |id: usize| lefts[id] > 0 && !model.payments[id].canceled;
        let Some(payment) = self.payment(model, of_use) else { return };
        let caller = self.terminal(model, payment);
        // Now and then the points that it earned are spent before.
        if self.random.percent(15) {
            let wallet = model.payments[payment].wallet.expect("done");
            let points = model.available(wallet, self.clock, Account::Points);
            if points > 0 {
                let amount = -self.random.between(1, points);
                self.queue(ISSUER, Command::Correct { wallet, account: Account::Points, amount });
            }
        }
        let amount = if self.random.percent(50) {
            self.random.between(1, (lefts[payment] / 2).max(1))
        } else {
            amounts::up_to(&mut self.random, lefts[payment])
        };
        self.queue(caller, Command::Refund { payment, amount });
    }

    /// A refund of one yen that has more points to take back than yen to keep. False if there is nothing to pay with.
    fn plan_shortfall(&mut self, model: &Model) -> bool {
        let (wallet, caller) = (self.wallet(model), self.random.one(&TILLS));
        let shop =
            TERMINALS.iter().find(|terminal| terminal.0 == caller).and_then(|terminal| terminal.1).expect("a till");
        let has: i64 = ACCOUNTS[..2].iter().map(|account| model.available(wallet, self.clock, *account)).sum();
        if has < 4 {
            return false;
        }
        let (amount, payment) = (self.random.between(4, has.min(1_000)), model.payments.len());
        let some = self.random.between(2, amount - 1);
        self.queue_setting(Command::SetYenPerPoint { shop, yen: 0 });
        let code = self.good_code(model, wallet, caller, false);
        self.queue(caller, Command::Pay { code, amount, later: true });
        self.queue(caller, Command::Capture { payment, amount: some, last: false });
        self.queue(caller, Command::Refund { payment, amount: some - 1 });
        self.queue_setting(Command::SetYenPerPoint { shop, yen: 1 });
        let last = self.random.percent(50);
        self.queue(caller, Command::Capture { payment, amount: amount - some, last });
        self.queue(ISSUER, Command::Correct { wallet, account: Account::Points, amount: -amount });
        self.queue(caller, Command::Refund { payment, amount: 1 });
        true
    }

    fn plan_cancel(&mut self, model: &Model) {
        let all: Vec<usize> = (0..model.payments.len()).collect();
        if self.random.percent(10) && !self.sent.is_empty() {
            // Of what may be no payment at all.
            let sent: Vec<Step> = self.sent.iter().filter(|step| TILLS.contains(&step.caller)).cloned().collect();
            if !sent.is_empty() {
                let step = self.random.one(&sent);
                let (request, of_payment) = (step.request, self.random.percent(50));
                return self.queue(step.caller, cancel_by_request(request, of_payment));
            }
        }
        if self.random.percent(50) && !all.is_empty() {
            // Refused ones too.
            let payment = self.random.one(&all);
            let (caller, request) = (model.payments[payment].caller, model.payments[payment].request.clone());
            let by_id = self.random.percent(20);
            return if by_id {
                self.queue(caller, Command::CancelPayment { payment })
            } else {
                self.queue(caller, Command::CancelPaymentByRequest { request })
            };
        }
        let Some(payment) = self.payment(model, |id| !model.payments[id].canceled) else { return };
        let caller = self.terminal(model, payment);
        self.queue(caller, Command::CancelPayment { payment });
    }

    /// A cancel that overtakes what it cancels.
    fn plan_early_cancel(&mut self, model: &Model) {
        let (wallet, caller) = (self.wallet(model), self.random.one(&TILLS));
        let request = self.new_request();
        let (soon, twice, again) = (self.random.percent(70), self.random.percent(25), self.random.percent(30));
        let (of_payment, of_same) = (self.random.percent(60), self.random.percent(90));
        let code = self.good_code(model, wallet, caller, false);
        self.queue(caller, cancel_by_request(request.clone(), of_payment));
        if twice {
            let of_payment = of_payment == self.random.percent(80);
            self.queue(caller, cancel_by_request(request.clone(), of_payment));
        }
        if of_payment == of_same {
            let has: i64 = ACCOUNTS[..2].iter().map(|a| model.available(wallet, self.clock, *a)).sum();
            let (amount, later) = (amounts::up_to(&mut self.random, has.min(500)), self.random.percent(30));
            self.queue_under(caller, &request, Command::Pay { code, amount, later }, soon);
        } else {
            self.queue_under(caller, &request, Command::TopUp { code, amount: 100 }, soon);
        }
        if again {
            self.queue(caller, cancel_by_request(request, of_payment));
        }
    }

    fn plan_cancel_top_up(&mut self, model: &Model) {
        if model.top_ups.is_empty() {
            return;
        }
        let all: Vec<usize> = (0..model.top_ups.len()).collect();
        let top_up = self.random.one(&all);
        let (caller, request) = (model.top_ups[top_up].caller, model.top_ups[top_up].request.clone());
        if self.random.percent(40) {
            self.queue(caller, Command::CancelTopUpByRequest { request });
        } else {
            self.queue(caller, Command::CancelTopUp { top_up });
        }
    }

    fn plan_exchange(&mut self, model: &Model) {
        let wallet = self.wallet(model);
        let amount = amounts::exchange(model, &mut self.random, self.clock, wallet);
        self.queue(100 + wallet, Command::Exchange { wallet, amount });
    }

    fn plan_correction(&mut self, model: &Model) {
        let (wallet, account) = (self.wallet(model), self.random.one(&ACCOUNTS));
        let has = model.available(wallet, self.clock, account);
        let amount = match self.random.between(1, 10) {
            1..=5 => self.random.between(1, 400),
            _ => -amounts::up_to(&mut self.random, has.min(600)),
        };
        self.queue(ISSUER, Command::Correct { wallet, account, amount });
    }

    fn plan_compensation(&mut self) {
        let (wallet, amount) = (self.random.one(&WALLETS), self.random.between(1, 500));
        self.queue(ISSUER, Command::Compensate { wallet, amount });
    }

    fn plan_sweep(&mut self) {
        self.queue_setting(Command::Sweep);
    }

    /// A code that is unknown, replaced, used or bound elsewhere.
    fn plan_bad_code(&mut self, model: &Model) {
        let caller = self.random.one(&TILLS);
        let later = self.random.percent(30);
        let newest: Vec<u64> =
            WALLETS.iter().filter_map(|w| model.codes.iter().rfind(|c| c.wallet == *w)).map(|c| c.number).collect();
        let code = match self.random.between(1, 6) {
            1 => 1_000_000 + self.codes,
            2 if self.codes > 2 => self.codes - 2,
            // Two terminals look at one code, and the first has asked for too much.
            3 => {
                let (wallet, amount) = (self.wallet(model), 90_000_000);
                let code = self.good_code(model, wallet, caller, true);
                self.queue(caller, Command::Pay { code, amount, later });
                let other = self.random.one(&TILLS);
                return self.queue(other, Command::Pay { code, amount: 1, later });
            }
            _ if newest.is_empty() => 2_000_000,
            _ => self.random.one(&newest),
        };
        self.queue(caller, Command::Pay { code, amount: 1, later });
    }

    fn plan_setting(&mut self) {
        let (wallet, shop) = (self.random.one(&WALLETS), self.random.one(&[1, 2]));
        let command = match self.random.between(1, 12) {
            1..=2 => Command::FreezeTerminal { caller: self.random.one(&TERMINALS).0, frozen: true },
            3 => Command::FreezeShop { shop, frozen: true },
            4..=5 => Command::SetWallet { wallet, standing: Standing::Frozen },
            6..=8 if self.commands > COMMANDS / 2 => Command::SetWallet {
                wallet,
                standing: self.random.one(&[Standing::Closing, Standing::Closing, Standing::Closed]),
            },
            9..=10 => Command::SetYenPerPoint { shop, yen: self.random.one(&[200, 100, 10, 3, 1, 0]) },
            11..=12 => Command::SetPolicy { policy: Box::new(self.policy()) },
            _ => return,
        };
        self.queue_setting(command);
    }
}

fn cancel_by_request(request: String, of_payment: bool) -> Command {
    if of_payment { Command::CancelPaymentByRequest { request } } else { Command::CancelTopUpByRequest { request } }
}
