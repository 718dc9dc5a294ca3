//! The time that a cache saves where results cost differently, or take different room: our default policy beside itself
//! without knowledge of costs, its peers, and `GreedyDual-Size-Frequency`.
//!
//! `cargo bench --bench savings -- FOLDER`, where FOLDER holds the traces named in [`traces`]. Each is asked for through a
//! function whose body moves an injected clock by what the key costs; printed is the share of the whole cost that hits
//! have saved, in per cent.

#![allow(clippy::pedantic, missing_docs, reason = "a benchmark")]

#[path = "support/traces.rs"]
mod traces;

use std::cell::Cell;
use std::collections::{BTreeSet, HashMap};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use omnicache::{Config, ManualClock, cache};

/// What computing the result of a key costs, in microseconds, and how many bytes it has.
type Of = fn(u32) -> u64;

struct World {
    name: &'static str,
    cost: Of,
    size: Of,
}

/// A number that looks random, of at most 16 bits.
fn dice(key: u32) -> u64 {
    u64::from(key.wrapping_mul(0x9E37_79B1).rotate_left(11).wrapping_mul(0x85EB_CA6B)) >> 16
}

fn alike(_: u32) -> u64 {
    100
}

const WORLDS: [World; 5] = [
    World { name: "costs alike", cost: alike, size: |_| 1 },
    World {
        name: "one in 16 costs 64 times as much",
        cost: |key| if dice(key).is_multiple_of(16) { 6400 } else { 100 },
        size: |_| 1,
    },
    World { name: "costs from 1 µs to 16 ms", cost: |key| 4_u64.pow((dice(key) % 8) as u32), size: |_| 1 },
    World {
        name: "costs alike, 100 B to 25 KB",
        cost: alike,
        size: |key| 100 * 4_u64.pow((dice(key) % 5) as u32),
    },
    World {
        name: "both",
        cost: |key| 4_u64.pow((dice(key) % 8) as u32),
        size: |key| 100 * 4_u64.pow((dice(key) / 8 % 5) as u32),
    },
];
/// The second and the third size of each trace.
const SIZES: [usize; 2] = [1, 2];

/// The bound of the instantiation that is made next, in entries or bytes.
static BOUND: AtomicUsize = AtomicUsize::new(0);
static CLOCK: LazyLock<ManualClock> = LazyLock::new(ManualClock::new);

thread_local! {
    static WORLD: Cell<usize> = const { Cell::new(0) };
    static MISSED: Cell<u64> = const { Cell::new(0) };
}

/// Runs a body: notes its cost, and lets the clock tell it if that is to be known.
fn body(key: u32, told: bool) {
    let cost = (WORLDS[WORLD.get()].cost)(key);
    MISSED.set(MISSED.get() + cost);
    if told {
        CLOCK.advance(Duration::from_micros(cost));
    }
}

#[cache(max_entries = BOUND.load(Relaxed), config = Config::new().clock(CLOCK.clone()))]
fn ours<const CELL: usize>(key: u32) -> u32 {
    body(key, true);
    key
}

#[cache(max_entries = BOUND.load(Relaxed), config = Config::new().clock(CLOCK.clone()))]
fn blind<const CELL: usize>(key: u32) -> u32 {
    body(key, false);
    key
}

#[cache(ephemeral, max_bytes = BOUND.load(Relaxed) as u64, config = Config::new().clock(CLOCK.clone()))]
fn ours_sized<const CELL: usize>(key: u32) -> Vec<u8> {
    body(key, true);
    vec![key as u8; (WORLDS[WORLD.get()].size)(key) as usize]
}

#[cache(ephemeral, max_bytes = BOUND.load(Relaxed) as u64, config = Config::new().clock(CLOCK.clone()))]
fn blind_sized<const CELL: usize>(key: u32) -> Vec<u8> {
    body(key, false);
    vec![key as u8; (WORLDS[WORLD.get()].size)(key) as usize]
}

macro_rules! cells {
    ($name:ident) => {
        cells!($name: 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24
            25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40 41 42 43 44 45 46 47 48 49)
    };
    ($name:ident: $($cell:literal)*) => {
        [$(|key| _ = $name::<$cell>(key)),*]
    };
}

type Cells = [fn(u32); traces::TRACES.len() * SIZES.len() * WORLDS.len()];

/// What one entrant has to replay.
struct Round<'a> {
    cell: usize,
    trace: &'a [u32],
    world: &'a World,
    bound: u64,
}

