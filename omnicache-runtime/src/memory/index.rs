//! Finds entries without a lock, for hits: a table from digest to the entry's address.
//!
//! An entry that is unlinked stays until nobody can look at it any more (see [`super::pins`]). Whoever does not find
//! an entry here asks the engine, which has the last word.

use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};

use super::pins::{Readers, pin};
use super::queued::Queue;
use super::table::Writer;
use super::{Entry, Few, Table};
use crate::key::Digest;

/// The entries of an engine, as its readers see them, and beside them what its writers know.
pub(crate) struct Index<K> {
    /// Each word is the address of an entry, of which the table owns one reference.
    pub(super) table: Table<1, Queue<K>>,
    limbo: Mutex<Vec<Retired<K>>>,
    /// Whether anything is in limbo: a hint that spares most insertions the lock.
    waits: AtomicBool,
}

/// Entries that were unlinked together, and who may still look at them.
struct Retired<K> {
    readers: Readers,
    _entries: Few<Arc<Entry<K>>>,
}

impl<K> Index<K> {
    pub(super) fn new() -> Self {
        Self { table: Table::new(u64::MAX), limbo: Mutex::new(Vec::new()), waits: AtomicBool::new(false) }
    }

    /// Reads the entry under a digest. It stays while it is read, whatever becomes of it in the index.
    #[inline(always)]
    pub(super) fn read<R>(&self, digest: Digest, read: impl FnOnce(&Entry<K>) -> R) -> Option<R> {
        let _pinned = pin()?;
        let [address] = self.table.get(digest)?;
        let entry = std::ptr::with_exposed_provenance::<Entry<K>>(usize::try_from(address).ok()?);
        // SAFETY: every word of the table that is not null is the address of an entry that the table owned a reference
        // of when it was written, and that reference is given up by `retire` alone, once all threads that were pinned
        // when it was called, which is after the word was overwritten, have come to an end. This thread is pinned: it
        // found the word before that, and is waited for. What the entry holds was written before its address.
        let entry = unsafe { entry.as_ref() }?;
        Some(read(entry))
    }

    /// Whether one look tells that there is no entry under a digest, and no writer was in the way.
    #[inline]
    pub(super) fn surely_lacks(&self, digest: Digest) -> bool {
        self.table.surely_lacks(digest)
    }

    /// The entry under a digest, for whoever may not read without a lock.
    pub(super) fn get(&self, digest: Digest) -> Option<Arc<Entry<K>>> {
        let _writers = self.table.lock();
        let [address] = self.table.get(digest)?;
        // Another reference beside the table's, which nobody takes away meanwhile.
        Some(Arc::clone(&ManuallyDrop::new(Self::owned(address))))
    }

    /// Lists an entry in place of any other, and gives that one. It is to be retired, outside of all locks, and so are
    /// those that the table had no room for.
    #[must_use]
    pub(super) fn link_by(
        &self,
        writer: &mut Writer<Queue<K>>,
        digest: Digest,
        entry: Arc<Entry<K>>,
        retired: &mut Few<Arc<Entry<K>>>,
    ) -> Option<Arc<Entry<K>>> {
        let address = Arc::into_raw(entry).expose_provenance() as u64;
        let mut give_up = |_, [address]: [u64; 1]| retired.push(Self::owned(address));
        self.table.insert_by(writer, digest, [address], &mut give_up).map(|[replaced]| Self::owned(replaced))
    }

    /// Takes an entry off the list, or leaves it there if it is not the `only` one that is meant. What is given is to be
    /// retired, outside of all locks.
    #[must_use]
    pub(super) fn unlink_by(
        &self,
        writer: &mut Writer<Queue<K>>,
        digest: Digest,
        only: Option<&Arc<Entry<K>>>,
    ) -> Option<Arc<Entry<K>>> {
        let is_meant = |address| only.is_none_or(|only| Arc::as_ptr(only).addr() as u64 == address);
        let removed = self.table.remove_by(writer, digest, |[address]| is_meant(address));
        removed.map(|[address]| Self::owned(address))
    }

    /// Takes all entries off the list. What is given is to be retired, outside of all locks.
    #[must_use]
    pub(super) fn clear_by(&self, writer: &mut Writer<Queue<K>>) -> Few<Arc<Entry<K>>> {
        let mut gone = Few::default();
        self.table.clear_by(writer, &mut |_, [address]| gone.push(Self::owned(address)));
        gone
    }

    /// The reference that an address in the table stands for: to be dropped by whoever has taken it out of the table,
    /// and by nobody else.
    fn owned(address: u64) -> Arc<Entry<K>> {
        let entry = std::ptr::with_exposed_provenance(usize::try_from(address).unwrap_or_default());
        // SAFETY: made by `Arc::into_raw` in `link`, and owned by the table until it gives the word up, which it does
        // once. Who asks before that holds the writers' lock, and drops nothing.
        unsafe { Arc::from_raw(entry) }
    }

    /// Lets go of entries that are unlinked: now if nobody reads, and with a later call if somebody does. No lock may
    /// be held, for destructors are user code.
    pub(super) fn retire(&self, mut entries: Few<Arc<Entry<K>>>) {
        let mut readers = if entries.is_empty() { Readers::none() } else { Readers::now() };
        let unread = readers.are_gone();
        if unread && !self.waits.load(Relaxed) {
            return;
        }
        let mut limbo = self.limbo.lock().unwrap_or_else(PoisonError::into_inner);
        let gone: Vec<_> = limbo.extract_if(.., |retired| retired.readers.are_gone()).collect();
        // Those that nobody reads are dropped by the end of this call, when nothing is locked any more.
        let waiting = (!unread).then(|| Retired { readers, _entries: std::mem::take(&mut entries) });
        limbo.extend(waiting);
        self.waits.store(!limbo.is_empty(), Relaxed);
        drop(limbo);
        drop(gone);
    }
}

