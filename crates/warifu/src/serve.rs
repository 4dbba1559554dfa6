//! Serving: from an open Warifu to two listening addresses, and back down without losing a command.

use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;
use warifu_app::{App, Surroundings, SystemClock};
use warifu_web::{Web, metrics_router, router, serve};

use crate::Failure;
use crate::config::Config;
use crate::logging;

/// How long requests that are at work may take to end after a signal; longer than the time limit of one.
pub(crate) const GRACE: Duration = Duration::from_secs(30);

/// Opens what the configuration describes.
pub(crate) async fn open(config: &Config) -> Result<Arc<App>, Failure> {
    logging::start(&config.log);
    Ok(Arc::new(App::open(config.settings()?, Arc::new(SystemClock)).await?))
}

/// Serves until Ctrl-C or SIGTERM.
pub(crate) async fn run(config: &Config) -> Result<(), Failure> {
    let app = open(config).await?;
    let listener = bind("listen", &config.listen).await?;
    let metrics = match &config.metrics_listen {
        Some(address) => Some(bind("metrics_listen", address).await?),
        None => None,
    };
    app.start_sweeping();
    let web = Web::new(Arc::clone(&app), config.limits).surrounded_by(config.surroundings());
    tokio::spawn(tell_readiness(Arc::clone(&app), config.surroundings()));
    tracing::info!(address = %listener.local_addr()?, database = %config.database, "serving");
    until_signal(app, web, listener, metrics).await
}

/// Says once how many lines of readiness are open. It never holds up the start, nor ends what was begun.
async fn tell_readiness(app: Arc<App>, around: Surroundings) {
    match app.readiness(&around).await {
        Ok(readiness) => tracing::info!(
            open_lines = readiness.open_lines(),
            open_measures = readiness.open_measures(),
            uncovered_causes = readiness.uncovered(),
            "readiness: `warifu ready` says what is open"
        ),
        Err(error) => tracing::warn!(%error, "readiness cannot be read now"),
    }
}

/// Listens on an address, or says which key of the configuration named it.
pub(crate) async fn bind(key: &str, address: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| format!("{key}: cannot listen on {address}: {error}").into())
}

/// Serves until a signal, then ends in order: no new connections, the requests at work, the commands that wait.
pub(crate) async fn until_signal(
    app: Arc<App>,
    web: Web,
    listener: TcpListener,
    metrics: Option<TcpListener>,
) -> Result<(), Failure> {
    app.start_webhooks();
    let (stop, stopped) = watch::channel(false);
    let wait = |mut stopped: watch::Receiver<bool>| async move {
        // An error means that the sender is gone, which is as good as a signal.
        let _ = stopped.wait_for(|stop| *stop).await;
    };
    let main = tokio::spawn(serve(listener, router(web.clone()), wait(stopped.clone())));
    let watching = metrics.map(|listener| tokio::spawn(serve(listener, metrics_router(web.clone()), wait(stopped))));
    signal().await?;
    tracing::info!("ending: no new connections; finishing what is at work");
    web.begin_draining();
    stop.send_replace(true);
    match tokio::time::timeout(GRACE, main).await {
        Ok(served) => served??,
        Err(_) => tracing::warn!("requests were still at work after {} seconds", GRACE.as_secs()),
    }
    if let Some(watching) = watching {
        watching.abort();
    }
    app.drain().await;
    tracing::info!("ended");
    Ok(())
}

#[cfg(unix)]
pub(crate) async fn signal() -> Result<(), Failure> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        interrupted = tokio::signal::ctrl_c() => interrupted?,
        _ = terminate.recv() => {}
    }
    Ok(())
}

#[cfg(not(unix))]
pub(crate) async fn signal() -> Result<(), Failure> {
    Ok(tokio::signal::ctrl_c().await?)
}
