//! System calls of a child process, counted and tampered with by `strace`.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::process::{child, is_there};
use crate::row::Checked;

/// What `strace` is missing for, if it is.
pub(crate) fn missing() -> Option<String> {
    let works = is_there("strace")
        && Command::new("strace")
            .args(["-f", "-o", "/dev/null", "-e", "inject=write:error=EIO:when=9999", "true"])
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success());
    (!works).then(|| "strace is not installed, or may not trace".to_owned())
}

/// A call that marks in the log where the program itself begins.
const MARK: &str = "/omnicache-reliability-begins";

/// Marks the beginning, in the child.
pub(crate) fn mark() {
    let _ = fs::metadata(MARK);
}

/// How often a system call is made by the thread that makes it most often.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Calls {
    /// Before the program itself begins: the loader's, which are none of the store's business.
    pub(crate) before: u64,
    /// In all.
    pub(crate) all: u64,
}

/// Counts the system calls of a child in a role.
pub(crate) fn count(names: &[&str], role: &str, dir: &Path, log: &Path) -> Checked<BTreeMap<String, Calls>> {
    let mut command = Command::new("strace");
    command.args(["-f", "-o"]).arg(log);
    command.args(["-e", &format!("trace={},?stat,?statx,?newfstatat", optional(names))]);
    let output = under(command, role, dir)?.output()?;
    if !output.status.success() {
        return Err(format!("{role} fails untouched: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    let text = String::from_utf8_lossy(&fs::read(log)?).into_owned();
    let mut threads: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let mut counts: BTreeMap<String, Calls> = BTreeMap::new();
    let mut began = false;
    for line in text.lines() {
        began |= line.contains(MARK);
        let Some((thread, call)) = line.split_once(' ') else { continue };
        let Some((name, _)) = call.trim_start().split_once('(') else { continue };
        if !names.contains(&name) {
            continue;
        }
        let seen = threads.entry((thread, name)).or_default();
        *seen += 1;
        let calls = counts.entry(name.to_owned()).or_default();
        calls.all = calls.all.max(*seen);
        if !began {
            calls.before = calls.all;
        }
    }
    Ok(counts)
}

/// A child in a role whose system calls of this name meet `what` (`signal=KILL`, `error=EIO`), at `when`.
pub(crate) fn injected(name: &str, what: &str, when: &str, role: &str, dir: &Path) -> Checked<Command> {
    let mut command = Command::new("strace");
    command.args(["-f", "-o", "/dev/null", "-e", &format!("trace={name}")]);
    command.args(["-e", &format!("inject={name}:{what}:when={when}")]);
    under(command, role, dir)
}

fn under(mut command: Command, role: &str, dir: &Path) -> Checked<Command> {
    let child = child(role, dir, &[])?;
    command.arg(child.get_program()).args(child.get_args()).env("OMNICACHE_DIR", dir);
    Ok(command)
}

/// The names as `strace` takes them where not all exist on the machine.
fn optional(names: &[&str]) -> String {
    names.iter().map(|name| format!("?{name}")).collect::<Vec<_>>().join(",")
}
