//! What goes over the wire: a request as somebody, and the reply or its absence.

use std::time::Duration;

use serde_json::Value;

use crate::credential::Credential;

/// Longer than the server takes for a request that it gives up.
const PATIENCE: Duration = Duration::from_secs(30);

/// A client of one server.
#[derive(Clone, Debug)]
pub(super) struct Speaker {
    http: reqwest::Client,
    base: String,
}

/// What the server said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: String,
    pub(super) is_replay: bool,
    pub(super) says_when: bool,
}

impl Speaker {
    pub(super) fn to(base: &str) -> Result<Self, reqwest::Error> {
        let http = reqwest::Client::builder().timeout(PATIENCE).no_proxy().build()?;
        Ok(Self { http, base: base.to_owned() })
    }

    pub(super) async fn post(&self, token: &str, path: &str, body: &str) -> Result<Reply, reqwest::Error> {
        let request = self.http.post(format!("{}{path}", self.base)).header("content-type", "application/json");
        read(signed(request.body(body.to_owned()), Credential::parse(token).headers("POST", path, body))).await
    }

    pub(super) async fn get(&self, token: &str, path: &str) -> Result<Reply, reqwest::Error> {
        let request = self.http.get(format!("{}{path}", self.base));
        read(signed(request, Credential::parse(token).headers("GET", path, ""))).await
    }
}

fn signed(request: reqwest::RequestBuilder, headers: Vec<(&'static str, String)>) -> reqwest::RequestBuilder {
    headers.into_iter().fold(request, |request, (name, value)| request.header(name, value))
}

async fn read(request: reqwest::RequestBuilder) -> Result<Reply, reqwest::Error> {
    let response = request.send().await?;
    let headers = response.headers();
    let is_replay = headers.get("idempotent-replay").is_some_and(|value| value == "true");
    let says_when = headers.contains_key("retry-after");
    let status = response.status().as_u16();
    // A reply that breaks off is none.
    let body = String::from_utf8_lossy(&response.bytes().await?).into_owned();
    Ok(Reply { status, body, is_replay, says_when })
}

impl Reply {
    /// Whether it settles a command: done, or refused for good.
    pub(super) const fn is_final(&self) -> bool {
        matches!(self.status, 201 | 422)
    }

    /// Whether it leaves open what became of a command.
    pub(super) const fn is_unknown(&self) -> bool {
        matches!(self.status, 500 | 502 | 503 | 504)
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or(Value::Null)
    }
}
