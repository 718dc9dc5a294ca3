//! What is under way, by digest: as a rule one or nothing, which needs no map.

use std::collections::HashMap;

use crate::key::{Digest, DigestState};

/// Things by digest.
pub(super) struct Listing<T> {
    first: Option<(Digest, T)>,
    more: HashMap<Digest, T, DigestState>,
}

impl<T> Default for Listing<T> {
    fn default() -> Self {
        Self { first: None, more: HashMap::default() }
    }
}

impl<T> Listing<T> {
    /// What is listed under a digest.
    #[inline]
    pub(super) fn find(&mut self, digest: Digest) -> Option<&mut T> {
        match &mut self.first {
            Some((first, listed)) if *first == digest => Some(listed),
            _ if self.more.is_empty() => None,
            _ => find_more(&mut self.more, digest),
        }
    }

    /// Lists something under a digest that nothing is listed under.
    #[inline]
    pub(super) fn list(&mut self, digest: Digest, listed: T) {
        if self.first.is_none() {
            self.first = Some((digest, listed));
        } else {
            self.list_more(digest, listed);
        }
    }

    #[cold]
    fn list_more(&mut self, digest: Digest, listed: T) {
        self.more.insert(digest, listed);
    }

    /// Takes off what is listed under a digest.
    #[inline]
    pub(super) fn strike(&mut self, digest: Digest) -> Option<T> {
        match self.first.take_if(|(first, _)| *first == digest) {
            Some((_, listed)) => Some(listed),
            None if self.more.is_empty() => None,
            None => self.strike_more(digest),
        }
    }

    #[cold]
    fn strike_more(&mut self, digest: Digest) -> Option<T> {
        self.more.remove(&digest)
    }

    /// Takes all off.
    pub(super) fn take(&mut self) -> Vec<T> {
        let first = self.first.take().into_iter().map(|(_, listed)| listed);
        first.chain(self.more.drain().map(|(_, listed)| listed)).collect()
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none() && self.more.is_empty()
    }
}

/// What is under a digest among more than one.
#[cold]
fn find_more<T>(more: &mut HashMap<Digest, T, DigestState>, digest: Digest) -> Option<&mut T> {
    more.get_mut(&digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_digest_has_its_own_whoever_comes_and_goes_first() {
        let digest = |number| Digest::from_words(number, number);
        let mut listing = Listing::default();
        (1..=3).for_each(|number| listing.list(digest(number), number));
        assert_eq!(
            [1, 2, 3, 4].map(|number| listing.find(digest(number)).copied()),
            [Some(1), Some(2), Some(3), None]
        );
        assert_eq!((listing.strike(digest(1)), listing.strike(digest(1))), (Some(1), None));
        listing.list(digest(4), 4);
        assert_eq!((listing.strike(digest(3)), listing.find(digest(4)).copied()), (Some(3), Some(4)));
        let mut rest = listing.take();
        rest.sort_unstable();
        assert_eq!((rest, listing.is_empty()), (vec![2, 4], true));
    }
}
