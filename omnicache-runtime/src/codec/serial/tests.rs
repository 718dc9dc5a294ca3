#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    reason = "made-up values of every type"
)]

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet, LinkedList, VecDeque};
use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::{Duration, SystemTime};

use serde::{Deserialize, Serialize};

use super::{Collection, Struct};
use crate::codec::{Leaf, Payload};
use crate::kind::Codec;

fn round<T>(value: &T) -> Option<(Codec, T)>
where
    T: Serialize + Deserialize<'static> + 'static,
{
    let codec = Struct::choose(value);
    if codec == Codec::None {
        return None;
    }
    let mut bytes = Vec::new();
    Struct::encode(value, codec, &mut bytes).expect("a chosen codec writes");
    Some((codec, Struct::decode(codec, Payload::from(bytes)).expect("what was chosen reads back")))
}

/// The value comes back equal, in the codec expected.
#[track_caller]
fn comes_back<T>(value: T, codec: Codec)
where
    T: Serialize + Deserialize<'static> + PartialEq + std::fmt::Debug + 'static,
{
    let (found, back) = round(&value).expect("a codec is found");
    assert_eq!(back, value);
    assert_eq!(found, codec);
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Plain {
    name: String,
    points: Vec<(f64, f64)>,
    tags: HashMap<String, Option<u32>>,
    seen: HashSet<u64>,
    id: NonZeroU32,
    from: IpAddr,
    took: Duration,
    letter: char,
    big: i128,
}

fn plain() -> Plain {
    Plain {
        name: "one".into(),
        points: vec![(1.0, -0.0), (f64::MAX, 3.5)],
        tags: (0..40).map(|n| (n.to_string(), (n % 2 == 0).then_some(n))).collect(),
        seen: (0..300).collect(),
        id: NonZeroU32::MIN,
        from: std::net::Ipv6Addr::LOCALHOST.into(),
        took: Duration::from_nanos(123_456_789_012),
        letter: 'ß',
        big: i128::MIN,
    }
}

#[test]
fn plain_structs_come_back_in_bincode() {
    comes_back(plain(), Codec::Bincode);
    comes_back(SystemTime::UNIX_EPOCH + Duration::from_secs(9), Codec::Bincode);
    comes_back((1u8, "text".to_owned(), Some(vec![Some(1u64), None])), Codec::Bincode);
    comes_back(Cow::<'static, str>::Borrowed("lent"), Codec::Bincode);
    comes_back(LinkedList::from([1u8, 2]), Codec::Bincode);
    comes_back(VecDeque::from([1u8, 2]), Codec::Bincode);
    comes_back(BTreeMap::from([(1u8, [1u16; 3])]), Codec::Bincode);
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Untagged {
    Small(u8),
    Middle(u16),
    Text(String),
    Both { a: u8, b: u8 },
}

#[test]
fn untagged_enums_come_back_or_stay_in_memory() {
    comes_back(Untagged::Text("x".into()), Codec::MessagePack);
    comes_back(Untagged::Both { a: 1, b: 2 }, Codec::MessagePack);
    comes_back(Untagged::Middle(300), Codec::MessagePack);
    // Five is read as the first variant that takes it, whatever it was: kept in memory.
    assert!(round(&Untagged::Middle(5)).is_none());
    comes_back(Untagged::Small(5), Codec::MessagePack);
}

#[test]
fn what_was_not_chosen_is_not_written() {
    let ambiguous = Untagged::Middle(5);
    let mut out = Vec::new();
    assert!(Struct::encode(&ambiguous, Codec::MessagePack, &mut out).is_err());
    assert!(Struct::encode(&ambiguous, Codec::Bincode, &mut out).is_err());
    assert!(Struct::encode(&Skipping { a: None, b: vec![0] }, Codec::Bincode, &mut out).is_err());
    assert!(Struct::encode(&1u8, Codec::Raw, &mut out).is_err());
    assert!(out.is_empty());
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind")]
enum Internal {
    Unit,
    Fields { a: u32, b: Vec<u8> },
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "with")]
enum Adjacent {
    Unit,
    One(u32),
    Two(u8, String),
    Fields { a: u32 },
}

#[test]
fn tagged_enums_come_back() {
    comes_back(vec![Internal::Unit, Internal::Fields { a: 1, b: vec![2] }], Codec::MessagePack);
    for value in [Adjacent::Unit, Adjacent::One(7), Adjacent::Two(1, "x".into()), Adjacent::Fields { a: 3 }] {
        let (_, back) = round(&value).expect("a codec is found");
        assert_eq!(back, value);
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Inner {
    x: u8,
    y: Option<String>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Flat {
    id: u64,
    #[serde(flatten)]
    inner: Inner,
    #[serde(flatten)]
    rest: HashMap<String, u32>,
}

#[test]
fn flattened_structs_come_back() {
    let rest = HashMap::from([("z".to_owned(), 9)]);
    comes_back(Flat { id: 1, inner: Inner { x: 2, y: Some("y".into()) }, rest }, Codec::MessagePack);
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Skipping {
    #[serde(skip_serializing_if = "Option::is_none", default)]
    a: Option<()>,
    b: Vec<u8>,
}

#[test]
fn a_field_left_out_does_not_shift_the_others() {
    // In bincode `b: [0]` with `a` left out would read as `a: Some(()), b: []`.
    for b in [vec![], vec![0], vec![0, 0], vec![1, 7]] {
        comes_back(Skipping { a: None, b }, Codec::MessagePack);
    }
    // MessagePack cannot tell `Some(())` from `None`; bincode can, and nothing is left out here.
    comes_back(Skipping { a: Some(()), b: vec![0] }, Codec::Bincode);
    comes_back(Skipping { a: None, b: vec![3] }, Codec::MessagePack);
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct SkippingTuple(
    #[serde(skip_serializing_if = "Option::is_none", default)] Option<u8>,
    #[serde(default)] Vec<u8>,
);

#[derive(Debug, PartialEq, Default, Serialize, Deserialize)]
struct OneWay {
    #[serde(skip_serializing, default)]
    a: u8,
    b: Vec<u8>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Renamed {
    #[serde(rename(serialize = "out", deserialize = "in"))]
    a: u8,
    b: u8,
}

#[test]
fn values_are_never_read_back_wrong() {
    for b in [vec![], vec![0], vec![1, 7], vec![2, 0, 0]] {
        for value in [SkippingTuple(None, b.clone()), SkippingTuple(Some(1), b)] {
            if let Some((_, back)) = round(&value) {
                assert_eq!(back, value);
            }
        }
    }
    for b in [vec![], vec![0], vec![1, 7], vec![3, 3, 3, 3]] {
        comes_back(OneWay { a: 0, b }, Codec::MessagePack);
    }
    comes_back(Renamed { a: 1, b: 2 }, Codec::Bincode);
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING-KEBAB-CASE")]
struct Odd {
    #[serde(skip)]
    skipped: u32,
    #[serde(default = "seven")]
    seven_or: u8,
    #[serde(rename = "with space")]
    other: Shape,
}

fn seven() -> u8 {
    7
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Unit,
    New(Box<Shape>),
    Many(Vec<Shape>, Option<Box<Shape>>),
    Named { left: Box<Shape>, right: Box<Shape> },
}

fn tree(depth: usize) -> Shape {
    if depth == 0 {
        return Shape::Unit;
    }
    Shape::Named {
        left: Box::new(Shape::Many(vec![tree(depth - 1), Shape::Unit], Some(Box::new(Shape::Unit)))),
        right: Box::new(Shape::New(Box::new(tree(depth - 1)))),
    }
}

#[test]
fn recursive_enums_and_odd_attributes_come_back() {
    for depth in 0..6 {
        comes_back(tree(depth), Codec::Bincode);
    }
    comes_back(Odd { skipped: 0, seven_or: 3, other: tree(2) }, Codec::Bincode);
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Node {
    value: u8,
    next: Option<Box<Node>>,
}

#[test]
fn values_that_nest_too_deep_stay_in_memory() {
    let chain = |length: usize| {
        (0..length).fold(None, |next, _| Some(Box::new(Node { value: 1, next }))).expect("not empty")
    };
    comes_back(chain(50), Codec::Bincode);
    assert!(round(&chain(100)).is_none());
    // A payload that nests deeper than any value that is written.
    assert!(<Struct as Leaf<Node>>::decode(Codec::Bincode, vec![1; 1 << 20].into()).is_err());
    assert!(<Struct as Leaf<Shape>>::decode(Codec::Bincode, vec![1; 1 << 20].into()).is_err());
    let nested = vec![0x91; 1 << 20];
    assert!(<Struct as Leaf<Untagged>>::decode(Codec::MessagePack, nested.into()).is_err());
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Lent {
    name: &'static str,
    number: u8,
}

#[test]
fn borrowed_text_stays_in_memory() {
    assert!(round(&Lent { name: "x", number: 1 }).is_none());
    assert_eq!(Struct::measure(&Lent { name: "x", number: 1 }).codec, Codec::None);
    assert!(round(&Some("text")).is_none());
    assert!(round(&None::<&'static str>).is_none());
}

#[test]
fn hollow_sequences_cannot_announce_more_than_there_is() {
    comes_back(vec![(); 1000], Codec::MessagePack);
    let announces = [253, 255, 255, 255, 255, 255, 255, 255, 127];
    assert!(<Collection as Leaf<Vec<()>>>::decode(Codec::Bincode, announces.to_vec().into()).is_err());
    assert!(<Collection as Leaf<String>>::decode(Codec::Bincode, announces.to_vec().into()).is_err());
    assert!(<Collection as Leaf<HashSet<u8>>>::decode(Codec::Bincode, announces.to_vec().into()).is_err());
}

#[expect(clippy::option_option, reason = "that is what is tried")]
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Both {
    #[serde(flatten)]
    inner: Inner,
    twice: Option<Option<u8>>,
}

#[test]
fn double_options_are_not_confused() {
    comes_back(vec![Some(Some(1u8)), Some(None), None], Codec::Bincode);
    let both = |twice| Both { inner: Inner { x: 1, y: None }, twice };
    comes_back(both(Some(Some(1))), Codec::MessagePack);
    comes_back(both(None), Codec::MessagePack);
    assert!(round(&both(Some(None))).is_none());
}

#[cfg(feature = "json")]
#[test]
fn json_values_inside_structs_come_back() {
    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Holder {
        id: u8,
        value: serde_json::Value,
    }
    let value = serde_json::json!({"a": [1, 2.5, null, "x"], "b": {"c": true}});
    comes_back(Holder { id: 1, value }, Codec::MessagePack);
}

fn encoded<T: Serialize + Deserialize<'static> + 'static>(value: &T) -> (Codec, Vec<u8>) {
    let codec = Struct::choose(value);
    let mut bytes = Vec::new();
    Struct::encode(value, codec, &mut bytes).expect("a chosen codec writes");
    (codec, bytes)
}

#[track_caller]
fn survives_damage<T: Serialize + Deserialize<'static> + 'static>(value: &T) {
    let (codec, bytes) = encoded(value);
    for end in 0..bytes.len() {
        // Shorter payloads may be other values; longer ones never are.
        let _ = <Struct as Leaf<T>>::decode(codec, bytes[..end].to_vec().into());
    }
    let mut longer = bytes.clone();
    longer.push(0);
    assert!(<Struct as Leaf<T>>::decode(codec, longer.into()).is_err());
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << bit;
            let _ = <Struct as Leaf<T>>::decode(codec, damaged.into());
        }
        for byte in [0, 250, 251, 252, 253, 254, 255] {
            let mut damaged = bytes.clone();
            damaged[at] = byte;
            let _ = <Struct as Leaf<T>>::decode(codec, damaged.into());
        }
    }
}

#[test]
fn damaged_payloads_never_panic() {
    survives_damage(&plain());
    survives_damage(&tree(3));
    survives_damage(&vec![Untagged::Text("abc".into()), Untagged::Both { a: 1, b: 2 }]);
    survives_damage(&vec![Internal::Fields { a: 1, b: vec![1, 2, 3] }]);
    survives_damage(&Flat { id: 9, inner: Inner { x: 1, y: None }, rest: HashMap::from([("q".into(), 1)]) });
}

#[test]
fn the_meter_counts_what_bincode_writes() {
    let mut seed = 1u64;
    let mut random = move || {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let shift = (seed >> 58) & 63;
        (seed >> 5) >> shift
    };
    for _ in 0..3000 {
        let text: String =
            (0..random() % 300).map(|n| char::from_u32((n as u32 * 977) % 0xD800).unwrap_or('a')).collect();
        let value = (
            (random() as u16, random() as i16, random() as u32, random() as i32),
            (random(), random() as i64, u128::from(random()) << (random() % 60), -i128::from(random())),
            (text, Some(random() as u8), None::<u8>, f64::from_bits(random())),
            (0..random() % 400).map(|_| random() as i32).collect::<Vec<_>>(),
            (0..random() % 9).map(|_| (random(), tree(random() as usize % 3))).collect::<BTreeMap<_, _>>(),
        );
        let bytes = bincode::serde::encode_to_vec(&value, bincode::config::standard()).expect("it encodes");
        assert_eq!(Collection::measure(&value).size, bytes.len() as u64);
    }
}
