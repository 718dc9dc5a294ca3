//! Each option of `#[cache(...)]` that no other file is about.

use std::cell::Cell;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::LazyLock;
use std::time::Duration;

use crate::common::{Runs, lasting};
use omnicache::{Backend, CallExplanation, Config, ManualClock, Policy, cache, for_bytes, for_scalars};

mod facade {
    pub(super) mod inner {
        pub(in super::super) use omnicache as renamed;
    }
}

static CRATE: Runs = Runs::new();

#[facade::inner::renamed::cache(crate = crate::options::facade::inner::renamed, backend = disk, dir = lasting(), ttl = "1h")]
fn elsewhere(n: u64) -> u64 {
    CRATE.note();
    n
}

#[derive(omnicache::CacheKey)]
#[cache_key(crate = crate::options::facade::inner::renamed)]
struct Derived(u64);

#[facade::inner::renamed::cache(crate = crate::options::facade::inner::renamed, ephemeral)]
fn derived_elsewhere(key: Derived) -> u64 {
    key.0
}

#[test]
fn omnicache_may_be_re_exported() {
    assert_eq!((elsewhere(1), elsewhere(1)), (1, 1));
    assert_eq!(CRATE.count(), 1);
    assert_eq!(derived_elsewhere(Derived(1)), 1);
}

#[cache(config = for_bytes().ttl(Duration::from_secs(1)).max_entries(3), backend = memory, ttl = "1h", policy = fifo, max_entries = 7)]
fn refined(n: u64) -> String {
    n.to_string()
}

#[test]
fn options_refine_the_config() {
    for n in 0..10 {
        refined(n);
    }
    let explanation = refined::explain();
    assert_eq!((explanation.backend, explanation.policy), (Backend::Memory, Policy::Fifo));
    assert_eq!(refined::stats().entries, 7);
    let text = explanation.to_string();
    assert!(text.contains("7 entries") && text.contains("1h"), "{text}");
}

#[derive(Debug)]
struct Client;

static IGNORED: Runs = Runs::new();
static KEYED: Runs = Runs::new();

#[cache(ephemeral, ignore(client, verbose))]
fn ignoring(client: &Client, id: u32, verbose: bool) -> String {
    IGNORED.note();
    format!("{client:?}{id}{verbose}")
}

#[cache(ephemeral, key = (id % 10, name.to_lowercase()))]
fn keyed(id: u32, name: &str, _client: &Client) -> u32 {
    KEYED.note();
    id + u32::try_from(name.len()).unwrap_or(0)
}

#[test]
fn ignored_arguments_are_no_part_of_the_key() {
    assert_eq!(ignoring(&Client, 1, true), "Client1true");
    assert_eq!(ignoring(&Client, 1, false), "Client1true");
    assert_eq!(ignoring(&Client, 2, false), "Client2false");
    assert_eq!(IGNORED.count(), 2);
}

#[test]
fn a_key_replaces_the_arguments() {
    assert_eq!((keyed(1, "Ann", &Client), keyed(11, "ANN", &Client), keyed(2, "Ann", &Client)), (4, 4, 5));
    assert_eq!(KEYED.count(), 2);
    assert!(keyed::contains(21, "aNN", &Client));
}

static DIR: LazyLock<PathBuf> = LazyLock::new(lasting);

#[test]
fn namespaces_share_nothing_and_one_namespace_is_shared() {
    {
        #[cache(backend = disk, dir = DIR.clone(), version = 1, namespace = "a")]
        fn spaced(_n: u64) -> String {
            "first".to_owned()
        }
        assert_eq!(spaced(1), "first");
    }
    {
        #[cache(backend = disk, dir = DIR.clone(), version = 1, namespace = "b")]
        fn spaced(_n: u64) -> String {
            "second".to_owned()
        }
        assert_eq!(spaced::explain_call(1), CallExplanation::NeverSeen);
        assert_eq!(spaced(1), "second");
        spaced::clear();
    }
    {
        #[cache(backend = disk, dir = DIR.clone(), config = Config::new().version("1").namespace("a"), version = 1)]
        fn spaced(_n: u64) -> String {
            "third".to_owned()
        }
        assert_eq!(spaced(1), "first", "and a clear in one is no clear in another");
    }
}

static BELOW: LazyLock<PathBuf> = LazyLock::new(|| lasting().join("a/b/c"));

#[cache(persist, dir = BELOW.clone())]
fn below(n: u64) -> u64 {
    n
}

#[test]
fn a_directory_is_made_with_its_parents() {
    assert!(!BELOW.exists());
    assert_eq!(below(1), 1);
    assert!(BELOW.join("omnicache.v1/index.sqlite").is_file());
    assert_eq!(below::stats().errors, 0);
    assert_eq!(below::explain().dir.as_ref(), Some(&*BELOW));
}

#[cache(ephemeral)]
fn ephemeral(n: usize) -> Vec<u8> {
    vec![0; n]
}

#[cache(persist, dir = lasting())]
fn persistent(n: u64) -> u64 {
    n
}

