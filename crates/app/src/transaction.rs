//! What all commands on money share: submitting them, and finding them again.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use warifu_core::id::{MemberId, ShopId, TransactionId};
use warifu_core::ledger::{Ask, Command, Kind, Transaction as Record};
use warifu_core::money::Amount;
use warifu_core::payment::Payment;
use warifu_core::request::{CallerId, RequestId, RequestKey};
use warifu_core::time::Time;
use warifu_store::{Merchant, Recorded, Shop, StoreError, Terminal, Transaction};

use crate::access::Caller;
use crate::commit::{Receipt, Submission};
use crate::fault::Fault;
use crate::open::App;
use crate::random;
use crate::trial::Settled;

/// A line of a member's history.
#[derive(Clone, Debug)]
pub struct HistoryItem {
    /// What was recorded.
    pub record: Record,
    /// Where, as it is called now.
    pub shop: Option<Shop>,
}

/// A page of a member's history, newest first.
#[derive(Clone, Debug)]
pub struct HistoryPage {
    /// The lines.
    pub items: Vec<HistoryItem>,
    /// The wallet version before which the next page begins; `None` at the end.
    pub next: Option<i64>,
}

/// A payment or top-up with all that followed it, as it stands at a time.
#[derive(Clone, Debug)]
pub struct Course {
    /// How it began.
    pub record: Record,
    /// What was done after it, the oldest first.
    pub followers: Vec<Record>,
    /// The payment, folded; `None` for top-ups and for what was refused.
    pub payment: Option<Payment>,
    /// The time as of which this is told.
    pub at: Time,
}

/// Where something happened.
#[derive(Clone, Debug)]
pub struct Whereabouts {
    /// The shop.
    pub shop: Shop,
    /// Whose shop it is.
    pub merchant: Merchant,
}

/// The parts of a request that its hash covers, in a fixed order.
#[derive(Default)]
pub(crate) struct Asked(Vec<Vec<u8>>);

impl Asked {
    pub(crate) fn text(mut self, text: &str) -> Self {
        self.0.push(text.as_bytes().to_vec());
        self
    }

    pub(crate) fn amount(self, amount: Amount) -> Self {
        self.number(Some(amount.get()))
    }

    /// A number, or that there is none.
    pub(crate) fn number(mut self, number: Option<i64>) -> Self {
        self.0.push(number.map(|number| number.to_be_bytes().to_vec()).unwrap_or_default());
        self
    }
}

impl App {
    /// Queues a command and waits for its commit.
    pub(crate) async fn submit(
        &self,
        caller: CallerId,
        request_id: RequestId,
        ask: Ask,
        asked: Asked,
        note: Option<String>,
    ) -> Result<Receipt, Fault> {
        self.queue.submit(self.submission(caller, request_id, ask, asked, note)?).await
    }

    /// A command that is ready to be queued.
    pub(crate) fn submission(
        &self,
        caller: CallerId,
        request_id: RequestId,
        ask: Ask,
        asked: Asked,
        note: Option<String>,
    ) -> Result<Submission, Fault> {
        if ask.amount().is_some_and(Amount::is_zero) {
            return Err(Fault::Invalid("the amount must be more than zero".to_owned()));
        }
        if ask.target() == Some(&request_id) {
            return Err(Fault::Invalid("a cancel has a request_id of its own".to_owned()));
        }
        let id = TransactionId::generate(self.clock.now(), random::bytes()?);
        let kind = ask.kind().text();
        let note_text = note.as_deref().unwrap_or_default();
        let mut parts: Vec<&[u8]> = vec![kind.as_bytes(), note_text.as_bytes()];
        parts.extend(asked.0.iter().map(Vec::as_slice));
        let bodies = self.keys.body_hashes(&parts);
        let body = bodies.first().copied().ok_or(Fault::NotFound("key to hash with"))?;
        let command = Command { id, key: RequestKey { caller, request_id }, body, ask, note };
        Ok(Submission { command, bodies })
    }

    /// The payment or top-up that a terminal wants to follow up. Only those of its own shop are there for it.
    pub(crate) async fn check_parent(
        &self,
        terminal: &Terminal,
        id: TransactionId,
        kinds: &'static [Kind],
        what: &'static str,
    ) -> Result<(), Fault> {
        let found = self
            .database
            .read(move |transaction| Box::pin(async move { transaction.find_transaction(id).await }))
            .await?;
        let is_there = found.is_some_and(|Recorded { record, .. }| {
            record.shop == Some(terminal.shop) && record.book == terminal.book && kinds.contains(&record.kind)
        });
        if is_there { Ok(()) } else { Err(Fault::NotFound(what)) }
    }

