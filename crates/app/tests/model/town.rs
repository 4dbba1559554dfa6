//! A town: the world of one history on the server, and how its steps are asked of the server.

use std::collections::BTreeMap;

use warifu_app::{
    App, CancelTarget, CaptureRequest, CorrectionRequest, Database, Device, Fault, Merchant, PaymentRequest, Phone,
    Receipt, RefundRequest, Shop, Terminal, TopUpRequest,
};
use warifu_core::code::Code;
use warifu_core::correction::Direction;
use warifu_core::id::{DeviceId, MemberId, MerchantId, SessionId, ShopId, TerminalId, TransactionId, WalletId};
use warifu_core::ledger::{Capture, Transaction as Record};
use warifu_core::lot::LotAccount;
use warifu_core::money::Amount;
use warifu_core::payment::Payment;
use warifu_core::place::{Book, Channel};
use warifu_core::request::RequestId;
use warifu_core::time::Time;

use crate::history::{ATM, History, Step, TERMINALS, WALLETS};
use crate::model::Model;
use crate::model::types::{Account, Command, Policy};

/// The first digits of every code.
pub(crate) const PREFIX: &str = "90000123";
/// The shop that an ATM stands in; to the model it stands nowhere.
pub(crate) const ATM_SHOP: u32 = 3;

pub(crate) fn time(micros: i64) -> Time {
    Time::from_unix_micros(micros).unwrap()
}

pub(crate) fn yen(yen: i64) -> Amount {
    Amount::new(yen).unwrap()
}

pub(crate) const fn lot_account(account: Account) -> LotAccount {
    match account {
        Account::Points => LotAccount::Points,
        Account::Bonus => LotAccount::Bonus,
        Account::Paid => LotAccount::Paid,
    }
}

/// A history, its model, and what its numbers are called on the server.
pub(crate) struct Town {
    pub(crate) seed: u64,
    pub(crate) history: History,
    pub(crate) model: Model,
    pub(crate) shops: BTreeMap<u32, ShopId>,
    pub(crate) terminals: BTreeMap<u32, Terminal>,
    pub(crate) wallets: BTreeMap<u32, (MemberId, WalletId)>,
    /// What the number of a policy is on the server, less what it is in the model.
    pub(crate) policies_before: i64,
    pub(crate) codes: BTreeMap<u64, Code>,
    /// By the numbers of the model's payments, top-ups and events.
    pub(crate) payments: Vec<TransactionId>,
    /// The payments as they follow from the receipts.
    pub(crate) folded: Vec<Option<Payment>>,
    pub(crate) top_ups: Vec<TransactionId>,
    pub(crate) records: Vec<Option<Record>>,
    /// The time of the latest of them: a clock that is set back does not make what has lapsed come back.
    pub(crate) latest: i64,
    /// The commands so far, with what came of them.
    pub(crate) log: Vec<String>,
}

impl Town {
    /// Founds the town of a history in the model and on the server.
    pub(crate) async fn found(
        database: &Database,
        mut history: History,
        seed: u64,
        policy: Policy,
        policies_before: i64,
    ) -> Self {
        let model = history.world(policy);
        let at = time(history.clock());
        let mut made = 0_u8;
        let mut bytes = || {
            made += 1;
            let mut bytes = [made; 10];
            bytes[2..].copy_from_slice(&seed.to_be_bytes());
            bytes
        };
        let merchant = MerchantId::generate(at, bytes());
        let mut shops: BTreeMap<u32, Shop> = BTreeMap::new();
        for number in [1, 2, ATM_SHOP] {
            let known = model.shops.iter().find(|shop| shop.id == number);
            let shop = Shop {
                id: ShopId::generate(at, bytes()),
                merchant,
                name: format!("店 {number}"),
                yen_per_point: known.map_or(200, |shop| shop.yen_per_point),
                closing_minutes: known.map_or(0, |shop| shop.closing_minutes),
                is_frozen: false,
                created_at: at,
            };
            shops.insert(number, shop);
        }
        let terminals: BTreeMap<u32, Terminal> = TERMINALS
            .iter()
            .map(|(caller, shop)| {
                (*caller, terminal(*caller, shops[&shop.unwrap_or(ATM_SHOP)].id, TerminalId::generate(at, bytes()), at))
            })
            .collect();
        let wallets: BTreeMap<u32, (MemberId, WalletId)> = WALLETS
            .iter()
            .map(|it| (*it, (MemberId::generate(at, bytes()), WalletId::generate(at, bytes()))))
            .collect();
        let merchant = Merchant { id: merchant, name: format!("{seed}"), invoice_number: None, created_at: at };
        keep(database, merchant, &shops, &terminals, &wallets).await;
        let shops = shops.into_iter().map(|(number, shop)| (number, shop.id)).collect();
        Self {
            seed,
            history,
            model,
            shops,
            terminals,
            wallets,
            policies_before,
            codes: BTreeMap::new(),
            payments: vec![],
            folded: vec![],
            top_ups: vec![],
            records: vec![],
            latest: 0,
            log: vec![],
        }
    }

