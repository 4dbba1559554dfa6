//! Far more than can be done, for minutes: how much is done all the same, how soon the others are told, and what is left of it afterwards.
//!
//! Generator and server share a machine, so a server that is bound by its processor would be slowed by the generator and by the refusals
//! themselves. What is slow here is the disk: each sync takes a fixed time longer. Without it the whole machine is the bound.

use std::path::Path;
use std::time::Duration;

use serde_json::Value;

use super::process::{Programs, Server, answers};
use super::report::{Report, median};
use super::{Folder, as_f64};

/// How hard, and for how long.
#[derive(Debug)]
pub(crate) struct Load {
    /// How many times what can be done is asked for.
    pub(crate) times: u32,
    pub(crate) seconds: u32,
    /// How much longer each sync of the disk takes.
    pub(crate) sync: Duration,
}

/// Members whose used codes are shown again and again.
const MEMBERS: usize = 500;
/// At the peak: as many as are in a full commit and in the next one; and open, so that those who wait do not keep others from coming.
const CLOSED: usize = 512;
const OPEN: usize = 2_048;
/// How long the peak, the usual load and the time afterwards are measured, in seconds.
const STRETCH: f64 = 10.0;
/// How often the server's memory is read.
const LOOK: Duration = Duration::from_secs(1);

/// Measures, and writes `target/bench/report.json`.
pub(crate) fn run(root: &Path, load: &Load) -> Result<(), String> {
    let programs = Programs::build(root)?;
    let folder = Folder::create()?;
    let url = format!("sqlite:{}", folder.0.join("overload.db").display());
    let (crowd, keys) = (folder.0.join("crowd").display().to_string(), folder.0.join("keys").display().to_string());
    answers(&programs.measure, &["crowd", &url, &keys, &crowd, &MEMBERS.to_string(), "256"])?;
    let server = Server::start_slow(&programs, &folder.0, &url, load.sync)?;
    let mut runs = 0;
    // Each run has codes used up first, for the drill does not know those of another run.
    let mut drill = |last: String| {
        runs += 1;
        let (name, issue, pay) = (format!("d{runs}"), format!("issue:64:{MEMBERS}"), format!("pay:64:{MEMBERS}"));
        let to = ["--address", &server.address, "--crowd", &crowd, "--name", &name, &issue, &pay, &last];
        answers(&programs.drill, &to)?.pop().ok_or_else(|| "the drill said nothing".to_owned())
    };
    let used = |pace: f64, connections: usize, seconds: f64| match pace {
        0.0 => format!("used:{connections}:{seconds:.0}"),
        _ => format!("used@{pace:.0}:{connections}:{:.0}", pace * seconds),
    };
    let first = number(&drill(used(0.0, CLOSED, 5_000.0))?, "/rate")?;
    let mut peaks = Vec::new();
    for _ in 0..3 {
        peaks.push(number(&drill(used(0.0, CLOSED, first * STRETCH))?, "/rate")?);
    }
    let peak = median(&peaks);
    // So long that the logs are moved in it a few times, which is what is late at half of the peak.
    let usual = drill(used(peak / 2.0, OPEN, 3.0 * STRETCH))?;
    let memory = || server.memory().map_or(0, |(now, _)| now);
    let before = memory();
    let asked = peak * f64::from(load.times);
    let (over, memories) = std::thread::scope(|scope| {
        let (done, is_done) = std::sync::mpsc::channel::<()>();
        let watch = scope.spawn(move || {
            let mut seen = Vec::new();
            while is_done.recv_timeout(LOOK).is_err_and(|error| error == std::sync::mpsc::RecvTimeoutError::Timeout) {
                seen.push(memory());
            }
            seen
        });
        let over = drill(used(asked, OPEN, f64::from(load.seconds)));
        drop(done);
        (over, watch.join().unwrap_or_default())
    });
    let [soon, later] = [(), ()].map(|()| drill(used(peak / 2.0, OPEN, STRETCH)));

    let found = Found { peaks, usual, over: over?, soon: soon?, later: later?, before, memories, after: memory() };
    found.report(load)?.write(root, false, false)
}

/// What the drill said and how much memory the server took.
struct Found {
    peaks: Vec<f64>,
    usual: Value,
    over: Value,
    soon: Value,
    later: Value,
    before: u64,
    memories: Vec<u64>,
    after: u64,
}

impl Found {
    fn report(self, load: &Load) -> Result<Report, String> {
        let Self { peaks, usual, over, soon, later, before, memories, after } = self;
        let peak = median(&peaks);
        let what = format!(
            "{} times the peak for {} s, open loop, {OPEN} connections, each sync {} ms longer",
            load.times,
            load.seconds,
            load.sync.as_millis()
        );
        let mut report = Report::default();
        let ms = |answer: &Value, path: &str| number(answer, path).map(|micros| micros / 1_000.0);
        let (p99, refused) = ("/latency_us/1", "/refused_us/1");
        report.add("overload_peak", &peaks, "payments/s", &format!("closed loop, {CLOSED} connections"));
        report.one("overload_offered", number(&over, "/offered")?, "payments/s", &what);
        report.one("overload_goodput", number(&over, "/rate")? / peak, "ratio", &format!("the peak; {what}"));
        let usual = ms(&usual, p99)?;
        let beside = format!("99 in 100 at half of the peak: {usual:.0} ms");
        report.one("overload_accepted_p99", ms(&over, p99)? / usual, "ratio", &beside);
        report.one("overload_refused_p50", ms(&over, "/refused_us/0")?, "ms", "from when it was due");
        report.one("overload_refused_p99", ms(&over, refused)?, "ms", "from when it was due");
        report.one("overload_without_retry_after", number(&over, "/without_retry_after")?, "refusals", "must be none");
        report.one(
            "overload_after_p99",
            ms(&soon, p99)? / usual,
            "ratio",
            &format!("in the first 10 s afterwards; {beside}"),
        );
        report.one(
            "overload_later_p99",
            ms(&later, p99)? / usual,
            "ratio",
            &format!("in the 10 s after these; {beside}"),
        );
        let memories: Vec<f64> = memories.into_iter().map(as_f64).collect();
        report.add("overload_memory", &memories, "MiB", &format!("{before} MiB before, {after} MiB after"));
        println!("\nwhat was answered otherwise: {}", over.get("answers").unwrap_or(&Value::Null));
        Ok(report)
    }
}

fn number(answer: &Value, path: &str) -> Result<f64, String> {
    answer.pointer(path).and_then(Value::as_f64).ok_or_else(|| format!("no {path} in {answer}"))
}
