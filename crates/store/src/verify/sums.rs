//! What adds up over all transactions: the sums of accounts, and what every shop is owed and owes.

use std::collections::{BTreeMap, BTreeSet};

use warifu_core::id::{ShopId, WalletId};
use warifu_core::ledger::{Account, Done, Kind, Owner, Transaction as Record};
use warifu_core::lot::LotAccount;
use warifu_core::money::Unit;
use warifu_core::place::Book;

use super::{Complaints, Invariant, PAGE, Run, hex};
use crate::error::StoreError;
use crate::registry::statements;
use crate::sums::{ISSUER, read_sum};
use crate::value::Value;

statements! {
    LIST_SUM_ROWS (Int, Text, Blob, Text, Int) -> (Int, Text, Blob, Text, Int, Int)
        "SELECT book, account, owner, unit, debits, credits FROM account_sums \
         WHERE (book, account, owner, unit) > ($1, $2, $3, $4) ORDER BY book, account, owner, unit LIMIT $5";
}

type SumKey = (Book, Account, [u8; 16], Unit);
/// Debits and credits.
type Sides = (i128, i128);

/// What the passes add up.
#[derive(Default)]
pub(super) struct Sums {
    /// Accounts that are not a wallet's, up to the bookkeeper's cursors.
    sealed: BTreeMap<SumKey, Sides>,
    /// The same after the cursors.
    tail: BTreeMap<SumKey, Sides>,
    /// Credits less debits of all wallets together.
    wallets: BTreeMap<(Book, Account, Unit), i128>,
    /// What the wallets' rows say, all together.
    stored: BTreeMap<(Book, LotAccount), i128>,
    /// What follows for a shop from the kinds and amounts of its transactions.
    shops: BTreeMap<(Book, [u8; 16]), Payout>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Payout {
    /// What the shop is owed for sales.
    payable: i128,
    /// What it owes for cash that it took.
    cash: i128,
}

impl Sums {
    pub(super) fn add(&mut self, record: &Record, done: &Done, is_sealed: bool) {
        for transfer in &done.transfers {
            let amount = i128::from(transfer.amount.get());
            for (account, debit, credit) in [(transfer.debit, amount, 0), (transfer.credit, 0, amount)] {
                let owner = match account.owner() {
                    Owner::Wallet => {
                        let sum = self.wallets.entry((record.book, account, transfer.unit)).or_default();
                        *sum = sum.saturating_add(credit).saturating_sub(debit);
                        continue;
                    }
                    Owner::Shop => record.shop.map_or(ISSUER, ShopId::bytes),
                    Owner::Issuer => ISSUER,
                };
                let sums = if is_sealed { &mut self.sealed } else { &mut self.tail };
                let sum = sums.entry((record.book, account, owner, transfer.unit)).or_default();
                *sum = (sum.0.saturating_add(debit), sum.1.saturating_add(credit));
            }
        }
        let Some(shop) = record.shop else { return };
        let amount = i128::from(record.amount.get());
        let refunded = done.totals.map_or(0, |totals| i128::from(totals.refunded.get()));
        let payout = self.shops.entry((record.book, shop.bytes())).or_default();
        match record.kind {
            Kind::Payment | Kind::Capture => payout.payable = payout.payable.saturating_add(amount),
            Kind::Refund => payout.payable = payout.payable.saturating_sub(amount),
            // A cancel undoes all that was captured, or it was refused.
            Kind::Cancel => payout.payable = payout.payable.saturating_sub(refunded),
            Kind::TopUp => payout.cash = payout.cash.saturating_add(amount),
            Kind::TopUpCancel => payout.cash = payout.cash.saturating_sub(amount),
            _ => {}
        }
    }

    /// Adds what the row of a wallet says.
    pub(super) fn add_stored(&mut self, book: Book, account: LotAccount, balance: i64) {
        let sum = self.stored.entry((book, account)).or_default();
        *sum = sum.saturating_add(i128::from(balance));
    }
}

impl Run<'_> {
    /// Compares what was kept with what the journal says.
    pub(super) async fn compare_sums(&mut self) -> Result<(), StoreError> {
        let kept = self.read_kept().await?;
        let expected = &self.sums.sealed;
        let keys: BTreeSet<&SumKey> = kept.keys().chain(expected.keys()).collect();
        for key in keys {
            let detail = match (kept.get(key), expected.get(key)) {
                (Some(kept), Some(found)) if kept == found => continue,
                (Some((0, 0)), None) => continue,
                (None, _) => "the journal has it, the kept sums do not".to_owned(),
                (Some(kept), found) => {
                    let found = found.copied().unwrap_or_default();
                    format!(
                        "kept as debits {} credits {}, the journal has debits {} credits {}",
                        kept.0, kept.1, found.0, found.1
                    )
                }
            };
            self.report.violated(Invariant::Sums, object_name(key), detail);
        }
        self.compare_wallets();
        self.compare_books(&kept);
        self.compare_payouts(&kept);
        Ok(())
    }

