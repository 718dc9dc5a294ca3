//! Writing and reading `.npy` files.

use std::io;
use std::sync::Arc;

use ndarray::{ArcArray, Array as Owned, ArrayView, Dimension, IxDyn, ShapeBuilder};
use ndarray_npy::{ReadNpyExt, WriteNpyExt};

use super::element::{Element, copy};
use super::header::Header;
use super::{Array, MappedArray};
use crate::codec::copying::copied_values;
use crate::codec::{Leaf, Measure, Native, Payload, TypeShape, expect_codec, shape_of};
use crate::error::{Fault, FaultKind};
use crate::kind::{Codec, Kind};

const NATIVE: char = if cfg!(target_endian = "little") { '<' } else { '>' };

fn size<A>(elements: usize) -> Measure {
    Measure { size: elements as u64 * size_of::<A>() as u64, codec: Codec::Npy }
}

fn shape<A: Element, D: Dimension>() -> TypeShape {
    let dimensions = D::NDIM.map_or_else(|| "any".to_owned(), |count| count.to_string());
    shape_of(&["npy", A::CODE, &dimensions])
}

fn write<A: Element, D: Dimension>(
    view: &ArrayView<'_, A, D>,
    codec: Codec,
    out: &mut dyn io::Write,
) -> Result<(), Fault> {
    expect_codec(FaultKind::Encode, codec, Codec::Npy)?;
    let written = if view.is_standard_layout() || view.t().is_standard_layout() {
        view.write_npy(out)
    } else {
        // The writer goes element by element; a buffer makes that fast, and a copy in order would need as much memory
        // again.
        view.write_npy(io::BufWriter::with_capacity(BUFFER, out))
    };
    written.map_err(|error| Fault::new(FaultKind::Encode, "writing an array").because(error))
}

fn refused(why: &str) -> Fault {
    Fault::new(FaultKind::Decode, format!("not an array of the type: {why}"))
}

/// Elements that are written one by one are gathered up to this many bytes.
const BUFFER: usize = 64 << 10;

/// What the file says, checked against the type and the file's length.
#[derive(Clone)]
struct Checked<D> {
    elements: std::ops::Range<usize>,
    shape: D,
    fortran: bool,
    native: bool,
}

fn check<A: Element, D: Dimension>(file: &[u8]) -> Result<Checked<D>, Fault> {
    let header = Header::parse(file).ok_or_else(|| refused("the header is malformed"))?;
    let mut descr = header.descr.chars();
    let order = descr.next();
    if descr.as_str() != A::CODE || !matches!(order, Some('<' | '>' | '=' | '|')) {
        return Err(refused("another element type"));
    }
    let shape =
        D::from_dimension(&IxDyn(&header.shape)).ok_or_else(|| refused("another number of dimensions"))?;
    let elements =
        header.elements(file, size_of::<A>()).ok_or_else(|| refused("the length is not the shape's"))?;
    let native = size_of::<A>() == 1 || matches!(order, Some('=')) || order == Some(NATIVE);
    Ok(Checked { elements, shape, fortran: header.fortran, native })
}

fn read_owned<A: Element, D: Dimension>(codec: Codec, file: &[u8]) -> Result<Owned<A, D>, Fault> {
    expect_codec(FaultKind::Decode, codec, Codec::Npy)?;
    let checked = check::<A, D>(file)?;
    copied(file, checked)
}

fn copied<A: Element, D: Dimension>(file: &[u8], checked: Checked<D>) -> Result<Owned<A, D>, Fault> {
    let Checked { elements, shape, fortran, native } = checked;
    if !native {
        return Owned::read_npy(file).map_err(|error| refused("the elements are").because(error));
    }
    let elements = copy(&file[elements])
        .map_err(|error| Fault::new(FaultKind::Decode, "there is no room for the array").because(error))?
        .ok_or_else(|| refused("the elements are"))?;
    Owned::from_shape_vec(shape.set_f(fortran), elements).map_err(|error| refused("the shape").because(error))
}

fn read_mapped<A: Element, D: Dimension>(
    codec: Codec,
    payload: &Payload,
) -> Result<MappedArray<A, D>, Fault> {
    expect_codec(FaultKind::Decode, codec, Codec::Npy)?;
    let checked = check::<A, D>(payload)?;
    if let Payload::Mapped(mapping) = payload
        && checked.native
    {
        let Checked { elements, shape, fortran, .. } = checked.clone();
        if let Some(array) = MappedArray::in_file(Arc::clone(mapping), elements, shape, fortran) {
            return Ok(array);
        }
    }
    // In memory, misaligned or of the other byte order: copied.
    copied(payload, checked).map(MappedArray::from)
}

/// A copy with the same layout.
fn duplicated<A: Element, D: Dimension>(array: &Owned<A, D>) -> Owned<A, D> {
    let fortran = !array.is_standard_layout() && array.t().is_standard_layout();
    let copied = if fortran {
        array.t().as_slice().and_then(copied_values)
    } else {
        array.as_slice().and_then(copied_values)
    };
    let shape = array.raw_dim().set_f(fortran);
    copied.and_then(|values| Owned::from_shape_vec(shape, values).ok()).unwrap_or_else(|| array.clone())
}

macro_rules! arrays {
    ($($type:ident: $read:expr, $copy:expr, $shares:expr;)+) => {
        $(impl<A: Element, D: Dimension + 'static> Leaf<$type<A, D>> for Array {
            const KIND: Kind = Kind::Array;
            const CODEC: Codec = Codec::Npy;
            const FILE: Option<&'static str> = Some("npy");

            fn measure(value: &$type<A, D>) -> Measure {
                size::<A>(value.len())
            }

            fn encode(value: &$type<A, D>, codec: Codec, out: &mut dyn io::Write) -> Result<(), Fault> {
                write(&value.view(), codec, out)
            }

            fn decode(codec: Codec, payload: Payload) -> Result<$type<A, D>, Fault> {
                $read(codec, &payload)
            }

            fn shape() -> TypeShape {
                shape::<A, D>()
            }

            fn copies_whole() -> bool {
                !$shares
            }

            fn copy(value: &$type<A, D>) -> $type<A, D> {
                $copy(value)
            }
        }

        impl<A: Element, D: Dimension + 'static> Native for $type<A, D> {
            type Leaf = Array;
        })+
    };
}

arrays! {
    Owned: read_owned, duplicated, false;
    ArcArray: |codec, payload| read_owned(codec, payload).map(Owned::into_shared), Clone::clone, true;
    MappedArray: read_mapped, Clone::clone, true;
}
