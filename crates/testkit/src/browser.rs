//! A private Chromium, and pages in it that remember what they requested and complained of.
//!
//! Each page is a visitor of its own: it shares no cookie, no storage and no cache with another. Whatever takes too long is a
//! panic that tells what the page showed. Must not know a page of Warifu.

mod hand;
mod visitor;

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chromiumoxide::cdp::browser_protocol::browser::{BrowserContextId, GetVersionParams};
use chromiumoxide::cdp::browser_protocol::emulation::{
    MediaFeature, SetDeviceMetricsOverrideParams, SetEmulatedMediaParams, SetLocaleOverrideParams,
    SetTouchEmulationEnabledParams, SetUserAgentOverrideParams,
};
use chromiumoxide::cdp::browser_protocol::log::{EventEntryAdded, LogEntryLevel};
use chromiumoxide::cdp::browser_protocol::network::{EventRequestWillBeSent, EventWebSocketCreated};
use chromiumoxide::cdp::browser_protocol::page::CaptureScreenshotFormat;
use chromiumoxide::cdp::browser_protocol::target::{
    CreateBrowserContextParams, CreateTargetParams, SetAutoAttachParams,
};
use chromiumoxide::cdp::js_protocol::runtime::{
    ConsoleApiCalledType, EvaluateParams, EventConsoleApiCalled, EventExceptionThrown, RemoteObject,
};
use chromiumoxide::error::CdpError;
use chromiumoxide::handler::HandlerConfig;
use chromiumoxide::listeners::EventStream;
use chromiumoxide::page::ScreenshotParams;
use futures::{FutureExt as _, StreamExt as _};
use rustix::process::{Signal, kill_process_group};
use serde::de::DeserializeOwned;
use tempfile::TempDir;
use tokio::task::JoinHandle;

use crate::Kept;

pub use visitor::Authenticator;

/// How long Chromium may take to start.
const START: Duration = Duration::from_secs(30);
/// How long a page may take to load, or to show what is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// How long the browser may take to answer: the accessibility of five hundred boxes is half a minute's work beside others.
const ANSWER: Duration = Duration::from_secs(90);

const FLAGS: &[&str] = &[
    "--headless=new",
    "--remote-debugging-port=0",
    // The sandbox needs what containers and root do not have; only the test's own pages are shown.
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--mute-audio",
    "--password-store=basic",
    "--force-color-profile=srgb",
    // Nothing that Chromium wants for itself.
    "--no-first-run",
    "--disable-background-networking",
    "--disable-breakpad",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-extensions",
    "--disable-quic",
    "--disable-sync",
    // A page in the background is as quick as the one in front.
    "--disable-background-timer-throttling",
    "--disable-backgrounding-occluded-windows",
    "--disable-renderer-backgrounding",
];

/// A running Chromium. Dropping it ends it and removes its files; its pages then answer no more.
#[derive(Debug)]
pub struct Browser {
    browser: chromiumoxide::Browser,
    user_agent: String,
    unread: Unread,
    handler: JoinHandle<()>,
    // After all that speaks to it: the process ends before its folder goes.
    _process: Process,
}

/// What a page is seen through.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Viewport {
    /// In CSS pixels.
    pub width: u32,
    /// In CSS pixels.
    pub height: u32,
    /// Pixels of the screen to one CSS pixel.
    pub scale: f64,
    /// Whether it is touched, and heeds the page's `viewport`.
    pub mobile: bool,
}

impl Browser {
    /// Starts Chromium.
    ///
    /// # Panics
    /// If it is not installed, or does not start.
    pub async fn start() -> Self {
        let process = Process::start();
        let address = process.wait_for_address().await;
        // Messages that this library cannot read must not be lost in silence.
        let config = HandlerConfig {
            viewport: None,
            ignore_invalid_messages: false,
            request_timeout: ANSWER,
            ..HandlerConfig::default()
        };
        let (browser, mut events) = chromiumoxide::Browser::connect_with_config(address, config)
            .await
            .unwrap_or_else(|error| panic!("Chromium takes no connection: {error}"));
        let unread = Unread::default();
        let handler = tokio::spawn({
            let unread = unread.clone();
            async move {
                while let Some(event) = events.next().await {
                    match event {
                        Ok(()) => {}
                        Err(CdpError::InvalidMessage(message, _)) => unread.add(message),
                        Err(_) => return,
                    }
                }
            }
        });
        let version = browser.execute(GetVersionParams::default()).await.expect("Chromium says its version");
        Self { browser, user_agent: version.result.user_agent, unread, handler, _process: process }
    }

