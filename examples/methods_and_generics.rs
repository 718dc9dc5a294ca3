//! Methods, associated functions and generic functions.
//!
//! ```text
//! cargo run --release --example methods_and_generics
//! ```

use std::fmt::Debug;

use omnicache::{CacheKey, cache};

/// What is part of the key says so. A field that changes nothing about the results is left out.
#[derive(CacheKey)]
struct Polygon {
    corners: Vec<(f64, f64)>,
    #[cache_key(ignore)]
    name: &'static str,
}

impl Polygon {
    /// The key is `self` and `scale`, by value: an equal polygon finds this result.
    #[cache]
    fn area(&self, scale: f64) -> f64 {
        println!("  (computing the area of {})", self.name);
        let next = self.corners.iter().cycle().skip(1);
        let doubled: f64 = self.corners.iter().zip(next).map(|((x, y), (u, v))| x * v - u * y).sum();
        doubled.abs() / 2.0 * scale * scale
    }

    /// A function without `self`. The macro sees a function and not where it stands, so it has to be told.
    #[cache(associated)]
    fn corners_of_regular(count: u32) -> Vec<(f64, f64)> {
        let angle = |i| f64::from(i) * std::f64::consts::TAU / f64::from(count);
        (0..count).map(|i| angle(i).sin_cos()).collect()
    }

    fn regular(count: u32, name: &'static str) -> Self {
        Self { corners: Self::corners_of_regular(count), name }
    }
}

/// Each instantiation has a cache of its own. What is known of `T` are its bounds: with `Serialize` and
/// `DeserializeOwned` among them, results could go to disk as well.
#[cache]
fn largest<T: PartialOrd + Clone + Debug + CacheKey + Send + Sync + 'static>(values: &[T]) -> Option<T> {
    println!("  (looking for the largest of {values:?})");
    values
        .iter()
        .fold(None, |best, value| if best.as_ref() > Some(value) { best } else { Some(value.clone()) })
}

fn main() {
    let (hexagon, same) = (Polygon::regular(6, "a hexagon"), Polygon::regular(6, "its double"));
    println!("{:.3}", hexagon.area(2.0));
    println!("{:.3} (found: {} is equal but for the name)", same.area(2.0), same.name);

    // Inside an `impl` the companions carry the method's name.
    let stats = Polygon::area_stats();
    assert_eq!((stats.misses, stats.hits()), (1, 1));
    assert!(Polygon::area_contains(&hexagon, 2.0));
    assert!(Polygon::area_invalidate(&hexagon, 2.0));
    assert_eq!(Polygon::area_peek(&same, 2.0), None);
    assert_eq!(Polygon::corners_of_regular_stats().misses, 1);

    println!("{:?}", largest(&[3, 1, 2]));
    println!("{:?}", largest(&[3, 1, 2]));
    println!("{:?}", largest(&["pear".to_owned(), "apple".to_owned()]));
    assert_eq!((largest::stats().misses, largest::stats().hits()), (2, 1));

    println!();
    for function in omnicache::functions() {
        let (hits, misses) = (function.stats.hits(), function.stats.misses);
        let backend = function.explanation.map(|explanation| explanation.backend.to_string());
        println!(
            "{:<42} hits {hits}, misses {misses}, backend {}",
            function.name,
            backend.unwrap_or_default()
        );
    }
}
