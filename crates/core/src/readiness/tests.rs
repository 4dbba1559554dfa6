//! What is open and why, what may be answered, what the program sees, and what could be lost, against the plainest reckoning.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::arithmetic_side_effects)]

use proptest::prelude::*;

use super::exposure::{Exposure, Holding, figures};
use super::*;
use crate::limit::Policy;
use crate::money::Amount;
use crate::review::{Measure, MeasureState, Proof, ProofKind, ProofResult};
use crate::time::BusinessDate;
use crate::wallet::WalletState;

const TODAY: &str = "2026-11-22";

fn today() -> BusinessDate {
    BusinessDate::from_number(20_261_122).unwrap()
}

fn names(text: &str) -> Names {
    Names { ja: text.to_owned(), en: text.to_owned() }
}

fn line(repeats: Option<u16>, look: Option<Look>) -> Line {
    let key = "a-line".to_owned();
    let (title, why, from, role) = (names("a"), names("b"), names("c"), names("d"));
    Line { key, section: Section::Plan, title, why, from, role, repeats, look, is_own: false }
}

fn met() -> Answer {
    let evidence = Evidence { text: "report of May".to_owned(), url: String::new() };
    Answer { role: "security".to_owned(), state: LineState::Met, evidence, ..Answer::default() }
}

fn seen(is_met: Option<bool>) -> Seen {
    Seen { is_met, what: names("x") }
}

#[test]
fn a_line_is_open_until_it_is_met_by_a_role_with_evidence() {
    let once = line(None, None);
    let url = |url: &str| Evidence { text: " ".to_owned(), url: url.to_owned() };
    for (answer, expected) in [
        (Answer::default(), vec![Gap::NotMet]),
        (Answer { state: LineState::Doing, ..Answer::default() }, vec![Gap::UnderWay]),
        (Answer { due: "2026-11-21".into(), ..Answer::default() }, vec![Gap::DuePassed, Gap::NotMet]),
        (Answer { due: TODAY.into(), ..Answer::default() }, vec![Gap::NotMet]),
        (met(), vec![]),
        (Answer { due: "2026-11-21".into(), ..met() }, vec![]),
        (Answer { role: " ".into(), ..met() }, vec![Gap::NoRole]),
        (Answer { evidence: Evidence::default(), ..met() }, vec![Gap::NoEvidence]),
        (Answer { evidence: url("javascript:alert(1)"), ..met() }, vec![Gap::NoEvidence]),
        (Answer { evidence: url("https://example.com/report"), ..met() }, vec![]),
        (Answer { next_check: "2026-11-21".into(), ..met() }, vec![Gap::CheckPassed]),
        (Answer { next_check: TODAY.into(), ..met() }, vec![]),
        (Answer { state: LineState::NotNeeded, reason: "no shops".into(), ..Answer::default() }, vec![]),
        (Answer { state: LineState::NotNeeded, reason: " ".into(), ..Answer::default() }, vec![Gap::NotMet]),
    ] {
        assert_eq!(gaps(&once, &answer, None, TODAY), expected, "{answer:?}");
    }
    let again = line(Some(90), None);
    assert_eq!(gaps(&again, &met(), None, TODAY), [Gap::NoNextCheck]);
    assert_eq!(gaps(&again, &Answer { next_check: "2026-12-31".into(), ..met() }, None, TODAY), []);
}

#[test]
fn what_the_program_sees_cannot_be_answered_away() {
    let looked = line(None, Some(Look::KeyFile));
    for (is_met, expected) in [(Some(true), vec![]), (Some(false), vec![Gap::SeenOpen]), (None, vec![Gap::Unseen])] {
        for answer in [Answer::default(), met()] {
            assert_eq!(gaps(&looked, &answer, Some(&seen(is_met)), TODAY), expected);
        }
    }
    assert_eq!(gaps(&looked, &met(), None, TODAY), [Gap::Unseen], "nobody looked");
    let late = Answer { due: "2026-01-01".into(), ..Answer::default() };
    assert_eq!(gaps(&looked, &late, Some(&seen(Some(false))), TODAY), [Gap::SeenOpen, Gap::DuePassed]);
    let unneeded = Answer { state: LineState::NotNeeded, reason: "behind a firewall".into(), ..Answer::default() };
    assert_eq!(gaps(&looked, &unneeded, Some(&seen(Some(false))), TODAY), []);
    let change = AnswerChange { state: Some(LineState::Met), ..AnswerChange::default() };
    assert_eq!(Answer::default().changed(change, &looked, today()), Err(AnswerError::LookedAt));
}

