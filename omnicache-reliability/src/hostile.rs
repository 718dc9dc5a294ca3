//! Hostile bytes: payloads and envelopes are forged, with checksums that are right, so that every decoder meets
//! them; and the index itself is overwritten here and there. Nothing crashes, hangs or takes much memory.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::time::Duration;

use rusqlite::Connection;
use twox_hash::{XxHash3_64, XxHash3_128};

use crate::audit::{index, root};
use crate::process::{Ended, child, within};
use crate::random::{Random, filled};
use crate::row::{Checked, Outcome, Settings};
use crate::victim::VICTIM;

/// How long a process may take to call everything.
const PATIENCE: Duration = Duration::from_mins(1);
/// Memory it may use, in KiB.
const MEMORY: u64 = 256 << 10;
/// Where the numbers of an envelope begin whose lengths vary (`docs/format.md`).
const NUMBERS: usize = 68;

/// What the victims of all rounds said.
#[derive(Default)]
struct Tally {
    faults: u64,
    peak: u64,
    failures: Vec<String>,
}

/// Forges rounds of entries, then damages indexes.
pub(crate) fn run(settings: &Settings) -> Checked<Outcome> {
    let cases = settings.count(800, 100_000);
    let dir = settings.fresh()?;
    let mut random = Random::new(settings.seed);
    let mut tally = Tally::default();
    tally.call(dir.path(), true, "untouched")?;
    let (mut forged, mut round) = (0, 0);
    while forged < cases {
        forged += forge_all(dir.path(), &mut random)?;
        round += 1;
        tally.call(dir.path(), false, &format!("round {round}"))?;
    }
    // Another store: a forged entry that can be read gives a wrong result, a damaged index must not.
    let dir = settings.fresh()?;
    let indexes = cases / 100;
    for number in 0..indexes {
        tally.call(dir.path(), true, "whole again")?;
        scribble(dir.path(), &mut random)?;
        tally.call(dir.path(), true, &format!("index {number}"))?;
    }
    let Tally { faults, peak, failures } = tally;
    let figure = format!(
        "{forged} forged entries ({faults} refused by decoders) and {indexes} scribbled indexes, at most {} MiB in use",
        peak >> 10
    );
    Ok(Outcome::of(figure, &failures))
}

impl Tally {
    /// Has a process call every function.
    fn call(&mut self, dir: &Path, strict: bool, when: &str) -> Checked<()> {
        let mut victim = child(VICTIM, dir, &[u64::from(strict).to_string()])?;
        match within(PATIENCE, victim.env("OMNICACHE_DIR", dir))? {
            Ended::Hung => self.failures.push(format!("{when}: hangs")),
            Ended::With(output) if output.status.success() => {
                let said = String::from_utf8(output.stdout)?;
                let (faults, peak) = said.trim().split_once(' ').ok_or("the victim said nothing")?;
                self.faults += faults.parse::<u64>()?;
                self.peak = self.peak.max(peak.parse()?);
                if self.peak > MEMORY {
                    self.failures.push(format!("{when}: {peak} KiB in use"));
                }
            }
            Ended::With(output) => {
                let said = String::from_utf8_lossy(&output.stderr);
                self.failures.push(format!("{when}: {}: {}", output.status, said.trim()));
            }
        }
        Ok(())
    }
}

/// Replaces every payload by hostile bytes.
fn forge_all(dir: &Path, random: &mut Random) -> Checked<u64> {
    let index = index(dir)?;
    index.execute_batch("BEGIN")?;
    let ids: Vec<i64> =
        index.prepare("SELECT id FROM entry")?.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for id in &ids {
        forge(&index, dir, *id, random)?;
    }
    index.execute_batch("COMMIT")?;
    Ok(ids.len() as u64)
}

