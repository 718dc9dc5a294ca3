//! Work that several threads share, where it is large enough to be worth them.

use std::sync::{Mutex, OnceLock, PoisonError};
use std::thread;

/// How many threads so many bytes are worth, when each should have `share` of them: never more than there are
/// processors, nor than `most`.
pub(crate) fn worth(bytes: usize, share: usize, most: usize) -> usize {
    // Asking for the number of processors takes longer than most work does.
    if bytes < 2 * share { 1 } else { (bytes / share).min(processors()).clamp(1, most) }
}

/// Runs `work` in so many threads at once, this one among them. Each takes of what there is to do until nothing is left.
pub(crate) fn run(threads: usize, work: impl Fn() + Sync) {
    if threads <= 1 {
        return work();
    }
    thread::scope(|scope| {
        // A thread that cannot be made is done without.
        (1..threads).for_each(|_| drop(thread::Builder::new().spawn_scoped(scope, &work)));
        work();
    });
}

/// What `make` makes of the numbers below `count`, in their order, made by so many threads.
pub(crate) fn map<T: Copy + Default + Send>(
    count: usize,
    threads: usize,
    make: impl Fn(usize) -> T + Sync,
) -> Vec<T> {
    let mut made = vec![T::default(); count];
    let places = Mutex::new(made.iter_mut().enumerate());
    run(threads, || {
        loop {
            let place = places.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((index, place)) = place else { return };
            *place = make(index);
        }
    });
    made
}

fn processors() -> usize {
    static COUNT: OnceLock<usize> = OnceLock::new();
    *COUNT.get_or_init(|| thread::available_parallelism().map_or(1, usize::from))
}

#[cfg(test)]
mod tests {
    use super::{map, worth};

    #[test]
    fn what_is_made_is_in_order_however_many_threads_make_it() {
        for threads in [0, 1, 2, 7] {
            assert_eq!(map(100, threads, |index| index * 2), (0..200).step_by(2).collect::<Vec<_>>());
        }
    }

    #[test]
    fn little_is_worth_one_thread() {
        assert_eq!(worth(0, 10, 4), 1);
        assert_eq!(worth(19, 10, 4), 1);
        assert!((1..=4).contains(&worth(usize::MAX, 10, 4)));
    }
}
