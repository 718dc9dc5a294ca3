//! What the tests share: directories of their own, counters, other processes, an executor.

#![allow(dead_code, unreachable_pub, unused_imports, reason = "each test file uses a part of it")]

use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use tempfile::TempDir;

/// The environment variable that makes a test binary play another process.
const CHILD: &str = "OMNICACHE_TEST_CHILD";

/// A fresh directory under the build's own folder for temporary files.
pub fn fresh() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a temporary directory")
}

/// A fresh directory that stays: for functions, which live as long as the process.
pub fn lasting() -> PathBuf {
    fresh().keep()
}

/// Counts the runs of a body.
#[derive(Debug)]
pub struct Runs(AtomicU32);

impl Runs {
    pub const fn new() -> Self {
        Self(AtomicU32::new(0))
    }

    /// Notes a run; the number of runs before it.
    pub fn note(&self) -> u32 {
        self.0.fetch_add(1, Ordering::SeqCst)
    }

    pub fn count(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }
}

/// What the parent asks of this process, if it is a child.
pub fn role() -> Option<String> {
    std::env::var(CHILD).ok()
}

/// The test of this name in another process, which keeps its results in `dir` and plays `role`.
pub fn child(test: &str, dir: &Path, role: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().expect("the test binary has a path"));
    for name in ["OMNICACHE_DISABLE", "OMNICACHE_READONLY", "OMNICACHE_REFRESH"] {
        command.env_remove(name);
    }
    command.args(["--exact", test, "--nocapture"]).env(CHILD, role).env("OMNICACHE_DIR", dir);
    command
}

/// Runs a child to its end, which must be a good one.
pub fn run(command: &mut Command) {
    let output = command.output().expect("the child runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(output.status.success(), "{}\n{}", text(&output.stdout), text(&output.stderr));
    assert!(text(&output.stdout).contains("1 passed"), "the child ran no test of that name");
}

/// The message of a panic.
pub fn panic_of<T>(body: impl FnOnce() -> T) -> String {
    let payload = std::panic::catch_unwind(std::panic::AssertUnwindSafe(body)).err().expect("a panic");
    payload
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| payload.downcast_ref::<&str>().map(|&text| text.to_owned()))
        .expect("a panic with a text")
}

/// An executor that has nothing: it polls, and parks its thread in between.
pub fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        std::thread::park();
    }
}

/// The files below a folder, at any depth.
pub fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            found.extend(files(&entry.path()));
        } else {
            found.push(entry.path());
        }
    }
    found
}
