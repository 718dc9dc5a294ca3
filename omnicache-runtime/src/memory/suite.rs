//! What every policy promises, tried on each of them against a model: whatever is served was kept and is not over,
//! bounds hold, and all that left is accounted for. Only who leaves is a policy's own.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::{Bounds, Entry, Load, LocalTier, OnEvict, ScalarPlan, Tier, TierPlan, Words, WordsOf};
use crate::clock::{Clock, ManualClock, Nanos, nanos};
use crate::key::Digest;
use crate::kind::Policy;

#[path = "suite_s3_fifo.rs"]
mod learning;

const SECOND: Duration = Duration::from_secs(1);

fn digest(of: u64) -> Digest {
    let low = (of + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    Digest::from_words(low, (low ^ low >> 29).wrapping_mul(0xD6E8_FEB8_6659_FD93))
}

/// Numbers that look random, the same in every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % most
    }
}

/// A tier of some kind.
enum Kind {
    Shared(Box<Tier<u64>>),
    Local(Box<LocalTier<u64>>),
}

impl Kind {
    fn get(&self, digest: Digest) -> Option<u64> {
        match self {
            Self::Shared(tier) => tier.get(digest).map(|found| found.into_value(Clone::clone)),
            // As a hit looks: at the bits first.
            Self::Local(tier) => tier.bits_at_once(digest).or_else(|| Some(tier.get(digest)?.value)),
        }
    }

    fn peek(&self, digest: Digest) -> Option<u64> {
        match self {
            Self::Shared(tier) => tier.peek(digest).map(|found| found.into_value(Clone::clone)),
            Self::Local(tier) => tier.peek(digest).map(|entry| entry.value),
        }
    }
}

/// Asks whichever tier it is.
macro_rules! ask {
    ($kind:expr, $tier:ident => $ask:expr) => {
        match &$kind {
            Kind::Shared($tier) => $ask,
            Kind::Local($tier) => $ask,
        }
    };
}

impl Kind {
    fn insert(&self, digest: Digest, entry: Entry<u64>) {
        match self {
            Self::Shared(tier) => tier.insert(digest, entry, &|| true),
            Self::Local(tier) => {
                let bits = entry.value;
                tier.insert(digest, entry, bits);
            }
        }
    }

    fn holds_expired(&self, digest: Digest) -> bool {
        ask!(*self, tier => tier.holds_expired(digest))
    }

    fn remove(&self, digest: Digest) -> bool {
        ask!(*self, tier => tier.remove(digest))
    }

    fn clear(&self) -> Vec<Digest> {
        ask!(*self, tier => tier.clear())
    }

    fn load(&self) -> Load {
        ask!(*self, tier => tier.load())
    }
}

/// Who is to be tried.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    /// The engine of threads.
    Shared(Policy),
    /// That of one thread.
    Local(Policy),
    /// The table of plain values.
    Plain,
}

/// A tier with its clock, and what it said of those who left.
struct Subject {
    tier: Kind,
    clock: ManualClock,
    evicted: Arc<Mutex<Vec<Digest>>>,
    expired: Arc<AtomicU64>,
    ttl: Option<Nanos>,
}

impl Subject {
    fn new(who: Who, bounds: Bounds, ttl: Option<Duration>) -> Self {
        let (clock, ttl) = (ManualClock::new(), ttl.map(nanos));
        let (evicted, expired) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicU64::new(0)));
        let (seen, counted) = (Arc::clone(&evicted), Arc::clone(&expired));
        let on_evict: OnEvict =
            Arc::new(move |digest| seen.lock().unwrap_or_else(PoisonError::into_inner).push(digest));
        let on_expire: OnEvict = Arc::new(move |_| _ = counted.fetch_add(1, Relaxed));
        let (policy, plain) = match who {
            Who::Shared(policy) | Who::Local(policy) => (policy, false),
            Who::Plain => (Policy::S3Fifo, true),
        };
        let of_subject: Arc<dyn Clock> = Arc::new(clock.clone());
        let words = WordsOf { bits: 64, to: |value: &u64| (*value).into(), from: Words::from_bits };
        let tier = if matches!(who, Who::Local(_)) {
            Kind::Local(Box::new(LocalTier::new(bounds, policy, None, of_subject, on_evict, on_expire)))
        } else {
            let scalars =
                plain.then(|| ScalarPlan::new(words, 1, ttl, bounds, false).expect("a table for these"));
            Kind::Shared(Box::new(Tier::new(TierPlan {
                bounds,
                policy,
                ttl,
                ttl_varies: false,
                idle: None,
                clock: of_subject,
                on_evict,
                on_expire,
                scalars,
                awaited: false,
            })))
        };
        Self { tier, clock, evicted, expired, ttl }
    }

    fn keep(&self, key: u64, value: u64, weight: u64) {
        let entry = Entry::new(value, weight, self.clock.now(), self.ttl, 0);
        self.tier.insert(digest(key), entry);
    }

    fn get(&self, key: u64) -> Option<u64> {
        self.tier.get(digest(key))
    }

    /// Asks for a key as a function does: computes it where it is not there. Tells whether it was.
    fn call(&self, key: u64) -> bool {
        self.call_for(key, 0, 1)
    }

    /// The same of a result that costs so much, and has so many bytes.
    fn call_for(&self, key: u64, cost: Nanos, weight: u64) -> bool {
        let hit = self.get(key).is_some();
        if !hit {
            let entry = Entry::new(key, weight, self.clock.now(), self.ttl, 0).costing(cost, cost);
            self.tier.insert(digest(key), entry);
        }
        hit
    }

    /// What is held once all has settled: moka gets round to it by and by, when it is asked.
    fn load(&self) -> Load {
        (0..3).for_each(|_| _ = self.tier.load());
        self.tier.load()
    }

    fn evictions(&self) -> u64 {
        // moka tells when it gets round to it.
        let _ = self.tier.load();
        self.evicted.lock().unwrap_or_else(PoisonError::into_inner).len() as u64
    }
}

