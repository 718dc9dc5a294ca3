//! Who computes a key beside its flight, as a refresh does: nobody waits for it, and it hears of invalidations all the same.

use super::table::Flights;
use crate::key::Digest;

/// Those who compute a key of theirs beside its flight.
#[derive(Default)]
pub(super) struct Apart(Vec<Computing>);

struct Computing {
    digest: Digest,
    ticket: u64,
    revoked: bool,
}

impl Apart {
    /// Notes that the keys which `is_meant` names were invalidated.
    pub(super) fn revoke(&mut self, is_meant: impl Fn(Digest) -> bool) {
        let meant = self.0.iter_mut().filter(|computing| is_meant(computing.digest));
        meant.for_each(|computing| computing.revoked = true);
    }

    /// Whether anybody computes this key.
    #[inline]
    pub(super) fn lists(&self, digest: Digest) -> bool {
        !self.0.is_empty() && self.0.iter().any(|computing| computing.digest == digest)
    }

    fn place_of(&self, ticket: u64) -> Option<usize> {
        self.0.iter().position(|computing| computing.ticket == ticket)
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K> Flights<K> {
    /// Computes a key beside its flight.
    pub(crate) fn part(&self, digest: Digest) -> Parted<'_, K> {
        let mut board = self.board(digest);
        let ticket = board.ticket();
        board.apart.0.push(Computing { digest, ticket, revoked: false });
        Parted { flights: self, digest, ticket }
    }
}

/// Computes a key beside its flight, until dropped.
pub(crate) struct Parted<'a, K> {
    flights: &'a Flights<K>,
    digest: Digest,
    ticket: u64,
}

impl<K> Parted<'_, K> {
    /// Whether the key was invalidated since this one began.
    pub(crate) fn is_revoked(&self) -> bool {
        let Apart(apart) = &self.flights.board(self.digest).apart;
        apart.iter().any(|computing| computing.ticket == self.ticket && computing.revoked)
    }
}

impl<K> Drop for Parted<'_, K> {
    fn drop(&mut self) {
        let mut board = self.flights.board(self.digest);
        let apart = &mut board.apart;
        if let Some(place) = apart.place_of(self.ticket) {
            apart.0.swap_remove(place);
        }
        self.flights.note_landing(self.digest, &mut board);
    }
}
