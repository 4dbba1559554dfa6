//! What somebody says: as a fact, with where it can be looked up, or as a conjecture.

use serde::{Deserialize, Serialize};

/// Most characters in a text.
const TEXT_CHARS_MAX: usize = 10_000;
/// Most sources of a statement.
const SOURCES_MAX: usize = 10;
/// Most characters in what a source says.
const SOURCE_CHARS_MAX: usize = 300;
/// Most characters in an address.
const URL_CHARS_MAX: usize = 500;

/// Something that is said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// In whatever words: up to 10,000 characters, with line feeds.
    pub text: String,
    /// What it rests on.
    pub basis: Basis,
    /// Where it can be looked up; a fact has at least one.
    pub sources: Vec<Source>,
}

/// What a statement rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// It was found out, and others can see where.
    Fact,
    /// It is what somebody thinks.
    Conjecture,
}

/// Where a fact can be looked up.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// What it is: a document, a link, or one of the three actuals (三現主義).
    pub kind: SourceKind,
    /// Which: up to 300 characters. Of a person the role, so that no name comes in.
    pub text: String,
    /// An `http` or `https` address, or empty.
    pub url: String,
    /// A file of the review, `fil_...`, or empty.
    pub file: String,
}

/// What a source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceKind {
    /// A document.
    Document,
    /// Something on the net.
    Link,
    /// The place itself (現地).
    Place,
    /// The thing itself (現物).
    Thing,
    /// Somebody who was there (現人).
    Person,
}

/// What is wrong with a text. Repeats nothing of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing in it.
    #[error("{0} is empty")]
    Empty(&'static str),
    /// Too many characters.
    #[error("{0} is longer than {1} characters")]
    TooLong(&'static str, usize),
    /// A character that is none to be seen.
    #[error("{0} has a control character")]
    Character(&'static str),
    /// A fact that nobody can look up.
    #[error("a fact names at least one source; without one it is a conjecture")]
    NoSource,
    /// More sources than anybody reads.
    #[error("there are more than {SOURCES_MAX} sources")]
    TooManySources,
    /// A source that says nothing.
    #[error("a source says which it is by a text, an address or a file")]
    EmptySource,
    /// Not an address of the web.
    #[error("an address begins with http:// or https:// and has no spaces")]
    Url,
    /// Something else that does not fit.
    #[error("{0}")]
    Form(&'static str),
}

impl Statement {
    /// Whether it can stand in a review. An empty text can: it says that nothing is said there, or a mark without a reason.
    ///
    /// # Errors
    /// [`TextError`].
    pub fn check(&self) -> Result<(), TextError> {
        check_text("the text", &self.text, TEXT_CHARS_MAX)?;
        if self.sources.len() > SOURCES_MAX {
            return Err(TextError::TooManySources);
        }
        if self.basis == Basis::Fact && self.sources.is_empty() {
            return Err(TextError::NoSource);
        }
        self.sources.iter().try_for_each(Source::check)
    }
}

impl Source {
    fn check(&self) -> Result<(), TextError> {
        check_text("the text of a source", &self.text, SOURCE_CHARS_MAX)?;
        check_url(&self.url)?;
        check_file(&self.file)?;
        let says_nothing = self.text.trim().is_empty() && self.url.is_empty() && self.file.is_empty();
        if says_nothing { Err(TextError::EmptySource) } else { Ok(()) }
    }
}

/// Whether a text is empty or an address of the web.
pub(crate) fn check_url(url: &str) -> Result<(), TextError> {
    check_text("the address", url, URL_CHARS_MAX)?;
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    let fits = url.is_empty() || (is_web && !url.contains(char::is_whitespace));
    if fits { Ok(()) } else { Err(TextError::Url) }
}

/// Whether a text is empty or the id of a file.
pub(super) fn check_file(file: &str) -> Result<(), TextError> {
    let fits = file.is_empty() || file.parse::<crate::id::FileId>().is_ok();
    if fits { Ok(()) } else { Err(TextError::Form("a file is `fil_` and 32 hex digits")) }
}

/// Whether a text has at most `max` characters and none that cannot be seen, but for line feeds and tabs.
pub(crate) fn check_text(what: &'static str, text: &str, max: usize) -> Result<(), TextError> {
    if text.chars().count() > max {
        return Err(TextError::TooLong(what, max));
    }
    // What turns the direction of writing can make a text look like another.
    let hides = |character: char| {
        (character.is_control() && !matches!(character, '\n' | '\t'))
            || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    if text.chars().any(hides) { Err(TextError::Character(what)) } else { Ok(()) }
}

/// As [`check_text`], of a text that says something in one line.
pub(crate) fn check_line(what: &'static str, text: &str, max: usize) -> Result<(), TextError> {
    check_text(what, text, max)?;
    if text.trim().is_empty() {
        Err(TextError::Empty(what))
    } else if text.contains(['\n', '\t']) {
        Err(TextError::Character(what))
    } else {
        Ok(())
    }
}

/// As [`check_text`], of a text that says something.
pub(crate) fn check_said(what: &'static str, text: &str) -> Result<(), TextError> {
    check_text(what, text, TEXT_CHARS_MAX)?;
    if text.trim().is_empty() { Err(TextError::Empty(what)) } else { Ok(()) }
}
