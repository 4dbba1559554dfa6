//! What every request passes: a trace id, a time limit, a count; under `/v1` also the question of who is asking.

use std::time::{Duration, Instant};

use axum::body::{Body, to_bytes};
use axum::extract::{MatchedPath, Request, State};
use axum::http::header::{AUTHORIZATION, HeaderName};
use axum::http::{HeaderMap, HeaderValue, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use warifu_app::{Caller, SignedRequest};

use crate::authorization::{self, Authorization};
use crate::device_proof;
use crate::front::Front;
use crate::problem::Problem;
use crate::state::Web;

/// The most that a body may hold, in bytes.
pub(crate) const BODY_MAX: usize = 65_536;
/// How long a request may take; a till waits 30 seconds.
const TIME_LIMIT: Duration = Duration::from_secs(25);
/// Names the trace of this request in every reply.
static TRACE_ID: HeaderName = HeaderName::from_static("trace-id");

/// Gives the request a trace id and a time limit, completes problems, counts and logs.
pub(crate) async fn trace(State(front): State<Front>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let trace_id = warifu_app::new_trace_id();
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>().map_or("unmatched", MatchedPath::as_str).to_owned();
    let mut response = tokio::time::timeout(TIME_LIMIT, next.run(request))
        .await
        .unwrap_or_else(|_| Problem::unavailable().into_response());
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let headers = std::mem::take(response.headers_mut());
        response = problem.traced(&trace_id).into_response();
        // The method router's Allow stands on the response that is replaced.
        response
            .headers_mut()
            .extend(headers.into_iter().filter(|(name, _)| name.as_ref().is_some_and(|name| name == "allow")));
    }
    let status = response.status();
    let took = started.elapsed();
    front.metrics.observe(&method, &route, status, took);
    tracing::debug!(%method, route, status = status.as_u16(), micros = took.as_micros(), trace_id, "request");
    if let Ok(value) = HeaderValue::from_str(&trace_id) {
        response.headers_mut().insert(TRACE_ID.clone(), value);
    }
    secure(response.headers_mut());
    response
}

fn secure(headers: &mut HeaderMap) {
    for (name, value) in
        [("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer"), ("cache-control", "no-store")]
    {
        if !headers.contains_key(name) {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
    }
}

/// Lets anybody in, within the limit of all whom nobody knows yet.
pub(crate) async fn admit_anyone(State(front): State<Front>, request: Request, next: Next) -> Response {
    match front.admit_anyone() {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// Finds out who is asking, and refuses whoever cannot prove it.
pub(crate) async fn authenticate(State(web): State<Web>, request: Request, next: Next) -> Response {
    match admit(&web, request).await {
        Ok(request) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

async fn admit(web: &Web, request: Request) -> Result<Request, Problem> {
    // Before anything is read: whoever cannot be served shall cost as little as can be. Questions are answered.
    if request.method() == Method::POST && web.app.is_overloaded() {
        return Err(Problem::overloaded());
    }
    let (mut parts, body) = request.into_parts();
    // Read whole before anything is decided: a signature covers the body, and a slow body holds up nobody else.
    let body = to_bytes(body, BODY_MAX).await.map_err(|_| Problem::payload_too_large())?;
    let mut headers = parts.headers.get_all(AUTHORIZATION).iter();
    let Some(header) = headers.next() else {
        let token = device_proof::session_token(&parts.headers).ok_or_else(|| {
            Problem::unauthorized("Neither the Authorization header nor a session's cookie is there.")
        })?;
        let request = device_proof::request(&parts, &body)?;
        let caller = web.app.caller_of_session(&token, request).await?;
        web.admit(&caller)?;
        parts.extensions.insert::<Caller>(caller);
        return Ok(Request::from_parts(parts, Body::from(body)));
    };
    if headers.next().is_some() {
        return Err(Problem::unauthorized("There is more than one Authorization header."));
    }
    let header = header.to_str().map_err(|_| Problem::unauthorized("The Authorization header is not ASCII."))?;
    let caller = match authorization::parse(header).map_err(Problem::unauthorized)? {
        Authorization::Bearer(token) => web.app.caller_of_token(token).await?,
        Authorization::Signature(signed) => {
            let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
            let request = SignedRequest {
                terminal: signed.terminal,
                unix_seconds: signed.unix_seconds,
                nonce: signed.nonce.to_owned(),
                signature: signed.signature,
                method: parts.method.as_str().to_owned(),
                path: path.to_owned(),
                body_sha256: SignedRequest::digest(&body),
            };
            web.app.caller_of_signature(request).await?
        }
    };
    web.admit(&caller)?;
    parts.extensions.insert::<Caller>(caller);
    Ok(Request::from_parts(parts, Body::from(body)))
}
