//! Where the edges are: amounts at the balance and at the limits, times at which something expires.

use super::super::model::Model;
use super::super::model::types::{ACCOUNTS, Account, HoldState};
use super::{ATM, Random};

/// A time at which something expires that has not yet: the newest code, an open hold, the lot that is next.
pub(super) fn next_edge(model: &Model, random: &mut Random, clock: i64) -> Option<i64> {
    let codes = model.codes.iter().rev().take(2).map(|code| code.expires_at).find(|at| *at > clock);
    let open = model.payments.iter().filter(|p| p.hold == HoldState::Open);
    let holds = open.filter_map(|p| p.hold_expires).filter(|at| *at > clock).min();
    let lots = model.wallets.iter().flat_map(|w| &w.lots).filter_map(|lot| lot.expiry);
    let lots = lots.filter(|at| *at > clock).min();
    let edges: Vec<i64> = [codes, holds, lots].into_iter().flatten().collect();
    if edges.is_empty() { None } else { Some(random.one(&edges)) }
}

/// An amount of at least 1: mostly inside all edges, often at one or one beyond.
fn near(random: &mut Random, inside: i64, edges: &[i64]) -> i64 {
    let inside = edges.iter().copied().filter(|edge| *edge > 0).fold(inside, i64::min);
    let amount = match random.between(1, 12) {
        1..=7 => random.between(1, inside.max(1)),
        8 => 1,
        _ if edges.is_empty() => inside,
        9..=10 => edges.iter().copied().fold(i64::MAX, i64::min),
        11 => random.one(edges) + 1,
        _ => random.one(edges) - random.between(0, 1),
    };
    amount.max(1)
}

/// Up to a figure, at it, or one beyond.
pub(super) fn up_to(random: &mut Random, most: i64) -> i64 {
    near(random, most, &[most])
}

/// An amount to pay.
pub(super) fn payment(model: &Model, random: &mut Random, clock: i64, wallet: u32, caller: u32, points: bool) -> i64 {
    let has: i64 = ACCOUNTS
        .iter()
        .filter(|account| points || **account != Account::Points)
        .map(|account| model.available(wallet, clock, *account))
        .sum();
    let policy = &model.policy;
    let less = |limit: Option<i64>, sum: i64| limit.map(|limit| limit - sum);
    let limits = [
        policy.payment_max,
        less(policy.wallet_payment_day, model.wallet_payments_day(wallet, clock)),
        less(policy.wallet_payment_month, model.wallet_payments_month(wallet, clock)),
        less(policy.terminal_payment_day, model.terminal_payments_day(caller, clock)),
    ];
    let mut edges: Vec<i64> = limits.into_iter().flatten().collect();
    edges.push(has);
    near(random, has / 2, &edges)
}

/// An amount of cash.
pub(super) fn cash(model: &Model, random: &mut Random, clock: i64, wallet: u32, caller: u32) -> i64 {
    let policy = &model.policy;
    let live = model.wallet_view(wallet, clock).live;
    let less = |limit: Option<i64>, sum: i64| limit.map(|limit| limit - sum);
    let limits = [
        if caller == ATM { policy.atm_top_up_max } else { policy.till_top_up_max },
        less(policy.balance_max, live[0] + live[1]),
        less(policy.wallet_top_up_day, model.wallet_top_ups_day(wallet, clock)),
        less(policy.wallet_top_up_month, model.wallet_top_ups_month(wallet, clock)),
        less(policy.terminal_top_up_day, model.terminal_top_ups_day(caller, clock)),
    ];
    let edges: Vec<i64> = limits.into_iter().flatten().collect();
    near(random, 4_000, &edges)
}

/// An amount to grant.
pub(super) fn grant(model: &Model, random: &mut Random, clock: i64, wallet: u32) -> i64 {
    let live = model.wallet_view(wallet, clock).live;
    let room: Vec<i64> = model.policy.balance_max.iter().map(|max| max - live[0] - live[1]).collect();
    if random.percent(80) { random.between(1, 1_500) } else { near(random, 1_500, &room) }
}

/// Points to exchange.
pub(super) fn exchange(model: &Model, random: &mut Random, clock: i64, wallet: u32) -> i64 {
    let has = model.available(wallet, clock, Account::Points);
    let policy = &model.policy;
    let mut edges: Vec<i64> = policy.exchange_max.into_iter().collect();
    edges.extend(policy.wallet_top_up_day.map(|max| max - model.wallet_top_ups_day(wallet, clock)));
    edges.push(has);
    near(random, has, &edges)
}
