//! What is remembered between two looks at one type, and how the next look differs from the last.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de;

/// How many times a type is looked at, at most.
const PASSES: usize = 4096;
/// How many questions are answered in all, at most: some ten milliseconds.
const BUDGET: usize = 50_000;
/// How deep a look goes before it is taken to have no end.
const DEPTH: usize = 128;
/// How often one container may stand within itself before sequences and options are left empty.
const REPEATS: usize = 2;
/// How many containers above a place belong to its name.
const CONTEXT: usize = 3;
/// How many times everything is tried again with other values where nothing can be blamed.
const VARIATIONS: usize = 4;

/// The look ends here.
#[derive(Debug)]
pub(super) struct Stopped;

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the type refuses what it was offered")
    }
}

impl std::error::Error for Stopped {}

impl de::Error for Stopped {
    fn custom<M: fmt::Display>(_: M) -> Self {
        Self
    }
}

/// What comes after a look.
pub(super) enum Pass {
    Another,
    Complete,
    GiveUp,
}

/// An enum at one place: which variants are done with.
#[derive(Default)]
struct Choice {
    done: usize,
    /// The enum is being read, so one like it at the same place stands within it.
    open: bool,
}

/// A leaf at one place.
#[derive(Default, Clone, Copy)]
struct Offer {
    attempt: usize,
    attempts: usize,
}

/// Which variant a look takes, and whether the choice counts as exploring.
pub(super) struct Taken {
    pub(super) index: usize,
    pub(super) key: Option<String>,
    pub(super) family: String,
    pub(super) pending: usize,
}

/// Why a type cannot be seen whole.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Obstacle {
    /// It asks the format what comes next.
    AsksWhatComes,
    /// It has no end, or one too far away.
    TooMuch,
}

/// A container above the present place: where it stands in the one above it, and what it is.
struct Container {
    place: String,
    family: String,
}

#[derive(Default)]
pub(super) struct State {
    /// What was asked for, and where.
    pub(super) notes: BTreeSet<String>,
    /// The type took a text only as one that lives for ever.
    pub(super) lent: bool,
    /// Why no further look can help.
    obstacle: Option<Obstacle>,
    choices: BTreeMap<String, Choice>,
    /// For each enum, the variant first read to its end: taken where the enum stands within itself.
    safe: BTreeMap<String, usize>,
    offers: BTreeMap<String, Offer>,
    variation: usize,
    passes: usize,
    answers: usize,
    // Of the present look:
    containers: Vec<Container>,
    /// How many containers above an enum tell it from others of its name.
    context: usize,
    depth: usize,
    pending: usize,
    progress: bool,
    refused: Option<String>,
    last: Option<String>,
}

impl State {
    /// A state that tells enums apart by so many containers above them.
    pub(super) fn new(context: usize) -> Self {
        Self { context, ..Self::default() }
    }

    pub(super) fn begin(&mut self) {
        self.containers.clear();
        self.depth = 0;
        self.pending = 0;
        self.progress = false;
        self.refused = None;
        self.last = None;
        for choice in self.choices.values_mut() {
            choice.open = false;
        }
    }

    pub(super) fn end(&mut self, accepted: bool) -> Pass {
        self.passes += 1;
        if self.obstacle.is_some() || self.passes >= PASSES {
            return Pass::GiveUp;
        }
        if accepted {
            return match (self.pending, self.progress) {
                (0, _) => Pass::Complete,
                (_, true) => Pass::Another,
                (_, false) => Pass::GiveUp,
            };
        }
        // The leaf that refused its value is offered another; where none did, the last one is most likely to blame.
        let blamed = self.refused.take().or_else(|| self.last.take());
        if let Some(offer) = blamed.and_then(|place| self.offers.get_mut(&place)) {
            offer.attempt += 1;
            if offer.attempt < offer.attempts {
                return Pass::Another;
            }
            offer.attempt = 0;
        }
        self.variation += 1;
        if self.variation < VARIATIONS { Pass::Another } else { Pass::GiveUp }
    }

