//! A call that has to run the body, and what is known of its key by then.

use super::shelf::ShelfKey;
use crate::flight::Landings;
use crate::key::{Digest, FileContent, KeyWriter};

/// A call that has found nothing in memory. It is handed on from layer to layer, and small for that.
#[derive(Clone, Debug)]
pub struct Miss {
    pub(super) digest: Digest,
    pub(super) purpose: Purpose,
    /// As of when memory is known to have nothing, if it is.
    absent: Option<Landings>,
    /// What the store knows it by, if there is one.
    key: Option<ShelfKey>,
    /// What makes the key, beside the arguments.
    beside: Option<Box<Beside>>,
}

/// What a key depends on that may change.
#[derive(Clone, Debug)]
struct Beside {
    /// What the key depends on beside the arguments.
    files: Vec<FileContent>,
    /// Whether the key changed whenever it was looked at.
    strays: bool,
}

/// How often a key is written anew because its files change meanwhile.
const ATTEMPTS: usize = 3;

impl Miss {
    /// That of a call that touches no cache.
    pub(super) const UNCACHED: Self =
        Self { digest: Digest::NONE, purpose: Purpose::Uncached, absent: None, key: None, beside: None };

    /// That of a call with this key, of which `shelf_key` gives what the store knows. Digest, files and that are all of
    /// one moment; if they cannot be had so, nothing will be looked for or kept.
    #[inline]
    pub(super) fn of(
        digest: Digest,
        purpose: Purpose,
        write: &dyn Fn(&mut KeyWriter),
        shelf_key: Option<&dyn Fn(Digest) -> Option<ShelfKey>>,
    ) -> Self {
        let shelf_key = |digest| shelf_key.and_then(|shelf_key| shelf_key(digest));
        if KeyWriter::reads_files() {
            Self::of_moment(digest, purpose, write, &shelf_key)
        } else {
            Self { digest, purpose, absent: None, key: shelf_key(digest), beside: None }
        }
    }

    fn of_moment(
        mut digest: Digest,
        purpose: Purpose,
        write: &dyn Fn(&mut KeyWriter),
        shelf_key: &dyn Fn(Digest) -> Option<ShelfKey>,
    ) -> Self {
        for _ in 0..ATTEMPTS {
            let (key, files) = (shelf_key(digest), KeyWriter::files(write));
            if files.is_empty() {
                return Self { digest, purpose, absent: None, key, beside: None };
            }
            let again = KeyWriter::digest(write);
            if again == digest {
                return Self {
                    digest,
                    purpose,
                    absent: None,
                    key,
                    beside: Some(Box::new(Beside { files, strays: false })),
                };
            }
            digest = again;
        }
        let beside = Beside { files: Vec::new(), strays: true };
        Self { digest, purpose, absent: None, key: None, beside: Some(Box::new(beside)) }
    }

    /// Notes that memory had nothing under a digest, as of that moment.
    #[inline]
    pub(super) fn was_absent(&mut self, digest: Digest, moment: Option<Landings>) {
        // A key that has changed since is another one.
        self.absent = moment.filter(|_| digest == self.digest);
    }

    /// As of when memory is known to have nothing, if it is.
    #[inline]
    pub(super) fn absent(&self) -> Option<Landings> {
        self.absent
    }

    /// What the store knows the call by.
    pub(super) fn key(&self) -> Option<&ShelfKey> {
        self.key.as_ref()
    }

    /// Whether the key changed whenever it was looked at.
    pub(super) fn strays(&self) -> bool {
        self.beside.as_ref().is_some_and(|beside| beside.strays)
    }

    /// Whether the files of the key are as they were when the call began. If not, a body that has run meanwhile may
    /// have read what another key stands for.
    #[inline]
    pub(super) fn is_current(&self) -> bool {
        let is_current =
            |beside: &Beside| !beside.strays && beside.files.iter().all(FileContent::is_still_so);
        self.beside.as_deref().is_none_or(is_current)
    }
}

/// What a call that runs the body is for. As wide as a word: what is handed on with gaps in it is copied piece by piece, and
/// each layer would wait for the pieces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(usize)]
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
        let shelf_key = |_| {
            left.set(left.get().saturating_sub(1));
            set(changes - left.get());
            None
        };
        let miss = Miss::of(first, Purpose::Value, &write, Some(&shelf_key));
        let last = KeyWriter::digest(write);
        std::fs::remove_file(&path).unwrap();
        (miss, first, last)
    }

    #[test]
    fn a_key_whose_file_changes_while_it_is_written_is_that_of_its_last_content() {
        let (steady, first, last) = miss(0);
        assert!(!steady.strays() && steady.digest == first && first == last);
        let (changed, first, last) = miss(1);
        assert!(!changed.strays() && changed.digest == last && first != last);
    }

    #[test]
    fn what_a_file_gives_that_never_rests_is_not_kept() {
        let (restless, ..) = miss(100);
        assert!(restless.strays() && !restless.is_current() && restless.key().is_none());
    }
}
