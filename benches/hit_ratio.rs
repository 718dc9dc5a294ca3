//! Hit ratios of our policies and their peers on recorded traces.
//!
//! `cargo bench --bench hit_ratio -- FOLDER`, where FOLDER holds the traces named in [`traces`].

#![allow(clippy::pedantic, missing_docs, reason = "a benchmark")]

#[path = "support/traces.rs"]
mod traces;

use std::cell::Cell;
use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;

use omnicache::cache;

const CELLS: usize = traces::TRACES.len() * 4;

/// The bound of the instantiation that is made next.
static ENTRIES: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static MISSES: Cell<u64> = const { Cell::new(0) };
}

/// A function with this policy, once for each cell so that none knows of another: a bound is read at first use.
macro_rules! cached {
    ($($name:ident)*) => {$(
        #[cache(policy = $name, max_entries = ENTRIES.load(Relaxed))]
        fn $name<const CELL: usize>(key: u32) -> u32 {
            MISSES.set(MISSES.get() + 1);
            key
        }
    )*};
}

cached! { s3_fifo lru lfu fifo random }

macro_rules! cells {
    ($name:ident) => {
        cells!($name: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19)
    };
    ($name:ident: $($cell:literal)*) => {
        [$($name::<$cell>),*]
    };
}

/// Replays a trace through one of the cached functions; gives the number of hits.
fn ours(functions: [fn(u32) -> u32; CELLS], cell: usize, size: usize, trace: &[u32]) -> u64 {
    ENTRIES.store(size, Relaxed);
    MISSES.set(0);
    trace.iter().for_each(|&key| assert_eq!(functions[cell](key), key));
    trace.len() as u64 - MISSES.get()
}

/// Replays a trace through a `get` and an `insert`; gives the number of hits.
fn replay(trace: &[u32], get: impl Fn(u32) -> bool, insert: impl Fn(u32)) -> u64 {
    let mut misses = 0;
    traces::replay(trace, get, insert, |_| misses += 1);
    trace.len() as u64 - misses
}

fn quick_cache(_: usize, size: usize, trace: &[u32]) -> u64 {
    let cache = quick_cache::sync::Cache::new(size);
    replay(trace, |key| cache.get(&key).is_some(), |key| cache.insert(key, ()))
}

fn moka(_: usize, size: usize, trace: &[u32]) -> u64 {
    let cache = moka::sync::Cache::new(size as u64);
    replay(trace, |key| cache.get(&key).is_some(), |key| cache.insert(key, ()))
}

/// moka as it keeps its bound: by itself it holds up to 64 entries more until it gets round to them.
fn moka_in_bounds(_: usize, size: usize, trace: &[u32]) -> u64 {
    let cache = moka::sync::Cache::new(size as u64);
    let insert = |key| {
        cache.insert(key, ());
        cache.run_pending_tasks();
    };
    replay(trace, |key| cache.get(&key).is_some(), insert)
}

/// Least recently used, by the book.
fn exact_lru(_: usize, size: usize, trace: &[u32]) -> u64 {
    let (mut used, mut order) = (HashMap::new(), BTreeMap::new());
    let mut hits = 0;
    for (now, &key) in trace.iter().enumerate() {
        if let Some(before) = used.insert(key, now) {
            order.remove(&before);
            hits += 1;
        }
        order.insert(now, key);
        if used.len() > size
            && let Some((_, oldest)) = order.pop_first()
        {
            used.remove(&oldest);
        }
    }
    hits
}

type Replay = Box<dyn Fn(usize, usize, &[u32]) -> u64>;

fn entrants() -> Vec<(&'static str, Replay)> {
    macro_rules! policy {
        ($name:ident) => {
            (
                stringify!($name),
                Box::new(|cell, size, trace: &[u32]| ours(cells!($name), cell, size, trace)) as Replay,
            )
        };
    }
    vec![
        policy!(s3_fifo),
        policy!(lru),
        policy!(lfu),
        policy!(fifo),
        policy!(random),
        ("quick_cache", Box::new(quick_cache)),
        ("moka", Box::new(moka)),
        ("moka*", Box::new(moka_in_bounds)),
        ("exact LRU", Box::new(exact_lru)),
    ]
}

/// Says how the default does beside moka (this column of it) and LRU.
fn judge(what: &str, moka: usize, table: &[(String, Vec<f64>)]) {
    let lru = table[0].1.len() - 1;
    let behind = table.iter().filter_map(|(cell, ratios)| {
        let behind = ratios[moka].max(ratios[lru]) - ratios[0];
        (behind > 0.5).then(|| format!("{cell} by {behind:.2}"))
    });
    let behind: Vec<_> = behind.collect();
    let behind = if behind.is_empty() { "none".to_owned() } else { behind.join(", ") };
    println!("more than 0.5 points below the better of {what} and LRU: {behind}");
}

fn main() {
    let traces = traces::all("hit_ratio");
    let entrants = entrants();
    print!("{:<9}{:>8}", "trace", "entries");
    entrants.iter().for_each(|(name, _)| print!("{name:>12}"));
    println!();
    let mut table: Vec<(String, Vec<f64>)> = Vec::new();
    let (mut nanos, mut references) = (vec![0.0; entrants.len()], 0);
    for (trace, keys) in &traces {
        for size in trace.sizes {
            print!("{:<9}{size:>8}", trace.name);
            references += keys.len();
            let ratios = entrants.iter().zip(&mut nanos).map(|((_, replay), nanos)| {
                let start = Instant::now();
                let ratio = replay(table.len(), size, keys) as f64 * 100.0 / keys.len() as f64;
                *nanos += start.elapsed().as_nanos() as f64;
                print!("{ratio:>12.2}");
                ratio
            });
            let ratios = ratios.collect();
            println!();
            table.push((format!("{} {size}", trace.name), ratios));
        }
    }
    print!("{:<17}", "mean");
    for column in 0..entrants.len() {
        let sum: f64 = table.iter().map(|(_, ratios)| ratios[column]).sum();
        print!("{:>12.2}", sum / table.len() as f64);
    }
    print!("\n{:<17}", "ns per reference");
    nanos.iter().for_each(|nanos| print!("{:>12.0}", nanos / references as f64));
    println!(
        "\nmoka*: with its pending tasks run at each insertion; without, it holds up to 64 entries too many."
    );
    judge("moka", 6, &table);
    judge("moka*", 7, &table);
    let lru = table[1].1[8];
    println!("the replayer: LRU on OLTP with 1,000 entries hits {lru:.2} %, and should hit 32.83 %");
}
