//! `/v1/sandbox`: codes for trials of till makers, which make the server do what it rarely does, and what their tills made of it.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use warifu_app::{Scenario, Terminal, Trial};
use warifu_core::ledger::Kind;
use warifu_core::place::Book;

use crate::body::{JsonBody, words};
use crate::caller::AsTerminal;
use crate::codes::{Picture, PictureKind, distinct, draw};
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
    /// The pictures to draw; none if absent.
    #[serde(default, deserialize_with = "words")]
    #[schema(max_items = 4)]
    pictures: Vec<PictureKind>,
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
    /// The pictures that were asked for.
    pictures: Vec<Picture>,
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
    in_sandbox(&terminal)?;
    let scenario = body.scenario.as_deref().map_or(Some(Scenario::Plain), Scenario::parse);
    let scenario = scenario.ok_or_else(|| {
        Problem::invalid(
            "scenario is plain, time_out, unknown, late_success, duplicate or the word of a refusal. Nothing was done.",
        )
    })?;
    let kinds = distinct(body.pictures)?;
    let shown = web.app.issue_sandbox_code(&terminal, scenario, body.use_points).await?;
    let code = SandboxCode {
        code: shown.code.digits().to_owned(),
        jpqr: shown.code.jpqr(),
        scenario: scenario.text(),
        issued_at: shown.issued_at.to_string(),
        expires_at: shown.expires_at.to_string(),
        pictures: draw(&kinds, &shown.code)?,
    };
    Ok((StatusCode::CREATED, Json(code)))
}

/// What every till should have come through: a kind of request, and what the sandbox is to play to it.
const CHECKS: [(Kind, &str); 14] = [
    (Kind::Payment, "plain"),
    (Kind::Payment, "time_out"),
    (Kind::Payment, "unknown"),
    (Kind::Payment, "late_success"),
    (Kind::Payment, "duplicate"),
    (Kind::Payment, "insufficient_balance"),
    (Kind::Payment, "code_expired"),
    (Kind::Payment, "limit_exceeded"),
    (Kind::Cancel, "plain"),
    (Kind::Refund, "plain"),
    (Kind::TopUp, "plain"),
    (Kind::TopUp, "unknown"),
    (Kind::TopUp, "duplicate"),
    (Kind::TopUpCancel, "plain"),
];

/// How a till stands with something that it should come through.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
enum CheckState {
    /// Not tried yet.
    Open,
    /// Played, and the till does not know the outcome for certain yet.
    Waiting,
    /// The till came to know the outcome.
    Passed,
    /// The till did what can take money twice.
    Failed,
}

/// Something that a till should come through, and how it stands with it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Check {
    /// `payment`, `cancel`, `refund`, `top_up` or `top_up_cancel`.
    #[schema(example = "payment")]
    kind: &'static str,
    /// What the sandbox plays, as for a code.
    #[schema(example = "time_out")]
    scenario: &'static str,
    /// How the till stands with it, by its latest try.
    state: CheckState,
    /// The till's own id for that try.
    request_id: Option<String>,
    /// How it came to know the outcome: `reply`, `inquiry` or `cancel`.
    settled_by: Option<String>,
    /// `began_anew`: it used the code under another `request_id` before it knew what became of the first.
    flaw: Option<String>,
}

/// How a till stands with all of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Trials {
    /// Whether it has passed everything.
    passed: bool,
    /// One by one.
    checks: Vec<Check>,
}

/// Ask what this terminal made of the faults that the sandbox played to it.
#[utoipa::path(
    get, path = "/v1/sandbox/trials", tag = "sandbox", operation_id = "listTrials",
    security(("terminal_token" = []), ("terminal_signature" = [])),
    responses((status = 200, description = "The list", body = Trials))
)]
pub(crate) async fn trials(State(web): State<Web>, AsTerminal(terminal): AsTerminal) -> Result<Json<Trials>, Problem> {
    in_sandbox(&terminal)?;
    let trials = web.app.trials(&terminal).await?;
    let checks: Vec<Check> = CHECKS.iter().map(|(kind, scenario)| check(&trials, *kind, scenario)).collect();
    Ok(Json(Trials { passed: checks.iter().all(|check| check.state == CheckState::Passed), checks }))
}

fn check(trials: &[Trial], kind: Kind, scenario: &'static str) -> Check {
    // The newest comes first.
    let latest = trials.iter().find(|trial| trial.kind == kind && trial.scenario == scenario);
    let state = match latest {
        None => CheckState::Open,
        Some(Trial { flaw: Some(_), .. }) => CheckState::Failed,
        Some(Trial { settled: None, .. }) => CheckState::Waiting,
        Some(_) => CheckState::Passed,
    };
    Check {
        kind: kind.text(),
        scenario,
        state,
        request_id: latest.map(|trial| trial.request_id.to_string()),
        settled_by: latest.and_then(|trial| trial.settled.as_ref()).map(|(by, _)| by.clone()),
        flaw: latest.and_then(|trial| trial.flaw.clone()),
    }
}

/// Begin the list anew.
#[utoipa::path(
    delete, path = "/v1/sandbox/trials", tag = "sandbox", operation_id = "forgetTrials",
    security(("terminal_token" = []), ("terminal_signature" = [])),
    responses((status = 204, description = "Nothing was tried any more"))
)]
pub(crate) async fn forget_trials(
    State(web): State<Web>,
    AsTerminal(terminal): AsTerminal,
) -> Result<StatusCode, Problem> {
    in_sandbox(&terminal)?;
    web.app.forget_trials(&terminal).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn in_sandbox(terminal: &Terminal) -> Result<(), Problem> {
    if terminal.book == Book::Sandbox {
        Ok(())
    } else {
        Err(Problem::forbidden("Only a sandbox terminal may do this."))
    }
}
