//! Picks, per argument and by its resolved type, how it is written into the key.
//!
//! A chain of references decides: method lookup tries the most borrowed receiver first, so the first trait whose
//! bound holds wins: `CacheKey`; else `Serialize` and `Hash` both; else the one there is.

use std::hash::{Hash, Hasher};

use serde::Serialize;

use super::writer::Tag;
use super::{CacheKey, KeyWriter, serial};

/// An argument about to be written.
#[derive(Debug)]
pub struct Argument<'a, T: ?Sized>(pub &'a T);

/// First choice: the type says itself how.
pub trait ByCacheKey {
    /// Writes the argument.
    fn write_to(&self, key: &mut KeyWriter);
}

impl<T: CacheKey + ?Sized> ByCacheKey for &&&&Argument<'_, T> {
    #[inline(always)]
    fn write_to(&self, key: &mut KeyWriter) {
        self.0.write_key(key);
    }
}

/// Second choice: `Serialize` and `Hash`, so that a skipped field still tells two calls apart.
pub trait ByBoth {
    /// Writes the argument.
    fn write_to(&self, key: &mut KeyWriter);
}

impl<T: Serialize + Hash + ?Sized> ByBoth for &&&Argument<'_, T> {
    fn write_to(&self, key: &mut KeyWriter) {
        serial::write(self.0, key);
        write_hash(self.0, key);
    }
}

/// Third choice: `Serialize`.
pub trait BySerialize {
    /// Writes the argument.
    fn write_to(&self, key: &mut KeyWriter);
}

impl<T: Serialize + ?Sized> BySerialize for &&Argument<'_, T> {
    fn write_to(&self, key: &mut KeyWriter) {
        serial::write(self.0, key);
    }
}

/// Fourth choice: `Hash` alone, good for memory and not stable enough for disk.
pub trait ByHash {
    /// Writes the argument.
    fn write_to(&self, key: &mut KeyWriter);
}

impl<T: Hash + ?Sized> ByHash for &Argument<'_, T> {
    fn write_to(&self, key: &mut KeyWriter) {
        key.unstable();
        write_hash(self.0, key);
    }
}

/// What an argument needs to be part of the key.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of the key of a cached function",
    label = "has none of `CacheKey`, `Serialize` and `Hash`",
    note = "derive `omnicache::CacheKey` for it, leave it out with `#[cache(ignore(argument))]`, or replace \
            the key with `#[cache(key = ...)]`"
)]
pub trait KeyPart {}

impl<T: CacheKey + ?Sized> KeyPart for T {}

/// No choice: reports what to derive.
pub trait Refused<T: ?Sized> {
    /// Never compiles: there is no way to write the argument.
    fn write_to(&self, key: &mut KeyWriter)
    where
        T: KeyPart;
}

impl<T: ?Sized> Refused<T> for Argument<'_, T> {
    fn write_to(&self, key: &mut KeyWriter)
    where
        T: KeyPart,
    {
        key.unstable();
    }
}

/// What an argument needs in a function whose results outlive the process.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of a key on disk",
    label = "has neither `CacheKey` nor `Serialize`",
    note = "`Hash` alone is not stable between builds and machines: derive `omnicache::CacheKey` or \
            `serde::Serialize` for it, leave it out with `#[cache(ignore(...))]`, or replace the key with \
            `#[cache(key = ...)]`"
)]
pub trait StableKey {}

impl<T: CacheKey + ?Sized> StableKey for T {}

/// No stable choice: reports what to derive.
pub trait RefusedOnDisk<T: ?Sized> {
    /// Never compiles: there is no stable way to write the argument.
    fn write_to(&self, key: &mut KeyWriter)
    where
        T: StableKey;
}

impl<T: ?Sized> RefusedOnDisk<T> for Argument<'_, T> {
    fn write_to(&self, key: &mut KeyWriter)
    where
        T: StableKey,
    {
        key.unstable();
    }
}

/// What `self` needs to be part of the key.
#[diagnostic::on_unimplemented(
    message = "`self` is part of the key of a cached method, and `{Self}` cannot be",
    label = "has none of `CacheKey`, `Serialize` and `Hash`",
    note = "write `#[cache(key = ...)]` with what tells two receivers apart, `#[cache(ignore(self))]` if they \
            all give the same result, or derive `omnicache::CacheKey` for the type"
)]
pub trait SelfKey {}

impl<T: CacheKey + ?Sized> SelfKey for T {}

/// No choice for `self`: reports what to write.
pub trait RefusedSelf<T: ?Sized> {
    /// Never compiles: there is no way to write the receiver.
    fn write_to(&self, key: &mut KeyWriter)
    where
        T: SelfKey;
}

impl<T: ?Sized> RefusedSelf<T> for Argument<'_, T> {
    fn write_to(&self, key: &mut KeyWriter)
    where
        T: SelfKey,
    {
        key.unstable();
    }
}

/// Writes an argument into the key, by the best means its type has.
#[doc(hidden)]
#[macro_export]
macro_rules! __key {
    ($key:expr, $argument:expr) => {{
        #[allow(unused_imports)]
        use $crate::key::probe::{Argument, ByBoth, ByCacheKey, ByHash, BySerialize, Refused};
        (&&&&&Argument(&$argument)).write_to($key)
    }};
}

/// The same in a function that persists: `Hash` alone is refused.
#[doc(hidden)]
#[macro_export]
macro_rules! __stable_key {
    ($key:expr, $argument:expr) => {{
        #[allow(unused_imports)]
        use $crate::key::probe::{Argument, ByBoth, ByCacheKey, BySerialize, RefusedOnDisk};
        (&&&&&Argument(&$argument)).write_to($key)
    }};
}

/// The same for the receiver of a method.
#[doc(hidden)]
#[macro_export]
macro_rules! __key_self {
    ($key:expr, $argument:expr) => {{
        #[allow(unused_imports)]
        use $crate::key::probe::{Argument, ByBoth, ByCacheKey, ByHash, BySerialize, RefusedSelf};
        (&&&&&Argument(&$argument)).write_to($key)
    }};
}

/// The same for the receiver of a method that persists.
#[doc(hidden)]
#[macro_export]
macro_rules! __stable_key_self {
    ($key:expr, $argument:expr) => {{
        #[allow(unused_imports)]
        use $crate::key::probe::{Argument, ByBoth, ByCacheKey, BySerialize, RefusedOnDisk};
        (&&&&&Argument(&$argument)).write_to($key)
    }};
}

fn write_hash<T: Hash + ?Sized>(value: &T, key: &mut KeyWriter) {
    key.tag(Tag::Hashed);
    value.hash(&mut Feed(key));
    key.tag(Tag::End);
}

/// A hasher that passes on what it is fed instead of hashing it.
struct Feed<'a>(&'a mut KeyWriter);

impl Hasher for Feed<'_> {
    fn write(&mut self, bytes: &[u8]) {
        self.0.raw(bytes);
    }

    fn finish(&self) -> u64 {
        0
    }
}
