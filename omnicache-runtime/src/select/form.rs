//! A form says what is kept of a function's result: what wraps the payload, and the payload's codec.
//!
//! Forms are types without values, put together by [`super::probe`] from the outside in: `Result<Option<Arc<T>>,
//! E>` becomes `Okay<E, Maybe<Shared<T, ..>>>`. An `Arc` ends the peeling: what it points to is the payload.

use std::io::Write;
use std::marker::PhantomData;
use std::sync::Arc;

use super::bounds::Cloned;
use super::copyness::Copyness;
use crate::codec::{Leaf, Measure, Payload, TypeShape};
use crate::error::{Fault, FaultKind};
use crate::kind::{Codec, Kind};

/// What is known of a form without a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The payload's kind.
    pub kind: Kind,
    /// The payload's codec on disk.
    pub codec: Codec,
    /// The extension of an array file, if the payload can be one.
    pub file: Option<&'static str>,
    /// `size_of` the payload.
    pub size: u64,
}

/// How a function's results are kept: what is kept of them, how that is measured, written and read.
pub trait Form: 'static {
    /// What the function returns.
    type Result: 'static;
    /// What is kept of it.
    type Kept: Clone + 'static;

    /// What is known without a value.
    fn facts() -> Facts;

    /// The type's fingerprint.
    fn shape() -> TypeShape;

    /// Whether a result is one that is kept.
    fn keeps(_result: &Self::Result) -> bool {
        true
    }

    /// What is to be kept of a result.
    ///
    /// # Errors
    /// Gives the result back if it is one that is not kept.
    fn keep(result: Self::Result) -> Result<Self::Kept, Self::Result>;

    /// The result, from what was kept.
    fn give(kept: Self::Kept) -> Self::Result;

    /// Whether a copy of what is kept is known to be one of the whole payload: others may share it, and take no time.
    fn copies_whole() -> bool {
        false
    }

    /// A copy of what is kept, as a clone is one.
    #[inline]
    fn copy(kept: &Self::Kept) -> Self::Kept {
        kept.clone()
    }

    /// The payload's size and likely codec; notes the wrapping in `shell`.
    fn measure(kept: &Self::Kept, shell: &mut Vec<u8>) -> Measure;

    /// The codec that gives this very value back; [`Codec::None`] if there is none.
    fn choose(kept: &Self::Kept) -> Codec;

    /// Writes the payload.
    ///
    /// # Errors
    /// When it cannot be written in this codec, or `out` refuses.
    fn encode(kept: &Self::Kept, codec: Codec, out: &mut dyn Write) -> Result<(), Fault>;

    /// Reads a value back from its shell and payload.
    ///
    /// # Errors
    /// When they are not exactly one value of this form.
    fn decode(shell: &[u8], codec: Codec, payload: Payload) -> Result<Self::Kept, Fault>;

    /// How many bits what is kept takes; more than 128 if it does not become bits.
    #[doc(hidden)]
    const BITS: u32 = u32::MAX;

    /// The bits of what is kept.
    #[doc(hidden)]
    fn to_bits(_kept: &Self::Kept) -> u128 {
        unreachable!("bits are asked for where there are any")
    }

    /// What was kept, of its bits.
    #[doc(hidden)]
    fn from_bits(_bits: u128) -> Self::Kept {
        unreachable!("bits are asked for where there are any")
    }
}

/// The payload itself: a `T` with the codec `L`.
#[derive(Debug)]
pub struct Plain<T, L, C>(PhantomData<fn() -> (T, L, C)>);

/// `Ok` of a `Result` whose `Err` is not kept.
#[derive(Debug)]
pub struct Okay<E, F>(PhantomData<fn() -> (E, F)>);

/// `Ok` and `Err` of a `Result`, both kept; `L` is the codec of the error.
#[derive(Debug)]
pub struct Both<E, L, F>(PhantomData<fn() -> (E, L, F)>);

/// `Some` and `None`, both kept.
#[derive(Debug)]
pub struct Maybe<F>(PhantomData<fn() -> F>);

/// A payload in an `Arc`: a hit clones the pointer, so the payload need not be `Clone`.
#[derive(Debug)]
pub struct Shared<T, L, C>(PhantomData<fn() -> (T, L, C)>);

/// A `Box`.
#[derive(Debug)]
pub struct Boxed<F>(PhantomData<fn() -> F>);

const NO: u8 = 0;
const YES: u8 = 1;

/// Whether the payload behind this shell is one of the leaf, and neither an absence nor an error.
#[cfg(feature = "disk")]
pub(crate) fn is_present(shell: &[u8]) -> bool {
    shell.iter().all(|step| *step == YES)
}

fn misfit(shell: &[u8]) -> Fault {
    Fault::new(FaultKind::Decode, format!("the record's wrapping {shell:?} does not fit the return type"))
}

