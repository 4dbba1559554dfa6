//! What has expired is forgotten, however much there is.

use std::time::Duration;

use warifu_core::id::TerminalId;
use warifu_core::time::Time;
use warifu_testkit::{TestDatabase, on_both_databases};

use crate::town::Town;

/// More than is forgotten between two looks at the journal, and not in whole pieces.
const EXPIRED: usize = 4_260;

on_both_databases! {
    /// A server that was off for a night finds the nonces of the day before.
    async fn more_than_fits_into_a_piece_is_forgotten(database: TestDatabase) {
        let opened = database.open().await;
        opened.write(|transaction| Box::pin(async move {
            let till = TerminalId::from_bytes([7; 16]);
            for number in 0..EXPIRED {
                transaction.create_nonce(till.into(), &format!("nonce-{number:010}"), Time::EPOCH).await?;
            }
            transaction.create_nonce(till.into(), "nonce-that-is-good", Time::MAX).await
        })).await.unwrap();
        opened.close().await;
        let town = Town::found(&database).await;
        let mut left = Vec::new();
        for _ in 0..600 {
            left = database.query_raw("SELECT nonce FROM nonces LIMIT 2").await;
            if left.len() == 1 {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        assert_eq!(left, [["nonce-that-is-good"]]);
        town.close_clean(&database).await;
    }
}
