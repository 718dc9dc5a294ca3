//! The options of `#[cache(...)]`, from the tokens to what they ask for.
//!
//! [`table`] is the one list of them; [`parse`] reads tokens by it, [`read`] turns each value into a part of the
//! [`Settings`], and [`conflicts`] knows which of them contradict each other.

mod conflicts;
mod parse;
mod read;
mod table;

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;
use syn::{Expr, Path};

pub(crate) use conflicts::check;
pub(crate) use parse::{Given, Value, parse};
pub(crate) use table::Opt;

use crate::errors::Errors;

/// What the options of one function ask for.
pub(crate) struct Settings {
    /// Where omnicache is reached, as `::omnicache`.
    pub(crate) krate: TokenStream,
    /// The configuration that the other options refine.
    pub(crate) config: Option<Expr>,
    /// The calls that refine it, in the order they were written.
    pub(crate) calls: Vec<Call>,
    /// What must hold of the return type.
    pub(crate) needs: Vec<Need>,
    /// The backend that was named.
    pub(crate) backend: Option<Backend>,
    /// What stands for the code in place of the body's hash.
    pub(crate) version: Option<String>,
    /// The expression that replaces the arguments as key.
    pub(crate) key: Option<Expr>,
    /// The arguments that are no part of the key.
    pub(crate) ignored: Vec<Ident>,
    /// What is part of the key beside.
    pub(crate) depends: Vec<Dependency>,
    /// Whether the options say that results go to disk, so that keys must outlive the process.
    pub(crate) stable_key: bool,
    /// Whether errors are kept too.
    pub(crate) cache_err: bool,
    /// Asked about each value that would otherwise be kept.
    pub(crate) cache_if: Option<Expr>,
    /// Whether each thread has its own cache.
    pub(crate) local: bool,
    /// The `associated` key, if the function is an associated one without `self`.
    pub(crate) associated: Option<Ident>,
    /// What is put beside the function.
    pub(crate) companion: Companion,
}

/// What a result depends on beside its arguments.
pub(crate) struct Dependency {
    /// As it was written.
    pub(crate) written: Expr,
    /// The path, if it is `file(path)`: the content of the file.
    pub(crate) file: Option<Expr>,
}

/// A builder call on the configuration.
#[derive(Debug)]
pub(crate) struct Call {
    /// The method, named like the option and with the span of its key.
    pub(crate) method: Ident,
    /// What it is given.
    pub(crate) argument: TokenStream,
}

/// A promise that an option needs from the return type, checked by the compiler at the option.
#[derive(Debug)]
pub(crate) struct Need {
    /// Where the option stands.
    pub(crate) span: Span,
    /// The function of the runtime whose bounds are the promise.
    pub(crate) function: &'static str,
}

/// The words of `backend = ...`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    Memory,
    Disk,
    Array,
    Hybrid,
}

/// What is put beside the function.
#[derive(Debug)]
pub(crate) enum Companion {
    /// A type, or associated functions, of the function's own name.
    Own,
    /// The same by another name.
    Named(Ident),
    /// Nothing.
    None,
}

impl Settings {
    /// Turns the given options into settings; wrong values are noted and left out.
    pub(crate) fn read(given: &[Given], errors: &mut Errors) -> Self {
        let mut settings = Self {
            krate: quote!(::omnicache),
            config: None,
            calls: Vec::new(),
            needs: Vec::new(),
            backend: None,
            version: None,
            key: None,
            ignored: Vec::new(),
            depends: Vec::new(),
            stable_key: false,
            cache_err: false,
            cache_if: None,
            local: false,
            associated: None,
            companion: Companion::Own,
        };
        // The values of other options are paths into the crate, so it has to be known first.
        let (krate, others): (Vec<_>, Vec<_>) = given.iter().partition(|one| one.option() == Opt::Crate);
        for option in krate.into_iter().chain(others) {
            (option.spec.read)(&mut settings, option, errors);
        }
        settings
    }

    /// The path `krate` as tokens.
    fn set_crate(&mut self, path: &Path) {
        self.krate = quote!(#path);
    }
}
