//! `/v1/balances`: what a member's wallet holds now.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;
use warifu_core::lot::LotAccount;

use crate::caller::AsMember;
use crate::problem::Problem;
use crate::state::Web;
use crate::transaction::{Currency, Source};

/// One yen account of a wallet.
#[derive(Debug, Serialize, ToSchema)]
struct AccountBalance {
    /// Which account: `paid` is money that the member paid for, `bonus` money that was given for free.
    #[schema(example = "paid")]
    account: &'static str,
    /// How much of it can be spent, in minor units.
    amount: i64,
    /// How much of it is held for payments that were authorised, in minor units.
    held: i64,
    /// Of what.
    currency: Currency,
}

/// The points of a wallet.
#[derive(Debug, Serialize, ToSchema)]
struct PointsBalance {
    /// How many can be used. One is worth one yen.
    amount: i64,
    /// How many are held for payments that were authorised.
    held: i64,
}

/// What a wallet holds, as of its newest transaction.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Balances {
    /// The wallet.
    wallet_id: String,
    /// `active`, `frozen`, `closing` or `closed`.
    #[schema(example = "active")]
    state: &'static str,
    /// The yen that can be spent, in minor units. Points are not in it.
    total: i64,
    /// Of what.
    currency: Currency,
    /// Account by account.
    balances: Vec<AccountBalance>,
    /// The points.
    points: PointsBalance,
    /// What can be spent, lot by lot, in the order of spending.
    lots: Vec<Source>,
    /// How many transactions have changed the wallet.
    version: i64,
}

/// Ask what the own wallet holds.
#[utoipa::path(
    get,
    path = "/v1/balances",
    tag = "balances",
    operation_id = "getBalances",
    security(("member_session" = [], "member_signature" = [])),
    responses((status = 200, description = "The balances", body = Balances))
)]
pub(crate) async fn get(State(web): State<Web>, AsMember(phone): AsMember) -> Result<Json<Balances>, Problem> {
    let balance = web.app.balance(phone.member).await?;
    let account = |account: LotAccount| AccountBalance {
        account: account.text(),
        amount: balance.available(account),
        held: balance.held(account),
        currency: Currency::Jpy,
    };
    let balances = vec![account(LotAccount::Paid), account(LotAccount::Bonus)];
    let mut lots: Vec<_> = balance.wallet.lots.iter().collect();
    lots.sort_unstable_by_key(|lot| lot.spending_order());
    Ok(Json(Balances {
        wallet_id: balance.wallet.id.to_string(),
        state: balance.wallet.state.text(),
        total: balances.iter().fold(0, |sum: i64, balance| sum.saturating_add(balance.amount)),
        currency: Currency::Jpy,
        balances,
        points: PointsBalance { amount: balance.available(LotAccount::Points), held: balance.held(LotAccount::Points) },
        lots: lots.into_iter().map(Source::from).collect(),
        version: balance.wallet.version,
    }))
}
