//! The review that comes with the service: the case that Warifu was made for, in both languages.

use warifu_core::chart::Language;
use warifu_core::id::ReviewId;
use warifu_core::review::Role;

use super::{Export, ReviewFault, SeatKey};
use crate::board::Board;
use crate::fault::Fault;

const JAPANESE: &str = include_str!("../../samples/7pay.ja.json");
const ENGLISH: &str = include_str!("../../samples/7pay.en.json");

impl Board {
    /// Begins a review that is the sample, whose facilitator is whoever has this key, as [`Board::import`].
    ///
    /// # Errors
    /// As [`Board::import`].
    pub async fn begin_sample(&self, key: &SeatKey, language: Language) -> Result<(ReviewId, Role), ReviewFault> {
        self.import(key, &sample(language)?).await
    }

    /// The same for an operator: nobody sits in it yet.
    ///
    /// # Errors
    /// As [`Board::add_import`].
    pub async fn add_sample(&self, language: Language) -> Result<ReviewId, ReviewFault> {
        self.add_import(&sample(language)?).await
    }
}

fn sample(language: Language) -> Result<Export, Fault> {
    let text = match language {
        Language::Japanese => JAPANESE,
        Language::English => ENGLISH,
    };
    serde_json::from_str(text).map_err(|error| Fault::Invalid(error.to_string()))
}
