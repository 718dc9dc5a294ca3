use std::collections::{BTreeMap, HashMap};
use std::net::{IpAddr, SocketAddr};
use std::num::NonZeroU8;
use std::path::PathBuf;
use std::time::SystemTime;

use serde::{Deserialize, Serialize};

use super::{Reading, trace};

fn reading<T: Deserialize<'static>>() -> Reading {
    trace::<T>().reading
}

/// Declares types of one name in modules of their own and asserts that no two have one shape.
macro_rules! all_differ {
    ($($module:ident { $($item:item)+ })+) => {{
        $(mod $module {
            #![allow(dead_code, unreachable_pub)]
            use serde::Deserialize;
            $(#[derive(Deserialize)] $item)+
        })+
        let shapes = [$((stringify!($module), trace::<$module::T>())),+];
        for (at, (name, traced)) in shapes.iter().enumerate() {
            assert_eq!(traced.reading, Reading::Positional, "{name}");
            for (other, earlier) in &shapes[..at] {
                assert_ne!(traced.shape, earlier.shape, "{name} and {other}");
            }
        }
    }};
}

#[test]
fn the_shape_of_a_struct_changes_with_all_it_holds() {
    all_differ! {
        base { pub struct T { a: u32, b: u32, c: In } pub struct In { x: Vec<u8>, y: (u8, u8) } }
        swapped { pub struct T { b: u32, a: u32, c: In } pub struct In { x: Vec<u8>, y: (u8, u8) } }
        renamed { pub struct T { a: u32, bb: u32, c: In } pub struct In { x: Vec<u8>, y: (u8, u8) } }
        signed { pub struct T { a: u32, b: i32, c: In } pub struct In { x: Vec<u8>, y: (u8, u8) } }
        optional { pub struct T { a: u32, b: u32, c: In } pub struct In { x: Option<u8>, y: (u8, u8) } }
        arity { pub struct T { a: u32, b: u32, c: In } pub struct In { x: Vec<u8>, y: (u8, u8, u8) } }
        nested { pub struct T { a: u32, b: u32, c: In } pub struct In { x: Vec<u16>, y: (u8, u8) } }
        moved { pub struct T { a: u32, b: u32, c: Vec<In> } pub struct In { x: Vec<u8>, y: (u8, u8) } }
        crossed { pub struct T { a: u32, b: u32, c: In } pub struct In { y: (u8, u8), x: Vec<u8> } }
        positional { pub struct T(u32, u32, In); pub struct In { x: Vec<u8>, y: (u8, u8) } }
    }
}

#[test]
fn the_shape_of_an_enum_changes_with_every_variant() {
    all_differ! {
        base { pub enum T { A, B(u8), C(u8, E), D { x: Box<T>, y: E } } pub enum E { P, Q(u64) } }
        swapped { pub enum T { B(u8), A, C(u8, E), D { x: Box<T>, y: E } } pub enum E { P, Q(u64) } }
        renamed { pub enum T { A, Bb(u8), C(u8, E), D { x: Box<T>, y: E } } pub enum E { P, Q(u64) } }
        typed { pub enum T { A, B(u16), C(u8, E), D { x: Box<T>, y: E } } pub enum E { P, Q(u64) } }
        inner { pub enum T { A, B(u8), C(u8, E), D { x: Box<T>, y: E } } pub enum E { P, Q(i64) } }
        more { pub enum T { A, B(u8), C(u8, E), D { x: Box<T>, y: E } } pub enum E { P, Q(u64), R } }
        last { pub enum T { A, B(u8), C(u8, E), D { x: Box<T>, y: Option<E> } } pub enum E { P, Q(u64) } }
        crossed { pub enum T { A, B(u8), C(u8, E), D { y: E, x: Box<T> } } pub enum E { P, Q(u64) } }
    }
}

#[test]
fn generic_types_of_one_name_are_told_apart_by_place() {
    all_differ! {
        one { pub struct T { a: E<u8, u16>, b: E<u16, u8> } pub enum E<L, R> { L(L), R(W<R>) } pub struct W<X> { x: X } }
        two { pub struct T { a: E<u16, u8>, b: E<u8, u16> } pub enum E<L, R> { L(L), R(W<R>) } pub struct W<X> { x: X } }
        six { pub struct T { a: E<u8, u16>, b: E<u16, u32> } pub enum E<L, R> { L(L), R(W<R>) } pub struct W<X> { x: X } }
    }
}

#[test]
fn the_shape_is_the_same_each_time() {
    assert_eq!(trace::<HashMap<String, Vec<IpAddr>>>(), trace::<HashMap<String, Vec<IpAddr>>>());
    assert_ne!(trace::<HashMap<String, u8>>().shape, trace::<HashMap<u8, String>>().shape);
    assert_ne!(trace::<Vec<u8>>().shape, trace::<Vec<i8>>().shape);
    assert_ne!(trace::<Option<u8>>().shape, trace::<Vec<u8>>().shape);
    assert_ne!(trace::<[u8; 3]>().shape, trace::<[u8; 4]>().shape);
    // The same bytes, and the same meaning.
    assert_eq!(trace::<Box<str>>().shape, trace::<String>().shape);
}

#[test]
fn common_types_are_seen_whole() {
    assert_eq!(reading::<(NonZeroU8, IpAddr, SocketAddr, SystemTime, PathBuf)>(), Reading::Positional);
    assert_eq!(reading::<BTreeMap<(u8, char), Result<(), Box<[f32]>>>>(), Reading::Positional);
    assert_eq!(reading::<[[[u64; 32]; 32]; 8]>(), Reading::Positional);
}

#[derive(Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
struct Address(String);

impl TryFrom<String> for Address {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.contains('@') { Ok(Self(text)) } else { Err(text) }
    }
}

