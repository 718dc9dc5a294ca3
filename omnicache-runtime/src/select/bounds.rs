//! What a result type must be for what is asked of it, and the sentences that say so when it is not.

use super::form::{Both, Boxed, Form, Maybe, Okay, Plain, Shared};

/// A result type that a generic function may return: it can be cloned and shared.
#[diagnostic::on_unimplemented(
    message = "the results of this cached function are cloned and shared between threads, and `{Self}` cannot be",
    label = "not all of `Clone`, `Send` and `Sync`",
    note = "call it with types that are all three, or return an `Arc` from it"
)]
pub trait Keep: Clone + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Clone + Send + Sync + 'static> Keep for T {}

/// What is kept is cloned for each hit.
#[diagnostic::on_unimplemented(
    message = "what a cached function returns is cloned for each hit, and `{Self}` cannot be",
    label = "not `Clone`",
    note = "derive `Clone` for it, or return `Arc<{Self}>`"
)]
pub trait Cloned: Clone {}

#[diagnostic::do_not_recommend]
impl<T: Clone> Cloned for T {}

/// What is kept is shared between threads.
#[diagnostic::on_unimplemented(
    message = "the results of a cached function are shared between threads, and `{Self}` cannot be",
    label = "not `Send` and `Sync`",
    note = "write `#[cache(local)]` for one cache per thread, or return a type that can be shared, such as an `Arc`"
)]
pub trait Sendable: Send + Sync {}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync> Sendable for T {}

/// A form whose results threads can share.
pub trait SharedForm: Form<Kept: Sendable> {}

impl<F: Form<Kept: Sendable>> SharedForm for F {}

/// A form whose results can be stored on disk.
#[cfg_attr(
    feature = "disk",
    diagnostic::on_unimplemented(
        message = "`{R}` cannot be kept on disk",
        label = "this option needs a result that can be serialised",
        note = "derive `serde::Serialize` and `serde::Deserialize` for the return type, or drop the option"
    )
)]
#[cfg_attr(
    not(feature = "disk"),
    diagnostic::on_unimplemented(
        message = "`{R}` cannot be kept on disk, for omnicache was built without the feature `disk`",
        label = "this option needs the feature `disk`",
        note = "switch the feature on, or drop the option"
    )
)]
pub trait Stored<R> {}

/// A form whose results can be array files.
#[diagnostic::on_unimplemented(
    message = "array files hold `ndarray` arrays and Arrow record batches, and `{R}` is neither",
    label = "this backend needs an array or a record batch",
    note = "write `backend = disk`, or leave the choice to the return type (arrays need the feature `ndarray`, \
            record batches the feature `arrow`)"
)]
pub trait StoredInFile<R> {}

/// A codec that can write: every one but [`Opaque`]'s.
pub trait StoredLeaf {}

/// A codec of array files.
pub trait FileLeaf {}

macro_rules! marked {
    ($marker:ident by $leaf:ident) => {
        marked! {
            $marker:
            [T, L: $leaf, C] Plain<T, L, C>;
            [E, F: $marker<R>] Okay<E, F>;
            [E, L: $leaf, F: $marker<R>] Both<E, L, F>;
            [F: $marker<R>] Maybe<F>;
            [T, L: $leaf, C] Shared<T, L, C>;
            [F: $marker<R>] Boxed<F>;
        }
    };
    ($marker:ident: $([$($params:tt)*] $form:ty;)+) => {$(
        // The error is to speak of the whole result, not of the codec inside.
        #[diagnostic::do_not_recommend]
        impl<R, $($params)*> $marker<R> for $form {}
    )+};
}

marked! { Stored by StoredLeaf }
marked! { StoredInFile by FileLeaf }

/// Names the codecs that can write, and those that write array files.
macro_rules! leaves {
    ($(#[$cfg:meta] $($leaf:ident: $($marker:ident)+),+;)+) => {$($($(
        #[$cfg]
        impl $marker for crate::codec::$leaf {}
    )+)+)+};
}

leaves! {
    #[cfg(feature = "disk")]
    Scalar: StoredLeaf, Collection: StoredLeaf, Struct: StoredLeaf, Bytes: StoredLeaf;
    #[cfg(feature = "ndarray")]
    Array: StoredLeaf FileLeaf;
    #[cfg(feature = "arrow")]
    Frame: StoredLeaf FileLeaf;
    #[cfg(feature = "json")]
    Json: StoredLeaf;
    #[cfg(feature = "image")]
    Image: StoredLeaf;
}
