//! The words of the strategy: what a result is, where it is kept, and how.

use std::fmt;

/// Declares an enum whose `Display` is a fixed word per variant.
macro_rules! words {
    ($(#[$meta:meta])* $name:ident { $($(#[$vmeta:meta])* $variant:ident => $word:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum $name { $($(#[$vmeta])* $variant,)+ }

        impl $name {
            /// Every variant, in the order of the documentation.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The variant's word, as `Display` writes it.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.word())
            }
        }
    };
}

words! {
    /// What a result is, as the compiler resolves its type.
    Kind {
        /// Integers, floats, `bool`, `char`, `()`, other `Copy` values up to 16 bytes.
        Scalar => "scalar",
        /// `String`, `Vec`, maps, sets, tuples of serialisable things.
        Collection => "collection",
        /// `Vec<u8>`, `Box<[u8]>`, `bytes::Bytes`.
        Bytes => "bytes",
        /// `ndarray` arrays of npy element types, and `MappedArray`.
        Array => "array",
        /// Arrow `RecordBatch` and `Vec<RecordBatch>`.
        Frame => "frame",
        /// Types of the `image` crate.
        Image => "image",
        /// `serde_json::Value`.
        Json => "json",
        /// Any other `Serialize + DeserializeOwned`.
        Struct => "struct",
        /// Anything else that is `Clone`.
        Opaque => "opaque",
    }
}

words! {
    /// Where results are kept.
    Backend {
        /// In this process's memory.
        Memory => "memory",
        /// In the persistent store.
        Disk => "disk",
        /// In an array file (`.npy`, `.arrow`) that is memory-mapped on a hit.
        Array => "array",
        /// Each result by its own size: small ones here, large ones there.
        Hybrid => "hybrid",
    }
}

words! {
    /// Eviction policy of the memory tier.
    Policy {
        /// S3-FIFO: two queues and a ghost; the general default.
        S3Fifo => "s3_fifo",
        /// Exact least recently used.
        Lru => "lru",
        /// Least frequently used, by W-TinyLFU.
        Lfu => "lfu",
        /// First in, first out.
        Fifo => "fifo",
        /// A random victim.
        Random => "random",
    }
}

words! {
    /// How a result is written on disk.
    Codec {
        /// Not at all: the type cannot be serialised.
        None => "none",
        /// The bytes themselves.
        Raw => "raw",
        /// bincode 2, standard configuration.
        Bincode => "bincode",
        /// MessagePack with field names, for types bincode cannot read back.
        MessagePack => "named MessagePack",
        /// NumPy's `.npy`.
        Npy => "npy",
        /// The Arrow IPC file format.
        ArrowIpc => "Arrow IPC",
        /// Raw pixels behind a small header.
        Pixels => "raw pixels",
        /// JSON, compressed by zstd.
        Json => "JSON, zstd",
    }
}

impl Codec {
    /// The byte that stands for the codec in a record (`docs/format.md`); never reassigned.
    pub const fn id(self) -> u8 {
        match self {
            Self::None => 0,
            Self::Raw => 1,
            Self::Bincode => 2,
            Self::MessagePack => 3,
            Self::Npy => 4,
            Self::ArrowIpc => 5,
            Self::Pixels => 6,
            Self::Json => 7,
        }
    }

    /// The codec a record's byte stands for, if this version knows it.
    pub fn from_id(id: u8) -> Option<Self> {
        Self::ALL.iter().copied().find(|codec| codec.id() == id)
    }
}
