//! The cached functions. What is between the braces knows nothing of a cache.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use arrow_array::{ArrayRef, Float64Array, RecordBatch, StringArray};
use arrow_schema::ArrowError;
use image::{ImageError, RgbImage, imageops};
use ndarray::{Array2, ArrayView1};
use omnicache::{Backend, MappedArray, Prehashed, cache, for_dataframes, for_images, for_json, hybrid};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::data::{self, Day};

/// Where the tour keeps what outlives it: apart from the results of your own programs.
pub(crate) fn dir() -> PathBuf {
    omnicache::default_dir().join("tour")
}

/// How unpredictable a series is: its sample entropy (Richman and Moorman, 2000) for patterns of 2 values.
#[cache]
pub(crate) fn entropy(series: &[f64], tolerance: f64) -> f64 {
    let alike = |length: usize| {
        let patterns: Vec<_> = series.windows(3).map(|window| &window[..length]).collect();
        let near = |a: &[f64], b: &[f64]| a.iter().zip(b).all(|(x, y)| (x - y).abs() <= tolerance);
        let pairs =
            patterns.iter().enumerate().map(|(i, a)| patterns[..i].iter().filter(|b| near(a, b)).count());
        u32::try_from(pairs.sum::<usize>()).map_or(f64::INFINITY, f64::from)
    };
    (alike(2) / alike(3)).ln()
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Summary {
    pub(crate) days: usize,
    pub(crate) hottest: (String, f64),
    pub(crate) wettest: (String, f64),
    pub(crate) kinds: BTreeMap<String, u32>,
}

/// The weather in a few figures. An `Err` reaches the caller and is not kept.
#[cache(dir = dir())]
pub(crate) fn summary(csv: &str) -> Result<Summary, String> {
    let days = data::days(csv)?;
    let most = |of: fn(&Day<'_>) -> f64| {
        let day = days.iter().max_by(|a, b| of(a).total_cmp(&of(b)));
        day.map(|day| (day.date.to_owned(), of(day))).ok_or("no days")
    };
    let mut kinds = BTreeMap::new();
    days.iter().for_each(|day| *kinds.entry(day.weather.to_owned()).or_default() += 1);
    Ok(Summary { days: days.len(), hottest: most(|day| day.high)?, wettest: most(|day| day.rain)?, kinds })
}

/// The weather as a table of columns.
#[cache(config = for_dataframes(), dir = dir())]
pub(crate) fn columns(csv: &str) -> Result<RecordBatch, ArrowError> {
    let days = data::days(csv).map_err(ArrowError::CsvError)?;
    let texts =
        |of: fn(&Day<'_>) -> String| Arc::new(days.iter().map(|day| Some(of(day))).collect::<StringArray>());
    let numbers =
        |of: fn(&Day<'_>) -> f64| Arc::new(days.iter().map(of).collect::<Float64Array>()) as ArrayRef;
    RecordBatch::try_from_iter([
        ("date", texts(|day| day.date.replace('/', "-")) as ArrayRef),
        ("rain", numbers(|day| day.rain)),
        ("high", numbers(|day| day.high)),
        ("low", numbers(|day| day.low)),
        ("wind", numbers(|day| day.wind)),
        ("weather", texts(|day| day.weather.to_owned()) as ArrayRef),
    ])
}

/// The weather by year and month, for a page on the web.
#[cache(config = for_json(), dir = dir())]
pub(crate) fn report(csv: &str) -> Result<Value, String> {
    let mut months = BTreeMap::<_, Vec<Day<'_>>>::new();
    for day in data::days(csv)? {
        months.entry(&day.date[..7]).or_default().push(day);
    }
    let month = |(name, days): (&str, Vec<Day<'_>>)| {
        let highest = days.iter().map(|day| day.high).fold(f64::NEG_INFINITY, f64::max);
        let lowest = days.iter().map(|day| day.low).fold(f64::INFINITY, f64::min);
        let rain: f64 = days.iter().map(|day| day.rain).sum();
        let windy: Vec<_> = days.iter().filter(|day| day.wind > 6.0).map(|day| day.date).collect();
        json!({ "month": name, "rain": rain, "highest": highest, "lowest": lowest, "windy": windy })
    };
    Ok(Value::Array(months.into_iter().map(month).collect()))
}

fn distance(a: ArrayView1<'_, f32>, b: ArrayView1<'_, f32>) -> f32 {
    a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum::<f32>().sqrt()
}

fn all_distances(digits: &Array2<f32>) -> Array2<f32> {
    let count = digits.nrows();
    Array2::from_shape_fn((count, count), |(i, j)| distance(digits.row(i), digits.row(j)))
}

/// How much each digit differs from each other one. A hit is copied from the file into an array of its own.
#[cache(dir = dir())]
pub(crate) fn distances(digits: &Array2<f32>) -> Array2<f32> {
    all_distances(digits)
}

/// The same, but a hit is the mapped file itself, and the digits are hashed once instead of at each call.
#[cache(dir = dir())]
pub(crate) fn mapped_distances(digits: &Prehashed<Array2<f32>>) -> MappedArray<f32, ndarray::Ix2> {
    all_distances(digits).into()
}

/// The pairs of digits that differ by less than `radius`: a few for a small one, a million for a large one.
#[cache(config = hybrid().small(Backend::Memory).large(Backend::Disk).threshold(1 << 20), dir = dir())]
pub(crate) fn pairs(digits: &Prehashed<Array2<f32>>, radius: f32) -> Vec<(u32, u32)> {
    let rows = || (0_u32..).zip(digits.rows());
    let near = |(i, a)| {
        rows()
            .take_while(move |(j, _)| *j < i)
            .filter(move |(_, b)| distance(a, *b) < radius)
            .map(move |(j, _)| (i, j))
    };
    rows().flat_map(near).collect()
}

/// The photograph's pixels: red, green, blue and opacity, a byte each.
#[cache(dir = dir())]
pub(crate) fn pixels(jpeg: &[u8]) -> Result<Vec<u8>, ImageError> {
    Ok(image::load_from_memory(jpeg)?.into_rgba8().into_raw())
}

/// The photograph out of focus.
#[cache(config = for_images(), dir = dir())]
pub(crate) fn blurred(jpeg: &[u8], sigma: f32) -> Result<RgbImage, ImageError> {
    Ok(imageops::blur(&image::load_from_memory(jpeg)?.into_rgb8(), sigma))
}

/// The weather of a date, as if from a service that takes its time: 40 milliseconds.
#[cache(ttl = "10m", ignore(csv), dir = dir())]
pub(crate) async fn weather_on(csv: &str, date: &str) -> Result<String, String> {
    tokio::time::sleep(Duration::from_millis(40)).await;
    let days = data::days(csv)?;
    let day = days.iter().find(|day| day.date == date).ok_or("no such day")?;
    Ok(format!("{}, {} to {} °C", day.weather, day.low, day.high))
}
