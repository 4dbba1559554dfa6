//! Readiness: the lines with what the operator answered and what the program sees, the measures of reviews, and what could be lost.
//! What is open is decided in `warifu_core::readiness`.

mod lines;
mod reviews;

use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::tz::TimeZone;
use warifu_core::readiness::exposure::{Exposure, Figure, figures};
use warifu_core::readiness::{
    Answer, AnswerChange, Facts, Gap, Line, OwnLine, Purse, Section, Seen, gaps, look, measure_gaps,
};
use warifu_core::time::{BusinessDate, Time};
use warifu_store::{KeptAnswer, StoreError, Transaction};

use crate::board::{Begin, Board};
use crate::fault::Fault;
use crate::keys::is_exposed;
use crate::open::App;
use crate::webhook::PrivateAddresses;

pub use reviews::{ReviewStanding, ShownMeasure};

/// Most lines of the operator's own.
const OWN_MAX: usize = 200;
/// How long a statement of the exposure is shown again.
const RECENT: Duration = Duration::from_secs(60);
/// How many wallets are read at once.
const PAGE: i64 = 10_000;

/// What only whoever starts the process knows, as far as readiness looks at it.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// What one caller may ask, if there is a limit.
    pub requests_per_second: Option<NonZeroU32>,
    /// The key file; `None` where there is no file.
    pub keys: Option<PathBuf>,
    /// The operator's own address as it was configured; `None` if it is off.
    pub operator_address: Option<String>,
    /// In which time zone a day begins.
    pub zone: TimeZone,
}

impl Surroundings {
    /// Surroundings of which nothing is known but the limit.
    #[must_use]
    pub const fn unknown(requests_per_second: Option<NonZeroU32>) -> Self {
        Self { requests_per_second, keys: None, operator_address: None, zone: TimeZone::UTC }
    }
}

/// A line as it stands today.
#[derive(Clone, Debug)]
pub struct ShownLine {
    /// The line.
    pub line: Line,
    /// What the operator answered.
    pub answer: Answer,
    /// How often.
    pub version: u32,
    /// What the program saw, where it looks.
    pub seen: Option<Seen>,
    /// Why it is open; nothing if it is not.
    pub gaps: Vec<Gap>,
}

/// Readiness on a day.
#[derive(Clone, Debug)]
pub struct Readiness {
    /// The day.
    pub day: BusinessDate,
    /// The lines: section by section, what is open first.
    pub lines: Vec<ShownLine>,
    /// The reviews that have measures, or true causes without any.
    pub reviews: Vec<ReviewStanding>,
}

impl Readiness {
    /// How many lines are open.
    #[must_use]
    pub fn open_lines(&self) -> usize {
        self.lines.iter().filter(|line| !line.gaps.is_empty()).count()
    }

    /// How many measures are open.
    #[must_use]
    pub fn open_measures(&self) -> usize {
        self.measures().filter(|measure| !measure.gaps.is_empty()).count()
    }

    /// How many true causes no measure answers.
    #[must_use]
    pub fn uncovered(&self) -> usize {
        self.reviews.iter().map(|review| review.uncovered.len()).sum()
    }

    /// Whether anything is open.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open_lines() > 0 || self.open_measures() > 0 || self.uncovered() > 0
    }

    /// The measures of all reviews.
    pub fn measures(&self) -> impl Iterator<Item = &ShownMeasure> {
        self.reviews.iter().flat_map(|review| &review.measures)
    }
}

/// What could be lost, at a moment.
#[derive(Clone, Debug)]
pub struct ExposureStatement {
    /// When it was so.
    pub at: Time,
    /// How many wallets there are in the real book, and how many hold anything.
    pub exposure: Exposure,
    /// How many terminals take payments.
    pub terminals: u64,
    /// The number of the policy that it was counted under.
    pub policy: i64,
    /// The figures, each with its formula.
    pub figures: Vec<Figure>,
}

