//! Questions about types, answered from their tokens: a macro sees no more.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{ToTokens, format_ident};
use syn::visit::{self, Visit};
use syn::visit_mut::{self, VisitMut};
use syn::{
    GenericArgument, Lifetime, ParenthesizedGenericArguments, PathArguments, Type, TypeFnPtr, TypeImplTrait,
    TypeParam, TypeReference, parse_quote,
};

/// The first part of a type that makes it unfit to be kept in a cache.
#[derive(Default)]
pub(crate) struct Borrows {
    /// A borrow, as tokens for the error to point at.
    pub(crate) borrow: Option<TokenStream>,
    /// A type that has no name.
    pub(crate) unnamed: Option<TokenStream>,
}

/// Looks for borrows and unnameable types in what a function returns.
pub(crate) fn borrows(ty: &Type) -> Borrows {
    let mut found = Borrows::default();
    found.visit_type(ty);
    found
}

impl<'ast> Visit<'ast> for Borrows {
    fn visit_type_reference(&mut self, reference: &'ast TypeReference) {
        if reference.lifetime.as_ref().is_none_or(|lifetime| lifetime.ident != "static") {
            self.borrow.get_or_insert_with(|| reference.to_token_stream());
        }
        self.visit_type(&reference.elem);
    }

    fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
        if lifetime.ident != "static" {
            self.borrow.get_or_insert_with(|| lifetime.to_token_stream());
        }
    }

    fn visit_type_impl_trait(&mut self, opaque: &'ast TypeImplTrait) {
        self.unnamed.get_or_insert_with(|| opaque.to_token_stream());
    }

    // The borrows of a function's signature are its own.
    fn visit_type_fn_ptr(&mut self, _: &'ast TypeFnPtr) {}

    fn visit_parenthesized_generic_arguments(&mut self, _: &'ast ParenthesizedGenericArguments) {}

    // `for<'a>` binds its lifetimes itself.
    fn visit_bound_lifetimes(&mut self, _: &'ast syn::BoundLifetimes) {}
}

/// The first `&mut` in an argument's type, if there is one.
pub(crate) fn mutable_borrow(ty: &Type) -> Option<TokenStream> {
    struct Find(Option<TokenStream>);
    impl<'ast> Visit<'ast> for Find {
        fn visit_type_reference(&mut self, reference: &'ast TypeReference) {
            if reference.mutability.is_some() {
                self.0.get_or_insert_with(|| reference.to_token_stream());
            }
            visit::visit_type_reference(self, reference);
        }

        // The arguments of a function that is passed in are its own.
        fn visit_type_fn_ptr(&mut self, _: &'ast TypeFnPtr) {}

        fn visit_parenthesized_generic_arguments(&mut self, _: &'ast ParenthesizedGenericArguments) {}
    }
    let mut find = Find(None);
    find.visit_type(ty);
    find.0
}

/// Whether one of `names` stands anywhere in `tokens`.
pub(crate) fn mentions(tokens: TokenStream, names: &[&Ident]) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Ident(ident) => names.contains(&&ident),
        TokenTree::Group(group) => mentions(group.stream(), names),
        TokenTree::Punct(_) | TokenTree::Literal(_) => false,
    })
}

/// Whether the type is spelt as a `Result`.
pub(crate) fn is_result(ty: &Type) -> bool {
    matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|last| {
        last.ident == "Result" && matches!(&last.arguments, PathArguments::AngleBracketed(list)
            if list.args.iter().any(|one| matches!(one, GenericArgument::Type(_))))
    }))
}

/// Gives each `impl Trait` in an argument's type a name, so that other items can speak of it.
pub(crate) fn name_opaques(ty: &mut Type, params: &mut Vec<TypeParam>) {
    struct Name<'p>(&'p mut Vec<TypeParam>);
    impl VisitMut for Name<'_> {
        fn visit_type_mut(&mut self, ty: &mut Type) {
            // Inner ones first: an outer bound may speak of them.
            visit_mut::visit_type_mut(self, ty);
            if let Type::ImplTrait(opaque) = ty {
                let name = format_ident!("__T{}", self.0.len());
                let bounds = &opaque.bounds;
                self.0.push(parse_quote!(#name: #bounds));
                *ty = parse_quote!(#name);
            }
        }
    }
    Name(params).visit_type_mut(ty);
}

/// Bounds each `impl Trait` in an argument's type by `'static`.
pub(crate) fn bound_opaques(ty: &mut Type) {
    struct Bound;
    impl VisitMut for Bound {
        fn visit_type_impl_trait_mut(&mut self, opaque: &mut TypeImplTrait) {
            visit_mut::visit_type_impl_trait_mut(self, opaque);
            opaque.bounds.push(parse_quote!('static));
        }

        fn visit_type_reference_mut(&mut self, reference: &mut TypeReference) {
            visit_mut::visit_type_reference_mut(self, reference);
            let inner = &reference.elem;
            // `&impl A + 'static` would be read as a bound of the reference.
            if matches!(**inner, Type::ImplTrait(_)) {
                reference.elem = parse_quote!((#inner));
            }
        }
    }
    Bound.visit_type_mut(ty);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_borrows_that_end_are_found() {
        let fine: [Type; 5] = [
            parse_quote!(&'static str),
            parse_quote!(Cow<'static, str>),
            parse_quote!(Arc<dyn Fn(&str) -> &str>),
            parse_quote!(fn(&u8) -> &u8),
            parse_quote!(Box<dyn for<'a> Visit>),
        ];
        for ty in fine {
            assert!(borrows(&ty).borrow.is_none(), "{}", ty.to_token_stream());
        }
        let borrowed: [Type; 4] = [
            parse_quote!(&str),
            parse_quote!(Option<&'a u8>),
            parse_quote!(Ref<'_, u8>),
            parse_quote!(&'static [&'b str]),
        ];
        for ty in borrowed {
            assert!(borrows(&ty).borrow.is_some(), "{}", ty.to_token_stream());
        }
    }

    #[test]
    fn nested_opaques_are_named_inside_out() {
        let mut ty: Type = parse_quote!(&impl Iterator<Item = impl Clone>);
        let mut params = Vec::new();
        name_opaques(&mut ty, &mut params);
        assert_eq!(ty.to_token_stream().to_string(), "& __T1");
        let params: Vec<_> = params.iter().map(|param| param.to_token_stream().to_string()).collect();
        assert_eq!(params, ["__T0 : Clone", "__T1 : Iterator < Item = __T0 >"]);
    }

    #[test]
    fn a_bounded_opaque_behind_a_reference_is_wrapped() {
        let mut ty: Type = parse_quote!(&impl Clone);
        bound_opaques(&mut ty);
        assert_eq!(ty.to_token_stream().to_string(), "& (impl Clone + 'static)");
    }
}
