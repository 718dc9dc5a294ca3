//! The memory tier of async functions in a build without moka: there is none, and the general engine serves them.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use super::{Bounds, Entry, Load, OnEvict};
use crate::key::Digest;

/// Has no values.
pub(super) struct Awaited<K>(Infallible, std::marker::PhantomData<K>);

impl<K> Awaited<K> {
    pub(super) fn new(_: Bounds, _: Option<Duration>, _: OnEvict) -> Self {
        unreachable!("without moka no plan has the policy lfu")
    }

    pub(super) async fn get(&self, _: Digest) -> Option<Arc<Entry<K>>> {
        match self.0 {}
    }

    pub(super) async fn get_again(&self, _: Digest) -> Option<Arc<Entry<K>>> {
        match self.0 {}
    }

    pub(super) fn peek(&self, _: Digest) -> Option<Arc<Entry<K>>> {
        match self.0 {}
    }

    pub(super) async fn insert(&self, _: Digest, _: Arc<Entry<K>>) {
        match self.0 {}
    }

    pub(super) async fn remove(&self, _: Digest) -> bool {
        match self.0 {}
    }

    pub(super) fn clear(&self) {
        match self.0 {}
    }

    pub(super) fn digests(&self) -> Vec<Digest> {
        match self.0 {}
    }

    pub(super) fn load(&self) -> Load {
        match self.0 {}
    }
}
