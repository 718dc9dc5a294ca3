//! What every part of the expansion needs to know.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{FnArg, Generics, Signature, WherePredicate, parse_quote};

use crate::code::CodeHash;
use crate::function::{Argument, Function};
use crate::options::Settings;
use crate::spans::{ends, respan};
use crate::types;

/// The function, its settings and the names of what is put beside it.
pub(super) struct Context<'a> {
    pub(super) function: &'a Function,
    pub(super) settings: &'a Settings,
    /// `krate::__private`
    pub(super) private: TokenStream,
    /// The companion type, or the prefix of its stand-ins inside an `impl` block.
    pub(super) companion: Ident,
}

impl<'a> Context<'a> {
    pub(super) fn new(function: &'a Function, settings: &'a Settings, companion: Ident) -> Self {
        let krate = &settings.krate;
        Self { function, settings, private: quote!(#krate::__private), companion }
    }

    /// Whether the function stands inside an `impl` block, where no type can be put beside it.
    pub(super) fn in_impl(&self) -> bool {
        self.function.receiver.is_some() || self.settings.associated.is_some()
    }

    /// The type through which the function's items are reached from the function itself.
    pub(super) fn scope(&self) -> TokenStream {
        if self.in_impl() { quote!(Self) } else { self.companion.to_token_stream() }
    }

    /// The name of a hidden item.
    pub(super) fn hidden(&self, item: &str) -> Ident {
        if self.in_impl() {
            format_ident!("__omnicache_{}_{item}", self.companion.unraw(), span = Span::call_site())
        } else {
            format_ident!("__{item}", span = Span::call_site())
        }
    }

    /// The name of an item that users call.
    pub(super) fn shown(&self, item: &str) -> Ident {
        if self.in_impl() {
            format_ident!("{}_{item}", self.companion.unraw(), span = Span::call_site())
        } else {
            format_ident!("{item}", span = Span::call_site())
        }
    }

    /// The path of a runtime item, with the span at which its errors are to appear.
    pub(super) fn at(&self, span: Span, item: &str) -> TokenStream {
        let mut path = respan(self.private.clone(), span);
        let item = Ident::new(item, span.resolved_at(Span::call_site()));
        path.extend(quote_spanned!(span.resolved_at(Span::call_site())=> ::#item));
        path
    }

    /// A call of a runtime macro whose errors appear at `place`.
    pub(super) fn call(&self, name: &str, place: &impl ToTokens, input: TokenStream) -> TokenStream {
        let (first, last) = ends(place);
        let path = self.at(first, name);
        let mut group = Group::new(Delimiter::Parenthesis, input);
        group.set_span(last.resolved_at(Span::call_site()));
        quote_spanned!(first.resolved_at(Span::call_site())=> #path!#group)
    }

    /// The selection of everything that depends on the return type.
    pub(super) fn select(&self) -> TokenStream {
        let output = &self.function.output;
        let name = if self.settings.cache_err { "select_with_err" } else { "select" };
        self.call(name, output, output.to_token_stream())
    }

    /// The generics as written, with what a cache needs of them.
    pub(super) fn bounded_generics(&self) -> Generics {
        let params: Vec<_> =
            self.function.item.sig.generics.type_params().map(|param| &param.ident).collect();
        self.with_bounds(self.function.plain_generics(), &params)
    }

    /// The generics with every `impl Trait` named, with what a cache needs of them.
    pub(super) fn named_generics(&self) -> Generics {
        let params: Vec<_> = self.function.type_params().map(|param| &param.ident).collect();
        self.with_bounds(self.function.named_generics(), &params)
    }

    fn with_bounds(&self, mut generics: Generics, params: &[&Ident]) -> Generics {
        if params.is_empty() {
            return generics;
        }
        let output = &self.function.output;
        let predicates = &mut generics.make_where_clause().predicates;
        for param in params {
            let predicate: WherePredicate = parse_quote!(#param: 'static);
            predicates.push(predicate);
        }
        // Of a `Result` only the kept part has to fulfil it, which the selection sees to.
        if !types::is_result(output) && types::mentions(output.to_token_stream(), params) {
            let keep = self.at(ends(output).0, "Keep");
            predicates.push(if self.settings.local {
                parse_quote!(#output: ::core::clone::Clone + 'static)
            } else {
                parse_quote!(#output: #keep)
            });
        }
        generics
    }

    /// The signature as written, but for plain names in place of patterns: its tokens are the user's, so that lints
    /// and errors about it point where they would without a cache.
    pub(super) fn signature(&self, generics: Generics) -> Signature {
        let mut signature = Signature { generics, ..self.function.item.sig.clone() };
        let mut arguments = self.function.arguments.iter();
        for input in &mut signature.inputs {
            match input {
                FnArg::Receiver(receiver) => {
                    if let Some(plain) = &self.function.receiver {
                        *receiver = plain.clone();
                    }
                }
                FnArg::Typed(typed) => {
                    if let Some(Argument { name, bounded, .. }) = arguments.next() {
                        typed.attrs.clear();
                        *typed.pat = parse_quote!(#name);
                        *typed.ty = bounded.clone();
                    }
                }
            }
        }
        signature
    }

    /// `content` between the braces of the user's body: an item that ends with a token of the macro counts as the
    /// macro's, and the compiler would say nothing of it.
    pub(super) fn braced(&self, content: &TokenStream) -> TokenStream {
        let mut tokens = TokenStream::new();
        self.function.item.block.brace_token.surround(&mut tokens, |inside| content.to_tokens(inside));
        tokens
    }

    /// The hash that stands for the code.
    pub(super) fn code(&self) -> u128 {
        if let Some(version) = &self.settings.version {
            return CodeHash::of_version(version);
        }
        let mut hash = CodeHash::of_code();
        for input in &self.function.item.sig.inputs {
            hash.tokens("argument", input.to_token_stream());
        }
        hash.tokens("returns", self.function.output.to_token_stream());
        hash.tokens("body", self.function.item.block.to_token_stream());
        if let Some(key) = &self.settings.key {
            hash.tokens("key", key.to_token_stream());
        }
        for dependency in &self.settings.depends {
            hash.tokens("depends", dependency.written.to_token_stream());
        }
        for name in &self.settings.ignored {
            hash.tokens("ignore", name.to_token_stream());
        }
        hash.finish()
    }
}

/// Generic arguments, or nothing if there are none.
pub(super) fn turbofish(arguments: &[TokenStream]) -> TokenStream {
    if arguments.is_empty() { TokenStream::new() } else { quote!(::<#(#arguments),*>) }
}
