//! Other processes: this program again, in a role of an experiment.

use std::env;
use std::ffi::OsStr;
use std::path::Path;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

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

/// Waits for a process, and kills it once its time is over: then it counts as hanging.
pub(crate) fn within(child: &mut Child, time: Duration) -> Checked<Option<ExitStatus>> {
    let end = Instant::now() + time;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() > end {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(2));
    }
}
