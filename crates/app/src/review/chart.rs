//! Charts of causes: those that come with the service, and those that groups bring, version by version.

use std::sync::LazyLock;

use warifu_core::chart::{Chart, Names};
use warifu_core::review::Role;
use warifu_store::KeptChart;

use super::{ReviewFault, SeatKey, or_say, sitter};
use crate::board::{Begin, Board};
use crate::chart_file::{SHIPPED_CHARTS, read};
use crate::fault::Fault;

/// Most versions of charts that a board keeps.
const CHARTS_MAX: i64 = 1_000;

/// The charts that come with the service, and their texts; a test reads them all.
static SHIPPED: LazyLock<Vec<(Chart, &str)>> =
    LazyLock::new(|| SHIPPED_CHARTS.iter().filter_map(|text| Some((read(text).ok()?, *text))).collect());

/// A version of a chart, for a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownChart {
    /// Its key.
    pub key: String,
    /// Counts from 1.
    pub version: u32,
    /// What it is called.
    pub name: Names,
    /// How many causes it has.
    pub causes: usize,
}

/// A version of a chart that was brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BroughtChart {
    /// Its key.
    pub key: String,
    /// Its version.
    pub version: u32,
}

impl Board {
    /// All versions of all charts, by key and version.
    ///
    /// # Errors
    /// What the store said.
    pub async fn charts(&self) -> Result<Vec<ShownChart>, Fault> {
        let brought =
            self.database.read(|transaction| Box::pin(async move { transaction.list_charts().await })).await?;
        let brought: Vec<_> = brought.iter().filter_map(|kept| read(&kept.body).ok()).collect();
        let show = |chart: &Chart| ShownChart {
            key: chart.key.clone(),
            version: chart.version,
            name: chart.name.clone(),
            causes: chart.causes().count(),
        };
        let mut shown: Vec<_> = SHIPPED.iter().map(|(chart, _)| show(chart)).chain(brought.iter().map(show)).collect();
        // That of projects, the last that is shipped, is what most groups take.
        shown.sort_by_key(|chart| {
            (
                SHIPPED.iter().rev().position(|(it, _)| it.key == chart.key).unwrap_or(usize::MAX),
                chart.key.clone(),
                chart.version,
            )
        });
        Ok(shown)
    }

    /// A version of a chart, the latest where none is named, as text.
    ///
    /// # Errors
    /// [`Fault::NotFound`].
    pub async fn chart_text(&self, key: &str, version: Option<u32>) -> Result<String, Fault> {
        super::check_key(key)?;
        let brought = {
            let key = key.to_owned();
            self.database.read(move |transaction| {
                Box::pin(async move {
                    let version = match version {
                        Some(version) => version,
                        None => transaction.find_chart_version(&key).await?,
                    };
                    transaction.find_chart(&key, version).await
                })
            })
        };
        if let Some(kept) = brought.await? {
            return Ok(kept.body);
        }
        let shipped =
            SHIPPED.iter().find(|(it, _)| it.key == key && version.is_none_or(|version| it.version == version));
        shipped.map(|(_, text)| (*text).to_owned()).ok_or(Fault::NotFound("such chart"))
    }

    /// Keeps a chart, whose version must be the next one of its key. Who sends the same again is told the same.
    ///
    /// # Errors
    /// [`ReviewFault::Role`] unless a facilitator asks, or anyone may begin reviews; [`Fault::Invalid`] with the place if the text is
    /// no chart; [`ReviewFault::ChartVersion`] if another version is next.
    pub async fn add_chart(&self, key: &SeatKey, text: &str) -> Result<BroughtChart, ReviewFault> {
        let chart = read(text).map_err(|error| Fault::Invalid(error.to_string()))?;
        let shipped = SHIPPED.iter().filter(|(it, _)| it.key == chart.key).map(|(it, _)| it.version).max().unwrap_or(0);
        let kept = KeptChart { key: chart.key.clone(), version: chart.version, body: text.to_owned() };
        let (key, is_open) = (key.clone(), self.begin() == Begin::Anyone);
        let added = self.tell(move |transaction| {
            Box::pin(async move {
                if !is_open {
                    let sitter = or_say!(sitter(transaction, &key).await?);
                    if sitter.seat.role != Role::Facilitator {
                        return Ok(Err(ReviewFault::Role));
                    }
                }
                if transaction.find_chart(&kept.key, kept.version).await?.is_some_and(|it| it.body == kept.body) {
                    return Ok(Ok(()));
                }
                let next = transaction.find_chart_version(&kept.key).await?.max(shipped).saturating_add(1);
                if kept.version != next {
                    return Ok(Err(ReviewFault::ChartVersion(next)));
                }
                if transaction.count_charts().await? >= CHARTS_MAX {
                    return Ok(Err(ReviewFault::TooLarge));
                }
                // Another may have brought this version at the same moment.
                let is_new = transaction.create_chart(&kept).await?;
                Ok(if is_new { Ok(()) } else { Err(ReviewFault::ChartVersion(next.saturating_add(1))) })
            })
        });
        added.await?;
        Ok(BroughtChart { key: chart.key, version: chart.version })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_chart_that_comes_with_the_service_can_be_read() {
        assert_eq!(SHIPPED.len(), SHIPPED_CHARTS.len());
    }
}
