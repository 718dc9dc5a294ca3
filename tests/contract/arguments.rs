//! Arguments of every sort, and signatures of every sort.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::fmt::Debug;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

use crate::common::{Runs, lasting};
use arrow_array::{Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use ndarray::{Array1, Array2, ArrayView2, ArrayViewD, s};
use omnicache::{CacheKey, Prehashed, cache};
use serde::Serialize;

/// Declares a function over one type of argument and checks that two values are told apart, and one is not.
macro_rules! arguments {
    ($($name:ident: $type:ty = $first:expr, $second:expr;)+) => {$(
        #[test]
        fn $name() {
            static RUNS: Runs = Runs::new();
            #[cache(ephemeral)]
            fn function(argument: $type) -> u32 {
                let _ = &argument;
                RUNS.note()
            }
            assert_eq!((function($first), function($first)), (0, 0));
            assert_eq!((function($second), function($second)), (1, 1));
            assert_eq!(function($first), 0);
            assert!(function::contains($first));
            assert!(function::invalidate($second));
            assert_eq!(RUNS.count(), 2);
        }
    )+};
}

#[derive(Serialize)]
struct SerializeOnly {
    a: f32,
    b: &'static str,
}

#[derive(Hash)]
struct HashOnly(u64);

/// `Serialize` does not see all of it, `Hash` does.
#[derive(Serialize, Hash)]
struct Both {
    a: u64,
    #[serde(skip)]
    b: u64,
}

#[derive(CacheKey, Clone, Copy)]
enum Derived {
    A(f64),
    B { n: u8 },
}

fn batch(numbers: &[i64], text: &str) -> RecordBatch {
    let schema =
        Schema::new(vec![Field::new("n", DataType::Int64, false), Field::new("t", DataType::Utf8, true)]);
    let texts: StringArray = numbers.iter().map(|_| Some(text)).collect();
    RecordBatch::try_new(
        Arc::new(schema),
        vec![Arc::new(Int64Array::from(numbers.to_vec())), Arc::new(texts)],
    )
    .expect("a batch")
}

arguments! {
    str_slices: &str = "a", "b";
    strings: String = "a".to_owned(), "b".to_owned();
    references_to_strings: &String = &"a".to_owned(), &"b".to_owned();
    slices: &[u64] = &[1, 2], &[2, 1];
    slices_of_texts: &[&str] = &["a", "bc"], &["ab", "c"];
    arrays: [f32; 3] = [1.0, 2.0, 3.0], [1.0, 2.0, 4.0];
    paths: &Path = Path::new("a"), Path::new("b");
    path_bufs: PathBuf = "a".into(), "b".into();
    floats: f64 = 0.1, 0.2;
    chars: char = 'a', 'b';
    booleans: bool = true, false;
    tuples: (u8, &str, Option<f64>) = (1, "a", None), (1, "a", Some(0.0));
    nested_tuples: ((u8, u8), [char; 2]) = ((1, 2), ['a', 'b']), ((1, 2), ['b', 'a']);
    maps: HashMap<&str, u8> = HashMap::from([("a", 1), ("b", 2)]), HashMap::from([("a", 2), ("b", 1)]);
    references_to_maps: &BTreeMap<u8, Vec<f64>> = &BTreeMap::from([(1, vec![0.5])]), &BTreeMap::from([(1, vec![])]);
    cows: Cow<'_, str> = "a".into(), "b".into();
    cows_of_slices: Cow<'_, [u8]> = vec![1].into(), vec![2].into();
    options: Option<&str> = None, Some("");
    options_of_references: Option<&Derived> = None, Some(&Derived::B { n: 1 });
    results: Result<u8, String> = Ok(1), Err("1".to_owned());
    arcs: Arc<str> = "a".into(), "b".into();
    rcs: Rc<Vec<u8>> = Rc::new(vec![1]), Rc::new(vec![2]);
    boxes: Box<[u8]> = Box::new([1]), Box::new([2]);
    durations: std::time::Duration = std::time::Duration::from_secs(1), std::time::Duration::from_millis(1);
    ranges: std::ops::Range<usize> = 0..2, 0..3;
    non_zeros: std::num::NonZeroU8 = std::num::NonZeroU8::MIN, std::num::NonZeroU8::MAX;
    addresses: std::net::IpAddr = [127, 0, 0, 1].into(), [127, 0, 0, 2].into();
    derived: Derived = Derived::A(1.0), Derived::B { n: 1 };
    slices_of_derived: &[Derived] = &[Derived::A(1.0)], &[Derived::A(2.0)];
    serialize_only: SerializeOnly = SerializeOnly { a: 0.5, b: "a" }, SerializeOnly { a: 0.5, b: "b" };
    references_to_serialize_only: &SerializeOnly = &SerializeOnly { a: 0.5, b: "a" }, &SerializeOnly { a: 0.25, b: "a" };
    hash_only: HashOnly = HashOnly(1), HashOnly(2);
    slices_of_hash_only: &[HashOnly] = &[HashOnly(1), HashOnly(2)], &[HashOnly(12)];
    both: Both = Both { a: 1, b: 1 }, Both { a: 1, b: 2 };
    both_seen_by_serialize: Both = Both { a: 1, b: 1 }, Both { a: 2, b: 1 };
    prehashed: &Prehashed<Vec<f32>> = &Prehashed::new(vec![1.0]), &Prehashed::new(vec![2.0]);
    json: serde_json::Value = serde_json::json!({"a": 1}), serde_json::json!({"a": 2});
    bytes: bytes::Bytes = bytes::Bytes::from_static(b"a"), bytes::Bytes::from_static(b"b");
    matrices: &Array2<f64> = &Array2::zeros((2, 3)), &Array2::zeros((3, 2));
    views: ArrayView2<'_, u8> = Array2::zeros((2, 2)).view(), Array2::ones((2, 2)).view();
    dynamic_views: ArrayViewD<'_, u8> = Array1::zeros(2).view().into_dyn(), Array1::zeros(3).view().into_dyn();
    record_batches: &RecordBatch = &batch(&[1, 2], "a"), &batch(&[1, 2], "b");
    record_batches_by_value: RecordBatch = batch(&[1, 2], "a"), batch(&[1, 3], "a");
    slices_of_batches: &[RecordBatch] = &[batch(&[1, 2], "a")], &[batch(&[1], "a"), batch(&[2], "a")];
    function_pointers: fn(u8) -> u8 = u8::count_ones_as_u8, u8::reverse_bits;
}

trait Bits {
    fn count_ones_as_u8(self) -> u8;
}

impl Bits for u8 {
    fn count_ones_as_u8(self) -> u8 {
        u8::try_from(self.count_ones()).unwrap_or(0)
    }
}

#[test]
fn a_slice_of_a_batch_is_the_key_that_its_copy_is() {
    static RUNS: Runs = Runs::new();
    #[cache(ephemeral)]
    fn rows(batch: &RecordBatch) -> usize {
        RUNS.note();
        batch.num_rows()
    }
    assert_eq!(rows(&batch(&[1, 2, 3], "a").slice(1, 2)), 2);
    assert_eq!(rows(&batch(&[2, 3], "a")), 2);
    assert_eq!(RUNS.count(), 1);
}

#[test]
fn a_strided_view_is_the_key_that_its_copy_is() {
    static RUNS: Runs = Runs::new();
    #[cache(ephemeral)]
    fn total(view: ArrayView2<'_, u32>) -> u32 {
        RUNS.note();
        view.sum()
    }
    let wide = Array2::from_shape_fn((4, 4), |(a, b)| u32::try_from(a * 4 + b).expect("small"));
    let view = wide.slice(s![..;2, ..;2]);
    assert_eq!(total(view), total(view.to_owned().view()));
    assert_eq!(RUNS.count(), 1);
}

static SHOWN: Runs = Runs::new();

#[cache(ephemeral)]
fn shown(value: impl Debug + CacheKey, other: &(impl Debug + CacheKey)) -> String {
    SHOWN.note();
    format!("{value:?}{other:?}")
}

#[test]
fn impl_trait_arguments_work() {
    assert_eq!(shown(1, &2), "12");
    assert_eq!(shown(1, &2), "12");
    assert_eq!(shown("1", &2), "\"1\"2");
    assert_eq!(shown(1, &2_u8), "12");
    assert_eq!(SHOWN.count(), 3);
    assert!(shown::contains("1", &2) && !shown::contains("2", &2));
}

#[cache(ephemeral)]
fn patterns((a, b): (u32, u32), [first, .., last]: [u32; 4], Pair { x, y: renamed }: Pair, _: u8) -> u32 {
    a + b + first + last + x + renamed
}

#[derive(CacheKey)]
struct Pair {
    x: u32,
    y: u32,
}

#[test]
fn patterns_are_arguments_as_a_whole() {
    assert_eq!(patterns((1, 2), [3, 4, 5, 6], Pair { x: 7, y: 8 }, 0), 27);
    assert!(patterns::contains((1, 2), [3, 4, 5, 6], Pair { x: 7, y: 8 }, 0));
    assert!(
        !patterns::contains((1, 2), [3, 0, 5, 6], Pair { x: 7, y: 8 }, 0),
        "what the pattern skips counts"
    );
    assert!(!patterns::contains((1, 2), [3, 4, 5, 6], Pair { x: 7, y: 8 }, 1), "`_` too");
}

#[cache(ephemeral)]
fn mutable(mut values: Vec<u32>, mut extra: u32) -> Vec<u32> {
    extra += 1;
    values.push(extra);
    values
}

#[test]
fn mut_arguments_are_keys_as_they_came() {
    assert_eq!(mutable(vec![1], 1), [1, 2]);
    assert_eq!(mutable(vec![1], 1), [1, 2]);
    assert!(mutable::contains(vec![1], 1) && !mutable::contains(vec![1, 2], 2));
}

static BORROWED: Runs = Runs::new();

#[cache(ephemeral)]
fn borrowed<'a, 'b: 'a, T>(first: &'a [T], second: &'b str, third: Option<&'a T>) -> usize
where
    T: CacheKey + Clone + 'static,
    Vec<T>: Clone,
{
    BORROWED.note();
    first.len() + second.len() + usize::from(third.is_some())
}

