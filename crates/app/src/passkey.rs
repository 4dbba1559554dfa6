//! Passkeys (WebAuthn): signing up and in without a name or a password, further passkeys, recovery codes.
//!
//! The state of a ceremony is kept in the store and taken once, whatever comes of it, so a response cannot be used again.

mod confirm;

use std::time::Duration;

use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use url::Url;
use uuid::Uuid;
use warifu_core::id::{CeremonyId, CredentialId, MemberId};
use warifu_core::time::Time;
use warifu_store::Credential;
use webauthn_rs::prelude::{
    CreationChallengeResponse, DiscoverableAuthentication, Passkey, PasskeyRegistration, PublicKeyCredential,
    RegisterPublicKeyCredential, RequestChallengeResponse, WebauthnError,
};
use webauthn_rs::{Webauthn, WebauthnBuilder};
use webauthn_rs_proto::ResidentKeyRequirement;

use crate::device::NewDevice;
use crate::fault::Fault;
use crate::open::{App, OpenError};
use crate::random;
use crate::session::{NewSession, Phone};

/// How long a member may take for a ceremony.
const CEREMONY_LIFE: Duration = Duration::from_secs(300);
/// How many passkeys a member may have.
pub const PASSKEYS_MAX: usize = 20;
/// How many recovery codes are made at once.
pub const RECOVERY_CODES: usize = 10;
/// The letters of recovery codes: no I, L, O, U, which are misread.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// Who this service is to an authenticator: by its name, never by an address.
#[derive(Debug)]
pub(crate) struct RelyingParty {
    origin: Url,
    webauthn: Webauthn,
}

/// Whether members can open the wallet there.
///
/// # Errors
/// [`OpenError::Origin`] says why not.
pub fn check_origin(origin: &str) -> Result<(), OpenError> {
    RelyingParty::new(origin).map(drop)
}

impl RelyingParty {
    /// Where members open the wallet: `https://NAME`, or `http://localhost:PORT` for trials.
    pub(crate) fn new(origin: &str) -> Result<Self, OpenError> {
        let wrong = |reason: &str| OpenError::Origin(origin.to_owned(), reason.to_owned());
        let url = Url::parse(origin).map_err(|_| wrong("it is not a URL"))?;
        let name = url.domain().ok_or_else(|| wrong("passkeys need a name, not an address"))?.to_owned();
        let is_safe = url.scheme() == "https" || (url.scheme() == "http" && name == "localhost");
        if !is_safe {
            return Err(wrong("passkeys need https, or http://localhost for trials"));
        }
        if url.path() != "/" || url.query().is_some() {
            return Err(wrong("it has a path"));
        }
        let builder = WebauthnBuilder::new(&name, &url).map_err(|error| wrong(&error.to_string()))?;
        let webauthn = builder.rp_name("Warifu 割符").timeout(CEREMONY_LIFE).build();
        Ok(Self { webauthn: webauthn.map_err(|error| wrong(&error.to_string()))?, origin: url })
    }

    /// `https://NAME`, without a slash.
    pub(crate) fn origin(&self) -> String {
        self.origin.origin().ascii_serialization()
    }
}

/// A ceremony that was begun, and what the browser is to be given. JSON as WebAuthn defines it.
#[derive(Debug)]
pub struct Begun<T> {
    /// Names the ceremony when the browser comes back.
    pub ceremony: CeremonyId,
    /// The options for the browser.
    pub options: T,
}

/// What is kept of a ceremony.
#[derive(Serialize, Deserialize)]
enum State {
    SignUp(Uuid, PasskeyRegistration),
    SignIn(DiscoverableAuthentication),
    Add(Uuid, PasskeyRegistration),
    Confirm(Box<confirm::Confirmation>),
}

impl App {
    /// Where members open the wallet.
    #[must_use]
    pub fn origin(&self) -> String {
        self.relying_party.origin()
    }

    /// Begins to sign up a new member.
    ///
    /// # Errors
    /// What the store said.
    pub async fn begin_sign_up(&self) -> Result<Begun<CreationChallengeResponse>, Fault> {
        let member = MemberId::generate(self.clock.now(), random::bytes()?);
        let (options, state) = self.begin_registration(member, Vec::new())?;
        self.keep(State::SignUp(Uuid::from_bytes(member.bytes()), state), options).await
    }

