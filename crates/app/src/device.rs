//! Devices of members: keys that prove a request, and the one device that a wallet pays from.
//!
//! A phone signs what it asks for with a key that cannot leave it, so that a session's token alone is worth nothing. The
//! signature is ECDSA on P-256 with SHA-256, as WebCrypto makes it (64 bytes, r and s), over six lines: `WARIFU-DEVICE`, the method,
//! the path with its query, the time in whole Unix seconds, the nonce, and the lower-case hex of the body's SHA-256.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _, UnparsedPublicKey,
};
use secrecy::{ExposeSecret as _, SecretString};
use warifu_core::id::{DeviceId, MemberId, TerminalId};
use warifu_core::money::Amount;
use warifu_core::time::Time;
use warifu_core::wallet::WalletState;
use warifu_store::{Device, Payer, StoreError, Transaction};
use zeroize::Zeroizing;

use crate::fault::Fault;
use crate::open::App;
use crate::random;
use crate::session::Phone;
use crate::signature::{SignedRequest, is_timely, signed_text};

/// A request that was signed by a device, as it came in.
#[derive(Clone, Debug)]
pub struct DeviceRequest {
    /// When, in whole seconds since 1970.
    pub unix_seconds: i64,
    /// 16 to 64 printable ASCII characters that this device never used before.
    pub nonce: String,
    /// r and s, 64 bytes.
    pub signature: Vec<u8>,
    /// `POST`.
    pub method: String,
    /// `/v1/codes`, with the query if there is one.
    pub path: String,
    /// SHA-256 of the body's bytes.
    pub body_sha256: [u8; 32],
}

impl DeviceRequest {
    /// Whether the key with this public half signed it.
    #[must_use]
    pub fn is_signed_with(&self, public_key: &[u8; 65]) -> bool {
        let Self { method, path, unix_seconds, nonce, body_sha256, .. } = self;
        let text = signed_text(&HEAD, method, path, *unix_seconds, nonce, body_sha256);
        let key = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, public_key);
        key.verify(text.as_bytes(), &self.signature).is_ok()
    }

    /// Whether it was signed near enough to `now`.
    #[must_use]
    pub fn is_timely(&self, now: Time) -> bool {
        is_timely(self.unix_seconds, now)
    }
}

/// What stands at the head of what a device signs.
const HEAD: [&str; 1] = ["WARIFU-DEVICE"];

/// The key of a phone that is no browser: for the command line and for tests.
pub struct DeviceKey {
    pair: EcdsaKeyPair,
    pkcs8: Zeroizing<Vec<u8>>,
}

impl std::fmt::Debug for DeviceKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("DeviceKey(..)")
    }
}

impl DeviceKey {
    /// A new key.
    ///
    /// # Errors
    /// [`Fault::Random`] if the system gives no random bytes.
    pub fn generate() -> Result<Self, Fault> {
        let random = || Fault::Random("no key was made".to_owned());
        let document = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        let pkcs8 = Zeroizing::new(document.map_err(|_| random())?.as_ref().to_vec());
        Self::from_pkcs8(pkcs8).ok_or_else(random)
    }

    /// The key that [`DeviceKey::pkcs8`] gave; `None` if this is none.
    #[must_use]
    pub fn from_pkcs8(pkcs8: Zeroizing<Vec<u8>>) -> Option<Self> {
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &pkcs8, &SystemRandom::new()).ok()?;
        Some(Self { pair, pkcs8 })
    }

    /// The key, in PKCS #8.
    #[must_use]
    pub fn pkcs8(&self) -> &[u8] {
        &self.pkcs8
    }

    /// Its public half: a point on P-256, uncompressed.
    #[must_use]
    pub fn public_key(&self) -> [u8; 65] {
        // Never the fallback: that is how long such a point is.
        self.pair.public_key().as_ref().try_into().unwrap_or([0; 65])
    }

    /// The signature of a request, 64 bytes.
    ///
    /// # Errors
    /// [`Fault::Random`] if the system gives no random bytes.
    pub fn sign(
        &self,
        method: &str,
        path: &str,
        unix_seconds: i64,
        nonce: &str,
        body_sha256: &[u8; 32],
    ) -> Result<Vec<u8>, Fault> {
        let text = signed_text(&HEAD, method, path, unix_seconds, nonce, body_sha256);
        self.sign_text(&text)
    }

    /// The signature of a request of a terminal, as a browser makes it: 64 bytes.
    ///
    /// # Errors
    /// [`Fault::Random`] if the system gives no random bytes.
    pub fn sign_for(
        &self,
        terminal: TerminalId,
        (method, path): (&str, &str),
        unix_seconds: i64,
        nonce: &str,
        body: &[u8],
    ) -> Result<Vec<u8>, Fault> {
        let head = ["WARIFU-TERMINAL", &terminal.to_string()];
        self.sign_text(&signed_text(&head, method, path, unix_seconds, nonce, &SignedRequest::digest(body)))
    }

    fn sign_text(&self, text: &str) -> Result<Vec<u8>, Fault> {
        let signature = self.pair.sign(&SystemRandom::new(), text.as_bytes());
        signature.map(|signature| signature.as_ref().to_vec()).map_err(|_| Fault::Random("not signed".to_owned()))
    }
}

