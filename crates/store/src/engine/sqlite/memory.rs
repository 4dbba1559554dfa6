//! What the thread that writes remembers between its transactions: places, the policy, wallets, codes that it issued.
//!
//! It is a copy of rows as this thread last read or wrote them inside a transaction. Three things end it: a statement other than
//! the hot path's own that changes one of these tables, something undone, and a commit by another process, which is told at the
//! beginning of the next transaction (`open.rs`). So a decision never sees what the database would not say.

use std::collections::HashMap;

use warifu_core::code::{CodeMac, IssuedCode};
use warifu_core::id::{MemberId, TerminalId, TransactionId, WalletId};
use warifu_core::limit::Policy;
use warifu_core::place::{Book, Place};
use warifu_core::time::Time;
use warifu_core::wallet::{Wallet, WalletState};

use crate::ledger::StreamHead;
use crate::packed::{pack, unpack};

/// How many wallets are remembered, and as many that were before them. Twice some 60 MiB of small ones.
const WALLETS: usize = 200_000;
/// How many terminals.
const PLACES: usize = 20_000;
/// How many codes that were not used yet. Five minutes of 200 a second.
const CODES: usize = 60_000;
/// The tables whose rows are remembered. Of `codes` only what is issued here is, which nothing but the hot path changes.
const TABLES: [&str; 6] = ["wallets", "terminals", "shops", "policies", "newest_codes", "streams"];

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Memory {
    /// The end of the stream, as it was recorded here last.
    pub(crate) head: Option<StreamHead>,
    /// The policy in force.
    pub(crate) policy: Option<Policy>,
    /// Terminals with their shops, without what they did over a day.
    pub(crate) places: HashMap<TerminalId, Place>,
    /// Wallets that were read or written lately, and those before them: when there are too many the older half is forgotten.
    wallets: HashMap<WalletId, Remembered>,
    wallets_before: HashMap<WalletId, Remembered>,
    codes: HashMap<CodeMac, IssuedCode>,
    /// The newest code of a wallet, of those that are remembered.
    newest: HashMap<WalletId, CodeMac>,
}

/// A wallet, packed as its row is.
#[derive(Debug)]
struct Remembered {
    member: MemberId,
    book: Book,
    state: WalletState,
    cooling_until: Option<Time>,
    version: i64,
    last: Option<TransactionId>,
    at: Time,
    packed: Box<[u8]>,
}

impl Remembered {
    fn of(wallet: &Wallet) -> Self {
        let Wallet {
            member,
            book,
            state,
            cooling_until,
            version,
            last,
            at,
            id: _,
            lots: _,
            holds: _,
            lots_opened: _,
            topped_up: _,
            paid_out: _,
        } = *wallet;
        Self { member, book, state, cooling_until, version, last, at, packed: pack(wallet).into() }
    }

    fn wallet(&self, id: WalletId) -> Option<Wallet> {
        let Self { member, book, state, cooling_until, version, last, at, .. } = *self;
        let mut wallet = Wallet { state, cooling_until, version, last, at, ..Wallet::new(id, member, book) };
        unpack(&mut wallet, &self.packed).map(|()| wallet)
    }
}

impl Memory {
    /// Forgets everything, after something was undone.
    pub(super) fn forget(&mut self) {
        *self = Self::default();
    }

    /// Forgets everything if this statement may change what is remembered.
    pub(super) fn note(&mut self, statement: &str) {
        if concerns(statement) {
            self.forget();
        }
    }

    /// The wallet as it is.
    pub(crate) fn wallet(&self, id: WalletId) -> Option<Wallet> {
        let remembered = self.wallets.get(&id).or_else(|| self.wallets_before.get(&id));
        remembered.and_then(|remembered| remembered.wallet(id))
    }

