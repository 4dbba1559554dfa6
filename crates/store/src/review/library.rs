//! The library of measures that groups gave to each other. What a measure says is text to this room.

use warifu_core::id::ReviewId;
use warifu_core::time::Time;

use crate::engine::Transaction;
use crate::error::StoreError;
use crate::registry::statements;
use crate::value::Row;

statements! {
    SAVE_MEASURE (Blob, Text, Int, Text, Text) -> ()
        "INSERT INTO measures (review_id, measure_key, shared_at, body, folded) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (review_id, measure_key) DO UPDATE SET body = $4, folded = $5";
    DELETE_MEASURE (Blob, Text) -> () "DELETE FROM measures WHERE review_id = $1 AND measure_key = $2";
    LIST_MEASURES (Text, Int) -> (Text)
        "SELECT body FROM measures WHERE folded LIKE $1 ESCAPE '!' ORDER BY shared_at DESC, body LIMIT $2";
}

impl Transaction {
    /// Puts a measure into the library, or what it says now in its place. `folded` are its words as they are searched.
    ///
    /// # Errors
    /// What the database said.
    pub async fn save_measure(
        &mut self,
        (review, key): (ReviewId, &str),
        at: Time,
        body: &str,
        folded: &str,
    ) -> Result<(), StoreError> {
        let row = [review.bytes().into(), key.into(), at.unix_micros().into(), body.into(), folded.into()];
        self.execute(&SAVE_MEASURE, &row).await.map(drop)
    }

    /// Takes a measure out of the library, if it is there.
    ///
    /// # Errors
    /// What the database said.
    pub async fn delete_measure(&mut self, (review, key): (ReviewId, &str)) -> Result<(), StoreError> {
        self.execute(&DELETE_MEASURE, &[review.bytes().into(), key.into()]).await.map(drop)
    }

    /// The measures whose words have `folded` among them, the latest first.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_measures(&mut self, folded: &str, limit: i64) -> Result<Vec<String>, StoreError> {
        // What means something in a pattern stands for itself.
        let mut pattern = String::from("%");
        for character in folded.chars() {
            if matches!(character, '%' | '_' | '!') {
                pattern.push('!');
            }
            pattern.push(character);
        }
        pattern.push('%');
        let read = |row: &Row| row.text(0).map(str::to_owned);
        self.rows(&LIST_MEASURES, &[pattern.into(), limit.into()]).await?.iter().map(read).collect()
    }
}