    /// The history's own id as it is sent: no two histories share one.
    fn request_id(&self, request: &str) -> RequestId {
        format!("{}-{request}", self.seed).parse().unwrap()
    }

    pub(crate) fn terminal(&self, caller: u32) -> &Terminal {
        &self.terminals[&caller]
    }

    fn code(&self, number: u64) -> Code {
        let unknown = || Code::new(&PREFIX.parse().unwrap(), number).unwrap();
        self.codes.get(&number).cloned().unwrap_or_else(unknown)
    }

    /// Asks the server for a step that has a key.
    pub(crate) async fn send(&self, app: &App, step: &Step) -> Result<Receipt, Fault> {
        let request_id = self.request_id(&step.request);
        match &step.command {
            Command::Grant { wallet, amount, expiry } => {
                let wallet = self.wallets[wallet].1;
                app.grant_bonus(request_id, wallet, yen(*amount), expiry.map(time), "a gift").await
            }
            Command::Exchange { wallet, amount } => {
                app.exchange_points(&phone(self.wallets[wallet].0), request_id, yen(*amount)).await
            }
            Command::Correct { wallet, account, amount } => {
                let direction = if *amount > 0 { Direction::Add } else { Direction::Take };
                let (wallet, account, amount) = (self.wallets[wallet].1, lot_account(*account), yen(amount.abs()));
                let reason = "a mistake".to_owned();
                app.correct_wallet(CorrectionRequest { request_id, wallet, account, direction, amount, reason }).await
            }
            Command::Compensate { wallet, amount } => {
                app.compensate_wallet(request_id, self.wallets[wallet].1, yen(*amount), "a loss").await
            }
            _ => self.send_from_terminal(app, self.terminal(step.caller), request_id, &step.command).await,
        }
    }

    async fn send_from_terminal(
        &self,
        app: &App,
        terminal: &Terminal,
        request_id: RequestId,
        command: &Command,
    ) -> Result<Receipt, Fault> {
        match command {
            Command::Pay { code, amount, later } => {
                let capture = if *later { Capture::Later } else { Capture::Now };
                let (code, amount) = (self.code(*code), yen(*amount));
                app.take_payment(terminal, PaymentRequest { request_id, code, amount, capture, note: None }).await
            }
            Command::Capture { payment, amount, last } => {
                let (payment, amount) = (self.payments[*payment].into(), Some(yen(*amount)));
                app.capture_payment(terminal, CaptureRequest { request_id, payment, amount, is_final: *last }).await
            }
            Command::Void { payment } => app.void_payment(terminal, self.payments[*payment].into(), request_id).await,
            Command::Refund { payment, amount } => {
                let (payment, amount) = (self.payments[*payment].into(), yen(*amount));
                app.refund_payment(terminal, RefundRequest { request_id, payment, amount, note: None }).await
            }
            Command::CancelPayment { payment } => {
                let target = CancelTarget::Id(self.payments[*payment]);
                app.cancel_payment(terminal, target, request_id, None).await
            }
            Command::CancelPaymentByRequest { request } => {
                let target = CancelTarget::Request(self.request_id(request));
                app.cancel_payment(terminal, target, request_id, None).await
            }
            Command::TopUp { code, amount } => {
                let (code, amount) = (self.code(*code), yen(*amount));
                app.take_top_up(terminal, TopUpRequest { request_id, code, amount, note: None }).await
            }
            Command::CancelTopUp { top_up } => {
                let target = CancelTarget::Id(self.top_ups[*top_up]);
                app.cancel_top_up(terminal, target, request_id, None).await
            }
            Command::CancelTopUpByRequest { request } => {
                let target = CancelTarget::Request(self.request_id(request));
                app.cancel_top_up(terminal, target, request_id, None).await
            }
            other => panic!("{other:?} is asked for without a key"),
        }
    }

