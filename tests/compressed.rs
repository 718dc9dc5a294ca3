//! Results on disk, compressed: smaller there, and the same when they come back.
#![cfg(all(feature = "zstd", feature = "ndarray"))]

mod common;

use std::collections::BTreeMap;

use common::{Runs, lasting, panic_of};
use ndarray::Array2;
use omnicache::{Config, cache};

static RUNS: Runs = Runs::new();

fn lines(n: usize) -> Vec<String> {
    RUNS.note();
    (0..n).map(|line| format!("line {} of some text that repeats", line % 10)).collect()
}

#[cache(backend = disk, dir = lasting(), config = Config::new().compress(3))]
fn packed(n: usize) -> Vec<String> {
    lines(n)
}

#[cache(backend = disk, dir = lasting())]
fn plain(n: usize) -> Vec<String> {
    lines(n)
}

#[cache(backend = disk, dir = lasting(), config = Config::new().compress(19).secret("s"))]
fn bytes(n: usize) -> Result<Option<Vec<u8>>, String> {
    RUNS.note();
    if n == usize::MAX {
        return Err("too many".to_owned());
    }
    // Nothing that zstd could shrink.
    let mut state = n as u64;
    let noise = (0..n).map(|_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        state.to_le_bytes()[7]
    });
    Ok((n > 0).then(|| noise.collect()))
}

#[test]
fn what_was_compressed_comes_back_the_same_and_takes_less_room() {
    for n in [0, 1, 100, 40_000] {
        assert_eq!(packed(n), plain(n));
        assert_eq!(packed(n), plain(n));
        assert_eq!(bytes(n), bytes(n));
    }
    assert_eq!(RUNS.count(), 12, "every second call is a hit on disk");
    let (packed, plain) = (packed::stats(), plain::stats());
    assert_eq!((packed.disk_hits, packed.errors, bytes::stats().errors), (4, 0, 0));
    assert!(packed.bytes * 20 < plain.bytes, "{} bytes of {}", packed.bytes, plain.bytes);
}

#[cache(backend = array, dir = lasting(), config = Config::new().compress(3))]
fn array(n: usize) -> Array2<f64> {
    Array2::zeros((n, n))
}

#[cache(persist, dir = lasting(), config = Config::new().compress(23))]
fn at_no_level(n: u64) -> BTreeMap<u64, u64> {
    BTreeMap::from([(n, n)])
}

#[test]
fn what_cannot_be_compressed_is_refused() {
    let message = panic_of(|| array(2));
    assert!(message.contains("compressed::array") && message.contains("`backend = disk`"), "{message}");
    let message = panic_of(|| at_no_level(2));
    assert!(message.contains("`compress` = 23") && message.contains("from 1 to 22"), "{message}");
}
