//! Keys: a value as canonical bytes, and the digests an entry is found by.
//!
//! [`CacheKey`] writes a value typed, length-prefixed and little-endian into a [`KeyWriter`]. Short keys never
//! leave the stack; long ones are streamed through the hash and never copied.

mod bulk;
mod digest;
mod file;
mod numbers;
mod prehashed;
pub mod probe;
mod serial;
mod standard;
mod wide;
mod writer;

#[cfg(feature = "arrow")]
mod arrow;
#[cfg(feature = "bytes")]
mod bytes;
#[cfg(feature = "disk")]
mod canonical;
#[cfg(feature = "json")]
mod json;
#[cfg(feature = "ndarray")]
mod ndarray;
#[cfg(feature = "disk")]
mod show;
#[cfg(feature = "disk")]
mod tree;

#[cfg(feature = "disk")]
pub(crate) use canonical::{Canonical, is_digest};
pub(crate) use digest::{Digest, DigestState, Secret};
pub use file::{FileContent, file};
pub use prehashed::Prehashed;
#[cfg(feature = "disk")]
pub use show::show;
pub use writer::KeyWriter;

/// A value that can be part of a key.
///
/// Two values that are equal must write the same bytes, two that differ must not; the bytes must be the same in
/// every process. Derive it: `#[derive(CacheKey)]` writes the type's name and its fields in order, and
/// `#[cache_key(ignore)]` leaves a field out. It is implemented for the standard types (floats included: `0.0`
/// and `-0.0` are one key, and so are all NaNs), slices, paths, `ndarray` arrays and record batches. An argument
/// without it is written through `Serialize` and `Hash`, whichever it has.
///
/// ```
/// use omnicache_runtime::{CacheKey, KeyWriter};
///
/// struct Celsius(f32);
///
/// impl CacheKey for Celsius {
///     fn write_key(&self, key: &mut KeyWriter) {
///         key.begin("Celsius");
///         self.0.write_key(key);
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of the key of a cached function",
    label = "does not implement `CacheKey`",
    note = "derive `omnicache::CacheKey` for it, or leave it out: a field by `#[cache_key(ignore)]`, an argument \
            by `#[cache(ignore(argument))]`"
)]
pub trait CacheKey {
    /// Writes the value's canonical bytes.
    fn write_key(&self, key: &mut KeyWriter);

    /// Writes the elements of a slice, whose length has been written; plain numbers go in one piece.
    #[doc(hidden)]
    fn write_slice(slice: &[Self], key: &mut KeyWriter)
    where
        Self: Sized,
    {
        Self::write_all(slice.iter(), key);
    }

    /// Writes elements that do not lie side by side, in the bytes that a slice of them has.
    #[doc(hidden)]
    fn write_all<'a>(elements: impl Iterator<Item = &'a Self>, key: &mut KeyWriter)
    where
        Self: Sized + 'a,
    {
        elements.for_each(|element| element.write_key(key));
    }
}
