//! The companions of async functions, methods, associated and generic functions.

use std::fmt::Display;
use std::sync::Arc;

use crate::common::{Runs, block_on, lasting};
use omnicache::{Backend, CacheKey, CallExplanation, Kind, cache};

static LATER: Runs = Runs::new();

#[cache(persist, dir = lasting())]
async fn later(n: u64, text: &str) -> String {
    let run = LATER.note();
    std::future::ready(()).await;
    format!("{n}{text}{run}")
}

#[test]
fn each_companion_of_an_async_function() {
    block_on(async {
        assert_eq!(later::peek(1, "a").await, None);
        assert!(!later::contains(1, "a").await);
        assert!(!later::invalidate(1, "a").await);
        assert_eq!(later::explain_call(7, "a").await, CallExplanation::NeverSeen);
        assert_eq!(later(1, "a").await, "1a0");
        assert_eq!(later::peek(1, "a").await.as_deref(), Some("1a0"));
        assert!(later::contains(1, "a").await);
        assert_eq!(later::explain_call(1, "a").await, CallExplanation::MemoryHit);
        assert_eq!(later::refresh(1, "a").await, "1a1");
        assert_eq!(later(1, "a").await, "1a1");
        assert_eq!(later::uncached(1, "a").await, "1a2");
        assert_eq!(later(1, "a").await, "1a1");
        assert!(later::invalidate(1, "a").await);
        assert!(!later::contains(1, "a").await);
        assert_eq!(later(1, "a").await, "1a3");
        later::clear().await;
        assert!(!later::contains(1, "a").await);
    });
    let (stats, explanation) = (later::stats(), later::explain());
    assert_eq!((stats.hits(), stats.misses, stats.entries), (2, 2, 0));
    assert_eq!((explanation.kind, explanation.backend), (Kind::Collection, Backend::Disk));
    assert!(explanation.persistent);
}

#[cache(backend = disk, dir = lasting())]
async fn blob_later(length: usize) -> Vec<u8> {
    vec![7; length]
}

struct Maker;

impl Maker {
    #[cache(backend = disk, dir = lasting(), ignore(self))]
    fn blob(&self, length: usize) -> Option<Vec<u8>> {
        (length > 0).then(|| vec![7; length])
    }
}

#[test]
fn the_path_of_an_entry_is_told_by_methods_and_async_functions_too() {
    block_on(async {
        assert_eq!(blob_later::path(50_000).await, None);
        blob_later(50_000).await;
        let path = blob_later::path(50_000).await.expect("a file");
        assert_eq!(std::fs::read(path).expect("it is there"), vec![7; 50_000]);
    });
    let made = (Maker.blob(0), Maker.blob(60_000));
    assert!(made.0.is_none() && made.1.is_some());
    assert_eq!(Maker::blob_path(&Maker, 0), None, "nothing lies in a file");
    let path = Maker::blob_path(&Maker, 60_000).expect("a file");
    assert_eq!(std::fs::read(path).expect("it is there"), vec![7; 60_000]);
}

#[derive(CacheKey)]
struct Square {
    side: u64,
}

static AREA: Runs = Runs::new();
static MADE: Runs = Runs::new();
static ASYNC_AREA: Runs = Runs::new();

impl Square {
    #[cache(ephemeral)]
    fn area(&self, scale: u64) -> u64 {
        AREA.note();
        self.side * self.side * scale
    }

    #[cache(associated, ephemeral)]
    fn make(side: u64) -> Arc<Self> {
        MADE.note();
        Arc::new(Self { side })
    }

    #[cache(ephemeral)]
    async fn area_later(&self, scale: u64) -> u64 {
        ASYNC_AREA.note();
        self.side * self.side * scale
    }
}

#[test]
fn each_companion_of_a_method() {
    let s = Square { side: 3 };
    assert_eq!(Square::area_peek(&s, 3), None);
    assert!(!Square::area_contains(&s, 3));
    assert_eq!(s.area(3), 27);
    assert_eq!(s.area(3), 27);
    assert_eq!(Square { side: 3 }.area(3), 27, "an equal receiver is the same key");
    assert_eq!(AREA.count(), 1);
    assert_eq!(Square { side: 4 }.area(3), 48);
    assert_eq!(Square::area_peek(&s, 3), Some(27));
    assert!(Square::area_contains(&s, 3));
    assert_eq!(Square::area_explain_call(&s, 3), CallExplanation::MemoryHit);
    assert_eq!(Square::area_refresh(&s, 3), 27);
    assert_eq!(Square::area_uncached(&s, 3), 27);
    assert_eq!(AREA.count(), 4);
    assert!(Square::area_invalidate(&s, 3));
    assert!(!Square::area_contains(&s, 3));
    assert_eq!(Square::area_stats().misses, 2);
    assert_eq!(Square::area_explain().kind, Kind::Scalar);
    Square::area_clear();
    assert_eq!(Square::area_stats().entries, 0);
}

#[test]
fn each_companion_of_an_associated_function() {
    assert_eq!(Square::make(3).side, 3);
    assert!(Arc::ptr_eq(&Square::make(3), &Square::make(3)));
    assert_eq!(MADE.count(), 1);
    assert_eq!(Square::make_peek(3).map(|square| square.side), Some(3));
    assert!(Square::make_contains(3));
    assert_eq!(Square::make_refresh(3).side, 3);
    assert_eq!(Square::make_uncached(3).side, 3);
    assert!(Square::make_invalidate(3));
    assert_eq!(Square::make_explain_call(3), CallExplanation::Invalidated);
    Square::make_clear();
    assert_eq!(Square::make_stats().misses, 1);
    assert_eq!(Square::make_explain().kind, Kind::Opaque);
}

