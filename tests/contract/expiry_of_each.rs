//! Section 4, point 4, where `ttl_if` gives each entry its own time to live.

use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use crate::common::{Runs, block_on, lasting, panic_of};
use omnicache::{CallExplanation, Config, ManualClock, cache};

const NANO: Duration = Duration::from_nanos(1);

/// A clock of its own for each function.
macro_rules! clocks {
    ($($name:ident)+) => {$(static $name: LazyLock<ManualClock> = LazyLock::new(ManualClock::new);)+};
}

clocks! {
    MEMORY DISK PROMOTED LRU FIFO RANDOM LFU LOCAL AWAITED AWAITED_DISK LONGER RESULTS OPTIONS LASTING ROOM ROOM_LFU IDLE
    FRESH
}

const fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

/// A life of as many seconds as the value says; of 99 nothing is said.
#[expect(clippy::trivially_copy_pass_by_ref, reason = "what the option asks for")]
fn as_it_says(value: &u64) -> Option<Duration> {
    (*value != 99).then(|| seconds(*value))
}

/// Looks at entries of 2, 5 and 20 seconds, and at one that lives 10 as `ttl` has it, at the ends of their lives.
fn boundary(clock: &ManualClock, call: impl Fn(u64), kept: impl Fn(u64) -> bool) {
    let (keys, mut age) = ([5, 20, 2, 99], Duration::ZERO);
    keys.iter().for_each(|&key| call(key));
    for (end, gone) in [(2, 2), (5, 5), (10, 99), (20, 20)] {
        clock.advance(seconds(end) - NANO - age);
        assert!(kept(gone), "{gone} is younger than its time to live");
        clock.advance(NANO);
        age = seconds(end);
        assert!(!kept(gone), "an age equal to the time to live is expired, for {gone}");
        for key in keys {
            let life = if key == 99 { 10 } else { key };
            assert_eq!(kept(key), life > end, "{key} after {end} seconds");
        }
    }
}

macro_rules! mortal {
    ($name:ident, $clock:ident $(, $($options:tt)+)?) => {
        #[cache(ttl = "10s", ttl_if = as_it_says, config = Config::new().clock($clock.clone()) $(, $($options)+)?)]
        fn $name(n: u64) -> u64 {
            n
        }
    };
}

mortal!(in_memory, MEMORY);
mortal!(on_disk, DISK, backend = disk, dir = lasting());
mortal!(by_use, LRU, policy = lru);
mortal!(in_turn, FIFO, policy = fifo);
mortal!(at_random, RANDOM, policy = random);
mortal!(by_frequency, LFU, policy = lfu);
mortal!(per_thread, LOCAL, local);

#[test]
fn each_entry_lives_as_long_as_it_says_and_the_others_as_ttl_says() {
    boundary(&MEMORY, |n| _ = in_memory(n), in_memory::contains);
    boundary(&DISK, |n| _ = on_disk(n), on_disk::contains);
    boundary(&LRU, |n| _ = by_use(n), by_use::contains);
    boundary(&FIFO, |n| _ = in_turn(n), in_turn::contains);
    boundary(&RANDOM, |n| _ = at_random(n), at_random::contains);
    boundary(&LFU, |n| _ = by_frequency(n), by_frequency::contains);
    boundary(&LOCAL, |n| _ = per_thread(n), per_thread::contains);
}

#[test]
fn explain_says_that_results_are_asked() {
    assert!(
        in_memory::explain().to_string().contains("what `ttl_if` says, else 10s"),
        "{}",
        in_memory::explain()
    );
    assert!(per_thread::explain().to_string().contains("what `ttl_if` says, else 10s"));
    assert!(forever::explain().to_string().contains("what `ttl_if` says, else for ever"));
}

#[cache(ttl = "10s", ttl_if = as_it_says, config = Config::new().clock(AWAITED.clone()))]
async fn awaited(n: u64) -> u64 {
    n
}

#[cache(ttl = "10s", ttl_if = as_it_says, backend = disk, dir = lasting(), config = Config::new().clock(AWAITED_DISK.clone()))]
async fn awaited_on_disk(n: u64) -> u64 {
    n
}

#[test]
fn awaited_results_have_lives_of_their_own_too() {
    boundary(&AWAITED, |n| _ = block_on(awaited(n)), |n| block_on(awaited::contains(n)));
    boundary(&AWAITED_DISK, |n| _ = block_on(awaited_on_disk(n)), |n| block_on(awaited_on_disk::contains(n)));
}

static PROMOTED_RUNS: Runs = Runs::new();

#[cache(
    ttl = "10s", ttl_if = as_it_says, persist, max_entries = 1, dir = lasting(),
    config = Config::new().clock(PROMOTED.clone())
)]
fn promoted(n: u64) -> u64 {
    PROMOTED_RUNS.note();
    n
}

