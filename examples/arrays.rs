//! Arrays: small ones stay in memory, large ones become `.npy` files that NumPy can open too.
//!
//! ```text
//! cargo run --release --features ndarray --example arrays
//! ```

use std::f64::consts::TAU;
use std::time::Instant;

use ndarray::{Array1, Array2, Ix2};
use omnicache::{Backend, CallExplanation, Kind, MappedArray, Prehashed, cache, for_ndarray};

/// Energy by time and frequency, by the plain Fourier sum. Large for a long signal, small for a short one.
#[cache(version = 1)]
fn spectrogram(samples: &Array1<f64>, bins: usize) -> Array2<f64> {
    let windows = samples.len() / bins;
    Array2::from_shape_fn((windows, bins), |(window, bin)| {
        let (mut re, mut im) = (0.0, 0.0);
        for step in 0..bins {
            let angle = TAU * as_f64(bin * step % bins) / as_f64(bins);
            re += samples[window * bins + step] * angle.cos();
            im -= samples[window * bins + step] * angle.sin();
        }
        re.hypot(im)
    })
}

/// The same, always as an array file, and a hit is the mapped file itself: nothing is read before it is looked at.
/// `Prehashed` keeps the digest of the samples, so that a call does not go through them again.
#[cache(config = for_ndarray(), version = 1)]
fn mapped_spectrogram(samples: &Prehashed<Array1<f64>>, bins: usize) -> MappedArray<f64, Ix2> {
    spectrogram::uncached(samples, bins).into()
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^53")]
fn as_f64(number: usize) -> f64 {
    number as f64
}

fn timed<T>(what: &str, call: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let result = call();
    println!("  {what:<34}{:>12.1?}", start.elapsed());
    result
}

fn main() {
    let chirp = |length: usize| Array1::from_shape_fn(length, |i| (as_f64(i) * as_f64(i) * 1e-6).sin());
    let (short, long) = (chirp(4_096), chirp(262_144));

    println!("An array of up to 1 MiB stays in memory, a larger one goes to a .npy file:");
    let small = timed("64 × 64, first call", || spectrogram(&short, 64));
    assert_eq!(timed("64 × 64, second call", || spectrogram(&short, 64)), small);
    let large = timed("4096 × 64, first call", || spectrogram(&long, 64));
    assert_eq!(timed("4096 × 64, second call", || spectrogram(&long, 64)), large);
    assert_eq!(spectrogram::explain().kind, Kind::Array);
    assert_eq!(spectrogram::explain_call(&short, 64), CallExplanation::MemoryHit);
    assert_eq!(spectrogram::explain_call(&long, 64), CallExplanation::DiskHit);

    println!("A MappedArray is not copied out of its file, and a Prehashed argument is hashed once:");
    let long = Prehashed::new(long);
    let mapped = timed("4096 × 64, first call", || mapped_spectrogram(&long, 64));
    let again = timed("4096 × 64, second call", || mapped_spectrogram(&long, 64));
    assert_eq!(mapped.view(), large);
    assert_eq!(again.view(), large);
    assert_eq!(mapped_spectrogram::explain().backend, Backend::Array);

    println!("\n{}", mapped_spectrogram::explain());
    println!("\nRun it again: the large arrays are there, and their first calls are hits.");
}
