//! Terminals and what they prove themselves by. Tokens are known by a keyed hash only.

use warifu_core::id::{ShopId, TerminalId};
use warifu_core::place::{Book, Channel};
use warifu_core::time::Time;

use crate::engine::Transaction;
use crate::error::StoreError;
use crate::registry::statements;
use crate::value::Row;

/// What takes payments for a shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terminal {
    /// Its id.
    pub id: TerminalId,
    /// Which shop it takes payments for.
    pub shop: ShopId,
    /// Its name, as the shop knows it.
    pub name: String,
    /// What it is.
    pub channel: Channel,
    /// Which book it works in.
    pub book: Book,
    /// Whether everything from it is refused.
    pub is_frozen: bool,
    /// The keyed hash of its bearer token.
    pub token_mac: [u8; 32],
    /// Which key of the ring its signing secret is derived from.
    pub signing_key_id: i64,
    /// Since when it is here.
    pub created_at: Time,
}

/// The status of terminals and shops from which everything is refused.
pub(crate) const FROZEN: &str = "frozen";
/// The status of the others.
pub(crate) const ACTIVE: &str = "active";

statements! {
    CREATE_TERMINAL (Blob, Blob, Text, Blob, Int, Int, Text, Int) -> ()
        "INSERT INTO terminals (id, shop_id, name, token_mac, signing_key_id, created_at, channel, book) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    FIND_TERMINAL (Blob) -> (Blob, Blob, Text, Blob, Int, Int, Text, Int, Text)
        "SELECT id, shop_id, name, token_mac, signing_key_id, created_at, channel, book, status FROM terminals WHERE id = $1";
    FIND_TERMINAL_BY_TOKEN (Blob) -> (Blob, Blob, Text, Blob, Int, Int, Text, Int, Text)
        "SELECT id, shop_id, name, token_mac, signing_key_id, created_at, channel, book, status FROM terminals WHERE token_mac = $1";
    SAVE_TERMINAL_STATUS (Blob, Text) -> () "UPDATE terminals SET status = $2 WHERE id = $1";
}

impl Transaction {
    /// Keeps a new terminal.
    ///
    /// # Errors
    /// [`StoreError::Constraint`] if its shop is not there.
    pub async fn create_terminal(&mut self, terminal: &Terminal) -> Result<(), StoreError> {
        let row = [
            terminal.id.bytes().into(),
            terminal.shop.bytes().into(),
            terminal.name.as_str().into(),
            terminal.token_mac.into(),
            terminal.signing_key_id.into(),
            terminal.created_at.unix_micros().into(),
            terminal.channel.text().into(),
            terminal.book.number().into(),
        ];
        self.execute(&CREATE_TERMINAL, &row).await.map(drop)
    }

    /// The terminal with this id.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_terminal(&mut self, id: TerminalId) -> Result<Option<Terminal>, StoreError> {
        self.row(&FIND_TERMINAL, &[id.bytes().into()]).await?.map(|row| read_terminal(&row)).transpose()
    }

    /// The terminal whose bearer token hashes to `mac`.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_terminal_by_token(&mut self, mac: [u8; 32]) -> Result<Option<Terminal>, StoreError> {
        self.row(&FIND_TERMINAL_BY_TOKEN, &[mac.into()]).await?.map(|row| read_terminal(&row)).transpose()
    }

    /// Freezes a terminal, or lets it work again. `false` if there is none.
    ///
    /// # Errors
    /// What the database said.
    pub async fn freeze_terminal(&mut self, id: TerminalId, is_frozen: bool) -> Result<bool, StoreError> {
        let status = if is_frozen { FROZEN } else { ACTIVE };
        Ok(self.execute(&SAVE_TERMINAL_STATUS, &[id.bytes().into(), status.into()]).await? == 1)
    }
}

fn read_terminal(row: &Row) -> Result<Terminal, StoreError> {
    Ok(Terminal {
        id: TerminalId::from_bytes(row.bytes(0)?),
        shop: ShopId::from_bytes(row.bytes(1)?),
        name: row.text(2)?.to_owned(),
        token_mac: row.bytes(3)?,
        signing_key_id: row.int(4)?,
        created_at: row.converted(5, Time::from_unix_micros)?,
        channel: row.parsed(6, Channel::parse)?,
        book: row.converted(7, Book::from_number)?,
        is_frozen: row.text(8)? == FROZEN,
    })
}
