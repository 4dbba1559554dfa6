//! Functions over 70 lines and files over 500 cannot be held in the head. Present excess is listed with its count, and the
//! list only shrinks.

use std::collections::BTreeMap;

use proc_macro2::Span;
use syn::visit::{self, Visit};
use toml::{Table, Value};

use super::house::House;
use super::{Bless, Finding, syntax};

const PATH: &str = "xtask/ratchets.toml";
const FUNCTION_LINES_MAX: usize = 70;
const FILE_LINES_MAX: usize = 500;

/// What is too long, by its name in the list.
type Excess = BTreeMap<String, Long>;

struct Long {
    lines: usize,
    path: String,
    line: usize,
}

pub(crate) fn check(house: &House) -> Vec<Finding> {
    let table = match table(house) {
        Ok(table) => table,
        Err(problem) => return vec![Finding::new(PATH, 1, "ratchets", problem)],
    };
    let mut findings = compare("file", &long_files(house), &listed(&table, "files"), FILE_LINES_MAX);
    let functions = compare("function", &long_functions(house), &listed(&table, "functions"), FUNCTION_LINES_MAX);
    findings.extend(functions);
    findings
}

/// The list, or why it cannot be used.
fn table(house: &House) -> Result<Table, String> {
    let text = house.text(PATH).ok_or("is missing: there must be a list that shrinks, if an empty one; restore it")?;
    text.parse().map_err(|error: toml::de::Error| format!("cannot be read: {}", error.message()))
}

/// The list as it should stand. Lowers and removes entries; adds and raises only when asked. Keeps the opening comment.
pub(crate) fn bless(house: &House, bless: Bless) -> Result<(&'static str, String), String> {
    let table = table(house).map_err(|problem| format!("{PATH} {problem}"))?;
    let text = house.text(PATH).unwrap_or_default();
    let comment: String =
        text.lines().take_while(|line| line.starts_with('#')).map(|line| format!("{line}\n")).collect();
    let section = |name: &str, excess: &Excess| {
        let listed = listed(&table, name);
        let lines = excess.iter().filter_map(|(key, long)| match listed.get(key) {
            _ if bless == Bless::AddNew => Some(format!("\"{key}\" = {}\n", long.lines)),
            Some(listed) => Some(format!("\"{key}\" = {}\n", long.lines.min(*listed))),
            None => None,
        });
        format!("\n[{name}]\n{}", lines.collect::<String>())
    };
    let files = section("files", &long_files(house));
    let functions = section("functions", &long_functions(house));
    Ok((PATH, format!("{comment}{files}{functions}")))
}

fn compare(kind: &str, excess: &Excess, listed: &BTreeMap<String, usize>, lines_max: usize) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (key, long) in excess {
        let lines = long.lines;
        let message = match listed.get(key) {
            None => format!(
                "the {kind} has {lines} lines, more than {lines_max}: nobody can hold it in the head; \
                 take a part that has a name of its own out of it"
            ),
            Some(listed) if lines > *listed => format!(
                "the {kind} grew from {listed} to {lines} lines, and is on the list of those that only shrink; \
                 put the new lines elsewhere"
            ),
            Some(listed) if lines < *listed => {
                format!("the {kind} shrank from {listed} to {lines} lines; keep that: run `cargo xtask tidy --bless`")
            }
            Some(_) => continue,
        };
        findings.push(Finding::new(&long.path, long.line, "ratchets", message));
    }
    for key in listed.keys().filter(|key| !excess.contains_key(*key)) {
        let message = format!(
            "the {kind} `{key}` is within {lines_max} lines or gone; take it off the list: run `cargo xtask tidy --bless`"
        );
        findings.push(Finding::new(PATH, 1, "ratchets", message));
    }
    findings
}

fn listed(table: &Table, section: &str) -> BTreeMap<String, usize> {
    let entries = table.get(section).and_then(Value::as_table);
    // A count that is no number reads as 0: then the entry is a finding, whatever the length.
    let count = |value: &Value| value.as_integer().and_then(|lines| usize::try_from(lines).ok()).unwrap_or(0);
    entries.into_iter().flatten().map(|(key, value)| (key.clone(), count(value))).collect()
}

fn long_files(house: &House) -> Excess {
    let counted = house.sources().map(|(path, _)| (path, house.text(path).unwrap_or_default().lines().count()));
    let long = counted.filter(|(_, lines)| *lines > FILE_LINES_MAX);
    long.map(|(path, lines)| (path.to_owned(), Long { lines, path: path.to_owned(), line: 1 })).collect()
}

fn long_functions(house: &House) -> Excess {
    let mut excess = Excess::new();
    for (path, file) in house.sources() {
        let mut functions = Functions { path, within: Vec::new(), excess: &mut excess };
        functions.visit_file(file);
    }
    excess
}

/// Names functions `path#module::Type::function`.
struct Functions<'a> {
    path: &'a str,
    within: Vec<String>,
    excess: &'a mut Excess,
}

