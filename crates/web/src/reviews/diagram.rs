//! `/v1/review/diagram`: the relation diagram of a review, laid out.

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderValue;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse as _, Response};
use warifu_app::Look;

use super::AsSeat;
use crate::diagram::{Diagram, Gathered};
use crate::front::Front;
use crate::problem::Problem;

/// The diagram as its layout has it, for what is taken away.
pub(super) async fn drawn(front: &Front, look: &Look) -> Diagram {
    let gathered = Gathered::new(&look.items, &look.chart);
    let places = front.layouts.whole(look.review.id, &gathered.shape()).await;
    gathered.laid_out(&places, true)
}

/// Have the relation diagram laid out and read: scores, cycles, mutual pairs, what is proposed. While a large one is laid out anew
/// `is_laid_out` is false and boxes stand where they stood.
#[utoipa::path(
    get, path = "/v1/review/diagram", tag = "reviews", operation_id = "getDiagram", security(("seat_key" = [])),
    responses((status = 200, description = "The diagram", body = Diagram))
)]
pub(super) async fn get(State(front): State<Front>, AsSeat(key): AsSeat) -> Result<Response, Problem> {
    let which = front.board.look_at_number(&key).await?;
    let tell = async || {
        let look = front.board.look(&key).await?;
        let gathered = Gathered::new(&look.items, &look.chart);
        let (places, is_laid_out) = front.layouts.soon(look.review.id, &gathered.shape()).await;
        let diagram = gathered.laid_out(&places, is_laid_out);
        // Never the fallback: nothing in it can fail to serialise.
        Ok::<_, Problem>((look.review.change_number, Bytes::from(serde_json::to_vec(&diagram).unwrap_or_default())))
    };
    let json = front.layouts.told(which, tell).await?;
    Ok(([(CONTENT_TYPE, HeaderValue::from_static("application/json"))], json).into_response())
}
