//! What a function must be for its calls to be cached.

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::{FnArg, ReceiverKind, ReturnType, Safety, Signature, Type};

use crate::errors::Errors;
use crate::function::Function;
use crate::options::{Companion, Settings};
use crate::types;

/// Notes everything about the function, alone and with its options, that cannot be.
pub(crate) fn check(function: &Function, settings: &Settings, errors: &mut Errors) {
    let signature = &function.item.sig;
    qualifiers(signature, errors);
    receiver(signature, settings, errors);
    for input in &signature.inputs {
        argument(input, errors);
    }
    output(&signature.output, errors);
    ignored(function, settings, errors);
    companion(function, settings, errors);
}

fn qualifiers(signature: &Signature, errors: &mut Errors) {
    if let Some(constness) = &signature.constness {
        errors.at(constness, "a `const fn` has no cache at compile time: leave out `const`");
    }
    if let Safety::Unsafe(unsafety) = &signature.safety {
        let message = "a hit would skip the body whose promises the caller vouches for: \
                       cache a safe function around this one";
        errors.at(unsafety, message);
    }
    if let Some(abi) = &signature.abi {
        errors.at(
            abi,
            "a function with a foreign ABI cannot be cached: cache a Rust function that this one calls",
        );
    }
    if let Some(variadic) = &signature.variadic {
        errors.at(variadic, "variadic arguments cannot be a key: take a slice");
    }
}

fn receiver(signature: &Signature, settings: &Settings, errors: &mut Errors) {
    let Some(receiver) = signature.receiver() else { return };
    if let Some(associated) = &settings.associated {
        errors.at(associated, "`associated` is for functions without `self`: leave it out");
    }
    let mutable = match &receiver.kind {
        ReceiverKind::Reference(and, _, Some(mutability)) => {
            let mut tokens = and.to_token_stream();
            mutability.to_tokens(&mut tokens);
            receiver.self_token.to_tokens(&mut tokens);
            Some(tokens)
        }
        ReceiverKind::Typed(_, ty) => types::mutable_borrow(ty),
        _ => None,
    };
    if let Some(tokens) = mutable {
        errors.at(tokens, "a hit would leave `self` unchanged: take `&self`, and return what changes");
    }
}

fn argument(input: &FnArg, errors: &mut Errors) {
    let FnArg::Typed(typed) = input else { return };
    if let Some(tokens) = types::mutable_borrow(&typed.ty) {
        errors
            .at(tokens, "a hit would leave this argument unchanged: take it by `&`, and return what changes");
    }
    if let Some(attribute) = typed.attrs.iter().find(|attribute| attribute.path().is_ident("cfg")) {
        errors.at(
            attribute,
            "`#[cache]` cannot tell whether this argument is there: put `#[cfg]` on the function",
        );
    }
}

fn output(output: &ReturnType, errors: &mut Errors) {
    let ReturnType::Type(_, ty) = output else { return };
    if let Type::Never(never) = &**ty {
        errors.at(never, "a function that never returns has no result to keep: leave out `#[cache]`");
        return;
    }
    let found = types::borrows(ty);
    if let Some(tokens) = found.borrow {
        let message = "a cached result outlives the call and cannot borrow from it: \
                       return an owned value, such as `String`, `Vec<T>` or `Arc<T>`";
        errors.at(tokens, message);
    }
    if let Some(tokens) = found.unnamed {
        errors
            .at(tokens, "a cached result needs a type with a name: write it out, or return `Arc<dyn Trait>`");
    }
}

fn ignored(function: &Function, settings: &Settings, errors: &mut Errors) {
    let has_name = |argument: &&crate::function::Argument| !matches!(argument.pattern, Some(ref pattern) if !matches!(pattern, syn::Pat::Ident(_)));
    for name in &settings.ignored {
        if name == "self" && function.receiver.is_some() || function.argument_names().any(|one| one == name) {
            continue;
        }
        let own = function.receiver.iter().map(|_| "`self`".to_owned());
        let others =
            function.arguments.iter().filter(has_name).map(|argument| format!("`{}`", argument.name));
        let names: Vec<_> = own.chain(others).collect();
        let there = if names.is_empty() { "none with a name".to_owned() } else { names.join(", ") };
        errors.at(name, format!("`{name}` is no argument of `{}`: there is {there}", function.name()));
    }
}

/// Names that are types already: a companion of that name would hide them.
const PRIMITIVES: &[&str] = &[
    "bool", "char", "str", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128",
    "isize", "f32", "f64",
];

fn companion(function: &Function, settings: &Settings, errors: &mut Errors) {
    if function.receiver.is_some() || settings.associated.is_some() {
        return;
    }
    if let Some(tokens) = own_type(&function.item.sig) {
        let message = "`Self` is there only inside an `impl` block, where no type can be put: \
                       write `#[cache(associated)]`";
        errors.at(tokens, message);
        return;
    }
    let name = match &settings.companion {
        Companion::Own => function.name(),
        Companion::Named(name) => name,
        Companion::None => return,
    };
    if PRIMITIVES.iter().any(|primitive| name == primitive) {
        errors.at(
            name,
            format!("the companion type `{name}` would hide the primitive: write `companion = other_name`"),
        );
    }
}

/// The first `Self` in a signature.
fn own_type(signature: &Signature) -> Option<TokenStream> {
    fn find(tokens: TokenStream) -> Option<TokenStream> {
        tokens.into_iter().find_map(|token| match token {
            proc_macro2::TokenTree::Ident(ident) if ident == "Self" => Some(ident.into_token_stream()),
            proc_macro2::TokenTree::Group(group) => find(group.stream()),
            _ => None,
        })
    }
    find(signature.inputs.to_token_stream()).or_else(|| find(signature.output.to_token_stream()))
}
