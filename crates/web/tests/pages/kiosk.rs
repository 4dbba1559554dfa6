//! The ATM and the sandbox's page in a real browser: notes in, notes out, whatever fails meanwhile.

mod browser;
