//! Hits on an array of 100 MB.

use std::fs::File;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use memmap2::Mmap;
use ndarray::{Array2, ArrayView2, Ix2};
use ndarray_npy::{ViewNpyExt, read_npy};
use omnicache::{MappedArray, cache, for_ndarray};

use crate::support::{Contest, at_most, goal};
use crate::{COLUMNS, ROWS, array, children, dir, largest, python};

const PART: &str = "hits";

#[cache(config = for_ndarray(), dir = dir(PART))]
fn mapped(rows: usize) -> MappedArray<f64, Ix2> {
    array(rows).into()
}

#[cache(config = for_ndarray(), dir = dir(PART))]
fn copied(rows: usize) -> Array2<f64> {
    array(rows)
}

fn first_mapped() -> u64 {
    mapped(black_box(ROWS)).view()[[0, 0]].to_bits()
}

/// The first look of a fresh process at the array, in nanoseconds. A small one has opened the store before.
pub fn first_look() -> u64 {
    black_box(mapped(1).view()[[0, 0]]);
    let start = Instant::now();
    let array = mapped(black_box(ROWS));
    let first = black_box(array.view()[[0, 0]].to_bits());
    let time = start.elapsed();
    assert_eq!(first, 1_f64.to_bits(), "the first element");
    assert_eq!(mapped::stats().misses, 0, "both are hits");
    time.as_nanos() as u64
}

fn map_and_view(path: &Path) -> u64 {
    let file = File::open(path).expect("the array's file");
    // SAFETY: nobody changes the file while this benchmark runs.
    let map = unsafe { Mmap::map(&file) }.expect("a mapping");
    let view = ArrayView2::<f64>::view_npy(&map).expect("an array");
    view[[0, 0]].to_bits()
}

pub fn run() {
    let root = dir(PART);
    mapped(1);
    mapped(ROWS);
    copied(ROWS);
    let (length, path) = largest(&root).expect("the array's file");
    assert!(length > 100_000_000, "{} is no such file", path.display());
    first_element(&root, &path);
    whole(&path);
    sums();
}

fn first_element(root: &Path, path: &Path) {
    let held = mapped(ROWS);
    let medians = Contest::new("MappedArray<f64, Ix2> of 100 MB, first element")
        .measured("omnicache, fresh process", || children::ask("mapped", root))
        .entrant("omnicache, still mapped", first_mapped)
        .entrant("mmap and view_npy", || map_and_view(path))
        .run(1);
    drop(held);
    at_most("fresh process", medians.nanos("omnicache, fresh process"), 150e3);
    at_most("still mapped", medians.nanos("omnicache, still mapped"), 30e3);
}

fn whole(path: &Path) {
    let mut contest = Contest::new("Array2<f64> of 100 MB, a copy")
        .entrant("omnicache", || copied(black_box(ROWS))[[0, 0]].to_bits())
        .entrant("read_npy", || read_npy::<_, Array2<f64>>(path).expect("an array")[[0, 0]].to_bits());
    if let Some(mut numpy) = python::worker("load", path) {
        contest = contest.measured("numpy.load", move || numpy.ask());
    }
    if let Some(mut joblib) = python::worker("joblib", path) {
        contest = contest.measured("joblib, hit with a small argument, mapped", move || joblib.ask());
    }
    let ratios = contest.run(1);
    goal("read_npy", ratios[1], 1.5);
    if ratios.len() > 2 {
        goal("numpy.load", ratios[2], 1.0);
    }
}

fn sums() {
    let (here, there) = (array(ROWS), mapped(ROWS));
    let add = |slice: &[f64]| slice.chunks(8).map(|some| some.iter().sum::<f64>()).sum::<f64>().to_bits();
    let expected = add(here.as_slice().expect("in order"));
    let ratios = Contest::new("sum of 100 MB")
        .entrant("in memory", || add(here.as_slice().expect("in order")))
        .entrant("MappedArray, hit and sum, still mapped", || {
            let sum = add(mapped(black_box(ROWS)).view().as_slice().expect("in order"));
            assert_eq!(sum, expected);
            sum
        })
        .run(1);
    assert_eq!(there.shape(), [ROWS, COLUMNS]);
    goal("in memory", 1.0 / ratios[1], 1.0 / 1.05);
}
