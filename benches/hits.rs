//! Memory hits through the macro beside the peers, interleaved in one process; medians over rounds.
//!
//! `cargo bench --bench hits`

#![allow(clippy::cast_possible_truncation, missing_docs, reason = "a benchmark")]

#[path = "support/mod.rs"]
mod support;

use std::hint::black_box;
use std::sync::LazyLock;

use hashbrown::HashMap;
use support::{Contest, Zipf};

#[omnicache::cache]
fn ours(n: u64) -> u64 {
    n.wrapping_mul(31)
}

#[omnicache::cache(max_entries = 100_000)]
fn ours_bounded(n: u64) -> u64 {
    n.wrapping_mul(31)
}

#[omnicache::cache]
fn ours_str(text: &str) -> u64 {
    text.len() as u64
}

#[cached::macros::cached]
fn cached_u64(n: u64) -> u64 {
    n.wrapping_mul(31)
}

#[cached::macros::cached(max_size = 100_000)]
fn cached_bounded(n: u64) -> u64 {
    n.wrapping_mul(31)
}

#[cached::macros::cached(key = "String", convert = r#"{ text.to_owned() }"#)]
fn cached_str(text: &str) -> u64 {
    text.len() as u64
}

static FLOOR: LazyLock<HashMap<u64, u64>> =
    LazyLock::new(|| (0..1000_u64).map(|n| (n, n.wrapping_mul(31))).collect());

fn main() {
    let keys = Zipf::new(1000, 0.99).take(1 << 16);
    let moka = moka::sync::Cache::new(100_000);
    let quick = quick_cache::sync::Cache::new(100_000);
    for n in 0..1000_u64 {
        moka.insert(n, n.wrapping_mul(31));
        quick.insert(n, n.wrapping_mul(31));
    }
    Contest::new("u64 -> u64, 1,000 hot keys, Zipf 0.99")
        .entrant("omnicache", || keys.iter().map(|&n| ours(black_box(n))).fold(0, u64::wrapping_add))
        .entrant("omnicache(max_entries)", || {
            keys.iter().map(|&n| ours_bounded(black_box(n))).fold(0, u64::wrapping_add)
        })
        .entrant("#[cached]", || keys.iter().map(|&n| cached_u64(black_box(n))).fold(0, u64::wrapping_add))
        .entrant("#[cached(max_size)]", || {
            keys.iter().map(|&n| cached_bounded(black_box(n))).fold(0, u64::wrapping_add)
        })
        .entrant("moka get", || keys.iter().filter_map(|n| moka.get(black_box(n))).fold(0, u64::wrapping_add))
        .entrant("quick_cache get", || {
            keys.iter().filter_map(|n| quick.get(black_box(n))).fold(0, u64::wrapping_add)
        })
        .entrant("floor: hashbrown, foldhash, no lock", || {
            keys.iter().filter_map(|n| FLOOR.get(black_box(n))).copied().fold(0, u64::wrapping_add)
        })
        .run(keys.len());

    let texts: Vec<String> = (0..100_000).map(|n| format!("key number {n:>13}")).collect();
    let order: Vec<&str> =
        Zipf::uniform(texts.len()).take(1 << 18).iter().map(|&n| &*texts[n as usize]).collect();
    let moka = moka::sync::Cache::new(1_000_000);
    for text in &texts {
        moka.insert(text.clone(), text.len() as u64);
    }
    let floor: HashMap<String, u64> = texts.iter().map(|text| (text.clone(), text.len() as u64)).collect();
    Contest::new("&str of 24 bytes -> u64, 100,000 keys, uniform")
        .entrant("omnicache", || order.iter().map(|text| ours_str(black_box(text))).sum())
        .entrant("#[cached]", || order.iter().map(|text| cached_str(black_box(text))).sum())
        .entrant("moka get", || order.iter().filter_map(|text| moka.get(black_box(*text))).sum())
        .entrant("floor: hashbrown, foldhash, no lock", || {
            order.iter().filter_map(|text| floor.get(black_box(*text))).sum()
        })
        .run(order.len());
}
