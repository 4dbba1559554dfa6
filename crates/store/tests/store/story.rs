//! A small town that pays: three members, a shop, two terminals, and some dozens of transactions, booked.

use jiff::tz::TimeZone;
use warifu_core::code::{CODE_LIFETIME, CodeMac, IssuedCode};
use warifu_core::id::{MemberId, MerchantId, ShopId, TerminalId, TransactionId, WalletId};
use warifu_core::ledger::{Command, Kind, Outcome, Transaction as Record, decide};
use warifu_core::money::Amount;
use warifu_core::refusal::Refusal;
use warifu_core::request::{BodyHash, RequestKey};
use warifu_core::time::Time;
use warifu_store::{AccountSum, Database, Merchant, Shop, StoreError, Terminal, Transaction};

pub(crate) const MERCHANT: MerchantId = MerchantId::from_bytes([0x11; 16]);
pub(crate) const SHOP: ShopId = ShopId::from_bytes([0x22; 16]);
pub(crate) const TILL: TerminalId = TerminalId::from_bytes([0x31; 16]);
pub(crate) const OTHER_TILL: TerminalId = TerminalId::from_bytes([0x32; 16]);
pub(crate) const MEMBERS: [MemberId; 3] =
    [MemberId::from_bytes([0x41; 16]), MemberId::from_bytes([0x42; 16]), MemberId::from_bytes([0x43; 16])];
pub(crate) const WALLETS: [WalletId; 3] =
    [WalletId::from_bytes([0x51; 16]), WalletId::from_bytes([0x52; 16]), WalletId::from_bytes([0x53; 16])];

/// 2026-04-01T00:00:00Z plus so many seconds.
pub(crate) fn time(seconds: i64) -> Time {
    Time::from_unix_micros((1_775_001_600 + seconds) * 1_000_000).unwrap()
}

pub(crate) fn yen(yen: i64) -> Amount {
    Amount::new(yen).unwrap()
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
    Merchant { id: MERCHANT, name: "株式会社わりふ".to_owned(), created_at: time(0) }
}

pub(crate) fn shop() -> Shop {
    Shop { id: SHOP, merchant: MERCHANT, name: "割符堂 渋谷店 ☕".to_owned(), created_at: time(1) }
}

pub(crate) fn terminal(id: TerminalId) -> Terminal {
    let token_mac = [id.bytes()[0]; 32];
    Terminal { id, shop: SHOP, name: "レジ1".to_owned(), token_mac, signing_key_id: 1, created_at: time(2) }
}

/// Code `number` of wallet `owner`, issued at `at`.
pub(crate) fn code(number: u8, owner: usize, at: Time) -> IssuedCode {
    IssuedCode {
        mac: code_mac(number),
        wallet: WALLETS[owner],
        issued_at: at,
        expires_at: at.saturating_add(CODE_LIFETIME),
        newest: true,
        bound_to: None,
        consumed_by: None,
    }
}

/// What `number` asks for: its transaction, request and code are all named by it.
pub(crate) fn command(number: u8, code: u8, kind: Kind, amount: i64) -> Command {
    Command {
        id: transaction_id(number),
        key: RequestKey { caller: TILL, request_id: format!("r-{number:03}").parse().unwrap() },
        body: BodyHash([number; 32]),
        shop: SHOP,
        code: vec![code_mac(code)],
        amount: yen(amount),
        kind,
    }
}

/// Keeps the people of the story.
pub(crate) async fn settle(database: &Database) {
    database.write(|transaction| Box::pin(create_people(transaction))).await.unwrap();
}

