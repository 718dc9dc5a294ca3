//! Where a thread finds its caches of local functions.
//!
//! A thread owns them, all in one place, by the number of the function's site. Each function has a word of its own in
//! each thread as well, [`Near`], which points at the cache of it that was asked for last: a hit looks there, counts no
//! reference, and lends the cache to nobody beyond itself.

use std::any::{Any, TypeId};
use std::cell::{Cell, RefCell};
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::rc::Rc;
use std::thread::LocalKey;

use super::site::Site;

/// The cache of one function that its thread asked for last. It has no destructor, so that it is there to the end.
#[derive(Debug)]
pub struct Near(Cell<Option<(TypeId, NonNull<()>)>>);

/// A function's word in each thread.
pub(super) type NearKey = &'static LocalKey<Near>;

impl Near {
    #[doc(hidden)]
    #[expect(clippy::new_without_default, reason = "the macro makes it, in a constant")]
    pub const fn new() -> Self {
        Self(Cell::new(None))
    }
}

/// Names a cache of the type `T` that belongs to the instantiation `M`.
struct Key<M, T>(PhantomData<fn() -> (M, T)>);

/// What one instantiation of a function is found by in this thread.
pub(super) struct Spot<T> {
    near: NearKey,
    pub(super) site: &'static Site,
    /// Names a `T`: whoever is found by it is one.
    key: TypeId,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for Spot<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Spot<T> {}

/// One instantiation of a function in this thread.
struct Instance {
    key: TypeId,
    near: NearKey,
    cache: Rc<dyn Any>,
}

/// What a thread owns, by the number of the site, of which a function that is not generic has one.
struct Locals(RefCell<Vec<Vec<Instance>>>);

impl Drop for Locals {
    /// Before a cache goes nobody may point at it any more: its values' destructors may ask for it.
    fn drop(&mut self) {
        for instance in self.0.get_mut().iter().flatten() {
            let _ = instance.near.try_with(|near| near.0.set(None));
        }
    }
}

thread_local! {
    static LOCALS: Locals = const { Locals(RefCell::new(Vec::new())) };
}

impl<T: Any> Spot<T> {
    #[inline]
    pub(super) fn of<M>(site: &'static Site, near: NearKey) -> Self {
        Self { near, site, key: typeid::of::<Key<M, T>>(), of: PhantomData }
    }

    /// Looks at the cache if it is the one its function was last asked for here.
    #[inline]
    pub(super) fn near<R>(self, look: impl FnOnce(&T) -> R) -> Option<R> {
        let (key, cache) = self.near.try_with(|near| near.0.get()).ok()??;
        if key != self.key {
            return None;
        }
        // SAFETY: the key names `T`, and was set beside the address of a `T` that this thread's `LOCALS` own. They let go
        // of it in their own destructor alone, and take the address out before. `look` runs to its end, or unwinds,
        // before a destructor of this thread begins; one that has begun is not this one, since then the address was
        // taken out, and it is not set again after that.
        Some(look(unsafe { cache.cast::<T>().as_ref() }))
    }

    /// The cache, if there is one already, and still: a thread that ends has none any more.
    pub(super) fn find(self) -> Option<Rc<T>> {
        let find = |Locals(locals): &Locals| {
            let locals = locals.borrow();
            let instance =
                locals.get(self.site.number())?.iter().find(|instance| instance.key == self.key)?;
            let cache = Rc::clone(&instance.cache).downcast().ok()?;
            self.point_at(&cache);
            Some(cache)
        };
        LOCALS.try_with(find).ok().flatten()
    }

    /// Makes a cache this thread's. Where the thread ends, it is the call's alone.
    pub(super) fn list(self, cache: &Rc<T>) {
        let _ = LOCALS.try_with(|Locals(locals)| {
            let mut locals = locals.borrow_mut();
            let number = self.site.number();
            if locals.len() <= number {
                locals.resize_with(number + 1, Vec::new);
            }
            let listed = Rc::clone(cache) as Rc<dyn Any>;
            locals[number].push(Instance { key: self.key, near: self.near, cache: listed });
            self.point_at(cache);
        });
    }

    /// Notes the address of a cache that is listed.
    fn point_at(self, cache: &Rc<T>) {
        let address = NonNull::from(&**cache).cast();
        let _ = self.near.try_with(|near| near.0.set(Some((self.key, address))));
    }
}
