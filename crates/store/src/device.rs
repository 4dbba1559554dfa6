//! Devices of members, and which of them a wallet pays from.

use warifu_core::id::{DeviceId, MemberId, WalletId};
use warifu_core::time::Time;

use crate::engine::Transaction;
use crate::error::StoreError;
use crate::registry::statements;
use crate::value::{Row, Value};

/// A device of a member, known by its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// Its id.
    pub id: DeviceId,
    /// Whose it is.
    pub member: MemberId,
    /// The public half of its key: a point on P-256, uncompressed (SEC 1, 2.3.3).
    pub public_key: [u8; 65],
    /// What the member knows it by.
    pub name: String,
    /// Since when it is here.
    pub created_at: Time,
    /// Since when the wallet paid from it, if it ever did.
    pub admitted_at: Option<Time>,
    /// The device that the wallet paid from before.
    pub moved_from: Option<DeviceId>,
    /// Until when the wallet cools since it was moved here without the consent of that one.
    pub cooling_until: Option<Time>,
    /// Since when that one consents.
    pub lifted_at: Option<Time>,
}

/// Which device a wallet pays from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Payer {
    /// The wallet.
    pub wallet: WalletId,
    /// The device; `None` for a wallet that was never bound to one.
    pub device: Option<DeviceId>,
    /// Until when the wallet cools.
    pub cooling_until: Option<Time>,
    /// When a transaction last changed the wallet.
    pub at: Time,
}

macro_rules! device_columns {
    () => {
        "id, member_id, public_key, name, created_at, admitted_at, moved_from, cooling_until, lifted_at"
    };
}

statements! {
    CREATE_DEVICE (Blob, Blob, Blob, Text, Int) -> ()
        "INSERT INTO devices (id, member_id, public_key, name, created_at) VALUES ($1, $2, $3, $4, $5)";
    FIND_DEVICE (Blob) -> (Blob, Blob, Blob, Text, Int, Int, Blob, Int, Int)
        concat!("SELECT ", device_columns!(), " FROM devices WHERE id = $1");
    FIND_DEVICE_BY_KEY (Blob, Blob) -> (Blob, Blob, Blob, Text, Int, Int, Blob, Int, Int)
        concat!("SELECT ", device_columns!(), " FROM devices WHERE member_id = $1 AND public_key = $2");
    ADMIT_DEVICE (Blob, Int, Blob, Int) -> ()
        "UPDATE devices SET admitted_at = $2, moved_from = $3, cooling_until = $4, lifted_at = NULL WHERE id = $1";
    LIFT_COOLING (Blob, Int) -> () "UPDATE devices SET lifted_at = $2 WHERE id = $1";
    // These change nothing, and are held until the transaction ends.
    HOLD_MEMBER (Blob) -> () "UPDATE members SET created_at = created_at WHERE id = $1";
    HOLD_WALLET_OF_MEMBER (Blob) -> () "UPDATE wallets SET version = version WHERE member_id = $1";
    FIND_PAYER (Blob) -> (Blob, Blob, Int, Int)
        "SELECT id, device_id, cooling_until, at FROM wallets WHERE member_id = $1";
    SAVE_PAYER (Blob, Blob, Int) -> () "UPDATE wallets SET device_id = $2, cooling_until = $3 WHERE id = $1";
    END_NEWEST_CODE (Blob) -> () "DELETE FROM newest_codes WHERE wallet_id = $1";
}

impl Transaction {
    /// Keeps a device that a member has signed in from.
    ///
    /// # Errors
    /// [`StoreError::Constraint`] if the member has one with this key.
    pub async fn create_device(&mut self, device: &Device) -> Result<(), StoreError> {
        let row = [
            device.id.bytes().into(),
            device.member.bytes().into(),
            device.public_key.into(),
            device.name.as_str().into(),
            device.created_at.unix_micros().into(),
        ];
        self.execute(&CREATE_DEVICE, &row).await.map(drop)
    }

