//! What the issuer does from the command line: wallets, freezes, the policy.

use jiff::Timestamp;
use jiff::civil::Date;
use serde_json::{Value, json};
use warifu_app::{App, CorrectionRequest, Receipt};
use warifu_core::correction::Direction;
use warifu_core::id::WalletId;
use warifu_core::limit::Policy;
use warifu_core::lot::{LotAccount, Part};
use warifu_core::money::Amount;
use warifu_core::request::RequestId;
use warifu_core::time::Time;
use warifu_core::wallet::WalletState;

use crate::Failure;
use crate::add::print;
use crate::cli::{GiveOptions, PolicyCommand, WalletCommand};
use crate::config::Config;
use crate::serve::open;

pub(crate) async fn wallet(config: &Config, command: WalletCommand, as_json: bool) -> Result<(), Failure> {
    let app = open(config).await?;
    let told = wallet_command(&app, config, command).await;
    app.drain().await;
    print(&told?, as_json);
    Ok(())
}

async fn wallet_command(app: &App, config: &Config, command: WalletCommand) -> Result<Value, Failure> {
    match command {
        WalletCommand::Show { wallet } => show(app, parse(&wallet)?).await,
        WalletCommand::Grant { give, until } => {
            let expires_at = until.map(|until| end_of_day(config, &until)).transpose()?;
            let (id, amount, request_id) = given(&give)?;
            told(&app.grant_bonus(request_id, id, amount, expires_at, &give.reason).await?)
        }
        WalletCommand::Compensate { give } => {
            let (id, amount, request_id) = given(&give)?;
            told(&app.compensate_wallet(request_id, id, amount, &give.reason).await?)
        }
        WalletCommand::Correct { give, account, take } => {
            let (wallet, amount, request_id) = given(&give)?;
            let account = LotAccount::parse(&account).ok_or("--account is paid, bonus or points")?;
            let direction = if take { Direction::Take } else { Direction::Add };
            let request =
                CorrectionRequest { request_id, wallet, account, direction, amount, reason: give.reason.clone() };
            told(&app.correct_wallet(request).await?)
        }
        WalletCommand::State { wallet, state } => {
            let id = parse(&wallet)?;
            let state = WalletState::parse(&state).ok_or("the state is active, frozen, closing or closed")?;
            app.set_wallet_state(id, state).await?;
            Ok(json!({ "wallet_id": id.to_string(), "state": state.text() }))
        }
    }
}

fn parse(wallet: &str) -> Result<WalletId, Failure> {
    wallet.parse().map_err(|error| format!("--wallet: {error}").into())
}

fn given(give: &GiveOptions) -> Result<(WalletId, Amount, RequestId), Failure> {
    let amount = Amount::new(give.amount).filter(|amount| !amount.is_zero());
    let amount = amount.ok_or("--amount is 1 or more")?;
    let request_id = match &give.request_id {
        Some(request_id) => request_id.clone(),
        None => format!("cli-{}", warifu_app::new_trace_id()),
    };
    Ok((parse(&give.wallet)?, amount, request_id.parse().map_err(|error| format!("--request-id: {error}"))?))
}

/// The first moment after a date in the time zone of the books.
fn end_of_day(config: &Config, date: &str) -> Result<Time, Failure> {
    let date: Date = date.parse().map_err(|error| format!("--until is a date such as 2026-12-31: {error}"))?;
    let end = date.tomorrow()?.to_zoned(config.business_zone.clone())?.timestamp();
    if end <= Timestamp::now() {
        return Err("--until is a day that is not over".into());
    }
    Time::from_unix_micros(end.as_microsecond()).ok_or_else(|| "--until is out of range".into())
}

fn told(receipt: &Receipt) -> Result<Value, Failure> {
    let record = &receipt.record;
    match receipt.refusal() {
        Some(refusal) => Err(format!("{}: {}", refusal.word(), refusal.english()).into()),
        None => Ok(json!({
            "transaction_id": record.id.to_string(),
            "kind": record.kind.text(),
            "amount": record.amount.get(),
            "request_id": record.key.request_id.to_string(),
            "replayed": receipt.replayed,
        })),
    }
}

async fn show(app: &App, id: WalletId) -> Result<Value, Failure> {
    let wallet = app.find_wallet(id).await?;
    let posted = |account| wallet.posted(account).get();
    let part = |part: &Part| {
        json!({
            "lot": part.lot,
            "account": part.account.text(),
            "amount": part.amount.get(),
            "expires_at": part.expires_at.map(|time| time.to_string()),
        })
    };
    let holds: Vec<_> = wallet
        .holds
        .iter()
        .map(|hold| {
            json!({
                "payment": hold.payment.to_string(),
                "expires_at": hold.expires_at.to_string(),
                "parts": hold.parts.iter().map(part).collect::<Vec<_>>(),
            })
        })
        .collect();
    Ok(json!({
        "wallet_id": id.to_string(),
        "member_id": wallet.member.to_string(),
        "state": wallet.state.text(),
        "paid": posted(LotAccount::Paid),
        "bonus": posted(LotAccount::Bonus),
        "points": posted(LotAccount::Points),
        "version": wallet.version,
        "lots": wallet.lots.iter().map(part).collect::<Vec<_>>(),
        "holds": holds,
    }))
}

pub(crate) async fn policy(config: &Config, command: PolicyCommand, as_json: bool) -> Result<(), Failure> {
    let app = open(config).await?;
    let policy = match command {
        PolicyCommand::Show => app.policy().await,
        PolicyCommand::Set { entries } => {
            let changes = entries.iter().map(|entry| read_entry(entry)).collect::<Result<Vec<_>, _>>()?;
            app.set_policy(changes).await
        }
    };
    app.drain().await;
    let policy = policy?;
    let entries = policy.entries().into_iter().map(|(name, value)| (name.to_owned(), written(value)));
    let object: serde_json::Map<String, Value> =
        std::iter::once(("policy".to_owned(), json!(policy.number))).chain(entries).collect();
    print(&Value::Object(object), as_json);
    Ok(())
}

fn written(value: Option<i64>) -> Value {
    value.map_or_else(|| json!("off"), |value| json!(value))
}

/// Reads `name=number` or `name=off`, and tells the nearest name for one that there is not.
fn read_entry(entry: &str) -> Result<(String, Option<i64>), Failure> {
    let (name, value) = entry.split_once('=').ok_or_else(|| format!("`{entry}` is not `name=number` or `name=off`"))?;
    if !Policy::NAMES.contains(&name) {
        let nearest = Policy::NAMES.iter().min_by_key(|known| strsim::damerau_levenshtein(known, name));
        return Err(format!("unknown entry `{name}`; did you mean `{}`?", nearest.copied().unwrap_or_default()).into());
    }
    let value = match value {
        "off" => None,
        number => {
            Some(number.replace('_', "").parse().map_err(|_| format!("{name}: `{number}` is no number, nor off"))?)
        }
    };
    Ok((name.to_owned(), value))
}
