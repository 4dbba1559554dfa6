//! A review as a document that comes back in without loss: its chart, its items as they stand, what was collected, its files. What nobody
//! has published is not in it, nor is anybody's name or key, nor how it came to be.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use warifu_core::chart::Chart;
use warifu_core::id::{FileId, ReviewId};
use warifu_core::review::{Body, Kind, Place, Refusal, Role, Standing, State, decide};
use warifu_core::time::Time;
use warifu_store::{KeptFile, KeptMark, Review, StoreError, Transaction};

use super::file::{FILES_SIZE_MAX, cleaned};
use super::item::{body_text, record};
use super::{ReviewFault, SeatKey, or_say, read_body, review_of, sitter};
use crate::board::{Begin, Board};
use crate::chart_file;
use crate::fault::Fault;
use crate::random;

/// What the document calls itself.
const FORMAT: &str = "warifu-review";
/// The version of its form.
const VERSION: u32 = 1;
/// Most columns that are taken in.
const COLUMNS_MAX: u32 = 1_000;

/// A review as a document.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Export {
    /// `warifu-review`.
    format: String,
    /// 1.
    version: u32,
    /// The chart, as TOML.
    chart: String,
    /// What the group wrote, as it stands.
    items: Vec<ExportItem>,
    /// What was collected.
    marks: Vec<ExportMark>,
    /// The files, whose names stand among the items.
    files: Vec<ExportFile>,
}

/// An item.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExportItem {
    kind: String,
    key: String,
    body: Box<RawValue>,
}

/// A mark of a column.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExportMark {
    cause: String,
    /// From 0.
    column: u32,
    body: Box<RawValue>,
}

/// A file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ExportFile {
    id: String,
    media_type: String,
    /// In Base64.
    content: String,
}

/// What a review is to begin with, read and checked.
pub(super) struct Checked {
    /// The chart, as TOML.
    pub(super) chart: String,
    pub(super) items: Vec<(Kind, String, Body)>,
    pub(super) marks: Vec<KeptMark>,
    pub(super) files: Vec<KeptFile>,
    pub(super) is_complete: bool,
}

impl Board {
    /// The review as a document.
    ///
    /// # Errors
    /// [`ReviewFault::Stranger`], or what the store said.
    pub async fn export(&self, key: &SeatKey) -> Result<Export, ReviewFault> {
        let key = key.clone();
        let found = self.ask(move |transaction| {
            Box::pin(async move {
                let sitter = or_say!(sitter(transaction, &key).await?);
                let review = or_say!(review_of(transaction, &sitter).await?);
                let items = transaction.list_items(review.id).await?;
                let marks = transaction.list_marks(review.id).await?;
                let files = transaction.list_files(review.id).await?;
                Ok(Ok((review, items, marks, files)))
            })
        });
        let (review, items, marks, files) = found.await?;
        let raw = |json: String| RawValue::from_string(json).ok();
        let item = |it: warifu_store::KeptItem| Some(ExportItem { kind: it.kind, key: it.key, body: raw(it.body?)? });
        let mark = |it: KeptMark| Some(ExportMark { cause: it.cause, column: it.column, body: raw(it.body)? });
        let file = |it: KeptFile| ExportFile {
            id: it.id.to_string(),
            media_type: it.media_type,
            content: BASE64.encode(it.content),
        };
        Ok(Export {
            format: FORMAT.to_owned(),
            version: VERSION,
            chart: review.chart,
            items: items.into_iter().filter_map(item).collect(),
            marks: marks.into_iter().filter_map(mark).collect(),
            files: files.into_iter().map(file).collect(),
        })
    }

    /// Begins a review that is what a document says, whose facilitator is whoever has this key. Who asks again with the same key is told
    /// the same.
    ///
    /// # Errors
    /// [`ReviewFault::Role`] where nobody may begin one in a browser; [`Fault::Invalid`] says what does not fit.
    pub async fn import(&self, key: &SeatKey, export: &Export) -> Result<(ReviewId, Role), ReviewFault> {
        if self.begin() == Begin::Operator {
            return Err(ReviewFault::Role);
        }
        self.begin_checked(key, checked(export)?).await
    }

    /// The same for an operator: nobody sits in it yet.
    ///
    /// # Errors
    /// [`Fault::Invalid`] says what does not fit.
    pub async fn add_import(&self, export: &Export) -> Result<ReviewId, ReviewFault> {
        self.add_checked(checked(export)?).await
    }

    /// Begins a review of what was checked, whose facilitator is whoever has this key.
    pub(super) async fn begin_checked(&self, key: &SeatKey, checked: Checked) -> Result<(ReviewId, Role), ReviewFault> {
        let at = self.clock.now();
        let id = ReviewId::generate(at, random::bytes()?);
        let checked = Arc::new(checked);
        self.sit(key, move |transaction| {
            let checked = Arc::clone(&checked);
            Box::pin(async move {
                create(transaction, id, &checked, at).await?;
                Ok(Some((id, Role::Facilitator)))
            })
        })
        .await
    }

    /// The same for an operator.
    pub(super) async fn add_checked(&self, checked: Checked) -> Result<ReviewId, ReviewFault> {
        let at = self.clock.now();
        let id = ReviewId::generate(at, random::bytes()?);
        let made = self
            .database
            .write(move |transaction| Box::pin(async move { create(transaction, id, &checked, at).await }));
        made.await?;
        Ok(id)
    }
}

pub(super) fn invalid(text: impl std::fmt::Display) -> ReviewFault {
    Fault::Invalid(format!("{text} Nothing was taken in.")).into()
}

