//! Somebody with a seat in a failure review: a browser that made a key of its own, and the stream by which it is told of changes.

use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use futures::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::wire::{Caller, Credential, Reply, Request};

/// Longer than anything is told late.
const PATIENCE: Duration = Duration::from_secs(20);

/// A browser with a key, which names its seat once it has one.
#[derive(Clone, Debug)]
pub struct Seat {
    caller: Caller,
    origin: String,
    key: String,
}

impl Seat {
    /// A browser with a new key.
    ///
    /// # Panics
    /// If the system has no random bytes.
    #[must_use]
    pub fn at(origin: &str) -> Self {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the system has random bytes");
        Self::with_key(origin, &format!("wfr_{}", URL_SAFE_NO_PAD.encode(bytes)))
    }

    /// A browser that sends this as its key.
    #[must_use]
    pub fn with_key(origin: &str, key: &str) -> Self {
        let caller = Caller::new(origin, Credential::Token(key.to_owned()));
        Self { caller, origin: origin.to_owned(), key: key.to_owned() }
    }

    /// The same browser, which comes to another server.
    #[must_use]
    pub fn through(&self, origin: &str) -> Self {
        Self::with_key(origin, &self.key)
    }

    /// The key, as it is sent.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// A request to be sent.
    pub fn request(&self, method: &str, path: &str) -> Request {
        self.caller.request(method, path)
    }

    /// Asks for `path`.
    pub async fn get(&self, path: &str) -> Reply {
        self.request("GET", path).send().await
    }

    /// Sends a body to `path`.
    pub async fn post(&self, path: &str, body: &Value) -> Reply {
        self.request("POST", path).json(body).send().await
    }

    /// Puts a body to `path`.
    pub async fn put(&self, path: &str, body: &Value) -> Reply {
        self.request("PUT", path).json(body).send().await
    }

    /// Removes what is at `path`.
    pub async fn delete(&self, path: &str) -> Reply {
        self.request("DELETE", path).send().await
    }

    /// Begins a review on the chart for projects.
    pub async fn begin(&self, name: &str) -> Reply {
        self.post("/v1/reviews", &json!({ "name": name, "chart_key": "it-project" })).await
    }

    /// Takes a seat by what stands behind the `#` of a link.
    pub async fn join(&self, invitation: &str) -> Reply {
        self.post("/v1/seats", &json!({ "invitation": invitation })).await
    }

    /// Makes a link and gives what stands behind its `#`.
    ///
    /// # Panics
    /// If none is made.
    pub async fn invite(&self, role: &str, seats: u32) -> String {
        let made = self.post("/v1/review/invitations", &json!({ "role": role, "seats": seats })).await.expect(201);
        let link = made.text_at("/link");
        link.split_once('#').expect("a link has a token").1.to_owned()
    }

    /// Writes the item at `place`, its kind and key joined by a stroke, having seen this version of it.
    pub async fn write(&self, place: &str, version: u64, body: &Value) -> Reply {
        self.put(&format!("/v1/review/items/{place}"), &json!({ "version": version, "body": body })).await
    }

    /// Removes the item at `place`.
    pub async fn remove(&self, place: &str, version: u64) -> Reply {
        self.delete(&format!("/v1/review/items/{place}?version={version}")).await
    }

    /// The versions of the item at `place`, the newest first.
    ///
    /// # Panics
    /// If the server does not say.
    pub async fn versions(&self, place: &str) -> Vec<Value> {
        items(&self.get(&format!("/v1/review/items/{place}/history")).await.expect(200))
    }

    /// Marks a cause, having seen this version of the mark.
    pub async fn mark(&self, cause: &str, version: u64, body: &Value) -> Reply {
        self.put(&format!("/v1/review/marks/{cause}"), &json!({ "version": version, "body": body })).await
    }

    /// Takes a mark back.
    pub async fn unmark(&self, cause: &str, version: u64) -> Reply {
        self.delete(&format!("/v1/review/marks/{cause}?version={version}")).await
    }

    /// One's own marks.
    ///
    /// # Panics
    /// If the server does not say.
    pub async fn marks(&self) -> Vec<Value> {
        items(&self.get("/v1/review/marks").await.expect(200))
    }

    /// Has everybody's marks collected.
    pub async fn collect(&self) -> Reply {
        self.post("/v1/review/collection", &json!({})).await
    }

    /// The marks that were collected of a cause.
    ///
    /// # Panics
    /// If the server does not say.
    pub async fn column_marks(&self, cause: &str) -> Vec<Value> {
        items(&self.get(&format!("/v1/review/table/{cause}")).await.expect(200))
    }

    /// Says where the group is, whatever it was before.
    pub async fn progress(&self, state: &str, step: u8) -> Reply {
        let version = self.item("progress/review").await["version"].as_u64().unwrap_or(0);
        self.write("progress/review", version, &json!({ "state": state, "step": step })).await
    }

    /// Brings a file.
    pub async fn upload(&self, name: &str, media_type: &str, content: impl Into<Vec<u8>>) -> Reply {
        self.request("POST", &format!("/v1/review/files?name={name}")).body(media_type, content).send().await
    }

