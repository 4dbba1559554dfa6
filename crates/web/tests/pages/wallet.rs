//! The member's wallet in a real browser, with passkeys that the browser plays: signed up for, paid with, stolen from, cut off.

mod devices;
mod entry;
mod look;
mod purchase;
mod trouble;
