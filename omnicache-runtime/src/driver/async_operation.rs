//! What can be asked of a cached async function: the operations of [`super::operation`], awaited.

use std::future::Future;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::pin::pin;

use super::awaited::AsyncCached;
use super::miss::Miss;
use super::operation::{
    Call, Contains, ExplainCall, FilePath, Invalidate, Peek, Refresh, Step, Uncached, WriteKey,
};
use crate::explain::CallExplanation;

/// An async operation that waits for its body.
#[derive(Debug)]
pub struct AsyncPending<C, O> {
    cached: C,
    miss: Miss,
    operation: PhantomData<O>,
}

impl<C: AsyncCached, O: AsyncOperation<C::Result>> AsyncPending<C, O> {
    fn new(cached: C, miss: Miss) -> Self {
        Self { cached, miss, operation: PhantomData }
    }

    /// Runs the body and ends the operation.
    pub async fn run(self, body: impl Future<Output = C::Result>) -> O::Reply {
        // Pinned here once: handed on by value, each layer below would hold a copy's worth of room for it.
        let body = pin!(body);
        O::reply(self.cached.run_awaited(self.miss, body).await)
    }
}

/// Something that can be asked of an async function that gives `R`.
pub trait AsyncOperation<R>: Sized {
    /// The answer.
    type Reply;

    /// Asks it.
    fn at<C: AsyncCached<Result = R>>(
        self,
        cached: C,
        key: impl WriteKey,
    ) -> impl Future<Output = Step<Self::Reply, AsyncPending<C, Self>>>;

    /// The answer, once the body has run.
    fn reply(result: R) -> Self::Reply;
}

impl<R> AsyncOperation<R> for Call {
    type Reply = R;

    async fn at<C: AsyncCached<Result = R>>(
        self,
        cached: C,
        key: impl WriteKey,
    ) -> Step<R, AsyncPending<C, Self>> {
        match cached.call_awaited(key).await {
            Step::Done(result) => Step::Done(result),
            Step::Body(miss) => Step::Body(AsyncPending::new(cached, miss)),
        }
    }

    fn reply(result: R) -> R {
        result
    }
}

impl<R> AsyncOperation<R> for Refresh {
    type Reply = R;

    async fn at<C: AsyncCached<Result = R>>(
        self,
        cached: C,
        key: impl WriteKey,
    ) -> Step<R, AsyncPending<C, Self>> {
        let miss = cached.refresh(key);
        Step::Body(AsyncPending::new(cached, miss))
    }

    fn reply(result: R) -> R {
        result
    }
}

impl<R> AsyncOperation<R> for Uncached {
    type Reply = R;

    async fn at<C: AsyncCached<Result = R>>(
        self,
        cached: C,
        _key: impl WriteKey,
    ) -> Step<R, AsyncPending<C, Self>> {
        let miss = cached.uncached();
        Step::Body(AsyncPending::new(cached, miss))
    }

    fn reply(result: R) -> R {
        result
    }
}

/// Operations that never run the body.
macro_rules! bodiless {
    ($($operation:ident -> $reply:ty: $method:ident, $after:expr;)+) => {$(
        impl<R> AsyncOperation<R> for $operation {
            type Reply = $reply;

            async fn at<C: AsyncCached<Result = R>>(
                self,
                cached: C,
                key: impl WriteKey,
            ) -> Step<$reply, AsyncPending<C, Self>> {
                Step::Done(cached.$method(key).await)
            }

            fn reply(result: R) -> $reply {
                let after: fn(R) -> $reply = $after;
                after(result)
            }
        }
    )+};
}

bodiless! {
    Peek -> Option<R>: peek_awaited, Some;
    Contains -> bool: contains_awaited, |_| true;
    Invalidate -> bool: invalidate_awaited, |_| false;
    FilePath -> Option<PathBuf>: path_awaited, |_| None;
    ExplainCall -> CallExplanation: explain_call_awaited, |_| CallExplanation::NeverSeen;
}
