//! A call that has to run the body, and what is known of its key by then.

use super::shelf::ShelfKey;
use crate::key::{Digest, FileContent, KeyWriter};

/// A call that has found nothing in memory.
#[derive(Clone, Debug)]
pub struct Miss {
    pub(super) digest: Digest,
    pub(super) key: Option<ShelfKey>,
    /// What the key depends on beside the arguments.
    pub(super) files: Vec<FileContent>,
    /// Whether the key changed whenever it was looked at.
    pub(super) strays: bool,
    pub(super) purpose: Purpose,
}

/// How often a key is written anew because its files change meanwhile.
const ATTEMPTS: usize = 3;

impl Miss {
    /// That of a call that touches no cache.
    pub(super) const UNCACHED: Self = Self {
        digest: Digest::NONE,
        key: None,
        files: Vec::new(),
        strays: false,
        purpose: Purpose::Uncached,
    };

    /// That of a call with this key, of which `shelf_key` gives what the store knows. Digest, files and that are all of
    /// one moment; if they cannot be had so, nothing will be looked for or kept.
    pub(super) fn of(
        mut digest: Digest,
        purpose: Purpose,
        write: &dyn Fn(&mut KeyWriter),
        shelf_key: impl Fn(Digest) -> Option<ShelfKey>,
    ) -> Self {
        for _ in 0..ATTEMPTS {
            let (key, files) = (shelf_key(digest), KeyWriter::files(write));
            let again = if files.is_empty() { digest } else { KeyWriter::digest(write) };
            if again == digest {
                return Self { digest, key, files, strays: false, purpose };
            }
            digest = again;
        }
        Self { digest, key: None, files: Vec::new(), strays: true, purpose }
    }

    /// Whether the files of the key are as they were when the call began. If not, a body that has run meanwhile may
    /// have read what another key stands for.
    pub(super) fn is_current(&self) -> bool {
        !self.strays && self.files.iter().all(FileContent::is_still_so)
    }
}

/// What a call that runs the body is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// A value, from wherever it comes.
    Value,
    /// A fresh value, in place of the one that is kept.
    Refresh,
    /// A value that has nothing to do with the cache.
    Uncached,
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;
    use crate::key::{CacheKey, file};

    /// The miss of a key that is a file's content, of which the first looks each find another.
    fn miss(changes: u32) -> (Miss, Digest, Digest) {
        let path = std::env::temp_dir().join(format!("omnicache-miss-{}-{changes}", std::process::id()));
        let set = |content: u32| std::fs::write(&path, content.to_string()).unwrap();
        set(0);
        let write = |key: &mut KeyWriter| file(&path).write_key(key);
        let (first, left) = (KeyWriter::digest(write), Cell::new(changes));
        let miss = Miss::of(first, Purpose::Value, &write, |_| {
            left.set(left.get().saturating_sub(1));
            set(changes - left.get());
            None
        });
        let last = KeyWriter::digest(write);
        std::fs::remove_file(&path).unwrap();
        (miss, first, last)
    }

    #[test]
    fn a_key_whose_file_changes_while_it_is_written_is_that_of_its_last_content() {
        let (steady, first, last) = miss(0);
        assert!(!steady.strays && steady.digest == first && first == last);
        let (changed, first, last) = miss(1);
        assert!(!changed.strays && changed.digest == last && first != last);
    }

    #[test]
    fn what_a_file_gives_that_never_rests_is_not_kept() {
        let (restless, ..) = miss(100);
        assert!(restless.strays && !restless.is_current() && restless.key.is_none());
    }
}
