//! What participants marked: first theirs alone, then columns of nobody's. What a mark says is text to this room.

use warifu_core::id::ReviewId;

use crate::engine::Transaction;
use crate::error::StoreError;
use crate::registry::{each_statements, statements};
use crate::value::{Row, Value};

/// A mark that its author alone sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptDraft {
    /// Whose: a hash that stands nowhere else.
    pub author: [u8; 32],
    /// The key of the cause.
    pub cause: String,
    /// Counts its changes.
    pub version: u32,
    /// Why; `None` if it was taken back.
    pub body: Option<String>,
    /// Whether it was collected as it is.
    pub is_collected: bool,
}

/// A mark that was collected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptMark {
    /// Which column, from 0.
    pub column: u32,
    /// The key of the cause.
    pub cause: String,
    /// Why.
    pub body: String,
}

each_statements! {
    CREATE_MARK (Blob, Text, Int, Int, Text) -> ()
        row "INSERT INTO review_marks (review_id, cause, column_number, round, body) VALUES ($1, $2, $3, $4, $5)",
        set "INSERT INTO review_marks (review_id, cause, column_number, round, body) \
             SELECT * FROM unnest($1::bytea[], $2::text[], $3::bigint[], $4::bigint[], $5::text[])";
}

statements! {
    SAVE_DRAFT (Blob, Blob, Text, Int, Text, Int) -> ()
        "INSERT INTO review_drafts (review_id, author, cause, version, body, is_collected) VALUES ($1, $2, $3, $4, $5, $6) \
         ON CONFLICT (review_id, author, cause) DO UPDATE SET version = $4, body = $5, is_collected = $6";
    LIST_DRAFTS_OF (Blob, Blob) -> (Blob, Text, Int, Text, Int)
        "SELECT author, cause, version, body, is_collected FROM review_drafts WHERE review_id = $1 AND author = $2 ORDER BY cause";
    FIND_DRAFT (Blob, Blob, Text) -> (Blob, Text, Int, Text, Int)
        "SELECT author, cause, version, body, is_collected FROM review_drafts \
         WHERE review_id = $1 AND author = $2 AND cause = $3";
    LIST_DRAFTS (Blob) -> (Blob, Text, Int, Text, Int)
        "SELECT author, cause, version, body, is_collected FROM review_drafts WHERE review_id = $1 ORDER BY author, cause";
    FIND_UNCOLLECTED (Blob) -> (Text)
        "SELECT cause FROM review_drafts WHERE review_id = $1 AND is_collected = 0 LIMIT 1";
    SAVE_DRAFTS_COLLECTED (Blob) -> () "UPDATE review_drafts SET is_collected = 1 WHERE review_id = $1 AND is_collected = 0";
    DELETE_DRAFTS (Blob) -> () "DELETE FROM review_drafts WHERE review_id = $1";
    DELETE_MARKS (Blob, Int) -> () "DELETE FROM review_marks WHERE review_id = $1 AND round = $2";
    FIND_COLUMN_COUNT (Blob) -> (Int)
        "SELECT coalesce(max(column_number), -1) + 1 FROM review_marks WHERE review_id = $1";
    LIST_MARKED (Blob) -> (Text, Int)
        "SELECT cause, column_number FROM review_marks WHERE review_id = $1 ORDER BY column_number, cause";
    LIST_MARKS (Blob) -> (Int, Text, Text)
        "SELECT column_number, cause, body FROM review_marks WHERE review_id = $1 ORDER BY cause, column_number";
    LIST_MARKS_OF (Blob, Text) -> (Int, Text, Text)
        "SELECT column_number, cause, body FROM review_marks WHERE review_id = $1 AND cause = $2 ORDER BY column_number";
}

impl Transaction {
    /// Keeps a mark of somebody's.
    ///
    /// # Errors
    /// What the database said.
    pub async fn save_draft(&mut self, review: ReviewId, draft: &KeptDraft) -> Result<(), StoreError> {
        let row = [
            review.bytes().into(),
            draft.author.into(),
            draft.cause.as_str().into(),
            i64::from(draft.version).into(),
            draft.body.as_deref().into(),
            draft.is_collected.into(),
        ];
        self.execute(&SAVE_DRAFT, &row).await.map(drop)
    }

