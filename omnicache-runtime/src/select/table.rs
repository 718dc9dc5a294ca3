//! The strategy, as one table: `explain()` reads it, `NEXT.md` shows it, and a test compares the two.

use crate::kind::{Backend, Codec, Kind};

/// A result of more bytes than this is large, unless the configuration says otherwise: 1 MiB.
pub const DEFAULT_THRESHOLD: u64 = 1 << 20;

/// What is done with results of one kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Row {
    /// The kind.
    pub kind: Kind,
    /// The types that have it.
    pub types: &'static str,
    /// Where a small result goes.
    pub small: Backend,
    /// Where a large result goes; where the small ones go, if the kind has no large side.
    pub large: Backend,
    /// How it is written on disk.
    pub codec: Codec,
    /// Why.
    pub reason: &'static str,
}

impl Row {
    /// The backend of the kind as a whole: by size, if its sides differ.
    pub fn backend(&self) -> Backend {
        if self.small == self.large { self.small } else { Backend::Hybrid }
    }
}

/// The strategy. One row per kind, in the order of [`Kind::ALL`].
pub static TABLE: [Row; 9] = [
    Row {
        kind: Kind::Scalar,
        types: "integers, floats, `bool`, `char`, `()`, other `Copy` values up to 16 bytes",
        small: Backend::Memory,
        large: Backend::Memory,
        codec: Codec::Bincode,
        reason: "a scalar is cheaper to keep than to look for anywhere else",
    },
    Row {
        kind: Kind::Collection,
        types: "`String`, `Vec`, maps, sets, tuples of serialisable things",
        small: Backend::Memory,
        large: Backend::Disk,
        codec: Codec::Bincode,
        reason: "small collections are read often, large ones would crowd the others out of memory",
    },
    Row {
        kind: Kind::Bytes,
        types: "`Vec<u8>`, `Box<[u8]>`, `bytes::Bytes`, `MappedBytes`",
        small: Backend::Memory,
        large: Backend::Disk,
        codec: Codec::Raw,
        reason: "bytes need no codec, so a large result is mapped from its file as it is",
    },
    Row {
        kind: Kind::Array,
        types: "`ndarray` owned and shared arrays of npy element types, `MappedArray`",
        small: Backend::Memory,
        large: Backend::Array,
        codec: Codec::Npy,
        reason: "a large array is an array file, mapped on a hit and readable by NumPy",
    },
    Row {
        kind: Kind::Frame,
        types: "`RecordBatch`, `Vec<RecordBatch>`",
        small: Backend::Memory,
        large: Backend::Array,
        codec: Codec::ArrowIpc,
        reason: "a large frame is an Arrow file, mapped on a hit and readable by pyarrow",
    },
    Row {
        kind: Kind::Image,
        types: "`image` crate types",
        small: Backend::Memory,
        large: Backend::Disk,
        codec: Codec::Pixels,
        reason: "pixels are written as they are: nothing is lost and nothing decoded",
    },
    Row {
        kind: Kind::Json,
        types: "`serde_json::Value`",
        small: Backend::Memory,
        large: Backend::Disk,
        codec: Codec::Json,
        reason: "JSON needs a self-describing codec, and compresses well",
    },
    Row {
        kind: Kind::Struct,
        types: "any other `Serialize + DeserializeOwned`",
        small: Backend::Memory,
        large: Backend::Disk,
        codec: Codec::Bincode,
        reason: "a struct goes by its encoded size",
    },
    Row {
        kind: Kind::Opaque,
        types: "anything else that is `Clone`",
        small: Backend::Memory,
        large: Backend::Memory,
        codec: Codec::None,
        reason: "the type can be cloned but not written, so it stays in this process",
    },
];

/// The row of a kind.
pub fn row(kind: Kind) -> &'static Row {
    TABLE.iter().find(|row| row.kind == kind).unwrap_or(&TABLE[TABLE.len() - 1])
}
