//! Adding terminals, and the two secrets a terminal is given: a bearer token and a signing secret.

use secrecy::SecretString;
use warifu_core::id::{ShopId, TerminalId};
use warifu_core::place::{Book, Channel};
use warifu_store::Terminal;

use crate::fault::Fault;
use crate::merchant::check_name;
use crate::open::App;
use crate::random;

/// A terminal that was just added, with its secrets, which are shown this once.
#[derive(Debug)]
pub struct NewTerminal {
    /// The terminal.
    pub terminal: Terminal,
    /// Its bearer token.
    pub token: SecretString,
    /// The secret by which it may sign instead.
    pub signing_secret: SecretString,
}

impl App {
    /// Adds a terminal to a shop.
    ///
    /// # Errors
    /// [`Fault::NotFound`] if the shop is not there, [`Fault::Invalid`] for an empty or overlong name.
    pub async fn add_terminal(
        &self,
        shop: ShopId,
        name: &str,
        channel: Channel,
        book: Book,
    ) -> Result<NewTerminal, Fault> {
        let now = self.clock.now();
        let id = TerminalId::generate(now, random::bytes()?);
        let (token, token_mac) = self.keys.new_token("wft_")?;
        let key_id = self.keys.newest();
        let signing_secret = self.keys.signing_secret(key_id, id).ok_or(Fault::NotFound("key to sign with"))?;
        let terminal = Terminal {
            id,
            shop,
            name: check_name(name)?,
            channel,
            book,
            is_frozen: false,
            token_mac,
            signing_key_id: i64::from(key_id),
            created_at: now,
            public_key: None,
            practice_of: None,
            revoked_at: None,
            jpqr: None,
        };
        let kept = terminal.clone();
        let is_known = self
            .database
            .write(move |transaction| {
                Box::pin(async move {
                    if transaction.find_shop(kept.shop).await?.is_none() {
                        return Ok(false);
                    }
                    transaction.create_terminal(&kept).await.map(|()| true)
                })
            })
            .await?;
        if !is_known {
            return Err(Fault::NotFound("shop with this id"));
        }
        Ok(NewTerminal { terminal, token, signing_secret: signing_secret.to_string().into() })
    }
}
