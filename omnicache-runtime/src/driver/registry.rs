//! Every cached function of the process.

use super::site::{Site, SiteRef};
use crate::explain::{Explanation, FunctionInfo};
use crate::stats::Stats;

/// What can be done with a function without knowing its types.
pub(crate) trait Registered: Send + Sync {
    fn explanation(&self) -> Explanation;
    fn stats(&self) -> Stats;
    fn clear(&self);
}

fn sites() -> impl Iterator<Item = &'static Site> {
    inventory::iter::<SiteRef>().map(|site| site.0)
}

/// The cached functions of this process by name, those that were not called yet included.
///
/// What a function that was never used would do is not worked out for the list: its explanation is `None`.
pub fn functions() -> Vec<FunctionInfo> {
    let mut functions: Vec<_> = sites()
        .map(|site| {
            let instances = site.instances();
            FunctionInfo {
                name: site.meta.path(),
                explanation: instances.first().map(|instance| instance.explanation()),
                stats: sum(&instances),
            }
        })
        .collect();
    functions.sort_by(|a, b| a.name.cmp(&b.name));
    functions
}

/// The figures of all cached functions of this process together.
pub fn stats() -> Stats {
    sites().map(|site| sum(&site.instances())).fold(Stats::default(), Stats::plus)
}

fn sum(instances: &[&'static dyn Registered]) -> Stats {
    instances.iter().map(|instance| instance.stats()).fold(Stats::default(), Stats::plus)
}

/// Forgets the entries of every cached function of this process, in every tier.
///
/// Of a function that was not used yet in this process it forgets what lies in the default directory outside of
/// any namespace: where else its entries may lie is known from its first use on.
pub fn clear_all() {
    for site in sites() {
        site.clear();
    }
}
