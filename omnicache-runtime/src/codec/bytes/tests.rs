use super::{Bytes, MappedBytes};
use crate::codec::{Leaf, Payload};
use crate::kind::Codec;

#[test]
fn every_byte_string_comes_back() {
    fn check<T>(value: &T)
    where
        T: PartialEq + std::fmt::Debug,
        Bytes: Leaf<T>,
    {
        let mut out = Vec::new();
        <Bytes as Leaf<T>>::encode(value, Codec::Raw, &mut out).expect("bytes are written");
        assert_eq!(<Bytes as Leaf<T>>::measure(value).size, out.len() as u64);
        assert_eq!(<Bytes as Leaf<T>>::decode(Codec::Raw, out.into()).expect("bytes are read"), *value);
    }
    for bytes in [vec![], vec![1, 2, 3]] {
        check(&bytes);
        check(&bytes.clone().into_boxed_slice());
        check(&std::sync::Arc::<[u8]>::from(bytes.clone()));
        check(&MappedBytes::from(bytes));
    }
}

#[test]
fn another_codec_is_refused() {
    assert!(<Bytes as Leaf<Vec<u8>>>::decode(Codec::Npy, Payload::from(vec![1])).is_err());
    assert!(<Bytes as Leaf<Vec<u8>>>::encode(&vec![1], Codec::Json, &mut Vec::new()).is_err());
}

#[cfg(feature = "disk")]
#[test]
fn a_mapping_is_not_copied() {
    let payload = crate::codec::testing::mapped(&[7; 100]);
    let place = payload.as_ptr();
    let mapped = <Bytes as Leaf<MappedBytes>>::decode(Codec::Raw, payload).expect("bytes are read");
    assert_eq!(mapped.as_ptr(), place);
    assert_eq!(*mapped, [7; 100]);
}

#[cfg(all(feature = "disk", feature = "bytes"))]
#[test]
fn shared_bytes_are_the_mapping() {
    let payload = crate::codec::testing::mapped(&[7; 100]);
    let place = payload.as_ptr();
    let shared = <Bytes as Leaf<bytes::Bytes>>::decode(Codec::Raw, payload).expect("bytes are read");
    assert_eq!(shared.as_ptr(), place);
    let again: bytes::Bytes = MappedBytes::from(vec![1, 2]).into();
    assert_eq!(&again[..], [1, 2]);
}
