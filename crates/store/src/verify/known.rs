//! What the other passes look things up in: the policies and the terminals, read once.

use std::collections::BTreeMap;

use warifu_core::id::ShopId;
use warifu_core::ledger::{Account, Kind, Transaction as Record};
use warifu_core::limit::Policy;
use warifu_core::place::{Book, Channel};
use warifu_core::time::Time;

use super::{Complaints, Invariant, PAGE, Run, hex};
use crate::error::StoreError;
use crate::policy::read_policy;
use crate::registry::statements;
use crate::value::{Row, Value};

statements! {
    LIST_POLICY_ROWS () -> (Int, Text, Int) "SELECT number, entries, at FROM policies ORDER BY number";
    LIST_PLACES (Blob, Int) -> (Blob, Blob, Text, Int)
        "SELECT id, shop_id, channel, book FROM terminals WHERE id > $1 ORDER BY id LIMIT $2";
}

/// Policies are made by hand and terminals stand in shops: both fit.
#[derive(Default)]
pub(super) struct Known {
    policies: BTreeMap<i64, Policy>,
    terminals: BTreeMap<[u8; 16], Place>,
}

struct Place {
    shop: ShopId,
    channel: Channel,
    book: Book,
}

impl Run<'_> {
    pub(super) async fn read_known(&mut self) -> Result<(), StoreError> {
        let built_in = Policy::default();
        self.known.policies.insert(built_in.number, built_in);
        for row in self.transaction.rows(&LIST_POLICY_ROWS, &[]).await? {
            match read_policy(&row).and_then(|policy| row.converted(2, Time::from_unix_micros).map(|_| policy)) {
                Ok(policy) => {
                    self.known.policies.insert(policy.number, policy);
                }
                Err(error) => {
                    let object = format!("policy {}", row.int(0)?);
                    self.report.violated(Invariant::Unchanged, object, error.to_string());
                }
            }
        }
        let mut last = Vec::new();
        loop {
            let page = self.transaction.rows(&LIST_PLACES, &[Value::Blob(last), PAGE.into()]).await?;
            let Some(end) = page.last() else { return Ok(()) };
            last = end.blob(0)?.to_vec();
            for row in page {
                match read_place(&row) {
                    Ok((id, place)) => {
                        self.known.terminals.insert(id, place);
                    }
                    Err(error) => {
                        let object = format!("terminal {}", hex(row.blob(0)?));
                        self.report.violated(Invariant::Unchanged, object, error.to_string());
                    }
                }
            }
        }
    }
}

impl Known {
    /// The policy that a transaction was decided by.
    pub(super) fn policy(&self, number: i64) -> Option<&Policy> {
        self.policies.get(&number)
    }

    /// Whether terminals ever had to be counted.
    pub(super) fn ever_capped_terminals(&self) -> bool {
        self.policies.values().any(Policy::caps_terminals)
    }

    /// Whether a transaction that happened in a shop fits the terminal that asked for it.
    pub(super) fn check_place(&self, record: &Record, complaints: &mut Complaints) {
        let (Some(shop), Some(done)) = (record.shop, record.done()) else { return };
        let Some(place) = self.terminals.get(&record.key.caller.bytes()) else {
            complaints.add(Invariant::Payout, "no terminal that is here asked for it");
            return;
        };
        complaints.unless(place.shop == shop, Invariant::Payout, || {
            format!("it counts for {shop}, its terminal stands in {}", place.shop)
        });
        complaints.unless(place.book == record.book, Invariant::Payout, || {
            "it counts in the book in which its terminal does not work".to_owned()
        });
        let cash = if place.channel == Channel::Atm { Account::AtmCash } else { Account::ShopCash };
        let mut debits = done.transfers.iter().map(|transfer| transfer.debit);
        let is_cash = |account: &Account| matches!(account, Account::ShopCash | Account::AtmCash);
        if record.kind == Kind::TopUp
            && let Some(found) = debits.find(is_cash)
        {
            complaints.unless(found == cash, Invariant::Balanced, || {
                format!("the cash is in {}, its terminal is {}", found.text(), place.channel.text())
            });
        }
    }
}

fn read_place(row: &Row) -> Result<([u8; 16], Place), StoreError> {
    let place = Place {
        shop: ShopId::from_bytes(row.bytes(1)?),
        channel: row.parsed(2, Channel::parse)?,
        book: row.converted(3, Book::from_number)?,
    };
    Ok((row.bytes(0)?, place))
}
