//! What participants mark: theirs alone until it is collected, then columns of nobody's.

use std::collections::BTreeMap;

use warifu_core::review::{
    Draft, Kind, Outcome, Refusal, Standing, Statement, check_may_write, collect, column_name, decide_mark,
};
use warifu_store::{KeptDraft, KeptItem, KeptMark, StoreError, Transaction};

use super::item::{body_text, log, read_body};
use super::{
    Answer, ReviewFault, SeatKey, check_key, facilitator_and_review, or_say, place, review_of, sitter,
    sitter_and_review,
};
use crate::board::Board;
use crate::fault::Fault;
use crate::random;

/// A mark as its author sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnMark {
    /// The key of the cause.
    pub cause: String,
    /// Counts its changes.
    pub version: u32,
    /// Why, as JSON.
    pub body: String,
    /// Whether it was collected as it is.
    pub is_collected: bool,
}

/// The table: which columns marked which cause.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// The letters of the columns.
    pub columns: Vec<String>,
    /// The letters by the key of the cause; a cause that is not there nobody marked.
    pub causes: BTreeMap<String, Vec<String>>,
    /// The number of the change by which it was collected; 0 if it never was.
    pub collected: i64,
}

/// A mark of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnMark {
    /// Its letter.
    pub column: String,
    /// Why, as JSON.
    pub body: String,
}

impl Board {
    /// The marks of whoever has this key.
    ///
    /// # Errors
    /// [`ReviewFault::Stranger`], or what the store said.
    pub async fn own_marks(&self, key: &SeatKey) -> Result<Vec<OwnMark>, ReviewFault> {
        let key = key.clone();
        let found = self.ask(move |transaction| {
            Box::pin(async move {
                let sitter = or_say!(sitter(transaction, &key).await?);
                transaction.list_drafts_of(sitter.seat.review, sitter.author).await.map(Ok)
            })
        });
        let own = |KeptDraft { cause, version, body, is_collected, .. }| {
            Some(OwnMark { cause, version, body: body?, is_collected })
        };
        Ok(found.await?.into_iter().filter_map(own).collect())
    }

    /// Marks a cause, or takes the mark back where there is no reason, as somebody who saw version `seen` of it; 0 for a new one.
    /// Gives the version.
    ///
    /// # Errors
    /// [`ReviewFault::Changed`] with what stands there if another version does: another window was faster.
    pub async fn mark(
        &self,
        key: &SeatKey,
        cause: &str,
        seen: u32,
        body: Option<Statement>,
    ) -> Result<u32, ReviewFault> {
        let chart = self.chart_for(key).await?;
        check_key(cause)?;
        let (key, cause) = (key.clone(), cause.to_owned());
        let marked = self.tell(move |transaction| {
            Box::pin(async move {
                let (sitter, review) = or_say!(sitter_and_review(transaction, &key).await?);
                let kept = transaction.find_draft(review.id, sitter.author, &cause).await?;
                let version = kept.as_ref().map_or(0, |kept| kept.version);
                let text = kept.and_then(|kept| kept.body);
                let said = text.as_deref().and_then(|json| read_body(Kind::Case, json).ok());
                let standing = Standing { version, body: said };
                let recorded = match decide_mark(&place(&sitter, &review, &chart), &cause, seen, body, standing) {
                    Ok(Outcome::Unchanged(standing)) => return Ok(Ok(standing.version)),
                    Ok(Outcome::Recorded(standing)) => standing,
                    Err(Refusal::Changed) => return Ok(Err(ReviewFault::Changed { version, body: text })),
                    Err(refusal) => return Ok(Err(refusal.into())),
                };
                let draft = KeptDraft {
                    author: sitter.author,
                    cause,
                    version: recorded.version,
                    // What was taken back before anything was collected leaves nothing to be collected.
                    is_collected: recorded.body.is_none() && review.collected == 0,
                    body: recorded.body.as_ref().map(body_text),
                };
                transaction.save_draft(review.id, &draft).await?;
                Ok(Ok(recorded.version))
            })
        });
        marked.await
    }

