//! The people of a test: a cashier, a member, a partner's program, somebody unknown. They speak HTTP and nothing else, so what they find is what
//! any till and any phone would find.
//!
//! An act that a test is about returns the [`Reply`]; an act on the way to it (`show_code`, `balance`) panics unless it
//! succeeds.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures::future::BoxFuture;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};
use warifu_app::{Clock, sign};

/// Longer than a till waits.
const PATIENCE: Duration = Duration::from_secs(40);

/// Somebody without a credential.
#[derive(Clone, Debug)]
pub struct Anonymous {
    caller: Caller,
}

/// Somebody at a till, by the till's bearer token or by its signature.
#[derive(Clone, Debug)]
pub struct Cashier {
    caller: Caller,
    requests: Arc<AtomicU64>,
}

/// A member with a phone.
#[derive(Clone, Debug)]
pub struct Member {
    caller: Caller,
}

/// A program of a merchant or of the issuer.
#[derive(Clone, Debug)]
pub struct Partner {
    caller: Caller,
}

impl Anonymous {
    /// Somebody who knows the server's address.
    #[must_use]
    pub fn at(origin: &str) -> Self {
        Self { caller: Caller::new(origin, Credential::None) }
    }

    /// A request to be sent.
    pub fn request(&self, method: &str, path: &str) -> Request {
        self.caller.request(method, path)
    }

    /// Asks for `path`.
    pub async fn get(&self, path: &str) -> Reply {
        self.request("GET", path).send().await
    }
}

impl Cashier {
    /// A cashier whose till sends its bearer token.
    #[must_use]
    pub fn by_token(origin: &str, token: &str) -> Self {
        Self::with(origin, Credential::Token(token.to_owned()))
    }

    /// A cashier whose till signs its requests, at the time of `clock`.
    #[must_use]
    pub fn by_signature(origin: &str, terminal: &str, secret: &str, clock: Arc<dyn Clock>) -> Self {
        let (terminal, secret) = (terminal.to_owned(), secret.to_owned());
        Self::with(origin, Credential::Signature { terminal, secret, clock })
    }

    fn with(origin: &str, credential: Credential) -> Self {
        Self { caller: Caller::new(origin, credential), requests: Arc::default() }
    }

    /// A request to be sent.
    pub fn request(&self, method: &str, path: &str) -> Request {
        self.caller.request(method, path)
    }

    /// Asks for `path`.
    pub async fn get(&self, path: &str) -> Reply {
        self.request("GET", path).send().await
    }

    /// A `request_id` that this cashier did not use before.
    #[must_use]
    pub fn next_request_id(&self) -> String {
        format!("till-{:06}", self.requests.fetch_add(1, Ordering::Relaxed))
    }

    /// Takes a payment of `amount` yen with the code that a member showed.
    pub async fn take(&self, amount: i64, code: &str) -> Reply {
        self.take_as(&self.next_request_id(), amount, code).await
    }

    /// [`Cashier::take`] under a `request_id` of the test's choice.
    pub async fn take_as(&self, request_id: &str, amount: i64, code: &str) -> Reply {
        self.request("POST", "/v1/payments").json(&command(request_id, amount, code)).send().await
    }

    /// Takes `amount` yen in cash and puts it into the wallet of the member who showed the code.
    pub async fn top_up(&self, amount: i64, code: &str) -> Reply {
        self.top_up_as(&self.next_request_id(), amount, code).await
    }

    /// [`Cashier::top_up`] under a `request_id` of the test's choice.
    pub async fn top_up_as(&self, request_id: &str, amount: i64, code: &str) -> Reply {
        self.request("POST", "/v1/top-ups").json(&command(request_id, amount, code)).send().await
    }
}

/// The body of a payment or a top-up.
#[must_use]
pub fn command(request_id: &str, amount: i64, code: &str) -> Value {
    json!({ "request_id": request_id, "code": code, "amount": amount, "currency": "JPY" })
}

impl Member {
    /// A member whose phone sends a bearer token.
    #[must_use]
    pub fn by_token(origin: &str, token: &str) -> Self {
        Self { caller: Caller::new(origin, Credential::Token(token.to_owned())) }
    }

    /// A request to be sent.
    pub fn request(&self, method: &str, path: &str) -> Request {
        self.caller.request(method, path)
    }

    /// Asks for `path`.
    pub async fn get(&self, path: &str) -> Reply {
        self.request("GET", path).send().await
    }

