//! A secret: what was not written by one who knows it is a miss.
#![cfg(feature = "disk")]

mod common;

use std::path::Path;

use common::{Runs, child, fresh, role};
use omnicache::{Config, cache};

static RUNS: Runs = Runs::new();

#[cache(persist)]
fn text(n: usize) -> String {
    RUNS.note();
    "ab".repeat(n)
}

#[cache(backend = disk)]
fn bytes(n: usize) -> Vec<u8> {
    RUNS.note();
    vec![7; n]
}

#[cache(persist, config = Config::new().secret("of its own"))]
fn with_its_own(n: usize) -> Option<String> {
    RUNS.note();
    (n > 0).then(|| "ab".repeat(n))
}

/// Calls everything in a process of its own; gives how many bodies ran, and how many faults were counted.
fn run(test: &str, dir: &Path, key: &str) -> (u64, u64) {
    let mut command = child(test, dir, "caller");
    command.env("OMNICACHE_KEY", key);
    let output = command.output().expect("a child");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    let (_, answer) = text.split_once("answer ").expect("an answer");
    let mut numbers = answer.split_whitespace().map(|number| number.parse().expect("a number"));
    (numbers.next().expect("runs"), numbers.next().expect("faults"))
}

fn call() {
    for n in [1, 20_000] {
        assert_eq!(text(n), "ab".repeat(n));
        assert_eq!(bytes(n), vec![7; n]);
    }
    assert_eq!((with_its_own(0), with_its_own(1)), (None, Some("ab".to_owned())));
    let errors = text::stats().errors + bytes::stats().errors + with_its_own::stats().errors;
    println!("answer {} {errors}", RUNS.count());
}

#[test]
fn without_the_secret_nothing_is_served_and_nothing_is_forged() {
    if role().is_some() {
        return call();
    }
    let dir = fresh();
    let dir = dir.path();
    let test = "without_the_secret_nothing_is_served_and_nothing_is_forged";
    assert_eq!(run(test, dir, "first"), (6, 0));
    assert_eq!(run(test, dir, "first"), (0, 0));
    // Four of the six entries are sealed with the process's secret; each is replaced.
    assert_eq!(run(test, dir, "second"), (4, 4));
    assert_eq!(run(test, dir, "second"), (0, 0));
    assert_eq!(run(test, dir, ""), (4, 4));
    assert_eq!(run(test, dir, ""), (0, 0));
    // What was written without a secret is as good as forged to one who has it.
    assert_eq!(run(test, dir, "first"), (4, 4));
}

#[cache(config = Config::new().persist().secret(""))]
fn with_an_empty_secret(n: u64) -> u64 {
    n
}

#[test]
fn an_empty_secret_is_refused() {
    if role().is_some() {
        return;
    }
    let refused = std::panic::catch_unwind(|| with_an_empty_secret(1)).expect_err("refused");
    let message = refused.downcast::<String>().expect("a message");
    assert!(message.contains("with_an_empty_secret") && message.contains("`secret`"), "{message}");
    assert!(!format!("{:?}", Config::new().secret("hush")).contains("hush"));
}
