//! A hit in memory allocates nothing. The test has a process, and an allocator, of its own.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use omnicache::cache;

struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every request is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.set(ALLOCATIONS.get() + 1);
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How often `work` allocates on this thread.
fn allocations<R>(work: impl FnOnce() -> R) -> u64 {
    let before = ALLOCATIONS.get();
    std::hint::black_box(work());
    ALLOCATIONS.get() - before
}

#[cache]
fn of_number(n: u64) -> u64 {
    n + 1
}

#[cache]
fn of_text(text: &str) -> u64 {
    text.len() as u64
}

#[cache(max_entries = 10)]
fn of_slice(numbers: &[f64], scale: f32) -> f64 {
    numbers.iter().sum::<f64>() * f64::from(scale)
}

#[cache(ephemeral)]
fn shared(n: u64) -> std::sync::Arc<[u64; 100]> {
    std::sync::Arc::new([n; 100])
}

#[test]
fn a_hit_in_memory_allocates_nothing() {
    let text = "a text of more than a few bytes, and of more than one cache line, to be looked up again";
    let numbers = [0.5; 100];
    assert!(allocations(|| of_text(text)) > 0, "the counter counts: a miss allocates");
    of_number(1);
    of_slice(&numbers, 2.0);
    shared(3);
    assert_eq!(allocations(|| of_number(1)), 0);
    assert_eq!(allocations(|| of_text(text)), 0);
    assert_eq!(allocations(|| of_slice(&numbers, 2.0)), 0);
    assert_eq!(allocations(|| shared(3)), 0);
    assert_eq!(of_number::stats().memory_hits + of_text::stats().memory_hits, 2);
}
