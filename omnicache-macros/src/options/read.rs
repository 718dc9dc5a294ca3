//! Turns the value of each option into a part of the settings, literals checked.

use std::time::Duration;

use proc_macro2::{Ident, Literal, Span, TokenStream};
use quote::{ToTokens, quote};
use syn::spanned::Spanned;
use syn::{Expr, ExprUnary, Lit, LitStr, UnOp};

use super::{Backend, Call, Companion, Dependency, Given, Need, Settings, Value};
use crate::errors::Errors;
use crate::{suggest, units};

/// Reads one option into the settings.
pub(crate) type Reader = fn(&mut Settings, &Given, &mut Errors);

/// The value's literal, if it is one.
enum Written<'e> {
    Literal(&'e Lit),
    Negative,
    Computed,
}

/// Looks through parentheses and the invisible groups that macros put around what they pass on.
fn plain(mut expr: &Expr) -> &Expr {
    loop {
        expr = match expr {
            Expr::Group(group) => &group.expr,
            Expr::Paren(paren) => &paren.expr,
            _ => return expr,
        };
    }
}

fn written(expr: &Expr) -> Written<'_> {
    match plain(expr) {
        Expr::Lit(literal) => Written::Literal(&literal.lit),
        Expr::Unary(ExprUnary { op: UnOp::Neg(_), expr, .. }) if matches!(plain(expr), Expr::Lit(_)) => {
            Written::Negative
        }
        _ => Written::Computed,
    }
}

/// The single word that the value is.
fn word(expr: &Expr) -> Option<&Ident> {
    match plain(expr) {
        Expr::Path(path) if path.qself.is_none() => path.path.get_ident(),
        _ => None,
    }
}

/// The expression behind `=`; the table has seen to it that there is one.
fn expr(given: &Given) -> Option<&Expr> {
    match &given.value {
        Value::Expr(expr) => Some(expr),
        Value::Flag | Value::Names(_) | Value::Expressions(_) => None,
    }
}

/// Notes that the value has the wrong form.
fn wrong(given: &Given, errors: &mut Errors, what: &str) {
    let (name, example) = (given.spec.name, given.spec.example);
    if let Some(value) = expr(given) {
        errors.at(value, format!("`{name}` takes {what}: write `{example}`"));
    }
}

/// Adds the builder call that is named like the option.
fn call(settings: &mut Settings, given: &Given, argument: Option<TokenStream>) {
    if let Some(argument) = argument {
        settings.calls.push(Call { method: given.key.clone(), argument });
    }
}

pub(super) fn config(settings: &mut Settings, given: &Given, errors: &mut Errors) {
    let Some(value) = expr(given) else { return };
    if matches!(written(value), Written::Computed) {
        settings.config = Some(value.clone());
    } else {
        wrong(given, errors, "an expression of type `Config`");
    }
}

