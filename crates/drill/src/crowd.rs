//! Members who pay at a till, again and again, each pair of requests after the other: a closed loop.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

/// Whom to drive, and how hard.
#[derive(Clone, Debug)]
pub struct Plan {
    /// `http://127.0.0.1:8080`.
    pub base: String,
    /// The bearer token of a terminal.
    pub terminal_token: String,
    /// The bearer tokens of members; each is one of the crowd.
    pub member_tokens: Vec<String>,
    /// How many payments to try in all.
    pub payments: u64,
    /// How much each pays, in yen.
    pub amount: u64,
    /// What every request id begins with; differs from run to run.
    pub run: String,
}

/// What came of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How often each answer came: `captured`, or the code of the problem, or `no answer`.
    pub answers: BTreeMap<String, u64>,
    /// How long it took.
    pub took: Duration,
    /// The time from showing a code to the answer of the till, sorted.
    pub latencies: Vec<Duration>,
}

impl Tally {
    /// The latency that `percent` of all stayed below; zero if there was none.
    #[must_use]
    pub fn percentile(&self, percent: usize) -> Duration {
        let last = self.latencies.len().saturating_sub(1);
        self.latencies.get(last.saturating_mul(percent) / 100).copied().unwrap_or_default()
    }
}

/// Sends the crowd to the till and waits until all are done.
///
/// # Errors
/// If the HTTP client cannot be made or a member of the crowd panicked.
pub async fn run(plan: Plan) -> Result<Tally, Box<dyn std::error::Error + Send + Sync>> {
    let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).build()?;
    let plan = Arc::new(plan);
    let next = Arc::new(AtomicU64::new(0));
    let started = Instant::now();
    let crowd: Vec<_> = (0..plan.member_tokens.len())
        .map(|member| tokio::spawn(visit(http.clone(), Arc::clone(&plan), member, Arc::clone(&next))))
        .collect();
    let mut tally = Tally::default();
    for member in crowd {
        let (answers, latencies) = member.await?;
        for (answer, count) in answers {
            *tally.answers.entry(answer).or_default() += count;
        }
        tally.latencies.extend(latencies);
    }
    tally.took = started.elapsed();
    tally.latencies.sort_unstable();
    Ok(tally)
}

async fn visit(
    http: reqwest::Client,
    plan: Arc<Plan>,
    member: usize,
    next: Arc<AtomicU64>,
) -> (BTreeMap<String, u64>, Vec<Duration>) {
    let (mut answers, mut latencies) = (BTreeMap::new(), Vec::new());
    let Some(token) = plan.member_tokens.get(member) else { return (answers, latencies) };
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= plan.payments {
            return (answers, latencies);
        }
        let started = Instant::now();
        let answer = pay(&http, &plan, token, number).await;
        latencies.push(started.elapsed());
        *answers.entry(answer.unwrap_or_else(|| "no answer".to_owned())).or_default() += 1;
    }
}

/// Shows a code and has it taken. The answer is the state of the payment or the code of the problem.
async fn pay(http: &reqwest::Client, plan: &Plan, member: &str, number: u64) -> Option<String> {
    let post = |path: &str, token: &str, body: Value| {
        http.post(format!("{}{path}", plan.base)).bearer_auth(token).json(&body).send()
    };
    let shown: Value = post("/v1/codes", member, json!({})).await.ok()?.json().await.ok()?;
    let Some(code) = shown.get("code").and_then(Value::as_str).filter(|code| code.len() == 24) else {
        return word(&shown, "code");
    };
    let body = json!({
        "request_id": format!("{}-{number}", plan.run),
        "code": code,
        "amount": plan.amount,
        "currency": "JPY",
    });
    let paid: Value = post("/v1/payments", &plan.terminal_token, body).await.ok()?.json().await.ok()?;
    word(&paid, "state").or_else(|| word(&paid, "code"))
}

fn word(body: &Value, field: &str) -> Option<String> {
    body.get(field).and_then(Value::as_str).map(str::to_owned)
}