    /// The review, as it stands.
    ///
    /// # Panics
    /// If the server does not show it.
    pub async fn review(&self) -> Value {
        self.get("/v1/review").await.expect(200).json()
    }

    /// An item as it stands; null if there is none.
    ///
    /// # Panics
    /// If the server does not show the review.
    pub async fn item(&self, place: &str) -> Value {
        let review = self.review().await;
        let is_it = |item: &&Value| format!("{}/{}", text(&item["kind"]), text(&item["key"])) == place;
        review["items"].as_array().expect("a review has items").iter().find(is_it).cloned().unwrap_or_default()
    }

    /// Every change of the review after a number, the oldest first.
    ///
    /// # Panics
    /// If the server does not list them.
    pub fn changes_after(&self, number: i64) -> BoxFuture<'_, Vec<Value>> {
        Box::pin(async move {
            let (mut found, mut number) = (Vec::new(), number);
            loop {
                let page = self.get(&format!("/v1/review/changes?after={number}")).await.expect(200);
                let changes = items(&page);
                if changes.is_empty() {
                    return found;
                }
                number = page.number_at("/number");
                found.extend(changes);
            }
        })
    }

    /// Looks at the review.
    ///
    /// # Panics
    /// If the server does not open the stream.
    pub fn look(&self) -> BoxFuture<'_, Live> {
        Box::pin(async move {
            let client = reqwest::Client::builder().no_proxy().build().expect("a client can be made");
            let asked = client.get(format!("{}/v1/review/live", self.origin)).bearer_auth(&self.key).send();
            let reply = tokio::time::timeout(PATIENCE, asked).await.expect("the stream opens in time");
            let reply = reply.expect("the server replies");
            assert_eq!(reply.status().as_u16(), 200, "the stream opens");
            let media_type = reply.headers().get("content-type").and_then(|value| value.to_str().ok());
            assert!(media_type.is_some_and(|it| it.starts_with("text/event-stream")), "{media_type:?}");
            let (sender, told) = mpsc::unbounded_channel();
            let mut live = Live { told, task: tokio::spawn(read(reply, sender)), ready: Value::Null };
            live.ready = live.next_of("ready").await.data;
            live
        })
    }
}

fn items(reply: &Reply) -> Vec<Value> {
    reply.json()["items"].as_array().expect("a list has items").clone()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// Something that a browser is told.
#[derive(Clone, Debug)]
pub struct Told {
    /// What it is about.
    pub event: String,
    /// What it says.
    pub data: Value,
    /// When it came.
    pub at: Instant,
}

/// A browser that looks at a review. It looks away when this is dropped.
#[derive(Debug)]
pub struct Live {
    told: mpsc::UnboundedReceiver<Told>,
    task: JoinHandle<()>,
    /// What `ready` said, with which every stream begins.
    pub ready: Value,
}

impl Drop for Live {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Live {
    /// The next thing that is told; `None` if the stream ended.
    ///
    /// # Panics
    /// If nothing is told for long.
    pub async fn next(&mut self) -> Option<Told> {
        tokio::time::timeout(PATIENCE, self.told.recv()).await.expect("something is told in time")
    }

    /// The next thing of this kind; others are passed over.
    ///
    /// # Panics
    /// If the stream ends, or nothing of the kind is told for long.
    pub async fn next_of(&mut self, event: &str) -> Told {
        self.until(|told| told.event == event).await
    }

    /// The next thing that is as wanted; others are passed over.
    ///
    /// # Panics
    /// If the stream ends, or nothing of the kind is told for long.
    pub fn until<'a>(&'a mut self, is_wanted: impl Fn(&Told) -> bool + Send + 'a) -> BoxFuture<'a, Told> {
        Box::pin(async move {
            let deadline = Instant::now() + PATIENCE;
            loop {
                let told = self.next().await.expect("the stream goes on");
                if is_wanted(&told) {
                    return told;
                }
                assert!(Instant::now() < deadline, "nothing of the kind is told; last {told:?}");
            }
        })
    }

    /// Everything that was told until now.
    #[must_use]
    pub fn so_far(&mut self) -> Vec<Told> {
        std::iter::from_fn(|| self.told.try_recv().ok()).collect()
    }
}

/// Reads server-sent events until the stream ends or nobody wants them any more.
async fn read(mut reply: reqwest::Response, sender: mpsc::UnboundedSender<Told>) {
    let mut rest = Vec::new();
    while let Ok(Some(piece)) = reply.chunk().await {
        rest.extend_from_slice(&piece);
        while let Some(end) = rest.windows(2).position(|pair| pair == b"\n\n") {
            let block = String::from_utf8_lossy(&rest[..end]).into_owned();
            rest.drain(..end + 2);
            let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)).map(str::trim_start);
            // A comment keeps the connection open and says nothing.
            let (Some(event), Some(data)) = (field("event:"), field("data:")) else { continue };
            let data = serde_json::from_str(data).expect("what is told is JSON");
            if sender.send(Told { event: event.to_owned(), data, at: Instant::now() }).is_err() {
                return;
            }
        }
    }
}
