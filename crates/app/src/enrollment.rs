//! Terminals that are pages: a link makes a browser the terminal, once. From then on the browser signs what it asks for with a
//! key that cannot leave it, see `signature`.

use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use warifu_core::id::TerminalId;
use warifu_core::mpm::{JpqrNumber, ShopCode};
use warifu_core::place::{Book, Channel};
use warifu_core::time::{BusinessDate, Time};
use warifu_store::{Merchant, Shop, StoreError, Terminal, Transaction};

use crate::device::NewDevice;
use crate::fault::Fault;
use crate::open::App;
use crate::random;

/// How long a link is good.
pub const LINK_LIFE: Duration = Duration::from_secs(86_400);

/// A link that makes a browser a terminal, once.
#[derive(Debug)]
pub struct TerminalLink {
    /// To be opened in the browser.
    pub link: SecretString,
    /// The first moment at which it is no longer good.
    pub expires_at: Time,
}

/// A terminal and where it stands.
#[derive(Clone, Debug)]
pub struct Station {
    /// The terminal.
    pub terminal: Terminal,
    /// Its shop.
    pub shop: Shop,
    /// Whose shop it is.
    pub merchant: Merchant,
    /// The terminal for practising with it.
    pub practice: Option<TerminalId>,
    /// The day that it is in the shop.
    pub business_date: BusinessDate,
}

impl App {
    /// Makes a link by which a browser becomes this terminal, within a day. Earlier links of it are of no use any more; a browser
    /// that is it already stays it until the link is used. A terminal that works with money gets one for practising.
    ///
    /// # Errors
    /// [`Fault::NotFound`] if there is no such terminal, or it was revoked.
    pub async fn make_terminal_link(&self, id: TerminalId) -> Result<TerminalLink, Fault> {
        let now = self.clock.now();
        let (token, mac) = self.keys.new_token("wfe_")?;
        let (_, practice_mac) = self.keys.new_token("wft_")?;
        let practice_id = TerminalId::generate(now, random::bytes()?);
        let (key_id, expires_at) = (i64::from(self.keys.newest()), now.saturating_add(LINK_LIFE));
        let made = self.database.write(move |transaction| {
            Box::pin(async move {
                let found = transaction.find_terminal(id).await?;
                // The one for practising is reached through the other.
                let is_open = |it: &Terminal| it.revoked_at.is_none() && it.practice_of.is_none();
                let Some(terminal) = found.filter(is_open) else { return Ok(None) };
                if terminal.book == Book::Real && transaction.find_practice_of(id).await?.is_none() {
                    let practice = Terminal {
                        id: practice_id,
                        book: Book::Sandbox,
                        token_mac: practice_mac,
                        signing_key_id: key_id,
                        created_at: now,
                        practice_of: Some(id),
                        ..terminal.clone()
                    };
                    transaction.create_terminal(&practice).await?;
                    if let Some(key) = terminal.public_key {
                        transaction.save_terminal_key(id, key).await?;
                    }
                }
                transaction.create_enrollment(mac, id, expires_at).await?;
                Ok(Some(terminal))
            })
        });
        let terminal = made.await?.ok_or(Fault::NotFound("terminal with this id that is in use"))?;
        let page = match (terminal.book, terminal.channel) {
            (Book::Sandbox, _) => "sandbox",
            (Book::Real, Channel::Till) => "till",
            (Book::Real, Channel::Atm) => "atm",
        };
        // Behind the #, so that it is in no log of a server.
        let link = format!("{}/{page}#{}", self.origin(), token.expose_secret());
        Ok(TerminalLink { link: link.into(), expires_at })
    }

