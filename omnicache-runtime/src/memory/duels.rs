//! Who of two should have stayed? Decisions of the queue remember who lost to whom, and learn from who is asked for
//! next.
//!
//! When a newcomer and a resident compete for one place, the loser leaves. If it is asked for again while the winner
//! still waits for its first use, the decision was wrong; if the winner was used, it was right. Either way there is a
//! score for the *difference* that the two had, in frequency and in what they are worth, and the next such pair is
//! decided by it. An outcome counts by the time it saved, so that a score tells which side saves more in the long run.

use std::num::NonZeroU16;
use std::sync::atomic::Ordering::Relaxed;

use super::nodes::{Nodes, Place};
use crate::key::Digest;

/// What a resident has ahead of a newcomer: in frequency, and in what it is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Lead(u8);

/// Leads in frequency reach from -15 to 15.
const MOST: i8 = 15;
const LEADS: u8 = 2 * MOST as u8 + 1;
/// Leads in worth reach from -3 to 3, from 64 times less to 64 times as much.
const DEAREST: i8 = 3;
/// How much more often a newcomer must be asked for to make up for a step of worth, until more is learned.
const STEP: i8 = 7;

impl Lead {
    /// All there are.
    const COUNT: u8 = LEADS * (2 * DEAREST as u8 + 1);

    /// Of a resident with these advantages.
    pub(super) fn new(frequency: i8, worth: i8) -> Self {
        let [frequency, row] =
            [frequency.clamp(-MOST, MOST) + MOST, worth.clamp(-DEAREST, DEAREST) + DEAREST];
        Self(row.unsigned_abs() * LEADS + frequency.unsigned_abs())
    }

    fn frequency(self) -> i8 {
        (self.0 % LEADS).cast_signed() - MOST
    }

    fn worth(self) -> i8 {
        (self.0 / LEADS).cast_signed() - DEAREST
    }

    /// Its number among all.
    fn index(self) -> usize {
        self.0.into()
    }

    /// The leads in frequency next to it, in the same worth.
    fn neighbours(self) -> impl Iterator<Item = Self> {
        let next = [self.frequency() - 1, self.frequency() + 1].into_iter();
        next.filter(|frequency| frequency.abs() <= MOST)
            .map(move |frequency| Self::new(frequency, self.worth()))
    }

    /// Who stays, until more is learned: who was asked for more often, and is worth more. Positive for newcomers.
    fn prior(self) -> i8 {
        if self.frequency() + STEP * self.worth() < 0 { PRIOR } else { -PRIOR }
    }

    /// An outcome in favour of the side that is worth less counts once in so many times.
    fn discount(self, newcomer: bool) -> u32 {
        let dearer = if newcomer { self.worth() } else { -self.worth() };
        if dearer <= 0 { 1 } else { 1 << (2 * dearer) }
    }
}

/// What a score may grow to, and so how soon it changes sides.
const SURE: i8 = 64;
/// What a score is at first: who was asked for more often stays.
const PRIOR: i8 = 24;
/// So many outcomes of a lead count as one of its neighbours.
const NEIGHBOURLY: i8 = 4;
/// One part in so many of the recent past is replaced by each outcome.
const MEMORY: u32 = 512;
const ONE: u32 = 1 << 24;

/// What was learned.
pub(super) struct Scores {
    /// By lead: positive where newcomers are right.
    by_lead: [i8; Lead::COUNT as usize],
    /// Outcomes of the neighbours that have not counted yet.
    hearsay: [i8; Lead::COUNT as usize],
    /// The share of recent outcomes in which the newcomer was right, of [`ONE`].
    newcomers: u32,
}

impl Default for Scores {
    fn default() -> Self {
        let mut by_lead = [0; Lead::COUNT as usize];
        (0..Lead::COUNT).map(Lead).for_each(|lead| by_lead[lead.index()] = lead.prior());
        Self { by_lead, hearsay: [0; Lead::COUNT as usize], newcomers: 0 }
    }
}

impl Scores {
    /// Whether a newcomer should take the place of a resident with this lead.
    pub(super) fn admit(&self, lead: Lead) -> bool {
        self.by_lead[lead.index()] > 0
    }

