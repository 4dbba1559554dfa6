//! The people of a test: a cashier, a member, a partner's program, somebody unknown. They speak HTTP and nothing else, so what they find is what
//! any till and any phone would find.
//!
//! An act that a test is about returns the [`Reply`]; an act on the way to it (`show_code`, `balance`) panics unless it
//! succeeds.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Value, json};
use warifu_app::{Clock, DeviceKey, Handset, SystemClock};
use warifu_core::id::{TerminalId, WalletId};

use crate::wire::{Caller, Credential};
pub use crate::wire::{Reply, Request};

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
    requests: Arc<AtomicU64>,
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

    /// A cashier whose till is a browser that has this key.
    #[must_use]
    pub fn by_browser(origin: &str, terminal: TerminalId, key: Arc<DeviceKey>, clock: Arc<dyn Clock>) -> Self {
        Self::with(origin, Credential::Browser { terminal, key, clock })
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

    /// Sends a body to `path`.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.request("POST", path).json(body).send().await
    }

    /// Has `amount` yen held, to be captured later.
    pub async fn authorise(&self, amount: i64, code: &str) -> Reply {
        let mut body = command(&self.next_request_id(), amount, code);
        body["capture"] = json!("later");
        self.post("/v1/payments", &body).await
    }

    /// Captures some of an authorised payment, or all that is left.
    pub async fn capture(&self, payment: &str, amount: Option<i64>) -> Reply {
        let body = json!({ "request_id": self.next_request_id(), "amount": amount });
        self.post(&format!("/v1/payments/{payment}/capture"), &body).await
    }

    /// Captures `amount` and lets the rest go.
    pub async fn capture_finally(&self, payment: &str, amount: i64) -> Reply {
        let body = json!({ "request_id": self.next_request_id(), "amount": amount, "final": true });
        self.post(&format!("/v1/payments/{payment}/capture"), &body).await
    }

    /// Lets go what is held for a payment.
    pub async fn void(&self, payment: &str) -> Reply {
        let body = json!({ "request_id": self.next_request_id() });
        self.post(&format!("/v1/payments/{payment}/void"), &body).await
    }

    /// Undoes a payment.
    pub async fn cancel(&self, payment: &str) -> Reply {
        self.post(&format!("/v1/payments/{payment}/cancel"), &json!({ "request_id": self.next_request_id() })).await
    }

    /// Undoes the payment under the till's own id, whether it arrived or not.
    pub async fn cancel_by_request(&self, target: &str) -> Reply {
        let body = json!({ "request_id": self.next_request_id() });
        self.post(&format!("/v1/payments/by-request/{target}/cancel"), &body).await
    }

    /// Gives back some of a payment.
    pub async fn refund(&self, payment: &str, amount: i64) -> Reply {
        self.post("/v1/refunds", &refund(&self.next_request_id(), payment, amount)).await
    }

    /// Undoes a top-up.
    pub async fn cancel_top_up(&self, top_up: &str) -> Reply {
        self.post(&format!("/v1/top-ups/{top_up}/cancel"), &json!({ "request_id": self.next_request_id() })).await
    }

    /// Undoes the top-up under the till's own id, whether it arrived or not.
    pub async fn cancel_top_up_by_request(&self, target: &str) -> Reply {
        let body = json!({ "request_id": self.next_request_id() });
        self.post(&format!("/v1/top-ups/by-request/{target}/cancel"), &body).await
    }

    /// Has a code for trials made and returns its digits.
    ///
    /// # Panics
    /// If none is made.
    pub async fn sandbox_code(&self, scenario: &str) -> String {
        self.post("/v1/sandbox/codes", &json!({ "scenario": scenario })).await.expect(201).text_at("/code")
    }

    /// What became of a payment, as the shop is told.
    ///
    /// # Panics
    /// If the server does not say.
    pub async fn payment(&self, id: &str) -> Value {
        self.get(&format!("/v1/payments/{id}")).await.expect(200).json()
    }
}

/// The body of a payment or a top-up.
#[must_use]
pub fn command(request_id: &str, amount: i64, code: &str) -> Value {
    json!({ "request_id": request_id, "code": code, "amount": amount, "currency": "JPY" })
}

/// The body of a refund.
#[must_use]
pub fn refund(request_id: &str, payment: &str, amount: i64) -> Value {
    json!({ "request_id": request_id, "payment_id": payment, "amount": amount, "currency": "JPY" })
}

impl Member {
    /// A member with a phone, which is a text and signs at the present time.
    #[must_use]
    pub fn by_handset(origin: &str, handset: &str) -> Self {
        Self::by_handset_at(origin, handset, Arc::new(SystemClock))
    }

    /// The same, which signs at the time of `clock`.
    ///
    /// # Panics
    /// If the text is no phone.
    #[must_use]
    pub fn by_handset_at(origin: &str, handset: &str, clock: Arc<dyn Clock>) -> Self {
        let handset = Arc::new(Handset::parse(handset).expect("the text of a phone"));
        Self { caller: Caller::new(origin, Credential::Handset { handset, clock }), requests: Arc::default() }
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

    /// Has a code made by which a payment uses points, and shows its digits.
    ///
    /// # Panics
    /// If none is made.
    pub async fn show_code_with_points(&self) -> String {
        self.request("POST", "/v1/codes").json(&json!({ "use_points": true })).send().await.expect(201).text_at("/code")
    }

    /// Makes points into bonus yen.
    pub async fn exchange(&self, points: i64) -> Reply {
        let request_id = format!("phone-{:06}", self.requests.fetch_add(1, Ordering::Relaxed));
        let body = json!({ "request_id": request_id, "amount": points });
        self.request("POST", "/v1/top-ups/from-points").json(&body).send().await
    }

    /// All that the wallet holds.
    ///
    /// # Panics
    /// If the server does not say.
    pub async fn balances(&self) -> Value {
        self.get("/v1/balances").await.expect(200).json()
    }

    /// The id of the wallet.
    ///
    /// # Panics
    /// If the server does not say.
    pub async fn wallet(&self) -> WalletId {
        self.get("/v1/balances").await.expect(200).text_at("/wallet_id").parse().expect("an id of a wallet")
    }

    /// How many points can be used.
    ///
    /// # Panics
    /// If the server does not say.
    pub async fn points(&self) -> i64 {
        self.get("/v1/balances").await.expect(200).number_at("/points/amount")
    }

    /// What the wallet holds, in yen.
    ///
    /// # Panics
    /// If the server does not say.
    pub async fn balance(&self) -> i64 {
        self.get("/v1/balances").await.expect(200).number_at("/total")
    }

    /// All that the member sees of the wallet: what it holds, and its history. Equal before and after if nothing moved.
    ///
    /// # Panics
    /// If the server does not say.
    pub async fn snapshot(&self) -> (Value, Vec<Value>) {
        (self.balances().await, self.history().await)
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
