//! A file as part of a key: by its content, which is read only when the file may have changed.

use std::collections::HashMap;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use super::writer::Tag;
use super::{CacheKey, KeyWriter};

/// The content of a file as it was when [`file()`] looked, as a key.
#[derive(Clone, Debug)]
pub struct FileContent {
    seen: Seen,
    path: Arc<Path>,
    /// What it looked like, if a change since then would show.
    stamp: Option<Stamp>,
}

impl PartialEq for FileContent {
    fn eq(&self, other: &Self) -> bool {
        self.seen == other.seen
    }
}

impl Eq for FileContent {}

impl FileContent {
    /// Whether the file is now as it was. It is read again only if it may have changed.
    pub(crate) fn is_still_so(&self) -> bool {
        let now = || fs::metadata(&self.path).and_then(|metadata| Stamp::of(&metadata)).ok();
        self.stamp.is_some() && self.stamp == now() || *self == file(&self.path)
    }
}

/// Whether a file was ever part of a key in this process.
pub(super) fn are_keys() -> bool {
    ARE_KEYS.load(Ordering::Relaxed)
}

static ARE_KEYS: AtomicBool = AtomicBool::new(false);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    Content([u8; 32]),
    Absent,
    /// It cannot be read, or is no file: a number that no other look has, so that nothing old is ever served for it.
    Unreadable(u64),
}

/// What a file looks like from outside; while that stays, so does its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stamp {
    length: u64,
    times: [Option<SystemTime>; 2],
    number: [u64; 4],
}

/// The digests of this process's files, by their paths.
static KNOWN: Mutex<Option<HashMap<PathBuf, (Stamp, [u8; 32])>>> = Mutex::new(None);
/// The most that are remembered.
const MOST: usize = 10_000;
/// A file that was changed so lately may change again without a change of its times: these have a grain, of two seconds
/// on the coarsest file systems.
const GRAIN: Duration = Duration::from_secs(2);
const PIECE: usize = 256 << 10;

/// The content of the file at `path`, for the key of a function that reads it: when the content changes, the call
/// misses.
///
/// Content is compared by its hash (BLAKE3). The hash is remembered in this process with the file's length, times and
/// inode number, so that a file that has not changed costs one look at these; one whose times have changed is read
/// again, and is the same key if its content is the same. A file that is not there is a key too. What cannot be read, or
/// is no file, never hits.
///
/// Usually it is written as an option, which adds it to the key: `#[cache(depends(file(path)))]`. The path itself is
/// part of the key then, being an argument. `#[cache(key = file(path))]` replaces the arguments: files of one content
/// are one key, wherever they lie.
///
/// The file is looked at again once the body has run. If it has changed meanwhile, nobody knows which content the body
/// has read: its result is returned and not kept. A body that writes the files it depends on is therefore never kept.
///
/// ```
/// let path = std::env::temp_dir().join(format!("omnicache-doc-{}", std::process::id()));
/// std::fs::write(&path, "one")?;
/// let before = omnicache_runtime::file(&path);
/// assert_eq!(before, omnicache_runtime::file(&path));
/// std::fs::write(&path, "two")?;
/// assert_ne!(before, omnicache_runtime::file(&path));
/// # std::fs::remove_file(&path)?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn file(path: impl AsRef<Path>) -> FileContent {
    let path = path.as_ref();
    ARE_KEYS.store(true, Ordering::Relaxed);
    let (seen, stamp) = match look(path) {
        Ok((digest, stamp)) => (Seen::Content(digest), stamp),
        Err(error) if error.kind() == io::ErrorKind::NotFound => (Seen::Absent, None),
        Err(error) => {
            static COUNT: AtomicU64 = AtomicU64::new(0);
            tracing::warn!(path = %path.display(), %error, "a file that a key depends on cannot be read: a miss");
            (Seen::Unreadable(COUNT.fetch_add(1, Ordering::Relaxed)), None)
        }
    };
    FileContent { seen, path: path.into(), stamp }
}

/// The digest of a file, and what it looks like, if a change would show.
fn look(path: &Path) -> io::Result<([u8; 32], Option<Stamp>)> {
    let stamp = Stamp::of(&fs::metadata(path)?)?;
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((_, digest)) = known().get_or_insert_default().get(path).filter(|(seen, _)| *seen == stamp) {
        return Ok((*digest, Some(stamp)));
    }
    let file = File::open(path)?;
    let before = Stamp::of(&file.metadata()?)?;
    let digest = digest(&file)?;
    if before != Stamp::of(&file.metadata()?)? || !before.is_settled() {
        return Ok((digest, None));
    }
    let mut known = known();
    let known = known.get_or_insert_default();
    if known.len() >= MOST {
        known.clear();
    }
    known.insert(path.to_owned(), (before, digest));
    Ok((digest, Some(before)))
}

