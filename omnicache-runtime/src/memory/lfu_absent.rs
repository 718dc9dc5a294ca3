//! Least frequently used in a build without moka: refused by the plan, so never built.

use std::time::Duration;

use super::queued::Queued;
use super::{Bounds, OnEvict};
use crate::kind::Policy;

/// Never built.
pub(super) struct Lfu;

impl Lfu {
    #[expect(clippy::new_ret_no_self, reason = "stands in for an engine")]
    pub(super) fn new<K: 'static>(
        bounds: Bounds,
        _: Option<Duration>,
        _: bool,
        on_evict: OnEvict,
    ) -> Queued<K> {
        Queued::new(bounds, Policy::S3Fifo, on_evict)
    }
}
