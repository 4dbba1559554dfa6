//! The pass over the terminals: what each did over a day, against the policies that capped it, and as it is stored.
//!
//! Of one terminal's transactions the order is not known: they may stand in several streams, whose clocks may differ a
//! little. So whatever was counted in the hours of a day is held against the highest cap that the last of it may have been
//! decided by.

use std::collections::BTreeMap;

use warifu_core::id::TerminalId;
use warifu_core::ledger::Kind;
use warifu_core::limit::{Policy, Usage};
use warifu_core::money::Amount;

use super::limit::{HOURS, exceeds, hour};
use super::{Complaints, Invariant, PAGE, Run, hex};
use crate::error::StoreError;
use crate::ledger::read_usage;
use crate::registry::statements;
use crate::value::{Row, Value};

statements! {
    LIST_USAGES (Blob, Int) -> (Blob, Text)
        "SELECT t.id, u.state FROM terminals t LEFT JOIN terminal_usage u ON u.terminal_id = t.id \
         WHERE t.id > $1 ORDER BY t.id LIMIT $2";
    LIST_USES_OF_TERMINAL (Blob, Text, Int) -> (Text, Text, Int, Int, Int)
        "SELECT r.request_id, j.kind, j.at, j.amount, j.policy FROM requests r JOIN journal j ON j.id = r.transaction_id \
         WHERE r.caller = $1 AND r.request_id > $2 AND j.refusal IS NULL AND j.effect <> '' \
           AND j.kind IN ('payment', 'authorization', 'top_up') ORDER BY r.request_id LIMIT $3";
}

/// What was counted in an hour, and the highest cap that it was held against; `None` where there was no cap.
type Hours = BTreeMap<i64, (i128, Option<Amount>)>;

/// What a terminal did, by the hour.
#[derive(Default)]
struct Uses {
    top_ups: Hours,
    payments: Hours,
}

impl Run<'_> {
    pub(super) async fn terminals(&mut self) -> Result<(), StoreError> {
        let (mut last, mut rows) = (Vec::new(), 0_u64);
        loop {
            let page = self.transaction.rows(&LIST_USAGES, &[Value::Blob(last), PAGE.into()]).await?;
            let Some(end) = page.last() else { return Ok(()) };
            last = end.blob(0)?.to_vec();
            for row in page {
                rows = rows.saturating_add(1);
                self.terminal(&row).await?;
            }
            self.tell("terminals", rows);
        }
    }

    async fn terminal(&mut self, row: &Row) -> Result<(), StoreError> {
        let id = row.blob(0)?;
        let object = <[u8; 16]>::try_from(id).map_or_else(
            |_| format!("terminal {}", hex(id)),
            |bytes| format!("terminal {}", TerminalId::from_bytes(bytes)),
        );
        let stored = match row.optional(1, |row, column| row.parsed(column, read_usage)) {
            Ok(stored) => stored.unwrap_or_default(),
            Err(error) => {
                self.report.violated(Invariant::Unchanged, object, error.to_string());
                return Ok(());
            }
        };
        if !self.known.ever_capped_terminals() {
            return Ok(());
        }
        let uses = self.uses(id).await?;
        let mut complaints = Complaints::default();
        uses.check(&stored, &mut complaints);
        self.report.take(&object, complaints);
        Ok(())
    }

    /// What a terminal did under policies that capped it.
    async fn uses(&mut self, terminal: &[u8]) -> Result<Uses, StoreError> {
        let (mut uses, mut last) = (Uses::default(), String::new());
        loop {
            let params = [Value::Blob(terminal.to_vec()), last.into(), PAGE.into()];
            let page = self.transaction.rows(&LIST_USES_OF_TERMINAL, &params).await?;
            let Some(end) = page.last() else { return Ok(uses) };
            last = end.text(0)?.to_owned();
            for row in page {
                let policy = self.known.policy(row.int(4)?).filter(|policy| policy.caps_terminals());
                if let Some(policy) = policy {
                    uses.count(&row, policy)?;
                }
            }
        }
    }
}

impl Uses {
    fn count(&mut self, row: &Row, policy: &Policy) -> Result<(), StoreError> {
        let (hours, cap) = match Kind::parse(row.text(1)?) {
            Some(Kind::TopUp) => (&mut self.top_ups, policy.terminal_top_up_day),
            _ => (&mut self.payments, policy.terminal_payment_day),
        };
        let amount = i128::from(row.int(3)?);
        hours
            .entry(hour(row.int(2)?))
            .and_modify(|(sum, most)| {
                *sum = sum.saturating_add(amount);
                *most = most.zip(cap).map(|(one, other)| one.max(other));
            })
            .or_insert((amount, cap));
        Ok(())
    }

    fn check(&self, stored: &Usage, complaints: &mut Complaints) {
        for (hours, stored, what) in
            [(&self.top_ups, &stored.top_ups, "topped up"), (&self.payments, &stored.payments, "paid")]
        {
            for (index, sum, cap) in days(hours) {
                complaints.unless(!exceeds(cap, sum), Invariant::Limits, || {
                    format!("{sum} were {what} over the day that ends in hour {index}, above the cap")
                });
            }
            let stored: BTreeMap<i64, i128> =
                stored.hours.iter().map(|(index, sum)| (*index, i128::from(sum.get()))).collect();
            complaints.unless(is_stored(hours, &stored), Invariant::Limits, || {
                format!("what it is stored to have {what} by the hour is not what its transactions say")
            });
        }
    }
}

/// For every hour in which something was counted, the sum over a day and the highest cap of that hour and the one before.
fn days(hours: &Hours) -> impl Iterator<Item = (i64, i128, Option<Amount>)> + '_ {
    hours.iter().map(|(index, (_, cap))| {
        let from = index.saturating_sub(HOURS);
        let sum = hours.range(from..=*index).fold(0_i128, |sum, (_, (more, _))| sum.saturating_add(*more));
        let before = hours.get(&index.saturating_sub(1)).map_or(*cap, |(_, cap)| *cap);
        (*index, sum, cap.zip(before).map(|(one, other)| one.max(other)))
    })
}

/// Whether the stored hours are those that were counted, as far back as a day reaches. Where clocks differed, some may be
/// stored in the hour after their own.
fn is_stored(hours: &Hours, stored: &BTreeMap<i64, i128>) -> bool {
    let Some((newest, _)) = hours.last_key_value() else { return stored.is_empty() };
    let oldest = newest.saturating_sub(HOURS);
    let counted: BTreeMap<i64, i128> = hours.range(oldest..).map(|(index, (sum, _))| (*index, *sum)).collect();
    if counted == *stored {
        return true;
    }
    let since = |sums: &BTreeMap<i64, i128>, from: i64| {
        sums.range(from..).fold(0_i128, |sum, (_, more)| sum.saturating_add(*more))
    };
    let early = hours.get(&oldest.saturating_sub(1)).map_or(0, |(sum, _)| *sum);
    let excess = since(stored, i64::MIN).saturating_sub(since(&counted, i64::MIN));
    let shifts = counted.keys().chain(stored.keys()).all(|index| {
        let earlier = if *index == oldest { early } else { 0 };
        let before = since(&counted, index.saturating_sub(1)).saturating_add(earlier);
        (since(&counted, *index)..=before).contains(&since(stored, *index))
    });
    shifts && (0..=early).contains(&excess) && stored.keys().all(|index| (oldest..=*newest).contains(index))
}
