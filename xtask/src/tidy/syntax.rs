//! Questions about parsed Rust that several checks ask. Knows no rule.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use syn::punctuated::Punctuated;
use syn::{Attribute, Expr, Item, Macro, Meta, Token};

/// Whether an attribute keeps what it stands on out of everything but test builds.
pub(crate) fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        // `#[test]`, and `#[tokio::test]` with its arguments.
        Meta::Path(path) => last_segment(path) == "test",
        Meta::List(list) if list.path.is_ident("cfg") => {
            let condition: String = list.tokens.to_string().split_whitespace().collect();
            condition == "test" || condition.starts_with("all(test,")
        }
        Meta::List(list) => last_segment(&list.path) == "test",
        Meta::NameValue(_) => false,
    })
}

/// The attributes of an item of whatever kind.
pub(crate) fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::ExternCrate(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::ForeignMod(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Union(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}

/// The file and the folder (ending in `/`) of each module that `path` declares for tests only.
pub(crate) fn test_modules(path: &str, file: &syn::File) -> Vec<String> {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    let folder = match name.trim_end_matches(".rs") {
        "lib" | "main" | "mod" => folder.to_owned(),
        stem => format!("{folder}/{stem}"),
    };
    let declared = file.items.iter().filter_map(|item| match item {
        Item::Mod(module) if module.content.is_none() && is_test(&module.attrs) => Some(module.ident.to_string()),
        _ => None,
    });
    declared.flat_map(|module| [format!("{folder}/{module}.rs"), format!("{folder}/{module}/")]).collect()
}

/// First and last line of each inline module that is there for tests only.
pub(crate) fn test_lines(file: &syn::File) -> Vec<(usize, usize)> {
    let ranges = file.items.iter().filter_map(|item| match item {
        Item::Mod(module) if is_test(&module.attrs) => {
            let (brace, _) = module.content.as_ref()?;
            Some((module.mod_token.span.start().line, brace.span.close().end().line))
        }
        _ => None,
    });
    ranges.collect()
}

/// The segments of a path as text, without generic arguments.
pub(crate) fn segments(path: &syn::Path) -> Vec<String> {
    path.segments.iter().map(|segment| segment.ident.to_string()).collect()
}

pub(crate) fn last_segment(path: &syn::Path) -> String {
    path.segments.last().map(|segment| segment.ident.to_string()).unwrap_or_default()
}

pub(crate) fn line_of_path(path: &syn::Path) -> usize {
    path.segments.first().map_or(1, |segment| segment.ident.span().start().line)
}

/// The arguments of a macro call, if they are expressions divided by commas, as in `format!`, `vec!` or `assert!`.
pub(crate) fn macro_arguments(call: &Macro) -> Option<Punctuated<Expr, Token![,]>> {
    call.parse_body_with(Punctuated::parse_terminated).ok()
}

/// Tokens as text with their lines, groups opened and closed in place: for macro bodies that are no expressions.
pub(crate) fn flat_tokens(tokens: &TokenStream) -> Vec<(String, usize)> {
    let mut flat = Vec::new();
    for token in tokens.clone() {
        let line = token.span().start().line;
        if let TokenTree::Group(group) = token {
            let (open, close) = match group.delimiter() {
                Delimiter::Parenthesis => ("(", ")"),
                Delimiter::Brace => ("{", "}"),
                Delimiter::Bracket => ("[", "]"),
                Delimiter::None => ("", ""),
            };
            flat.push((open.to_owned(), line));
            flat.extend(flat_tokens(&group.stream()));
            flat.push((close.to_owned(), group.span_close().start().line));
        } else {
            flat.push((token.to_string(), line));
        }
    }
    flat
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_item_is_test(text: &str) -> syn::Result<bool> {
        let file = syn::parse_file(text)?;
        Ok(file.items.first().is_some_and(|item| is_test(attributes(item))))
    }

    #[test]
    fn tests_are_recognised_by_their_attributes() -> syn::Result<()> {
        assert!(first_item_is_test("#[cfg(test)] mod tests {}")?);
        assert!(first_item_is_test("#[cfg(all(test, unix))] mod tests {}")?);
        assert!(first_item_is_test("#[tokio::test(flavor = \"multi_thread\")] async fn pays() {}")?);
        assert!(!first_item_is_test("#[cfg(not(test))] mod shipped {}")?);
        assert!(!first_item_is_test("#[cfg(any(test, unix))] mod shipped {}")?);
        Ok(())
    }

    #[test]
    fn inline_test_modules_have_their_lines() -> syn::Result<()> {
        let file = syn::parse_file("fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\n")?;
        assert_eq!(test_lines(&file), [(3, 5)]);
        Ok(())
    }
}
