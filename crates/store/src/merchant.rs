//! Merchants and their shops.

use warifu_core::id::{MerchantId, ShopId};
use warifu_core::time::Time;

use crate::engine::Transaction;
use crate::error::StoreError;
use crate::registry::statements;
use crate::terminal::{ACTIVE, FROZEN};
use crate::value::Row;

/// Who is paid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Merchant {
    /// Its id.
    pub id: MerchantId,
    /// Its name, as people know it.
    pub name: String,
    /// Its number as an issuer of qualified invoices, which receipts in Japan need.
    pub invoice_number: Option<String>,
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
    /// How many yen earn a point; 0 for none.
    pub yen_per_point: i64,
    /// How many minutes after midnight its day ends.
    pub closing_minutes: i64,
    /// Whether everything from its terminals is refused.
    pub is_frozen: bool,
    /// Since when it is here.
    pub created_at: Time,
}

statements! {
    CREATE_MERCHANT (Blob, Text, Int, Text) -> ()
        "INSERT INTO merchants (id, name, created_at, invoice_number) VALUES ($1, $2, $3, $4)";
    FIND_MERCHANT (Blob) -> (Blob, Text, Int, Text)
        "SELECT id, name, created_at, invoice_number FROM merchants WHERE id = $1";
    SAVE_INVOICE_NUMBER (Blob, Text) -> () "UPDATE merchants SET invoice_number = $2 WHERE id = $1";
    CREATE_SHOP (Blob, Blob, Text, Int, Int, Int) -> ()
        "INSERT INTO shops (id, merchant_id, name, created_at, yen_per_point, closing_minutes) \
         VALUES ($1, $2, $3, $4, $5, $6)";
    FIND_SHOP (Blob) -> (Blob, Blob, Text, Int, Int, Int, Text)
        "SELECT id, merchant_id, name, created_at, yen_per_point, closing_minutes, status FROM shops WHERE id = $1";
    SAVE_SHOP (Blob, Int, Int) -> () "UPDATE shops SET yen_per_point = $2, closing_minutes = $3 WHERE id = $1";
    SAVE_SHOP_STATUS (Blob, Text) -> () "UPDATE shops SET status = $2 WHERE id = $1";
}

impl Transaction {
    /// Keeps a new merchant.
    ///
    /// # Errors
    /// What the database said.
    pub async fn create_merchant(&mut self, merchant: &Merchant) -> Result<(), StoreError> {
        let row = [
            merchant.id.bytes().into(),
            merchant.name.as_str().into(),
            merchant.created_at.unix_micros().into(),
            merchant.invoice_number.clone().into(),
        ];
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
                    invoice_number: row.optional(3, |row, column| row.text(column).map(str::to_owned))?,
                })
            })
            .transpose()
    }

    /// Gives a merchant its invoice number, or takes it away. `false` if there is none.
    ///
    /// # Errors
    /// What the database said.
    pub async fn save_invoice_number(&mut self, id: MerchantId, number: Option<&str>) -> Result<bool, StoreError> {
        Ok(self.execute(&SAVE_INVOICE_NUMBER, &[id.bytes().into(), number.into()]).await? == 1)
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
            shop.yen_per_point.into(),
            shop.closing_minutes.into(),
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

    /// Saves what a shop gives in points and when its day ends.
    ///
    /// # Errors
    /// What the database said.
    pub async fn save_shop(&mut self, shop: &Shop) -> Result<bool, StoreError> {
        let row = [shop.id.bytes().into(), shop.yen_per_point.into(), shop.closing_minutes.into()];
        Ok(self.execute(&SAVE_SHOP, &row).await? == 1)
    }

    /// Freezes a shop, or lets it work again. `false` if there is none.
    ///
    /// # Errors
    /// What the database said.
    pub async fn freeze_shop(&mut self, id: ShopId, is_frozen: bool) -> Result<bool, StoreError> {
        let status = if is_frozen { FROZEN } else { ACTIVE };
        Ok(self.execute(&SAVE_SHOP_STATUS, &[id.bytes().into(), status.into()]).await? == 1)
    }
}

fn read_shop(row: &Row) -> Result<Shop, StoreError> {
    Ok(Shop {
        id: ShopId::from_bytes(row.bytes(0)?),
        merchant: MerchantId::from_bytes(row.bytes(1)?),
        name: row.text(2)?.to_owned(),
        created_at: row.converted(3, Time::from_unix_micros)?,
        yen_per_point: row.int(4)?,
        closing_minutes: row.int(5)?,
        is_frozen: row.text(6)? == FROZEN,
    })
}
