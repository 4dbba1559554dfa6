//! The failure board without a wallet, and what an operator does with reviews.

use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::sync::oneshot;
use warifu_app::{Became, Begin, Board, Export, Incident, MeasureResult, Reported, Results, SystemClock, parse_review};
use warifu_core::review::Role;
use warifu_web::{Front, board_router};

use crate::Failure;
use crate::add::print;
use crate::cli::ReviewCommand;
use crate::config::{Config, trial_origin};
use crate::logging;
use crate::serve::{GRACE, bind, signal};

async fn open(config: &Config) -> Result<Arc<Board>, Failure> {
    logging::start(&config.log);
    Ok(Arc::new(Board::open(config.board_settings(), Arc::new(SystemClock)).await?))
}

/// Serves the board until Ctrl-C or SIGTERM.
pub(crate) async fn serve(config: &Config) -> Result<(), Failure> {
    let listener = bind("listen", &config.listen).await?;
    logging::start(&config.log);
    let mut settings = config.board_settings();
    // Port 0 becomes the one that was given.
    let trial = trial_origin(&listener.local_addr()?.to_string());
    if settings.origin == trial_origin(&config.listen) {
        settings.origin = &trial;
    }
    let board = Arc::new(Board::open(settings, Arc::new(SystemClock)).await?);
    let front = Front::new(Arc::clone(&board), config.limits);
    tracing::info!(address = %listener.local_addr()?, database = %config.database, "serving the failure board");
    let how = match board.begin() {
        Begin::Operator => "To begin a review: warifu review add --name 'What happened'\n",
        Begin::Anyone => "",
    };
    // Nobody has to listen: a server goes on without.
    let _ = write!(std::io::stdout(), "The failure board is at {}/reviews\n{how}", board.origin());
    let (stop, stopped) = oneshot::channel::<()>();
    let serving = tokio::spawn(warifu_web::serve(listener, board_router(front.clone()), async move {
        // An error means that the sender is gone, which is as good as a signal.
        let _ = stopped.await;
    }));
    signal().await?;
    front.begin_draining();
    let _ = stop.send(());
    match tokio::time::timeout(GRACE, serving).await {
        Ok(served) => served??,
        Err(_) => tracing::warn!("requests were still at work after {} seconds", GRACE.as_secs()),
    }
    board.close().await;
    Ok(())
}

/// What an operator does with reviews.
pub(crate) async fn review(config: &Config, command: ReviewCommand, as_json: bool) -> Result<(), Failure> {
    let board = open(config).await?;
    let lines = match command {
        ReviewCommand::Add { name, chart, chart_version } => {
            let id = board.add_review(&name, (&chart, chart_version)).await?;
            vec![invitation(&board, id, Role::Facilitator, 1).await?]
        }
        ReviewCommand::Import { file } => {
            let export: Export = read(&file, "warifu-review", |text| serde_json::from_str(text))?;
            let id = board.add_import(&export).await?;
            vec![invitation(&board, id, Role::Facilitator, 1).await?]
        }
        ReviewCommand::Incident { file } => {
            let incident: Incident = read(&file, "warifu-incident", |text| serde_json::from_str(text))?;
            let id = board.add_incident(&incident).await?;
            vec![invitation(&board, id, Role::Facilitator, 1).await?]
        }
        ReviewCommand::Results { review, file } => {
            let results: Results = read(&file, "", |text| serde_json::from_str(text))?;
            reported(board.hand_in_to(parse_review(&review)?, &results).await?)
        }
        ReviewCommand::Link { review, role, seats } => {
            let role = Role::parse(&role).ok_or("--role: is `facilitator`, `participant`, `reader` or `program`")?;
            vec![invitation(&board, parse_review(&review)?, role, seats).await?]
        }
        ReviewCommand::List => {
            let found = board.list_reviews().await?;
            let state = |is_complete| if is_complete { "complete" } else { "open" };
            let line = |(review, name): (warifu_app::Review, String)| json!({ "review_id": review.id.to_string(), "name": name, "state": state(review.is_complete) });
            found.into_iter().map(line).collect()
        }
        ReviewCommand::Remove { review, name } => {
            let id = parse_review(&review)?;
            let found = board.list_reviews().await?;
            let (_, is) = found.into_iter().find(|(it, _)| it.id == id).ok_or("there is no review with this id")?;
            if is != name {
                return Err(format!("--name: the review is called '{is}'; nothing was removed").into());
            }
            board.remove_review(id).await?;
            vec![json!({ "review_id": review, "state": "removed" })]
        }
    };
    board.close().await;
    lines.iter().for_each(|line| print(line, as_json));
    Ok(())
}

/// Reads a document from a file, or from standard input for `-`. One of another form is told so in words of its own; without a `form`
/// a document names none.
fn read<T>(file: &Path, form: &str, parse: fn(&str) -> serde_json::Result<T>) -> Result<T, Failure> {
    let is_standard = file == Path::new("-");
    let text = if is_standard { std::io::read_to_string(std::io::stdin()) } else { std::fs::read_to_string(file) };
    let name = if is_standard { "standard input".into() } else { file.display().to_string() };
    let text = text.map_err(|error| format!("{name}: {error}"))?;
    let document: Value = serde_json::from_str(&text).map_err(|error| format!("{name}: {error}"))?;
    let is = document.get("format").and_then(Value::as_str);
    let commands = [("warifu-review", "import"), ("warifu-incident", "incident")];
    let other = commands.iter().find(|(known, _)| is == Some(*known) && *known != form);
    if let Some((known, command)) = other {
        return Err(format!("{name}: this is a `{known}`: see `warifu review {command}`; nothing was taken in").into());
    }
    parse(&text).map_err(|error| format!("{name}: {error}").into())
}

/// A line for each measure, and one for the results that belong to none.
fn reported(told: Reported) -> Vec<Value> {
    let became = |became| match became {
        Became::Written => "written",
        Became::Unchanged => "unchanged",
        Became::Older => "older",
    };
    let line = |it: MeasureResult| json!({ "measure": it.measure, "version": it.version, "became": became(it.became) });
    let mut lines: Vec<_> = told.measures.into_iter().map(line).collect();
    if !told.unmatched.is_empty() {
        lines.push(json!({ "unmatched": told.unmatched }));
    }
    lines
}

async fn invitation(
    board: &Board,
    review: warifu_core::id::ReviewId,
    role: Role,
    seats: u32,
) -> Result<Value, Failure> {
    let made = board.invite_to(review, role, seats).await?;
    Ok(json!({
        "review_id": review.to_string(),
        "role": role.text(),
        "seats": seats,
        "link": made.link.expose_secret(),
        "expires_at": made.expires_at.to_string(),
    }))
}
