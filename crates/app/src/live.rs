//! Live updates: phones that are open are told of what changed their wallet as it happens.
//!
//! While any phone is open one reader follows the streams, five times a second, however many phones there are and whichever
//! node recorded it. What it finds is a hint: a phone that missed something reads its wallet anew when it comes back.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Mutex, broadcast};
use warifu_core::id::{MemberId, ShopId, WalletId};
use warifu_store::{Database, JournalCursor, Shop, StoreError};

use crate::fault::Fault;
use crate::open::App;
use crate::transaction::HistoryItem;

/// How often the streams are looked at.
const PAUSE: Duration = Duration::from_millis(200);
/// How many transactions are read at once.
const STRETCH: i64 = 500;
/// How many updates one phone may be behind before it is told to read its wallet anew.
const BEHIND: usize = 16;
/// How many shops are remembered; at this number all are forgotten and found anew.
const REMEMBERED: usize = 10_000;

/// The wallets whose phones are open.
#[derive(Debug, Default)]
pub(crate) struct Live(Mutex<Watched>);

#[derive(Debug, Default)]
struct Watched {
    wallets: HashMap<WalletId, broadcast::Sender<Arc<HistoryItem>>>,
    is_running: bool,
}

/// What an open phone is told.
#[derive(Debug)]
pub struct Updates(broadcast::Receiver<Arc<HistoryItem>>);

/// One thing that an open phone is told.
#[derive(Clone, Debug)]
pub enum Update {
    /// This was recorded, done or refused.
    Recorded(Arc<HistoryItem>),
    /// More was recorded than could be told: read the wallet anew.
    Missed,
}

impl Updates {
    /// The next one; `None` when the service ends.
    pub async fn next(&mut self) -> Option<Update> {
        match self.0.recv().await {
            Ok(item) => Some(Update::Recorded(item)),
            Err(broadcast::error::RecvError::Lagged(_)) => Some(Update::Missed),
            Err(broadcast::error::RecvError::Closed) => None,
        }
    }
}

impl App {
    /// Everything that is recorded on a member's wallet from now on.
    ///
    /// # Errors
    /// What the store said.
    pub async fn watch(&self, member: MemberId) -> Result<Updates, Fault> {
        let wallet = self.wallet_of(member).await?.id;
        let mut watched = self.live.0.lock().await;
        if !watched.is_running {
            let heads =
                self.database.read(|transaction| Box::pin(async move { transaction.list_streams().await })).await?;
            watched.is_running = true;
            let (live, database) = (Arc::clone(&self.live), self.database.clone());
            tokio::spawn(async move { live.follow(database, heads).await });
        }
        let sender = watched.wallets.entry(wallet).or_insert_with(|| broadcast::channel(BEHIND).0);
        Ok(Updates(sender.subscribe()))
    }
}

impl Live {
    /// Follows the streams for as long as a phone is open.
    async fn follow(&self, database: Database, mut cursors: Vec<JournalCursor>) {
        let mut shops = HashMap::new();
        loop {
            tokio::time::sleep(PAUSE).await;
            {
                let mut watched = self.0.lock().await;
                watched.wallets.retain(|_, sender| sender.receiver_count() > 0);
                if watched.wallets.is_empty() {
                    watched.is_running = false;
                    return;
                }
            }
            if let Err(error) = self.look(&database, &mut shops, &mut cursors).await {
                tracing::debug!(%error, "open phones are told later");
            }
        }
    }

    /// Tells what was recorded since the cursors.
    async fn look(
        &self,
        database: &Database,
        shops: &mut HashMap<ShopId, Option<Shop>>,
        cursors: &mut [JournalCursor],
    ) -> Result<(), StoreError> {
        let heads = database.read(|transaction| Box::pin(async move { transaction.list_streams().await })).await?;
        for cursor in cursors {
            let end = heads.iter().find(|head| head.stream == cursor.stream).map_or(0, |head| head.position);
            while cursor.position < end {
                let from = *cursor;
                let stretch = database
                    .read_behind(move |transaction| {
                        Box::pin(async move { transaction.list_transactions_after(from, STRETCH).await })
                    })
                    .await?;
                let Some(last) = stretch.last().map(|recorded| recorded.position) else { break };
                for record in stretch.into_iter().map(|recorded| recorded.record) {
                    let sender = match record.wallet {
                        Some(wallet) => self.0.lock().await.wallets.get(&wallet).cloned(),
                        None => None,
                    };
                    let Some(sender) = sender else { continue };
                    let shop = match record.shop {
                        Some(shop) => find_shop(database, shops, shop).await?,
                        None => None,
                    };
                    // Nobody may be listening any more.
                    let _ = sender.send(Arc::new(HistoryItem { record, shop }));
                }
                cursor.position = last;
            }
        }
        Ok(())
    }
}

async fn find_shop(
    database: &Database,
    shops: &mut HashMap<ShopId, Option<Shop>>,
    id: ShopId,
) -> Result<Option<Shop>, StoreError> {
    if let Some(known) = shops.get(&id) {
        return Ok(known.clone());
    }
    let found =
        database.read_behind(move |transaction| Box::pin(async move { transaction.find_shop(id).await })).await?;
    if shops.len() >= REMEMBERED {
        shops.clear();
    }
    shops.insert(id, found.clone());
    Ok(found)
}
