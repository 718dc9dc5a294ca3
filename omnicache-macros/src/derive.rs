//! `#[derive(CacheKey)]`: parse, collect the fields that count, write the implementation.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote};
use syn::ext::IdentExt;
use syn::{Attribute, Data, DeriveInput, Field, Fields, Generics, Member, Path, Token, parse_quote};

use crate::errors::Errors;
use crate::spans::{ends, respan};
use crate::types;

/// The expansion of the derive; on a mistake, the errors.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    try_expand(input).unwrap_or_else(syn::Error::into_compile_error)
}

fn try_expand(input: TokenStream) -> syn::Result<TokenStream> {
    let input: DeriveInput = syn::parse2(input)?;
    let mut errors = Errors::new();
    let krate = krate(&input.attrs, &mut errors);
    let body = body(&input, &krate, &mut errors);
    errors.into_result()?;
    let name = &input.ident;
    let generics = bounded(&input, &krate);
    let (params, arguments, bounds) = generics.split_for_impl();
    let path = format!("::{}", name.unraw());
    let key = writer();
    Ok(quote! {
        #[automatically_derived]
        impl #params #krate::CacheKey for #name #arguments #bounds {
            fn write_key(&self, #key: &mut #krate::KeyWriter) {
                #key.begin(::core::concat!(::core::module_path!(), #path));
                #body
            }
        }
    })
}

/// The name of the writer, which cannot meet that of a field.
fn writer() -> Ident {
    Ident::new("key", Span::mixed_site())
}

/// Where omnicache is re-exported, from the attributes of the type.
fn krate(attributes: &[Attribute], errors: &mut Errors) -> TokenStream {
    let mut krate = quote!(::omnicache);
    for attribute in own(attributes) {
        let read = attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("crate") {
                let path: Path = meta.value()?.parse()?;
                krate = path.into_token_stream();
                return Ok(());
            }
            Err(meta.error("a type takes `#[cache_key(crate = path)]` only; `ignore` goes on its fields"))
        });
        if let Err(error) = read {
            errors.push(error);
        }
    }
    krate
}

/// Whether a field is marked as no part of the key.
fn ignored(field: &Field, errors: &mut Errors) -> bool {
    let mut ignored = false;
    for attribute in own(&field.attrs) {
        let read = attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("ignore") {
                return Err(meta.error("a field takes `#[cache_key(ignore)]` only"));
            }
            if meta.input.peek(Token![=]) {
                return Err(meta.error("`ignore` takes no value: write `#[cache_key(ignore)]`"));
            }
            ignored = true;
            Ok(())
        });
        if let Err(error) = read {
            errors.push(error);
        }
    }
    ignored
}

fn own(attributes: &[Attribute]) -> impl Iterator<Item = &Attribute> {
    attributes.iter().filter(|attribute| attribute.path().is_ident("cache_key"))
}

