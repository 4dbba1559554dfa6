//! Signing up and in, out, and what a member is told of its own wallet's standing.

use axum::Json;
use axum::extract::State;
use axum::http::header::SET_COOKIE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use warifu_app::{Begun, NewSession, PublicKeyCredential, RegisterPublicKeyCredential, SESSION_LIFE};

use crate::caller::AsMember;
use crate::device_proof::{COOKIE, DeviceBody, FromDevice, NamesDevice};
use crate::problem::Problem;
use crate::state::Web;

/// A ceremony that was begun.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ceremony {
    /// To be sent back with the answer, once, within five minutes.
    #[schema(pattern = "^cer_[0-9a-f]{32}$")]
    ceremony: String,
    /// The options for the browser's `navigator.credentials`, as WebAuthn defines them in JSON.
    #[schema(value_type = Object)]
    options: serde_json::Value,
}

impl Ceremony {
    pub(crate) fn of<T: Serialize>(begun: &Begun<T>) -> Json<Self> {
        // Never the fallback: it was made to be serialised.
        let options = serde_json::to_value(&begun.options).unwrap_or_default();
        Json(Self { ceremony: begun.ceremony.to_string(), options })
    }
}

/// The ceremony that an answer belongs to.
pub(crate) fn ceremony(text: &str) -> Result<warifu_core::id::CeremonyId, Problem> {
    text.parse().map_err(|_| Problem::invalid("ceremony is not one. Nothing was done."))
}

/// What the browser made of it, as the library reads it.
pub(crate) fn answer<T: serde::de::DeserializeOwned>(credential: serde_json::Value) -> Result<T, Problem> {
    serde_json::from_value(credential)
        .map_err(|_| Problem::invalid("credential is not what WebAuthn gives. Nothing was done."))
}

/// An answer of an authenticator.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Answer {
    /// The ceremony that it belongs to.
    #[schema(pattern = "^cer_[0-9a-f]{32}$")]
    ceremony: String,
    /// The credential, as WebAuthn gives it in JSON.
    #[schema(value_type = Object)]
    credential: serde_json::Value,
    /// The device that the session is to be bound to.
    device: Option<DeviceBody>,
}

/// A recovery code, and the device that the session is to be bound to.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Recovery {
    /// The code.
    #[schema(max_length = 100)]
    recovery_code: String,
    /// The device.
    device: Option<DeviceBody>,
}

impl NamesDevice for Answer {
    fn device(&mut self) -> DeviceBody {
        self.device.take().unwrap_or_default()
    }
}

impl NamesDevice for Recovery {
    fn device(&mut self) -> DeviceBody {
        self.device.take().unwrap_or_default()
    }
}

/// Who signed in. The session is in the cookie.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SignedIn {
    #[schema(pattern = "^mbr_[0-9a-f]{32}$")]
    member_id: String,
}

fn signed_in(status: StatusCode, session: &NewSession) -> Response {
    let life = SESSION_LIFE.as_secs();
    let cookie = format!(
        "{COOKIE}={}; Path=/; Max-Age={life}; Secure; HttpOnly; SameSite=Strict",
        session.token.expose_secret()
    );
    let mut response = (status, Json(SignedIn { member_id: session.member.to_string() })).into_response();
    if let Ok(mut cookie) = HeaderValue::from_str(&cookie) {
        cookie.set_sensitive(true);
        response.headers_mut().insert(SET_COOKIE, cookie);
    }
    response
}

/// Begin to sign up.
#[utoipa::path(
    post, path = "/v1/sign-up/begin", tag = "members", operation_id = "beginSignUp", security(()),
    responses((status = 200, description = "What to make a passkey by", body = Ceremony))
)]
pub(crate) async fn begin_sign_up(State(web): State<Web>) -> Result<Json<Ceremony>, Problem> {
    Ok(Ceremony::of(&web.app.begin_sign_up().await?))
}

/// Sign up with the passkey that was made.
///
/// Makes a member with an empty wallet, which pays from this device. Signed with the device's key.
#[utoipa::path(
    post, path = "/v1/sign-up/finish", tag = "members", operation_id = "finishSignUp", security(()),
    request_body = Answer,
    responses(
        (status = 201, description = "Signed up and in; the session is in the cookie", body = SignedIn),
        (status = 401, description = "`passkey_refused`", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn finish_sign_up(
    State(web): State<Web>,
    FromDevice(body, device): FromDevice<Answer>,
) -> Result<Response, Problem> {
    let credential: RegisterPublicKeyCredential = answer(body.credential)?;
    let session = web.app.finish_sign_up(ceremony(&body.ceremony)?, &credential, device).await?;
    Ok(signed_in(StatusCode::CREATED, &session))
}

/// Begin to sign in.
#[utoipa::path(
    post, path = "/v1/sign-in/begin", tag = "members", operation_id = "beginSignIn", security(()),
    responses((status = 200, description = "What to ask for a passkey by", body = Ceremony))
)]
pub(crate) async fn begin_sign_in(State(web): State<Web>) -> Result<Json<Ceremony>, Problem> {
    Ok(Ceremony::of(&web.app.begin_sign_in().await?))
}

