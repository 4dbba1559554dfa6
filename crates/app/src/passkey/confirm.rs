//! Confirming one thing by a passkey: a ceremony that is good for it and for nothing else.

use uuid::Uuid;
use warifu_core::id::{CeremonyId, MemberId};
use webauthn_rs::prelude::{Passkey, PasskeyAuthentication, PublicKeyCredential, RequestChallengeResponse};

use super::{Begun, State, refused, unknown_ceremony, unknown_passkey, write_passkey};
use crate::fault::Fault;
use crate::open::App;

impl App {
    /// Begins to ask a member to confirm what has the id `subject`.
    pub(crate) async fn begin_confirming(
        &self,
        member: MemberId,
        subject: [u8; 16],
    ) -> Result<Begun<RequestChallengeResponse>, Fault> {
        let passkeys = self.passkeys(member).await?;
        let passkeys: Vec<Passkey> =
            passkeys.iter().map(|known| read_passkey(&known.passkey)).collect::<Result<_, _>>()?;
        if passkeys.is_empty() {
            return Err(Fault::Passkey("There is no passkey to confirm with. Add one first."));
        }
        let begun = self.relying_party.webauthn.start_passkey_authentication(&passkeys);
        let (options, state) = begun.map_err(|error| refused(&error))?;
        let state =
            Confirmation { member: Uuid::from_bytes(member.bytes()), subject: Uuid::from_bytes(subject), state };
        self.keep(State::Confirm(Box::new(state)), options).await
    }

    /// Believes the confirmation that a member comes back with, if it is of `subject`.
    pub(crate) async fn finish_confirming(
        &self,
        member: MemberId,
        subject: [u8; 16],
        ceremony: CeremonyId,
        response: &PublicKeyCredential,
    ) -> Result<(), Fault> {
        let State::Confirm(begun) = self.take(ceremony).await? else { return Err(unknown_ceremony()) };
        let is_same = begun.member.into_bytes() == member.bytes() && begun.subject.into_bytes() == subject;
        if !is_same {
            return Err(unknown_ceremony());
        }
        let result = self.relying_party.webauthn.finish_passkey_authentication(response, &begun.state);
        let result = result.map_err(|error| refused(&error))?;
        if !result.user_verified() {
            return Err(Fault::Passkey("The device did not check that it is you."));
        }
        let id = result.cred_id().to_vec();
        let found =
            self.database.read(move |transaction| Box::pin(async move { transaction.find_credential(&id).await }));
        // It may have been removed since.
        let found = found.await?.filter(|credential| credential.member == member).ok_or_else(unknown_passkey)?;
        let mut passkey = read_passkey(&found.passkey)?;
        passkey.update_credential(&result);
        let (text, now) = (write_passkey(&passkey)?, self.clock.now());
        let saved = self
            .database
            .write(move |transaction| Box::pin(async move { transaction.save_credential(&found, &text, now).await }));
        if saved.await? { Ok(()) } else { Err(unknown_passkey()) }
    }
}

/// What is kept of a confirmation that was begun.
#[derive(serde::Serialize, serde::Deserialize)]
pub(super) struct Confirmation {
    member: Uuid,
    subject: Uuid,
    state: PasskeyAuthentication,
}

fn read_passkey(text: &str) -> Result<Passkey, Fault> {
    serde_json::from_str(text)
        .map_err(|_| warifu_store::StoreError::Corrupt { statement: "FIND_CREDENTIAL", column: 3 }.into())
}