    /// Writes down what is asked for at `place`.
    pub(super) fn note(&mut self, place: &str, what: &str) -> Result<(), Stopped> {
        self.answers += 1;
        if self.answers >= BUDGET || self.depth >= DEPTH {
            self.obstacle.get_or_insert(Obstacle::TooMuch);
            return Err(Stopped);
        }
        let mut note = self.above(CONTEXT);
        for part in [place, ": ", what] {
            note.push_str(part);
        }
        self.notes.insert(note);
        Ok(())
    }

    /// The type asks what comes next: only a self-describing format can tell.
    pub(super) fn asks_what_comes(&mut self, place: &str, what: &str) -> Stopped {
        // The answer is the same error either way.
        let _ = self.note(place, what);
        self.obstacle = Some(Obstacle::AsksWhatComes);
        Stopped
    }

    /// Whether the last look ended because there was too much to see.
    pub(super) fn ran_out(&self) -> bool {
        self.obstacle == Some(Obstacle::TooMuch) || self.passes >= PASSES
    }

    /// One level deeper.
    pub(super) fn enter(&mut self) {
        self.depth += 1;
    }

    pub(super) fn leave(&mut self) {
        self.depth -= 1;
    }

    /// Runs within a container of this name.
    pub(super) fn open_container(&mut self, place: &str, family: &str) {
        self.containers.push(Container { place: place.to_owned(), family: family.to_owned() });
    }

    pub(super) fn close_container(&mut self) {
        self.containers.pop();
    }

    /// Whether some container stands so often within itself that what can be left out is left out.
    pub(super) fn repeats(&self) -> bool {
        let Some(last) = self.containers.last() else { return false };
        self.containers.iter().filter(|container| container.family == last.family).count() > REPEATS
    }

    /// Which of the values on offer is offered at `place` in this look.
    pub(super) fn offer(&mut self, place: &str, attempts: usize) -> (String, usize) {
        let key = self.key(place);
        let offer = self.offers.entry(key.clone()).or_insert(Offer { attempt: 0, attempts });
        let chosen = (offer.attempt + self.variation) % attempts;
        self.last = Some(key.clone());
        (key, chosen)
    }

    /// The value offered at the place of `key` was refused.
    pub(super) fn refuse(&mut self, key: String) {
        self.refused.get_or_insert(key);
    }

    fn key(&self, place: &str) -> String {
        let mut key = self.above(self.context);
        key.push_str(place);
        key
    }

    /// The name of the innermost containers.
    fn above(&self, count: usize) -> String {
        let mut name = String::new();
        for container in &self.containers[self.containers.len().saturating_sub(count)..] {
            for part in [container.place.as_str(), " ", &container.family, "|"] {
                name.push_str(part);
            }
        }
        name
    }

    /// Which variant of an enum is taken in this look.
    pub(super) fn choose(&mut self, place: &str, name: &str, variants: &[&str]) -> Result<Taken, Stopped> {
        if variants.is_empty() {
            return Err(Stopped);
        }
        let family = format!("{name}{variants:?}");
        let key = format!("{}{family}", self.key(place));
        let pending = self.pending;
        let choice = self.choices.entry(key.clone()).or_default();
        if choice.open || choice.done >= variants.len() || self.depth > DEPTH / 2 {
            let index = self.safe.get(&family).copied().unwrap_or(self.depth % variants.len());
            return Ok(Taken { index, key: None, family, pending });
        }
        choice.open = true;
        Ok(Taken { index: choice.done, key: Some(key), family, pending })
    }

    /// A variant was read to its end.
    pub(super) fn chosen(&mut self, taken: Taken, variants: usize) {
        self.safe.entry(taken.family).or_insert(taken.index);
        let Some(choice) = taken.key.and_then(|key| self.choices.get_mut(&key)) else { return };
        choice.open = false;
        // Done with, unless an enum within it has more variants to show.
        if self.pending == taken.pending && choice.done < variants {
            choice.done += 1;
            self.progress = true;
        }
        if choice.done < variants {
            self.pending += 1;
        }
    }
}
