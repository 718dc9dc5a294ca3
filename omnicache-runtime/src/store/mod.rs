//! The persistent store: what outlives the process. It knows bytes, not types.

mod access;
mod boot;
mod checkpoint;
mod collect;
mod contract;
mod envelope;
mod evict;
mod forget;
mod garbage;
mod generations;
mod hold;
mod in_flight;
mod index;
mod keyed;
mod layout;
mod list;
mod mapping;
mod medium;
mod memory;
mod open;
mod payload_file;
mod presence;
mod quota;
mod read;
mod readers;
mod remove;
mod rest;
mod schema;
pub(crate) mod sealed;
mod sink;
mod snapshot;
mod sweep;
mod transact;
mod transfer;
mod verify;
mod write;

pub use collect::Collection;
pub use contract::{
    Capabilities, Eviction, Lifecycle, NewEntry, Store, StoreEntry, StoreError, StoreIdentity,
};
pub use forget::Scope;
pub use generations::Word;
pub use hold::Held;
pub use keyed::KeyedStore;
pub use list::{EntryInfo, NamespaceInfo, Whereabouts};
pub use mapping::Mapping;
pub use medium::{Medium, file_system};
pub use memory::MemoryStore;
pub use open::{DEFAULT_LIMIT, DiskStore};
pub use payload_file::MmapPolicy;
pub use sink::INLINE;
pub use snapshot::Snapshot;
pub use transfer::{Exported, Imported};
pub use verify::{Problem, ProblemKind, Verification, Verify};

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::clock::Nanos;
use crate::codec::{Payload, TypeShape};
use crate::error::Fault;
use crate::kind::Codec;

/// Who an entry belongs to: one version of one function's code, returning one shape of type.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Identity {
    /// Whose entries: functions of different namespaces never share any.
    pub namespace: String,
    /// The function's module path and name, the same for all its instantiations.
    pub site: String,
    /// The function's full path, generic arguments included.
    pub path: String,
    /// Stands for the function's code: the hash of its body's tokens, or of `version`.
    pub code: u128,
    /// The shape of the return type.
    pub shape: TypeShape,
}

/// Where an entry lies: a function and one set of arguments.
#[derive(Clone, Debug)]
pub struct StoreKey {
    /// The function.
    pub identity: Arc<Identity>,
    /// BLAKE3 over the identity and the arguments' canonical bytes.
    pub hash: [u8; 32],
    /// The first eight bytes of BLAKE3 over namespace, path and arguments alone: where the entry is found among its
    /// function's, and those of other versions of the code.
    pub arguments: [u8; 8],
    /// The canonical bytes, or their BLAKE3 if they are longer than [`StoreKey::INLINE`]; compared on each read.
    pub bytes: Vec<u8>,
}

impl StoreKey {
    /// Canonical bytes up to this length stand in the record themselves.
    pub const INLINE: usize = 1024;
}

/// The state of a function's entries when a call began: a store is refused once they were invalidated since.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Generation(pub u64);

/// Where a payload is put.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In the index if small, else as a blob by content.
    Record,
    /// In a file of its own with this extension, as our codec writes it: what it holds is believed within the present
    /// boot of the machine.
    ArrayFile(&'static str),
    /// In a file of its own with this extension, from wherever it came: what it holds is validated on each read.
    ForeignFile(&'static str),
}

impl Place {
    /// What says of a payload file how far it may be believed.
    fn boot(self) -> Option<i64> {
        match self {
            Self::Record | Self::ArrayFile(_) => boot::id(),
            Self::ForeignFile(_) => boot::verified(),
        }
    }
}

/// What a record says beside its payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordInfo {
    /// The payload's codec.
    pub codec: Codec,
    /// What the payload is wrapped in (`Some`, `None`, `Ok`, `Err`), as `select` writes it; may be all there is.
    pub shell: Vec<u8>,
    /// What computing the result took, in nanoseconds.
    pub cost: Nanos,
    /// When it was stored.
    pub stored_at: Nanos,
    /// How long it lives from then; `None` for ever.
    pub ttl: Option<Nanos>,
    /// Whether the payload is packed: its length in eight bytes, little-endian, and behind it one zstd frame.
    pub packed: bool,
}

/// A result on its way into the store.
#[expect(missing_debug_implementations, reason = "holds the closure that writes it")]
pub struct NewRecord<'a> {
    /// Its key.
    pub key: &'a StoreKey,
    /// What is said of it.
    pub info: RecordInfo,
    /// Where it is put.
    pub place: Place,
    /// The payload's size as measured; a hint, the bytes written count.
    pub size: u64,
    /// The function's generation when the call began.
    pub since: Generation,
    /// Whether it takes the place of an entry on purpose: then what others have of it in memory is forgotten.
    pub refresh: bool,
    /// Writes the payload. It may be called again if another process gets in the way.
    pub write: &'a mut dyn FnMut(&mut dyn io::Write) -> Result<(), Fault>,
}

/// A result read from the store: its key compared, its length and checksum verified.
#[derive(Debug)]
pub struct Record {
    /// What is said of it.
    pub info: RecordInfo,
    /// Its bytes.
    pub payload: Payload,
}

/// How a lookup ended.
#[derive(Debug)]
pub enum Lookup {
    /// A live record.
    Found(Record),
    /// Nothing was ever stored, or it is gone; why, if it is known.
    Absent(Option<Departure>),
    /// There was one, expired; it has been removed.
    Expired,
    /// There was one, damaged or of another format; why. A damaged one has been removed.
    Damaged(String),
}

/// How a put ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stored {
    /// Stored; so many other entries were evicted to make room.
    Kept {
        /// The entry's number.
        id: u64,
        /// Entries evicted.
        evicted: u64,
        /// A copy in memory is good as of this generation.
        generation: Generation,
    },
    /// Larger than the directory's limit: nothing changed.
    TooLarge,
    /// The function's entries were invalidated since the call began: nothing changed.
    Stale,
    /// A live entry is there, and this one was only to be added: nothing changed.
    Present,
    /// The store is read-only: nothing changed.
    ReadOnly,
}

/// Why an entry is no longer there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Departure {
    /// Its time to live was over.
    Expired,
    /// Room was needed.
    Evicted,
    /// It was invalidated, or its function cleared.
    Invalidated,
    /// It was damaged.
    Corrupt,
}

/// What is known of an argument set that would miss, for `explain_call`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trace {
    /// A live record is there.
    Present,
    /// It was there and left.
    Departed(Departure),
    /// The same arguments are stored for another version of the function's code.
    OtherCode,
    /// The same arguments are stored for another shape of the return type.
    OtherShape,
    /// Nothing is known.
    NeverSeen,
}

/// How a store is opened.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StoreOptions {
    /// The directory in which `omnicache.v1` lies; made with its parents.
    pub dir: PathBuf,
    /// Never write.
    pub read_only: bool,
    /// Open it even on a network file system, where processes of several machines may corrupt it. For who knows that
    /// one machine alone uses the directory.
    pub allow_network: bool,
}

impl StoreOptions {
    /// To read and write the store in `dir`.
    pub fn new(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), read_only: false, allow_network: false }
    }
}
