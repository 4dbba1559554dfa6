//! Passkeys of members, ceremonies that were begun, and recovery codes. What must not be used twice is taken by deleting it.

use warifu_core::id::{CeremonyId, CredentialId, MemberId};
use warifu_core::time::Time;

use crate::engine::Transaction;
use crate::error::StoreError;
use crate::registry::statements;
use crate::value::{Row, Value};

/// A passkey of a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    /// Our id of it.
    pub id: CredentialId,
    /// Whose it is.
    pub member: MemberId,
    /// Its authenticator's id of it.
    pub credential_id: Vec<u8>,
    /// Its public half and counter, as text of the library that checks it.
    pub passkey: String,
    /// What the member knows it by.
    pub name: String,
    /// Since when it is here.
    pub created_at: Time,
    /// When it was last used.
    pub used_at: Time,
}

statements! {
    CREATE_CREDENTIAL (Blob, Blob, Blob, Text, Text, Int, Int) -> ()
        "INSERT INTO credentials (id, member_id, credential_id, passkey, name, created_at, used_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)";
    FIND_CREDENTIAL (Blob) -> (Blob, Blob, Blob, Text, Text, Int, Int)
        "SELECT id, member_id, credential_id, passkey, name, created_at, used_at FROM credentials WHERE credential_id = $1";
    LIST_CREDENTIALS (Blob) -> (Blob, Blob, Blob, Text, Text, Int, Int)
        "SELECT id, member_id, credential_id, passkey, name, created_at, used_at FROM credentials \
         WHERE member_id = $1 ORDER BY id";
    SAVE_CREDENTIAL (Blob, Text, Text, Int) -> ()
        "UPDATE credentials SET passkey = $3, used_at = $4 WHERE id = $1 AND passkey = $2";
    DELETE_CREDENTIAL (Blob, Blob) -> () "DELETE FROM credentials WHERE member_id = $1 AND id = $2";
    CREATE_CEREMONY (Blob, Text, Int) -> () "INSERT INTO ceremonies (id, state, expires_at) VALUES ($1, $2, $3)";
    TAKE_CEREMONY (Blob) -> (Text, Int) "DELETE FROM ceremonies WHERE id = $1 RETURNING state, expires_at";
    DELETE_CEREMONIES (Int, Int) -> ()
        "DELETE FROM ceremonies WHERE id IN \
             (SELECT id FROM ceremonies WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";
    CREATE_RECOVERY_CODE (Blob, Blob, Int) -> ()
        "INSERT INTO recovery_codes (mac, member_id, created_at) VALUES ($1, $2, $3)";
    TAKE_RECOVERY_CODE (Blob) -> (Blob) "DELETE FROM recovery_codes WHERE mac = $1 RETURNING member_id";
    DELETE_RECOVERY_CODES (Blob) -> () "DELETE FROM recovery_codes WHERE member_id = $1";
    COUNT_RECOVERY_CODES (Blob) -> (Int) "SELECT count(*) FROM recovery_codes WHERE member_id = $1";
}

impl Transaction {
    /// Keeps a new passkey.
    ///
    /// # Errors
    /// [`StoreError::Constraint`] if its authenticator's id is known already.
    pub async fn create_credential(&mut self, credential: &Credential) -> Result<(), StoreError> {
        let row = [
            credential.id.bytes().into(),
            credential.member.bytes().into(),
            Value::Blob(credential.credential_id.clone()),
            credential.passkey.as_str().into(),
            credential.name.as_str().into(),
            credential.created_at.unix_micros().into(),
            credential.used_at.unix_micros().into(),
        ];
        self.execute(&CREATE_CREDENTIAL, &row).await.map(drop)
    }

