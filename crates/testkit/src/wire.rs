//! What travels between the people of a test and the server: a request that is not sent yet, and the reply to it.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::future::BoxFuture;
use reqwest::Method;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use warifu_app::{Clock, DeviceKey, Handset, sign};
use warifu_core::id::TerminalId;

/// Longer than a till waits.
const PATIENCE: Duration = Duration::from_secs(40);

/// How a request says who sends it.
#[derive(Clone, Debug)]
pub(crate) enum Credential {
    None,
    Token(String),
    Signature { terminal: String, secret: String, clock: Arc<dyn Clock> },
    Handset { handset: Arc<Handset>, clock: Arc<dyn Clock> },
    Browser { terminal: TerminalId, key: Arc<DeviceKey>, clock: Arc<dyn Clock> },
}

impl Credential {
    fn headers(&self, method: &Method, path: &str, body: &[u8]) -> Vec<(&str, String)> {
        let authorization = match self {
            Self::None => return Vec::new(),
            Self::Handset { handset, clock } => {
                let signed =
                    handset.headers(method.as_str(), path, clock.now(), body).expect("a request can be signed");
                return signed.into_iter().map(|(name, value)| (name, value.expose_secret().to_owned())).collect();
            }
            Self::Token(token) => format!("Bearer {token}"),
            Self::Browser { terminal, key, clock } => {
                let time = clock.now().unix_micros().div_euclid(1_000_000);
                let nonce = format!("{:016x}", getrandom::u64().expect("the system has random bytes"));
                let signed = key.sign_for(*terminal, (method.as_str(), path), time, &nonce, body);
                let signature = URL_SAFE_NO_PAD.encode(signed.expect("a request can be signed"));
                format!("Warifu-ECDSA-P256 terminal={terminal}, time={time}, nonce={nonce}, signature={signature}")
            }
            Self::Signature { terminal, secret, clock } => {
                let time = clock.now().unix_micros().div_euclid(1_000_000);
                let random = getrandom::u64().expect("the system has random bytes");
                let nonce = format!("{random:016x}");
                let signature = sign(secret, method.as_str(), path, time, &nonce, body);
                format!("Warifu-HMAC-SHA256 terminal={terminal}, time={time}, nonce={nonce}, signature={signature}")
            }
        };
        vec![("authorization", authorization)]
    }
}

#[derive(Clone, Debug)]
pub(crate) struct Caller {
    origin: String,
    client: reqwest::Client,
    credential: Credential,
}

impl Caller {
    pub(crate) fn new(origin: &str, credential: Credential) -> Self {
        let client = reqwest::Client::builder().timeout(PATIENCE).no_proxy();
        // A redirect is a reply that a test wants to see.
        let client = client.redirect(reqwest::redirect::Policy::none()).build().expect("a client can be made");
        Self { origin: origin.to_owned(), client, credential }
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> Request {
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

    /// Sends it, with the caller's credential unless the test gave it headers of its own.
    ///
    /// # Panics
    /// If there is no reply.
    pub fn send(self) -> BoxFuture<'static, Reply> {
        // Boxed, so that a client is compiled once and not in every test.
        Box::pin(async move {
            let Self { caller, method, path, mut headers, body } = self;
            let credential = if headers.contains_key(AUTHORIZATION) {
                Vec::new()
            } else {
                caller.credential.headers(&method, &path, &body)
            };
            for (name, value) in credential {
                let name: HeaderName = name.parse().expect("a header has a name");
                if !headers.contains_key(&name) {
                    headers.insert(name, value.parse().expect("a credential fits into a header"));
                }
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
