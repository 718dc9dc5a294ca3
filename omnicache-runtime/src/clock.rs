//! One clock for every tier: nanoseconds since the Unix epoch, injectable for tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A point in time: nanoseconds since the Unix epoch (good until the year 2554).
pub type Nanos = u64;

/// Tells the time that decides expiry, in memory and on disk alike, and how long bodies take.
pub trait Clock: Send + Sync + 'static {
    /// Nanoseconds since the Unix epoch.
    fn now(&self) -> Nanos;

    /// Whether this is the machine's own clock.
    #[doc(hidden)]
    fn is_system(&self) -> bool {
        false
    }
}

/// The machine's wall clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Nanos {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, nanos)
    }

    fn is_system(&self) -> bool {
        true
    }
}

/// A clock that moves only when told to; clones share the time.
///
/// ```
/// use omnicache_runtime::{Clock, ManualClock};
/// use std::time::Duration;
///
/// let clock = ManualClock::new();
/// let before = clock.now();
/// clock.advance(Duration::from_secs(60));
/// assert_eq!(clock.now() - before, 60_000_000_000);
/// ```
#[derive(Clone, Debug)]
pub struct ManualClock(Arc<AtomicU64>);

impl ManualClock {
    /// A clock that starts at the present wall-clock time.
    pub fn new() -> Self {
        Self(Arc::new(AtomicU64::new(SystemClock.now())))
    }

    /// Moves the time forward.
    pub fn advance(&self, by: Duration) {
        self.0.fetch_add(nanos(by), Ordering::SeqCst);
    }

    /// Moves the time backward, as a corrected wall clock does.
    pub fn rewind(&self, by: Duration) {
        self.0.fetch_sub(nanos(by), Ordering::SeqCst);
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Nanos {
        self.0.load(Ordering::SeqCst)
    }
}

/// Tells how long something takes: by the machine's monotonic clock, or by the clock that was put in its place.
pub(crate) struct Stopwatch<'a> {
    started: Instant,
    told: Option<(&'a dyn Clock, Nanos)>,
}

impl<'a> Stopwatch<'a> {
    /// Starts it, where `clock` is the one that decides expiry.
    pub(crate) fn start(clock: &'a dyn Clock) -> Self {
        let told = (!clock.is_system()).then(|| (clock, clock.now()));
        Self { started: Instant::now(), told }
    }

    /// The time since it was started.
    pub(crate) fn elapsed(&self) -> Nanos {
        match self.told {
            Some((clock, started)) => clock.now().saturating_sub(started),
            None => nanos(self.started.elapsed()),
        }
    }

    /// Does something and tells how long that took.
    pub(crate) fn time<R>(clock: &'a dyn Clock, work: impl FnOnce() -> R) -> (R, Nanos) {
        let watch = Self::start(clock);
        let result = work();
        (result, watch.elapsed())
    }
}

/// A duration as nanoseconds, saturating.
pub(crate) fn nanos(duration: Duration) -> Nanos {
    u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)
}

/// Whether an entry stored at `stored_at` with the given `ttl` is expired at `now`.
///
/// An age equal to the time to live is expired, and so is a timestamp from the future.
pub(crate) fn expired(stored_at: Nanos, ttl: Option<Nanos>, now: Nanos) -> bool {
    ttl.is_some_and(|ttl| stored_at > now || now - stored_at >= ttl)
}
