//! What a build without any feature promises; it runs in every build.

use std::sync::atomic::{AtomicU32, Ordering};

use omnicache::{CacheKey, CallExplanation, Policy, cache};

#[derive(CacheKey)]
struct Point {
    x: f64,
    y: f64,
}

static RUNS: AtomicU32 = AtomicU32::new(0);

#[cache]
fn norm(point: &Point) -> f64 {
    RUNS.fetch_add(1, Ordering::Relaxed);
    point.x.hypot(point.y)
}

#[test]
fn a_scalar_function_is_served_from_memory() {
    let point = Point { x: 3.0, y: 4.0 };
    assert_eq!(norm::explain_call(&point), CallExplanation::NeverSeen);
    assert_eq!((norm(&point), norm(&point)), (5.0, 5.0));
    assert_eq!(RUNS.load(Ordering::Relaxed), 1);
    assert_eq!((norm::stats().memory_hits, norm::stats().misses), (1, 1));
    assert!(norm::invalidate(&point) && norm::peek(&point).is_none());
}

#[cache(policy = lru, max_entries = 2, ephemeral)]
fn shout(text: &str) -> String {
    text.to_uppercase()
}

#[test]
fn lru_gives_up_the_least_recently_used() {
    for text in ["a", "b", "a", "c"] {
        shout(text);
    }
    assert_eq!(shout::explain().policy, Policy::Lru);
    assert!(shout::contains("a") && shout::contains("c") && !shout::contains("b"));
    assert_eq!(shout::explain_call("b"), CallExplanation::Evicted);
}

#[cache(ephemeral)]
async fn doubled(n: u32) -> Result<u32, String> {
    if n > 100 { Err("too many".to_owned()) } else { Ok(2 * n) }
}

/// Runs a future that never waits, as the simplest executor there is does.
fn run<F: Future>(future: F) -> F::Output {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        std::task::Poll::Ready(output) => output,
        std::task::Poll::Pending => panic!("a future that stays in memory waits for nothing"),
    }
}

#[test]
fn an_async_function_runs_on_any_executor() {
    assert_eq!(run(doubled(21)), Ok(42));
    assert_eq!(run(doubled(21)), Ok(42));
    assert_eq!(run(doubled(101)), Err("too many".to_owned()));
    assert!(!run(doubled::contains(101)));
    let stats = doubled::stats();
    assert_eq!((stats.memory_hits, stats.misses), (1, 2));
}
