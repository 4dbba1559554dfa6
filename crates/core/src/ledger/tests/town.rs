//! A town with one wallet, two tills and a shop, for stories about decisions.

use core::time::Duration;

use jiff::tz::TimeZone;

use crate::code::{CodeMac, IssuedCode};
use crate::id::{MemberId, ShopId, TerminalId, TransactionId, WalletId};
use crate::ledger::{Account, Ask, Capture, Command, Done, Loaded, Target, Transaction, decide};
use crate::limit::Policy;
use crate::lot::LotAccount;
use crate::money::{Amount, Unit};
use crate::payment::PaymentState;
use crate::place::{Book, Channel, Place};
use crate::refusal::Refusal;
use crate::request::{BodyHash, CallerId, RequestKey};
use crate::time::Time;
use crate::wallet::Wallet;

pub(super) const WALLET: WalletId = WalletId::from_bytes([7; 16]);
pub(super) const TILL: TerminalId = TerminalId::from_bytes([1; 16]);
pub(super) const OTHER_TILL: TerminalId = TerminalId::from_bytes([2; 16]);

pub(super) fn yen(yen: i64) -> Amount {
    Amount::new(yen).unwrap()
}

pub(super) fn place(terminal: TerminalId) -> Place {
    Place {
        terminal,
        shop: ShopId::from_bytes([3; 16]),
        channel: Channel::Till,
        book: Book::Real,
        terminal_is_frozen: false,
        shop_is_frozen: false,
        yen_per_point: 200,
        closing_minutes: 0,
        usage: None,
    }
}

/// A town with one wallet, in which every command has a code and a request id of its own.
pub(super) struct Town {
    pub(super) loaded: Loaded,
    pub(super) at: Time,
    count: u16,
}

impl Town {
    pub(super) fn with(policy: Policy) -> Self {
        let wallet = Wallet::new(WALLET, MemberId::from_bytes([9; 16]), Book::Real);
        let loaded = Loaded::new(policy, Vec::new(), vec![place(TILL), place(OTHER_TILL)], vec![wallet]);
        // 2026-04-01T00:00:00Z.
        Self { loaded, at: Time::from_unix_micros(1_775_001_600_000_000).unwrap(), count: 0 }
    }

    pub(super) fn new() -> Self {
        Self::with(Policy { balance_max: None, till_top_up_max: None, ..Policy::default() })
    }

    pub(super) fn later(&mut self, duration: Duration) {
        self.at = self.at.saturating_add(duration);
    }

    pub(super) fn mac(&self) -> CodeMac {
        let [high, low] = self.count.to_be_bytes();
        CodeMac { bucket: 0, mac: [high, low, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0] }
    }

    /// Issues a code and returns its name.
    pub(super) fn show(&mut self, use_points: bool) -> Vec<CodeMac> {
        self.count += 1;
        let mac = self.mac();
        self.loaded.put_code(IssuedCode {
            mac,
            wallet: WALLET,
            issued_at: self.at,
            expires_at: self.at.saturating_add(crate::code::CODE_LIFETIME),
            newest: true,
            use_points,
            bound_to: None,
            consumed_by: None,
        });
        vec![mac]
    }

    pub(super) fn ask_at(&mut self, till: TerminalId, ask: Ask) -> Transaction {
        self.count += 1;
        let caller = if ask.wallet().is_some() { CallerId::ISSUER } else { till.into() };
        let mut id = [0; 16];
        id[14..].copy_from_slice(&self.count.to_be_bytes());
        let command = Command {
            id: TransactionId::from_bytes(id),
            key: RequestKey { caller, request_id: format!("r{}", self.count).parse().unwrap() },
            body: BodyHash([0; 32]),
            ask,
            note: None,
        };
        // What storage would gather for a command that follows this one.
        let record = decide(&mut self.loaded, &command, self.at, &TimeZone::UTC);
        if record.parent.is_none() {
            self.loaded.add_record(&record);
        }
        for transfer in record.done().iter().flat_map(|done| &done.transfers) {
            assert_eq!(transfer.check(), Ok(()));
        }
        record
    }

    pub(super) fn ask(&mut self, ask: Ask) -> Transaction {
        self.ask_at(TILL, ask)
    }

    pub(super) fn pay(&mut self, amount: i64) -> Transaction {
        let code = self.show(false);
        self.ask(Ask::Pay { code, amount: yen(amount), capture: Capture::Now, forced: None })
    }

    pub(super) fn pay_with_points(&mut self, amount: i64) -> Transaction {
        let code = self.show(true);
        self.ask(Ask::Pay { code, amount: yen(amount), capture: Capture::Now, forced: None })
    }

    pub(super) fn authorize(&mut self, amount: i64) -> Transaction {
        let code = self.show(false);
        self.ask(Ask::Pay { code, amount: yen(amount), capture: Capture::Later, forced: None })
    }

    pub(super) fn capture(&mut self, payment: &Transaction, amount: i64) -> Transaction {
        self.ask(Ask::Capture { payment: payment.id, amount: Some(yen(amount)), is_final: false })
    }

    pub(super) fn refund(&mut self, payment: &Transaction, amount: i64) -> Transaction {
        self.ask(Ask::Refund { payment: payment.id, amount: yen(amount) })
    }

    pub(super) fn cancel(&mut self, payment: &Transaction) -> Transaction {
        self.ask(Ask::Cancel(Target::Transaction(payment.id)))
    }

    pub(super) fn top_up(&mut self, amount: i64) -> Transaction {
        let code = self.show(false);
        self.ask(Ask::TopUp { code, amount: yen(amount), forced: None })
    }

    pub(super) fn grant(&mut self, amount: i64, life: Duration) -> Transaction {
        let expires_at = Some(self.at.saturating_add(life));
        self.ask(Ask::Grant { wallet: WALLET, amount: yen(amount), expires_at })
    }

    pub(super) fn wallet(&self) -> &Wallet {
        self.loaded.wallet(WALLET).unwrap()
    }

    /// Available paid, bonus and points.
    pub(super) fn available(&self) -> [i64; 3] {
        [LotAccount::Paid, LotAccount::Bonus, LotAccount::Points]
            .map(|account| self.wallet().available(account, self.at).get())
    }

    pub(super) fn state(&self, payment: &Transaction) -> PaymentState {
        self.loaded.payment(payment.id).unwrap().state(self.at)
    }
}

pub(super) fn refused(record: &Transaction) -> Refusal {
    record.refusal().unwrap_or_else(|| panic!("{:?} was done", record.kind))
}

pub(super) fn done(record: &Transaction) -> &Done {
    record.done().unwrap_or_else(|| panic!("{:?} was refused: {:?}", record.kind, record.refusal()))
}

/// The net of an account over records, credits less debits.
pub(super) fn net(records: &[&Transaction], account: Account, unit: Unit) -> i64 {
    let transfers = records.iter().filter_map(|record| record.done()).flat_map(|done| &done.transfers);
    transfers.filter(|transfer| transfer.unit == unit).fold(0, |sum, transfer| {
        let amount = transfer.amount.get();
        sum + if transfer.credit == account { amount } else { 0 } - if transfer.debit == account { amount } else { 0 }
    })
}