#[test]
fn an_answer_stands_only_if_it_can_be_shown() {
    let again = line(Some(30), None);
    let changed = |change: AnswerChange| Answer::default().changed(change, &again, today());
    let some = |text: &str| Some(text.to_owned());
    let empty = AnswerChange::default();
    for change in [
        AnswerChange { role: Some("x".repeat(81)), ..empty.clone() },
        AnswerChange { role: some("a\u{202e}b"), ..empty.clone() },
        AnswerChange { note: Some("x".repeat(1_001)), ..empty.clone() },
        AnswerChange { evidence: some("a\u{0}"), ..empty.clone() },
        AnswerChange { url: some("ftp://x"), ..empty.clone() },
        AnswerChange { url: some("javascript:alert(1)"), ..empty.clone() },
        AnswerChange { due: some("2026-02-30"), ..empty.clone() },
        AnswerChange { due: some("soon"), ..empty.clone() },
        AnswerChange { due: some("2026-11"), ..empty.clone() },
        AnswerChange { checked_on: some("2026-11-23"), ..empty.clone() },
        AnswerChange { next_check: some("2026-12-23"), ..empty.clone() },
        AnswerChange { state: Some(LineState::NotNeeded), ..empty.clone() },
        AnswerChange { state: Some(LineState::NotNeeded), reason: some(" "), ..empty.clone() },
    ] {
        assert!(changed(change.clone()).is_err(), "{change:?}");
    }
    let told = changed(AnswerChange { state: Some(LineState::Met), next_check: some("2026-12-22"), ..empty.clone() });
    let told = told.unwrap();
    assert_eq!((told.checked_on.as_str(), told.next_check.as_str()), (TODAY, "2026-12-22"), "checked today");
    // What is not told stays; a reason goes with what it was the reason for.
    let unneeded = AnswerChange { state: Some(LineState::NotNeeded), reason: some("no shops"), ..empty.clone() };
    let unneeded = told.changed(unneeded, &again, today()).unwrap();
    assert_eq!((unneeded.next_check.as_str(), unneeded.reason.as_str()), ("2026-12-22", "no shops"));
    let open = unneeded.changed(AnswerChange { state: Some(LineState::Open), ..empty }, &again, today()).unwrap();
    assert_eq!(open.reason, "");
}

fn measure(state: MeasureState) -> MeasureView {
    let proof = Proof { kind: ProofKind::Test, text: "a_test".into(), url: String::new(), file: String::new() };
    let empty = String::new;
    let measure = Measure {
        text: "m".into(),
        causes: vec![],
        role: empty(),
        due: empty(),
        remind: empty(),
        state,
        proof,
        learned: empty(),
        is_shared: false,
    };
    MeasureView { key: "m".into(), measure, result: None }
}

#[test]
fn a_measure_is_open_until_it_is_done_proved_and_holds() {
    let with = |state, change: fn(&mut MeasureView)| {
        let mut view = measure(state);
        change(&mut view);
        measure_gaps(&view, TODAY)
    };
    let result = |is_passed| ProofResult { is_passed, at: "2026-11-01T10:00".into(), text: String::new() };
    assert_eq!(with(MeasureState::Done, |_| ()), []);
    assert_eq!(with(MeasureState::Proposed, |_| ()), [Gap::NotMet]);
    assert_eq!(with(MeasureState::Doing, |_| ()), [Gap::UnderWay]);
    assert_eq!(with(MeasureState::Planned, |it| it.measure.due = "2026-11-21".into()), [Gap::DuePassed, Gap::NotMet]);
    assert_eq!(with(MeasureState::Planned, |it| it.measure.due = TODAY.into()), [Gap::NotMet]);
    assert_eq!(with(MeasureState::Planned, |it| it.measure.remind = TODAY.into()), [Gap::ReminderPassed, Gap::NotMet]);
    assert_eq!(with(MeasureState::Done, |it| it.measure.due = "2020-01-01".into()), [], "what is done is not late");
    assert_eq!(with(MeasureState::Done, |it| it.measure.proof.kind = ProofKind::None), [Gap::NoProof]);
    let mut failed = measure(MeasureState::Done);
    failed.result = Some(result(false));
    assert_eq!(measure_gaps(&failed, TODAY), [Gap::ProofFailed]);
    failed.result = Some(result(true));
    assert_eq!(measure_gaps(&failed, TODAY), []);
    failed.measure.state = MeasureState::Dropped;
    failed.measure.proof.kind = ProofKind::None;
    assert_eq!(measure_gaps(&failed, TODAY), [], "what was given up is nobody's to do");
}

