//! The leaf of arrays: NumPy's `.npy` format, mapped without a copy where the type can hold a mapping.
//!
//! The format is that of `numpy.lib.format`; each file can be opened with `numpy.load(..., mmap_mode="r")`.

mod element;
mod header;
mod leaf;
mod mapped;
#[cfg(test)]
mod tests;

pub use element::Element;
pub use mapped::MappedArray;

/// The leaf of arrays.
#[derive(Clone, Copy, Debug)]
pub struct Array;
