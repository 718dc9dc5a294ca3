//! Methods by every receiver, and functions without one.

use std::sync::Arc;

use omnicache::{CacheKey, cache};

#[derive(Clone, Debug, PartialEq, CacheKey)]
struct Square(u64);

impl Square {
    #[cache]
    pub fn area(&self) -> u64 {
        self.0 * self.0
    }

    #[cache]
    fn side(self) -> u64 {
        self.0
    }

    #[cache]
    fn doubled(self: Arc<Self>, times: u64) -> Self {
        Self(self.0 * times)
    }

    #[cache]
    fn halved(self: &Self) -> Self {
        Self(self.0 / 2)
    }

    #[cache(associated)]
    fn of(side: u64) -> Self {
        Self(side)
    }

    #[cache(associated)]
    fn all<const N: usize>() -> Vec<Self> {
        (0..N as u64).map(Self::of).collect()
    }

    #[cache(ignore(self))]
    fn corners(&self) -> u8 {
        4
    }

    #[cache(key = self.0 % 2)]
    fn even(&self) -> bool {
        self.0 % 2 == 0
    }

    #[cache]
    fn checked(&self) -> Result<Self, std::num::TryFromIntError> {
        Ok(Self(u8::try_from(self.0)?.into()))
    }

    #[cache]
    async fn later(&self, by: &str) -> String {
        format!("{} {by}", self.0)
    }
}

trait Shape {
    fn circumference(&self) -> u64;

    fn scaled(&self, by: u64) -> Self;
}

impl Shape for Square {
    #[cache(companion = false)]
    fn circumference(&self) -> u64 {
        4 * self.0
    }

    #[cache(companion = false, ttl = "1h")]
    fn scaled(&self, by: u64) -> Self {
        Self(self.0 * by)
    }
}

fn main() {
    let square = Square(4);
    assert_eq!(square.area(), 16);
    assert_eq!(Square::area_peek(&square), Some(16));
    assert_eq!(square.clone().side(), 4);
    assert_eq!(Arc::new(square.clone()).doubled(2), Square(8));
    assert_eq!(square.halved(), Square(2));
    assert_eq!(Square::of(3), Square(3));
    assert!(Square::of_invalidate(3));
    assert_eq!(Square::all::<2>().len(), 2);
    assert_eq!(square.corners(), 4);
    assert!(square.even());
    assert!(square.checked().is_ok());
    assert_eq!(Square::checked_stats().misses, 1);
    assert_eq!(square.circumference(), 16);
    assert_eq!(square.scaled(2), Square(8));
    drop(square.later("by"));
}