/// Calls it so that it comes from disk into the one place in memory, and is served from there.
fn promote(n: u64) {
    promoted(1000);
    let before = promoted::stats();
    assert_eq!((promoted(n), promoted(n)), (n, n));
    let after = promoted::stats();
    assert_eq!((after.disk_hits - before.disk_hits, after.memory_hits - before.memory_hits), (1, 1), "{n}");
}

#[test]
fn an_entry_promoted_from_disk_keeps_the_remains_of_its_own_life() {
    for (n, life) in [(4, 4), (99, 10), (30, 30)] {
        promoted(n);
        PROMOTED.advance(seconds(life - 1));
        promote(n);
        PROMOTED.advance(seconds(1) - NANO);
        assert!(promoted::contains(n));
        let runs = PROMOTED_RUNS.count();
        PROMOTED.advance(NANO);
        assert!(!promoted::contains(n), "{n} is {life} seconds old, and was promoted a second ago");
        assert_eq!(promoted(n), n);
        assert_eq!(PROMOTED_RUNS.count(), runs + 1);
    }
}

static LONGER_RUNS: Runs = Runs::new();

#[cache(ttl = "10s", ttl_if = as_it_says, backend = disk, dir = lasting(), config = Config::new().clock(LONGER.clone()))]
fn longer(n: u64) -> u64 {
    LONGER_RUNS.note();
    n
}

#[test]
fn ttl_does_not_cut_the_life_that_a_record_was_given() {
    assert_eq!(longer(20), 20);
    LONGER.advance(seconds(20) - NANO);
    assert_eq!((longer(20), longer::peek(20), LONGER_RUNS.count()), (20, Some(20), 1));
    LONGER.advance(NANO);
    assert_eq!((longer::peek(20), longer::explain_call(20)), (None, CallExplanation::Expired));
    assert_eq!((longer(20), LONGER_RUNS.count()), (20, 2));
}

static RESULT_ASKED: AtomicU64 = AtomicU64::new(0);

#[cache(
    ttl_if = |result| { RESULT_ASKED.fetch_add(1, SeqCst); result.as_ref().ok().copied().map(seconds) },
    config = Config::new().clock(RESULTS.clone())
)]
fn results(n: u64) -> Result<u64, String> {
    if n == 0 { Err("none".to_owned()) } else { Ok(n) }
}

#[cache(
    cache_err, ttl_if = |result| Some(seconds(if result.is_ok() { 20 } else { 2 })),
    config = Config::new().clock(RESULTS.clone())
)]
fn errors_too(n: u64) -> Result<u64, String> {
    if n == 0 { Err("none".to_owned()) } else { Ok(n) }
}

#[test]
fn a_result_is_asked_as_it_is_returned() {
    (0..4).for_each(|n| _ = results(n));
    (0..2).for_each(|n| _ = errors_too(n));
    assert_eq!(RESULT_ASKED.load(SeqCst), 3, "not about an error, which is not kept");
    RESULTS.advance(seconds(2));
    assert_eq!((0..4).map(results::contains).collect::<Vec<_>>(), [false, false, false, true]);
    assert_eq!((errors_too::contains(0), errors_too::contains(1)), (false, true));
}

#[cache(ttl_if = |answer| answer.is_none().then_some(seconds(2)), config = Config::new().clock(OPTIONS.clone()))]
fn options(n: u64) -> Option<Vec<u64>> {
    (n > 0).then(|| vec![n])
}

#[cache(local, ttl_if = |answer| answer.is_none().then_some(seconds(2)), config = Config::new().clock(OPTIONS.clone()))]
fn options_per_thread(n: u64) -> Option<Rc<u64>> {
    (n > 0).then(|| Rc::new(n))
}

#[test]
fn without_ttl_what_says_nothing_lives_for_ever() {
    for n in 0..2 {
        _ = (options(n), options_per_thread(n));
    }
    OPTIONS.advance(seconds(2));
    assert_eq!((options::contains(0), options_per_thread::contains(0)), (false, false));
    OPTIONS.advance(seconds(1 << 32));
    assert_eq!((options::contains(1), options_per_thread::contains(1)), (true, true));
}

#[cache(persist, max_entries = 1, dir = lasting(), ttl_if = |_| Some(Duration::MAX), config = Config::new().clock(LASTING.clone()))]
fn forever(n: u64) -> u64 {
    n
}

#[test]
fn the_longest_life_there_is_has_no_end() {
    (1..3).for_each(|n| _ = forever(n));
    LASTING.advance(seconds(1 << 32));
    (1..3).for_each(|n| _ = forever(n));
    assert_eq!(forever::stats().misses, 2);
}

static ZERO_RUNS: Runs = Runs::new();

macro_rules! nothing {
    ($name:ident $(, $($options:tt)+)?) => {
        #[cache(ttl_if = |value| (*value == 0).then_some(Duration::ZERO) $(, $($options)+)?)]
        fn $name(n: u64) -> u64 {
            ZERO_RUNS.note();
            n
        }
    };
}

