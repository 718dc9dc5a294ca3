//! Breaks the store of omnicache on purpose and counts what it loses.
//!
//! `omnicache-reliability all --long` runs every experiment at full length; `docs/reliability.md` says what each
//! of them does. One line per promise is printed; the exit code is 0 if none was broken.

mod audit;
mod hostile;
mod io_errors;
mod kill;
mod maps;
mod model;
mod power;
mod process;
mod random;
mod rot;
mod row;
mod script;
mod syscalls;
mod together;
mod trace;
mod victim;
mod world;

use std::env;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use process::CHILD;
use row::{Checked, Outcome, Row, Settings};

/// Every promise.
const ROWS: &[Row] = &[
    Row { name: "kill", promise: "a killed writer never yields a wrong or unreadable entry", run: kill::run },
    Row { name: "syscalls", promise: "nor does one killed at any system call", run: syscalls::run },
    Row { name: "errors", promise: "every I/O error is a miss or an uncached success", run: io_errors::run },
    Row { name: "power", promise: "a power cut loses only recent entries", run: power::run },
    Row { name: "rot", promise: "bit rot is found", run: rot::run },
    Row {
        name: "together",
        promise: "many processes and threads keep to the values and the limit",
        run: together::run,
    },
    Row {
        name: "maps",
        promise: "what is mapped stays as it is, whatever becomes of its file",
        run: maps::run,
    },
    Row { name: "hostile", promise: "hostile bytes never crash, hang or fill memory", run: hostile::run },
    Row { name: "model", promise: "the store says what a plain map says", run: model::run },
];

fn main() -> ExitCode {
    let words: Vec<String> = env::args().skip(1).collect();
    let done = match words.split_first() {
        Some((first, rest)) if first == CHILD => play(rest).map(|()| true),
        _ => experiment(&words),
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(e) => {
            eprintln!("{e}");
            ExitCode::from(2)
        }
    }
}

/// Runs the rows that are asked for; whether all promises held.
fn experiment(words: &[String]) -> Checked<bool> {
    let (names, settings) = parse(words)?;
    let all = names.iter().any(|name| name == "all");
    let mut kept = true;
    for row in ROWS.iter().filter(|row| all || names.iter().any(|name| name == row.name)) {
        let start = Instant::now();
        let outcome = (row.run)(&settings).unwrap_or_else(|e| Outcome::Broken(e.to_string()));
        let (verdict, figure) = match outcome {
            Outcome::Kept(figure) => ("pass", figure),
            Outcome::Skipped(why) => ("skip", why),
            Outcome::Broken(figure) => {
                kept = false;
                ("FAIL", figure)
            }
        };
        println!("{verdict}  {:9} {}: {figure} ({:.1?})", row.name, row.promise, start.elapsed());
    }
    Ok(kept)
}

/// The rows' names and the settings.
fn parse(words: &[String]) -> Checked<(Vec<String>, Settings)> {
    let mut settings = Settings { long: false, seed: 1, count: None, scratch: env::temp_dir() };
    let mut names = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut next = || words.next().ok_or_else(|| format!("{word} needs a value"));
        match word.as_str() {
            "--long" => settings.long = true,
            "--short" => settings.long = false,
            "--seed" => settings.seed = next()?.parse()?,
            "--count" => settings.count = Some(next()?.parse()?),
            "--dir" => settings.scratch = PathBuf::from(next()?),
            name if name == "all" || ROWS.iter().any(|row| row.name == name) => names.push(name.to_owned()),
            other => return Err(format!("{other:?} is neither a row nor an option\n{}", usage()).into()),
        }
    }
    if names.is_empty() { Err(usage().into()) } else { Ok((names, settings)) }
}

fn usage() -> String {
    let names: Vec<&str> = ROWS.iter().map(|row| row.name).collect();
    format!("omnicache-reliability all|{} [--long] [--seed N] [--count N] [--dir WHERE]", names.join("|"))
}

/// Plays another process.
fn play(words: &[String]) -> Checked<()> {
    let [role, dir, rest @ ..] = words else { return Err("a child needs a role and a directory".into()) };
    let dir = Path::new(dir);
    let number = |at: usize| -> Checked<u64> { Ok(rest.get(at).ok_or("a number is missing")?.parse()?) };
    match role.as_str() {
        kill::WRITER => kill::write_for_ever(dir, number(0)?, number(1)?),
        together::WORKER => together::work(dir, number(0)?, number(1)?),
        maps::MAPPER => {
            maps::work(number(0)?, number(1)?);
            Ok(())
        }
        victim::VICTIM => victim::call_all(number(0)? != 0),
        script::SCRIPT => script::play(dir),
        io_errors::CALLER => io_errors::call(),
        io_errors::HEALTHY => io_errors::call_healthy(),
        other => Err(format!("{other:?} is no role").into()),
    }
}
