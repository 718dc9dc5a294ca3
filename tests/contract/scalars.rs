//! Plain values of up to 128 bits, which memory keeps as words: they come back as they were, and obey the rules of others.

use std::sync::LazyLock;
use std::time::Duration;

use crate::common::Runs;
use omnicache::{CallExplanation, Config, ManualClock, cache};

static RUNS: Runs = Runs::new();

#[cache]
fn pair(n: i64) -> (i64, u64) {
    RUNS.note();
    (n, n.unsigned_abs())
}

#[cache]
fn bytes(n: u8) -> [u8; 16] {
    RUNS.note();
    std::array::from_fn(|index| n.wrapping_mul(index as u8))
}

#[cache]
fn perhaps(n: f64) -> Option<f64> {
    RUNS.note();
    (n >= 0.0).then(|| n.sqrt())
}

#[cache]
fn perhaps_wide(n: i128) -> Option<i128> {
    RUNS.note();
    (n > 0).then_some(-n)
}

#[cache]
fn mixed(n: u32) -> Result<(u16, bool, char), String> {
    RUNS.note();
    Ok((n as u16, n % 2 == 1, char::from_u32(n).ok_or("no character")?))
}

#[test]
fn a_plain_value_comes_back_as_it_was() {
    for _ in 0..2 {
        for n in [i64::MIN, -1, 0, i64::MAX] {
            assert_eq!(pair(n), (n, n.unsigned_abs()));
        }
        assert_eq!(bytes(17)[15], 255);
        assert_eq!((perhaps(-1.0), perhaps(4.0), perhaps(0.0)), (None, Some(2.0), Some(0.0)));
        assert_eq!((perhaps_wide(0), perhaps_wide(i128::MAX)), (None, Some(-i128::MAX)));
        assert_eq!(mixed('ß' as u32), Ok((223, true, 'ß')));
        assert!(mixed(0xD800).is_err());
    }
    // An error is not kept, and so was computed twice.
    assert_eq!(RUNS.count(), 4 + 1 + 3 + 2 + 1 + 2);
    assert_eq!(perhaps::stats().memory_hits, 3);
    assert_eq!(pair::stats().bytes, 4 * 16);
}

static CLOCK: LazyLock<ManualClock> = LazyLock::new(ManualClock::new);

#[cache(config = Config::new().clock(CLOCK.clone()), ttl = "10s")]
fn for_a_while(n: u64) -> u64 {
    n + 1
}

#[test]
fn a_plain_value_lives_as_long_as_it_is_told() {
    assert_eq!((for_a_while(1), for_a_while(2)), (2, 3));
    CLOCK.advance(Duration::from_nanos(9_999_999_999));
    assert_eq!(for_a_while::peek(1), Some(2));
    assert_eq!(for_a_while(1), 2);
    CLOCK.advance(Duration::from_nanos(1));
    assert_eq!(for_a_while::peek(1), None);
    assert_eq!(for_a_while::explain_call(1), CallExplanation::Expired);
    // What has expired makes room when something is kept, though nobody asks for it.
    assert_eq!(for_a_while(3), 4);
    let stats = for_a_while::stats();
    assert_eq!((stats.memory_hits, stats.misses, stats.expirations, stats.entries), (1, 3, 2, 1));
    CLOCK.rewind(Duration::from_secs(1));
    assert_eq!(for_a_while::peek(3), None, "a time from the future counts as expired");
}

#[cache(max_entries = 1000, ephemeral)]
fn bounded(n: u64) -> String {
    n.to_string()
}

#[test]
fn threads_read_replace_and_forget_the_same_entries_at_once() {
    std::thread::scope(|scope| {
        for thread in 0..4_u64 {
            scope.spawn(move || {
                for round in 0..20_000_u64 {
                    let n = (round * 31 + thread * 7) % 1500;
                    assert_eq!(bounded(n), n.to_string());
                    match round % 50 {
                        0 => assert_eq!(bounded::refresh(n), n.to_string()),
                        1 => drop(bounded::invalidate(n)),
                        2 if round % 5000 == 2 => bounded::clear(),
                        _ => {}
                    }
                }
            });
        }
    });
    let stats = bounded::stats();
    assert_eq!(stats.hits() + stats.misses, 80_000);
    assert!(stats.entries <= 1000 && stats.evictions > 0, "{stats:?}");
}

#[cache(ephemeral)]
async fn awaited(n: u64) -> String {
    n.to_string()
}

#[test]
fn a_peek_at_an_awaited_function_is_no_use_and_sees_what_is_kept() {
    crate::common::block_on(async {
        for n in 0..100 {
            assert_eq!(awaited::peek(n).await, None);
            awaited(n).await;
            assert_eq!(awaited::peek(n).await, Some(n.to_string()));
        }
        assert!(awaited::invalidate(7).await && !awaited::invalidate(7).await);
        assert_eq!((awaited::contains(7).await, awaited::contains(8).await), (false, true));
        let stats = awaited::stats();
        assert_eq!((stats.memory_hits, stats.misses, stats.entries), (0, 100, 99));
        awaited::clear().await;
        assert!(!awaited::contains(8).await);
        assert_eq!(awaited::stats().entries, 0);
        assert_eq!(awaited::stats().bytes, 0);
    });
}
