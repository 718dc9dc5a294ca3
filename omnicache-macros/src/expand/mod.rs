//! Writes the code: thin, with all logic behind `__private` in the runtime.

mod attributes;
mod beside;
mod context;
mod inline;
mod key;
mod operations;
mod parts;

use proc_macro2::TokenStream;

use crate::function::Function;
use crate::options::{Companion, Settings};

/// The function with its cache.
pub(crate) fn expand(function: &Function, settings: &Settings) -> TokenStream {
    if matches!(settings.companion, Companion::None) {
        return inline::expand(&context::Context::new(function, settings, function.name().clone()));
    }
    let name = match &settings.companion {
        Companion::Named(name) => name.clone(),
        Companion::Own | Companion::None => function.name().clone(),
    };
    beside::expand(&context::Context::new(function, settings, name))
}
