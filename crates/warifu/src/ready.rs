//! `warifu ready`: whether one may open, and what could be lost.

mod json;
mod markdown;
mod page;

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use serde_json::json;
use warifu_app::{App, Board, DatabaseUrl, ExposureStatement, Readiness, Surroundings, SystemClock, parse_section};
use warifu_core::chart::Language as Tongue;
use warifu_core::readiness::{AnswerChange, LineState, OwnLine};

use crate::Failure;
use crate::add::print;
use crate::cli::{AnswerOptions, Language, ReadyCommand, ReadyOptions};
use crate::config::Config;
use crate::logging;

/// What is looked at: a wallet with its board, or a board alone.
enum Place {
    Wallet(Arc<App>),
    Board(Box<Board>),
}

impl Place {
    /// Opens what the configuration names: a wallet, if it has an issuer's prefix. Nothing is made that is not there.
    async fn open(config: &Config) -> Result<Self, Failure> {
        logging::start(&config.log);
        if let DatabaseUrl::Sqlite(path) = &config.database
            && !path.exists()
        {
            let path = path.display();
            return Err(format!("there is no database at {path}; `warifu serve` or `warifu board` makes one").into());
        }
        if config.issuer_prefix.is_some() {
            return Ok(Self::Wallet(crate::serve::open(config).await?));
        }
        let board = Board::open(config.board_settings(), Arc::new(SystemClock)).await?;
        if board.is_beside_wallet().await? {
            board.close().await;
            // Says which key is missing.
            config.settings()?;
        }
        Ok(Self::Board(Box::new(board)))
    }

    fn board(&self) -> &Board {
        match self {
            Self::Wallet(app) => app.board(),
            Self::Board(board) => board,
        }
    }

    async fn look(&self, around: &Surroundings) -> Result<(Readiness, Option<ExposureStatement>), Failure> {
        Ok(match self {
            Self::Wallet(app) => (app.readiness(around).await?, Some(app.exposure().await?)),
            Self::Board(board) => (board.readiness(around).await?, None),
        })
    }

    async fn close(self) {
        match self {
            Self::Wallet(app) => app.drain().await,
            Self::Board(board) => board.close().await,
        }
    }
}

/// Shows readiness, or does something about it. The exit code is 1 if that is asked for and anything is open.
pub(crate) async fn run(config: &Config, options: ReadyOptions, as_json: bool) -> Result<ExitCode, Failure> {
    let place = Place::open(config).await?;
    let around = config.surroundings();
    let done = match options.command {
        Some(command) => command_on(place.board(), command, &around, as_json).await.map(|()| ExitCode::SUCCESS),
        None => show(&place, &options, &around, as_json).await,
    };
    place.close().await;
    done
}

async fn show(
    place: &Place,
    options: &ReadyOptions,
    around: &Surroundings,
    as_json: bool,
) -> Result<ExitCode, Failure> {
    let (readiness, exposure) = place.look(around).await?;
    let language = match crate::demo::language(options.language) {
        Language::En => Tongue::English,
        Language::Ja => Tongue::Japanese,
    };
    let text = if as_json {
        format!("{}\n", json::readiness(&readiness, exposure.as_ref()))
    } else if options.markdown {
        markdown::written(&readiness, exposure.as_ref(), language)
    } else {
        page::written(&readiness, exposure.as_ref(), language)
    };
    // Nobody has to listen.
    let _ = std::io::stdout().write_all(text.as_bytes());
    let fails = options.strict && readiness.is_open();
    Ok(if fails { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

async fn command_on(board: &Board, command: ReadyCommand, around: &Surroundings, as_json: bool) -> Result<(), Failure> {
    match command {
        ReadyCommand::Set(options) => {
            let key = options.key.clone();
            let answer = board.answer_line(&key, change(*options)?, &around.zone).await?;
            print(&json::answer(&key, &answer), as_json);
        }
        ReadyCommand::Add { key, section, title, why, repeats } => {
            let own = OwnLine { section: parse_section(&section)?, title, why, repeats };
            board.add_line(&key, own, &around.zone).await?;
            print(&json!({ "line": key, "section": section, "state": "open" }), as_json);
        }
        ReadyCommand::History { key } => {
            let (_, past) = board.line_history(&key).await?;
            for past in &past {
                let mut line = json::answer(&key, &past.answer);
                if let Some(fields) = line.as_object_mut() {
                    fields.insert("version".to_owned(), json!(past.version));
                    fields.insert("at".to_owned(), json!(past.at.to_string()));
                }
                print(&line, as_json);
                if !as_json {
                    let _ = writeln!(std::io::stdout());
                }
            }
            if past.is_empty() && !as_json {
                let _ = writeln!(std::io::stdout(), "{key} was not answered yet");
            }
        }
    }
    Ok(())
}

fn change(options: AnswerOptions) -> Result<AnswerChange, Failure> {
    let unknown = "--state: is `open`, `doing`, `met` or `not_needed`";
    let state = options.state.map(|state| LineState::parse(&state).ok_or(unknown)).transpose()?;
    let day = |day: Option<String>| day.map(|day| if day == "off" { String::new() } else { day });
    let change = AnswerChange {
        role: options.role,
        due: day(options.due),
        state,
        reason: options.reason,
        evidence: options.evidence,
        url: options.url,
        checked_on: day(options.checked_on),
        next_check: day(options.next_check),
        note: options.note,
    };
    if change == AnswerChange::default() {
        return Err("say what is to be answered: `--state met`, `--role`, `--due`, `--evidence`, ...".into());
    }
    Ok(change)
}
