//! The companions that speak of a function as a whole.

use std::future::Future;

use super::function::Function;
use super::local::Local;
use super::registry::Registered;
use super::site::Site;
use crate::explain::Explanation;
use crate::select::{Form, SharedForm};
use crate::stats::Stats;

/// A function as a whole.
pub trait Whole {
    /// What can be done with it without knowing its types.
    #[expect(private_interfaces, reason = "for the functions below alone")]
    fn registered(&self) -> &dyn Registered;

    /// Forgets its entries without blocking the executor.
    fn clear_awaited(&self) -> impl Future<Output = ()>;
}

impl<F: SharedForm> Whole for &Function<F> {
    #[expect(private_interfaces, reason = "for the functions below alone")]
    fn registered(&self) -> &dyn Registered {
        *self
    }

    async fn clear_awaited(&self) {
        Function::clear_awaited(self).await;
    }
}

impl<F: Form> Whole for Local<F> {
    #[expect(private_interfaces, reason = "for the functions below alone")]
    fn registered(&self) -> &dyn Registered {
        self.shared()
    }

    async fn clear_awaited(&self) {
        self.shared().clear();
    }
}

/// Forgets a function's entries, in every tier.
pub fn clear(function: impl Whole) {
    function.registered().clear();
}

/// The same without blocking the executor.
pub async fn clear_async(function: impl Whole) {
    function.clear_awaited().await;
}

/// Forgets the entries of all instantiations.
pub fn clear_site(site: &'static Site) {
    site.clear();
}

/// The same without blocking the executor.
pub async fn clear_site_async(site: &'static Site) {
    super::awaited::blocking(|| site.clear()).await;
}

/// What a function's cache has done.
pub fn stats_of(function: impl Whole) -> Stats {
    function.registered().stats()
}

/// What the caches of all instantiations have done.
pub fn stats_site(site: &'static Site) -> Stats {
    site.instances().iter().map(|instance| instance.stats()).fold(Stats::default(), Stats::plus)
}

/// What was chosen for a function, and why.
pub fn explain(function: impl Whole) -> Explanation {
    function.registered().explanation()
}

/// What was chosen for a generic function: its first instantiation speaks for all.
pub fn explain_site(site: &'static Site) -> Explanation {
    site.instances().first().map_or_else(|| Explanation::of_unused(&site.meta), |first| first.explanation())
}
