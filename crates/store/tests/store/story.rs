//! A small town that pays: four members, one of them on trial, a shop, two tills, an ATM, a till for trials.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use warifu_core::code::{CODE_LIFETIME, CodeMac, IssuedCode};
use warifu_core::id::{MemberId, MerchantId, ShopId, TerminalId, TransactionId, WalletId};
use warifu_core::ledger::{Account, Ask, Capture, Command, Kind, Outcome, Owner, Transaction as Record, decide};
use warifu_core::limit::Rolling;
use warifu_core::lot::Part;
use warifu_core::money::Amount;
use warifu_core::place::{Book, Channel};
use warifu_core::refusal::Refusal;
use warifu_core::request::{BodyHash, CallerId, RequestKey};
use warifu_core::time::Time;
use warifu_core::wallet::{Hold, Wallet};
use warifu_store::{AccountSum, Database, Merchant, Shop, ShopLine, StoreError, Terminal, Transaction, Wanted};

pub(crate) use crate::tale::tell;

pub(crate) const MERCHANT: MerchantId = MerchantId::from_bytes([0x11; 16]);
pub(crate) const SHOP: ShopId = ShopId::from_bytes([0x22; 16]);
pub(crate) const TILL: TerminalId = TerminalId::from_bytes([0x31; 16]);
pub(crate) const OTHER_TILL: TerminalId = TerminalId::from_bytes([0x32; 16]);
pub(crate) const ATM: TerminalId = TerminalId::from_bytes([0x33; 16]);
pub(crate) const TRIAL_TILL: TerminalId = TerminalId::from_bytes([0x34; 16]);
pub(crate) const MEMBERS: [MemberId; 4] = [
    MemberId::from_bytes([0x41; 16]),
    MemberId::from_bytes([0x42; 16]),
    MemberId::from_bytes([0x43; 16]),
    MemberId::from_bytes([0x44; 16]),
];
/// The last is in the sandbox.
pub(crate) const WALLETS: [WalletId; 4] = [
    WalletId::from_bytes([0x51; 16]),
    WalletId::from_bytes([0x52; 16]),
    WalletId::from_bytes([0x53; 16]),
    WalletId::from_bytes([0x54; 16]),
];

/// 2026-04-01T00:00:00Z plus so many seconds.
pub(crate) fn time(seconds: i64) -> Time {
    Time::from_unix_micros((1_775_001_600 + seconds) * 1_000_000).unwrap()
}

pub(crate) fn yen(yen: i64) -> Amount {
    Amount::new(yen).unwrap()
}

