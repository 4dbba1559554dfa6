//! Adding partners: programs of a merchant, or of the issuer, that read events.

use secrecy::SecretString;
use warifu_core::id::{MerchantId, PartnerId};
use warifu_store::Partner;

use crate::fault::Fault;
use crate::merchant::check_name;
use crate::open::App;
use crate::random;

/// A partner that was just added, with its bearer token, which is shown this once.
#[derive(Debug)]
pub struct NewPartner {
    /// The partner.
    pub partner: Partner,
    /// Its bearer token.
    pub token: SecretString,
}

impl App {
    /// Adds a partner of a merchant, who sees what happens at its shops; without one, of the issuer, who sees everything.
    ///
    /// # Errors
    /// [`Fault::NotFound`] if the merchant is not there, [`Fault::Invalid`] for an empty or overlong name.
    pub async fn add_partner(&self, merchant: Option<MerchantId>, name: &str) -> Result<NewPartner, Fault> {
        let now = self.clock.now();
        let (token, token_mac) = self.keys.new_token("wfp_")?;
        let id = PartnerId::generate(now, random::bytes()?);
        let partner = Partner { id, merchant, name: check_name(name)?, token_mac, created_at: now };
        let kept = partner.clone();
        let is_known = self
            .database
            .write(move |transaction| {
                Box::pin(async move {
                    if let Some(merchant) = kept.merchant
                        && transaction.find_merchant(merchant).await?.is_none()
                    {
                        return Ok(false);
                    }
                    transaction.create_partner(&kept).await.map(|()| true)
                })
            })
            .await?;
        if is_known { Ok(NewPartner { partner, token }) } else { Err(Fault::NotFound("merchant with this id")) }
    }
}
