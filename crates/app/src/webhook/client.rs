//! One attempt: a POST to an address that is not ours. Nothing is followed, nothing is believed, everything has a bound.
//!
//! The address is checked where the connection is made, whatever it was called by then, so neither a name that changes nor a
//! strange spelling of a number gets past. There is no proxy, no redirect and no cookie.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::header::{CONTENT_TYPE, USER_AGENT};
use http::{Request, Uri};
use http_body_util::{BodyExt, Full};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::time::Instant;

use super::address::PrivateAddresses;

/// How long one attempt may take, from the name to the last byte of the reply.
const TIME_LIMIT: Duration = Duration::from_secs(15);
/// How long one of several addresses of a host may take to connect.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// How much of a reply's body is read; nothing of it is used.
const REPLY_MAX: usize = 4_096;
/// How much of a reply's head is read.
const HEAD_MAX: usize = 16_384;
/// How long a connection is kept for the next delivery; less than most servers keep it.
const IDLE: Duration = Duration::from_secs(20);
/// How many connections to one receiver are kept.
const IDLE_MAX: usize = 4;
/// How much of what was wrong is told, in characters.
const TOLD: usize = 300;

/// What is sent.
#[derive(Debug)]
pub(super) struct Message {
    pub(super) url: String,
    pub(super) id: String,
    pub(super) unix_seconds: i64,
    pub(super) signature: String,
    pub(super) body: Bytes,
}

/// What a receiver answered, or why it did not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// An HTTP status.
    Status(u16),
    /// No answer, and what was wrong.
    None(String),
}

type Inner = legacy::Client<HttpsConnector<Connector>, Full<Bytes>>;

/// Sends to receivers.
#[derive(Debug)]
pub(super) struct Client {
    addresses: PrivateAddresses,
    /// Made when it is first needed: whoever has no webhooks reads no certificates.
    inner: OnceLock<Inner>,
}

impl Client {
    pub(super) const fn new(addresses: PrivateAddresses) -> Self {
        Self { addresses, inner: OnceLock::new() }
    }

    /// Makes one attempt.
    pub(super) async fn send(&self, message: Message) -> Answer {
        let deadline = Instant::now() + TIME_LIMIT;
        let request = Request::post(message.url)
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("Warifu/", env!("CARGO_PKG_VERSION")))
            .header("webhook-id", message.id)
            .header("webhook-timestamp", message.unix_seconds)
            .header("webhook-signature", message.signature)
            .body(Full::new(message.body));
        let Ok(request) = request else { return Answer::None("the URL cannot be asked for by HTTP".to_owned()) };
        let inner = self.inner.get_or_init(|| build(self.addresses));
        let Ok(answered) = tokio::time::timeout_at(deadline, inner.request(request)).await else {
            return Answer::None(format!("no answer within {} seconds", TIME_LIMIT.as_secs()));
        };
        match answered {
            Err(error) => Answer::None(describe(&error)),
            Ok(reply) => {
                let status = reply.status().as_u16();
                // A short body is read whole, so that the connection can be used again; the answer is its status.
                let _ = tokio::time::timeout_at(deadline, pass_over(reply.into_body())).await;
                Answer::Status(status)
            }
        }
    }
}

async fn pass_over<B: BodyExt<Data = Bytes> + Unpin>(mut body: B) {
    let mut read = 0_usize;
    while let Some(Ok(frame)) = body.frame().await {
        read = read.saturating_add(frame.data_ref().map_or(0, Bytes::len));
        if read > REPLY_MAX {
            return;
        }
    }
}

/// An error and what lies below it, in words for the partner.
fn describe(error: &(dyn Error + 'static)) -> String {
    let mut told: Vec<String> = Vec::new();
    let mut source = Some(error);
    while let Some(inner) = source {
        let text = inner.to_string();
        // Some say what the one below says.
        if !told.last().is_some_and(|last| last.contains(&text)) {
            told.push(text);
        }
        source = inner.source();
    }
    told.join(": ").chars().filter(|character| !character.is_control()).take(TOLD).collect()
}

fn build(addresses: PrivateAddresses) -> Inner {
    let tls = HttpsConnectorBuilder::new().with_tls_config(tls());
    let tls = match addresses {
        PrivateAddresses::Refuse => tls.https_only(),
        PrivateAddresses::Allow => tls.https_or_http(),
    };
    let connector = tls.enable_http1().wrap_connector(Connector { addresses });
    legacy::Client::builder(TokioExecutor::new())
        .pool_timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(IDLE_MAX)
        .http1_max_buf_size(HEAD_MAX)
        .build(connector)
}

/// Receivers are believed by the certificates that this system trusts; where it has none, as in an empty container, by those
/// that Mozilla trusts.
fn tls() -> ClientConfig {
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if added == 0 {
        tracing::info!("this system has no root certificates; using those that were built in");
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let Ok(versions) = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions() else {
        unreachable!("the provider has suites of TLS 1.2 and 1.3")
    };
    versions.with_root_certificates(roots).with_no_client_auth()
}

/// Connects to a host, if it has an address that may be connected to.
#[derive(Clone, Debug)]
struct Connector {
    addresses: PrivateAddresses,
}

impl Connector {
    async fn connect(self, uri: Uri) -> io::Result<TokioIo<TcpStream>> {
        let host = uri.host().unwrap_or_default();
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
        let found: Vec<SocketAddr> = tokio::net::lookup_host((host, port)).await?.collect();
        // Which addresses were found is not told: it may be the inside of somebody's network.
        let mut outcome = Err(io::Error::other("the host has no public address; private addresses are refused here"));
        for address in found.into_iter().filter(|address| self.addresses.allows(address.ip())) {
            let connected = tokio::time::timeout(CONNECT_LIMIT, TcpStream::connect(address)).await;
            outcome = connected.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut)));
            if outcome.is_ok() {
                break;
            }
        }
        let stream = outcome?;
        stream.set_nodelay(true)?;
        Ok(TokioIo::new(stream))
    }
}

impl tower_service::Service<Uri> for Connector {
    type Response = TokioIo<TcpStream>;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<TokioIo<TcpStream>>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        Box::pin(self.clone().connect(uri))
    }
}
