//! The issuer's policies. Each change is a new row; the newest is in force.

use std::collections::BTreeMap;

use warifu_core::limit::Policy;
use warifu_core::time::Time;

use crate::engine::Transaction;
use crate::error::StoreError;
use crate::registry::{each_statements, statements};
use crate::value::Row;

/// The newest is in force.
const IN_FORCE: &str = "SELECT number, entries FROM policies ORDER BY number DESC LIMIT 1";

each_statements! {
    FIND_POLICY () -> (Int, Text) row IN_FORCE, set IN_FORCE;
}

statements! {
    LIST_POLICIES () -> (Int, Text) "SELECT number, entries FROM policies ORDER BY number";
    CREATE_POLICY (Int, Int, Text) -> () "INSERT INTO policies (number, at, entries) VALUES ($1, $2, $3)";
}

impl Transaction {
    /// The policy in force; that of the program if none was made.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_policy(&mut self) -> Result<Policy, StoreError> {
        read_in_force(&self.each(&FIND_POLICY, vec![Vec::new()]).await?)
    }

    /// Every policy that ever was in force, the program's included.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_policies(&mut self) -> Result<Vec<Policy>, StoreError> {
        let made = self.rows(&LIST_POLICIES, &[]).await?;
        std::iter::once(Ok(Policy::default())).chain(made.iter().map(read_policy)).collect()
    }

    /// Keeps a policy, which is in force from the next decision on.
    ///
    /// # Errors
    /// [`StoreError::Constraint`] if there is one with its number.
    pub async fn create_policy(&mut self, policy: &Policy, at: Time) -> Result<(), StoreError> {
        let entries: BTreeMap<_, _> = policy.entries().into_iter().collect();
        // Never the fallback: names and numbers can be serialised.
        let text = serde_json::to_string(&entries).unwrap_or_default();
        self.execute(&CREATE_POLICY, &[policy.number.into(), at.unix_micros().into(), text.into()]).await.map(drop)
    }
}

/// What [`FIND_POLICY`] found.
pub(crate) fn read_in_force(found: &[Row]) -> Result<Policy, StoreError> {
    found.first().map_or_else(|| Ok(Policy::default()), read_policy)
}

/// Entries that a policy does not name are off: it was made before there were such.
pub(crate) fn read_policy(row: &Row) -> Result<Policy, StoreError> {
    let entries: BTreeMap<String, Option<i64>> = row.parsed(1, |text| serde_json::from_str(text).ok())?;
    let mut policy = Policy { number: row.int(0)?, ..Policy::default() };
    for name in Policy::NAMES {
        if !policy.set(name, entries.get(*name).copied().flatten()) {
            return Err(row.corrupt(1));
        }
    }
    Ok(policy)
}
