//! Finds a return type's form by the compiler's own resolution, so that an alias behaves like the type it names.
//!
//! Method lookup tries the most borrowed receiver first: of several traits with a method of one name, the first
//! whose bound holds wins. What wraps the payload is peeled off step by step, then the payload's codec is chosen,
//! then whether it is `Copy`.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::copyness::{Copied, Moved, Word};
use super::form::{Both, Boxed, Form, Maybe, Okay, Plain, Shared};
use crate::codec::{Collection, Gathers, Native, Opaque, Struct};
use crate::memory::Words;

/// A type under examination: `S` was peeled off already, `T` is left.
pub struct Probe<S, T>(PhantomData<fn() -> (S, T)>);

/// The target of an `Arc`, which is not peeled any further.
pub struct Pointed<S, T>(PhantomData<fn() -> (S, T)>);

/// The form that was found.
pub struct Selected<F>(PhantomData<fn() -> F>);

impl<S, T> fmt::Debug for Probe<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Probe")
    }
}

impl<S, T> fmt::Debug for Pointed<S, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pointed")
    }
}

impl<F> fmt::Debug for Selected<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Selected")
    }
}

/// Begins to examine `T`.
pub fn probe<T>() -> Probe<Bare, T> {
    Probe(PhantomData)
}

impl<S, T> Probe<S, T> {
    fn new() -> Self {
        Self(PhantomData)
    }
}

impl<S, T> Pointed<S, T> {
    fn new() -> Self {
        Self(PhantomData)
    }
}

/// Nothing was peeled off.
#[derive(Debug)]
pub struct Bare;

/// Puts what was peeled off around a form again.
pub trait Wrap<F> {
    /// The whole form.
    type Whole;
}

impl<F> Wrap<F> for Bare {
    type Whole = F;
}

macro_rules! layers {
    ($($(#[$doc:meta])+ $layer:ident<$($param:ident),*> => $form:ident;)+) => {$(
        $(#[$doc])+
        pub struct $layer<$($param,)* S>(PhantomData<fn() -> ($($param,)* S,)>);

        impl<$($param,)* S> fmt::Debug for $layer<$($param,)* S> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($layer))
            }
        }

        impl<$($param,)* S: Wrap<$form<$($param,)* F>>, F> Wrap<F> for $layer<$($param,)* S> {
            type Whole = S::Whole;
        }
    )+};
}

layers! {
    /// Inside the `Ok` of a `Result` whose `Err` is not kept.
    InOkay<E> => Okay;
    /// Inside the `Ok` of a `Result` whose `Err` is kept.
    InBoth<E, L> => Both;
    /// Inside a `Some`.
    InMaybe<> => Maybe;
    /// Inside a `Box`.
    InBoxed<> => Boxed;
}

/// Takes one layer off a type that has one.
pub trait Peel {
    /// What is left.
    type Left;
    /// Takes it off.
    fn peel(&self) -> Self::Left;
}

macro_rules! peel {
    ($([$($param:ident),*] $type:ty => $left:ty;)+) => {$(
        impl<S, $($param),*> Peel for &Probe<S, $type> {
            type Left = $left;
            fn peel(&self) -> Self::Left {
                Self::Left::new()
            }
        }
    )+};
}

peel! {
    [T, E] Result<T, E> => Probe<InOkay<E, S>, T>;
    [T] Option<T> => Probe<InMaybe<S>, T>;
    [T] Arc<T> => Pointed<S, T>;
    [T] Box<T> => Probe<InBoxed<S>, T>;
}

/// Leaves a type alone that has no layer.
pub trait PeelNothing {
    /// The same.
    type Left;
    /// Does nothing.
    fn peel(&self) -> Self::Left;
}

impl<S, T> PeelNothing for Probe<S, T> {
    type Left = Self;
    fn peel(&self) -> Self {
        Self::new()
    }
}

impl<S, T> PeelNothing for Pointed<S, T> {
    type Left = Self;
    fn peel(&self) -> Self {
        Self::new()
    }
}

/// Takes a `Result` apart whose `Err` is kept.
#[diagnostic::on_unimplemented(
    message = "`cache_err` keeps the `Err` of a `Result`, and this function returns none",
    label = "not a `Result`",
    note = "drop `cache_err`, or return a `Result`"
)]
pub trait PeelBoth {
    /// The `Ok` type.
    type Value;
    /// The `Err` type.
    type Error;
}

impl<T, E> PeelBoth for Result<T, E> {
    type Value = T;
    type Error = E;
}

/// Examines value and error. No method: of one whose bound is not met the compiler says that it is missing.
pub fn both<T: PeelBoth>(_whole: &Probe<Bare, T>) -> (Probe<Bare, T::Value>, Probe<Bare, T::Error>) {
    (Probe::new(), Probe::new())
}

/// Goes on with the value, the error's codec being known.
pub fn beside<T, E, L>(
    _value: &Probe<Bare, T>,
    _error: &Probe<Bare, E>,
    _leaf: &PhantomData<L>,
) -> Probe<InBoth<E, L, Bare>, T> {
    Probe::new()
}