    /// Opens `url` as a visitor of its own who prefers `language`, a tag such as `ja`, and a dark or a light page, and waits
    /// until it is loaded.
    ///
    /// # Panics
    /// If the page does not load.
    pub async fn open(&self, url: &str, viewport: Viewport, language: &str, dark: bool) -> Page {
        let visitor = self.browser.create_browser_context(CreateBrowserContextParams::default()).await;
        let visitor =
            Visitor { context: visitor.expect("a visitor can come"), viewport, language: language.to_owned(), dark };
        self.open_for(visitor, url).await
    }

    /// Opens `url` in another window of the visitor of `page`, who keeps there what it keeps here.
    ///
    /// # Panics
    /// If the page does not load.
    pub async fn open_beside(&self, page: &Page, url: &str) -> Page {
        self.open_for(page.visitor.clone(), url).await
    }

    async fn open_for(&self, visitor: Visitor, url: &str) -> Page {
        self.try_open(visitor, url).await.unwrap_or_else(|error| panic!("{url} cannot be opened: {error}"))
    }

    async fn try_open(&self, visitor: Visitor, url: &str) -> Result<Page, CdpError> {
        let Visitor { viewport, ref language, dark, .. } = visitor;
        let mut blank = CreateTargetParams::new("about:blank");
        blank.browser_context_id = Some(visitor.context.clone());
        let page = self.browser.new_page(blank).await?;

        // Otherwise its service worker is kept waiting for a debugger that never comes.
        page.execute(SetAutoAttachParams::new(false, false)).await?;
        let Viewport { width, height, scale, mobile } = viewport;
        page.execute(SetDeviceMetricsOverrideParams::new(i64::from(width), i64::from(height), scale, mobile)).await?;
        page.execute(SetTouchEmulationEnabledParams::new(mobile)).await?;
        let mut agent = SetUserAgentOverrideParams::new(self.user_agent.clone());
        agent.accept_language = Some(language.clone());
        page.execute(agent).await?;
        page.execute(SetLocaleOverrideParams::builder().locale(language.as_str()).build()).await?;
        let color_scheme = MediaFeature::new("prefers-color-scheme", if dark { "dark" } else { "light" });
        page.execute(SetEmulatedMediaParams::builder().features([color_scheme]).build()).await?;

        let records = Records {
            requests: page.event_listener().await?,
            sockets: page.event_listener().await?,
            console: page.event_listener().await?,
            exceptions: page.event_listener().await?,
            entries: page.event_listener().await?,
            requested: Vec::new(),
            errors: Vec::new(),
        };
        page.goto(url).await?;
        Ok(Page { page, visitor, records: tokio::sync::Mutex::new(records), unread: self.unread.clone() })
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.handler.abort();
    }
}

/// Somebody with cookies and a memory of the own, and how pages are shown to them.
#[derive(Clone, Debug)]
struct Visitor {
    context: BrowserContextId,
    viewport: Viewport,
    language: String,
    dark: bool,
}

/// A page that is open in a [`Browser`].
#[derive(Debug)]
pub struct Page {
    page: chromiumoxide::Page,
    visitor: Visitor,
    records: tokio::sync::Mutex<Records>,
    unread: Unread,
}

impl Page {
    /// Has every page that is loaded here from now on run this first.
    ///
    /// # Panics
    /// If the browser does not answer.
    pub async fn add_script(&self, js: &str) {
        self.page.evaluate_on_new_document(js.to_owned()).await.expect("the script is kept");
    }

    /// Closes the window at once, whatever it is doing.
    ///
    /// # Panics
    /// If the browser does not answer.
    pub async fn close(self) {
        self.page.close().await.expect("a window is closed");
    }