/// A phone that is no browser: a session's token and its device's key. As one text: the token, a dot, and the key (PKCS #8)
/// in Base64url without padding.
#[derive(Debug)]
pub struct Handset {
    pub(crate) token: SecretString,
    pub(crate) key: DeviceKey,
}

impl Handset {
    /// What [`Handset::text`] gave; `None` if this is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (token, key) = text.split_once('.')?;
        let key = DeviceKey::from_pkcs8(Zeroizing::new(URL_SAFE_NO_PAD.decode(key).ok()?))?;
        Some(Self { token: token.to_owned().into(), key })
    }

    /// All of it, as one text, which is a secret.
    #[must_use]
    pub fn text(&self) -> SecretString {
        format!("{}.{}", self.token.expose_secret(), URL_SAFE_NO_PAD.encode(self.key.pkcs8())).into()
    }

    /// The session's token.
    #[must_use]
    pub const fn token(&self) -> &SecretString {
        &self.token
    }

    /// A request, signed.
    ///
    /// # Errors
    /// [`Fault::Random`] if the system gives no random bytes.
    pub fn sign(&self, method: &str, path: &str, now: Time, body: &[u8]) -> Result<DeviceRequest, Fault> {
        let unix_seconds = now.unix_micros().checked_div(1_000_000).unwrap_or_default();
        let (nonce, body_sha256) = (URL_SAFE_NO_PAD.encode(random::bytes::<16>()?), SignedRequest::digest(body));
        let signature = self.key.sign(method, path, unix_seconds, &nonce, &body_sha256)?;
        let (method, path) = (method.to_owned(), path.to_owned());
        Ok(DeviceRequest { unix_seconds, nonce, signature, method, path, body_sha256 })
    }

    /// The headers that such a request carries, `Cookie` and `Warifu-Device`.
    ///
    /// # Errors
    /// [`Fault::Random`] if the system gives no random bytes.
    pub fn headers(
        &self,
        method: &str,
        path: &str,
        now: Time,
        body: &[u8],
    ) -> Result<[(&str, SecretString); 2], Fault> {
        let DeviceRequest { unix_seconds, nonce, signature, .. } = self.sign(method, path, now, body)?;
        let signature = URL_SAFE_NO_PAD.encode(signature);
        let signed = format!("time={unix_seconds}, nonce={nonce}, signature={signature}");
        let cookie = format!("__Host-warifu={}", self.token.expose_secret());
        Ok([("cookie", cookie.into()), ("warifu-device", signed.into())])
    }
}

/// What a member signs in from.
#[derive(Clone, Debug)]
pub struct NewDevice {
    /// The public half of its key.
    pub public_key: [u8; 65],
    /// What the member knows it by.
    pub name: String,
}

/// How long a device's name may be, in characters.
const NAME_MAX: usize = 60;

impl NewDevice {
    /// What came in, if it can be a device.
    ///
    /// # Errors
    /// [`Fault::Invalid`].
    pub fn new(public_key: &[u8], name: &str) -> Result<Self, Fault> {
        let is_named = (1..=NAME_MAX).contains(&name.chars().count()) && !name.chars().any(char::is_control);
        if !is_named {
            return Err(Fault::Invalid(format!("a device's name is 1 to {NAME_MAX} characters")));
        }
        let public_key: Option<[u8; 65]> = public_key.try_into().ok();
        let public_key = public_key.filter(|key| key.first() == Some(&4));
        let public_key = public_key
            .ok_or_else(|| Fault::Invalid("a device's key is an uncompressed point on P-256, 65 bytes".to_owned()))?;
        Ok(Self { public_key, name: name.to_owned() })
    }
}

