//! A list of what another cache holds, which it can be asked for without that cache taking notice.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use super::{Entry, Few, Index, Load};
use crate::key::Digest;

/// Entries by digest, and their weight.
pub(super) struct Listed<K> {
    index: Index<K>,
    bytes: AtomicU64,
}

impl<K> Listed<K> {
    pub(super) fn new() -> Self {
        Self { index: Index::new(), bytes: AtomicU64::new(0) }
    }

    /// Lists an entry in place of any other of its digest.
    pub(super) fn list(&self, digest: Digest, entry: &Arc<Entry<K>>) {
        self.bytes.fetch_add(entry.weight, Relaxed);
        let mut retired = Few::default();
        let replaced =
            self.index.link_by(&mut self.index.table.lock(), digest, Arc::clone(entry), &mut retired);
        retired.extend(replaced);
        self.retire(retired);
    }

    /// Takes off what is listed under a digest; only this entry, if one is given.
    pub(super) fn strike(&self, digest: Digest, only: Option<&Arc<Entry<K>>>) {
        // The lock is given back before anything is let go of: destructors are user code.
        let gone = self.index.unlink_by(&mut self.index.table.lock(), digest, only);
        self.retire(gone.into_iter().collect());
    }

    /// Takes off all that is listed.
    pub(super) fn clear(&self) {
        let gone = self.index.clear_by(&mut self.index.table.lock());
        self.retire(gone);
    }

    fn retire(&self, entries: Few<Arc<Entry<K>>>) {
        self.bytes.fetch_sub(entries.iter().map(|entry| entry.weight).sum(), Relaxed);
        self.index.retire(entries);
    }

    /// The entry that is listed under a digest.
    pub(super) fn get(&self, digest: Digest) -> Option<Arc<Entry<K>>> {
        self.index.get(digest)
    }

    /// What is listed, in no order.
    pub(super) fn digests(&self) -> Vec<Digest> {
        self.index.table.digests()
    }

    /// How much is listed.
    pub(super) fn load(&self) -> Load {
        Load { entries: self.index.table.len(), bytes: self.bytes.load(Relaxed) }
    }
}
