//! Section 4, point 3: panics, single-flight, re-entry, recursion.

use std::panic::catch_unwind;
use std::sync::{Arc, Barrier, Condvar, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use crate::common::{Runs, lasting, panic_of};
use omnicache::{CallExplanation, cache};

/// A gate that bodies wait at; opened once for all.
struct Gate(Mutex<bool>, Condvar);

impl Gate {
    const fn new() -> Self {
        Self(Mutex::new(false), Condvar::new())
    }

    fn open(&self) {
        *self.0.lock().expect("no panic") = true;
        self.1.notify_all();
    }

    fn pass(&self) {
        let mut open = self.0.lock().expect("no panic");
        while !*open {
            open = self.1.wait(open).expect("no panic");
        }
    }
}

/// Lets other threads get to where they wait. No promise rests on it: only how many of them coalesce.
fn let_others_run() {
    thread::sleep(Duration::from_millis(30));
}

static PANICS: Runs = Runs::new();

#[cache]
fn panics(n: u64) -> u64 {
    assert!(PANICS.note() > 0 || n != 1, "the first run");
    n
}

#[test]
fn a_panic_propagates_and_keeps_nothing() {
    assert_eq!(panic_of(|| panics(1)), "the first run");
    assert!(!panics::contains(1));
    assert_eq!(panics::stats().stores, 0);
    assert_eq!(panics(1), 1);
    assert_eq!(panics(1), 1);
    assert_eq!(PANICS.count(), 2);
}

static ONE: Runs = Runs::new();

#[cache]
fn one(n: u64) -> u64 {
    ONE.note();
    let_others_run();
    n
}

#[test]
fn of_many_threads_one_runs_the_body_and_all_get_the_value() {
    let barrier = Arc::new(Barrier::new(16));
    let threads: Vec<_> = (0..16)
        .map(|_| {
            let barrier = Arc::clone(&barrier);
            thread::spawn(move || {
                barrier.wait();
                one(9)
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| assert_eq!(thread.join().expect("no panic"), 9));
    assert_eq!(ONE.count(), 1);
    let stats = one::stats();
    assert_eq!((stats.misses, stats.hits()), (1, 15));
    assert!(stats.coalesced <= 15);
    assert_eq!(stats.hits() + stats.misses, 16, "hits and misses add up to calls");
}

static ON_DISK: Runs = Runs::new();

#[cache(backend = disk, dir = lasting())]
fn one_on_disk(n: u64) -> String {
    ON_DISK.note();
    let_others_run();
    n.to_string()
}

#[test]
fn single_flight_holds_on_disk_too() {
    let barrier = Barrier::new(8);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                barrier.wait();
                assert_eq!(one_on_disk(9), "9");
            });
        }
    });
    assert_eq!(ON_DISK.count(), 1);
    assert_eq!(one_on_disk::stats().hits(), 7);
}

static UNKEPT: Runs = Runs::new();
static UNKEPT_GATE: Gate = Gate::new();

#[cache(cache_if = |_| false)]
fn unkept(n: u64) -> u64 {
    UNKEPT.note();
    UNKEPT_GATE.pass();
    n
}

#[test]
fn those_who_wait_get_a_value_that_is_not_kept() {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| unkept(3))).collect();
        while UNKEPT.count() == 0 {
            thread::yield_now();
        }
        let_others_run();
        UNKEPT_GATE.open();
        threads.into_iter().for_each(|thread| assert_eq!(thread.join().expect("no panic"), 3));
    });
    assert!(!unkept::contains(3));
    let stats = unkept::stats();
    assert_eq!(stats.misses, u64::from(UNKEPT.count()));
    assert_eq!(stats.hits() + stats.misses, 4);
    assert_eq!(stats.coalesced, stats.hits());
}

static TAKEN_OVER: Runs = Runs::new();
static TAKEN_OVER_GATE: Gate = Gate::new();

#[cache]
fn taken_over(n: u64) -> u64 {
    let run = TAKEN_OVER.note();
    TAKEN_OVER_GATE.pass();
    assert!(run > 0, "the first run");
    n
}

