//! Where things lie in a store's directory, and whether that directory is to be trusted.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use crate::error::{Fault, FaultKind};

/// The store's own directory within the user's.
const ROOT: &str = "omnicache.v1";
/// The prefix of array files in [`Layout::own`] names.
const ARRAYS: &str = "arrays";
/// The prefix of blobs, as cacache lays out its content.
const BLOBS: &str = "blobs/content-v2/xxh3";

/// The paths of one store.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    root: PathBuf,
}

impl Layout {
    /// The layout below `dir`, without touching anything.
    pub(super) fn below(dir: &Path) -> Self {
        Self { root: dir.join(ROOT) }
    }

    /// The layout of a store that is being made and has not got its name yet.
    pub(super) fn at(root: PathBuf) -> Self {
        Self { root }
    }

    /// Makes what is missing and checks what is there: before, so that nothing is made through a link, and
    /// after, since others may have been at it.
    pub(super) fn prepare(&self) -> Result<(), Fault> {
        self.check()?;
        for directory in [self.root.clone(), self.arrays(), self.temporary(), self.blobs()] {
            make_directory(&directory)
                .map_err(|e| Fault::io(format!("making {}", directory.display()), e))?;
        }
        self.check()
    }

    /// Checks that what is there is ours: no symbolic link, no foreign owner, not writable by others.
    pub(super) fn check(&self) -> Result<(), Fault> {
        let blobs = self.blobs();
        let directories = [
            self.root.clone(),
            self.arrays(),
            self.temporary(),
            blobs.join("tmp"),
            blobs.join("content-v2"),
            blobs.join("content-v2").join("xxh3"),
            blobs,
        ];
        for directory in directories {
            check_directory(&directory)?;
        }
        for file in [
            "index.sqlite",
            "index.sqlite-wal",
            "index.sqlite-shm",
            "generations",
            "lock",
            "writing",
            "flights",
            "open",
        ] {
            check_file(&self.root.join(file))?;
        }
        Ok(())
    }

    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    pub(super) fn index(&self) -> PathBuf {
        self.root.join("index.sqlite")
    }

    pub(super) fn wal(&self) -> PathBuf {
        self.root.join("index.sqlite-wal")
    }

    /// Where a damaged index is moved to; only the last one is kept.
    pub(super) fn damaged(&self) -> PathBuf {
        self.root.join("damaged.sqlite")
    }

    /// The file whose bytes are locked by those who compute an entry.
    pub(super) fn flights(&self) -> PathBuf {
        self.root().join("flights")
    }

    pub(super) fn generations(&self) -> PathBuf {
        self.root.join("generations")
    }

    /// Locked by who has a payload file on its way: see `in_flight`.
    pub(super) fn writing(&self) -> PathBuf {
        self.root.join("writing")
    }

    pub(super) fn blobs(&self) -> PathBuf {
        self.root.join("blobs")
    }

    pub(super) fn arrays(&self) -> PathBuf {
        self.root.join(ARRAYS)
    }

    /// Array files on their way.
    pub(super) fn temporary(&self) -> PathBuf {
        self.arrays().join("tmp")
    }

    /// Share-locked by each process that has the store open for writing.
    pub(super) fn presence(&self) -> PathBuf {
        self.root.join("open")
    }

    /// Locks out every other process that opens or heals this store, until the file is dropped.
    pub(super) fn lock(&self) -> Result<File, Fault> {
        let path = self.root.join("lock");
        private_file(OpenOptions::new().write(true).create(true).truncate(false), &path)
            .and_then(|file| file.lock().map(|()| file))
            .map_err(|e| Fault::io(format!("locking {}", path.display()), e))
    }

    /// The path of a payload file by the name its row has for it, if that is a name we give.
    ///
    /// Whatever else a damaged or foreign row might say, nothing outside our own names is read or unlinked.
    pub(super) fn own(&self, name: &str) -> Option<PathBuf> {
        (is_array_name(name) || is_blob_name(name)).then(|| self.root.join(name))
    }
}

/// The name of the blob whose content has this XXH3-128.
pub(super) fn blob_name(checksum: u128) -> String {
    let hex = format!("{checksum:032x}");
    format!("{BLOBS}/{}/{}/{}", &hex[..2], &hex[2..4], &hex[4..])
}

