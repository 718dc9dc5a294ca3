//! What a function tells of itself: how its results are kept and why, and what its cache has done.

use std::path::Path;

use super::common::Common;
use super::function::Function;
use super::registry::Registered;
use super::rules::life;
use super::shelf::Shelf;
use crate::explain::{Explanation, human_size, human_span};
use crate::key::Digest;
use crate::kind::Backend;
use crate::select::{Plan, SharedForm};
use crate::stats::Stats;

impl<F: SharedForm> Registered for Function<F> {
    fn explanation(&self) -> Explanation {
        let mut explanation =
            explain(&self.common, &self.plan, self.shelf.as_deref(), self.rules.ttl_varies());
        explanation.details.extend(self.economy.iter().flat_map(|economy| economy.explain()));
        explanation.details.extend(self.explain_front());
        let lookup = || drop(self.tier.peek(Digest::NONE));
        explanation.reasons.extend(self.common.counters.warning(lookup));
        explanation
    }

    fn stats(&self) -> Stats {
        let mut stats = self.common.counters.snapshot();
        let held = self.tier.load();
        let stored = match self.shelf.as_deref().map(Shelf::stats) {
            Some(Ok(stored)) => stored,
            Some(Err(_)) | None => (0, 0),
        };
        // What lies in memory in front of the disk is the same entry twice.
        let fronted = self.plan.small.memory && self.plan.small.store.is_some();
        (stats.entries, stats.bytes) = if fronted && stored.0 >= held.entries {
            stored
        } else {
            (held.entries + stored.0, held.bytes + stored.1)
        };
        stats
    }

    fn clear(&self) {
        self.forget();
    }
}

/// The explanation of a plan.
pub(super) fn explain(common: &Common, plan: &Plan, shelf: Option<&Shelf>, ttl_varies: bool) -> Explanation {
    let mut details = Vec::new();
    if plan.small.memory || plan.large.memory {
        let bytes = plan.bounds.max_bytes.map(|most| format!("{} of payload", human_size(most)));
        let entries = plan.bounds.max_entries.map(|most| format!("{most} entries"));
        let bounds: Vec<_> = bytes.into_iter().chain(entries).collect();
        details.push(("memory", format!("at most {}", bounds.join(", "))));
    }
    if plan.backend == Backend::Hybrid {
        details.push(("threshold", human_size(plan.threshold)));
    }
    details.extend(life(plan.ttl, ttl_varies).map(|life| ("ttl", life)));
    details.extend(plan.idle.map(|idle| ("idle", human_span(idle))));
    details.extend(common.counters.savings());
    Explanation {
        function: common.site.meta.path(),
        kind: plan.kind,
        backend: plan.backend,
        policy: plan.policy,
        codec: plan.codec,
        persistent: shelf.is_some_and(Shelf::is_persistent),
        dir: shelf.and_then(Shelf::dir).map(Path::to_owned),
        reasons: plan.reasons.clone(),
        details,
    }
}
