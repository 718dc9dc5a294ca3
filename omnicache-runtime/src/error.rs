//! The errors a person can meet.

use std::{fmt, io};

/// A configuration that cannot be carried out, raised as a panic at the function's first use.
///
/// It names the function, the field, what was found there and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("omnicache: function `{function}`: `{field}` = {value}: {message}")]
#[non_exhaustive]
pub struct ConfigError {
    /// Path of the function the configuration belongs to.
    pub function: String,
    /// The option or builder method at fault.
    pub field: &'static str,
    /// What was found there, for people.
    pub value: String,
    /// What is wrong with it and what to write instead.
    pub message: String,
}

/// What kind of trouble a cache fault is. A fault never fails the cached call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultKind {
    /// The operating system refused: no permission, no space, read-only.
    Io,
    /// The store's index refused or is damaged.
    Index,
    /// A value could not be written in its codec.
    Encode,
    /// A stored record could not be read back as its type.
    Decode,
    /// A store that the configuration names did not do what it was asked.
    Store,
    /// The store's directory is not one to trust: foreign owner, symbolic link.
    Untrusted,
}

/// A fault of the cache: counted in `stats().errors`, logged once per function, never raised.
#[derive(Debug)]
pub struct Fault {
    kind: FaultKind,
    context: String,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Fault {
    /// A fault of `kind` while doing what `context` says.
    pub fn new(kind: FaultKind, context: impl Into<String>) -> Self {
        Self { kind, context: context.into(), source: None }
    }

    /// The same fault with what caused it.
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// What kind of trouble it is.
    pub fn kind(&self) -> FaultKind {
        self.kind
    }

    /// A fault of the operating system while doing what `context` says.
    pub fn io(context: impl Into<String>, source: io::Error) -> Self {
        Self::new(FaultKind::Io, context).because(source)
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.context)?;
        match &self.source {
            Some(source) => write!(f, ": {source}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Fault {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