impl Functions<'_> {
    fn function(&mut self, signature: &syn::Signature, end: Span) {
        let line = signature.fn_token.span.start().line;
        let lines = (end.end().line + 1).saturating_sub(line);
        if lines <= FUNCTION_LINES_MAX {
            return;
        }
        let name = [self.within.as_slice(), &[signature.ident.to_string()]].concat().join("::");
        let long = Long { lines, path: self.path.to_owned(), line };
        // Two of one name (the same method of several traits) count as the longer one.
        let key = format!("{}#{name}", self.path);
        if self.excess.get(&key).is_none_or(|known| known.lines < lines) {
            self.excess.insert(key, long);
        }
    }

    fn inside(&mut self, name: String, visit: impl FnOnce(&mut Self)) {
        self.within.push(name);
        visit(self);
        self.within.pop();
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_mod(&mut self, module: &'ast syn::ItemMod) {
        self.inside(module.ident.to_string(), |inner| visit::visit_item_mod(inner, module));
    }

    fn visit_item_impl(&mut self, block: &'ast syn::ItemImpl) {
        let name = match &*block.self_ty {
            syn::Type::Path(path) => syntax::last_segment(&path.path),
            _ => "impl".to_owned(),
        };
        self.inside(name, |inner| visit::visit_item_impl(inner, block));
    }

    fn visit_item_trait(&mut self, item: &'ast syn::ItemTrait) {
        self.inside(item.ident.to_string(), |inner| visit::visit_item_trait(inner, item));
    }

    fn visit_item_fn(&mut self, item: &'ast syn::ItemFn) {
        self.function(&item.sig, item.block.brace_token.span.close());
        self.inside(item.sig.ident.to_string(), |inner| visit::visit_item_fn(inner, item));
    }

    fn visit_impl_item_fn(&mut self, item: &'ast syn::ImplItemFn) {
        self.function(&item.sig, item.block.brace_token.span.close());
        self.inside(item.sig.ident.to_string(), |inner| visit::visit_impl_item_fn(inner, item));
    }

    fn visit_trait_item_fn(&mut self, item: &'ast syn::TraitItemFn) {
        if let Some(block) = &item.default {
            self.function(&item.sig, block.brace_token.span.close());
        }
        self.inside(item.sig.ident.to_string(), |inner| visit::visit_trait_item_fn(inner, item));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "crates/web/src/page.rs";
    const KEY: &str = "crates/web/src/page.rs#Page::show";

    fn house(ratchets: &str, function_lines: usize) -> House {
        // The `fn` line and the closing brace are two of the lines.
        let body = "        a();\n".repeat(function_lines.saturating_sub(2));
        let source = format!("//! Room.\nimpl Page {{\n    fn show() {{\n{body}    }}\n}}\n");
        House::of(&[(SOURCE, &source), (PATH, ratchets)])
    }

    fn findings(ratchets: &str, function_lines: usize) -> Vec<String> {
        check(&house(ratchets, function_lines)).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn seventy_lines_are_allowed_and_no_more() {
        assert_eq!(findings("", 70), [""; 0]);
        let found = findings("", 71);
        assert!(
            matches!(found.as_slice(), [line] if line.starts_with("crates/web/src/page.rs:3: ") && line.contains("71 lines"))
        );
    }

    #[test]
    fn a_listed_function_must_not_grow_and_keeps_what_it_lost() {
        let list = format!("[functions]\n\"{KEY}\" = 80\n");
        assert_eq!(findings(&list, 80), [""; 0]);
        assert!(findings(&list, 81).concat().contains("grew from 80 to 81"));
        assert!(findings(&list, 79).concat().contains("--bless"));
        assert!(findings(&list, 60).concat().contains("take it off the list"));
    }

    #[test]
    fn five_hundred_lines_a_file() {
        let long = format!("//! Room.\n{}", "// a\n".repeat(500));
        let found = check(&House::of(&[("xtask/src/long.rs", &long), (PATH, "")]));
        assert_eq!(found.len(), 1);
        let listed =
            check(&House::of(&[("xtask/src/long.rs", &long), (PATH, "[files]\n\"xtask/src/long.rs\" = 501\n")]));
        assert_eq!(listed, []);
    }

    #[test]
    fn blessing_lowers_and_removes_and_never_raises_or_adds() -> Result<(), String> {
        let list = format!("# Why.\n\n[files]\n\n[functions]\n\"{KEY}\" = 80\n");
        let blessed = |lines, how| bless(&house(&list, lines), how).map(|(_, text)| text);
        assert_eq!(blessed(75, Bless::Lower)?, list.replace("80", "75"));
        assert_eq!(blessed(90, Bless::Lower)?, list);
        assert_eq!(blessed(60, Bless::Lower)?, "# Why.\n\n[files]\n\n[functions]\n");
        assert_eq!(bless(&house("", 90), Bless::Lower)?.1, "\n[files]\n\n[functions]\n");
        assert_eq!(blessed(90, Bless::AddNew)?, list.replace("80", "90"));
        assert!(bless(&house("<<<<<<< conflict\n", 90), Bless::AddNew).is_err());
        Ok(())
    }

    #[test]
    fn the_list_itself_must_be_there() {
        assert_eq!(check(&House::of(&[])).len(), 1);
    }
}
