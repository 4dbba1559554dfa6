//! What readiness is made of: the operator's answers with their history, and what wallets hold. What an answer
//! says is text to this room.

use warifu_core::id::WalletId;
use warifu_core::money::Amount;
use warifu_core::place::Book;
use warifu_core::readiness::exposure::Holding;
use warifu_core::time::Time;
use warifu_core::wallet::WalletState;

use crate::engine::Transaction;
use crate::error::StoreError;
use crate::registry::statements;
use crate::value::{Row, Value};
use crate::wallet::{read_wallet, wallet_columns};

/// What the operator answered to a line at some time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The key of the line.
    pub key: String,
    /// Counts the changes of this line.
    pub version: u32,
    /// When.
    pub at: Time,
    /// What it says.
    pub body: String,
}

statements! {
    CREATE_ANSWER (Text, Int, Int, Text) -> ()
        "INSERT INTO readiness_changes (line_key, version, at, body) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
    FIND_ANSWER (Text) -> (Text, Int, Int, Text)
        "SELECT line_key, version, at, body FROM readiness_changes WHERE line_key = $1 ORDER BY version DESC LIMIT 1";
    LIST_ANSWERS () -> (Text, Int, Int, Text)
        "SELECT line_key, version, at, body FROM readiness_changes c \
         WHERE version = (SELECT max(version) FROM readiness_changes l WHERE l.line_key = c.line_key) ORDER BY line_key";
    LIST_ANSWERS_OF (Text) -> (Text, Int, Int, Text)
        "SELECT line_key, version, at, body FROM readiness_changes WHERE line_key = $1 ORDER BY version";
    COUNT_MEMBERS_WITHOUT_PASSKEY (Int, Int) -> (Int)
        "SELECT count(*) FROM (SELECT 1 FROM wallets w WHERE w.book = $1 AND w.status <> 'closed' \
         AND NOT EXISTS (SELECT 1 FROM credentials c WHERE c.member_id = w.member_id) LIMIT $2) found";
    COUNT_FROZEN_TERMINALS (Int) -> (Int)
        "SELECT count(*) FROM terminals WHERE book = $1 AND status = 'frozen' AND revoked_at IS NULL";
    COUNT_WORKING_TERMINALS (Int) -> (Int)
        "SELECT count(*) FROM terminals t JOIN shops s ON s.id = t.shop_id \
         WHERE t.book = $1 AND t.status = 'active' AND t.revoked_at IS NULL AND s.status = 'active'";
    FIND_MOST_GENEROUS_SHOP () -> (Int)
        "SELECT yen_per_point FROM shops WHERE yen_per_point > 0 ORDER BY yen_per_point LIMIT 1";
    /// After the wallet: whether it is bound to a device, and whether anything in it ever expires.
    LIST_HOLDINGS (Blob, Int, Int) -> (Blob, Blob, Int, Text, Int, Int, Int, Int, Int, Text, Int, Blob, Blob, Int, Int)
        concat!("SELECT ", wallet_columns!(), ", CAST(CASE WHEN device_id IS NULL THEN 0 ELSE 1 END AS bigint), \
         CAST(CASE WHEN next_expiry IS NULL THEN 0 ELSE 1 END AS bigint) \
         FROM wallets WHERE id > $1 AND book = $2 ORDER BY id LIMIT $3");
}

impl Transaction {
    /// Keeps an answer for ever. `false` if somebody answered this line meanwhile.
    ///
    /// # Errors
    /// What the database said.
    pub async fn create_answer(&mut self, answer: &KeptAnswer) -> Result<bool, StoreError> {
        let row = [
            answer.key.as_str().into(),
            i64::from(answer.version).into(),
            answer.at.unix_micros().into(),
            answer.body.as_str().into(),
        ];
        Ok(self.execute(&CREATE_ANSWER, &row).await? == 1)
    }

