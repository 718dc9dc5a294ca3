//! Hits on an array of 100 MB, mapped and copied, beside reading its file by other means; medians over rounds.
//!
//! `cargo bench --bench arrays --features ndarray`

#![allow(clippy::pedantic, missing_docs, reason = "a benchmark")]

#[path = "support/mod.rs"]
mod support;

use std::env;
use std::fs::{self, File};
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::{self, Command, Stdio};
use std::time::Instant;

use memmap2::Mmap;
use ndarray::{Array2, ArrayView2, Ix2};
use ndarray_npy::{ViewNpyExt, read_npy};
use omnicache::{MappedArray, cache, for_ndarray};
use support::{Contest, goal};

/// Where the store is; set in a child alone.
const DIR: &str = "OMNICACHE_BENCH_DIR";
/// 100 MB of `f64`.
const ROWS: usize = 2500;
const COLUMNS: usize = 5000;

fn dir() -> PathBuf {
    env::var_os(DIR).map_or_else(root, PathBuf::from)
}

fn root() -> PathBuf {
    let parent = env::var_os("OMNICACHE_DIR").map_or_else(env::temp_dir, PathBuf::from);
    parent.join(format!("omnicache-bench-arrays-{}", process::id()))
}

fn array(rows: usize) -> Array2<f64> {
    Array2::from_shape_fn((rows, COLUMNS), |(row, column)| (row * COLUMNS + column + 1) as f64)
}

#[cache(config = for_ndarray(), dir = dir())]
fn mapped(rows: usize) -> MappedArray<f64, Ix2> {
    array(rows).into()
}

#[cache(config = for_ndarray(), dir = dir())]
fn copied(rows: usize) -> Array2<f64> {
    array(rows)
}

fn first_mapped() -> u64 {
    mapped(black_box(ROWS)).view()[[0, 0]].to_bits()
}

/// The first look of a fresh process at the array, in nanoseconds. A small one has opened the store before.
fn child() {
    black_box(mapped(1).view()[[0, 0]]);
    let start = Instant::now();
    let first = black_box(first_mapped());
    let time = start.elapsed();
    assert_eq!(first, 1_f64.to_bits(), "the first element");
    assert_eq!(mapped::stats().misses, 0, "both are hits");
    println!("{}", time.as_nanos());
}

fn fresh(root: &Path) -> f64 {
    let mut command = Command::new(env::current_exe().expect("the path of this program"));
    let output = command.env(DIR, root).stderr(Stdio::inherit()).output().expect("a child starts");
    assert!(output.status.success(), "the child failed");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("nanoseconds")
}

/// The largest file below a directory: that of the array.
fn largest(dir: &Path) -> Option<(u64, PathBuf)> {
    let entries = fs::read_dir(dir).ok()?.filter_map(Result::ok);
    entries
        .filter_map(|entry| {
            let metadata = entry.metadata().ok()?;
            if metadata.is_dir() { largest(&entry.path()) } else { Some((metadata.len(), entry.path())) }
        })
        .max()
}

fn map_and_view(path: &Path) -> u64 {
    let file = File::open(path).expect("the array's file");
    // SAFETY: nobody changes the file while this benchmark runs.
    let map = unsafe { Mmap::map(&file) }.expect("a mapping");
    let view = ArrayView2::<f64>::view_npy(&map).expect("an array");
    view[[0, 0]].to_bits()
}

fn main() {
    if env::var_os(DIR).is_some() {
        return child();
    }
    let root = root();
    mapped(1);
    mapped(ROWS);
    copied(ROWS);
    let (length, path) = largest(&root).expect("the array's file");
    assert!(length > 100_000_000, "{} is no such file", path.display());
    let ratios = Contest::new("Array2<f64> of 100 MB, first element")
        .measured("omnicache, mapped, fresh process", || fresh(&root))
        .entrant("omnicache, mapped, again", first_mapped)
        .entrant("mmap and view_npy", || map_and_view(&path))
        .entrant("omnicache, copied", || copied(black_box(ROWS))[[0, 0]].to_bits())
        .entrant("read_npy", || read_npy::<_, Array2<f64>>(&path).expect("an array")[[0, 0]].to_bits())
        .run(1);
    goal("read_npy", ratios[4], 100.0);
    let _ = fs::remove_dir_all(&root);
}
