//! Section 4, point 2: what is kept of a `Result`, an `Option`, an empty value; `cache_err` and `cache_if`.

use std::rc::Rc;
use std::sync::Mutex;

use crate::common::{Runs, lasting};
use omnicache::cache;

/// An error without `Clone`, `Debug`, `Send` or `Sync`.
struct Bare(Rc<u64>);

impl PartialEq<u64> for Bare {
    fn eq(&self, other: &u64) -> bool {
        *self.0 == *other
    }
}

type Fallible<T> = Result<T, Bare>;

mod renamed {
    pub(super) use super::Fallible as Outcome;
}

static OK: Runs = Runs::new();

#[cache]
fn ok(n: u64) -> Result<u64, Bare> {
    OK.note();
    if n == 0 { Err(Bare(Rc::new(7))) } else { Ok(n) }
}

#[test]
fn ok_is_kept() {
    assert_eq!(ok(1).ok(), Some(1));
    assert_eq!(ok(1).ok(), Some(1));
    assert_eq!(OK.count(), 1);
}

static ERR: Runs = Runs::new();

#[cache]
fn err(n: u64) -> Result<u64, Bare> {
    ERR.note();
    Err(Bare(Rc::new(n)))
}

#[test]
fn err_is_not_kept_and_reaches_its_caller_unshared() {
    for run in 1..=3 {
        let error = err(7).err().expect("an error");
        assert!(error == 7);
        assert_eq!(Rc::strong_count(&error.0), 1, "nobody else holds it");
        assert_eq!(ERR.count(), run);
    }
    assert!(!err::contains(7));
    assert_eq!(err::stats().stores, 0);
    assert_eq!(err::stats().misses, 3);
}

static ALIAS: Runs = Runs::new();

#[cache]
fn through_alias(n: u64) -> renamed::Outcome<u64> {
    ALIAS.note();
    if n == 0 { Err(Bare(Rc::new(0))) } else { Ok(n) }
}

#[test]
fn err_is_not_kept_through_a_type_alias() {
    assert!(through_alias(0).is_err());
    assert!(through_alias(0).is_err());
    assert_eq!(ALIAS.count(), 2);
    assert_eq!(through_alias(5).ok(), Some(5));
    assert_eq!(through_alias(5).ok(), Some(5));
    assert_eq!(ALIAS.count(), 3);
}

static IO: Runs = Runs::new();

#[cache(persist, dir = lasting())]
fn io(n: u64) -> std::io::Result<String> {
    IO.note();
    if n == 0 { Err(std::io::Error::other("no")) } else { Ok(n.to_string()) }
}

#[test]
fn err_is_not_kept_on_disk_either() {
    assert_eq!(io(0).expect_err("an error").to_string(), "no");
    assert_eq!(io(0).expect_err("an error").to_string(), "no");
    assert_eq!(IO.count(), 2);
    assert_eq!(io(1).ok().as_deref(), Some("1"));
    assert_eq!(io(1).ok().as_deref(), Some("1"));
    assert_eq!(IO.count(), 3);
}

static BOTH: Runs = Runs::new();
static BOTH_ON_DISK: Runs = Runs::new();

#[cache(cache_err)]
fn both(n: u64) -> Result<u64, String> {
    BOTH.note();
    if n == 0 { Err("zero".to_owned()) } else { Ok(n) }
}

#[cache(cache_err, backend = disk, dir = lasting())]
fn both_on_disk(n: u64) -> Result<Vec<u64>, String> {
    BOTH_ON_DISK.note();
    if n == 0 { Err("zero".to_owned()) } else { Ok(vec![n]) }
}

#[test]
fn cache_err_keeps_the_err_too() {
    for _ in 0..2 {
        assert_eq!(both(0), Err("zero".to_owned()));
        assert_eq!(both(1), Ok(1));
        assert_eq!(both_on_disk(0), Err("zero".to_owned()));
        assert_eq!(both_on_disk(1), Ok(vec![1]));
    }
    assert_eq!(BOTH.count(), 2);
    assert_eq!(BOTH_ON_DISK.count(), 2);
    assert_eq!(both_on_disk::stats().disk_hits, 2);
}

static NONE: Runs = Runs::new();
static NONE_ON_DISK: Runs = Runs::new();

#[cache]
fn none(n: u64) -> Option<u64> {
    NONE.note();
    (n > 0).then_some(n)
}

#[cache(backend = disk, dir = lasting())]
fn none_on_disk(n: u64) -> Option<String> {
    NONE_ON_DISK.note();
    (n > 0).then(|| n.to_string())
}

