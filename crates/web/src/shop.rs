//! `/v1/shop/...`: what was done in a terminal's shop on a day, and what it comes to.

use std::collections::BTreeMap;

use axum::Json;
use axum::extract::State;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use warifu_app::{Recorded, ShopSum};
use warifu_core::id::{PaymentId, TerminalId, TopUpId};
use warifu_core::ledger::Kind;
use warifu_core::time::{BusinessDate, Time};

use crate::body::{CheckedQuery, page_limit};
use crate::caller::AsTerminal;
use crate::problem::Problem;
use crate::state::Web;
use crate::transaction::{Currency, public_id};

/// Which day, and which page of it.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DayQuery {
    /// The day of the shop, `2026-04-01`; today if absent.
    #[param(format = Date)]
    business_date: Option<String>,
    /// How many lines at most, 1 to 200.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<u16>,
    /// `next_cursor` of the page before; absent for the first.
    cursor: Option<String>,
}

/// Which day.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TotalsQuery {
    /// The day of the shop, `2026-04-01`; today if absent.
    #[param(format = Date)]
    business_date: Option<String>,
}

/// A terminal, as it is called.
#[derive(Debug, Serialize, ToSchema)]
struct TerminalName {
    /// Its id.
    id: String,
    /// Its name.
    name: String,
}

impl TerminalName {
    fn of(id: TerminalId, names: &BTreeMap<TerminalId, String>) -> Self {
        Self { id: id.to_string(), name: names.get(&id).cloned().unwrap_or_default() }
    }
}

/// Something that was done in the shop.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DayLine {
    /// Of the payment, refund or top-up; a `txn_` id for the rest.
    id: String,
    /// `payment`, `authorization`, `capture`, `void`, `cancel`, `refund`, `top_up` or `top_up_cancel`.
    kind: &'static str,
    /// The payment or top-up that it follows.
    follows: Option<String>,
    /// How much was asked for, or undone, in minor units.
    amount: i64,
    /// Of what.
    currency: Currency,
    /// By which terminal.
    terminal: TerminalName,
    /// Its own id for the request.
    request_id: String,
    /// When, RFC 3339, UTC.
    #[schema(format = DateTime)]
    created_at: String,
}

/// A page of a shop's day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Day {
    /// The day.
    #[schema(format = Date)]
    business_date: String,
    /// The lines, newest first.
    items: Vec<DayLine>,
    /// Ask with this for the next page; null at the end.
    next_cursor: Option<String>,
}

/// Ask what was done in the shop on a day.
///
/// Newest first, by all its terminals, in the terminal's book. What did nothing is not listed: refused requests, and cancels of
/// what never came.
#[utoipa::path(
    get, path = "/v1/shop/transactions", tag = "shop", operation_id = "listShopTransactions",
    security(("terminal_token" = []), ("terminal_signature" = [])),
    params(DayQuery),
    responses((status = 200, description = "A page of the day", body = Day))
)]
pub(crate) async fn transactions(
    State(web): State<Web>,
    AsTerminal(terminal): AsTerminal,
    CheckedQuery(query): CheckedQuery<DayQuery>,
) -> Result<Json<Day>, Problem> {
    let limit = page_limit(query.limit)?;
    let (date, before) = (date(query.business_date)?, query.cursor.as_deref().map(read_cursor).transpose()?);
    let page = web.app.shop_day(&terminal, date, before, limit).await?;
    let items = page.items.iter().map(|it| line(it, &page.terminals)).collect();
    Ok(Json(Day { business_date: page.date.to_string(), items, next_cursor: page.next.map(write_cursor) }))
}

fn line(Recorded { record, .. }: &Recorded, names: &BTreeMap<TerminalId, String>) -> DayLine {
    DayLine {
        id: public_id(record),
        kind: record.kind.text(),
        follows: record.parent.map(|parent| match record.kind {
            Kind::TopUpCancel => TopUpId::from(parent).to_string(),
            _ => PaymentId::from(parent).to_string(),
        }),
        amount: record.amount.get(),
        currency: Currency::Jpy,
        terminal: TerminalName::of(record.key.caller.terminal(), names),
        request_id: record.key.request_id.to_string(),
        created_at: record.at.to_string(),
    }
}

/// How often something was done, and what it came to.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
struct Sum {
    /// How often.
    count: i64,
    /// How much, in minor units.
    amount: i64,
}

