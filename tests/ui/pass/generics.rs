//! Generic functions, each with no bounds but those it needs.

use std::fmt::Debug;
use std::hash::Hash;

use omnicache::{CacheKey, cache};

#[cache]
fn unbounded<T>(_: std::marker::PhantomData<T>) -> usize {
    size_of::<T>()
}

#[cache]
fn hashed<T: Hash>(a: T) -> Vec<T> {
    vec![a]
}

#[cache]
fn keyed<T>(items: &[T]) -> usize
where
    T: CacheKey,
{
    items.len()
}

#[cache]
fn sized<const N: usize>(items: [u8; N]) -> [u8; N] {
    items.map(|item| item + 1)
}

#[cache]
fn both<T: CacheKey + Clone, const N: usize>(item: &T) -> Vec<T> {
    vec![item.clone(); N]
}

#[cache]
fn longest<'a, 'b: 'a>(one: &'a str, other: &'b str) -> String {
    if one.len() > other.len() { one.to_owned() } else { other.to_owned() }
}

#[cache]
fn opaque(items: impl IntoIterator<Item = u8> + Hash + Clone, by: &impl CacheKey) -> u32 {
    let _ = by;
    items.into_iter().map(u32::from).sum()
}

#[cache]
fn unsized_one<T: ?Sized + Hash + Debug>(item: &T) -> String {
    format!("{item:?}")
}

#[cache]
fn failing<T: CacheKey, E: Default>(item: T) -> Result<u8, E> {
    let _ = item;
    Err(E::default())
}

struct Pair<A, B>(A, B);

impl<A: Hash + 'static, B> Pair<A, B>
where
    B: Clone + Hash + Send + Sync + 'static,
{
    #[cache(key = (self.0, self.1))]
    fn second(&self) -> B {
        self.1.clone()
    }

    #[cache(key = (self.1, other))]
    fn mixed<C: CacheKey + Clone + Send + Sync>(&self, other: C) -> (B, C) {
        (self.1.clone(), other)
    }
}

/// An error that is neither `Clone` nor `Send`.
#[derive(Debug, Default)]
struct Failed(#[allow(dead_code)] std::rc::Rc<()>);

fn main() {
    assert_eq!(unbounded(std::marker::PhantomData::<u64>), 8);
    assert_eq!(unbounded(std::marker::PhantomData::<u8>), 1);
    assert_eq!(hashed('a'), ['a']);
    assert_eq!(hashed(1u8), [1]);
    assert_eq!(keyed(&["a", "b"]), 2);
    assert_eq!(sized([1, 2]), [2, 3]);
    assert_eq!(both::<_, 2>(&7u8), [7, 7]);
    assert_eq!(both::peek::<_, 2>(&7u8), Some(vec![7, 7]));
    assert_eq!(longest("a", "bc"), "bc");
    assert_eq!(opaque(vec![1, 2], &"by"), 3);
    assert_eq!(unsized_one("text"), "\"text\"");
    assert_eq!(unsized_one(&[1u8][..]), "[1]");
    assert!(failing::<_, Failed>(1u8).is_err());
    assert_eq!(Pair('a', 1u8).second(), 1);
    assert_eq!(Pair('a', 1u8).mixed("c"), (1, "c"));
}
