//! What is at stake where an order must give up an entry: the time its loss would cost, and the room it takes.
//!
//! Counted in octaves, that is powers of two: measurements of time stray, and what is nearly alike shall count as alike.

use super::Bounds;
use crate::clock::Nanos;

/// Costs below this many nanoseconds are all the same: clocks stray by as much, and so do caches of the processor.
const LEAST: Nanos = 1 << 10;

/// The time that the loss of an entry would cost, in octaves of nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Loss(u8);

impl Default for Loss {
    fn default() -> Self {
        Self::of(0)
    }
}

impl Loss {
    /// That of a result which takes so long to have again.
    pub(crate) fn of(cost: Nanos) -> Self {
        Self(octave(cost.max(LEAST)))
    }

    /// What is at stake where all take the same room.
    pub(super) fn alone(self) -> Stake {
        Stake { worth: Worth(self.0), room: 1 }
    }
}

/// What an entry saves and what it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stake {
    pub(super) worth: Worth,
    /// Its share of the bounds, in parts of 2^32.
    pub(super) room: u32,
}

/// Time by room, in octaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Worth(u8);

impl Worth {
    /// Nothing.
    pub(super) const NONE: Self = Self(0);

    /// Half of it, so many times.
    pub(super) fn halved(self, times: u8) -> Self {
        Self(self.0.saturating_sub(times))
    }

    /// By how much it exceeds another one, in pairs of octaves from zero up: what is less than four times as much, or
    /// as little, is alike.
    pub(super) fn lead(self, other: Self) -> i8 {
        // Either is less than 128.
        (self.0.cast_signed() - other.0.cast_signed()) / 2
    }
}

impl Bounds {
    /// What is at stake in an entry of this weight; of the two shares of the bounds that it takes the larger one counts.
    pub(super) fn stake(self, loss: Loss, weight: u64) -> Stake {
        let by_bytes = self.max_bytes.map_or(u64::MAX, |most| most / weight.max(1));
        let by_entries = self.max_entries.unwrap_or(u64::MAX);
        let fit = by_bytes.min(by_entries).max(1);
        let room = u32::try_from((1_u64 << u32::BITS) / fit).unwrap_or(u32::MAX).max(1);
        Stake { worth: Worth(loss.0 + octave(fit)), room }
    }
}

/// The logarithm to base 2 of a number, rounded down: at most 63.
fn octave(number: u64) -> u8 {
    number.checked_ilog2().and_then(|octave| u8::try_from(octave).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOUNDS: Bounds = Bounds { max_entries: Some(1024), max_bytes: Some(1 << 20) };

    fn worth(cost: Nanos, weight: u64) -> Worth {
        BOUNDS.stake(Loss::of(cost), weight).worth
    }

    #[test]
    fn what_costs_more_or_takes_less_room_is_worth_more() {
        assert_eq!(worth(1_000_000, 4096).lead(worth(1_000_000 / 16, 4096)), 2);
        assert_eq!(worth(1_000_000, 4096).lead(worth(1_000_000, 4096 * 64)), 3);
        assert_eq!(worth(1_000, 4096).lead(worth(1_000_000, 4096)), -4);
    }

    #[test]
    fn what_is_nearly_alike_is_alike() {
        assert_eq!(worth(100_000, 5000).lead(worth(180_000, 5000)), 0);
        assert_eq!(worth(100_000, 5000).lead(worth(100_000, 9000)), 0);
        assert_eq!(worth(5, 5000).lead(worth(900, 5000)), 0, "too short to be told apart");
        assert_eq!(worth(5_000, 1).lead(worth(5_000, 1000)), 0, "either takes one of the entries");
    }

    #[test]
    fn no_bound_and_no_cost_is_out_of_range() {
        let none = Bounds { max_entries: None, max_bytes: None };
        let most = none.stake(Loss::of(Nanos::MAX), 0);
        let least = Bounds { max_entries: Some(0), ..none }.stake(Loss::of(0), u64::MAX);
        assert_eq!((most.worth.lead(least.worth), most.room, least.room), (58, 1, u32::MAX));
    }
}
