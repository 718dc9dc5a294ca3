//! A function with its cache beside it: in a type of its name, or in functions that carry its name.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::{FnArg, GenericParam, ItemFn, parse_quote};

use super::context::{Context, turbofish};
use super::{attributes, operations, parts};
use crate::spans::ends;

/// The function, its hidden parts and its operations.
pub(super) fn expand(context: &Context<'_>) -> TokenStream {
    let function = caller(context);
    let body = body(context);
    let hidden = [site(context), marker(context), cached(context), enter(context)];
    let operations = operations::all(context);
    if context.in_impl() {
        return quote!(#function #body #(#hidden)* #operations);
    }
    let (gates, quiet) = (attributes::gates(context.function), attributes::quiet());
    let (visibility, name) = (&context.function.item.vis, &context.companion);
    let text = format!(" The cache of [`{}()`].", context.function.name());
    quote! {
        #function
        #gates
        #[doc = #text]
        #quiet
        #visibility enum #name {}
        #gates
        #quiet
        impl #name { #(#hidden)* #operations }
        // Without the lint levels of the generated part: they are not to silence the body.
        #gates
        #[doc(hidden)]
        #[allow(clippy::multiple_inherent_impl)]
        impl #name { #body }
    }
}

/// The function that bears the user's name.
fn caller(context: &Context<'_>) -> TokenStream {
    let (attributes, quiet) = (attributes::outer(context.function), attributes::quiet_inside());
    let (visibility, signature) = (&context.function.item.vis, context.signature(context.bounded_generics()));
    let block = context.braced(&operations::enter(context, "Call"));
    quote!(#attributes #quiet #visibility #signature #block)
}

/// The function that carries the user's body, with the signature as written so that lints see what they saw.
fn body(context: &Context<'_>) -> TokenStream {
    let written = &context.function.item;
    let mut item = ItemFn::clone(written);
    item.attrs = attributes::body(context.function);
    item.attrs.extend([
        parse_quote!(#[doc(hidden)]),
        parse_quote!(#[allow(unreachable_pub, private_interfaces, private_bounds, non_snake_case)]),
        // The function cannot be `const`, whatever its body is.
        parse_quote!(#[allow(clippy::missing_const_for_fn)]),
        attributes::bounds_added(),
    ]);
    let mut name = context.hidden("body");
    name.set_span(written.sig.ident.span());
    item.sig.ident = name;
    item.sig.generics = context.bounded_generics();
    let typed = item.sig.inputs.iter_mut().filter_map(|input| match input {
        FnArg::Typed(typed) => Some(typed),
        FnArg::Receiver(_) => None,
    });
    for (typed, argument) in typed.zip(&context.function.arguments) {
        *typed.ty = argument.bounded.clone();
    }
    item.into_token_stream()
}

/// The attributes of a hidden item.
fn hidden(context: &Context<'_>) -> TokenStream {
    let (gates, quiet) = (attributes::gates(context.function), attributes::quiet_item(context));
    quote!(#gates #[doc(hidden)] #quiet)
}

fn site(context: &Context<'_>) -> TokenStream {
    let (attributes, name, private) = (hidden(context), context.hidden("site"), &context.private);
    let site = parts::site(context);
    quote!(#attributes fn #name() -> &'static #private::Site { #site })
}

/// A function whose type names the instance of a generic function.
fn marker(context: &Context<'_>) -> TokenStream {
    let (attributes, name) = (hidden(context), context.hidden("marker"));
    let generics = context.function.named_generics();
    let params: Vec<_> = generics
        .params
        .iter()
        .filter_map(|param| match param {
            GenericParam::Lifetime(_) => None,
            GenericParam::Type(param) => {
                let ident = &param.ident;
                Some(quote!(#ident: ?::core::marker::Sized))
            }
            GenericParam::Const(param) => {
                let (ident, ty) = (&param.ident, &param.ty);
                Some(quote!(const #ident: #ty))
            }
        })
        .collect();
    let params = if params.is_empty() { TokenStream::new() } else { quote!(<#(#params),*>) };
    quote!(#attributes fn #name #params() {})
}

/// The names of all type and const parameters, with those of each `impl Trait`.
fn type_names(context: &Context<'_>) -> Vec<TokenStream> {
    let mut names = context.function.written_params();
    names.extend(context.function.opaques.iter().map(|param| param.ident.to_token_stream()));
    names
}

fn named_params(context: &Context<'_>) -> TokenStream {
    turbofish(&type_names(context))
}

/// The cached function as the runtime knows it.
fn cached(context: &Context<'_>) -> TokenStream {
    let (attributes, name, private) = (hidden(context), context.hidden("function"), &context.private);
    let generics = context.named_generics();
    let (params, _, bounds) = generics.split_for_impl();
    let output = &context.function.output;
    let (site, marker, types) = (context.hidden("site"), context.hidden("marker"), named_params(context));
    let needs = parts::needs(context);
    let make = parts::make(context, &quote!(Self::#site()), &quote!(Self::#marker #types));
    // The form's own `'static` frees the reference from the lifetimes of the signature.
    // What is wrong with the form is wrong with the return type, and said there.
    let span = ends(output).0.resolved_at(Span::call_site());
    let kept = if context.settings.local {
        quote_spanned!(span=> #private::Local<impl #private::Form<Result = #output> + 'static>)
    } else {
        quote_spanned!(span=> &'static #private::Function<impl #private::SharedForm<Result = #output> + 'static>)
    };
    quote!(#attributes fn #name #params() -> #kept #bounds { #needs #make })
}

/// The one way in: every operation is this function with another first argument. Of a function that is no `async fn`
/// it is the one look at memory that a hit takes, and what takes more stands behind it.
fn enter(context: &Context<'_>) -> TokenStream {
    let (operation, step) = (parts::local("__op"), parts::local("__step"));
    let (cached, types) = (context.hidden("function"), named_params(context));
    let answer = parts::answer(context, &step, &run_body(context));
    if context.function.is_async() {
        let look = parts::look(context, "at", &quote!(#operation, Self::#cached #types()));
        let block = quote!({ let #step = #look; #answer });
        return way(context, "enter", None, &block);
    }
    let (seen, reply, private) = (parts::local("__seen"), parts::local("__reply"), &context.private);
    let hit = parts::look(context, "hit", &quote!(&#operation, &Self::#cached #types()));
    // A key that depends on files is written anew, so that all that follows speaks of one look at them.
    let known = if context.settings.depends.is_empty() {
        quote!(#seen)
    } else {
        quote!({ let _ = #seen; #private::Seen::NOTHING })
    };
    let look = parts::look(context, "at", &quote!(#operation, Self::#cached #types(), #known));
    let (pursue, mut types) = (context.hidden("pursue"), type_names(context));
    types.push(parts::local("__Op").to_token_stream());
    let types = turbofish(&types);
    let function = context.function;
    let (own, others) = (function.self_value().into_iter(), function.argument_names());
    let near = quote!({
        match #hit {
            ::core::result::Result::Ok(#reply) => #reply,
            ::core::result::Result::Err(#seen) => Self::#pursue #types(#(#own,)* #operation, #seen #(, #others)*),
        }
    });
    let far = quote!({ let #step = #look; #answer });
    let near = way(context, "enter", None, &near);
    let far = way(context, "pursue", Some(&quote!(, #seen: #private::Seen)), &far);
    quote!(#[inline] #near #[inline(never)] #far)
}

/// A function that takes an operation and what the cached one takes, and gives the operation's reply.
fn way(context: &Context<'_>, name: &str, more: Option<&TokenStream>, block: &TokenStream) -> TokenStream {
    let function = context.function;
    let (attributes, name, private) = (hidden(context), context.hidden(name), &context.private);
    let (operation, kind) = (parts::local("__op"), parts::local("__Op"));
    let driver = if function.is_async() { quote!(AsyncOperation) } else { quote!(Operation) };
    let output = &function.output;
    let mut generics = context.named_generics();
    generics.params.push(parse_quote!(#kind: #private::#driver<#output>));
    let (params, _, bounds) = generics.split_for_impl();
    let own = function.receiver.iter().map(|receiver| quote!(#receiver,));
    let others = function.arguments.iter().map(|argument| {
        let (name, ty) = (&argument.name, &argument.named);
        quote!(#name: #ty)
    });
    let asyncness = &function.item.sig.asyncness;
    quote! {
        #attributes
        #asyncness fn #name #params(#(#own)* #operation: #kind #more #(, #others)*) -> #kind::Reply #bounds #block
    }
}

/// What the runtime runs on a miss: a closure, or the future of an `async fn`.
fn run_body(context: &Context<'_>) -> TokenStream {
    let function = context.function;
    let (body, types) = (context.hidden("body"), turbofish(&function.written_params()));
    let own =
        function.self_value().into_iter().chain(function.argument_names().map(ToTokens::to_token_stream));
    let call = quote!(Self::#body #types(#(#own),*));
    if function.is_async() { call } else { quote!(move || #call) }
}