#[test]
fn none_is_a_value_and_is_kept() {
    for _ in 0..2 {
        assert_eq!(none(0), None);
        assert_eq!(none(1), Some(1));
        assert_eq!(none_on_disk(0), None);
        assert_eq!(none_on_disk(1).as_deref(), Some("1"));
    }
    assert_eq!(NONE.count(), 2);
    assert_eq!(NONE_ON_DISK.count(), 2);
    assert_eq!(none::peek(0), Some(None));
}

static UNIT: Runs = Runs::new();
static EMPTY: Runs = Runs::new();

#[cache]
fn unit(_n: u64) {
    UNIT.note();
}

#[cache(backend = disk, dir = lasting())]
fn empty(_n: u64) -> Vec<u8> {
    EMPTY.note();
    Vec::new()
}

#[test]
fn unit_and_empty_values_are_kept() {
    for _ in 0..2 {
        unit(1);
        assert!(empty(1).is_empty());
    }
    assert_eq!(UNIT.count(), 1);
    assert_eq!(EMPTY.count(), 1);
}

static NESTED: Runs = Runs::new();

#[cache]
fn nested(n: u64) -> Result<Option<u64>, Bare> {
    NESTED.note();
    match n {
        0 => Err(Bare(Rc::new(0))),
        1 => Ok(None),
        n => Ok(Some(n)),
    }
}

#[test]
fn a_none_inside_of_an_ok_is_kept() {
    for _ in 0..2 {
        assert!(nested(0).is_err());
        assert_eq!(nested(1).ok(), Some(None));
        assert_eq!(nested(2).ok(), Some(Some(2)));
    }
    assert_eq!(NESTED.count(), 4, "the error was computed twice");
}

static EVEN: Runs = Runs::new();

#[cache(cache_if = |n| n % 2 == 0)]
fn even(n: u64) -> u64 {
    EVEN.note();
    n
}

#[test]
fn cache_if_decides_what_is_kept() {
    for _ in 0..2 {
        assert_eq!(even(1), 1);
        assert_eq!(even(2), 2);
    }
    assert_eq!(EVEN.count(), 3);
    assert!(!even::contains(1));
    assert!(even::contains(2));
}

static SOME: Runs = Runs::new();

#[cache(cache_if = |value| value.is_some())]
fn some(n: u64) -> Option<u64> {
    SOME.note();
    (n > 0).then_some(n)
}

#[test]
fn cache_if_may_leave_out_none() {
    for _ in 0..2 {
        assert_eq!(some(0), None);
        assert_eq!(some(1), Some(1));
    }
    assert_eq!(SOME.count(), 3);
}

static LAST: Runs = Runs::new();

#[cache(cache_err, cache_if = |result| *result != Err("secret".to_owned()))]
fn last_word(n: u64) -> Result<u64, String> {
    LAST.note();
    Err(if n == 0 { "secret" } else { "open" }.to_owned())
}

#[test]
fn cache_if_has_the_last_word_over_cache_err() {
    for _ in 0..2 {
        assert!(last_word(0).is_err());
        assert!(last_word(1).is_err());
    }
    assert_eq!(LAST.count(), 3);
}

static ASKED: Mutex<Vec<Result<u64, ()>>> = Mutex::new(Vec::new());

#[cache(cache_if = |result| { ASKED.lock().expect("no panic").push(*result); true })]
fn asks(n: u64) -> Result<u64, ()> {
    if n == 0 { Err(()) } else { Ok(n) }
}

#[test]
fn cache_if_is_asked_about_what_would_otherwise_be_kept_and_nothing_else() {
    assert_eq!(asks(0), Err(()));
    assert_eq!(asks(1), Ok(1));
    assert_eq!(asks(1), Ok(1));
    assert_eq!(*ASKED.lock().expect("no panic"), [Ok(1)], "not about an `Err`, and not about a hit");
}

static NOT_KEPT_SHARED: Runs = Runs::new();

#[cache(persist, dir = lasting(), cache_if = |_| false)]
fn never_kept(n: u64) -> String {
    NOT_KEPT_SHARED.note();
    n.to_string()
}

#[test]
fn cache_if_keeps_off_the_disk_too() {
    assert_eq!(never_kept(1), "1");
    assert_eq!(never_kept(1), "1");
    assert_eq!(NOT_KEPT_SHARED.count(), 2);
    assert_eq!(never_kept::stats().stores, 0);
    assert_eq!(never_kept::stats().entries, 0);
}

static LATER: Runs = Runs::new();

#[cache]
async fn later(n: u64) -> Fallible<u64> {
    LATER.note();
    if n == 0 { Err(Bare(Rc::new(0))) } else { Ok(n) }
}

#[test]
fn the_rules_hold_for_async_functions() {
    crate::common::block_on(async {
        for _ in 0..2 {
            assert!(later(0).await.is_err());
            assert_eq!(later(1).await.ok(), Some(1));
        }
    });
    assert_eq!(LATER.count(), 3);
}
