//! Charts of causes that were brought. A version is never changed.

use crate::engine::Transaction;
use crate::error::StoreError;
use crate::registry::statements;
use crate::value::Row;

/// A version of a chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptChart {
    /// Its key.
    pub key: String,
    /// Counts from 1.
    pub version: u32,
    /// The chart as text.
    pub body: String,
}

statements! {
    CREATE_CHART (Text, Int, Text) -> ()
        "INSERT INTO charts (chart_key, version, body) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
    LIST_CHARTS () -> (Text, Int, Text) "SELECT chart_key, version, body FROM charts ORDER BY chart_key, version";
    COUNT_CHARTS () -> (Int) "SELECT count(*) FROM charts";
    FIND_CHART (Text, Int) -> (Text, Int, Text)
        "SELECT chart_key, version, body FROM charts WHERE chart_key = $1 AND version = $2";
    FIND_CHART_VERSION (Text) -> (Int) "SELECT coalesce(max(version), 0) FROM charts WHERE chart_key = $1";
}

impl Transaction {
    /// Keeps a version of a chart. `false` if it is there already.
    ///
    /// # Errors
    /// What the database said.
    pub async fn create_chart(&mut self, chart: &KeptChart) -> Result<bool, StoreError> {
        let row = [chart.key.as_str().into(), i64::from(chart.version).into(), chart.body.as_str().into()];
        Ok(self.execute(&CREATE_CHART, &row).await? == 1)
    }

    /// All versions of all charts that were brought, by key and version.
    ///
    /// # Errors
    /// What the database said.
    pub async fn list_charts(&mut self) -> Result<Vec<KeptChart>, StoreError> {
        self.rows(&LIST_CHARTS, &[]).await?.iter().map(read_chart).collect()
    }

    /// How many versions of charts were brought.
    ///
    /// # Errors
    /// What the database said.
    pub async fn count_charts(&mut self) -> Result<i64, StoreError> {
        self.row(&COUNT_CHARTS, &[]).await?.map_or(Ok(0), |row| row.int(0))
    }

    /// A version of a chart.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_chart(&mut self, key: &str, version: u32) -> Result<Option<KeptChart>, StoreError> {
        let params = [key.into(), i64::from(version).into()];
        self.row(&FIND_CHART, &params).await?.map(|row| read_chart(&row)).transpose()
    }

    /// The latest version of a chart that was brought; 0 if there is none.
    ///
    /// # Errors
    /// What the database said.
    pub async fn find_chart_version(&mut self, key: &str) -> Result<u32, StoreError> {
        let found = self.row(&FIND_CHART_VERSION, &[key.into()]).await?;
        found.map_or(Ok(0), |row| row.converted(0, |version| u32::try_from(version).ok()))
    }
}

fn read_chart(row: &Row) -> Result<KeptChart, StoreError> {
    Ok(KeptChart {
        key: row.text(0)?.to_owned(),
        version: row.converted(1, |version| u32::try_from(version).ok())?,
        body: row.text(2)?.to_owned(),
    })
}