/// From where a wallet pays, as one of its member's devices is told.
#[derive(Clone, Debug)]
pub struct Paying {
    /// The device that asks.
    pub device: Device,
    /// Whether it is the one that the wallet pays from.
    pub pays: bool,
    /// The one that the wallet pays from.
    pub payer: Option<Device>,
    /// Until when the wallet cools, if it does.
    pub cooling_until: Option<Time>,
    /// What it may pay over a day until then.
    pub cooling_limit: Option<Amount>,
    /// Whether the wallet was taken over from the device that asks, which can say that this was the member's will.
    pub was_taken: bool,
}

impl App {
    /// From where the member's wallet pays.
    ///
    /// # Errors
    /// What the store said.
    pub async fn paying(&self, phone: &Phone) -> Result<Paying, Fault> {
        let (member, device, now) = (phone.member, phone.device, self.clock.now());
        let found = self
            .database
            .read(move |transaction| {
                Box::pin(async move {
                    let Some((payer, device)) = both(transaction, member, device, false).await? else {
                        return Ok(None);
                    };
                    let paying = match payer.device {
                        Some(id) => transaction.find_device(id).await?,
                        None => None,
                    };
                    Ok(Some((payer, device, paying, transaction.find_policy().await?)))
                })
            })
            .await?;
        let (wallet, device, payer, policy) = found.ok_or(Fault::NotFound("wallet"))?;
        let cooling_until = wallet.cooling_until.filter(|until| now.max(wallet.at) < *until);
        Ok(Paying {
            pays: wallet.device == Some(device.id),
            was_taken: cooling_until.is_some()
                && payer.as_ref().is_some_and(|payer| payer.moved_from == Some(device.id)),
            device,
            payer,
            cooling_limit: cooling_until.and_then(|_| policy.payment_day(true)),
            cooling_until,
        })
    }

    /// Moves the wallet to the device that asks, on which the member has just proved who it is. It cools then.
    ///
    /// # Errors
    /// [`Fault::StepUp`] unless the session is fresh, [`Fault::Cooling`] if the wallet was moved lately.
    pub async fn move_here(&self, phone: &Phone) -> Result<(), Fault> {
        self.check_fresh(phone)?;
        let (member, id, now) = (phone.member, phone.device, self.clock.now());
        let moved = self
            .database
            .write(move |transaction| {
                Box::pin(async move {
                    let Some((payer, _)) = both(transaction, member, id, true).await? else { return Ok(None) };
                    let at = now.max(payer.at);
                    if payer.device == Some(id) {
                        return Ok(Some(true));
                    }
                    if payer.cooling_until.is_some_and(|until| at < until) {
                        return Ok(Some(false));
                    }
                    let policy = transaction.find_policy().await?;
                    let cooling_until = payer.device.and_then(|_| policy.cooling_until(at));
                    transaction.admit_device(&payer, id, at, cooling_until).await?;
                    Ok(Some(true))
                })
            })
            .await?;
        if moved.ok_or(Fault::NotFound("wallet"))? { Ok(()) } else { Err(Fault::Cooling) }
    }

    /// The device that the wallet paid from before says that the move was the member's will: the wallet need not cool.
    ///
    /// # Errors
    /// [`Fault::NotThisDevice`] unless the wallet was taken over from the one that asks, and cools.
    pub async fn consent_to_move(&self, phone: &Phone) -> Result<(), Fault> {
        self.after_move(phone, |transaction, payer, taker| {
            Box::pin(async move {
                // Up to the last transaction it did cool.
                transaction.lift_cooling(&payer, taker, payer.at).await
            })
        })
        .await
    }

    /// The device that the wallet paid from before says that the move was not the member's will: the wallet is frozen
    /// until somebody has looked at it.
    ///
    /// # Errors
    /// [`Fault::NotThisDevice`] unless the wallet was taken over from the one that asks, and cools.
    pub async fn dispute_move(&self, phone: &Phone) -> Result<(), Fault> {
        let member = phone.member;
        self.after_move(phone, move |transaction, _, _| {
            Box::pin(async move {
                let Some(wallet) = transaction.find_wallet_of_member(member).await? else { return Ok(()) };
                if wallet.state == WalletState::Active {
                    transaction.save_wallet_state(&wallet, WalletState::Frozen).await?;
                }
                Ok(())
            })
        })
        .await?;
        tracing::warn!(%member, "a member disputes that the wallet was moved to another device; it is frozen");
        Ok(())
    }

