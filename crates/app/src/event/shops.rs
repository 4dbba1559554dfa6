//! Whose a shop is: remembered, for a shop never changes its merchant, and every event asks.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use warifu_core::id::{MerchantId, ShopId};
use warifu_store::{StoreError, Transaction};

/// How many shops are remembered; at this number all are forgotten and found anew.
const REMEMBERED: usize = 50_000;

/// The merchants of shops.
#[derive(Debug, Default)]
pub(crate) struct Shops(RwLock<HashMap<ShopId, MerchantId>>);

impl Shops {
    /// Whose a shop is; `None` if there is no such shop.
    pub(crate) async fn merchant_of(
        &self,
        transaction: &mut Transaction,
        shop: ShopId,
    ) -> Result<Option<MerchantId>, StoreError> {
        if let Some(merchant) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&shop) {
            return Ok(Some(*merchant));
        }
        let Some(found) = transaction.find_shop(shop).await? else { return Ok(None) };
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(shop, found.merchant);
        Ok(Some(found.merchant))
    }
}
