use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::*;

/// The same in every run: what depends on the process's secret would fail now and then.
fn digest(number: u64) -> Digest {
    // Steele, Lea and Flood's splitmix64.
    let mixed = |number: u64| {
        let number = number.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let number = (number ^ number >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let number = (number ^ number >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        number ^ number >> 31
    };
    Digest::from_words(mixed(2 * number + 1), mixed(2 * number + 2))
}

/// Random operations on a table beside a map, `payload` making a value of the step.
fn agrees_with_a_map<const P: usize>(max_bytes: u64, keys: u64, payload: impl Fn(u64) -> [u64; P]) {
    let table = Table::<P>::new(max_bytes);
    let mut model: HashMap<Digest, [u64; P]> = HashMap::new();
    let mut state = 7_u64;
    let mut given_up = 0;
    for step in 0..200_000_u64 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let key = digest((state >> 33) % keys);
        match (state >> 20) % 10 {
            0..=4 => {
                let replaced = table.insert(key, payload(step), &mut |gone, value| {
                    assert_eq!(model.remove(&gone), Some(value));
                    given_up += 1;
                });
                assert_eq!(replaced, model.insert(key, payload(step)));
            }
            5 => assert_eq!(table.remove(key), model.remove(&key)),
            6 if step % 50_000 == 6 => {
                let mut cleared = 0;
                table.clear(&mut |gone, value| {
                    assert_eq!(model.remove(&gone), Some(value));
                    cleared += 1;
                });
                assert!(model.is_empty() && cleared > 0);
            }
            _ => assert_eq!(table.get(key), model.get(&key).copied()),
        }
        assert_eq!(table.len(), model.len() as u64);
    }
    let mut held = table.digests();
    held.sort_unstable();
    let mut expected: Vec<_> = model.keys().copied().collect();
    expected.sort_unstable();
    assert_eq!(held, expected);
    assert_eq!(given_up > 0, max_bytes < keys * Table::<P>::SLOT_BYTES);
}

#[test]
fn the_table_agrees_with_a_map_over_random_operations() {
    agrees_with_a_map(64 * 1024, 4000, |step| [step]);
    agrees_with_a_map(64 * 1024, 4000, |step| [step, !step]);
    agrees_with_a_map(u64::MAX, 50_000, |step| [step]);
    agrees_with_a_map(u64::MAX, 50_000, |step| [step, 0]);
}

#[test]
fn a_table_that_was_emptied_one_by_one_takes_as_much_again() {
    let table = Table::<1>::new(64 * 1024);
    let capacity = 7 * 2048 / 8;
    for round in 0..20 {
        for number in 0..capacity {
            table.insert(digest(round * capacity + number), [number], &mut |_, _| {});
        }
        // An eighth may be vacated before they are swept, and another entry be given up meanwhile.
        assert!(table.len() > capacity * 3 / 4, "{}", table.len());
        table.digests().into_iter().for_each(|gone| assert!(table.remove(gone).is_some()));
        assert_eq!(table.len(), 0);
    }
}

#[test]
fn a_table_holds_no_more_than_its_bound() {
    let table = Table::<2>::new(1 << 20);
    let mut given_up = 0;
    for number in 0..100_000 {
        table.insert(digest(number), [number, 0], &mut |_, _| given_up += 1);
    }
    assert_eq!(table.len() + given_up, 100_000);
    assert!(table.len() * Table::<2>::SLOT_BYTES <= 1 << 20);
    assert!(table.len() * Table::<2>::SLOT_BYTES > 1 << 18);
}

#[test]
fn a_table_grows_over_huge_pages_and_loses_nothing() {
    let table = Table::<1>::new(u64::MAX);
    for number in 0..500_000 {
        table.insert(digest(number), [number], &mut |_, _| panic!("given up"));
    }
    assert!((0..500_000).all(|number| table.get(digest(number)) == Some([number])));
}

#[test]
fn a_reader_never_sees_a_value_of_another_key_or_half_of_two() {
    let table = Arc::new(Table::<2>::new(4 * 1024));
    let stop = Arc::new(AtomicU64::new(0));
    std::thread::scope(|scope| {
        for writer in 0..2_u64 {
            let (table, stop) = (Arc::clone(&table), Arc::clone(&stop));
            scope.spawn(move || {
                for round in 0..200_000_u64 {
                    let key = (round + writer) % 97;
                    table.insert(digest(key), [key ^ round << 32, key ^ round << 32], &mut |_, _| {});
                }
                stop.fetch_add(1, Relaxed);
            });
        }
        let (mut found, mut more) = (0_u64, true);
        // Once more after the writers, who may be done before this thread begins.
        while more {
            more = stop.load(Relaxed) < 2;
            for key in 0..97 {
                if let Some([low, high]) = table.get(digest(key)) {
                    assert_eq!((low, low % (1 << 32)), (high, key));
                    found += 1;
                }
            }
        }
        assert!(found > 0);
    });
}

/// Under the model checker: all that may happen between a reader and a writer, or all within some switches of threads.
#[cfg(loom)]
mod loom_tests {
    use loom::model::Builder;
    use loom::sync::Arc;
    use loom::thread;

    use super::*;

    /// Digests of one group, with tags of their own.
    fn digest(number: u64) -> Digest {
        Digest::from_words(number << 56 | number, 0)
    }

    fn check(preemptions: usize, model: impl Fn() + Sync + Send + 'static) {
        let mut builder = Builder::new();
        builder.preemption_bound = Some(preemptions);
        builder.max_branches = 100_000;
        builder.check(model);
    }

    /// What `read` finds while `write` is at work. The reader is the thread that is spawned: of the other one, the
    /// checker would not try to interrupt the reads.
    fn meanwhile<const P: usize, R: Send + 'static>(
        table: Arc<Table<P>>,
        read: impl FnOnce(&Table<P>) -> R + Send + 'static,
        write: impl FnOnce(&Table<P>),
    ) -> R {
        let lent = Arc::clone(&table);
        let reader = thread::spawn(move || read(&lent));
        write(&table);
        reader.join().unwrap()
    }

    #[test]
    fn loom_a_value_that_is_replaced_is_read_whole_or_not_at_all() {
        check(3, || {
            let table = Arc::new(Table::<2>::new(u64::MAX));
            table.insert(digest(7), [1, 1], &mut |_, _| {});
            let found = meanwhile(
                table,
                |table| [table.get(digest(7)), table.get_at_once(digest(7))],
                |table| {
                    table.insert(digest(7), [2, 2], &mut |_, _| {});
                },
            );
            assert!(found.iter().all(|found| matches!(found, None | Some([1, 1] | [2, 2]))), "{found:?}");
        });
    }

    #[test]
    fn loom_a_slot_that_another_key_takes_over_is_read_as_its_own_or_not_at_all() {
        check(3, || {
            let table = Arc::new(Table::<1>::new(u64::MAX));
            table.insert(digest(7), [1], &mut |_, _| {});
            let found = meanwhile(
                table,
                |table| (table.get(digest(7)), table.get(digest(8))),
                |table| {
                    assert_eq!(table.remove(digest(7)), Some([1]));
                    table.insert(digest(8), [2], &mut |_, _| {});
                },
            );
            assert!(matches!(found, (None | Some([1]), None | Some([2]))), "{found:?}");
        });
    }

    #[test]
    fn loom_a_reader_finds_what_is_there_while_the_table_grows() {
        check(2, || {
            let table = Arc::new(Table::<1>::new(u64::MAX));
            for number in 2..9 {
                table.insert(digest(number), [number], &mut |_, _| {});
            }
            let found = meanwhile(
                table,
                |table| (table.get(digest(8)), table.get(digest(9))),
                |table| {
                    table.insert(digest(9), [9], &mut |_, _| panic!("there is room"));
                },
            );
            assert!(matches!(found, (Some([8]), None | Some([9]))), "{found:?}");
        });
    }

    #[test]
    fn loom_what_is_there_is_not_lacking_while_it_is_moved_or_replaced() {
        check(3, || {
            let table = Arc::new(Table::<1>::new(u64::MAX));
            table.insert(digest(7), [1], &mut |_, _| {});
            let lacks = meanwhile(
                table,
                |table| table.surely_lacks(digest(7)),
                |table| {
                    table.insert(digest(7), [2], &mut |_, _| {});
                    table.sweep(&mut table.lock(), &mut |_, _| panic!("there is room"));
                },
            );
            assert!(!lacks);
        });
    }

    #[test]
    fn loom_who_must_not_miss_finds_what_is_there_while_it_is_moved_or_replaced() {
        check(3, || {
            let table = Arc::new(Table::<1>::new(u64::MAX));
            table.insert(digest(7), [1], &mut |_, _| {});
            let found = meanwhile(
                table,
                |table| table.get_surely(digest(7)),
                |table| {
                    table.insert(digest(7), [2], &mut |_, _| {});
                    table.sweep(&mut table.lock(), &mut |_, _| panic!("there is room"));
                },
            );
            assert!(matches!(found, Some([1 | 2])), "{found:?}");
        });
    }
}
