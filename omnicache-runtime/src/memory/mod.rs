//! The memory tier: a few engines behind one small trait, chosen by data and policy.
//!
//! Hits allocate nothing and clone no value under a lock: engines hand out `Arc`s, the scalar table copies words.

mod atomic;
mod bounded;
mod duels;
mod dues;
mod entry;
mod few;
mod groups;
mod index;
mod local;
mod lru;
mod nodes;
mod orders;
mod pins;
mod queue;
mod queued;
mod recent;
mod s3_fifo;
mod scalars;
mod seats;
mod sketch;
mod slots;
#[cfg(test)]
mod suite;
mod table;
mod tier;
mod words;
mod worth;

#[cfg(feature = "moka")]
mod lfu;
#[cfg(not(feature = "moka"))]
#[path = "lfu_absent.rs"]
mod lfu;
#[cfg(feature = "moka")]
mod listed;

pub(crate) use entry::Entry;
use few::Few;
pub(crate) use index::Index;
pub(crate) use local::LocalTier;
pub(crate) use scalars::{ScalarPlan, Scalars};
pub(crate) use table::Table;
pub(crate) use tier::{Found, Tier, TierPlan};
pub use words::Words;
pub(crate) use words::WordsOf;
pub(crate) use worth::Loss;
use worth::Stake;

use std::sync::Arc;

use crate::key::Digest;

/// How much an engine may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Most entries, if bounded.
    pub max_entries: Option<u64>,
    /// Most bytes of payload, if bounded.
    pub max_bytes: Option<u64>,
}

/// Is told which entries an engine gave up to make room. Called under the engine's lock: it may only count.
pub(crate) type OnEvict = Arc<dyn Fn(Digest) + Send + Sync>;

/// Tells whether an entry is still to be kept. Asked by an engine where whoever removes the entry later finds it, under its
/// lock perhaps: it may only look.
pub(crate) type IsWanted<'a> = &'a dyn Fn() -> bool;

/// Keeps entries by digest within its bounds.
pub(crate) trait Engine<K> {
    /// The entry, counted as a use.
    fn get(&self, digest: Digest) -> Option<Arc<Entry<K>>>;

    /// The same for who is about to compute it: to find nothing counts as nothing.
    fn get_again(&self, digest: Digest) -> Option<Arc<Entry<K>>> {
        self.get(digest)
    }

    /// The entry, not counted as a use.
    fn peek(&self, digest: Digest) -> Option<Arc<Entry<K>>>;

    /// Gets ready for an entry that will be inserted soon.
    fn expect(&self, _digest: Digest) {}

    /// Keeps an entry if it is still wanted, evicting others if need be. One of the same digest is replaced.
    fn insert(&self, digest: Digest, entry: Arc<Entry<K>>, is_wanted: IsWanted<'_>);

    /// Forgets an entry; tells whether there was one.
    fn remove(&self, digest: Digest) -> bool;

    /// Forgets all.
    fn clear(&self);

    /// What is held, in no order.
    fn digests(&self) -> Vec<Digest>;

    /// Whether the engine removes what is past its time without being told.
    fn expires_by_itself(&self) -> bool {
        false
    }

    /// How many entries are held, and their weight in bytes.
    fn load(&self) -> Load;

    /// Where readers find entries without asking the engine, if there is such a thing.
    fn index(&self) -> Option<Arc<Index<K>>> {
        None
    }
}

/// What an engine holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) entries: u64,
    pub(crate) bytes: u64,
}

impl Bounds {
    /// Whether a load breaks the bounds, or leaves less of the bytes than is to stay free, in parts of 2^32.
    fn exceeded_beside(self, load: Load, reserve: u64) -> bool {
        let free =
            |most: u64| u64::try_from((u128::from(most) * u128::from(reserve)) >> u32::BITS).unwrap_or(most);
        let kept = self.max_bytes.map_or(0, free);
        self.exceeded_by(Load { bytes: load.bytes.saturating_add(kept), ..load })
    }

    fn exceeded_by(self, load: Load) -> bool {
        self.max_entries.is_some_and(|most| load.entries > most)
            || self.max_bytes.is_some_and(|most| load.bytes > most)
    }
}
