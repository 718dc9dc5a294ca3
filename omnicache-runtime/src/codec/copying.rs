//! Copies of a stored or kept result in memory of their own.
//!
//! Nearly all a large copy costs is that its memory is new: the system clears each page at its first touch, and a page
//! fault for every 4 KiB takes five times as long as the copying. So large copies ask for huge pages, and are made by
//! several threads.

use std::any::Any;
use std::collections::TryReserveError;
use std::mem::MaybeUninit;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::{iter, thread};

/// The size of a huge page: so much is cleared and mapped at once.
const HUGE: usize = 2 << 20;
/// The size of a page, or a multiple of it.
#[cfg(target_os = "linux")]
const PAGE: usize = 64 << 10;
/// From so many bytes on huge pages are asked for.
const LARGE: usize = 2 * HUGE;
/// A thread of its own is worth it from so many bytes on.
const SHARE: usize = 8 << 20;
/// More threads than this wait for the memory, not for each other.
const THREADS: usize = 4;

/// The values that `bytes` are, in memory of their own; `None` if `valid` refuses them.
///
/// # Errors
/// When there is no room for them.
///
/// # Safety
/// Bytes of which `valid` says `true` are values of `T`, whatever lies beyond a whole number of them.
pub(super) unsafe fn copied<T>(
    bytes: &[u8],
    valid: impl FnOnce(&[u8]) -> bool,
) -> Result<Option<Vec<T>>, TryReserveError> {
    let count = bytes.len() / size_of::<T>();
    let bytes = &bytes[..count * size_of::<T>()];
    let mut values: Vec<T> = room(count)?;
    let start = values.spare_capacity_mut().as_mut_ptr().cast::<MaybeUninit<u8>>();
    // SAFETY: the vector has room for `count` values of `T`, which is as many bytes as there are, and nobody else has
    // it; any memory is a slice of bytes that may be uninitialised.
    let room = unsafe { std::slice::from_raw_parts_mut(start, bytes.len()) };
    fill(room, raw(bytes));
    // SAFETY: `fill` has written every byte of the room.
    let written = unsafe { std::slice::from_raw_parts(start.cast::<u8>(), bytes.len()) };
    // The copy is asked and not its source, so that what was found valid is what is returned.
    if !valid(written) {
        return Ok(None);
    }
    // SAFETY: the first `count` values are written, and the caller says that they are values of `T`.
    unsafe { values.set_len(count) };
    Ok(Some(values))
}

/// An empty vector with room for `count` values, in huge pages if it is large.
///
/// # Errors
/// When there is no room.
pub(crate) fn room<T>(count: usize) -> Result<Vec<T>, TryReserveError> {
    let mut values = Vec::new();
    values.try_reserve_exact(count)?;
    ask_for_huge_pages(values.spare_capacity_mut());
    Ok(values)
}

/// A copy of `bytes`.
pub(super) fn copied_bytes(bytes: &[u8]) -> Vec<u8> {
    // SAFETY: every bit pattern is an `u8`.
    let copy = unsafe { copied(bytes, |_| true) };
    copy.ok().flatten().unwrap_or_else(|| bytes.to_vec())
}

/// A copy of `bytes` that is shared.
pub(super) fn copied_shared(bytes: &[u8]) -> Arc<[u8]> {
    let mut shared = Arc::new_uninit_slice(bytes.len());
    let Some(room) = Arc::get_mut(&mut shared) else { return Arc::from(bytes) };
    ask_for_huge_pages(room);
    fill(room, raw(bytes));
    // SAFETY: `fill` has written every byte of the room.
    unsafe { shared.assume_init() }
}

/// A copy of `value`, as its clone is one. Strings and vectors of numbers that are large are copied as the rest here is.
#[inline]
pub(super) fn duplicate<T: Clone + 'static>(value: &T) -> T {
    macro_rules! of_numbers {
        ($($number:ty)+) => {$(
            // Known at compile time, so that other types pay nothing.
            if let Some(numbers) = (value as &dyn Any).downcast_ref::<Vec<$number>>() {
                return copied_values(numbers).and_then(renamed).unwrap_or_else(|| value.clone());
            }
        )+};
    }
    of_numbers! { u8 u16 u32 u64 u128 usize i8 i16 i32 i64 i128 isize f32 f64 bool char }
    if let Some(bytes) = (value as &dyn Any).downcast_ref::<Box<[u8]>>() {
        let bytes = copied_values(bytes).map(Vec::into_boxed_slice);
        return bytes.and_then(renamed).unwrap_or_else(|| value.clone());
    }
    if let Some(text) = (value as &dyn Any).downcast_ref::<String>() {
        // SAFETY: the bytes are those of a text.
        let text = copied_values(text.as_bytes()).map(|bytes| unsafe { String::from_utf8_unchecked(bytes) });
        return text.and_then(renamed).unwrap_or_else(|| value.clone());
    }
    value.clone()
}

/// The value by the other name of its type.
fn renamed<T: 'static, U: 'static>(value: T) -> Option<U> {
    (&mut Some(value) as &mut dyn Any).downcast_mut::<Option<U>>()?.take()
}

