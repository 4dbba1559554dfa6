//! The failure board under a group of 30: how long they are kept waiting, and how soon each browser is told what another did.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use super::process::{Programs, Server, answers};
use super::report::{Report, median};
use super::{Scale, as_f64};

/// One thing each by all of them in this time: 120 a second.
const EVERY_MS: &str = "250";

/// The same for the large diagram, on which everything is done by all of them in this time: 30 a second.
const PREVENT_EVERY_MS: &str = "1000";
const BOXES: &str = "500";
const ARROWS: &str = "1500";
const LIBRARY: &str = "1000";

/// Marks, writes and reads by 30 people on one engine, several times over; then steps 4 and 5 on a large diagram.
pub(super) fn measure(
    report: &mut Report,
    programs: &Programs,
    folder: &Path,
    scale: &Scale,
    (engine, url): (&str, &str),
) -> Result<(), String> {
    let server = Server::start_board(programs, folder, url)?;
    let each = scale.board_each.to_string();
    let mut rounds = Vec::new();
    for round in 0..scale.rounds {
        let name = format!("round-{round}");
        let to = ["--address", &server.address, "--name", &name, "--every", EVERY_MS, "--each", &each];
        let answer = answers(&programs.board_drill, &to)?.pop();
        rounds.push(answer.ok_or("the group said nothing")?);
    }
    Rounds(rounds).report(report, "board", engine)?;
    let each = scale.prevent_each.to_string();
    let mut rounds = Vec::new();
    for round in 0..scale.rounds {
        let name = format!("prevent-{round}");
        let library = if round == 0 { LIBRARY } else { "0" };
        let to = ["--address", &server.address, "--name", &name, "--every", PREVENT_EVERY_MS, "--each", &each];
        let large = ["--boxes", BOXES, "--arrows", ARROWS, "--library", library];
        let answer = answers(&programs.board_drill, &[&to[..], &large[..]].concat())?.pop();
        rounds.push(answer.ok_or("the group said nothing")?);
    }
    Rounds(rounds).report(report, "board_prevent", engine)?;
    let (_, peak) = server.memory().ok_or("the server's memory cannot be read")?;
    report.one(
        &format!("board_memory_{engine}"),
        as_f64(peak),
        "MiB",
        &format!("twice {} reviews, 30 open browsers", scale.rounds),
    );
    Ok(())
}

/// What the group said, round by round.
struct Rounds(Vec<Value>);

/// Where among the latencies of one kind each stands.
const MEDIAN: usize = 0;
const P99: usize = 1;
const MOST: usize = 3;

impl Rounds {
    fn report(&self, report: &mut Report, part: &str, engine: &str) -> Result<(), String> {
        let of = |kind: &str, place: usize| self.millis(kind, place);
        let livez = of("/livez", P99)?;
        let beside = format!("livez of the same server, 99 in 100 within {:.1} ms", median(&livez));
        let mut add = |figure: &str, values: &[f64], beside: &str| {
            report.add(&format!("{part}_{figure}_ms_{engine}"), values, "ms", beside);
        };
        add("livez_p99", &livez, "the request that does nothing, before and after, as often a second");
        add("interaction_p50", &of("/interaction", MEDIAN)?, &beside);
        add("interaction_p99", &of("/interaction", P99)?, &beside);
        add("live_p50", &of("/live", MEDIAN)?, "from sent until one of 30 open browsers is told");
        add("live_p99", &of("/live", P99)?, &beside);
        add("live_max", &of("/live", MOST)?, &beside);
        for kind in self.kinds() {
            let name = format!("/kinds/{kind}");
            let (half, most) = (median(&of(&name, MEDIAN)?), median(&of(&name, MOST)?));
            let beside = format!("{} a round; half within {half:.1} ms, the slowest {most:.0} ms", self.count(&name)?);
            if matches!(kind.as_str(), "first_diagram" | "same_diagram") {
                // Three of them: half is what there is to say.
                add(&format!("{kind}_p50"), &of(&name, MEDIAN)?, &beside);
            }
            add(&format!("{kind}_p99"), &of(&name, P99)?, &beside);
        }
        Ok(())
    }

    /// The kinds of things that were done, apart from the yardstick.
    fn kinds(&self) -> Vec<String> {
        let first = self.0.first().and_then(|round| round.get("kinds")).and_then(Value::as_object);
        let kinds: BTreeMap<_, _> = first.into_iter().flatten().collect();
        kinds.into_keys().filter(|kind| *kind != "livez").cloned().collect()
    }

    fn count(&self, kind: &str) -> Result<u64, String> {
        let found = self.0.first().and_then(|round| round.pointer(&format!("{kind}/count"))).and_then(Value::as_u64);
        found.ok_or_else(|| format!("the group said nothing of {kind}"))
    }

    /// A latency of each round in milliseconds.
    fn millis(&self, kind: &str, place: usize) -> Result<Vec<f64>, String> {
        let one = |round: &Value| round.pointer(&format!("{kind}/latency_us/{place}")).and_then(Value::as_f64);
        let all: Option<Vec<f64>> = self.0.iter().map(|round| one(round).map(|micros| micros / 1_000.0)).collect();
        all.ok_or_else(|| format!("the group said nothing of {kind}"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn figures_are_medians_of_rounds_in_milliseconds() {
        let round = |p99: u64| {
            let times = json!({ "count": 9, "latency_us": [1_000, p99, p99, p99] });
            json!({ "interaction": times, "livez": times, "live": times, "kinds": { "put_why": times, "livez": times } })
        };
        let rounds = Rounds(vec![round(3_000), round(9_000), round(4_000)]);
        assert_eq!(rounds.millis("/kinds/put_why", P99).map(|all| median(&all)), Ok(4.0));
        assert_eq!(rounds.kinds(), ["put_why"]);
        let mut report = Report::default();
        assert_eq!(rounds.report(&mut report, "board", "sqlite"), Ok(()));
        assert!(rounds.millis("/none", P99).is_err());
    }
}
