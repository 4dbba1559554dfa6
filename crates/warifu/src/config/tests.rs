//! Proves which value wins, and that nothing misspelt passes.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

fn checked(file: &str) -> Result<Config, ConfigError> {
    let mut values = defaults();
    add_file(&mut values, "warifu.toml", file)?;
    Config::check(values)
}

#[test]
fn the_defaults_are_a_configuration_but_for_the_issuer() {
    let config = checked("").unwrap();
    assert_eq!(config.database.to_string(), "sqlite:warifu.db");
    assert!(config.settings().is_err());
    assert!(checked("issuer_prefix = '90000123'").unwrap().settings().is_ok());
}

#[test]
fn the_environment_wins_over_the_file() {
    let mut values = defaults();
    add_file(&mut values, "warifu.toml", "listen = '127.0.0.1:1'\nsqlite_readers = 3").unwrap();
    add_environment(&mut values, [("WARIFU_LISTEN".to_owned(), "127.0.0.1:2".to_owned())].into_iter()).unwrap();
    let config = Config::check(values).unwrap();
    assert_eq!(config.listen, "127.0.0.1:2");
    assert_eq!(config.options.sqlite_readers, 3);
}

#[test]
fn an_unknown_key_is_refused_with_the_nearest_one() {
    let error = checked("databse = 'sqlite:a.db'").unwrap_err();
    assert_eq!(error.to_string(), "warifu.toml: unknown key `databse`; did you mean `database`?");
    assert_eq!(checked("zzz = 1").unwrap_err().to_string(), "warifu.toml: unknown key `zzz`");
    let mut values = defaults();
    let variables = [("WARIFU_DATABSE".to_owned(), String::new()), ("HOME".to_owned(), String::new())];
    let error = add_environment(&mut values, variables.into_iter()).unwrap_err();
    assert_eq!(error.to_string(), "environment: unknown key `WARIFU_DATABSE`; did you mean `WARIFU_DATABASE`?");
}

#[test]
fn a_value_that_does_not_fit_is_named_with_its_place() {
    for (file, message) in [
        ("database = 'mysql://x'", "warifu.toml: `database` is `sqlite:PATH` or `postgres://USER@HOST/NAME`"),
        ("listen = '8080'", "warifu.toml: `listen` is an address such as 127.0.0.1:8080"),
        ("issuer_prefix = 9", "warifu.toml: `issuer_prefix` is 8 digits"),
        ("business_zone = 'Mars/Olympus'", "warifu.toml: `business_zone` is a time zone such as Asia/Tokyo"),
        ("requests_per_second = 0", "warifu.toml: `requests_per_second` is a number above zero, or `off`"),
        ("sqlite_readers = 0", "warifu.toml: `sqlite_readers` is a number from 1 to 1000"),
        ("keys = ''", "warifu.toml: `keys` is the path of the key file"),
        ("webhook_private_addresses = 'yes'", "warifu.toml: `webhook_private_addresses` is `refuse` or `allow`"),
        ("log = 'a=b=c'", "warifu.toml: `log` is a level such as info, or a filter"),
        ("log = true", "warifu.toml: `log` is a text or a number"),
    ] {
        assert_eq!(checked(file).unwrap_err().to_string(), message);
    }
}

#[test]
fn a_file_that_is_not_toml_is_refused_without_showing_its_text() {
    let error = checked("listen = '127.0.0.1:1'\ndatabase = 'postgres://u:hush@h/n").unwrap_err().to_string();
    assert!(error.starts_with("warifu.toml: line 2 is not TOML"), "{error}");
    assert!(!error.contains("hush"), "{error}");
}

#[test]
fn every_flag_is_a_key_and_every_key_a_flag() {
    let flags = Flags::default();
    let flags: Vec<_> = flags.values().into_iter().map(|(key, _)| key).collect();
    assert_eq!(flags, KEYS.map(|(key, ..)| key));
}
