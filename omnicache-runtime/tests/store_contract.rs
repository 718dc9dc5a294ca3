//! The suite of the contract, run on the stores that we ship.

#![cfg(feature = "conformance")]

use omnicache_runtime::conformance::{Setup, check};
use omnicache_runtime::store::{KeyedStore, MemoryStore};

#[test]
fn the_store_in_memory_keeps_the_contract() {
    let report = check("memory", |setup: &Setup<'_>| match setup.limit {
        Some(limit) => MemoryStore::with_limit(limit, setup.eviction),
        None => MemoryStore::new(),
    });
    assert!(report.is_clean(), "{report}");
    println!("{report}");
}

#[test]
fn the_store_on_disk_keeps_the_contract() {
    let report = check("disk", |setup: &Setup<'_>| match setup.limit {
        Some(limit) => KeyedStore::with_limit(setup.dir, limit, setup.eviction),
        None => KeyedStore::new(setup.dir),
    });
    println!("{report}");
    assert!(report.is_clean(), "{report}");
}
