//! [`CacheKey`] for the types of the standard library.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::ffi::{CStr, CString, OsStr, OsString};
use std::marker::PhantomData;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::num::{Saturating, Wrapping};
use std::ops::{Bound, Range, RangeFrom, RangeInclusive, RangeTo};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::writer::Tag;
use super::{CacheKey, KeyWriter};

impl CacheKey for () {
    fn write_key(&self, key: &mut KeyWriter) {
        key.tag(Tag::Unit);
    }
}

impl CacheKey for str {
    #[inline(always)]
    fn write_key(&self, key: &mut KeyWriter) {
        key.tagged_text(Tag::Str, self);
    }
}

impl CacheKey for String {
    #[inline(always)]
    fn write_key(&self, key: &mut KeyWriter) {
        self.as_str().write_key(key);
    }
}

impl<T: CacheKey> CacheKey for [T] {
    fn write_key(&self, key: &mut KeyWriter) {
        key.tag(Tag::Seq);
        key.length(self.len());
        T::write_slice(self, key);
    }
}

impl<T: CacheKey, const N: usize> CacheKey for [T; N] {
    fn write_key(&self, key: &mut KeyWriter) {
        self[..].write_key(key);
    }
}

impl<T: CacheKey> CacheKey for Vec<T> {
    fn write_key(&self, key: &mut KeyWriter) {
        self[..].write_key(key);
    }
}

/// Sequences without a slice, in the bytes that a slice of them has.
macro_rules! sequence {
    ($($type:ident),+) => {$(
        impl<T: CacheKey> CacheKey for $type<T> {
            fn write_key(&self, key: &mut KeyWriter) {
                key.tag(Tag::Seq);
                key.length(self.len());
                T::write_all(self.iter(), key);
            }
        }
    )+};
}

sequence! { VecDeque, LinkedList, BTreeSet }

impl<T: CacheKey> CacheKey for BinaryHeap<T> {
    fn write_key(&self, key: &mut KeyWriter) {
        key.tag(Tag::Set);
        key.unordered(self, T::write_key);
    }
}

impl<T: CacheKey, S> CacheKey for HashSet<T, S> {
    fn write_key(&self, key: &mut KeyWriter) {
        key.tag(Tag::Set);
        key.unordered(self, T::write_key);
    }
}

impl<K: CacheKey, V: CacheKey, S> CacheKey for HashMap<K, V, S> {
    fn write_key(&self, key: &mut KeyWriter) {
        key.tag(Tag::Map);
        key.unordered(self, |(name, value), key| {
            name.write_key(key);
            value.write_key(key);
        });
    }
}

impl<K: CacheKey, V: CacheKey> CacheKey for BTreeMap<K, V> {
    fn write_key(&self, key: &mut KeyWriter) {
        key.tag(Tag::Map);
        key.length(self.len());
        for (name, value) in self {
            name.write_key(key);
            value.write_key(key);
        }
    }
}

/// Pointers and wrappers write what they hold.
macro_rules! transparent {
    ($($type:ident),+) => {$(
        impl<T: CacheKey + ?Sized> CacheKey for $type<T> {
            #[inline(always)]
            fn write_key(&self, key: &mut KeyWriter) {
                (**self).write_key(key);
            }
        }
    )+};
}

transparent! { Box, Rc, Arc }

impl<T: CacheKey + ?Sized> CacheKey for &T {
    #[inline(always)]
    fn write_key(&self, key: &mut KeyWriter) {
        (**self).write_key(key);
    }
}

impl<T: CacheKey + ?Sized> CacheKey for &mut T {
    fn write_key(&self, key: &mut KeyWriter) {
        (**self).write_key(key);
    }
}

impl<B: CacheKey + ToOwned + ?Sized> CacheKey for Cow<'_, B> {
    fn write_key(&self, key: &mut KeyWriter) {
        (**self).write_key(key);
    }
}

impl<T: CacheKey> CacheKey for Reverse<T> {
    fn write_key(&self, key: &mut KeyWriter) {
        self.0.write_key(key);
    }
}

impl<T: CacheKey> CacheKey for Wrapping<T> {
    fn write_key(&self, key: &mut KeyWriter) {
        self.0.write_key(key);
    }
}

impl<T: CacheKey> CacheKey for Saturating<T> {
    fn write_key(&self, key: &mut KeyWriter) {
        self.0.write_key(key);
    }
}

impl<T: CacheKey + Copy> CacheKey for Cell<T> {
    fn write_key(&self, key: &mut KeyWriter) {
        self.get().write_key(key);
    }
}

impl<T: CacheKey> CacheKey for RefCell<T> {
    fn write_key(&self, key: &mut KeyWriter) {
        self.borrow().write_key(key);
    }
}

impl<T: ?Sized> CacheKey for PhantomData<T> {
    fn write_key(&self, key: &mut KeyWriter) {
        key.tag(Tag::Unit);
    }
}

impl<T: CacheKey> CacheKey for Option<T> {
    fn write_key(&self, key: &mut KeyWriter) {
        match self {
            None => key.tag(Tag::None),
            Some(value) => {
                key.tag(Tag::Some);
                value.write_key(key);
            }
        }
    }
}