    /// Signs up the member who comes back with a new passkey.
    ///
    /// # Errors
    /// [`Fault::Passkey`] says why it is not believed.
    pub async fn finish_sign_up(
        &self,
        ceremony: CeremonyId,
        response: &RegisterPublicKeyCredential,
        device: NewDevice,
    ) -> Result<NewSession, Fault> {
        let State::SignUp(member, state) = self.take(ceremony).await? else { return Err(unknown_ceremony()) };
        let member = MemberId::from_bytes(member.into_bytes());
        let credential = self.registered(member, response, &state, &device.name)?;
        let (session, ..) = self.create_member(member, device, Some(credential)).await.map_err(known_passkey)?;
        Ok(session)
    }

    /// Begins to sign in whoever has a passkey here.
    ///
    /// # Errors
    /// What the store said.
    pub async fn begin_sign_in(&self) -> Result<Begun<RequestChallengeResponse>, Fault> {
        let begun = self.relying_party.webauthn.start_discoverable_authentication();
        let (mut options, state) = begun.map_err(|error| refused(&error))?;
        // Whether it is offered in a form's field or asked for by a button is for the page to say.
        options.mediation = None;
        self.keep(State::SignIn(state), options).await
    }

    /// Signs in the member who comes back with a passkey's proof.
    ///
    /// # Errors
    /// [`Fault::Passkey`] says why it is not believed.
    pub async fn finish_sign_in(
        &self,
        ceremony: CeremonyId,
        response: &PublicKeyCredential,
        device: NewDevice,
    ) -> Result<NewSession, Fault> {
        let State::SignIn(state) = self.take(ceremony).await? else { return Err(unknown_ceremony()) };
        let webauthn = &self.relying_party.webauthn;
        let (member, id) = webauthn.identify_discoverable_authentication(response).map_err(|error| refused(&error))?;
        let (member, id) = (MemberId::from_bytes(member.into_bytes()), id.to_vec());
        let found =
            self.database.read(move |transaction| Box::pin(async move { transaction.find_credential(&id).await }));
        // One answer for a passkey that was removed and for one that never was.
        let found = found.await?.filter(|credential| credential.member == member).ok_or_else(unknown_passkey)?;
        let mut passkey: Passkey = serde_json::from_str(&found.passkey)
            .map_err(|_| warifu_store::StoreError::Corrupt { statement: "FIND_CREDENTIAL", column: 3 })?;
        let result = webauthn
            .finish_discoverable_authentication_v2(response, state, &passkey)
            .inspect_err(|error| {
                if matches!(error, WebauthnError::CredentialPossibleCompromise) {
                    tracing::warn!(%member, credential = %found.id, "a passkey's counter went back: it may have been copied");
                }
            })
            .map_err(|error| refused(&error))?;
        if !result.user_verified() {
            return Err(Fault::Passkey("The device did not check that it is you."));
        }
        passkey.update_credential(&result);
        let (text, now) = (write_passkey(&passkey)?, self.clock.now());
        let saved = self
            .database
            .write(move |transaction| Box::pin(async move { transaction.save_credential(&found, &text, now).await }));
        if !saved.await? {
            return Err(unknown_passkey());
        }
        self.begin_session(member, device).await
    }

    /// Begins to add a passkey to a member who signed in a moment ago.
    ///
    /// # Errors
    /// [`Fault::StepUp`] unless the session is fresh.
    pub async fn begin_adding_passkey(&self, phone: &Phone) -> Result<Begun<CreationChallengeResponse>, Fault> {
        self.check_fresh(phone)?;
        let known = self.passkeys(phone.member).await?;
        if known.len() >= PASSKEYS_MAX {
            return Err(Fault::Invalid(format!("a member has at most {PASSKEYS_MAX} passkeys")));
        }
        let known = known.into_iter().map(|credential| credential.credential_id).collect();
        let (options, state) = self.begin_registration(phone.member, known)?;
        self.keep(State::Add(Uuid::from_bytes(phone.member.bytes()), state), options).await
    }

    /// Adds the passkey that the member comes back with.
    ///
    /// # Errors
    /// [`Fault::Passkey`] says why it is not believed.
    pub async fn finish_adding_passkey(
        &self,
        phone: &Phone,
        ceremony: CeremonyId,
        response: &RegisterPublicKeyCredential,
        name: &str,
    ) -> Result<(), Fault> {
        let State::Add(member, state) = self.take(ceremony).await? else { return Err(unknown_ceremony()) };
        if MemberId::from_bytes(member.into_bytes()) != phone.member {
            return Err(unknown_ceremony());
        }
        let credential = self.registered(phone.member, response, &state, name)?;
        let kept = self
            .database
            .write(move |transaction| Box::pin(async move { transaction.create_credential(&credential).await }));
        kept.await.map_err(|error| known_passkey(error.into()))
    }

