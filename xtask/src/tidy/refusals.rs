//! Every refusal is a word that tills are programmed against: each stands in the interface's description and in a test.

use std::collections::BTreeMap;

use syn::{Arm, Expr, ImplItem, Item, Lit, Pat, Stmt};

use super::house::House;
use super::{Finding, syntax};

const SOURCE: &str = "crates/core/src/refusal.rs";
const DOCUMENT: &str = "docs/interface.md";

pub(crate) fn check(house: &House) -> Vec<Finding> {
    let missing = |path, message| Finding::new(path, 1, "refusals", message);
    let Some(file) = house.source(SOURCE) else {
        return vec![missing(
            SOURCE,
            "is missing or cannot be parsed: the refusals are defined here, in the enum `Refusal`",
        )];
    };
    let mut findings = Vec::new();
    let variants = variants(file);
    let words = words(file);
    if variants.is_empty() {
        findings.push(missing(
            SOURCE,
            "has no enum `Refusal` with variants: a refusal is an answer, and a variant of this enum",
        ));
    }
    for (variant, line) in &variants {
        if !words.iter().any(|word| word.variant == *variant) {
            let message = format!(
                "`Refusal::{variant}` has no word: tills are programmed against words; give it an arm with a literal of its own \
                 in `Refusal::word`, without `_`"
            );
            findings.push(Finding::new(SOURCE, *line, "refusals", message));
        }
    }
    let document = house.text(DOCUMENT);
    if document.is_none() {
        findings.push(missing(DOCUMENT, "is missing: it tells the makers of tills which refusals there are"));
    }
    let mut seen = BTreeMap::new();
    for word in &words {
        if let Some(other) = seen.insert(&word.word, &word.variant) {
            let message = format!(
                "`{}` is the word of `{other}` and of `{}`: a till could not tell them apart",
                word.word, word.variant
            );
            findings.push(Finding::new(SOURCE, word.line, "refusals", message));
        }
        findings.extend(undocumented(word, document));
        findings.extend(untested(word, house));
    }
    findings
}

struct Word {
    variant: String,
    word: String,
    line: usize,
}

fn undocumented(word: &Word, document: Option<&str>) -> Option<Finding> {
    if document?.contains(&format!("`{}`", word.word)) {
        return None;
    }
    let message = format!(
        "`{}` is not in {DOCUMENT}: a till that meets a word it was never told of cannot tell its customer anything; \
         add it there with what the till should do",
        word.word
    );
    Some(Finding::new(SOURCE, word.line, "refusals", message))
}

fn untested(word: &Word, house: &House) -> Option<Finding> {
    let quoted = format!("\"{}\"", word.word);
    let mut tests = house.texts().filter(|(path, _)| path.starts_with("crates/") && path.contains("/tests/"));
    if tests.any(|(_, text)| text.contains(&quoted)) {
        return None;
    }
    let message = format!(
        "{quoted} is in no file under crates/*/tests: nobody has seen this refusal given; add a test that is refused this way"
    );
    Some(Finding::new(SOURCE, word.line, "refusals", message))
}

fn variants(file: &syn::File) -> Vec<(String, usize)> {
    let refusal = file.items.iter().find_map(|item| match item {
        Item::Enum(item) if item.ident == "Refusal" => Some(item),
        _ => None,
    });
    let variants = refusal.into_iter().flat_map(|item| &item.variants);
    variants.map(|variant| (variant.ident.to_string(), variant.ident.span().start().line)).collect()
}

/// The arms of the `match` that is the body of `Refusal::word`.
fn words(file: &syn::File) -> Vec<Word> {
    let blocks = file.items.iter().filter_map(|item| match item {
        Item::Impl(block) => Some(block),
        _ => None,
    });
    let of_refusal = blocks.filter(
        |block| matches!(&*block.self_ty, syn::Type::Path(path) if syntax::last_segment(&path.path) == "Refusal"),
    );
    let function = of_refusal.flat_map(|block| &block.items).find_map(|item| match item {
        ImplItem::Fn(function) if function.sig.ident == "word" => Some(function),
        _ => None,
    });
    let arms = match function.map(|function| function.block.stmts.as_slice()) {
        Some([Stmt::Expr(Expr::Match(expression), None)]) => expression.arms.as_slice(),
        _ => &[],
    };
    arms.iter().flat_map(words_of_arm).collect()
}

