//! `/v1/receipts`: what a member or a shop keeps of a payment, with what the Japanese qualified invoice needs.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;
use warifu_app::Caller;
use warifu_core::lot::{LotAccount, Step};

use crate::caller::AsCaller;
use crate::payment_view::Payment;
use crate::payments;
use crate::problem::Problem;
use crate::state::Web;
use crate::transaction::Note;

/// Who sold.
#[derive(Debug, Serialize, ToSchema)]
struct Seller {
    /// The shop.
    shop_id: String,
    /// As it is called now.
    shop_name: String,
    /// Whose shop it is.
    merchant_name: String,
    /// The merchant's number as an issuer of qualified invoices, if it has one.
    #[schema(pattern = "^T[0-9]{13}$")]
    invoice_number: Option<String>,
}

/// The items of one tax rate.
#[derive(Debug, PartialEq, Eq, Serialize, ToSchema)]
struct TaxLine {
    /// The rate, in whole percent.
    rate: i64,
    /// What the items of this rate cost, tax included.
    amount: i64,
    /// The tax in it: floor(amount * rate / (100 + rate)), rounded once a rate.
    tax: i64,
}

/// How much was paid from one account.
#[derive(Debug, Serialize, ToSchema)]
struct PaidFrom {
    /// `paid`, `bonus` or `points`.
    #[schema(example = "paid")]
    account: &'static str,
    /// How much of it, in minor units; a point is one yen.
    amount: i64,
}

/// A receipt.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Receipt {
    /// The payment, with its items, lots and refunds.
    payment: Payment,
    /// Who sold.
    seller: Option<Seller>,
    /// Taxes by rate, of items that name one.
    taxes: Vec<TaxLine>,
    /// What was captured, by account.
    paid_from: Vec<PaidFrom>,
}

/// Ask for the receipt of a payment.
#[utoipa::path(
    get,
    path = "/v1/receipts/{payment_id}",
    tag = "payments",
    operation_id = "getReceipt",
    security(("terminal_token" = []), ("terminal_signature" = []), ("member_session" = [], "member_signature" = [])),
    params(("payment_id" = String, Path, description = "The id of the payment")),
    responses(
        (status = 200, description = "The receipt", body = Receipt),
        (status = 404, description = "No such payment", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    State(web): State<Web>,
    AsCaller(caller): AsCaller,
    Path(payment_id): Path<String>,
) -> Result<Json<Receipt>, Problem> {
    let course = payments::find(&web, &caller, &payment_id).await?;
    let seller = match course.record.shop {
        Some(shop) => web.app.whereabouts(shop).await?,
        None => None,
    };
    let records = std::iter::once(&course.record).chain(&course.followers);
    let moves = records.filter_map(|record| record.done().map(|done| (record, done))).flat_map(|(record, done)| {
        let at_once = record.id == course.record.id;
        done.moves.iter().filter(move |it| it.step == Step::Capture || (at_once && it.step == Step::Out))
    });
    let mut paid: BTreeMap<LotAccount, i64> = BTreeMap::new();
    for it in moves.filter(|it| it.payment.is_none_or(|payment| payment == course.record.id)) {
        let sum = paid.entry(it.part.account).or_default();
        *sum = sum.saturating_add(it.part.amount.get());
    }
    Ok(Json(Receipt {
        payment: Payment::of(&course, matches!(caller, Caller::Terminal(_))),
        seller: seller.map(|found| Seller {
            shop_id: found.shop.id.to_string(),
            shop_name: found.shop.name,
            merchant_name: found.merchant.name,
            invoice_number: found.merchant.invoice_number,
        }),
        taxes: taxes(&Note::of(&course.record)),
        paid_from: paid.into_iter().map(|(account, amount)| PaidFrom { account: account.text(), amount }).collect(),
    }))
}

fn taxes(note: &Note) -> Vec<TaxLine> {
    let mut sums: BTreeMap<i64, i64> = BTreeMap::new();
    for item in &note.items {
        if let Some(rate) = item.tax_rate {
            let sum = sums.entry(rate).or_default();
            *sum = sum.saturating_add(item.unit_price.saturating_mul(item.quantity));
        }
    }
    let tax = |rate: i64, amount: i64| {
        let product = i128::from(amount).saturating_mul(i128::from(rate));
        let tax = product.checked_div(i128::from(rate).saturating_add(100)).unwrap_or(0);
        i64::try_from(tax).unwrap_or(i64::MAX)
    };
    sums.into_iter().map(|(rate, amount)| TaxLine { rate, amount, tax: tax(rate, amount) }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transaction::Item;

    #[test]
    fn tax_is_rounded_down_once_a_rate() {
        let item = |unit_price, quantity, tax_rate| Item {
            jan_code: None,
            name: "x".to_owned(),
            unit_price,
            quantity,
            tax_rate: Some(tax_rate),
        };
        // 10 %: 99 * 3 = 297, tax 27 (each rounded alone would be 9 * 3 = 27); 8 %: 108 + 53 = 161, tax 11, not 8 + 3.
        let note =
            Note { items: vec![item(99, 3, 10), item(108, 1, 8), item(53, 1, 8), item(50, 1, 0)], ..Note::default() };
        let line = |rate, amount, tax| TaxLine { rate, amount, tax };
        assert_eq!(taxes(&note), [line(0, 50, 0), line(8, 161, 11), line(10, 297, 27)]);
    }
}
