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
    /// The public half of the key by which a browser is this terminal.
    pub public_key: Option<[u8; 65]>,
    /// The terminal that this one is for practising with.
    pub practice_of: Option<TerminalId>,
    /// Since when nobody is believed to be this terminal any more.
    pub revoked_at: Option<Time>,
    /// The numbers that JPQR knows this place by, joined by hyphens, and the postal code that its codes need.
    pub jpqr: Option<(String, String)>,
}

/// The status of terminals and shops from which everything is refused.
pub(crate) const FROZEN: &str = "frozen";
/// The status of the others.
pub(crate) const ACTIVE: &str = "active";

/// The columns that [`read_terminal`] reads, in its order.
macro_rules! terminal_columns {
    () => {
        "SELECT id, shop_id, name, token_mac, signing_key_id, created_at, channel, book, status, public_key, practice_of, \
         revoked_at, jpqr, postal_code FROM terminals "
    };
}

statements! {
    CREATE_TERMINAL (Blob, Blob, Text, Blob, Int, Int, Text, Int, Blob) -> ()
        "INSERT INTO terminals (id, shop_id, name, token_mac, signing_key_id, created_at, channel, book, practice_of) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    FIND_TERMINAL (Blob) -> (Blob, Blob, Text, Blob, Int, Int, Text, Int, Text, Blob, Blob, Int, Text, Text)
        concat!(terminal_columns!(), "WHERE id = $1");
    FIND_TERMINAL_BY_TOKEN (Blob) -> (Blob, Blob, Text, Blob, Int, Int, Text, Int, Text, Blob, Blob, Int, Text, Text)
        concat!(terminal_columns!(), "WHERE token_mac = $1");
    FIND_TERMINAL_BY_JPQR (Text) -> (Blob, Blob, Text, Blob, Int, Int, Text, Int, Text, Blob, Blob, Int, Text, Text)
        concat!(terminal_columns!(), "WHERE jpqr = $1");
    FIND_PRACTICE (Blob) -> (Blob, Blob, Text, Blob, Int, Int, Text, Int, Text, Blob, Blob, Int, Text, Text)
        concat!(terminal_columns!(), "WHERE practice_of = $1");
    LIST_TERMINALS (Blob) -> (Blob, Blob, Text, Blob, Int, Int, Text, Int, Text, Blob, Blob, Int, Text, Text)
        concat!(terminal_columns!(), "WHERE shop_id = $1 ORDER BY id");
    SAVE_TERMINAL_STATUS (Blob, Text) -> () "UPDATE terminals SET status = $2 WHERE id = $1 AND revoked_at IS NULL";
    SAVE_TERMINAL_KEY (Blob, Blob) -> ()
        "UPDATE terminals SET public_key = $2 WHERE (id = $1 OR practice_of = $1) AND revoked_at IS NULL";
    SAVE_TERMINAL_JPQR (Blob, Text, Text) -> ()
        "UPDATE terminals SET jpqr = $2, postal_code = $3 WHERE id = $1 AND revoked_at IS NULL";
    REVOKE_TERMINAL (Blob, Int) -> ()
        "UPDATE terminals SET status = 'frozen', revoked_at = $2, public_key = NULL, jpqr = NULL \
         WHERE (id = $1 OR practice_of = $1) AND revoked_at IS NULL";
    CREATE_ENROLLMENT (Blob, Blob, Int) -> ()
        "INSERT INTO enrollments (mac, terminal_id, expires_at) VALUES ($1, $2, $3)";
    TAKE_ENROLLMENT (Blob, Blob) -> (Blob, Int)
        "UPDATE enrollments SET public_key = $2 WHERE mac = $1 AND (public_key IS NULL OR public_key = $2) \
         RETURNING terminal_id, expires_at";
    DELETE_ENROLLMENTS_OF (Blob) -> () "DELETE FROM enrollments WHERE terminal_id = $1";
    DELETE_ENROLLMENTS (Int, Int) -> ()
        "DELETE FROM enrollments WHERE mac IN \
             (SELECT mac FROM enrollments WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";
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
            terminal.practice_of.map(TerminalId::bytes).into(),
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

    /// The terminal of the place that JPQR knows by these numbers.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_terminal_by_jpqr(&mut self, number: &str) -> Result<Option<Terminal>, StoreError> {
        self.row(&FIND_TERMINAL_BY_JPQR, &[number.into()]).await?.map(|row| read_terminal(&row)).transpose()
    }

    /// The terminal that is for practising with this one.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_practice_of(&mut self, id: TerminalId) -> Result<Option<Terminal>, StoreError> {
        self.row(&FIND_PRACTICE, &[id.bytes().into()]).await?.map(|row| read_terminal(&row)).transpose()
    }

    /// The terminals of a shop, the oldest first.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_terminals(&mut self, shop: ShopId) -> Result<Vec<Terminal>, StoreError> {
        self.rows(&LIST_TERMINALS, &[shop.bytes().into()]).await?.iter().map(read_terminal).collect()
    }

    /// Makes the browser with this key the terminal, and the one for practising with it; no other is it any more. `false` if
    /// there is no such terminal, or it was revoked.
    ///
    /// # Errors
    /// What the database said.
    pub async fn save_terminal_key(&mut self, id: TerminalId, public_key: [u8; 65]) -> Result<bool, StoreError> {
        let params = [id.bytes().into(), public_key.into()];
        Ok(self.execute(&SAVE_TERMINAL_KEY, &params).await? > 0)
    }

    /// Gives a terminal the numbers that JPQR knows its place by and its postal code, or takes them away. `false` if there is no
    /// such terminal.
    ///
    /// # Errors
    /// [`StoreError::Constraint`] if another has these numbers.
    pub async fn save_terminal_jpqr(&mut self, id: TerminalId, jpqr: Option<(&str, &str)>) -> Result<bool, StoreError> {
        let params = [id.bytes().into(), jpqr.map(|(number, _)| number).into(), jpqr.map(|(_, postal)| postal).into()];
        Ok(self.execute(&SAVE_TERMINAL_JPQR, &params).await? == 1)
    }

    /// Ends a terminal, the one for practising with it, and the links that would make a browser of it. `false` if there is none,
    /// or it was ended before.
    ///
    /// # Errors
    /// What the database said.
    pub async fn revoke_terminal(&mut self, id: TerminalId, at: Time) -> Result<bool, StoreError> {
        self.execute(&DELETE_ENROLLMENTS_OF, &[id.bytes().into()]).await?;
        Ok(self.execute(&REVOKE_TERMINAL, &[id.bytes().into(), at.unix_micros().into()]).await? > 0)
    }

    /// Keeps a link by which a browser becomes this terminal; earlier ones are of no use any more.
    ///
    /// # Errors
    /// What the database said.
    pub async fn create_enrollment(&mut self, mac: [u8; 32], id: TerminalId, until: Time) -> Result<(), StoreError> {
        self.execute(&DELETE_ENROLLMENTS_OF, &[id.bytes().into()]).await?;
        let row = [mac.into(), id.bytes().into(), until.unix_micros().into()];
        self.execute(&CREATE_ENROLLMENT, &row).await.map(drop)
    }

    /// Takes a link for the browser with this key: which terminal it is for, and until when it is good. The browser that has taken it
    /// is told the same again.
    ///
    /// # Errors
    /// What the database said.
    pub async fn take_enrollment(
        &mut self,
        mac: [u8; 32],
        public_key: [u8; 65],
    ) -> Result<Option<(TerminalId, Time)>, StoreError> {
        let taken = self.row(&TAKE_ENROLLMENT, &[mac.into(), public_key.into()]).await?;
        let read = |row: Row| Ok((TerminalId::from_bytes(row.bytes(0)?), row.converted(1, Time::from_unix_micros)?));
        taken.map(read).transpose()
    }

    /// Forgets at most `limit` links that have expired, and says how many.
    ///
    /// # Errors
    /// What the database said.
    pub async fn delete_enrollments(&mut self, now: Time, limit: i64) -> Result<u64, StoreError> {
        self.execute(&DELETE_ENROLLMENTS, &[now.unix_micros().into(), limit.into()]).await
    }

    /// Freezes a terminal, or lets it work again. `false` if there is none, or it was revoked.
    ///
    /// # Errors
    /// What the database said.
    pub async fn freeze_terminal(&mut self, id: TerminalId, is_frozen: bool) -> Result<bool, StoreError> {
        let status = if is_frozen { FROZEN } else { ACTIVE };
        Ok(self.execute(&SAVE_TERMINAL_STATUS, &[id.bytes().into(), status.into()]).await? == 1)
    }
}

fn read_terminal(row: &Row) -> Result<Terminal, StoreError> {
    let owned = |row: &Row, column| row.text(column).map(str::to_owned);
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
        public_key: row.optional(9, Row::bytes)?,
        practice_of: row.optional(10, Row::bytes)?.map(TerminalId::from_bytes),
        revoked_at: row.optional(11, |row, column| row.converted(column, Time::from_unix_micros))?,
        jpqr: row.optional(12, owned)?.zip(row.optional(13, owned)?),
    })
}