fn forge(index: &Connection, dir: &Path, id: i64, random: &mut Random) -> Checked<()> {
    let (function, file, mut head, payload): (i64, Option<String>, Vec<u8>, Option<Vec<u8>>) = index
        .query_row("SELECT function, file, head, payload FROM entry WHERE id = ?1", [id], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?))
        })?;
    let path = file.as_ref().map(|name| root(dir).join(name));
    let old = match &path {
        Some(path) => fs::read(path)?,
        None => payload.unwrap_or_default(),
    };
    let new = hostile(&old, random);
    head[4..20].copy_from_slice(&XxHash3_128::oneshot(&new).to_le_bytes());
    // The payload's length is the first of the numbers, of which those of shell and key are the last two.
    let mut rest = &head[NUMBERS..];
    let numbers: Vec<u64> = (0..4 + usize::from(head[3] & 1)).map(|_| pull(&mut rest)).collect();
    let shell = usize::try_from(numbers[numbers.len() - 2])?;
    let mut forged = head[..NUMBERS].to_vec();
    push(&mut forged, new.len() as u64);
    numbers[1..].iter().for_each(|number| push(&mut forged, *number));
    let at = forged.len();
    forged.extend_from_slice(rest);
    head = forged;
    if random.percent(5) {
        head[2] = u8::try_from(random.below(9))?;
    }
    if shell > 0 && random.percent(10) {
        head[at + random.index(shell)] = random.bits().to_le_bytes()[0];
    }
    let body = head.len() - 8;
    let name = file.as_ref().map_or(0, |file| XxHash3_64::oneshot(file.as_bytes()));
    let seal = XxHash3_64::oneshot_with_seed(name ^ function.cast_unsigned(), &head[..body]);
    head[body..].copy_from_slice(&seal.to_le_bytes());
    // As if it had come from somewhere else: what was written by our own codec in the present boot is believed.
    index.execute("UPDATE entry SET head = ?2, boot = 1 WHERE id = ?1", (id, &head))?;
    match path {
        Some(path) => fs::write(path, new)?,
        None => drop(index.execute("UPDATE entry SET payload = ?2 WHERE id = ?1", (id, new))?),
    }
    Ok(())
}

/// Reads a number in groups of seven bits.
fn pull(bytes: &mut &[u8]) -> u64 {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let Some((first, rest)) = bytes.split_first() else { break };
        *bytes = rest;
        number |= u64::from(first & 0x7F) << shift;
        if first & 0x80 == 0 {
            break;
        }
    }
    number
}

/// Writes a number in groups of seven bits.
fn push(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

/// What a decoder is given in place of a true payload.
fn hostile(old: &[u8], random: &mut Random) -> Vec<u8> {
    let mut new = old.to_vec();
    let length = random.index(4096);
    match random.below(8) {
        0 => return filled(random.bits(), length),
        1 => new.truncate(random.index(old.len())),
        2 => new.extend(filled(random.bits(), length)),
        // Deep nesting, and endless texts, in most formats.
        3 => return vec![[1, 0x91, b'[', 0xfb, 0xff, 0][random.index(6)]; 1 + length * 50],
        _ => {}
    }
    for _ in 0..=random.below(4) {
        if new.is_empty() {
            break;
        }
        let at = random.index(new.len());
        if random.percent(60) {
            new[at] = random.bits().to_le_bytes()[0];
            continue;
        }
        // A length or an offset that cannot be true, in one of several widths.
        let large =
            [u64::MAX, 1 << 31, 1 << 40, 0xffff, i64::MAX.cast_unsigned()][random.index(5)].to_le_bytes();
        let width = [1, 2, 4, 8][random.index(4)].min(new.len() - at);
        new[at..at + width].copy_from_slice(&large[..width]);
    }
    // Text headers hold their lengths as digits.
    if random.percent(20) {
        for byte in new.iter_mut().take(200).filter(|byte| byte.is_ascii_digit()) {
            *byte = b'9';
        }
    }
    new
}

/// Overwrites some bytes of the index, its log, or the words beside it.
fn scribble(dir: &Path, random: &mut Random) -> Checked<()> {
    let names = ["index.sqlite", "index.sqlite", "index.sqlite-wal", "index.sqlite-shm", "generations"];
    let path = root(dir).join(names[random.index(names.len())]);
    let Ok(file) = fs::File::options().write(true).open(path) else { return Ok(()) };
    let length = file.metadata()?.len();
    for _ in 0..=random.below(8) {
        let junk = filled(random.bits(), 1 + random.index(300));
        file.write_all_at(&junk, random.below(length))?;
    }
    Ok(())
}
