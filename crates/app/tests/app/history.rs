//! A member's history: complete, in order, without doubles, whatever the size of the pages.

use warifu_core::id::TransactionId;
use warifu_testkit::{TestDatabase, on_both_databases};

use crate::town::{Town, refusal, top_up};

/// Tops up, pays and is refused in turn; returns what was done, newest first.
async fn live(town: &Town, count: usize) -> Vec<TransactionId> {
    let mut done = Vec::new();
    town.fund("fund", 100_000).await;
    for number in 1..count {
        let code = town.code().await;
        if number % 5 == 0 {
            let refused = town.pay(&format!("no-{number}"), &code, 1_000_000).await.unwrap();
            assert!(refusal(&refused.record).is_some());
        }
        let receipt = town.pay(&format!("p-{number}"), &code, 10).await.unwrap();
        assert_eq!(refusal(&receipt.record), None);
        done.push(receipt.record.id);
    }
    let neighbour = town.app.add_member().await.unwrap();
    let code = town.app.issue_code(&neighbour.phone, false).await.unwrap().code;
    top_up(&town.app, &town.till.terminal, "neighbour", &code, 1).await.unwrap();
    done.reverse();
    done
}

on_both_databases! {
    /// Pages of every size show the same lines, newest first: all that was done, nothing twice, nothing refused, nobody
    /// else's; no page is longer than asked for, and only the last has no next one.
    async fn pages_of_any_size_show_everything_once(database: TestDatabase) {
        let town = Town::found(&database).await;
        let paid = live(&town, 24).await;
        for limit in [1_u16, 5, 6, 8, 23, 24, 25, 200] {
            let mut lines = Vec::new();
            let mut before = None;
            let mut pages = 0;
            loop {
                let page = town.app.history(town.member.id, before, limit).await.unwrap();
                pages += 1;
                assert!(page.items.len() <= usize::from(limit) && !page.items.is_empty(), "{limit}");
                assert!(page.items.iter().all(|item| item.shop.as_ref() == Some(&town.shop)));
                lines.extend(page.items.into_iter().map(|item| item.record));
                if page.next.is_none() {
                    break;
                }
                before = page.next;
            }
            assert_eq!(pages, 24_usize.div_ceil(usize::from(limit)), "{limit}");
            let versions: Vec<_> = lines.iter().map(|record| record.wallet_version().unwrap()).collect();
            assert_eq!(versions, (1..=24).rev().collect::<Vec<_>>(), "{limit}");
            let ids: Vec<_> = lines.iter().map(|record| record.id).take(23).collect();
            assert_eq!(ids, paid, "{limit}");
        }
    }

    /// What is paid between two pages does not move the lines of the next one.
    async fn a_new_payment_does_not_shift_the_next_page(database: TestDatabase) {
        let town = Town::found(&database).await;
        live(&town, 8).await;
        let first = town.app.history(town.member.id, None, 3).await.unwrap();
        let code = town.code().await;
        town.pay("between", &code, 10).await.unwrap();
        let second = town.app.history(town.member.id, first.next, 3).await.unwrap();
        let versions = [first, second].map(|page| {
            page.items.iter().map(|item| item.record.wallet_version().unwrap()).collect::<Vec<_>>()
        });
        assert_eq!(versions, [[8, 7, 6], [5, 4, 3]]);
    }

    /// A member who never paid has an empty history.
    async fn an_empty_history_has_no_next_page(database: TestDatabase) {
        let town = Town::found(&database).await;
        let page = town.app.history(town.member.id, None, 10).await.unwrap();
        assert!(page.items.is_empty() && page.next.is_none());
    }
}
