//! Section 4, point 4: time to live and time to idle, by one clock in every tier.

use std::sync::LazyLock;
use std::time::Duration;

use crate::common::{Runs, block_on, lasting, panic_of};
use omnicache::{CallExplanation, Config, ManualClock, Policy, cache};

const TTL: Duration = Duration::from_secs(10);
const NANO: Duration = Duration::from_nanos(1);

/// A clock of its own for each function.
macro_rules! clocks {
    ($($name:ident)+) => {$(static $name: LazyLock<ManualClock> = LazyLock::new(ManualClock::new);)+};
}

clocks! { MEMORY DISK PROMOTED FUTURE IDLE BOTH FRESH LFU AWAITED LOCAL RANDOM ORDER RUNTIME FUTURE_DISK LATE }

/// Calls at the last moment of an entry's life, and one nanosecond later.
fn boundary(clock: &ManualClock, call: impl Fn() -> u64) {
    assert_eq!(call(), 0);
    clock.advance(TTL - NANO);
    assert_eq!(call(), 0, "younger than the time to live");
    clock.advance(NANO);
    assert_eq!(call(), 1, "an age equal to the time to live is expired");
    assert_eq!(call(), 1, "and the new value is kept");
}

static MEMORY_RUNS: Runs = Runs::new();

#[cache(ttl = "10s", config = Config::new().clock(MEMORY.clone()))]
fn in_memory(_n: u64) -> u64 {
    MEMORY_RUNS.note().into()
}

#[test]
fn an_age_equal_to_the_ttl_is_expired_in_memory() {
    boundary(&MEMORY, || in_memory(1));
    assert_eq!(in_memory::stats().expirations, 1);
}

static DISK_RUNS: Runs = Runs::new();

#[cache(ttl = "10s", backend = disk, dir = lasting(), config = Config::new().clock(DISK.clone()))]
fn on_disk(_n: u64) -> u64 {
    DISK_RUNS.note().into()
}

#[test]
fn an_age_equal_to_the_ttl_is_expired_on_disk() {
    boundary(&DISK, || on_disk(1));
    assert_eq!(on_disk::stats().expirations, 1);
    assert_eq!(on_disk::stats().disk_hits, 2);
}

static LFU_RUNS: Runs = Runs::new();

#[cache(ttl = "10s", policy = lfu, config = Config::new().clock(LFU.clone()))]
fn by_frequency(_n: u64) -> u64 {
    LFU_RUNS.note().into()
}

static RANDOM_RUNS: Runs = Runs::new();

#[cache(ttl = "10s", policy = random, config = Config::new().clock(RANDOM.clone()))]
fn at_random(_n: u64) -> u64 {
    RANDOM_RUNS.note().into()
}

static LOCAL_RUNS: Runs = Runs::new();

#[cache(ttl = "10s", local, config = Config::new().clock(LOCAL.clone()))]
fn per_thread(_n: u64) -> u64 {
    LOCAL_RUNS.note().into()
}

static AWAITED_RUNS: Runs = Runs::new();

#[cache(ttl = "10s", config = Config::new().clock(AWAITED.clone()))]
async fn awaited(_n: u64) -> u64 {
    AWAITED_RUNS.note().into()
}

static RUNTIME_RUNS: Runs = Runs::new();

#[cache(config = Config::new().clock(RUNTIME.clone()).ttl(TTL).policy(Policy::Lru))]
fn by_builder(_n: u64) -> u64 {
    RUNTIME_RUNS.note().into()
}

#[test]
fn the_boundary_is_the_same_whatever_keeps_the_entry() {
    boundary(&LFU, || by_frequency(1));
    boundary(&RANDOM, || at_random(1));
    boundary(&LOCAL, || per_thread(1));
    boundary(&AWAITED, || block_on(awaited(1)));
    boundary(&RUNTIME, || by_builder(1));
}

static PROMOTED_RUNS: Runs = Runs::new();

#[cache(ttl = TTL, persist, max_entries = 1, dir = lasting(), config = Config::new().clock(PROMOTED.clone()))]
fn promoted(_n: u64) -> u64 {
    PROMOTED_RUNS.note().into()
}

#[test]
fn an_entry_promoted_from_disk_keeps_its_remaining_life() {
    assert_eq!(promoted(1), 0);
    PROMOTED.advance(Duration::from_secs(6));
    assert_eq!(promoted(2), 1, "takes the one place in memory");
    assert_eq!(promoted(1), 0, "comes from disk");
    assert_eq!(promoted::stats().disk_hits, 1);
    PROMOTED.advance(Duration::from_secs(4) - NANO);
    assert_eq!(promoted(1), 0);
    assert_eq!(promoted::stats().memory_hits, 1, "promoted to memory");
    PROMOTED.advance(NANO);
    assert!(!promoted::contains(1));
    assert_eq!(promoted(1), 2, "ten seconds after it was stored, not after it was promoted");
}

