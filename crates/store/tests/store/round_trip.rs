//! Each column of each table: what is written is what is read, at the ends of its range too.

use std::collections::BTreeMap;

use warifu_core::code::{CodeMac, IssuedCode};
use warifu_core::id::{DeviceId, MemberId, MerchantId, ShopId, TerminalId, TransactionId, WalletId};
use warifu_core::ledger::{Account, Loaded};
use warifu_core::limit::{Policy, Rolling, Usage};
use warifu_core::lot::{LotAccount, Part};
use warifu_core::money::{Amount, Unit};
use warifu_core::place::{Book, Channel, Place};
use warifu_core::time::Time;
use warifu_core::wallet::{Hold, Wallet, WalletState};
use warifu_store::{AccountSum, JournalCursor, Merchant, Payer, Shop, StoreError, Terminal, Transaction, Wanted};
use warifu_testkit::{TestDatabase, on_both_databases};

use crate::blob;
use crate::journal::records;
use crate::story::{
    ATM, MEMBERS, MERCHANT, SHOP, TILL, TRIAL_TILL, WALLETS, code, code_mac, merchant, settle, shop, terminal, time,
    transaction_id, yen,
};

/// Names as people write them: Japanese, beyond the basic plane, with quotes, and of one character.
const NAMES: [&str; 5] =
    ["株式会社わりふ", "𠮷野家 ☕ 2号店", "O'Neill \"x\" \\ %_ $1 ?1", "ｶﾌｪ　カフェ が\u{3099}", "a"];
/// All kinds of bytes, zeros at both ends.
pub(crate) const BYTES: [u8; 16] = [0, 0xff, 0x27, 0x5c, 0x80, 0x0a, 0x0d, 0x25, 0x24, 0x3f, 1, 2, 3, 0xfe, 0x7f, 0];

