//! Only app reads the clock and makes random ids: whoever else needs the time is handed it, and so can be tested at any
//! time of day. (core is held to more, see `purity`; `Instant` measures durations and is free elsewhere.)

use syn::visit::{self, Visit};

use super::Finding;
use super::house::House;
use super::syntax;

const HELD: [&str; 2] = ["store", "web"];

pub(crate) fn check(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, file) in HELD.iter().flat_map(|name| house.shipped(name)) {
        let mut calls = ClockCalls { path, findings: &mut findings };
        calls.visit_file(file);
    }
    findings
}

struct ClockCalls<'a> {
    path: &'a str,
    findings: &'a mut Vec<Finding>,
}

impl ClockCalls<'_> {
    fn look_at(&mut self, owner: &str, function: &str, line: usize) {
        let random = matches!((owner, function), ("Uuid", "new_v4" | "now_v7"));
        if random || (is_now(function) && owner != "Instant") {
            let message = format!(
                "`{owner}::{function}` outside app: only app reads the clock and makes ids, so that decisions can be repeated \
                 in tests; take the time or the id as an argument"
            );
            self.findings.push(Finding::new(self.path, line, "clock", message));
        }
    }
}

/// `now`, and the variants that libraries derive from it: `now_utc`, `now_v7`.
pub(crate) fn is_now(function: &str) -> bool {
    function == "now" || function.starts_with("now_")
}

impl<'ast> Visit<'ast> for ClockCalls<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if !syntax::is_test(syntax::attributes(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        if let [.., owner, function] = syntax::segments(path).as_slice() {
            self.look_at(owner, function, syntax::line_of_path(path));
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let tokens = syntax::flat_tokens(&call.tokens);
        for window in tokens.windows(4) {
            if let [(owner, line), (colon, _), (_, _), (function, _)] = window
                && colon == ":"
            {
                self.look_at(owner, function, *line);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(path: &str, text: &str) -> Vec<usize> {
        check(&House::of(&[(path, text)])).into_iter().map(|finding| finding.line).collect()
    }

    #[test]
    fn web_and_store_are_handed_the_time() {
        let text = "fn a() { jiff::Timestamp::now(); }\nfn b(t: Option<T>) { t.unwrap_or_else(SystemTime::now); }\n\
                    fn c() { debug!(at = Timestamp::now()); }\nfn d() { Uuid::new_v4(); }\n";
        assert_eq!(lines("crates/web/src/page.rs", text), [1, 2, 3, 4]);
        assert_eq!(lines("crates/store/src/row.rs", text), [1, 2, 3, 4]);
        assert_eq!(lines("crates/app/src/clock.rs", text), [0; 0]);
    }

    #[test]
    fn durations_and_tests_are_free() {
        let text = "fn a() { std::time::Instant::now(); }\n#[cfg(test)]\nmod tests { fn b() { Timestamp::now(); } }\n";
        assert_eq!(lines("crates/web/src/page.rs", text), [0; 0]);
        assert_eq!(lines("crates/web/tests/page.rs", "fn a() { Timestamp::now(); }"), [0; 0]);
    }
}
