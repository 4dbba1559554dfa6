//! Sessions of members, and the tickets by which one opens its live updates. Tokens are known by a keyed hash only.

use warifu_core::id::{DeviceId, MemberId, SessionId};
use warifu_core::time::Time;

use crate::engine::Transaction;
use crate::error::StoreError;
use crate::registry::statements;
use crate::value::Row;

/// A session of a member on a device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Its id.
    pub id: SessionId,
    /// The keyed hash of its token.
    pub token_mac: [u8; 32],
    /// Whose it is.
    pub member: MemberId,
    /// The device that it is bound to.
    pub device: DeviceId,
    /// Since when it is here.
    pub created_at: Time,
    /// When it was last used, give or take an hour.
    pub used_at: Time,
    /// When it ends unless it is used before; `None` for never.
    pub idle_until: Option<Time>,
    /// When it ends in any case.
    pub ends_at: Time,
}

impl Session {
    /// Whether it is still good.
    #[must_use]
    pub fn is_live(&self, now: Time) -> bool {
        now < self.ends_at && self.idle_until.is_none_or(|until| now < until)
    }
}

/// A session, and the key and name of its device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundSession {
    /// The session.
    pub session: Session,
    /// The public half of the device's key.
    pub public_key: [u8; 65],
    /// What the member knows the device by.
    pub device_name: String,
}

macro_rules! session_columns {
    () => {
        "SELECT s.id, s.token_mac, s.member_id, s.device_id, s.created_at, s.used_at, s.idle_until, s.ends_at, d.public_key, d.name \
         FROM sessions s JOIN devices d ON d.id = s.device_id "
    };
}

statements! {
    CREATE_SESSION (Blob, Blob, Blob, Blob, Int, Int, Int, Int) -> ()
        "INSERT INTO sessions (id, token_mac, member_id, device_id, created_at, used_at, idle_until, ends_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
    FIND_SESSION_BY_TOKEN (Blob) -> (Blob, Blob, Blob, Blob, Int, Int, Int, Int, Blob, Text)
        concat!(session_columns!(), "WHERE s.token_mac = $1");
    LIST_SESSIONS (Blob) -> (Blob, Blob, Blob, Blob, Int, Int, Int, Int, Blob, Text)
        concat!(session_columns!(), "WHERE s.member_id = $1 ORDER BY s.id DESC");
    USE_SESSION (Blob, Int, Int) -> ()
        "UPDATE sessions SET used_at = $2, idle_until = CASE WHEN idle_until IS NULL THEN idle_until ELSE $3 END \
         WHERE id = $1 AND used_at < $2";
    DELETE_SESSION (Blob, Blob) -> (Blob) "DELETE FROM sessions WHERE member_id = $1 AND id = $2 RETURNING token_mac";
    DELETE_ENDED_SESSIONS (Int, Int) -> ()
        "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE ends_at <= $1 ORDER BY ends_at LIMIT $2)";
    DELETE_IDLE_SESSIONS (Int, Int) -> ()
        "DELETE FROM sessions WHERE id IN \
             (SELECT id FROM sessions WHERE idle_until <= $1 ORDER BY idle_until LIMIT $2)";
    CREATE_TICKET (Blob, Blob, Blob, Int) -> ()
        "INSERT INTO tickets (mac, session_id, member_id, expires_at) VALUES ($1, $2, $3, $4)";
    TAKE_TICKET (Blob) -> (Blob, Int) "DELETE FROM tickets WHERE mac = $1 RETURNING member_id, expires_at";
    DELETE_TICKETS (Int, Int) -> ()
        "DELETE FROM tickets WHERE mac IN (SELECT mac FROM tickets WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";
}

impl Transaction {
    /// Keeps a new session.
    ///
    /// # Errors
    /// [`StoreError::Constraint`] if its member or device is not there.
    pub async fn create_session(&mut self, session: &Session) -> Result<(), StoreError> {
        let row = [
            session.id.bytes().into(),
            session.token_mac.into(),
            session.member.bytes().into(),
            session.device.bytes().into(),
            session.created_at.unix_micros().into(),
            session.used_at.unix_micros().into(),
            session.idle_until.map(Time::unix_micros).into(),
            session.ends_at.unix_micros().into(),
        ];
        self.execute(&CREATE_SESSION, &row).await.map(drop)
    }

