//! core decides about money, so it must neither panic nor wrap nor reach outside: the same arguments give the same answer
//! for ever. This check reads its sources and refuses what could break that. Bodies of `macro_rules!` are scanned roughly.

use proc_macro2::Span;
use syn::visit::{self, Visit};
use syn::{BinOp, Expr, UnOp, UseTree};

use super::Finding;
use super::clock::is_now;
use super::house::House;
use super::syntax;

const NUMBERS: [&str; 14] =
    ["i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64", "u128", "usize", "f32", "f64"];
const PANICKING_METHODS: [&str; 4] = ["unwrap", "expect", "unwrap_err", "expect_err"];
const OVERFLOWING_METHODS: [&str; 4] = ["sum", "product", "pow", "abs"];
const PANICKING_MACROS: [&str; 10] = [
    "panic",
    "todo",
    "unimplemented",
    "unreachable",
    "assert",
    "assert_eq",
    "assert_ne",
    "debug_assert",
    "debug_assert_eq",
    "debug_assert_ne",
];
const OUTSIDE: [&str; 6] = ["fs", "net", "thread", "time", "env", "process"];

const CHECKED: &str =
    "can overflow, divide by zero or panic; use `checked_*` and refuse, or `saturating_*` where that is the rule";
const CAST: &str =
    "changes a value without a word; use `From`, `TryFrom` or `cast_signed`-like methods that say what they do";
const PANIC: &str = "stops the server in the middle of a decision; return a `Refusal` or a typed fault";
const FLOAT: &str = "is not exact; money is integers in minor units, ratios are i128 inside";
const REACH: &str =
    "reaches outside; app does that and passes the result as an argument (`core::time::Duration` is a value)";
const ASYNC: &str = "waits for something outside; core decides in plain functions, app awaits";

pub(crate) fn check(house: &House) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (path, file) in house.shipped("core") {
        let mut purity = Purity { path, in_constant: false, findings: &mut findings };
        purity.visit_file(file);
    }
    findings
}

struct Purity<'a> {
    path: &'a str,
    /// A constant is computed by the compiler, which refuses overflow and panics itself.
    in_constant: bool,
    findings: &'a mut Vec<Finding>,
}

impl Purity<'_> {
    fn report(&mut self, line: usize, what: &str, why: &str) {
        let message = format!("`{what}` in core: {why}");
        self.findings.push(Finding::new(self.path, line, "purity", message));
    }

    fn report_at(&mut self, span: Span, what: &str, why: &str) {
        self.report(span.start().line, what, why);
    }

    fn constant(&mut self, in_constant: bool, inside: impl FnOnce(&mut Self)) {
        let outer = std::mem::replace(&mut self.in_constant, in_constant);
        inside(self);
        self.in_constant = outer;
    }

    fn method(&mut self, name: &str, line: usize) {
        if self.in_constant {
        } else if PANICKING_METHODS.contains(&name) {
            self.report(line, name, PANIC);
        } else if OVERFLOWING_METHODS.contains(&name) {
            self.report(line, name, CHECKED);
        }
    }

    fn expression(&mut self, expression: &Expr) {
        match expression {
            Expr::Cast(cast) => self.report_at(cast.as_token.span, "as", CAST),
            Expr::Binary(binary) if !self.in_constant => {
                if let Some((operator, span)) = arithmetic(&binary.op) {
                    self.report_at(span, operator, CHECKED);
                }
            }
            // Before a literal the sign is a part of the number.
            Expr::Unary(unary) if !self.in_constant && !matches!(*unary.expr, Expr::Lit(_)) => {
                if let UnOp::Neg(minus) = &unary.op {
                    self.report_at(minus.span, "-", CHECKED);
                }
            }
            Expr::Index(index) if !self.in_constant => {
                let why = "panics when it is out of range; use `get`, `first`, slice patterns or iterators";
                self.report_at(index.bracket_token.span.open(), "[..]", why);
            }
            Expr::MethodCall(call) => {
                self.method(&call.method.to_string(), call.method.span().start().line);
            }
            Expr::Async(block) => self.report_at(block.async_token.span, "async", ASYNC),
            Expr::Await(wait) => self.report_at(wait.await_token.span, "await", ASYNC),
            Expr::Closure(closure) => {
                if let Some(token) = &closure.asyncness {
                    self.report_at(token.span, "async", ASYNC);
                }
            }
            _ => {}
        }
    }

    /// `segments` as called or imported, with the line they begin on.
    fn path(&mut self, segments: &[String], line: usize) {
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        if let Some(float) = segments.iter().find(|segment| ["f32", "f64"].contains(segment)) {
            self.report(line, float, FLOAT);
        }
        if let ["std", module, ..] = segments.as_slice()
            && OUTSIDE.contains(module)
        {
            self.report(line, &format!("std::{module}"), REACH);
        }
        if let [.., owner, function] = segments.as_slice() {
            if is_now(function) || *function == "new_v4" {
                self.report(line, &format!("{owner}::{function}"), REACH);
            }
            self.method(function, line);
        }
    }

    fn imports(&mut self, prefix: &[String], tree: &UseTree) {
        let ident = match tree {
            UseTree::Path(path) => &path.ident,
            UseTree::Name(name) => &name.ident,
            UseTree::Rename(rename) => &rename.ident,
            UseTree::Glob(_) => return,
            UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.imports(prefix, tree));
                return;
            }
        };
        let segments = [prefix, &[ident.to_string()]].concat();
        match tree {
            // Reported once, where the path has its second segment.
            UseTree::Path(path) if segments.len() < 2 => self.imports(&segments, &path.tree),
            _ => self.path(&segments, ident.span().start().line),
        }
    }

    /// The rough look into macros whose contents are no expressions.
    fn tokens(&mut self, tokens: &[(String, usize)]) {
        for (index, (text, line)) in tokens.iter().enumerate() {
            let at = |offset: usize| tokens.get(index + offset).map_or("", |(text, _)| text.as_str());
            let before = index.checked_sub(1).and_then(|index| tokens.get(index));
            let before = before.map_or("", |(text, _)| text.as_str());
            match text.as_str() {
                "as" if NUMBERS.contains(&at(1)) || at(1) == "$" => self.report(*line, "as", CAST),
                "async" | "await" => self.report(*line, text, ASYNC),
                "f32" | "f64" => self.report(*line, text, FLOAT),
                "." | ":" if at(2) == "(" => self.method(at(1), *line),
                name if PANICKING_MACROS.contains(&name) && at(1) == "!" => self.report(*line, name, PANIC),
                name if is_now(name) && before == ":" => self.report(*line, name, REACH),
                "std" if OUTSIDE.contains(&at(3)) => self.report(*line, &format!("std::{}", at(3)), REACH),
                _ => {}
            }
        }
    }
}