/// The statements that write the fields.
fn body(input: &DeriveInput, krate: &TokenStream, errors: &mut Errors) -> TokenStream {
    match &input.data {
        Data::Struct(data) => {
            let fields = counted(&data.fields, errors);
            let writes = fields.iter().map(|(member, field)| write(krate, field, &quote!(&self.#member)));
            writes.collect()
        }
        Data::Enum(data) => {
            let arms: Vec<_> = (0u32..)
                .zip(&data.variants)
                .map(|(index, variant)| {
                    for attribute in own(&variant.attrs) {
                        errors
                            .at(attribute, "a variant is always part of the key: put `ignore` on its fields");
                    }
                    arm(krate, index, &variant.ident, &variant.fields, errors)
                })
                .collect();
            // An enum without variants has no values, and a reference to one cannot be matched exhaustively.
            if arms.is_empty() { quote!(match *self {}) } else { quote!(match self { #(#arms)* }) }
        }
        Data::Union(data) => {
            let message = "a union does not know which of its fields it holds: implement `CacheKey` by hand";
            errors.at(data.union_token, message);
            TokenStream::new()
        }
    }
}

/// The arm of one variant.
fn arm(krate: &TokenStream, index: u32, name: &Ident, fields: &Fields, errors: &mut Errors) -> TokenStream {
    let (text, key) = (name.unraw().to_string(), writer());
    let counted = counted(fields, errors);
    let bound: Vec<_> =
        (0..counted.len()).map(|place| format_ident!("field{place}", span = Span::mixed_site())).collect();
    let members = counted.iter().map(|(member, _)| member);
    let writes = counted.iter().zip(&bound).map(|((_, field), bound)| write(krate, field, &quote!(#bound)));
    quote! {
        Self::#name { #(#members: #bound,)* .. } => {
            #key.variant(#index, #text);
            #(#writes)*
        }
    }
}

/// The fields that are part of the key.
fn counted<'f>(fields: &'f Fields, errors: &mut Errors) -> Vec<(Member, &'f Field)> {
    let all = fields.members().zip(fields);
    all.filter(|(_, field)| !ignored(field, errors)).collect()
}

/// Writes one field; an error about its type appears at its type.
fn write(krate: &TokenStream, field: &Field, value: &TokenStream) -> TokenStream {
    let span = ends(&field.ty).0;
    let (key, value) = (writer(), respan(value.clone(), span));
    let method = respan(quote!(#krate::CacheKey::write_key), span);
    quote!(#method(#value, #key);)
}

/// The generics, with a bound for each type parameter that a counted field uses.
fn bounded(input: &DeriveInput, krate: &TokenStream) -> Generics {
    let mut generics = input.generics.clone();
    // What is wrong with the attributes has been noted before.
    let mut noted = Errors::new();
    let fields: Vec<&Field> = match &input.data {
        Data::Struct(data) => data.fields.iter().collect(),
        Data::Enum(data) => data.variants.iter().flat_map(|variant| &variant.fields).collect(),
        Data::Union(_) => Vec::new(),
    };
    let counted: Vec<&Field> = fields.into_iter().filter(|field| !ignored(field, &mut noted)).collect();
    let used =
        |name: &Ident| counted.iter().any(|field| types::mentions(field.ty.to_token_stream(), &[name]));
    let used: Vec<Ident> =
        input.generics.type_params().map(|param| param.ident.clone()).filter(used).collect();
    if !used.is_empty() {
        let predicates = &mut generics.make_where_clause().predicates;
        for name in used {
            predicates.push(parse_quote!(#name: #krate::CacheKey));
        }
    }
    drop(noted.into_result());
    generics
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expanded(source: &str) -> String {
        expand(source.parse().expect("the test's source is Rust")).to_string()
    }

    #[test]
    fn only_used_parameters_are_bounded() {
        let code = expanded("struct Pair<A, B> { a: Vec<A>, #[cache_key(ignore)] b: B }");
        assert!(code.contains("where A : :: omnicache :: CacheKey {"), "{code}");
        assert!(!code.contains("self . b"));
    }

    #[test]
    fn variants_are_told_apart() {
        let code = expanded("enum E { One, Two(u8, u8), Three { x: u8 } }");
        assert!(code.contains("key . variant (1u32 , \"Two\")"), "{code}");
        assert!(code.contains("Self :: Three { x : field0 , .. }"), "{code}");
    }

    #[test]
    fn the_crate_can_be_renamed() {
        assert!(expanded("#[cache_key(crate = a::b)] struct S;").contains("impl a :: b :: CacheKey for S"));
    }

    #[test]
    fn a_union_is_refused() {
        assert!(expanded("union U { a: u8 }").contains("compile_error"));
    }

    #[test]
    fn all_wrong_attributes_are_reported() {
        let code = expanded(
            "#[cache_key(ignore)] struct S { #[cache_key(skip)] a: u8, #[cache_key(ignore = 1)] b: u8 }",
        );
        assert_eq!(code.matches("compile_error").count(), 3, "{code}");
    }
}
