//! Who listens is told which entries left memory, and why.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use omnicache::{Cause, Config, ManualClock, cache};

/// A function with a listener, and what it heard.
macro_rules! heard {
    ($name:ident: $($option:tt)*) => {
        static HEARD: Mutex<Vec<Cause>> = Mutex::new(Vec::new());

        fn listening(config: Config) -> Config {
            config.on_removal(|removal| {
                assert!(removal.function.ends_with(stringify!($name)), "{}", removal.function);
                HEARD.lock().unwrap().push(removal.cause);
            })
        }

        #[cache(config = listening(Config::new()), $($option)*)]
        fn $name(key: u64) -> u64 {
            key
        }

        fn heard() -> Vec<Cause> {
            std::mem::take(&mut *HEARD.lock().unwrap())
        }
    };
}

#[test]
fn who_makes_room_is_evicted() {
    heard!(crowded: policy = fifo, max_entries = 2);
    (0..5).for_each(|key| _ = crowded(key));
    assert_eq!(heard(), [Cause::Evicted; 3]);
    assert_eq!(crowded::stats().evictions, 3);
}

#[test]
fn plain_numbers_are_heard_of_too() {
    heard!(plain:);
    plain(1);
    assert!(plain::invalidate(1) && !plain::invalidate(1));
    plain::clear();
    assert_eq!(heard(), [Cause::Invalidated]);
}

#[test]
fn a_refresh_replaces_and_a_clear_clears() {
    heard!(renewed: max_entries = 10);
    renewed(1);
    renewed::refresh(1);
    renewed(2);
    renewed::clear();
    assert_eq!(heard(), [Cause::Replaced, Cause::Cleared, Cause::Cleared]);
}

#[test]
fn an_awaited_refresh_replaces_too() {
    static HEARD: Mutex<Vec<Cause>> = Mutex::new(Vec::new());
    #[cache(config = Config::new().on_removal(|gone| HEARD.lock().unwrap().push(gone.cause)))]
    async fn awaited(n: u64) -> String {
        n.to_string()
    }
    crate::common::block_on(async {
        awaited(1).await;
        awaited::refresh(1).await;
        assert_eq!(*HEARD.lock().unwrap(), [Cause::Replaced]);
        awaited::invalidate(1).await;
    });
    assert_eq!(*HEARD.lock().unwrap(), [Cause::Replaced, Cause::Invalidated]);
}

#[test]
fn who_is_over_expires() {
    static HEARD: Mutex<Vec<Cause>> = Mutex::new(Vec::new());
    static CLOCK: std::sync::LazyLock<ManualClock> = std::sync::LazyLock::new(ManualClock::new);
    #[cache(
        config = Config::new().clock(CLOCK.clone()).on_removal(|gone| HEARD.lock().unwrap().push(gone.cause)),
        ttl = "1m"
    )]
    fn mortal(key: u64) -> u64 {
        key
    }
    mortal(1);
    CLOCK.advance(Duration::from_secs(60));
    mortal(1);
    assert_eq!(*HEARD.lock().unwrap(), [Cause::Expired]);
}

#[test]
fn threads_of_their_own_are_heard_of() {
    heard!(own: local, max_entries = 2);
    (0..3).for_each(|key| _ = own(key));
    own::refresh(2);
    own::invalidate(2);
    assert_eq!(heard(), [Cause::Evicted, Cause::Replaced, Cause::Invalidated]);
}

#[test]
fn a_listener_may_call_the_function_that_it_listens_to() {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    fn listening() -> Config {
        Config::new().on_removal(|_| {
            if CALLS.fetch_add(1, SeqCst) < 5 {
                again(100 + CALLS.load(SeqCst));
            }
        })
    }
    #[cache(config = listening(), max_entries = 2, policy = lru)]
    fn again(key: u64) -> u64 {
        key
    }
    (0..3).for_each(|key| _ = again(key));
    assert_eq!(CALLS.load(SeqCst), 6, "one, and one for each that the listener's calls drove out");
}

#[test]
fn a_listener_that_panics_fails_no_call() {
    #[cache(config = Config::new().on_removal(|_| panic!("on purpose")), max_entries = 2)]
    fn hushed(key: u64) -> u64 {
        key
    }
    assert_eq!((0..4).map(hushed).collect::<Vec<_>>(), [0, 1, 2, 3]);
    assert_eq!((hushed::stats().errors, hushed::stats().entries), (2, 2));
}