/// An answer to a line, as it was given.
#[derive(Clone, Debug)]
pub struct PastAnswer {
    /// Counts the answers to this line.
    pub version: u32,
    /// When.
    pub at: Time,
    /// What it said.
    pub answer: Answer,
}

/// What there is to be seen of a wallet, as it is read.
struct PurseFacts {
    policy: warifu_core::limit::Policy,
    trial_members: u64,
    frozen_terminals: u64,
}

impl Board {
    /// Readiness of a board alone: without what is about a wallet.
    ///
    /// # Errors
    /// What the store said.
    pub async fn readiness(&self, around: &Surroundings) -> Result<Readiness, Fault> {
        self.readiness_of(around, None).await
    }

    async fn readiness_of(&self, around: &Surroundings, purse: Option<Purse<'_>>) -> Result<Readiness, Fault> {
        let (answers, reviews) = self
            .database
            .read(|transaction| {
                Box::pin(async move { Ok((transaction.list_answers().await?, reviews::gather(transaction).await?)) })
            })
            .await?;
        let facts = Facts {
            origin: self.origin(),
            is_begun_by_operator: self.begin() == Begin::Operator,
            requests_per_second: around.requests_per_second.map(NonZeroU32::get),
            is_key_file_private: around.keys.as_deref().and_then(is_private),
            purse,
        };
        let day = self.clock.now().date_in(&around.zone);
        let today = day.to_string();
        let answers = answers.iter().map(read_answer).collect::<Result<Vec<_>, _>>()?;
        let mut lines = Vec::new();
        for line in lines::shipped() {
            let answered = answers.iter().find(|(kept, _)| kept.key == line.key);
            lines.extend(shown(line.clone(), answered, &facts, &today));
        }
        for answered in &answers {
            let own = lines::own(&answered.0.key, &answered.1);
            lines.extend(own.and_then(|line| shown(line, Some(answered), &facts, &today)));
        }
        // Stable: within a section the order is that of the list.
        lines.sort_by_key(|line| (line.line.section, line.gaps.is_empty()));
        let reviews = reviews.into_iter().map(|review| review.on(&today, measure_gaps)).collect();
        Ok(Readiness { day, lines, reviews })
    }

    /// Answers to a line. Gives what stands then.
    ///
    /// # Errors
    /// [`Fault::NotFound`] if there is no such line, [`Fault::Invalid`] if the answer does not stand, or what the store said.
    pub async fn answer_line(&self, key: &str, change: AnswerChange, zone: &TimeZone) -> Result<Answer, Fault> {
        let found = self.find_answer(key).await?;
        let line = lines::find(key, found.as_ref().map(|(_, answer)| answer));
        let line = line.ok_or(Fault::NotFound("line with this key"))?;
        let (version, before) = found.map_or_else(Default::default, |(kept, answer)| (kept.version, answer));
        let today = self.clock.now().date_in(zone);
        let answer = before.changed(change, &line, today).map_err(|error| Fault::Invalid(error.to_string()))?;
        self.keep_answer(&line.key, version.saturating_add(1), &answer).await?;
        Ok(answer)
    }

    /// Adds a line of the operator's own.
    ///
    /// # Errors
    /// [`Fault::Invalid`] if the key is taken or is none, or the line does not stand; or what the store said.
    pub async fn add_line(&self, key: &str, own: OwnLine, zone: &TimeZone) -> Result<(), Fault> {
        let is_key = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        if !(1..=40).contains(&key.len()) || !key.bytes().all(is_key) {
            return Err(Fault::Invalid("a key is 1 to 40 of `a` to `z`, `0` to `9` and `-`".to_owned()));
        }
        if own.repeats == Some(0) {
            return Err(Fault::Invalid("what repeats does so within 1 day or more".to_owned()));
        }
        let answers = self.database.read(|transaction| Box::pin(transaction.list_answers())).await?;
        if lines::find(key, None).is_some() || answers.iter().any(|kept| kept.key == key) {
            return Err(Fault::Invalid("there is a line with this key".to_owned()));
        }
        let owned = answers.iter().filter(|kept| lines::find(&kept.key, None).is_none()).count();
        if owned >= OWN_MAX {
            return Err(Fault::Invalid(format!("there are {OWN_MAX} lines of your own already")));
        }
        let answer = Answer { own: Some(own), ..Answer::default() };
        let line = lines::own(key, &answer).ok_or(Fault::NotFound("line with this key"))?;
        let today = self.clock.now().date_in(zone);
        answer.check(&line, today).map_err(|error| Fault::Invalid(error.to_string()))?;
        self.keep_answer(key, 1, &answer).await
    }

