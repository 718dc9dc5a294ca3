//! Damage and snapshots: points 21 and 23. Point 22 is about what functions write; the tests of the driver have it.

use std::fs::{self, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::subject::{Subject, THEN, entry, is_of, payload};
use super::{Failure, Trial, Verdict, ensure};
use crate::store::{Store, StoreError};

pub(super) const TRIALS: &[Trial] = &[
    (21, "verify is true when fresh and after any run of operations", sound),
    (21, "whatever happens to a file, no value is wrong, and repair mends", damaged_files),
    (23, "a snapshot has the entries of its moment; restoring from nowhere says so", snapshot),
];

/// Every file below a directory.
pub(super) fn files(dir: &Path) -> Result<Vec<PathBuf>, Failure> {
    let (mut folders, mut files) = (vec![dir.to_owned()], Vec::new());
    while let Some(folder) = folders.pop() {
        for item in fs::read_dir(folder)? {
            let path = item?.path();
            if path.is_dir() { folders.push(path) } else { files.push(path) }
        }
    }
    files.sort();
    Ok(files)
}

const KEYS: u64 = 40;

fn fill(store: &dyn Store) -> Result<(), StoreError> {
    for key in 0..KEYS {
        store.put(&entry("n", &key.to_le_bytes(), &payload(key, key)))?;
    }
    store.put(&entry("n", b"large", &vec![5; 300_000])).map(drop)
}

/// How many of the entries are there; none may be wrong.
fn present(store: &dyn Store) -> Result<u64, Failure> {
    let mut present = 0;
    for key in 0..KEYS {
        if let Some(found) = store.get("n", &key.to_le_bytes(), THEN)? {
            ensure_right(key, &found.payload)?;
            present += 1;
        }
    }
    Ok(present)
}

fn ensure_right(key: u64, payload: &[u8]) -> Verdict {
    ensure!(is_of(key, payload), "the value of {key} is wrong");
    Ok(())
}

fn sound(subject: &Subject<'_>) -> Verdict {
    let store = subject.fresh()?;
    ensure!(store.verify(false)?, "false when fresh");
    fill(&*store)?;
    ensure!(store.verify(false)?, "false after puts");
    for key in 0..KEYS {
        match key % 4 {
            0 => drop(store.remove("n", &key.to_le_bytes())?),
            1 => drop(store.put(&entry("n", &key.to_le_bytes(), &payload(key, 99)))?),
            2 => drop(store.put(&entry("m", &key.to_le_bytes(), &payload(key, 98)))?),
            _ => {}
        }
    }
    store.clear("m")?;
    ensure!(store.verify(false)?, "false after overwriting, removing and clearing");
    ensure!(store.verify(true)? && present(&*store)? == KEYS * 3 / 4, "a repair of nothing took something");
    Ok(())
}

fn damaged_files(subject: &Subject<'_>) -> Verdict {
    if !subject.capabilities()?.persistent {
        return Ok(());
    }
    let pristine = subject.dir()?;
    let store = subject.open(&pristine)?;
    fill(&*store)?;
    store.close()?;
    drop(store);
    for file in files(&pristine)? {
        for harm in [Harm::Gone, Harm::Cut, Harm::Emptied, Harm::Grown, Harm::Flipped] {
            let dir = subject.dir()?;
            copy(&pristine, &dir)?;
            let target = dir.join(file.strip_prefix(&pristine).unwrap_or(&file));
            harm.be_done_to(&target)?;
            let what = format!("{harm:?} {}", file.file_name().unwrap_or_default().to_string_lossy());
            let context = |Failure(failure): Failure| Failure(format!("{what}: {failure}"));
            after_damage(subject, &dir).map_err(context)?;
            fs::remove_dir_all(&dir)?;
        }
    }
    Ok(())
}

fn after_damage(subject: &Subject<'_>, dir: &Path) -> Verdict {
    // An error at open is an answer too.
    let Ok(store) = subject.open(dir) else { return Ok(()) };
    let verified = store.verify(false)?;
    let there = present(&*store)?;
    ensure!(
        !verified || there == KEYS || store.count(None)? == 0,
        "verify is true, and {there} of {KEYS} are left"
    );
    store.verify(true)?;
    ensure!(store.verify(false)?, "verify is false after a repair");
    let left = present(&*store)?;
    ensure!(left == there, "{there} were there, and {left} are after the repair");
    fill(&*store)?;
    ensure!(present(&*store)? == KEYS, "it does not take entries again");
    Ok(())
}

#[derive(Clone, Copy, Debug)]
enum Harm {
    Gone,
    Cut,
    Emptied,
    Grown,
    Flipped,
}

impl Harm {
    fn be_done_to(self, path: &Path) -> Verdict {
        let length = fs::metadata(path)?.len();
        let open = || OpenOptions::new().read(true).write(true).open(path);
        match self {
            Self::Gone => fs::remove_file(path)?,
            Self::Cut => open()?.set_len(length / 2)?,
            Self::Emptied => open()?.set_len(0)?,
            Self::Grown => OpenOptions::new().append(true).open(path)?.write_all(&[1; 4096])?,
            Self::Flipped if length == 0 => {}
            Self::Flipped => {
                let (mut file, mut byte) = (open()?, [0]);
                file.seek(SeekFrom::Start(length * 2 / 3))?;
                file.read_exact(&mut byte)?;
                file.seek(SeekFrom::Start(length * 2 / 3))?;
                file.write_all(&[byte[0] ^ 0x10])?;
            }
        }
        Ok(())
    }
}

/// Copies a directory with its permissions.
fn copy(from: &Path, to: &Path) -> Verdict {
    fs::create_dir_all(to)?;
    fs::set_permissions(to, fs::metadata(from)?.permissions())?;
    for item in fs::read_dir(from)? {
        let item = item?;
        let target = to.join(item.file_name());
        if item.file_type()?.is_dir() {
            copy(&item.path(), &target)?;
        } else {
            fs::copy(item.path(), target)?;
        }
    }
    Ok(())
}

fn snapshot(subject: &Subject<'_>) -> Verdict {
    if !subject.capabilities()?.snapshots {
        return Ok(());
    }
    let store = subject.fresh()?;
    fill(&*store)?;
    let to = subject.dir()?.join("snapshot");
    std::thread::scope(|scope| -> Verdict {
        let writer = scope.spawn(|| -> Result<(), StoreError> {
            for round in 0..200_u64 {
                let key = KEYS + round % 7;
                store.put(&entry("n", &key.to_le_bytes(), &payload(key, round)))?;
            }
            Ok(())
        });
        store.snapshot(&to)?;
        writer.join().map_err(|_| Failure("the writer panicked".to_owned()))??;
        Ok(())
    })?;
    let copy = subject.make(&subject.dir()?);
    copy.restore(&to)?;
    copy.open(&super::subject::identity())?;
    ensure!(copy.verify(false)?, "verify of the restored store is false");
    let there = present(&*copy)?;
    ensure!(there == KEYS, "{there} of {KEYS} entries are in the restored store");
    for key in KEYS..KEYS + 7 {
        if let Some(found) = copy.get("n", &key.to_le_bytes(), THEN)? {
            ensure_right(key, &found.payload)?;
        }
    }
    let missing = subject.dir()?.join("nowhere");
    let Err(error) = subject.make(&subject.dir()?).restore(&missing) else {
        return Err(Failure("restoring from a missing path succeeds".to_owned()));
    };
    ensure!(error.to_string().contains("nowhere"), "restoring from a missing path only says: {error}");
    Ok(())
}