    /// The session whose token hashes to `mac`, whether it has ended or not.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_session_by_token(&mut self, mac: [u8; 32]) -> Result<Option<BoundSession>, StoreError> {
        self.row(&FIND_SESSION_BY_TOKEN, &[mac.into()]).await?.map(|row| read_session(&row)).transpose()
    }

    /// The sessions of a member, the newest first, ended ones that were not forgotten yet included.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_sessions(&mut self, member: MemberId) -> Result<Vec<BoundSession>, StoreError> {
        self.rows(&LIST_SESSIONS, &[member.bytes().into()]).await?.iter().map(read_session).collect()
    }

    /// Notes that a session is used, which is good until `idle_until` then, if it has such a limit.
    ///
    /// # Errors
    /// What the database said.
    pub async fn use_session(&mut self, id: SessionId, at: Time, idle_until: Time) -> Result<(), StoreError> {
        let row = [id.bytes().into(), at.unix_micros().into(), idle_until.unix_micros().into()];
        self.execute(&USE_SESSION, &row).await.map(drop)
    }

    /// Ends a session of a member and returns the keyed hash of its token; `None` if the member has no such.
    ///
    /// # Errors
    /// What the database said.
    pub async fn delete_session(&mut self, member: MemberId, id: SessionId) -> Result<Option<[u8; 32]>, StoreError> {
        let found = self.row(&DELETE_SESSION, &[member.bytes().into(), id.bytes().into()]).await?;
        found.map(|row| row.bytes(0)).transpose()
    }

    /// Forgets at most `limit` sessions that have ended by `at`, and as many that nobody has used for too long, and says how many.
    ///
    /// # Errors
    /// What the database said.
    pub async fn delete_sessions(&mut self, at: Time, limit: i64) -> Result<u64, StoreError> {
        let params = [at.unix_micros().into(), limit.into()];
        let ended = self.execute(&DELETE_ENDED_SESSIONS, &params).await?;
        Ok(ended.saturating_add(self.execute(&DELETE_IDLE_SESSIONS, &params).await?))
    }

    /// Keeps a ticket for a session's live updates.
    ///
    /// # Errors
    /// What the database said.
    pub async fn create_ticket(
        &mut self,
        mac: [u8; 32],
        session: SessionId,
        member: MemberId,
        expires_at: Time,
    ) -> Result<(), StoreError> {
        let row = [mac.into(), session.bytes().into(), member.bytes().into(), expires_at.unix_micros().into()];
        self.execute(&CREATE_TICKET, &row).await.map(drop)
    }

    /// Takes a ticket, which nobody can take again: whose it was, and when it expires.
    ///
    /// # Errors
    /// What the database said.
    pub async fn take_ticket(&mut self, mac: [u8; 32]) -> Result<Option<(MemberId, Time)>, StoreError> {
        let found = self.row(&TAKE_TICKET, &[mac.into()]).await?;
        let read = |row: Row| Ok((MemberId::from_bytes(row.bytes(0)?), row.converted(1, Time::from_unix_micros)?));
        found.map(read).transpose()
    }

    /// Forgets at most `limit` tickets that nobody used, and says how many.
    ///
    /// # Errors
    /// What the database said.
    pub async fn delete_tickets(&mut self, expired_before: Time, limit: i64) -> Result<u64, StoreError> {
        self.execute(&DELETE_TICKETS, &[expired_before.unix_micros().into(), limit.into()]).await
    }
}

fn read_session(row: &Row) -> Result<BoundSession, StoreError> {
    Ok(BoundSession {
        session: Session {
            id: SessionId::from_bytes(row.bytes(0)?),
            token_mac: row.bytes(1)?,
            member: MemberId::from_bytes(row.bytes(2)?),
            device: DeviceId::from_bytes(row.bytes(3)?),
            created_at: row.converted(4, Time::from_unix_micros)?,
            used_at: row.converted(5, Time::from_unix_micros)?,
            idle_until: row.optional(6, |row, column| row.converted(column, Time::from_unix_micros))?,
            ends_at: row.converted(7, Time::from_unix_micros)?,
        },
        public_key: row.bytes(8)?,
        device_name: row.text(9)?.to_owned(),
    })
}
