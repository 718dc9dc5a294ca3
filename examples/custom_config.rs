//! A configuration of one's own, worked out at run time and shared by several functions.
//!
//! ```text
//! cargo run --release --example custom_config
//! ```

use std::sync::LazyLock;
use std::time::Duration;

use omnicache::{Access, Backend, CallExplanation, Config, ManualClock, Policy, cache};

/// How this program keeps what it has fetched. A `Config` is a value: build it from arguments, a file, whatever.
fn fetched() -> Config {
    let days = std::env::var("FETCHED_DAYS").ok().and_then(|days| days.parse().ok()).unwrap_or(7);
    Config::new().persist().namespace("fetched").ttl(Duration::from_secs(days * 24 * 60 * 60))
}

/// Found on disk by every later run, for a week.
#[cache(config = fetched())]
fn page(url: &str) -> String {
    println!("  (fetching {url})");
    format!("<html>{url}</html>")
}

/// Options beside `config` refine it.
#[cache(config = fetched().access(Access::ReadHeavy), max_entries = 2, version = 3)]
fn title(url: &str) -> String {
    page(url).to_uppercase()
}

/// Time that a test moves on by hand.
static CLOCK: LazyLock<ManualClock> = LazyLock::new(ManualClock::new);

#[cache(config = Config::new().clock(CLOCK.clone()), ttl = "1h")]
fn rate(currency: &str) -> f64 {
    if currency == "EUR" { 1.0 } else { 1.09 }
}

fn main() {
    println!("first: {}", page::explain_call("example.org"));
    page("example.org");
    println!("then:  {}", page::explain_call("example.org"));
    assert_eq!(page::explain_call("example.org"), CallExplanation::MemoryHit);
    assert!(page::explain().persistent);
    println!("\n{}\n", page::explain());

    for url in ["a.example", "b.example", "c.example"] {
        title(url);
    }
    // Two fit in memory; the third is still on disk, and `explain_call` says so.
    println!("{}\n", title::explain());
    assert_eq!((title::explain().backend, title::explain().policy), (Backend::Disk, Policy::Lru));
    assert_eq!(title::explain_call("a.example"), CallExplanation::DiskHit);
    assert_eq!(title::explain_call("c.example"), CallExplanation::MemoryHit);

    // A clock of one's own makes expiry something to test without sleeping.
    rate("USD");
    CLOCK.advance(Duration::from_secs(3599));
    println!("a rate after 59:59: {}", rate::explain_call("USD"));
    assert_eq!(rate::explain_call("USD"), CallExplanation::MemoryHit);
    CLOCK.advance(Duration::from_secs(1));
    println!("a rate after 60:00: {}", rate::explain_call("USD"));
    assert_eq!(rate::explain_call("USD"), CallExplanation::Expired);
}
