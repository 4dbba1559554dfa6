//! Which request keys nobody can have claimed, known without a look at their table.
//!
//! Almost every key is new, and to find that out in the table cost the thread that writes a third of its time: each settled slice empties its
//! page cache. So a Bloom filter holds every claimed key: what is not in it is new, what may be in it is looked up.
//!
//! It is filled by a thread of its own from a snapshot that begins after the filter: whatever was claimed before is in the snapshot or in the
//! tail, whatever is claimed later is put in by who claims it. Only other processes claim without saying so; after they changed something it is
//! made anew. A key that was put in and undone costs a look, no more.

use std::hash::RandomState;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use fastbloom::AtomicBloomFilter;
use rusqlite::Connection;

use super::tail::name_of_claim;
use crate::engine::Access;
use crate::error::StoreError;

/// How many looks at the table are worth a filter.
const LOOKS: usize = 256;
/// For how many keys a filter is made at least, and at most: some 1.2 MB and 80 MB. With more keys it says "may be" more often.
const FEWEST: usize = 1 << 20;
const MOST: usize = 1 << 26;
/// How often it says "may be" of a new key, once it holds as many as it was made for.
const WRONG: f64 = 0.01;

/// See the module. A name is a key as the tail names it.
#[derive(Debug)]
pub(super) struct Claims {
    path: PathBuf,
    looks: usize,
    filter: Option<Filter>,
}

#[derive(Debug)]
struct Filter {
    shared: Arc<Shared>,
    /// How many keys there is room for.
    room: usize,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    keys: AtomicBloomFilter<RandomState>,
    /// Whether all of the table is in it.
    is_whole: AtomicBool,
    /// Whether nobody needs it any more.
    is_given_up: AtomicBool,
}

impl Claims {
    /// Of the database at `path`; nothing is known yet.
    pub(super) fn of(path: &Path) -> Self {
        Self { path: path.to_owned(), looks: 0, filter: None }
    }

    /// Whether nobody can have claimed this key.
    pub(super) fn is_new(&self, name: &[u8]) -> bool {
        self.filter
            .as_ref()
            .is_some_and(|Filter { shared, .. }| shared.is_whole.load(Ordering::Acquire) && !shared.keys.contains(name))
    }

    /// Notes that a key is claimed.
    pub(super) fn add(&mut self, name: &[u8]) {
        if let Some(filter) = &mut self.filter {
            filter.shared.keys.insert(name);
            filter.room = filter.room.saturating_sub(1);
        }
    }

    /// Notes a look at the table, and says whether it is time to [`begin`](Self::begin).
    pub(super) fn look(&mut self) -> bool {
        self.looks = self.looks.saturating_add(1);
        let is_full = self.filter.as_ref().is_some_and(|filter| filter.room == 0);
        self.looks >= LOOKS && (is_full || self.filter.is_none())
    }

    /// Begins a filter for twice as many keys as there are, with those that the table does not have yet.
    pub(super) fn begin<'a>(
        &mut self,
        connection: &Connection,
        waiting: impl Iterator<Item = &'a [u8]>,
    ) -> Result<(), StoreError> {
        self.forget();
        // About one for each transaction.
        let mut ends = connection.prepare_cached("SELECT coalesce(sum(position), 0) FROM streams")?;
        let there: i64 = ends.query_row([], |row| row.get(0))?;
        let there = usize::try_from(there).unwrap_or(usize::MAX);
        if there > MOST {
            return Ok(());
        }
        let size = there.saturating_mul(2).clamp(FEWEST, MOST);
        let keys = AtomicBloomFilter::with_false_pos(WRONG).hasher(RandomState::new()).expected_items(size);
        for name in waiting {
            keys.insert(name);
        }
        let shared = Arc::new(Shared { keys, is_whole: AtomicBool::new(false), is_given_up: AtomicBool::new(false) });
        let (of_thread, path) = (Arc::clone(&shared), self.path.clone());
        let thread = std::thread::Builder::new().name("sqlite-claims".to_owned()).spawn(move || {
            if let Err(error) = fill(&of_thread, &path) {
                tracing::warn!(%error, "claimed request keys are looked up one by one");
            }
        });
        let thread = Some(thread.map_err(|error| StoreError::Unavailable(error.to_string()))?);
        self.filter = Some(Filter { shared, room: size.saturating_sub(there), thread });
        Ok(())
    }

    /// Forgets everything.
    pub(super) fn forget(&mut self) {
        (self.looks, self.filter) = (0, None);
    }
}

/// Puts in what the table holds.
fn fill(shared: &Shared, path: &Path) -> Result<(), StoreError> {
    let connection = super::connect(path, Access::Read)?;
    let mut statement = connection.prepare("SELECT caller, request_id FROM requests")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if shared.is_given_up.load(Ordering::Relaxed) {
            return Ok(());
        }
        shared.keys.insert(name_of_claim(row.get(0)?, row.get(1)?).as_slice());
    }
    shared.is_whole.store(true, Ordering::Release);
    Ok(())
}

impl Drop for Filter {
    fn drop(&mut self) {
        self.shared.is_given_up.store(true, Ordering::Relaxed);
        if self.thread.take().is_some_and(|thread| thread.join().is_err()) {
            tracing::error!("the thread that reads the request keys had ended");
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;

    #[test]
    fn what_is_in_the_table_waits_or_is_added_is_not_new_and_all_else_is() {
        let path = std::env::temp_dir().join(format!("warifu-claims-{}.db", std::process::id()));
        let connection = Connection::open(&path).unwrap();
        let tables = "CREATE TABLE streams (position INTEGER); INSERT INTO streams VALUES (1);
            CREATE TABLE requests (caller BLOB, request_id TEXT); INSERT INTO requests VALUES (x'01', 'a');";
        connection.execute_batch(tables).unwrap();
        let name = |id: &str| name_of_claim(vec![1], id.to_owned());
        let mut claims = Claims::of(&path);
        assert!((1..LOOKS).all(|_| !claims.look()), "not worth it yet");
        assert!(claims.look());
        let waiting = name("b");
        claims.begin(&connection, std::iter::once(waiting.as_slice())).unwrap();
        claims.add(&name("c"));
        let until = Instant::now() + Duration::from_secs(30);
        while !claims.is_new(&name("d")) {
            assert!(Instant::now() < until, "it is never whole");
            std::thread::sleep(Duration::from_millis(1));
        }
        assert!(["a", "b", "c"].iter().all(|id| !claims.is_new(&name(id))));
        let wrong = (0..10_000).filter(|number| !claims.is_new(&name(&format!("n-{number}")))).count();
        assert!(wrong < 200, "{wrong} of 10,000");
        claims.forget();
        assert!(!claims.is_new(&name("d")), "nothing is known any more");
        std::fs::remove_file(&path).unwrap();
    }
}
