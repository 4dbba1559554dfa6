//! What a wallet holds, packed: its lots, holds and rolling sums in [postcard's wire format](https://postcard.jamesmunns.com/wire-format), after a
//! byte for the version of what follows. The row of a wallet is read and written at another place of the file for each payment, so its length counts.
//! The journal says the same in words.

use serde::{Deserialize, Serialize};
use warifu_core::id::TransactionId;
use warifu_core::lot::{LotAccount, Part};
use warifu_core::money::Amount;
use warifu_core::time::Time;
use warifu_core::wallet::{Hold, Wallet};

use crate::part::{Buckets, read_rolling, read_time, write_rolling};

/// The first byte.
const FORMAT: u8 = 1;

/// Of format 1, in this order. What is added needs another format.
#[derive(Serialize, Deserialize)]
struct Packed {
    lots_opened: i64,
    lots: Vec<PackedPart>,
    holds: Vec<PackedHold>,
    /// Of hours and of days, each.
    topped_up: (Buckets, Buckets),
    paid_out: (Buckets, Buckets),
}

#[derive(Serialize, Deserialize)]
struct PackedPart {
    lot: i64,
    /// 0 points, 1 bonus, 2 paid.
    account: u8,
    origin: [u8; 16],
    expires_at: Option<i64>,
    amount: i64,
}

#[derive(Serialize, Deserialize)]
struct PackedHold {
    payment: [u8; 16],
    expires_at: i64,
    parts: Vec<PackedPart>,
}

/// Packs what the wallet holds.
pub(crate) fn pack(wallet: &Wallet) -> Vec<u8> {
    // What is not here is a column of its own: whoever adds a field decides.
    let Wallet {
        lots,
        holds,
        lots_opened,
        topped_up,
        paid_out,
        id: _,
        member: _,
        book: _,
        state: _,
        cooling_until: _,
        version: _,
        last: _,
        at: _,
    } = wallet;
    let packed = Packed {
        lots_opened: *lots_opened,
        lots: lots.iter().map(PackedPart::write).collect(),
        holds: holds.iter().map(PackedHold::write).collect(),
        topped_up: write_rolling(topped_up),
        paid_out: write_rolling(paid_out),
    };
    // Never the fallback: memory is all that it needs. What is empty would be refused when read.
    postcard::to_extend(&packed, vec![FORMAT]).unwrap_or_default()
}

/// Puts into the wallet what [`pack`] packed; `None` if these are not such bytes.
pub(crate) fn unpack(wallet: &mut Wallet, bytes: &[u8]) -> Option<()> {
    let (&FORMAT, bytes) = bytes.split_first()? else { return None };
    let (packed, rest) = postcard::take_from_bytes::<Packed>(bytes).ok()?;
    if !rest.is_empty() {
        return None;
    }
    wallet.lots_opened = packed.lots_opened;
    wallet.lots = packed.lots.into_iter().map(PackedPart::read).collect::<Option<_>>()?;
    wallet.holds = packed.holds.into_iter().map(PackedHold::read).collect::<Option<_>>()?;
    wallet.topped_up = read_rolling(packed.topped_up)?;
    wallet.paid_out = read_rolling(packed.paid_out)?;
    Some(())
}

impl PackedPart {
    fn write(part: &Part) -> Self {
        Self {
            lot: part.lot,
            account: match part.account {
                LotAccount::Points => 0,
                LotAccount::Bonus => 1,
                LotAccount::Paid => 2,
            },
            origin: part.origin.bytes(),
            expires_at: part.expires_at.map(Time::unix_micros),
            amount: part.amount.get(),
        }
    }

    fn read(self) -> Option<Part> {
        Some(Part {
            lot: self.lot,
            account: match self.account {
                0 => LotAccount::Points,
                1 => LotAccount::Bonus,
                2 => LotAccount::Paid,
                _ => return None,
            },
            origin: TransactionId::from_bytes(self.origin),
            expires_at: read_time(self.expires_at)?,
            amount: Amount::new(self.amount)?,
        })
    }
}

impl PackedHold {
    fn write(hold: &Hold) -> Self {
        Self {
            payment: hold.payment.bytes(),
            expires_at: hold.expires_at.unix_micros(),
            parts: hold.parts.iter().map(PackedPart::write).collect(),
        }
    }

    fn read(self) -> Option<Hold> {
        Some(Hold {
            payment: TransactionId::from_bytes(self.payment),
            expires_at: Time::from_unix_micros(self.expires_at)?,
            parts: self.parts.into_iter().map(PackedPart::read).collect::<Option<_>>()?,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use warifu_core::limit::Rolling;

    use super::*;

    /// Bytes that stand in databases: a change here is a change of the format.
    #[test]
    fn what_is_stored_is_read_for_ever() {
        let origin = TransactionId::from_bytes([0xab; 16]);
        let part = |lot, account, expires_at, amount| Part {
            lot,
            account,
            origin,
            expires_at,
            amount: Amount::new(amount).unwrap(),
        };
        let until = Time::from_unix_micros(1_795_489_032_846_247).unwrap();
        let mut wallet = Wallet {
            lots_opened: 70,
            lots: vec![
                part(3, LotAccount::Points, Some(until), 0),
                part(70, LotAccount::Bonus, None, 9_007_199_254_740_991),
            ],
            holds: vec![Hold {
                payment: origin,
                expires_at: until,
                parts: vec![part(64, LotAccount::Paid, None, 500)],
            }],
            topped_up: Rolling {
                hours: vec![(498_746, Amount::new(1_000).unwrap())],
                days: vec![(20_781, Amount::new(1_000).unwrap())],
            },
            paid_out: Rolling::default(),
            ..empty()
        };
        let id = "ab".repeat(16);
        let stored = [
            "01 8c01",
            &format!("02 06 00 {id} 01 ceee81e09bbfb006 00"),
            &format!("8c01 01 {id} 00 feffffffffffff1f"),
            &format!("01 {id} ceee81e09bbfb006 01 8001 02 {id} 00 e807"),
            "01 f4f03c d00f 01 dac402 d00f",
            "00 00",
        ];
        let stored = stored.concat().replace(' ', "");
        let hex: String = pack(&wallet).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, stored);
        let mut read = empty();
        unpack(&mut read, &pack(&wallet)).unwrap();
        assert_eq!(read, wallet);
        wallet = empty();
        assert_eq!(pack(&wallet), [1, 0, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn what_nobody_packed_is_refused() {
        let packed = pack(&Wallet { lots_opened: 5, ..empty() });
        let cut = packed.get(..packed.len() - 1).unwrap();
        let longer = [&packed[..], &[0]].concat();
        let account = [&[1, 0, 1, 2, 3][..], &[7; 16], &[0, 2, 0, 0, 0, 0, 0]].concat();
        let amount = [&[1, 0, 1, 2, 2][..], &[7; 16], &[0, 1, 0, 0, 0, 0, 0]].concat();
        let endless = [&[1, 0][..], &[0xff; 9], &[1]].concat();
        for bytes in [&[][..], &[0], &[2, 0, 0, 0, 0, 0, 0, 0], cut, &longer, &account, &amount, &endless] {
            assert_eq!(unpack(&mut empty(), bytes), None, "{bytes:?}");
        }
    }

    fn empty() -> Wallet {
        use warifu_core::id::{MemberId, WalletId};
        Wallet::new(WalletId::from_bytes([1; 16]), MemberId::from_bytes([2; 16]), warifu_core::place::Book::Real)
    }
}