static FUTURE_RUNS: Runs = Runs::new();

#[cache(ttl = TTL, config = Config::new().clock(FUTURE.clone()))]
fn from_the_future(_n: u64) -> u64 {
    FUTURE_RUNS.note().into()
}

static FUTURE_DISK_RUNS: Runs = Runs::new();

#[cache(ttl = TTL, backend = disk, dir = lasting(), config = Config::new().clock(FUTURE_DISK.clone()))]
fn from_the_future_on_disk(_n: u64) -> u64 {
    FUTURE_DISK_RUNS.note().into()
}

#[test]
fn a_timestamp_from_the_future_counts_as_expired() {
    assert_eq!((from_the_future(1), from_the_future_on_disk(1)), (0, 0));
    FUTURE.rewind(NANO);
    FUTURE_DISK.rewind(NANO);
    assert_eq!((from_the_future(1), from_the_future_on_disk(1)), (1, 1));
}

#[cache(ttl = nothing())]
fn zero_ttl(n: u64) -> u64 {
    n
}

#[cache(config = Config::new().idle(nothing()))]
fn zero_idle(n: u64) -> u64 {
    n
}

fn nothing() -> Duration {
    Duration::ZERO
}

#[test]
fn zero_is_refused_at_first_use() {
    for (message, function, field) in [
        (panic_of(|| zero_ttl(1)), "expiry::zero_ttl", "`ttl`"),
        (panic_of(|| zero_idle(1)), "expiry::zero_idle", "`idle`"),
    ] {
        assert!(message.contains(function) && message.contains(field), "{message}");
        assert!(message.contains("= 0") && message.contains("zero"), "{message}");
    }
}

static IDLE_RUNS: Runs = Runs::new();

#[cache(idle = "10s", config = Config::new().clock(IDLE.clone()))]
fn idle(_n: u64) -> u64 {
    IDLE_RUNS.note().into()
}

#[test]
fn a_use_renews_the_time_to_idle_and_a_peek_does_not() {
    assert_eq!(idle(1), 0);
    for _ in 0..3 {
        IDLE.advance(TTL - NANO);
        assert_eq!(idle(1), 0, "used in time");
    }
    IDLE.advance(TTL - NANO);
    assert_eq!(idle::peek(1), Some(0));
    assert!(idle::contains(1));
    IDLE.advance(NANO);
    assert_eq!(idle::peek(1), None, "the peek was no use");
    assert_eq!(idle(1), 1);
}

static BOTH_RUNS: Runs = Runs::new();

#[cache(ttl = "15s", idle = "10s", config = Config::new().clock(BOTH.clone()))]
fn both(_n: u64) -> u64 {
    BOTH_RUNS.note().into()
}

#[test]
fn no_use_renews_the_time_to_live() {
    assert_eq!(both(1), 0);
    BOTH.advance(Duration::from_secs(8));
    assert_eq!(both(1), 0);
    BOTH.advance(Duration::from_secs(7));
    assert_eq!(both(1), 1);
}

static FRESH_RUNS: Runs = Runs::new();

#[cache(ttl = "10s", config = Config::new().clock(FRESH.clone()))]
fn refreshed(_n: u64) -> u64 {
    FRESH_RUNS.note().into()
}

#[test]
fn a_refresh_begins_a_new_life() {
    assert_eq!(refreshed(1), 0);
    FRESH.advance(Duration::from_secs(6));
    assert_eq!(refreshed::refresh(1), 1);
    FRESH.advance(Duration::from_secs(6));
    assert_eq!(refreshed(1), 1);
}

static LATE_RUNS: Runs = Runs::new();

#[cache(ttl = "10s", persist, dir = lasting(), config = Config::new().clock(LATE.clone()))]
fn late(_n: u64) -> u64 {
    LATE_RUNS.note().into()
}

#[test]
fn an_expired_entry_is_no_entry_to_any_companion() {
    assert_eq!(late(1), 0);
    LATE.advance(TTL);
    assert_eq!(late::peek(1), None);
    assert!(!late::contains(1));
    assert_eq!(late::explain_call(1), CallExplanation::Expired);
}

static ORDER_RUNS: Runs = Runs::new();

#[cache(ttl = "10s", policy = lru, max_entries = 3, config = Config::new().clock(ORDER.clone()))]
fn ordered(_n: u64) -> u64 {
    ORDER_RUNS.note().into()
}

#[test]
fn expired_entries_make_room_first() {
    ordered(1);
    ORDER.advance(Duration::from_secs(5));
    ordered(2);
    ordered(3);
    ordered(1);
    ORDER.advance(Duration::from_secs(5));
    ordered(4);
    assert!(ordered::contains(2), "the least recently used, and alive");
    assert!(ordered::contains(3) && ordered::contains(4));
    assert_eq!(ordered::stats().evictions, 0);
    assert_eq!(ordered::stats().expirations, 1);
}