/// Chooses the codec of a type: each trait one reason, the first that applies wins.
macro_rules! leaves {
    ($($(#[$doc:meta])+ $trait:ident for [$($refs:tt)*] $type:ty, $([$($bound:tt)+])? => $leaf:ty;)+) => {$(
        $(#[$doc])+
        pub trait $trait {
            /// The codec.
            type Leaf;
            /// Names it.
            fn leaf(&self) -> PhantomData<Self::Leaf> {
                PhantomData
            }
        }

        impl<S, T> $trait for $($refs)* Probe<S, $type> $(where $($bound)+)? {
            type Leaf = $leaf;
        }

        impl<S, T> $trait for $($refs)* Pointed<S, $type> $(where $($bound)+)? {
            type Leaf = $leaf;
        }
    )+};
}

leaves! {
    /// The type has a codec of its own.
    ByNative for [&&&&] T, [T: Native] => T::Leaf;
    /// A static reference can be copied but not read back.
    ByReference for [&&&] &'static T, [T: 'static] => Opaque;
    /// The type is a collection of serialisable things.
    ByCollection for [&&] T, [T: Gathers + Serialize + Deserialize<'static>] => Collection;
    /// The type is serialisable.
    BySerde for [&] T, [T: Serialize + Deserialize<'static>] => Struct;
    /// The type can be kept in memory at best.
    ByNothing for [] T, => Opaque;
}

/// Tells whether a type is a plain number, `Copy`, or neither.
macro_rules! copyness {
    ($($(#[$doc:meta])+ $trait:ident for [$($refs:tt)*] $([$bound:path])? => $copyness:ty;)+) => {$(
        $(#[$doc])+
        pub trait $trait {
            /// What it is.
            type Copyness;
            /// Names it.
            fn copyness(&self) -> PhantomData<Self::Copyness> {
                PhantomData
            }
        }

        impl<S, T $(: $bound)?> $trait for $($refs)* Probe<S, T> {
            type Copyness = $copyness;
        }

        impl<S, T $(: $bound)?> $trait for $($refs)* Pointed<S, T> {
            type Copyness = $copyness;
        }
    )+};
}

copyness! {
    /// A plain number.
    IsWord for [&&] [Words] => Word;
    /// Some other `Copy` type.
    IsCopied for [&] [Copy] => Copied;
    /// Neither.
    IsMoved for [] => Moved;
}

impl<S, T> Probe<S, T> {
    /// Puts the form together.
    pub fn select<L, C>(&self, _leaf: &PhantomData<L>, _copyness: &PhantomData<C>) -> Selected<S::Whole>
    where
        S: Wrap<Plain<T, L, C>>,
    {
        Selected(PhantomData)
    }
}

impl<S, T> Pointed<S, T> {
    /// Puts the form together.
    pub fn select<L, C>(&self, _leaf: &PhantomData<L>, _copyness: &PhantomData<C>) -> Selected<S::Whole>
    where
        S: Wrap<Shared<T, L, C>>,
    {
        Selected(PhantomData)
    }
}

/// Examines a return type; gives a [`Selected`] form.
#[doc(hidden)]
#[macro_export]
macro_rules! __select {
    ($result:ty) => {{
        #[allow(unused_imports)]
        use $crate::select::probe::{Peel, PeelNothing};
        let whole = $crate::select::probe::probe::<$result>();
        $crate::__select_payload!(whole)
    }};
}

/// The same for a function that keeps its `Err`s.
#[doc(hidden)]
#[macro_export]
macro_rules! __select_with_err {
    ($result:ty) => {{
        #[allow(unused_imports)]
        use $crate::select::probe::{
            ByCollection, ByNative, ByNothing, ByReference, BySerde, Peel, PeelNothing,
        };
        let whole = $crate::select::probe::probe::<$result>();
        let (value, error) = $crate::select::probe::both(&whole);
        let leaf = (&&&&&error).leaf();
        let value = $crate::select::probe::beside(&value, &error, &leaf);
        $crate::__select_payload!(value)
    }};
}

/// Peels up to four layers off, and chooses.
#[doc(hidden)]
#[macro_export]
macro_rules! __select_payload {
    ($probe:expr) => {{
        #[allow(unused_imports)]
        use $crate::select::probe::{
            ByCollection, ByNative, ByNothing, ByReference, BySerde, IsCopied, IsMoved, IsWord,
        };
        let probe = (&&$probe).peel();
        let probe = (&&probe).peel();
        let probe = (&&probe).peel();
        let probe = (&&probe).peel();
        let leaf = (&&&&&probe).leaf();
        let copyness = (&&&probe).copyness();
        probe.select(&leaf, &copyness)
    }};
}

/// Asserts that the results can be stored on disk.
pub fn require_stored<F: Form + super::Stored<F::Result>>(_selected: &Selected<F>) {}

/// Asserts that the results can be array files.
pub fn require_array<F: Form + super::StoredInFile<F::Result>>(_selected: &Selected<F>) {}
