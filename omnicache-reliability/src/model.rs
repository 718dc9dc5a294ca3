//! Random operations on a store and on a plain map: both always say the same.

use std::collections::{HashMap, HashSet};
use std::ops::RangeInclusive;
use std::path::Path;
use std::sync::Arc;

use omnicache_runtime::store::{DiskStore, Generation, Identity, Lookup, Place, Scope, StoreKey, Stored};

use crate::random::{Random, filled};
use crate::row::{Checked, Outcome, Settings};
use crate::world::{Put, key, open, versioned};

/// Arguments of each function.
const ARGUMENTS: u64 = 300;
/// Operations between two reopenings, about.
const REOPEN: u64 = 20_000;
/// The longest time to live, in the model's own nanoseconds; each operation takes up to 1000.
const LONGEST_LIFE: u64 = 400_000;

/// What the map knows of an entry.
struct Entry {
    payload: Vec<u8>,
    stored_at: u64,
    ttl: Option<u64>,
}

impl Entry {
    /// Expired at an age equal to the time to live, and if it comes from the future.
    fn is_expired(&self, now: u64) -> bool {
        self.ttl.is_some_and(|ttl| self.stored_at > now || now - self.stored_at >= ttl)
    }
}

/// A function's number and an argument.
type Name = (usize, u64);

/// The store, the map, and what both were told.
struct Model {
    store: Arc<DiskStore>,
    functions: Vec<Arc<Identity>>,
    entries: HashMap<Name, Entry>,
    /// A moment at which calls may have begun, for each function, and what was forgotten since.
    begun: Vec<Generation>,
    forgotten: HashSet<Name>,
    random: Random,
    now: u64,
}

/// Runs the operations.
pub(crate) fn run(settings: &Settings) -> Checked<Outcome> {
    let operations = settings.count(15_000, 1_000_000);
    let dir = settings.fresh()?;
    let mut model = Model::new(dir.path(), settings.seed)?;
    for operation in 0..operations {
        if let Err(why) = model.step(dir.path()) {
            return Ok(Outcome::Broken(format!("they differ at operation {operation}: {why}")));
        }
    }
    Ok(Outcome::Kept(format!("{operations} operations, 0 divergences")))
}

impl Model {
    fn new(dir: &Path, seed: u64) -> Checked<Self> {
        let store = open(dir)?;
        store.set_limit(1 << 40);
        // The second and third are the first with other code and another shape.
        let functions =
            vec![versioned("a", 1, 1), versioned("a", 2, 1), versioned("a", 1, 2), versioned("b", 1, 1)];
        let begun = functions.iter().map(|f| store.generation(f)).collect();
        let random = Random::new(seed);
        let (entries, forgotten) = (HashMap::new(), HashSet::new());
        Ok(Self { store, functions, entries, begun, forgotten, random, now: 1 << 60 })
    }

    fn step(&mut self, dir: &Path) -> Checked<()> {
        self.now += self.random.below(1000);
        let name = (self.random.index(self.functions.len()), self.random.below(ARGUMENTS));
        let key = key(&self.functions[name.0], name.1);
        if self.random.below(REOPEN) == 0 {
            return self.reopen(dir);
        }
        match self.random.below(1000) {
            0..=449 => self.get(name, &key),
            450..=549 => self.contains(name, &key),
            550..=889 => self.put(name, &key),
            890..=959 => self.remove(name, &key),
            960..=961 => self.clear(name),
            962..=989 => self.stats(name),
            _ => {
                self.begun = self.functions.iter().map(|f| self.store.generation(f)).collect();
                self.forgotten.clear();
                Ok(())
            }
        }
    }

    fn reopen(&mut self, dir: &Path) -> Checked<()> {
        // The old one has to be gone, else it is given out again.
        let _ = std::mem::replace(&mut self.store, open(&dir.join("aside"))?);
        self.store = open(dir)?;
        self.store.set_limit(1 << 40);
        Ok(())
    }