    /// Has a code made, and the pictures of these kinds.
    pub async fn issue_code(&self, pictures: &[&str]) -> Reply {
        self.request("POST", "/v1/codes").json(&json!({ "pictures": pictures })).send().await
    }

    /// Has a code made and shows its digits.
    ///
    /// # Panics
    /// If none is made.
    pub async fn show_code(&self) -> String {
        self.issue_code(&[]).await.expect(201).text_at("/code")
    }

    /// What the wallet holds, in yen.
    ///
    /// # Panics
    /// If the server does not say.
    pub async fn balance(&self) -> i64 {
        self.get("/v1/balances").await.expect(200).number_at("/total")
    }

    /// Every line of the wallet's history, newest first.
    ///
    /// # Panics
    /// If the server does not say.
    pub async fn history(&self) -> Vec<Value> {
        let mut lines = Vec::new();
        let mut path = "/v1/history".to_owned();
        loop {
            let page = self.get(&path).await.expect(200).json();
            lines.extend(page["items"].as_array().expect("a page has items").iter().cloned());
            match page["next_cursor"].as_str() {
                Some(cursor) => path = format!("/v1/history?cursor={cursor}"),
                None => return lines,
            }
        }
    }
}

impl Partner {
    /// A program that sends a bearer token.
    #[must_use]
    pub fn by_token(origin: &str, token: &str) -> Self {
        Self { caller: Caller::new(origin, Credential::Token(token.to_owned())) }
    }

    /// A request to be sent.
    pub fn request(&self, method: &str, path: &str) -> Request {
        self.caller.request(method, path)
    }

    /// Asks for `path`.
    pub async fn get(&self, path: &str) -> Reply {
        self.request("GET", path).send().await
    }

    /// Asks to be told of events, all of them or of these types, at `url`.
    pub async fn add_webhook(&self, url: &str, event_types: Option<&[&str]>) -> Reply {
        let body = match event_types {
            None => json!({ "url": url }),
            Some(types) => json!({ "url": url, "event_types": types }),
        };
        self.request("POST", "/v1/webhooks").json(&body).send().await
    }

    /// A page of events: from a place on, at most `limit`.
    ///
    /// # Panics
    /// If the server does not give it.
    pub async fn events(&self, cursor: Option<&str>, limit: u16) -> Value {
        let cursor = cursor.map_or_else(String::new, |cursor| format!("&cursor={cursor}"));
        self.get(&format!("/v1/events?limit={limit}{cursor}")).await.expect(200).json()
    }
}

/// How a request says who sends it.
#[derive(Clone, Debug)]
enum Credential {
    None,
    Token(String),
    Signature { terminal: String, secret: String, clock: Arc<dyn Clock> },
}

impl Credential {
    fn authorization(&self, method: &Method, path: &str, body: &[u8]) -> Option<String> {
        match self {
            Self::None => None,
            Self::Token(token) => Some(format!("Bearer {token}")),
            Self::Signature { terminal, secret, clock } => {
                let time = clock.now().unix_micros().div_euclid(1_000_000);
                let random = getrandom::u64().expect("the system has random bytes");
                let nonce = format!("{random:016x}");
                let signature = sign(secret, method.as_str(), path, time, &nonce, body);
                Some(format!(
                    "Warifu-HMAC-SHA256 terminal={terminal}, time={time}, nonce={nonce}, signature={signature}"
                ))
            }
        }
    }
}

#[derive(Clone, Debug)]
struct Caller {
    origin: String,
    client: reqwest::Client,
    credential: Credential,
}

impl Caller {
    fn new(origin: &str, credential: Credential) -> Self {
        let client = reqwest::Client::builder().timeout(PATIENCE).no_proxy();
        // A redirect is a reply that a test wants to see.
        let client = client.redirect(reqwest::redirect::Policy::none()).build().expect("a client can be made");
        Self { origin: origin.to_owned(), client, credential }
    }

    fn request(&self, method: &str, path: &str) -> Request {
        Request {
            caller: self.clone(),
            method: method.parse().expect("a method is a word"),
            path: path.to_owned(),
            headers: HeaderMap::new(),
            body: Vec::new(),
        }
    }
}