    /// The passkey with its authenticator's id.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_credential(&mut self, credential_id: &[u8]) -> Result<Option<Credential>, StoreError> {
        let found = self.row(&FIND_CREDENTIAL, &[Value::Blob(credential_id.to_vec())]).await?;
        found.map(|row| read_credential(&row)).transpose()
    }

    /// The passkeys of a member, the oldest first.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_credentials(&mut self, member: MemberId) -> Result<Vec<Credential>, StoreError> {
        self.rows(&LIST_CREDENTIALS, &[member.bytes().into()]).await?.iter().map(read_credential).collect()
    }

    /// Saves the counter of a passkey that was used, unless it was used by another meanwhile or removed: then `false`.
    ///
    /// # Errors
    /// What the database said.
    pub async fn save_credential(
        &mut self,
        before: &Credential,
        passkey: &str,
        used_at: Time,
    ) -> Result<bool, StoreError> {
        let row =
            [before.id.bytes().into(), before.passkey.as_str().into(), passkey.into(), used_at.unix_micros().into()];
        Ok(self.execute(&SAVE_CREDENTIAL, &row).await? == 1)
    }

    /// Removes a passkey of a member. `false` if the member has no such.
    ///
    /// # Errors
    /// What the database said.
    pub async fn delete_credential(&mut self, member: MemberId, id: CredentialId) -> Result<bool, StoreError> {
        Ok(self.execute(&DELETE_CREDENTIAL, &[member.bytes().into(), id.bytes().into()]).await? == 1)
    }

    /// Keeps the state of a ceremony until it is taken.
    ///
    /// # Errors
    /// What the database said.
    pub async fn create_ceremony(&mut self, id: CeremonyId, state: &str, expires_at: Time) -> Result<(), StoreError> {
        let row = [id.bytes().into(), state.into(), expires_at.unix_micros().into()];
        self.execute(&CREATE_CEREMONY, &row).await.map(drop)
    }

    /// Takes the state of a ceremony, which nobody can take again, and when it expires.
    ///
    /// # Errors
    /// What the database said.
    pub async fn take_ceremony(&mut self, id: CeremonyId) -> Result<Option<(String, Time)>, StoreError> {
        let found = self.row(&TAKE_CEREMONY, &[id.bytes().into()]).await?;
        found.map(|row| Ok((row.text(0)?.to_owned(), row.converted(1, Time::from_unix_micros)?))).transpose()
    }

    /// Forgets at most `limit` ceremonies that nobody came back to, and says how many.
    ///
    /// # Errors
    /// What the database said.
    pub async fn delete_ceremonies(&mut self, expired_before: Time, limit: i64) -> Result<u64, StoreError> {
        self.execute(&DELETE_CEREMONIES, &[expired_before.unix_micros().into(), limit.into()]).await
    }

    /// Replaces a member's recovery codes by those with these keyed hashes.
    ///
    /// # Errors
    /// What the database said.
    pub async fn replace_recovery_codes(
        &mut self,
        member: MemberId,
        macs: &[[u8; 32]],
        at: Time,
    ) -> Result<(), StoreError> {
        self.execute(&DELETE_RECOVERY_CODES, &[member.bytes().into()]).await?;
        for mac in macs {
            let row = [(*mac).into(), member.bytes().into(), at.unix_micros().into()];
            self.execute(&CREATE_RECOVERY_CODE, &row).await?;
        }
        Ok(())
    }

    /// Takes a recovery code, which nobody can take again, and says whose it was.
    ///
    /// # Errors
    /// What the database said.
    pub async fn take_recovery_code(&mut self, mac: [u8; 32]) -> Result<Option<MemberId>, StoreError> {
        let found = self.row(&TAKE_RECOVERY_CODE, &[mac.into()]).await?;
        found.map(|row| row.bytes(0).map(MemberId::from_bytes)).transpose()
    }

    /// How many recovery codes a member has left.
    ///
    /// # Errors
    /// What the database said.
    pub async fn count_recovery_codes(&mut self, member: MemberId) -> Result<i64, StoreError> {
        self.row(&COUNT_RECOVERY_CODES, &[member.bytes().into()]).await?.map_or(Ok(0), |row| row.int(0))
    }
}

fn read_credential(row: &Row) -> Result<Credential, StoreError> {
    Ok(Credential {
        id: CredentialId::from_bytes(row.bytes(0)?),
        member: MemberId::from_bytes(row.bytes(1)?),
        credential_id: row.blob(2)?.to_vec(),
        passkey: row.text(3)?.to_owned(),
        name: row.text(4)?.to_owned(),
        created_at: row.converted(5, Time::from_unix_micros)?,
        used_at: row.converted(6, Time::from_unix_micros)?,
    })
}
