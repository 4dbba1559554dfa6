//! The list of all events, oldest first, in pages that a reader follows for ever and misses nothing.
//!
//! Each stream is read on from its own place, so the order within a stream is exact whatever is recorded meanwhile. Across
//! streams a page is merged by the recorded time.

use std::collections::VecDeque;
use std::sync::Arc;

use warifu_core::id::MerchantId;
use warifu_store::{JournalCursor, Partner, Recorded, StoreError, Transaction};

use crate::event::Event;
use crate::event::cursor::EventCursor;
use crate::event::shops::Shops;
use crate::fault::Fault;
use crate::open::App;

/// How many transactions one page looks at; more than the largest page, so that a merchant among many gets on.
const SCAN_MAX: usize = 2_000;
/// How many are read at the beginning, from all streams together.
const FIRST: usize = 256;
/// How few are read from a stream at once.
const STRETCH_MIN: usize = 8;

/// A page of events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventPage {
    /// The events, oldest first. May be few or none though there are more.
    pub items: Vec<Event>,
    /// Where the next page begins.
    pub next: EventCursor,
    /// Whether there is more now.
    pub has_more: bool,
}

impl App {
    /// The events that a partner sees, from a place on, at most `limit`.
    ///
    /// # Errors
    /// [`Fault::Invalid`] if no such place exists, or what the store said.
    pub async fn events(&self, partner: &Partner, from: EventCursor, limit: u16) -> Result<EventPage, Fault> {
        let (merchant, shops, limit) = (partner.merchant, Arc::clone(&self.webhooks.shops), usize::from(limit));
        let page = self
            .database
            .read(move |transaction| {
                Box::pin(async move { read_page(transaction, &from, merchant, limit, &shops).await })
            })
            .await?;
        page.ok_or_else(|| Fault::Invalid("cursor is not one that a page of this list gave.".to_owned()))
    }
}

/// A stream that is being read.
struct Lane {
    place: JournalCursor,
    end: i64,
    rows: VecDeque<Recorded>,
}

impl Lane {
    const fn is_behind(&self) -> bool {
        self.place.position < self.end
    }

    /// Reads what comes next in the stream, as far as the page may still look.
    async fn fill(
        &mut self,
        transaction: &mut Transaction,
        stretch: usize,
        budget: &mut usize,
    ) -> Result<(), StoreError> {
        let wanted = stretch.min(*budget);
        if wanted == 0 || !self.is_behind() {
            return Ok(());
        }
        let found = transaction.list_transactions_after(self.place, i64::try_from(wanted).unwrap_or(0)).await?;
        *budget = budget.saturating_sub(found.len());
        self.rows = found.into();
        Ok(())
    }
}

/// `None` if no such place exists.
async fn read_page(
    transaction: &mut Transaction,
    from: &EventCursor,
    merchant: Option<MerchantId>,
    limit: usize,
    shops: &Shops,
) -> Result<Option<EventPage>, StoreError> {
    let ends = transaction.list_streams().await?;
    if !from.lies_within(&ends) {
        return Ok(None);
    }
    let lane = |end: &JournalCursor| {
        Some(Lane { place: from.place_in(end.stream)?, end: end.position, rows: VecDeque::new() })
    };
    let mut lanes: Vec<Lane> = ends.iter().filter_map(lane).collect();
    let behind = lanes.iter().filter(|lane| lane.is_behind()).count().max(1);
    let stretch = (FIRST / behind).max(STRETCH_MIN);
    let mut budget = SCAN_MAX;
    for lane in &mut lanes {
        lane.fill(transaction, stretch, &mut budget).await?;
    }
    let mut items = Vec::new();
    while items.len() < limit {
        let oldest = lanes.iter_mut().filter(|lane| !lane.rows.is_empty());
        let oldest = oldest.min_by_key(|lane| lane.rows.front().map(|next| (next.record.at, next.position)));
        let Some((lane, next)) = oldest.and_then(|lane| lane.rows.pop_front().map(|next| (lane, next))) else { break };
        lane.place.position = next.position;
        if shops.shows(transaction, merchant, &next.record).await? {
            items.push(Event::from(&next.record));
        }
        // Without its next transaction nobody knows which stream goes on, so there the page ends if no more may be read.
        if items.len() < limit && lane.rows.is_empty() && lane.is_behind() {
            lane.fill(transaction, stretch, &mut budget).await?;
            if lane.rows.is_empty() {
                break;
            }
        }
    }
    let has_more = lanes.iter().any(Lane::is_behind);
    Ok(Some(EventPage { items, next: EventCursor::of(lanes.iter().map(|lane| lane.place)), has_more }))
}
