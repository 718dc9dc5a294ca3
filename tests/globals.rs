//! What acts on every cached function of the process.

mod common;

use std::path::PathBuf;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use common::{Runs, lasting};
use omnicache::{Backend, CallExplanation, Kind, cache, clear_all, functions, set_enabled, stats};

/// What one test does to the whole process must not meet another.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

static DIR: LazyLock<PathBuf> = LazyLock::new(lasting);
static MEMORY: Runs = Runs::new();
static DISK: Runs = Runs::new();
static LATER: Runs = Runs::new();
static LOCAL: Runs = Runs::new();

#[cache(ephemeral)]
fn in_memory(n: u64) -> String {
    MEMORY.note();
    n.to_string()
}

#[cache(backend = disk, dir = DIR.clone())]
fn on_disk(n: u64) -> String {
    DISK.note();
    n.to_string()
}

#[cache(ephemeral)]
async fn later(n: u64) -> String {
    LATER.note();
    n.to_string()
}

#[cache(local)]
fn local(n: u64) -> String {
    LOCAL.note();
    n.to_string()
}

#[cache]
#[allow(dead_code, reason = "listed, not called")]
fn never_called(n: u64) -> u64 {
    n
}

#[cache(ephemeral)]
fn generic<T: ToString + omnicache::CacheKey + 'static>(value: T) -> String {
    value.to_string()
}

mod inner {
    #[omnicache::cache]
    pub(super) fn nested(n: u64) -> u64 {
        n
    }
}

struct Method;

impl Method {
    #[omnicache::cache(ignore(self))]
    fn method(&self, n: u64) -> u64 {
        let _ = self;
        n
    }
}

fn call_all() {
    in_memory(1);
    on_disk(1);
    common::block_on(later(1));
    local(1);
    generic(1_u8);
    generic(1_u16);
    inner::nested(1);
    Method.method(1);
}

fn runs() -> [u32; 4] {
    [MEMORY.count(), DISK.count(), LATER.count(), LOCAL.count()]
}

#[test]
fn functions_gives_name_explanation_and_stats_of_each() {
    let _alone = alone();
    call_all();
    let all = functions();
    let named =
        |name: &str| all.iter().find(|function| function.name == name).unwrap_or_else(|| panic!("{name}"));
    for name in ["in_memory", "on_disk", "later", "local", "generic", "never_called", "inner::nested"] {
        assert!(named(&format!("globals::{name}")).name.ends_with(name));
    }
    assert!(all.iter().any(|function| function.name.ends_with("method")));
    let disk = named("globals::on_disk");
    let explanation = disk.explanation.as_ref().expect("it was called");
    assert_eq!((explanation.kind, explanation.backend), (Kind::Collection, Backend::Disk));
    assert_eq!(disk.stats, on_disk::stats());
    assert!(named("globals::generic").stats.stores >= 2, "of all instances");
    assert_eq!(named("globals::never_called").stats.misses, 0);
    assert!(all.is_sorted_by(|a, b| a.name <= b.name));
}

#[test]
fn stats_are_the_sum_over_all_functions() {
    let _alone = alone();
    call_all();
    let (before, all) = (stats(), functions());
    assert_eq!(before.misses, all.iter().map(|function| function.stats.misses).sum::<u64>());
    assert_eq!(before.entries, all.iter().map(|function| function.stats.entries).sum::<u64>());
    call_all();
    let after = stats();
    assert_eq!(after.hits() - before.hits(), 8);
    assert_eq!(after.misses, before.misses);
}

#[test]
fn clear_all_forgets_the_entries_of_every_function() {
    let _alone = alone();
    call_all();
    assert!(stats().entries >= 8);
    let before = runs();
    clear_all();
    assert_eq!(stats().entries, 0);
    assert!(!in_memory::contains(1) && !on_disk::contains(1) && !local::contains(1));
    assert!(!generic::contains(1_u8) && !generic::contains(1_u16));
    call_all();
    assert_eq!(runs(), before.map(|count| count + 1));
}

#[test]
fn disabled_calls_neither_read_nor_write_and_enabled_again_the_entries_are_served_again() {
    let _alone = alone();
    clear_all();
    call_all();
    let (before, counted) = (runs(), stats());
    set_enabled(false);
    call_all();
    call_all();
    in_memory(2);
    on_disk(2);
    assert_eq!(in_memory::refresh(3), "3");
    assert_eq!(on_disk::uncached(3), "3");
    assert_eq!((in_memory::peek(1), on_disk::peek(1), local::peek(1)), (None, None, None), "nothing is read");
    assert!(!in_memory::contains(1) && !on_disk::contains(1));
    assert_eq!(in_memory::explain_call(1), CallExplanation::Disabled);
    assert_eq!(on_disk::explain_call(1), CallExplanation::Disabled);
    assert_eq!(
        runs(),
        [before[0] + 4, before[1] + 4, before[2] + 2, before[3] + 2],
        "every call runs its body"
    );
    set_enabled(true);
    assert_eq!((stats().hits(), stats().stores), (counted.hits(), counted.stores));
    assert!(
        !in_memory::contains(2) && !on_disk::contains(2) && !in_memory::contains(3),
        "nothing was written"
    );
    let before = runs();
    call_all();
    assert_eq!(runs(), before, "the entries are served again");
}
