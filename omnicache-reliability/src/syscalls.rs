//! A process that dies at its n-th write, rename, unlink or sync, for every n of a scripted workload.

use std::path::Path;

use omnicache_runtime::store::Lookup;
use omnicache_runtime::{Clock, SystemClock};

use crate::audit::audit;
use crate::row::{Checked, Outcome, Settings};
use crate::script::{END, SCRIPT, expected};
use crate::trace;
use crate::world::{function, key, open, value};

/// The calls by which something changes on disk, under all their names.
const CHANGES: [&str; 17] = [
    "write",
    "writev",
    "pwrite64",
    "openat",
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
];

/// Kills the script at each call; in the short tier at a few of each kind.
pub(crate) fn run(settings: &Settings) -> Checked<Outcome> {
    if let Some(why) = trace::missing() {
        return Ok(Outcome::Skipped(why));
    }
    let dir = settings.fresh()?;
    let counts = trace::count(&CHANGES, SCRIPT, &dir.path().join("counted"), &dir.path().join("log"))?;
    let most = settings.count(6, u64::MAX);
    let (mut killed, mut failures) = (0, Vec::new());
    let mut kinds = Vec::new();
    for (name, calls) in &counts {
        let stride = calls.all.div_ceil(most).max(1);
        // Not always the same of them.
        let first = 1 + settings.seed % stride;
        for n in (first..=calls.all).step_by(usize::try_from(stride)?) {
            killed += 1;
            let store = settings.fresh()?;
            for why in kill_at(name, n, store.path())? {
                failures.push(format!("{name} {n}: {why}"));
            }
        }
        kinds.push(format!("{name} {}", calls.all));
    }
    let figure = format!("killed at {killed} calls of {}", kinds.join(", "));
    Ok(Outcome::of(figure, &failures))
}

/// Runs the script until its n-th call of this name, and looks at what it left.
fn kill_at(name: &str, n: u64, dir: &Path) -> Checked<Vec<String>> {
    let output = trace::injected(name, "signal=KILL", &n.to_string(), SCRIPT, dir)?.output()?;
    let done = String::from_utf8_lossy(&output.stdout).lines().count();
    if output.status.code().is_some_and(|code| code != 0) {
        return Ok(vec![format!("the script failed: {}", String::from_utf8_lossy(&output.stderr))]);
    }
    let mut failures = audit(dir, &function("scripted"), 0..END).failures;
    if let (Some(before), Some(after)) = (expected(done), expected(done + 1)) {
        for argument in 0..END {
            let allowed = [before.get(&argument).copied(), after.get(&argument).copied()];
            if !is_one_of(dir, argument, allowed)? {
                failures.push(format!("after {done} steps argument {argument} is none of {allowed:?}"));
            }
        }
    }
    Ok(failures)
}

/// Whether the store has the argument in one of these versions, `None` being that it has not.
fn is_one_of(dir: &Path, argument: u64, versions: [Option<u32>; 2]) -> Checked<bool> {
    let store = open(dir)?;
    let found = match store.get(&key(&function("scripted"), argument), SystemClock.now())? {
        Lookup::Found(record) => Some(record.payload.to_vec()),
        _ => None,
    };
    Ok(versions.iter().any(|version| version.map(|version| value(argument, version)) == found))
}
