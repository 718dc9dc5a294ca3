//! Which layouts of a type were written, read back and found unharmed.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use super::layouts::{Layouts, mix};

/// So many layouts are remembered per type; beyond, every value is proven anew.
const REMEMBERED: usize = 8192;

/// What the formats are trusted with, for one type.
#[derive(Debug, Default)]
pub(super) struct Proofs {
    sound: RwLock<HashSet<u64>>,
    /// Sets of layouts, by signature, of which a value was harmed.
    harmed: RwLock<HashSet<u64>>,
    /// The content of the value that MessagePack last gave back unharmed: most often the one about to be written.
    named: AtomicU64,
}

/// What is known of a value's layouts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Every one of them came back unharmed before.
    Sound,
    /// A value of just these layouts did not.
    Harmed,
    /// Not all of them were met.
    Unknown,
}

impl Layouts {
    fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        self.slots.iter().copied().filter(|layout| *layout != 0)
    }

    /// One word for the whole set, whatever order it was filled in.
    fn signature(&self) -> u64 {
        self.iter().fold(self.len as u64, |sum, layout| sum.wrapping_add(mix(layout, layout)))
    }
}

impl Proofs {
    pub(super) fn standing(&self, layouts: &Layouts) -> Standing {
        if layouts.overflowed {
            return Standing::Unknown;
        }
        let sound = self.sound.read().unwrap_or_else(PoisonError::into_inner);
        if layouts.iter().all(|layout| sound.contains(&layout)) && !sound.is_empty() {
            return Standing::Sound;
        }
        let harmed = self.harmed.read().unwrap_or_else(PoisonError::into_inner);
        if harmed.contains(&layouts.signature()) { Standing::Harmed } else { Standing::Unknown }
    }

    /// Whether a value of this content came back from MessagePack just now.
    pub(super) fn is_named(&self, content: u64) -> bool {
        self.named.load(Ordering::Relaxed) == content
    }

    pub(super) fn record_named(&self, content: u64) {
        self.named.store(content, Ordering::Relaxed);
    }

    pub(super) fn record(&self, layouts: &Layouts, unharmed: bool) {
        if layouts.overflowed {
            return;
        }
        let known = if unharmed { &self.sound } else { &self.harmed };
        let mut known = known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            return;
        }
        if unharmed {
            known.extend(layouts.iter());
        } else {
            known.insert(layouts.signature());
        }
    }
}
