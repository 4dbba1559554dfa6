//! What was measured: a list for programs, a page for people.

use std::fmt::Write as _;
use std::path::Path;

use serde_json::{Value, json};

/// Figures in the order in which they were taken.
#[derive(Debug, Default)]
pub(crate) struct Report(Vec<Figure>);

#[derive(Debug)]
struct Figure {
    name: String,
    value: f64,
    unit: &'static str,
    yardstick: String,
    spread: (f64, f64),
}

impl Report {
    /// The median of several rounds, with the least and the most.
    pub(crate) fn add(&mut self, name: &str, rounds: &[f64], unit: &'static str, yardstick: &str) {
        let least = rounds.iter().copied().fold(f64::INFINITY, f64::min);
        let most = rounds.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let (name, yardstick) = (name.to_owned(), yardstick.to_owned());
        let figure = Figure { name, value: median(rounds), unit, yardstick, spread: (least, most) };
        println!(
            "{:<46} {:>12.3} {:<12} {:.3} to {:.3}  {}",
            figure.name, figure.value, unit, least, most, figure.yardstick
        );
        self.0.push(figure);
    }

    /// A figure that was taken once.
    pub(crate) fn one(&mut self, name: &str, value: f64, unit: &'static str, yardstick: &str) {
        self.add(name, &[value], unit, yardstick);
    }

    /// Writes `target/bench/report.json`; and, of a full run of everything, the tables of `docs/performance.md`.
    pub(crate) fn write(&self, root: &Path, is_quick: bool, is_whole: bool) -> Result<(), String> {
        let folder = root.join("target/bench");
        std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let list: Vec<Value> = self.0.iter().map(Figure::json).collect();
        let text = serde_json::to_string_pretty(&list).map_err(|error| error.to_string())?;
        std::fs::write(folder.join("report.json"), text + "\n").map_err(|error| error.to_string())?;
        if is_quick || !is_whole {
            println!("\ntarget/bench/report.json is written; docs/performance.md is of whole runs only");
            return Ok(());
        }
        self.write_page(&root.join("docs/performance.md"))
    }

    /// Replaces what stands between the two marks.
    fn write_page(&self, path: &Path) -> Result<(), String> {
        let page = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        let (before, rest) = page.split_once(BEGIN).ok_or("docs/performance.md has no mark where the figures begin")?;
        let (_, after) = rest.split_once(END).ok_or("docs/performance.md has no mark where the figures end")?;
        let mut table =
            String::from("\n| figure | median | least to most | unit | beside it |\n|---|---|---|---|---|\n");
        for Figure { name, value, unit, yardstick, spread: (least, most) } in &self.0 {
            let _ = writeln!(table, "| `{name}` | {value:.2} | {least:.2} to {most:.2} | {unit} | {yardstick} |");
        }
        std::fs::write(path, format!("{before}{BEGIN}\n{}\n{table}{END}{after}", machine()))
            .map_err(|error| error.to_string())
    }
}

const BEGIN: &str = "<!-- figures begin -->";
const END: &str = "<!-- figures end -->";

impl Figure {
    fn json(&self) -> Value {
        let Self { name, value, unit, yardstick, spread: (least, most) } = self;
        json!({ "name": name, "value": value, "unit": unit, "yardstick": yardstick, "spread": [least, most] })
    }
}

/// The machine that it was measured on, in a line.
fn machine() -> String {
    let processor = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processor.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": unknown processor");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kib = memory.lines().find_map(|line| line.strip_prefix("MemTotal:")?.split_whitespace().next()?.parse().ok());
    let gib = kib.map_or(0, |kib: u64| kib / 1024 / 1024);
    let date = crate::command::first_line("date", &["-u", "+%Y-%m-%d"]).unwrap_or_default();
    format!(
        "\nMeasured on {date}: {cores} cores of{}, {gib} GiB, shared.",
        model.trim_start_matches([' ', '\t']).replacen(':', "", 1)
    )
}

/// The middle one; the mean of the two in the middle of an even number.
pub(crate) fn median(figures: &[f64]) -> f64 {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
    if sorted.len() % 2 == 1 { at(middle) } else { (at(middle.saturating_sub(1)) + at(middle)) / 2.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle_one() {
        assert!((median(&[3.0, 1.0, 2.0]) - 2.0).abs() < 1e-9);
        assert!((median(&[4.0, 1.0, 2.0, 3.0]) - 2.5).abs() < 1e-9);
    }

    #[test]
    fn a_figure_has_the_five_fields() {
        let mut report = Report::default();
        report.add("rate_at_10m", &[0.9, 0.7, 0.8], "ratio", "an empty store");
        let json = report.0.first().map(Figure::json);
        let expected = json!({
            "name": "rate_at_10m", "value": 0.8, "unit": "ratio", "yardstick": "an empty store", "spread": [0.7, 0.9]
        });
        assert_eq!(json, Some(expected));
    }
}
