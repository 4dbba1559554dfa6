//! Sessions of members. A session is bound to a device: its token is believed only beside that device's signature.

use std::time::Duration;

use secrecy::SecretString;
use warifu_core::id::{DeviceId, MemberId, SessionId};
use warifu_core::time::Time;
use warifu_store::{BoundSession, Device, Session, StoreError, Transaction};

use crate::access::{AccessDenied, Caller};
use crate::device::{DeviceRequest, NewDevice};
use crate::fault::Fault;
use crate::open::App;
use crate::random;
use crate::signature::SIGNATURE_WINDOW;

/// How long a session lives without being used.
pub const SESSION_IDLE: Duration = Duration::from_secs(30 * 86_400);
/// How long a session lives in any case.
pub const SESSION_LIFE: Duration = Duration::from_secs(180 * 86_400);
/// For how long after signing in a member may do what needs a fresh proof.
pub const FRESH: Duration = Duration::from_secs(300);
/// How exactly it is noted when a session was used.
const NOTED: Duration = Duration::from_secs(3_600);
/// How long a ticket for live updates is good.
const TICKET_LIFE: Duration = Duration::from_secs(10);

/// A member, on the device that proved the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Phone {
    /// Who.
    pub member: MemberId,
    /// Signed in when and until when.
    pub session: SessionId,
    /// On which device.
    pub device: DeviceId,
    /// When the member signed in.
    pub signed_in_at: Time,
}

/// A session that was just begun, with its token, which is shown this once.
#[derive(Debug)]
pub struct NewSession {
    /// Whose.
    pub member: MemberId,
    /// The token.
    pub token: SecretString,
}

impl App {
    /// Which member asks, by a session's token and its device's signature. What changes something takes the nonce, so that it is
    /// believed once; a question may be heard again within two minutes by whoever has both token and signature.
    ///
    /// # Errors
    /// [`AccessDenied`].
    pub async fn caller_of_session(&self, token: &str, request: DeviceRequest) -> Result<Caller, AccessDenied> {
        let (bound, mac) = self.session_of(token).await?.ok_or(AccessDenied::UnknownToken)?;
        let now = self.clock.now();
        if !bound.session.is_live(now) {
            return Err(AccessDenied::UnknownToken);
        }
        if !request.is_signed_with(&bound.public_key) {
            return Err(AccessDenied::WrongSignature);
        }
        if !request.is_timely(now) {
            return Err(AccessDenied::NotTimely);
        }
        let session = bound.session.clone();
        if request.method != "GET" {
            let expires_at = now.saturating_add(SIGNATURE_WINDOW * 2);
            let (id, nonce) = (warifu_core::request::CallerId::from_bytes(session.device.bytes()), request.nonce);
            let is_new = self.database.write(move |transaction| {
                Box::pin(async move { transaction.create_nonce(id, &nonce, expires_at).await })
            });
            if !is_new.await.map_err(Fault::from)? {
                return Err(AccessDenied::Replayed);
            }
        }
        if session.used_at.saturating_add(NOTED) <= now {
            self.sessions.forget(&mac);
            let id = session.id;
            let noted = self.database.write(move |transaction| {
                Box::pin(async move { transaction.use_session(id, now, now.saturating_add(SESSION_IDLE)).await })
            });
            // Reading must go on where nothing can be written.
            if let Err(error) = noted.await {
                tracing::debug!(%error, "it was not noted that a session is used");
            }
        }
        Ok(Caller::Member(Phone {
            member: session.member,
            session: session.id,
            device: session.device,
            signed_in_at: session.created_at,
        }))
    }

    async fn session_of(&self, token: &str) -> Result<Option<(BoundSession, [u8; 32])>, AccessDenied> {
        let macs = self.keys.token_macs(token);
        if let Some(found) = macs.iter().find_map(|mac| self.sessions.get(mac).map(|session| (session, *mac))) {
            return Ok(Some(found));
        }
        let found = self.database.read_behind(move |transaction| {
            Box::pin(async move {
                for mac in macs {
                    if let Some(session) = transaction.find_session_by_token(mac).await? {
                        return Ok(Some((session, mac)));
                    }
                }
                Ok(None)
            })
        });
        let found: Option<(BoundSession, [u8; 32])> = found.await.map_err(Fault::from)?;
        if let Some((session, mac)) = &found {
            self.sessions.put(*mac, session.clone());
        }
        Ok(found)
    }

    /// [`Fault::StepUp`] unless the member signed in a moment ago.
    pub(crate) fn check_fresh(&self, phone: &Phone) -> Result<(), Fault> {
        let is_fresh = self.clock.now() < phone.signed_in_at.saturating_add(FRESH);
        if is_fresh { Ok(()) } else { Err(Fault::StepUp) }
    }