/// The name of a new array file: which key it belongs to, what makes it unique, and its extension.
pub(super) fn array_name(key: &[u8; 32], unique: u64, extension: &str) -> String {
    let prefix = u128::from_be_bytes(std::array::from_fn(|i| key[i]));
    format!("{ARRAYS}/{:02x}/{prefix:032x}-{unique:016x}.{extension}", key[0])
}

/// Whether `name` is of a blob.
pub(super) fn is_blob_name(name: &str) -> bool {
    let Some(rest) = name.strip_prefix(BLOBS).and_then(|rest| rest.strip_prefix('/')) else { return false };
    let mut parts = rest.split('/');
    [2, 2, 28].into_iter().all(|len| parts.next().is_some_and(|part| is_hex(part, len)))
        && parts.next().is_none()
}

fn is_array_name(name: &str) -> bool {
    let Some(rest) = name.strip_prefix(ARRAYS).and_then(|rest| rest.strip_prefix('/')) else { return false };
    let Some((folder, file)) = rest.split_once('/') else { return false };
    let Some((stem, extension)) = file.split_once('.') else { return false };
    let Some((prefix, unique)) = stem.split_once('-') else { return false };
    is_hex(folder, 2) && is_hex(prefix, 32) && is_hex(unique, 16) && is_extension(extension)
}

/// Whether `name` is of an array file on its way.
pub(super) fn is_temporary_name(name: &OsStr) -> bool {
    let name = name.to_str().unwrap_or_default();
    name.strip_suffix(".part").is_some_and(|stem| is_hex(stem, 16))
}

fn is_extension(extension: &str) -> bool {
    (1..=16).contains(&extension.len())
        && extension.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}

fn is_hex(text: &str, len: usize) -> bool {
    text.len() == len && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Makes a directory with its parents; it alone gets the private mode, its parents are the user's business.
pub(super) fn make_directory(path: &Path) -> io::Result<()> {
    if fs::symlink_metadata(path).is_ok() {
        return Ok(());
    }
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mut builder = fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(path) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        done => done,
    }
}

/// Opens a file of ours: 0600 if it is made, and never through a symbolic link.
pub(super) fn private_file(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        let nofollow = rustix::fs::OFlags::NOFOLLOW.bits().cast_signed();
        options.mode(0o600).custom_flags(nofollow);
    }
    options.open(path)
}

fn check_directory(path: &Path) -> Result<(), Fault> {
    let Some(metadata) = status(path)? else { return Ok(()) };
    if !metadata.is_dir() {
        return Err(untrusted(path, "is not a directory of its own (a symbolic link?)"));
    }
    check_owner(path, &metadata)
}

fn check_file(path: &Path) -> Result<(), Fault> {
    let Some(metadata) = status(path)? else { return Ok(()) };
    if !metadata.is_file() {
        return Err(untrusted(path, "is not a plain file (a symbolic link?)"));
    }
    check_owner(path, &metadata)
}

fn status(path: &Path) -> Result<Option<fs::Metadata>, Fault> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(Fault::io(format!("looking at {}", path.display()), e)),
    }
}

#[cfg(unix)]
fn check_owner(path: &Path, metadata: &fs::Metadata) -> Result<(), Fault> {
    use std::os::unix::fs::MetadataExt;
    if metadata.uid() != rustix::process::geteuid().as_raw() {
        return Err(untrusted(path, "belongs to another user"));
    }
    if metadata.mode() & 0o022 != 0 {
        return Err(untrusted(path, "can be written by other users"));
    }
    Ok(())
}

#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "the same signature as where owners are checked")]
fn check_owner(_path: &Path, _metadata: &fs::Metadata) -> Result<(), Fault> {
    Ok(())
}

fn untrusted(path: &Path, why: &str) -> Fault {
    Fault::new(FaultKind::Untrusted, format!("{} {why}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_names_and_no_others_lead_to_a_path() {
        let layout = Layout::below(Path::new("/d"));
        let array = array_name(&[0xab; 32], 7, "npy");
        assert_eq!(array, "arrays/ab/abababababababababababababababab-0000000000000007.npy");
        assert!(layout.own(&array).is_some());
        assert!(layout.own(&blob_name(5)).is_some());
        for name in ["", "../x", "arrays/ab/../../x", "/etc/passwd", "arrays/ab/x.npy", "index.sqlite"] {
            assert!(layout.own(name).is_none(), "{name}");
        }
    }
}
