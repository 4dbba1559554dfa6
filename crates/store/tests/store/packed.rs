//! Wallets as earlier versions stored them.

use warifu_core::correction::Direction;
use warifu_core::ledger::Ask;
use warifu_core::lot::LotAccount;
use warifu_core::request::CallerId;
use warifu_testkit::{TestDatabase, on_both_databases};

use crate::blob;
use crate::story::{WALLETS, command, submit, tell, time, unpacked, yen};

on_both_databases! {
    /// Wallets that an earlier version stored as text read the same and verify, and are packed as soon as something changes them.
    async fn wallets_that_were_stored_as_text_go_on(database: TestDatabase) {
        let engine = database.engine();
        let opened = database.open().await;
        let story = tell(&opened).await;
        for wallet in &story.wallets {
            let (id, text) = (blob(engine, &wallet.id.bytes()), unpacked(wallet));
            let sql = format!("UPDATE wallets SET packed = NULL, unpacked = '{text}' WHERE id = {id}");
            database.execute_raw(&sql).await;
        }
        for wallet in story.wallets {
            let id = wallet.id;
            let found = opened.read(move |transaction| Box::pin(async move { transaction.find_wallet(id).await })).await;
            assert_eq!(found.unwrap(), Some(wallet));
        }
        assert_eq!(opened.verify(|_| {}).await.unwrap().violations, []);
        let ask = Ask::Correct {
            wallet: WALLETS[0],
            account: LotAccount::Paid,
            direction: Direction::Add,
            amount: yen(100),
        };
        submit(&opened, command(250, CallerId::ISSUER, ask), time(10_000_000)).await;
        assert_eq!(opened.verify(|_| {}).await.unwrap().violations, []);
        let rows = database.query_raw("SELECT unpacked, packed IS NULL FROM wallets ORDER BY id").await;
        assert!(rows[0][0].is_empty() && !rows[1][0].is_empty(), "{rows:?}");
    }
}