/// A request that is not sent yet.
#[derive(Clone, Debug)]
#[must_use]
pub struct Request {
    caller: Caller,
    method: Method,
    path: String,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Request {
    /// Adds a header; a second one of the same name stands beside the first.
    ///
    /// # Panics
    /// If HTTP has no such header.
    pub fn header(mut self, name: &str, value: impl AsRef<[u8]>) -> Self {
        let name: HeaderName = name.parse().expect("a header has a name");
        self.headers.append(name, HeaderValue::from_bytes(value.as_ref()).expect("a header has a value"));
        self
    }

    /// Sends `value` as JSON.
    pub fn json(self, value: &Value) -> Self {
        self.body("application/json", value.to_string())
    }

    /// Sends `body` as `media_type`.
    pub fn body(mut self, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header(CONTENT_TYPE.as_str(), media_type)
    }

    /// Sends it, with the caller's credential unless the test gave it an `Authorization` of its own.
    ///
    /// # Panics
    /// If there is no reply.
    pub fn send(self) -> BoxFuture<'static, Reply> {
        // Boxed, so that a client is compiled once and not in every test.
        Box::pin(async move {
            let Self { caller, method, path, mut headers, body } = self;
            if !headers.contains_key(AUTHORIZATION)
                && let Some(authorization) = caller.credential.authorization(&method, &path, &body)
            {
                headers.insert(AUTHORIZATION, authorization.parse().expect("a credential fits into a header"));
            }
            let url = format!("{}{path}", caller.origin);
            let sent = caller.client.request(method.clone(), &url).headers(headers).body(body).send().await;
            let reply = sent.unwrap_or_else(|error| panic!("{method} {url} got no reply: {error:?}"));
            let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
            let body = reply.bytes().await.unwrap_or_else(|error| panic!("{method} {url} broke off: {error:?}"));
            Reply { request: format!("{method} {path}"), status, headers, body: body.to_vec() }
        })
    }
}

/// What the server said.
#[derive(Clone, Debug)]
pub struct Reply {
    request: String,
    status: u16,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Reply {
    /// The status.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The value of a header that appears once; `None` if it does not appear.
    ///
    /// # Panics
    /// If it appears twice, or is not ASCII.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.headers.get_all(name).iter();
        let value = values.next()?;
        assert!(values.next().is_none(), "{}: {name} appears twice", self.request);
        Some(value.to_str().expect("a header is ASCII"))
    }

    /// The bytes of the body.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// The body as text.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON.
    ///
    /// # Panics
    /// If it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{self}\nis not JSON: {error}"))
    }

    /// Itself, if it has this status.
    ///
    /// # Panics
    /// If it has another one; with the reply.
    #[must_use]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self}");
        self
    }

    /// Itself, if it is a problem document (RFC 9457) with this status and stable word, and with all its fields.
    ///
    /// # Panics
    /// If it is none; with the reply.
    #[must_use]
    pub fn expect_problem(self, status: u16, code: &str) -> Self {
        let reply = self.expect(status);
        assert_eq!(reply.header("content-type"), Some("application/problem+json"), "{reply}");
        assert_eq!(reply.code(), code, "{reply}");
        assert_eq!(reply.text_at("/type"), format!("urn:warifu:problem:{code}"), "{reply}");
        assert_eq!(reply.number_at("/status"), i64::from(status), "{reply}");
        for pointer in ["/title", "/detail"] {
            assert!(!reply.text_at(pointer).is_empty(), "{pointer} in {reply}");
        }
        let is_trace = |text: &str| text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let (header, field) = (reply.header("trace-id"), reply.text_at("/trace_id"));
        assert!(header.is_some_and(is_trace) && is_trace(&field), "{reply}");
        // A recorded refusal is repeated as it was, and with it the trace of the request that was recorded.
        let is_recorded = reply.json().get("id").is_some();
        assert!(is_recorded || header == Some(&field), "{reply}");
        reply
    }

    /// The stable word of a problem document or of another reply's `code`.
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn code(&self) -> String {
        self.text_at("/code")
    }

    /// The text at a JSON pointer (RFC 6901).
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn text_at(&self, pointer: &str) -> String {
        let found = self.json().pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        found.unwrap_or_else(|| panic!("no text at {pointer} in {self}"))
    }

    /// The integer at a JSON pointer (RFC 6901).
    ///
    /// # Panics
    /// If there is none.
    #[must_use]
    pub fn number_at(&self, pointer: &str) -> i64 {
        let found = self.json().pointer(pointer).and_then(Value::as_i64);
        found.unwrap_or_else(|| panic!("no integer at {pointer} in {self}"))
    }
}

impl std::fmt::Display for Reply {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} -> {}\n{:?}\n{}", self.request, self.status, self.headers, self.text())
    }
}
