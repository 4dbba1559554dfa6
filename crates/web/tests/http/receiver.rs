//! Somebody who is told of events: a server of the test's own that notes what it gets and answers as it is told to.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

/// Longer than a delivery takes, with every worker's rest.
const PATIENCE: Duration = Duration::from_secs(20);

/// A request that was received.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) request: String,
    headers: HeaderMap,
    pub(crate) body: String,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).unwrap_or_else(|| panic!("no {name} in {self:?}")).to_str().unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// Whether it is signed with `secret`, computed from the specification and from nothing of ours.
    pub(crate) fn is_signed_with(&self, secret: &str) -> bool {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        assert_eq!(key.len(), 32);
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
        let signed = [self.header("webhook-id"), self.header("webhook-timestamp"), &self.body].join(".");
        mac.update(signed.as_bytes());
        let expected = format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()));
        self.header("webhook-signature") == expected
    }
}

#[derive(Debug, Default)]
struct Shared {
    got: Mutex<Vec<Got>>,
    /// What is answered next; 200 when it is empty, nothing at all on 0.
    answers: Mutex<VecDeque<u16>>,
    otherwise: Mutex<u16>,
}

/// A receiver on a port of its own.
#[derive(Clone, Debug)]
pub(crate) struct Receiver {
    origin: String,
    shared: Arc<Shared>,
}

async fn answer(
    State(shared): State<Arc<Shared>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let body = String::from_utf8(body.to_vec()).unwrap();
    shared.got.lock().unwrap().push(Got { request: format!("{method} {uri}"), headers, body });
    let next = shared.answers.lock().unwrap().pop_front();
    let status = next.unwrap_or(*shared.otherwise.lock().unwrap());
    if status == 0 {
        std::future::pending::<()>().await;
    }
    let status = StatusCode::from_u16(status).unwrap();
    if status.is_redirection() {
        return (status, [("location", "/elsewhere")]).into_response();
    }
    // More than the sender reads.
    (status, "x".repeat(100_000)).into_response()
}

impl Receiver {
    /// One that answers 200.
    pub(crate) async fn start() -> Self {
        Self::answering(200).await
    }

    /// One that answers with a status, or never if it is 0.
    pub(crate) async fn answering(status: u16) -> Self {
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let origin = format!("http://{}", listener.local_addr().unwrap());
        let shared = Arc::new(Shared { otherwise: Mutex::new(status), ..Shared::default() });
        let router = Router::new().fallback(answer).with_state(Arc::clone(&shared));
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { origin, shared }
    }

    pub(crate) fn url(&self) -> String {
        format!("{}/hooks?x=1", self.origin)
    }

    pub(crate) fn port(&self) -> &str {
        self.origin.rsplit(':').next().unwrap()
    }

    /// The next answers.
    pub(crate) fn will_answer(&self, statuses: &[u16]) {
        self.shared.answers.lock().unwrap().extend(statuses);
    }

    pub(crate) fn got(&self) -> Vec<Got> {
        self.shared.got.lock().unwrap().clone()
    }

    /// What was received, once it is so much.
    pub(crate) async fn wait_for(&self, count: usize) -> Vec<Got> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let got = self.got();
            if got.len() >= count {
                return got;
            }
            assert!(Instant::now() < deadline, "{} of {count} were received: {got:?}", got.len());
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