/// Passes the file's bytes on, piece by piece.
fn pieces(mut file: &File, push: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        match file.read(&mut piece) {
            Ok(0) => return Ok(()),
            Ok(length) => push(&piece[..length]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(feature = "disk")]
fn digest(file: &File) -> io::Result<[u8; 32]> {
    let mut hasher = blake3::Hasher::new();
    pieces(file, &mut |piece| {
        hasher.update(piece);
    })?;
    Ok(*hasher.finalize().as_bytes())
}

#[cfg(not(feature = "disk"))]
fn digest(file: &File) -> io::Result<[u8; 32]> {
    let mut read = Ok(());
    let digest = KeyWriter::digest(|key| key.bulk_pieces(|push| read = pieces(file, push)));
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&digest.low().to_le_bytes());
    bytes[8..16].copy_from_slice(&digest.high().to_le_bytes());
    read.map(|()| bytes)
}

impl Stamp {
    fn of(metadata: &Metadata) -> io::Result<Self> {
        if !metadata.is_file() {
            return Err(io::Error::other("it is no file"));
        }
        let times = [metadata.modified().ok(), changed(metadata)];
        Ok(Self { length: metadata.len(), times, number: number(metadata) })
    }

    /// Whether a change from now on would show.
    fn is_settled(&self) -> bool {
        let now = SystemTime::now();
        let is_old = |time: &SystemTime| now.duration_since(*time).is_ok_and(|age| age > GRAIN);
        self.times.iter().flatten().all(is_old) && self.times[0].is_some()
    }
}

/// When anything of the file was last changed, its times included.
#[cfg(unix)]
fn changed(metadata: &Metadata) -> Option<SystemTime> {
    use std::os::unix::fs::MetadataExt;
    let seconds = Duration::from_secs(u64::try_from(metadata.ctime()).ok()?);
    let nanos = Duration::from_nanos(u64::try_from(metadata.ctime_nsec()).ok()?);
    SystemTime::UNIX_EPOCH.checked_add(seconds + nanos)
}

#[cfg(not(unix))]
fn changed(_: &Metadata) -> Option<SystemTime> {
    None
}

/// Which file it is.
#[cfg(unix)]
fn number(metadata: &Metadata) -> [u64; 4] {
    use std::os::unix::fs::MetadataExt;
    [metadata.dev(), metadata.ino(), metadata.mode().into(), metadata.size()]
}

#[cfg(not(unix))]
fn number(_: &Metadata) -> [u64; 4] {
    [0; 4]
}

impl CacheKey for FileContent {
    fn write_key(&self, key: &mut KeyWriter) {
        key.depends_on(self);
        let digest = match self.seen {
            Seen::Content(digest) => digest,
            Seen::Absent => [0; 32],
            Seen::Unreadable(number) => {
                key.unstable();
                let mut bytes = [0xFF; 32];
                bytes[..8].copy_from_slice(&number.to_le_bytes());
                bytes
            }
        };
        key.tagged(Tag::File, digest);
    }
}

#[cfg(test)]
mod tests {
    use std::fs::FileTimes;

    use super::*;

    fn times(path: &Path, when: SystemTime) {
        let file = File::options().write(true).open(path).expect("it opens");
        file.set_times(FileTimes::new().set_modified(when)).expect("its times are set");
    }

    #[test]
    fn a_file_is_its_content() {
        let folder = tempfile::tempdir().expect("a folder");
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        let absent = file(&one);
        fs::write(&one, "").expect("it is written");
        assert_ne!(file(&one), absent, "an empty one is there");
        fs::write(&one, "same").expect("it is written");
        fs::write(&two, "same").expect("it is written");
        assert_ne!(file(&one), absent);
        assert_eq!(file(&one), file(&two));
        times(&two, SystemTime::UNIX_EPOCH);
        assert_eq!(file(&one), file(&two), "touching it changes nothing");
        fs::write(&two, "diff").expect("it is written");
        assert_ne!(file(&one), file(&two), "of the same length");
        fs::remove_file(&one).expect("it is there");
        assert_eq!(file(&one), absent);
    }

    #[test]
    fn a_change_that_leaves_length_and_modification_time_alone_is_seen() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        fs::write(&path, "before").expect("it is written");
        times(&path, long_ago);
        let before = file(&path);
        fs::write(&path, "after!").expect("it is written");
        times(&path, long_ago);
        assert_ne!(file(&path), before);
    }

    #[test]
    fn what_is_remembered_is_of_one_stamp() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("file");
        fs::write(&path, "content").expect("it is written");
        let stamp = Stamp::of(&fs::metadata(&path).expect("it is there")).expect("it is a file");
        let of =
            |digest| FileContent { seen: Seen::Content(digest), path: path.as_path().into(), stamp: None };
        let remember = |stamp| {
            let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
            known.get_or_insert_default().insert(path.clone(), (stamp, [1; 32]));
        };
        remember(Stamp { length: stamp.length + 1, ..stamp });
        assert_ne!(file(&path), of([1; 32]), "it looked otherwise then");
        remember(stamp);
        assert_eq!(file(&path), of([1; 32]), "it is not read again");
        assert!(file(&path).is_still_so());
        fs::write(&path, "something else").expect("it is written");
        assert_ne!(file(&path), of([1; 32]));
    }

    #[test]
    fn what_is_no_file_is_never_the_same_key() {
        let folder = tempfile::tempdir().expect("a folder");
        assert_ne!(file(folder.path()), file(folder.path()));
    }
}
