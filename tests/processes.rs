//! Section 4, point 10: what one process forgets or refreshes, every other sees at its next call.

mod common;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use common::{Runs, child, fresh, role};
use omnicache::{cache, clear_all, hybrid};

static RUNS: Runs = Runs::new();

/// Each run gives another value, which tells the process and the run.
fn value() -> String {
    format!("{}.{}", std::process::id(), RUNS.note())
}

#[cache(persist)]
fn fronted(n: u64) -> String {
    format!("{n}:{}", value())
}

#[cache(backend = disk)]
fn on_disk(n: u64) -> String {
    format!("{n}:{}", value())
}

#[cache(config = hybrid().threshold(100))]
fn split(n: u64) -> String {
    format!("{n}:{}{}", value(), " ".repeat(if n >= 100 { 1000 } else { 0 }))
}

#[cache(persist)]
async fn awaited(n: u64) -> String {
    format!("{n}:{}", value())
}

/// Another process, which does what it is told line by line.
struct Other {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Other {
    fn start(test: &str, dir: &Path) -> Self {
        let mut child =
            child(test, dir, "other").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a child");
        let orders = child.stdin.take().expect("piped");
        let answers = BufReader::new(child.stdout.take().expect("piped"));
        Self { child, orders, answers }
    }

    /// Gives an order, and waits for its answer.
    fn ask(&mut self, order: &str) -> String {
        writeln!(self.orders, "{order}").expect("the child listens");
        for line in (&mut self.answers).lines() {
            // The test harness writes to the same place.
            if let Some((_, answer)) = line.expect("text").split_once("answer ") {
                return answer.to_owned();
            }
        }
        panic!("the child went away at `{order}`");
    }

    fn end(mut self) {
        drop(self.orders);
        assert!(self.child.wait().expect("the child ends").success());
    }
}

/// Plays the other process until its orders end.
fn obey() {
    for order in std::io::stdin().lines() {
        let order = order.expect("text");
        let (function, action) = order.split_once(' ').expect("two words");
        println!("answer {}", carry_out(function, action));
    }
}

fn carry_out(function: &str, action: &str) -> String {
    macro_rules! act {
        ($function:ident, $n:expr) => {
            match action {
                "call" => $function($n),
                "invalidate" => $function::invalidate($n).to_string(),
                "refresh" => $function::refresh($n),
                "clear" => {
                    $function::clear();
                    "cleared".to_owned()
                }
                _ => {
                    clear_all();
                    "all cleared".to_owned()
                }
            }
        };
    }
    match function {
        "fronted" => act!(fronted, 1),
        "on_disk" => act!(on_disk, 1),
        "large" => act!(split, 100),
        "small" => act!(split, 1),
        "smaller" => act!(split, 0),
        _ => common::block_on(async {
            match action {
                "call" => awaited(1).await,
                "invalidate" => awaited::invalidate(1).await.to_string(),
                "refresh" => awaited::refresh(1).await,
                "clear" => {
                    awaited::clear().await;
                    "cleared".to_owned()
                }
                _ => {
                    clear_all();
                    "all cleared".to_owned()
                }
            }
        }),
    }
}

#[test]
fn what_one_process_forgets_or_refreshes_every_other_sees() {
    const TEST: &str = "what_one_process_forgets_or_refreshes_every_other_sees";
    if role().is_some() {
        return obey();
    }
    let dir = fresh();
    let (mut a, mut b) = (Other::start(TEST, dir.path()), Other::start(TEST, dir.path()));
    for function in ["fronted", "on_disk", "large", "awaited"] {
        let call = format!("{function} call");
        let first = a.ask(&call);
        assert_eq!(b.ask(&call), first, "{function}: one process's result serves the other");
        assert_eq!(a.ask(&call), first);
        for action in ["invalidate", "clear", "all"] {
            let before = a.ask(&call);
            assert_eq!(b.ask(&call), before);
            b.ask(&format!("{function} {action}"));
            let after = a.ask(&call);
            assert_ne!(after, before, "{function}: {action} in the other process is seen");
            assert_eq!(b.ask(&call), after, "{function}: and the new value is the other's too");
        }
        let refreshed = b.ask(&format!("{function} refresh"));
        assert_eq!(a.ask(&call), refreshed, "{function}: a refresh in the other process is seen");
        assert_eq!(b.ask(&call), refreshed);
        assert_eq!(a.ask(&format!("{function} invalidate")), "true", "{function}");
        assert_eq!(b.ask(&format!("{function} invalidate")), "false", "{function}: it is gone for both");
    }
    a.end();
    b.end();
}

#[test]
fn what_another_process_clears_is_forgotten_in_this_ones_memory_too() {
    const TEST: &str = "what_another_process_clears_is_forgotten_in_this_ones_memory_too";
    if role().is_some() {
        return obey();
    }
    let dir = fresh();
    let (mut a, mut b) = (Other::start(TEST, dir.path()), Other::start(TEST, dir.path()));
    for action in ["invalidate", "clear", "all", "refresh"] {
        let before = a.ask("small call");
        assert_eq!(a.ask("small call"), before);
        let own = b.ask("small call");
        assert_ne!(own, before, "small results of a hybrid stay in their process");
        b.ask(&format!("small {action}"));
        assert_ne!(a.ask("small call"), before, "{action}");
        a.ask("small clear");
    }
    a.end();
    b.end();
}

#[test]
fn a_process_that_found_nothing_on_disk_finds_what_another_has_put_there_since() {
    const TEST: &str = "a_process_that_found_nothing_on_disk_finds_what_another_has_put_there_since";
    if role().is_some() {
        return obey();
    }
    let dir = fresh();
    let (mut a, mut b) = (Other::start(TEST, dir.path()), Other::start(TEST, dir.path()));
    // By the second look it knows that there is nothing, and asks no more.
    for order in ["small call", "smaller call"] {
        a.ask(order);
    }
    let stored = b.ask("large call");
    assert_eq!(a.ask("large call"), stored);
    a.end();
    b.end();
}