#[test]
fn each_companion_of_an_async_method() {
    block_on(async {
        let s = Square { side: 3 };
        assert_eq!(s.area_later(2).await, 18);
        assert_eq!(s.area_later(2).await, 18);
        assert_eq!(Square::area_later_peek(&s, 2).await, Some(18));
        assert!(Square::area_later_contains(&s, 2).await);
        assert_eq!(Square::area_later_refresh(&s, 2).await, 18);
        assert_eq!(Square::area_later_uncached(&s, 2).await, 18);
        assert!(Square::area_later_invalidate(&s, 2).await);
        assert_eq!(Square::area_later_explain_call(&s, 2).await, CallExplanation::Invalidated);
        Square::area_later_clear().await;
    });
    assert_eq!(ASYNC_AREA.count(), 3);
    assert_eq!(Square::area_later_stats().misses, 1);
}

static SHOWN: Runs = Runs::new();

#[cache(ephemeral)]
fn shown<T: Display + CacheKey + 'static>(value: T) -> String {
    SHOWN.note();
    value.to_string()
}

#[test]
fn each_companion_of_a_generic_function() {
    assert_eq!(shown::explain().kind, Kind::Opaque, "not called yet");
    assert_eq!((shown(1_u32), shown(1_i64), shown("1".to_owned())), ("1".into(), "1".into(), "1".into()));
    assert_eq!(SHOWN.count(), 3, "each type has entries of its own");
    assert_eq!((shown(1_u32), shown(1_i64), shown("1".to_owned())), ("1".into(), "1".into(), "1".into()));
    assert_eq!(SHOWN.count(), 3);
    assert_eq!(shown::peek(1_u32).as_deref(), Some("1"));
    assert!(shown::contains(1_i64));
    assert!(!shown::contains(1_u8));
    assert_eq!(shown::refresh(1_u32), "1");
    assert_eq!(shown::uncached(1_u32), "1");
    assert!(shown::invalidate(1_u32));
    assert!(shown::contains(1_i64), "of another type");
    assert_eq!(shown::explain_call(1_i64), CallExplanation::MemoryHit);
    let stats = shown::stats();
    assert_eq!((stats.misses, stats.hits()), (3, 3), "of all instances");
    shown::clear();
    assert!(!shown::contains(1_i64) && !shown::contains("1".to_owned()), "of all instances");
    assert_eq!(shown::explain().kind, Kind::Collection);
}

static SIZED: Runs = Runs::new();

#[cache(ephemeral)]
fn sized<const N: usize>(value: u64) -> [u64; N] {
    SIZED.note();
    [value; N]
}

#[test]
fn const_parameters_make_instances_too() {
    assert_eq!(sized::<2>(1), [1; 2]);
    assert_eq!(sized::<3>(1), [1; 3]);
    assert_eq!(sized::<3>(1), [1; 3]);
    assert_eq!(SIZED.count(), 2);
    assert_eq!(sized::peek::<3>(1), Some([1; 3]));
}

struct Wrapper<T>(T);

static WRAPPED: Runs = Runs::new();

impl<T: CacheKey + Clone + Send + Sync + 'static> Wrapper<T> {
    #[cache(ephemeral, key = &self.0)]
    fn inner(&self) -> T {
        WRAPPED.note();
        self.0.clone()
    }
}

#[test]
fn methods_of_generic_types_are_told_apart_by_the_type() {
    assert_eq!((Wrapper(1_u32).inner(), Wrapper(1_u64).inner(), Wrapper(1_u32).inner()), (1, 1, 1));
    assert_eq!(WRAPPED.count(), 2);
    assert!(Wrapper::inner_contains(&Wrapper(1_u32)));
    assert!(!Wrapper::inner_contains(&Wrapper(1_u8)));
}

static LOCAL: Runs = Runs::new();

#[cache(local)]
fn local(n: u64) -> std::rc::Rc<u64> {
    LOCAL.note();
    std::rc::Rc::new(n)
}

#[test]
fn each_companion_of_a_local_function() {
    assert_eq!(local::peek(1), None);
    assert_eq!(*local(1), 1);
    assert!(std::rc::Rc::ptr_eq(&local(1), &local(1)));
    assert_eq!(LOCAL.count(), 1);
    assert_eq!(local::peek(1).as_deref(), Some(&1));
    assert!(local::contains(1));
    assert_eq!(*local::refresh(1), 1);
    assert_eq!(*local::uncached(1), 1);
    assert_eq!(local::explain_call(1), CallExplanation::MemoryHit);
    std::thread::spawn(|| {
        assert!(!local::contains(1), "each thread has its own");
        assert_eq!(*local(1), 1);
    })
    .join()
    .expect("no panic");
    assert_eq!(LOCAL.count(), 4);
    assert!(local::invalidate(1));
    assert_eq!(local::explain_call(1), CallExplanation::Invalidated);
    local(2);
    std::thread::spawn(local::clear).join().expect("no panic");
    assert!(!local::contains(2), "a clear is heard by every thread");
    assert_eq!(local::stats().misses, 3);
    assert_eq!(local::explain().backend, Backend::Memory);
}
