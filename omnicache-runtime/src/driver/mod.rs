//! What a cached function does when it is called: the only place that sees both engines and stores.

mod async_operation;
mod awaited;
mod common;
mod companion;
mod economy;
mod front;
mod function;
mod local;
mod local_shared;
mod miss;
mod near;
mod operation;
mod registry;
mod report;
mod revoked;
mod rules;
mod site;
mod sync;

#[cfg(feature = "disk")]
mod backing;
#[cfg(feature = "disk")]
mod backing_custom;
#[cfg(feature = "disk")]
mod backing_disk;
#[cfg(feature = "disk")]
mod seal;
#[cfg(feature = "disk")]
mod shelf;
#[cfg(not(feature = "disk"))]
#[path = "shelf_absent.rs"]
mod shelf;

pub use async_operation::AsyncOperation;
pub use companion::{
    clear, clear_async, clear_site, clear_site_async, explain, explain_site, stats_of, stats_site,
};
pub use function::Function;
pub use local::Local;
pub use near::Near;
pub use operation::{
    Call, Contains, ExplainCall, FilePath, Invalidate, Operation, Peek, Refresh, Seen, Step, Uncached,
};
pub use registry::{clear_all, functions, stats};
pub use rules::Setup;
pub use site::{Meta, Site, SiteRef, function, local_function};
