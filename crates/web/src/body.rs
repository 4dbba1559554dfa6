//! JSON bodies and queries, refused with a problem document that says where they are wrong.

use std::fmt;
use std::marker::PhantomData;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Query, Request};
use axum::http::header::CONTENT_TYPE;
use axum::http::request::Parts;
use serde::de::value::MapAccessDeserializer;
use serde::de::{DeserializeOwned, IntoDeserializer as _, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

use crate::problem::Problem;

/// A JSON body of type `T`. Unknown fields are an error of `T`'s.
pub(crate) struct JsonBody<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Problem> {
        let media_type = request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        let essence = media_type.split(';').next().unwrap_or("").trim();
        if !essence.eq_ignore_ascii_case("application/json") {
            return Err(Problem::unsupported_media_type());
        }
        let bytes = Bytes::from_request(request, state).await.map_err(|_| Problem::payload_too_large())?;
        // The derive would take a list of the fields' values too, which nobody documented.
        if bytes.trim_ascii_start().starts_with(b"[") {
            return Err(Problem::invalid("The body is a list: send an object. Nothing was done."));
        }
        serde_json::from_slice(&bytes).map(Self).map_err(|error| Problem::invalid(describe(&error)))
    }
}

/// What is wrong with a body, without repeating anything of it: a code may be among it.
pub(crate) fn describe(error: &serde_json::Error) -> String {
    let place = format!("line {} column {}", error.line(), error.column());
    if !error.is_data() {
        return format!("The body is not JSON: see {place}. Nothing was done.");
    }
    let text = error.to_string();
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(told, _)| told);
    // Of values and of unknown names only what was expected instead is told; other messages name fields of ours.
    let told = match text.rsplit_once(", expected ") {
        Some((found, expected)) if found.starts_with("unknown field") => format!("unknown field, expected {expected}"),
        Some((_, expected)) => format!("expected {expected}"),
        None if text.starts_with("invalid") || text.starts_with("unknown") => "unexpected value".to_owned(),
        None => text.to_owned(),
    };
    format!("The body does not fit: {told} ({place}). Nothing was done.")
}

/// Reads one of a list of words. The derive alone would take `{"word": null}` for it too.
pub(crate) fn word<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<T, D::Error> {
    T::deserialize(String::deserialize(deserializer)?.into_deserializer())
}

/// Reads a list of such words.
pub(crate) fn words<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let words = Vec::<String>::deserialize(deserializer)?;
    words.into_iter().map(|word| T::deserialize(word.into_deserializer())).collect()
}

/// Reads a list of objects. The derive alone would take a list of an object's values for it too.
pub(crate) fn objects<'de, D: Deserializer<'de>, T: DeserializeOwned>(deserializer: D) -> Result<Vec<T>, D::Error> {
    let objects = Vec::<Object<T>>::deserialize(deserializer)?;
    Ok(objects.into_iter().map(|Object(value)| value).collect())
}

struct Object<T>(T);

impl<'de, T: DeserializeOwned> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(ObjectVisitor(PhantomData)).map(Self)
    }
}

struct ObjectVisitor<T>(PhantomData<T>);

impl<'de, T: DeserializeOwned> Visitor<'de> for ObjectVisitor<T> {
    type Value = T;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<T, A::Error> {
        T::deserialize(MapAccessDeserializer::new(map))
    }
}

/// A query of type `T`. Unknown parameters are an error of `T`'s.
pub(crate) struct CheckedQuery<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for CheckedQuery<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        Query::from_request_parts(parts, state)
            .await
            .map(|Query(query)| Self(query))
            .map_err(|rejection| Problem::invalid(rejection.body_text()))
    }
}

/// How many items a page has: what was asked for, or 50.
///
/// # Errors
/// [`Problem`] if it is not 1 to 200.
pub(crate) fn page_limit(asked: Option<u16>) -> Result<u16, Problem> {
    let limit = asked.unwrap_or(50);
    if (1..=200).contains(&limit) { Ok(limit) } else { Err(Problem::invalid("limit is 1 to 200.")) }
}
