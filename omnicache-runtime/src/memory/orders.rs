//! The orders in which entries leave, one of which an engine has.

use super::Stake;
use super::nodes::{Nodes, Place};
use super::queue::{Fifo, Named, Order, Random};
use super::recent::Recent;
use super::s3_fifo::S3Fifo;
use super::sketch::Sketch;
use crate::kind::Policy;

/// One of the orders.
#[expect(clippy::large_enum_variant, reason = "there is one for each function; a box would be one look more")]
pub(super) enum Orders {
    S3Fifo(S3Fifo),
    Fifo(Fifo),
    Random(Random),
    Recent(Recent),
}

/// Does something with the order that there is.
macro_rules! order {
    ($orders:expr, $order:ident => $do:expr) => {
        match $orders {
            Orders::S3Fifo($order) => $do,
            Orders::Fifo($order) => $do,
            Orders::Random($order) => $do,
            Orders::Recent($order) => $do,
        }
    };
}

impl Default for Orders {
    fn default() -> Self {
        Self::S3Fifo(S3Fifo::default())
    }
}

impl Orders {
    /// That of a policy; the default one for policies that have engines of their own.
    pub(super) fn new(policy: Policy) -> Self {
        match policy {
            Policy::Lru => Self::Recent(Recent::default()),
            Policy::Fifo => Self::Fifo(Fifo::default()),
            Policy::Random => Self::Random(Random::default()),
            _ => Self::default(),
        }
    }
}

impl Order for Orders {
    fn inserted(&mut self, entry: Named, stake: Stake, nodes: &impl Nodes) {
        order!(self, order => order.inserted(entry, stake, nodes));
    }

    fn victim(&mut self, nodes: &impl Nodes, spared: Option<Place>) -> Option<Named> {
        order!(self, order => order.victim(nodes, spared))
    }

    fn reserve(&self) -> u64 {
        order!(self, order => order.reserve())
    }

    #[inline]
    fn sketch(&self) -> Option<&Sketch> {
        order!(self, order => order.sketch())
    }

    fn upcoming(&self) -> [Option<Named>; 2] {
        order!(self, order => order.upcoming())
    }

    fn clear(&mut self) {
        order!(self, order => order.clear());
    }
}
