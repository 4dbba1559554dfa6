//! The configuration file, read as the command line does. What is wrong is said without the value, which may be a password.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;

#[allow(dead_code, unused_imports, unreachable_pub)]
#[path = "../../crates/warifu/src/config.rs"]
mod config;
#[allow(dead_code, unreachable_pub)]
#[path = "../../crates/warifu/src/logging.rs"]
mod logging;

static FILE: LazyLock<PathBuf> =
    LazyLock::new(|| std::env::temp_dir().join(format!("warifu-fuzz-{}.toml", std::process::id())));

fuzz_target!(|data: &[u8]| {
    std::fs::write(&*FILE, data).expect("a file can be written");
    let flags = config::Flags { config: Some(FILE.clone()), ..config::Flags::default() };
    match config::Config::read(&flags) {
        Ok(config) => {
            assert!(!config.keys.as_os_str().is_empty() && config.listen.contains(':'));
            let _ = config.settings();
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
    // A password in the file is shown by no complaint about the rest of it.
    let Ok(text) = std::str::from_utf8(data) else { return };
    let with_password = format!("database = \"postgres://u:hush-hush@h/n\"\n{text}");
    std::fs::write(&*FILE, with_password).expect("a file can be written");
    if let Err(error) = config::Config::read(&flags) {
        assert!(!error.to_string().contains("hush-hush"), "{error}");
    }
});
