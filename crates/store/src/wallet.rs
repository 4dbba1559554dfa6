//! Wallets. The hot path gathers and saves them in `ledger`; here they are made, found and frozen.

use std::borrow::Cow;

use serde::Deserialize;
use warifu_core::id::{MemberId, TransactionId, WalletId};
use warifu_core::lot::LotAccount;
use warifu_core::money::Amount;
use warifu_core::place::Book;
use warifu_core::time::Time;
use warifu_core::wallet::{Hold, Wallet, WalletState};

use crate::effect::part_before_lots;
use crate::engine::Transaction;
use crate::error::StoreError;
use crate::packed::{pack, unpack};
use crate::part::{StoredPart, StoredRolling};
use crate::registry::statements;
use crate::value::{Row, Value};

/// The columns that [`read_wallet`] reads, in its order.
macro_rules! wallet_columns {
    () => {
        "id, member_id, book, status, paid, bonus, points, version, at, unpacked, cooling_until, last_id, packed"
    };
}
pub(crate) use wallet_columns;

statements! {
    CREATE_WALLET (Blob, Blob, Int) -> ()
        "INSERT INTO wallets (id, member_id, book, paid, version) VALUES ($1, $2, $3, 0, 0)";
    FIND_WALLET (Blob) -> (Blob, Blob, Int, Text, Int, Int, Int, Int, Int, Text, Int, Blob, Blob)
        concat!("SELECT ", wallet_columns!(), " FROM wallets WHERE id = $1");
    FIND_WALLET_OF_MEMBER (Blob) -> (Blob, Blob, Int, Text, Int, Int, Int, Int, Int, Text, Int, Blob, Blob)
        concat!("SELECT ", wallet_columns!(), " FROM wallets WHERE member_id = $1");
    SAVE_WALLET_STATUS (Blob, Text, Text, Int) -> ()
        "UPDATE wallets SET status = $3 WHERE id = $1 AND status = $2 AND version = $4";
    LIST_EXPIRING_WALLETS (Int, Int) -> (Blob, Int)
        "SELECT id, version FROM wallets WHERE next_expiry IS NOT NULL AND next_expiry <= $1 \
         ORDER BY next_expiry LIMIT $2";
}

impl Transaction {
    /// Keeps a new wallet, empty.
    ///
    /// # Errors
    /// [`StoreError::Constraint`] if the member is not there or has one.
    pub async fn create_wallet(&mut self, wallet: WalletId, member: MemberId, book: Book) -> Result<(), StoreError> {
        let row = [wallet.bytes().into(), member.bytes().into(), book.number().into()];
        self.execute(&CREATE_WALLET, &row).await.map(drop)
    }

    /// The wallet with this id.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_wallet(&mut self, id: WalletId) -> Result<Option<Wallet>, StoreError> {
        self.row(&FIND_WALLET, &[id.bytes().into()]).await?.map(|row| read_wallet(&row)).transpose()
    }

    /// The wallet of a member.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_wallet_of_member(&mut self, member: MemberId) -> Result<Option<Wallet>, StoreError> {
        self.row(&FIND_WALLET_OF_MEMBER, &[member.bytes().into()]).await?.map(|row| read_wallet(&row)).transpose()
    }

    /// Changes what a wallet's member may do, if the wallet is still as `before` says. `false` if it is not.
    ///
    /// # Errors
    /// What the database said.
    pub async fn save_wallet_state(&mut self, before: &Wallet, state: WalletState) -> Result<bool, StoreError> {
        let row = [before.id.bytes().into(), before.state.text().into(), state.text().into(), before.version.into()];
        Ok(self.execute(&SAVE_WALLET_STATUS, &row).await? == 1)
    }

    /// Wallets in which something has expired by `at`, with their versions, at most `limit`.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_expiring_wallets(&mut self, at: Time, limit: i64) -> Result<Vec<(WalletId, i64)>, StoreError> {
        let rows = self.rows(&LIST_EXPIRING_WALLETS, &[at.unix_micros().into(), limit.into()]).await?;
        rows.iter().map(|row| Ok((WalletId::from_bytes(row.bytes(0)?), row.int(1)?))).collect()
    }
}

