//! Hits with an array of 100 MB as argument.

use std::hint::black_box;

use ndarray::Array2;
use omnicache::{Prehashed, cache};

use crate::support::{Contest, goal};
use crate::{ROWS, array, dir, python};

const PART: &str = "arguments";

#[cache]
fn in_memory(array: &Array2<f64>) -> u64 {
    array.len() as u64
}

#[cache(persist, max_entries = 1, dir = dir(PART))]
fn on_disk(array: &Array2<f64>, number: u64) -> u64 {
    array.len() as u64 + number
}

#[cache]
fn of_prehashed(array: &Prehashed<Array2<f64>>) -> u64 {
    array.len() as u64
}

#[cache]
fn of_small(number: u64) -> u64 {
    number
}

pub fn run() {
    let array = array(ROWS);
    let read = || {
        let all = array.as_slice().expect("in order");
        all.chunks(8).map(|some| some.iter().fold(0, |bits, x| bits ^ x.to_bits())).fold(0, |a, b| a ^ b)
    };
    in_memory(&array);
    on_disk(&array, 0);
    on_disk(&array, 1);
    // With room for one in memory, asking for two in turn asks the disk each time.
    let mut turn = 0;
    let path = dir(PART).join("argument.npy");
    let _ = ndarray_npy::write_npy(&path, &array);
    let mut contest = Contest::new("a hit with an argument of 100 MB")
        .entrant("reading it once", read)
        .entrant("omnicache, from memory", || in_memory(black_box(&array)))
        .entrant("omnicache, from disk", || {
            turn ^= 1;
            on_disk(black_box(&array), turn)
        });
    if let Some(mut joblib) = python::worker("joblib-argument", &path) {
        contest = contest.measured("joblib", move || joblib.ask());
    }
    let ratios = contest.run(1);
    goal("reading it once, of a hit in memory", 1.0 / ratios[1], 1.0 / 1.3);
    goal("reading it once, of a hit on disk", 1.0 / ratios[2], 1.0 / 2.3);
    let stats = on_disk::stats();
    println!("  hits on disk: {}, in memory: {}", stats.disk_hits, stats.memory_hits);

    let prehashed = Prehashed::new(array.clone());
    of_prehashed(&prehashed);
    of_small(1);
    const TIMES: usize = 10_000;
    let medians = Contest::new("a hit with a Prehashed argument of 100 MB")
        .entrant("omnicache, small argument", || (0..TIMES).map(|_| of_small(black_box(1))).sum())
        .entrant("omnicache, Prehashed", || (0..TIMES).map(|_| of_prehashed(black_box(&prehashed))).sum())
        .run(TIMES);
    crate::support::at_most(
        "Prehashed over small, nanoseconds",
        medians.nanos("omnicache, Prehashed") - medians.nanos("omnicache, small argument"),
        1000.0,
    );
}