    /// Makes the browser that has this key the terminal that a link was made for. No other browser is it any more. The same browser
    /// may ask again, whose reply was lost.
    ///
    /// # Errors
    /// [`Fault::Link`] if the link is none, was used, or is too old.
    pub async fn enroll(&self, token: &str, device: NewDevice) -> Result<Station, Fault> {
        let macs = self.keys.token_macs(token);
        let now = self.clock.now();
        let key = device.public_key;
        let taken = self.database.write(move |transaction| {
            Box::pin(async move {
                for mac in macs {
                    let Some((id, expires_at)) = transaction.take_enrollment(mac, key).await? else { continue };
                    let is_good = now < expires_at && transaction.save_terminal_key(id, key).await?;
                    return Ok(is_good.then_some(id));
                }
                Ok(None)
            })
        });
        let id = taken.await?.ok_or(Fault::Link)?;
        tracing::info!(terminal = %id, browser = device.name, "a browser became a terminal");
        self.station(id).await
    }

    /// Where a terminal stands.
    ///
    /// # Errors
    /// [`Fault::NotFound`] if there is no such terminal.
    pub async fn station(&self, id: TerminalId) -> Result<Station, Fault> {
        let (now, zone) = (self.clock.now(), self.zone.clone());
        let found = self.database.read(move |transaction| {
            Box::pin(async move {
                let Some((terminal, shop, merchant)) = place_of(transaction, id).await? else { return Ok(None) };
                let practice = transaction.find_practice_of(id).await?.map(|practice| practice.id);
                let closing = u64::try_from(shop.closing_minutes).unwrap_or(0).saturating_mul(60);
                let business_date = now.saturating_sub(Duration::from_secs(closing)).date_in(&zone);
                Ok(Some(Station { terminal, shop, merchant, practice, business_date }))
            })
        });
        found.await?.ok_or(Fault::NotFound("terminal"))
    }

    /// Ends a terminal for good, and the one for practising with it: nothing is taken from it any more, and nobody is believed to
    /// be it. Its history stays.
    ///
    /// # Errors
    /// [`Fault::NotFound`] if there is none, or it was revoked before.
    pub async fn revoke_terminal(&self, id: TerminalId) -> Result<(), Fault> {
        let now = self.clock.now();
        let revoked =
            self.database.write(move |transaction| Box::pin(async move { transaction.revoke_terminal(id, now).await }));
        if !revoked.await? {
            return Err(Fault::NotFound("terminal with this id that is in use"));
        }
        self.cache.clear();
        tracing::warn!(terminal = %id, "a terminal was revoked");
        Ok(())
    }

    /// Gives the place of a terminal the numbers that JPQR knows it by, and its postal code, or takes them away.
    ///
    /// # Errors
    /// [`Fault::NotFound`] if there is no such terminal, [`Fault::Invalid`] if another place has these numbers or no code can be
    /// drawn with them.
    pub async fn set_jpqr(&self, id: TerminalId, jpqr: Option<(JpqrNumber, String)>) -> Result<(), Fault> {
        if let Some((number, postal_code)) = &jpqr {
            let mut code = ShopCode::new(self.issuer_prefix.clone(), id, "");
            (code.jpqr, code.postal_code) = (Some(number.clone()), Some(postal_code.clone()));
            code.encode().map_err(|error| Fault::Invalid(error.to_string()))?;
        }
        let saved = self.database.write(move |transaction| {
            Box::pin(async move {
                let jpqr = jpqr.map(|(number, postal_code)| (number.to_string(), postal_code));
                transaction.save_terminal_jpqr(id, jpqr.as_ref().map(|(one, two)| (one.as_str(), two.as_str()))).await
            })
        });
        match saved.await {
            Ok(true) => Ok(()),
            Ok(false) => Err(Fault::NotFound("terminal with this id that is in use")),
            Err(StoreError::Constraint(_)) => Err(Fault::Invalid("another terminal has these JPQR numbers".to_owned())),
            Err(error) => Err(error.into()),
        }
    }
}

/// A terminal, its shop and whose shop it is.
pub(crate) async fn place_of(
    transaction: &mut Transaction,
    id: TerminalId,
) -> Result<Option<(Terminal, Shop, Merchant)>, StoreError> {
    let Some(terminal) = transaction.find_terminal(id).await? else { return Ok(None) };
    let Some(shop) = transaction.find_shop(terminal.shop).await? else { return Ok(None) };
    let merchant = transaction.find_merchant(shop.merchant).await?;
    Ok(merchant.map(|merchant| (terminal, shop, merchant)))
}
