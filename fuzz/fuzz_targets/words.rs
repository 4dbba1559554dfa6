//! Ids, request ids, prefixes, and every word that storage reads back. What is read is written back as the same text.
#![no_main]

use std::fmt::Display;
use std::str::FromStr;

use libfuzzer_sys::fuzz_target;
use warifu_core::code::IssuerPrefix;
use warifu_core::id::{
    BillId, EventId, MemberId, MerchantId, PartnerId, PaymentId, RefundId, ShopId, TerminalId, TopUpId, TransactionId, WalletId,
    WebhookId,
};
use warifu_core::ledger::{Account, Kind};
use warifu_core::limit::Policy;
use warifu_core::lot::{LotAccount, Step};
use warifu_core::money::{Amount, Unit};
use warifu_core::place::{Book, Channel};
use warifu_core::refusal::Refusal;
use warifu_core::request::RequestId;
use warifu_core::time::{BusinessDate, Time};
use warifu_core::wallet::WalletState;

fuzz_target!(|data: &[u8]| {
    if let Some(bytes) = data.first_chunk::<8>() {
        numbers(i64::from_le_bytes(*bytes));
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    same::<MerchantId>(text);
    same::<ShopId>(text);
    same::<TerminalId>(text);
    same::<MemberId>(text);
    same::<WalletId>(text);
    same::<PartnerId>(text);
    same::<WebhookId>(text);
    same::<EventId>(text);
    same::<PaymentId>(text);
    same::<TopUpId>(text);
    same::<RefundId>(text);
    same::<TransactionId>(text);
    same::<BillId>(text);
    same::<RequestId>(text);
    if let Ok(prefix) = text.parse::<IssuerPrefix>() {
        assert_eq!(prefix.as_str(), text);
    }
    word(text, Kind::parse(text).map(Kind::text));
    word(text, Account::parse(text).map(Account::text));
    word(text, LotAccount::parse(text).map(LotAccount::text));
    word(text, Step::parse(text).map(Step::text));
    word(text, Unit::parse(text).map(Unit::text));
    word(text, Channel::parse(text).map(Channel::text));
    word(text, WalletState::parse(text).map(WalletState::text));
    word(text, Refusal::parse(text).map(Refusal::word));
    let mut policy = Policy::default();
    if policy.set(text, Some(5)) {
        assert!(Policy::NAMES.contains(&text) && policy.entries().contains(&(text, Some(5))));
    }
});

fn same<T: FromStr + Display>(text: &str) {
    if let Ok(read) = text.parse::<T>() {
        assert_eq!(read.to_string(), text);
    }
}

fn word(text: &str, read: Option<&str>) {
    assert!(read.is_none_or(|written| written == text));
}

fn numbers(number: i64) {
    if let Some(amount) = Amount::new(number) {
        assert_eq!(amount.get(), number);
        assert_eq!(amount.to_string().replace(',', "").parse(), Ok(number));
    }
    if let Some(time) = Time::from_unix_micros(number) {
        assert_eq!(time.unix_micros(), number);
        assert_eq!(time.to_string().len(), 27);
    }
    if let Some(date) = BusinessDate::from_number(number) {
        assert_eq!(date.number(), number);
    }
    if let Some(book) = Book::from_number(number) {
        assert_eq!(book.number(), number);
    }
}
