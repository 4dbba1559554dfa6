//! The sandbox: codes for trials, and what the server is to do to a till that uses one.
//!
//! A sandbox terminal works in a book of its own, on a wallet of its own, through the same rooms as everybody.

use std::time::Duration;

use warifu_core::code::CodeMac;
use warifu_core::id::{MemberId, WalletId};
use warifu_core::ledger::{Ask, Kind};
use warifu_core::lot::LotAccount;
use warifu_core::money::Amount;
use warifu_core::place::Book;
use warifu_core::refusal::Refusal;
use warifu_core::request::{CallerId, RequestId};
use warifu_store::{StoreError, Terminal, Trial};

use crate::code::{Issue, ShownCode};
use crate::commit::{Receipt, Submission};
use crate::fault::Fault;
use crate::open::App;
use crate::random;
use crate::transaction::Asked;
use crate::trial::{self, Settled};

/// What a sandbox is to do when a code is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// What it would do anyway.
    Plain,
    /// Keep silent until the request ends by itself; nothing is recorded.
    TimeOut,
    /// Say that the outcome is unknown; nothing is recorded.
    Unknown,
    /// Say that the outcome is unknown, and record it some seconds later.
    LateSuccess,
    /// Record it and say that the outcome is unknown, so that the till sends it again.
    Duplicate,
    /// Refuse it.
    Refuse(Refusal),
}

impl Scenario {
    /// The text in storage and in the interface: a word of its own, or that of the refusal.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::TimeOut => "time_out",
            Self::Unknown => "unknown",
            Self::LateSuccess => "late_success",
            Self::Duplicate => "duplicate",
            Self::Refuse(refusal) => refusal.word(),
        }
    }

    /// Reads what [`Scenario::text`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let own = [Self::Plain, Self::TimeOut, Self::Unknown, Self::LateSuccess, Self::Duplicate];
        own.into_iter().find(|scenario| scenario.text() == text).or_else(|| Refusal::parse(text).map(Self::Refuse))
    }
}

/// Longer than any request lives.
const SILENCE: Duration = Duration::from_secs(60);
/// When a late success is recorded.
const LATE: Duration = Duration::from_secs(5);
/// What a sandbox wallet holds at least when a code is made, in yen.
const ALLOWANCE: i64 = 50_000;

/// What is to be done to one request.
pub(crate) struct Rehearsal(Scenario);

impl Rehearsal {
    pub(crate) const fn forced(&self) -> Option<Refusal> {
        match self.0 {
            Scenario::Refuse(refusal) => Some(refusal),
            _ => None,
        }
    }
}

fn unknown() -> Fault {
    StoreError::Unknown("the sandbox was told to answer so".to_owned()).into()
}

impl App {
    /// Makes a code for trials at a sandbox terminal, on a wallet that holds at least 50,000 yen of no value.
    ///
    /// # Errors
    /// [`Fault::NotFound`] for a terminal that is not in the sandbox, or what the store said.
    pub async fn issue_sandbox_code(
        &self,
        terminal: &Terminal,
        scenario: Scenario,
        use_points: bool,
    ) -> Result<ShownCode, Fault> {
        let member = self.fill_sandbox_wallet(terminal).await?;
        self.issue(Issue { use_points, scenario: Some(scenario.text()), ..Issue::of(member) }).await
    }

    /// The trial member of a sandbox terminal, whose wallet holds at least 50,000 yen of no value.
    pub(crate) async fn fill_sandbox_wallet(&self, terminal: &Terminal) -> Result<MemberId, Fault> {
        if terminal.book != Book::Sandbox {
            return Err(Fault::NotFound("sandbox for this terminal"));
        }
        // The ids of terminals and members never meet, so the terminal's names its trial member.
        let member = MemberId::from_bytes(terminal.id.bytes());
        let wallet = WalletId::generate(self.clock.now(), random::bytes()?);
        let now = self.clock.now();
        let made = self
            .database
            .write(move |transaction| {
                Box::pin(async move {
                    if let Some(found) = transaction.find_wallet_of_member(member).await? {
                        return Ok(found);
                    }
                    transaction.create_member(member, wallet, Book::Sandbox, now).await?;
                    let made = transaction.find_wallet_of_member(member).await?;
                    made.ok_or_else(|| StoreError::Failed("a new wallet is not there".to_owned()))
                })
            })
            .await;
        let wallet = match made {
            // Another request made it at the same moment.
            Err(StoreError::Constraint(_)) => self.wallet_of(member).await?,
            made => made?,
        };
        let missing = ALLOWANCE.saturating_sub(wallet.available(LotAccount::Paid, now).get());
        if let Some(amount) = Amount::new(missing).filter(|amount| !amount.is_zero()) {
            let request_id = format!("sandbox-{}", crate::random::new_trace_id());
            let request_id = request_id.parse().map_err(|_| Fault::NotFound("request id for the sandbox"))?;
            let asked = Asked::default().text(&wallet.id.to_string()).amount(amount);
            let ask = Ask::Compensate { wallet: wallet.id, amount };
            self.submit(CallerId::ISSUER, request_id, ask, asked, None).await?;
        }
        Ok(member)
    }

    /// Submits what a code was shown for, or does to it what a sandbox was told to.
    pub(crate) async fn submit_rehearsed(
        &self,
        terminal: &Terminal,
        Rehearsal(scenario): Rehearsal,
        submission: Submission,
    ) -> Result<Receipt, Fault> {
        match scenario {
            Scenario::Plain | Scenario::Refuse(_) => {
                let request_id = submission.command.key.request_id.clone();
                let receipt = self.queue.submit(submission).await?;
                self.note_settled(terminal, &request_id, Settled::Reply).await;
                Ok(receipt)
            }
            Scenario::TimeOut => {
                tokio::time::sleep(SILENCE).await;
                Err(unknown())
            }
            Scenario::Unknown => Err(unknown()),
            Scenario::LateSuccess => {
                self.queue.submit_later(submission, LATE)?;
                Err(unknown())
            }
            Scenario::Duplicate => {
                self.queue.submit(submission).await?;
                Err(unknown())
            }
        }
    }

    /// What is to be done to a request with this code. Faults happen once a code, so that the next try settles it.
    pub(crate) async fn rehearse(
        &self,
        terminal: &Terminal,
        kind: Kind,
        request_id: &RequestId,
        code: &[CodeMac],
    ) -> Result<Rehearsal, Fault> {
        if terminal.book != Book::Sandbox {
            return Ok(Rehearsal(Scenario::Plain));
        }
        let codes = code.to_vec();
        let trial = self.trial(terminal.id, request_id, kind, Scenario::Plain.text(), None);
        let found = self
            .database
            .write(move |transaction| {
                Box::pin(async move {
                    for code in codes {
                        let Some(text) = transaction.find_scenario(code).await? else { continue };
                        let scenario = Scenario::parse(&text).unwrap_or(Scenario::Plain);
                        let trial = Trial { scenario: scenario.text().to_owned(), code: Some(code), ..trial };
                        trial::begin(transaction, &trial).await?;
                        if !matches!(scenario, Scenario::Refuse(_) | Scenario::Plain) {
                            transaction.save_scenario(code, Scenario::Plain.text()).await?;
                        }
                        return Ok(scenario);
                    }
                    Ok(Scenario::Plain)
                })
            })
            .await?;
        Ok(Rehearsal(found))
    }
}
