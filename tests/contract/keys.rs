//! Section 4, points 5 and 12: which calls are one key, and which are not.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use crate::common::{Runs, lasting};
use ndarray::{Array2, ArrayView2, ShapeBuilder, array, s};
use omnicache::{CacheKey, Prehashed, cache};

/// A key of any type: a generic function would be one function per type.
#[derive(Clone)]
struct Any<'a>(&'a dyn CacheKey);

impl CacheKey for Any<'_> {
    fn write_key(&self, key: &mut omnicache::KeyWriter) {
        self.0.write_key(key);
    }
}

/// Whether two values are one key.
fn one_key(a: &dyn CacheKey, b: &dyn CacheKey) -> bool {
    use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    #[cache(ephemeral, ignore(next))]
    fn number_of(value: Any<'_>, next: u64) -> u64 {
        let _ = value;
        next
    }
    number_of(Any(a), NEXT.fetch_add(1, SeqCst)) == number_of(Any(b), NEXT.fetch_add(1, SeqCst))
}

#[test]
fn texts_of_every_type_are_one_key() {
    let owned = "text".to_owned();
    for other in [
        &owned as &dyn CacheKey,
        &Cow::Borrowed("text"),
        &Cow::<str>::Owned(owned.clone()),
        &Box::<str>::from("text"),
        &Arc::<str>::from("text"),
        &Rc::<str>::from("text"),
        &&&"text",
    ] {
        assert!(one_key(&"text", other));
    }
    assert!(!one_key(&"text", &"Text"));
    assert!(!one_key(&"", &"\0"));
}

#[test]
fn zeros_are_one_key_and_nans_are_one_key() {
    assert!(one_key(&0.0_f64, &-0.0_f64));
    assert!(one_key(&0.0_f32, &-0.0_f32));
    assert!(one_key(&f64::NAN, &-f64::NAN));
    assert!(one_key(&f64::NAN, &f64::from_bits(0x7ff0_0000_0000_0001)));
    assert!(one_key(&f32::NAN, &f32::from_bits(0xffff_ffff)));
    assert!(!one_key(&0.0_f64, &f64::MIN_POSITIVE));
    assert!(!one_key(&f64::NAN, &f64::INFINITY));
    assert!(one_key(&&[0.0, f64::NAN][..], &vec![-0.0, -f64::NAN]), "in slices too");
    assert!(one_key(&array![0.0, f64::NAN], &array![-0.0, -f64::NAN]), "and in arrays");
}

type Scattered<T> = HashMap<T, u8, BuildHasherDefault<Backwards>>;

/// A hasher that puts numbers in another order than the standard one.
#[derive(Default)]
struct Backwards(u64);

impl Hasher for Backwards {
    fn finish(&self) -> u64 {
        !self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        let mut hasher = DefaultHasher::new();
        bytes.hash(&mut hasher);
        self.0 ^= hasher.finish().rotate_left(17);
    }
}

#[test]
fn maps_and_sets_do_not_depend_on_their_order() {
    let up: HashMap<u32, u8> = (0..100).map(|n| (n, 1)).collect();
    let down: HashMap<u32, u8> = (0..100).rev().map(|n| (n, 1)).collect();
    let scattered: Scattered<u32> = (0..100).map(|n| (n, 1)).collect();
    assert!(one_key(&up, &down) && one_key(&up, &scattered));
    let mut other = up.clone();
    other.insert(50, 2);
    assert!(!one_key(&up, &other));
    let set = |numbers: &mut dyn Iterator<Item = u32>| numbers.collect::<HashSet<u32>>();
    assert!(one_key(&set(&mut (0..100)), &set(&mut (0..100).rev())));
    assert!(!one_key(&set(&mut (0..100)), &set(&mut (0..101))));
    assert!(one_key(&BTreeMap::from([(1, 'a'), (2, 'b')]), &BTreeMap::from([(2, 'b'), (1, 'a')])));
    assert!(one_key(&BTreeSet::from([1, 2]), &BTreeSet::from([2, 1])));
    assert!(!one_key(&HashMap::from([(1, 2)]), &HashMap::from([(2, 1)])));
}

