//! The actors: a town with a shop, two terminals and members who pay there.

use std::sync::Arc;

use jiff::tz::TimeZone;
use secrecy::ExposeSecret as _;
use warifu_app::{
    AccessDenied, App, Caller, Clock, Database, Fault, KeyRing, ManualClock, NewMember, NewTerminal, OpenError,
    PaymentRequest, PrivateAddresses, Receipt, Shop, Terminal, TopUpRequest,
};
use warifu_core::code::Code;
use warifu_core::id::MemberId;
use warifu_core::ledger::{Capture, Transaction as Record};
use warifu_core::lot::LotAccount;
use warifu_core::money::Amount;
use warifu_core::place::{Book, Channel};
use warifu_core::refusal::Refusal;
use warifu_core::time::Time;
use warifu_testkit::TestDatabase;

pub(crate) const SECRET: [u8; 32] = [7; 32];
pub(crate) const PREFIX: &str = "90000123";

/// 2026-04-01T09:30:00Z.
pub(crate) fn morning() -> Time {
    Time::from_unix_micros(1_775_035_800_000_000).unwrap()
}

pub(crate) fn yen(yen: i64) -> Amount {
    Amount::new(yen).unwrap()
}

/// Opens a node on `database` with a ring, a prefix and a clock.
pub(crate) async fn open(
    database: &TestDatabase,
    keys: KeyRing,
    prefix: &str,
    clock: &Arc<ManualClock>,
) -> Result<App, OpenError> {
    let zone = TimeZone::get("Asia/Tokyo").unwrap();
    let clock: Arc<dyn Clock> = Arc::clone(clock) as Arc<dyn Clock>;
    App::open_with_keys(database.open().await, keys, prefix.parse().unwrap(), &zone, clock).await
}

/// A shop with two terminals, and somebody who pays there.
pub(crate) struct Town {
    pub(crate) app: Arc<App>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) shop: Shop,
    pub(crate) till: NewTerminal,
    pub(crate) other_till: NewTerminal,
    pub(crate) member: NewMember,
}

impl Town {
    pub(crate) async fn found(database: &TestDatabase) -> Self {
        let clock = Arc::new(ManualClock::at(morning()));
        let app = open(database, KeyRing::fixed(SECRET), PREFIX, &clock).await.unwrap();
        Self::found_with(app, clock).await
    }

    /// A town whose webhooks may lead to private addresses.
    pub(crate) async fn found_allowing(database: &TestDatabase) -> Self {
        let clock = Arc::new(ManualClock::at(morning()));
        let app = open(database, KeyRing::fixed(SECRET), PREFIX, &clock).await.unwrap();
        Self::found_with(app.with_webhook_addresses(PrivateAddresses::Allow), clock).await
    }

    pub(crate) async fn found_with(app: App, clock: Arc<ManualClock>) -> Self {
        // So that one top-up is enough for a test.
        app.set_policy(vec![("till_top_up_max".to_owned(), None)]).await.unwrap();
        let merchant = app.add_merchant("株式会社わりふ").await.unwrap();
        let shop = app.add_shop(merchant.id, "割符堂 渋谷店").await.unwrap();
        let till = app.add_terminal(shop.id, "レジ1", Channel::Till, Book::Real).await.unwrap();
        let other_till = app.add_terminal(shop.id, "レジ2", Channel::Till, Book::Real).await.unwrap();
        let member = app.add_member().await.unwrap();
        Self { app: Arc::new(app), clock, shop, till, other_till, member }
    }

    pub(crate) fn clock_now(&self) -> Time {
        self.clock.now()
    }

    /// A fresh code of the member's.
    pub(crate) async fn code(&self) -> Code {
        self.app.issue_code(&self.member.phone, false).await.unwrap().code
    }

    /// Takes a payment at the first till.
    pub(crate) async fn pay(&self, request_id: &str, code: &Code, amount: i64) -> Result<Receipt, Fault> {
        pay(&self.app, &self.till.terminal, request_id, code, amount).await
    }

    pub(crate) async fn top_up(&self, request_id: &str, code: &Code, amount: i64) -> Result<Receipt, Fault> {
        top_up(&self.app, &self.till.terminal, request_id, code, amount).await
    }

    /// Puts money into the member's wallet by a code of its own.
    pub(crate) async fn fund(&self, request_id: &str, amount: i64) {
        let code = self.code().await;
        let receipt = self.top_up(request_id, &code, amount).await.unwrap();
        assert_eq!(refusal(&receipt.record), None);
    }

    /// What the member's wallet holds.
    pub(crate) async fn balance(&self) -> i64 {
        paid(&self.app, self.member.id).await
    }

    /// Ends the node, which books everything, and proves every invariant.
    pub(crate) async fn close_clean(&self, database: &TestDatabase) {
        self.app.drain().await;
        assert_clean(&database.open().await).await;
    }
}

pub(crate) async fn assert_clean(database: &Database) {
    let report = database.verify(|_| {}).await.unwrap();
    assert_eq!((report.violation_count(), report.violations), (0, vec![]));
}

pub(crate) async fn pay(
    app: &App,
    terminal: &Terminal,
    request_id: &str,
    code: &Code,
    amount: i64,
) -> Result<Receipt, Fault> {
    let (request_id, code, amount) = (request_id.parse().unwrap(), code.clone(), yen(amount));
    app.take_payment(terminal, PaymentRequest { request_id, code, amount, capture: Capture::Now, note: None }).await
}

pub(crate) async fn top_up(
    app: &App,
    terminal: &Terminal,
    request_id: &str,
    code: &Code,
    amount: i64,
) -> Result<Receipt, Fault> {
    let (request_id, code, amount) = (request_id.parse().unwrap(), code.clone(), yen(amount));
    app.take_top_up(terminal, TopUpRequest { request_id, code, amount, note: None }).await
}

/// What a member can spend of what was paid for.
pub(crate) async fn paid(app: &App, member: MemberId) -> i64 {
    app.balance(member).await.unwrap().available(LotAccount::Paid)
}

/// Why a transaction was refused; `None` if it was done.
pub(crate) fn refusal(record: &Record) -> Option<Refusal> {
    record.refusal()
}

/// Which terminal a token is believed to be.
pub(crate) async fn terminal_of(app: &App, terminal: &NewTerminal) -> Result<Terminal, AccessDenied> {
    match app.caller_of_token(terminal.token.expose_secret()).await? {
        Caller::Terminal(terminal) => Ok(terminal),
        Caller::Member(_) | Caller::Partner(_) => panic!("a terminal's token is another's"),
    }
}