    /// The sessions of a member that have not ended, the newest first.
    ///
    /// # Errors
    /// What the store said.
    pub async fn sessions(&self, member: MemberId) -> Result<Vec<BoundSession>, Fault> {
        let now = self.clock.now();
        let found =
            self.database.read(move |transaction| Box::pin(async move { transaction.list_sessions(member).await }));
        Ok(found.await?.into_iter().filter(|bound| bound.session.is_live(now)).collect())
    }

    /// Ends a session of a member: at once on this node, within ten seconds on the others.
    ///
    /// # Errors
    /// [`Fault::NotFound`] if the member has no such session.
    pub async fn end_session(&self, member: MemberId, id: SessionId) -> Result<(), Fault> {
        let ended = self
            .database
            .write(move |transaction| Box::pin(async move { transaction.delete_session(member, id).await }));
        let mac = ended.await?.ok_or(Fault::NotFound("session"))?;
        self.sessions.forget(&mac);
        Ok(())
    }

    /// A ticket with which live updates can be opened once, within ten seconds.
    ///
    /// # Errors
    /// What the store said.
    pub async fn live_ticket(&self, phone: &Phone) -> Result<SecretString, Fault> {
        let (token, mac) = self.keys.new_token("wfl_")?;
        let (session, member) = (phone.session, phone.member);
        let expires_at = self.clock.now().saturating_add(TICKET_LIFE);
        self.database
            .write(move |transaction| {
                Box::pin(async move { transaction.create_ticket(mac, session, member, expires_at).await })
            })
            .await?;
        Ok(token)
    }

    /// Takes a ticket and says whose it was.
    ///
    /// # Errors
    /// [`AccessDenied::UnknownToken`] if it is none, was used, or is too old.
    pub async fn take_live_ticket(&self, ticket: &str) -> Result<MemberId, AccessDenied> {
        let macs = self.keys.token_macs(ticket);
        let taken = self.database.write(move |transaction| {
            Box::pin(async move {
                for mac in macs {
                    if let Some(taken) = transaction.take_ticket(mac).await? {
                        return Ok(Some(taken));
                    }
                }
                Ok(None)
            })
        });
        let (member, expires_at) = taken.await.map_err(Fault::from)?.ok_or(AccessDenied::UnknownToken)?;
        if self.clock.now() < expires_at { Ok(member) } else { Err(AccessDenied::UnknownToken) }
    }

    /// Begins a session on a device, which the member may have used before. Earlier sessions on it end.
    pub(crate) async fn begin_session(&self, member: MemberId, device: NewDevice) -> Result<NewSession, Fault> {
        let now = self.clock.now();
        let (token, mac) = self.keys.new_token("wfm_")?;
        let ids = (DeviceId::generate(now, random::bytes()?), SessionId::generate(now, random::bytes()?));
        let ended = self
            .database
            .write(move |transaction| {
                Box::pin(async move {
                    let limits = (Some(now.saturating_add(SESSION_IDLE)), now.saturating_add(SESSION_LIFE));
                    begin(transaction, member, device, ids, mac, limits, now).await
                })
            })
            .await?;
        ended.iter().for_each(|mac| self.sessions.forget(mac));
        Ok(NewSession { member, token })
    }
}

/// Keeps the session, and the device if it is new. Returns the keyed hashes of the tokens of sessions that ended.
pub(crate) async fn begin(
    transaction: &mut Transaction,
    member: MemberId,
    device: NewDevice,
    (device_id, session_id): (DeviceId, SessionId),
    token_mac: [u8; 32],
    (idle_until, ends_at): (Option<Time>, Time),
    now: Time,
) -> Result<Vec<[u8; 32]>, StoreError> {
    let known = transaction.find_device_by_key(member, device.public_key).await?;
    let device = match known {
        Some(known) => known.id,
        None => {
            let NewDevice { public_key, name } = device;
            let device = Device {
                id: device_id,
                member,
                public_key,
                name,
                created_at: now,
                admitted_at: None,
                moved_from: None,
                cooling_until: None,
                lifted_at: None,
            };
            transaction.create_device(&device).await?;
            device_id
        }
    };
    let mut ended = Vec::new();
    for older in transaction.list_sessions(member).await?.into_iter().filter(|older| older.session.device == device) {
        ended.extend(transaction.delete_session(member, older.session.id).await?);
    }
    let session =
        Session { id: session_id, token_mac, member, device, created_at: now, used_at: now, idle_until, ends_at };
    transaction.create_session(&session).await?;
    Ok(ended)
}