    /// The last answer to a line.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_answer(&mut self, key: &str) -> Result<Option<KeptAnswer>, StoreError> {
        self.row(&FIND_ANSWER, &[key.into()]).await?.map(|row| read_answer(&row)).transpose()
    }

    /// The last answer to every line that was answered.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_answers(&mut self) -> Result<Vec<KeptAnswer>, StoreError> {
        self.rows(&LIST_ANSWERS, &[]).await?.iter().map(read_answer).collect()
    }

    /// Every answer to a line, the first one first.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_answers_of(&mut self, key: &str) -> Result<Vec<KeptAnswer>, StoreError> {
        self.rows(&LIST_ANSWERS_OF, &[key.into()]).await?.iter().map(read_answer).collect()
    }

    /// How many members of the real book whose wallets are not closed have no passkey, counted up to `limit`.
    ///
    /// # Errors
    /// What the database said.
    pub async fn count_members_without_passkey(&mut self, limit: u64) -> Result<u64, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let params = [Book::Real.number().into(), limit.into()];
        counted(self.row(&COUNT_MEMBERS_WITHOUT_PASSKEY, &params).await?)
    }

    /// How many terminals of the real book are frozen and not ended.
    ///
    /// # Errors
    /// What the database said.
    pub async fn count_frozen_terminals(&mut self) -> Result<u64, StoreError> {
        counted(self.row(&COUNT_FROZEN_TERMINALS, &[Book::Real.number().into()]).await?)
    }

    /// How many terminals of the real book take payments now.
    ///
    /// # Errors
    /// What the database said.
    pub async fn count_working_terminals(&mut self) -> Result<u64, StoreError> {
        counted(self.row(&COUNT_WORKING_TERMINALS, &[Book::Real.number().into()]).await?)
    }

    /// How many yen earn a point where that is the fewest; `None` if no shop gives points.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_least_yen_per_point(&mut self) -> Result<Option<u64>, StoreError> {
        let found = self.row(&FIND_MOST_GENEROUS_SHOP, &[]).await?;
        found.map(|row| row.converted(0, |yen| u64::try_from(yen).ok())).transpose()
    }

    /// What the wallets of the real book hold at `at`, by their ids from after `after` on, at most `limit` of them.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_holdings(
        &mut self,
        after: Option<WalletId>,
        at: Time,
        limit: i64,
    ) -> Result<Vec<(WalletId, Holding)>, StoreError> {
        let after = after.map_or_else(Vec::new, |id| id.bytes().to_vec());
        let params = [Value::Blob(after), Book::Real.number().into(), limit.into()];
        let holding = |row: &Row| {
            let is_bound = row.is(13)?;
            let holding = if row.is(14)? {
                Holding::of(&read_wallet(row)?, is_bound, at).map_err(|_| row.corrupt(0))?
            } else {
                plain(row, is_bound)?
            };
            Ok((WalletId::from_bytes(row.bytes(0)?), holding))
        };
        self.rows(&LIST_HOLDINGS, &params).await?.iter().map(holding).collect()
    }
}

/// A wallet of which nothing is held, for holds expire, and nothing has expired: its balances are what it holds.
fn plain(row: &Row, is_bound: bool) -> Result<Holding, StoreError> {
    Ok(Holding {
        state: row.parsed(3, WalletState::parse)?,
        is_bound,
        paid: row.converted(4, Amount::new)?,
        bonus: row.converted(5, Amount::new)?,
        points: row.converted(6, Amount::new)?,
        held: Amount::ZERO,
    })
}

fn counted(row: Option<Row>) -> Result<u64, StoreError> {
    row.map_or(Ok(0), |row| row.converted(0, |count| u64::try_from(count).ok()))
}

fn read_answer(row: &Row) -> Result<KeptAnswer, StoreError> {
    Ok(KeptAnswer {
        key: row.text(0)?.to_owned(),
        version: row.converted(1, |version| u32::try_from(version).ok())?,
        at: row.converted(2, Time::from_unix_micros)?,
        body: row.text(3)?.to_owned(),
    })
}
