//! `/v1/enrollments` and `/v1/terminal`: how a browser becomes a terminal, and what a terminal is told of itself.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use warifu_app::Station;
use warifu_core::place::Book;

use crate::body::JsonBody;
use crate::caller::AsTerminal;
use crate::device_proof::DeviceBody;
use crate::problem::Problem;
use crate::state::Web;

/// A browser that is to become a terminal.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Enrollment {
    /// What stands behind the `#` of the link.
    #[schema(max_length = 100)]
    token: String,
    /// The public half of the key that it will sign with, and its name.
    device: DeviceBody,
}

/// A terminal, as it is told of itself.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TerminalView {
    /// Its id.
    #[schema(example = "trm_0198c0de000070008000000000000001")]
    id: String,
    /// Its name.
    name: String,
    /// `till` or `atm`.
    channel: &'static str,
    /// `real`, or `sandbox`: nothing that it does is money.
    book: &'static str,
    /// Whether everything from it is refused until the issuer lets it work again.
    is_frozen: bool,
    /// Its shop.
    shop_id: String,
    /// What the shop is called.
    shop_name: String,
    /// Whose shop it is.
    merchant_name: String,
    /// The terminal for practising with it, in the sandbox, which the same browser is.
    practice_id: Option<String>,
    /// The day that it is in the shop.
    #[schema(format = Date)]
    business_date: String,
    /// Whether an ATM without a machine plays one with buttons: in a demonstration only.
    plays_notes: bool,
}

impl TerminalView {
    fn of(Station { terminal, shop, merchant, practice, business_date }: Station, web: &Web) -> Self {
        Self {
            id: terminal.id.to_string(),
            name: terminal.name,
            channel: terminal.channel.text(),
            book: if terminal.book == Book::Real { "real" } else { "sandbox" },
            is_frozen: terminal.is_frozen || shop.is_frozen,
            shop_id: shop.id.to_string(),
            shop_name: shop.name,
            merchant_name: merchant.name,
            practice_id: practice.map(|practice| practice.to_string()),
            business_date: business_date.to_string(),
            plays_notes: web.plays_notes(),
        }
    }
}

/// Make a browser the terminal that a link was made for.
///
/// A link is good once, for a day. No other browser is this terminal any more.
#[utoipa::path(
    post, path = "/v1/enrollments", tag = "terminals", operation_id = "enroll", security(()),
    request_body = Enrollment,
    responses(
        (status = 201, description = "The terminal", body = TerminalView),
        (status = 401, description = "`link_refused`: the link was used, or is too old", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn enroll(
    State(web): State<Web>,
    JsonBody(body): JsonBody<Enrollment>,
) -> Result<(StatusCode, Json<TerminalView>), Problem> {
    let device = body.device.read()?;
    Ok((StatusCode::CREATED, Json(TerminalView::of(web.app.enroll(&body.token, device).await?, &web))))
}

/// Ask who this terminal is and where it stands.
#[utoipa::path(
    get, path = "/v1/terminal", tag = "terminals", operation_id = "getTerminal",
    security(("terminal_token" = []), ("terminal_signature" = [])),
    responses((status = 200, description = "The terminal", body = TerminalView))
)]
pub(crate) async fn get(
    State(web): State<Web>,
    AsTerminal(terminal): AsTerminal,
) -> Result<Json<TerminalView>, Problem> {
    Ok(Json(TerminalView::of(web.app.station(terminal.id).await?, &web)))
}
