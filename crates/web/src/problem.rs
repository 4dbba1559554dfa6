//! Errors as RFC 9457 problem documents. One page maps every code to its status and to what the caller should do:
//! `docs/interface.md`.

use axum::http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};
use warifu_app::{AccessDenied, Fault, ReviewFault, StoreError};
use warifu_core::refusal::Refusal;

/// A reply that says what is wrong. Boxed, for it stands in every handler's result beside replies that are smaller.
#[derive(Clone, Debug)]
pub(crate) struct Problem(Box<Document>);

/// A problem document (RFC 9457).
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Document {
    /// A name for the kind of problem: `urn:warifu:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:warifu:problem:insufficient_balance")]
    kind: String,
    /// The kind of problem in a few words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What happened, what it means for the money, and what to do.
    detail: String,
    /// The stable word for programs.
    #[schema(example = "insufficient_balance")]
    code: &'static str,
    /// The caller's own id for the request, if it had one.
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    /// The id of the refused payment or top-up, if one was recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// What to quote when asking the operator.
    trace_id: String,
    /// The detail in English and Japanese, for refusals.
    #[serde(skip_serializing_if = "Option::is_none")]
    messages: Option<Messages>,
    /// What stands there now, for a change that somebody else was faster with.
    #[serde(skip_serializing_if = "Option::is_none")]
    current: Option<Current>,
    /// The number that is next, for a version that is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<u32>,
    #[serde(skip)]
    retry_after: Option<u64>,
}

/// An item of a review as it stands.
#[derive(Clone, Debug, Serialize, ToSchema)]
struct Current {
    /// Its version.
    version: u32,
    /// What it says; `null` if it was removed, or never was.
    #[schema(value_type = Option<Object>)]
    body: Option<Box<RawValue>>,
}

/// A sentence for people in both languages.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Messages {
    /// English.
    en: &'static str,
    /// Japanese.
    ja: &'static str,
}

impl Problem {
    fn new(status: StatusCode, code: &'static str, title: &'static str, detail: impl Into<String>) -> Self {
        Self(Box::new(Document {
            kind: format!("urn:warifu:problem:{code}"),
            title,
            status: status.as_u16(),
            detail: detail.into(),
            code,
            request_id: None,
            id: None,
            trace_id: String::new(),
            messages: None,
            current: None,
            next: None,
            retry_after: None,
        }))
    }

    fn retry_after(mut self, seconds: u64) -> Self {
        self.0.retry_after = Some(seconds);
        self
    }

    pub(crate) fn invalid(detail: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", "The request is not valid", detail)
    }

    pub(crate) fn unauthorized(detail: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized", "Who is asking is not known", detail)
    }

    pub(crate) fn forbidden(detail: &str) -> Self {
        Self::new(StatusCode::FORBIDDEN, "forbidden", "This caller may not do this", detail)
    }

