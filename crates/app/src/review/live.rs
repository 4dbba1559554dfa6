//! Live reviews: browsers that look at one are told of each change as it happens, and of how many look.
//!
//! One reader on each node follows the reviews that anybody looks at through it, five times a second and at once when this node
//! has written. What it tells was recorded; who missed something reads what came after the last number.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, Notify, broadcast};
use warifu_core::id::ReviewId;
use warifu_core::time::Time;
use warifu_store::{Change, Database, People, StoreError};

use super::{ReviewFault, SeatKey, crowd_of, or_say, review_of, sitter};
use crate::board::Board;
use crate::clock::Clock;

/// How often the reviews are looked at.
const PAUSE: Duration = Duration::from_millis(200);
/// How many changes are read at once.
const STRETCH: i64 = 200;
/// How many tellings one browser may be behind before it is told to read the review anew.
const BEHIND: usize = 256;
/// How often a node repeats how many look through it.
const REPEAT: Duration = Duration::from_secs(15);
/// How long it is believed.
const BELIEVED: Duration = Duration::from_secs(40);

/// Who sits in a review, and how many browsers look at it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Crowd {
    /// How many browsers look, on all nodes.
    pub present: u32,
    /// Who sits there.
    pub people: People,
}

/// One thing that a browser is told.
#[derive(Clone, Debug)]
pub enum Told {
    /// This was recorded.
    Change(Arc<Change>),
    /// Others sit there or look.
    Crowd(Crowd),
    /// More was recorded than could be told: read what came after the last number.
    Missed,
}

/// A browser that looks at a review.
#[derive(Debug)]
pub struct Watch {
    /// The number of the last change before those that are told.
    pub number: i64,
    /// Who sits there and looks, as far as it is known.
    pub crowd: Crowd,
    told: broadcast::Receiver<Told>,
}

impl Watch {
    /// The next one; `None` when nothing is told any more.
    pub async fn next(&mut self) -> Option<Told> {
        match self.told.recv().await {
            Ok(told) => Some(told),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(Told::Missed),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

/// The reviews that are looked at through this node.
#[derive(Debug)]
pub(crate) struct Live {
    database: Database,
    clock: Arc<dyn Clock>,
    node: [u8; 16],
    watched: Mutex<Watched>,
    nudge: Notify,
}

#[derive(Debug, Default)]
struct Watched {
    reviews: HashMap<ReviewId, Followed>,
    is_running: bool,
}

#[derive(Debug)]
struct Followed {
    sender: broadcast::Sender<Told>,
    number: i64,
    crowd: Crowd,
    /// How many look through this node as it last told the others, and when.
    written: Option<(u32, Time)>,
}

impl Board {
    /// Everything that is recorded in the review from now on.
    ///
    /// # Errors
    /// [`ReviewFault::Stranger`], or what the store said.
    pub async fn watch(&self, key: &SeatKey) -> Result<Watch, ReviewFault> {
        let (key, now) = (key.clone(), self.clock.now());
        let found = self.ask(move |transaction| {
            Box::pin(async move {
                let sitter = or_say!(sitter(transaction, &key).await?);
                let review = or_say!(review_of(transaction, &sitter).await?);
                let crowd = crowd_of(transaction, review.id, now).await?;
                Ok(Ok((review, crowd)))
            })
        });
        let (review, crowd) = found.await?;
        let mut watched = self.live.watched.lock().await;
        let followed = watched.reviews.entry(review.id).or_insert_with(|| Followed {
            sender: broadcast::channel(BEHIND).0,
            number: review.change_number,
            crowd,
            written: None,
        });
        let watch = Watch { number: followed.number, crowd: followed.crowd, told: followed.sender.subscribe() };
        if !std::mem::replace(&mut watched.is_running, true) {
            let live = Arc::clone(&self.live);
            tokio::spawn(async move { live.follow().await });
        }
        drop(watched);
        self.live.nudge();
        Ok(watch)
    }
}

/// What was found about a review that is followed.
struct News {
    changes: Vec<Change>,
    crowd: Crowd,
}

impl Live {
    pub(crate) fn new(database: Database, clock: Arc<dyn Clock>, node: [u8; 16]) -> Self {
        Self { database, clock, node, watched: Mutex::default(), nudge: Notify::new() }
    }

    /// Something was written through this node: it is looked for at once.
    pub(crate) fn nudge(&self) {
        self.nudge.notify_one();
    }

    /// Follows the reviews for as long as anybody looks at one.
    async fn follow(&self) {
        loop {
            // Whether it was the one or the other, it is looked for.
            let _ = tokio::time::timeout(PAUSE, self.nudge.notified()).await;
            let mut reviews: Vec<(ReviewId, i64, u32, bool)> = Vec::new();
            {
                let now = self.clock.now();
                let mut watched = self.watched.lock().await;
                if watched.reviews.is_empty() {
                    watched.is_running = false;
                    return;
                }
                for (review, followed) in &watched.reviews {
                    let present = u32::try_from(followed.sender.receiver_count()).unwrap_or(u32::MAX);
                    let is_told =
                        followed.written.is_some_and(|(told, at)| told == present && now.distance(at) < REPEAT);
                    reviews.push((*review, followed.number, present, is_told));
                }
            }
            for (review, number, present, is_told) in reviews {
                if let Err(error) = self.look(review, number, present, is_told).await {
                    tracing::debug!(%error, "open reviews are told later");
                }
            }
        }
    }

    /// Tells what was recorded in a review since then, and who looks.
    async fn look(&self, review: ReviewId, number: i64, present: u32, is_told: bool) -> Result<(), StoreError> {
        let (now, node) = (self.clock.now(), self.node);
        if !is_told {
            let until = now.saturating_add(BELIEVED);
            let told = self.database.write(move |transaction| {
                Box::pin(async move { transaction.save_presence(review, node, present, until).await })
            });
            told.await?;
        }
        let news = self.database.read(move |transaction| {
            Box::pin(async move {
                let is_new = transaction.find_change_number(review).await?.is_some_and(|last| last > number);
                let changes =
                    if is_new { transaction.list_changes_after(review, number, STRETCH).await? } else { Vec::new() };
                Ok(News { changes, crowd: crowd_of(transaction, review, now).await? })
            })
        });
        let news = news.await?;
        let is_more = i64::try_from(news.changes.len()).unwrap_or(0) == STRETCH;
        let mut watched = self.watched.lock().await;
        let Some(followed) = watched.reviews.get_mut(&review) else { return Ok(()) };
        if !is_told {
            followed.written = Some((present, now));
        }
        for change in news.changes {
            followed.number = change.number;
            // Nobody may be looking any more.
            let _ = followed.sender.send(Told::Change(Arc::new(change)));
        }
        if followed.crowd != news.crowd {
            followed.crowd = news.crowd;
            let _ = followed.sender.send(Told::Crowd(news.crowd));
        }
        // Everybody is told that nobody looks through this node any more before it is forgotten.
        if present == 0 && followed.sender.receiver_count() == 0 {
            watched.reviews.remove(&review);
        }
        drop(watched);
        if is_more {
            self.nudge();
        }
        Ok(())
    }
}
