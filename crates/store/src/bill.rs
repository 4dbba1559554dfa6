//! Bills: what a terminal asks whoever opens its code to pay, or to take for cash. A bill is settled by the journal, under the terminal's own
//! `request_id`; its row is forgotten when it cannot be settled any more.

use warifu_core::id::{BillId, DeviceId, MemberId, TerminalId};
use warifu_core::ledger::Kind;
use warifu_core::money::Amount;
use warifu_core::request::RequestId;
use warifu_core::time::Time;

use crate::engine::Transaction;
use crate::error::StoreError;
use crate::registry::statements;
use crate::value::Row;

/// A bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bill {
    /// Its id.
    pub id: BillId,
    /// Whose it is.
    pub terminal: TerminalId,
    /// Under which of the terminal's own ids it is paid.
    pub request_id: RequestId,
    /// [`Kind::Payment`]; or [`Kind::TopUp`], where the terminal took cash.
    pub kind: Kind,
    /// How much, in yen.
    pub amount: Amount,
    /// What is to be remembered with the payment, as JSON.
    pub note: Option<String>,
    /// Since when it is here.
    pub issued_at: Time,
    /// The first moment at which it cannot be paid.
    pub expires_at: Time,
    /// The member who entered the amount, where a code of a place named none.
    pub made_for: Option<MemberId>,
}

/// A member's confirmation of a bill of a machine that has taken cash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BillClaim {
    /// Which bill.
    pub bill: BillId,
    /// Four digits, which no other claim of this bill has.
    pub number: String,
    /// Who confirmed it.
    pub member: MemberId,
    /// On which device.
    pub device: DeviceId,
    /// When.
    pub created_at: Time,
}

statements! {
    CREATE_BILL (Blob, Blob, Text, Text, Int, Text, Int, Int, Blob) -> ()
        "INSERT INTO bills (id, terminal_id, request_id, kind, amount, note, issued_at, expires_at, made_for) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
    FIND_BILL (Blob) -> (Blob, Blob, Text, Text, Int, Text, Int, Int, Blob)
        "SELECT id, terminal_id, request_id, kind, amount, note, issued_at, expires_at, made_for FROM bills WHERE id = $1";
    FIND_BILL_BY_REQUEST (Blob, Text) -> (Blob, Blob, Text, Text, Int, Text, Int, Int, Blob)
        "SELECT id, terminal_id, request_id, kind, amount, note, issued_at, expires_at, made_for FROM bills \
         WHERE terminal_id = $1 AND request_id = $2";
    COUNT_BILLS_FOR (Blob, Int) -> (Int) "SELECT count(*) FROM bills WHERE made_for = $1 AND expires_at > $2";
    HOLD_BILL (Blob) -> () "UPDATE bills SET expires_at = expires_at WHERE id = $1";
    CREATE_BILL_CLAIM (Blob, Text, Blob, Blob, Int) -> ()
        "INSERT INTO bill_claims (bill_id, number, member_id, device_id, created_at) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
    FIND_BILL_CLAIM (Blob, Text) -> (Blob, Text, Blob, Blob, Int)
        "SELECT bill_id, number, member_id, device_id, created_at FROM bill_claims WHERE bill_id = $1 AND number = $2";
    FIND_BILL_CLAIM_OF (Blob, Blob) -> (Blob, Text, Blob, Blob, Int)
        "SELECT bill_id, number, member_id, device_id, created_at FROM bill_claims WHERE bill_id = $1 AND member_id = $2";
    COUNT_BILL_CLAIMS (Blob) -> (Int) "SELECT count(*) FROM bill_claims WHERE bill_id = $1";
    // Both pick the same bills.
    DELETE_BILL_CLAIMS (Int, Int) -> ()
        "DELETE FROM bill_claims WHERE bill_id IN \
             (SELECT id FROM bills WHERE expires_at < $1 ORDER BY expires_at, id LIMIT $2)";
    DELETE_BILLS (Int, Int) -> ()
        "DELETE FROM bills WHERE id IN (SELECT id FROM bills WHERE expires_at < $1 ORDER BY expires_at, id LIMIT $2)";
}

impl Transaction {
    /// Keeps a new bill. `false` if the terminal has one under this `request_id` already.
    ///
    /// # Errors
    /// What the database said.
    pub async fn create_bill(&mut self, bill: &Bill) -> Result<bool, StoreError> {
        let row = [
            bill.id.bytes().into(),
            bill.terminal.bytes().into(),
            bill.request_id.as_str().into(),
            bill.kind.text().into(),
            bill.amount.get().into(),
            bill.note.as_deref().into(),
            bill.issued_at.unix_micros().into(),
            bill.expires_at.unix_micros().into(),
            bill.made_for.map(MemberId::bytes).into(),
        ];
        Ok(self.execute(&CREATE_BILL, &row).await? == 1)
    }