#[test]
fn after_a_panic_the_next_waiter_takes_over() {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| catch_unwind(|| taken_over(3)).ok())).collect();
        while TAKEN_OVER.count() == 0 {
            thread::yield_now();
        }
        let_others_run();
        TAKEN_OVER_GATE.open();
        let results: Vec<_> = threads.into_iter().map(|thread| thread.join().expect("caught")).collect();
        assert_eq!(
            results.iter().filter(|result| result.is_none()).count(),
            1,
            "only its own caller sees it"
        );
        assert_eq!(results.iter().filter(|result| **result == Some(3)).count(), 3);
    });
    assert_eq!(TAKEN_OVER.count(), 2, "one that panicked, one that took over");
}

static ERRS: Runs = Runs::new();
static ERRS_GATE: Gate = Gate::new();

#[cache]
fn errs(n: u64) -> Result<u64, String> {
    let run = ERRS.note();
    ERRS_GATE.pass();
    if run == 0 { Err("the first run".to_owned()) } else { Ok(n) }
}

#[test]
fn after_an_err_the_next_waiter_takes_over() {
    thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(|| errs(3))).collect();
        while ERRS.count() == 0 {
            thread::yield_now();
        }
        let_others_run();
        ERRS_GATE.open();
        let results: Vec<_> = threads.into_iter().map(|thread| thread.join().expect("no panic")).collect();
        assert_eq!(results.iter().filter(|result| result.is_err()).count(), 1);
    });
    assert_eq!(ERRS.count(), 2);
}

static PANICS_WITH_MANY: Runs = Runs::new();

#[cache]
fn always_panics(n: u64) -> u64 {
    PANICS_WITH_MANY.note();
    panic!("number {n}")
}

#[test]
fn everybody_gets_a_panic_of_a_body_that_always_panics() {
    let barrier = Barrier::new(8);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                barrier.wait();
                assert_eq!(panic_of(|| always_panics(1)), "number 1");
            });
        }
    });
    assert_eq!(PANICS_WITH_MANY.count(), 8);
}

static REENTRY: Runs = Runs::new();

#[cache]
fn reenters(n: u64) -> u64 {
    if REENTRY.note() == 0 { reenters(n) + 1 } else { n }
}

#[test]
fn the_same_key_re_entered_computes_uncached() {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(reenters(5)));
    assert_eq!(receiver.recv_timeout(Duration::from_secs(30)), Ok(6), "no deadlock");
    assert_eq!(REENTRY.count(), 2);
    assert_eq!(reenters(5), 6, "what is kept is the outer value");
    assert_eq!(REENTRY.count(), 2);
}

#[cache]
fn fib(n: u64) -> u64 {
    FIB.note();
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}

static FIB: Runs = Runs::new();

#[test]
fn recursion_computes_each_key_once() {
    assert_eq!(fib(90), 2_880_067_194_370_816_120);
    assert_eq!(FIB.count(), 91);
}

#[cache(dir = lasting())]
fn is_even(n: u32) -> Vec<bool> {
    vec![n == 0 || is_odd(n - 1)[0]]
}

#[cache(dir = lasting())]
fn is_odd(n: u32) -> Vec<bool> {
    vec![n != 0 && is_even(n - 1)[0]]
}

#[test]
fn mutual_recursion_is_safe() {
    assert_eq!(is_even(40), [true]);
    assert_eq!(is_odd(41), [true]);
    assert_eq!(is_odd::stats().misses + is_even::stats().misses, 42);
}

#[cache]
fn calls_back(n: u64) -> u64 {
    // Whatever is asked of the cache from within is answered and not waited for.
    calls_back::invalidate(n);
    let _ = calls_back::peek(n);
    let _ = calls_back::contains(n + 1);
    let _ = calls_back::stats();
    if n > 0 { calls_back::refresh(n - 1) + 1 } else { 0 }
}

#[test]
fn calls_back_into_the_cache_are_safe() {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let first = calls_back(3);
        calls_back::clear();
        sender.send((first, calls_back(3)))
    });
    assert_eq!(receiver.recv_timeout(Duration::from_secs(30)), Ok((3, 3)));
}

static CROSSED: Barrier = Barrier::new(2);
static CROSSED_RUNS: Runs = Runs::new();