    /// How much of so much room entries may take that wait for their first decision: a fifth where newcomers are always
    /// right, and less as they are so less often; much less where they hardly ever are, as in loops.
    pub(super) fn waiting(&self, room: u64) -> u64 {
        let share = u64::from(self.newcomers);
        let trust = (2 * share).min(u64::from(ONE));
        // All room is some 2^32 parts, or as many as there are entries, and void seats beside: what 64 bits do not hold is
        // more than ever waits.
        (share * trust / u64::from(ONE)).saturating_mul(room) / (5 * u64::from(ONE))
    }

    /// Takes note of who was right, by what that saved: `chance` decides which of the outcomes count that saved less.
    fn note(&mut self, lead: Lead, newcomer: bool, chance: u32) {
        if !chance.is_multiple_of(lead.discount(newcomer)) {
            return;
        }
        let step = if newcomer { 1 } else { -1 };
        self.add(lead, step);
        for neighbour in lead.neighbours() {
            let hearsay = &mut self.hearsay[neighbour.index()];
            *hearsay += step;
            if hearsay.abs() >= NEIGHBOURLY {
                *hearsay = 0;
                self.add(neighbour, step);
            }
        }
        let outcome = if newcomer { ONE / MEMORY } else { 0 };
        self.newcomers = self.newcomers - self.newcomers / MEMORY + outcome;
    }

    fn add(&mut self, lead: Lead, step: i8) {
        let score = &mut self.by_lead[lead.index()];
        *score = (*score + step).clamp(-SURE, SURE);
    }
}

/// A decision: who left, and who stayed in its place.
#[derive(Clone, Copy)]
struct Duel {
    /// A part of the loser's digest; that two losers share one is chance, and costs one wrong note.
    loser: u32,
    winner: Place,
    /// When.
    time: Moment,
    lead: Lead,
    outcome: Outcome,
}

/// Who has won, and whether it was used since.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Newcomer,
    NewcomerUsed,
    Resident,
    ResidentUsed,
}

impl Outcome {
    fn of(newcomer_won: bool) -> Self {
        if newcomer_won { Self::Newcomer } else { Self::Resident }
    }

    fn newcomer_won(self) -> bool {
        matches!(self, Self::Newcomer | Self::NewcomerUsed)
    }

    fn winner_used(self) -> bool {
        matches!(self, Self::NewcomerUsed | Self::ResidentUsed)
    }

    fn used(self) -> Self {
        if self.newcomer_won() { Self::NewcomerUsed } else { Self::ResidentUsed }
    }
}

/// The number of a duel, as far as it takes to tell which of those that are remembered is older.
type Moment = u16;

/// What a duel knows of its loser.
#[expect(clippy::cast_possible_truncation, reason = "a part of it")]
fn part(loser: Digest) -> u32 {
    loser.low() as u32
}

/// So many duels are remembered at most: where there are more, those of a part of all digests. What there is
/// to learn does not grow with the cache, and the memory of it shall not be larger than the processor's.
const REMEMBERED: usize = 4096;

/// How many duels are looked at for the oldest to forget: those of a line of memory.
const WAYS: usize = 4;

/// Duels whose losers share a part of their digests.
#[derive(Clone, Default)]
#[repr(align(64))]
struct Bucket([Option<Duel>; WAYS]);

/// The latest duels, about as many as there are entries, or of a sample of them.
pub(super) struct Duels {
    latest: Vec<Bucket>,
    /// Of so many digests, one takes part: a power of two.
    sample: u64,
    /// How many entries there were when room was last made.
    fitted: usize,
    /// How many there were.
    fought: usize,
    scores: Scores,
}

impl Default for Duels {
    fn default() -> Self {
        Self { latest: Vec::new(), sample: 1, fitted: 0, fought: 0, scores: Scores::default() }
    }
}

/// Names a duel until it is forgotten: its number, from one.
#[derive(Clone, Copy)]
pub(super) struct DuelId(NonZeroU16);

impl DuelId {
    fn new(bucket: usize, way: usize) -> Option<Self> {
        u16::try_from(bucket * WAYS + way + 1).ok().and_then(NonZeroU16::new).map(Self)
    }

    fn index(self) -> usize {
        usize::from(self.0.get()) - 1
    }
}

impl Duels {
    pub(super) fn scores(&self) -> &Scores {
        &self.scores
    }