const ENTRIES: Bounds = Bounds { max_entries: Some(40), max_bytes: None };
const BYTES: Bounds = Bounds { max_entries: None, max_bytes: Some(400) };
const BOTH: Bounds = Bounds { max_entries: Some(25), max_bytes: Some(300) };

/// Random steps beside a model that knows what was kept last under each key, and when.
fn agrees_with_the_model(who: Who, bounds: Bounds, seed: u64) {
    // Where no time counts, a thread's hits go another way.
    if matches!(who, Who::Plain | Who::Local(_)) {
        agrees_with_the_model_for(who, bounds, seed, None);
    }
    if who != Who::Plain {
        agrees_with_the_model_for(who, bounds, seed, Some(10 * SECOND));
    }
}

fn agrees_with_the_model_for(who: Who, bounds: Bounds, seed: u64, ttl: Option<Duration>) {
    let subject = Subject::new(who, bounds, ttl);
    let mut model: HashMap<u64, (u64, Nanos)> = HashMap::new();
    let mut dice = Dice(seed | 1);
    let (mut kept, mut removed) = (0, 0);
    for step in 0..4000 {
        let key = dice.below(90);
        let now = subject.clock.now();
        match dice.below(20) {
            0..=9 => {
                let there = subject.tier.holds_expired(digest(key));
                if let Some(value) = subject.get(key) {
                    let (last, at) = model[&key];
                    assert_eq!(value, last, "step {step}: another value");
                    assert!(
                        ttl.is_none_or(|ttl| now - at < nanos(ttl)) && !there,
                        "step {step}: its time was over"
                    );
                }
            }
            10..=16 => {
                let fresh =
                    subject.tier.peek(digest(key)).is_none() && !subject.tier.holds_expired(digest(key));
                subject.keep(key, step, 1 + dice.below(30));
                model.insert(key, (step, now));
                kept += u64::from(fresh);
            }
            17 => removed += u64::from(subject.tier.remove(digest(key))),
            18 => subject.clock.advance(SECOND),
            _ if dice.below(100) == 0 => removed += subject.tier.clear().len() as u64,
            _ => {}
        }
        if step % 16 == 0 {
            let mut load = subject.load();
            if who == Who::Shared(Policy::Lfu) {
                // moka's sum of weights strays where entries are overwritten by heavier ones.
                load.bytes -= load.bytes / 8;
            }
            assert!(!bounds.exceeded_by(load), "step {step}: {load:?} is more than {bounds:?}");
        }
    }
    let held = subject.tier.load().entries;
    let left = subject.evictions() + subject.expired.load(Relaxed) + removed;
    // Expired entries that are overwritten leave without being told of as new ones come.
    assert!(held + left <= kept + subject.expired.load(Relaxed), "{held} held, {left} left of {kept}");
    assert_eq!(subject.tier.clear().len() as u64, held);
    assert_eq!(subject.tier.load(), Load::default());
}

