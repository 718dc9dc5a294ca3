//! The real inputs, as `examples/data` has them.

use std::error::Error;
use std::fs;
use std::path::Path;

use ndarray::Array2;

/// The contents of a file of `examples/data`.
pub(crate) fn read(name: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples").join("data").join(name);
    fs::read(&path).map_err(|error| format!("{}: {error}", path.display()).into())
}

/// One day in Seattle: millimetres, degrees Celsius, metres a second.
pub(crate) struct Day<'a> {
    pub(crate) date: &'a str,
    pub(crate) rain: f64,
    pub(crate) high: f64,
    pub(crate) low: f64,
    pub(crate) wind: f64,
    pub(crate) weather: &'a str,
}

/// The days of the weather table.
pub(crate) fn days(csv: &str) -> Result<Vec<Day<'_>>, String> {
    let day = |line| parse_day(line).ok_or_else(|| format!("not a day of weather: {line}"));
    csv.lines().skip(1).map(day).collect()
}

fn parse_day(line: &str) -> Option<Day<'_>> {
    let mut fields = line.split(',');
    let date = fields.next()?;
    let mut number = || fields.next()?.parse().ok();
    let (rain, high, low, wind) = (number()?, number()?, number()?, number()?);
    Some(Day { date, rain, high, low, wind, weather: fields.next()? })
}

/// The handwritten digits: one in a row, 64 pixels of 0 to 16.
pub(crate) fn digits(csv: &str) -> Result<Array2<f32>, Box<dyn Error>> {
    let mut pixels = Vec::new();
    for line in csv.lines() {
        for pixel in line.split(',').take(64) {
            pixels.push(pixel.parse()?);
        }
    }
    Ok(Array2::from_shape_vec((pixels.len() / 64, 64), pixels)?)
}
