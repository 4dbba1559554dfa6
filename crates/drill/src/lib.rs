//! The crowd at the tills: drives a running Warifu over HTTP and knows nothing else of it.
//!
//! [`load`] has members ask for codes and tills take payments by them, bounded in number, at their own pace or at a given
//! one, and times every answer; [`phones`] has phones open meanwhile. It needs the address and the bearer tokens of some terminals and the phones of some members.
//!
//! [`board`] is another crowd, a group that reviews a failure on the board. It needs the address alone.

pub mod board;
mod credential;
pub mod load;
pub mod phones;
mod wire;
pub mod witness;
