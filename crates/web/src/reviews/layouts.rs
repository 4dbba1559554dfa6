//! Layouts of relation diagrams, made behind those who read: a large one takes half a second, and nobody waits so long for another's
//! arrow. Until it is made boxes stand where they stood.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use tokio::sync::Notify;
use warifu_core::id::ReviewId;

use crate::diagram::{Places, Shape};

/// How many layouts are remembered; at this number all are forgotten and made anew.
const REMEMBERED: usize = 50;
/// How long who reads waits for a layout, if there was an earlier one. One of a hundred boxes is made in that time.
const PATIENCE: Duration = Duration::from_millis(20);
/// With more boxes than these a layout is not made in that time, and nobody waits in vain.
const QUICK: usize = 150;
/// Between two layouts of a review, so that a group that draws without a pause leaves the server half of a core.
const PAUSE: Duration = Duration::from_millis(250);
/// How long whatever is taken away waits for a layout while others go on drawing.
const LONGEST: Duration = Duration::from_secs(2);

/// The last layout of each review.
#[derive(Debug, Default)]
pub(crate) struct Layouts(Mutex<HashMap<ReviewId, Arc<Last>>>);

/// The last layout of a review, and the one that is being made.
#[derive(Debug, Default)]
struct Last {
    state: Mutex<State>,
    made: Notify,
    /// The diagram as it was told last. Whoever makes it holds it, so that thirty browsers that ask for the same wait for one.
    told: tokio::sync::Mutex<Option<Told>>,
}

/// A diagram as it was told, the number of the change that it includes, and how many layouts had been made.
#[derive(Debug)]
struct Told {
    number: i64,
    made: u64,
    json: Bytes,
}

#[derive(Debug, Default)]
struct State {
    laid: Option<Arc<Laid>>,
    /// What is to be laid out next. Whoever asks for something newer takes its place, so that a busy group has one layout made at a time.
    wanted: Option<Shape>,
    is_making: bool,
    /// How many were made.
    made: u64,
}

/// A layout and what it was made for.
#[derive(Debug)]
struct Laid {
    shape: Shape,
    places: Places,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Layouts {
    /// Where the boxes stand, and whether this is their layout. If it takes long they stand where the last layout had them, new ones below,
    /// and theirs is made meanwhile; the first one of a review is waited for.
    pub(super) async fn soon(&self, review: ReviewId, shape: &Shape) -> (Places, bool) {
        let last = self.last(review);
        let laid = if shape.boxes() > QUICK {
            last.ask(shape)
        } else {
            tokio::time::timeout(PATIENCE, last.made_for(shape)).await.ok()
        };
        if let Some(laid) = laid {
            return (laid.places.clone(), true);
        }
        let known = lock(&last.state).laid.clone();
        match known {
            Some(laid) => (shape.as_it_was(&laid.shape, &laid.places), false),
            None => (last.made_for(shape).await.places.clone(), true),
        }
    }

    /// Where the layout puts the boxes, though it may take a second or two.
    pub(super) async fn whole(&self, review: ReviewId, shape: &Shape) -> Places {
        match tokio::time::timeout(LONGEST, self.last(review).made_for(shape)).await {
            Ok(laid) => laid.places.clone(),
            // Others draw so fast that this one is never made.
            Err(_) => self.soon(review, shape).await.0,
        }
    }

    /// The diagram as it was told at this change, or as it is told now: with the number that it includes.
    pub(super) async fn told<E>(
        &self,
        (review, number): (ReviewId, i64),
        tell: impl AsyncFnOnce() -> Result<(i64, Bytes), E>,
    ) -> Result<Bytes, E> {
        let last = self.last(review);
        let mut told = last.told.lock().await;
        let made = lock(&last.state).made;
        if let Some(told) = told.as_ref().filter(|told| told.number >= number && told.made == made) {
            return Ok(told.json.clone());
        }
        let (number, json) = tell().await?;
        // One that was made meanwhile may not be in it: then it is told anew.
        *told = Some(Told { number, made, json: json.clone() });
        Ok(json)
    }

    fn last(&self, review: ReviewId) -> Arc<Last> {
        let mut known = lock(&self.0);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        Arc::clone(known.entry(review).or_default())
    }
}

impl Last {
    /// The layout of this shape, as soon as it is made.
    async fn made_for(self: &Arc<Self>, shape: &Shape) -> Arc<Laid> {
        loop {
            let made = self.made.notified();
            tokio::pin!(made);
            // What is made from here on is heard.
            let _ = made.as_mut().enable();
            if let Some(laid) = self.ask(shape) {
                return laid;
            }
            made.await;
        }
    }

    /// The layout of this shape, if it is there; has it made if not.
    fn ask(self: &Arc<Self>, shape: &Shape) -> Option<Arc<Laid>> {
        let mut state = lock(&self.state);
        if let Some(laid) = state.laid.as_ref().filter(|laid| laid.shape == *shape) {
            return Some(Arc::clone(laid));
        }
        state.wanted = Some(shape.clone());
        if !state.is_making {
            state.is_making = true;
            let own = Arc::clone(self);
            // Off the threads that serve.
            drop(tokio::task::spawn_blocking(move || own.make()));
        }
        None
    }

    /// Makes what is wanted until nothing is.
    fn make(&self) {
        loop {
            let shape = {
                let mut state = lock(&self.state);
                let wanted = state.wanted.take();
                state.is_making = wanted.is_some();
                let Some(shape) = wanted else { return };
                shape
            };
            // The layout is not ours: whatever it meets, the diagram can be read.
            let made = std::panic::catch_unwind(|| shape.lay_out());
            let places = made.unwrap_or_else(|_| {
                tracing::error!("a diagram could not be laid out; its boxes stand in rows");
                shape.without_links().lay_out()
            });
            let mut state = lock(&self.state);
            state.laid = Some(Arc::new(Laid { shape, places: places.into() }));
            state.made = state.made.saturating_add(1);
            let is_wanted = state.wanted.is_some();
            drop(state);
            self.made.notify_waiters();
            if is_wanted {
                std::thread::sleep(PAUSE);
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on panics")]
mod tests {
    use super::*;
    use crate::diagram::grid;

    /// While a large one is made whoever reads is answered at once with what was there; then with what was made.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn nobody_waits_for_a_layout_but_for_the_first() {
        let (layouts, review) = (Layouts::default(), ReviewId::from_bytes([7; 16]));
        let (small, large) = (grid(4, 2), grid(400, 3));
        let (first, is_laid) = layouts.soon(review, &small).await;
        assert!(is_laid);
        let (meanwhile, is_laid) = layouts.soon(review, &large).await;
        assert!(!is_laid, "four hundred boxes take longer");
        assert_eq!(meanwhile.get(..4), first.get(..4), "what stood there stands there");
        assert_eq!(meanwhile.len(), 400);
        let whole = layouts.whole(review, &large).await;
        assert_eq!(whole.as_ref(), large.lay_out());
        assert_eq!(layouts.soon(review, &large).await, (whole, true));
    }

    /// Of many that are asked for while one is made only the last is made, and whoever needs another gets it all the same.
    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn every_shape_that_is_waited_for_is_made() {
        let layouts = Arc::new(Layouts::default());
        let review = ReviewId::from_bytes([7; 16]);
        let asked = (3..40).map(|boxes| {
            let layouts = Arc::clone(&layouts);
            tokio::spawn(async move { layouts.whole(review, &grid(boxes, 2)).await.len() == boxes })
        });
        for is_so in futures::future::join_all(asked).await {
            assert!(is_so.unwrap());
        }
    }
}
