//! What is logged, and where: to standard error, so that standard output stays what a command was asked for.

use std::io::IsTerminal as _;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

/// The filter that a text stands for.
pub(crate) fn filter(text: &str) -> Result<EnvFilter, ParseError> {
    EnvFilter::try_new(text)
}

/// Starts logging. A second call changes nothing.
pub(crate) fn start(text: &str) {
    let Ok(filter) = filter(text) else { return };
    let _ = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .try_init();
}
