//! Reads the tokens between the parentheses of `#[cache(...)]` by the table.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::{Expr, Token, parenthesized, token};

use super::table::{self, Opt, Shape, Spec};
use crate::errors::Errors;

/// An option as it was written.
pub(crate) struct Given {
    /// Its row in the table.
    pub(crate) spec: &'static Spec,
    /// Its name, where it stands.
    pub(crate) key: Ident,
    /// What it was given.
    pub(crate) value: Value,
}

impl Given {
    /// Which option this is.
    pub(crate) fn option(&self) -> Opt {
        self.spec.option
    }
}

/// What stands behind an option's name.
pub(crate) enum Value {
    /// Nothing.
    Flag,
    /// `= value`
    Expr(Expr),
    /// `(a, b)`
    Names(Vec<Ident>),
    /// `(expression, expression)`
    Expressions(Vec<Expr>),
}

/// Reads all options; a wrong one is noted and the ones behind it are read all the same.
pub(crate) fn parse(attr: TokenStream, errors: &mut Errors) -> Vec<Given> {
    let mut given: Vec<Given> = Vec::new();
    let parser = |input: ParseStream<'_>| {
        while !input.is_empty() {
            match option(input) {
                Ok(option) => match given.iter().find(|one| one.option() == option.option()) {
                    Some(_) => errors.at(&option.key, repeated(option.spec)),
                    None => given.push(option),
                },
                Err(error) => {
                    errors.push(error);
                    skip(input)?;
                }
            }
            if !input.is_empty() && input.parse::<Token![,]>().is_err() {
                errors.push(input.error("expected a comma before the next option"));
                skip(input)?;
                input.parse::<Option<Token![,]>>()?;
            }
        }
        Ok(())
    };
    if let Err(error) = parser.parse2(attr) {
        errors.push(error);
    }
    given
}

fn repeated(spec: &Spec) -> String {
    format!("`{}` is given twice: keep one", spec.name)
}

/// One option, up to its comma.
fn option(input: ParseStream<'_>) -> syn::Result<Given> {
    if !input.peek(Ident::peek_any) {
        return Err(input.error("expected the name of an option, as `ttl = \"10m\"`"));
    }
    let key = input.call(Ident::parse_any)?;
    let name = key.to_string();
    let is_call = input.peek(token::Paren);
    let spec =
        table::find(&name).ok_or_else(|| syn::Error::new(key.span(), table::unknown(&name, is_call)))?;
    let value = match spec.shape {
        Shape::Flag => flag(spec, input)?,
        Shape::Value => value(spec, &key, input)?,
        Shape::Names => {
            Value::Names(list(spec, &key, input, ("names", Some("names of arguments")), Ident::parse_any)?)
        }
        Shape::Expressions => {
            Value::Expressions(list(spec, &key, input, ("expressions", None), Expr::parse)?)
        }
    };
    Ok(Given { spec, key, value })
}

fn flag(spec: &Spec, input: ParseStream<'_>) -> syn::Result<Value> {
    if input.is_empty() || input.peek(Token![,]) {
        return Ok(Value::Flag);
    }
    let wrong = rest(input)?;
    let name = spec.name;
    let message = if wrong.to_string().ends_with("false") {
        format!("`{name}` takes no value: leave it out")
    } else {
        format!("`{name}` takes no value: write `{name}`")
    };
    Err(syn::Error::new_spanned(wrong, message))
}

fn value(spec: &Spec, key: &Ident, input: ParseStream<'_>) -> syn::Result<Value> {
    let (name, example) = (spec.name, spec.example);
    if input.peek(Token![=]) {
        let equals: Token![=] = input.parse()?;
        if input.is_empty() || input.peek(Token![,]) {
            return Err(syn::Error::new_spanned(equals, format!("`{name}` has no value: write `{example}`")));
        }
        return input.parse().map(Value::Expr);
    }
    if input.peek(token::Paren) {
        return Err(syn::Error::new_spanned(
            rest(input)?,
            format!("the value of `{name}` follows `=`: write `{example}`"),
        ));
    }
    Err(syn::Error::new(key.span(), format!("`{name}` needs a value: write `{example}`")))
}

/// What stands between the parentheses of an option that lists `things`: one at least. Whatever cannot be read is
/// reported as no such thing if `named` says what it would have to be, and else as the parser reports it.
fn list<T>(
    spec: &Spec,
    key: &Ident,
    input: ParseStream<'_>,
    (things, named): (&str, Option<&str>),
    thing: fn(ParseStream<'_>) -> syn::Result<T>,
) -> syn::Result<Vec<T>> {
    let (name, example) = (spec.name, spec.example);
    if !input.peek(token::Paren) {
        let wrong =
            if input.is_empty() || input.peek(Token![,]) { key.to_token_stream() } else { rest(input)? };
        return Err(syn::Error::new_spanned(
            wrong,
            format!("`{name}` lists {things} in parentheses: write `{example}`"),
        ));
    }
    let list;
    let parentheses = parenthesized!(list in input);
    let found = list.parse_terminated(thing, Token![,]).map_err(|error| match named {
        Some(named) => syn::Error::new(error.span(), format!("`{name}` lists {named}: write `{example}`")),
        None => error,
    })?;
    if found.is_empty() {
        return Err(syn::Error::new(
            parentheses.span.join(),
            format!("`{name}` names nothing: write `{example}`, or leave it out"),
        ));
    }
    Ok(found.into_iter().collect())
}

/// Everything up to the next comma.
fn rest(input: ParseStream<'_>) -> syn::Result<TokenStream> {
    let mut tokens = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        tokens.extend([input.parse::<TokenTree>()?]);
    }
    Ok(tokens)
}

/// Goes on behind a mistake: to the next comma.
fn skip(input: ParseStream<'_>) -> syn::Result<()> {
    rest(input).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn messages(attr: &str) -> Vec<String> {
        let mut errors = Errors::new();
        parse(attr.parse().expect("the test's source is tokens"), &mut errors);
        match errors.into_result() {
            Ok(()) => Vec::new(),
            Err(all) => all.into_iter().map(|error| error.to_string()).collect(),
        }
    }

    #[test]
    fn every_example_of_the_table_is_read() {
        for spec in table::TABLE {
            assert_eq!(messages(spec.example), Vec::<String>::new(), "{}", spec.example);
        }
    }

    #[test]
    fn all_mistakes_are_reported_at_once() {
        let found =
            messages("tll = \"10m\", persist = true, ttl, max_entries = 3, max_entries = 4, ignore = a,");
        assert_eq!(found.len(), 5, "{found:#?}");
        assert!(found[0].contains("did you mean"));
        assert!(found[1].contains("write `persist`"));
        assert!(found[2].contains("needs a value"));
        assert!(found[3].contains("twice"));
        assert!(found[4].contains("`ignore(client)`"));
    }

    #[test]
    fn a_flag_set_to_false_is_left_out() {
        assert!(messages("persist = false")[0].contains("leave it out"));
    }

    #[test]
    fn commas_inside_a_value_do_not_end_it() {
        assert_eq!(
            messages("cache_if = |a| f::<u8, u8>(a, 1), ttl_if = |_| None, ttl = \"1s\""),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_missing_comma_is_named_and_reading_goes_on() {
        let found = messages("persist ttl, banana");
        assert!(found.iter().any(|message| message.contains("banana")), "{found:#?}");
    }
}