/// What a wallet holds, as versions before 0013 stored it.
pub(crate) fn unpacked(wallet: &Wallet) -> String {
    let join = |texts: Vec<String>| texts.join(",");
    let parts = |parts: &[Part]| join(parts.iter().map(json).collect());
    let hold = |hold: &Hold| {
        let (payment, until) = (hold.payment, hold.expires_at.unix_micros());
        format!(r#"{{"payment":"{payment}","until":{until},"parts":[{}]}}"#, parts(&hold.parts))
    };
    let sums =
        |sums: &[(i64, Amount)]| join(sums.iter().map(|(index, sum)| format!("[{index},{}]", sum.get())).collect());
    let rolling = |name, Rolling { hours, days }: &Rolling| match (hours.as_slice(), days.as_slice()) {
        ([], []) => String::new(),
        (hours, days) => format!(r#","{name}":{{"hours":[{}],"days":[{}]}}"#, sums(hours), sums(days)),
    };
    let holds = match wallet.holds.as_slice() {
        [] => String::new(),
        holds => format!(r#","holds":[{}]"#, join(holds.iter().map(hold).collect())),
    };
    let (topped_up, paid_out) = (rolling("topped_up", &wallet.topped_up), rolling("paid_out", &wallet.paid_out));
    let (opened, lots) = (wallet.lots_opened, parts(&wallet.lots));
    format!(r#"{{"lots_opened":{opened},"lots":[{lots}]{holds}{topped_up}{paid_out}}}"#)
}

/// A part in it.
pub(crate) fn json(part: &Part) -> String {
    let until = part.expires_at.map(|until| format!(r#""until":{},"#, until.unix_micros())).unwrap_or_default();
    let (lot, account, origin, amount) = (part.lot, part.account.text(), part.origin, part.amount.get());
    format!(r#"{{"lot":{lot},"account":"{account}","origin":"{origin}",{until}"amount":{amount}}}"#)
}

pub(crate) fn code_mac(number: u8) -> CodeMac {
    CodeMac { bucket: number % 10, mac: [number; 16] }
}

pub(crate) fn transaction_id(number: u8) -> TransactionId {
    let mut bytes = [0x70; 16];
    bytes[15] = number;
    TransactionId::from_bytes(bytes)
}

pub(crate) fn merchant() -> Merchant {
    Merchant { id: MERCHANT, name: "株式会社わりふ".to_owned(), invoice_number: None, created_at: time(0) }
}

pub(crate) fn shop() -> Shop {
    Shop {
        id: SHOP,
        merchant: MERCHANT,
        name: "割符堂 渋谷店 ☕".to_owned(),
        yen_per_point: 200,
        closing_minutes: 0,
        is_frozen: false,
        created_at: time(1),
    }
}

pub(crate) fn terminal(id: TerminalId) -> Terminal {
    Terminal {
        id,
        shop: SHOP,
        name: "レジ1".to_owned(),
        channel: if id == ATM { Channel::Atm } else { Channel::Till },
        book: if id == TRIAL_TILL { Book::Sandbox } else { Book::Real },
        is_frozen: false,
        token_mac: [id.bytes()[0]; 32],
        signing_key_id: 1,
        created_at: time(2),
        public_key: None,
        practice_of: None,
        revoked_at: None,
        jpqr: None,
    }
}

/// Code `number` of wallet `owner`, issued at `at`.
pub(crate) fn code(number: u8, owner: usize, at: Time) -> IssuedCode {
    IssuedCode {
        mac: code_mac(number),
        wallet: WALLETS[owner],
        issued_at: at,
        expires_at: at.saturating_add(CODE_LIFETIME),
        newest: true,
        use_points: false,
        bound_to: None,
        consumed_by: None,
    }
}

/// What `number` asks for: its transaction and its request are named by it.
pub(crate) fn command(number: u8, caller: impl Into<CallerId>, ask: Ask) -> Command {
    Command {
        id: transaction_id(number),
        key: RequestKey { caller: caller.into(), request_id: format!("r-{number:03}").parse().unwrap() },
        body: BodyHash([number; 32]),
        ask,
        note: None,
    }
}

/// A payment at the till.
pub(crate) fn pay(number: u8, code: u8, amount: i64) -> Command {
    let code = vec![code_mac(code)];
    command(number, TILL, Ask::Pay { code, amount: yen(amount), capture: Capture::Now, forced: None })
}

/// A top-up at the till.
pub(crate) fn top_up(number: u8, code: u8, amount: i64) -> Command {
    command(number, TILL, Ask::TopUp { code: vec![code_mac(code)], amount: yen(amount), forced: None })
}

/// Keeps the people of the story.
pub(crate) async fn settle(database: &Database) {
    database.write(|transaction| Box::pin(create_people(transaction))).await.unwrap();
}

pub(crate) async fn create_people(transaction: &mut Transaction) -> Result<(), StoreError> {
    transaction.create_merchant(&merchant()).await?;
    transaction.create_shop(&shop()).await?;
    for id in [TILL, OTHER_TILL, ATM, TRIAL_TILL] {
        transaction.create_terminal(&terminal(id)).await?;
    }
    for (owner, (member, wallet)) in MEMBERS.into_iter().zip(WALLETS).enumerate() {
        let book = if owner == 3 { Book::Sandbox } else { Book::Real };
        transaction.create_member(member, wallet, book, time(3)).await?;
    }
    Ok(())
}

pub(crate) async fn issue(database: &Database, code: IssuedCode) {
    database
        .write(move |transaction| Box::pin(async move { transaction.create_code(&code, None).await }))
        .await
        .unwrap();
}

/// Claims, gathers, decides and records, as a batch of one.
pub(crate) async fn record(transaction: &mut Transaction, command: &Command, at: Time) -> Result<Record, StoreError> {
    let caller = command.key.caller;
    let target = command.ask.target().map(|target| RequestKey { caller, request_id: target.clone() });
    let mut claims = BTreeMap::from([(&command.key, command.id)]);
    claims.extend(target.iter().map(|target| (target, command.id)));
    let (head, claimed) = transaction.begin_batch(&claims).await?;
    assert!(claimed.contains(&command.key), "the story uses a request key once");
    let mut wanted = Wanted {
        codes: command.ask.codes().iter().copied().collect(),
        parents: command.ask.parent().into_iter().collect(),
        wallets: command.ask.wallet().into_iter().collect(),
        targets: target.iter().map(|target| (target.clone(), claimed.contains(target))).collect(),
        ..Wanted::default()
    };
    if command.ask.wallet().is_none() {
        wanted.terminals.insert(caller.terminal());
    }
    let mut loaded = transaction.gather(&wanted).await?;
    let at = at.max(head.at).max(loaded.latest());
    let record = decide(&mut loaded, command, at, &TimeZone::UTC);
    transaction.record(head, std::slice::from_ref(&record), &loaded).await?;
    let is_given_up = |target: &&RequestKey| claimed.contains(target) && !loaded.tombstones().contains_key(*target);
    let given_up: Vec<_> = target.iter().filter(is_given_up).map(|target| (target, command.id)).collect();
    transaction.unclaim_requests(&given_up).await?;
    Ok(record)
}

pub(crate) async fn submit(database: &Database, command: Command, at: Time) -> Record {
    database.write(move |transaction| Box::pin(async move { record(transaction, &command, at).await })).await.unwrap()
}

/// What happened, in the order of the journal; the first is at position 1.
pub(crate) struct Story {
    pub(crate) records: Vec<Record>,
    /// What each is called.
    pub(crate) names: Vec<&'static str>,
    /// The wallets at the end.
    pub(crate) wallets: Vec<Wallet>,
    /// The number of a code that was issued and never shown.
    pub(crate) unused_code: u8,
}

impl Story {
    /// The position of the record of this name, and the record.
    pub(crate) fn of(&self, name: &str) -> (usize, &Record) {
        let index = self.names.iter().position(|found| *found == name);
        let index = index.unwrap_or_else(|| panic!("nothing is called {name}"));
        (index + 1, &self.records[index])
    }

    /// How many of those that were done are payments, how many transfers they have, how many used a code.
    pub(crate) fn counts(&self) -> (u64, u64, u64) {
        let count = |fits: fn(&Record) -> bool| {
            let done = self.records.iter().filter(|record| record.done().is_some());
            u64::try_from(done.filter(|record| fits(record)).count()).unwrap()
        };
        let transfers = self.records.iter().filter_map(Record::done).map(|done| done.transfers.len()).sum::<usize>();
        (
            count(|record| matches!(record.kind, Kind::Payment | Kind::Authorization)),
            u64::try_from(transfers).unwrap(),
            count(|record| record.code.is_some()),
        )
    }

    /// The last record with this refusal.
    pub(crate) fn refused(&self, refusal: Refusal) -> (usize, &Record) {
        let is_refused = |record: &Record| record.outcome == Outcome::Refused(refusal);
        let index = self.records.iter().rposition(is_refused).unwrap();
        (index + 1, &self.records[index])
    }
}

/// Sums up what is recorded.
pub(crate) async fn add_up(transaction: &mut Transaction) -> Result<(), StoreError> {
    for cursor in transaction.list_cursors("bookkeeper").await? {
        let stretch = transaction.list_transactions_after(cursor, 1_000).await?;
        let Some(last) = stretch.last() else { continue };
        assert!(transaction.move_cursor("bookkeeper", cursor, last.position).await?);
        for recorded in &stretch {
            let record = &recorded.record;
            for transfer in record.done().iter().flat_map(|done| &done.transfers) {
                let amount = transfer.amount.get();
                for (account, debits, credits) in [(transfer.debit, amount, 0), (transfer.credit, 0, amount)] {
                    let Some(owner) = owner(record, account) else { continue };
                    let (book, unit) = (record.book, transfer.unit);
                    transaction.add_to_sum(&AccountSum { book, account, owner, unit, debits, credits }).await?;
                }
            }
        }
    }
    for cursor in transaction.list_cursors("shop_lines").await? {
        let stretch = transaction.list_transactions_after(cursor, 1_000).await?;
        let Some(last) = stretch.last() else { continue };
        assert!(transaction.move_cursor("shop_lines", cursor, last.position).await?);
        let lines: Vec<ShopLine> = stretch.iter().filter_map(ShopLine::of).collect();
        transaction.create_shop_lines(&lines).await?;
    }
    Ok(())
}

fn owner(record: &Record, account: Account) -> Option<[u8; 16]> {
    match account.owner() {
        Owner::Wallet => None,
        Owner::Shop => record.shop.map(ShopId::bytes),
        Owner::Issuer => Some([0; 16]),
    }
}
