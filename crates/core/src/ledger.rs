//! The one door for money: the chart of accounts, transfers, and the transactions that link them.
//!
//! A transaction is at once journal, event and receipt: what was asked, what was decided, which transfers came of it. It
//! touches at most one wallet and one shop, so its accounts need no owner of their own: the transaction names both.

mod chart;
mod command;
mod decide;
mod loaded;
mod transaction;
mod transfer;

pub use chart::{Account, Owner, Side};
pub use command::{Ask, Capture, Command, Target};
pub use decide::decide;
pub use loaded::Loaded;
pub use transaction::{Done, Kind, Outcome, Transaction};
pub use transfer::{Transfer, TransferError};

#[cfg(test)]
mod tests;
