//! An array that may lie in a mapped file.

use std::fmt;
use std::marker::PhantomData;
use std::ops::Range;
use std::sync::Arc;

use ndarray::{ArcArray, Array, ArrayView, Dimension, ShapeBuilder};

use super::element::{Element, cast};
use crate::store::Mapping;

/// A shared, read-only array. On a hit it is the mapped `.npy` file itself: nothing is copied, and the mapping
/// lives as long as any clone does, whatever becomes of the entry.
///
/// Return it in place of an `Array`: a hit on 100 MB then takes some 20 µs and reads what is looked at, where an `Array`
/// is a copy of all of it, which takes some 9 ms and as much memory again.
///
/// ```
/// use ndarray::{Array2, Ix2};
/// use omnicache_runtime::MappedArray;
///
/// let array: MappedArray<f64, Ix2> = Array2::eye(3).into();
/// assert_eq!(array.view().diag().sum(), 3.0);
/// assert_eq!(array.clone().to_owned(), Array2::<f64>::eye(3));
/// ```
pub struct MappedArray<A, D>(Place<A, D>);

enum Place<A, D> {
    Memory(ArcArray<A, D>),
    File(FileView<A, D>),
}

/// Elements in a mapped file. They were checked when it was made: `elements` are aligned, valid and as many as
/// `shape` says.
struct FileView<A, D> {
    mapping: Arc<Mapping>,
    elements: Range<usize>,
    shape: D,
    fortran: bool,
    of: PhantomData<A>,
}

impl<A: Element, D: Dimension> FileView<A, D> {
    fn view(&self) -> Option<ArrayView<'_, A, D>> {
        let bytes = self.mapping.get(self.elements.clone())?;
        // SAFETY: `elements` was cast once when the view was made, so it is aligned, whole and valid; the mapping
        // neither moves nor changes, and the slice borrows it from `self`.
        let elements =
            unsafe { std::slice::from_raw_parts(bytes.as_ptr().cast(), bytes.len() / size_of::<A>()) };
        ArrayView::from_shape(self.shape.clone().set_f(self.fortran), elements).ok()
    }
}

impl<A: Element, D: Dimension> MappedArray<A, D> {
    /// The elements `elements` of a mapping; `None` if they are not an array of this shape in native byte order.
    pub(super) fn in_file(
        mapping: Arc<Mapping>,
        elements: Range<usize>,
        shape: D,
        fortran: bool,
    ) -> Option<Self> {
        cast::<A>(mapping.get(elements.clone())?)?;
        let view = FileView { mapping, elements, shape, fortran, of: PhantomData };
        view.view()?;
        Some(Self(Place::File(view)))
    }

    /// The array, wherever it lies. It costs a few nanoseconds.
    ///
    /// # Panics
    /// Never: the shape was checked when the array was made.
    pub fn view(&self) -> ArrayView<'_, A, D> {
        match &self.0 {
            Place::Memory(array) => array.view(),
            Place::File(file) => file.view().expect("checked when the array was made"),
        }
    }

    /// The length of each axis.
    pub fn shape(&self) -> &[usize] {
        match &self.0 {
            Place::Memory(array) => array.shape(),
            Place::File(file) => file.shape.slice(),
        }
    }

    /// The number of elements.
    pub fn len(&self) -> usize {
        self.shape().iter().product()
    }

    /// Whether there are no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// A copy of the array in memory of its own, in the same layout.
    pub fn to_owned(&self) -> Array<A, D> {
        self.view().to_owned()
    }
}

impl<A, D: Dimension> From<Array<A, D>> for MappedArray<A, D> {
    fn from(array: Array<A, D>) -> Self {
        Self(Place::Memory(array.into()))
    }
}

impl<A, D: Dimension> From<ArcArray<A, D>> for MappedArray<A, D> {
    fn from(array: ArcArray<A, D>) -> Self {
        Self(Place::Memory(array))
    }
}

/// Shares the array.
impl<A, D: Clone> Clone for MappedArray<A, D> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Place::Memory(array) => Place::Memory(array.clone()),
            Place::File(file) => Place::File(FileView {
                mapping: Arc::clone(&file.mapping),
                elements: file.elements.clone(),
                shape: file.shape.clone(),
                fortran: file.fortran,
                of: PhantomData,
            }),
        })
    }
}

impl<A: Element + fmt::Debug, D: Dimension> fmt::Debug for MappedArray<A, D> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.view().fmt(f)
    }
}

/// Equal in shape and elements, whatever the layout.
impl<A: Element + PartialEq, D: Dimension> PartialEq for MappedArray<A, D> {
    fn eq(&self, other: &Self) -> bool {
        self.view() == other.view()
    }
}