impl Sum {
    const fn add(&mut self, sum: &ShopSum) {
        self.count = self.count.saturating_add(sum.count);
        // What takes away from what the shop is owed, or from its cash, is told without a sign.
        self.amount = self.amount.saturating_add(sum.amount.saturating_abs());
    }
}

/// What was done on a day.
#[derive(Clone, Copy, Debug, Default, Serialize, ToSchema)]
struct Sums {
    /// What was captured: payments taken at once, and captures.
    sales: Sum,
    /// What was given back of them.
    refunds: Sum,
    /// What was cancelled of them.
    cancels: Sum,
    /// Top-ups by cash.
    top_ups: Sum,
    /// Top-ups that were undone.
    top_up_cancels: Sum,
    /// What the shop is owed for the day: sales less refunds and cancels.
    owed: i64,
    /// The cash that came into the drawer: top-ups less those that were undone. It belongs to the issuer.
    cash: i64,
}

impl Sums {
    const fn add(&mut self, sum: &ShopSum) {
        let is_cash = matches!(sum.kind, Kind::TopUp | Kind::TopUpCancel);
        match sum.kind {
            Kind::Payment | Kind::Capture => self.sales.add(sum),
            Kind::Refund => self.refunds.add(sum),
            Kind::Cancel => self.cancels.add(sum),
            Kind::TopUp => self.top_ups.add(sum),
            Kind::TopUpCancel => self.top_up_cancels.add(sum),
            _ => {}
        }
        let total = if is_cash { &mut self.cash } else { &mut self.owed };
        *total = total.saturating_add(sum.amount);
    }
}

/// What a terminal did on a day.
#[derive(Debug, Serialize, ToSchema)]
struct TerminalSums {
    /// Which.
    terminal: TerminalName,
    /// What.
    #[serde(flatten)]
    sums: Sums,
}

/// What a shop's day comes to.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Totals {
    /// The day.
    #[schema(format = Date)]
    business_date: String,
    /// The time as of which this is told, RFC 3339, UTC.
    #[schema(format = DateTime)]
    as_of: String,
    /// The shop.
    total: Sums,
    /// By terminal.
    terminals: Vec<TerminalSums>,
}

/// Ask what the shop's day comes to, for closing a till.
#[utoipa::path(
    get, path = "/v1/shop/totals", tag = "shop", operation_id = "getShopTotals",
    security(("terminal_token" = []), ("terminal_signature" = [])),
    params(TotalsQuery),
    responses((status = 200, description = "The sums", body = Totals))
)]
pub(crate) async fn totals(
    State(web): State<Web>,
    AsTerminal(terminal): AsTerminal,
    CheckedQuery(query): CheckedQuery<TotalsQuery>,
) -> Result<Json<Totals>, Problem> {
    let day = web.app.shop_totals(&terminal, date(query.business_date)?).await?;
    let mut total = Sums::default();
    let mut by_terminal: BTreeMap<TerminalId, Sums> = BTreeMap::new();
    for sum in &day.sums {
        total.add(sum);
        by_terminal.entry(sum.terminal).or_default().add(sum);
    }
    let terminals = by_terminal
        .into_iter()
        .map(|(id, sums)| TerminalSums { terminal: TerminalName::of(id, &day.terminals), sums })
        .collect();
    Ok(Json(Totals { business_date: day.date.to_string(), as_of: day.at.to_string(), total, terminals }))
}

fn date(text: Option<String>) -> Result<Option<BusinessDate>, Problem> {
    let Some(text) = text else { return Ok(None) };
    let is_formed = text.len() == 10
        && text.bytes().enumerate().all(|(index, byte)| match index {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let number = text.replace('-', "").parse().ok().filter(|_| is_formed);
    let date = number.and_then(BusinessDate::from_number);
    date.map(Some).ok_or_else(|| Problem::invalid("business_date is a day like 2026-04-01."))
}

/// A cursor is opaque to callers: Base64 of the time and the position before which the page begins.
fn write_cursor((at, position): (Time, i64)) -> String {
    URL_SAFE_NO_PAD.encode(format!("{}.{position}", at.unix_micros()))
}

fn read_cursor(cursor: &str) -> Result<(Time, i64), Problem> {
    let read = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let (at, position) = text.split_once('.')?;
        Some((Time::from_unix_micros(at.parse().ok()?)?, position.parse().ok()?))
    };
    let wrong = || Problem::invalid("cursor is not one that a page of this list gave.");
    read().filter(|before| write_cursor(*before) == cursor).ok_or_else(wrong)
}
