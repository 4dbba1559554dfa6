//! Adding merchants, shops, terminals, members and partners from the command line.

use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use warifu_core::mpm::JpqrNumberError;
use warifu_core::place::{Book, Channel};

use crate::Failure;
use crate::cli::{MemberCommand, MerchantCommand, PartnerCommand, ShopCommand, TerminalCommand};
use crate::config::Config;
use crate::serve::open;

pub(crate) async fn merchant(config: &Config, command: MerchantCommand, as_json: bool) -> Result<(), Failure> {
    let MerchantCommand::Add { name, invoice_number } = command;
    let app = open(config).await?;
    let merchant = app.add_merchant(&name).await?;
    if let Some(number) = &invoice_number {
        app.set_invoice_number(merchant.id, number).await?;
    }
    app.drain().await;
    print(&json!({ "merchant_id": merchant.id.to_string(), "name": merchant.name }), as_json);
    Ok(())
}

pub(crate) async fn shop(config: &Config, command: ShopCommand, as_json: bool) -> Result<(), Failure> {
    let parse = |shop: &str| shop.parse().map_err(|error| format!("--shop: {error}"));
    let app = open(config).await?;
    let line = match command {
        ShopCommand::Add { merchant, name } => {
            let merchant = merchant.parse().map_err(|error| format!("--merchant: {error}"))?;
            let shop = app.add_shop(merchant, &name).await?;
            json!({ "shop_id": shop.id.to_string(), "merchant_id": shop.merchant.to_string(), "name": shop.name })
        }
        ShopCommand::Set { shop, yen_per_point, closing_minutes } => {
            app.set_shop(parse(&shop)?, yen_per_point, closing_minutes).await?;
            json!({ "shop_id": shop, "yen_per_point": yen_per_point, "closing_minutes": closing_minutes })
        }
        ShopCommand::Freeze { shop } => {
            app.freeze_shop(parse(&shop)?, true).await?;
            json!({ "shop_id": shop, "state": "frozen" })
        }
        ShopCommand::Unfreeze { shop } => {
            app.freeze_shop(parse(&shop)?, false).await?;
            json!({ "shop_id": shop, "state": "active" })
        }
    };
    app.drain().await;
    print(&line, as_json);
    Ok(())
}

pub(crate) async fn terminal(config: &Config, command: TerminalCommand, as_json: bool) -> Result<(), Failure> {
    let parse = |terminal: &str| terminal.parse().map_err(|error| format!("--terminal: {error}"));
    let app = open(config).await?;
    let line = match command {
        TerminalCommand::Add { shop, name, channel, sandbox } => {
            let shop = shop.parse().map_err(|error| format!("--shop: {error}"))?;
            let channel = Channel::parse(&channel).ok_or("--channel is till or atm")?;
            let book = if sandbox { Book::Sandbox } else { Book::Real };
            let added = app.add_terminal(shop, &name, channel, book).await?;
            json!({
                "terminal_id": added.terminal.id.to_string(),
                "shop_id": added.terminal.shop.to_string(),
                "name": added.terminal.name,
                "token": added.token.expose_secret(),
                "signing_secret": added.signing_secret.expose_secret(),
            })
        }
        TerminalCommand::Link { terminal } => {
            let made = app.make_terminal_link(parse(&terminal)?).await?;
            json!({ "terminal_id": terminal, "link": made.link.expose_secret(), "expires_at": made.expires_at.to_string() })
        }
        TerminalCommand::Revoke { terminal } => {
            app.revoke_terminal(parse(&terminal)?).await?;
            json!({ "terminal_id": terminal, "state": "revoked" })
        }
        TerminalCommand::Jpqr { terminal, number, postal_code } => {
            let number = number.as_deref().map(str::parse).transpose();
            let number = number.map_err(|error: JpqrNumberError| format!("--number: {error}"))?;
            app.set_jpqr(parse(&terminal)?, number.clone().zip(postal_code.clone())).await?;
            json!({ "terminal_id": terminal, "jpqr": number.map(|it| it.to_string()), "postal_code": postal_code })
        }
        TerminalCommand::Freeze { terminal } => {
            app.freeze_terminal(parse(&terminal)?, true).await?;
            json!({ "terminal_id": terminal, "state": "frozen" })
        }
        TerminalCommand::Unfreeze { terminal } => {
            app.freeze_terminal(parse(&terminal)?, false).await?;
            json!({ "terminal_id": terminal, "state": "active" })
        }
    };
    app.drain().await;
    print(&line, as_json);
    Ok(())
}

pub(crate) async fn member(config: &Config, command: MemberCommand, as_json: bool) -> Result<(), Failure> {
    let MemberCommand::Add = command;
    let app = open(config).await?;
    let added = app.add_member().await?;
    app.drain().await;
    let line = json!({
        "member_id": added.id.to_string(),
        "wallet_id": added.wallet.to_string(),
        "phone": added.handset.text().expose_secret(),
    });
    print(&line, as_json);
    Ok(())
}

pub(crate) async fn partner(config: &Config, command: PartnerCommand, as_json: bool) -> Result<(), Failure> {
    let PartnerCommand::Add { name, merchant } = command;
    let merchant = merchant.map(|id| id.parse()).transpose().map_err(|error| format!("--merchant: {error}"))?;
    let app = open(config).await?;
    let added = app.add_partner(merchant, &name).await?;
    app.drain().await;
    let line = json!({
        "partner_id": added.partner.id.to_string(),
        "merchant_id": added.partner.merchant.map(|merchant| merchant.to_string()),
        "name": added.partner.name,
        "token": added.token.expose_secret(),
    });
    print(&line, as_json);
    Ok(())
}

/// Prints an object: as JSON on one line, or a line a field.
#[allow(clippy::print_stdout, reason = "this is what the commands are for")]
pub(crate) fn print(object: &Value, as_json: bool) {
    if as_json {
        println!("{object}");
        return;
    }
    for (name, value) in object.as_object().into_iter().flatten() {
        match value {
            Value::Null => println!("{name:<15} -"),
            Value::String(text) => println!("{name:<15} {text}"),
            Value::Array(lines) => lines.iter().for_each(|line| println!("{name:<15} {line}")),
            other => println!("{name:<15} {other}"),
        }
    }
    let secret = ["token", "phone", "link"].into_iter().find(|name| object.get(name).is_some());
    if let Some(secret) = secret {
        println!("\nThe {secret} is shown this once. Keep it where only its owner can read it.");
    }
}
