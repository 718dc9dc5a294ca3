//! The function as the expansion needs it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::spanned::Spanned;
use syn::{
    Attribute, FnArg, GenericParam, Generics, ItemFn, Pat, PatIdent, PatType, Receiver, ReturnType, Type,
    TypeParam, parse_quote,
};

use crate::types;

/// A function under `#[cache]`.
pub(crate) struct Function {
    /// As it was written.
    pub(crate) item: ItemFn,
    /// Its `self`, without `mut`.
    pub(crate) receiver: Option<Receiver>,
    /// What it takes besides.
    pub(crate) arguments: Vec<Argument>,
    /// Names for the `impl Trait`s among the arguments.
    pub(crate) opaques: Vec<TypeParam>,
    /// What it returns, `()` if nothing is written.
    pub(crate) output: Type,
}

/// An argument that is not `self`.
pub(crate) struct Argument {
    /// Its own name, or one made up where the pattern is no plain name.
    pub(crate) name: Ident,
    /// The pattern, where the body needs another than the name.
    pub(crate) pattern: Option<Pat>,
    /// Its type.
    pub(crate) ty: Type,
    /// Its type with each `impl Trait` bounded by `'static`.
    pub(crate) bounded: Type,
    /// Its type with each `impl Trait` replaced by its name.
    pub(crate) named: Type,
}

impl Function {
    /// Takes a parsed function apart.
    pub(crate) fn new(item: ItemFn) -> Self {
        let (mut receiver, mut arguments, mut opaques) = (None, Vec::new(), Vec::new());
        for (place, input) in item.sig.inputs.iter().enumerate() {
            match input {
                FnArg::Receiver(own) => {
                    receiver = Some(Receiver { attrs: Vec::new(), mutability: None, ..own.clone() });
                }
                FnArg::Typed(typed) => arguments.push(Argument::new(place, typed, &mut opaques)),
            }
        }
        let output = match &item.sig.output {
            // An error about `()` has no token of its own to point at.
            ReturnType::Default => syn::parse2(quote::quote_spanned!(item.sig.ident.span()=> ())),
            ReturnType::Type(_, ty) => Ok(Type::clone(ty)),
        };
        let output = output.unwrap_or_else(|_| parse_quote!(()));
        Self { item, receiver, arguments, opaques, output }
    }

    /// Its name.
    pub(crate) fn name(&self) -> &Ident {
        &self.item.sig.ident
    }

    /// Whether it is an `async fn`.
    pub(crate) fn is_async(&self) -> bool {
        self.item.sig.asyncness.is_some()
    }

    /// Its type parameters, the named `impl Trait`s among them.
    pub(crate) fn type_params(&self) -> impl Iterator<Item = &TypeParam> {
        self.item.sig.generics.type_params().chain(&self.opaques)
    }

    /// Whether one function stands for many.
    pub(crate) fn is_generic(&self) -> bool {
        self.type_params().next().is_some() || self.item.sig.generics.const_params().next().is_some()
    }

    /// The generics that were written, with the named `impl Trait`s behind them.
    pub(crate) fn named_generics(&self) -> Generics {
        let mut generics = self.plain_generics();
        generics.params.extend(self.opaques.iter().cloned().map(GenericParam::Type));
        generics
    }

    /// The generics that were written, without attributes.
    pub(crate) fn plain_generics(&self) -> Generics {
        let mut generics = self.item.sig.generics.clone();
        for param in &mut generics.params {
            match param {
                GenericParam::Lifetime(param) => param.attrs.clear(),
                GenericParam::Type(param) => param.attrs.clear(),
                GenericParam::Const(param) => param.attrs.clear(),
            }
        }
        generics
    }

    /// The names of its type and const parameters, in order.
    pub(crate) fn written_params(&self) -> Vec<TokenStream> {
        let params = self.item.sig.generics.params.iter();
        params
            .filter_map(|param| match param {
                GenericParam::Lifetime(_) => None,
                GenericParam::Type(param) => Some(param.ident.to_token_stream()),
                GenericParam::Const(param) => Some(param.ident.to_token_stream()),
            })
            .collect()
    }

    /// The names of the arguments, `self` not among them.
    pub(crate) fn argument_names(&self) -> impl Iterator<Item = &Ident> {
        self.arguments.iter().map(|argument| &argument.name)
    }

    /// `self`, as the user's tokens know it.
    pub(crate) fn self_value(&self) -> Option<TokenStream> {
        self.receiver.as_ref().map(|receiver| receiver.self_token.to_token_stream())
    }

    /// Its attributes that `keep` accepts.
    pub(crate) fn attributes(&self, keep: impl Fn(&Attribute) -> bool) -> TokenStream {
        let kept = self.item.attrs.iter().filter(|attribute| keep(attribute));
        quote!(#(#kept)*)
    }
}

impl Argument {
    fn new(place: usize, typed: &PatType, opaques: &mut Vec<TypeParam>) -> Self {
        let (name, pattern) = match &*typed.pat {
            Pat::Ident(PatIdent { by_ref: None, mutability, ident, subpat: None, .. }) => {
                (ident.clone(), mutability.is_some().then(|| (*typed.pat).clone()))
            }
            other => {
                let span = other.span().resolved_at(Span::mixed_site());
                (format_ident!("__arg{place}", span = span), Some(other.clone()))
            }
        };
        let ty = Type::clone(&typed.ty);
        let (mut bounded, mut named) = (ty.clone(), ty.clone());
        types::bound_opaques(&mut bounded);
        types::name_opaques(&mut named, opaques);
        Self { name, pattern, ty, bounded, named }
    }
}
