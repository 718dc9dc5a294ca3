//! Power cuts: an ext4 file system of its own is shut down amid writes, without its journal being written out.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use rustix::ioctl::{Setter, ioctl, opcode};

use crate::audit::{audit, pretend_reboot};
use crate::kill::{ARGUMENTS, WRITER};
use crate::process::child;
use crate::random::Random;
use crate::row::{Checked, Outcome, Settings};
use crate::world::{Got, Put, function, get, key, open, value};

/// `EXT4_IOC_SHUTDOWN`, from the kernel's `include/uapi/linux/ext4.h`.
const SHUTDOWN: rustix::ioctl::Opcode = opcode::read::<u32>(b'X', 125);
/// `EXT4_GOING_FLAGS_NOLOGFLUSH`: what the journal has not written yet is lost.
const NO_LOG_FLUSH: u32 = 2;
/// Arguments of the entries that were stored, and written out, before each cut.
const SAFE: std::ops::Range<u64> = 0..40;

/// A limit under which nothing is evicted.
const ROOMY: u64 = 64 << 20;

/// A file system in a file, mounted.
struct Disk {
    image: PathBuf,
    mounted: PathBuf,
}

impl Disk {
    /// Makes and mounts it; `None` where that is not allowed.
    fn new(dir: &Path) -> Checked<Option<Self>> {
        let (image, mounted) = (dir.join("image"), dir.join("mounted"));
        fs::create_dir(&mounted)?;
        File::create(&image)?.set_len(128 << 20)?;
        let made = Command::new("mkfs.ext4").arg("-q").arg(&image).output();
        if !made.is_ok_and(|output| output.status.success()) {
            return Ok(None);
        }
        let disk = Self { image, mounted };
        Ok(disk.mount().is_ok().then_some(disk))
    }

    fn mount(&self) -> Checked<()> {
        run_tool(Command::new("mount").args(["-o", "loop,commit=1"]).arg(&self.image).arg(&self.mounted))
    }

    /// Cuts the power, and starts the machine anew once the processes are gone.
    fn cut(&self, processes: Vec<Child>) -> Checked<()> {
        let directory = File::open(&self.mounted)?;
        // SAFETY: this is the kernel's number for this request, whose argument is a pointer to 32 bits of flags.
        unsafe { ioctl(&directory, Setter::<SHUTDOWN, u32>::new(NO_LOG_FLUSH)) }?;
        drop(directory);
        for mut process in processes {
            process.kill()?;
            process.wait()?;
        }
        run_tool(Command::new("umount").arg(&self.mounted))?;
        self.mount()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        // Lazily, since a thread that copies the index's log may still be at it; if it is not mounted, nothing is done.
        let _ = Command::new("umount").arg("-l").arg(&self.mounted).stderr(Stdio::null()).status();
    }
}

fn run_tool(command: &mut Command) -> Checked<()> {
    let output = command.output()?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{}: {}", command.get_program().display(), String::from_utf8_lossy(&output.stderr)).into())
}

/// What was found after all cuts.
#[derive(Default)]
struct Tally {
    right: u64,
    /// Entries whose file was not written out in time.
    torn: u64,
}

/// Cuts the power again and again.
pub(crate) fn run(settings: &Settings) -> Checked<Outcome> {
    let cuts = settings.count(6, 100);
    let dir = settings.fresh()?;
    let Some(disk) = Disk::new(dir.path())? else {
        return Ok(Outcome::Skipped("a loop mount of ext4 needs root and mkfs.ext4".into()));
    };
    let mut random = Random::new(settings.seed);
    let (mut tally, mut failures) = (Tally::default(), Vec::new());
    for cut in 0..cuts {
        for why in survive(&disk, &mut random, u32::try_from(cut)?, &mut tally)? {
            failures.push(format!("cut {cut}: {why}"));
        }
    }
    let Tally { right, torn } = tally;
    Ok(Outcome::of(
        format!("{cuts} power cuts, {right} values right after them, {torn} torn and missed"),
        &failures,
    ))
}

/// One power cut: what was written out before is there, of the rest nothing is wrong.
fn survive(disk: &Disk, random: &mut Random, version: u32, tally: &mut Tally) -> Checked<Vec<String>> {
    let store_dir = disk.mounted.join("store");
    let safe = function("safe");
    let store = open(&store_dir)?;
    for argument in SAFE {
        Put::new(&key(&safe, argument), argument, &value(argument, version)).into(&store)?;
    }
    drop(store);
    rustix::fs::syncfs(File::open(&disk.mounted)?)?;
    let mut writers = Vec::new();
    for _ in 0..2 {
        let words = [random.bits().to_string(), ROOMY.to_string()];
        writers.push(child(WRITER, &store_dir, &words)?.stdin(Stdio::null()).stderr(Stdio::null()).spawn()?);
    }
    thread::sleep(Duration::from_millis(50 + random.below(1500)));
    disk.cut(writers)?;
    pretend_reboot(&store_dir)?;
    let mut failures = Vec::new();
    let store = open(&store_dir)?;
    for argument in SAFE {
        match get(&store, &safe, argument) {
            Got::Right(found) if found == value(argument, version) => tally.right += 1,
            other => failures.push(format!("the safe argument {argument} is {}", named(&other))),
        }
    }
    // What was written last may be lost, and is then a miss.
    for argument in 0..ARGUMENTS {
        match get(&store, &function("killed"), argument) {
            Got::Wrong => failures.push(format!("argument {argument} has a wrong value")),
            Got::Unreadable(_) => tally.torn += 1,
            Got::Right(_) | Got::Nothing => {}
        }
    }
    drop(store);
    let audit = audit(&store_dir, &function("killed"), 0..ARGUMENTS);
    tally.right += audit.right;
    failures.extend(audit.failures);
    Ok(failures)
}

fn named(got: &Got) -> String {
    match got {
        Got::Right(_) => "of another version".into(),
        other => format!("{other:?}"),
    }
}