    /// The passkeys of a member, the oldest first.
    ///
    /// # Errors
    /// What the store said.
    pub async fn passkeys(&self, member: MemberId) -> Result<Vec<Credential>, Fault> {
        let found =
            self.database.read(move |transaction| Box::pin(async move { transaction.list_credentials(member).await }));
        Ok(found.await?)
    }

    /// Removes a passkey of a member who signed in a moment ago. Nobody signs in with it any more.
    ///
    /// # Errors
    /// [`Fault::StepUp`], [`Fault::NotFound`], or [`Fault::Invalid`] for the last way in.
    pub async fn remove_passkey(&self, phone: &Phone, id: CredentialId) -> Result<(), Fault> {
        self.check_fresh(phone)?;
        let member = phone.member;
        let removed = self.database.write(move |transaction| {
            Box::pin(async move {
                // One at a time, so that two removals do not leave none.
                transaction.lock_payer(member).await?;
                let left = transaction.list_credentials(member).await?.iter().filter(|other| other.id != id).count();
                let codes = transaction.count_recovery_codes(member).await?;
                if left == 0 && codes == 0 {
                    return Ok(None);
                }
                transaction.delete_credential(member, id).await.map(Some)
            })
        });
        match removed.await? {
            None => Err(Fault::Invalid("this is the last way into the wallet: add another passkey first".to_owned())),
            Some(false) => Err(Fault::NotFound("passkey")),
            Some(true) => Ok(()),
        }
    }

    /// Makes recovery codes for a member who signed in a moment ago. Earlier ones are worth nothing then.
    ///
    /// # Errors
    /// [`Fault::StepUp`] unless the session is fresh.
    pub async fn make_recovery_codes(&self, phone: &Phone) -> Result<Vec<SecretString>, Fault> {
        self.check_fresh(phone)?;
        let (member, now) = (phone.member, self.clock.now());
        let (mut codes, mut macs) = (Vec::new(), Vec::new());
        for _ in 0..RECOVERY_CODES {
            let code = recovery_code(random::bytes()?);
            macs.extend(self.keys.recovery_macs(&code).first().copied());
            codes.push(code.into());
        }
        let kept = self.database.write(move |transaction| {
            Box::pin(async move { transaction.replace_recovery_codes(member, &macs, now).await })
        });
        kept.await?;
        Ok(codes)
    }

    /// How many recovery codes a member has left.
    ///
    /// # Errors
    /// What the store said.
    pub async fn recovery_codes_left(&self, member: MemberId) -> Result<i64, Fault> {
        let left = self
            .database
            .read(move |transaction| Box::pin(async move { transaction.count_recovery_codes(member).await }));
        Ok(left.await?)
    }

    /// Signs in whoever has a recovery code, which is used up. The wallet pays from this device once it is moved here.
    ///
    /// # Errors
    /// [`Fault::Passkey`] if it is none.
    pub async fn recover(&self, code: &str, device: NewDevice) -> Result<NewSession, Fault> {
        let macs = self.keys.recovery_macs(&plain(code));
        let taken = self.database.write(move |transaction| {
            Box::pin(async move {
                for mac in macs {
                    if let Some(member) = transaction.take_recovery_code(mac).await? {
                        return Ok(Some(member));
                    }
                }
                Ok(None)
            })
        });
        let member = taken.await?.ok_or(Fault::Passkey("This recovery code is not known, or was used."))?;
        tracing::info!(%member, "a member came back with a recovery code");
        self.begin_session(member, device).await
    }

    fn begin_registration(
        &self,
        member: MemberId,
        known: Vec<Vec<u8>>,
    ) -> Result<(CreationChallengeResponse, PasskeyRegistration), Fault> {
        // Nothing personal: what the authenticator lists it under, to tell two wallets apart.
        let handle = handle(member);
        let begun = self.relying_party.webauthn.start_passkey_registration(
            Uuid::from_bytes(member.bytes()),
            &handle,
            &handle,
            Some(known),
        );
        let (mut options, state) = begun.map_err(|error| refused(&error))?;
        // The library asks for `discouraged`. Without a discoverable key nobody could sign in without a name.
        let wanted = options.public_key.authenticator_selection.get_or_insert_default();
        wanted.resident_key = Some(ResidentKeyRequirement::Required);
        wanted.require_resident_key = true;
        Ok((options, state))
    }

    fn registered(
        &self,
        member: MemberId,
        response: &RegisterPublicKeyCredential,
        state: &PasskeyRegistration,
        name: &str,
    ) -> Result<Credential, Fault> {
        let now = self.clock.now();
        let passkey = self.relying_party.webauthn.finish_passkey_registration(response, state);
        let passkey = passkey.map_err(|error| refused(&error))?;
        Ok(Credential {
            id: CredentialId::generate(now, random::bytes()?),
            member,
            credential_id: passkey.cred_id().to_vec(),
            passkey: write_passkey(&passkey)?,
            name: name.to_owned(),
            created_at: now,
            used_at: now,
        })
    }

