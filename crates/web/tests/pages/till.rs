//! The till's page in a real browser: a day at the counter, the network cut at every moment, the tab killed, the server restarted, two
//! windows. Never a payment twice, never one lost.

mod bills;
mod counter;
mod day;
mod faults;
mod input;
mod look;
mod machine;
