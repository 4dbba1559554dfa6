//! A look at each kind of route, to see what a server in trouble still answers.

use std::collections::BTreeMap;
use std::io;

use serde_json::{Value, json};

use super::Actors;
use super::speaker::Speaker;

/// What each route answered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Probe {
    /// The status of what only reads: liveness, readiness, balance, history, an inquiry for what is not there.
    pub reads: BTreeMap<&'static str, u16>,
    /// The status and the word of what writes, and whether it says when to come back.
    pub writes: BTreeMap<&'static str, (u16, String, bool)>,
}

/// Asks once for everything. `request` is a `request_id` that nobody used; a cancel will hold it if the server writes.
///
/// # Errors
/// If the server does not answer at all.
pub async fn probe(base: &str, actors: &Actors, request: &str) -> io::Result<Probe> {
    let speaker = Speaker::to(base).map_err(io::Error::other)?;
    let (till, member) = (actors.till_of(0), actors.member(0));
    let mut probe = Probe::default();
    let inquiry = format!("/v1/payments/by-request/{request}-none");
    let reads = [
        ("livez", "", "/livez"),
        ("readyz", "", "/readyz"),
        ("balance", member, "/v1/balances"),
        ("history", member, "/v1/history"),
        ("inquiry", till, inquiry.as_str()),
    ];
    for (name, token, path) in reads {
        let reply = speaker.get(token, path).await.map_err(io::Error::other)?;
        probe.reads.insert(name, reply.status);
    }
    let cancel = format!("/v1/payments/by-request/{request}-none/cancel");
    let body = json!({ "request_id": request }).to_string();
    let writes = [("code", member, "/v1/codes", "{}".to_owned()), ("cancel", till, cancel.as_str(), body)];
    for (name, token, path, body) in writes {
        let reply = speaker.post(token, path, &body).await.map_err(io::Error::other)?;
        let word = reply.json().get("code").and_then(Value::as_str).unwrap_or_default().to_owned();
        // A payment code is no word.
        let word = if reply.status == 201 { String::new() } else { word };
        probe.writes.insert(name, (reply.status, word, reply.says_when));
    }
    Ok(probe)
}
