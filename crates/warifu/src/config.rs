//! The configuration: defaults, then a TOML file, then the environment, then flags; the later wins.
//!
//! Every key has one name, in the file `name`, in the environment `WARIFU_NAME`, as a flag `--name`. A key that nobody knows
//! is refused with the nearest one, in the file and in the environment: a misspelt limit is no limit.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;
use jiff::tz::TimeZone;
use warifu_app::{Begin, BoardSettings, DatabaseUrl, Options, PrivateAddresses, Settings, Surroundings};
use warifu_core::code::IssuerPrefix;
use warifu_web::Limits;

/// The file that is read if it is there and no other is named.
const DEFAULT_FILE: &str = "warifu.toml";

/// Every key with its default and what it is for.
const KEYS: [(&str, &str, &str); 14] = [
    ("database", "sqlite:warifu.db", "sqlite:PATH or postgres://USER@HOST/NAME"),
    ("keys", "warifu.keys", "the key file; keep a copy apart from the database"),
    ("listen", "127.0.0.1:8080", "the address of the interface"),
    ("public_origin", "", "where members open the wallet: https://NAME; without it http://localhost, for trials"),
    ("metrics_listen", "127.0.0.1:9464", "the address of /metrics, or `off`"),
    ("issuer_prefix", "", "the first 8 digits of every payment code; fixed by the first start"),
    ("business_zone", "Asia/Tokyo", "the time zone of the books"),
    ("requests_per_second", "200", "what one caller may ask on average, or `off`"),
    ("sqlite_readers", "2", "threads that read, on SQLite"),
    ("sqlite_log_mib", "128", "how long SQLite's log grows before it is moved into the file, in MiB"),
    ("postgres_connections", "16", "connections in all, on PostgreSQL"),
    ("webhook_private_addresses", "refuse", "whether webhooks may lead into private networks: `refuse`, or `allow`"),
    ("reviews_begun_by", "operator", "who begins failure reviews in a browser: `operator` for nobody, or `anyone`"),
    ("log", "info", "what is logged: error, warn, info, debug, or a filter such as `warifu_store=debug`"),
];

/// The keys as flags.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Flags {
    /// The configuration file; `warifu.toml` if it is there.
    #[arg(long, global = true, value_name = "FILE", env = "WARIFU_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// `sqlite:PATH` or `postgres://USER@HOST/NAME`.
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) database: Option<String>,
    /// The key file.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) keys: Option<String>,
    /// The address of the interface.
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub(crate) listen: Option<String>,
    /// Where members open the wallet: `https://NAME`.
    #[arg(long, global = true, value_name = "ORIGIN")]
    pub(crate) public_origin: Option<String>,
    /// The address of `/metrics`, or `off`.
    #[arg(long, global = true, value_name = "ADDRESS")]
    pub(crate) metrics_listen: Option<String>,
    /// The first 8 digits of every payment code.
    #[arg(long, global = true, value_name = "DIGITS")]
    pub(crate) issuer_prefix: Option<String>,
    /// The time zone of the books.
    #[arg(long, global = true, value_name = "ZONE")]
    pub(crate) business_zone: Option<String>,
    /// What one caller may ask on average, or `off`.
    #[arg(long, global = true, value_name = "NUMBER")]
    pub(crate) requests_per_second: Option<String>,
    /// Threads that read, on SQLite.
    #[arg(long, global = true, value_name = "NUMBER")]
    pub(crate) sqlite_readers: Option<String>,
    /// How long SQLite's log grows before it is moved into the file, in MiB.
    #[arg(long, global = true, value_name = "NUMBER")]
    pub(crate) sqlite_log_mib: Option<String>,
    /// Connections in all, on PostgreSQL.
    #[arg(long, global = true, value_name = "NUMBER")]
    pub(crate) postgres_connections: Option<String>,
    /// Whether webhooks may lead into private networks, and by plain HTTP: `refuse` or `allow`.
    #[arg(long, global = true, value_name = "WORD")]
    pub(crate) webhook_private_addresses: Option<String>,
    /// Who begins failure reviews in a browser: `operator` for nobody, or `anyone`.
    #[arg(long, global = true, value_name = "WHO")]
    pub(crate) reviews_begun_by: Option<String>,
    /// What is logged.
    #[arg(long, global = true, value_name = "FILTER")]
    pub(crate) log: Option<String>,
}