nothing!(zero);
nothing!(zero_on_disk, persist, dir = lasting());
nothing!(zero_per_thread, local, ttl = "1h");

#[test]
fn a_life_of_zero_is_returned_and_not_kept() {
    assert_eq!([zero(0), zero(0), zero(1), zero(1)], [0, 0, 1, 1]);
    assert_eq!([zero_on_disk(0), zero_on_disk(0), zero_on_disk(1), zero_on_disk(1)], [0, 0, 1, 1]);
    assert_eq!(
        [zero_per_thread(0), zero_per_thread(0), zero_per_thread(1), zero_per_thread(1)],
        [0, 0, 1, 1]
    );
    assert_eq!(ZERO_RUNS.count(), 9);
    for stats in [zero::stats(), zero_on_disk::stats(), zero_per_thread::stats()] {
        assert_eq!((stats.stores, stats.entries, stats.expirations, stats.errors), (1, 1, 0, 0));
    }
}

static ASKED: Mutex<Vec<u64>> = Mutex::new(Vec::new());

#[cache(
    cache_if = |n| n % 2 == 0,
    ttl_if = |n| { ASKED.lock().expect("no panic").push(*n); None }
)]
fn asked(n: u64) -> u64 {
    n
}

#[test]
fn ttl_if_is_asked_once_about_what_cache_if_lets_in() {
    for n in [1, 2, 2, 3, 4] {
        asked(n);
    }
    assert_eq!(*ASKED.lock().expect("no panic"), [2, 4], "not about what is not kept, and not about a hit");
    asked::refresh(4);
    assert_eq!(*ASKED.lock().expect("no panic"), [2, 4, 4]);
}

#[cache(ttl_if = |n| { assert!(*n != 0, "on purpose"); None })]
fn panics(n: u64) -> u64 {
    n
}

#[test]
fn a_panic_of_the_question_is_the_callers_and_keeps_nothing() {
    assert!(panic_of(|| panics(0)).contains("on purpose"));
    assert!(panic_of(|| panics(0)).contains("on purpose"), "and leaves the key to the next");
    assert!(!panics::contains(0));
    assert_eq!((panics(1), panics::contains(1)), (1, true));
}

mortal!(room, ROOM, policy = lru, max_entries = 3);
mortal!(room_by_frequency, ROOM_LFU, policy = lfu, max_entries = 3);

#[test]
fn whoever_has_expired_makes_room_first_whenever_it_came() {
    [20, 2, 15].into_iter().for_each(|n| _ = room(n));
    ROOM.advance(seconds(2));
    room(30);
    assert_eq!([20, 2, 15, 30].map(room::contains), [true, false, true, true]);
    assert_eq!((room::stats().evictions, room::stats().expirations), (0, 1));
    ROOM.advance(seconds(13));
    room(40);
    assert_eq!([20, 15, 30, 40].map(room::contains), [true, false, true, true]);
    assert_eq!((room::stats().evictions, room::stats().expirations), (0, 2));
}

#[test]
fn it_does_so_too_where_moka_keeps_them() {
    [20, 2, 15].into_iter().for_each(|n| _ = room_by_frequency(n));
    ROOM_LFU.advance(seconds(2));
    room_by_frequency(30);
    let stats = room_by_frequency::stats();
    assert_eq!([20, 2, 15, 30].map(room_by_frequency::contains), [true, false, true, true]);
    assert_eq!((stats.evictions, stats.expirations, stats.entries), (0, 1, 3));
}

#[cache(ttl_if = as_it_says, idle = "5s", config = Config::new().clock(IDLE.clone()))]
fn idle(n: u64) -> u64 {
    n
}

#[test]
fn the_time_to_idle_counts_beside_it() {
    [2, 8, 20].into_iter().for_each(|n| _ = idle(n));
    IDLE.advance(seconds(4));
    assert_eq!([2, 8, 20].map(idle::contains), [false, true, true]);
    idle(8);
    IDLE.advance(seconds(4));
    assert_eq!([8, 20].map(idle::contains), [false, false], "one is over, the other idle");
}

static FRESH_LIFE: AtomicU64 = AtomicU64::new(20);

#[cache(ttl_if = |_| Some(seconds(FRESH_LIFE.load(SeqCst))), persist, dir = lasting(), config = Config::new().clock(FRESH.clone()))]
fn refreshed(n: u64) -> u64 {
    n
}

#[test]
fn a_refresh_gives_a_life_of_another_length() {
    refreshed(1);
    FRESH_LIFE.store(3, SeqCst);
    FRESH.advance(seconds(1));
    refreshed::refresh(1);
    FRESH.advance(seconds(3) - NANO);
    assert!(refreshed::contains(1));
    FRESH.advance(NANO);
    assert!(!refreshed::contains(1), "in no tier");
}