    /// The bill with this id.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_bill(&mut self, id: BillId) -> Result<Option<Bill>, StoreError> {
        self.row(&FIND_BILL, &[id.bytes().into()]).await?.map(|row| read_bill(&row)).transpose()
    }

    /// The bill of a terminal under its own id.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_bill_by_request(
        &mut self,
        terminal: TerminalId,
        request_id: &RequestId,
    ) -> Result<Option<Bill>, StoreError> {
        let key = [terminal.bytes().into(), request_id.as_str().into()];
        self.row(&FIND_BILL_BY_REQUEST, &key).await?.map(|row| read_bill(&row)).transpose()
    }

    /// How many bills for which a member entered the amount can still be paid.
    ///
    /// # Errors
    /// What the database said.
    pub async fn count_bills_for(&mut self, member: MemberId, now: Time) -> Result<i64, StoreError> {
        let params = [member.bytes().into(), now.unix_micros().into()];
        self.row(&COUNT_BILLS_FOR, &params).await?.map_or(Ok(0), |row| row.int(0))
    }

    /// Keeps a claim. `false` if its number is another's on this bill, or its member has one already.
    ///
    /// # Errors
    /// What the database said.
    pub async fn create_bill_claim(&mut self, claim: &BillClaim) -> Result<bool, StoreError> {
        let row = [
            claim.bill.bytes().into(),
            claim.number.as_str().into(),
            claim.member.bytes().into(),
            claim.device.bytes().into(),
            claim.created_at.unix_micros().into(),
        ];
        Ok(self.execute(&CREATE_BILL_CLAIM, &row).await? == 1)
    }

    /// The claim of a bill with this number.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_bill_claim(&mut self, bill: BillId, number: &str) -> Result<Option<BillClaim>, StoreError> {
        self.row(&FIND_BILL_CLAIM, &[bill.bytes().into(), number.into()]).await?.map(|row| read_claim(&row)).transpose()
    }

    /// The claim that a member has on a bill.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_bill_claim_of(
        &mut self,
        bill: BillId,
        member: MemberId,
    ) -> Result<Option<BillClaim>, StoreError> {
        let key = [bill.bytes().into(), member.bytes().into()];
        self.row(&FIND_BILL_CLAIM_OF, &key).await?.map(|row| read_claim(&row)).transpose()
    }

    /// How many claims there are on a bill, which nobody adds to until this transaction has ended.
    ///
    /// # Errors
    /// What the database said.
    pub async fn count_bill_claims(&mut self, bill: BillId) -> Result<i64, StoreError> {
        self.execute(&HOLD_BILL, &[bill.bytes().into()]).await?;
        self.row(&COUNT_BILL_CLAIMS, &[bill.bytes().into()]).await?.map_or(Ok(0), |row| row.int(0))
    }

    /// Forgets at most `limit` bills that expired before `before`, with the claims on them, and says how many.
    ///
    /// # Errors
    /// What the database said.
    pub async fn delete_bills(&mut self, before: Time, limit: i64) -> Result<u64, StoreError> {
        let params = [before.unix_micros().into(), limit.into()];
        self.execute(&DELETE_BILL_CLAIMS, &params).await?;
        self.execute(&DELETE_BILLS, &params).await
    }
}

fn read_claim(row: &Row) -> Result<BillClaim, StoreError> {
    Ok(BillClaim {
        bill: BillId::from_bytes(row.bytes(0)?),
        number: row.text(1)?.to_owned(),
        member: MemberId::from_bytes(row.bytes(2)?),
        device: DeviceId::from_bytes(row.bytes(3)?),
        created_at: row.converted(4, Time::from_unix_micros)?,
    })
}

fn read_bill(row: &Row) -> Result<Bill, StoreError> {
    Ok(Bill {
        id: BillId::from_bytes(row.bytes(0)?),
        terminal: TerminalId::from_bytes(row.bytes(1)?),
        request_id: row.parsed(2, |text| text.parse().ok())?,
        kind: row.parsed(3, |text| Kind::parse(text).filter(|kind| matches!(kind, Kind::Payment | Kind::TopUp)))?,
        amount: row.converted(4, Amount::new)?,
        note: row.optional(5, |row, column| row.text(column).map(str::to_owned))?,
        issued_at: row.converted(6, Time::from_unix_micros)?,
        expires_at: row.converted(7, Time::from_unix_micros)?,
        made_for: row.optional(8, Row::bytes)?.map(MemberId::from_bytes),
    })
}
