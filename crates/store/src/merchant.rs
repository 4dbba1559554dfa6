//! Merchants and their shops.

use warifu_core::id::{MerchantId, ShopId};
use warifu_core::time::Time;

use crate::engine::Transaction;
use crate::error::StoreError;
use crate::registry::statements;
use crate::value::Row;

/// Who is paid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merchant {
    /// Its id.
    pub id: MerchantId,
    /// Its name, as people know it.
    pub name: String,
    /// Since when it is here.
    pub created_at: Time,
}

/// Where members pay.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shop {
    /// Its id.
    pub id: ShopId,
    /// Whose shop it is.
    pub merchant: MerchantId,
    /// Its name, as members see it.
    pub name: String,
    /// Since when it is here.
    pub created_at: Time,
}

statements! {
    CREATE_MERCHANT (Blob, Text, Int) -> () "INSERT INTO merchants (id, name, created_at) VALUES ($1, $2, $3)";
    FIND_MERCHANT (Blob) -> (Blob, Text, Int) "SELECT id, name, created_at FROM merchants WHERE id = $1";
    CREATE_SHOP (Blob, Blob, Text, Int) -> ()
        "INSERT INTO shops (id, merchant_id, name, created_at) VALUES ($1, $2, $3, $4)";
    FIND_SHOP (Blob) -> (Blob, Blob, Text, Int) "SELECT id, merchant_id, name, created_at FROM shops WHERE id = $1";
}

impl Transaction {
    /// Keeps a new merchant.
    ///
    /// # Errors
    /// What the database said.
    pub async fn create_merchant(&mut self, merchant: &Merchant) -> Result<(), StoreError> {
        let row = [merchant.id.bytes().into(), merchant.name.as_str().into(), merchant.created_at.unix_micros().into()];
        self.execute(&CREATE_MERCHANT, &row).await.map(drop)
    }

    /// The merchant with this id.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_merchant(&mut self, id: MerchantId) -> Result<Option<Merchant>, StoreError> {
        let found = self.row(&FIND_MERCHANT, &[id.bytes().into()]).await?;
        found
            .map(|row| {
                Ok(Merchant {
                    id: MerchantId::from_bytes(row.bytes(0)?),
                    name: row.text(1)?.to_owned(),
                    created_at: row.converted(2, Time::from_unix_micros)?,
                })
            })
            .transpose()
    }

    /// Keeps a new shop.
    ///
    /// # Errors
    /// [`StoreError::Constraint`] if its merchant is not there.
    pub async fn create_shop(&mut self, shop: &Shop) -> Result<(), StoreError> {
        let row = [
            shop.id.bytes().into(),
            shop.merchant.bytes().into(),
            shop.name.as_str().into(),
            shop.created_at.unix_micros().into(),
        ];
        self.execute(&CREATE_SHOP, &row).await.map(drop)
    }

    /// The shop with this id.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_shop(&mut self, id: ShopId) -> Result<Option<Shop>, StoreError> {
        self.row(&FIND_SHOP, &[id.bytes().into()]).await?.map(|row| read_shop(&row)).transpose()
    }
}

fn read_shop(row: &Row) -> Result<Shop, StoreError> {
    Ok(Shop {
        id: ShopId::from_bytes(row.bytes(0)?),
        merchant: MerchantId::from_bytes(row.bytes(1)?),
        name: row.text(2)?.to_owned(),
        created_at: row.converted(3, Time::from_unix_micros)?,
    })
}