impl Flags {
    fn values(&self) -> [(&'static str, &Option<String>); 14] {
        [
            ("database", &self.database),
            ("keys", &self.keys),
            ("listen", &self.listen),
            ("public_origin", &self.public_origin),
            ("metrics_listen", &self.metrics_listen),
            ("issuer_prefix", &self.issuer_prefix),
            ("business_zone", &self.business_zone),
            ("requests_per_second", &self.requests_per_second),
            ("sqlite_readers", &self.sqlite_readers),
            ("sqlite_log_mib", &self.sqlite_log_mib),
            ("postgres_connections", &self.postgres_connections),
            ("webhook_private_addresses", &self.webhook_private_addresses),
            ("reviews_begun_by", &self.reviews_begun_by),
            ("log", &self.log),
        ]
    }
}

/// What is wrong with the configuration.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("{place}: unknown key `{key}`{}", nearest.as_ref().map_or_else(String::new, |nearest| format!("; did you mean `{nearest}`?")))]
    Unknown { place: String, key: String, nearest: Option<String> },
    #[error("{place}: `{key}` {expected}")]
    Value { place: String, key: &'static str, expected: String },
    #[error("{place}: {reason}")]
    File { place: String, reason: String },
}

/// A value and where it comes from.
#[derive(Clone, Debug)]
struct Value {
    text: String,
    place: String,
}

/// The whole configuration, checked.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    values: BTreeMap<&'static str, Value>,
    pub(crate) database: DatabaseUrl,
    pub(crate) keys: PathBuf,
    pub(crate) listen: String,
    /// Where members open the wallet.
    pub(crate) public_origin: String,
    /// `None` if it is off.
    pub(crate) metrics_listen: Option<String>,
    /// `None` if it is not chosen yet.
    pub(crate) issuer_prefix: Option<IssuerPrefix>,
    pub(crate) business_zone: TimeZone,
    pub(crate) limits: Limits,
    pub(crate) options: Options,
    pub(crate) webhook_private_addresses: PrivateAddresses,
    pub(crate) begin: Begin,
    pub(crate) log: String,
}

