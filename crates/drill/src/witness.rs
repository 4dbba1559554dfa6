//! The witness: loads a server that is about to be killed, cut off or starved, keeps its own log of what it was told, and
//! checks afterwards that the server stands by all of it.
//!
//! It knows the HTTP interface and nothing else. What it holds against a server:
//!
//! - every command that was answered is there, and answers the same bytes again;
//! - every command whose answer is missing is wholly there or wholly not, and what is not there can still be asked for;
//! - nothing happened twice: each wallet holds what the log implies, and was changed as often as the log implies.

mod chance;
mod check;
mod load;
mod log;
mod probe;
mod speaker;
mod step;
mod sum;

use serde_json::Value;

pub use check::{Checked, Verdict, check};
pub use load::{End, Plan, Tally, load};
pub use log::Log;
pub use probe::{Probe, probe};

/// Those who act: bearer tokens of tills, phones of members as text.
#[derive(Clone, Debug, Default)]
pub struct Actors {
    /// Of tills.
    pub tills: Vec<String>,
    /// Of members.
    pub members: Vec<String>,
}

impl Actors {
    /// Reads `{"tills": [..], "members": [..]}`; `None` if it is something else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let value: Value = serde_json::from_str(text).ok()?;
        let list = |name: &str| -> Option<Vec<String>> {
            value.get(name)?.as_array()?.iter().map(|token| token.as_str().map(str::to_owned)).collect()
        };
        let actors = Self { tills: list("tills")?, members: list("members")? };
        let complete = !actors.tills.is_empty() && !actors.members.is_empty();
        complete.then_some(actors)
    }

    /// The token of the till where a member pays.
    fn till_of(&self, member: usize) -> &str {
        self.tills.get(member % self.tills.len().max(1)).map_or("", String::as_str)
    }

    fn member(&self, member: usize) -> &str {
        self.members.get(member).map_or("", String::as_str)
    }
}
