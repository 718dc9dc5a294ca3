//! Works a plan out: one criterion after the other, in the order of precedence, none left out.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use super::config::{Access, Config, Sharing};
use super::form::Facts;
use super::plan::{Dispatch, Plan, Side};
use super::table::{DEFAULT_THRESHOLD, Row, row};
use crate::clock::{SystemClock, nanos};
use crate::error::ConfigError;
use crate::explain::human_size;
use crate::kind::{Backend, Codec, Policy};
use crate::memory::Bounds;

const DEFAULT_MAX_BYTES: u64 = 64 << 20;
const DEFAULT_MAX_DISK_BYTES: u64 = 1 << 30;
const DEFAULT_PATIENCE: Duration = Duration::from_mins(1);

/// Turns facts and a configuration into a [`Plan`].
pub(super) struct Resolver<'a> {
    function: &'a str,
    facts: Facts,
    pub(super) config: Config,
    is_async: bool,
    reasons: Vec<String>,
}

/// Who asked for a backend, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// `backend` names it.
    Named,
    /// A threshold or a side is set: this one.
    BySize(&'static str),
    /// The helper of this name pins it.
    Helper(&'static str),
    /// `persist`.
    Persist,
    /// `sharing`.
    Shared,
    /// Nobody: it is what suits the kind.
    Kind,
}

pub(super) type Resolved<T> = Result<T, ConfigError>;

impl<'a> Resolver<'a> {
    pub(super) fn new(function: &'a str, facts: Facts, config: Config, is_async: bool) -> Self {
        Self { function, facts, config, is_async, reasons: Vec::new() }
    }

    pub(super) fn resolve(mut self) -> Resolved<Plan> {
        self.check_values()?;
        self.check_contradictions()?;
        #[cfg(feature = "disk")]
        {
            self.check_disk()?;
            self.check_store()?;
        }
        let row = self.row();
        self.because(format!("kind {}: by the return type ({})", row.kind, row.types));
        let (backend, source) = self.backend();
        let (small, large) = self.sides(backend, source)?;
        let on_disk = small.store.is_some() || large.store.is_some();
        #[cfg(feature = "zstd")]
        self.check_compression([small, large])?;
        let backend = if on_disk { backend } else { self.in_memory_alone(backend) };
        self.note_sharing();
        let policy = self.policy()?;
        let bounds = self.bounds();
        let config = self.config;
        Ok(Plan {
            kind: self.facts.kind,
            backend,
            policy,
            codec: self.facts.codec,
            small,
            large,
            threshold: config.threshold.unwrap_or(DEFAULT_THRESHOLD),
            bounds,
            ttl: config.ttl.map(nanos),
            idle: config.idle.map(nanos),
            dir: config.dir,
            namespace: config.namespace.unwrap_or_default(),
            version: config.version,
            max_disk_bytes: config.max_disk_bytes.unwrap_or(DEFAULT_MAX_DISK_BYTES),
            patience: config.patience.unwrap_or(DEFAULT_PATIENCE),
            clock: config.clock.unwrap_or_else(|| Arc::new(SystemClock)),
            listener: config.listener,
            #[cfg(feature = "disk")]
            disk: config.disk,
            reasons: self.reasons,
            has_default_bounds: config.max_entries.is_none() && config.max_bytes.is_none(),
            insists: on_disk && source != Source::Kind,
        })
    }

    fn row(&self) -> &'static Row {
        row(self.facts.kind)
    }

    pub(super) fn refuse<T>(
        &self,
        field: &'static str,
        value: impl Display,
        message: impl Into<String>,
    ) -> Resolved<T> {
        Err(ConfigError {
            function: self.function.to_owned(),
            field,
            value: value.to_string(),
            message: message.into(),
        })
    }

    fn because(&mut self, reason: impl Into<String>) {
        self.reasons.push(reason.into());
    }

    fn check_values(&self) -> Resolved<()> {
        match self.config.zero() {
            Some((field, wanted)) => self.refuse(field, 0, format!("must not be zero; write {wanted}")),
            None => Ok(()),
        }
    }

    /// What cannot be, whatever the type is.
    fn check_contradictions(&self) -> Resolved<()> {
        let config = &self.config;
        if config.sharing == Some(Sharing::Machines) {
            return self.refuse(
                "sharing",
                "machines",
                "results shared by many machines need a network store, which this build has not; a shared folder is \
                 no way round, since SQLite's locks do not hold on network file systems",
            );
        }
        if let (Some((asked, field, value)), Some(word)) = (self.durable(), self.off_disk()) {
            let message =
                format!("{asked} puts every result on disk, and `{word}` none; drop one of the two");
            return self.refuse(field, value, message);
        }
        if let (Some((asked, ..)), Some(Backend::Memory)) = (self.durable(), config.backend) {
            let message = format!(
                "{asked} puts every result on disk, and this backend none; write `backend = disk`, or drop one of \
                 the two"
            );
            return self.refuse("backend", Backend::Memory, message);
        }
        for (field, side) in [("small", config.small), ("large", config.large)] {
            if side == Some(Backend::Hybrid) {
                return self.refuse(field, "hybrid", "one side of a hybrid is `memory`, `disk` or `array`");
            }
        }
        if let (Some(backend), Some(_)) = (config.backend, self.by_size())
            && backend != Backend::Hybrid
        {
            return self.refuse(
                "backend",
                backend,
                "`threshold`, `small` and `large` need `backend = hybrid`, which is what they make it if none is named",
            );
        }
        Ok(())
    }

    /// What asks for every result on disk: for people, and as a field with its value.
    fn durable(&self) -> Option<(&'static str, &'static str, &'static str)> {
        if self.config.persist {
            Some(("`persist`", "persist", "true"))
        } else if self.config.sharing == Some(Sharing::Processes) {
            Some(("sharing between processes", "sharing", "processes"))
        } else {
            None
        }
    }

    /// The word that keeps everything off the disk.
    fn off_disk(&self) -> Option<&'static str> {
        if self.config.local { Some("local") } else { self.config.ephemeral.then_some("ephemeral") }
    }

    /// The setting that splits results by size.
    fn by_size(&self) -> Option<&'static str> {
        let config = &self.config;
        let set = [
            ("threshold", config.threshold.is_some()),
            ("small", config.small.is_some()),
            ("large", config.large.is_some()),
        ];
        set.into_iter().find(|(_, is_set)| *is_set).map(|(name, _)| name)
    }

    /// The backend: what is named, what the sides say, what the helper pins, what the hints ask for, what suits the
    /// kind.
    fn backend(&mut self) -> (Backend, Source) {
        let on_disk = if self.facts.file.is_some() { Backend::Array } else { Backend::Disk };
        let pinned = self.config.helper.and_then(|(name, backend)| Some((name, backend?)));
        let durable = self.durable();
        let (backend, source, reason) = match (self.config.backend, self.by_size(), pinned, durable) {
            (Some(backend), ..) => (backend, Source::Named, "`backend` says so".to_owned()),
            (None, Some(field), ..) => (
                Backend::Hybrid,
                Source::BySize(field),
                format!("`{field}` is set, so each result goes by its size"),
            ),
            // The helper speaks of the kind, the hint of what is wanted of it.
            (None, None, None | Some((_, Backend::Memory)), Some((asked, field, _))) => {
                let source = if field == "persist" { Source::Persist } else { Source::Shared };
                (on_disk, source, format!("{asked} puts every result there, with memory in front"))
            }
            (None, None, Some((name, backend)), _) => {
                let extent = if backend == Backend::Hybrid { "each result by its" } else { "whatever the" };
                (backend, Source::Helper(name), format!("`{name}()` pins it, {extent} size"))
            }
            (None, None, None, None) => {
                let (backend, reason) = self.of_kind();
                (backend, Source::Kind, reason)
            }
        };
        self.because(format!("backend {backend}: {reason}"));
        (backend, source)
    }

    /// The backend that suits the kind, as far as the build and the hints allow it.
    fn of_kind(&self) -> (Backend, String) {
        let row = self.row();
        let wanted = row.backend();
        if wanted == Backend::Memory {
            (wanted, row.reason.to_owned())
        } else if let Some(word) = self.off_disk() {
            (Backend::Memory, format!("`{word}` keeps everything off the disk"))
        } else if cfg!(feature = "disk") {
            (wanted, row.reason.to_owned())
        } else {
            let reason = "the feature `disk` is not compiled in, so large results stay here too";
            (Backend::Memory, reason.to_owned())
        }
    }

    /// Where small and large results go.
    fn sides(&mut self, backend: Backend, source: Source) -> Resolved<(Side, Side)> {
        if backend != Backend::Hybrid {
            self.require(backend, source)?;
            let side = self.side(backend, self.durable().is_some());
            return Ok((side, side));
        }
        let (small, large) = (self.config.small, self.config.large);
        let small_source = if small.is_some() { Source::BySize("small") } else { source };
        let large_source = if large.is_some() { Source::BySize("large") } else { source };
        let small = small.unwrap_or(Backend::Memory);
        let large = large.unwrap_or_else(|| self.large(source));
        self.require(small, small_source)?;
        self.require(large, large_source)?;
        let threshold = self.config.threshold.unwrap_or(DEFAULT_THRESHOLD);
        self.because(format!("up to {}: {small}; more: {large}", human_size(threshold)));
        let mut sides = (self.side(small, false), self.side(large, false));
        if let Some((asked, ..)) = self.durable() {
            let source = if self.config.persist { Source::Persist } else { Source::Shared };
            self.require(Backend::Disk, source)?;
            sides.0.memory = true;
            for side in [&mut sides.0, &mut sides.1] {
                side.store = side.store.or(Some(self.on_disk()));
            }
            self.because(format!(
                "every result also on disk, small ones with memory in front: {asked} says so"
            ));
        }
        Ok(sides)
    }

    /// The backend of a plan that puts nothing on disk.
    fn in_memory_alone(&mut self, backend: Backend) -> Backend {
        if backend == Backend::Hybrid {
            let why = self.off_disk().map(|word| format!("`{word}` keeps everything off the disk"));
            let why = why.unwrap_or_else(|| "both sides say so".to_owned());
            self.because(format!("backend {}: {why}", Backend::Memory));
        }
        Backend::Memory
    }

    /// The large side of a hybrid that does not name one.
    fn large(&self, source: Source) -> Backend {
        let row = self.row();
        if self.off_disk().is_some() && source != Source::Named {
            Backend::Memory
        } else if row.large == Backend::Memory {
            // Whoever asks for a hybrid asks for a disk.
            Backend::Disk
        } else {
            row.large
        }
    }

    /// Whether the options, the build and the type allow a backend; the error is about who asked for it.
    fn require(&self, backend: Backend, source: Source) -> Resolved<()> {
        if backend == Backend::Memory {
            return Ok(());
        }
        let (field, value) = match source {
            Source::Named | Source::Kind => ("backend", backend.to_string()),
            Source::BySize(field) => match field {
                "threshold" => (field, self.config.threshold.unwrap_or(DEFAULT_THRESHOLD).to_string()),
                _ => (field, backend.to_string()),
            },
            Source::Helper(name) => ("config", format!("{name}()")),
            Source::Persist => ("persist", "true".to_owned()),
            Source::Shared => ("sharing", "processes".to_owned()),
        };
        let kind = self.facts.kind;
        if let Some(word) = self.off_disk() {
            let message = format!("puts results on disk, and `{word}` none; drop one of the two");
            return self.refuse(field, value, message);
        }
        if !cfg!(feature = "disk") {
            return self.refuse(field, value, "needs the feature `disk` of omnicache");
        }
        if self.facts.codec == Codec::None {
            let message = format!(
                "the return type is {kind}: it cannot be written; derive `Serialize` and `Deserialize` for it, or \
                 write `backend = memory`"
            );
            return self.refuse(field, value, message);
        }
        if backend == Backend::Array && self.facts.file.is_none() {
            let message = format!(
                "array files hold arrays and record batches, and the return type is {kind}; write `backend = disk`"
            );
            return self.refuse(field, value, message);
        }
        Ok(())
    }

    fn on_disk(&self) -> Dispatch {
        self.facts.file.map_or(Dispatch::Record, Dispatch::File)
    }

    fn side(&self, backend: Backend, memory_too: bool) -> Side {
        match backend {
            Backend::Disk => Side { memory: memory_too, store: Some(Dispatch::Record) },
            Backend::Array => Side { memory: memory_too, store: Some(self.on_disk()) },
            Backend::Memory | Backend::Hybrid => Side { memory: true, store: None },
        }
    }

    /// Says what became of a hint that asks for nothing that is not done anyway.
    fn note_sharing(&mut self) {
        if self.config.local {
            self.because("one cache per thread: `local` says so");
        } else if self.config.sharing == Some(Sharing::Thread) {
            self.because("one thread asks: `#[cache(local)]` would spare the locks");
        } else if self.config.sharing == Some(Sharing::Threads) {
            self.because("many threads ask: they share the memory of their process");
        }
    }

    fn policy(&mut self) -> Resolved<Policy> {
        let without_lfu = if self.config.local {
            Some("moka keeps it, whose caches are shared by threads, and a `local` cache is not")
        } else if cfg!(feature = "moka") {
            None
        } else {
            Some("it needs the feature `moka` of omnicache")
        };
        if let Some(policy) = self.config.policy {
            if let (Policy::Lfu, Some(why)) = (policy, without_lfu) {
                let message = format!("{why}; write `lru`, `s3_fifo`, `fifo` or `random`");
                return self.refuse("policy", policy, message);
            }
            self.because(format!("policy {policy}: the configuration says so"));
            return Ok(policy);
        }
        let awaited = self.is_async || self.config.awaited;
        let access = self.config.access.unwrap_or(Access::Unknown);
        let reason = match access {
            Access::ReadHeavy => "results are read often",
            Access::TemporalLocality => "what was used lately is used again",
            Access::Frequency => "some keys are used far more often than others",
            Access::Random => "there is no pattern to follow",
            Access::Unknown if awaited => "awaited results are costly, so the hit ratio counts most",
            Access::Unknown => "the general default",
        };
        let wanted = if access == Access::Unknown && awaited { Policy::Lfu } else { access.policy() };
        if let (Policy::Lfu, Some(why)) = (wanted, without_lfu) {
            self.because(format!("policy {}: {reason}, but as for {wanted}, {why}", Policy::S3Fifo));
            return Ok(Policy::S3Fifo);
        }
        self.because(format!("policy {wanted}: {reason}"));
        Ok(wanted)
    }

    fn bounds(&self) -> Bounds {
        let config = &self.config;
        let max_bytes = match (config.max_bytes, config.max_entries) {
            (Some(bytes), _) => Some(bytes),
            (None, Some(_)) => None,
            (None, None) => Some(DEFAULT_MAX_BYTES),
        };
        // An entry costs memory beside its payload: many tiny ones are bounded by their number.
        let most_tiny = max_bytes.map(|bytes| (bytes / 64).max(1024));
        Bounds { max_entries: config.max_entries.or(most_tiny), max_bytes }
    }
}