fn facts<T, L: Leaf<T>, C: Copyness<T>>() -> Facts {
    let small_copy = C::COPY && size_of::<T>() <= 16;
    let by_trait = matches!(L::KIND, Kind::Struct | Kind::Collection | Kind::Opaque);
    let kind = if small_copy && by_trait { Kind::Scalar } else { L::KIND };
    Facts { kind, codec: L::CODEC, file: L::FILE, size: size_of::<T>() as u64 }
}

fn measure<T, L: Leaf<T>, C: Copyness<T>>(value: &T) -> Measure {
    let facts = facts::<T, L, C>();
    if facts.kind == Kind::Scalar {
        Measure { size: facts.size, codec: facts.codec }
    } else {
        L::measure(value)
    }
}

fn decode<T, L: Leaf<T>>(shell: &[u8], codec: Codec, payload: Payload) -> Result<T, Fault> {
    if shell.is_empty() { L::decode(codec, payload) } else { Err(misfit(shell)) }
}

impl<T: Cloned + 'static, L: Leaf<T>, C: Copyness<T>> Form for Plain<T, L, C> {
    type Result = T;
    type Kept = T;

    fn copies_whole() -> bool {
        L::copies_whole()
    }

    fn facts() -> Facts {
        facts::<T, L, C>()
    }

    fn shape() -> TypeShape {
        L::shape()
    }

    #[inline]
    fn keep(result: T) -> Result<T, T> {
        Ok(result)
    }

    #[inline]
    fn give(kept: T) -> T {
        kept
    }

    #[inline]
    fn copy(kept: &T) -> T {
        L::copy(kept)
    }

    fn measure(kept: &T, _shell: &mut Vec<u8>) -> Measure {
        measure::<T, L, C>(kept)
    }

    fn choose(kept: &T) -> Codec {
        L::choose(kept)
    }

    fn encode(kept: &T, codec: Codec, out: &mut dyn Write) -> Result<(), Fault> {
        L::encode(kept, codec, out)
    }

    fn decode(shell: &[u8], codec: Codec, payload: Payload) -> Result<T, Fault> {
        decode::<T, L>(shell, codec, payload)
    }

    const BITS: u32 = C::BITS;

    #[inline]
    fn to_bits(kept: &T) -> u128 {
        C::to_bits(kept)
    }

    #[inline]
    fn from_bits(bits: u128) -> T {
        C::from_bits(bits)
    }
}

impl<T: 'static, L: Leaf<T>, C: Copyness<T>> Form for Shared<T, L, C> {
    type Result = Arc<T>;
    type Kept = Arc<T>;

    fn facts() -> Facts {
        facts::<T, L, C>()
    }

    fn shape() -> TypeShape {
        L::shape()
    }

    fn keep(result: Arc<T>) -> Result<Arc<T>, Arc<T>> {
        Ok(result)
    }

    fn give(kept: Arc<T>) -> Arc<T> {
        kept
    }

    fn measure(kept: &Arc<T>, _shell: &mut Vec<u8>) -> Measure {
        measure::<T, L, C>(kept)
    }

    fn choose(kept: &Arc<T>) -> Codec {
        L::choose(kept)
    }

    fn encode(kept: &Arc<T>, codec: Codec, out: &mut dyn Write) -> Result<(), Fault> {
        L::encode(kept, codec, out)
    }

    fn decode(shell: &[u8], codec: Codec, payload: Payload) -> Result<Arc<T>, Fault> {
        decode::<T, L>(shell, codec, payload).map(Arc::new)
    }
}

/// A wrapper that keeps what its inside keeps: all but `keep` and `give` are passed on.
macro_rules! transparent {
    () => {
        type Kept = F::Kept;
        fn copies_whole() -> bool {
            F::copies_whole()
        }

        fn facts() -> Facts {
            F::facts()
        }

        fn shape() -> TypeShape {
            F::shape()
        }

        #[inline]
        fn copy(kept: &F::Kept) -> F::Kept {
            F::copy(kept)
        }

        fn measure(kept: &F::Kept, shell: &mut Vec<u8>) -> Measure {
            F::measure(kept, shell)
        }

        fn choose(kept: &F::Kept) -> Codec {
            F::choose(kept)
        }

        fn encode(kept: &F::Kept, codec: Codec, out: &mut dyn Write) -> Result<(), Fault> {
            F::encode(kept, codec, out)
        }

        fn decode(shell: &[u8], codec: Codec, payload: Payload) -> Result<F::Kept, Fault> {
            F::decode(shell, codec, payload)
        }

        const BITS: u32 = F::BITS;

        #[inline]
        fn to_bits(kept: &F::Kept) -> u128 {
            F::to_bits(kept)
        }

        #[inline]
        fn from_bits(bits: u128) -> F::Kept {
            F::from_bits(bits)
        }
    };
}

impl<E: 'static, F: Form> Form for Okay<E, F> {
    type Result = Result<F::Result, E>;

    fn keeps(result: &Self::Result) -> bool {
        result.as_ref().is_ok_and(F::keeps)
    }

    #[inline]
    fn keep(result: Self::Result) -> Result<F::Kept, Self::Result> {
        F::keep(result.map_err(Err)?).map_err(Ok)
    }

    #[inline]
    fn give(kept: F::Kept) -> Self::Result {
        Ok(F::give(kept))
    }

    transparent! {}
}

