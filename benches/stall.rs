//! How long the disk keeps an async runtime of one thread from its other tasks: 10,000 lookups among 3,500 JSON results of
//! 160 KB, of which 65 % miss, while another task notes the longest time it had to wait for its turn, and how much of that
//! this thread was at work: the rest is the machine's, which has other threads to run.
//!
//! `cargo bench --features full --bench stall`

#![allow(clippy::pedantic, missing_docs, reason = "a benchmark")]

use std::cell::Cell;
use std::env;
use std::path::PathBuf;
use std::process;
use std::rc::Rc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

use omnicache::{cache, for_json};
use serde_json::{Value, json};

const ENTRIES: u64 = 3500;
const LOOKUPS: u64 = 10_000;
/// Lookups that run at the same time.
const TOGETHER: u64 = 4;

fn dir() -> PathBuf {
    env::temp_dir().join(format!("omnicache-bench-stall-{}", process::id()))
}

/// A result of 160 KB: numbers that compress to about a half.
fn document(id: u64) -> Value {
    let mut state = id + 1;
    let mut draw = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state >> 40
    };
    let rows: Vec<Value> =
        (0..3200).map(|at| json!({"id": at, "value": draw(), "name": format!("row {at}")})).collect();
    json!({"id": id, "rows": rows})
}

#[cache(config = for_json(), dir = dir(), max_bytes = 1)]
async fn lookup(id: u64) -> Value {
    document(id)
}

async fn look(first: u64, gone: Sender<Value>) -> u64 {
    let mut hits = 0;
    for number in (first..LOOKUPS).step_by(TOGETHER as usize) {
        // 35 % lie below the number of entries.
        let id = number.wrapping_mul(2_654_435_761) % (ENTRIES * 100 / 35);
        if let Some(found) = lookup::peek(id).await {
            // To drop ten thousand nodes takes a millisecond and now and then ten, and is not what is measured.
            gone.send(found).expect("somebody drops it");
            hits += 1;
        }
    }
    hits
}

/// The time this thread has been at work.
fn worked() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    for id in 0..ENTRIES {
        lookup(id).await;
    }
    let (done, worst) = (Rc::new(Cell::new(false)), Rc::new(Cell::new([Duration::ZERO; 2])));
    let local = tokio::task::LocalSet::new();
    let watch = {
        let (done, worst) = (Rc::clone(&done), Rc::clone(&worst));
        async move {
            let mut last = (Instant::now(), worked());
            while !done.get() {
                tokio::task::yield_now().await;
                let [waited, at_work] = worst.get();
                worst.set([waited.max(last.0.elapsed()), at_work.max(worked() - last.1)]);
                last = (Instant::now(), worked());
            }
        }
    };
    let (gone, going) = std::sync::mpsc::channel();
    std::thread::spawn(move || going.into_iter().for_each(drop::<Value>));
    let start = Instant::now();
    let hits: u64 = local
        .run_until(async {
            let watching = tokio::task::spawn_local(watch);
            let tasks: Vec<_> =
                (0..TOGETHER).map(|first| tokio::task::spawn_local(look(first, gone.clone()))).collect();
            let mut hits = 0;
            for task in tasks {
                hits += task.await.expect("no panic");
            }
            done.set(true);
            watching.await.expect("no panic");
            hits
        })
        .await;
    let [waited, at_work] = worst.get();
    println!("{LOOKUPS} lookups, {TOGETHER} at a time, {hits} hits, in {:.2?}", start.elapsed());
    println!(
        "the longest wait of another task {waited:.2?}, of it at work at most {at_work:.2?} (goal: 10 ms)"
    );
    let _ = std::fs::remove_dir_all(dir());
}
