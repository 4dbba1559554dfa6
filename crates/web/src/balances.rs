//! `/v1/balances`: what a member's wallet holds now.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::caller::AsMember;
use crate::problem::Problem;
use crate::state::Web;
use crate::transaction::Currency;

/// One account of a wallet.
#[derive(Debug, Serialize, ToSchema)]
struct AccountBalance {
    /// Which account: `paid` is money that the member paid for.
    #[schema(example = "paid")]
    account: &'static str,
    /// How much it holds, in minor units.
    amount: i64,
    /// Of what.
    currency: Currency,
}

/// What a wallet holds, as of its newest transaction.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Balances {
    /// The wallet.
    wallet_id: String,
    /// What can be spent, in minor units.
    total: i64,
    /// Of what.
    currency: Currency,
    /// Account by account.
    balances: Vec<AccountBalance>,
    /// How many transactions have changed the wallet.
    version: i64,
}

/// Ask what the own wallet holds.
#[utoipa::path(
    get,
    path = "/v1/balances",
    tag = "balances",
    operation_id = "getBalances",
    security(("member_token" = [])),
    responses((status = 200, description = "The balances", body = Balances))
)]
pub(crate) async fn get(State(web): State<Web>, AsMember(member): AsMember) -> Result<Json<Balances>, Problem> {
    let balance = web.app.balance(member).await?;
    let amount = balance.paid.get();
    Ok(Json(Balances {
        wallet_id: balance.wallet.to_string(),
        total: amount,
        currency: Currency::Jpy,
        balances: vec![AccountBalance { account: "paid", amount, currency: Currency::Jpy }],
        version: balance.version,
    }))
}
