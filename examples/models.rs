//! Models: 500 MB of weights that are made once, and from then on opened in microseconds and read where they are used.
//!
//! ```text
//! cargo run --release --example models    # twice: the second run starts warm
//! ```

use std::collections::HashMap;
use std::time::Instant;

use omnicache::{MappedBytes, cache, for_models};
use safetensors::SafeTensors;
use safetensors::tensor::{Dtype, TensorView, serialize};

/// Layers of 4096 by 4096 weights of four bytes: 64 MiB each.
const LAYERS: usize = 8;
const SIDE: usize = 4096;

/// What stands for a trained weight.
#[expect(clippy::cast_precision_loss, reason = "made-up weights")]
fn weight(at: usize) -> f32 {
    at as f32 / 1e6
}

/// The weights as a safetensors file. A hit is the mapped file itself.
#[cache(config = for_models(), version = 1)]
fn weights(name: &str) -> MappedBytes {
    println!("  training {name} ...");
    let weights: Vec<u8> = (0..SIDE * SIDE).flat_map(|at| weight(at).to_le_bytes()).collect();
    let layers: HashMap<String, TensorView<'_>> = (0..LAYERS)
        .map(|layer| {
            let view =
                TensorView::new(Dtype::F32, vec![SIDE, SIDE], &weights).expect("as many bytes as that");
            (format!("layer.{layer}"), view)
        })
        .collect();
    serialize(&layers, None).expect("a model can be written").into()
}

fn main() {
    for call in ["first", "second"] {
        let start = Instant::now();
        let file = weights("synthetic-500M");
        let model = SafeTensors::deserialize(&file).expect("a model");
        let layer = model.tensor("layer.3").expect("a layer");
        let at = SIDE * SIDE / 2;
        let found = layer.data()[4 * at..].first_chunk().map(|bytes| f32::from_le_bytes(*bytes));
        let time = start.elapsed();
        println!(
            "{call} call: {} MB in {} layers, opened and a weight read in {time:.1?}",
            file.len() / 1_000_000,
            model.len()
        );
        assert_eq!((layer.shape(), found), (&[SIDE, SIDE][..], Some(weight(at))));
    }
    assert!(weights::stats().disk_hits >= 1);
    if let Some(path) = weights::path("synthetic-500M") {
        println!("other programs read it from {}", path.display());
    }
}
