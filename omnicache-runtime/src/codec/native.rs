//! Which types have a leaf of their own.

/// A type with a codec of its own: arrays, frames, images, byte strings, JSON.
///
/// Implemented beside each leaf, so that the selection needs no list. Serialisable types are not listed here: they
/// share the leaves [`super::Scalar`], [`super::Collection`] and [`super::Struct`].
pub trait Native: Sized + 'static {
    /// The type's leaf.
    type Leaf: super::Leaf<Self>;
}
