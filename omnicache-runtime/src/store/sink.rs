//! Where a payload flows while it is written: into the row, into a blob, or into an array file.

use std::fs::{self, File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use twox_hash::XxHash3_128;
use twox_hash::xxhash3_128::Hasher;

use super::in_flight::{Entered, InFlight};
use super::layout::{Layout, array_name, blob_name, make_directory, private_file};
use super::mapping::Mapping;
use super::{Place, StoreKey};
use crate::error::{Fault, FaultKind};

/// Payloads up to this many bytes stand in the row itself.
pub const INLINE: usize = 16 << 10;
/// Small writes are gathered up to this many bytes; larger ones pass straight through.
const BUFFER: usize = 64 << 10;
/// Large writes are handed on in pieces of this size. cacache hashes a piece before it writes it and does not
/// notice if the system took only a part of it; a piece this small is taken whole or fails.
const PIECE: usize = 1 << 20;

/// From so many bytes on it is worth a thread to hash them while they are written.
const BESIDE: usize = 4 << 20;

/// A payload that has been written, but belongs to no row yet.
pub(super) struct Written<'a> {
    pub(super) length: u64,
    pub(super) checksum: u128,
    pub(super) kept: Kept,
    /// Held until its row is committed, if it is in a file.
    _in_flight: Option<Entered<'a>>,
}

/// Where a payload is.
pub(super) enum Kept {
    /// In memory, to be put into the row.
    Inline(Vec<u8>),
    /// In the file of this name.
    File(String),
}

impl Written<'_> {
    /// The name of its file, if it has one.
    pub(super) fn file(&self) -> Option<&str> {
        match &self.kept {
            Kept::Inline(_) => None,
            Kept::File(name) => Some(name),
        }
    }

    pub(super) fn inline(&self) -> Option<&[u8]> {
        match &self.kept {
            Kept::Inline(bytes) => Some(bytes),
            Kept::File(_) => None,
        }
    }
}

type Payload<'a> = dyn FnMut(&mut dyn Write) -> Result<(), Fault> + 'a;

/// Runs `payload` into its place; `None` if it is longer than `limit`, and then nothing is left behind.
pub(super) fn write<'a>(
    layout: &'a Layout,
    in_flight: &'a InFlight,
    key: &StoreKey,
    place: Place,
    limit: u64,
    payload: &mut Payload<'_>,
) -> Result<Option<Written<'a>>, Fault> {
    let mut entered = None;
    let target = match place {
        Place::Record => Target::Memory(Vec::new()),
        Place::ArrayFile(extension) | Place::ForeignFile(extension) => {
            let name = array_name(&key.hash, unique(), extension);
            // Asked now, so that an extension that is no name of ours fails before anything is written.
            let path = layout.own(&name).ok_or_else(|| {
                Fault::new(FaultKind::Encode, format!("{extension:?} is no file name extension of ours"))
            })?;
            entered = Some(in_flight.enter().map_err(|e| write_fault(layout, e))?);
            let file = ArrayFile::create(layout).map_err(|e| write_fault(layout, e))?;
            Target::Array { writer: Box::new(BufWriter::with_capacity(BUFFER, file)), name, path }
        }
    };
    let mut sink = Sink { layout, in_flight, target, length: 0, limit, too_large: false, entered };
    let written = payload(&mut sink);
    if sink.too_large {
        return Ok(None);
    }
    written?;
    sink.finish().map(Some).map_err(|e| write_fault(layout, e))
}

fn write_fault(layout: &Layout, e: io::Error) -> Fault {
    Fault::io(format!("writing a payload into {}", layout.root().display()), e)
}

/// Counts what flows through it, and moves on to a blob when a payload outgrows the row.
struct Sink<'a> {
    layout: &'a Layout,
    in_flight: &'a InFlight,
    target: Target,
    length: u64,
    limit: u64,
    too_large: bool,
    /// After the target, so that a file that came to nothing is gone before the lock is.
    entered: Option<Entered<'a>>,
}

enum Target {
    Memory(Vec<u8>),
    Blob(Box<Blob>),
    Array { writer: Box<BufWriter<ArrayFile>>, name: String, path: PathBuf },
}

impl Write for Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.length += bytes.len() as u64;
        if self.length > self.limit {
            self.too_large = true;
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "larger than the store's limit"));
        }
        if let Target::Memory(head) = &mut self.target {
            if head.len() + bytes.len() <= INLINE {
                head.extend_from_slice(bytes);
                return Ok(());
            }
            self.entered = Some(self.in_flight.enter()?);
            let mut blob = Blob::create(self.layout)?;
            blob.write_all(head)?;
            self.target = Target::Blob(Box::new(blob));
        }
        match &mut self.target {
            Target::Memory(head) => head.extend_from_slice(bytes),
            Target::Blob(blob) => blob.write_all(bytes)?,
            Target::Array { writer, .. } if bytes.len() < BESIDE => writer.write_all(bytes)?,
            Target::Array { writer, .. } => {
                writer.flush()?;
                writer.get_mut().write_large(bytes)?;
            }
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> Sink<'a> {
    fn finish(self) -> io::Result<Written<'a>> {
        let length = self.length;
        let (checksum, kept) = match self.target {
            Target::Memory(bytes) => (XxHash3_128::oneshot(&bytes), Kept::Inline(bytes)),
            Target::Blob(blob) => {
                let checksum = blob.publish(self.layout, length)?;
                (checksum, Kept::File(blob_name(checksum)))
            }
            Target::Array { writer, name, path } => {
                let file = writer.into_inner().map_err(io::IntoInnerError::into_error)?;
                (file.publish(&path)?, Kept::File(name))
            }
        };
        Ok(Written { length, checksum, kept, _in_flight: self.entered })
    }
}

