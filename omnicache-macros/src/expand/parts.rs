//! The parts of which a function with a companion and one without are made alike.

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::Expr;
use syn::ext::IdentExt;

use super::context::Context;
use super::key;
use crate::spans::{ends, respan};

/// A local name that cannot meet one of the user's.
pub(super) fn local(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// The place that the function is known by.
pub(super) fn site(context: &Context<'_>) -> TokenStream {
    let private = &context.private;
    let name = context.function.name().unraw().to_string();
    let arguments = key::text(context);
    let code = Literal::u128_suffixed(context.code());
    let is_async = context.function.is_async();
    quote! {
        #private::site! { name: #name, arguments: #arguments, code: #code, is_async: #is_async }
    }
}

/// The cached function, made from where its `site` and `marker` are found.
pub(super) fn make(context: &Context<'_>, site: &TokenStream, marker: &TokenStream) -> TokenStream {
    let is_local = context.settings.local;
    let constructor = Ident::new(if is_local { "local_function" } else { "function" }, Span::call_site());
    let (select, config) = (context.select(), config(context));
    let (keep_if, ttl_if) = (keep_if(context), ttl_if(context));
    // What is wrong with the form is wrong with the return type, and said there.
    let span = ends(&context.function.output).0.resolved_at(Span::call_site());
    let private = respan(context.private.clone(), span);
    let near = is_local.then(|| quote_spanned!(span=> #private::near!(),));
    quote_spanned! {span=>
        #private::#constructor(#site, &#marker, #select, #near || #private::Setup {
            config: #config,
            keep_if: #keep_if,
            ttl_if: #ttl_if,
        })
    }
}

/// Statements that do not compile if the return type cannot do what an option asks for.
pub(super) fn needs(context: &Context<'_>) -> TokenStream {
    let output = &context.function.output;
    let checks = context.settings.needs.iter().map(|need| {
        let function = context.at(need.span, need.function);
        let select = context.call("select", &function, output.to_token_stream());
        quote_spanned!(need.span.resolved_at(Span::call_site())=> let _ = #function(&#select);)
    });
    checks.collect()
}

/// The configuration: the given one, or a new one, refined by the other options.
fn config(context: &Context<'_>) -> TokenStream {
    let private = &context.private;
    let given = context.settings.config.as_ref().map(ToTokens::to_token_stream);
    let start = given.unwrap_or_else(|| quote!(#private::Config::new()));
    let name = local("__config");
    let calls = context.settings.calls.iter().map(|call| {
        let (method, argument) = (&call.method, &call.argument);
        quote!(.#method(#argument))
    });
    quote!({ let #name: #private::Config = #start; #name #(#calls)* })
}

fn keep_if(context: &Context<'_>) -> TokenStream {
    question(context, context.settings.cache_if.as_ref(), "__keep_if", quote!(bool))
}

fn ttl_if(context: &Context<'_>) -> TokenStream {
    let private = &context.private;
    let answer = quote!(::core::option::Option<#private::Duration>);
    question(context, context.settings.ttl_if.as_ref(), "__ttl_if", answer)
}

/// A question about a result, as a function pointer: that gives a closure's argument its type.
fn question(context: &Context<'_>, asked: Option<&Expr>, name: &str, answer: TokenStream) -> TokenStream {
    let Some(question) = asked else { return quote!(::core::option::Option::None) };
    let output = &context.function.output;
    let name = local(name);
    // A closure over another type is told which one is wanted at the return type.
    let span = ends(output).0.resolved_at(Span::call_site());
    let answer = respan(answer, span);
    let wanted = quote_spanned!(span=> fn(&#output) -> #answer);
    quote!(::core::option::Option::Some({ let #name: #wanted = #question; #name }))
}

/// Looks the call up in whatever way `ask`, a function of the runtime's driver, does.
pub(super) fn look(context: &Context<'_>, ask: &str, before: &TokenStream) -> TokenStream {
    let private = &context.private;
    let writer = local("__key");
    let key = key::write(context, &writer);
    let ask = Ident::new(ask, Span::call_site());
    let (driver, wait) = match context.function.item.sig.asyncness {
        None => (quote!(Operation), TokenStream::new()),
        Some(_) => (quote!(AsyncOperation), quote!(.await)),
    };
    let files = key::files(context);
    let look = quote! {
        #private::#driver::#ask(#before, |#writer: &mut #private::KeyWriter| { #key }) #wait
    };
    if files.is_empty() { look } else { quote!({ #files #look }) }
}

/// Answers from the cache or from the body.
pub(super) fn answer(context: &Context<'_>, step: &Ident, body: &TokenStream) -> TokenStream {
    let private = &context.private;
    let (reply, pending) = (local("__reply"), local("__pending"));
    let wait = context.function.is_async().then(|| quote!(.await));
    quote! {
        match #step {
            #private::Step::Done(#reply) => #reply,
            #private::Step::Body(#pending) => #pending.run(#body) #wait,
        }
    }
}
