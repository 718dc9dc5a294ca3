//! From a form's facts and a configuration to a plan: where results of each size go, and why.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::config::Config;
#[cfg(feature = "disk")]
use super::disk::DiskSettings;
use super::form::Facts;
use super::resolve::Resolver;
use crate::clock::{Clock, Nanos};
use crate::error::ConfigError;
use crate::kind::{Backend, Codec, Kind, Policy};
use crate::memory::Bounds;
use crate::removal::Listener;

/// Where results of one size class go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Side {
    /// Into memory.
    pub(crate) memory: bool,
    /// Into the store, in a file of this extension or as a record.
    pub(crate) store: Option<Dispatch>,
}

/// How a result goes into the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dispatch {
    /// As a record.
    Record,
    /// As an array file with this extension.
    File(&'static str),
}

/// What is done with a function's results.
#[derive(Clone)]
pub(crate) struct Plan {
    pub(crate) kind: Kind,
    pub(crate) backend: Backend,
    pub(crate) policy: Policy,
    pub(crate) codec: Codec,
    pub(crate) small: Side,
    pub(crate) large: Side,
    pub(crate) threshold: u64,
    pub(crate) bounds: Bounds,
    pub(crate) ttl: Option<Nanos>,
    pub(crate) idle: Option<Nanos>,
    pub(crate) dir: Option<PathBuf>,
    pub(crate) namespace: String,
    pub(crate) version: Option<String>,
    pub(crate) max_disk_bytes: u64,
    pub(crate) patience: Duration,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) listener: Option<Listener>,
    #[cfg(feature = "disk")]
    pub(crate) disk: DiskSettings,
    pub(crate) reasons: Vec<String>,
    /// Whether the disk was asked for, and not chosen for the kind alone, so that being unable to is an error.
    pub(crate) insists: bool,
    /// Whether the memory tier has the default bounds.
    pub(crate) has_default_bounds: bool,
}

impl Plan {
    /// Works out the plan of `function`.
    ///
    /// # Errors
    /// When the configuration contradicts itself or asks for what the type or the build cannot give.
    pub(crate) fn resolve(
        function: &str,
        facts: Facts,
        config: Config,
        is_async: bool,
    ) -> Result<Self, ConfigError> {
        Resolver::new(function, facts, config, is_async).resolve()
    }

    /// Whether any result may go to the store.
    pub(crate) fn persists(&self) -> bool {
        self.small.store.is_some() || self.large.store.is_some()
    }

    /// Whether the store was chosen for the kind alone, so that it may be done without where it does not pay.
    pub(crate) fn is_automatic(&self) -> bool {
        #[cfg(feature = "disk")]
        let asked_for = self.disk.store.is_some() || self.disk.one_flight;
        #[cfg(not(feature = "disk"))]
        let asked_for = false;
        !self.insists && !asked_for
    }

    /// Where a result of `size` bytes goes. Exactly the threshold is small.
    #[inline]
    pub(crate) fn side(&self, size: u64) -> Side {
        if size > self.threshold { self.large } else { self.small }
    }
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