    async fn keep<T>(&self, state: State, options: T) -> Result<Begun<T>, Fault> {
        let now = self.clock.now();
        let ceremony = CeremonyId::generate(now, random::bytes()?);
        let text = serde_json::to_string(&state).map_err(|error| Fault::Invalid(error.to_string()))?;
        let expires_at: Time = now.saturating_add(CEREMONY_LIFE);
        let kept = self.database.write(move |transaction| {
            Box::pin(async move { transaction.create_ceremony(ceremony, &text, expires_at).await })
        });
        kept.await?;
        Ok(Begun { ceremony, options })
    }

    async fn take(&self, ceremony: CeremonyId) -> Result<State, Fault> {
        let taken =
            self.database.write(move |transaction| Box::pin(async move { transaction.take_ceremony(ceremony).await }));
        let (text, expires_at) = taken.await?.ok_or_else(unknown_ceremony)?;
        if self.clock.now() >= expires_at {
            return Err(unknown_ceremony());
        }
        serde_json::from_str(&text)
            .map_err(|_| warifu_store::StoreError::Corrupt { statement: "TAKE_CEREMONY", column: 0 }.into())
    }
}

fn write_passkey(passkey: &Passkey) -> Result<String, Fault> {
    serde_json::to_string(passkey).map_err(|error| Fault::Invalid(error.to_string()))
}

/// What the library said goes to the log; whoever asks is told one sentence.
fn refused(error: &WebauthnError) -> Fault {
    tracing::info!(%error, "a passkey was refused");
    Fault::Passkey("The passkey's answer does not fit this request.")
}

const fn unknown_ceremony() -> Fault {
    Fault::Passkey("This was begun too long ago, or answered already. Begin again.")
}

const fn unknown_passkey() -> Fault {
    Fault::Passkey("This passkey is not known here, or was removed.")
}

fn known_passkey(fault: Fault) -> Fault {
    match fault {
        Fault::Store(warifu_store::StoreError::Constraint(_)) => Fault::Passkey("This passkey is known already."),
        other => other,
    }
}

/// What an authenticator lists a member's passkey under: the end of the member's id, in fours.
fn handle(member: MemberId) -> String {
    let bytes = member.bytes();
    let letters: String = bytes.iter().skip(11).flat_map(|byte| [byte >> 4, byte & 15]).map(letter).take(8).collect();
    let (first, second) = letters.split_at(4);
    format!("Warifu {first}-{second}")
}

fn letter(index: u8) -> char {
    ALPHABET.get(usize::from(index & 31)).map_or('0', |letter| char::from(*letter))
}

/// A recovery code of 100 random bits: 20 letters in fives.
fn recovery_code(random: [u8; 20]) -> String {
    let letters: String = random.into_iter().map(letter).collect();
    letters.as_bytes().chunks(5).map(|five| String::from_utf8_lossy(five).into_owned()).collect::<Vec<_>>().join("-")
}

/// A code as it is hashed, however it was typed.
fn plain(code: &str) -> String {
    let letters: String = code
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|letter| match letter.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .collect();
    letters.as_bytes().chunks(5).map(|five| String::from_utf8_lossy(five).into_owned()).collect::<Vec<_>>().join("-")
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_need_a_name_and_a_safe_way() {
        for origin in ["https://wallet.example", "http://localhost:8080", "http://localhost", "https://a.example:8443/"]
        {
            assert!(RelyingParty::new(origin).is_ok(), "{origin}");
        }
        for origin in [
            "",
            "wallet.example",
            "http://wallet.example",
            "https://127.0.0.1",
            "http://127.0.0.1:8080",
            "https://[::1]",
            "ftp://localhost",
            "https://wallet.example/app",
            "https://wallet.example/?a=b",
        ] {
            assert!(matches!(RelyingParty::new(origin), Err(OpenError::Origin(..))), "{origin}");
        }
        assert_eq!(RelyingParty::new("https://wallet.example/").unwrap().origin(), "https://wallet.example");
    }

    #[test]
    fn a_recovery_code_is_read_however_it_is_typed() {
        let code = recovery_code([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 255]);
        assert_eq!(code, "01234-56789-ABCDE-FGHJZ");
        for typed in ["01234-56789-ABCDE-FGHJZ", "o1234 56789abcde fghjz", " oI234-56789-abcde-fghjz\n"] {
            assert_eq!(plain(typed), code, "{typed}");
        }
    }
}
