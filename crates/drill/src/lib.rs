//! The crowd at the tills: drives a running Warifu over HTTP and knows nothing else of it.
//!
//! [`crowd::run`] has members show codes and tills take payments, as many at once as asked, for a bounded number of
//! payments, and counts what came of them. It needs the base URL and the tokens of one terminal and of some members.

pub mod crowd;
pub mod witness;
