//! Opening merchants and shops.

use warifu_core::id::{MerchantId, ShopId};
use warifu_store::{Merchant, Shop};

use crate::fault::Fault;
use crate::open::App;
use crate::random;

/// How many yen earn a point, unless the shop gives more or less.
const YEN_PER_POINT: i64 = 200;

impl App {
    /// Adds a merchant.
    ///
    /// # Errors
    /// [`Fault::Invalid`] for an empty or overlong name.
    pub async fn add_merchant(&self, name: &str) -> Result<Merchant, Fault> {
        let now = self.clock.now();
        let merchant = Merchant {
            id: MerchantId::generate(now, random::bytes()?),
            name: check_name(name)?,
            invoice_number: None,
            created_at: now,
        };
        let kept = merchant.clone();
        self.database
            .write(move |transaction| Box::pin(async move { transaction.create_merchant(&kept).await }))
            .await?;
        Ok(merchant)
    }

    /// Adds a shop of a merchant.
    ///
    /// # Errors
    /// [`Fault::NotFound`] if the merchant is not there, [`Fault::Invalid`] for an empty or overlong name.
    pub async fn add_shop(&self, merchant: MerchantId, name: &str) -> Result<Shop, Fault> {
        let now = self.clock.now();
        let shop = Shop {
            id: ShopId::generate(now, random::bytes()?),
            merchant,
            name: check_name(name)?,
            yen_per_point: YEN_PER_POINT,
            closing_minutes: 0,
            is_frozen: false,
            created_at: now,
        };
        let kept = shop.clone();
        let is_known = self
            .database
            .write(move |transaction| {
                Box::pin(async move {
                    if transaction.find_merchant(kept.merchant).await?.is_none() {
                        return Ok(false);
                    }
                    transaction.create_shop(&kept).await.map(|()| true)
                })
            })
            .await?;
        if is_known { Ok(shop) } else { Err(Fault::NotFound("merchant with this id")) }
    }
}

/// A name that people can read: 1 to 100 characters, none of them a control character.
pub(crate) fn check_name(name: &str) -> Result<String, Fault> {
    let name = name.trim();
    let fits = (1..=100).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    if fits {
        Ok(name.to_owned())
    } else {
        Err(Fault::Invalid("a name is 1 to 100 characters, none of them a control character".to_owned()))
    }
}