async fn create_people(transaction: &mut Transaction) -> Result<(), StoreError> {
    transaction.create_merchant(&merchant()).await?;
    transaction.create_shop(&shop()).await?;
    transaction.create_terminal(&terminal(TILL)).await?;
    transaction.create_terminal(&terminal(OTHER_TILL)).await?;
    for (member, wallet) in MEMBERS.into_iter().zip(WALLETS) {
        transaction.create_member(member, wallet, time(3)).await?;
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
    let head = transaction.lock_stream().await?;
    let claimed = transaction.claim_requests(vec![(&command.key, command.id)]).await?;
    assert!(claimed.contains(&command.id), "the story uses a request key once");
    let mut loaded = transaction.gather(&command.code.iter().copied().collect()).await?;
    let record = decide(&mut loaded, command, at.max(head.at), &TimeZone::UTC);
    transaction.record(head, std::slice::from_ref(&record), &loaded).await?;
    Ok(record)
}

pub(crate) async fn submit(database: &Database, command: Command, at: Time) -> Record {
    database.write(move |transaction| Box::pin(async move { record(transaction, &command, at).await })).await.unwrap()
}

/// What happened, in the order of the journal; the first is at position 1.
pub(crate) struct Story {
    pub(crate) records: Vec<Record>,
    /// The number of a code that was issued and never shown.
    pub(crate) unused_code: u8,
}

impl Story {
    /// The position of a record and the record, the last of those that fit.
    pub(crate) fn last(&self, fits: impl Fn(&Record) -> bool) -> (usize, &Record) {
        let index = self.records.iter().rposition(fits).unwrap();
        (index + 1, &self.records[index])
    }

    /// A payment of the first wallet with others of that wallet before and behind it.
    pub(crate) fn payment(&self) -> (usize, &Record) {
        let index = self.records.iter().position(|record| record.wallet_version() == Some(4)).unwrap();
        (index + 1, &self.records[index])
    }

    pub(crate) fn done(&self) -> usize {
        self.records.iter().filter(|record| record.wallet_version().is_some()).count()
    }

    pub(crate) fn refused(&self, refusal: Refusal) -> (usize, &Record) {
        self.last(|record| record.outcome == Outcome::Refused(refusal))
    }
}

/// Each member tops up 10,000, pays eleven times, is refused once for want of money and pays the rest with the same code;
/// one code is unknown, one expired; one is never shown. 44 transactions, kept at once so that telling it is quick.
pub(crate) async fn tell(database: &Database) -> Story {
    database.write(|transaction| Box::pin(happen(transaction))).await.unwrap()
}

async fn happen(transaction: &mut Transaction) -> Result<Story, StoreError> {
    create_people(transaction).await?;
    let mut records = Vec::new();
    let mut number = 0;
    for owner in 0..WALLETS.len() {
        let mut amounts = vec![10_000];
        amounts.extend((1..=11).map(|step| step * 100));
        // 3,400 are left.
        amounts.extend([3_401, 3_399]);
        let mut shown = 0;
        for amount in amounts {
            number += 1;
            let at = time(i64::from(number) * 60);
            if amount != 3_399 {
                shown = number;
                transaction.create_code(&code(shown, owner, at)).await?;
            }
            let kind = if amount == 10_000 { Kind::TopUp } else { Kind::Payment };
            records.push(record(transaction, &command(number, shown, kind, amount), at).await?);
        }
    }
    let late = time(i64::from(number + 1) * 60);
    records.push(record(transaction, &command(number + 1, 200, Kind::Payment, 1), late).await?);
    transaction.create_code(&code(201, 0, late)).await?;
    let expired = late.saturating_add(CODE_LIFETIME);
    records.push(record(transaction, &command(number + 2, 201, Kind::Payment, 1), expired).await?);
    transaction.create_code(&code(202, 0, expired)).await?;
    add_up(transaction).await?;
    Ok(Story { records, unused_code: 202 })
}

/// Sums up what is recorded.
async fn add_up(transaction: &mut Transaction) -> Result<(), StoreError> {
    for cursor in transaction.list_cursors("bookkeeper").await? {
        let stretch = transaction.list_transactions_after(cursor, 1_000).await?;
        let Some(last) = stretch.last() else { continue };
        assert!(transaction.move_cursor("bookkeeper", cursor, last.position).await?);
        for recorded in &stretch {
            let Outcome::Done { transfers, .. } = &recorded.record.outcome else { continue };
            for transfer in transfers {
                let amount = transfer.amount.get();
                for (account, debits, credits) in [(transfer.debit, amount, 0), (transfer.credit, 0, amount)] {
                    if account.text().starts_with("shop:") {
                        let (owner, unit) = (recorded.record.shop.bytes(), transfer.unit);
                        transaction.add_to_sum(&AccountSum { account, owner, unit, debits, credits }).await?;
                    }
                }
            }
        }
    }
    Ok(())
}
