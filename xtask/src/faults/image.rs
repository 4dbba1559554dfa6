//! A disk that keeps what was synced and, of what was not, whatever chance decides: nothing, all, some writes, some sectors
//! of some writes, in any order. Names of files are kept by a sync of their folder, as POSIX has it, and by nothing else.

use std::collections::BTreeMap;

use super::chance::Chance;
use super::trace::{Event, FOLDER};

/// What a disk writes whole.
const SECTOR: usize = 512;

/// Whether a sync keeps what was written before it. A disk that ignores them is the control: it must be found out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Syncs {
    Kept,
    Ignored,
}

#[derive(Clone, Debug)]
enum Change {
    Write { offset: usize, data: Vec<u8> },
    Truncate { length: usize },
}

/// What lies under a name: what is kept for certain, and what was done since.
#[derive(Clone, Debug, Default)]
struct Content {
    kept: Vec<u8>,
    pending: Vec<(u64, Change)>,
}

/// The disk below the server's folder.
#[derive(Clone, Debug)]
pub(super) struct Disk {
    syncs: Syncs,
    contents: Vec<Content>,
    names: BTreeMap<String, usize>,
    kept_names: BTreeMap<String, usize>,
    /// What was done to names and is not kept yet.
    pending_names: Vec<(u64, String, Option<usize>)>,
    /// Up to which change a sync that is under way is about.
    begun: BTreeMap<(u32, String), u64>,
    time: u64,
}

impl Disk {
    /// A disk that keeps these files.
    pub(super) fn of(files: BTreeMap<String, Vec<u8>>, syncs: Syncs) -> Self {
        let names: BTreeMap<String, usize> = files.keys().cloned().zip(0..).collect();
        let contents = files.into_values().map(|kept| Content { kept, pending: Vec::new() }).collect();
        let (pending_names, begun) = (Vec::new(), BTreeMap::new());
        Self { syncs, contents, kept_names: names.clone(), names, pending_names, begun, time: 0 }
    }

    pub(super) fn apply(&mut self, event: &Event) {
        self.time += 1;
        match event {
            Event::Create { name } => {
                if !self.names.contains_key(name) {
                    let content = self.contents.len();
                    self.contents.push(Content::default());
                    self.rename(name, Some(content));
                }
            }
            Event::Unlink { name } => self.rename(name, None),
            Event::Write { name, offset, data } => {
                self.change(name, Change::Write { offset: *offset, data: data.clone() });
            }
            Event::Truncate { name, length } => self.change(name, Change::Truncate { length: *length }),
            Event::SyncBegins { thread, name } => {
                self.begun.insert((*thread, name.clone()), self.time);
            }
            Event::SyncEnds { thread, name } => {
                let begun = self.begun.remove(&(*thread, name.clone()));
                if let Some(begun) = begun.filter(|_| self.syncs == Syncs::Kept) {
                    self.keep(name, begun);
                }
            }
            Event::Told { .. } => {}
        }
    }

    fn rename(&mut self, name: &str, content: Option<usize>) {
        match content {
            Some(content) => self.names.insert(name.to_owned(), content),
            None => self.names.remove(name),
        };
        self.pending_names.push((self.time, name.to_owned(), content));
    }

    fn change(&mut self, name: &str, change: Change) {
        let content = self.names.get(name).and_then(|content| self.contents.get_mut(*content));
        if let Some(content) = content {
            content.pending.push((self.time, change));
        }
    }

    fn keep(&mut self, name: &str, until: u64) {
        if name == FOLDER {
            for (_, name, content) in self.pending_names.extract_if(.., |(time, ..)| *time < until) {
                set(&mut self.kept_names, name, content);
            }
            return;
        }
        let content = self.names.get(name).and_then(|content| self.contents.get_mut(*content));
        if let Some(Content { kept, pending }) = content {
            for (_, change) in pending.extract_if(.., |(time, _)| *time < until) {
                perform(kept, &change);
            }
        }
    }

    /// The files as they are found when the power comes back.
    pub(super) fn lose_power(&self, chance: &mut Chance) -> BTreeMap<String, Vec<u8>> {
        // Half of the cuts drop everything that was not synced, the hardest on promises; the rest keeps some.
        let fate = match chance.below(8) {
            0..4 => Fate::Dropped,
            4 => Fate::Kept,
            5 => Fate::Mixed,
            _ => Fate::Torn,
        };
        let mut names = self.kept_names.clone();
        let count = u64::try_from(self.pending_names.len()).unwrap_or(0);
        let count = match fate {
            Fate::Dropped => 0,
            Fate::Kept => count,
            Fate::Mixed | Fate::Torn => chance.below(count + 1),
        };
        let take = usize::try_from(count).unwrap_or(0);
        for (_, name, content) in self.pending_names.iter().take(take) {
            set(&mut names, name.clone(), *content);
        }
        let contents = names.into_iter().filter_map(|(name, content)| Some((name, self.contents.get(content)?)));
        contents.map(|(name, content)| (name, content.survive(fate, chance))).collect()
    }
}