    /// Every URL that the page and its frames of the same site requested since it was opened, in order: its own, those of
    /// redirects, and those that failed. Without what needs no network, `data:` and `blob:`; and without what a worker
    /// fetched, which is not the page.
    ///
    /// # Panics
    /// If the browser does not answer.
    pub async fn requests(&self) -> Vec<String> {
        self.read_records().await.requested.clone()
    }

    /// What the page complained of since it was opened: errors in the console, exceptions that nobody caught, resources that
    /// failed to load, violations of its security policy.
    ///
    /// # Panics
    /// If the browser does not answer.
    pub async fn console_errors(&self) -> Vec<String> {
        self.read_records().await.errors.clone()
    }

    /// The text that the page shows.
    ///
    /// # Panics
    /// If the browser does not answer.
    pub async fn text(&self) -> String {
        self.evaluate("document.body.innerText").await
    }

    /// Waits until an element that matches the CSS `selector` is in the page.
    ///
    /// # Panics
    /// If none appears in time; with what the page shows instead.
    pub async fn wait_for(&self, selector: &str) {
        let quoted = serde_json::to_string(selector).expect("a text is JSON");
        let found = format!("document.querySelector({quoted}) !== null");
        self.wait_until(&found).await;
    }

    /// Writes what the viewport shows to `path`, as PNG.
    ///
    /// # Panics
    /// If the browser does not answer or the file cannot be written.
    pub async fn screenshot(&self, path: impl AsRef<Path>) {
        let path = path.as_ref();
        let as_png = ScreenshotParams::builder().format(CaptureScreenshotFormat::Png).build();
        let png = self.page.screenshot(as_png).await.expect("the page is drawn");
        std::fs::write(path, png).unwrap_or_else(|error| panic!("{} cannot be written: {error}", path.display()));
    }

    /// What a JavaScript expression is in the page. A promise is awaited; `undefined` is `()`.
    ///
    /// # Panics
    /// If it throws, or is no `T`.
    pub async fn evaluate<T: DeserializeOwned>(&self, js: &str) -> T {
        self.try_evaluate(js).await.unwrap_or_else(|error| panic!("{error}"))
    }

    /// The same, or why it is nothing: it throws, it is no `T`, or the page went to another meanwhile.
    async fn try_evaluate<T: DeserializeOwned>(&self, js: &str) -> Result<T, String> {
        let mut expression = EvaluateParams::new(js);
        expression.await_promise = Some(true);
        expression.return_by_value = Some(true);
        let result = self.page.evaluate_expression(expression).await;
        let result = result.map_err(|error| format!("{js}\nfailed in the page: {error}"))?;
        let value = result.value().cloned().unwrap_or_default();
        let text = value.to_string();
        serde_json::from_value(value).map_err(|error| format!("{js}\nis {text} in the page: {error}"))
    }

    async fn read_records(&self) -> tokio::sync::MutexGuard<'_, Records> {
        // Chromium answers in order. What happened before the first answer is handed on at the latest before the second.
        for _ in 0..2 {
            self.evaluate::<()>("undefined").await;
        }
        self.unread.refuse();
        let mut records = self.records.lock().await;
        records.read();
        records
    }
}

/// The events of a page: as they wait, and as they were read.
#[derive(Debug)]
struct Records {
    requests: EventStream<EventRequestWillBeSent>,
    sockets: EventStream<EventWebSocketCreated>,
    console: EventStream<EventConsoleApiCalled>,
    exceptions: EventStream<EventExceptionThrown>,
    entries: EventStream<EventEntryAdded>,
    requested: Vec<String>,
    errors: Vec<String>,
}

