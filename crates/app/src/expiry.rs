//! The sweep: books what has expired in wallets that nobody touches.
//!
//! What expires is decided when it is used; the sweep only brings the books up to that. It asks through the commit queue like
//! everybody, under a request key made of the wallet and its version, so that two nodes that sweep at once book once.

use std::sync::Arc;
use std::time::Duration;

use warifu_core::id::WalletId;
use warifu_core::ledger::Ask;
use warifu_core::request::CallerId;
use warifu_store::StoreError;

use crate::fault::Fault;
use crate::open::App;
use crate::transaction::Asked;

/// How long the sweep rests when nothing is due.
const REST: Duration = Duration::from_secs(10);
/// How many wallets are swept before new ones are looked for. Small, so that payments find room between them.
const STRETCH: i64 = 100;

impl App {
    /// Sweeps for as long as this is open. Must run inside a tokio runtime.
    pub fn start_sweeping(self: &Arc<Self>) {
        let app = Arc::downgrade(self);
        tokio::spawn(async move {
            loop {
                // Held only while it works, so that nothing keeps this from ending.
                let Some(app) = app.upgrade() else { return };
                let swept = app.sweep_expired().await;
                drop(app);
                match swept {
                    Ok(count) if count > 0 => {}
                    Ok(_) => tokio::time::sleep(REST).await,
                    Err(Fault::ShuttingDown) => return,
                    Err(error) => {
                        tracing::warn!(%error, "the sweep will try again");
                        tokio::time::sleep(REST).await;
                    }
                }
            }
        });
    }

    /// Books what has expired by now, in at most a hundred wallets, and says in how many.
    ///
    /// # Errors
    /// What the store said.
    pub async fn sweep_expired(&self) -> Result<usize, Fault> {
        let now = self.clock.now();
        let due: Vec<(WalletId, i64)> = self
            .database
            .read(move |transaction| Box::pin(async move { transaction.list_expiring_wallets(now, STRETCH).await }))
            .await?;
        for (wallet, version) in &due {
            let hex = wallet.to_string();
            let request_id = format!("expiry-{}-{version}", hex.trim_start_matches(WalletId::PREFIX));
            let request_id = request_id.parse().map_err(|_| StoreError::Failed("a version too long".to_owned()))?;
            let asked = Asked::default().text(&hex);
            self.submit(CallerId::ISSUER, request_id, Ask::Expire { wallet: *wallet }, asked, None).await?;
        }
        Ok(due.len())
    }
}
