//! Arrays as keys: equal in elements and shape is one key, whatever the memory layout.

use ndarray::{ArrayBase, ArrayRef, Data, Dimension};

use super::writer::Tag;
use super::{CacheKey, KeyWriter};

impl<A: CacheKey, S: Data<Elem = A>, D: Dimension> CacheKey for ArrayBase<S, D> {
    fn write_key(&self, key: &mut KeyWriter) {
        (**self).write_key(key);
    }
}

impl<A: CacheKey, D: Dimension> CacheKey for ArrayRef<A, D> {
    fn write_key(&self, key: &mut KeyWriter) {
        key.tag(Tag::Array);
        key.length(self.ndim());
        self.shape().iter().for_each(|&length| key.length(length));
        match self.as_slice() {
            Some(elements) => A::write_slice(elements, key),
            None => A::write_all(self.iter(), key),
        }
    }
}
