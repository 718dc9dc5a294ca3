#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_precision_loss,
    reason = "made-up values of every type"
)]

use std::fmt::Debug;

use ndarray::{
    ArcArray2, Array0, Array1, Array2, Array3, ArrayD, Axis, Dimension, IxDyn, ShapeBuilder, array, s,
};
use num_complex::Complex;

use super::{Array, Element, MappedArray};
use crate::codec::testing::{encoded, mapped, survives_damage};
use crate::codec::{Leaf, Payload};
use crate::kind::Codec;

type Owned<A, D> = ndarray::Array<A, D>;

fn comes_back<A: Element + PartialEq + Debug, D: Dimension + 'static>(array: &Owned<A, D>) {
    let bytes = encoded::<_, Array>(array);
    assert_eq!(Array::measure(array).size, (array.len() * size_of::<A>()) as u64);
    let back: Owned<A, D> = Array::decode(Codec::Npy, bytes.clone().into()).expect("it reads back");
    assert_eq!(back, *array);
    for payload in [Payload::from(bytes.clone()), mapped(&bytes)] {
        let back: MappedArray<A, D> = Array::decode(Codec::Npy, payload).expect("it reads back");
        assert_eq!(back.view(), *array);
        assert_eq!(back.shape(), array.shape());
        assert_eq!(encoded::<_, Array>(&back), bytes);
    }
}

#[test]
fn every_element_type_and_dimension_comes_back() {
    macro_rules! types {
        ($($type:ty)+) => {$(
            let array = Owned::from_shape_fn((2, 3), |(a, b)| (a * 3 + b) as $type);
            comes_back(&array);
            comes_back(&array.clone().into_dyn());
        )+};
    }
    types! { i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 }
    comes_back(&array![[true, false], [false, true]]);
    comes_back(&array![Complex::new(1f32, 2.0)]);
    comes_back(&array![Complex::new(1f64, -2.0)]);
    comes_back(&Array0::from_elem((), 7u16));
    comes_back(&Array3::<u8>::zeros((2, 0, 3)));
    comes_back(&Array1::<f64>::zeros(0));
    comes_back(&ArrayD::from_shape_fn(IxDyn(&[1, 2, 1, 2, 1, 2, 3]), |at| at[6] as f32));
    comes_back(&Owned::from_shape_fn((1, 2, 3, 2, 1, 2), |(.., f)| f as i64));
}

#[test]
fn the_layout_is_kept() {
    let columns = Array2::from_shape_fn((3, 4).f(), |(a, b)| (a * 4 + b) as f64);
    let bytes = encoded::<_, Array>(&columns);
    let back: Array2<f64> = Array::decode(Codec::Npy, bytes.clone().into()).expect("it reads back");
    assert_eq!(back, columns);
    assert_eq!(back.strides(), columns.strides());
    let back: MappedArray<f64, _> = Array::decode(Codec::Npy, mapped(&bytes)).expect("it reads back");
    assert_eq!(back.view(), columns);
    assert_eq!(back.view().strides(), columns.strides());
    assert_eq!(back.to_owned().strides(), columns.strides());
}

#[test]
fn arrays_out_of_order_come_back() {
    let whole = Array3::from_shape_fn((4, 5, 6), |(a, b, c)| (a * 100 + b * 10 + c) as i32);
    let mut turned = whole.clone();
    turned.invert_axis(Axis(1));
    comes_back(&turned);
    comes_back(&whole.clone().permuted_axes([1, 0, 2]));
    comes_back(&whole.clone().slice_move(s![..;2, 1..4, ..;-3]));
    let shared: ArcArray2<i32> = whole.into_shared().slice_move(s![1, .., ..;2]);
    let bytes = encoded::<_, Array>(&shared);
    let back: ArcArray2<i32> = Array::decode(Codec::Npy, bytes.into()).expect("it reads back");
    assert_eq!(back, shared);
}

/// A file as `numpy.save` writes it: the elements start at byte 128.
fn golden(dictionary: &str, elements: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    let padded = format!("{dictionary:<117}\n");
    bytes.extend((padded.len() as u16).to_le_bytes());
    bytes.extend(padded.bytes());
    bytes.extend(elements);
    bytes
}

#[test]
fn files_are_those_of_numpy() {
    let array = array![[1i16, 2, 3], [4, 5, 6]];
    let elements = [1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0];
    let numpy = golden("{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3), }", &elements);
    // Ours lack numpy's trailing comma, which its own reader takes either way; the elements start at byte 128 too.
    let ours = golden("{'descr': '<i2', 'fortran_order': False, 'shape': (2, 3)}", &elements);
    assert_eq!(encoded::<_, Array>(&array), ours);
    let back: Array2<i16> = Array::decode(Codec::Npy, numpy.into()).expect("numpy's file reads");
    assert_eq!(back, array);
}

