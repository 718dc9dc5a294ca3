//! Ways to make a cached function forget.
//!
//! ```text
//! cargo run --release --example invalidation
//! ```

use std::cell::RefCell;
use std::collections::HashMap;

use omnicache::{CallExplanation, cache};

thread_local! {
    /// What the cached function reads behind its arguments' back, so that it cannot know of a change.
    static PRICES: RefCell<HashMap<&'static str, u32>> = RefCell::new(HashMap::from([("tea", 3), ("coffee", 4)]));
}

fn set_price(of: &'static str, price: u32) {
    PRICES.with_borrow_mut(|prices| prices.insert(of, price));
}

#[cache(persist)]
fn label(of: &str) -> String {
    let price = PRICES.with_borrow(|prices| prices.get(of).copied());
    price.map_or_else(|| format!("{of}: sold out"), |price| format!("{of}: {price} euros"))
}

fn main() {
    // Whatever an earlier run has left on disk.
    label::clear();

    println!("{}, {}", label("tea"), label("coffee"));
    set_price("tea", 5);
    println!("{} (the price has changed, the label has not been told)", label("tea"));
    assert_eq!(label("tea"), "tea: 3 euros");

    // One result, in memory and on disk, here and in every other process. `false`: there was none.
    assert!(label::invalidate("tea"));
    assert!(!label::invalidate("tea"));
    println!("tea is now a {}", label::explain_call("tea"));
    assert_eq!(label::explain_call("tea"), CallExplanation::Invalidated);
    assert_eq!(label::explain_call("coffee"), CallExplanation::MemoryHit);
    println!("{}", label("tea"));
    assert_eq!(label("tea"), "tea: 5 euros");

    // A new result in place of the old one, without a moment in which there is none.
    set_price("tea", 6);
    println!("{} (refreshed)", label::refresh("tea"));
    assert_eq!(label::peek("tea").as_deref(), Some("tea: 6 euros"));

    // A look past the cache, which leaves it as it is.
    set_price("tea", 7);
    println!("{} (uncached), {} (cached)", label::uncached("tea"), label("tea"));
    assert_eq!((label::uncached("tea").as_str(), label("tea").as_str()), ("tea: 7 euros", "tea: 6 euros"));

    // All results of a function; `omnicache::clear_all()` is for those of all functions.
    label::clear();
    println!("after clear(), coffee is a {}", label::explain_call("coffee"));
    assert_eq!((label::peek("tea"), label::contains("coffee")), (None, false));

    // A switch for the whole process. The environment has one, too: OMNICACHE_DISABLE=1.
    label("tea");
    set_price("tea", 8);
    omnicache::set_enabled(false);
    println!("{} (disabled)", label("tea"));
    assert_eq!(label("tea"), "tea: 8 euros");
    omnicache::set_enabled(true);
    println!("{} (enabled again)", label("tea"));
    assert_eq!(label("tea"), "tea: 7 euros");
}
