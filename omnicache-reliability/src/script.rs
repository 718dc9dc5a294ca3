//! A workload of fixed steps, so that it can be interrupted at each of its system calls and what must be there
//! afterwards is known.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use omnicache_runtime::store::{DiskStore, Identity, Scope};

use crate::row::Checked;
use crate::world::{Got, Put, function, get, key, open, value};

/// The role that runs the script.
pub(crate) const SCRIPT: &str = "script";
/// The arguments of the first steps: short, long, empty, array files, and content that two of them share.
const FEW: [u64; 9] = [2, 3, 5, 7, 10, 15, 16, 17, 18];
/// Where the arguments begin that make the index's log long enough to be copied into the database.
const MANY: u64 = 32;
/// One past the last argument.
pub(crate) const END: u64 = 112;
/// A limit that forces most entries out.
const TIGHT: u64 = 400_000;

/// What is done.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Put {
        argument: u64,
        version: u32,
        refresh: bool,
    },
    Get(u64),
    Remove(u64),
    Clear,
    /// Writes access times.
    Flush,
    Reopen,
    /// From here on there is a tight limit, and entries may be evicted.
    Shrink,
}

/// The whole workload.
pub(crate) fn script() -> Vec<Step> {
    let put = |argument, version| Step::Put { argument, version, refresh: version % 3 == 2 };
    let mut steps: Vec<Step> = FEW.map(|argument| put(argument, 1)).into();
    steps.extend(FEW.map(Step::Get));
    steps.push(Step::Flush);
    steps.extend(FEW.map(|argument| put(argument, 2)));
    steps.extend([Step::Remove(5), Step::Remove(2), Step::Remove(18), Step::Remove(3), Step::Reopen]);
    steps.extend(FEW.map(|argument| put(argument, 3)));
    steps.push(Step::Clear);
    steps.extend((MANY..END).map(|argument| put(argument, 4)));
    steps.extend([Step::Reopen, Step::Get(MANY), Step::Shrink]);
    steps.extend(FEW.map(|argument| put(argument, 5)));
    steps.extend(FEW.map(Step::Remove));
    steps
}

/// Runs the script, and tells after each step that it is done.
pub(crate) fn play(dir: &Path) -> Checked<()> {
    let f = function("scripted");
    let mut store = open(dir)?;
    let mut tight = false;
    for (number, step) in script().into_iter().enumerate() {
        match step {
            Step::Reopen => {
                drop(store);
                store = open(dir)?;
            }
            Step::Shrink => tight = true,
            other => perform(&store, &f, other)?,
        }
        if tight {
            store.set_limit(TIGHT);
        }
        println!("{number}");
    }
    Ok(())
}

fn perform(store: &DiskStore, f: &Arc<Identity>, step: Step) -> Checked<()> {
    match step {
        Step::Put { argument, version, refresh } => {
            let value = value(argument, version);
            Put { refresh, ..Put::new(&key(f, argument), argument, &value) }.into(store)?;
        }
        Step::Get(argument) => match get(store, f, argument) {
            Got::Right(_) | Got::Nothing => {}
            other => return Err(format!("{argument}: {other:?}").into()),
        },
        Step::Remove(argument) => drop(store.remove(&key(f, argument))?),
        Step::Clear => drop(store.clear(&f.namespace, Scope::path_of(f))?),
        Step::Flush => store.flush()?,
        Step::Reopen | Step::Shrink => {}
    }
    Ok(())
}

/// The version of each argument once so many steps are done; `None` once entries may have been evicted.
pub(crate) fn expected(done: usize) -> Option<BTreeMap<u64, u32>> {
    let mut versions = BTreeMap::new();
    for step in script().into_iter().take(done) {
        match step {
            Step::Put { argument, version, .. } => drop(versions.insert(argument, version)),
            Step::Remove(argument) => drop(versions.remove(&argument)),
            Step::Clear => versions.clear(),
            Step::Shrink => return None,
            Step::Get(_) | Step::Flush | Step::Reopen => {}
        }
    }
    Some(versions)
}
