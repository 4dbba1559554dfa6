//! `/v1/sandbox`: codes for trials of till makers, which make the server do what it rarely does.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use warifu_app::Scenario;
use warifu_core::place::Book;

use crate::body::JsonBody;
use crate::caller::AsTerminal;
use crate::problem::Problem;
use crate::state::Web;

/// What a code for trials is to do.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SandboxCodeBody {
    /// `plain`, `time_out`, `unknown`, `late_success`, `duplicate`, or the word of a refusal.
    #[serde(default)]
    #[schema(example = "insufficient_balance")]
    scenario: Option<String>,
    /// Whether a payment by it uses points.
    #[serde(default)]
    use_points: bool,
}

/// A code for trials.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SandboxCode {
    /// The 24 digits of the barcode.
    #[schema(pattern = "^[0-9]{24}$")]
    code: String,
    /// The text of the QR code (JPQR, consumer-presented).
    jpqr: String,
    /// What it is going to do.
    scenario: &'static str,
    /// From when it is good, RFC 3339, UTC.
    #[schema(format = DateTime)]
    issued_at: String,
    /// The first moment at which it is no longer good.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// Have a code for trials made.
///
/// For sandbox terminals only. It is a code of the terminal's own trial wallet, which holds at least 50,000 yen of no value,
/// and is used like a member's. A fault happens to the first request with it; the next one is dealt with as always.
#[utoipa::path(
    post,
    path = "/v1/sandbox/codes",
    tag = "sandbox",
    operation_id = "issueSandboxCode",
    security(("terminal_token" = []), ("terminal_signature" = [])),
    request_body = SandboxCodeBody,
    responses(
        (status = 201, description = "The code", body = SandboxCode),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn issue(
    State(web): State<Web>,
    AsTerminal(terminal): AsTerminal,
    JsonBody(body): JsonBody<SandboxCodeBody>,
) -> Result<(StatusCode, Json<SandboxCode>), Problem> {
    if terminal.book != Book::Sandbox {
        return Err(Problem::forbidden("Only a sandbox terminal may do this."));
    }
    let scenario = body.scenario.as_deref().map_or(Some(Scenario::Plain), Scenario::parse);
    let scenario = scenario.ok_or_else(|| {
        Problem::invalid(
            "scenario is plain, time_out, unknown, late_success, duplicate or the word of a refusal. Nothing was done.",
        )
    })?;
    let shown = web.app.issue_sandbox_code(&terminal, scenario, body.use_points).await?;
    let code = SandboxCode {
        code: shown.code.digits().to_owned(),
        jpqr: shown.code.jpqr(),
        scenario: scenario.text(),
        issued_at: shown.issued_at.to_string(),
        expires_at: shown.expires_at.to_string(),
    };
    Ok((StatusCode::CREATED, Json(code)))
}
