//! What payments and top-ups share: submitting them, and finding them again.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use warifu_core::code::Code;
use warifu_core::id::{MemberId, ShopId, TransactionId};
use warifu_core::ledger::{Command, Kind, Transaction as Record};
use warifu_core::money::{Amount, Unit};
use warifu_core::request::{RequestId, RequestKey};
use warifu_store::{Shop, Terminal};

use crate::access::Caller;
use crate::commit::{Receipt, Submission};
use crate::fault::Fault;
use crate::open::App;
use crate::random;

/// What a terminal asks for by the code that a member shows.
#[derive(Debug)]
pub struct ByCode {
    /// The terminal's own id for this request.
    pub request_id: RequestId,
    /// The code.
    pub code: Code,
    /// How much, in yen; more than zero.
    pub amount: Amount,
}

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

impl App {
    pub(crate) async fn submit(
        &self,
        kind: Kind,
        terminal: &Terminal,
        ByCode { request_id, code, amount }: ByCode,
    ) -> Result<Receipt, Fault> {
        if amount.is_zero() {
            return Err(Fault::Invalid("the amount must be more than zero".to_owned()));
        }
        let id = TransactionId::generate(self.clock.now(), random::bytes()?);
        let parts: [&[u8]; 4] = [
            kind.text().as_bytes(),
            code.digits().as_bytes(),
            &amount.get().to_be_bytes(),
            Unit::Jpy.text().as_bytes(),
        ];
        let bodies = self.keys.body_hashes(&parts);
        let body = bodies.first().copied().ok_or(Fault::NotFound("key to hash with"))?;
        // Another issuer's code has no hash here, so it is recorded as unknown.
        let code = if code.is_issued_by(&self.issuer_prefix) { self.keys.code_macs(&code) } else { Vec::new() };
        let key = RequestKey { caller: terminal.id, request_id };
        let command = Command { id, key, body, shop: terminal.shop, code, amount, kind };
        self.queue.submit(Submission { command, bodies }).await
    }

    /// The transaction that a terminal's own request id stands for. `None` means: not recorded yet.
    ///
    /// # Errors
    /// What the store said.
    pub async fn find_by_request(
        &self,
        kind: Kind,
        terminal: &Terminal,
        request_id: RequestId,
    ) -> Result<Option<Record>, Fault> {
        let key = RequestKey { caller: terminal.id, request_id };
        let found = self
            .database
            .read(move |transaction| Box::pin(async move { transaction.find_transaction_by_request(&key).await }))
            .await?;
        Ok(found.map(|recorded| recorded.record).filter(|record| record.kind == kind))
    }

    /// A transaction by its id, if it is the caller's to see: a terminal sees its shop's, a member those of the own wallet.
    ///
    /// # Errors
    /// What the store said.
    pub async fn find_transaction(
        &self,
        kind: Kind,
        caller: &Caller,
        id: TransactionId,
    ) -> Result<Option<Record>, Fault> {
        let caller = caller.clone();
        let found = self
            .database
            .read(move |transaction| {
                Box::pin(async move {
                    let Some(recorded) = transaction.find_transaction(id).await? else { return Ok(None) };
                    let is_visible = match caller {
                        Caller::Terminal(terminal) => recorded.record.shop == terminal.shop,
                        Caller::Member(member) => {
                            let wallet = transaction.find_wallet_of_member(member).await?;
                            wallet.is_some_and(|wallet| recorded.record.wallet == Some(wallet.id))
                        }
                        // A partner reads events.
                        Caller::Partner(_) => false,
                    };
                    Ok(is_visible.then_some(recorded.record))
                })
            })
            .await?;
        Ok(found.filter(|record| record.kind == kind))
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
                    for recorded in &found {
                        let shop = recorded.record.shop;
                        if let Entry::Vacant(unknown) = shops.entry(shop) {
                            unknown.insert(transaction.find_shop(shop).await?);
                        }
                    }
                    let next = has_more.then(|| found.last().and_then(|last| last.record.wallet_version())).flatten();
                    let items = found
                        .into_iter()
                        .map(|recorded| HistoryItem {
                            shop: shops.get(&recorded.record.shop).cloned().flatten(),
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
