//! `warifu backup` and `warifu restore`: what was copied, what is needed with it, and what is not in it.

use std::path::Path;

use serde_json::json;
use tokio::net::TcpListener;
use warifu_app::{Manifest, SystemClock};

use crate::Failure;
use crate::add::print;
use crate::config::Config;
use crate::logging;
use crate::verify::progress;

/// Backs up the configured database into `target`.
pub(crate) async fn back_up(config: &Config, target: &Path, as_json: bool) -> Result<(), Failure> {
    logging::start(&config.log);
    let manifest = warifu_app::back_up(&config.database, target, &SystemClock, progress()).await?;
    let line = json!({
        "backup": target.display().to_string(),
        "manifest": Manifest::path_of(target).display().to_string(),
        "bytes": manifest.bytes,
        "sha256": manifest.sha256,
        "transactions": manifest.transactions,
        "wallets": manifest.wallets,
        "last_recorded": manifest.last_recorded_at,
        "keys": listed(&manifest.keys),
    });
    print(&line, as_json);
    if !as_json {
        say(&format!(
            "\nProved: the file is sound and every invariant holds.\n\
             The keys are not in it. Without the key file ({}), which must hold the keys listed, no token, code or signature\n\
             can be checked: then this backup is good for reading, and not for going on. Keep a copy of it elsewhere.",
            config.keys.display()
        ));
    }
    Ok(())
}

/// Makes the configured database of a backup.
pub(crate) async fn restore(config: &Config, source: &Path, as_json: bool) -> Result<(), Failure> {
    logging::start(&config.log);
    refuse_beside_a_server(config).await?;
    let restored = warifu_app::restore(source, &config.database, &config.keys, progress()).await?;
    let manifest = &restored.manifest;
    let line = json!({
        "database": config.database.to_string(),
        "backup": source.display().to_string(),
        "made": manifest.made_at,
        "transactions": manifest.transactions,
        "wallets": manifest.wallets,
        "last_recorded": manifest.last_recorded_at,
        "migrations_run": restored.migrations,
        "missing_keys": listed(&restored.missing_keys),
    });
    print(&line, as_json);
    if !as_json {
        for key in &restored.missing_keys {
            say(&format!(
                "\nKey {key} was used and is not in the key file: tokens, codes and signing secrets made under it are lost."
            ));
        }
        say(&format!(
            "\nProved: the file is sound and every invariant holds.\n\
             What was answered after {} is not in it: payments, refunds and top-ups that tills and members were told of,\n\
             freezes, new tokens. Before tills go on, read \"After a restore\" in docs/guides/backup.md.",
            manifest.made_at
        ));
    }
    Ok(())
}

/// A server of this configuration may still write to a database that was moved away under it.
async fn refuse_beside_a_server(config: &Config) -> Result<(), Failure> {
    for (key, address) in [("listen", Some(&config.listen)), ("metrics_listen", config.metrics_listen.as_ref())] {
        let Some(address) = address else { continue };
        if let Err(error) = TcpListener::bind(address).await
            && error.kind() == std::io::ErrorKind::AddrInUse
        {
            return Err(format!("{key}: somebody serves on {address}; end the server before restoring").into());
        }
    }
    Ok(())
}

fn listed(keys: &[u32]) -> String {
    if keys.is_empty() {
        return "none".to_owned();
    }
    keys.iter().map(u32::to_string).collect::<Vec<_>>().join(", ")
}

#[allow(clippy::print_stdout, reason = "this is what the commands are for")]
fn say(text: &str) {
    println!("{text}");
}
