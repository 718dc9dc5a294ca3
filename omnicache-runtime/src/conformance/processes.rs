//! The running program started again, with a task.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio, exit};

use super::subject::{Make, Subject, identity};
use super::{Failure, Setup, Verdict, ensure, life, order, together};
use crate::store::Eviction;

const TASK: &str = "OMNICACHE_CONFORMANCE_TASK";
const NAME: &str = "OMNICACHE_CONFORMANCE_NAME";
const DIR: &str = "OMNICACHE_CONFORMANCE_DIR";
const NUMBER: &str = "OMNICACHE_CONFORMANCE_NUMBER";

/// What a process was started for.
pub(super) struct Task {
    pub(super) name: String,
    what: String,
    dir: PathBuf,
    number: u64,
}

/// The task of this process, if it has one.
pub(super) fn task() -> Option<Task> {
    let what = env::var(TASK).ok()?;
    let number = env::var(NUMBER).ok()?.parse().ok()?;
    Some(Task { name: env::var(NAME).ok()?, what, dir: env::var_os(DIR)?.into(), number })
}

/// Carries a task out and ends the process.
pub(super) fn carry_out(task: &Task, make: &Make<'_>) -> ! {
    let store = make(&Setup { dir: &task.dir, limit: None, eviction: Eviction::Lru });
    let done = store.open(&identity()).map_err(Failure::from).and_then(|()| match &*task.what {
        "open" => life::open_and_put(&*store, task.number),
        "watch" => order::watch(&*store),
        "crowd" => together::work_of_a_process(&*store, task.number),
        "run" => together::run_on(&*store, task.number),
        other => Err(Failure(format!("there is no task {other:?}"))),
    });
    match done {
        Ok(()) => exit(0),
        Err(Failure(failure)) => {
            // The one who started the process reads it there.
            #[expect(clippy::print_stderr, reason = "the report of a process")]
            {
                eprintln!("{failure}");
            }
            exit(1)
        }
    }
}

/// Starts so many processes with a task.
pub(super) fn start(
    subject: &Subject<'_>,
    what: &str,
    dir: &Path,
    count: u64,
) -> Result<Vec<Child>, Failure> {
    let program = env::current_exe()?;
    let current = std::thread::current();
    let test = current.name().unwrap_or("main");
    let start = |number: u64| {
        let mut command = Command::new(&program);
        command.args([test, "--exact", "--nocapture", "--include-ignored", "--test-threads=1"]);
        command.env(TASK, what).env(NAME, subject.name).env(DIR, dir).env(NUMBER, number.to_string());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()
    };
    Ok((0..count).map(start).collect::<Result<_, _>>()?)
}

/// Waits for processes; all must have done what they were to do.
pub(super) fn finish(children: Vec<Child>) -> Verdict {
    let mut failure = None;
    for child in children {
        let output = child.wait_with_output()?;
        if !output.status.success() {
            failure = Some(String::from_utf8_lossy(&output.stderr).trim().to_owned());
        }
    }
    ensure!(failure.is_none(), "a process failed: {}", failure.unwrap_or_default());
    Ok(())
}

/// Kills processes, which must not have ended by themselves.
pub(super) fn kill(children: Vec<Child>) -> Verdict {
    let mut ended = None;
    for mut child in children {
        let status = child.try_wait()?;
        child.kill()?;
        let output = child.wait_with_output()?;
        if status.is_some() {
            ended = Some(String::from_utf8_lossy(&output.stderr).trim().to_owned());
        }
    }
    ensure!(ended.is_none(), "a process ended before it was killed: {}", ended.unwrap_or_default());
    Ok(())
}