    /// Every answer to a line, the first one first.
    ///
    /// # Errors
    /// [`Fault::NotFound`] if there is no such line, or what the store said.
    pub async fn line_history(&self, key: &str) -> Result<(Line, Vec<PastAnswer>), Fault> {
        let asked = key.to_owned();
        let kept =
            self.database.read(move |transaction| Box::pin(async move { transaction.list_answers_of(&asked).await }));
        let past = kept.await?.iter().map(read_answer).collect::<Result<Vec<_>, _>>()?;
        let line = lines::find(key, past.last().map(|(_, answer)| answer));
        let line = line.ok_or(Fault::NotFound("line with this key"))?;
        let past = past.into_iter().map(|(kept, answer)| PastAnswer { version: kept.version, at: kept.at, answer });
        Ok((line, past.collect()))
    }

    async fn find_answer(&self, key: &str) -> Result<Option<(KeptAnswer, Answer)>, Fault> {
        let key = key.to_owned();
        let found = self.database.read(move |transaction| Box::pin(async move { transaction.find_answer(&key).await }));
        Ok(found.await?.as_ref().map(read_answer).transpose()?)
    }

    async fn keep_answer(&self, key: &str, version: u32, answer: &Answer) -> Result<(), Fault> {
        // Never the fallback: texts and numbers can be serialised.
        let body = serde_json::to_string(answer).unwrap_or_default();
        let kept = KeptAnswer { key: key.to_owned(), version, at: self.clock.now(), body };
        let made = self
            .database
            .write(move |transaction| Box::pin(async move { transaction.create_answer(&kept).await }))
            .await?;
        let meanwhile = || Fault::Invalid("somebody answered this line meanwhile; look at it and try again".to_owned());
        if made { Ok(()) } else { Err(meanwhile()) }
    }
}

impl App {
    /// Readiness of a wallet and its board.
    ///
    /// # Errors
    /// What the store said.
    pub async fn readiness(&self, around: &Surroundings) -> Result<Readiness, Fault> {
        let found = self
            .database
            .read(|transaction| {
                Box::pin(async move {
                    Ok(PurseFacts {
                        policy: transaction.find_policy().await?,
                        trial_members: transaction.count_members_without_passkey(Purse::COUNTED).await?,
                        frozen_terminals: transaction.count_frozen_terminals().await?,
                    })
                })
            })
            .await?;
        let purse = Purse {
            refuses_private_webhooks: self.webhooks.addresses() == PrivateAddresses::Refuse,
            operator_address: around.operator_address.as_deref().unwrap_or("off"),
            is_operator_address_private: is_private_address(around.operator_address.as_deref()),
            policy: &found.policy,
            trial_members: found.trial_members,
            frozen_terminals: found.frozen_terminals,
        };
        self.board.readiness_of(around, Some(purse)).await
    }

    /// The same as [`App::exposure`], counted at most once a minute however many ask: it reads every wallet.
    ///
    /// # Errors
    /// What the store said.
    pub async fn recent_exposure(&self) -> Result<ExposureStatement, Fault> {
        let mut stated = self.stated.lock().await;
        if let Some(stated) = &*stated
            && self.clock.now().distance(stated.at) < RECENT
        {
            return Ok(stated.clone());
        }
        let counted = self.exposure().await?;
        *stated = Some(counted.clone());
        Ok(counted)
    }