#[test]
fn words_are_words_and_each_is_said_in_both_languages() {
    for section in Section::ALL {
        assert_eq!(Section::parse(section.text()), Some(section));
        assert_ne!(section.name(Language::Japanese), section.name(Language::English));
    }
    for state in LineState::ALL {
        assert_eq!(LineState::parse(state.text()), Some(state));
    }
    let mut words: Vec<_> = Gap::ALL.iter().map(|gap| gap.text()).collect();
    words.dedup();
    assert_eq!(words.len(), Gap::ALL.len());
    assert!(Gap::ALL.is_sorted(), "the most pressing first");
    assert!(Gap::ALL.iter().all(|gap| gap.says(Language::Japanese) != gap.says(Language::English)));
}

#[test]
fn the_program_looks_at_what_is_there() {
    let mut policy = Policy::default();
    let of = |policy: &Policy, at: Look| {
        let purse = Purse {
            refuses_private_webhooks: false,
            operator_address: "0.0.0.0:9464",
            is_operator_address_private: Some(false),
            policy,
            trial_members: 1_000,
            frozen_terminals: 2,
        };
        let facts = Facts {
            origin: "http://localhost:8080",
            is_begun_by_operator: false,
            requests_per_second: None,
            is_key_file_private: None,
            purse: Some(purse),
        };
        look(at, &facts).unwrap()
    };
    for (at, is_met, what) in [
        (Look::PublicOrigin, Some(false), "http://localhost:8080"),
        (Look::ReviewsBegunBy, Some(false), "reviews_begun_by = anyone"),
        (Look::RequestLimit, Some(false), "requests_per_second = off"),
        (Look::KeyFile, None, "the key file cannot be looked at"),
        (Look::WebhookAddresses, Some(false), "webhook_private_addresses = allow"),
        (Look::OperatorAddress, Some(false), "metrics_listen = 0.0.0.0:9464"),
        (Look::WalletPaymentDay, Some(false), "wallet_payment_day = off"),
        (Look::WalletTopUpDay, Some(false), "wallet_top_up_day = off"),
        (Look::Cooling, Some(true), "cooling_payment_day = 10000, cooling_days = 1"),
        (Look::BalanceMax, Some(true), "balance_max = 100000"),
        (Look::TerminalPaymentDay, Some(false), "terminal_payment_day = off"),
        (Look::TerminalTopUpDay, Some(false), "terminal_top_up_day = off"),
        (Look::TrialMembers, Some(false), "members without a passkey: 1000 or more"),
        (Look::FrozenTerminals, Some(false), "terminals that are frozen and not revoked: 2"),
    ] {
        let seen = of(&policy, at);
        assert_eq!((seen.is_met, seen.what.en.as_str()), (is_met, what));
        assert!(!at.mended_by().is_empty());
    }
    assert!(policy.set("cooling_days", None) && policy.set("wallet_payment_day", Some(5)));
    assert_eq!(of(&policy, Look::Cooling).is_met, Some(false), "half of it is none");
    assert_eq!(of(&policy, Look::WalletPaymentDay).is_met, Some(true));
    let alone = Facts {
        origin: "https://a.example",
        is_begun_by_operator: true,
        requests_per_second: Some(5),
        is_key_file_private: Some(true),
        purse: None,
    };
    for at in [Look::PublicOrigin, Look::ReviewsBegunBy, Look::RequestLimit, Look::KeyFile] {
        assert_eq!((look(at, &alone).unwrap().is_met, at.is_of_wallet()), (Some(true), false));
    }
    assert!(look(Look::BalanceMax, &alone).is_none() && Look::BalanceMax.is_of_wallet());
}

fn yen(yen: i64) -> Amount {
    Amount::new(yen).unwrap()
}

fn holding() -> impl Strategy<Value = Holding> {
    let amount = || prop_oneof![Just(0), 0..200_000_i64];
    let state = prop::sample::select(WalletState::ALL.to_vec());
    (state, any::<bool>(), amount(), amount(), amount()).prop_map(|(state, is_bound, paid, bonus, points)| Holding {
        state,
        is_bound,
        paid: yen(paid),
        bonus: yen(bonus),
        points: yen(points),
        held: yen(paid / 2),
    })
}

