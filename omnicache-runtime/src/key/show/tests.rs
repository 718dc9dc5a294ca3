//! Values of all standard types, shown as people write them; and anything else, shown somehow.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};
use std::ffi::CString;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::{NonZero, Wrapping};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::*;
use crate::key::{CacheKey, KeyWriter, Prehashed, serial};

fn shown(value: &(impl CacheKey + ?Sized)) -> String {
    show(&KeyWriter::bytes(|key| value.write_key(key)).0)
}

fn serialised(value: &impl serde::Serialize) -> String {
    show(&KeyWriter::bytes(|key| serial::write(value, key)).0)
}

#[test]
fn numbers_and_texts_are_shown_as_they_are_written() {
    assert_eq!(shown(&42_u8), "(42)");
    assert_eq!(shown(&-1_i128), "(-1)");
    assert_eq!(shown(&1.5_f32), "(1.5)");
    assert_eq!(shown(&f64::NAN), "(NaN)");
    assert_eq!(shown(&usize::MAX), format!("({})", usize::MAX));
    assert_eq!(shown(&true), "(true)");
    assert_eq!(shown(&'ß'), "('ß')");
    assert_eq!(shown("a \"b\"\n"), "(\"a \\\"b\\\"\\n\")");
    assert_eq!(shown(&()), "(())");
    assert_eq!(shown(Path::new("/tmp/x")), "(\"/tmp/x\")");
    for type_of in [shown(&7_u16), shown(&7_u32), shown(&7_u64), shown(&7_u128), shown(&7_i8), shown(&7_i16)]
    {
        assert_eq!(type_of, "(7)");
    }
    for type_of in [shown(&7_i32), shown(&7_i64), shown(&7_isize), shown(&NonZero::new(7_u8).unwrap())] {
        assert_eq!(type_of, "(7)");
    }
}

#[test]
fn arguments_one_after_another_are_all_shown() {
    let bytes = KeyWriter::bytes(|key| {
        42_u64.write_key(key);
        "text".write_key(key);
        vec![1.5_f64, 2.5].write_key(key);
    });
    assert_eq!(show(&bytes.0), "(42, \"text\", [1.5, 2.5])");
    assert_eq!(show(&[]), "()");
}

#[test]
fn containers_are_shown_with_what_they_hold() {
    assert_eq!(shown(&vec![1_u8, 2]), "([1, 2])");
    assert_eq!(shown(&["a", "b"]), "([\"a\", \"b\"])");
    assert_eq!(shown(&Vec::<String>::new()), "([])");
    assert_eq!(shown(&Vec::<u32>::new()), "([])");
    assert_eq!(shown(&(Vec::<u32>::new(), 7_u8)), "(([], 7))");
    assert_eq!(shown(&(Vec::<String>::new(), "x")), "(([], \"x\"))");
    assert_eq!(shown(&vec![Wrapping(1_u8), Wrapping(2)]), "([1, 2])");
    assert_eq!(shown(&vec![vec![1_i32], vec![]]), "([[1], []])");
    assert_eq!(shown(&(1_u8, ("x", false))), "((1, (\"x\", false)))");
    assert_eq!(shown(&VecDeque::from([1_u8])), "([1])");
    assert_eq!(shown(&BTreeSet::from([2_u16, 1])), "([1, 2])");
    assert_eq!(shown(&HashSet::from(["b", "a"])), "({\"a\", \"b\"})");
    assert_eq!(shown(&BTreeMap::from([("k", 1_u8)])), "({\"k\": 1})");
    assert_eq!(shown(&HashMap::from([(1_u8, "v")])), "({1: \"v\"})");
    assert_eq!(shown(&Some(Some(3_u8))), "(Some(Some(3)))");
    assert_eq!(shown(&None::<u8>), "(None)");
    assert_eq!(shown(&Err::<u8, _>("bad")), "(Err(\"bad\"))");
    assert_eq!(shown(&Ok::<_, u8>('x')), "(Ok('x'))");
    assert_eq!(shown(&(1..4_i32)), "((1, 4))");
    assert_eq!(shown(&CString::new("c").unwrap()), "([99])");
}

