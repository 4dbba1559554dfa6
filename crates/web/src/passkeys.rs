//! `/v1/passkeys`, `/v1/recovery-codes`: the ways into a member's wallet.

use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use warifu_app::RegisterPublicKeyCredential;

use crate::body::JsonBody;
use crate::caller::AsMember;
use crate::members::{Ceremony, answer, ceremony};
use crate::problem::Problem;
use crate::state::Web;

/// A passkey of the member.
#[derive(Debug, Serialize, ToSchema)]
struct Passkey {
    #[schema(pattern = "^crd_[0-9a-f]{32}$")]
    id: String,
    /// Where it was made.
    name: String,
    #[schema(format = DateTime)]
    created_at: String,
    #[schema(format = DateTime)]
    used_at: String,
}

/// The passkeys of the member, the oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Passkeys {
    items: Vec<Passkey>,
}

/// A passkey that was made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewPasskey {
    /// The ceremony that it belongs to.
    #[schema(pattern = "^cer_[0-9a-f]{32}$")]
    ceremony: String,
    /// The credential, as WebAuthn gives it in JSON.
    #[schema(value_type = Object)]
    credential: serde_json::Value,
    /// What to call it.
    #[schema(min_length = 1, max_length = 60)]
    name: String,
}

/// Recovery codes. They are shown in this reply and kept nowhere.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RecoveryCodes {
    /// Each is good once.
    recovery_codes: Vec<String>,
}

/// List the passkeys.
#[utoipa::path(
    get, path = "/v1/passkeys", tag = "passkeys", operation_id = "listPasskeys",
    security(("member_session" = [], "member_signature" = [])),
    responses((status = 200, description = "The passkeys", body = Passkeys))
)]
pub(crate) async fn list(State(web): State<Web>, AsMember(phone): AsMember) -> Result<Json<Passkeys>, Problem> {
    let found = web.app.passkeys(phone.member).await?;
    let items = found
        .into_iter()
        .map(|credential| Passkey {
            id: credential.id.to_string(),
            name: credential.name,
            created_at: credential.created_at.to_string(),
            used_at: credential.used_at.to_string(),
        })
        .collect();
    Ok(Json(Passkeys { items }))
}

/// Begin to add a passkey. Needs a session of the last five minutes.
#[utoipa::path(
    post, path = "/v1/passkeys/begin", tag = "passkeys", operation_id = "beginPasskey",
    security(("member_session" = [], "member_signature" = [])),
    responses((status = 200, description = "What to make a passkey by", body = Ceremony))
)]
pub(crate) async fn begin(State(web): State<Web>, AsMember(phone): AsMember) -> Result<Json<Ceremony>, Problem> {
    Ok(Ceremony::of(&web.app.begin_adding_passkey(&phone).await?))
}

/// Add the passkey that was made.
#[utoipa::path(
    post, path = "/v1/passkeys/finish", tag = "passkeys", operation_id = "finishPasskey",
    security(("member_session" = [], "member_signature" = [])),
    request_body = NewPasskey,
    responses(
        (status = 204, description = "It is added"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn finish(
    State(web): State<Web>,
    AsMember(phone): AsMember,
    JsonBody(body): JsonBody<NewPasskey>,
) -> Result<StatusCode, Problem> {
    if !(1..=60).contains(&body.name.chars().count()) || body.name.chars().any(char::is_control) {
        return Err(Problem::invalid("name is 1 to 60 characters. Nothing was done."));
    }
    let credential: RegisterPublicKeyCredential = answer(body.credential)?;
    web.app.finish_adding_passkey(&phone, ceremony(&body.ceremony)?, &credential, &body.name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Remove a passkey. Needs a session of the last five minutes, and another way in.
#[utoipa::path(
    delete, path = "/v1/passkeys/{id}", tag = "passkeys", operation_id = "removePasskey",
    security(("member_session" = [], "member_signature" = [])),
    params(("id" = String, Path, description = "The passkey")),
    responses(
        (status = 204, description = "It is removed"),
        (status = 404, description = "The member has no such passkey", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn remove(
    State(web): State<Web>,
    AsMember(phone): AsMember,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    let id = id.parse().map_err(|_| Problem::not_found("There is no passkey with this id."))?;
    web.app.remove_passkey(&phone, id).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Have recovery codes made. Needs a session of the last five minutes. Earlier ones are worth nothing then.
#[utoipa::path(
    post, path = "/v1/recovery-codes", tag = "passkeys", operation_id = "makeRecoveryCodes",
    security(("member_session" = [], "member_signature" = [])),
    responses((status = 201, description = "The codes", body = RecoveryCodes))
)]
pub(crate) async fn make_recovery_codes(
    State(web): State<Web>,
    AsMember(phone): AsMember,
) -> Result<(StatusCode, Json<RecoveryCodes>), Problem> {
    let codes = web.app.make_recovery_codes(&phone).await?;
    let recovery_codes = codes.iter().map(|code| code.expose_secret().to_owned()).collect();
    Ok((StatusCode::CREATED, Json(RecoveryCodes { recovery_codes })))
}
