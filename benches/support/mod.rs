//! What the benchmarks share: contests between entrants, interleaved, and key sequences.
#![allow(dead_code, unreachable_pub, reason = "each benchmark uses some of it")]
#![allow(clippy::pedantic, reason = "figures for people")]

use std::hint::black_box;
use std::time::Instant;

const ROUNDS: usize = 11;

/// Entrants that do the same work; the first is the one the others are compared with.
pub struct Contest<'a> {
    title: &'a str,
    rounds: usize,
    entrants: Vec<(&'a str, Work<'a>)>,
}

enum Work<'a> {
    /// Is timed from outside.
    Plain(Box<dyn FnMut() -> u64 + 'a>),
    /// Tells the nanoseconds of one operation itself.
    Measured(Box<dyn FnMut() -> f64 + 'a>),
}

impl<'a> Contest<'a> {
    pub fn new(title: &'a str) -> Self {
        Self { title, rounds: ROUNDS, entrants: Vec::new() }
    }

    pub fn rounds(mut self, rounds: usize) -> Self {
        self.rounds = rounds;
        self
    }

    pub fn entrant(mut self, name: &'a str, work: impl FnMut() -> u64 + 'a) -> Self {
        self.entrants.push((name, Work::Plain(Box::new(work))));
        self
    }

    /// An entrant that tells the nanoseconds of one operation itself, in another process perhaps.
    pub fn measured(mut self, name: &'a str, work: impl FnMut() -> f64 + 'a) -> Self {
        self.entrants.push((name, Work::Measured(Box::new(work))));
        self
    }

    /// Runs all entrants in turn, round after round, prints the median time of one of `count` operations, and
    /// returns those medians.
    pub fn run(mut self, count: usize) -> Results<'a> {
        let mut times = vec![Vec::new(); self.entrants.len()];
        for round in 0..=self.rounds {
            for ((_, work), times) in self.entrants.iter_mut().zip(&mut times) {
                let nanos = match work {
                    Work::Plain(work) => {
                        let start = Instant::now();
                        black_box(work());
                        start.elapsed().as_nanos() as f64 / count as f64
                    }
                    Work::Measured(work) => work(),
                };
                // The first round warms up.
                if round > 0 {
                    times.push(nanos);
                }
            }
        }
        println!("\n{}", self.title);
        let medians: Vec<f64> = times.iter_mut().map(|times| median(times)).collect();
        for ((name, _), nanos) in self.entrants.iter().zip(&medians) {
            println!("  {name:<40} {:>12}   {:>7.2} x ours", human(*nanos), nanos / medians[0]);
        }
        let relative = |nanos| nanos / medians[0];
        Results(
            self.entrants
                .iter()
                .zip(&medians)
                .map(|((name, _), &nanos)| (*name, nanos, relative(nanos)))
                .collect(),
        )
    }
}

/// The medians of a contest by entrant; an index gives one relative to the first.
pub struct Results<'a>(Vec<(&'a str, f64, f64)>);

impl Results<'_> {
    /// How many entrants there were.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The nanoseconds of one operation.
    pub fn nanos(&self, entrant: &str) -> f64 {
        self.0.iter().find(|(name, ..)| *name == entrant).expect("an entrant of this contest").1
    }

    /// The same, relative to the first entrant.
    pub fn of(&self, entrant: &str) -> f64 {
        self.nanos(entrant) / self.0[0].1
    }
}

impl std::ops::Index<usize> for Results<'_> {
    type Output = f64;

    fn index(&self, index: usize) -> &f64 {
        &self.0[index].2
    }
}

/// Says whether a figure keeps within a goal; nothing more comes of it.
pub fn at_most(what: &str, figure: f64, most: f64) {
    let verdict = if figure <= most { "met" } else { "MISSED" };
    println!("  goal: {what}, at most {most:.2}: {verdict} ({figure:.2})");
}

/// Says whether a ratio reaches a goal; nothing more comes of it.
pub fn goal(what: &str, ratio: f64, least: f64) {
    let verdict = if ratio >= least { "met" } else { "MISSED" };
    println!("  goal: {what} >= {least} x ours: {verdict} ({ratio:.2})");
}

pub fn median(times: &mut [f64]) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Writes nanoseconds as a person would.
pub fn human(nanos: f64) -> String {
    match nanos {
        n if n < 1e3 => format!("{n:.1} ns"),
        n if n < 1e6 => format!("{:.2} µs", n / 1e3),
        n => format!("{:.2} ms", n / 1e6),
    }
}

/// A sequence of keys below a bound, the same in every run.
pub struct Zipf {
    cumulated: Vec<f64>,
}

impl Zipf {
    /// Keys that are used by Zipf's law with exponent `s`.
    pub fn new(keys: usize, s: f64) -> Self {
        let mut sum = 0.0;
        let cumulated = (1..=keys)
            .map(|rank| {
                sum += (rank as f64).powf(-s);
                sum
            })
            .collect();
        Self { cumulated }
    }

    /// Keys that are used equally often.
    pub fn uniform(keys: usize) -> Self {
        Self::new(keys, 0.0)
    }

    /// The first `count` keys.
    pub fn take(&self, count: usize) -> Vec<u64> {
        let total = self.cumulated[self.cumulated.len() - 1];
        let mut dice = Dice::new(0);
        (0..count)
            .map(|_| {
                let point = (dice.roll() >> 11) as f64 / (1_u64 << 53) as f64 * total;
                self.cumulated.partition_point(|&sum| sum < point) as u64
            })
            .collect()
    }
}

/// Numbers that look random, the same in every run.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        // A state of zero would stay zero.
        Self(0x9E37_79B9_7F4A_7C15_u64.wrapping_add(seed.wrapping_mul(0xD134_2543_DE82_EF94)) | 1)
    }

    pub fn roll(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// The numbers below `count`, each once.
    pub fn shuffled(&mut self, count: u64) -> Vec<u64> {
        let mut numbers: Vec<u64> = (0..count).collect();
        for at in (1..numbers.len()).rev() {
            numbers.swap(at, (self.roll() % (at as u64 + 1)) as usize);
        }
        numbers
    }
}
