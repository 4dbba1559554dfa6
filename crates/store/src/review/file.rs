//! Files of reviews.

use warifu_core::id::{FileId, ReviewId};

use crate::engine::Transaction;
use crate::error::StoreError;
use crate::registry::statements;
use crate::value::Row;

/// A file and what is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptFile {
    /// Its id.
    pub id: FileId,
    /// What it is.
    pub media_type: String,
    /// Its bytes.
    pub content: Vec<u8>,
}

statements! {
    CREATE_FILE (Blob, Blob, Text, Blob) -> ()
        "INSERT INTO review_files (review_id, id, media_type, content) VALUES ($1, $2, $3, $4)";
    FIND_FILE (Blob, Blob) -> (Text, Blob) "SELECT media_type, content FROM review_files WHERE review_id = $1 AND id = $2";
    LIST_FILES (Blob) -> (Blob, Text, Blob) "SELECT id, media_type, content FROM review_files WHERE review_id = $1 ORDER BY id";
    DELETE_FILE (Blob, Blob) -> () "DELETE FROM review_files WHERE review_id = $1 AND id = $2";
    SUM_FILES (Blob) -> (Int)
        "SELECT CAST(coalesce(sum(length(content)), 0) AS bigint) FROM review_files WHERE review_id = $1";
}

impl Transaction {
    /// Keeps a file.
    ///
    /// # Errors
    /// What the database said.
    pub async fn create_file(&mut self, review: ReviewId, file: &KeptFile) -> Result<(), StoreError> {
        let row = [
            review.bytes().into(),
            file.id.bytes().into(),
            file.media_type.as_str().into(),
            file.content.clone().into(),
        ];
        self.execute(&CREATE_FILE, &row).await.map(drop)
    }

    /// A file of a review.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_file(&mut self, review: ReviewId, id: FileId) -> Result<Option<KeptFile>, StoreError> {
        let found = self.row(&FIND_FILE, &[review.bytes().into(), id.bytes().into()]).await?;
        let read = |row: Row| Ok(KeptFile { id, media_type: row.text(0)?.to_owned(), content: row.blob(1)?.to_vec() });
        found.map(read).transpose()
    }

    /// The files of a review, by id.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_files(&mut self, review: ReviewId) -> Result<Vec<KeptFile>, StoreError> {
        let read = |row: &Row| {
            let id = FileId::from_bytes(row.bytes(0)?);
            Ok(KeptFile { id, media_type: row.text(1)?.to_owned(), content: row.blob(2)?.to_vec() })
        };
        self.rows(&LIST_FILES, &[review.bytes().into()]).await?.iter().map(read).collect()
    }

    /// Erases a file for good.
    ///
    /// # Errors
    /// What the database said.
    pub async fn delete_file(&mut self, review: ReviewId, id: FileId) -> Result<(), StoreError> {
        self.erase(&DELETE_FILE, &[review.bytes().into(), id.bytes().into()]).await.map(drop)
    }

    /// How many bytes the files of a review have.
    ///
    /// # Errors
    /// What the database said.
    pub async fn sum_files(&mut self, review: ReviewId) -> Result<i64, StoreError> {
        self.row(&SUM_FILES, &[review.bytes().into()]).await?.map_or(Ok(0), |row| row.int(0))
    }
}
