//! What can be asked of a cached function: the call itself and its companions, each a type.
//!
//! The macro emits one function over all of them, so that the key is written once; only the operations that are
//! used are ever compiled.

use std::marker::PhantomData;
use std::path::PathBuf;

use super::miss::Miss;
use crate::explain::CallExplanation;
use crate::key::{Digest, KeyWriter};

/// Writes the key of a call.
pub trait WriteKey: Fn(&mut KeyWriter) {}

impl<T: Fn(&mut KeyWriter)> WriteKey for T {}

/// A cached function as its operations see it.
pub trait Cached: Sized {
    /// What it returns.
    type Result;

    /// Serves a call if one look at memory is enough; tells what was seen if not.
    ///
    /// # Errors
    /// What was seen is no error: it spares the look that follows.
    #[inline(always)]
    fn hit(&self, _key: impl WriteKey) -> Result<Self::Result, Seen> {
        Err(Seen::NOTHING)
    }

    /// Serves a call, or tells to run the body.
    fn call(&self, seen: Seen, key: impl WriteKey) -> Step<Self::Result, Miss>;

    /// The kept value; no use of it.
    fn peek(&self, key: impl WriteKey) -> Option<Self::Result>;

    /// Whether a value is kept.
    fn contains(&self, key: impl WriteKey) -> bool;

    /// Tells to run the body and keep what it gives.
    fn refresh(&self, key: impl WriteKey) -> Miss;

    /// Tells to run the body and nothing else.
    fn uncached(&self) -> Miss;

    /// Forgets a value, in every tier.
    fn invalidate(&self, key: impl WriteKey) -> bool;

    /// What would become of a call.
    fn explain_call(&self, key: impl WriteKey) -> CallExplanation;

    /// The file of a kept value.
    fn path(&self, key: impl WriteKey) -> Option<PathBuf>;

    /// Runs the body, for the purpose that `miss` has.
    fn run(&self, miss: Miss, body: impl FnOnce() -> Self::Result) -> Self::Result;
}

/// What a look at a call has found out: its digest.
#[derive(Clone, Copy, Debug)]
pub struct Seen(Digest);

impl Seen {
    /// Nothing.
    pub const NOTHING: Self = Self(Digest::NONE);

    pub(super) fn new(digest: Digest) -> Self {
        Self(digest)
    }

    /// The digest of the call.
    #[inline]
    pub(super) fn digest(self, key: impl WriteKey) -> Digest {
        if self.0 == Digest::NONE { KeyWriter::digest(key) } else { self.0 }
    }
}

/// A step of an operation.
#[derive(Debug)]
pub enum Step<T, P> {
    /// It is done.
    Done(T),
    /// The body has to run.
    Body(P),
}

/// An operation that waits for its body.
#[derive(Debug)]
pub struct Pending<C, O> {
    cached: C,
    miss: Miss,
    operation: PhantomData<O>,
}

impl<C: Cached, O: Operation<C::Result>> Pending<C, O> {
    fn new(cached: C, miss: Miss) -> Self {
        Self { cached, miss, operation: PhantomData }
    }

    /// Runs the body and ends the operation.
    #[inline]
    pub fn run(self, body: impl FnOnce() -> C::Result) -> O::Reply {
        O::reply(self.cached.run(self.miss, body))
    }
}

/// Something that can be asked of a function that returns `R`.
pub trait Operation<R>: Sized {
    /// The answer.
    type Reply;

    /// Answers if one look at memory is enough.
    ///
    /// # Errors
    /// What was seen is no error: it spares the look that follows.
    #[inline(always)]
    fn hit<C: Cached<Result = R>>(&self, _cached: &C, _key: impl WriteKey) -> Result<Self::Reply, Seen> {
        Err(Seen::NOTHING)
    }

    /// Asks it.
    fn at<C: Cached<Result = R>>(
        self,
        cached: C,
        seen: Seen,
        key: impl WriteKey,
    ) -> Step<Self::Reply, Pending<C, Self>>;

    /// The answer, once the body has run.
    fn reply(result: R) -> Self::Reply;
}

/// The call itself.
#[derive(Clone, Copy, Debug)]
pub struct Call;
/// `peek`.
#[derive(Clone, Copy, Debug)]
pub struct Peek;
/// `contains`.
#[derive(Clone, Copy, Debug)]
pub struct Contains;
/// `refresh`.
#[derive(Clone, Copy, Debug)]
pub struct Refresh;
/// `uncached`.
#[derive(Clone, Copy, Debug)]
pub struct Uncached;
/// `invalidate`.
#[derive(Clone, Copy, Debug)]
pub struct Invalidate;
/// `path`.
#[derive(Clone, Copy, Debug)]
pub struct FilePath;
/// `explain_call`.
#[derive(Clone, Copy, Debug)]
pub struct ExplainCall;

impl<R> Operation<R> for Call {
    type Reply = R;

    #[inline(always)]
    fn hit<C: Cached<Result = R>>(&self, cached: &C, key: impl WriteKey) -> Result<R, Seen> {
        cached.hit(key)
    }

    #[inline]
    fn at<C: Cached<Result = R>>(
        self,
        cached: C,
        seen: Seen,
        key: impl WriteKey,
    ) -> Step<R, Pending<C, Self>> {
        match cached.call(seen, key) {
            Step::Done(result) => Step::Done(result),
            Step::Body(miss) => Step::Body(Pending::new(cached, miss)),
        }
    }

    #[inline]
    fn reply(result: R) -> R {
        result
    }
}

impl<R> Operation<R> for Refresh {
    type Reply = R;

    fn at<C: Cached<Result = R>>(self, cached: C, _: Seen, key: impl WriteKey) -> Step<R, Pending<C, Self>> {
        let miss = cached.refresh(key);
        Step::Body(Pending::new(cached, miss))
    }

    fn reply(result: R) -> R {
        result
    }
}

impl<R> Operation<R> for Uncached {
    type Reply = R;

    fn at<C: Cached<Result = R>>(self, cached: C, _: Seen, _key: impl WriteKey) -> Step<R, Pending<C, Self>> {
        let miss = cached.uncached();
        Step::Body(Pending::new(cached, miss))
    }

    fn reply(result: R) -> R {
        result
    }
}

/// Operations that never run the body.
macro_rules! bodiless {
    ($($operation:ident -> $reply:ty: $method:ident, $after:expr;)+) => {$(
        impl<R> Operation<R> for $operation {
            type Reply = $reply;

            fn at<C: Cached<Result = R>>(
                self,
                cached: C,
                _: Seen,
                key: impl WriteKey,
            ) -> Step<$reply, Pending<C, Self>> {
                Step::Done(cached.$method(key))
            }

            fn reply(result: R) -> $reply {
                let after: fn(R) -> $reply = $after;
                after(result)
            }
        }
    )+};
}

// None of these ever waits for a body; the replies say what would be true if one had run.
bodiless! {
    Peek -> Option<R>: peek, Some;
    Contains -> bool: contains, |_| true;
    Invalidate -> bool: invalidate, |_| false;
    FilePath -> Option<PathBuf>: path, |_| None;
    ExplainCall -> CallExplanation: explain_call, |_| CallExplanation::NeverSeen;
}
