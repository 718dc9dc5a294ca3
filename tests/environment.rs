//! The environment variables, each in a process of its own.

mod common;

use std::path::Path;

use common::{Runs, child, files, fresh, role, run};
use omnicache::{CallExplanation, cache, set_enabled};

static PERSISTED: Runs = Runs::new();
static MEMORY: Runs = Runs::new();
static LATER: Runs = Runs::new();

#[cache(persist)]
fn persisted(n: u64) -> String {
    PERSISTED.note();
    format!("{n} by {}", role().unwrap_or_default())
}

#[cache]
fn in_memory(n: u64) -> u64 {
    MEMORY.note();
    n
}

#[cache(backend = disk)]
async fn later(n: u64) -> String {
    LATER.note();
    format!("{n} by {}", role().unwrap_or_default())
}

fn call_all() -> (String, u64, String) {
    (persisted(1), in_memory(1), common::block_on(later(1)))
}

fn runs() -> [u32; 3] {
    [PERSISTED.count(), MEMORY.count(), LATER.count()]
}

/// The results that the child of this role gave when it ran.
fn by(role: &str) -> (String, u64, String) {
    (format!("1 by {role}"), 1, format!("1 by {role}"))
}

/// A child that stores results in `dir`.
fn writer(test: &str, dir: &Path) {
    run(&mut child(test, dir, "writer"));
}

/// Plays the writer, if that is what is asked.
fn is_writer() -> bool {
    let writes = role().as_deref() == Some("writer");
    if writes {
        assert_eq!(call_all(), by("writer"));
    }
    writes
}

#[test]
fn omnicache_dir_is_where_results_lie() {
    const TEST: &str = "omnicache_dir_is_where_results_lie";
    match role().as_deref() {
        None => {
            let dir = fresh();
            let below = dir.path().join("made/with/parents");
            run(&mut child(TEST, &below, "one"));
            assert!(below.join("omnicache.v1/index.sqlite").is_file());
            run(&mut child(TEST, &below, "two"));
        }
        Some(one_or_two) => {
            let expected = std::env::var_os("OMNICACHE_DIR").map(Into::into);
            assert_eq!(persisted::explain().dir, expected);
            assert_eq!(call_all(), by("one"));
            assert_eq!(runs(), if one_or_two == "one" { [1, 1, 1] } else { [0, 1, 0] });
        }
    }
}

#[test]
fn omnicache_disable_switches_all_off() {
    const TEST: &str = "omnicache_disable_switches_all_off";
    if is_writer() {
        return;
    }
    match role().as_deref() {
        None => {
            let dir = fresh();
            run(child(TEST, dir.path(), "disabled").env("OMNICACHE_DISABLE", "1"));
            assert_eq!(files(dir.path()).len(), 0, "nothing is written");
            writer(TEST, dir.path());
            run(child(TEST, dir.path(), "disabled").env("OMNICACHE_DISABLE", "true"));
            run(child(TEST, dir.path(), "writer").env("OMNICACHE_DISABLE", "0"));
            run(child(TEST, dir.path(), "overruled").env("OMNICACHE_DISABLE", "1"));
        }
        Some("overruled") => {
            set_enabled(true);
            assert_eq!(call_all(), by("writer"));
        }
        Some(_) => {
            for _ in 0..2 {
                assert_eq!(call_all(), by("disabled"), "nothing is read");
            }
            assert_eq!(runs(), [2, 2, 2]);
            assert_eq!(persisted::explain_call(1), CallExplanation::Disabled);
            assert_eq!(omnicache::stats().stores, 0);
        }
    }
}

#[test]
fn omnicache_readonly_reads_and_never_writes() {
    const TEST: &str = "omnicache_readonly_reads_and_never_writes";
    if is_writer() {
        return;
    }
    match role().as_deref() {
        None => {
            let dir = fresh();
            writer(TEST, dir.path());
            run(child(TEST, dir.path(), "reader").env("OMNICACHE_READONLY", "1"));
            run(&mut child(TEST, dir.path(), "after"));
            let empty = fresh();
            run(child(TEST, &empty.path().join("none"), "alone").env("OMNICACHE_READONLY", "1"));
            assert!(files(empty.path()).is_empty(), "nothing is made");
        }
        Some("reader") => {
            assert_eq!(call_all(), by("writer"));
            assert_eq!(runs(), [0, 1, 0]);
            assert_eq!((persisted(2), persisted(2)), ("2 by reader".to_owned(), "2 by reader".to_owned()));
            assert_eq!(runs()[0], 1, "memory in front of it is no disk");
            assert_eq!(common::block_on(later(2)), "2 by reader");
            assert!(!common::block_on(later::contains(2)));
            persisted::refresh(1);
            assert_eq!(omnicache::stats().errors, 0, "that results are not written is no fault");
            persisted::invalidate(1);
            common::block_on(later::clear());
        }
        Some("after") => {
            assert_eq!(call_all(), by("writer"), "all is as it was");
            assert!(!persisted::contains(2));
        }
        Some(_) => {
            assert_eq!(call_all(), by("alone"));
            assert_eq!(call_all(), by("alone"));
            assert_eq!(runs(), [1, 1, 2]);
        }
    }
}

#[test]
fn omnicache_refresh_recomputes_each_key_once_and_overwrites_it() {
    const TEST: &str = "omnicache_refresh_recomputes_each_key_once_and_overwrites_it";
    if is_writer() {
        return;
    }
    match role().as_deref() {
        None => {
            let dir = fresh();
            writer(TEST, dir.path());
            run(child(TEST, dir.path(), "refresher").env("OMNICACHE_REFRESH", "1"));
            run(&mut child(TEST, dir.path(), "after"));
        }
        Some("refresher") => {
            assert_eq!(persisted::explain_call(1), CallExplanation::RefreshDue);
            assert_eq!(common::block_on(later::explain_call(1)), CallExplanation::RefreshDue);
            for _ in 0..3 {
                assert_eq!(call_all(), by("refresher"));
                assert_eq!(persisted::explain_call(1), CallExplanation::MemoryHit);
                assert_eq!(runs(), [1, 1, 1], "once in this process");
            }
            persisted(2);
            assert_eq!(runs()[0], 2, "each key");
        }
        Some(_) => {
            assert_eq!(call_all(), by("refresher"), "and overwritten");
            assert_eq!(runs(), [0, 1, 0]);
        }
    }
}
