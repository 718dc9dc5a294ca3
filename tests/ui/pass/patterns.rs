//! Arguments that are taken apart where they are received.

use omnicache::{CacheKey, cache};

#[derive(Clone, Copy, CacheKey)]
struct Point {
    x: u8,
    y: u8,
}

#[cache]
fn sum((a, b): (u8, u8), [c, d]: [u8; 2], Point { x, y: up }: Point) -> u8 {
    a + b + c + d + x + up
}

#[cache]
fn borrowed(&(a, ref b): &(u8, String), _: u8) -> usize {
    usize::from(a) + b.len()
}

#[cache(companion = false)]
fn without_companion((mut a, b): (u8, u8), all @ [_, c]: [u8; 2]) -> u8 {
    a += b;
    a + c + all[0]
}

fn main() {
    assert_eq!(sum((1, 2), [3, 4], Point { x: 5, y: 6 }), 21);
    assert!(sum::contains((1, 2), [3, 4], Point { x: 5, y: 6 }));
    assert_eq!(borrowed(&(1, "ab".to_owned()), 0), 3);
    assert_eq!(without_companion((1, 2), [3, 4]), 10);
}