impl<T: CacheKey, E: CacheKey> CacheKey for Result<T, E> {
    fn write_key(&self, key: &mut KeyWriter) {
        match self {
            Ok(value) => {
                key.tag(Tag::Ok);
                value.write_key(key);
            }
            Err(error) => {
                key.tag(Tag::Err);
                error.write_key(key);
            }
        }
    }
}

impl CacheKey for OsStr {
    fn write_key(&self, key: &mut KeyWriter) {
        key.tag(Tag::Path);
        key.length(self.len());
        key.raw(self.as_encoded_bytes());
    }
}

impl CacheKey for Path {
    fn write_key(&self, key: &mut KeyWriter) {
        self.as_os_str().write_key(key);
    }
}

impl CacheKey for OsString {
    fn write_key(&self, key: &mut KeyWriter) {
        self.as_os_str().write_key(key);
    }
}

impl CacheKey for PathBuf {
    fn write_key(&self, key: &mut KeyWriter) {
        self.as_os_str().write_key(key);
    }
}

impl CacheKey for CStr {
    fn write_key(&self, key: &mut KeyWriter) {
        self.to_bytes().write_key(key);
    }
}

impl CacheKey for CString {
    fn write_key(&self, key: &mut KeyWriter) {
        self.to_bytes().write_key(key);
    }
}

impl CacheKey for Duration {
    fn write_key(&self, key: &mut KeyWriter) {
        key.tagged(Tag::Duration, self.as_nanos().to_le_bytes());
    }
}

impl CacheKey for SystemTime {
    fn write_key(&self, key: &mut KeyWriter) {
        key.tag(Tag::Time);
        self.duration_since(UNIX_EPOCH).map_err(|before| before.duration()).write_key(key);
    }
}

impl CacheKey for Ordering {
    fn write_key(&self, key: &mut KeyWriter) {
        (*self as i8).write_key(key);
    }
}

impl CacheKey for Ipv4Addr {
    fn write_key(&self, key: &mut KeyWriter) {
        key.tagged(Tag::Ip, self.octets());
    }
}

impl CacheKey for Ipv6Addr {
    fn write_key(&self, key: &mut KeyWriter) {
        key.tagged(Tag::Ip, self.octets());
    }
}

impl CacheKey for IpAddr {
    fn write_key(&self, key: &mut KeyWriter) {
        match self {
            Self::V4(address) => (4_u8, address).write_key(key),
            Self::V6(address) => (6_u8, address).write_key(key),
        }
    }
}

impl CacheKey for SocketAddrV4 {
    fn write_key(&self, key: &mut KeyWriter) {
        (self.ip(), self.port()).write_key(key);
    }
}

impl CacheKey for SocketAddrV6 {
    fn write_key(&self, key: &mut KeyWriter) {
        (self.ip(), self.port(), self.flowinfo(), self.scope_id()).write_key(key);
    }
}

impl CacheKey for SocketAddr {
    fn write_key(&self, key: &mut KeyWriter) {
        match self {
            Self::V4(address) => (4_u8, address).write_key(key),
            Self::V6(address) => (6_u8, address).write_key(key),
        }
    }
}

impl<T: CacheKey> CacheKey for Range<T> {
    fn write_key(&self, key: &mut KeyWriter) {
        (&self.start, &self.end).write_key(key);
    }
}

impl<T: CacheKey> CacheKey for RangeInclusive<T> {
    fn write_key(&self, key: &mut KeyWriter) {
        (self.start(), self.end()).write_key(key);
    }
}

impl<T: CacheKey> CacheKey for RangeFrom<T> {
    fn write_key(&self, key: &mut KeyWriter) {
        self.start.write_key(key);
    }
}

impl<T: CacheKey> CacheKey for RangeTo<T> {
    fn write_key(&self, key: &mut KeyWriter) {
        self.end.write_key(key);
    }
}

impl<T: CacheKey> CacheKey for Bound<T> {
    fn write_key(&self, key: &mut KeyWriter) {
        match self {
            Self::Included(value) => (0_u8, value).write_key(key),
            Self::Excluded(value) => (1_u8, value).write_key(key),
            Self::Unbounded => 2_u8.write_key(key),
        }
    }
}

macro_rules! tuple {
    ($($name:ident)+) => {
        impl<$($name: CacheKey),+> CacheKey for ($($name,)+) {
            #[expect(non_snake_case, reason = "one name for type and value")]
            fn write_key(&self, key: &mut KeyWriter) {
                let ($($name,)+) = self;
                key.tag(Tag::Tuple);
                key.length([$(stringify!($name)),+].len());
                $($name.write_key(key);)+
            }
        }
    };
}

tuple! { A }
tuple! { A B }
tuple! { A B C }
tuple! { A B C D }
tuple! { A B C D E }
tuple! { A B C D E F }
tuple! { A B C D E F G }
tuple! { A B C D E F G H }
tuple! { A B C D E F G H I }
tuple! { A B C D E F G H I J }
tuple! { A B C D E F G H I J K }
tuple! { A B C D E F G H I J K L }