    /// The device with this id.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_device(&mut self, id: DeviceId) -> Result<Option<Device>, StoreError> {
        self.row(&FIND_DEVICE, &[id.bytes().into()]).await?.map(|row| read_device(&row)).transpose()
    }

    /// The device of a member with this key.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_device_by_key(&mut self, member: MemberId, key: [u8; 65]) -> Result<Option<Device>, StoreError> {
        let found = self.row(&FIND_DEVICE_BY_KEY, &[member.bytes().into(), key.into()]).await?;
        found.map(|row| read_device(&row)).transpose()
    }

    /// Which device the wallet of a member pays from.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_payer(&mut self, member: MemberId) -> Result<Option<Payer>, StoreError> {
        self.row(&FIND_PAYER, &[member.bytes().into()]).await?.map(|row| read_payer(&row)).transpose()
    }

    /// The same, and it stays so until this transaction ends.
    ///
    /// # Errors
    /// What the database said.
    pub async fn hold_payer(&mut self, member: MemberId) -> Result<Option<Payer>, StoreError> {
        // Where one thread writes, nothing else changes meanwhile.
        if self.memory().is_none() {
            self.execute(&HOLD_MEMBER, &[member.bytes().into()]).await?;
        }
        self.find_payer(member).await
    }

    /// The same, to be changed: no payment of the wallet is decided either until this transaction ends.
    ///
    /// # Errors
    /// What the database said.
    pub async fn lock_payer(&mut self, member: MemberId) -> Result<Option<Payer>, StoreError> {
        self.execute(&HOLD_MEMBER, &[member.bytes().into()]).await?;
        self.execute(&HOLD_WALLET_OF_MEMBER, &[member.bytes().into()]).await?;
        self.find_payer(member).await
    }

    /// Lets a wallet pay from `device` from `at` on, and from no other. A code that is shown elsewhere ends.
    ///
    /// # Errors
    /// What the database said.
    pub async fn admit_device(
        &mut self,
        payer: &Payer,
        device: DeviceId,
        at: Time,
        cooling_until: Option<Time>,
    ) -> Result<(), StoreError> {
        let until: Value = cooling_until.map(Time::unix_micros).into();
        let before = payer.device.map(DeviceId::bytes);
        let row = [device.bytes().into(), at.unix_micros().into(), before.into(), until.clone()];
        self.execute(&ADMIT_DEVICE, &row).await?;
        self.execute(&SAVE_PAYER, &[payer.wallet.bytes().into(), device.bytes().into(), until]).await?;
        self.execute(&END_NEWEST_CODE, &[payer.wallet.bytes().into()]).await.map(drop)
    }

    /// Ends the cooling of a wallet that was moved to `device`.
    ///
    /// # Errors
    /// What the database said.
    pub async fn lift_cooling(&mut self, payer: &Payer, device: DeviceId, at: Time) -> Result<(), StoreError> {
        self.execute(&LIFT_COOLING, &[device.bytes().into(), at.unix_micros().into()]).await?;
        let row = [payer.wallet.bytes().into(), device.bytes().into(), Value::Null];
        self.execute(&SAVE_PAYER, &row).await.map(drop)
    }
}

fn read_device(row: &Row) -> Result<Device, StoreError> {
    let time = |row: &Row, column| row.converted(column, Time::from_unix_micros);
    Ok(Device {
        id: DeviceId::from_bytes(row.bytes(0)?),
        member: MemberId::from_bytes(row.bytes(1)?),
        public_key: row.bytes(2)?,
        name: row.text(3)?.to_owned(),
        created_at: time(row, 4)?,
        admitted_at: row.optional(5, time)?,
        moved_from: row.optional(6, Row::bytes)?.map(DeviceId::from_bytes),
        cooling_until: row.optional(7, time)?,
        lifted_at: row.optional(8, time)?,
    })
}

fn read_payer(row: &Row) -> Result<Payer, StoreError> {
    Ok(Payer {
        wallet: WalletId::from_bytes(row.bytes(0)?),
        device: row.optional(1, Row::bytes)?.map(DeviceId::from_bytes),
        cooling_until: row.optional(2, |row, column| row.converted(column, Time::from_unix_micros))?,
        at: row.converted(3, Time::from_unix_micros)?,
    })
}
