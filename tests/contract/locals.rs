//! Caches of one thread: whatever code of the user's comes back to them finds them free.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use omnicache::cache;

static DROPPED: AtomicU32 = AtomicU32::new(0);

/// Asks for others of its kind when it is cloned, and when it is dropped.
struct Curious(u32);

impl Clone for Curious {
    fn clone(&self) -> Self {
        if self.0 > 0 {
            assert_eq!(curious(self.0 - 1).0, self.0 - 1);
            curious::invalidate(self.0);
        }
        Self(self.0)
    }
}

impl Drop for Curious {
    fn drop(&mut self) {
        DROPPED.fetch_add(1, SeqCst);
        curious::contains(self.0);
    }
}

#[cache(local, max_entries = 2, policy = fifo)]
fn curious(n: u32) -> Curious {
    Curious(n)
}

#[test]
fn a_value_whose_clone_and_drop_come_back_finds_its_cache_free_even_at_the_end_of_its_thread() {
    let dropped = std::thread::spawn(|| {
        for n in [0, 1, 2, 1, 0, 3, 3, 2] {
            assert_eq!(curious(n).0, n);
        }
        assert!(curious::stats().entries <= 2);
        DROPPED.load(SeqCst)
    });
    let dropped = dropped.join().expect("no cache that is lent twice");
    assert!(DROPPED.load(SeqCst) >= dropped);
    assert_eq!(curious::stats().entries, 0, "what a thread has kept goes with it");
}

#[cache(local)]
fn number(n: u64) -> u64 {
    n + 1
}

#[cache(local)]
fn of_type<T: Default + std::fmt::Display + 'static>(n: u64) -> String {
    format!("{n} {}", T::default())
}

#[test]
fn functions_and_instantiations_of_one_thread_are_told_apart() {
    for _ in 0..2 {
        assert_eq!(number(1), 2);
        assert_eq!((of_type::<u8>(1), of_type::<bool>(1)), ("1 0".to_owned(), "1 false".to_owned()));
    }
    assert_eq!((number::stats().misses, number::stats().memory_hits), (1, 1));
    let elsewhere = std::thread::spawn(|| (number(1), number::stats()));
    let (result, stats) = elsewhere.join().expect("a thread that counts");
    assert_eq!((result, stats.misses, stats.entries), (2, 2, 2));
    assert_eq!(number::stats().entries, 1);
    number::clear();
    assert_eq!((number::stats().entries, number::contains(1)), (0, false));
}
