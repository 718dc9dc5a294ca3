//! Cached functions of every codec, and the process that calls them on a store full of hostile bytes.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::sync::Arc;

use arrow_array::{Int64Array, RecordBatch, StringArray};
use arrow_schema::{DataType, Field, Schema};
use image::RgbImage;
use ndarray::Array2;
use omnicache::{
    MappedArray, MappedBytes, cache, for_bytes, for_dataframes, for_images, for_json, for_ndarray,
    for_structs,
};
use rustix::process::{Resource, Rlimit, setrlimit};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::random::{Random, filled};
use crate::row::Checked;

/// The role of the process.
pub(crate) const VICTIM: &str = "victim";
/// Address space it may use: one that asks for more than it can have is stopped by the system, and seen to be.
const ADDRESSES: u64 = 1 << 30;
/// The arguments called with.
const ARGUMENTS: u64 = 8;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Tree {
    name: String,
    numbers: Vec<u32>,
    table: BTreeMap<String, Option<f64>>,
    children: Vec<Tree>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
enum Loose {
    Number(u64),
    Text(String),
    Many(Vec<Loose>),
}

#[cache(config = for_structs(), persist)]
fn tree(n: u64) -> Tree {
    grown(n, 3)
}

fn grown(n: u64, levels: u64) -> Tree {
    Tree {
        name: format!("tree {n}"),
        numbers: (0..20).map(|i| i * 1_000).collect(),
        table: (0..4).map(|i| (format!("{i}"), (i != 2).then_some(0.5))).collect(),
        children: (0..levels).map(|i| grown(i, levels - 1)).collect(),
    }
}

#[cache(config = for_structs(), persist)]
fn loose(n: u64) -> Vec<Loose> {
    let inner = vec![Loose::Number(1), Loose::Text("x".into())];
    vec![Loose::Number(n), Loose::Text("text".repeat(9)), Loose::Many(inner)]
}

#[cache(persist)]
fn words(n: u64) -> HashMap<String, Vec<u64>> {
    (0..10).map(|i| (format!("word {i}"), vec![n; 5])).collect()
}

#[cache(persist)]
fn text(n: u64) -> Option<String> {
    (!n.is_multiple_of(4)).then(|| "Übermut ".repeat(50))
}

#[cache(config = for_bytes())]
fn raw(n: u64) -> Vec<u8> {
    filled(n, 30_000)
}

#[cache(config = for_bytes())]
fn mapped(n: u64) -> MappedBytes {
    filled(n, 20_000).into()
}

#[cache(config = for_json())]
fn document(n: u64) -> Value {
    json!({ "n": n, "list": [1, 2.5, null, true, "text"], "deep": [[[[{"a": "b".repeat(200)}]]]] })
}

#[cache(config = for_images())]
fn picture(n: u64) -> RgbImage {
    RgbImage::from_raw(20, 30, filled(n, 20 * 30 * 3)).unwrap_or_default()
}

#[cache(config = for_ndarray())]
fn grid(n: u64) -> Array2<f32> {
    let mut random = Random::new(n);
    Array2::from_shape_fn((17, 31), |_| f32::from(u8::try_from(random.below(256)).unwrap_or(0)))
}

#[cache(config = for_ndarray())]
fn mapped_grid(n: u64) -> MappedArray<f32, ndarray::Ix2> {
    grid::uncached(n).into()
}

#[cache(config = for_dataframes())]
fn frame(n: u64) -> Vec<RecordBatch> {
    let schema = Schema::new(vec![
        Field::new("number", DataType::Int64, true),
        Field::new("text", DataType::Utf8, true),
    ]);
    let numbers = (0..50).map(|i| (i != 7).then_some(i)).collect::<Int64Array>();
    let texts = (0..50).map(|i| (i != 9).then(|| format!("{n} {i}"))).collect::<StringArray>();
    RecordBatch::try_new(Arc::new(schema), vec![Arc::new(numbers), Arc::new(texts)]).into_iter().collect()
}

/// Calls all functions. `strict`: the results must be right, since nobody has forged a checksum.
///
/// Prints how many faults were counted, and the most memory that was in use, in KiB.
pub(crate) fn call_all(strict: bool) -> Checked<()> {
    let most = Rlimit { current: Some(ADDRESSES), maximum: Some(ADDRESSES) };
    setrlimit(Resource::As, most)?;
    let mut wrong = Vec::new();
    let mut faults = 0;
    macro_rules! call {
        ($($function:ident $(. $see:ident())?),+) => {$(
            for n in 0..ARGUMENTS {
                let right = $function(n) $(.$see())? == $function::uncached(n) $(.$see())?;
                if !right {
                    wrong.push(concat!(stringify!($function), " "));
                }
            }
            faults += $function::stats().errors;
        )+};
    }
    call!(tree, loose, words, text, raw, mapped.to_vec(), document, picture, grid, mapped_grid.view(), frame);
    if strict && !wrong.is_empty() {
        return Err(format!("wrong results: {}", wrong.concat()).into());
    }
    println!("{faults} {}", peak()?);
    Ok(())
}

/// The most memory this process ever had, in KiB.
fn peak() -> Checked<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}