fn checked(export: &Export) -> Result<Checked, ReviewFault> {
    if export.format != FORMAT || export.version != VERSION {
        return Err(invalid("This is no review of a form that is known here."));
    }
    let chart = chart_file::read(&export.chart).map_err(|error| invalid(format!("The chart: {error}.")))?;
    let items = checked_items(export, &chart)?;
    let is_complete =
        items.iter().any(|(_, _, body)| matches!(body, Body::Progress(it) if it.state == State::Complete));
    Ok(Checked {
        chart: export.chart.clone(),
        marks: checked_marks(export, &chart)?,
        files: checked_files(export)?,
        items,
        is_complete,
    })
}

fn checked_items(export: &Export, chart: &Chart) -> Result<Vec<(Kind, String, Body)>, ReviewFault> {
    let mut known = std::collections::BTreeSet::new();
    let mut items = Vec::new();
    for (number, item) in (0_u64..).zip(&export.items) {
        let what = || format!("Item {} ({}/{})", number + 1, item.kind, item.key);
        let kind =
            Kind::parse(&item.kind).ok_or_else(|| invalid(format!("{} is of no kind that is known here.", what())))?;
        let body = read_body(kind, item.body.get()).map_err(|error| invalid(format!("{}: {error}.", what())))?;
        if !known.insert((kind, item.key.clone())) {
            return Err(invalid(format!("{} stands twice.", what())));
        }
        // A file is written by an upload alone; here it comes with its bytes.
        if let (Kind::File, Body::File(file)) = (kind, &body) {
            item.key.parse::<FileId>().map_err(|error| invalid(format!("{}: {error}.", what())))?;
            file.check().map_err(|error| invalid(format!("{}: {error}.", what())))?;
            items.push((kind, item.key.clone(), body));
            continue;
        }
        check_new(chart, number, (kind, &item.key), &body)
            .map_err(|refusal| invalid(format!("{}: {refusal}.", what())))?;
        items.push((kind, item.key.clone(), body));
    }
    if known.contains(&(Kind::Progress, "review".to_owned())) && known.contains(&(Kind::Case, "name".to_owned())) {
        Ok(items)
    } else {
        Err(invalid("A review has at least `progress/review` and `case/name`."))
    }
}

/// Whether an item can stand in a new review that has so many: asked of what decides every change.
pub(super) fn check_new(chart: &Chart, items: u64, item: (Kind, &str), body: &Body) -> Result<(), Refusal> {
    let place = Place { role: Role::Facilitator, is_complete: false, chart, items };
    decide(&place, item, 0, Some(body.clone()), Standing { version: 0, body: None }).map(drop)
}

fn checked_marks(export: &Export, chart: &Chart) -> Result<Vec<KeptMark>, ReviewFault> {
    let mut marks = std::collections::BTreeMap::new();
    for mark in &export.marks {
        let is_cause = matches!(chart.find(&mark.cause), Some(warifu_core::chart::Item::Cause(_)));
        let statement = match read_body(Kind::Case, mark.body.get()) {
            Ok(Body::Statement(statement)) => statement,
            Ok(_) => continue,
            Err(error) => return Err(invalid(format!("A mark of {}: {error}.", mark.cause))),
        };
        statement.check().map_err(|error| invalid(format!("A mark of {}: {error}.", mark.cause)))?;
        if !is_cause || mark.column >= COLUMNS_MAX {
            return Err(invalid(format!("A mark of {} has no place on the chart.", mark.cause)));
        }
        let body = body_text(&Body::Statement(statement));
        let kept = KeptMark { column: mark.column, cause: mark.cause.clone(), body };
        if marks.insert((mark.cause.clone(), mark.column), kept).is_some() {
            return Err(invalid(format!("A mark of {} stands twice.", mark.cause)));
        }
    }
    Ok(marks.into_values().collect())
}

fn checked_files(export: &Export) -> Result<Vec<KeptFile>, ReviewFault> {
    let (mut files, mut size) = (Vec::new(), 0_usize);
    for file in &export.files {
        let id = file.id.parse().map_err(|error| invalid(format!("A file: {error}.")))?;
        let content = BASE64.decode(&file.content).map_err(|_| invalid("A file is no Base64."))?;
        let content = cleaned(&file.media_type, &content).ok_or(ReviewFault::FileType)?;
        size = size.saturating_add(content.len());
        files.push(KeptFile { id, media_type: file.media_type.clone(), content });
    }
    let fits = i64::try_from(size).is_ok_and(|size| size <= FILES_SIZE_MAX);
    if fits { Ok(files) } else { Err(ReviewFault::TooLarge) }
}

async fn create(transaction: &mut Transaction, id: ReviewId, from: &Checked, at: Time) -> Result<(), StoreError> {
    transaction.create_review(id, &from.chart, at).await?;
    let Some(mut review) = transaction.lock_review(id).await? else { return Ok(()) };
    for (kind, key, body) in &from.items {
        record(transaction, &mut review, (kind.text(), key), 1, Some(body_text(body)), at).await?;
    }
    // Of a round that is over: what is marked here later comes beside it.
    transaction.create_marks(id, review.round, &from.marks).await?;
    for file in &from.files {
        transaction.create_file(id, file).await?;
    }
    let collected = if from.marks.is_empty() { 0 } else { review.change_number };
    let round = review.round + 1;
    transaction.save_review(&Review { is_complete: from.is_complete, round, collected, ..review }).await
}
