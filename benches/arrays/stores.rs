//! Storing an array of 100 MB.

use std::cell::Cell;
use std::fs::{self, File};
use std::hint::black_box;
use std::io::Write;
use std::time::Instant;

use ndarray::{Array2, ShapeBuilder, s};
use omnicache::{MappedArray, cache, for_ndarray};

use crate::support::{Contest, at_most, goal};
use crate::{COLUMNS, ROWS, array, children, dir};

const PART: &str = "stores";

thread_local! {
    static READY: Cell<Option<Array2<f64>>> = const { Cell::new(None) };
}

/// Returns the array that is ready: its own work is nothing.
#[cache(config = for_ndarray().max_disk_bytes(4 << 30), dir = dir(PART))]
fn stored(number: u64) -> MappedArray<f64, ndarray::Ix2> {
    let _ = number;
    READY.take().expect("an array is ready").into()
}

/// The most memory that storing takes beside the array, in bytes: in each of three layouts, the largest.
pub fn peak() -> u64 {
    let mut most = 0;
    for (number, layout) in [(0, "C"), (1, "Fortran"), (2, "sliced")] {
        let array = match layout {
            "C" => array(ROWS),
            "Fortran" => Array2::from_elem((COLUMNS, ROWS).f(), 1.0),
            _ => Array2::from_elem((ROWS, 2 * COLUMNS), 1.0).slice_move(s![.., ..;2]),
        };
        READY.set(Some(array));
        if number == 0 {
            // What the store itself takes once is not of this.
            let ready = READY.take();
            READY.set(Some(Array2::zeros((1, 1))));
            stored(100);
            READY.set(ready);
        }
        let mut kept = None;
        most = most.max(beside(|| kept = Some(stored(number))));
        assert_eq!(kept.map(|kept| kept.len()), Some(ROWS * COLUMNS));
    }
    most
}

/// The most memory that some work takes beside what was taken before, in bytes.
pub fn beside(work: impl FnOnce()) -> u64 {
    fs::write("/proc/self/clear_refs", "5").expect("the peak is reset");
    let before = status("VmRSS:");
    work();
    status("VmHWM:").saturating_sub(before)
}

fn bytes_of(elements: &[f64]) -> &[u8] {
    // SAFETY: any float is eight bytes.
    unsafe { std::slice::from_raw_parts(elements.as_ptr().cast(), size_of_val(elements)) }
}

fn timed(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_nanos() as f64
}

/// A figure of this process's memory, in bytes.
fn status(name: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").expect("the system tells");
    let line = text.lines().find_map(|line| line.strip_prefix(name)).expect("a line");
    line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") << 10
}

pub fn run() {
    let root = dir(PART);
    fs::create_dir_all(&root).expect("a directory");
    let path = root.join("raw");
    let mut number = 10;
    let ratios = Contest::new("storing Array2<f64> of 100 MB")
        .measured("a raw write", || {
            let plain = array(ROWS);
            let _ = fs::remove_file(&path);
            timed(|| {
                let bytes = bytes_of(plain.as_slice().expect("in order"));
                File::create_new(&path).and_then(|mut file| file.write_all(bytes)).expect("it is written");
            })
        })
        .measured("omnicache, a miss", || {
            READY.set(Some(array(ROWS)));
            stored::clear();
            number += 1;
            let mut kept = None;
            let time = timed(|| kept = Some(stored(number)));
            drop(black_box(kept));
            time
        })
        .run(1);
    goal("a raw write", 1.0 / ratios[1], 1.0 / 1.15);
    if cfg!(target_os = "linux") {
        at_most("peak memory beside the array, bytes", children::ask("peak", &root), f64::from(8 << 20));
    }
}