    async fn read_kept(&mut self) -> Result<BTreeMap<SumKey, Sides>, StoreError> {
        let mut kept = BTreeMap::new();
        let mut last = [(-1).into(), "".into(), Value::Blob(Vec::new()), "".into()];
        loop {
            let [book, account, owner, unit] = last;
            let params = [book, account, owner, unit, PAGE.into()];
            let page = self.transaction.rows(&LIST_SUM_ROWS, &params).await?;
            let Some(end) = page.last() else { return Ok(kept) };
            last = [end.int(0)?.into(), end.text(1)?.into(), Value::Blob(end.blob(2)?.to_vec()), end.text(3)?.into()];
            for row in page {
                match read_sum(&row) {
                    Ok(sum) => {
                        let sides = (i128::from(sum.debits), i128::from(sum.credits));
                        kept.insert((sum.book, sum.account, sum.owner, sum.unit), sides);
                    }
                    Err(error) => {
                        let object = format!("account {} of {}", row.text(1)?, hex(row.blob(2)?));
                        self.report.violated(Invariant::Unchanged, object, error.to_string());
                    }
                }
            }
        }
    }

    /// What the wallets hold together is what the journal put into them.
    fn compare_wallets(&mut self) {
        let mut stored: BTreeMap<(Book, Account, Unit), i128> = BTreeMap::new();
        for ((book, lot), balance) in &self.sums.stored {
            stored.insert((*book, lot.account(), lot.unit()), *balance);
        }
        let journal = &self.sums.wallets;
        let keys: BTreeSet<_> = stored.keys().chain(journal.keys()).copied().collect();
        let mut complaints = Vec::new();
        for key in keys {
            let (stored, found) = (stored.get(&key), journal.get(&key));
            let (stored, found) = (stored.copied().unwrap_or_default(), found.copied().unwrap_or_default());
            let (book, account, unit) = key;
            let object = format!("account {} of all wallets in {}{}", account.text(), unit.text(), book_name(book));
            if stored != found {
                complaints.push((object, format!("the wallets hold {stored}, the journal says {found}")));
            }
        }
        complaints.into_iter().for_each(|(object, detail)| self.report.violated(Invariant::Sums, object, detail));
    }

    /// All accounts of a book sum to zero: what was kept, the tail after it, and what the wallets' rows say.
    fn compare_books(&mut self, kept: &BTreeMap<SumKey, Sides>) {
        let mut all: BTreeMap<(Book, Unit), i128> = BTreeMap::new();
        for ((book, _, _, unit), (debits, credits)) in kept.iter().chain(&self.sums.tail) {
            let sum = all.entry((*book, *unit)).or_default();
            *sum = sum.saturating_add(*debits).saturating_sub(*credits);
        }
        for ((book, lot), balance) in &self.sums.stored {
            let sum = all.entry((*book, lot.unit())).or_default();
            *sum = sum.saturating_sub(*balance);
        }
        for ((book, unit), sum) in all.into_iter().filter(|(_, sum)| *sum != 0) {
            let object = format!("all accounts in {}{}", unit.text(), book_name(book));
            self.report.violated(Invariant::Sums, object, format!("they sum to {sum}, not to zero"));
        }
    }

    /// What each shop is owed and owes: by its transactions, by their transfers, and by what was kept.
    fn compare_payouts(&mut self, kept: &BTreeMap<SumKey, Sides>) {
        let shop_keys = |sums: &BTreeMap<SumKey, Sides>| {
            let shops = sums.keys().filter(|(_, account, ..)| account.owner() == Owner::Shop);
            shops.map(|(book, _, owner, _)| (*book, *owner)).collect::<Vec<_>>()
        };
        let mut keys: BTreeSet<_> = self.sums.shops.keys().copied().collect();
        keys.extend([kept, &self.sums.sealed, &self.sums.tail].into_iter().flat_map(shop_keys));
        for key in keys {
            let said = self.sums.shops.get(&key).copied().unwrap_or_default();
            let moved = add(payout(&self.sums.sealed, key), payout(&self.sums.tail, key));
            let booked = add(payout(kept, key), payout(&self.sums.tail, key));
            let mut complaints = Complaints::default();
            for (what, found) in [("its transfers say", moved), ("its sums say", booked)] {
                complaints.unless(found == said, Invariant::Payout, || {
                    format!(
                        "{what} {} for sales and {} in cash, its transactions say {} and {}",
                        found.payable, found.cash, said.payable, said.cash
                    )
                });
            }
            let object = format!("shop {}{}", ShopId::from_bytes(key.1), book_name(key.0));
            self.report.take(&object, complaints);
        }
    }
}

fn payout(sums: &BTreeMap<SumKey, Sides>, (book, shop): (Book, [u8; 16])) -> Payout {
    let debits_less_credits = |account| {
        let (debits, credits) = sums.get(&(book, account, shop, Unit::Jpy)).copied().unwrap_or_default();
        debits.saturating_sub(credits)
    };
    Payout {
        payable: debits_less_credits(Account::ShopPayable).saturating_neg(),
        cash: debits_less_credits(Account::ShopCash).saturating_add(debits_less_credits(Account::AtmCash)),
    }
}

fn add(one: Payout, other: Payout) -> Payout {
    Payout { payable: one.payable.saturating_add(other.payable), cash: one.cash.saturating_add(other.cash) }
}

fn object_name((book, account, owner, unit): &SumKey) -> String {
    let owner = match account.owner() {
        Owner::Shop => ShopId::from_bytes(*owner).to_string(),
        Owner::Wallet => WalletId::from_bytes(*owner).to_string(),
        Owner::Issuer => "the issuer".to_owned(),
    };
    format!("account {} of {owner} in {}{}", account.text(), unit.text(), book_name(*book))
}

pub(super) fn book_name(book: Book) -> &'static str {
    if book == Book::Sandbox { " (sandbox)" } else { "" }
}