impl<F: Form> Form for Boxed<F> {
    type Result = Box<F::Result>;

    fn keeps(result: &Self::Result) -> bool {
        F::keeps(result)
    }

    fn keep(result: Self::Result) -> Result<F::Kept, Self::Result> {
        F::keep(*result).map_err(Box::new)
    }

    fn give(kept: F::Kept) -> Self::Result {
        Box::new(F::give(kept))
    }

    transparent! {}
}

impl<E: Cloned + 'static, L: Leaf<E>, F: Form> Form for Both<E, L, F> {
    type Result = Result<F::Result, E>;
    type Kept = Result<F::Kept, E>;
    fn copies_whole() -> bool {
        F::copies_whole()
    }

    fn facts() -> Facts {
        F::facts()
    }

    fn shape() -> TypeShape {
        F::shape().rotate_left(1) ^ L::shape().rotate_left(64)
    }

    fn keeps(result: &Self::Result) -> bool {
        result.as_ref().map_or(true, F::keeps)
    }

    fn keep(result: Self::Result) -> Result<Self::Kept, Self::Result> {
        match result {
            Ok(value) => F::keep(value).map(Ok).map_err(Ok),
            Err(error) => Ok(Err(error)),
        }
    }

    fn give(kept: Self::Kept) -> Self::Result {
        kept.map(F::give)
    }

    fn copy(kept: &Self::Kept) -> Self::Kept {
        kept.as_ref().map(F::copy).map_err(E::clone)
    }

    fn measure(kept: &Self::Kept, shell: &mut Vec<u8>) -> Measure {
        shell.push(if kept.is_ok() { YES } else { NO });
        match kept {
            Ok(value) => F::measure(value, shell),
            Err(error) => L::measure(error),
        }
    }

    fn choose(kept: &Self::Kept) -> Codec {
        match kept {
            Ok(value) => F::choose(value),
            Err(error) => L::choose(error),
        }
    }

    fn encode(kept: &Self::Kept, codec: Codec, out: &mut dyn Write) -> Result<(), Fault> {
        match kept {
            Ok(value) => F::encode(value, codec, out),
            Err(error) => L::encode(error, codec, out),
        }
    }

    fn decode(shell: &[u8], codec: Codec, payload: Payload) -> Result<Self::Kept, Fault> {
        match shell.split_first() {
            Some((&YES, rest)) => F::decode(rest, codec, payload).map(Ok),
            Some((&NO, [])) => L::decode(codec, payload).map(Err),
            _ => Err(misfit(shell)),
        }
    }
}

impl<F: Form> Form for Maybe<F> {
    type Result = Option<F::Result>;
    type Kept = Option<F::Kept>;
    fn copies_whole() -> bool {
        F::copies_whole()
    }

    fn facts() -> Facts {
        F::facts()
    }

    fn shape() -> TypeShape {
        F::shape().rotate_left(2) ^ 1
    }

    fn keeps(result: &Self::Result) -> bool {
        result.as_ref().is_none_or(F::keeps)
    }

    fn keep(result: Self::Result) -> Result<Self::Kept, Self::Result> {
        result.map(F::keep).transpose().map_err(Some)
    }

    #[inline]
    fn give(kept: Self::Kept) -> Self::Result {
        kept.map(F::give)
    }

    #[inline]
    fn copy(kept: &Self::Kept) -> Self::Kept {
        kept.as_ref().map(F::copy)
    }

    const BITS: u32 = F::BITS.saturating_add(1);

    #[inline]
    fn to_bits(kept: &Self::Kept) -> u128 {
        kept.as_ref().map_or(0, |value| F::to_bits(value) << 1 | 1)
    }

    #[inline]
    fn from_bits(bits: u128) -> Self::Kept {
        (bits & 1 == 1).then(|| F::from_bits(bits >> 1))
    }

    fn measure(kept: &Self::Kept, shell: &mut Vec<u8>) -> Measure {
        shell.push(if kept.is_some() { YES } else { NO });
        match kept {
            Some(value) => F::measure(value, shell),
            None => Measure { size: 0, codec: F::facts().codec },
        }
    }

    fn choose(kept: &Self::Kept) -> Codec {
        kept.as_ref().map_or(F::facts().codec, F::choose)
    }

    fn encode(kept: &Self::Kept, codec: Codec, out: &mut dyn Write) -> Result<(), Fault> {
        kept.as_ref().map_or(Ok(()), |value| F::encode(value, codec, out))
    }

    fn decode(shell: &[u8], codec: Codec, payload: Payload) -> Result<Self::Kept, Fault> {
        match shell.split_first() {
            Some((&YES, rest)) => F::decode(rest, codec, payload).map(Some),
            Some((&NO, [])) if payload.is_empty() => Ok(None),
            _ => Err(misfit(shell)),
        }
    }
}