    /// What a terminal's own request id stands for, with what followed it. `None` means: not recorded yet. A cancel that
    /// came before what it cancels is found under that id too.
    ///
    /// # Errors
    /// What the store said.
    pub async fn find_by_request(
        &self,
        kinds: &'static [Kind],
        terminal: &Terminal,
        request_id: RequestId,
    ) -> Result<Option<Course>, Fault> {
        let key = RequestKey { caller: terminal.id.into(), request_id };
        let now = self.clock.now();
        let asked = key.request_id.clone();
        let found = self
            .database
            .read(move |transaction| {
                Box::pin(async move {
                    let Some(recorded) = transaction.find_transaction_by_request(&key).await? else { return Ok(None) };
                    course(transaction, recorded.record, now).await.map(Some)
                })
            })
            .await?;
        let found = found.filter(|course| kinds.contains(&course.record.kind));
        if found.is_some() {
            self.note_settled(terminal, &asked, Settled::Inquiry).await;
        }
        Ok(found)
    }

    /// A transaction by its id with what followed it, if it is the caller's to see: a terminal sees its shop's, a member
    /// those of the own wallet.
    ///
    /// # Errors
    /// What the store said.
    pub async fn find_transaction(
        &self,
        kinds: &'static [Kind],
        caller: &Caller,
        id: TransactionId,
    ) -> Result<Option<Course>, Fault> {
        let caller = caller.clone();
        let now = self.clock.now();
        Ok(self
            .database
            .read(move |transaction| {
                Box::pin(async move {
                    let Some(recorded) = transaction.find_transaction(id).await? else { return Ok(None) };
                    let record = recorded.record;
                    let is_visible = match caller {
                        Caller::Terminal(terminal) => {
                            record.shop == Some(terminal.shop) && record.book == terminal.book
                        }
                        Caller::Member(phone) => {
                            let wallet = transaction.find_wallet_of_member(phone.member).await?;
                            wallet.is_some_and(|wallet| record.wallet == Some(wallet.id))
                        }
                        // A partner reads events.
                        Caller::Partner(_) => false,
                    };
                    if !is_visible || !kinds.contains(&record.kind) {
                        return Ok(None);
                    }
                    course(transaction, record, now).await.map(Some)
                })
            })
            .await?)
    }

    /// Where something happened, as it is called now.
    ///
    /// # Errors
    /// What the store said.
    pub async fn whereabouts(&self, shop: ShopId) -> Result<Option<Whereabouts>, Fault> {
        Ok(self
            .database
            .read(move |transaction| {
                Box::pin(async move {
                    let Some(shop) = transaction.find_shop(shop).await? else { return Ok(None) };
                    let merchant = transaction.find_merchant(shop.merchant).await?;
                    Ok(merchant.map(|merchant| Whereabouts { shop, merchant }))
                })
            })
            .await?)
    }

    /// What changed a member's wallet before version `before`, newest first, at most `limit` lines.
    ///
    /// # Errors
    /// What the store said.
    pub async fn history(&self, member: MemberId, before: Option<i64>, limit: u16) -> Result<HistoryPage, Fault> {
        let limit = usize::from(limit);
        let page = self
            .database
            .read(move |transaction| {
                Box::pin(async move {
                    let Some(wallet) = transaction.find_wallet_of_member(member).await? else { return Ok(None) };
                    let before = before.unwrap_or(i64::MAX);
                    // One more than asked for tells whether there is a next page.
                    let wanted = i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX);
                    let mut found = transaction.list_transactions_of_wallet(wallet.id, before, wanted).await?;
                    let has_more = found.len() > limit;
                    found.truncate(limit);
                    let mut shops: BTreeMap<ShopId, Option<Shop>> = BTreeMap::new();
                    for shop in found.iter().filter_map(|recorded| recorded.record.shop) {
                        if let Entry::Vacant(unknown) = shops.entry(shop) {
                            unknown.insert(transaction.find_shop(shop).await?);
                        }
                    }
                    let next = has_more.then(|| found.last().and_then(|last| last.record.wallet_version())).flatten();
                    let items = found
                        .into_iter()
                        .map(|recorded| HistoryItem {
                            shop: recorded.record.shop.and_then(|shop| shops.get(&shop).cloned().flatten()),
                            record: recorded.record,
                        })
                        .collect();
                    Ok(Some(HistoryPage { items, next }))
                })
            })
            .await?;
        page.ok_or(Fault::NotFound("wallet"))
    }
}

/// Folds what followed a record into its payment.
pub(crate) async fn course(transaction: &mut Transaction, record: Record, now: Time) -> Result<Course, StoreError> {
    let followers: Vec<Record> =
        transaction.list_followers(record.id).await?.into_iter().map(|recorded| recorded.record).collect();
    let mut payment = Payment::begun_by(&record);
    if let Some(payment) = &mut payment {
        followers.iter().for_each(|follower| payment.follow(follower));
    }
    let at = followers.iter().map(|follower| follower.at).fold(now.max(record.at), Time::max);
    Ok(Course { record, followers, payment, at })
}