/// Promises as tests, for each subject.
macro_rules! promises {
    ($tests:ident: $($name:ident: $who:expr, $(#[$feature:meta])?)+) => {$(
        $(#[$feature])?
        mod $name {
            use super::*;

            $tests!($who);
        }
    )+};
}

/// What was invalidated while it was computed: it is not kept, and whoever looks while that is found out sees nothing.
fn what_is_not_wanted_is_not_kept(who: Who) {
    let subject = Subject::new(who, ENTRIES, None);
    let Kind::Shared(tier) = &subject.tier else { return };
    let entry = |value| Entry::new(value, 1, 0, None, 0);
    tier.insert(digest(1), entry(10), &|| false);
    assert!((subject.tier.get(digest(1)), subject.load().entries) == (None, 0));
    tier.insert(digest(1), entry(10), &|| true);
    let seen = Mutex::new(Some(10));
    tier.insert(digest(1), entry(11), &|| {
        // The others ask under their lock, which a look may wait for.
        if who == Who::Shared(Policy::Lfu) {
            let looks = [subject.tier.get(digest(1)), subject.tier.peek(digest(1))];
            *seen.lock().unwrap_or_else(PoisonError::into_inner) = looks.into_iter().flatten().next();
        }
        false
    });
    let seen = seen.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert!([seen, subject.tier.get(digest(1))].iter().flatten().all(|&value| value == 10));
}

macro_rules! by_entries {
    ($who:expr) => {
        #[test]
        fn what_is_invalidated_while_it_is_computed_is_not_kept() {
            what_is_not_wanted_is_not_kept($who);
        }

        #[test]
        fn agrees_with_a_model_by_entries() {
            (1..6).for_each(|seed| agrees_with_the_model($who, ENTRIES, seed));
        }

        #[test]
        fn all_is_served_while_there_is_room() {
            let subject = Subject::new($who, ENTRIES, None);
            (0..40).for_each(|key| subject.keep(key, key + 1, 1));
            assert!((0..40).all(|key| subject.get(key) == Some(key + 1)));
            assert_eq!((subject.evictions(), subject.tier.load().entries), (0, 40));
        }

        #[test]
        fn what_is_full_gives_up_one_for_one() {
            let subject = Subject::new($who, ENTRIES, None);
            (0..200).for_each(|key| subject.keep(key, key, 1));
            assert_eq!((subject.evictions(), subject.tier.load().entries), (160, 40));
            let held = (0..200).filter(|&key| subject.get(key).is_some());
            assert_eq!(held.count(), 40, "what is not held is not found");
        }
    };
}

macro_rules! by_bytes_and_time {
    ($who:expr) => {
        by_entries!($who);

        #[test]
        fn agrees_with_a_model_by_bytes() {
            (6..11).for_each(|seed| agrees_with_the_model($who, BYTES, seed));
        }

        #[test]
        fn agrees_with_a_model_by_both() {
            (11..16).for_each(|seed| agrees_with_the_model($who, BOTH, seed));
        }

        #[test]
        fn an_entry_is_over_at_its_time_to_live() {
            let subject = Subject::new($who, ENTRIES, Some(SECOND));
            subject.keep(1, 1, 1);
            subject.clock.advance(SECOND.checked_sub(Duration::from_nanos(1)).expect("less than a second"));
            assert_eq!(subject.get(1), Some(1));
            subject.clock.advance(Duration::from_nanos(1));
            assert_eq!(subject.get(1), None);
            assert_eq!(subject.tier.load().entries, 0, "and leaves when it is asked for");
        }

        #[test]
        fn what_has_expired_makes_room_first() {
            if $who == Who::Shared(Policy::Lfu) {
                return; // moka goes by a clock of its own
            }
            let subject = Subject::new($who, ENTRIES, Some(SECOND));
            subject.keep(0, 0, 1);
            subject.clock.advance(SECOND / 2);
            (1..40).for_each(|key| subject.keep(key, key, 1));
            subject.clock.advance(SECOND / 2);
            subject.keep(40, 40, 1);
            assert!((1..=40).all(|key| subject.get(key) == Some(key)));
            assert_eq!((subject.evictions(), subject.tier.load().entries), (0, 40));
        }

        #[test]
        fn what_was_overwritten_counts_once() {
            let subject = Subject::new($who, BYTES, None);
            (0..50).for_each(|weight| subject.keep(1, weight, weight));
            assert_eq!(subject.tier.load(), Load { entries: 1, bytes: 49 });
            assert_eq!((subject.get(1), subject.evictions()), (Some(49), 0));
        }
    };
}

promises! {
    by_bytes_and_time:
    s3_fifo: Who::Shared(Policy::S3Fifo),
    lru: Who::Shared(Policy::Lru),
    fifo: Who::Shared(Policy::Fifo),
    random: Who::Shared(Policy::Random),
    lfu: Who::Shared(Policy::Lfu), #[cfg(feature = "moka")]
    s3_fifo_of_one_thread: Who::Local(Policy::S3Fifo),
    lru_of_one_thread: Who::Local(Policy::Lru),
    fifo_of_one_thread: Who::Local(Policy::Fifo),
    random_of_one_thread: Who::Local(Policy::Random),
}

promises! {
    by_entries:
    plain_values: Who::Plain,
}

#[test]
fn lru_gives_up_exactly_the_least_recently_used() {
    for who in [Who::Shared(Policy::Lru), Who::Local(Policy::Lru)] {
        let subject = Subject::new(who, ENTRIES, None);
        let (mut order, mut dice) = (Vec::new(), Dice(7));
        for _ in 0..10_000 {
            let key = dice.below(60);
            if dice.below(50) == 0 {
                subject.tier.remove(digest(key));
                order.retain(|&other| other != key);
                continue;
            }
            let known = order.contains(&key);
            order.retain(|&other| other != key);
            order.push(key);
            if order.len() > 40 {
                order.remove(0);
            }
            assert_eq!(subject.call(key), known, "{key}");
        }
    }
}