on_both_databases! {
    /// Merchants, shops and terminals come back as they were kept, by each key they are found by.
    async fn merchants_shops_and_terminals_round_trip(database: TestDatabase) {
        let opened = database.open().await;
        for (number, name) in (1_u8..).zip(NAMES) {
            let mut bytes = BYTES;
            bytes[15] = number;
            let times = if number % 2 == 0 { [Time::EPOCH, Time::MAX] } else { [Time::MAX, Time::EPOCH] };
            let is_even = number % 2 == 0;
            let merchant = Merchant {
                id: MerchantId::from_bytes(bytes),
                name: name.to_owned(),
                invoice_number: is_even.then(|| "T1234567890123".to_owned()),
                created_at: times[0],
            };
            let shop = Shop {
                id: ShopId::from_bytes(bytes),
                merchant: merchant.id,
                name: name.to_owned(),
                yen_per_point: if is_even { 0 } else { i64::MAX },
                closing_minutes: if is_even { 0 } else { 1_439 },
                is_frozen: false,
                created_at: times[1],
            };
            let terminal = Terminal {
                id: TerminalId::from_bytes(bytes),
                shop: shop.id,
                name: name.to_owned(),
                channel: if is_even { Channel::Atm } else { Channel::Till },
                book: if is_even { Book::Sandbox } else { Book::Real },
                is_frozen: false,
                token_mac: std::array::from_fn(|index| bytes[index % 16]),
                signing_key_id: i64::from(u32::MAX),
                created_at: times[0],
                public_key: None,
                practice_of: None,
                revoked_at: None,
                jpqr: None,
            };
            let kept = (merchant.clone(), shop.clone(), terminal.clone());
            let found = opened.write(move |transaction| Box::pin(async move {
                transaction.create_merchant(&merchant).await?;
                transaction.create_shop(&shop).await?;
                transaction.create_terminal(&terminal).await?;
                let by_id = transaction.find_terminal(terminal.id).await?;
                assert_eq!(transaction.find_terminal_by_token(terminal.token_mac).await?, by_id);
                Ok((transaction.find_merchant(merchant.id).await?, transaction.find_shop(shop.id).await?, by_id))
            }));
            let found = found.await.unwrap();
            assert_eq!((found.0.unwrap(), found.1.unwrap(), found.2.unwrap()), kept);
        }
    }

    /// What the issuer changes about a shop, a terminal and a merchant stays changed, and nothing else does.
    async fn changed_shops_and_terminals_round_trip(database: TestDatabase) {
        let opened = database.open().await;
        settle(&opened).await;
        opened.write(|transaction| Box::pin(async move {
            let changed = Shop { yen_per_point: 0, closing_minutes: 240, ..shop() };
            assert!(transaction.save_shop(&changed).await?);
            assert!(transaction.freeze_shop(SHOP, true).await?);
            assert_eq!(transaction.find_shop(SHOP).await?, Some(Shop { is_frozen: true, ..changed }));
            assert!(transaction.freeze_shop(SHOP, false).await?);
            assert!(transaction.freeze_terminal(ATM, true).await?);
            assert_eq!(transaction.find_terminal(ATM).await?, Some(Terminal { is_frozen: true, ..terminal(ATM) }));
            assert_eq!(transaction.find_terminal(TILL).await?, Some(terminal(TILL)));
            assert!(transaction.freeze_terminal(ATM, false).await?);
            assert!(transaction.save_invoice_number(MERCHANT, Some("T1")).await?);
            let numbered = transaction.find_merchant(MERCHANT).await?.and_then(|it| it.invoice_number);
            assert_eq!(numbered.as_deref(), Some("T1"));
            assert!(transaction.save_invoice_number(MERCHANT, None).await?);
            assert_eq!(transaction.find_merchant(MERCHANT).await?, Some(merchant()));
            let nobody = Shop { id: ShopId::from_bytes(BYTES), ..shop() };
            assert!(!transaction.save_shop(&nobody).await? && !transaction.freeze_shop(nobody.id, true).await?);
            assert!(!transaction.freeze_terminal(TerminalId::from_bytes(BYTES), true).await?);
            assert!(!transaction.save_invoice_number(MerchantId::from_bytes(BYTES), None).await?);
            Ok(())
        })).await.unwrap();
    }

    /// Who is not there is not found; who names somebody who is not there is refused.
    async fn nobody_is_found_and_nobody_may_be_named(database: TestDatabase) {
        let opened = database.open().await;
        let found = opened.read(|transaction| Box::pin(async move {
            assert_eq!(transaction.find_merchant(MerchantId::from_bytes(BYTES)).await?, None);
            assert_eq!(transaction.find_shop(ShopId::from_bytes(BYTES)).await?, None);
            assert_eq!(transaction.find_terminal(TerminalId::from_bytes(BYTES)).await?, None);
            assert_eq!(transaction.find_terminal_by_token([7; 32]).await?, None);
            assert_eq!(transaction.find_credential(&[7; 32]).await?, None);
            assert_eq!(transaction.find_device(DeviceId::from_bytes(BYTES)).await?, None);
            assert_eq!(transaction.find_payer(MemberId::from_bytes(BYTES)).await?, None);
            assert_eq!(transaction.find_session_by_token([7; 32]).await?, None);
            assert_eq!(transaction.find_wallet_of_member(MemberId::from_bytes(BYTES)).await?, None);
            assert_eq!(transaction.find_transaction(TransactionId::from_bytes(BYTES)).await?, None);
            transaction.find_setting("nothing").await
        }));
        assert_eq!(found.await.unwrap(), None);
        let token = opened.write(|transaction| Box::pin(async move {
            transaction.replace_recovery_codes(MemberId::from_bytes(BYTES), &[[7; 32]], time(0)).await
        }));
        assert!(matches!(token.await, Err(StoreError::Constraint(_))));
        let orphan = opened.write(|transaction| Box::pin(async move {
            transaction.create_code(&code(1, 0, time(0)), None).await
        }));
        assert!(matches!(orphan.await, Err(StoreError::Constraint(_))));
    }

    /// A member has an empty wallet, which pays from no device; the date of creation is kept.
    async fn members_and_wallets_round_trip(database: TestDatabase) {
        let opened = database.open().await;
        let (member, wallet) = (MemberId::from_bytes(BYTES), WalletId::from_bytes([0xff; 16]));
        let found = opened.write(move |transaction| Box::pin(async move {
            transaction.create_member(member, wallet, Book::Sandbox, Time::MAX).await?;
            let payer = transaction.hold_payer(member).await?;
            assert_eq!(payer, Some(Payer { wallet, device: None, cooling_until: None, at: Time::EPOCH }));
            transaction.find_wallet_of_member(member).await
        }));
        let found = found.await.unwrap().unwrap();
        assert_eq!(found, Wallet::new(wallet, member, Book::Sandbox));
        let created = database.query_raw("SELECT created_at FROM members").await;
        assert_eq!(created, [[Time::MAX.unix_micros().to_string()]]);
    }

    /// A code comes back as it was kept and as a decision left it; a newer one ends it; a scenario is told until changed.
    async fn codes_round_trip(database: TestDatabase) {
        let opened = database.open().await;
        settle(&opened).await;
        let first = IssuedCode {
            mac: CodeMac { bucket: 9, mac: BYTES },
            wallet: WALLETS[0],
            issued_at: Time::EPOCH,
            expires_at: Time::MAX,
            newest: true,
            use_points: true,
            bound_to: Some(ATM),
            consumed_by: None,
        };
        let mut changed = first.clone();
        changed.bound_to = Some(TILL);
        changed.consumed_by = Some(TransactionId::from_bytes(BYTES));
        let (saved, issued) = (changed.clone(), first.clone());
        let kept = opened.write(move |transaction| Box::pin(async move {
            transaction.create_code(&issued, Some("timeout:飛")).await?;
            assert_eq!(transaction.find_scenario(issued.mac).await?.as_deref(), Some("timeout:飛"));
            transaction.save_scenario(issued.mac, "plain").await?;
            assert_eq!(transaction.find_scenario(issued.mac).await?.as_deref(), Some("plain"));
            assert_eq!(transaction.find_scenario(code_mac(1)).await?, None);
            let mut loaded = gather_codes(transaction, &[issued.mac]).await?;
            let kept = loaded.code(&[issued.mac]).cloned();
            loaded.put_code(saved);
            save(transaction, &loaded).await?;
            Ok(kept)
        }));
        assert_eq!(kept.await.unwrap(), Some(first));
        let mac = changed.mac;
        let found = opened.write(move |transaction| Box::pin(async move {
            let before = gather_codes(transaction, &[mac]).await?.code(&[mac]).cloned();
            transaction.create_code(&code(1, 0, time(0)), None).await?;
            let both = gather_codes(transaction, &[mac, code_mac(1), code_mac(2)]).await?;
            let found = |mac| both.code(&[mac]).cloned();
            Ok((before, found(mac), found(code_mac(1)), found(code_mac(2))))
        }));
        let (before, ended, newest, unknown) = found.await.unwrap();
        assert_eq!(before, Some(changed.clone()));
        assert_eq!(ended, Some(IssuedCode { newest: false, ..changed }));
        assert_eq!((newest, unknown), (Some(code(1, 0, time(0))), None));
    }

    /// A wallet with lots, holds and sums comes back as a decision left it, by each way it is found; so does its state.
    async fn wallets_round_trip(database: TestDatabase) {
        let opened = database.open().await;
        settle(&opened).await;
        let full = full_wallet();
        let written = full.clone();
        let found = opened.write(move |transaction| Box::pin(async move {
            let mut loaded = Loaded::default();
            loaded.put_wallet(written);
            save(transaction, &loaded).await?;
            let found = transaction.find_wallet(WALLETS[0]).await?.unwrap();
            assert_eq!(transaction.find_wallet_of_member(MEMBERS[0]).await?.as_ref(), Some(&found));
            let wanted = Wanted { wallets: [WALLETS[0]].into(), ..Wanted::default() };
            assert_eq!(transaction.gather(&wanted).await?.wallet(WALLETS[0]), Some(&found));
            assert_eq!(transaction.list_expiring_wallets(time(9), 10).await?, []);
            assert_eq!(transaction.list_expiring_wallets(time(10), 10).await?, [(WALLETS[0], i64::MAX)]);
            let stale = Wallet { version: 7, ..found.clone() };
            assert!(!transaction.save_wallet_state(&stale, WalletState::Frozen).await?);
            for state in WalletState::ALL {
                let before = transaction.find_wallet(WALLETS[0]).await?.unwrap();
                assert!(transaction.save_wallet_state(&before, state).await?);
                assert_eq!(transaction.find_wallet(WALLETS[0]).await?, Some(Wallet { state, ..found.clone() }));
            }
            Ok(found)
        }));
        assert_eq!(found.await.unwrap(), full);
        let balances = database.query_raw("SELECT paid, bonus, points, next_expiry FROM wallets WHERE version > 0").await;
        let (paid, first) = (Amount::MAX.get().to_string(), time(10).unix_micros().to_string());
        assert_eq!(balances, [[paid.as_str(), "12", "20", &first]]);
    }

    /// A wallet whose balances and lots differ is not decided upon.
    async fn a_wallet_that_does_not_add_up_is_corrupt(database: TestDatabase) {
        let opened = database.open().await;
        settle(&opened).await;
        let blob = |bytes| blob(database.engine(), bytes);
        let (nothing, garbage) = (blob(&[1, 0, 0, 0, 0, 0, 0, 0]), blob(&[1, 0]));
        for change in [
            "paid = 1, unpacked = '{\"lots_opened\":0,\"lots\":[]}'",
            "unpacked = '{}'",
            "unpacked = '[', paid = 0",
            // Two texts of which one must be wrong.
            &format!("unpacked = '{{\"lots_opened\":0,\"lots\":[]}}', packed = {nothing}"),
            &format!("unpacked = '', packed = {garbage}"),
            &format!("paid = 1, packed = {nothing}"),
        ] {
            database.execute_raw(&format!("UPDATE wallets SET {change}")).await;
            let found =
                opened.read(|transaction| Box::pin(async move { transaction.find_wallet(WALLETS[0]).await })).await;
            assert!(matches!(found, Err(StoreError::Corrupt { .. })), "{change}: {found:?}");
        }
    }

    /// The newest policy is in force, every one is kept, and an entry that was not known yet is off.
    async fn policies_round_trip(database: TestDatabase) {
        let opened = database.open().await;
        let mut changed = Policy { number: 1, ..Policy::default() };
        for (name, value) in Policy::NAMES.iter().zip(1_i64..) {
            assert!(changed.set(name, (value % 3 != 0).then_some(value)));
        }
        let kept = changed.clone();
        opened.write(move |transaction| Box::pin(async move {
            assert_eq!(transaction.find_policy().await?, Policy::default());
            transaction.create_policy(&kept, Time::EPOCH).await?;
            assert_eq!(transaction.find_policy().await?, kept);
            let next = Policy { number: i64::MAX, ..Policy::default() };
            transaction.create_policy(&next, Time::MAX).await?;
            assert_eq!(transaction.list_policies().await?, [Policy::default(), kept, next]);
            Ok(())
        })).await.unwrap();
        let again = opened.write(move |transaction| Box::pin(async move {
            transaction.create_policy(&changed, time(0)).await
        }));
        assert!(matches!(again.await, Err(StoreError::Constraint(_))));
        database.execute_raw("DELETE FROM policies WHERE number > 1; UPDATE policies SET entries = '{}'").await;
        let policy = opened.read(|transaction| Box::pin(async move { transaction.find_policy().await })).await.unwrap();
        assert!(policy.entries().iter().all(|(_, value)| value.is_none()));
        for garbage in ["[]", "{\"hold_days\":0}", "{\"payment_max\":-1}"] {
            database.execute_raw(&format!("UPDATE policies SET entries = '{garbage}'")).await;
            let policy = opened.read(|transaction| Box::pin(async move { transaction.find_policy().await })).await;
            assert!(matches!(policy, Err(StoreError::Corrupt { .. })), "{garbage}");
        }
    }

    /// A place is its terminal and its shop; where a policy caps terminals, it knows what the terminal did.
    async fn places_and_their_usage_round_trip(database: TestDatabase) {
        let opened = database.open().await;
        settle(&opened).await;
        let wanted = Wanted { terminals: [TILL, ATM, TRIAL_TILL].into(), ..Wanted::default() };
        let plain = Place {
            terminal: TILL,
            shop: SHOP,
            channel: Channel::Till,
            book: Book::Real,
            terminal_is_frozen: false,
            shop_is_frozen: false,
            yen_per_point: 200,
            closing_minutes: 0,
            usage: None,
        };
        let usage = Usage {
            top_ups: Rolling { hours: vec![(0, Amount::MAX)], days: vec![] },
            payments: Rolling { hours: vec![(1, yen(0)), (i64::MAX, yen(1))], days: vec![(-1, yen(2))] },
        };
        opened.write(move |transaction| Box::pin(async move {
            let loaded = transaction.gather(&wanted).await?;
            assert_eq!(loaded.place(TILL), Some(&plain));
            assert_eq!(loaded.place(ATM).map(|place| place.channel), Some(Channel::Atm));
            assert_eq!(loaded.place(TRIAL_TILL).map(|place| place.book), Some(Book::Sandbox));
            let mut policy = Policy { number: 1, ..Policy::default() };
            assert!(policy.set("terminal_top_up_day", Some(0)));
            transaction.create_policy(&policy, time(0)).await?;
            transaction.freeze_terminal(TILL, true).await?;
            transaction.save_shop(&Shop { yen_per_point: 0, closing_minutes: 1_439, ..shop() }).await?;
            transaction.freeze_shop(SHOP, true).await?;
            let changed = Place {
                terminal_is_frozen: true,
                shop_is_frozen: true,
                yen_per_point: 0,
                closing_minutes: 1_439,
                usage: Some(Usage::default()),
                ..plain
            };
            let mut loaded = transaction.gather(&wanted).await?;
            assert_eq!(loaded.place(TILL), Some(&changed));
            let used = Place { usage: Some(usage), ..changed };
            loaded.put_place(used.clone());
            save(transaction, &loaded).await?;
            let loaded = transaction.gather(&wanted).await?;
            assert_eq!(loaded.place(TILL), Some(&used));
            assert_eq!(loaded.place(ATM).and_then(|place| place.usage.clone()), Some(Usage::default()));
            Ok(())
        })).await.unwrap();
    }

    /// A nonce is taken once a terminal, and forgotten when it has expired, not before.
    async fn nonces_round_trip(database: TestDatabase) {
        let opened = database.open().await;
        let other = TerminalId::from_bytes(BYTES);
        let forgotten = opened.write(move |transaction| Box::pin(async move {
            assert!(transaction.create_nonce(TILL.into(), "nonce-0123456789", time(10)).await?);
            assert!(!transaction.create_nonce(TILL.into(), "nonce-0123456789", time(99)).await?);
            assert!(transaction.create_nonce(other.into(), "nonce-0123456789", Time::MAX).await?);
            assert!(transaction.create_nonce(TILL.into(), "Nonce-0123456789", time(20)).await?);
            assert_eq!(transaction.delete_nonces(time(10), 9).await?, 0);
            assert!(!transaction.create_nonce(TILL.into(), "nonce-0123456789", time(99)).await?);
            assert_eq!(transaction.delete_nonces(time(11), 9).await?, 1);
            assert!(transaction.create_nonce(TILL.into(), "nonce-0123456789", time(99)).await?);
            assert_eq!(transaction.delete_nonces(Time::MAX, 1).await?, 1, "no more than asked for");
            assert!(transaction.create_nonce(TILL.into(), "Nonce-0123456789", time(99)).await?, "the oldest first");
            transaction.delete_nonces(Time::MAX, 9).await
        }));
        assert_eq!(forgotten.await.unwrap(), 2);
    }

    /// The first value of a setting stays.
    async fn settings_round_trip(database: TestDatabase) {
        let opened = database.open().await;
        let found = opened.write(|transaction| Box::pin(async move {
            assert_eq!(transaction.find_or_create_setting("名前", "値 ☕").await?, "値 ☕");
            assert_eq!(transaction.find_or_create_setting("名前", "other").await?, "値 ☕");
            transaction.find_setting("名前").await
        }));
        assert_eq!(found.await.unwrap().as_deref(), Some("値 ☕"));
    }

    /// A cursor moves from where it is and from nowhere else; each stream has its own.
    async fn cursors_round_trip(database: TestDatabase) {
        let opened = database.open().await;
        let moved = opened.write(|transaction| Box::pin(async move {
            let first = transaction.list_cursors("bookkeeper").await?;
            assert_eq!(first, transaction.list_streams().await?);
            let start = first[0];
            assert_eq!(start, JournalCursor { stream: 0, position: 0 });
            assert!(transaction.move_cursor("bookkeeper", start, i64::MAX).await?);
            assert!(!transaction.move_cursor("bookkeeper", start, 7).await?);
            assert!(!transaction.move_cursor("nobody", start, 7).await?);
            let moved = transaction.list_cursors("bookkeeper").await?;
            assert_eq!(moved[1..], first[1..]);
            Ok(moved[0])
        }));
        assert_eq!(moved.await.unwrap(), JournalCursor { stream: 0, position: i64::MAX });
    }

    /// Sums add up to the largest number there is, come in pages in one order, and refuse to go beyond it.
    async fn sums_round_trip(database: TestDatabase) {
        let opened = database.open().await;
        let sum = |account, owner, unit, debits, credits| {
            let book = if owner == 1 { Book::Sandbox } else { Book::Real };
            AccountSum { book, account, owner: [owner; 16], unit, debits, credits }
        };
        let mut kept: Vec<_> = Account::ALL.iter().map(|account| sum(*account, 0xff, Unit::Point, 0, 0)).collect();
        kept.push(sum(Account::ShopPayable, 0, Unit::Jpy, i64::MAX, i64::MAX));
        kept.push(sum(Account::ShopPayable, 0, Unit::Point, 1, 0));
        kept.push(sum(Account::ShopPayable, 1, Unit::Jpy, 0, 1));
        kept.push(AccountSum { book: Book::Sandbox, ..sum(Account::ShopPayable, 0, Unit::Jpy, 3, 4) });
        let written = kept.clone();
        let found = opened.write(move |transaction| Box::pin(async move {
            for sum in written {
                let half = AccountSum { debits: sum.debits / 2, credits: sum.credits / 2, ..sum };
                let rest = AccountSum { debits: sum.debits - half.debits, credits: sum.credits - half.credits, ..sum };
                transaction.add_to_sum(&half).await?;
                transaction.add_to_sum(&rest).await?;
            }
            let mut found = Vec::new();
            loop {
                let page = transaction.list_sums(found.last(), 4).await?;
                if page.is_empty() {
                    return Ok(found);
                }
                assert!(page.len() <= 4);
                found.extend(page);
            }
        }));
        let mut found = found.await.unwrap();
        let key = |sum: &AccountSum| (sum.book, sum.account, sum.owner, sum.unit);
        found.sort_by_key(key);
        kept.sort_by_key(key);
        assert_eq!(found, kept);
        for (debits, credits) in [(1, 0), (0, 1)] {
            let more = sum(Account::ShopPayable, 0, Unit::Jpy, debits, credits);
            let result = opened.write(move |transaction| Box::pin(async move { transaction.add_to_sum(&more).await }));
            assert!(result.await.is_err());
        }
        let overfull = database.query_raw("SELECT debits, credits FROM account_sums WHERE debits > 3").await;
        assert_eq!(overfull, [[i64::MAX.to_string(), i64::MAX.to_string()]]);
    }
}