#[test]
fn lifetimes_and_where_clauses_work() {
    let short = [1_u8, 2];
    assert_eq!(borrowed(&short, "abc", short.first()), 6);
    assert_eq!(borrowed(&[1_u8, 2], &"abc".to_owned(), Some(&1)), 6);
    assert_eq!(BORROWED.count(), 1);
}

#[derive(CacheKey, Clone)]
struct Account {
    id: u64,
    #[cache_key(ignore)]
    label: String,
}

static BY_REFERENCE: Runs = Runs::new();
static BY_VALUE: Runs = Runs::new();
static BY_ARC: Runs = Runs::new();
static BY_KEY: Runs = Runs::new();
static WITHOUT_SELF: Runs = Runs::new();

impl Account {
    #[cache(ephemeral)]
    fn by_reference(&self, n: u64) -> u64 {
        BY_REFERENCE.note();
        self.id + n
    }

    #[cache(ephemeral)]
    fn by_value(self, n: u64) -> String {
        BY_VALUE.note();
        format!("{}{}", self.label, self.id + n)
    }

    #[cache(ephemeral)]
    fn by_arc(self: Arc<Self>) -> u64 {
        BY_ARC.note();
        self.id
    }

    #[cache(ephemeral)]
    fn by_typed_reference(self: &Arc<Self>) -> u64 {
        BY_ARC.note();
        self.id
    }