#[test]
fn json_objects_do_not_depend_on_their_order() {
    let parsed = |text: &str| serde_json::from_str::<serde_json::Value>(text).expect("JSON");
    assert!(one_key(&parsed(r#"{"a":1,"b":[2]}"#), &parsed(r#"{"b":[2],"a":1}"#)));
    assert!(!one_key(&parsed(r#"{"a":1}"#), &parsed(r#"{"a":"1"}"#)));
    assert!(!one_key(&parsed("[1,2]"), &parsed("[2,1]")));
}

#[test]
fn where_one_value_ends_and_the_next_begins_counts() {
    assert!(!one_key(&("ab", "c"), &("a", "bc")));
    assert!(!one_key(&(vec![1, 2], vec![3]), &(vec![1], vec![2, 3])));
    assert!(!one_key(&vec![vec![1], vec![]], &vec![vec![], vec![1]]));
    assert!(!one_key(&(Some(1), None::<i32>), &(None::<i32>, Some(1))));
    assert!(!one_key(&("a", ("b", "c")), &(("a", "b"), "c")));
    assert!(!one_key(&Path::new("a/b"), &("a", "b")));
}

#[cache(ephemeral)]
fn joined(a: &str, b: &str) -> String {
    format!("{a}|{b}")
}

#[test]
fn where_one_argument_ends_and_the_next_begins_counts() {
    assert_eq!(joined("ab", "c"), "ab|c");
    assert_eq!(joined("a", "bc"), "a|bc");
    assert_eq!(joined("abc", ""), "abc|");
    assert_eq!(joined("", "abc"), "|abc");
}

#[test]
fn types_of_numbers_count() {
    let numbers: [&dyn CacheKey; 12] =
        [&1_u8, &1_u16, &1_u32, &1_u64, &1_u128, &1_i8, &1_i16, &1_i32, &1_i64, &1_i128, &1_f32, &1_f64];
    for (index, a) in numbers.iter().enumerate() {
        for b in &numbers[..index] {
            assert!(!one_key(*a, *b));
        }
        assert!(!one_key(*a, &true));
        assert!(!one_key(*a, &'\u{1}'));
    }
}

#[test]
fn containers_of_one_sequence_are_one_key() {
    let slice: &[u16] = &[1, 2, 3];
    for other in [
        &vec![1_u16, 2, 3] as &dyn CacheKey,
        &[1_u16, 2, 3],
        &Box::<[u16]>::from(slice),
        &Arc::<[u16]>::from(slice),
    ] {
        assert!(one_key(&slice, other));
    }
    assert!(one_key(&Path::new("a/b"), &PathBuf::from("a/b")));
    assert!(!one_key(&Some(1), &1) && !one_key(&Some(()), &None::<()>));
    assert!(!one_key(&Ok::<u8, u8>(1), &Err::<u8, u8>(1)));
}

#[test]
fn arrays_equal_in_elements_and_shape_are_one_key_whatever_their_layout() {
    let c = Array2::from_shape_fn((3, 4), |(row, column)| row * 10 + column);
    let mut fortran = Array2::zeros((3, 4).f());
    fortran.assign(&c);
    assert!(!fortran.is_standard_layout());
    assert!(one_key(&c, &fortran));
    assert!(one_key(&c, &c.view()) && one_key(&c, &c.to_shared()));
    let mut wide = Array2::zeros((6, 8));
    wide.slice_mut(s![..;2, ..;2]).assign(&c);
    let strided: ArrayView2<'_, usize> = wide.slice(s![..;2, ..;2]);
    assert!(strided.as_slice_memory_order().is_none());
    assert!(one_key(&c, &strided));
    assert!(one_key(&c, &c.clone().into_dyn()), "the shape counts, not how its type says it");
    assert!(!one_key(&c, &c.t()), "another shape");
    assert!(!one_key(&c, &c.to_shape((4, 3)).expect("12 elements")));
    assert!(!one_key(&array![[1.0, 2.0]], &array![[2.0, 1.0]]));
    assert!(!one_key(&array![1_u32], &array![1_i32]));
}

#[derive(CacheKey)]
struct Point {
    x: f64,
    y: f64,
    #[cache_key(ignore)]
    note: &'static str,
}

#[derive(CacheKey)]
struct Vector {
    x: f64,
    y: f64,
}

#[derive(CacheKey)]
enum Shape {
    Dot,
    Line(f64),
    Circle { radius: f64 },
}

#[derive(CacheKey)]
struct Tagged<'a, T>(&'a str, T);

#[test]
fn derived_keys_write_the_type_and_the_fields() {
    let point = |x, note| Point { x, y: 1.0, note };
    assert!(one_key(&point(0.0, "a"), &point(-0.0, "b")), "an ignored field is no part of it");
    assert!(!one_key(&point(0.0, "a"), &point(1.0, "a")));
    assert!(!one_key(&point(0.0, "a"), &Vector { x: 0.0, y: 1.0 }), "another type");
    assert!(!one_key(&Shape::Line(1.0), &Shape::Circle { radius: 1.0 }));
    assert!(!one_key(&Shape::Dot, &Shape::Line(0.0)));
    assert!(one_key(&Shape::Circle { radius: 2.0 }, &Shape::Circle { radius: 2.0 }));
    assert!(one_key(&Tagged("a", 1), &Tagged("a", 1)) && !one_key(&Tagged("a", 1), &Tagged("a", 1_u8)));
    assert_eq!(point(0.0, "read").note, "read");
}

#[test]
fn a_prehashed_value_is_a_key_like_another() {
    let long = vec![7_u8; 100_000];
    assert!(one_key(&Prehashed::new(long.clone()), &Prehashed::new(long.clone())));
    let mut other = long;
    other[50_000] = 8;
    assert!(!one_key(&Prehashed::new(other.clone()), &Prehashed::new(vec![7_u8; 100_000])));
    assert_eq!(Prehashed::new(other).len(), 100_000, "and reads like the value");
}

#[test]
fn long_keys_differ_in_any_byte() {
    for place in [0, 1, 63, 64, 1000, 4095, 4096, 99_999] {
        let (a, mut b) = (vec![0_u8; 100_000], vec![0_u8; 100_000]);
        b[place] = 1;
        assert!(!one_key(&a, &b), "byte {place}");
    }
    assert!(!one_key(&vec![0_u8; 1000], &vec![0_u8; 1001]));
}

static DISK: Runs = Runs::new();

#[cache(backend = disk, dir = lasting())]
fn on_disk(a: &[u8], b: Cow<'_, str>, c: f64) -> u64 {
    DISK.note();
    a.len() as u64 + b.len() as u64 + u64::from(c.is_nan())
}

#[test]
fn the_equivalences_hold_on_disk() {
    let long = vec![1; 10_000];
    on_disk(&long, "x".into(), 0.0);
    on_disk(&long, "x".to_owned().into(), -0.0);
    assert_eq!(DISK.count(), 1);
    on_disk(&long, "y".into(), 0.0);
    on_disk(&long[1..], "x".into(), 0.0);
    assert_eq!(DISK.count(), 3);
    on_disk(&[], "".into(), f64::NAN);
    on_disk(&[], "".into(), -f64::NAN);
    assert_eq!(DISK.count(), 4);
}
