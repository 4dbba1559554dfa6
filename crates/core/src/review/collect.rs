//! How what participants marked becomes one table of nobody's: a column a participant, in an order that nobody knows.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// A cause that somebody marked, before it is collected; `T` stands for the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft<T> {
    /// Whose: a hash, whose key is in one browser.
    pub author: [u8; 32],
    /// The key of the cause.
    pub cause: String,
    /// Why.
    pub body: T,
}

/// A cause that was marked, after it was collected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark<T> {
    /// Which column, from 0: see [`column_name`].
    pub column: u32,
    /// The key of the cause.
    pub cause: String,
    /// Why.
    pub body: T,
}

/// Makes the table of what was marked: each author becomes a column, in the order of the random bytes that `draw` gives for each,
/// beginning at `first`. The table is in the order of causes and columns, so that nothing of how it was made is left in it.
///
/// # Errors
/// What `draw` said.
pub fn collect<T, E>(
    drafts: Vec<Draft<T>>,
    first: u32,
    mut draw: impl FnMut() -> Result<[u8; 16], E>,
) -> Result<Vec<Mark<T>>, E> {
    let mut lots: BTreeMap<[u8; 32], [u8; 16]> = BTreeMap::new();
    for draft in &drafts {
        if let Entry::Vacant(vacant) = lots.entry(draft.author) {
            vacant.insert(draw()?);
        }
    }
    let mut order: Vec<_> = lots.into_iter().map(|(author, lot)| (lot, author)).collect();
    order.sort_unstable();
    let columns: BTreeMap<[u8; 32], u32> = order.into_iter().map(|(_, author)| author).zip(first..).collect();
    let mut marks: Vec<_> = drafts
        .into_iter()
        .filter_map(|Draft { author, cause, body }| {
            let column = *columns.get(&author)?;
            Some(Mark { column, cause, body })
        })
        .collect();
    marks.sort_by(|a, b| (&a.cause, a.column).cmp(&(&b.cause, b.column)));
    Ok(marks)
}

/// The letter of a column, from 0: A to Z, then AA, AB and on.
#[must_use]
pub fn column_name(column: u32) -> String {
    let mut name = Vec::new();
    let mut rest = u64::from(column).saturating_add(1);
    while let Some(left) = rest.checked_sub(1) {
        let letter = u8::try_from(left.checked_rem(26).unwrap_or(0)).unwrap_or(0);
        name.push(char::from(b'A'.saturating_add(letter)));
        rest = left.checked_div(26).unwrap_or(0);
    }
    name.into_iter().rev().collect()
}