    async fn after_move<F>(&self, phone: &Phone, then: F) -> Result<(), Fault>
    where
        F: for<'t> FnOnce(
                &'t mut Transaction,
                Payer,
                DeviceId,
            ) -> futures::future::BoxFuture<'t, Result<(), StoreError>>
            + Send
            + 'static,
    {
        let (member, id, now) = (phone.member, phone.device, self.clock.now());
        let done = self
            .database
            .write(move |transaction| {
                Box::pin(async move {
                    let Some((payer, device)) = both(transaction, member, id, true).await? else { return Ok(false) };
                    let taker = match payer.device {
                        Some(taker) => transaction.find_device(taker).await?,
                        None => None,
                    };
                    let cools = payer.cooling_until.is_some_and(|until| now.max(payer.at) < until);
                    let Some(taker) = taker.filter(|taker| cools && taker.moved_from == Some(device.id)) else {
                        return Ok(false);
                    };
                    then(transaction, payer, taker.id).await?;
                    Ok(true)
                })
            })
            .await?;
        if done { Ok(()) } else { Err(Fault::NotThisDevice) }
    }
}

/// The wallet's device and the one that asks; held until the transaction ends if something is to be changed.
async fn both(
    transaction: &mut Transaction,
    member: MemberId,
    device: DeviceId,
    to_change: bool,
) -> Result<Option<(Payer, Device)>, StoreError> {
    let payer = if to_change { transaction.lock_payer(member).await? } else { transaction.find_payer(member).await? };
    Ok(payer.zip(transaction.find_device(device).await?))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_good_for_one_key_and_one_request() {
        let (key, other) = (DeviceKey::generate().unwrap(), DeviceKey::generate().unwrap());
        let body = [7; 32];
        let request = DeviceRequest {
            unix_seconds: 1_775_000_000,
            nonce: "0123456789abcdef".to_owned(),
            signature: key.sign("POST", "/v1/codes", 1_775_000_000, "0123456789abcdef", &body).unwrap(),
            method: "POST".to_owned(),
            path: "/v1/codes".to_owned(),
            body_sha256: body,
        };
        assert!(request.is_signed_with(&key.public_key()));
        assert!(!request.is_signed_with(&other.public_key()));
        for changed in [
            DeviceRequest { method: "GET".to_owned(), ..request.clone() },
            DeviceRequest { path: "/v1/codes?".to_owned(), ..request.clone() },
            DeviceRequest { unix_seconds: 1_775_000_001, ..request.clone() },
            DeviceRequest { nonce: "0123456789abcdee".to_owned(), ..request.clone() },
            DeviceRequest { body_sha256: [8; 32], ..request.clone() },
            DeviceRequest { signature: vec![0; 64], ..request.clone() },
            DeviceRequest { signature: Vec::new(), ..request.clone() },
        ] {
            assert!(!changed.is_signed_with(&key.public_key()), "{changed:?}");
        }
    }

    #[test]
    fn a_key_is_written_and_read_back_and_never_printed() {
        let key = DeviceKey::generate().unwrap();
        let read = DeviceKey::from_pkcs8(Zeroizing::new(key.pkcs8().to_vec())).unwrap();
        assert_eq!(read.public_key(), key.public_key());
        assert!(DeviceKey::from_pkcs8(Zeroizing::new(vec![0; 138])).is_none());
        assert_eq!(format!("{key:?}"), "DeviceKey(..)");
    }

    #[test]
    fn what_is_no_device_is_refused() {
        let key = DeviceKey::generate().unwrap().public_key();
        assert!(NewDevice::new(&key, "Chrome, Android").is_ok());
        for (key, name) in [
            (&key[..], ""),
            (&key[..], "a\nb"),
            (&key[..], &*"x".repeat(61)),
            (&key[1..], "x"),
            (&[2; 65][..], "x"),
            (&[][..], "x"),
        ] {
            assert!(matches!(NewDevice::new(key, name), Err(Fault::Invalid(_))), "{name}");
        }
    }
}
