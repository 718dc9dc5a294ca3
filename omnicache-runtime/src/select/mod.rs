//! Selection: from a return type, as the compiler resolves it, to a form; from a form and a configuration to a
//! plan.

mod bounds;
mod config;
mod copyness;
#[cfg(feature = "disk")]
mod disk;
mod form;
mod plan;
pub mod probe;
mod resolve;
mod table;

pub use bounds::{Cloned, Keep, Sendable, SharedForm, Stored, StoredInFile};
pub use config::{Access, Config, HELPERS, Sharing};
pub use config::{
    for_async, for_bytes, for_collections, for_dataframes, for_images, for_json, for_models, for_ndarray,
    for_scalars, for_structs, hybrid,
};
#[cfg(feature = "disk")]
pub(crate) use form::is_present;
pub use form::{Facts, Form};
pub(crate) use plan::{Dispatch, Plan, Side};
pub use table::{DEFAULT_THRESHOLD, Row, TABLE, row};
