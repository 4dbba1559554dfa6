//! Partners and what they prove themselves by: programs of a merchant or of the issuer. Tokens are known by a keyed hash.

use warifu_core::id::{MerchantId, PartnerId};
use warifu_core::time::Time;

use crate::engine::Transaction;
use crate::error::StoreError;
use crate::registry::statements;
use crate::value::Row;

/// A program that reads events.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Partner {
    /// Its id.
    pub id: PartnerId,
    /// Whose it is, and whose events it sees; `None` is the issuer, who sees all.
    pub merchant: Option<MerchantId>,
    /// Its name, as people know it.
    pub name: String,
    /// The keyed hash of its bearer token.
    pub token_mac: [u8; 32],
    /// Since when it is here.
    pub created_at: Time,
}

statements! {
    CREATE_PARTNER (Blob, Blob, Text, Blob, Int) -> ()
        "INSERT INTO partners (id, merchant_id, name, token_mac, created_at) VALUES ($1, $2, $3, $4, $5)";
    FIND_PARTNER_BY_TOKEN (Blob) -> (Blob, Blob, Text, Blob, Int)
        "SELECT id, merchant_id, name, token_mac, created_at FROM partners WHERE token_mac = $1";
    // Changes nothing, and is held until the transaction ends.
    HOLD_PARTNER (Blob) -> () "UPDATE partners SET name = name WHERE id = $1";
}

impl Transaction {
    /// Keeps a new partner.
    ///
    /// # Errors
    /// [`StoreError::Constraint`] if its merchant is not there.
    pub async fn create_partner(&mut self, partner: &Partner) -> Result<(), StoreError> {
        let row = [
            partner.id.bytes().into(),
            partner.merchant.map(MerchantId::bytes).into(),
            partner.name.as_str().into(),
            partner.token_mac.into(),
            partner.created_at.unix_micros().into(),
        ];
        self.execute(&CREATE_PARTNER, &row).await.map(drop)
    }

    /// The partner whose bearer token hashes to `mac`.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_partner_by_token(&mut self, mac: [u8; 32]) -> Result<Option<Partner>, StoreError> {
        self.row(&FIND_PARTNER_BY_TOKEN, &[mac.into()]).await?.map(|row| read_partner(&row)).transpose()
    }

    /// Keeps other transactions that call this for the same partner waiting until this one ends, so that what it counts
    /// stays as it was counted.
    ///
    /// # Errors
    /// What the database said.
    pub async fn hold_partner(&mut self, id: PartnerId) -> Result<(), StoreError> {
        self.execute(&HOLD_PARTNER, &[id.bytes().into()]).await.map(drop)
    }
}

fn read_partner(row: &Row) -> Result<Partner, StoreError> {
    Ok(Partner {
        id: PartnerId::from_bytes(row.bytes(0)?),
        merchant: row.optional(1, Row::bytes)?.map(MerchantId::from_bytes),
        name: row.text(2)?.to_owned(),
        token_mac: row.bytes(3)?,
        created_at: row.converted(4, Time::from_unix_micros)?,
    })
}