    /// Somebody's marks, by cause, those included that were taken back.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_drafts_of(&mut self, review: ReviewId, author: [u8; 32]) -> Result<Vec<KeptDraft>, StoreError> {
        self.rows(&LIST_DRAFTS_OF, &[review.bytes().into(), author.into()]).await?.iter().map(read_draft).collect()
    }

    /// Somebody's mark of a cause.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_draft(
        &mut self,
        review: ReviewId,
        author: [u8; 32],
        cause: &str,
    ) -> Result<Option<KeptDraft>, StoreError> {
        let key = [review.bytes().into(), author.into(), cause.into()];
        self.row(&FIND_DRAFT, &key).await?.map(|row| read_draft(&row)).transpose()
    }

    /// Everybody's marks, by author and cause, those included that were taken back.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_drafts(&mut self, review: ReviewId) -> Result<Vec<KeptDraft>, StoreError> {
        self.rows(&LIST_DRAFTS, &[review.bytes().into()]).await?.iter().map(read_draft).collect()
    }

    /// Forgets who marked what: the columns stay, and nothing leads to them any more.
    ///
    /// # Errors
    /// What the database said.
    pub async fn delete_drafts(&mut self, review: ReviewId) -> Result<(), StoreError> {
        self.erase(&DELETE_DRAFTS, &[review.bytes().into()]).await.map(drop)
    }

    /// Whether there is a mark that was not collected as it is.
    ///
    /// # Errors
    /// What the database said.
    pub async fn has_uncollected(&mut self, review: ReviewId) -> Result<bool, StoreError> {
        Ok(self.row(&FIND_UNCOLLECTED, &[review.bytes().into()]).await?.is_some())
    }

    /// Notes that everybody's marks are collected as they are.
    ///
    /// # Errors
    /// What the database said.
    pub async fn save_drafts_collected(&mut self, review: ReviewId) -> Result<(), StoreError> {
        self.execute(&SAVE_DRAFTS_COLLECTED, &[review.bytes().into()]).await.map(drop)
    }

    /// Removes the columns of a round, and says how many of earlier rounds stay.
    ///
    /// # Errors
    /// What the database said.
    pub async fn delete_marks(&mut self, review: ReviewId, round: i64) -> Result<u32, StoreError> {
        self.execute(&DELETE_MARKS, &[review.bytes().into(), round.into()]).await?;
        self.count_columns(review).await
    }

    /// How many columns there are.
    ///
    /// # Errors
    /// What the database said.
    pub async fn count_columns(&mut self, review: ReviewId) -> Result<u32, StoreError> {
        let found = self.row(&FIND_COLUMN_COUNT, &[review.bytes().into()]).await?;
        found.map_or(Ok(0), |row| row.converted(0, |count| u32::try_from(count).ok()))
    }

    /// Keeps the marks of a round.
    ///
    /// # Errors
    /// [`StoreError::Constraint`] if a column has marked one of the causes.
    pub async fn create_marks(&mut self, review: ReviewId, round: i64, marks: &[KeptMark]) -> Result<(), StoreError> {
        let row = |mark: &KeptMark| -> Vec<Value> {
            vec![
                review.bytes().into(),
                mark.cause.as_str().into(),
                i64::from(mark.column).into(),
                round.into(),
                mark.body.as_str().into(),
            ]
        };
        self.each(&CREATE_MARK, marks.iter().map(row).collect()).await.map(drop)
    }

    /// Which columns marked which causes, by column and cause.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_marked(&mut self, review: ReviewId) -> Result<Vec<(String, u32)>, StoreError> {
        let read = |row: &Row| Ok((row.text(0)?.to_owned(), row.converted(1, |column| u32::try_from(column).ok())?));
        self.rows(&LIST_MARKED, &[review.bytes().into()]).await?.iter().map(read).collect()
    }

    /// All marks, by cause and column.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_marks(&mut self, review: ReviewId) -> Result<Vec<KeptMark>, StoreError> {
        self.rows(&LIST_MARKS, &[review.bytes().into()]).await?.iter().map(read_mark).collect()
    }

    /// The marks of a cause, by column.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_marks_of(&mut self, review: ReviewId, cause: &str) -> Result<Vec<KeptMark>, StoreError> {
        self.rows(&LIST_MARKS_OF, &[review.bytes().into(), cause.into()]).await?.iter().map(read_mark).collect()
    }
}

fn read_mark(row: &Row) -> Result<KeptMark, StoreError> {
    Ok(KeptMark {
        column: row.converted(0, |column| u32::try_from(column).ok())?,
        cause: row.text(1)?.to_owned(),
        body: row.text(2)?.to_owned(),
    })
}

fn read_draft(row: &Row) -> Result<KeptDraft, StoreError> {
    Ok(KeptDraft {
        author: row.bytes(0)?,
        cause: row.text(1)?.to_owned(),
        version: row.converted(2, |version| u32::try_from(version).ok())?,
        body: row.optional(3, |row, column| row.text(column).map(str::to_owned))?,
        is_collected: row.is(4)?,
    })
}
