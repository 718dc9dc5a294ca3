//! The suite of the contract, run on the stores that we ship.

#![cfg(feature = "conformance")]

use omnicache_runtime::conformance::{Setup, check};
use omnicache_runtime::store::MemoryStore;

#[test]
fn the_store_in_memory_keeps_the_contract() {
    let report = check("memory", |setup: &Setup<'_>| match setup.limit {
        Some(limit) => MemoryStore::with_limit(limit, setup.eviction),
        None => MemoryStore::new(),
    });
    assert!(report.is_clean(), "{report}");
    println!("{report}");
}
