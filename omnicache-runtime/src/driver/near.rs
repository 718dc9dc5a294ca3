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
    pub const fn new() -> Self {
        Self(Cell::new(None))
    }
}

/// Names a cache of the type `T` that belongs to the instantiation `M`.
struct Key<M, T>(PhantomData<fn() -> (M, T)>);

/// What one instantiation of a function is found by in this thread.
pub(super) struct Finder<T> {
    near: NearKey,
    pub(super) site: &'static Site,
    /// Names a `T`: whoever is found by it is one.
    key: TypeId,
    of: PhantomData<fn() -> T>,
}

impl<T> Clone for Finder<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Finder<T> {}

/// One instantiation of a function in this thread.
struct Instance {
    key: TypeId,
    near: NearKey,
    cache: Rc<dyn Any>,
}

impl Instance {
    /// Has the function's word point at this cache. No word but this one ever does, and it is cleared before the cache goes.
    fn point_at<T>(&self, cache: &Rc<T>) {
        let address = NonNull::from(&**cache).cast();
        let _ = self.near.try_with(|near| near.0.set(Some((self.key, address))));
    }
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

impl<T: Any> Finder<T> {
    #[inline(always)]
    pub(super) fn of<M>(site: &'static Site, near: NearKey) -> Self {
        Self { near, site, key: typeid::of::<Key<M, T>>(), of: PhantomData }
    }

    /// Looks at the cache if it is the one its function was last asked for here.
    #[inline(always)]
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
            instance.point_at(&cache);
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
            let instance =
                Instance { key: self.key, near: self.near, cache: Rc::clone(cache) as Rc<dyn Any> };
            instance.point_at(cache);
            locals[number].push(instance);
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex, PoisonError};

    use super::super::site::Meta;
    use super::*;

    static SITE: Site = Site::new(Meta::new("parting", "tests", "", 0, false));

    thread_local! {
        static NEAR: Near = const { Near::new() };
    }

    fn finder<T: Any>() -> Finder<T> {
        Finder::of::<()>(&SITE, &NEAR)
    }

    /// Looks for itself at its end, and notes whether it was there.
    struct Parting(Arc<Mutex<Vec<bool>>>);

    impl Drop for Parting {
        fn drop(&mut self) {
            let there = finder::<Self>().near(|_| ()).is_some() || finder::<Self>().find().is_some();
            self.0.lock().unwrap_or_else(PoisonError::into_inner).push(there);
        }
    }

    #[test]
    fn a_cache_that_goes_with_its_thread_cannot_be_found_while_it_goes() {
        let log = Arc::new(Mutex::new(Vec::new()));
        let of_thread = Arc::clone(&log);
        let thread = std::thread::spawn(move || {
            finder().list(&Rc::new(Parting(of_thread)));
            finder::<Parting>().near(|_| ()).is_some() && finder::<Parting>().find().is_some()
        });
        assert!(thread.join().expect("a thread that ends well"), "it was there before");
        assert_eq!(*log.lock().unwrap_or_else(PoisonError::into_inner), [false]);
    }

    #[test]
    fn of_several_instantiations_the_one_that_was_asked_for_last_is_near() {
        finder().list(&Rc::new(7_u8));
        finder().list(&Rc::new('x'));
        assert_eq!((finder::<u8>().near(|it| *it), finder::<char>().near(|it| *it)), (None, Some('x')));
        assert_eq!(finder::<u8>().find().as_deref(), Some(&7));
        assert_eq!((finder::<u8>().near(|it| *it), finder::<char>().near(|it| *it)), (Some(7), None));
        assert!(finder::<u16>().find().is_none());
    }
}