    /// Remembers what the server recorded for an event of the model.
    pub(crate) fn remember(&mut self, record: Option<Record>) {
        if let Some(record) = &record {
            if self.model.payments.len() > self.payments.len() {
                self.payments.push(record.id);
                self.folded.push(Payment::begun_by(record));
            }
            if self.model.top_ups.len() > self.top_ups.len() {
                self.top_ups.push(record.id);
            }
            let parent = self.payments.iter().position(|payment| record.parent == Some(*payment));
            if let Some(payment) = parent.and_then(|payment| self.folded[payment].as_mut()) {
                payment.follow(record);
            }
        }
        self.records.push(record);
    }

    /// The id under which a payment of the model was sent.
    pub(crate) fn request_of_payment(&self, payment: usize) -> RequestId {
        self.request_id(&self.model.payments[payment].request)
    }
}

fn terminal(caller: u32, shop: ShopId, id: TerminalId, at: Time) -> Terminal {
    let mut token_mac = [0; 32];
    token_mac[..16].copy_from_slice(&id.bytes());
    Terminal {
        id,
        shop,
        name: format!("レジ {caller}"),
        channel: if caller == ATM { Channel::Atm } else { Channel::Till },
        book: Book::Real,
        is_frozen: false,
        token_mac,
        signing_key_id: 1,
        created_at: at,
        public_key: None,
        practice_of: None,
        revoked_at: None,
        jpqr: None,
    }
}

/// A member on the one device that its wallet pays from.
pub(crate) fn phone(member: MemberId) -> Phone {
    let (session, device) = (SessionId::from_bytes([0; 16]), DeviceId::from_bytes(member.bytes()));
    Phone { member, session, device, signed_in_at: Time::EPOCH }
}

fn device_of(member: MemberId, created_at: Time) -> Device {
    Device {
        id: phone(member).device,
        member,
        public_key: [4; 65],
        name: "a phone".to_owned(),
        created_at,
        admitted_at: None,
        moved_from: None,
        cooling_until: None,
        lifted_at: None,
    }
}

/// Keeps a town in one transaction: there are many towns.
async fn keep(
    database: &Database,
    merchant: Merchant,
    shops: &BTreeMap<u32, Shop>,
    terminals: &BTreeMap<u32, Terminal>,
    wallets: &BTreeMap<u32, (MemberId, WalletId)>,
) {
    let (shops, terminals, wallets) = (shops.clone(), terminals.clone(), wallets.clone());
    database
        .write(move |transaction| {
            Box::pin(async move {
                transaction.create_merchant(&merchant).await?;
                for shop in shops.values() {
                    transaction.create_shop(shop).await?;
                }
                for terminal in terminals.values() {
                    transaction.create_terminal(terminal).await?;
                }
                for (member, wallet) in wallets.into_values() {
                    transaction.create_member(member, wallet, Book::Real, merchant.created_at).await?;
                    let device = device_of(member, merchant.created_at);
                    transaction.create_device(&device).await?;
                    if let Some(payer) = transaction.find_payer(member).await? {
                        transaction.admit_device(&payer, device.id, device.created_at, None).await?;
                    }
                }
                Ok(())
            })
        })
        .await
        .unwrap();
}
