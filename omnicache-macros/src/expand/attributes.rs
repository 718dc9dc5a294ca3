//! Which of the user's attributes goes to which of the emitted functions.

use proc_macro2::{TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::{AttrStyle, Attribute, Meta, parse_quote};

use super::context::Context;
use crate::function::Function;

/// Lints that look at an item from outside: what they say of the function is said of the one that bears its name.
const OUTSIDE: &[&str] = &["dead_code", "missing_docs", "unreachable_pub", "non_snake_case", "deprecated"];

/// For generated items: nothing in them is the user's to mend.
pub(super) fn quiet() -> TokenStream {
    quote! {
        #[allow(
            unused, nonstandard_style, deprecated, unreachable_pub, unused_qualifications, unused_lifetimes,
            single_use_lifetimes, private_interfaces, private_bounds, missing_debug_implementations,
            missing_copy_implementations, clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction
        )]
    }
}

/// The same for an item inside an `impl` block, unless the block is generated and has it already.
pub(super) fn quiet_item(context: &Context<'_>) -> Option<TokenStream> {
    context.in_impl().then(quiet)
}

/// For the function that bears the user's name: its content is generated, but whether it is used is not.
pub(super) fn quiet_inside() -> TokenStream {
    quote! {
        #[allow(
            unused_qualifications, unused_variables, unreachable_code, deprecated,
            clippy::all, clippy::pedantic, clippy::nursery, clippy::restriction
        )]
    }
}

/// For the user's own signature, to which bounds were added in the `where` clause.
pub(super) fn bounds_added() -> Attribute {
    parse_quote!(#[allow(clippy::multiple_bound_locations, clippy::type_repetition_in_bounds)])
}

/// For what is put beside the function: it is there if the function is.
pub(super) fn gates(function: &Function) -> TokenStream {
    function.attributes(|attribute| attribute.path().is_ident("cfg"))
}

/// For the function that bears the user's name.
pub(super) fn outer(function: &Function) -> TokenStream {
    let outer = function.item.attrs.iter().filter(|attribute| matches!(attribute.style, AttrStyle::Outer));
    outer
        .filter(|attribute| !attribute.path().is_ident("forbid") && !holds_lint(attribute))
        .map(outside)
        .collect()
}

/// For the function that carries the user's body.
pub(super) fn body(function: &Function) -> Vec<Attribute> {
    const COPIED: &[&str] = &["doc", "must_use", "cfg", "allow", "warn", "deny", "forbid"];
    let keep = |attribute: &&Attribute| {
        matches!(attribute.style, AttrStyle::Inner(_))
            || COPIED.iter().any(|name| attribute.path().is_ident(name))
            || (attribute.path().is_ident("expect") && !looks_from_outside(attribute))
            || holds_lint(attribute)
    };
    let mut kept: Vec<Attribute> = function.item.attrs.iter().filter(keep).cloned().collect();
    if function.item.attrs.iter().any(|attribute| attribute.path().is_ident("deprecated")) {
        // A deprecated function may call itself without a warning; so may the part of it that is elsewhere.
        kept.push(parse_quote!(#[allow(deprecated)]));
    }
    kept
}

/// An expectation is met in one place only; in the other the lint is allowed.
fn outside(attribute: &Attribute) -> TokenStream {
    match &attribute.meta {
        Meta::List(list) if list.path.is_ident("expect") && !looks_from_outside(attribute) => {
            let lints = &list.tokens;
            quote!(#[allow(#lints)])
        }
        _ => attribute.to_token_stream(),
    }
}

fn looks_from_outside(attribute: &Attribute) -> bool {
    words(attribute).any(|word| OUTSIDE.contains(&word.as_str()))
}

/// Whether this is a `cfg_attr` around lint levels.
fn holds_lint(attribute: &Attribute) -> bool {
    const LEVELS: &[&str] = &["allow", "expect", "warn", "deny", "forbid"];
    attribute.path().is_ident("cfg_attr") && words(attribute).any(|word| LEVELS.contains(&word.as_str()))
}

/// The words directly between an attribute's parentheses.
fn words(attribute: &Attribute) -> impl Iterator<Item = String> {
    let tokens = match &attribute.meta {
        Meta::List(list) => list.tokens.clone(),
        Meta::Path(_) | Meta::NameValue(_) => TokenStream::new(),
    };
    tokens.into_iter().filter_map(|token| match token {
        TokenTree::Ident(word) => Some(word.to_string()),
        _ => None,
    })
}
