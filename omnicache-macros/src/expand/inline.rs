//! A function with its cache inside it, for where nothing can be put beside it: `companion = false`.

use proc_macro2::TokenStream;
use quote::quote;

use super::context::Context;
use super::{attributes, parts};

/// The function alone.
pub(super) fn expand(context: &Context<'_>) -> TokenStream {
    let function = context.function;
    // An implementation may not ask for more than its trait does, so there the bounds are left to the user.
    let generics = if context.in_impl() { function.plain_generics() } else { context.bounded_generics() };
    let signature = context.signature(generics);
    let (attributes, visibility, bounds_added) =
        (&function.item.attrs, &function.item.vis, attributes::bounds_added());
    let block = context.braced(&inside(context));
    quote!(#(#attributes)* #bounds_added #visibility #signature #block)
}

fn inside(context: &Context<'_>) -> TokenStream {
    let quiet = attributes::quiet();
    let (cached, step) = (parts::local("__function"), parts::local("__step"));
    // The type of a closure names the instance of the function around it.
    let make = parts::make(context, &parts::site(context), &quote!(|| ()));
    let private = &context.private;
    let seen = (!context.function.is_async()).then(|| quote!(, #private::Seen::NOTHING));
    let look = parts::look(context, "at", &quote!(#private::Call, #cached #seen));
    let answer = parts::answer(context, &step, &run_body(context));
    let needs = parts::needs(context);
    quote! {
        #quiet
        let #cached = { #needs #make };
        #quiet
        let #step = #look;
        #answer
    }
}

/// The body, which finds its arguments under the names and patterns it was written for.
fn run_body(context: &Context<'_>) -> TokenStream {
    let function = context.function;
    let output = &function.output;
    let patterns: TokenStream = function
        .arguments
        .iter()
        .filter_map(|argument| {
            let (pattern, name) = (argument.pattern.as_ref()?, &argument.name);
            Some(quote!(let #pattern = #name;))
        })
        .collect();
    let statements = &function.item.block.stmts;
    let body = quote!({ #patterns #(#statements)* });
    if !function.is_async() {
        return quote!(move || -> #output #body);
    }
    let (never, value) = (parts::local("__never"), parts::local("__value"));
    // An `async` block cannot say its type; this return, which never happens, says it before any other.
    quote! {
        async move {
            if let ::core::option::Option::Some(#never) = ::core::option::Option::None::<#output> {
                return #never;
            }
            let #value: #output = #body;
            #value
        }
    }
}
