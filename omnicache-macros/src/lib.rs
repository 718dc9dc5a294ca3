//! The attribute and derive macros of omnicache: use them through the `omnicache` crate, which documents them.
//!
//! Both go the same way: tokens are parsed, made a model of, checked, and expanded. The expansion is thin; what it
//! calls is ordinary Rust in `omnicache-runtime`, under `__private`.

mod cache;
mod check;
mod code;
mod derive;
mod errors;
mod expand;
mod function;
mod options;
mod spans;
mod suggest;
mod types;
mod units;

use proc_macro::TokenStream;

/// Caches what a function returns.
///
/// See the `omnicache` crate for the options.
#[proc_macro_attribute]
pub fn cache(attr: TokenStream, item: TokenStream) -> TokenStream {
    cache::expand(attr.into(), &item.into()).into()
}

/// Makes a type usable as an argument of a cached function.
///
/// Fields marked `#[cache_key(ignore)]` are no part of the key; `#[cache_key(crate = path)]` on the type says where
/// omnicache is re-exported.
#[proc_macro_derive(CacheKey, attributes(cache_key))]
pub fn derive_cache_key(input: TokenStream) -> TokenStream {
    derive::expand(input.into()).into()
}
