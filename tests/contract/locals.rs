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

static AT_THE_END: AtomicU32 = AtomicU32::new(0);

/// Asks for its own number at its end.
struct Parting(u32);

impl Drop for Parting {
    fn drop(&mut self) {
        AT_THE_END.fetch_add(plus_one(self.0), SeqCst);
    }
}

#[cache(local)]
fn plus_one(n: u32) -> u32 {
    BODIES.fetch_add(1, SeqCst);
    n + 1
}

static BODIES: AtomicU32 = AtomicU32::new(0);

#[test]
fn a_thread_that_ends_has_no_cache_any_more_and_its_hits_stay_counted() {
    thread_local! {
        static LAST: std::cell::OnceCell<Parting> = const { std::cell::OnceCell::new() };
    }
    std::thread::spawn(|| {
        // Destructors of a thread run in the order of first uses, or the other way round: one of these is the later.
        LAST.with(|last| drop(last.set(Parting(7))));
        assert_eq!((plus_one(7), plus_one(7), plus_one(7)), (8, 8, 8));
        FIRST.with(|first| drop(first.set(Parting(7))));
        assert_eq!(BODIES.load(SeqCst), 1);
    })
    .join()
    .expect("a thread that ends well");
    assert_eq!(AT_THE_END.load(SeqCst), 16);
    assert_eq!(
        BODIES.load(SeqCst),
        2,
        "one of them came when the cache was there, the other one when it was not"
    );
    let stats = plus_one::stats();
    assert_eq!((stats.memory_hits, stats.misses, stats.entries), (3, 2, 0));
}

thread_local! {
    static FIRST: std::cell::OnceCell<Parting> = const { std::cell::OnceCell::new() };
}

static TICKS: AtomicU32 = AtomicU32::new(0);

#[cache(local)]
fn tick(_of: u8) -> u32 {
    TICKS.fetch_add(1, SeqCst)
}

#[test]
fn a_hit_of_a_plain_value_gives_what_was_kept_last() {
    assert_eq!((tick(1), tick(1), tick(2)), (0, 0, 1));
    assert_eq!((tick::refresh(1), tick(1), tick(1)), (2, 2, 2));
    assert!(tick::invalidate(1));
    assert_eq!((tick(1), tick(2)), (3, 1));
    std::thread::spawn(tick::clear).join().expect("a thread that clears");
    assert_eq!((tick(2), tick(2), tick(1)), (4, 4, 5), "a clear is heard by all threads");
    assert_eq!(tick::stats().memory_hits, 5);
}

#[cache(local)]
fn and_size<T: 'static>(n: u64) -> u64 {
    n + size_of::<T>() as u64
}

#[test]
fn instantiations_that_are_asked_in_turn_find_their_own() {
    for n in [1, 300, 1, 300, 1, 300] {
        assert_eq!((and_size::<u8>(n), and_size::<u16>(n), and_size::<u128>(n)), (n + 1, n + 2, n + 16));
    }
    let stats = and_size::stats();
    assert_eq!((stats.misses, stats.memory_hits), (6, 12));
}

thread_local! {
    static COUNT: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

fn counted() -> u32 {
    COUNT.set(COUNT.get() + 1);
    COUNT.get()
}

#[cache(local)]
async fn awaited_here(gate: u32) -> u32 {
    let value = counted();
    // Ready the second time it is asked.
    let mut asked = gate == 0;
    std::future::poll_fn(|_| {
        if std::mem::replace(&mut asked, true) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    value
}

#[test]
fn what_a_task_forgets_another_of_its_thread_does_not_keep() {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    fn poll<T>(future: std::pin::Pin<&mut impl Future<Output = T>>) -> Poll<T> {
        future.poll(&mut Context::from_waker(Waker::noop()))
    }
    let done = |forget: fn()| {
        let mut call = pin!(awaited_here(1));
        assert!(poll(call.as_mut()).is_pending());
        forget();
        let Poll::Ready(value) = poll(call.as_mut()) else { unreachable!("asked twice") };
        value
    };
    let kept = || match poll(pin!(awaited_here::peek(1))) {
        Poll::Ready(kept) => kept,
        Poll::Pending => unreachable!("memory alone"),
    };
    let value = done(|| {});
    assert_eq!(kept(), Some(value));
    assert!(poll(pin!(awaited_here::invalidate(1))).is_ready());
    done(|| assert!(poll(pin!(awaited_here::invalidate(1))).is_ready()));
    assert_eq!(kept(), None, "invalidated while the body ran");
    done(|| assert!(poll(pin!(awaited_here::clear())).is_ready()));
    assert_eq!(kept(), None, "cleared while the body ran");
    let value = done(|| assert!(poll(pin!(awaited_here::invalidate(2))).is_ready()));
    assert_eq!(kept(), Some(value), "another key");
}
