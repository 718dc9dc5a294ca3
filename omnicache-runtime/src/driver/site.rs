//! The one static of a cached function, and how its instantiations are found.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{OnceLock, PoisonError, RwLock};

use super::function::Function;
use super::local::Local;
use super::near::NearKey;
use super::registry::Registered;
use super::rules::Setup;
use crate::select::probe::Selected;
use crate::select::{Form, SharedForm};

/// What the macro knows of a function.
#[derive(Debug)]
#[non_exhaustive]
pub struct Meta {
    /// Its name.
    pub name: &'static str,
    /// Its module path.
    pub module: &'static str,
    /// Its arguments, for people.
    pub arguments: &'static str,
    /// The hash of its code.
    pub code: u128,
    /// Whether it is an `async fn`.
    pub is_async: bool,
}

impl Meta {
    #[doc(hidden)]
    pub const fn new(
        name: &'static str,
        module: &'static str,
        arguments: &'static str,
        code: u128,
        is_async: bool,
    ) -> Self {
        Self { name, module, arguments, code, is_async }
    }

    /// Module path and name, as people say them: a crate or function called `async` is no `r#async`.
    pub(crate) fn path(&self) -> String {
        format!("{}::{}", self.module, self.name).replace("r#", "")
    }
}

/// The static of a cached function.
pub struct Site {
    /// What the macro knows.
    pub meta: Meta,
    first: OnceLock<Instance>,
    more: RwLock<Option<HashMap<TypeId, Instance>>>,
    /// Its number among those that threads have caches of their own for, from one; zero before it has any.
    number: AtomicUsize,
}

/// One instantiation: a generic function has many, any other one.
#[derive(Clone, Copy)]
struct Instance {
    /// Names the instantiation, and the type behind `function` along with it.
    key: TypeId,
    function: &'static (dyn Any + Send + Sync),
    registered: &'static dyn Registered,
}

/// Names an instantiation of the type `T`: one key, one `T`.
struct Key<M, T>(PhantomData<fn() -> (M, T)>);

impl Instance {
    /// The function, if it is the one that `Key<M, T>` names.
    #[inline(always)]
    fn find<M, T: Any>(&self) -> Option<&'static T> {
        if self.key != typeid::of::<Key<M, T>>() {
            return None;
        }
        // SAFETY: whoever made the instance took the key and the function's type of one `T`, and equal keys mean equal
        // types but for lifetimes, of which `T` has none but `'static`.
        Some(unsafe { &*std::ptr::from_ref(self.function).cast::<T>() })
    }
}

/// A site, as the registry lists it.
#[derive(Debug)]
pub struct SiteRef(pub &'static Site);

inventory::collect!(SiteRef);

impl std::fmt::Debug for Site {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Site").field("meta", &self.meta).finish_non_exhaustive()
    }
}

impl Site {
    #[doc(hidden)]
    pub const fn new(meta: Meta) -> Self {
        Self { meta, first: OnceLock::new(), more: RwLock::new(None), number: AtomicUsize::new(0) }
    }

    /// Its number among those that threads have caches of their own for.
    #[inline]
    pub(super) fn number(&self) -> usize {
        match self.number.load(Relaxed) {
            0 => self.take_number(),
            number => number,
        }
    }

    #[cold]
    fn take_number(&self) -> usize {
        static NUMBERS: AtomicUsize = AtomicUsize::new(0);
        let next = NUMBERS.fetch_add(1, Relaxed) + 1;
        // Of two threads that take one at once, both get the first one's.
        self.number.compare_exchange(0, next, Relaxed, Relaxed).map_or_else(|taken| taken, |_| next)
    }

    /// The instantiation that `M` names, made at its first use.
    #[inline(always)]
    pub(super) fn instance<M, T: Registered + Any + Send + Sync>(
        &'static self,
        make: impl FnOnce() -> T,
    ) -> &'static T {
        match self.first.get().and_then(Instance::find::<M, T>) {
            Some(function) => function,
            None => self.other_instance::<M, T>(make),
        }
    }

    #[cold]
    fn other_instance<M, T: Registered + Any + Send + Sync>(
        &'static self,
        make: impl FnOnce() -> T,
    ) -> &'static T {
        let key = typeid::of::<Key<M, T>>();
        let more = self.more.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(function) = more.as_ref().and_then(|more| more.get(&key)?.find::<M, T>()) {
            return function;
        }
        drop(more);
        // Made without a lock: the configuration is user code.
        let made: &'static T = Box::leak(Box::new(make()));
        let instance = Instance { key, function: made, registered: made };
        let mut more = self.more.write().unwrap_or_else(PoisonError::into_inner);
        let first = self.first.get_or_init(|| instance);
        if let Some(function) = first.find::<M, T>() {
            return function;
        }
        more.get_or_insert_default().entry(key).or_insert(instance).find::<M, T>().unwrap_or(made)
    }

    /// The instantiations made so far.
    pub(crate) fn instances(&self) -> Vec<&'static dyn Registered> {
        let more = self.more.read().unwrap_or_else(PoisonError::into_inner);
        let first = self.first.get().into_iter();
        first.chain(more.iter().flat_map(HashMap::values)).map(|instance| instance.registered).collect()
    }

    /// Forgets the entries of all instantiations; of a function that was not called yet, what lies in the
    /// default directory.
    pub(crate) fn clear(&self) {
        let instances = self.instances();
        instances.iter().for_each(|instance| instance.clear());
        if instances.is_empty()
            && let Err(fault) = super::shelf::clear_unused(&self.meta)
        {
            tracing::warn!(function = %self.meta.path(), %fault, "a function could not be cleared");
        }
    }
}

/// The shared function of a site: one per instantiation, which the type of `marker` names.
#[inline(always)]
pub fn function<M, F: SharedForm>(
    site: &'static Site,
    marker: &M,
    _selected: Selected<F>,
    setup: impl FnOnce() -> Setup<F::Result>,
) -> &'static Function<F> {
    let _ = marker;
    site.instance::<M, _>(move || Function::new(site, std::any::type_name::<M>(), setup()))
}

/// This thread's function of a site.
#[inline(always)]
pub fn local_function<M, F: Form>(
    site: &'static Site,
    marker: &M,
    _selected: Selected<F>,
    near: NearKey,
    setup: fn() -> Setup<F::Result>,
) -> Local<F> {
    let _ = marker;
    Local::of::<M>(site, near, setup)
}
