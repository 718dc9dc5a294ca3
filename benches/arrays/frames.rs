//! Hits on a record batch of 100 MB: numbers and texts.

use std::cell::Cell;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use arrow_array::types::Float64Type;
use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray, cast::AsArray};
use omnicache::{cache, for_dataframes};

use crate::stores::beside;
use crate::support::{Contest, at_most};
use crate::{children, dir};

const PART: &str = "frames";

/// A row is a number of eight bytes and a text of twelve, behind an offset of four.
const ROW: usize = 24;

thread_local! {
    static READY: Cell<Option<RecordBatch>> = const { Cell::new(None) };
}

/// Returns the batch that is ready: its own work is nothing.
#[cache(config = for_dataframes(), dir = dir(PART))]
fn stored(number: u64) -> RecordBatch {
    let _ = number;
    READY.take().expect("a batch is ready")
}

/// The most memory that storing takes beside the batch, in bytes: a whole one, or one that is a slice.
pub fn peak(is_slice: bool) -> u64 {
    READY.set(Some(made(ROW)));
    stored(0);
    let batch = if is_slice { made(2 * LARGE).slice(LARGE / ROW / 2, LARGE / ROW) } else { made(LARGE) };
    READY.set(Some(batch.clone()));
    beside(|| drop(black_box(stored(1))))
}

#[cache(config = for_dataframes().max_disk_bytes(16 << 30), dir = dir(PART))]
fn frame(bytes: usize) -> RecordBatch {
    made(bytes)
}

fn made(bytes: usize) -> RecordBatch {
    let rows = (bytes / ROW) as u32;
    let numbers: ArrayRef = Arc::new(Float64Array::from_iter_values((1..=rows).map(f64::from)));
    let texts: ArrayRef =
        Arc::new(StringArray::from_iter_values((0..rows).map(|row| format!("text {row:07}"))));
    RecordBatch::try_from_iter([("number", numbers), ("text", texts)]).expect("columns of one length")
}

fn look(bytes: usize) -> u64 {
    let frame = frame(black_box(bytes));
    frame.column(0).as_primitive::<Float64Type>().value(0).to_bits()
}

const LARGE: usize = 100_000_000;
const HUGE: usize = 1_000_000_000;

/// The first look of a fresh process at the batch, in nanoseconds. A small one has opened the store before.
pub fn first_look() -> u64 {
    black_box(look(ROW));
    let start = Instant::now();
    let kept = frame(black_box(LARGE));
    let first = black_box(kept.column(0).as_primitive::<Float64Type>().value(0));
    let time = start.elapsed();
    assert_eq!(first, 1.0, "the first number");
    assert_eq!(frame::stats().misses, 0, "both are hits");
    time.as_nanos() as u64
}

pub fn run() {
    let root = dir(PART);
    for bytes in [ROW, LARGE, HUGE] {
        frame(bytes);
    }
    let (held, both) = (frame(LARGE), frame(HUGE));
    let medians = Contest::new("RecordBatch of 100 MB, numbers and texts, first element")
        .measured("omnicache, fresh process", || children::ask("frame", &root))
        .entrant("omnicache, still mapped", || look(LARGE))
        .entrant("omnicache, still mapped, 1 GB", || look(HUGE))
        .run(1);
    drop((held, both));
    at_most("fresh process", medians.nanos("omnicache, fresh process"), 100e3);
    at_most(
        "1 GB over 100 MB, per cent",
        100.0 * medians.nanos("omnicache, still mapped, 1 GB") / medians.nanos("omnicache, still mapped"),
        110.0,
    );
    if cfg!(target_os = "linux") {
        let peak = |work| children::ask(work, &root);
        let goal = f64::from(8 << 20);
        at_most("peak memory beside a frame that is stored, bytes", peak("peak of a frame"), goal);
        // The offsets of its texts are written anew.
        let goal = goal + (LARGE / ROW * 4) as f64;
        at_most("the same beside a slice", peak("peak of a slice"), goal);
    }
}
