//! Single-flight across processes: one of them runs the body, whatever becomes of the others.
#![cfg(all(feature = "disk", target_os = "linux"))]

mod common;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Stdio};

use common::{Runs, child, fresh, role};
use omnicache::{Config, cache};

static RUNS: Runs = Runs::new();

/// Tells that the body runs, and goes on when its process is told to.
fn body(n: u64) -> u64 {
    RUNS.note();
    println!("answer running");
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).expect("an order");
    n * 2
}

#[cache(persist, config = Config::new().single_flight_across_processes())]
fn doubled(n: u64) -> u64 {
    body(n)
}

#[cfg(feature = "tokio")]
#[cache(persist, config = Config::new().single_flight_across_processes())]
async fn doubled_async(n: u64) -> u64 {
    body(n)
}

static REENTERED: Runs = Runs::new();

#[cache(persist, dir = common::lasting(), config = Config::new().single_flight_across_processes())]
fn forgets_and_reenters(n: u64) -> u64 {
    let run = REENTERED.note();
    if run == 0 {
        forgets_and_reenters::invalidate(n);
        assert_eq!(forgets_and_reenters(n), 1);
    }
    run.into()
}

#[test]
fn a_body_that_forgets_its_own_key_and_re_enters_does_not_wait_for_what_it_holds() {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || tell.send(forgets_and_reenters(1)));
    let patience = std::time::Duration::from_mins(1);
    assert_eq!(told.recv_timeout(patience), Ok(0), "it waits for itself");
    assert_eq!((forgets_and_reenters(1), REENTERED.count()), (2, 3));
}

fn call(kind: &str) {
    let value = match kind {
        #[cfg(feature = "tokio")]
        "async" => common::block_on(doubled_async(21)),
        _ => doubled(21),
    };
    println!("answer {value} {}", RUNS.count());
}

struct Other {
    child: Child,
    answers: BufReader<std::process::ChildStdout>,
}

impl Other {
    fn start(test: &str, dir: &Path, kind: &str) -> Self {
        let mut child =
            child(test, dir, kind).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("a child");
        let answers = BufReader::new(child.stdout.take().expect("piped"));
        Self { child, answers }
    }

    fn answer(&mut self) -> String {
        for line in (&mut self.answers).lines() {
            if let Some((_, answer)) = line.expect("text").split_once("answer ") {
                return answer.to_owned();
            }
        }
        panic!("the child went away");
    }

    fn go_on(&mut self) {
        let orders = self.child.stdin.as_mut().expect("piped");
        writeln!(orders, "go on").expect("the child listens");
    }
}

/// Waits until so many wait for a lock in `dir`: the system lists them.
fn until_they_wait(dir: &Path, count: usize) {
    use std::os::unix::fs::MetadataExt;
    let inode = std::fs::metadata(dir.join("omnicache.v1/flights")).expect("the file of locks").ino();
    let (waits, of_the_file) = ("-> OFDLCK", format!(":{inode} "));
    for _ in 0..10_000 {
        let locks = std::fs::read_to_string("/proc/locks").expect("the system's list of locks");
        let waiting =
            locks.lines().filter(|line| line.contains(waits) && line.contains(&of_the_file)).count();
        if waiting >= count {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    panic!("nobody waits for the lock");
}

/// The first leads; the others wait for it, and go on if it is killed.
fn one_leads(test: &str, kind: &str) {
    let dirs = (fresh(), fresh());
    let dir = dirs.0.path();
    let mut first = Other::start(test, dir, kind);
    assert_eq!(first.answer(), "running");
    let mut others: Vec<_> = (0..3).map(|_| Other::start(test, dir, kind)).collect();
    until_they_wait(dir, 3);
    first.go_on();
    assert_eq!(first.answer(), "42 1");
    for other in &mut others {
        assert_eq!(other.answer(), "42 0", "a body ran twice");
        other.child.wait().expect("it ends");
    }

    let dir = dirs.1.path();
    let mut first = Other::start(test, dir, kind);
    assert_eq!(first.answer(), "running");
    let mut second = Other::start(test, dir, kind);
    until_they_wait(dir, 1);
    first.child.kill().expect("it is killed");
    first.child.wait().expect("it ends");
    assert_eq!(second.answer(), "running", "the lock of a killed process is free");
    second.go_on();
    assert_eq!(second.answer(), "42 1");
    second.child.wait().expect("it ends");
}

#[test]
fn one_process_leads_and_a_killed_one_is_succeeded() {
    match role() {
        Some(kind) => call(&kind),
        None => one_leads("one_process_leads_and_a_killed_one_is_succeeded", "sync"),
    }
}

#[cfg(feature = "tokio")]
#[test]
fn one_process_leads_and_a_killed_one_is_succeeded_in_tasks() {
    match role() {
        Some(kind) => call(&kind),
        None => one_leads("one_process_leads_and_a_killed_one_is_succeeded_in_tasks", "async"),
    }
}
