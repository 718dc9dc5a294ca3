//! `#[cache]`, from the tokens in to the tokens out.

use proc_macro2::TokenStream;
use syn::{Item, ItemFn, TraitItemFn};

use crate::errors::Errors;
use crate::function::Function;
use crate::options::{self, Settings};
use crate::{check, expand};

/// The expansion of `#[cache(attr)] item`; on a mistake, the item as it was with the errors beside it.
pub(crate) fn expand(attr: TokenStream, item: &TokenStream) -> TokenStream {
    match try_expand(attr, item.clone()) {
        Ok(expanded) => expanded,
        Err(errors) => {
            let errors = errors.into_compile_error();
            quote::quote!(#item #errors)
        }
    }
}

fn try_expand(attr: TokenStream, item: TokenStream) -> syn::Result<TokenStream> {
    let mut errors = Errors::new();
    let given = options::parse(attr, &mut errors);
    let settings = Settings::read(&given, &mut errors);
    options::check(&given, &settings, &mut errors);
    let function = match function(item) {
        Ok(function) => Some(function),
        Err(error) => {
            errors.push(error);
            None
        }
    };
    if let Some(function) = &function {
        check::check(function, &settings, &mut errors);
    }
    errors.into_result()?;
    Ok(function.map(|function| expand::expand(&function, &settings)).unwrap_or_default())
}

/// The function, or the sentence that says why there is none.
fn function(item: TokenStream) -> syn::Result<Function> {
    match syn::parse2::<ItemFn>(item.clone()) {
        Ok(item) => Ok(Function::new(item)),
        Err(error) => Err(not_a_function(item).unwrap_or(error)),
    }
}

/// Says what stands there in place of a function, if it can be told.
fn not_a_function(item: TokenStream) -> Option<syn::Error> {
    if let Ok(declared) = syn::parse2::<TraitItemFn>(item.clone()) {
        let message = "`#[cache]` needs a body to cache: put it on the functions that implement this one, \
                       with `companion = false`";
        return Some(syn::Error::new_spanned(declared.semi_token, message));
    }
    let (what, instead) = match syn::parse2::<Item>(item.clone()).ok()? {
        Item::Struct(_) => ("a struct", "derive `CacheKey` on types"),
        Item::Enum(_) => ("an enum", "derive `CacheKey` on types"),
        Item::Impl(_) => ("an `impl` block", "put it on the functions inside"),
        Item::Trait(_) => ("a trait", "put it on the functions that implement it"),
        Item::Mod(_) => ("a module", "put it on the functions inside"),
        Item::Const(_) => ("a constant", "write a function without arguments"),
        Item::Static(_) => ("a static", "write a function without arguments"),
        Item::Fn(_) => return None,
        _ => ("this", "put it on a function"),
    };
    let message = format!("`#[cache]` caches functions, not {what}: {instead}");
    Some(syn::Error::new_spanned(item, message))
}

#[cfg(test)]
mod tests;