/// Hashes `bytes` while they are written, in a thread of its own if they are many.
fn hashed_beside(
    hasher: &mut Hasher,
    bytes: &[u8],
    write: impl FnOnce() -> io::Result<()>,
) -> io::Result<()> {
    if bytes.len() < BESIDE {
        hasher.write(bytes);
        return write();
    }
    let hasher = Mutex::new(Some(hasher));
    let hash = || {
        if let Some(hasher) = hasher.lock().unwrap_or_else(PoisonError::into_inner).take() {
            hasher.write(bytes);
        }
    };
    let written = thread::scope(|scope| {
        drop(thread::Builder::new().spawn_scoped(scope, hash));
        write()
    });
    // If there was no thread to be had, it is still to do.
    hash();
    written
}

/// A blob on its way: hashed as it is written, gone if it is dropped before it is published.
struct Blob {
    writer: BufWriter<cacache::SyncWriter>,
    hasher: Hasher,
}

impl Blob {
    fn create(layout: &Layout) -> io::Result<Self> {
        let writer = cacache::WriteOpts::new()
            .algorithm(cacache::Algorithm::Xxh3)
            .open_hash_sync(layout.blobs())
            .map_err(from_cacache)?;
        Ok(Self { writer: BufWriter::with_capacity(BUFFER, writer), hasher: Hasher::new() })
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Self { writer, hasher } = self;
        hashed_beside(hasher, bytes, || bytes.chunks(PIECE).try_for_each(|piece| writer.write_all(piece)))
    }

    /// Gives the content its name, and returns its checksum.
    ///
    /// A whole file of the same content stays as it is: it may have been written out to the medium long ago, and a
    /// new one, lost in a power cut, would take the other rows' payload along.
    fn publish(self, layout: &Layout, length: u64) -> io::Result<u128> {
        let checksum = self.hasher.finish_128();
        let writer = self.writer.into_inner().map_err(io::IntoInnerError::into_error)?;
        if is_whole(layout, length, checksum) {
            return Ok(checksum);
        }
        let (_, hex) = writer.commit().map_err(from_cacache)?.to_hex();
        if hex == format!("{checksum:032x}") {
            Ok(checksum)
        } else {
            Err(io::Error::other("a blob was not written as it was handed on"))
        }
    }
}

/// Whether the blob of this content is there, down to its last byte.
fn is_whole(layout: &Layout, length: u64, checksum: u128) -> bool {
    let Some(path) = layout.own(&blob_name(checksum)) else { return false };
    let Ok(file) = private_file(OpenOptions::new().read(true), &path) else { return false };
    file.metadata().is_ok_and(|metadata| metadata.is_file() && metadata.len() == length)
        && file
            .metadata()
            .and_then(|metadata| Mapping::of(&file, &metadata, false))
            .is_ok_and(|content| XxHash3_128::oneshot(&content) == checksum)
}

fn from_cacache(e: cacache::Error) -> io::Error {
    match e {
        cacache::Error::IoError(source, _) => source,
        other => io::Error::other(other),
    }
}

/// An array file on its way: hashed as it is written, gone if it is dropped before it is published.
struct ArrayFile {
    file: File,
    path: PathBuf,
    hasher: Hasher,
    published: bool,
}

impl ArrayFile {
    fn create(layout: &Layout) -> io::Result<Self> {
        let path = layout.temporary().join(format!("{:016x}.part", unique()));
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        let file = match private_file(&mut options, &path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => {
                make_directory(&layout.temporary())?;
                private_file(&mut options, &path)?
            }
            opened => opened?,
        };
        Ok(Self { file, path, hasher: Hasher::new(), published: false })
    }

    fn write_large(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Self { file, hasher, .. } = self;
        hashed_beside(hasher, bytes, || file.write_all(bytes))
    }

    /// Gives the file its name for good, and returns its checksum.
    fn publish(mut self, path: &Path) -> io::Result<u128> {
        if let Err(e) = fs::rename(&self.path, path) {
            let (io::ErrorKind::NotFound, Some(folder)) = (e.kind(), path.parent()) else { return Err(e) };
            make_directory(folder)?;
            fs::rename(&self.path, path)?;
        }
        self.published = true;
        Ok(self.hasher.finish_128())
    }
}

impl Write for ArrayFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.file.write(bytes)?;
        self.hasher.write(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for ArrayFile {
    fn drop(&mut self) {
        if !self.published {
            // If it stays, it is garbage that is collected in an hour.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// A number no other file of any process has: random per process, and counted.
pub(super) fn unique() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    RandomState::new().hash_one((std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)))
}
