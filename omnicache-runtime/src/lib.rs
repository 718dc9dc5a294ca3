//! The runtime of omnicache. Use the `omnicache` crate; this one is its engine room.

pub mod clock;
pub mod codec;
#[cfg(feature = "conformance")]
pub mod conformance;
mod departed;
mod driver;
pub mod error;
mod explain;
mod flight;
pub mod key;
pub mod kind;
pub mod memory;
#[doc(hidden)]
pub mod private;
mod removal;
pub mod select;
mod settings;
mod stats;
#[cfg(feature = "disk")]
pub mod store;
mod stripes;
mod threads;

pub use clock::{Clock, ManualClock, SystemClock};
#[cfg(feature = "ndarray")]
pub use codec::MappedArray;
pub use codec::MappedBytes;
pub use driver::{clear_all, functions, stats};
pub use error::{ConfigError, Fault, FaultKind};
pub use explain::{CallExplanation, Explanation, FunctionInfo};
pub use key::{CacheKey, FileContent, KeyWriter, Prehashed, file};
pub use kind::{Backend, Codec, Kind, Policy};
pub use removal::{Cause, Removal};
pub use select::{
    Access, Config, Sharing, for_async, for_bytes, for_collections, for_dataframes, for_images, for_json,
    for_models, for_ndarray, for_scalars, for_structs, hybrid,
};
#[cfg(feature = "disk")]
pub use settings::default_dir;
pub use settings::set_enabled;
pub use stats::Stats;
#[cfg(feature = "disk")]
pub use store::MmapPolicy;
