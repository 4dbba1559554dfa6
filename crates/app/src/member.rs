//! Members: signing up with a passkey, and being added from the command line, where the device is a file.

use warifu_core::id::{DeviceId, MemberId, SessionId, WalletId};
use warifu_core::place::Book;
use warifu_core::time::Time;
use warifu_store::{Credential, StoreError, Transaction};

use crate::device::{DeviceKey, Handset, NewDevice};
use crate::fault::Fault;
use crate::open::App;
use crate::random;
use crate::session::{NewSession, Phone, SESSION_IDLE, SESSION_LIFE, begin};

/// A member who was just added from the command line, with what a phone would hold, which is shown this once.
#[derive(Debug)]
pub struct NewMember {
    /// The member.
    pub id: MemberId,
    /// The member's wallet, empty.
    pub wallet: WalletId,
    /// The member on that device.
    pub phone: Phone,
    /// What it asks by over HTTP.
    pub handset: Handset,
}

impl App {
    /// Adds a member with an empty wallet and no passkey, who pays from a device whose key is made here.
    ///
    /// # Errors
    /// What the store said.
    pub async fn add_member(&self) -> Result<NewMember, Fault> {
        let id = MemberId::generate(self.clock.now(), random::bytes()?);
        let key = DeviceKey::generate()?;
        let device = NewDevice { public_key: key.public_key(), name: "command line".to_owned() };
        let (session, phone, wallet) = self.create_member(id, device, None).await?;
        Ok(NewMember { id, wallet, phone, handset: Handset { token: session.token, key } })
    }

    /// Keeps a new member with an empty wallet, which pays from `device`.
    pub(crate) async fn create_member(
        &self,
        member: MemberId,
        device: NewDevice,
        credential: Option<Credential>,
    ) -> Result<(NewSession, Phone, WalletId), Fault> {
        let now = self.clock.now();
        let wallet = WalletId::generate(now, random::bytes()?);
        // A program at a command line is no phone that somebody loses: its session ends when it is ended.
        let limits = match credential {
            Some(_) => (Some(now.saturating_add(SESSION_IDLE)), now.saturating_add(SESSION_LIFE)),
            None => (None, Time::MAX),
        };
        let (token, mac) = self.keys.new_token("wfm_")?;
        let ids = (DeviceId::generate(now, random::bytes()?), SessionId::generate(now, random::bytes()?));
        self.database
            .write(move |transaction| {
                Box::pin(async move {
                    transaction.create_member(member, wallet, Book::Real, now).await?;
                    if let Some(credential) = &credential {
                        transaction.create_credential(credential).await?;
                    }
                    begin(transaction, member, device, ids, mac, limits, now).await?;
                    bind(transaction, member, ids.0, now).await
                })
            })
            .await?;
        let phone = Phone { member, session: ids.1, device: ids.0, signed_in_at: now };
        Ok((NewSession { member, token }, phone, wallet))
    }
}

/// Lets a new wallet pay from its member's first device.
async fn bind(transaction: &mut Transaction, member: MemberId, device: DeviceId, at: Time) -> Result<(), StoreError> {
    let payer = transaction.find_payer(member).await?;
    let payer = payer.ok_or_else(|| StoreError::Failed("a new member without a wallet".to_owned()))?;
    transaction.admit_device(&payer, device, at, None).await
}