    pub(crate) fn not_found(detail: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "Not found", detail)
    }

    pub(crate) fn method_not_allowed() -> Self {
        let detail = "This path does not take this method; the header Allow lists those it takes.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "Method not allowed", detail)
    }

    pub(crate) fn payload_too_large() -> Self {
        let detail = "A request body is at most 65,536 bytes, where no more is documented. Nothing was done.";
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large", "The body is too large", detail)
    }

    pub(crate) fn unsupported_media_type() -> Self {
        let detail = "Send the body as JSON, with Content-Type: application/json. Nothing was done.";
        Self::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", "The body is not JSON", detail)
    }

    pub(crate) fn rate_limited(retry_after_seconds: u64) -> Self {
        let detail = "Too many requests from this caller. Nothing was done by this attempt. Retry after the seconds in Retry-After.";
        Self::new(StatusCode::TOO_MANY_REQUESTS, "rate_limited", "Too many requests", detail)
            .retry_after(retry_after_seconds)
    }

    pub(crate) fn overloaded() -> Self {
        let detail =
            "Too much is waiting. Certainly nothing was done by this attempt. Retry after the seconds in Retry-After.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", "Overloaded", detail).retry_after(1)
    }

    pub(crate) fn unavailable() -> Self {
        let detail = "The service cannot answer now. Whether anything was done is unknown: inquire by request_id.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "The service cannot answer now", detail)
            .retry_after(3)
    }

    pub(crate) fn internal() -> Self {
        let detail = "The service failed. Whether anything was done is unknown: inquire by request_id.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "The service failed", detail)
    }

    /// The reply to a command that the ledger refused. Made of what was recorded and of nothing else, so that a replay is
    /// the very same.
    pub(crate) fn refused(refusal: Refusal, id: String, request_id: &str, trace_id: String) -> Self {
        let messages = Messages { en: refusal.english(), ja: refusal.japanese() };
        let mut problem = Self::new(StatusCode::UNPROCESSABLE_ENTITY, refusal.word(), "Refused", messages.en);
        problem.0.request_id = Some(request_id.to_owned());
        problem.0.id = Some(id);
        problem.0.trace_id = trace_id;
        problem.0.messages = Some(messages);
        problem
    }

    /// Names the caller's own id in the problem.
    pub(crate) fn for_request(mut self, request_id: &str) -> Self {
        self.0.request_id = Some(request_id.to_owned());
        self
    }

    /// Gives the problem the trace id of the present request, unless it has the one of the request that was recorded.
    pub(crate) fn traced(mut self, trace_id: &str) -> Self {
        if self.0.trace_id.is_empty() {
            trace_id.clone_into(&mut self.0.trace_id);
        }
        self
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Overloaded | Fault::TimedOut | Fault::ShuttingDown => Self::overloaded(),
            Fault::RequestIdConflict => Self::new(
                StatusCode::CONFLICT,
                "request_id_conflict",
                "The request_id was used for another request",
                "This request_id stands for another request. Nothing was done by this one. Use a new request_id.",
            ),
            Fault::NotFound(what) => Self::not_found(&format!("There is no {what}.")),
            Fault::Invalid(detail) => Self::invalid(detail),
            Fault::StepUp => Self::new(
                StatusCode::FORBIDDEN,
                "step_up_required",
                "A fresh proof is needed",
                "Sign in once more with the passkey, then ask again within five minutes. Nothing was done.",
            ),
            Fault::NotThisDevice => Self::new(
                StatusCode::CONFLICT,
                "not_this_device",
                "The wallet pays from another device",
                "The wallet pays from another device. Move it here first. Nothing was done.",
            ),
            Fault::Cooling => Self::new(
                StatusCode::CONFLICT,
                "cooling",
                "The wallet was moved lately",
                "The wallet was moved to another device lately, and moves no further until it has cooled. Nothing was done.",
            ),
            Fault::BillClosed => Self::new(
                StatusCode::CONFLICT,
                "bill_closed",
                "This bill cannot be paid any more",
                "The bill was paid, cancelled or refused, or has expired. Nothing was done. Ask for the bill to see which.",
            ),
            Fault::NumberUnknown => Self::new(
                StatusCode::CONFLICT,
                "number_unknown",
                "Nobody was given this number",
                "No phone shows this number for this bill. Nothing was done. Ask the customer to look again.",
            ),
            Fault::TooManyBills => {
                let mut problem = Self::rate_limited(60);
                problem.0.detail =
                    "Too many bills of yours are open. Nothing was done. Pay one, or retry in a minute.".to_owned();
                problem
            }
            Fault::Link => Self::new(
                StatusCode::UNAUTHORIZED,
                "link_refused",
                "The link is of no use any more",
                "This link was used, was ended, or is too old. Ask whoever gave it to you for a new one.",
            ),
            Fault::Passkey(detail) => {
                Self::new(StatusCode::UNAUTHORIZED, "passkey_refused", "The passkey is not believed", detail)
            }
            Fault::Store(
                StoreError::Unavailable(_) | StoreError::Unknown(_) | StoreError::Conflict(_) | StoreError::Stopped(_),
            ) => {
                tracing::warn!(error = %fault, "the store did not answer");
                Self::unavailable()
            }
            Fault::Store(_) | Fault::Random(_) => {
                tracing::error!(error = %fault, "a request failed");
                Self::internal()
            }
        }
    }
}

