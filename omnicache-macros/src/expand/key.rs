//! Writes the key of a call.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Expr, Pat, PatIdent, ReceiverKind, Token, Type};

use super::context::Context;
use crate::spans::ends;

/// The statements that write the key, and what they write as text for people.
pub(super) fn write(context: &Context<'_>, writer: &Ident) -> TokenStream {
    let mut key = of_arguments(context, writer);
    key.extend(of_dependencies(context, writer));
    key
}

/// The statements that look at the files that the key depends on: once per call, so that all of it speaks of one
/// moment.
pub(super) fn files(context: &Context<'_>) -> TokenStream {
    let krate = &context.settings.krate;
    let files = context.settings.depends.iter().enumerate();
    let looks = files.filter_map(|(number, dependency)| {
        let (path, name) = (dependency.file.as_ref()?, file(number));
        Some(quote_spanned!(path.span()=> let #name = #krate::file(&#path);))
    });
    looks.collect()
}

fn file(number: usize) -> Ident {
    super::parts::local(&format!("__file{number}"))
}

fn of_dependencies(context: &Context<'_>, writer: &Ident) -> TokenStream {
    let plain = if context.settings.stable_key { "stable_key" } else { "key" };
    let parts = context.settings.depends.iter().enumerate().map(|(number, dependency)| {
        let written = &dependency.written;
        let part = dependency
            .file
            .as_ref()
            .map_or_else(|| written.to_token_stream(), |_| file(number).into_token_stream());
        let call = context.call(plain, written, quote!(#writer, #part));
        quote!(#call;)
    });
    parts.collect()
}

fn of_arguments(context: &Context<'_>, writer: &Ident) -> TokenStream {
    let plain = if context.settings.stable_key { "stable_key" } else { "key" };
    if let Some(key) = &context.settings.key {
        let parts = parts(key).into_iter().map(|part| {
            let call = context.call(plain, part, quote!(#writer, #part));
            quote!(#call;)
        });
        return parts.collect();
    }
    let function = context.function;
    let own = function.receiver.as_ref().filter(|_| !ignored(context, "self")).map(|receiver| {
        let this = receiver.self_token;
        let name = if context.settings.stable_key { "stable_key_self" } else { "key_self" };
        let star = matches!(receiver.kind, ReceiverKind::Reference(..)).then(|| Token![*](ends(receiver).0));
        let call = context.call(name, receiver, quote!(#writer, #star #this));
        quote!(#call;)
    });
    let others =
        function.arguments.iter().filter(|one| !ignored(context, &one.name.to_string())).map(|argument| {
            // An error about the type appears at the type, and the name is found all the same.
            let mut name = argument.name.clone();
            name.set_span(ends(&argument.ty).0.resolved_at(argument.name.span()));
            // Through a reference, so that an error speaks of the type behind it.
            let star = matches!(argument.ty, Type::Reference(_)).then(|| Token![*](name.span()));
            let call = context.call(plain, &argument.ty, quote!(#writer, #star #name));
            quote!(#call;)
        });
    own.into_iter().chain(others).collect()
}

/// What the key is made of, for people.
pub(super) fn text(context: &Context<'_>) -> String {
    let depends = context.settings.depends.iter().map(|dependency| dependency.written.to_token_stream());
    let parts = [text_of_arguments(context)].into_iter().chain(depends.map(|written| written.to_string()));
    parts.filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}

fn text_of_arguments(context: &Context<'_>) -> String {
    if let Some(key) = &context.settings.key {
        return quote!(#key).to_string();
    }
    let own = context.function.receiver.iter().map(|_| "self".to_owned());
    let others = context.function.arguments.iter().map(|argument| match &argument.pattern {
        None | Some(Pat::Ident(PatIdent { by_ref: None, subpat: None, .. })) => argument.name.to_string(),
        Some(pattern) => pattern.to_token_stream().to_string(),
    });
    own.chain(others).filter(|name| !ignored(context, name)).collect::<Vec<_>>().join(", ")
}

fn ignored(context: &Context<'_>, name: &str) -> bool {
    context.settings.ignored.iter().any(|one| one == name)
}

/// The parts of a key: those of a tuple are written one by one, so that none has to move into a tuple.
fn parts(key: &Expr) -> Vec<&Expr> {
    match key {
        Expr::Tuple(tuple) if !tuple.elems.is_empty() => tuple.elems.iter().collect(),
        Expr::Group(group) => parts(&group.expr),
        Expr::Paren(paren) => parts(&paren.expr),
        _ => vec![key],
    }
}
