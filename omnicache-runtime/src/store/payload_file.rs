//! Opening a payload file: mapped, or read if that is what is wanted.

use std::collections::HashMap;
use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read};
use std::path::Path;
use std::sync::{Arc, Mutex, Weak};

use super::index::lock;
use super::layout::private_file;
use super::mapping::Mapping;
use super::open::DiskStore;
use super::read::{Unreadable, is_link};
use crate::codec::{Payload, room};
use crate::error::{Fault, FaultKind};

/// Whether results that lie in files are mapped on a hit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MmapPolicy {
    /// They are: a hit costs no copy, and reads what is looked at. The store never changes a file or cuts it short, so
    /// this is safe as long as nobody else does. Who touches a page of a file that somebody has cut short gets a
    /// `SIGBUS`.
    #[default]
    Auto,
    /// They are read into memory, whole. For directories into which others write.
    Never,
}

/// Whose bytes a file holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    /// This version of ours wrote them, in the present boot of the machine.
    Ours,
    /// They match their checksum, or will be compared with it.
    Unknown,
}

/// Files from this length on are worth a look whether they are mapped already.
const REMEMBERED: u64 = 64 << 10;

/// The mappings of this process that somebody still holds, by the names of their files.
#[derive(Default)]
pub(super) struct Mappings(Mutex<HashMap<String, Weak<Mapping>>>);

impl Mappings {
    /// The mapping of the file that is now at `path`, if somebody holds one.
    fn find(&self, name: &str, path: &Path, length: u64, origin: Origin) -> Option<Arc<Mapping>> {
        let mapping = lock(&self.0).get(name)?.upgrade()?;
        let metadata = fs::symlink_metadata(path).ok()?;
        (metadata.is_file()
            && metadata.len() == length
            && mapping.is_of(&metadata)
            && mapping.is_trusted() == (origin == Origin::Ours))
            .then_some(mapping)
    }

    fn keep(&self, name: &str, mapping: &Arc<Mapping>) {
        let mut known = lock(&self.0);
        if known.len() == known.capacity() {
            known.retain(|_, mapping| mapping.strong_count() > 0);
        }
        known.insert(name.to_owned(), Arc::downgrade(mapping));
    }
}

fn damaged(why: &str) -> Unreadable {
    Unreadable::Damaged(why.into())
}

/// Opens a file that has this length.
fn open(path: &Path, length: u64) -> Result<(File, Metadata), Unreadable> {
    let opened = private_file(OpenOptions::new().read(true), path).and_then(|file| {
        let metadata = file.metadata()?;
        Ok((file, metadata))
    });
    match opened {
        Ok((_, metadata)) if !metadata.is_file() || metadata.len() != length => {
            Err(damaged("its file has another length"))
        }
        Ok(opened) => Ok(opened),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Err(damaged("its file is gone")),
        Err(e) if is_link(&e) => Err(damaged("its file is a symbolic link")),
        Err(e) => Err(Unreadable::Fault(Fault::io(format!("opening {}", path.display()), e))),
    }
}

fn read(file: &File, path: &Path, length: u64) -> Result<Payload, Unreadable> {
    let fault = |e| Unreadable::Fault(Fault::io(format!("reading {}", path.display()), e));
    let size = usize::try_from(length).map_err(|_| damaged("its file is too long"))?;
    let mut bytes: Vec<u8> = room(size).map_err(|e| {
        Unreadable::Fault(Fault::new(FaultKind::Io, format!("no room for {}", path.display())).because(e))
    })?;
    file.take(length).read_to_end(&mut bytes).map_err(fault)?;
    if bytes.len() != size {
        return Err(damaged("its file has another length"));
    }
    Ok(Payload::Owned(bytes))
}

impl DiskStore {
    /// The payload in a file that is there under a name of ours and has this length.
    pub(super) fn open_payload(
        &self,
        name: &str,
        length: u64,
        origin: Origin,
        policy: MmapPolicy,
    ) -> Result<Payload, Unreadable> {
        let path = self.layout.own(name).ok_or_else(|| damaged("its file has a name that is not ours"))?;
        let is_remembered = length >= REMEMBERED && policy != MmapPolicy::Never;
        if is_remembered && let Some(mapping) = self.mappings.find(name, &path, length, origin) {
            return Ok(Payload::Mapped(mapping));
        }
        let (file, metadata) = open(&path, length)?;
        if length == 0 {
            return Ok(Payload::Owned(Vec::new()));
        }
        if policy == MmapPolicy::Never {
            return read(&file, &path, length);
        }
        let mapping = match Mapping::of(&file, &metadata, origin == Origin::Ours) {
            Ok(mapping) => Arc::new(mapping),
            Err(e) => return Err(Unreadable::Fault(Fault::io(format!("mapping {}", path.display()), e))),
        };
        if is_remembered {
            self.mappings.keep(name, &mapping);
        }
        Ok(Payload::Mapped(mapping))
    }
}
