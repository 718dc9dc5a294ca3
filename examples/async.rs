//! Async functions: one request for many who ask at once, errors that are not kept, and a time to live.
//!
//! ```text
//! cargo run --release --example async
//! ```

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use omnicache::{Policy, cache};

/// What a service would be reached by. It can be no key, and which client asks makes no difference.
struct Client {
    requests: AtomicU32,
}

impl Client {
    async fn get(&self, path: &str) -> Result<String, NotFound> {
        self.requests.fetch_add(1, Ordering::Relaxed);
        tokio::time::sleep(Duration::from_millis(50)).await;
        if path == "/users/0" { Err(NotFound) } else { Ok(format!("contents of {path}")) }
    }
}

#[derive(Debug, PartialEq)]
struct NotFound;

#[cache(ttl = "10m", max_entries = 10_000, ignore(client))]
async fn user(client: &Client, id: u32) -> Result<String, NotFound> {
    client.get(&format!("/users/{id}")).await
}

#[tokio::main]
async fn main() {
    let client = &Client { requests: AtomicU32::new(0) };
    let requests = || client.requests.load(Ordering::Relaxed);

    let start = Instant::now();
    let (a, b, c) = tokio::join!(user(client, 7), user(client, 7), user(client, 7));
    println!("three who ask at once:  {:>9.1?}, {} request", start.elapsed(), requests());
    assert_eq!((a.as_deref(), b.as_deref()), (c.as_deref(), Ok("contents of /users/7")));
    assert_eq!(requests(), 1);

    let start = Instant::now();
    let d = user(client, 7).await;
    println!("one who asks later:     {:>9.1?}, {} request", start.elapsed(), requests());
    assert_eq!((d.as_deref(), requests()), (Ok("contents of /users/7"), 1));

    // An `Err` reaches its caller and is not kept: the next call tries again. `cache_err` would keep it.
    for _ in 0..2 {
        assert_eq!(user(client, 0).await, Err(NotFound));
    }
    println!("two errors:                        {} requests", requests());
    assert_eq!(requests(), 3);

    // What may run the body or touch the disk is async, as the function is.
    assert!(user::contains(client, 7).await);
    let fresh = user::refresh(client, 7).await;
    println!("a refresh:                         {} requests", requests());
    assert_eq!((fresh, requests()), (user(client, 7).await, 4));

    let stats = user::stats();
    println!(
        "\n{} hits ({} of them waited for another's request), {} misses",
        stats.hits(),
        stats.coalesced,
        stats.misses
    );
    assert_eq!((stats.hits(), stats.coalesced, stats.misses), (4, 2, 3));
    println!("\n{}", user::explain());
    assert_eq!(user::explain().policy, Policy::Lfu);
}
