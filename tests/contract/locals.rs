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
