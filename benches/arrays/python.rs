//! A Python process that does one thing again and again and says how long it took.

use std::env;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

const PROGRAM: &str = include_str!("peers.py");

pub struct Worker {
    child: Child,
    asks: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// Python, ready for `work` on the file; `None` if there is none, or a module is missing.
pub fn worker(work: &str, path: &Path) -> Option<Worker> {
    let python = env::var_os("OMNICACHE_BENCH_PYTHON")?;
    let mut command = Command::new(python);
    command.args(["-c", PROGRAM, work]).arg(path).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.stderr(Stdio::null()).spawn().ok()?;
    let (asks, answers) = (child.stdin.take()?, BufReader::new(child.stdout.take()?));
    let mut worker = Worker { child, asks, answers };
    worker.answer().filter(|answer| answer == "ready").map(|_| worker)
}

impl Worker {
    /// Does it once more, and tells the nanoseconds.
    pub fn ask(&mut self) -> f64 {
        self.asks.write_all(b"\n").expect("Python listens");
        self.answer().and_then(|answer| answer.parse().ok()).expect("nanoseconds")
    }

    fn answer(&mut self) -> Option<String> {
        let mut line = String::new();
        self.answers.read_line(&mut line).ok()?;
        Some(line.trim().to_owned())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
