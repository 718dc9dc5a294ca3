//! Writing and reading `.npy` files.

use std::io;

use ndarray::{ArcArray, Array as Owned, ArrayView, Dimension, IxDyn};
use ndarray_npy::{ReadNpyExt, WriteNpyExt};

use super::element::Element;
use super::header::Header;
use super::{Array, MappedArray};
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
        // Element by element is what the writer would do with this layout; a copy in order is far faster.
        view.as_standard_layout().write_npy(out)
    };
    written.map_err(|error| Fault::new(FaultKind::Encode, "writing an array").because(error))
}

fn refused(why: &str) -> Fault {
    Fault::new(FaultKind::Decode, format!("not an array of the type: {why}"))
}

/// What the file says, checked against the type and the file's length.
struct Checked {
    elements: std::ops::Range<usize>,
    shape: Vec<usize>,
    fortran: bool,
    native: bool,
}

fn check<A: Element, D: Dimension>(file: &[u8]) -> Result<Checked, Fault> {
    let header = Header::parse(file).ok_or_else(|| refused("the header is malformed"))?;
    let mut descr = header.descr.chars();
    let order = descr.next();
    if descr.as_str() != A::CODE || !matches!(order, Some('<' | '>' | '=' | '|')) {
        return Err(refused("another element type"));
    }
    if D::NDIM.is_some_and(|count| count != header.shape.len()) {
        return Err(refused("another number of dimensions"));
    }
    let elements =
        header.elements(file, size_of::<A>()).ok_or_else(|| refused("the length is not the shape's"))?;
    let native = size_of::<A>() == 1 || matches!(order, Some('=')) || order == Some(NATIVE);
    Ok(Checked { elements, shape: header.shape, fortran: header.fortran, native })
}

fn read_owned<A: Element, D: Dimension>(codec: Codec, file: &[u8]) -> Result<Owned<A, D>, Fault> {
    expect_codec(FaultKind::Decode, codec, Codec::Npy)?;
    // The reader makes room for what the header says before it reads, so the header is checked first.
    check::<A, D>(file)?;
    Owned::read_npy(file).map_err(|error| refused("the elements are").because(error))
}

fn read_mapped<A: Element, D: Dimension>(
    codec: Codec,
    payload: &Payload,
) -> Result<MappedArray<A, D>, Fault> {
    expect_codec(FaultKind::Decode, codec, Codec::Npy)?;
    if let Payload::Mapped(mapping) = payload {
        let checked = check::<A, D>(mapping)?;
        let shape = D::from_dimension(&IxDyn(&checked.shape))
            .ok_or_else(|| refused("another number of dimensions"))?;
        let mapping = std::sync::Arc::clone(mapping);
        if checked.native
            && let Some(array) = MappedArray::in_file(mapping, checked.elements, shape, checked.fortran)
        {
            return Ok(array);
        }
    }
    // In memory, misaligned or of the other byte order: copied.
    read_owned::<A, D>(codec, payload).map(MappedArray::from)
}

macro_rules! arrays {
    ($($type:ident: $read:expr;)+) => {
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
        }

        impl<A: Element, D: Dimension + 'static> Native for $type<A, D> {
            type Leaf = Array;
        })+
    };
}

arrays! {
    Owned: read_owned;
    ArcArray: |codec, payload| read_owned(codec, payload).map(Owned::into_shared);
    MappedArray: read_mapped;
}
