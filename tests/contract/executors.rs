//! Section 4, point 13: an async function runs on any executor, with disk or without.

use std::future::Future;
use std::task::{Context, Waker};

use crate::common::{Runs, block_on, lasting};
use omnicache::{CallExplanation, cache};

static MEMORY: Runs = Runs::new();
static DISK: Runs = Runs::new();
static FRONTED: Runs = Runs::new();

#[cache(ephemeral)]
async fn in_memory(n: u64) -> String {
    MEMORY.note();
    n.to_string()
}

#[cache(backend = disk, dir = lasting())]
async fn on_disk(n: u64) -> String {
    DISK.note();
    n.to_string()
}

#[cache(persist, dir = lasting())]
async fn fronted(n: u64) -> String {
    FRONTED.note();
    n.to_string()
}

async fn call_all(n: u64) {
    let text = n.to_string();
    for _ in 0..2 {
        assert_eq!(
            (in_memory(n).await, on_disk(n).await, fronted(n).await),
            (text.clone(), text.clone(), text.clone())
        );
    }
    assert_eq!(on_disk::peek(n).await, Some(text.clone()));
    assert!(in_memory::contains(n).await && on_disk::contains(n).await && fronted::contains(n).await);
    assert_eq!(on_disk::explain_call(n).await, CallExplanation::DiskHit);
    assert_eq!(fronted::refresh(n).await, text);
    assert!(in_memory::invalidate(n).await && on_disk::invalidate(n).await && fronted::invalidate(n).await);
    assert!(!on_disk::contains(n).await && !fronted::contains(n).await);
}

#[test]
fn on_an_executor_that_has_nothing() {
    block_on(call_all(1));
}

#[test]
fn on_a_runtime_of_one_thread() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(call_all(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_runtime_of_many_threads() {
    let tasks: Vec<_> = (10..20).map(|n| tokio::spawn(call_all(n))).collect();
    for task in tasks {
        task.await.expect("no panic");
    }
}

#[tokio::test]
async fn in_a_local_set() {
    tokio::task::LocalSet::new().run_until(call_all(3)).await;
}

#[test]
fn one_function_is_served_by_many_executors() {
    static SHARED: Runs = Runs::new();
    #[cache(persist, dir = lasting())]
    async fn shared(n: u64) -> u64 {
        SHARED.note();
        n
    }
    assert_eq!(block_on(shared(1)), 1);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().expect("a runtime");
    assert_eq!(runtime.block_on(shared(1)), 1);
    drop(runtime);
    assert_eq!(std::thread::spawn(|| block_on(shared(1))).join().expect("no panic"), 1);
    assert_eq!(SHARED.count(), 1);
}

#[test]
fn a_hit_in_memory_is_ready_at_once() {
    static READY: Runs = Runs::new();
    #[cache(ephemeral)]
    async fn ready(n: u64) -> u64 {
        READY.note();
        n
    }
    block_on(ready(1));
    let mut hit = std::pin::pin!(ready(1));
    assert!(hit.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
    assert_eq!(READY.count(), 1);
}

#[test]
fn disk_work_on_a_runtime_does_not_block_the_executor() {
    #[cache(backend = disk, dir = lasting())]
    async fn slow(n: u64) -> u64 {
        n
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
    runtime.block_on(async {
        let mut call = std::pin::pin!(slow(1));
        let first =
            std::future::poll_fn(|context| std::task::Poll::Ready(call.as_mut().poll(context).is_pending()));
        assert!(first.await, "the look into the store is on the blocking pool");
        assert_eq!(call.await, 1);
    });
}

#[test]
fn the_futures_can_be_sent() {
    fn is_send<T: Send>(_: T) {}
    is_send(in_memory(1));
    is_send(on_disk(1));
    is_send(fronted::refresh(1));
    is_send(fronted::peek(1));
    is_send(fronted::invalidate(1));
    is_send(fronted::explain_call(1));
    is_send(fronted::clear());
}

#[test]
fn a_body_need_not_be_send() {
    static NOT_SEND: Runs = Runs::new();
    #[cache(ephemeral)]
    async fn not_send(n: u64) -> u64 {
        NOT_SEND.note();
        let held = std::rc::Rc::new(n);
        std::future::ready(()).await;
        *held
    }
    assert_eq!((block_on(not_send(1)), block_on(not_send(1))), (1, 1));
    assert_eq!(NOT_SEND.count(), 1);
}

#[test]
fn a_call_that_is_not_awaited_does_nothing() {
    static LAZY: Runs = Runs::new();
    #[cache(ephemeral)]
    async fn lazy(n: u64) -> u64 {
        LAZY.note();
        n
    }
    drop(lazy(1));
    assert_eq!((LAZY.count(), lazy::stats().misses), (0, 0));
}
