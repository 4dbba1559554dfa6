//! Who sees what: the issuer everything, a merchant what happened in its shops. Whose a shop is is remembered, for a shop
//! never changes its merchant, and every event asks.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use warifu_core::id::{MerchantId, ShopId};
use warifu_core::ledger::Transaction as Record;
use warifu_core::place::Book;
use warifu_store::{StoreError, Transaction};

/// How many shops are remembered; at this number all are forgotten and found anew.
const REMEMBERED: usize = 50_000;

/// The merchants of shops.
#[derive(Debug, Default)]
pub(crate) struct Shops(RwLock<HashMap<ShopId, MerchantId>>);

impl Shops {
    /// Whether the issuer (`None`) or a merchant sees a transaction. Nobody sees those of the sandbox.
    pub(crate) async fn shows(
        &self,
        transaction: &mut Transaction,
        merchant: Option<MerchantId>,
        record: &Record,
    ) -> Result<bool, StoreError> {
        match (merchant, record.shop) {
            _ if record.book == Book::Sandbox => Ok(false),
            (None, _) => Ok(true),
            (Some(_), None) => Ok(false),
            (Some(merchant), Some(shop)) => Ok(self.merchant_of(transaction, shop).await? == Some(merchant)),
        }
    }

    /// Whose a shop is; `None` if there is no such shop.
    async fn merchant_of(&self, transaction: &mut Transaction, shop: ShopId) -> Result<Option<MerchantId>, StoreError> {
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