#[test]
fn a_mapping_is_borrowed_not_copied() {
    let array = Array2::from_shape_fn((10, 10), |(a, b)| (a * b) as f64);
    let payload = mapped(&encoded::<_, Array>(&array));
    let range = payload.as_ptr_range();
    let back: MappedArray<f64, ndarray::Ix2> = Array::decode(Codec::Npy, payload).expect("it reads back");
    assert!(range.contains(&back.view().as_ptr().cast()));
    let again = back.clone();
    drop(back);
    assert!(range.contains(&again.view().as_ptr().cast()));
    assert_eq!(again.view(), array);
}

#[test]
fn misaligned_and_foreign_files_are_copied() {
    // A header of odd length leaves the elements misaligned.
    let mut odd =
        b"\x93NUMPY\x01\x00\x3b\x00{'descr': '<i2', 'fortran_order': False, 'shape': (2,), }".to_vec();
    odd.resize(9 + 0x3b, b' ');
    odd.push(b'\n');
    odd.extend([1, 0, 2, 0]);
    let back: MappedArray<i16, ndarray::Ix1> = Array::decode(Codec::Npy, mapped(&odd)).expect("it reads");
    assert_eq!(back.view(), array![1, 2]);
    let big = golden("{'descr': '>i2', 'fortran_order': False, 'shape': (2,), }", &[0, 1, 0, 2]);
    let back: MappedArray<i16, ndarray::Ix1> = Array::decode(Codec::Npy, mapped(&big)).expect("it reads");
    assert_eq!(back.view(), array![1, 2]);
    let back: Array1<i16> = Array::decode(Codec::Npy, big.into()).expect("it reads");
    assert_eq!(back, array![1, 2]);
}

#[test]
fn hostile_headers_are_refused() {
    let refused = |dictionary: &str, elements: &[u8]| {
        let bytes = golden(dictionary, elements);
        let owned: Result<ArrayD<f64>, _> = Array::decode(Codec::Npy, bytes.clone().into());
        let lent: Result<MappedArray<f64, IxDyn>, _> = Array::decode(Codec::Npy, mapped(&bytes));
        assert!(owned.is_err() && lent.is_err(), "{dictionary}");
    };
    let huge = "{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776,), }";
    refused(huge, &[0; 8]);
    refused("{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296), }", &[]);
    refused("{'descr': '<f8', 'fortran_order': False, 'shape': (0, 9223372036854775807, 9), }", &[]);
    refused("{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,), }", &[]);
    refused("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }", &[0; 8]);
    refused("{'descr': '<i8', 'fortran_order': False, 'shape': (1,), }", &[0; 8]);
    refused("{'descr': '<f8', 'shape': (1,), 'shape': (1,), 'fortran_order': False}", &[0; 8]);
    refused("{'descr': [('a', '<f8')], 'fortran_order': False, 'shape': (1,), }", &[0; 8]);
    refused("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), } x", &[0; 8]);
    refused(
        &format!("{{'descr': '<f8', 'fortran_order': False, 'shape': ({}), }}", "1,".repeat(65)),
        &[0; 8],
    );
    let flags = golden("{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }", &[1, 2]);
    assert!(<Array as Leaf<Array1<bool>>>::decode(Codec::Npy, flags.clone().into()).is_err());
    assert!(<Array as Leaf<MappedArray<bool, ndarray::Ix1>>>::decode(Codec::Npy, mapped(&flags)).is_err());
}

#[test]
fn damaged_files_never_panic() {
    let bytes = encoded::<_, Array>(&array![[1.0f64, 2.0], [3.0, 4.0]]);
    survives_damage::<Array2<f64>, Array>(&bytes, |array| assert!(array.len() < 5));
    survives_damage::<MappedArray<f64, IxDyn>, Array>(&bytes, |array| drop(array.to_owned()));
    let bytes = encoded::<_, Array>(&array![true, false, true]);
    survives_damage::<MappedArray<bool, IxDyn>, Array>(&bytes, |array| drop(array.to_owned()));
}

#[test]
fn the_shape_tells_element_type_and_dimensions() {
    let shapes = [
        <Array as Leaf<Array2<f64>>>::shape(),
        <Array as Leaf<Array2<f32>>>::shape(),
        <Array as Leaf<Array1<f64>>>::shape(),
        <Array as Leaf<ArrayD<f64>>>::shape(),
    ];
    for (at, shape) in shapes.iter().enumerate() {
        assert!(!shapes[..at].contains(shape));
    }
    assert_eq!(shapes[0], <Array as Leaf<MappedArray<f64, ndarray::Ix2>>>::shape());
}

#[test]
fn a_copy_has_the_values_and_the_layout() {
    for side in [3, 1500] {
        let rows = Array2::from_shape_fn((side, side), |(i, j)| (i * 7 + j) as f64);
        let columns =
            Array2::from_shape_vec((side, side).f(), rows.iter().copied().collect()).expect("a shape");
        let mut turned = Array3::from_shape_fn((2, side, side), |(i, j, k)| (i + j * k) as f64);
        turned.swap_axes(0, 1);
        for array in [rows.into_dyn(), columns.into_dyn(), turned.into_dyn()] {
            let copy = <Array as Leaf<_>>::copy(&array);
            assert!(copy == array);
            assert_eq!(copy.strides(), array.clone().strides());
        }
    }
}