pub(super) fn backend(settings: &mut Settings, given: &Given, errors: &mut Errors) {
    const WORDS: &[(&str, (Backend, &str))] = &[
        ("memory", (Backend::Memory, "Memory")),
        ("disk", (Backend::Disk, "Disk")),
        ("array", (Backend::Array, "Array")),
        ("hybrid", (Backend::Hybrid, "Hybrid")),
    ];
    let Some((backend, variant, span)) = choice(given, WORDS, errors).map(|((b, v), span)| (b, v, span))
    else {
        return;
    };
    let need = match backend {
        Backend::Memory => None,
        Backend::Disk | Backend::Hybrid => Some("require_stored"),
        Backend::Array => Some("require_array"),
    };
    settings.needs.extend(need.map(|function| Need { span, function }));
    settings.stable_key |= need.is_some();
    settings.backend = Some(backend);
    let (krate, variant) = (&settings.krate, Ident::new(variant, span));
    let argument = quote!(#krate::__private::Backend::#variant);
    call(settings, given, Some(argument));
}

pub(super) fn policy(settings: &mut Settings, given: &Given, errors: &mut Errors) {
    const WORDS: &[(&str, &str)] =
        &[("lru", "Lru"), ("lfu", "Lfu"), ("fifo", "Fifo"), ("random", "Random"), ("s3_fifo", "S3Fifo")];
    let Some((variant, span)) = choice(given, WORDS, errors) else { return };
    let (krate, variant) = (&settings.krate, Ident::new(variant, span));
    let argument = quote!(#krate::__private::Policy::#variant);
    call(settings, given, Some(argument));
}

/// The meaning of a value that must be one of a few words.
fn choice<T: Copy>(given: &Given, words: &[(&str, T)], errors: &mut Errors) -> Option<(T, Span)> {
    let value = expr(given)?;
    let text = match (word(value), written(value)) {
        (Some(word), _) => word.to_string(),
        (None, Written::Literal(Lit::Str(text))) => text.value(),
        _ => String::new(),
    };
    let known = words.iter().find(|(name, _)| *name == text);
    if let (Some((_, meaning)), Some(word)) = (known, word(value)) {
        return Some((*meaning, word.span()));
    }
    let name = given.spec.name;
    let names: Vec<&str> = words.iter().map(|(name, _)| *name).collect();
    let message = match (known, suggest::nearest(&text, names.iter().copied())) {
        (Some(_), _) => format!("`{name}` takes a bare word: write `{name} = {text}`"),
        (None, Some(near)) => format!("`{name}` cannot be `{text}`: write `{name} = {near}`"),
        (None, None) => format!("`{name}` takes one of {}: write `{}`", names.join(", "), given.spec.example),
    };
    errors.at(value, message);
    None
}

pub(super) fn threshold(settings: &mut Settings, given: &Given, errors: &mut Errors) {
    let argument = size(given, errors);
    call(settings, given, argument);
}

pub(super) fn max_bytes(settings: &mut Settings, given: &Given, errors: &mut Errors) {
    let argument = size(given, errors);
    call(settings, given, argument);
}

/// A byte count: a text with a unit, a number, or an expression.
fn size(given: &Given, errors: &mut Errors) -> Option<TokenStream> {
    let value = expr(given)?;
    match written(value) {
        Written::Computed => Some(value.to_token_stream()),
        Written::Literal(Lit::Int(_)) => count(given, errors),
        Written::Literal(Lit::Str(text)) => match units::bytes(&text.value()) {
            Ok(0) => zero(given, errors),
            Ok(bytes) => Some(spanned(Literal::u64_suffixed(bytes), text.span())),
            Err(message) => {
                errors.at(text, message);
                None
            }
        },
        Written::Literal(_) | Written::Negative => {
            wrong(given, errors, "a size such as \"256MiB\" or a number of bytes");
            None
        }
    }
}

pub(super) fn max_entries(settings: &mut Settings, given: &Given, errors: &mut Errors) {
    if let Some(Written::Computed | Written::Literal(Lit::Int(_))) = expr(given).map(written) {
        let argument = count(given, errors);
        call(settings, given, argument);
    } else {
        wrong(given, errors, "a whole number");
    }
}

/// A number that is not zero, passed on as written so that it takes the type that is wanted.
fn count(given: &Given, errors: &mut Errors) -> Option<TokenStream> {
    let value = expr(given)?;
    if let Written::Literal(Lit::Int(number)) = written(value) {
        match number.base10_parse::<u64>() {
            Ok(0) => return zero(given, errors),
            Ok(_) => {}
            Err(_) => {
                errors.at(
                    number,
                    format!("this number does not fit in 64 bits: write `{}`", given.spec.example),
                );
                return None;
            }
        }
    }
    Some(value.to_token_stream())
}

pub(super) fn ttl(settings: &mut Settings, given: &Given, errors: &mut Errors) {
    let argument = duration(settings, given, errors);
    call(settings, given, argument);
}

pub(super) fn idle(settings: &mut Settings, given: &Given, errors: &mut Errors) {
    let argument = duration(settings, given, errors);
    call(settings, given, argument);
}

/// A duration: a text with units or an expression.
fn duration(settings: &Settings, given: &Given, errors: &mut Errors) -> Option<TokenStream> {
    let value = expr(given)?;
    match written(value) {
        Written::Computed => Some(value.to_token_stream()),
        Written::Literal(Lit::Str(text)) => match units::duration(&text.value()) {
            Ok(Duration::ZERO) => zero(given, errors),
            Ok(duration) => {
                let seconds = spanned(Literal::u64_suffixed(duration.as_secs()), text.span());
                let nanos = spanned(Literal::u32_suffixed(duration.subsec_nanos()), text.span());
                let krate = &settings.krate;
                Some(quote!(#krate::__private::Duration::new(#seconds, #nanos)))
            }
            Err(message) => {
                errors.at(text, message);
                None
            }
        },
        Written::Literal(Lit::Int(number)) => {
            let (name, digits) = (given.spec.name, number.base10_digits());
            errors.at(number, format!("`{name}` needs a unit of time: write `{name} = \"{digits}s\"`"));
            None
        }
        Written::Literal(_) | Written::Negative => {
            wrong(given, errors, "a duration");
            None
        }
    }
}

/// Notes that zero would keep nothing.
fn zero(given: &Given, errors: &mut Errors) -> Option<TokenStream> {
    let (name, example) = (given.spec.name, given.spec.example);
    errors.at(expr(given)?, format!("`{name}` cannot be zero: write `{example}`, or leave it out"));
    None
}

fn spanned(mut literal: Literal, span: Span) -> TokenStream {
    literal.set_span(span);
    literal.into_token_stream()
}

pub(super) fn persist(settings: &mut Settings, given: &Given, _: &mut Errors) {
    settings.needs.push(Need { span: given.key.span(), function: "require_stored" });
    settings.stable_key = true;
    call(settings, given, Some(TokenStream::new()));
}

pub(super) fn ephemeral(settings: &mut Settings, given: &Given, _: &mut Errors) {
    call(settings, given, Some(TokenStream::new()));
}

pub(super) fn dir(settings: &mut Settings, given: &Given, errors: &mut Errors) {
    let argument = text(given, errors, "a path");
    call(settings, given, argument);
}

pub(super) fn namespace(settings: &mut Settings, given: &Given, errors: &mut Errors) {
    let argument = text(given, errors, "a name in quotes");
    call(settings, given, argument);
}

/// A text that is not empty, or an expression.
fn text(given: &Given, errors: &mut Errors, what: &str) -> Option<TokenStream> {
    let value = expr(given)?;
    match written(value) {
        Written::Computed => Some(value.to_token_stream()),
        Written::Literal(Lit::Str(text)) if !text.value().is_empty() => Some(text.to_token_stream()),
        _ => {
            wrong(given, errors, what);
            None
        }
    }
}

pub(super) fn version(settings: &mut Settings, given: &Given, errors: &mut Errors) {
    let version = match expr(given).map(written) {
        Some(Written::Literal(Lit::Str(text))) => LitStr::value(text),
        Some(Written::Literal(Lit::Int(number))) => number.base10_digits().to_owned(),
        _ => return wrong(given, errors, "a string or a whole number, as a literal"),
    };
    // Told to the builder too, so that it replaces a version which `config` names.
    call(settings, given, Some(version.to_token_stream()));
    settings.version = Some(version);
}

pub(super) fn key(settings: &mut Settings, given: &Given, errors: &mut Errors) {
    let Some(value) = expr(given) else { return };
    match written(value) {
        Written::Computed => settings.key = Some(value.clone()),
        Written::Literal(_) | Written::Negative => wrong(given, errors, "an expression over the arguments"),
    }
}

pub(super) fn ignore(settings: &mut Settings, given: &Given, errors: &mut Errors) {
    let Value::Names(names) = &given.value else { return };
    for name in names {
        if settings.ignored.contains(name) {
            errors.at(name, format!("`{name}` is listed twice: keep one"));
        } else {
            settings.ignored.push(name.clone());
        }
    }
}

pub(super) fn depends(settings: &mut Settings, given: &Given, errors: &mut Errors) {
    let Value::Expressions(expressions) = &given.value else { return };
    for expression in expressions {
        let mut file = None;
        match plain(expression) {
            Expr::Lit(_) => {
                let message = "a literal never changes: name what the result depends on, as \
                               `depends(file(path))`";
                errors.at(expression, message);
                continue;
            }
            Expr::Call(call) if word(&call.func).is_some_and(|name| name == "file") => {
                if call.args.len() != 1 {
                    errors.at(expression, "`file` takes one path: write `depends(file(path))`");
                    continue;
                }
                file = call.args.first().cloned();
            }
            _ => {}
        }
        settings.depends.push(Dependency { written: expression.clone(), file });
    }
}

pub(super) fn cache_err(settings: &mut Settings, _: &Given, _: &mut Errors) {
    settings.cache_err = true;
}

pub(super) fn cache_if(settings: &mut Settings, given: &Given, errors: &mut Errors) {
    let Some(value) = expr(given) else { return };
    match written(value) {
        Written::Computed => settings.cache_if = Some(value.clone()),
        Written::Literal(_) | Written::Negative => {
            wrong(given, errors, "a closure or the path of a function");
        }
    }
}

pub(super) fn local(settings: &mut Settings, _: &Given, _: &mut Errors) {
    settings.local = true;
}

pub(super) fn associated(settings: &mut Settings, given: &Given, _: &mut Errors) {
    settings.associated = Some(given.key.clone());
}

pub(super) fn companion(settings: &mut Settings, given: &Given, errors: &mut Errors) {
    let Some(value) = expr(given) else { return };
    match (word(value), written(value)) {
        (Some(name), _) => settings.companion = Companion::Named(name.clone()),
        (None, Written::Literal(Lit::Bool(answer))) if !answer.value => settings.companion = Companion::None,
        _ => {
            let span = value.span();
            let message = "`companion` takes a name or `false`: write `companion = other_name`";
            errors.push(syn::Error::new(span, message));
        }
    }
}

pub(super) fn krate(settings: &mut Settings, given: &Given, errors: &mut Errors) {
    match expr(given).map(plain) {
        Some(Expr::Path(path)) if path.qself.is_none() => settings.set_crate(&path.path),
        _ => wrong(given, errors, "a path"),
    }
}