/// The operator, if it can overflow or divide by zero.
fn arithmetic(operator: &BinOp) -> Option<(&'static str, Span)> {
    let (text, spans): (_, &[Span]) = match operator {
        BinOp::Add(token) => ("+", &token.spans),
        BinOp::Sub(token) => ("-", &token.spans),
        BinOp::Mul(token) => ("*", &token.spans),
        BinOp::Div(token) => ("/", &token.spans),
        BinOp::Rem(token) => ("%", &token.spans),
        BinOp::Shl(token) => ("<<", &token.spans),
        BinOp::Shr(token) => (">>", &token.spans),
        BinOp::AddAssign(token) => ("+=", &token.spans),
        BinOp::SubAssign(token) => ("-=", &token.spans),
        BinOp::MulAssign(token) => ("*=", &token.spans),
        BinOp::DivAssign(token) => ("/=", &token.spans),
        BinOp::RemAssign(token) => ("%=", &token.spans),
        BinOp::ShlAssign(token) => ("<<=", &token.spans),
        BinOp::ShrAssign(token) => (">>=", &token.spans),
        _ => return None,
    };
    spans.first().map(|span| (text, *span))
}

impl<'ast> Visit<'ast> for Purity<'_> {
    fn visit_item(&mut self, item: &'ast syn::Item) {
        if syntax::is_test(syntax::attributes(item)) {
            return;
        }
        let constant = matches!(item, syn::Item::Const(_) | syn::Item::Static(_));
        self.constant(constant, |purity| visit::visit_item(purity, item));
    }

    fn visit_impl_item(&mut self, item: &'ast syn::ImplItem) {
        let constant = matches!(item, syn::ImplItem::Const(_));
        self.constant(constant, |purity| visit::visit_impl_item(purity, item));
    }

    fn visit_expr(&mut self, expression: &'ast Expr) {
        self.expression(expression);
        // A closure kept in a constant runs later.
        let constant = self.in_constant && !matches!(expression, Expr::Closure(_));
        self.constant(constant, |purity| visit::visit_expr(purity, expression));
    }

    fn visit_signature(&mut self, signature: &'ast syn::Signature) {
        if let Some(token) = &signature.asyncness {
            self.report_at(token.span, "async", ASYNC);
        }
        visit::visit_signature(self, signature);
    }

    fn visit_lit_float(&mut self, literal: &'ast syn::LitFloat) {
        self.report_at(literal.span(), &literal.to_string(), FLOAT);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.path(&syntax::segments(path), syntax::line_of_path(path));
        visit::visit_path(self, path);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.imports(&[], &item.tree);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        let name = syntax::last_segment(&call.path);
        if PANICKING_MACROS.contains(&name.as_str()) && !self.in_constant {
            self.report(syntax::line_of_path(&call.path), &format!("{name}!"), PANIC);
        }
        match syntax::macro_arguments(call) {
            Some(arguments) => arguments.iter().for_each(|argument| self.visit_expr(argument)),
            None => self.tokens(&syntax::flat_tokens(&call.tokens)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is reported for a function with this body, one word each.
    fn found_in(body: &str) -> Vec<String> {
        found_in_file(&format!("//! Room.\nfn f() {{\n{body}\n}}\n"))
    }

    fn found_in_file(text: &str) -> Vec<String> {
        let house = House::of(&[("crates/core/src/lib.rs", text)]);
        assert_eq!(house.unreadable(), []);
        let what = |finding: Finding| finding.message.split('`').nth(1).unwrap_or_default().to_owned();
        check(&house).into_iter().map(what).collect()
    }

    #[test]
    fn arithmetic_that_can_overflow_is_refused() {
        for operator in ["+", "-", "*", "/", "%", "<<", ">>", "+=", "-=", "*=", "/=", "%=", "<<=", ">>="] {
            assert_eq!(found_in(&format!("a {operator} b;")), [operator]);
        }
        assert_eq!(found_in("let a = -b;"), ["-"]);
        assert_eq!(found_in("let name = prefix + \"x\";"), ["+"]);
        assert_eq!(found_in("yen.iter().sum::<i64>(); a.pow(2);"), ["sum", "pow"]);
    }

    #[test]
    fn casts_panics_and_indexing_are_refused() {
        assert_eq!(found_in("let a = b as u8;"), ["as"]);
        assert_eq!(found_in("a.unwrap(); b.expect(\"x\"); c.map(Option::unwrap);"), ["unwrap", "expect", "unwrap"]);
        for name in PANICKING_MACROS {
            assert_eq!(found_in(&format!("{name}!(a, b);")), [format!("{name}!")]);
        }
        assert_eq!(found_in("a[0]; &b[1..];"), ["[..]", "[..]"]);
    }

    #[test]
    fn floats_are_refused() {
        assert_eq!(found_in("let a = 1.5;"), ["1.5"]);
        assert_eq!(found_in("let a: Vec<f64> = b;"), ["f64"]);
        assert_eq!(found_in("f32::from(a);"), ["f32"]);
    }

    #[test]
    fn the_world_outside_is_refused() {
        assert_eq!(found_in("std::fs::read(a);"), ["std::fs"]);
        assert_eq!(
            found_in_file("use std::{collections::BTreeMap, time::Duration};\nuse std::env;"),
            ["std::time", "std::env"]
        );
        assert_eq!(found_in("jiff::Timestamp::now(); a.map(T::now_utc);"), ["Timestamp::now", "T::now_utc"]);
        assert_eq!(found_in("async { a.await };"), ["async", "await"]);
        assert_eq!(found_in_file("async fn f() {}"), ["async"]);
    }

    #[test]
    fn macros_are_looked_into() {
        assert_eq!(found_in("format!(\"{}\", a + b as i64);"), ["+", "as"]);
        let rules = "macro_rules! m { ($a:expr) => { $a.unwrap() as u8 ; panic!() ; Timestamp::now() } }";
        assert_eq!(found_in_file(rules), ["unwrap", "as", "panic", "now"]);
    }

    #[test]
    fn what_core_is_made_of_passes() {
        let text = "//! Room.\nuse std::collections::BTreeMap;\n\
            const DAY: i64 = 24 * 60 * 60;\nconst _: () = assert!(DAY > -1);\n\
            struct Yen<T: Copy + Ord>(T);\n\
            fn f(now: Timestamp, a: &[u8]) -> Option<i64> { let b = a.first()?; let c = *a.get(1)?; \
            if b <= &c && !x | y { return None; } i64::from(c).checked_add(-1) }\n\
            #[cfg(test)]\nmod tests { fn g() { a[0] + b.unwrap() } }\n";
        assert_eq!(found_in_file(text), [""; 0]);
    }

    #[test]
    fn a_closure_in_a_constant_runs_later() {
        assert_eq!(found_in_file("const F: fn(i64) -> i64 = |a| a + 1;"), ["+"]);
    }
}