async fn gather_codes(transaction: &mut Transaction, codes: &[CodeMac]) -> Result<Loaded, StoreError> {
    transaction.gather(&Wanted { codes: codes.iter().copied().collect(), ..Wanted::default() }).await
}

/// Saves what was changed, with any record, since nothing is saved without.
async fn save(transaction: &mut Transaction, loaded: &Loaded) -> Result<(), StoreError> {
    let (head, _) = transaction.begin_batch(&BTreeMap::new()).await?;
    let (record, _) = records().swap_remove(0);
    transaction.record(head, &[record], loaded).await
}

/// Everything that a wallet can have, at the ends of its range.
fn full_wallet() -> Wallet {
    let part = |lot, account, amount, expires_at| Part {
        lot,
        account,
        origin: TransactionId::from_bytes(BYTES),
        expires_at,
        amount: Amount::new(amount).unwrap(),
    };
    let most = Amount::MAX.get() - 9;
    Wallet {
        lots: vec![
            part(0, LotAccount::Paid, most, None),
            part(2, LotAccount::Bonus, 5, Some(Time::MAX)),
            part(i64::MAX, LotAccount::Points, 20, Some(time(20))),
        ],
        holds: vec![
            Hold {
                payment: TransactionId::from_bytes(BYTES),
                expires_at: time(10),
                parts: vec![part(3, LotAccount::Bonus, 7, Some(time(11))), part(0, LotAccount::Paid, 8, None)],
            },
            Hold {
                payment: transaction_id(2),
                expires_at: Time::MAX,
                parts: vec![part(0, LotAccount::Paid, 1, Some(Time::EPOCH))],
            },
        ],
        lots_opened: i64::MAX,
        topped_up: Rolling { hours: vec![(1, yen(1)), (2, Amount::MAX)], days: vec![(0, yen(3))] },
        paid_out: Rolling { hours: vec![], days: vec![(i64::MAX, yen(4))] },
        version: i64::MAX,
        at: Time::MAX,
        ..Wallet::new(WALLETS[0], MEMBERS[0], Book::Real)
    }
}
