//! Figures for whoever watches, in the OpenMetrics text format, on an address of their own.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use axum::http::{Method, StatusCode};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;
use warifu_app::{Statistics, WebhookStatistics};

/// Upper bounds of the latency buckets, in seconds.
const BUCKETS: [f64; 12] = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 25.0];

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RequestLabels {
    method: String,
    route: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct RouteLabels {
    route: String,
}

/// The figures of one process.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<RequestLabels, Counter>,
    durations: Family<RouteLabels, Histogram>,
    queue: QueueGauges,
    bookkeeper_lag: Gauge<f64, AtomicU64>,
    webhooks: WebhookGauges,
}

/// The figures of webhooks, copied when somebody asks.
#[derive(Debug, Default)]
struct WebhookGauges {
    pending: Gauge<f64, AtomicU64>,
    delivered: Gauge,
    failed_attempts: Gauge,
}

/// The commit queue's own counters, copied when somebody asks.
#[derive(Debug, Default)]
struct QueueGauges {
    batches: Gauge,
    commands: Gauge,
    overloaded: Gauge,
    dropped: Gauge,
    retried: Gauge,
    waiting: Gauge,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("warifu");
        let requests = Family::<RequestLabels, Counter>::default();
        registry.register("http_requests", "Requests by method, route and status", requests.clone());
        let durations = Family::<RouteLabels, Histogram>::new_with_constructor(|| Histogram::new(BUCKETS));
        registry.register("http_request_duration_seconds", "Time to answer, by route", durations.clone());
        let queue = QueueGauges::default();
        for (name, help, gauge) in [
            ("commit_batches", "Commits that held a command, since the start", &queue.batches),
            ("commit_commands", "Commands answered from a commit, since the start", &queue.commands),
            ("commit_overloaded", "Commands refused because too much waits, since the start", &queue.overloaded),
            ("commit_dropped", "Commands dropped at their deadline, since the start", &queue.dropped),
            ("commit_retried", "Batches run again, since the start", &queue.retried),
            ("commit_waiting", "Commands that wait now", &queue.waiting),
        ] {
            registry.register(name, help, gauge.clone());
        }
        let bookkeeper_lag = Gauge::<f64, AtomicU64>::default();
        let help = "Recorded transactions that the bookkeeper has not booked yet; NaN if that cannot be read now";
        registry.register("bookkeeper_lag", help, bookkeeper_lag.clone());
        let webhooks = WebhookGauges::default();
        let help =
            "Deliveries to webhooks that wait, on all nodes, counted up to 100,000; NaN if that cannot be read now";
        registry.register("webhook_deliveries_pending", help, webhooks.pending.clone());
        for (name, help, gauge) in [
            ("webhook_delivered", "Deliveries that receivers took, since the start", &webhooks.delivered),
            ("webhook_failed_attempts", "Attempts to deliver that failed, since the start", &webhooks.failed_attempts),
        ] {
            registry.register(name, help, gauge.clone());
        }
        Self { registry, requests, durations, queue, bookkeeper_lag, webhooks }
    }

    /// Counts a request that was answered.
    pub(crate) fn observe(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        // Anybody can invent a method; only those that are served get a label of their own.
        let method = if matches!(*method, Method::GET | Method::POST | Method::PUT | Method::DELETE | Method::HEAD) {
            method.as_str()
        } else {
            "other"
        };
        let labels = RequestLabels { method: method.to_owned(), route: route.to_owned(), status: status.as_u16() };
        self.requests.get_or_create(&labels).inc();
        self.durations.get_or_create(&RouteLabels { route: route.to_owned() }).observe(took.as_secs_f64());
    }

    /// Copies the figures of webhooks, as they are now.
    pub(crate) fn set_webhooks(&self, statistics: WebhookStatistics, pending: Option<i64>) {
        let pending = pending.and_then(|pending| u32::try_from(pending).ok()).map_or(f64::NAN, f64::from);
        self.webhooks.pending.set(pending);
        self.webhooks.delivered.set(i64::try_from(statistics.delivered).unwrap_or(i64::MAX));
        self.webhooks.failed_attempts.set(i64::try_from(statistics.failed_attempts).unwrap_or(i64::MAX));
    }

    /// All figures as text. What cannot be read is not a number, and never 0.
    pub(crate) fn encode(&self, statistics: Statistics, bookkeeper_lag: Option<i64>) -> String {
        // Transactions are counted below 2^53, where a float is exact.
        let lag = bookkeeper_lag.and_then(|lag| u32::try_from(lag).ok()).map_or(f64::NAN, f64::from);
        self.bookkeeper_lag.set(lag);
        let set = |gauge: &Gauge, count: u64| gauge.set(i64::try_from(count).unwrap_or(i64::MAX));
        set(&self.queue.batches, statistics.batches);
        set(&self.queue.commands, statistics.commands);
        set(&self.queue.overloaded, statistics.overloaded);
        set(&self.queue.dropped, statistics.dropped);
        set(&self.queue.retried, statistics.retried);
        set(&self.queue.waiting, statistics.waiting);
        let mut text = String::new();
        if encode(&mut text, &self.registry).is_err() {
            tracing::error!("the figures could not be written");
        }
        text
    }
}
