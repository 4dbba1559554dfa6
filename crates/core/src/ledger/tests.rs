//! Proves the decisions: a table of stories, and random sequences that keep every balance exact.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

use proptest::prelude::*;

use super::*;
use crate::id::{MemberId, TerminalId};

const WALLET: WalletId = WalletId::from_bytes([7; 16]);
const TILL: TerminalId = TerminalId::from_bytes([1; 16]);
const OTHER_TILL: TerminalId = TerminalId::from_bytes([2; 16]);

fn mac(number: u8) -> CodeMac {
    CodeMac { bucket: 0, mac: [number; 16] }
}

fn code(number: u8) -> IssuedCode {
    IssuedCode {
        mac: mac(number),
        wallet: WALLET,
        issued_at: Time::EPOCH,
        expires_at: Time::EPOCH.saturating_add(crate::code::CODE_LIFETIME),
        newest: true,
        bound_to: None,
        consumed_by: None,
    }
}

fn loaded(paid: i64) -> Loaded {
    let wallet =
        Wallet { id: WALLET, member: MemberId::from_bytes([9; 16]), paid: Amount::new(paid).unwrap(), version: 5 };
    Loaded::new((0..=255).map(code).collect(), vec![wallet])
}

fn command(kind: Kind, till: TerminalId, number: u8, yen: i64) -> Command {
    Command {
        id: TransactionId::from_bytes([number; 16]),
        key: RequestKey { caller: till, request_id: format!("r{number}").parse().unwrap() },
        body: BodyHash([0; 32]),
        shop: ShopId::from_bytes([3; 16]),
        code: vec![mac(number)],
        amount: Amount::new(yen).unwrap(),
        kind,
    }
}

fn run(loaded: &mut Loaded, command: &Command) -> Outcome {
    decide(loaded, command, Time::EPOCH, &TimeZone::UTC).outcome
}

#[test]
fn a_payment_moves_the_amount_and_uses_the_code_up() {
    let mut loaded = loaded(10_000);
    let pay = command(Kind::Payment, TILL, 1, 1_200);
    let Outcome::Done { wallet_version, transfers } = run(&mut loaded, &pay) else { panic!("refused") };
    assert_eq!(wallet_version, 6);
    assert_eq!(transfers.len(), 1);
    assert_eq!(transfers[0].debit_after, Amount::new(8_800));
    assert_eq!(loaded.wallet(WALLET).unwrap().paid.get(), 8_800);
    assert_eq!(run(&mut loaded, &pay), Outcome::Refused(Refusal::CodeConsumed));
}

#[test]
fn a_refused_try_keeps_the_code_for_that_terminal_only() {
    let mut loaded = loaded(1_000);
    assert_eq!(
        run(&mut loaded, &command(Kind::Payment, TILL, 1, 1_001)),
        Outcome::Refused(Refusal::InsufficientBalance)
    );
    assert_eq!(run(&mut loaded, &command(Kind::Payment, OTHER_TILL, 1, 1)), Outcome::Refused(Refusal::CodeBound));
    assert!(matches!(run(&mut loaded, &command(Kind::Payment, TILL, 1, 1_000)), Outcome::Done { .. }));
    assert!(loaded.wallet(WALLET).unwrap().paid.is_zero());
}

#[test]
fn an_unknown_code_names_no_wallet() {
    let mut loaded = Loaded::default();
    let transaction = decide(&mut loaded, &command(Kind::Payment, TILL, 1, 1), Time::EPOCH, &TimeZone::UTC);
    assert_eq!((transaction.wallet, transaction.code), (None, None));
    assert_eq!(transaction.outcome, Outcome::Refused(Refusal::CodeUnknown));
}

#[test]
fn a_wallet_never_holds_more_than_can_be_counted() {
    let mut loaded = loaded(Amount::MAX.get());
    assert_eq!(run(&mut loaded, &command(Kind::TopUp, TILL, 1, 1)), Outcome::Refused(Refusal::LimitExceeded));
    assert_eq!(loaded.changed_wallets().count(), 0);
}

#[test]
fn a_transfer_that_cannot_be_is_named() {
    let whole = Transfer {
        debit: Account::WalletPaid,
        credit: Account::ShopPayable,
        amount: Amount::new(1).unwrap(),
        unit: Unit::Jpy,
        debit_after: Some(Amount::ZERO),
        credit_after: None,
    };
    assert_eq!(whole.check(), Ok(()));
    for (broken, error) in [
        (Transfer { amount: Amount::ZERO, ..whole.clone() }, TransferError::Zero),
        (Transfer { credit: Account::WalletPaid, ..whole.clone() }, TransferError::SameAccount),
        (Transfer { unit: Unit::Point, ..whole.clone() }, TransferError::Unit),
        (Transfer { debit_after: None, ..whole.clone() }, TransferError::BalanceAfter),
        (Transfer { credit_after: Some(Amount::ZERO), ..whole.clone() }, TransferError::BalanceAfter),
    ] {
        assert_eq!(broken.check(), Err(error));
    }
}

#[test]
fn the_chart_reads_back() {
    for account in Account::ALL {
        assert_eq!(Account::parse(account.text()), Some(*account));
    }
}

proptest! {
    /// Whatever is asked in whatever order, the balance is top-ups minus payments, every transfer is whole, and the
    /// version counts the transactions that were done.
    #[test]
    fn balances_are_exact_after_any_sequence(
        acts in prop::collection::vec((any::<bool>(), any::<bool>(), 0_u8..40, 1_i64..5_000), 0..120)
    ) {
        let mut loaded = loaded(3_000);
        let mut expected = 3_000_i64;
        let mut version = 5_i64;
        for (is_payment, here, number, yen) in acts {
            let kind = if is_payment { Kind::Payment } else { Kind::TopUp };
            let till = if here { TILL } else { OTHER_TILL };
            if let Outcome::Done { wallet_version, transfers } = run(&mut loaded, &command(kind, till, number, yen)) {
                version += 1;
                expected += if is_payment { -yen } else { yen };
                prop_assert_eq!(wallet_version, version);
                for transfer in &transfers {
                    prop_assert_eq!(transfer.check(), Ok(()));
                }
            }
            let wallet = loaded.wallet(WALLET).unwrap();
            prop_assert!(expected >= 0);
            prop_assert_eq!((wallet.paid.get(), wallet.version), (expected, version));
        }
    }
}
