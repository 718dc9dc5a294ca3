//! Functions as they are commonly written.

use std::collections::HashMap;
use std::sync::Arc;

use omnicache::cache;

/// A doc comment is kept.
#[must_use]
#[inline]
#[allow(clippy::needless_return)]
#[cache]
fn double(a: u64) -> u64 {
    return a * 2;
}

#[cache]
fn fibonacci(n: u64) -> u64 {
    if n < 2 { n } else { fibonacci(n - 1) + fibonacci(n - 2) }
}

#[cache]
fn nothing() {}

#[cache]
fn counts(words: &[&str]) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for word in words {
        *counts.entry((*word).to_owned()).or_default() += 1;
    }
    counts
}

#[cache]
fn name(code: u8) -> &'static str {
    if code == 0 { "zero" } else { "more" }
}

#[cache]
fn names(up_to: u8) -> Vec<&'static str> {
    (0..up_to).map(|_| "name").collect()
}

#[cache]
fn shared(text: String) -> Arc<str> {
    text.into()
}

#[cache]
fn perhaps(a: i8) -> Option<Box<i8>> {
    (a > 0).then(|| Box::new(a))
}

#[cache(cache_if = |answer| answer.is_some(), ttl = "10m", max_entries = 10, policy = lru)]
fn asked(a: f64) -> Option<f64> {
    (a > 0.0).then(|| a.sqrt())
}

#[cache(ttl_if = |answer| answer.is_none().then_some(std::time::Duration::from_secs(1)))]
fn mortal(a: f64) -> Option<f64> {
    (a > 0.0).then(|| a.sqrt())
}

#[cache(key = (a, b.len()))]
fn keyed(a: u8, b: Vec<std::rc::Rc<u8>>) -> usize {
    usize::from(a) + b.len()
}

#[cache(ignore(scale))]
fn r#match(r#type: u8, mut scale: f32) -> f32 {
    scale += 1.0;
    f32::from(r#type) * scale
}

#[cache(companion = u8_of)]
fn u8(a: u16) -> u16 {
    a / 256
}

fn main() {
    fn local_one(a: u8) -> u8 {
        #[cache]
        fn inner(a: u8) -> u8 {
            a + 1
        }
        assert!(!inner::contains(a));
        inner(a)
    }
    assert_eq!(local_one(1), 2);
    assert_eq!(double(2), 4);
    assert_eq!(double::stats().misses, 1);
    assert_eq!(fibonacci(50), 12_586_269_025);
    nothing();
    assert_eq!(counts(&["a", "b", "a"])["a"], 2);
    assert_eq!((name(0), name(1)), ("zero", "more"));
    assert_eq!(names(2), ["name", "name"]);
    assert_eq!(names::peek(2), Some(vec!["name", "name"]));
    assert_eq!(&*shared("text".to_owned()), "text");
    assert_eq!(perhaps(-1), None);
    assert_eq!(perhaps::peek(-1), Some(None));
    assert_eq!(asked(-1.0), None);
    assert!(!asked::contains(-1.0));
    assert_eq!(keyed(1, vec![]), 1);
    assert!((r#match(2, 1.0) - 4.0).abs() < 1e-6);
    assert_eq!(u8(512), 2);
    assert!(u8_of::contains(512));
}
