//! Trials: what was played to a till in the sandbox, and whether the till came to know the outcome for certain.
//!
//! A till loses money in one way: it begins anew while it does not know what became of what it asked before. So that is what is
//! watched: from a fault on, until the till was told the outcome by a reply, an inquiry or a cancel.

use std::time::Duration;

use warifu_core::code::CodeMac;
use warifu_core::id::TerminalId;
use warifu_core::ledger::{Kind, Target};
use warifu_core::place::Book;
use warifu_core::refusal::Refusal;
use warifu_core::request::RequestId;
use warifu_store::{StoreError, Terminal, Transaction, Trial};

use crate::commit::Receipt;
use crate::fault::Fault;
use crate::open::App;

/// What a till did by which it could take money twice: it used the code under another id before it knew what became of the first.
const BEGAN_ANEW: &str = "began_anew";
/// How long trials are kept.
pub(crate) const KEPT: Duration = Duration::from_secs(30 * 86_400);

/// How a till came to know an outcome for certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Settled {
    /// By the reply, perhaps to the same again.
    Reply,
    /// By an inquiry.
    Inquiry,
    /// By a cancel that was accepted.
    Cancel,
}

impl Settled {
    const fn text(self) -> &'static str {
        match self {
            Self::Reply => "reply",
            Self::Inquiry => "inquiry",
            Self::Cancel => "cancel",
        }
    }
}

/// Notes that a request came with a code for trials.
pub(crate) async fn begin(transaction: &mut Transaction, trial: &Trial) -> Result<(), StoreError> {
    if let Some(code) = trial.code {
        transaction.flaw_trials(trial.terminal, code, &trial.request_id, BEGAN_ANEW).await?;
        // What comes after with the same code is no trial of its own: what it was played belongs to the first.
        if transaction.has_other_trial(trial.terminal, code, &trial.request_id).await? {
            return Ok(());
        }
    }
    transaction.create_trial(trial).await
}

impl App {
    /// Notes how a till in the sandbox came to know the outcome of a request. Never stands in the way of the answer itself.
    pub(crate) async fn note_settled(&self, terminal: &Terminal, request_id: &RequestId, by: Settled) {
        if terminal.book != Book::Sandbox {
            return;
        }
        let (id, request_id, now) = (terminal.id, request_id.clone(), self.clock.now());
        let noted = self.database.write(move |transaction| {
            Box::pin(async move { transaction.settle_trial(id, &request_id, by.text(), now).await })
        });
        if let Err(error) = noted.await {
            tracing::warn!(%error, "what a till made of a trial was not noted");
        }
    }

    /// Notes that a till in the sandbox did something that needs no code, and was told what came of it.
    pub(crate) async fn note_done(&self, terminal: &Terminal, request_id: &RequestId, kind: Kind) {
        if terminal.book != Book::Sandbox {
            return;
        }
        let trial = self.trial(terminal.id, request_id, kind, "plain", None);
        let noted = self.database.write(move |transaction| {
            Box::pin(async move {
                transaction.create_trial(&trial).await?;
                let by = Settled::Reply.text();
                transaction.settle_trial(trial.terminal, &trial.request_id, by, trial.began_at).await
            })
        });
        if let Err(error) = noted.await {
            tracing::warn!(%error, "what a till did in the sandbox was not noted");
        }
    }

    /// Notes that a till in the sandbox was told what came of a cancel: of the request that it settles, and by itself.
    pub(crate) async fn note_cancel(&self, terminal: &Terminal, target: &Target, receipt: &Receipt) {
        let is_settled = matches!(receipt.refusal(), None | Some(Refusal::AlreadyCanceled));
        if let (Target::Request(request_id), true) = (target, is_settled) {
            self.note_settled(terminal, request_id, Settled::Cancel).await;
        }
        self.note_done(terminal, &receipt.record.key.request_id, receipt.record.kind).await;
    }

    pub(crate) fn trial(
        &self,
        terminal: TerminalId,
        request_id: &RequestId,
        kind: Kind,
        scenario: &str,
        code: Option<CodeMac>,
    ) -> Trial {
        Trial {
            terminal,
            request_id: request_id.clone(),
            kind,
            scenario: scenario.to_owned(),
            code,
            began_at: self.clock.now(),
            settled: None,
            flaw: None,
        }
    }

    /// The latest trials of a till in the sandbox, of each kind with each scenario, the newest first.
    ///
    /// # Errors
    /// [`Fault::NotFound`] for a terminal that is not in the sandbox, or what the store said.
    pub async fn trials(&self, terminal: &Terminal) -> Result<Vec<Trial>, Fault> {
        if terminal.book != Book::Sandbox {
            return Err(Fault::NotFound("sandbox for this terminal"));
        }
        let id = terminal.id;
        Ok(self
            .database
            .read(move |transaction| Box::pin(async move { transaction.list_latest_trials(id).await }))
            .await?)
    }

    /// Forgets the trials of a till, so that its list begins anew.
    ///
    /// # Errors
    /// As [`App::trials`].
    pub async fn forget_trials(&self, terminal: &Terminal) -> Result<(), Fault> {
        if terminal.book != Book::Sandbox {
            return Err(Fault::NotFound("sandbox for this terminal"));
        }
        let id = terminal.id;
        Ok(self.database.write(move |transaction| Box::pin(async move { transaction.delete_trials(id).await })).await?)
    }
}
