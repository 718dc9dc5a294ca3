//! Futures of cached functions can be sent to other threads, whatever they borrow.

use omnicache::{CacheKey, cache};

#[derive(Clone, CacheKey)]
struct User {
    name: String,
}

struct Client;

#[cache(ignore(client), ttl = "10m")]
async fn find(client: &Client, name: &str, tags: &[String]) -> Result<User, std::io::Error> {
    let _ = client;
    tokio::task::yield_now().await;
    Ok(User { name: format!("{name}{}", tags.len()) })
}

#[cache]
async fn generic<T: CacheKey + Send + Sync + Clone>(item: &T) -> Vec<T> {
    tokio::task::yield_now().await;
    vec![item.clone()]
}

impl User {
    #[cache]
    async fn greeting(&self, word: &str) -> String {
        tokio::task::yield_now().await;
        format!("{word} {}", self.name)
    }
}

async fn all() -> String {
    let name = String::from("a");
    let user = find(&Client, &name, &[]).await.expect("there is one");
    assert!(find::contains(&Client, &name, &[]).await);
    assert_eq!(generic(&name).await, ["a"]);
    user.greeting("hello").await
}

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().build().expect("threads can be started");
    let greeting = runtime.block_on(async { tokio::spawn(all()).await });
    assert_eq!(greeting.expect("the task ends"), "hello a0");
}
