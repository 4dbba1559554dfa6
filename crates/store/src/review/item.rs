//! What a group wrote into a review, as it stands, and every change of it. What an item says is text to this room.

use warifu_core::id::ReviewId;
use warifu_core::time::Time;

use crate::engine::Transaction;
use crate::error::StoreError;
use crate::registry::statements;
use crate::value::Row;

/// An item as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptItem {
    /// The word of its kind.
    pub kind: String,
    /// Its key.
    pub key: String,
    /// Counts its changes.
    pub version: u32,
    /// What it says; `None` if it was removed.
    pub body: Option<String>,
}

/// A change of a review: an item as it became.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// Counts the changes of the review.
    pub number: i64,
    /// When, in whole minutes.
    pub at: Time,
    /// What became of which item.
    pub item: KeptItem,
}

statements! {
    LIST_ITEMS (Blob) -> (Text, Text, Int, Text)
        "SELECT kind, item_key, version, body FROM review_items WHERE review_id = $1 AND body IS NOT NULL ORDER BY kind, item_key";
    LIST_ITEMS_OF (Blob, Text) -> (Text, Text, Int, Text)
        "SELECT kind, item_key, version, body FROM review_items WHERE review_id = $1 AND kind = $2 ORDER BY item_key";
    FIND_ITEM (Blob, Text, Text) -> (Text, Text, Int, Text)
        "SELECT kind, item_key, version, body FROM review_items WHERE review_id = $1 AND kind = $2 AND item_key = $3";
    SAVE_ITEM (Blob, Text, Text, Int, Text) -> ()
        "INSERT INTO review_items (review_id, kind, item_key, version, body) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (review_id, kind, item_key) DO UPDATE SET version = $4, body = $5";
    CREATE_CHANGE (Blob, Int, Int, Text, Text, Int, Text) -> ()
        "INSERT INTO review_changes (review_id, number, at, kind, item_key, version, body) VALUES ($1, $2, $3, $4, $5, $6, $7)";
    LIST_CHANGES_AFTER (Blob, Int, Int) -> (Int, Int, Text, Text, Int, Text)
        "SELECT number, at, kind, item_key, version, body FROM review_changes WHERE review_id = $1 AND number > $2 \
         ORDER BY number LIMIT $3";
    LIST_CHANGES_BEFORE (Blob, Int, Int) -> (Int, Int, Text, Text, Int, Text)
        "SELECT number, at, kind, item_key, version, body FROM review_changes WHERE review_id = $1 AND number < $2 \
         ORDER BY number DESC LIMIT $3";
    LIST_CHANGES_OF (Blob, Text, Text, Int) -> (Int, Int, Text, Text, Int, Text)
        "SELECT number, at, kind, item_key, version, body FROM review_changes \
         WHERE review_id = $1 AND kind = $2 AND item_key = $3 ORDER BY number DESC LIMIT $4";
}

impl Transaction {
    /// The items of a review that were not removed, by kind and key.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_items(&mut self, review: ReviewId) -> Result<Vec<KeptItem>, StoreError> {
        self.rows(&LIST_ITEMS, &[review.bytes().into()]).await?.iter().map(|row| read_item(row, 0)).collect()
    }

    /// The items of a kind by key, removed ones included.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_items_of(&mut self, review: ReviewId, kind: &str) -> Result<Vec<KeptItem>, StoreError> {
        self.rows(&LIST_ITEMS_OF, &[review.bytes().into(), kind.into()])
            .await?
            .iter()
            .map(|row| read_item(row, 0))
            .collect()
    }

    /// An item, removed ones included.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_item(&mut self, review: ReviewId, kind: &str, key: &str) -> Result<Option<KeptItem>, StoreError> {
        let params = [review.bytes().into(), kind.into(), key.into()];
        self.row(&FIND_ITEM, &params).await?.map(|row| read_item(&row, 0)).transpose()
    }

    /// Keeps an item as it stands now.
    ///
    /// # Errors
    /// What the database said.
    pub async fn save_item(&mut self, review: ReviewId, item: &KeptItem) -> Result<(), StoreError> {
        let row = [
            review.bytes().into(),
            item.kind.as_str().into(),
            item.key.as_str().into(),
            i64::from(item.version).into(),
            item.body.as_deref().into(),
        ];
        self.execute(&SAVE_ITEM, &row).await.map(drop)
    }

    /// Keeps a change for ever.
    ///
    /// # Errors
    /// [`StoreError::Constraint`] if there is one with this number.
    pub async fn create_change(&mut self, review: ReviewId, change: &Change) -> Result<(), StoreError> {
        let row = [
            review.bytes().into(),
            change.number.into(),
            change.at.unix_micros().into(),
            change.item.kind.as_str().into(),
            change.item.key.as_str().into(),
            i64::from(change.item.version).into(),
            change.item.body.as_deref().into(),
        ];
        self.execute(&CREATE_CHANGE, &row).await.map(drop)
    }

    /// The changes of a review after a number, the oldest first, `limit` at most.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_changes_after(
        &mut self,
        review: ReviewId,
        after: i64,
        limit: i64,
    ) -> Result<Vec<Change>, StoreError> {
        let params = [review.bytes().into(), after.into(), limit.into()];
        self.rows(&LIST_CHANGES_AFTER, &params).await?.iter().map(read_change).collect()
    }

    /// The changes of a review before a number, the newest first, `limit` at most.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_changes_before(
        &mut self,
        review: ReviewId,
        before: i64,
        limit: i64,
    ) -> Result<Vec<Change>, StoreError> {
        let params = [review.bytes().into(), before.into(), limit.into()];
        self.rows(&LIST_CHANGES_BEFORE, &params).await?.iter().map(read_change).collect()
    }

    /// The changes of an item, the newest first, `limit` at most.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_changes_of(
        &mut self,
        review: ReviewId,
        kind: &str,
        key: &str,
        limit: i64,
    ) -> Result<Vec<Change>, StoreError> {
        let params = [review.bytes().into(), kind.into(), key.into(), limit.into()];
        self.rows(&LIST_CHANGES_OF, &params).await?.iter().map(read_change).collect()
    }
}

fn read_item(row: &Row, from: usize) -> Result<KeptItem, StoreError> {
    Ok(KeptItem {
        kind: row.text(from)?.to_owned(),
        key: row.text(from + 1)?.to_owned(),
        version: row.converted(from + 2, |version| u32::try_from(version).ok())?,
        body: row.optional(from + 3, |row, column| row.text(column).map(str::to_owned))?,
    })
}

fn read_change(row: &Row) -> Result<Change, StoreError> {
    Ok(Change { number: row.int(0)?, at: row.converted(1, Time::from_unix_micros)?, item: read_item(row, 2)? })
}
