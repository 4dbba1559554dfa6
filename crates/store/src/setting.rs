//! What a database was made for. Each setting is written once, by the first process that opens the database.

use crate::engine::Transaction;
use crate::error::StoreError;
use crate::registry::statements;

statements! {
    CREATE_SETTING (Text, Text) -> () "INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT DO NOTHING";
    LIST_SETTINGS (Text) -> (Text, Text) "SELECT name, value FROM settings WHERE name LIKE $1 ORDER BY name";
    FIND_SETTING (Text) -> (Text) "SELECT value FROM settings WHERE name = $1";
}

impl Transaction {
    /// The setting with this name.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_setting(&mut self, name: &str) -> Result<Option<String>, StoreError> {
        self.row(&FIND_SETTING, &[name.into()]).await?.map(|row| row.text(0).map(str::to_owned)).transpose()
    }

    /// The settings whose names begin with `prefix`, by name.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_settings(&mut self, prefix: &str) -> Result<Vec<(String, String)>, StoreError> {
        let rows = self.rows(&LIST_SETTINGS, &[format!("{prefix}%").into()]).await?;
        rows.iter().map(|row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned()))).collect()
    }

    /// Keeps `value` unless the setting has one, and returns what it has then.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_or_create_setting(&mut self, name: &str, value: &str) -> Result<String, StoreError> {
        self.execute(&CREATE_SETTING, &[name.into(), value.into()]).await?;
        Ok(self.find_setting(name).await?.unwrap_or_else(|| value.to_owned()))
    }
}