impl From<ReviewFault> for Problem {
    fn from(fault: ReviewFault) -> Self {
        match fault {
            ReviewFault::Fault(Fault::Store(
                StoreError::Unavailable(_) | StoreError::Unknown(_) | StoreError::Conflict(_) | StoreError::Stopped(_),
            )) => {
                let detail = "The service cannot answer now. Whether anything was written is unknown: read the review again, then send \
                    the same once more.";
                let mut problem: Self = Self::unavailable();
                problem.0.detail = detail.to_owned();
                problem
            }
            ReviewFault::Fault(fault) => fault.into(),
            ReviewFault::Stranger => Self::unauthorized("This key has no seat in a review."),
            ReviewFault::Role => Self::forbidden("This seat does not allow it."),
            ReviewFault::Complete => Self::new(
                StatusCode::CONFLICT,
                "review_complete",
                "The review is complete",
                "The review is complete. Nothing was written. A facilitator can open it again.",
            ),
            ReviewFault::Changed { version, body } => {
                let mut problem = Self::new(
                    StatusCode::CONFLICT,
                    "changed_meanwhile",
                    "It was changed meanwhile",
                    "Somebody changed this since it was read. Nothing was written. What stands there now is in `current`.",
                );
                let body = body.and_then(|json| RawValue::from_string(json).ok());
                problem.0.current = Some(Current { version, body });
                problem
            }
            ReviewFault::NotCollected => Self::new(
                StatusCode::CONFLICT,
                "not_collected",
                "There are marks that were not collected",
                "There are marks that were not collected, and completing the review would lose them. Nothing was written. Collect first.",
            ),
            ReviewFault::ChartVersion(next) => {
                let detail = format!(
                    "A version of a chart never changes. The next one of this chart is {next}. Nothing was kept."
                );
                let mut problem = Self::new(StatusCode::CONFLICT, "chart_version", "Another version is next", detail);
                problem.0.next = Some(next);
                problem
            }
            ReviewFault::TooLarge => {
                let mut problem = Self::payload_too_large();
                problem.0.detail = "A file has at most 5 MiB, the files of a review 50 MiB together, and a review 5,000 items. Nothing was kept.".to_owned();
                problem
            }
            ReviewFault::FileType => {
                let mut problem = Self::unsupported_media_type();
                problem.0.detail =
                    "A review takes PNG, JPEG and PDF files, and plain or CSV text in UTF-8. Nothing was kept."
                        .to_owned();
                problem
            }
        }
    }
}

impl From<AccessDenied> for Problem {
    fn from(denied: AccessDenied) -> Self {
        match denied {
            AccessDenied::Fault(fault) => fault.into(),
            AccessDenied::UnknownToken => Self::unauthorized("This token is not known."),
            AccessDenied::WrongSignature => {
                Self::unauthorized("The signature does not fit this request, or the terminal or device is not known.")
            }
            AccessDenied::NotTimely => Self::unauthorized(
                "The request's time is more than two minutes from ours. Set the clock of the terminal or phone.",
            ),
            // Not `unauthorized`: whoever sends it is known, and the first of the two may have been done.
            AccessDenied::Replayed => Self::new(
                StatusCode::UNAUTHORIZED,
                "nonce_used",
                "This request was received before",
                "This nonce was used before. What became of the first is told by an inquiry; or sign again with a new one.",
            ),
        }
    }
}

impl IntoResponse for Problem {
    /// Carries the document along, so that the middleware can complete it with the trace id.
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.0.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        // Never the fallback: nothing in it can fail to serialise.
        let body = serde_json::to_vec(&*self.0).unwrap_or_default();
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.0.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if status == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer, Warifu-HMAC-SHA256, Warifu-ECDSA-P256"));
        }
        if self.0.trace_id.is_empty() {
            response.extensions_mut().insert(self);
        }
        response
    }
}

impl PartialSchema for Problem {
    fn schema() -> RefOr<Schema> {
        Document::schema()
    }
}

impl ToSchema for Problem {
    fn schemas(schemas: &mut Vec<(String, RefOr<Schema>)>) {
        Document::schemas(schemas);
    }
}
