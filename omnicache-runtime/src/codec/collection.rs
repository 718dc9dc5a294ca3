//! Which serialisable types are collections.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap, HashSet, LinkedList, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

/// A type that gathers others: strings, sequences, maps, sets, tuples.
///
/// It says what the type is and nothing of its items; together with the bounds of serde it selects
/// [`super::Collection`].
pub trait Gathers {}

impl Gathers for String {}
impl Gathers for Box<str> {}
impl Gathers for Arc<str> {}
impl Gathers for Rc<str> {}
impl Gathers for Cow<'static, str> {}
impl<T> Gathers for Vec<T> {}
impl<T> Gathers for VecDeque<T> {}
impl<T> Gathers for LinkedList<T> {}
impl<T> Gathers for BinaryHeap<T> {}
impl<T> Gathers for Box<[T]> {}
impl<T> Gathers for Arc<[T]> {}
impl<T, const N: usize> Gathers for [T; N] {}
impl<T: Clone> Gathers for Cow<'static, [T]> {}
impl<K, V> Gathers for BTreeMap<K, V> {}
impl<K, V, S> Gathers for HashMap<K, V, S> {}
impl<T> Gathers for BTreeSet<T> {}
impl<T, S> Gathers for HashSet<T, S> {}

macro_rules! tuples {
    ($first:ident $($rest:ident)*) => {
        impl<$first, $($rest),*> Gathers for ($first, $($rest,)*) {}
        tuples! { $($rest)* }
    };
    () => {};
}

tuples! { A B C D E F G H I J K L }