#[cache]
fn beside(n: u64) -> u64 {
    CROSSED_RUNS.note();
    // Two keys at once: neither can go on before the other runs.
    CROSSED.wait();
    n
}

#[test]
fn two_keys_do_not_wait_for_each_other() {
    let (sender, receiver) = mpsc::channel();
    for n in 0..2 {
        let sender = sender.clone();
        thread::spawn(move || sender.send(beside(n)));
    }
    let mut got = [(); 2].map(|()| receiver.recv_timeout(Duration::from_secs(30)).expect("no lock is held"));
    got.sort_unstable();
    assert_eq!(got, [0, 1]);
    assert_eq!(CROSSED_RUNS.count(), 2);
}

static DURING: Runs = Runs::new();
static DURING_GATE: Gate = Gate::new();

#[cache]
fn during(n: u64) -> u64 {
    let run = DURING.note();
    if run == 0 {
        DURING_GATE.pass();
    }
    n + u64::from(run)
}

#[test]
fn what_is_invalidated_while_it_is_computed_is_not_kept() {
    thread::scope(|scope| {
        let first = scope.spawn(|| during(10));
        while DURING.count() == 0 {
            thread::yield_now();
        }
        during::invalidate(10);
        assert_eq!(during(10), 11, "a call after the invalidation does not get the older value");
        DURING_GATE.open();
        assert_eq!(first.join().expect("no panic"), 10);
    });
    assert_eq!(during(10), 11, "nor does the older one replace it");
    assert_eq!(DURING.count(), 2);
}

static REFRESHED: Runs = Runs::new();

#[cache]
fn refreshed(n: u64) -> u64 {
    let run = REFRESHED.note();
    if run == 1 {
        assert!(refreshed::invalidate(n));
    }
    run.into()
}

#[test]
fn a_refresh_keeps_nothing_that_is_invalidated_meanwhile() {
    assert_eq!((refreshed(1), refreshed::refresh(1)), (0, 1));
    assert!(!refreshed::contains(1), "what it has computed is older than the invalidation");
    assert_eq!((refreshed(1), refreshed(1)), (2, 2));
    assert_eq!((refreshed::refresh(1), refreshed(1)), (3, 3), "a refresh that nobody overtakes is kept");
}

static CLEARED: Runs = Runs::new();

#[cache]
fn cleared(n: u64) -> String {
    let run = CLEARED.note();
    if run == 1 {
        cleared::clear();
    }
    format!("{n}, {run}")
}

#[test]
fn a_refresh_keeps_nothing_that_is_cleared_meanwhile() {
    assert_eq!((cleared(1), cleared::refresh(1)), ("1, 0".to_owned(), "1, 1".to_owned()));
    assert_eq!((cleared::contains(1), cleared(1)), (false, "1, 2".to_owned()));
}

static REENTERED: Runs = Runs::new();

#[cache]
fn forgets_and_reenters(n: u64) -> u64 {
    let run = REENTERED.note();
    if run == 0 {
        forgets_and_reenters::invalidate(n);
        assert_eq!(forgets_and_reenters(n), 1);
    }
    run.into()
}

#[test]
fn a_body_that_forgets_its_own_key_and_re_enters_computes_uncached() {
    assert_eq!(forgets_and_reenters(1), 0);
    assert!(!forgets_and_reenters::contains(1), "neither of the two values is kept");
    assert_eq!((forgets_and_reenters(1), forgets_and_reenters(1), REENTERED.count()), (2, 2, 3));
    assert_eq!(forgets_and_reenters::stats().stores, 1);
}

static OVERTAKEN: Runs = Runs::new();

#[cache(persist, dir = lasting())]
fn overtaken(n: u64) -> u64 {
    let run = OVERTAKEN.note();
    if run == 1 {
        overtaken::invalidate(n);
        assert_eq!(thread::spawn(move || overtaken(n)).join().expect("no panic"), 2);
    }
    run.into()
}

#[test]
fn a_refresh_that_was_overtaken_leaves_what_is_newer() {
    assert_eq!((overtaken(1), overtaken::refresh(1)), (0, 1));
    assert_eq!(overtaken::explain_call(1), CallExplanation::MemoryHit);
    assert_eq!((overtaken(1), OVERTAKEN.count()), (2, 3));
}