/// Sign in with a passkey's proof.
///
/// Earlier sessions on this device end. Signed with the device's key.
#[utoipa::path(
    post, path = "/v1/sign-in/finish", tag = "members", operation_id = "finishSignIn", security(()),
    request_body = Answer,
    responses(
        (status = 200, description = "Signed in; the session is in the cookie", body = SignedIn),
        (status = 401, description = "`passkey_refused`", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn finish_sign_in(
    State(web): State<Web>,
    FromDevice(body, device): FromDevice<Answer>,
) -> Result<Response, Problem> {
    let credential: PublicKeyCredential = answer(body.credential)?;
    let session = web.app.finish_sign_in(ceremony(&body.ceremony)?, &credential, device).await?;
    Ok(signed_in(StatusCode::OK, &session))
}

/// Sign in with a recovery code.
///
/// The code is used up. Signed with the device's key.
#[utoipa::path(
    post, path = "/v1/recovery", tag = "members", operation_id = "recover", security(()),
    request_body = Recovery,
    responses(
        (status = 200, description = "Signed in; the session is in the cookie", body = SignedIn),
        (status = 401, description = "`passkey_refused`", body = Problem, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = Problem, content_type = "application/problem+json"),
        (status = 415, description = "The body is not JSON", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn recover(
    State(web): State<Web>,
    FromDevice(body, device): FromDevice<Recovery>,
) -> Result<Response, Problem> {
    let session = web.app.recover(&body.recovery_code, device).await?;
    Ok(signed_in(StatusCode::OK, &session))
}

/// Sign out on this device.
#[utoipa::path(
    post, path = "/v1/sign-out", tag = "members", operation_id = "signOut",
    security(("member_session" = [], "member_signature" = [])),
    responses((status = 204, description = "The session has ended"))
)]
pub(crate) async fn sign_out(State(web): State<Web>, AsMember(phone): AsMember) -> Result<Response, Problem> {
    web.app.end_session(phone.member, phone.session).await?;
    let gone = format!("{COOKIE}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Strict");
    Ok((StatusCode::NO_CONTENT, [(SET_COOKIE, gone)]).into_response())
}

/// A device, as its member sees it.
#[derive(Debug, Serialize, ToSchema)]
struct ShownDevice {
    /// What the member knows it by.
    name: String,
    /// Since when the wallet pays from it.
    #[schema(format = DateTime)]
    since: Option<String>,
}

impl From<&warifu_app::Device> for ShownDevice {
    fn from(device: &warifu_app::Device) -> Self {
        Self { name: device.name.clone(), since: device.admitted_at.map(|at| at.to_string()) }
    }
}

/// How a member stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Me {
    #[schema(pattern = "^mbr_[0-9a-f]{32}$")]
    member_id: String,
    /// The device that asks.
    device: ShownDevice,
    /// Whether the wallet pays from the device that asks.
    pays_here: bool,
    /// The device that it pays from.
    pays_from: Option<ShownDevice>,
    /// Until when it spends little and moves no further, since it was moved to another device.
    #[schema(format = DateTime)]
    cooling_until: Option<String>,
    /// What it may spend over a day until then, in yen; `null` for no other limit than ever.
    cooling_limit: Option<i64>,
    /// Whether the wallet was taken over from the device that asks, which can say that it was the member's will, or not.
    was_taken: bool,
    /// How many passkeys there are.
    passkeys: usize,
    /// How many recovery codes are left.
    recovery_codes: i64,
}

/// How the member stands who asks.
#[utoipa::path(
    get, path = "/v1/me", tag = "members", operation_id = "getMe",
    security(("member_session" = [], "member_signature" = [])),
    responses((status = 200, description = "The member", body = Me))
)]
pub(crate) async fn me(State(web): State<Web>, AsMember(phone): AsMember) -> Result<Json<Me>, Problem> {
    let paying = web.app.paying(&phone).await?;
    Ok(Json(Me {
        member_id: phone.member.to_string(),
        device: (&paying.device).into(),
        pays_here: paying.pays,
        pays_from: paying.payer.as_ref().map(ShownDevice::from),
        cooling_until: paying.cooling_until.map(|until| until.to_string()),
        cooling_limit: paying.cooling_limit.map(warifu_core::money::Amount::get),
        was_taken: paying.was_taken,
        passkeys: web.app.passkeys(phone.member).await?.len(),
        recovery_codes: web.app.recovery_codes_left(phone.member).await?,
    }))
}