#[test]
fn persist_and_ephemeral_are_explained() {
    assert!(!ephemeral::explain().persistent);
    assert_eq!(ephemeral(3 << 20).len(), 3 << 20);
    assert_eq!(ephemeral::explain_call(3 << 20), CallExplanation::MemoryHit, "large, and off the disk");
    assert!(persistent::explain().persistent);
    assert_eq!(persistent(1), 1);
    assert_eq!(persistent::explain_call(1), CallExplanation::MemoryHit, "memory stands in front");
    assert!(persistent::explain().to_string().contains("`persist`"));
}

static LOCAL: Runs = Runs::new();

/// Neither `Send` nor `Sync`.
#[cache(local, max_entries = 2, policy = lru)]
fn local(n: u64) -> Rc<Cell<u64>> {
    LOCAL.note();
    Rc::new(Cell::new(n))
}

#[test]
fn a_local_cache_keeps_what_threads_cannot_share() {
    local(1).set(7);
    assert_eq!(local(1).get(), 7, "the very value");
    (local(2), local(3));
    assert!(!local::contains(1), "and its bounds hold");
    assert_eq!(LOCAL.count(), 3);
}

static LOCAL_RECURSION: Runs = Runs::new();

#[cache(local)]
fn local_fib(n: u64) -> u64 {
    LOCAL_RECURSION.note();
    if n < 2 { n } else { local_fib(n - 1) + local_fib(n - 2) }
}

#[test]
fn recursion_in_a_local_cache_is_safe() {
    assert_eq!(local_fib(80), 23_416_728_348_467_685);
    assert_eq!(LOCAL_RECURSION.count(), 81);
}

#[cache(local, cache_if = |value| value.as_ref().is_ok_and(|value| value.get() > 1), ttl = "1s", config = Config::new().clock(CLOCK.clone()))]
fn local_rules(n: u64) -> Result<Rc<Cell<u64>>, ()> {
    if n == 0 { Err(()) } else { Ok(Rc::new(Cell::new(n))) }
}

static CLOCK: LazyLock<ManualClock> = LazyLock::new(ManualClock::new);

#[test]
fn the_rules_of_results_hold_in_a_local_cache() {
    for n in 0..3 {
        let _ = local_rules(n);
    }
    assert_eq!((0..3).map(local_rules::contains).collect::<Vec<_>>(), [false, false, true]);
    CLOCK.advance(Duration::from_secs(1));
    assert!(!local_rules::contains(2));
    assert_eq!(local_rules::explain_call(2), CallExplanation::Expired);
}

/// Names that the generated code might use itself.
#[cache(ephemeral)]
fn names(
    key: u32,
    config: u32,
    result: u32,
    body: u32,
    site: u32,
    function: u32,
    op: u32,
    step: u32,
    miss: u32,
) -> u32 {
    key + config + result + body + site + function + op + step + miss
}

#[cache(ephemeral)]
fn r#match(r#type: u32) -> u32 {
    r#type
}

#[test]
fn names_do_not_meet_those_of_the_generated_code() {
    assert_eq!(names(1, 2, 3, 4, 5, 6, 7, 8, 9), 45);
    assert!(names::contains(1, 2, 3, 4, 5, 6, 7, 8, 9));
    assert_eq!((r#match(1), r#match::peek(1)), (1, Some(1)));
}

#[cache(config = for_scalars().persist(), dir = lasting())]
fn pinned_and_persisted(n: u64) -> u64 {
    n
}

#[test]
fn a_helper_is_refined_by_persist() {
    assert_eq!(pinned_and_persisted(1), 1);
    assert!(pinned_and_persisted::explain().persistent);
    assert_eq!(pinned_and_persisted::explain_call(1), CallExplanation::MemoryHit);
}

fn early(n: u64) -> Result<u64, std::num::TryFromIntError> {
    #[cache(ephemeral)]
    fn inner(n: u64) -> Result<u32, std::num::TryFromIntError> {
        if n == 1 {
            return Ok(100);
        }
        let small = u8::try_from(n)?;
        Ok(small.into())
    }
    Ok(inner(n)?.into())
}

#[test]
fn return_and_question_mark_leave_the_body_only() {
    assert_eq!((early(1), early(2), early(2)), (Ok(100), Ok(2), Ok(2)));
    assert!(early(1000).is_err());
}

#[test]
fn the_version_of_the_options_refines_that_of_the_config() {
    {
        #[cache(backend = disk, dir = DIR.clone(), config = Config::new().version(1), version = "2")]
        fn refined_version(_n: u64) -> String {
            "first".to_owned()
        }
        assert_eq!(refined_version(1), "first");
    }
    {
        #[cache(backend = disk, dir = DIR.clone(), config = Config::new().version(1), version = 3)]
        fn refined_version(_n: u64) -> String {
            "bumped".to_owned()
        }
        assert_eq!(refined_version(1), "bumped");
    }
    {
        #[cache(backend = disk, dir = DIR.clone(), config = Config::new().version(2))]
        fn refined_version(_n: u64) -> String {
            "computed".to_owned()
        }
        assert_eq!(refined_version(1), "first", "the builder's version means what the option's means");
    }
}
