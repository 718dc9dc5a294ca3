//! What `s3_fifo` promises beyond what every policy does: it learns whom to keep, and weighs what that saves.

use super::*;

const THREE: [Who; 3] = [Who::Shared(Policy::S3Fifo), Who::Local(Policy::S3Fifo), Who::Plain];

/// All that have the order `s3_fifo`.
fn s3_fifo(entries: u64) -> [Subject; 3] {
    THREE.map(|who| Subject::new(who, Bounds { max_entries: Some(entries), max_bytes: None }, None))
}

/// Hits of so many calls, in per cent.
fn percentage(subject: &Subject, keys: impl Iterator<Item = u64>) -> usize {
    let calls: Vec<bool> = keys.map(|key| subject.call(key)).collect();
    calls.iter().filter(|hit| **hit).count() * 100 / calls.len()
}

#[test]
fn a_loop_larger_than_the_cache_is_served_as_far_as_it_fits() {
    for subject in s3_fifo(100) {
        let hits = percentage(&subject, (0..200).cycle().take(20_000));
        assert!(hits >= 45, "{hits} % of the 50 % that fit");
    }
}

/// Every key is asked for ten times within a window that moves on, and an exact LRU of `entries` hits nine times.
fn percentage_of_drifting(subject: &Subject, entries: u64, calls: u64) -> usize {
    let stride = entries * 8 / 100;
    percentage(subject, (0..calls).map(|call| call / 10 + (call % 10) * stride))
}

#[test]
fn what_drifts_is_followed_where_frequency_would_cling_to_the_past() {
    for subject in s3_fifo(100) {
        let hits = percentage_of_drifting(&subject, 100, 40_000);
        assert!(hits >= 85, "{hits} % of the 90 % that come again");
    }
}

#[test]
fn a_sample_of_the_duels_teaches_as_much_as_all() {
    for subject in s3_fifo(10_000) {
        let hits = percentage_of_drifting(&subject, 10_000, 400_000);
        assert!(hits >= 85, "{hits} % of the 90 % that come again");
    }
}

#[test]
fn what_repeats_survives_a_scan() {
    for subject in s3_fifo(100) {
        (0..50).cycle().take(2_000).for_each(|key| _ = subject.call(key));
        (1_000..3_000).for_each(|key| _ = subject.call(key));
        let hits = percentage(&subject, 0..50);
        assert!(hits >= 90, "{hits} %");
    }
}

#[test]
fn what_was_learned_serves_many_entries_too() {
    for subject in s3_fifo(8192) {
        let hits = percentage(&subject, (0..12_288).cycle().take(12_288 * 12));
        assert!(hits >= 55, "{hits} % of the 61 % that fit");
    }
}

const MILLISECOND: Nanos = 1_000_000;

/// Hits of the dear and of the cheap, in per cent, where one key in four of a loop costs `factor` times as much, and the
/// cache holds half of the loop.
fn dear_and_cheap(subject: &Subject, factor: u64) -> [usize; 2] {
    let is_dear = |key: u64| key.is_multiple_of(4);
    let mut hits = [0, 0];
    for key in (0..400).cycle().take(40_000) {
        let cost = if is_dear(key) { factor * MILLISECOND } else { MILLISECOND };
        hits[usize::from(!is_dear(key))] += usize::from(subject.call_for(key, cost, 1));
    }
    [hits[0] * 100 / 10_000, hits[1] * 100 / 30_000]
}

#[test]
fn what_is_dear_is_kept_before_what_is_cheap() {
    for subject in s3_fifo(200) {
        let [dear, cheap] = dear_and_cheap(&subject, 64);
        assert!(dear >= 95, "{dear} % of the dear, {cheap} % of the cheap");
        assert!(cheap >= 25, "{cheap} % of the cheap, of which a third fits beside the dear");
    }
}

#[test]
fn costs_that_differ_by_less_than_a_clock_strays_decide_nothing() {
    for (plain, strayed) in s3_fifo(200).into_iter().zip(s3_fifo(200)) {
        assert_eq!(dear_and_cheap(&plain, 1), dear_and_cheap(&strayed, 2));
    }
}

#[test]
fn what_is_dear_leaves_in_time_if_nobody_asks_for_it() {
    for subject in s3_fifo(100) {
        (0..50).for_each(|key| _ = subject.call_for(key, 60_000 * MILLISECOND, 1));
        // What is asked for now drifts, and all of the cache would be just enough for it.
        let drifting = |calls: std::ops::Range<u64>| {
            let key = |call: u64| 1000 + call / 10 + (call % 10) * 8;
            calls.filter(|&call| subject.call_for(key(call), MILLISECOND, 1)).count()
        };
        drifting(0..9_000);
        let hits = drifting(9_000..11_000);
        assert!(hits >= 1_600, "{hits} of 2,000 calls, of which 1,800 are for keys that come again");
    }
}

#[test]
fn a_bound_holds_where_what_was_overwritten_leaves_room_for_no_other() {
    for policy in [Policy::S3Fifo, Policy::Fifo, Policy::Random, Policy::Lru] {
        for who in [Who::Shared(policy), Who::Local(policy)] {
            let subject = Subject::new(who, Bounds { max_entries: None, max_bytes: Some(100) }, None);
            (0..3).for_each(|key| subject.keep(key, key, 45));
            let kept = (0..3).find(|key| subject.get(*key).is_some()).expect("two of them fit");
            subject.keep(kept, 7, 60);
            assert_eq!((subject.get(kept), subject.load()), (Some(7), Load { entries: 1, bytes: 60 }));
        }
    }
}

#[test]
fn what_is_small_is_kept_before_what_is_large() {
    let bounds = Bounds { max_entries: None, max_bytes: Some(100_000) };
    for who in [Who::Shared(Policy::S3Fifo), Who::Local(Policy::S3Fifo)] {
        let subject = Subject::new(who, bounds, None);
        let (mut small, mut large) = (0, 0);
        for key in (0..200).cycle().take(40_000) {
            // 150 small ones take half of the room, and 50 large ones five times all of it.
            if key % 4 == 0 {
                large += u64::from(subject.call_for(key, MILLISECOND, 10_000));
            } else {
                small += u64::from(subject.call_for(key, MILLISECOND, 333));
            }
        }
        assert!(
            small >= 27_000,
            "{small} of 30,000 calls for what is small, {large} of 10,000 for what is large"
        );
    }
}

#[test]
fn what_is_large_and_comes_often_does_not_push_out_what_is_small() {
    let bounds = Bounds { max_entries: None, max_bytes: Some(1 << 20) };
    for who in [Who::Shared(Policy::S3Fifo), Who::Local(Policy::S3Fifo)] {
        let subject = Subject::new(who, bounds, None);
        let mut small = 0;
        for call in 0..8_000 {
            // The small ones take two thirds of the room, and each large one a fifth of it.
            let key = call % 400;
            if key % 8 == 0 {
                subject.call_for(key, MILLISECOND, 200_000);
            } else {
                small += u64::from(subject.call_for(key, MILLISECOND, 2_000));
            }
        }
        assert!(small >= 5_600, "{small} of 7,000 calls for what is small");
    }
}