impl Config {
    /// Reads the configuration from everywhere.
    pub(crate) fn read(flags: &Flags) -> Result<Self, ConfigError> {
        let mut values = defaults();
        let file = flags.config.clone().or_else(|| Path::new(DEFAULT_FILE).exists().then(|| DEFAULT_FILE.into()));
        if let Some(path) = file {
            let place = path.display().to_string();
            let text = std::fs::read_to_string(&path)
                .map_err(|error| ConfigError::File { place: place.clone(), reason: error.to_string() })?;
            add_file(&mut values, &place, &text)?;
        }
        add_environment(
            &mut values,
            std::env::vars_os()
                .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned()))),
        )?;
        for (key, value) in flags.values() {
            if let Some(text) = value {
                let place = format!("--{}", key.replace('_', "-"));
                values.insert(key, Value { text: text.clone(), place });
            }
        }
        Self::check(values)
    }

    /// Checks the values one by one.
    fn check(values: BTreeMap<&'static str, Value>) -> Result<Self, ConfigError> {
        let text = |key: &'static str| values.get(key).map_or("", |value| value.text.as_str());
        let wrong = |key: &'static str, expected: &str| ConfigError::Value {
            place: values.get(key).map_or_else(String::new, |value| value.place.clone()),
            key,
            expected: expected.to_owned(),
        };
        let number = |key: &'static str| {
            usize::from_str(text(key))
                .ok()
                .filter(|number| (1..=1_000).contains(number))
                .ok_or_else(|| wrong(key, "is a number from 1 to 1000"))
        };
        let address = |key: &'static str| {
            let fits =
                text(key).rsplit_once(':').is_some_and(|(host, port)| !host.is_empty() && port.parse::<u16>().is_ok());
            if fits { Ok(text(key).to_owned()) } else { Err(wrong(key, "is an address such as 127.0.0.1:8080")) }
        };
        let database = text("database")
            .parse()
            .map_err(|_| wrong("database", "is `sqlite:PATH` or `postgres://USER@HOST/NAME`"))?;
        let issuer_prefix = match text("issuer_prefix") {
            "" => None,
            digits => Some(digits.parse().map_err(|_| wrong("issuer_prefix", "is 8 digits"))?),
        };
        let business_zone = TimeZone::get(text("business_zone"))
            .map_err(|_| wrong("business_zone", "is a time zone such as Asia/Tokyo"))?;
        let requests_per_second = match text("requests_per_second") {
            "off" => None,
            rate => Some(
                rate.parse::<NonZeroU32>()
                    .map_err(|_| wrong("requests_per_second", "is a number above zero, or `off`"))?,
            ),
        };
        let addresses = [("refuse", PrivateAddresses::Refuse), ("allow", PrivateAddresses::Allow)];
        let webhook_private_addresses = chosen(text("webhook_private_addresses"), &addresses)
            .ok_or_else(|| wrong("webhook_private_addresses", "is `refuse` or `allow`"))?;
        let begin = chosen(text("reviews_begun_by"), &[("operator", Begin::Operator), ("anyone", Begin::Anyone)])
            .ok_or_else(|| wrong("reviews_begun_by", "is `operator` or `anyone`"))?;
        if text("keys").is_empty() {
            return Err(wrong("keys", "is the path of the key file"));
        }
        crate::logging::filter(text("log")).map_err(|_| wrong("log", "is a level such as info, or a filter"))?;
        let listen = address("listen")?;
        let public_origin = match text("public_origin") {
            "" => trial_origin(&listen),
            origin => warifu_app::check_origin(origin).map(|()| origin.to_owned()).map_err(|_| {
                wrong("public_origin", "is https:// and a name, or http://localhost and a port for trials")
            })?,
        };
        Ok(Self {
            database,
            keys: PathBuf::from(text("keys")),
            listen,
            public_origin,
            metrics_listen: if text("metrics_listen") == "off" { None } else { Some(address("metrics_listen")?) },
            issuer_prefix,
            business_zone,
            limits: Limits { requests_per_second },
            options: Options {
                sqlite_readers: number("sqlite_readers")?,
                sqlite_log_mib: number("sqlite_log_mib")?,
                postgres_connections: number("postgres_connections")?,
            },
            webhook_private_addresses,
            begin,
            log: text("log").to_owned(),
            values,
        })
    }

    /// What a Warifu is opened with.
    pub(crate) fn settings(&self) -> Result<Settings, ConfigError> {
        let issuer_prefix = self.issuer_prefix.clone().ok_or_else(|| ConfigError::Value {
            place: "configuration".to_owned(),
            key: "issuer_prefix",
            expected: "is not set: choose the 8 digits that every payment code of yours begins with; \
                they are fixed by the first start"
                .to_owned(),
        })?;
        Ok(Settings {
            database: self.database.clone(),
            keys: self.keys.clone(),
            issuer_prefix,
            business_zone: self.business_zone.clone(),
            options: self.options,
            public_origin: self.public_origin.clone(),
            webhook_private_addresses: self.webhook_private_addresses,
            begin: self.begin,
        })
    }

    /// What only whoever starts the process knows, as far as readiness looks at it.
    pub(crate) fn surroundings(&self) -> Surroundings {
        Surroundings {
            requests_per_second: self.limits.requests_per_second,
            keys: Some(self.keys.clone()),
            operator_address: self.metrics_listen.clone(),
            zone: self.business_zone.clone(),
        }
    }

    /// What a board without a wallet is opened with.
    pub(crate) fn board_settings(&self) -> BoardSettings<'_> {
        BoardSettings {
            database: &self.database,
            keys: &self.keys,
            options: self.options,
            origin: &self.public_origin,
            begin: self.begin,
        }
    }
}

