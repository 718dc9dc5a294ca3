//! Least frequently used in a build without moka: refused by the plan, so never built.

use std::time::Duration;

use super::s3_fifo::S3Fifo;
use super::sharded::Sharded;
use super::{Bounds, OnEvict};

/// Never built.
pub(super) struct Lfu;

impl Lfu {
    #[expect(clippy::new_ret_no_self, reason = "stands in for an engine")]
    pub(super) fn new<K: 'static>(
        bounds: Bounds,
        _: Option<Duration>,
        _: bool,
        on_evict: OnEvict,
    ) -> Sharded<K, S3Fifo> {
        Sharded::new(bounds, on_evict)
    }
}
