//! Documents that hold together: decisions are numbered pages, links lead somewhere, and the two commands everything
//! hangs on stand where people and machines look for them.

use super::Finding;
use super::house::House;

const DECISIONS: &str = "docs/decisions/";

const DEMO: &str = "cargo run --release -- demo";
const TEST: &str = "cargo xtask test";

/// What each of these files must contain.
const COMMANDS: &[(&str, &[&str])] =
    &[("README.md", &[DEMO, TEST]), ("README.ja.md", &[DEMO, TEST]), (".ci/run", &[TEST])];

pub(crate) fn check(house: &House) -> Vec<Finding> {
    let mut findings = decisions(house);
    findings.extend(commands(house));
    for (path, text) in house.texts().filter(|(path, _)| path.ends_with(".md")) {
        findings.extend(dead_links(house, path, text));
    }
    findings
}

fn decisions(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    let pages = house.texts().filter(|(path, _)| path.starts_with(DECISIONS) && path.ends_with(".md"));
    for ((path, text), expected) in pages.zip(1..) {
        let name = path.strip_prefix(DECISIONS).unwrap_or_default();
        let number: Option<usize> = name.split_once('-').and_then(|(digits, _)| digits.parse().ok());
        if number != Some(expected) || !name.starts_with(&format!("{expected:04}-")) {
            let message = format!(
                "is page {expected:04} in order: decisions are cited by number, so numbers have no gap and no double; \
                 name it {expected:04}-title.md"
            );
            findings.push(Finding::new(path, 1, "decisions", message));
        }
        if !text.starts_with("# ") {
            let message = "does not begin with `# `: a decision is found by its title; begin with it";
            findings.push(Finding::new(path, 1, "decisions", message));
        }
    }
    findings
}

fn commands(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, commands) in COMMANDS {
        let text = house.text(path).unwrap_or_default();
        for command in commands.iter().filter(|command| !text.contains(**command)) {
            let message = format!(
                "does not contain `{command}`: it is one of the two commands this repository promises to work; write it out"
            );
            findings.push(Finding::new(path, 1, "commands", message));
        }
    }
    findings
}

fn dead_links(house: &House, path: &str, text: &str) -> Vec<Finding> {
    let dead = links(text).into_iter().filter(|(_, target)| {
        resolve(path, target).is_some_and(|resolved| !resolved.is_empty() && !house.contains(&resolved))
    });
    let finding = |(line, target): (usize, String)| {
        let message =
            format!("the link `{target}` leads nowhere: a reader who follows it is lost; correct or remove it");
        Finding::new(path, line, "links", message)
    };
    dead.map(finding).collect()
}

/// Lines and targets of Markdown links, reference definitions and HTML attributes, outside of code.
fn links(text: &str) -> Vec<(usize, String)> {
    let mut links = Vec::new();
    let mut in_code = false;
    for (line, number) in text.lines().zip(1..) {
        if line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~") {
            in_code = !in_code;
        } else if !in_code {
            // Between backticks stands code: every second piece.
            let prose: String = line.split('`').step_by(2).collect();
            links.extend(targets(&prose).into_iter().map(|target| (number, target)));
        }
    }
    links
}

fn targets(prose: &str) -> Vec<String> {
    let mut targets = Vec::new();
    for (open, close) in [("](", ')'), ("src=\"", '"'), ("href=\"", '"')] {
        let pieces = prose.split(open).skip(1);
        targets.extend(pieces.filter_map(|piece| piece.split_once(close)).map(|(target, _)| target));
    }
    if prose.starts_with('[') {
        targets.extend(prose.split_once("]: ").map(|(_, target)| target));
    }
    // After a blank comes the link's title.
    let without_title = targets.into_iter().filter_map(|target| target.split_whitespace().next());
    without_title.map(|target| target.trim_matches(['<', '>']).to_owned()).collect()
}

/// The path from the root that a link in `from` leads to; `None` if it leads out of the repository or to its own page.
fn resolve(from: &str, target: &str) -> Option<String> {
    let file = target.split(['#', '?']).next().unwrap_or_default();
    if file.is_empty() || file.contains("://") || file.starts_with("mailto:") {
        return None;
    }
    let folder = from.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = match file.strip_prefix('/') {
        Some(_) => Vec::new(),
        None => folder.split('/').filter(|part| !part.is_empty()).collect(),
    };
    for part in file.split('/') {
        match part {
            "" | "." => {}
            // Above the root there is nothing: the two dots stay, and no such path exists.
            ".." if parts.last().is_some_and(|part| *part != "..") => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(findings: &[Finding]) -> Vec<&'static str> {
        findings.iter().map(|finding| finding.rule).collect()
    }

    #[test]
    fn decisions_are_numbered_without_a_gap_and_have_a_title() {
        let house = |second: &str, text: &str| {
            House::of(&[("docs/decisions/0001-ledger.md", "# Ledger\n"), (&format!("docs/decisions/{second}"), text)])
        };
        assert_eq!(decisions(&house("0002-store.md", "# Store\n")), []);
        assert_eq!(decisions(&house("0003-store.md", "# Store\n")).len(), 1);
        assert_eq!(decisions(&house("0001-store.md", "# Store\n")).len(), 1);
        assert_eq!(decisions(&house("store.md", "# Store\n")).len(), 1);
        assert_eq!(decisions(&house("0002-store.md", "Store\n")).len(), 1);
    }

    #[test]
    fn the_two_commands_stand_where_they_are_looked_for() {
        let readme = format!("{DEMO}\n{TEST}\n");
        let house = House::of(&[("README.md", &readme), ("README.ja.md", &readme), (".ci/run", TEST)]);
        assert_eq!(commands(&house), []);
        assert_eq!(rules(&commands(&House::of(&[("README.md", &readme), ("README.ja.md", TEST)]))), ["commands"; 2]);
    }

    #[test]
    fn links_lead_somewhere() {
        let text = "# A\n[ok](b.md#part) ![ok](../art/a.svg \"title\") [ok](https://example.com) [ok](#a) [ok](..)\n\
                    [bad](c.md)\n`[code](d.md)`\n```\n[code](e.md)\n```\n[bad]: ../../f.md\n<img src=\"g.png\">\n";
        let house = House::of(&[("docs/a.md", text), ("docs/b.md", "# B\n"), ("art/a.svg", "<svg/>")]);
        let lines: Vec<usize> = dead_links(&house, "docs/a.md", text).iter().map(|finding| finding.line).collect();
        assert_eq!(lines, [3, 8, 9]);
    }
}