fn policy() -> impl Strategy<Value = Policy> {
    let limit = || prop::option::of(0..150_000_i64);
    (limit(), limit(), limit(), limit(), any::<bool>()).prop_map(|(day, month, cooling, terminal, cools)| {
        let mut policy = Policy::default();
        assert!(policy.set("wallet_payment_day", day) && policy.set("wallet_payment_month", month));
        assert!(policy.set("cooling_payment_day", cooling) && policy.set("terminal_payment_day", terminal));
        assert!(policy.set("cooling_days", cools.then_some(1)));
        policy
    })
}

proptest! {
    /// The sums are those of the plainest reckoning, wallet by wallet.
    #[test]
    fn an_exposure_is_what_one_reckons_by_hand(holdings in prop::collection::vec(holding(), 0..30), policy in policy(), terminals in 0..9_u64, each in prop::option::of(1..300_u64)) {
        let mut exposure = Exposure::default();
        for holding in &holdings {
            exposure.count(holding, &policy, each).unwrap();
        }
        let get = |limit: Option<Amount>| limit.map_or(i64::MAX, Amount::get);
        let total = |it: &Holding| it.paid.get() + it.bonus.get() + it.points.get();
        let can_pay = |it: &&Holding| matches!(it.state, WalletState::Active | WalletState::Closing);
        let earned = |it: &Holding| each.map_or(0, |each| (it.paid.get() + it.bonus.get()) / each.cast_signed());
        let own = |it: &Holding| (total(it) + earned(it)).min(get(policy.wallet_payment_day)).min(get(policy.wallet_payment_month));
        let moved = |it: &Holding| {
            let cools = it.is_bound && policy.cooling_days.is_some();
            own(it).min(if cools { get(policy.cooling_payment_day) } else { i64::MAX })
        };
        let all: i64 = holdings.iter().map(total).sum();
        let stolen: i64 = holdings.iter().filter(can_pay).map(own).sum();
        let taken: i64 = holdings.iter().filter(can_pay).map(moved).sum();
        let stopped: i64 = holdings.iter().filter(|it| !can_pay(it)).map(total).sum();
        let figures = figures(&exposure, &policy, terminals).unwrap();
        let of = |key: &str| figures.iter().find(|it| it.key == key).unwrap().amount.map(u64::cast_signed);
        let through = policy.terminal_payment_day.map(|limit| limit.get() * terminals.cast_signed());
        prop_assert_eq!(exposure.wallets, holdings.len() as u64);
        prop_assert_eq!(of("unused"), Some(all));
        prop_assert_eq!(of("stopped"), Some(stopped));
        prop_assert_eq!(of("largest"), Some(holdings.iter().map(total).max().unwrap_or(0)));
        prop_assert_eq!(of("taken_over"), Some(taken));
        prop_assert_eq!(of("stolen"), Some(stolen));
        prop_assert_eq!(of("one_wallet"), Some(holdings.iter().filter(can_pay).map(own).max().unwrap_or(0)));
        prop_assert_eq!(of("terminals"), through);
        prop_assert_eq!(of("worst_day"), Some(through.map_or(stolen, |through| through.min(stolen))));
        prop_assert!(taken <= stolen, "what is taken over is never more");
    }
}

#[test]
fn what_cannot_be_counted_is_refused_and_a_limit_that_is_off_is_told() {
    let full = Holding {
        state: WalletState::Active,
        is_bound: true,
        paid: Amount::MAX,
        bonus: Amount::MAX,
        points: Amount::MAX,
        held: Amount::ZERO,
    };
    let mut exposure = Exposure::default();
    let counted = (0..1_000).try_for_each(|_| exposure.count(&full, &Policy::default(), None));
    assert!(counted.is_err(), "never a wrong sum");
    let figures = figures(&Exposure::default(), &Policy::default(), 3).unwrap();
    let of = |key: &str| figures.iter().find(|it| it.key == key).unwrap();
    assert!(!of("taken_over").is_unlimited, "a wallet that cools has a limit from the start");
    for key in ["stolen", "one_wallet", "terminals", "worst_day", "false_top_ups"] {
        assert!(of(key).is_unlimited, "{key}");
    }
    assert!(of("stolen").formula.en.contains("No limit is set (wallet_payment_day, wallet_payment_month)"));
    assert!(of("terminals").formula.ja.contains("上限が設定されていません"));
}
