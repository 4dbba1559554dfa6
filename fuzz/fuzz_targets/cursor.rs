//! Cursors of the list of events, and URLs of databases. A place has one text; a password is never printed.
#![no_main]

use libfuzzer_sys::fuzz_target;
use warifu_app::{DatabaseUrl, EventCursor};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(cursor) = text.parse::<EventCursor>() {
        assert_eq!(cursor.to_string(), text);
    }
    if let Ok(url) = text.parse::<DatabaseUrl>() {
        let shown = url.to_string();
        assert!(shown.starts_with("sqlite:") || shown.starts_with("postgres://"));
    }
    // Wherever a password stands in a URL that is taken, it is not shown. What names it as the host says it itself.
    if text.contains("hush-hush") {
        return;
    }
    let url = format!("postgres://u:hush-hush@{text}");
    if let Ok(url) = url.parse::<DatabaseUrl>() {
        assert!(!url.to_string().contains("hush-hush") && !format!("{url:?}").contains("hush-hush"), "{text}");
    }
});