    /// Remembers wallets as they were read or written just now.
    pub(crate) fn keep_wallets<'a>(&mut self, wallets: impl Iterator<Item = &'a Wallet>) {
        for wallet in wallets {
            if self.wallets.len() >= WALLETS {
                self.wallets_before = std::mem::take(&mut self.wallets);
            }
            self.wallets.insert(wallet.id, Remembered::of(wallet));
        }
    }

    /// The code as it is, if it was issued here and not used yet.
    pub(crate) fn code(&self, mac: CodeMac) -> Option<&IssuedCode> {
        self.codes.get(&mac)
    }

    /// Remembers a code that was issued just now; it ends the wallet's one before.
    pub(crate) fn keep_code(&mut self, code: &IssuedCode) {
        if self.codes.len() >= CODES {
            self.codes.clear();
            self.newest.clear();
        }
        let before = self.newest.insert(code.wallet, code.mac);
        if let Some(before) = before.and_then(|mac| self.codes.get_mut(&mac)) {
            before.newest = false;
        }
        self.codes.insert(code.mac, code.clone());
    }

    /// Notes what became of codes. One that is used up is hardly asked for again.
    pub(crate) fn change_codes<'a>(&mut self, codes: impl Iterator<Item = &'a IssuedCode>) {
        for code in codes {
            if code.consumed_by.is_some() {
                self.codes.remove(&code.mac);
            } else if let Some(kept) = self.codes.get_mut(&code.mac) {
                *kept = code.clone();
            }
        }
    }

    /// Remembers places as they were read just now.
    pub(crate) fn keep_places(&mut self, places: &[Place]) {
        if self.places.len() >= PLACES {
            self.places.clear();
        }
        self.places.extend(places.iter().map(|place| (place.terminal, place.clone())));
    }
}

/// Whether a statement may change what is remembered. A new wallet, terminal or shop changes nothing: that one was not there is not
/// remembered.
pub(super) fn concerns(statement: &str) -> bool {
    let mut words = statement.split_whitespace();
    let changed = match words.next() {
        Some("UPDATE") => words.next(),
        Some("DELETE") => words.nth(1),
        // A newer code is told by whoever keeps it.
        Some("INSERT") => words
            .nth(1)
            .filter(|table| *table == "policies" || *table != "newest_codes" && statement.contains("DO UPDATE")),
        _ => None,
    };
    changed.is_some_and(|table| TABLES.contains(&table))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use warifu_core::limit::Rolling;
    use warifu_core::lot::{LotAccount, Part};
    use warifu_core::money::Amount;
    use warifu_core::wallet::Hold;

    use super::*;

    #[test]
    fn a_wallet_is_remembered_as_it_is() {
        let (id, origin) = (WalletId::from_bytes([1; 16]), TransactionId::from_bytes([3; 16]));
        let (at, amount) = (Time::from_unix_micros(5).unwrap(), Amount::new(7).unwrap());
        let part = Part { lot: 4, account: LotAccount::Bonus, origin, expires_at: Some(at), amount };
        let sums = |index| Rolling { hours: vec![(index, amount)], days: vec![(index, amount)] };
        let wallet = Wallet {
            state: WalletState::Frozen,
            lots: vec![part.clone()],
            holds: vec![Hold { payment: origin, expires_at: at, parts: vec![part] }],
            lots_opened: 9,
            topped_up: sums(1),
            paid_out: sums(2),
            cooling_until: Some(at),
            version: 11,
            last: Some(origin),
            at,
            ..Wallet::new(id, MemberId::from_bytes([2; 16]), Book::Sandbox)
        };
        let mut memory = Memory::default();
        memory.keep_wallets(std::iter::once(&wallet));
        assert_eq!(memory.wallet(id), Some(wallet));
        assert_eq!(memory.wallet(WalletId::from_bytes([9; 16])), None);
    }

    #[test]
    fn a_write_to_what_is_remembered_ends_it_and_nothing_else_does() {
        let ends = |statement: &str| {
            let mut memory = Memory { policy: Some(Policy::default()), ..Memory::default() };
            memory.note(statement);
            memory.policy.is_none()
        };
        for statement in [
            "UPDATE wallets SET status = ?3 WHERE id = ?1",
            "INSERT INTO policies (number) VALUES (?1)",
            "INSERT INTO shops (id) VALUES (?1) ON CONFLICT DO UPDATE SET name = 'x'",
            "DELETE FROM shops WHERE id = ?1",
        ] {
            assert!(ends(statement), "{statement}");
        }
        for statement in [
            "SELECT 1 FROM wallets",
            "INSERT INTO wallets (id) VALUES (?1)",
            "INSERT INTO codes (mac) VALUES (?1)",
            "UPDATE cursors SET position = 1",
        ] {
            assert!(!ends(statement), "{statement}");
        }
    }
}
