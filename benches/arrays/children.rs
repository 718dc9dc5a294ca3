//! Work that is done in a fresh process: this program again, told what to do.

use std::env;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::{arguments, frames, hits, stores};

/// Where the store is; set in a child alone.
pub const DIR: &str = "OMNICACHE_BENCH_DIR";
const WORK: &str = "OMNICACHE_BENCH_WORK";

pub fn is_child() -> bool {
    env::var_os(WORK).is_some()
}

/// Does what the parent asks for and prints one number.
pub fn run() {
    let work = env::var(WORK).expect("a word");
    let number = match work.as_str() {
        "argument" => arguments::first_hit(),
        "mapped" => hits::first_look(),
        "frame" => frames::first_look(),
        "peak" => stores::peak(),
        "peak of a frame" => frames::peak(false),
        "peak of a slice" => frames::peak(true),
        other => panic!("{other} is no work"),
    };
    println!("{number}");
}

/// What a child says when it is asked for `work` on the store in `dir`.
pub fn ask(work: &str, dir: &Path) -> f64 {
    let mut command = Command::new(env::current_exe().expect("the path of this program"));
    command.env(DIR, dir).env(WORK, work).stderr(Stdio::inherit());
    let output = command.output().expect("a child starts");
    assert!(output.status.success(), "the child failed");
    String::from_utf8_lossy(&output.stdout).trim().parse().expect("a number")
}