#[test]
fn times_and_addresses_are_shown_as_such() {
    assert_eq!(shown(&Duration::from_millis(1500)), "(1.5s)");
    assert_eq!(shown(&(UNIX_EPOCH + Duration::from_secs(2))), "(1970+2s)");
    assert_eq!(shown(&(UNIX_EPOCH - Duration::from_secs(2))), "(1970-2s)");
    assert_eq!(shown(&Ipv4Addr::LOCALHOST), "(127.0.0.1)");
    assert_eq!(shown(&Ipv6Addr::LOCALHOST), "(::1)");
    assert_eq!(shown(&IpAddr::V6(Ipv6Addr::LOCALHOST)), "((6, ::1))");
    assert!(shown(&SystemTime::now()).starts_with("(1970+"));
    assert!(shown(&Prehashed::new(5_u8)).starts_with("(prehashed 0x"));
}

#[derive(serde::Serialize)]
struct Point {
    x: f64,
    name: &'static str,
}

#[derive(serde::Serialize)]
enum Shape {
    Empty,
    Dot(Point),
    Line { from: u8, to: u8 },
    Pair(u8, u8),
}

impl CacheKey for Point {
    fn write_key(&self, key: &mut KeyWriter) {
        key.begin("Point");
        self.x.write_key(key);
        self.name.write_key(key);
    }
}

#[test]
fn serialised_values_are_shown_with_their_fields() {
    assert_eq!(serialised(&Point { x: 1.5, name: "p" }), "(Point (x: 1.5, name: \"p\"))");
    assert_eq!(serialised(&Shape::Line { from: 1, to: 2 }), "(Shape::Line (from: 1, to: 2))");
    assert_eq!(serialised(&Shape::Pair(1, 2)), "(Shape::Pair (1, 2))");
    assert_eq!(serialised(&Shape::Empty), "(Shape::Empty)");
    assert_eq!(
        serialised(&Shape::Dot(Point { x: 0.0, name: "" })),
        "(Shape::Dot {Point (x: 0.0, name: \"\")})"
    );
    assert_eq!(serialised(&vec![(1_u8, "x")]), "([(1, \"x\")])");
    assert_eq!(serialised(&BTreeMap::from([("k", Some(1_u8))])), "({\"k\": Some(1)})");
    assert_eq!(serialised(&7_u64), "(7)");
}

#[test]
fn derived_types_are_shown_by_name_and_fields() {
    let point = |x| Point { x, name: "p" };
    assert_eq!(shown(&point(1.0)), "(Point {1.0, \"p\"})");
    assert_eq!(shown(&vec![point(1.0), point(2.0)]), "([Point {1.0, \"p\"}, Point {2.0, \"p\"}])");
}

#[cfg(feature = "ndarray")]
#[test]
fn arrays_are_shown_with_their_shape() {
    assert_eq!(shown(&ndarray::arr2(&[[1_u8, 2, 3], [4, 5, 6]])), "(array 2x3 [1, 2, 3, 4, 5, 6])");
}

#[test]
fn anything_else_is_shown_in_hexadecimal() {
    assert_eq!(show(&[0xff, 0x01]), "0xff01");
    assert_eq!(show(&[17, 255, 255, 255, 255, 255, 255, 255, 255]), "0x11ffffffffffffffff");
    assert_eq!(show(&[18, 255, 255, 255, 255, 255, 255, 255, 127, 3]), "0x12ffffffffffffff7f03");
    assert!(show(&vec![23; 100_000]).ends_with("... (100000 bytes)"));
    assert!(show(&vec![23; 2000]).starts_with("0x1717"));
}

#[test]
fn every_sequence_of_bytes_is_shown_in_bounds() {
    let mut state = 1_u64;
    for length in (0..1024).chain(0..1024) {
        let bytes: Vec<u8> = (0..length)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let byte = u8::try_from(state >> 56).unwrap();
                if state & 1 << 40 == 0 { byte % 39 } else { byte & 3 }
            })
            .collect();
        assert!(show(&bytes).len() <= 2 + 16 * bytes.len(), "{bytes:?}");
    }
}