/// What a word stands for; nothing if it is none of these.
fn chosen<T: Copy>(word: &str, words: &[(&str, T)]) -> Option<T> {
    words.iter().find(|(it, _)| *it == word).map(|(_, chosen)| *chosen)
}

/// Where members open a wallet that is on this machine only. Passkeys are for names, never for addresses.
pub(crate) fn trial_origin(listen: &str) -> String {
    format!("http://localhost:{}", listen.rsplit_once(':').map_or("", |(_, port)| port))
}

fn defaults() -> BTreeMap<&'static str, Value> {
    KEYS.into_iter().map(|(key, text, _)| (key, Value { text: text.to_owned(), place: "default".to_owned() })).collect()
}

fn add_file(values: &mut BTreeMap<&'static str, Value>, place: &str, text: &str) -> Result<(), ConfigError> {
    let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
        // The parser's own text shows the line, in which a password may stand.
        let line =
            error.span().map_or(1, |span| text.get(..span.start).map_or(1, |before| before.lines().count().max(1)));
        ConfigError::File { place: place.to_owned(), reason: format!("line {line} is not TOML: {}", error.message()) }
    })?;
    for (key, value) in table {
        let known = known_key(place, &key, &key)?;
        let text = match value {
            toml::Value::String(text) => text,
            toml::Value::Integer(number) => number.to_string(),
            _ => {
                let expected = "is a text or a number".to_owned();
                return Err(ConfigError::Value { place: place.to_owned(), key: known, expected });
            }
        };
        values.insert(known, Value { text, place: place.to_owned() });
    }
    Ok(())
}

fn add_environment(
    values: &mut BTreeMap<&'static str, Value>,
    variables: impl Iterator<Item = (String, String)>,
) -> Result<(), ConfigError> {
    for (name, text) in variables {
        let Some(key) = name.strip_prefix("WARIFU_") else { continue };
        // `WARIFU_CONFIG` is read by the command line already. The others are what Kubernetes puts into every container
        // beside a service that is named `warifu`.
        if key == "CONFIG" || key == "PORT" || key.starts_with("PORT_") || key.starts_with("SERVICE_") {
            continue;
        }
        let known = known_key("environment", &key.to_lowercase(), &name).map_err(|error| match error {
            ConfigError::Unknown { place, key, nearest } => ConfigError::Unknown {
                place,
                key,
                nearest: nearest.map(|nearest| format!("WARIFU_{}", nearest.to_uppercase())),
            },
            other => other,
        })?;
        values.insert(known, Value { text, place: name });
    }
    Ok(())
}

/// The key of this name, or an error that tells the nearest one.
fn known_key(place: &str, key: &str, written: &str) -> Result<&'static str, ConfigError> {
    if let Some((known, ..)) = KEYS.into_iter().find(|(known, ..)| *known == key) {
        return Ok(known);
    }
    let nearest = KEYS
        .into_iter()
        .map(|(known, ..)| (strsim::damerau_levenshtein(known, key), known))
        .min()
        // Farther than that it would be a guess, not a correction.
        .filter(|(distance, known)| *distance <= known.len() / 2)
        .map(|(_, known)| known.to_owned());
    Err(ConfigError::Unknown { place: place.to_owned(), key: written.to_owned(), nearest })
}

/// Prints every value and where it comes from.
#[allow(clippy::print_stdout, reason = "this is what the command is for")]
pub(crate) fn check(config: &Config) {
    for (key, _, help) in KEYS {
        let Some(value) = config.values.get(key) else { continue };
        // Printed as parsed, for the text may hold a password.
        let text = if key == "database" { config.database.to_string() } else { value.text.clone() };
        let text = if text.is_empty() { "(not set)" } else { &text };
        println!("{key:<25} {text:<32} {:<24} # {help}", value.place);
    }
    if config.issuer_prefix.is_none() {
        println!("\nissuer_prefix is not set; `serve` and the `add` commands need it.");
    }
}

#[cfg(test)]
mod tests;
