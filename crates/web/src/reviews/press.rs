//! Where documents and pictures are made: off the threads that serve, and few at once, for a large one takes a processor for seconds and some
//! hundred megabytes. Whoever has to wait long is told to come back.

use std::sync::Arc;
use std::time::Duration;

use axum::http::HeaderMap;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use warifu_app::SeatKey;

use crate::export::Document;
use crate::front::Front;
use crate::problem::Problem;

/// How many documents are made at once.
const AT_ONCE: usize = 2;
/// How long one waits for its turn: less than a request may take, so that what is made can still be handed over.
const PATIENCE: Duration = Duration::from_secs(5);

/// How many more documents may be made now.
#[derive(Debug)]
pub(crate) struct Press {
    turns: Arc<Semaphore>,
    patience: Duration,
}

impl Default for Press {
    fn default() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)), patience: PATIENCE }
    }
}

impl Press {
    async fn turn(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let turn = tokio::time::timeout(self.patience, Arc::clone(&self.turns).acquire_owned()).await;
        // Nobody closes it.
        turn.ok().and_then(Result::ok).ok_or_else(Problem::overloaded)
    }
}

/// A document that was not made, by our fault: nothing was to be changed, so it may be asked for again.
#[derive(Debug)]
pub(super) struct Unmade(String);

#[cfg(feature = "paper")]
impl From<crate::export::Unprintable> for Unmade {
    fn from(crate::export::Unprintable(why): crate::export::Unprintable) -> Self {
        Self(why)
    }
}

/// Makes something of all that the review says, in the language that the browser asks for or that was chosen.
pub(super) async fn written<F>(front: &Front, key: &SeatKey, headers: &HeaderMap, write: F) -> Result<Vec<u8>, Problem>
where
    F: FnOnce(&Document<'_>) -> Result<Vec<u8>, Unmade> + Send + 'static,
{
    // Before anything is read: a large review fills memory as it waits.
    let turn = front.press.turn().await?;
    let look = front.board.look(key).await?;
    let diagram = super::diagram::drawn(front, &look).await;
    let marks = front.board.all_marks(key).await?;
    let language = crate::pages::language(headers);
    let made = tokio::task::spawn_blocking(move || {
        let made = write(&Document::new(&look, &diagram, marks, language));
        // Held until it is made, also if nobody waits for it any more.
        drop(turn);
        made
    });
    match made.await {
        Ok(Ok(made)) => Ok(made),
        Ok(Err(Unmade(error))) => {
            tracing::error!(%error, "a document of a review could not be made");
            Err(Problem::internal())
        }
        Err(error) => {
            tracing::error!(%error, "a document of a review could not be made");
            Err(Problem::internal())
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use axum::response::IntoResponse as _;

    use super::*;

    #[tokio::test]
    async fn few_are_made_at_once_and_the_next_is_told_to_come_back() {
        let press = Press { patience: Duration::from_millis(20), ..Press::default() };
        let first = press.turn().await.unwrap();
        let second = press.turn().await.unwrap();
        let told = press.turn().await.unwrap_err().into_response();
        assert_eq!(told.status(), 503);
        assert_eq!(told.headers().get("retry-after").unwrap(), "1");
        drop(first);
        drop(press.turn().await.unwrap());
        drop(second);
    }
}