fn words_of_arm(arm: &Arm) -> Vec<Word> {
    let Expr::Lit(syn::ExprLit { lit: Lit::Str(word), .. }) = &*arm.body else {
        return Vec::new();
    };
    let named = variants_of(&arm.pat).into_iter();
    let word_of = |variant| Word { variant, word: word.value(), line: word.span().start().line };
    named.map(word_of).collect()
}

fn variants_of(pattern: &Pat) -> Vec<String> {
    match pattern {
        Pat::Path(pattern) => vec![syntax::last_segment(&pattern.path)],
        Pat::TupleStruct(pattern) => vec![syntax::last_segment(&pattern.path)],
        Pat::Struct(pattern) => vec![syntax::last_segment(&pattern.path)],
        Pat::Or(pattern) => pattern.cases.iter().flat_map(variants_of).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSAL: &str = "//! Refusals.\npub enum Refusal {\n    CodeUsed,\n    LimitReached { limit: Yen },\n}\n\
        impl Refusal {\n    pub const fn word(self) -> &'static str {\n        match self {\n\
        Refusal::CodeUsed => \"code_used\",\n            Self::LimitReached { .. } => \"limit_reached\",\n        }\n    }\n}\n";
    const TESTED: &str = "//! Story.\nfn a() { refused(\"code_used\"); refused(\"limit_reached\"); }\n";
    const DESCRIBED: &str = "- `code_used`\n- `limit_reached`\n";

    fn findings(refusal: &str, document: &str, test: &str) -> Vec<String> {
        let house = House::of(&[(SOURCE, refusal), (DOCUMENT, document), ("crates/web/tests/story.rs", test)]);
        check(&house).iter().map(Finding::to_string).collect()
    }

    #[test]
    fn described_and_tested_refusals_pass() {
        assert_eq!(findings(REFUSAL, DESCRIBED, TESTED), [""; 0]);
    }

    #[test]
    fn a_refusal_nobody_described_or_tested_is_a_finding() {
        let found = findings(REFUSAL, "- `code_used`\n", TESTED);
        assert!(
            matches!(found.as_slice(), [line] if line.contains("refusal.rs:10:") && line.contains("docs/interface.md")),
            "{found:?}"
        );
        let found = findings(REFUSAL, DESCRIBED, "//! Story.\nfn a() { refused(\"code_used\"); }\n");
        assert!(matches!(found.as_slice(), [line] if line.contains("\"limit_reached\" is in no file")), "{found:?}");
    }

    #[test]
    fn a_variant_without_a_word_of_its_own_is_a_finding() {
        let catch_all = REFUSAL.replace("Self::LimitReached { .. }", "_");
        let found = findings(&catch_all, DESCRIBED, TESTED);
        assert!(matches!(found.as_slice(), [line] if line.contains("refusal.rs:4:")), "{found:?}");
        let shared = REFUSAL.replace("\"limit_reached\"", "\"code_used\"");
        assert!(findings(&shared, DESCRIBED, TESTED).concat().contains("could not tell them apart"));
    }

    #[test]
    fn what_is_missing_is_said() {
        assert_eq!(check(&House::of(&[])).len(), 1);
        assert_eq!(findings("//! Refusals.\n", DESCRIBED, TESTED).len(), 1);
        let house = House::of(&[(SOURCE, REFUSAL), ("crates/web/tests/story.rs", TESTED)]);
        assert!(matches!(check(&house).as_slice(), [finding] if finding.path == DOCUMENT));
    }
}