impl Records {
    fn read(&mut self) {
        let needs_network = |url: &String| !url.starts_with("data:") && !url.starts_with("blob:");
        self.requested.extend(waiting(&mut self.requests).map(|event| event.request.url.clone()).filter(needs_network));
        self.requested.extend(waiting(&mut self.sockets).map(|event| event.url.clone()));

        let is_error = |event: &Arc<EventConsoleApiCalled>| {
            matches!(event.r#type, ConsoleApiCalledType::Error | ConsoleApiCalledType::Assert)
        };
        let said = |event: Arc<EventConsoleApiCalled>| event.args.iter().map(as_text).collect::<Vec<_>>().join(" ");
        self.errors.extend(waiting(&mut self.console).filter(is_error).map(said));
        self.errors.extend(waiting(&mut self.exceptions).map(|event| {
            let details = &event.exception_details;
            let exception = details.exception.as_ref().map_or_else(String::new, as_text);
            format!("{} {exception}", details.text)
        }));
        let entries = waiting(&mut self.entries).filter(|event| event.entry.level == LogEntryLevel::Error);
        self.errors.extend(
            entries.map(|event| format!("{} {}", event.entry.text, event.entry.url.as_deref().unwrap_or_default())),
        );
    }
}

/// The events that came since the last time.
fn waiting<T: chromiumoxide::cdp::IntoEventKind + Unpin>(
    events: &mut EventStream<T>,
) -> impl Iterator<Item = Arc<T>> + '_ {
    std::iter::from_fn(|| events.next().now_or_never().flatten())
}

fn as_text(value: &RemoteObject) -> String {
    match (&value.value, &value.description) {
        (Some(serde_json::Value::String(text)), _) => text.clone(),
        (_, Some(description)) => description.clone(),
        (Some(value), None) => value.to_string(),
        (None, None) => "undefined".to_owned(),
    }
}

/// Messages of a newer Chromium than the library knows.
#[derive(Clone, Debug, Default)]
struct Unread(Arc<Mutex<Vec<String>>>);

impl Unread {
    /// The events that a page's records are made of.
    const RECORDED: &[&str] = &[
        r#""Network.requestWillBeSent""#,
        r#""Network.webSocketCreated""#,
        r#""Runtime.consoleAPICalled""#,
        r#""Runtime.exceptionThrown""#,
        r#""Log.entryAdded""#,
    ];

    fn add(&self, message: String) {
        if Self::RECORDED.iter().any(|method| message.contains(method)) {
            self.0.lock().expect("nobody panics with the lock").push(message);
        }
    }

    /// A record with gaps would prove nothing.
    fn refuse(&self) {
        let messages = self.0.lock().expect("nobody panics with the lock").clone();
        assert!(messages.is_empty(), "this Chromium says what `chromiumoxide` cannot read: {messages:?}");
    }
}

/// The process of Chromium and its folder.
#[derive(Debug)]
struct Process {
    process: Kept,
    folder: TempDir,
}

impl Process {
    fn start() -> Self {
        let Some(program) = crate::find_on_path(&["chromium", "chromium-browser", "google-chrome"]) else {
            panic!("Chromium is not installed: install `chromium`, or run `cargo xtask setup`");
        };
        let folder =
            tempfile::Builder::new().prefix("warifu-testkit-browser-").tempdir().expect("a folder can be made");
        let log = std::fs::File::create(folder.path().join("log")).expect("the log of Chromium can be written");
        let process = Kept::start(&program, &[], "KILL", |command| {
            use std::os::unix::process::CommandExt as _;
            command.args(FLAGS).arg(format!("--user-data-dir={}", folder.path().display())).arg("about:blank");
            // A group of its own, so that its many processes can be ended together.
            command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        });
        Self { process, folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The URL at which Chromium is told what to do.
    async fn wait_for_address(&self) -> String {
        let deadline = Instant::now() + START;
        while Instant::now() < deadline {
            // Two lines: the port and the path.
            let text = std::fs::read_to_string(self.file("DevToolsActivePort")).unwrap_or_default();
            if let Some((port, path)) = text.split_once('\n').filter(|(_, path)| !path.is_empty()) {
                return format!("ws://127.0.0.1:{port}{}", path.trim_end());
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        let log = std::fs::read_to_string(self.file("log")).unwrap_or_default();
        panic!("Chromium did not start; it says:\n{log}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Fails only if the group has ended.
        let _ = kill_process_group(self.process.process(), Signal::KILL);
        self.process.wait_or_kill(Duration::ZERO);
        // The other processes of the group are dying, and may write a last file.
        let deadline = Instant::now() + Duration::from_secs(1);
        while std::fs::remove_dir_all(self.folder.path()).is_err() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
