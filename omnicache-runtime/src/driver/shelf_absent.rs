//! The place in the store of a build that has none: nobody can have one.

use std::path::{Path, PathBuf};

use super::function::Worth;
use super::site::Meta;
use crate::clock::Nanos;
use crate::codec::TypeShape;
use crate::error::Fault;
use crate::explain::CallExplanation;
use crate::key::{Digest, KeyWriter};
use crate::select::{Dispatch, Form, Plan};
use crate::settings::settings;

/// Has no values.
#[derive(Debug)]
pub(super) enum Shelf {}

/// Has no values.
#[derive(Debug)]
pub(super) enum Held {}

/// Has no values.
#[derive(Clone, Debug)]
pub(super) enum ShelfKey {}

/// A value read from the store: there is none.
pub(super) struct Loaded<K> {
    pub(super) kept: K,
    pub(super) size: u64,
    pub(super) stored_at: Nanos,
    pub(super) ttl: Option<Nanos>,
    pub(super) cost: Nanos,
    pub(super) generation: u64,
    /// How long it took.
    pub(super) took: Nanos,
}

/// How a look into the store ended: a value, an absence with its reason if that is known, or a fault.
pub(super) type Outcome<F> = Result<Result<Loaded<<F as Form>::Kept>, Option<CallExplanation>>, Fault>;

/// How storing a value ended: it cannot begin.
#[expect(dead_code, reason = "never made")]
pub(super) enum Saved {
    Kept { evicted: u64, generation: u64 },
    TooLarge,
    Stale,
    ReadOnly,
    Unwritable,
}

impl Shelf {
    pub(super) const UNKNOWN: u64 = u64::MAX;

    pub(super) fn new(_: &Meta, _: &str, plan: &Plan, _: TypeShape) -> Option<Self> {
        // What is said of the disk is of no consequence here.
        let _ = (&plan.dir, &plan.namespace, &plan.version, plan.max_disk_bytes);
        let _ = (settings().dir(), settings().read_only);
        None
    }

    pub(super) fn dir(&self) -> Option<&Path> {
        match *self {}
    }

    pub(super) fn is_persistent(&self) -> bool {
        match *self {}
    }

    pub(super) fn key(&self, _: Digest, _: impl FnOnce(&mut KeyWriter)) -> Option<ShelfKey> {
        match *self {}
    }

    pub(super) fn is_current(&self, _: u64) -> bool {
        match *self {}
    }

    pub(super) fn is_bare(&self) -> bool {
        match *self {}
    }

    pub(super) fn generation(&self) -> Result<u64, Fault> {
        match *self {}
    }

    pub(super) fn verify(&self, _: &ShelfKey, _: u64, _: Nanos) -> Result<Option<u64>, Fault> {
        match *self {}
    }

    pub(super) fn load<F: Form>(&self, _: &ShelfKey, _: Nanos, _: Option<Nanos>) -> Outcome<F> {
        match *self {}
    }

    pub(super) fn save<F: Form>(
        &self,
        _: &ShelfKey,
        _: &Worth<F>,
        _: Dispatch,
        _: u64,
        _: bool,
    ) -> Result<Saved, Fault> {
        match *self {}
    }

    pub(super) fn holds(&self) -> bool {
        match *self {}
    }

    pub(super) fn hold(&self, _: &ShelfKey) -> Result<Option<Held>, Fault> {
        match *self {}
    }

    pub(super) fn contains(&self, _: &ShelfKey, _: Nanos) -> Result<bool, Fault> {
        match *self {}
    }

    pub(super) fn file(&self, _: &ShelfKey, _: Nanos) -> Result<Option<PathBuf>, Fault> {
        match *self {}
    }

    pub(super) fn remove(&self, _: &ShelfKey) -> Result<bool, Fault> {
        match *self {}
    }

    pub(super) fn clear(&self) -> Result<(), Fault> {
        match *self {}
    }

    pub(super) fn stats(&self) -> Result<(u64, u64), Fault> {
        match *self {}
    }

    pub(super) fn trace(&self, _: &ShelfKey, _: Nanos) -> Result<CallExplanation, Fault> {
        match *self {}
    }
}

#[expect(clippy::unnecessary_wraps, reason = "the shape of the build that has a store")]
pub(super) fn clear_unused(_: &Meta) -> Result<(), Fault> {
    Ok(())
}
