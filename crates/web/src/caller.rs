//! Who is asking, as a handler gets it: a terminal, a member, either of them, or a partner.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use warifu_app::{Caller, Partner, Phone, Terminal};

use crate::problem::Problem;

/// A terminal asks; anybody else is told 403.
pub(crate) struct AsTerminal(pub(crate) Terminal);

/// A member asks; anybody else is told 403.
pub(crate) struct AsMember(pub(crate) Phone);

/// A partner asks; anybody else is told 403.
pub(crate) struct AsPartner(pub(crate) Partner);

/// A terminal or a member asks; anybody else is told 403.
pub(crate) struct AsCaller(pub(crate) Caller);

fn caller(parts: &Parts) -> Result<Caller, Problem> {
    // Put there by the middleware, without which no route under /v1 is served.
    parts.extensions.get::<Caller>().cloned().ok_or_else(|| Problem::unauthorized("This request names no caller."))
}

impl<S: Sync> FromRequestParts<S> for AsTerminal {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match caller(parts)? {
            Caller::Terminal(terminal) => Ok(Self(terminal)),
            Caller::Member(_) | Caller::Partner(_) => Err(Problem::forbidden("Only a terminal may do this.")),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for AsMember {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match caller(parts)? {
            Caller::Member(phone) => Ok(Self(phone)),
            Caller::Terminal(_) | Caller::Partner(_) => Err(Problem::forbidden("Only a member may do this.")),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for AsCaller {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match caller(parts)? {
            Caller::Partner(_) => Err(Problem::forbidden("Only a terminal or a member may do this.")),
            caller => Ok(Self(caller)),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for AsPartner {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        match caller(parts)? {
            Caller::Partner(partner) => Ok(Self(partner)),
            Caller::Terminal(_) | Caller::Member(_) => Err(Problem::forbidden("Only a partner may do this.")),
        }
    }
}