/// What the column `unpacked` holds of a wallet that nothing has changed since its rows are packed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredState<'a> {
    lots_opened: i64,
    #[serde(borrow)]
    lots: Vec<StoredPart<'a>>,
    #[serde(default, borrow)]
    holds: Vec<StoredHold<'a>>,
    #[serde(default)]
    topped_up: StoredRolling,
    #[serde(default)]
    paid_out: StoredRolling,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StoredHold<'a> {
    #[serde(borrow)]
    payment: Cow<'a, str>,
    until: i64,
    #[serde(borrow)]
    parts: Vec<StoredPart<'a>>,
}

/// The row that saves a changed wallet: `id, paid, bonus, points, version, at, next_expiry, packed, last_id`.
pub(crate) fn wallet_row(wallet: &Wallet) -> Vec<Value> {
    vec![
        wallet.id.bytes().into(),
        wallet.posted(LotAccount::Paid).get().into(),
        wallet.posted(LotAccount::Bonus).get().into(),
        wallet.posted(LotAccount::Points).get().into(),
        wallet.version.into(),
        wallet.at.unix_micros().into(),
        wallet.next_expiry().map(Time::unix_micros).into(),
        pack(wallet).into(),
        wallet.last.map(TransactionId::bytes).into(),
    ]
}

/// Reads the columns of [`wallet_columns`]. A row whose balances and lots differ is corrupt and is not decided upon.
pub(crate) fn read_wallet(row: &Row) -> Result<Wallet, StoreError> {
    let wallet = read_state(row)?;
    for (column, account) in [(4, LotAccount::Paid), (5, LotAccount::Bonus), (6, LotAccount::Points)] {
        if wallet.posted(account).get() != row.int(column)? {
            return Err(row.corrupt(column));
        }
    }
    Ok(wallet)
}

/// The same without comparing the balances.
pub(crate) fn read_state(row: &Row) -> Result<Wallet, StoreError> {
    let book = row.converted(2, Book::from_number)?;
    let id = WalletId::from_bytes(row.bytes(0)?);
    let mut wallet = Wallet::new(id, MemberId::from_bytes(row.bytes(1)?), book);
    wallet.state = row.parsed(3, WalletState::parse)?;
    wallet.version = row.int(7)?;
    wallet.last = row.optional(11, Row::bytes)?.map(TransactionId::from_bytes);
    wallet.at = row.converted(8, Time::from_unix_micros)?;
    wallet.cooling_until = row.optional(10, |row, column| row.converted(column, Time::from_unix_micros))?;
    let (text, packed) = (row.text(9)?, row.optional(12, Row::blob)?);
    match packed {
        // One of the two is empty, or it cannot be said which is true.
        Some(packed) if text.is_empty() => unpack(&mut wallet, packed).ok_or_else(|| row.corrupt(12))?,
        Some(_) => return Err(row.corrupt(9)),
        None if is_from_before_lots(row)? => {
            let paid = row.converted(4, Amount::new)?;
            wallet.lots.extend((!paid.is_zero()).then(|| part_before_lots(paid)));
        }
        None => read_lots(&mut wallet, text).ok_or_else(|| row.corrupt(9))?,
    }
    Ok(wallet)
}

/// Whether nothing has changed this wallet since there are lots.
pub(crate) fn is_from_before_lots(row: &Row) -> Result<bool, StoreError> {
    Ok(row.text(9)?.is_empty() && row.optional(12, Row::blob)?.is_none())
}

fn read_lots(wallet: &mut Wallet, text: &str) -> Option<()> {
    let stored: StoredState<'_> = serde_json::from_str(text).ok()?;
    wallet.lots_opened = stored.lots_opened;
    wallet.lots = stored.lots.into_iter().map(StoredPart::read).collect::<Option<_>>()?;
    wallet.holds = stored
        .holds
        .into_iter()
        .map(|hold| {
            Some(Hold {
                payment: hold.payment.parse::<TransactionId>().ok()?,
                expires_at: Time::from_unix_micros(hold.until)?,
                parts: hold.parts.into_iter().map(StoredPart::read).collect::<Option<_>>()?,
            })
        })
        .collect::<Option<_>>()?;
    wallet.topped_up = stored.topped_up.read()?;
    wallet.paid_out = stored.paid_out.read()?;
    Some(())
}
