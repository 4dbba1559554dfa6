//! `/v1/review/diagram`: the relation diagram of a review, laid out.

use std::collections::HashMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use tokio::sync::Mutex;
use warifu_app::Look;
use warifu_core::id::ReviewId;

use super::AsSeat;
use crate::diagram::{Diagram, Shape, diagram, shape};
use crate::front::Front;
use crate::problem::Problem;

/// How many layouts are remembered; at this number all are forgotten and made anew.
const REMEMBERED: usize = 200;

type Places = Arc<Vec<(f64, f64)>>;
/// The last layout of a review, and what it was made for. Whoever makes one holds it, so that the others wait for the same.
type Last = Arc<Mutex<Option<(Shape, Places)>>>;

/// Layouts that were made, so that thirty browsers that ask for the same wait for one.
#[derive(Debug, Default)]
pub(crate) struct Layouts(Mutex<HashMap<ReviewId, Last>>);

impl Layouts {
    async fn places(&self, review: ReviewId, shape: Shape) -> Places {
        let last = {
            let mut known = self.0.lock().await;
            if known.len() >= REMEMBERED {
                known.clear();
            }
            Arc::clone(known.entry(review).or_default())
        };
        let mut last = last.lock().await;
        if let Some((_, places)) = last.as_ref().filter(|(known, _)| *known == shape) {
            return Arc::clone(places);
        }
        // Off the threads that serve: a large diagram takes half a second.
        let made = shape.clone();
        let places = match tokio::task::spawn_blocking(move || made.lay_out()).await {
            Ok(places) => places,
            Err(error) => {
                tracing::error!(%error, "a diagram could not be laid out; its boxes stand in rows");
                shape.without_links().lay_out()
            }
        };
        let places = Arc::new(places);
        *last = Some((shape, Arc::clone(&places)));
        places
    }
}

pub(super) async fn drawn(front: &Front, look: &Look) -> Diagram {
    let places = front.layouts.places(look.review.id, shape(&look.items, &look.chart)).await;
    diagram(&look.items, &look.chart, &places)
}

/// Have the relation diagram laid out and read: scores, cycles, mutual pairs, what is proposed.
#[utoipa::path(
    get, path = "/v1/review/diagram", tag = "reviews", operation_id = "getDiagram", security(("seat_key" = [])),
    responses((status = 200, description = "The diagram", body = Diagram))
)]
pub(super) async fn get(State(front): State<Front>, AsSeat(key): AsSeat) -> Result<Json<Diagram>, Problem> {
    let look = front.board.look(&key).await?;
    Ok(Json(drawn(&front, &look).await))
}
