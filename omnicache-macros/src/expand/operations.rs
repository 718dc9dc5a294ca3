//! What users may ask of a cached function besides calling it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::quote;

use super::attributes;
use super::context::{Context, turbofish};

/// What an operation on one call gives back.
#[derive(Clone, Copy)]
enum Reply {
    Bool,
    Value,
    Option,
    Explanation,
    Path,
}

/// The operations on one call: name, type in the runtime, reply and what the documentation says.
const ON_CALL: &[(&str, &str, Reply, &str)] = &[
    ("peek", "Peek", Reply::Option, "The kept result of this call, if there is one. Never runs the body."),
    ("contains", "Contains", Reply::Bool, "Whether the result of this call is kept. Never runs the body."),
    ("refresh", "Refresh", Reply::Value, "Runs the body, keeps its result and returns it."),
    ("uncached", "Uncached", Reply::Value, "Runs the body and touches no cache."),
    (
        "invalidate",
        "Invalidate",
        Reply::Bool,
        "Forgets the result of this call; whether there was one, in any tier.",
    ),
    (
        "path",
        "FilePath",
        Reply::Path,
        "The file that holds the result of this call, if it lies in one that other programs can read: an array, a \
         frame or a byte string on disk. Never runs the body.",
    ),
    ("explain_call", "ExplainCall", Reply::Explanation, "Why this call would hit or miss."),
];

/// All operations, as associated functions.
pub(super) fn all(context: &Context<'_>) -> TokenStream {
    let on_call = ON_CALL.iter().map(|row| on_call(context, *row));
    on_call.chain([on_function(context)]).collect()
}

fn on_call(context: &Context<'_>, (name, operation, reply, text): (&str, &str, Reply, &str)) -> TokenStream {
    let (output, krate) = (&context.function.output, &context.settings.krate);
    let reply = match reply {
        Reply::Bool => quote!(bool),
        Reply::Value => quote!(#output),
        Reply::Option => quote!(::core::option::Option<#output>),
        Reply::Explanation => quote!(#krate::CallExplanation),
        Reply::Path => quote!(::core::option::Option<#krate::__private::PathBuf>),
    };
    let attributes = shown(context, text);
    let head = head(context, &context.shown(name), &reply);
    let enter = enter(context, operation);
    quote!(#attributes #head { #enter })
}

/// The attributes of an operation.
fn shown(context: &Context<'_>, text: &str) -> TokenStream {
    let (gates, quiet) = (attributes::gates(context.function), attributes::quiet_item(context));
    let text = format!(" {text}");
    if !context.in_impl() {
        return quote!(#gates #[doc = #text] #quiet);
    }
    let of = format!(" Of the cached `{}`.", context.function.name());
    quote!(#gates #[doc = #text] #[doc = ""] #[doc = #of] #quiet)
}

/// The signature of a function that takes what the cached one takes.
fn head(context: &Context<'_>, name: &Ident, reply: &TokenStream) -> TokenStream {
    let function = context.function;
    let (visibility, asyncness) = (&function.item.vis, &function.item.sig.asyncness);
    let generics = context.bounded_generics();
    let (params, _, bounds) = generics.split_for_impl();
    let own = function.receiver.iter().map(|receiver| quote!(#receiver));
    let others = function.arguments.iter().map(|argument| {
        let (name, ty) = (&argument.name, &argument.bounded);
        quote!(#name: #ty)
    });
    let arguments = own.chain(others);
    quote!(#visibility #asyncness fn #name #params(#(#arguments),*) -> #reply #bounds)
}

/// The call that carries an operation out.
pub(super) fn enter(context: &Context<'_>, operation: &str) -> TokenStream {
    let function = context.function;
    let (private, scope, enter) = (&context.private, context.scope(), context.hidden("enter"));
    let operation = Ident::new(operation, Span::call_site());
    let mut types = function.written_params();
    if !types.is_empty() {
        // One for each `impl Trait`, and one for the operation: those are inferred.
        types.extend((0..=function.opaques.len()).map(|_| quote!(_)));
    }
    let types = turbofish(&types);
    let own = function.self_value().into_iter();
    let others = function.argument_names();
    let wait = function.is_async().then(|| quote!(.await));
    quote!(#scope::#enter #types(#(#own,)* #private::#operation #(, #others)*) #wait)
}

/// The operations on all calls of the function; on those of each of its instances, if it is generic.
fn on_function(context: &Context<'_>) -> TokenStream {
    let (krate, private) = (&context.settings.krate, &context.private);
    let (source, suffix) = if context.function.is_generic() { ("site", "_site") } else { ("function", "") };
    let source = context.hidden(source);
    let visibility = &context.function.item.vis;
    let named = |name: &str| Ident::new(&format!("{name}{suffix}"), Span::call_site());
    let (clear, stats, explain) = (context.shown("clear"), context.shown("stats"), context.shown("explain"));
    let (do_stats, do_explain) = (named("stats"), named("explain"));
    let asyncness = &context.function.item.sig.asyncness;
    let (do_clear, wait) = if context.function.is_async() {
        let name = if context.function.is_generic() { "clear_site_async" } else { "clear_async" };
        (Ident::new(name, Span::call_site()), quote!(.await))
    } else {
        (named("clear"), TokenStream::new())
    };
    let about_clear = shown(context, "Forgets every kept result of this function, in every tier.");
    let about_stats = shown(context, "What the cache of this function has done so far.");
    let about_explain = shown(context, "How results of this function are kept, and why so.");
    quote! {
        #about_clear
        #visibility #asyncness fn #clear() { #private::#do_clear(Self::#source()) #wait; }
        #about_stats
        #visibility fn #stats() -> #krate::Stats { #private::#do_stats(Self::#source()) }
        #about_explain
        #visibility fn #explain() -> #krate::Explanation { #private::#do_explain(Self::#source()) }
    }
}