impl Round<'_> {
    fn is_sized(&self) -> bool {
        (self.world.size)(0) > 1
    }

    /// The cost of what one of the cached functions computes.
    fn ours(&self, plain: Cells, sized: Cells) -> u64 {
        BOUND.store(self.bound as usize, Relaxed);
        MISSED.set(0);
        let call = if self.is_sized() { sized[self.cell] } else { plain[self.cell] };
        self.trace.iter().for_each(|&key| call(key));
        MISSED.get()
    }

    /// The cost of what another cache misses.
    fn peer(&self, get: impl Fn(u32) -> bool, insert: impl Fn(u32)) -> u64 {
        let mut missed = 0;
        traces::replay(self.trace, get, insert, |key| missed += (self.world.cost)(key));
        missed
    }

    fn quick_cache(&self) -> u64 {
        #[derive(Clone)]
        struct Sizes(Of);
        impl quick_cache::Weighter<u32, ()> for Sizes {
            fn weight(&self, key: &u32, (): &()) -> u64 {
                (self.0)(*key)
            }
        }
        let mean =
            self.trace.iter().map(|&key| (self.world.size)(key)).sum::<u64>() / self.trace.len() as u64;
        let cache = quick_cache::sync::Cache::with_weighter(
            (self.bound / mean.max(1)) as usize,
            self.bound,
            Sizes(self.world.size),
        );
        self.peer(|key| cache.get(&key).is_some(), |key| cache.insert(key, ()))
    }

    fn moka(&self) -> u64 {
        let size = self.world.size;
        let cache = moka::sync::Cache::builder()
            .max_capacity(self.bound)
            .weigher(move |key: &u32, (): &()| size(*key) as u32)
            .build();
        let insert = |key| {
            cache.insert(key, ());
            cache.run_pending_tasks();
        };
        self.peer(|key| cache.get(&key).is_some(), insert)
    }

    /// The cost of what a cache misses that gives up the entry of the lowest priority, which `priority` gives anew at
    /// each use: of how often the key was used, and of the priority of the last entry that left.
    fn by_priority(&self, mut priority: impl FnMut(u32, u64, f64) -> f64) -> u64 {
        let (mut held, mut order) = (HashMap::<u32, (u64, u64)>::new(), BTreeSet::<(u64, u32)>::new());
        let (mut room, mut last, mut missed) = (self.bound, 0.0, 0);
        for &key in self.trace {
            let (uses, before) = held.get(&key).copied().unwrap_or_default();
            if uses > 0 {
                order.remove(&(before, key));
            } else {
                missed += (self.world.cost)(key);
                let size = (self.world.size)(key);
                while room < size {
                    let Some((lowest, victim)) = order.pop_first() else { break };
                    last = f64::from_bits(lowest);
                    held.remove(&victim);
                    room += (self.world.size)(victim);
                }
                room -= size;
            }
            // Positive numbers are in the order of their bits.
            let rank = priority(key, uses + 1, last).to_bits();
            held.insert(key, (uses + 1, rank));
            order.insert((rank, key));
        }
        missed
    }

    fn lru(&self) -> u64 {
        let mut now = 0.0;
        self.by_priority(|_, _, _| {
            now += 1.0;
            now
        })
    }

    /// Cherkasova, "Improving WWW proxies performance with Greedy-Dual-Size-Frequency caching policy" (1998).
    fn gdsf(&self) -> u64 {
        let worth = |key| (self.world.cost)(key) as f64 / (self.world.size)(key) as f64;
        self.by_priority(|key, uses, last| last + uses as f64 * worth(key))
    }
}

type Entrant = (&'static str, fn(&Round<'_>) -> u64);

const ENTRANTS: [Entrant; 6] = [
    ("s3_fifo", |round| round.ours(cells!(ours), cells!(ours_sized))),
    ("blind", |round| round.ours(cells!(blind), cells!(blind_sized))),
    ("quick_cache", |round| round.quick_cache()),
    ("moka", |round| round.moka()),
    ("exact LRU", |round| round.lru()),
    ("GDSF", |round| round.gdsf()),
];

fn main() {
    let traces = traces::all("savings");
    let mut cell = 0;
    for (index, world) in WORLDS.iter().enumerate() {
        WORLD.set(index);
        print!("\n{}: time saved, per cent\n{:<18}", world.name, "");
        ENTRANTS.iter().for_each(|(name, _)| print!("{name:>12}"));
        println!();
        let mut sums = [0.0; ENTRANTS.len()];
        for (trace, keys) in &traces {
            let all: u64 = keys.iter().map(|&key| (world.cost)(key)).sum();
            let mean = keys.iter().map(|&key| (world.size)(key)).sum::<u64>() / keys.len() as u64;
            for size in SIZES.map(|size| trace.sizes[size]) {
                print!("{:<9}{size:>9}", trace.name);
                let round = Round { cell, trace: keys, world, bound: size as u64 * mean };
                for ((_, missed), sum) in ENTRANTS.iter().zip(&mut sums) {
                    let saved = 100.0 - missed(&round) as f64 * 100.0 / all as f64;
                    *sum += saved;
                    print!("{saved:>12.2}");
                }
                println!();
                cell += 1;
            }
        }
        print!("{:<18}", "mean");
        sums.iter().for_each(|sum| print!("{:>12.2}", sum / (traces.len() * SIZES.len()) as f64));
        println!();
    }
}