/// What becomes of what was not synced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Dropped,
    Kept,
    /// Each write is there or not.
    Mixed,
    /// Each sector of each write is there or not.
    Torn,
}

impl Content {
    fn survive(&self, fate: Fate, chance: &mut Chance) -> Vec<u8> {
        let mut bytes = self.kept.clone();
        for (_, change) in &self.pending {
            match (fate, change) {
                (Fate::Dropped, _) => {}
                (Fate::Kept, _) => perform(&mut bytes, change),
                (Fate::Torn, Change::Write { offset, data }) if chance.below(3) == 0 => {
                    tear(&mut bytes, *offset, data, chance);
                }
                (Fate::Mixed | Fate::Torn, _) => {
                    if chance.below(2) == 0 {
                        perform(&mut bytes, change);
                    }
                }
            }
        }
        bytes
    }
}

/// Writes some of the sectors that a write touches.
fn tear(bytes: &mut Vec<u8>, offset: usize, data: &[u8], chance: &mut Chance) {
    let mut at = offset;
    let mut rest = data;
    while !rest.is_empty() {
        let (piece, more) = rest.split_at(rest.len().min(SECTOR - at % SECTOR));
        if chance.below(2) == 0 {
            perform(bytes, &Change::Write { offset: at, data: piece.to_vec() });
        }
        at += piece.len();
        rest = more;
    }
}

fn perform(bytes: &mut Vec<u8>, change: &Change) {
    match change {
        Change::Write { offset, data } => {
            let end = offset + data.len();
            if bytes.len() < end {
                bytes.resize(end, 0);
            }
            if let Some(place) = bytes.get_mut(*offset..end) {
                place.copy_from_slice(data);
            }
        }
        Change::Truncate { length } => bytes.resize(*length, 0),
    }
}

fn set(names: &mut BTreeMap<String, usize>, name: String, content: Option<usize>) {
    match content {
        Some(content) => names.insert(name, content),
        None => names.remove(&name),
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "warifu.db-wal";

    fn write(text: &str) -> Event {
        Event::Write { name: NAME.to_owned(), offset: 0, data: text.as_bytes().to_vec() }
    }

    fn sync(disk: &mut Disk, name: &str) {
        disk.apply(&Event::SyncBegins { thread: 1, name: name.to_owned() });
        disk.apply(&Event::SyncEnds { thread: 1, name: name.to_owned() });
    }

    /// Every image that a hundred seeds make of a disk.
    fn images(disk: &Disk) -> Vec<Option<String>> {
        let image = |seed| {
            let files = disk.lose_power(&mut Chance::new(seed));
            files.get(NAME).map(|bytes| String::from_utf8_lossy(bytes).into_owned())
        };
        let mut images: Vec<_> = (0..100).map(image).collect();
        images.sort();
        images.dedup();
        images
    }

    #[test]
    fn what_was_synced_is_there_and_the_rest_may_be() {
        let mut disk = Disk::of(BTreeMap::new(), Syncs::Kept);
        disk.apply(&Event::Create { name: NAME.to_owned() });
        disk.apply(&write("old"));
        sync(&mut disk, NAME);
        assert_eq!(images(&disk), [None, Some("old".to_owned())], "the name is not kept yet");
        sync(&mut disk, FOLDER);
        disk.apply(&write("new"));
        assert_eq!(images(&disk), [Some("new".to_owned()), Some("old".to_owned())]);
        sync(&mut disk, NAME);
        assert_eq!(images(&disk), [Some("new".to_owned())]);
    }

    #[test]
    fn what_was_written_during_a_sync_is_not_kept_by_it() {
        let mut disk = Disk::of(BTreeMap::from([(NAME.to_owned(), b"old".to_vec())]), Syncs::Kept);
        disk.apply(&Event::SyncBegins { thread: 1, name: NAME.to_owned() });
        disk.apply(&write("new"));
        disk.apply(&Event::SyncEnds { thread: 1, name: NAME.to_owned() });
        assert_eq!(images(&disk).len(), 2);
    }

    #[test]
    fn a_disk_that_ignores_syncs_loses_what_was_synced() {
        let mut disk = Disk::of(BTreeMap::from([(NAME.to_owned(), b"old".to_vec())]), Syncs::Ignored);
        disk.apply(&write("new"));
        sync(&mut disk, NAME);
        assert_eq!(images(&disk).len(), 2);
    }
}