impl<K> Drop for Index<K> {
    fn drop(&mut self) {
        let mut writer = self.table.lock();
        let held = self.clear_by(&mut writer);
        drop(writer);
        drop(held);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU64;

    use super::*;

    /// Tells when it is dropped, and is scrambled then.
    struct Watched {
        value: u64,
        copy: u64,
        dropped: Arc<AtomicU64>,
    }

    impl Drop for Watched {
        fn drop(&mut self) {
            self.value = u64::MAX;
            self.dropped.fetch_add(1, Relaxed);
        }
    }

    fn digest(number: u64) -> Digest {
        crate::key::KeyWriter::digest(|key| key.length(usize::try_from(number).unwrap()))
    }

    fn entry(value: u64, dropped: &Arc<AtomicU64>) -> Arc<Entry<Watched>> {
        Arc::new(Entry::new(Watched { value, copy: value, dropped: Arc::clone(dropped) }, 0, 0, None, 0))
    }

    /// Lists an entry; gives what is to be retired.
    fn link(index: &Index<Watched>, digest: Digest, entry: Arc<Entry<Watched>>) -> Few<Arc<Entry<Watched>>> {
        let mut retired = Few::default();
        let replaced = index.link_by(&mut index.table.lock(), digest, entry, &mut retired);
        retired.extend(replaced);
        retired
    }

    /// Lets go until so many are dropped: readers of other tests are waited for too.
    fn settle(index: &Index<Watched>, dropped: &AtomicU64, count: u64) {
        while dropped.load(Relaxed) < count {
            index.retire(Few::default());
            std::thread::yield_now();
        }
        assert_eq!(dropped.load(Relaxed), count);
    }

    #[test]
    fn what_nobody_reads_goes_when_it_is_retired() {
        let (index, dropped) = (Index::new(), Arc::default());
        assert!(link(&index, digest(1), entry(1, &dropped)).is_empty());
        index.retire(link(&index, digest(1), entry(2, &dropped)));
        settle(&index, &dropped, 1);
        assert_eq!(index.read(digest(1), |entry| entry.value.value), Some(2));
        let unlinked = index.unlink_by(&mut index.table.lock(), digest(1), None);
        index.retire(unlinked.into_iter().collect());
        settle(&index, &dropped, 2);
        assert!(index.read(digest(1), |_| ()).is_none());
        assert!(link(&index, digest(1), entry(3, &dropped)).is_empty());
        drop(index);
        assert_eq!(dropped.load(Relaxed), 3);
    }

    #[test]
    fn what_is_read_stays_until_it_has_been_even_if_the_reader_reads_more() {
        let (index, dropped) = (Index::new(), Arc::default());
        drop(link(&index, digest(1), entry(1, &dropped)));
        drop(link(&index, digest(2), entry(2, &dropped)));
        index.read(digest(1), |entry| {
            let unlinked = index.unlink_by(&mut index.table.lock(), digest(1), None);
            index.retire(unlinked.into_iter().collect());
            index.read(digest(2), |_| ()).expect("another entry");
            index.retire(Few::default());
            assert_eq!((dropped.load(Relaxed), entry.value.value), (0, 1));
        });
        settle(&index, &dropped, 1);
    }

    #[test]
    fn a_reader_whose_thread_panics_is_waited_for_no_longer() {
        let (index, dropped) = (Arc::new(Index::new()), Arc::default());
        drop(link(&index, digest(1), entry(1, &dropped)));
        let lent = Arc::clone(&index);
        let _ = std::thread::spawn(move || lent.read(digest(1), |_| panic!("a clone that fails"))).join();
        let unlinked = index.unlink_by(&mut index.table.lock(), digest(1), None);
        index.retire(unlinked.into_iter().collect());
        settle(&index, &dropped, 1);
    }

    #[test]
    fn readers_see_whole_entries_of_their_key_while_writers_replace_and_remove_them() {
        let (index, dropped, linked) = (Index::new(), Arc::default(), AtomicU64::new(0));
        let writing = AtomicU64::new(2);
        std::thread::scope(|scope| {
            for writer in 0..2_u64 {
                let (index, dropped, linked, writing) = (&index, &dropped, &linked, &writing);
                scope.spawn(move || {
                    for round in 0..100_000_u64 {
                        let key = (round * 7 + writer) % 31;
                        let retired = if round % 5 == 0 {
                            let unlinked = index.unlink_by(&mut index.table.lock(), digest(key), None);
                            unlinked.into_iter().collect()
                        } else {
                            linked.fetch_add(1, Relaxed);
                            link(index, digest(key), entry(key | round << 32, dropped))
                        };
                        index.retire(retired);
                    }
                    writing.fetch_sub(1, Relaxed);
                });
            }
            for _ in 0..2 {
                scope.spawn(|| {
                    let (mut found, mut more) = (0, true);
                    // Once more after the writers, who may have been done before this thread began.
                    while more {
                        more = writing.load(Relaxed) > 0;
                        for key in 0..31 {
                            found += index
                                .read(digest(key), |entry| {
                                    let Watched { value, copy, .. } = &entry.value;
                                    assert_eq!((value, value % (1 << 32)), (copy, key));
                                    1
                                })
                                .unwrap_or(0);
                        }
                    }
                    assert!(found > 0);
                });
            }
        });
        drop(index);
        assert_eq!(dropped.load(Relaxed), linked.load(Relaxed));
    }
}
