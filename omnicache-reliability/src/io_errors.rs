//! Every error the system may answer with, at any call of a program of cached functions: its results are right
//! all the same, and the next program finds a store that works.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use ndarray::Array1;
use omnicache::{cache, for_ndarray};
use omnicache_runtime::for_bytes;

use crate::process::{Ended, child, within};
use crate::row::{Checked, Outcome, Settings};
use crate::trace;
use crate::world::value;

/// The role that calls cached functions; its results must be right whatever happens.
pub(crate) const CALLER: &str = "caller";
/// The role that calls them when nothing happens: then their results must be kept, too.
pub(crate) const HEALTHY: &str = "healthy";
/// The arguments called with.
const ARGUMENTS: u64 = 20;
/// The calls a store makes, under all their names.
const CALLS: [&str; 25] = [
    "openat",
    "read",
    "pread64",
    "write",
    "pwrite64",
    "mkdir",
    "mkdirat",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "unlink",
    "unlinkat",
    "fsync",
    "fdatasync",
    "ftruncate",
    "fallocate",
    "flock",
    "fcntl",
    "fstat",
    "statx",
    "newfstatat",
    "lseek",
    "getdents64",
];
/// How long a program may take: traced, it takes a tenth of a second.
const PATIENCE: Duration = Duration::from_secs(20);
const ERRORS: [&str; 6] = ["EIO", "ENOSPC", "EMFILE", "EACCES", "EROFS", "EINTR"];

#[cache(config = for_bytes())]
fn bytes(argument: u64) -> Vec<u8> {
    value(argument, 1)
}

#[cache(config = for_ndarray())]
fn array(argument: u64) -> Array1<u8> {
    value(argument, 2).into()
}

/// Calls the functions in many ways, and fails if a result is wrong.
pub(crate) fn call() -> Checked<()> {
    trace::mark();
    for round in 0..3 {
        for argument in 0..ARGUMENTS {
            if bytes(argument) != value(argument, 1) || array(argument).to_vec() != value(argument, 2) {
                return Err(format!("round {round}: a wrong result for {argument}").into());
            }
            if argument % 4 == 1 {
                bytes::invalidate(argument);
                array::invalidate(argument);
            }
            if argument % 4 == 2 && bytes::refresh(argument) != value(argument, 1) {
                return Err(format!("round {round}: a wrong refreshed result for {argument}").into());
            }
        }
        bytes::clear();
    }
    Ok(())
}

/// Calls the functions, and fails if a result is wrong or not kept.
pub(crate) fn call_healthy() -> Checked<()> {
    call()?;
    for argument in 0..ARGUMENTS {
        let right = bytes(argument) == value(argument, 1) && array(argument).to_vec() == value(argument, 2);
        if !right || !bytes::contains(argument) || !array::contains(argument) {
            return Err(format!("{argument} is wrong or not kept, although nothing is the matter").into());
        }
    }
    let errors = bytes::stats().errors + array::stats().errors;
    if errors == 0 { Ok(()) } else { Err(format!("{errors} errors, although nothing is the matter").into()) }
}

/// Injects errors at calls, then lets disks run full.
pub(crate) fn run(settings: &Settings) -> Checked<Outcome> {
    if let Some(why) = trace::missing() {
        return Ok(Outcome::Skipped(why));
    }
    let dir = settings.fresh()?;
    let counts = trace::count(&CALLS, CALLER, &dir.path().join("counted"), &dir.path().join("log"))?;
    let most = settings.count(1, 20);
    let (mut injected, mut failures) = (0, Vec::new());
    for (name, calls) in &counts {
        for (number, error) in (0..).zip(ERRORS) {
            let stride = (calls.all - calls.before).div_ceil(most).max(1);
            let first = calls.before + 1 + (settings.seed * 7 + number * 13) % stride;
            for n in (first..=calls.all).step_by(usize::try_from(stride)?) {
                let when = if injected % 2 == 0 { n.to_string() } else { lasting(name, error, n) };
                injected += 1;
                let store = settings.fresh()?;
                let tampered = trace::injected(name, &format!("error={error}"), &when, CALLER, store.path())?;
                let failed = both(tampered, store.path())?;
                failures.extend(failed.map(|why| format!("{error} at {name} {when}: {why}")));
            }
        }
    }
    let small = small_disks(settings, &mut failures)?;
    let figure = format!("{injected} errors at {} kinds of calls, {small}", counts.len());
    Ok(Outcome::of(figure, &failures))
}

/// When an error lasts: from then on, or three times if it means "try again", or is one of taking a lock: `SQLite`
/// then believes that somebody else has it, and waits.
fn lasting(name: &str, error: &str, n: u64) -> String {
    if error == "EINTR" || name == "fcntl" { format!("{n}..{}", n + 2) } else { format!("{n}+") }
}

/// Runs a program in trouble, and a healthy one after it.
fn both(mut troubled: Command, dir: &Path) -> Checked<Option<String>> {
    let failed = finish(&mut troubled)?;
    if failed.is_some() { Ok(failed) } else { healthy(dir) }
}

fn healthy(dir: &Path) -> Checked<Option<String>> {
    let failed = finish(child(HEALTHY, dir, &[])?.env("OMNICACHE_DIR", dir))?;
    Ok(failed.map(|why| format!("afterwards: {why}")))
}

/// Runs a program; why it failed, if it did.
fn finish(command: &mut Command) -> Checked<Option<String>> {
    Ok(match within(PATIENCE, command)? {
        Ended::Hung => Some(format!("not done after {PATIENCE:?}")),
        Ended::With(output) if output.status.success() => None,
        Ended::With(output) => {
            Some(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim()))
        }
    })
}

/// Disks that are too small, in bytes or in files, and then large enough.
fn small_disks(settings: &Settings, failures: &mut Vec<String>) -> Checked<String> {
    let mut mounted = 0;
    for options in [
        "size=256k",
        "size=512k",
        "size=1m",
        "size=4m,nr_inodes=8",
        "size=4m,nr_inodes=14",
        "size=4m,nr_inodes=30",
    ] {
        let dir = settings.fresh()?;
        let mount = |options: &str| {
            let done =
                Command::new("mount").args(["-t", "tmpfs", "-o", options, "none"]).arg(dir.path()).output();
            done.is_ok_and(|output| output.status.success())
        };
        if !mount(options) {
            continue;
        }
        mounted += 1;
        let mut troubled = child(CALLER, dir.path(), &[])?;
        troubled.env("OMNICACHE_DIR", dir.path());
        let failed = finish(&mut troubled)?;
        let large = mount("remount,size=64m,nr_inodes=4096");
        let after = healthy(dir.path())?;
        Command::new("umount").arg(dir.path()).status()?;
        failures
            .extend(failed.into_iter().chain(after.filter(|_| large)).map(|why| format!("{options}: {why}")));
    }
    Ok(if mounted == 0 {
        "no small disks (mounting needs root)".into()
    } else {
        format!("{mounted} small disks")
    })
}
