//! Other processes: this program again, in a role of an experiment.

use std::env;
use std::ffi::OsStr;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal};

use crate::row::Checked;

/// The word that makes this program play another process.
pub(crate) const CHILD: &str = "child";

/// This program in a role, on a store.
pub(crate) fn child(role: &str, dir: &Path, words: &[String]) -> Checked<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.args([OsStr::new(CHILD), OsStr::new(role), dir.as_os_str()]).args(words);
    Ok(command)
}

/// Whether a program of this name can be run.
pub(crate) fn is_there(program: &str) -> bool {
    Command::new(program).arg("-V").output().is_ok()
}

/// How a process ended that had a limited time.
#[derive(Debug)]
pub(crate) enum Ended {
    /// By itself.
    With(Output),
    /// Not at all: it was killed, with its own children.
    Hung,
}

/// Runs a process that says little, and kills it once its time is over.
pub(crate) fn within(time: Duration, command: &mut Command) -> Checked<Ended> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn()?;
    let end = Instant::now() + time;
    while child.try_wait()?.is_none() {
        if Instant::now() > end {
            let group = Pid::from_child(&child);
            rustix::process::kill_process_group(group, Signal::KILL)?;
            child.wait()?;
            return Ok(Ended::Hung);
        }
        thread::sleep(Duration::from_millis(1));
    }
    Ok(Ended::With(child.wait_with_output()?))
}