    #[cache(ephemeral, key = (self.id % 2, n))]
    fn by_key(&self, n: u64) -> u64 {
        BY_KEY.note();
        self.id + n
    }

    #[cache(ephemeral, ignore(self))]
    fn without_self(&self, n: u64) -> u64 {
        WITHOUT_SELF.note();
        let _ = self;
        n
    }
}

#[test]
fn every_form_of_self_works() {
    let account = |id| Account { id, label: id.to_string() };
    assert_eq!(
        (account(1).by_reference(1), account(1).by_reference(1), account(2).by_reference(1)),
        (2, 2, 3)
    );
    assert_eq!(BY_REFERENCE.count(), 2);
    assert_eq!((account(1).by_value(1), account(1).by_value(1)), ("12".to_owned(), "12".to_owned()));
    assert_eq!(BY_VALUE.count(), 1);
    assert_eq!((Arc::new(account(1)).by_arc(), Arc::new(account(1)).by_arc()), (1, 1));
    assert_eq!(BY_ARC.count(), 1);
    assert_eq!(Arc::new(account(1)).by_typed_reference(), 1);
    assert!(Account::by_arc_contains(Arc::new(account(1))));
    assert_eq!((account(1).by_key(1), account(3).by_key(1), account(2).by_key(1)), (2, 2, 3));
    assert_eq!(BY_KEY.count(), 2);
    assert_eq!((account(1).without_self(1), account(2).without_self(1)), (1, 1));
    assert_eq!(WITHOUT_SELF.count(), 1);
}

static MOVED: Runs = Runs::new();

/// Neither `Clone` nor `Copy`: it moves into the body.
#[derive(CacheKey)]
struct Moves(String);

#[cache(persist, dir = lasting())]
fn moved(value: Moves) -> String {
    MOVED.note();
    value.0
}

#[test]
fn an_argument_moves_into_the_body() {
    assert_eq!(moved(Moves("a".to_owned())), "a");
    assert_eq!(moved(Moves("a".to_owned())), "a");
    assert_eq!(MOVED.count(), 1);
}

#[cache(ephemeral)]
fn no_arguments() -> u32 {
    NO_ARGUMENTS.note()
}

static NO_ARGUMENTS: Runs = Runs::new();

#[test]
fn a_function_without_arguments_has_one_entry() {
    assert_eq!((no_arguments(), no_arguments()), (0, 0));
    assert!(no_arguments::invalidate());
    assert_eq!(no_arguments(), 1);
}
