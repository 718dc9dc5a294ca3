//! What omnicache does with different kinds of results, on real data.
//!
//! ```text
//! cargo run --release --features full --example tour
//! ```
//!
//! Run it twice: what went to disk in the first run is there in the second. `work.rs` has the cached functions,
//! `data.rs` reads the files, and `table.rs` only draws.

mod data;
mod table;
mod work;

use std::convert::identity;
use std::error::Error;
use std::time::{Duration, Instant};

use omnicache::Prehashed;

use table::Row;
use work::{
    blurred, columns, distances, entropy, mapped_distances, pairs, pixels, report, summary, weather_on,
};

/// Calls a function twice and looks at what its cache has made of it.
macro_rules! visit {
    ($function:ident($($argument:expr),+)?, $returns:literal) => {
        visit!(@ identity, {?}, $function($($argument),+), stringify!($function), $returns)
    };
    ($function:ident($($argument:expr),+), $returns:literal) => {
        visit!(@ identity, {}, $function($($argument),+), stringify!($function), $returns)
    };
    ($function:ident($($argument:expr),+), $name:literal, $returns:literal) => {
        visit!(@ identity, {}, $function($($argument),+), $name, $returns)
    };
    (@ $run:expr, {$($try:tt)?}, $function:ident($($argument:expr),+), $name:expr, $returns:literal) => {{
        let hits = $function::stats().hits();
        let (one, first) = timed(|| $run($function($($argument),+)));
        let warm = $function::stats().hits() > hits;
        let (two, second) = timed(|| $run($function($($argument),+)));
        assert!(one $($try)? == two $($try)?, "the second call gave something else");
        let after = $run($function::explain_call($($argument),+));
        let (explanation, stats) = ($function::explain(), $function::stats());
        Row { function: $name, returns: $returns, explanation, stats, warm, first, second, after }
    }};
}

fn timed<T>(call: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = call();
    (result, start.elapsed())
}

fn main() -> Result<(), Box<dyn Error>> {
    let csv = String::from_utf8(data::read("seattle-weather.csv")?)?;
    let digits = data::digits(&String::from_utf8(data::read("digits.csv")?)?)?;
    let flower = data::read("flower.jpg")?;
    let highs: Vec<f64> = data::days(&csv)?.iter().map(|day| day.high).collect();
    let hashed = Prehashed::new(digits.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build()?;

    // Once in a process, at whichever call comes first; here by itself, so that no function is blamed for it.
    let (_, opening) = timed(|| report::contains(&csv));
    println!(
        "\nFunctions under `#[cache]`, each called twice with the same arguments: {} days of Seattle's weather, {}\n\
         handwritten digits and the photograph of a flower. Below each, why its results are kept there, in the\n\
         library's words. What goes to disk lies in the following directory, which was opened in {}:\n{}\n",
        highs.len(),
        digits.nrows(),
        table::time(opening),
        work::dir().display()
    );
    let rows = [
        visit!(entropy(&highs, 1.0), "f64"),
        visit!(summary(&csv)?, "Result<Summary, _>"),
        visit!(@ |call| runtime.block_on(call), {?}, weather_on(&csv, "2012/12/24"), "async weather_on",
            "Result<String, _>"),
        visit!(pairs(&hashed, 10.0), "pairs(10.0)", "Vec<(u32, u32)>"),
        visit!(pairs(&hashed, 40.0), "pairs(40.0)", "Vec<(u32, u32)>"),
        visit!(distances(&digits), "Array2<f32>"),
        visit!(mapped_distances(&hashed), "MappedArray<f32, Ix2>"),
        visit!(columns(&csv)?, "Result<RecordBatch, _>"),
        visit!(report(&csv)?, "Result<Value, _>"),
        visit!(pixels(&flower)?, "Result<Vec<u8>, _>"),
        visit!(blurred(&flower, 8.0)?, "Result<RgbImage, _>"),
    ];
    table::print(&rows);

    println!("\nWhat `pairs::explain()` says of the function whose results go by their size:\n");
    println!("{}", pairs::explain());
    println!("\nAnd `pairs::explain_call(...)` of single calls:\n");
    for radius in [10.0, 40.0, 41.0] {
        println!("  pairs(digits, {radius:.1})   {}", pairs::explain_call(&hashed, radius));
    }
    table::print_array_files(&work::dir())?;
    what_next(&rows);
    Ok(())
}

fn what_next(rows: &[Row]) {
    let (stats, warm) = (omnicache::stats(), rows.iter().filter(|row| row.warm).count());
    println!(
        "\nIn this run {} of {} calls were hits, which saved {}.\n",
        stats.hits(),
        stats.hits() + stats.misses,
        table::time(stats.saved)
    );
    if warm == 0 {
        println!(
            "Next: run it again. It starts warm: the first call of whatever is on disk is then a hit, too."
        );
    } else {
        println!(
            "This run started warm: {warm} of {} first calls were hits on disk, and ran no body. What is kept in\n\
             memory was computed anew. For a cold start, set OMNICACHE_REFRESH=1 or delete the directory.",
            rows.len()
        );
        println!("\nNext: read examples/tour/work.rs, then the other examples, a page each.");
    }
}