/// A copy of so many values that it is worth the trouble; `None` if they are too few, or there is no room.
pub(super) fn copied_values<T: Copy>(values: &[T]) -> Option<Vec<T>> {
    if size_of_val(values) < LARGE {
        return None;
    }
    let mut copy: Vec<T> = room(values.len()).ok()?;
    let start = copy.spare_capacity_mut().as_mut_ptr().cast::<MaybeUninit<u8>>();
    // SAFETY: the vector has room for as many values as there are, and nobody else has it; any memory is a slice of
    // bytes that may be uninitialised.
    fill(unsafe { std::slice::from_raw_parts_mut(start, size_of_val(values)) }, raw(values));
    // SAFETY: `fill` has written every byte of the values, which may be copied since they are `Copy`.
    unsafe { copy.set_len(values.len()) };
    Some(copy)
}

/// The bytes that `values` are, of which some may be padding.
fn raw<T: Copy>(values: &[T]) -> &[MaybeUninit<u8>] {
    // SAFETY: any memory is a slice of bytes that may be uninitialised; the slice borrows from the values.
    unsafe { std::slice::from_raw_parts(values.as_ptr().cast(), size_of_val(values)) }
}

/// Copies `bytes` into new memory of the same length.
fn fill(room: &mut [MaybeUninit<u8>], bytes: &[MaybeUninit<u8>]) {
    assert_eq!(room.len(), bytes.len(), "as much room as there are bytes");
    let threads = (bytes.len() / SHARE).clamp(1, processors().min(THREADS));
    if threads == 1 {
        return write(room, bytes);
    }
    // Pieces end where huge pages do, so that no page is waited for by two threads.
    let (first, pages) = room.split_at_mut(room.as_ptr().align_offset(HUGE));
    let (from, rest) = bytes.split_at(first.len());
    let pieces = pages.chunks_mut(HUGE).zip(rest.chunks(HUGE));
    let pieces = Mutex::new(iter::once((first, from)).chain(pieces));
    let work = || {
        loop {
            let piece = pieces.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((room, bytes)) = piece else { return };
            write(room, bytes);
        }
    };
    thread::scope(|scope| {
        // A thread that cannot be made is done without.
        (1..threads).for_each(|_| drop(thread::Builder::new().spawn_scoped(scope, work)));
        work();
    });
}

fn write(room: &mut [MaybeUninit<u8>], bytes: &[MaybeUninit<u8>]) {
    assert_eq!(room.len(), bytes.len());
    // SAFETY: both are of one length, checked above, and do not overlap, since one is borrowed exclusively.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), room.as_mut_ptr(), bytes.len()) };
}

/// It is advice: where it is not followed, the copy is as right, and slower.
#[cfg(target_os = "linux")]
fn ask_for_huge_pages<T>(room: &mut [MaybeUninit<T>]) {
    let (first, size) = (room.as_mut_ptr().cast::<u8>(), size_of_val(room));
    if size < LARGE {
        return;
    }
    let start = first.align_offset(PAGE);
    let length = (size - start) / PAGE * PAGE;
    // SAFETY: the advice says how pages are to be backed and changes nothing that is in them; the range is whole
    // pages of memory that is borrowed exclusively.
    let _ = unsafe { libc::madvise(first.wrapping_add(start).cast(), length, libc::MADV_HUGEPAGE) };
}

#[cfg(not(target_os = "linux"))]
fn ask_for_huge_pages<T>(_: &mut [MaybeUninit<T>]) {}

fn processors() -> usize {
    static COUNT: OnceLock<usize> = OnceLock::new();
    *COUNT.get_or_init(|| thread::available_parallelism().map_or(1, usize::from))
}

#[cfg(test)]
mod tests {
    use super::{copied, copied_bytes, copied_shared, duplicate};

    #[test]
    fn a_copy_of_any_length_and_alignment_is_whole() {
        for length in [0, 1, 4095, (4 << 20) - 1, 4 << 20, (16 << 20) + 12_345, 40 << 20] {
            let bytes: Vec<u8> =
                (0..length + 8_u32).map(|at| at.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
            for start in [0, 3] {
                let from = &bytes[start..start + length as usize];
                // SAFETY: every bit pattern is an `u8`.
                let copy = unsafe { copied::<u8>(from, |_| true) }.expect("room").expect("valid");
                assert!(copy == from, "{length} bytes from {start}");
            }
        }
    }

    #[test]
    fn a_duplicate_is_what_a_clone_is() {
        fn same<T: Clone + PartialEq + 'static>(value: &T) {
            assert!(duplicate(value) == *value);
        }
        for count in [0_u32, 3, 2_000_000] {
            same(&(0..count).map(f64::from).collect::<Vec<_>>());
            same(&(0..count).map(|at| at % 3 == 1).collect::<Vec<_>>());
            same(&(0..count).map(|at| char::from_u32(0x1F600 + at % 50).unwrap_or('x')).collect::<String>());
            same(&(0..count).map(|at| (at, String::new())).collect::<Vec<_>>());
            same(&vec![7_u8; count as usize * 3].into_boxed_slice());
            same(&Some(vec![count; 3]));
        }
    }

    #[test]
    fn bytes_are_copied_whole() {
        let bytes: Vec<u8> = (0..9_000_000_u32).map(|at| at.to_le_bytes()[0]).collect();
        assert!(copied_bytes(&bytes) == bytes);
        assert!(*copied_shared(&bytes) == *bytes);
    }

    #[test]
    fn what_is_not_valid_is_not_returned() {
        // SAFETY: nothing is valid.
        assert!(unsafe { copied::<bool>(&[2], |_| false) }.expect("room").is_none());
    }
}