    /// Publishes what everybody marked as columns, whose letters are drawn anew. Columns of rounds that were completed stay.
    /// Gives how many columns there are, and the number of the change.
    ///
    /// # Errors
    /// [`ReviewFault::Role`] unless a facilitator asks; [`Fault::Invalid`] if nobody has marked anything.
    pub async fn collect_marks(&self, key: &SeatKey) -> Result<(u32, i64), ReviewFault> {
        let (key, now) = (key.clone(), self.clock.now());
        let collected = self.tell(move |transaction| {
            Box::pin(async move {
                let (sitter, mut review) = or_say!(facilitator_and_review(transaction, &key).await?);
                or_say!(check_may_write(sitter.seat.role, review.is_complete));
                or_say!(publish(transaction, review.id, review.round).await?);
                let columns = transaction.count_columns(review.id).await?;
                let body = Some(format!("{{\"columns\":{columns}}}"));
                let item = KeptItem { kind: "table".to_owned(), key: "review".to_owned(), version: columns, body };
                log(transaction, &mut review, item, now).await?;
                review.collected = review.change_number;
                transaction.save_review(&review).await?;
                Ok(Ok((columns, review.change_number)))
            })
        });
        let collected = collected.await?;
        self.live.nudge();
        Ok(collected)
    }

    /// Which columns marked which cause.
    ///
    /// # Errors
    /// [`ReviewFault::Stranger`], or what the store said.
    pub async fn table(&self, key: &SeatKey) -> Result<Table, ReviewFault> {
        let key = key.clone();
        let found = self.ask(move |transaction| {
            Box::pin(async move {
                let sitter = or_say!(sitter(transaction, &key).await?);
                let review = or_say!(review_of(transaction, &sitter).await?);
                let columns = transaction.count_columns(review.id).await?;
                Ok(Ok((transaction.list_marked(review.id).await?, columns, review.collected)))
            })
        });
        let (marked, columns, collected) = found.await?;
        let mut causes: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (cause, column) in marked {
            causes.entry(cause).or_default().push(column_name(column));
        }
        Ok(Table { columns: (0..columns).map(column_name).collect(), causes, collected })
    }

    /// Why each cause was marked, cause by cause and column by column.
    ///
    /// # Errors
    /// As [`Board::table`].
    pub async fn all_marks(&self, key: &SeatKey) -> Result<Vec<(String, Vec<ColumnMark>)>, ReviewFault> {
        let key = key.clone();
        let found = self.ask(move |transaction| {
            Box::pin(async move {
                let sitter = or_say!(sitter(transaction, &key).await?);
                transaction.list_marks(sitter.seat.review).await.map(Ok)
            })
        });
        let mut causes: BTreeMap<String, Vec<ColumnMark>> = BTreeMap::new();
        for mark in found.await? {
            causes
                .entry(mark.cause)
                .or_default()
                .push(ColumnMark { column: column_name(mark.column), body: mark.body });
        }
        Ok(causes.into_iter().collect())
    }

    /// Why a cause was marked, column by column.
    ///
    /// # Errors
    /// As [`Board::table`].
    pub async fn marks_of(&self, key: &SeatKey, cause: &str) -> Result<Vec<ColumnMark>, ReviewFault> {
        check_key(cause)?;
        let (key, cause) = (key.clone(), cause.to_owned());
        let found = self.ask(move |transaction| {
            Box::pin(async move {
                let sitter = or_say!(sitter(transaction, &key).await?);
                transaction.list_marks_of(sitter.seat.review, &cause).await.map(Ok)
            })
        });
        let show = |mark: KeptMark| ColumnMark { column: column_name(mark.column), body: mark.body };
        Ok(found.await?.into_iter().map(show).collect())
    }
}

/// Makes columns of what everybody marked, in place of those of this round.
async fn publish(transaction: &mut Transaction, review: warifu_core::id::ReviewId, round: i64) -> Answer<()> {
    let drafts = transaction.list_drafts(review).await?;
    // One that everybody took back leaves the table too.
    if drafts.iter().all(|draft| draft.body.is_none() && draft.is_collected) {
        let text = "Nobody has marked anything that could be collected.";
        return Ok(Err(ReviewFault::Fault(Fault::Invalid(text.to_owned()))));
    }
    let said = |KeptDraft { author, cause, body, .. }| Some(Draft { author, cause, body: body? });
    let drafts = drafts.into_iter().filter_map(said).collect();
    let first = transaction.delete_marks(review, round).await?;
    let marks = match collect(drafts, first, random::bytes::<16>) {
        Ok(marks) => marks,
        // The columns of the round are gone by now, so that nothing of this transaction may stay.
        Err(fault) => return Err(StoreError::Failed(fault.to_string())),
    };
    let marks: Vec<_> =
        marks.into_iter().map(|mark| KeptMark { column: mark.column, cause: mark.cause, body: mark.body }).collect();
    transaction.create_marks(review, round, &marks).await?;
    transaction.save_drafts_collected(review).await.map(Ok)
}
