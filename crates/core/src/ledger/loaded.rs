//! The state that a batch of decisions is taken against.

use std::collections::{BTreeMap, BTreeSet};

use super::transaction::{Kind, Transaction};
use crate::code::{CodeMac, IssuedCode};
use crate::id::{TerminalId, TransactionId, WalletId};
use crate::limit::Policy;
use crate::payment::Payment;
use crate::place::Place;
use crate::request::RequestKey;
use crate::time::Time;
use crate::wallet::Wallet;

/// The state that decisions are taken against; each decision leaves it as the next one finds it.
#[derive(Debug, Default)]
pub struct Loaded {
    policy: Policy,
    codes: BTreeMap<CodeMac, IssuedCode>,
    places: BTreeMap<TerminalId, Place>,
    wallets: BTreeMap<WalletId, Wallet>,
    payments: BTreeMap<TransactionId, Payment>,
    top_ups: BTreeMap<TransactionId, Transaction>,
    canceled: BTreeSet<TransactionId>,
    /// What stands under the request keys that somebody wants to cancel.
    targets: BTreeMap<RequestKey, Option<Transaction>>,
    changed_codes: BTreeSet<CodeMac>,
    changed_places: BTreeSet<TerminalId>,
    changed_wallets: BTreeSet<WalletId>,
    tombstones: BTreeMap<RequestKey, TransactionId>,
}

impl Loaded {
    /// The policy in force, the codes that were shown, the places they were shown at, and the wallets.
    #[must_use]
    pub fn new(policy: Policy, codes: Vec<IssuedCode>, places: Vec<Place>, wallets: Vec<Wallet>) -> Self {
        Self {
            policy,
            codes: codes.into_iter().map(|code| (code.mac, code)).collect(),
            places: places.into_iter().map(|place| (place.terminal, place)).collect(),
            wallets: wallets.into_iter().map(|wallet| (wallet.id, wallet)).collect(),
            ..Self::default()
        }
    }

    /// Adds what stands under a request key that a cancel names.
    pub fn add_target(&mut self, key: RequestKey, record: Option<Transaction>) {
        self.targets.insert(key, record);
    }

    /// Adds the record of a payment or top-up, or one that followed it; the oldest first.
    pub fn add_record(&mut self, record: &Transaction) {
        match record.parent {
            None => self.add_origin(record),
            Some(parent) => self.add_follower(parent, record),
        }
    }

    fn add_origin(&mut self, record: &Transaction) {
        if let Some(payment) = Payment::begun_by(record) {
            self.payments.insert(record.id, payment);
        } else if record.kind == Kind::TopUp && record.done().is_some() {
            self.top_ups.insert(record.id, record.clone());
        }
    }

    fn add_follower(&mut self, parent: TransactionId, record: &Transaction) {
        if let Some(payment) = self.payments.get_mut(&parent) {
            payment.follow(record);
        }
        if matches!(record.kind, Kind::Cancel | Kind::TopUpCancel) && record.done().is_some() {
            self.canceled.insert(parent);
        }
    }

    /// Leaves what was decided as the next decision shall find it.
    pub(super) fn remember(&mut self, record: &Transaction) {
        let is_target = self.targets.contains_key(&record.key);
        if record.parent.is_some() || is_target {
            self.add_record(record);
        }
        if is_target {
            self.targets.insert(record.key.clone(), Some(record.clone()));
        }
        if let Some(target) = &record.target {
            let key = RequestKey { caller: record.key.caller, request_id: target.clone() };
            self.tombstones.insert(key.clone(), record.id);
            self.targets.insert(key, Some(record.clone()));
        }
    }

    /// The policy in force.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        &self.policy
    }

    /// The latest time at which one of the wallets changed.
    #[must_use]
    pub fn latest(&self) -> Time {
        self.wallets.values().map(|wallet| wallet.at).max().unwrap_or(Time::EPOCH)
    }

    /// The code that was shown, whichever key hashed it.
    #[must_use]
    pub fn code(&self, candidates: &[CodeMac]) -> Option<&IssuedCode> {
        candidates.iter().find_map(|mac| self.codes.get(mac))
    }

    /// A terminal that was gathered.
    #[must_use]
    pub fn place(&self, terminal: TerminalId) -> Option<&Place> {
        self.places.get(&terminal)
    }

    /// A wallet that was gathered.
    #[must_use]
    pub fn wallet(&self, id: WalletId) -> Option<&Wallet> {
        self.wallets.get(&id)
    }

    /// A payment that was gathered.
    #[must_use]
    pub fn payment(&self, id: TransactionId) -> Option<&Payment> {
        self.payments.get(&id)
    }

    /// A top-up by cash that was gathered and had been done.
    #[must_use]
    pub fn top_up(&self, id: TransactionId) -> Option<&Transaction> {
        self.top_ups.get(&id)
    }

    /// Whether a payment or top-up was cancelled.
    #[must_use]
    pub fn is_canceled(&self, id: TransactionId) -> bool {
        self.canceled.contains(&id)
    }

    /// What stands under a request key that a cancel names.
    #[must_use]
    pub fn target(&self, key: &RequestKey) -> Option<&Transaction> {
        self.targets.get(key).and_then(Option::as_ref)
    }

    /// Leaves `code` as the next decision shall find it.
    pub fn put_code(&mut self, code: IssuedCode) {
        self.changed_codes.insert(code.mac);
        self.codes.insert(code.mac, code);
    }

    /// Leaves `place` as the next decision shall find it.
    pub fn put_place(&mut self, place: Place) {
        self.changed_places.insert(place.terminal);
        self.places.insert(place.terminal, place);
    }

    /// Leaves `wallet` as the next decision shall find it.
    pub fn put_wallet(&mut self, wallet: Wallet) {
        self.changed_wallets.insert(wallet.id);
        self.wallets.insert(wallet.id, wallet);
    }

    /// The codes that decisions changed, sorted.
    pub fn changed_codes(&self) -> impl Iterator<Item = &IssuedCode> {
        self.changed_codes.iter().filter_map(|mac| self.codes.get(mac))
    }

    /// The places whose usage decisions changed, sorted.
    pub fn changed_places(&self) -> impl Iterator<Item = &Place> {
        self.changed_places.iter().filter_map(|terminal| self.places.get(terminal))
    }

    /// The wallets that decisions changed, sorted.
    pub fn changed_wallets(&self) -> impl Iterator<Item = &Wallet> {
        self.changed_wallets.iter().filter_map(|id| self.wallets.get(id))
    }

    /// The request keys that cancels hold for requests that have not arrived, with those cancels.
    #[must_use]
    pub const fn tombstones(&self) -> &BTreeMap<RequestKey, TransactionId> {
        &self.tombstones
    }
}
