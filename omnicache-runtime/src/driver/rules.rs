//! What the options of a function say of each of its results.

use std::time::Duration;

use crate::clock::{Nanos, nanos};
use crate::explain::human_span;
use crate::select::{Config, Form, Plan};

/// What the macro says of a function beside its types.
#[expect(missing_debug_implementations, reason = "holds functions")]
pub struct Setup<R> {
    /// Where and how its results are kept.
    pub config: Config,
    /// What `cache_if` says.
    pub keep_if: Option<fn(&R) -> bool>,
    /// What `ttl_if` says.
    pub ttl_if: Option<fn(&R) -> Option<Duration>>,
}

/// Which results are kept, and for how long.
pub(super) struct Rules<R> {
    keep_if: Option<fn(&R) -> bool>,
    ttl_if: Option<fn(&R) -> Option<Duration>>,
    ttl: Option<Nanos>,
}

impl<R> Rules<R> {
    /// Not kept at all: no entry may have this time to live.
    pub(super) const NOT_KEPT: Option<Nanos> = Some(0);

    /// The questions of a setup, for a function of this plan.
    pub(super) fn new(
        keep_if: Option<fn(&R) -> bool>,
        ttl_if: Option<fn(&R) -> Option<Duration>>,
        plan: &Plan,
    ) -> Self {
        Self { keep_if, ttl_if, ttl: plan.ttl }
    }

    /// The time to live of a result; `None` is for ever. It means nothing of one that its form does not keep.
    pub(super) fn ttl<F: Form<Result = R>>(&self, result: &R) -> Option<Nanos> {
        // Asked about what would otherwise be kept, and about nothing else.
        if !F::keeps(result) {
            return self.ttl;
        }
        if self.keep_if.is_some_and(|keep_if| !keep_if(result)) {
            return Self::NOT_KEPT;
        }
        self.ttl_if.and_then(|ttl_if| ttl_if(result)).map(nanos).or(self.ttl)
    }

    /// Whether entries may have different times to live.
    pub(super) fn ttl_varies(&self) -> bool {
        self.ttl_if.is_some()
    }

    /// The time that no entry outlives, whatever it was stored with; none where each result has its own.
    pub(super) fn ttl_of_all(&self) -> Option<Nanos> {
        self.ttl.filter(|_| !self.ttl_varies())
    }
}

/// The time to live of a function's entries in words, if they have one.
pub(super) fn life(ttl: Option<Nanos>, varies: bool) -> Option<String> {
    match (ttl.map(human_span), varies) {
        (ttl, false) => ttl,
        (Some(ttl), true) => Some(format!("what `ttl_if` says, else {ttl}")),
        (None, true) => Some("what `ttl_if` says, else for ever".to_owned()),
    }
}