impl From<Address> for String {
    fn from(address: Address) -> Self {
        address.0
    }
}

impl Clone for Address {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

#[derive(Deserialize)]
#[serde(try_from = "u64")]
struct Never;

impl TryFrom<u64> for Never {
    type Error = String;

    fn try_from(_: u64) -> Result<Self, String> {
        Err("never".into())
    }
}

#[test]
fn values_are_made_up_until_one_is_taken() {
    assert_eq!(reading::<Vec<(Address, NonZeroU8, Address)>>(), Reading::Positional);
    assert_eq!(reading::<Never>(), Reading::SelfDescribing);
    assert_ne!(trace::<Vec<Never>>().shape, trace::<Option<Never>>().shape);
}

#[derive(Deserialize)]
#[serde(untagged)]
#[allow(dead_code)]
enum Untagged {
    One(u8),
}

#[derive(Deserialize)]
#[allow(dead_code)]
enum Endless {
    Only(Box<Endless>),
}

#[test]
fn types_that_ask_what_comes_are_found_wherever_they_hide() {
    assert_eq!(reading::<Untagged>(), Reading::SelfDescribing);
    assert_eq!(reading::<(u8, Result<u8, Vec<Option<Untagged>>>)>(), Reading::SelfDescribing);
    assert_eq!(reading::<serde::de::IgnoredAny>(), Reading::SelfDescribing);
    assert_eq!(reading::<Endless>(), Reading::SelfDescribing);
}

#[test]
fn borrowed_text_is_found_wherever_it_hides() {
    assert_eq!(reading::<&'static str>(), Reading::Lent);
    assert_eq!(reading::<Result<u8, Option<(u8, &'static str)>>>(), Reading::Lent);
    assert_eq!(reading::<std::borrow::Cow<'static, str>>(), Reading::Positional);
}

macro_rules! wide_enum {
    ($name:ident: $($variant:ident)+) => {
        #[derive(Deserialize)]
        #[allow(dead_code)]
        enum $name { Leaf, $($variant(Box<$name>, Vec<$name>, Option<Box<$name>>)),+ }
    };
}

wide_enum! { Tree: A B C D E F G H I J K L M N O P Q R S T U V W X Y Z }

#[test]
fn a_wide_recursive_type_is_seen_whole_in_bounded_time() {
    let traced = trace::<Tree>();
    assert_eq!(traced.reading, Reading::Positional);
    assert_eq!(traced, trace::<Tree>());
}
