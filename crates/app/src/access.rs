//! Who is asking: a terminal by bearer token or signature, a partner by bearer token. Members: `session`.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, Instant};

use warifu_store::{Partner, Terminal, Transaction};

use crate::fault::Fault;
use crate::open::App;
use crate::session::Phone;
use crate::signature::{SIGNATURE_WINDOW, SignedRequest, TerminalSignature};

/// How long a found token is believed without asking the store again. A revocation is in force after it.
const BELIEVED: Duration = Duration::from_secs(10);
/// How many tokens are remembered; at this number all are forgotten and found anew.
const REMEMBERED: usize = 50_000;

/// Who is asking.
#[derive(Clone, Debug)]
pub enum Caller {
    /// A terminal of a shop.
    Terminal(Terminal),
    /// A member, on a device.
    Member(Phone),
    /// A partner.
    Partner(Partner),
}

/// Why nobody is believed to be asking.
#[derive(Debug, thiserror::Error)]
pub enum AccessDenied {
    /// The token is nobody's.
    #[error("the token is not known")]
    UnknownToken,
    /// The signature does not fit the request, or the terminal is not known.
    #[error("the signature does not fit this request")]
    WrongSignature,
    /// The request was signed too long ago, or in the future.
    #[error("the request's time is more than two minutes from ours")]
    NotTimely,
    /// The nonce was used before.
    #[error("the nonce was used before")]
    Replayed,
    /// It could not be found out.
    #[error(transparent)]
    Fault(#[from] Fault),
}

/// Whose tokens were found a moment ago, by their hash.
#[derive(Debug)]
pub(crate) struct Cache<T>(RwLock<HashMap<[u8; 32], (T, Instant)>>);

impl<T> Default for Cache<T> {
    fn default() -> Self {
        Self(RwLock::default())
    }
}

impl<T: Clone> Cache<T> {
    pub(crate) fn get(&self, mac: &[u8; 32]) -> Option<T> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(mac).filter(|(_, since)| since.elapsed() < BELIEVED).map(|(caller, _)| caller.clone())
    }

    pub(crate) fn forget(&self, mac: &[u8; 32]) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).remove(mac);
    }

    pub(crate) fn clear(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(crate) fn put(&self, mac: [u8; 32], caller: T) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(mac, (caller, Instant::now()));
    }
}

impl App {
    /// Whose bearer token this is.
    ///
    /// # Errors
    /// [`AccessDenied::UnknownToken`], or a fault of the store.
    pub async fn caller_of_token(&self, token: &str) -> Result<Caller, AccessDenied> {
        let macs = self.keys.token_macs(token);
        if let Some(caller) = macs.iter().find_map(|mac| self.cache.get(mac)) {
            return Ok(caller);
        }
        let found = self
            .database
            .read_behind(move |transaction| {
                Box::pin(async move {
                    for mac in macs {
                        if let Some(caller) = find_by_token(transaction, mac).await? {
                            return Ok(Some((mac, caller)));
                        }
                    }
                    Ok(None)
                })
            })
            .await
            .map_err(Fault::from)?;
        let (mac, caller) = found.ok_or(AccessDenied::UnknownToken)?;
        self.cache.put(mac, caller.clone());
        Ok(caller)
    }

    /// Which terminal signed this request. The store is asked each time, so that a terminal that was revoked is nobody at once.
    /// Takes the nonce, so that the same request is believed once; but for questions of browsers, which must be answered where
    /// nothing can be written.
    ///
    /// # Errors
    /// [`AccessDenied`]; an unknown terminal is told the same as a wrong signature.
    pub async fn caller_of_signature(&self, request: SignedRequest) -> Result<Caller, AccessDenied> {
        let now = self.clock.now();
        let id = request.terminal;
        let terminal = self
            .database
            .read_behind(move |transaction| Box::pin(async move { transaction.find_terminal(id).await }))
            .await
            .map_err(Fault::from)?
            .filter(|terminal| terminal.revoked_at.is_none())
            .ok_or(AccessDenied::WrongSignature)?;
        let is_signed = match &request.signature {
            TerminalSignature::Secret(_) => {
                let key_id = u32::try_from(terminal.signing_key_id).ok();
                let secret = key_id.and_then(|key_id| self.keys.signing_secret(key_id, terminal.id));
                secret.is_some_and(|secret| request.is_signed_with(&secret))
            }
            TerminalSignature::Browser(_) => terminal.public_key.is_some_and(|key| request.is_signed_by(&key)),
        };
        if !is_signed {
            return Err(AccessDenied::WrongSignature);
        }
        if !request.is_timely(now) {
            return Err(AccessDenied::NotTimely);
        }
        if matches!(request.signature, TerminalSignature::Browser(_)) && request.method == "GET" {
            return Ok(Caller::Terminal(terminal));
        }
        // Believed until two minutes after its time, which may lie two minutes ahead.
        let expires_at = now.saturating_add(SIGNATURE_WINDOW * 2);
        let nonce = request.nonce;
        let is_new = self
            .database
            .write(move |transaction| {
                Box::pin(async move { transaction.create_nonce(id.into(), &nonce, expires_at).await })
            })
            .await
            .map_err(Fault::from)?;
        if is_new { Ok(Caller::Terminal(terminal)) } else { Err(AccessDenied::Replayed) }
    }
}

async fn find_by_token(
    transaction: &mut Transaction,
    mac: [u8; 32],
) -> Result<Option<Caller>, warifu_store::StoreError> {
    let terminal = transaction.find_terminal_by_token(mac).await?;
    if let Some(terminal) = terminal.filter(|terminal| terminal.revoked_at.is_none()) {
        return Ok(Some(Caller::Terminal(terminal)));
    }
    Ok(transaction.find_partner_by_token(mac).await?.map(Caller::Partner))
}
