//! A till and a phone: HTTP clients that know the documented interface and nothing else.

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use warifu_app::Handset;

use crate::Failure;
use crate::phone::{self, Answer};

/// A reply: its status, whether it is a replay, and its JSON.
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) is_replay: bool,
    pub(super) body: Value,
}

impl Reply {
    /// A text of the reply, or an empty one.
    pub(super) fn text(&self, pointer: &str) -> &str {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
    }

    /// A number of the reply, or an error that shows what was expected.
    pub(super) fn number(&self, pointer: &str) -> Result<i64, Failure> {
        let number = self.body.pointer(pointer).and_then(Value::as_i64);
        number.ok_or_else(|| format!("the reply {} lacks a number at {pointer}", self.body).into())
    }

    /// The reply, if it has this status.
    pub(super) fn expect(self, status: u16) -> Result<Self, Failure> {
        if self.status == status {
            return Ok(self);
        }
        Err(format!("expected status {status}, got {}: {}", self.status, self.body).into())
    }
}

impl TryFrom<Answer> for Reply {
    type Error = Failure;

    fn try_from(answer: Answer) -> Result<Self, Failure> {
        let Answer { status, is_replay, text } = answer;
        Ok(Self { status, is_replay, body: serde_json::from_str(&text)? })
    }
}

struct Client {
    http: reqwest::Client,
    base: String,
    token: SecretString,
}

impl Client {
    fn new(base: &str, token: SecretString) -> Self {
        Self { http: reqwest::Client::new(), base: base.to_owned(), token }
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Reply, Failure> {
        Answer::of(request.bearer_auth(self.token.expose_secret())).await?.try_into()
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Reply, Failure> {
        self.send(self.http.post(format!("{}{path}", self.base)).json(body)).await
    }

    async fn get(&self, path: &str) -> Result<Reply, Failure> {
        self.send(self.http.get(format!("{}{path}", self.base))).await
    }
}

/// A till of the shop.
pub(super) struct Till(Client);

impl Till {
    pub(super) fn new(base: &str, token: SecretString) -> Self {
        Self(Client::new(base, token))
    }

    pub(super) async fn take(&self, request_id: &str, code: &str, yen: i64) -> Result<Reply, Failure> {
        self.0.post("/v1/payments", &command(request_id, code, yen)).await
    }

    pub(super) async fn top_up(&self, request_id: &str, code: &str, yen: i64) -> Result<Reply, Failure> {
        self.0.post("/v1/top-ups", &command(request_id, code, yen)).await
    }

    pub(super) async fn refund(&self, request_id: &str, payment: &str, yen: i64) -> Result<Reply, Failure> {
        let body = json!({ "request_id": request_id, "payment_id": payment, "amount": yen, "currency": "JPY" });
        self.0.post("/v1/refunds", &body).await
    }

    /// Cancels whatever stands, or will stand, under `lost`.
    pub(super) async fn cancel(&self, lost: &str, request_id: &str) -> Result<Reply, Failure> {
        let path = format!("/v1/payments/by-request/{lost}/cancel");
        self.0.post(&path, &json!({ "request_id": request_id })).await
    }

    pub(super) async fn inquire(&self, request_id: &str) -> Result<Reply, Failure> {
        self.0.get(&format!("/v1/payments/by-request/{request_id}")).await
    }
}

fn command(request_id: &str, code: &str, yen: i64) -> Value {
    json!({ "request_id": request_id, "code": code, "amount": yen, "currency": "JPY" })
}

/// A member's phone.
pub(super) struct Phone(phone::Client);

impl Phone {
    pub(super) fn new(base: &str, handset: Handset) -> Self {
        Self(phone::Client::new(base, handset))
    }

    async fn get(&self, path: &str) -> Result<Reply, Failure> {
        Reply::try_from(self.0.send("GET", path, None).await?)?.expect(200)
    }

    /// Asks for a code with both of its pictures as PNG.
    pub(super) async fn show_code(&self) -> Result<Reply, Failure> {
        let body = json!({ "pictures": ["code128_png", "jpqr_png"] }).to_string();
        Reply::try_from(self.0.send("POST", "/v1/codes", Some(&body)).await?)?.expect(201)
    }

    pub(super) async fn balance(&self) -> Result<i64, Failure> {
        self.get("/v1/balances").await?.number("/total")
    }

    pub(super) async fn history(&self) -> Result<Reply, Failure> {
        self.get("/v1/history").await
    }
}