    fn get(&mut self, name: Name, key: &StoreKey) -> Checked<()> {
        let found = self.store.get(key, self.now)?;
        let expired = self.entries.get(&name).is_some_and(|entry| entry.is_expired(self.now));
        if expired {
            self.entries.remove(&name);
        }
        match (&found, self.entries.get(&name)) {
            (Lookup::Expired, None) if expired => Ok(()),
            // One that has expired may have been swept by a put.
            (Lookup::Absent(_), None) => Ok(()),
            (Lookup::Found(record), Some(entry))
                if *record.payload == *entry.payload
                    && (record.info.stored_at, record.info.ttl) == (entry.stored_at, entry.ttl) =>
            {
                Ok(())
            }
            (found, entry) => Err(format!(
                "get {name:?} gives {found:?}, the map has {:?}",
                entry.map(|entry| entry.payload.len())
            )
            .into()),
        }
    }

    fn contains(&mut self, name: Name, key: &StoreKey) -> Checked<()> {
        let expected = self.entries.get(&name).is_some_and(|entry| !entry.is_expired(self.now));
        let expected = u64::from(expected);
        among("contains", name, u64::from(self.store.contains(key, self.now)?), expected..=expected)
    }

    fn put(&mut self, name: Name, key: &StoreKey) -> Checked<()> {
        let payload = self.payload();
        let place = if self.random.percent(4) { Place::ArrayFile("npy") } else { Place::Record };
        let ttl = self.random.percent(30).then(|| 1 + self.random.below(LONGEST_LIFE));
        let refresh = self.random.percent(10);
        // One in ten is the result of a call that began a while ago.
        let since = self.random.percent(10).then(|| self.begun[name.0]);
        let stale = since.is_some() && self.forgotten.contains(&name);
        let put = Put { key, payload: &payload, place, ttl, at: self.now, since, refresh };
        let stored = put.into(&self.store)?;
        match stored {
            Stored::Stale if stale => Ok(()),
            Stored::Kept { evicted: 0, .. } if !stale => {
                if refresh {
                    self.forgotten.insert(name);
                }
                self.entries.insert(name, Entry { payload, stored_at: self.now, ttl });
                Ok(())
            }
            other => Err(format!("put {name:?} gives {other:?}, stale: {stale}").into()),
        }
    }

    /// Mostly short; some go into a file by their length, and some of those share their content.
    fn payload(&mut self) -> Vec<u8> {
        match self.random.below(100) {
            0..=3 => Vec::new(),
            4..=5 => filled(self.random.bits(), 16_384 + self.random.index(3)),
            6..=7 => filled(self.random.below(3), 20_000),
            _ => filled(self.random.bits(), self.random.index(300)),
        }
    }

    fn remove(&mut self, name: Name, key: &StoreKey) -> Checked<()> {
        let expected = self.counted(|other| *other == name);
        self.entries.remove(&name);
        self.forgotten.insert(name);
        among("remove", name, u64::from(self.store.remove(key)?), expected)
    }

    /// How many entries there are of these names, at least and at most: expired ones are there until somebody looks,
    /// or a put sweeps them.
    fn counted(&self, is_meant: impl Fn(&Name) -> bool) -> RangeInclusive<u64> {
        let meant = self.entries.iter().filter(|(name, _)| is_meant(name));
        let live = meant.clone().filter(|(_, entry)| !entry.is_expired(self.now));
        live.count() as u64..=meant.count() as u64
    }

    fn clear(&mut self, name: Name) -> Checked<()> {
        let f = Arc::clone(&self.functions[name.0]);
        let is_relative = relatives(name.0);
        let expected = self.counted(&is_relative);
        self.entries.retain(|name, _| !is_relative(name));
        let every = (0..self.functions.len()).flat_map(|f| (0..ARGUMENTS).map(move |argument| (f, argument)));
        self.forgotten.extend(every.filter(&is_relative));
        let scope = if self.random.percent(50) { Scope::path_of(&f) } else { Scope::Site(&f.site) };
        among("clear", name, self.store.clear(&f.namespace, scope)?, expected)
    }

    fn stats(&mut self, name: Name) -> Checked<()> {
        let expected = self.counted(relatives(name.0));
        among("count", name, self.store.stats(&self.functions[name.0])?.0, expected)
    }
}

/// Tells the names of a function in all its versions, which have one path: the first three are versions of one.
fn relatives(function: usize) -> impl Fn(&Name) -> bool {
    move |name: &Name| (name.0 == 3) == (function == 3)
}

fn among(what: &str, name: Name, found: u64, expected: RangeInclusive<u64>) -> Checked<()> {
    if expected.contains(&found) {
        return Ok(());
    }
    Err(format!("{what} {name:?} gives {found}, the map says {expected:?}").into())
}
