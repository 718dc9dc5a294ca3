//! A store of your own: `map.rs` has one over a plain map, and this keeps a function's results in it.
//!
//! `cargo run --example custom_store`
//!
//! Before you trust one of yours, have the suite check it (feature `conformance`); `tests/custom_store.rs` does so
//! with this one.

mod map;

use std::sync::{Arc, LazyLock};

use omnicache::store::Store;
use omnicache::{Config, cache};

static STORE: LazyLock<Arc<map::MapStore>> = LazyLock::new(Arc::default);

/// Every result goes into the store, with the function's memory in front.
#[cache(persist, config = Config::new().store(STORE.clone()))]
fn anagram(word: &str) -> String {
    let mut letters: Vec<char> = word.chars().collect();
    letters.sort_unstable();
    letters.into_iter().collect()
}

fn main() {
    for word in ["listen", "silent", "listen"] {
        println!("{word:<8} {}", anagram(word));
    }
    println!("\n{}\n", anagram::explain());
    let stats = anagram::stats();
    println!("{} misses, {} hit, {} entries", stats.misses, stats.hits(), stats.entries);

    let namespaces = STORE.namespaces().expect("the store is open");
    println!("the store has the namespace {namespaces:?}");
    anagram::clear();
    println!("after `clear` it has {} entries", STORE.count(None).expect("the store is open"));
}
