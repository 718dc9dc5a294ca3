//! Section 4, point 3, for tasks: single-flight, cancellation, re-entry.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::common::{Runs, lasting};
use omnicache::{Config, cache};
use tokio::sync::Semaphore;
use tokio::task::yield_now;
use tokio::time::timeout;

const LONG: Duration = Duration::from_secs(30);

static ONE: Runs = Runs::new();

#[cache]
async fn one(n: u64) -> u64 {
    ONE.note();
    for _ in 0..10 {
        yield_now().await;
    }
    n
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_tasks_one_runs_the_body_and_all_get_the_value() {
    let tasks: Vec<_> = (0..32).map(|_| tokio::spawn(one(9))).collect();
    for task in tasks {
        assert_eq!(task.await.expect("no panic"), 9);
    }
    assert_eq!(ONE.count(), 1);
    assert_eq!(one::stats().misses, 1);
    assert_eq!(one::stats().hits(), 31);
}

static ON_DISK: Runs = Runs::new();

#[cache(backend = disk, dir = lasting())]
async fn one_on_disk(n: u64) -> String {
    ON_DISK.note();
    yield_now().await;
    n.to_string()
}

#[tokio::test]
async fn of_many_tasks_one_runs_the_body_on_disk() {
    let tasks: Vec<_> = (0..8).map(|_| tokio::spawn(one_on_disk(9))).collect();
    for task in tasks {
        assert_eq!(task.await.expect("no panic"), "9");
    }
    assert_eq!(ON_DISK.count(), 1);
    assert_eq!(one_on_disk(9).await, "9");
    assert_eq!(one_on_disk::stats().misses, 1);
    assert!(one_on_disk::stats().disk_hits >= 1);
}

static CANCELLED: Runs = Runs::new();
static NEVER: Semaphore = Semaphore::const_new(0);

#[cache]
async fn cancelled(n: u64) -> u64 {
    if CANCELLED.note() == 0 {
        let _ = NEVER.acquire().await;
    }
    n
}

#[tokio::test]
async fn when_the_leader_is_cancelled_the_next_waiter_takes_over() {
    let leader = tokio::spawn(cancelled(1));
    while CANCELLED.count() == 0 {
        yield_now().await;
    }
    let waiters: Vec<_> = (0..3).map(|_| tokio::spawn(cancelled(1))).collect();
    for _ in 0..10 {
        yield_now().await;
    }
    leader.abort();
    for waiter in waiters {
        assert_eq!(timeout(LONG, waiter).await.expect("someone took over").expect("no panic"), 1);
    }
    assert_eq!(CANCELLED.count(), 2);
}

static PANICS: Runs = Runs::new();

#[cache]
async fn panics(n: u64) -> u64 {
    let run = PANICS.note();
    for _ in 0..5 {
        yield_now().await;
    }
    assert!(run > 0, "the first run");
    n
}

#[tokio::test]
async fn after_a_panic_the_next_waiting_task_takes_over() {
    let tasks: Vec<_> = (0..4).map(|_| tokio::spawn(panics(1))).collect();
    let mut panicked = 0;
    for task in tasks {
        match timeout(LONG, task).await.expect("someone took over") {
            Ok(value) => assert_eq!(value, 1),
            Err(error) => panicked += u32::from(error.is_panic()),
        }
    }
    assert_eq!(panicked, 1);
    assert_eq!(PANICS.count(), 2);
}

static REENTRY: Runs = Runs::new();

#[cache]
async fn reenters(n: u64) -> u64 {
    if REENTRY.note() == 0 { Box::pin(reenters(n)).await + 1 } else { n }
}

#[tokio::test]
async fn the_same_key_re_entered_by_a_task_computes_uncached() {
    assert_eq!(timeout(LONG, reenters(5)).await, Ok(6));
    assert_eq!(reenters(5).await, 6);
    assert_eq!(REENTRY.count(), 2);
}

#[cache]
async fn fib(n: u64) -> u64 {
    FIB.note();
    if n < 2 { n } else { Box::pin(fib(n - 1)).await + Box::pin(fib(n - 2)).await }
}

static FIB: Runs = Runs::new();

#[tokio::test]
async fn async_recursion_computes_each_key_once() {
    assert_eq!(fib(25).await, 75_025);
    assert_eq!(FIB.count(), 26);
}

static IMPATIENT: Runs = Runs::new();

#[cache(config = Config::new().patience(Duration::from_millis(20)))]
async fn impatient(n: u64) -> u64 {
    if IMPATIENT.note() == 0 {
        let _ = NEVER.acquire().await;
    }
    n
}

#[tokio::test]
async fn a_leader_that_nobody_polls_is_passed_over() {
    let mut forgotten = Box::pin(impatient(1));
    std::future::poll_fn(|context| {
        assert!(forgotten.as_mut().poll(context).is_pending());
        std::task::Poll::Ready(())
    })
    .await;
    assert_eq!(timeout(LONG, impatient(1)).await, Ok(1));
    assert_eq!(IMPATIENT.count(), 2);
    drop(forgotten);
    assert_eq!(impatient(1).await, 1);
    assert_eq!(IMPATIENT.count(), 2);
}

static ERRS: Runs = Runs::new();
static FIRST: AtomicBool = AtomicBool::new(true);

#[cache]
async fn errs(n: u64) -> Result<u64, String> {
    ERRS.note();
    yield_now().await;
    if FIRST.swap(false, Ordering::SeqCst) { Err("the first run".to_owned()) } else { Ok(n) }
}

#[tokio::test]
async fn after_an_err_the_next_waiting_task_takes_over() {
    let tasks: Vec<_> = (0..4).map(|_| tokio::spawn(errs(1))).collect();
    let mut failed = 0;
    for task in tasks {
        failed += u32::from(timeout(LONG, task).await.expect("no hang").expect("no panic").is_err());
    }
    assert_eq!(failed, 1);
    assert_eq!(ERRS.count(), 2);
}

#[cache]
async fn roomy(n: u8) -> u8 {
    let held = [n; 8192];
    yield_now().await;
    held[usize::from(n)]
}

#[tokio::test]
async fn a_call_has_room_for_its_body_about_once() {
    assert_eq!(roomy(3).await, 3);
    let (call, body) = (size_of_val(&roomy(3)), size_of_val(&roomy::uncached(3)));
    assert!(call < 5 * 8192 && body < 5 * 8192, "{call} and {body} bytes for a body of 8 KiB");
}

static REFRESHED: Runs = Runs::new();

#[cache]
async fn refreshed(n: u64) -> u64 {
    let run = REFRESHED.note();
    if run == 1 {
        assert!(Box::pin(refreshed::invalidate(n)).await);
    }
    run.into()
}

#[tokio::test]
async fn a_refresh_by_a_task_keeps_nothing_that_is_invalidated_meanwhile() {
    assert_eq!((refreshed(1).await, refreshed::refresh(1).await), (0, 1));
    assert!(!refreshed::contains(1).await);
    assert_eq!((refreshed(1).await, refreshed::refresh(1).await, refreshed(1).await), (2, 3, 3));
}
