//! The registry of named statements. SQL is written once and runs on both engines; the few statements of the hot path are
//! written twice, row by row for SQLite and over arrays for PostgreSQL.
//!
//! The canonical text names its parameters `$1`, `$2`, ... SQLite takes `$1` for a *name* and numbers names by first
//! appearance, so the text is rewritten once to `?1`, `?2`, ..., which it numbers as written.

use std::sync::OnceLock;

use crate::value::Type;

/// A statement in one text for both engines.
#[derive(Debug)]
pub(crate) struct Statement {
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
    pub(crate) params: &'static [Type],
    pub(crate) columns: &'static [Type],
    pub(crate) sqlite: OnceLock<String>,
}

impl Statement {
    /// The text as SQLite wants it.
    pub(crate) fn sqlite(&self) -> &str {
        self.sqlite.get_or_init(|| number_parameters(self.text))
    }
}

/// A statement of the hot path: the same work for many rows of parameters.
#[derive(Debug)]
pub(crate) struct Each {
    pub(crate) name: &'static str,
    /// For SQLite: run once a row. Where it returns nothing and the columns are the parameters, it returns those of the rows that it
    /// touched: for `RETURNING`, SQLite makes a table in memory at each run, which costs more than an insert does.
    pub(crate) row: &'static str,
    /// For PostgreSQL: run once, each parameter an array with an element a row.
    pub(crate) set: &'static str,
    pub(crate) params: &'static [Type],
    pub(crate) columns: &'static [Type],
    pub(crate) sqlite: OnceLock<String>,
}

impl Each {
    /// Whether what it returns is what it was given.
    pub(crate) fn echoes(&self) -> bool {
        !self.columns.is_empty() && self.columns == self.params
    }

    /// The text as SQLite wants it.
    pub(crate) fn sqlite(&self) -> &str {
        self.sqlite.get_or_init(|| number_parameters(self.row))
    }
}

/// Defines statements and lists them, so that none can miss the test that prepares them all on both engines.
macro_rules! statements {
    ($($(#[$meta:meta])* $name:ident ($($param:ident),*) -> ($($column:ident),*) $text:expr;)*) => {
        $($(#[$meta])* static $name: crate::registry::Statement = crate::registry::Statement {
            name: stringify!($name),
            text: $text,
            params: &[$(crate::value::Type::$param),*],
            columns: &[$(crate::value::Type::$column),*],
            sqlite: std::sync::OnceLock::new(),
        };)*
        /// This room's part of the registry.
        pub(crate) static STATEMENTS: &[&crate::registry::Statement] = &[$(&$name),*];
    };
}

/// The same for statements of the hot path.
macro_rules! each_statements {
    ($($(#[$meta:meta])* $name:ident ($($param:ident),*) -> ($($column:ident),*) row $row:expr, set $set:expr;)*) => {
        $($(#[$meta])* pub(crate) static $name: crate::registry::Each = crate::registry::Each {
            name: stringify!($name),
            row: $row,
            set: $set,
            params: &[$(crate::value::Type::$param),*],
            columns: &[$(crate::value::Type::$column),*],
            sqlite: std::sync::OnceLock::new(),
        };)*
        /// This room's part of the registry of the hot path.
        pub(crate) static EACH_STATEMENTS: &[&crate::registry::Each] = &[$(&$name),*];
    };
}

pub(crate) use {each_statements, statements};

/// Every statement that is written once.
pub(crate) fn all() -> impl Iterator<Item = &'static Statement> {
    [
        crate::bill::STATEMENTS,
        crate::chart::STATEMENTS,
        crate::code::STATEMENTS,
        crate::credential::STATEMENTS,
        crate::delivery::STATEMENTS,
        crate::device::STATEMENTS,
        crate::journal::STATEMENTS,
        crate::member::STATEMENTS,
        crate::merchant::STATEMENTS,
        crate::nonce::STATEMENTS,
        crate::policy::STATEMENTS,
        crate::partner::STATEMENTS,
        crate::readiness::STATEMENTS,
        crate::review::STATEMENTS,
        crate::review::file::STATEMENTS,
        crate::review::item::STATEMENTS,
        crate::review::library::STATEMENTS,
        crate::review::mark::STATEMENTS,
        crate::session::STATEMENTS,
        crate::setting::STATEMENTS,
        crate::shop_line::STATEMENTS,
        crate::sums::STATEMENTS,
        crate::terminal::STATEMENTS,
        crate::trial::STATEMENTS,
        crate::wallet::STATEMENTS,
        crate::verify::code::STATEMENTS,
        crate::verify::known::STATEMENTS,
        crate::verify::payment::STATEMENTS,
        crate::verify::request::STATEMENTS,
        crate::verify::shop_line::STATEMENTS,
        crate::verify::stream::STATEMENTS,
        crate::verify::sums::STATEMENTS,
        crate::verify::terminal::STATEMENTS,
        crate::verify::wallet::STATEMENTS,
        crate::webhook::STATEMENTS,
    ]
    .into_iter()
    .flatten()
    .copied()
}

/// Every statement that is written twice.
pub(crate) fn all_each() -> impl Iterator<Item = &'static Each> {
    let each = [
        crate::delivery::EACH_STATEMENTS,
        crate::ledger::EACH_STATEMENTS,
        crate::policy::EACH_STATEMENTS,
        crate::review::mark::EACH_STATEMENTS,
        crate::shop_line::EACH_STATEMENTS,
        crate::verify::wallet::EACH_STATEMENTS,
    ];
    each.into_iter().flatten().copied()
}

/// Rewrites `$N` to `?N` outside quotes and comments.
fn number_parameters(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut quote: Option<char> = None;
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match quote {
            Some(end) if character == end => quote = None,
            Some(_) => {}
            None if character == '\'' || character == '"' => quote = Some(character),
            None if character == '$' && characters.peek().is_some_and(char::is_ascii_digit) => {
                out.push('?');
                continue;
            }
            None => {}
        }
        out.push(character);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_keep_their_numbers_whatever_their_order() {
        assert_eq!(
            number_parameters("select $2, '$1', \"$1\" from t where a = $1 and b = $10"),
            "select ?2, '$1', \"$1\" from t where a = ?1 and b = ?10"
        );
    }

    /// SQLite's REPLACE deletes without asking the triggers that keep the journal as it is.
    #[test]
    fn no_statement_replaces_rows() {
        let texts = all().map(|statement| statement.text).chain(all_each().map(|statement| statement.row));
        let replacing: Vec<_> =
            texts.filter(|text| text.to_uppercase().split_whitespace().any(|word| word == "REPLACE")).collect();
        assert_eq!(replacing, [""; 0]);
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> =
            all().map(|statement| statement.name).chain(all_each().map(|statement| statement.name)).collect();
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
