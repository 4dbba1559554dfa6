//! A phone on the command line, for trials and for watching a running Warifu as a member sees it. It speaks the documented
//! interface and nothing else.

use std::io::Read as _;
use std::path::Path;

use secrecy::ExposeSecret as _;
use serde_json::Value;
use warifu_app::{Clock as _, Handset, SystemClock};

use crate::Failure;
use crate::cli::PhoneOptions;

/// A reply: its status, whether it is a replay, and its text.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) is_replay: bool,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) async fn of(request: reqwest::RequestBuilder) -> Result<Self, Failure> {
        let response = request.send().await?;
        let status = response.status().as_u16();
        let is_replay = response.headers().get("idempotent-replay").is_some_and(|value| value == "true");
        Ok(Self { status, is_replay, text: response.text().await? })
    }
}

/// A client that signs what it sends.
pub(crate) struct Client {
    http: reqwest::Client,
    base: String,
    handset: Handset,
}

impl Client {
    pub(crate) fn new(base: &str, handset: Handset) -> Self {
        Self { http: reqwest::Client::new(), base: base.trim_end_matches('/').to_owned(), handset }
    }

    pub(crate) async fn send(&self, method: &str, path: &str, body: Option<&str>) -> Result<Answer, Failure> {
        let method: reqwest::Method = method.parse().map_err(|_| "the method is GET, POST or DELETE")?;
        let mut request = self.http.request(method.clone(), format!("{}{path}", self.base));
        let signed = self.handset.headers(method.as_str(), path, SystemClock.now(), body.unwrap_or("").as_bytes())?;
        for (name, value) in signed {
            request = request.header(name, value.expose_secret());
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_owned());
        }
        Answer::of(request).await
    }
}

/// Sends one request and prints the reply's body. Fails unless it succeeded.
#[allow(clippy::print_stdout, reason = "this is what the command is for")]
pub(crate) async fn run(options: PhoneOptions) -> Result<(), Failure> {
    let PhoneOptions { file, at, method, path, body } = options;
    let answer = Client::new(&at, read(&file)?).send(&method, &path, body.as_deref()).await?;
    let is_json = serde_json::from_str::<Value>(&answer.text).is_ok();
    println!("{}", answer.text);
    match answer.status {
        200..=299 => Ok(()),
        // A problem document says it all.
        status if is_json => Err(format!("status {status}").into()),
        status => Err(format!("status {status}, and no JSON; is this the address of a Warifu?").into()),
    }
}

/// The phone in a file: what `member add` printed, whole or the one value. `-` is standard input.
fn read(file: &Path) -> Result<Handset, Failure> {
    let mut text = String::new();
    if file == Path::new("-") {
        std::io::stdin().read_to_string(&mut text)?;
    } else {
        text = std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    let words = text.split(|letter: char| letter.is_whitespace() || letter == '"');
    let found = words.filter(|word| word.starts_with("wfm_")).find_map(Handset::parse);
    found.ok_or_else(|| format!("{} holds no phone, as `warifu member add` prints one", file.display()).into())
}
