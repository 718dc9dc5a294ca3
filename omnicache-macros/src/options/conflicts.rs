//! Which options contradict each other.

use proc_macro2::Ident;

use super::{Backend, Given, Opt, Settings};
use crate::errors::Errors;

/// Something that an option says.
enum Fact {
    /// The option is given.
    Has(Opt),
    /// `backend` is one of these.
    Is(&'static [Backend]),
}

/// Two facts that cannot both be, and the sentence that says what to write instead.
struct Conflict(Fact, Fact, &'static str);

const ON_DISK: Fact = Fact::Is(&[Backend::Disk, Backend::Array, Backend::Hybrid]);

/// Every contradiction there is between two options.
const CONFLICTS: &[Conflict] = &[
    Conflict(
        Fact::Has(Opt::Persist),
        Fact::Has(Opt::Ephemeral),
        "`persist` puts every result on disk and `ephemeral` none: keep one of them",
    ),
    Conflict(
        Fact::Has(Opt::Persist),
        Fact::Is(&[Backend::Memory]),
        "`persist` puts every result on disk, `backend = memory` none: keep one of them",
    ),
    Conflict(
        Fact::Has(Opt::Local),
        Fact::Has(Opt::Persist),
        "a `local` cache lives and dies with its thread, in memory: leave out `local` or `persist`",
    ),
    Conflict(
        Fact::Has(Opt::Local),
        ON_DISK,
        "a `local` cache lives and dies with its thread, in memory: leave out `local` or `backend`",
    ),
    Conflict(
        Fact::Has(Opt::Ephemeral),
        ON_DISK,
        "`ephemeral` puts nothing on disk and this backend does: leave out `ephemeral` or write `backend = memory`",
    ),
    Conflict(
        Fact::Has(Opt::Ephemeral),
        Fact::Has(Opt::Dir),
        "`ephemeral` puts nothing on disk, so there is nothing for `dir` to hold: leave out one of them",
    ),
    Conflict(
        Fact::Has(Opt::Threshold),
        Fact::Is(&[Backend::Memory, Backend::Disk, Backend::Array]),
        "`threshold` splits results by size, which only a hybrid does: leave out `threshold` or write `backend = hybrid`",
    ),
    Conflict(
        Fact::Has(Opt::Key),
        Fact::Has(Opt::Ignore),
        "`key` replaces all arguments, so there is nothing left to ignore: leave out `ignore`",
    ),
];

/// Notes each contradiction, at the later of the two options.
pub(crate) fn check(given: &[Given], settings: &Settings, errors: &mut Errors) {
    for Conflict(one, other, message) in CONFLICTS {
        if let (Some(one), Some(other)) = (place(one, given, settings), place(other, given, settings)) {
            let (_, key) = if one.0 > other.0 { one } else { other };
            errors.at(key, message);
        }
    }
}

/// Where a fact is stated, if it is.
fn place<'g>(fact: &Fact, given: &'g [Given], settings: &Settings) -> Option<(usize, &'g Ident)> {
    let option = match fact {
        Fact::Has(option) => *option,
        Fact::Is(backends) if settings.backend.is_some_and(|backend| backends.contains(&backend)) => {
            Opt::Backend
        }
        Fact::Is(_) => return None,
    };
    given.iter().enumerate().find(|(_, one)| one.option() == option).map(|(place, one)| (place, &one.key))
}
