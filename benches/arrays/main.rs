//! Arrays, frames and blobs of 100 MB: hits mapped and copied, stores, and arguments; beside reading and writing the
//! same bytes by other means, in one run; medians over rounds.
//!
//! `cargo bench --bench arrays --features full`
//!
//! With `OMNICACHE_BENCH_PYTHON=path/to/python` numpy and joblib (if they can be imported there) run beside.

#![allow(clippy::pedantic, missing_docs, unreachable_pub, reason = "a benchmark")]

mod arguments;
mod children;
mod frames;
mod hits;
mod python;
mod stores;
#[path = "../support/mod.rs"]
mod support;

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process;

use ndarray::Array2;

/// 100 MB of `f64`.
const ROWS: usize = 2500;
const COLUMNS: usize = 5000;

/// Where the store of a part of this benchmark is: given to a child by its parent.
fn dir(part: &str) -> PathBuf {
    env::var_os(children::DIR).map_or_else(|| root().join(part), PathBuf::from)
}

fn root() -> PathBuf {
    let parent = env::var_os("OMNICACHE_DIR").map_or_else(env::temp_dir, PathBuf::from);
    parent.join(format!("omnicache-bench-arrays-{}", process::id()))
}

fn array(rows: usize) -> Array2<f64> {
    Array2::from_shape_fn((rows, COLUMNS), |(row, column)| (row * COLUMNS + column + 1) as f64)
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

fn main() {
    if children::is_child() {
        return children::run();
    }
    let wanted: Vec<String> = env::args().skip(1).filter(|word| !word.starts_with('-')).collect();
    let parts: [(&str, fn()); 4] = [
        ("hits", hits::run),
        ("frames", frames::run),
        ("stores", stores::run),
        ("arguments", arguments::run),
    ];
    for (name, run) in parts {
        if wanted.is_empty() || wanted.iter().any(|word| word == name) {
            run();
        }
        let _ = fs::remove_dir_all(root().join(name));
    }
    let _ = fs::remove_dir_all(root());
}