    /// Makes room for as many duels as there are entries. What a smaller room held is forgotten.
    #[inline]
    pub(super) fn fit(&mut self, entries: usize) {
        if entries != self.fitted {
            self.refit(entries);
        }
    }

    #[cold]
    fn refit(&mut self, entries: usize) {
        const { assert!(size_of::<Bucket>() == 64, "a bucket is a line of memory") };
        self.fitted = entries;
        self.sample = entries.div_ceil(REMEMBERED).next_power_of_two() as u64;
        let wanted = entries.min(REMEMBERED).div_ceil(WAYS);
        if self.latest.len() < wanted {
            let room = wanted.max(self.latest.len() * 2).min(REMEMBERED / WAYS);
            self.latest = vec![Bucket::default(); room];
        }
    }

    /// Forgets the duels; what was learned from them stays.
    pub(super) fn clear(&mut self) {
        (self.latest, self.fitted) = (Vec::new(), 0);
    }

    /// Where the duels of a loser are, if it takes part.
    fn bucket(&self, loser: Digest) -> Option<usize> {
        // A power of two: no division.
        if loser.low() >> 32 & (self.sample - 1) != 0 {
            return None;
        }
        let bucket = ((loser.high() & 0xFFFF_FFFF) * self.latest.len() as u64) >> 32;
        usize::try_from(bucket).ok()
    }

    #[expect(clippy::cast_possible_truncation, reason = "moments come again, after sixteen rounds at least")]
    fn now(&self) -> Moment {
        self.fought as Moment
    }

    /// Remembers a duel, in place of an old one.
    pub(super) fn fought(
        &mut self,
        winner: Place,
        loser: Digest,
        (lead, newcomer_won): (Lead, bool),
        nodes: &impl Nodes,
    ) -> Option<DuelId> {
        let bucket = self.bucket(loser)?;
        self.fought = self.fought.wrapping_add(1);
        let (time, loser) = (self.now(), part(loser));
        let age = |duel: &Option<Duel>| match duel {
            Some(duel) if duel.loser != loser => time.wrapping_sub(duel.time),
            _ => Moment::MAX,
        };
        let Bucket(ways) = self.latest.get_mut(bucket)?;
        let (way, oldest) = ways.iter_mut().enumerate().max_by_key(|(_, duel)| age(duel))?;
        let outcome = Outcome::of(newcomer_won);
        let forgotten = oldest.replace(Duel { loser, winner, time, lead, outcome });
        if let Some(old) = forgotten {
            // Its loser was not asked for. That alone tells nothing, but that the winner was does.
            self.settle(&old, false, nodes);
        }
        DuelId::new(bucket, way)
    }

    /// Notes that the winner of a duel was used.
    pub(super) fn winner_used(&mut self, id: DuelId, winner: Place) {
        if let Some(Bucket(ways)) = self.latest.get_mut(id.index() / WAYS)
            && let Some(duel) = &mut ways[id.index() % WAYS]
            && duel.winner == winner
        {
            duel.outcome = duel.outcome.used();
        }
    }

    /// Notes that a digest was asked for and was not there.
    pub(super) fn missed(&mut self, digest: Digest, nodes: &impl Nodes) {
        let Some(bucket) = self.bucket(digest) else { return };
        let Some(Bucket(ways)) = self.latest.get_mut(bucket) else { return };
        let lost = |duel: &mut Duel| duel.loser == part(digest);
        if let Some(duel) = ways.iter_mut().find_map(|duel| duel.take_if(lost)) {
            self.settle(&duel, true, nodes);
        }
    }

    fn settle(&mut self, duel: &Duel, loser_missed: bool, nodes: &impl Nodes) {
        let in_use = || nodes.uses(duel.winner).is_some_and(|uses| uses.load(Relaxed) > 0);
        // A key and a moment are as good as dice.
        let chance = (duel.loser ^ u32::from(duel.time)).wrapping_mul(0x9E37_79B1) >> 16;
        if duel.outcome.winner_used() || in_use() {
            self.scores.note(duel.lead, duel.outcome.newcomer_won(), chance);
        } else if loser_missed {
            self.scores.note(duel.lead, !duel.outcome.newcomer_won(), chance);
        }
    }
}
