//! Trials in the sandbox: what was played to a till, and what it made of it.

use warifu_core::code::CodeMac;
use warifu_core::id::TerminalId;
use warifu_core::ledger::Kind;
use warifu_core::request::RequestId;
use warifu_core::time::Time;

use crate::engine::Transaction;
use crate::error::StoreError;
use crate::registry::statements;
use crate::value::Row;

/// A request of a till by a code for trials.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trial {
    /// Which till.
    pub terminal: TerminalId,
    /// Its own id for the request.
    pub request_id: RequestId,
    /// What it asked for.
    pub kind: Kind,
    /// What was played to it.
    pub scenario: String,
    /// By which code, where it needs one.
    pub code: Option<CodeMac>,
    /// When.
    pub began_at: Time,
    /// How the till came to know the outcome for certain, and when; `None` while it does not.
    pub settled: Option<(String, Time)>,
    /// What it did that could lose money.
    pub flaw: Option<String>,
}

statements! {
    CREATE_TRIAL (Blob, Text, Text, Text, Int, Blob, Int) -> ()
        "INSERT INTO trials (terminal_id, request_id, kind, scenario, code_bucket, code_mac, began_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
    SETTLE_TRIAL (Blob, Text, Text, Int) -> ()
        "UPDATE trials SET settled_by = $3, settled_at = $4 \
         WHERE terminal_id = $1 AND request_id = $2 AND settled_at IS NULL";
    FLAW_TRIALS (Blob, Int, Blob, Text, Text) -> ()
        "UPDATE trials SET flaw = $5 WHERE terminal_id = $1 AND code_bucket = $2 AND code_mac = $3 AND request_id <> $4 \
           AND settled_at IS NULL AND flaw IS NULL";
    FIND_OTHER_TRIAL (Blob, Int, Blob, Text) -> (Text)
        "SELECT request_id FROM trials WHERE terminal_id = $1 AND code_bucket = $2 AND code_mac = $3 AND request_id <> $4 \
         LIMIT 1";
    LIST_LATEST_TRIALS (Blob) -> (Blob, Text, Text, Text, Int, Blob, Int, Text, Int, Text)
        "SELECT t.terminal_id, t.request_id, t.kind, t.scenario, t.code_bucket, t.code_mac, t.began_at, t.settled_by, \
                t.settled_at, t.flaw \
         FROM trials t JOIN (SELECT kind, scenario, max(began_at) AS began_at FROM trials WHERE terminal_id = $1 \
                             GROUP BY kind, scenario) l \
           ON l.kind = t.kind AND l.scenario = t.scenario AND l.began_at = t.began_at \
         WHERE t.terminal_id = $1 ORDER BY t.began_at DESC, t.request_id";
    DELETE_TRIALS (Blob) -> () "DELETE FROM trials WHERE terminal_id = $1";
    DELETE_OLD_TRIALS (Int, Int) -> ()
        "DELETE FROM trials WHERE (terminal_id, request_id) IN \
             (SELECT terminal_id, request_id FROM trials WHERE began_at < $1 ORDER BY began_at LIMIT $2)";
}

impl Transaction {
    /// Keeps that something is played to a till; its first request counts.
    ///
    /// # Errors
    /// What the database said.
    pub async fn create_trial(&mut self, trial: &Trial) -> Result<(), StoreError> {
        let row = [
            trial.terminal.bytes().into(),
            trial.request_id.as_str().into(),
            trial.kind.text().into(),
            trial.scenario.as_str().into(),
            trial.code.map(|code| i64::from(code.bucket)).into(),
            trial.code.map(|code| code.mac).into(),
            trial.began_at.unix_micros().into(),
        ];
        self.execute(&CREATE_TRIAL, &row).await.map(drop)
    }

    /// Notes that a till was told the outcome of a request, and how; the first time counts.
    ///
    /// # Errors
    /// What the database said.
    pub async fn settle_trial(
        &mut self,
        terminal: TerminalId,
        request_id: &RequestId,
        by: &str,
        at: Time,
    ) -> Result<(), StoreError> {
        let params = [terminal.bytes().into(), request_id.as_str().into(), by.into(), at.unix_micros().into()];
        self.execute(&SETTLE_TRIAL, &params).await.map(drop)
    }

    /// Whether a till has used this code under another id.
    ///
    /// # Errors
    /// What the database said.
    pub async fn has_other_trial(
        &mut self,
        terminal: TerminalId,
        code: CodeMac,
        request_id: &RequestId,
    ) -> Result<bool, StoreError> {
        let params =
            [terminal.bytes().into(), i64::from(code.bucket).into(), code.mac.into(), request_id.as_str().into()];
        Ok(self.row(&FIND_OTHER_TRIAL, &params).await?.is_some())
    }

    /// Notes what a till did wrong about its requests by a code other than this one, as far as they are not settled.
    ///
    /// # Errors
    /// What the database said.
    pub async fn flaw_trials(
        &mut self,
        terminal: TerminalId,
        code: CodeMac,
        other_than: &RequestId,
        flaw: &str,
    ) -> Result<(), StoreError> {
        let params = [
            terminal.bytes().into(),
            i64::from(code.bucket).into(),
            code.mac.into(),
            other_than.as_str().into(),
            flaw.into(),
        ];
        self.execute(&FLAW_TRIALS, &params).await.map(drop)
    }

    /// The latest trials of a till, of each kind with each scenario, the newest first.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_latest_trials(&mut self, terminal: TerminalId) -> Result<Vec<Trial>, StoreError> {
        self.rows(&LIST_LATEST_TRIALS, &[terminal.bytes().into()]).await?.iter().map(read_trial).collect()
    }

    /// Forgets at most `limit` trials that began before `before`, and says how many.
    ///
    /// # Errors
    /// What the database said.
    pub async fn delete_old_trials(&mut self, before: Time, limit: i64) -> Result<u64, StoreError> {
        self.execute(&DELETE_OLD_TRIALS, &[before.unix_micros().into(), limit.into()]).await
    }

    /// Forgets the trials of a till.
    ///
    /// # Errors
    /// What the database said.
    pub async fn delete_trials(&mut self, terminal: TerminalId) -> Result<(), StoreError> {
        self.execute(&DELETE_TRIALS, &[terminal.bytes().into()]).await.map(drop)
    }
}

fn read_trial(row: &Row) -> Result<Trial, StoreError> {
    let text = |row: &Row, column| row.text(column).map(str::to_owned);
    let bucket = row.optional(4, |row, column| row.converted(column, |bucket| u8::try_from(bucket).ok()))?;
    let settled_by = row.optional(7, text)?;
    let settled_at = row.optional(8, |row, column| row.converted(column, Time::from_unix_micros))?;
    Ok(Trial {
        terminal: TerminalId::from_bytes(row.bytes(0)?),
        request_id: row.parsed(1, |text| text.parse().ok())?,
        kind: row.parsed(2, Kind::parse)?,
        scenario: text(row, 3)?,
        code: bucket.zip(row.optional(5, Row::bytes)?).map(|(bucket, mac)| CodeMac { bucket, mac }),
        began_at: row.converted(6, Time::from_unix_micros)?,
        settled: settled_by.zip(settled_at),
        flaw: row.optional(9, text)?,
    })
}