    /// What wallets of the real book hold, and what could be lost under the policy in force, on one snapshot.
    ///
    /// # Errors
    /// What the store said.
    pub async fn exposure(&self) -> Result<ExposureStatement, Fault> {
        let at = self.clock.now();
        Ok(self.database.read(move |transaction| Box::pin(state_exposure(transaction, at))).await?)
    }
}

async fn state_exposure(transaction: &mut Transaction, at: Time) -> Result<ExposureStatement, StoreError> {
    let too_much = |error: warifu_core::readiness::exposure::TooMuch| StoreError::Failed(error.to_string());
    let policy = transaction.find_policy().await?;
    let terminals = transaction.count_working_terminals().await?;
    let yen_per_point = transaction.find_least_yen_per_point().await?;
    let (mut exposure, mut last) = (Exposure::default(), None);
    loop {
        let page = transaction.list_holdings(last, at, PAGE).await?;
        let Some((end, _)) = page.last() else { break };
        last = Some(*end);
        for (_, holding) in &page {
            exposure.count(holding, &policy, yen_per_point).map_err(too_much)?;
        }
    }
    let figures = figures(&exposure, &policy, terminals).map_err(too_much)?;
    Ok(ExposureStatement { at, exposure, terminals, policy: policy.number, figures })
}

/// A line as it stands; nothing where it is about a wallet that is not there.
fn shown(line: Line, answered: Option<&(KeptAnswer, Answer)>, facts: &Facts<'_>, today: &str) -> Option<ShownLine> {
    let seen = match line.look {
        Some(at) => Some(look(at, facts)?),
        None => None,
    };
    let (version, answer) = answered.map_or_else(Default::default, |(kept, answer)| (kept.version, answer.clone()));
    let gaps = gaps(&line, &answer, seen.as_ref(), today);
    Some(ShownLine { line, answer, version, seen, gaps })
}

fn read_answer(kept: &KeptAnswer) -> Result<(KeptAnswer, Answer), StoreError> {
    let unread = |_| StoreError::Failed(format!("the answer to the line {} cannot be read", kept.key));
    serde_json::from_str(&kept.body).map(|answer| (kept.clone(), answer)).map_err(unread)
}

/// Whether a file is its owner's alone; `None` if it cannot be looked at.
fn is_private(path: &Path) -> Option<bool> {
    is_exposed(path).ok().map(|is_exposed| !is_exposed)
}

/// Whether an address that is listened on is reached from here, or a private network, alone; `None` where only a name says so.
fn is_private_address(address: Option<&str>) -> Option<bool> {
    let Some(address) = address else { return Some(true) };
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host == "localhost" {
        return Some(true);
    }
    host.parse().ok().map(is_near)
}

/// Whether an address is this machine's, or of a private network (RFC 1918, RFC 4193, link-local).
#[must_use]
pub fn is_near(address: std::net::IpAddr) -> bool {
    match address.to_canonical() {
        std::net::IpAddr::V4(address) => address.is_loopback() || address.is_private() || address.is_link_local(),
        std::net::IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    }
}

/// The section with this word.
///
/// # Errors
/// [`Fault::Invalid`] says which there are.
pub fn parse_section(text: &str) -> Result<Section, Fault> {
    let all = || Section::ALL.map(Section::text).join(", ");
    Section::parse(text).ok_or_else(|| Fault::Invalid(format!("a section is one of {}", all())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_near_or_not_or_only_a_name() {
        for near in [
            "127.0.0.1:9464",
            "[::1]:9464",
            "10.0.0.5:1",
            "192.168.1.1:1",
            "172.16.0.1:1",
            "[fd00::1]:1",
            "localhost:1",
        ] {
            assert_eq!(is_private_address(Some(near)), Some(true), "{near}");
        }
        for far in ["0.0.0.0:9464", "[::]:9464", "203.0.113.7:1", "[2001:db8::1]:1", "100.64.0.1:1"] {
            assert_eq!(is_private_address(Some(far)), Some(false), "{far}");
        }
        assert_eq!((is_private_address(None), is_private_address(Some("metrics:9464"))), (Some(true), None));
    }
}
