//! Where tokens are said to stand, so that the compiler's errors point at what the user wrote.

use proc_macro2::{Span, TokenStream, TokenTree};
use quote::ToTokens;

/// The spans of the first and the last token.
pub(crate) fn ends(place: &impl ToTokens) -> (Span, Span) {
    let tokens = place.to_token_stream().into_iter();
    let (first, last) = tokens.fold((None, None), |(first, _): (Option<Span>, Option<Span>), token| {
        (first.or_else(|| Some(token.span())), Some(token.span()))
    });
    (first.unwrap_or_else(Span::call_site), last.unwrap_or_else(Span::call_site))
}

/// The same tokens elsewhere; what their names mean does not change.
pub(crate) fn respan(tokens: TokenStream, span: Span) -> TokenStream {
    let tokens = tokens.into_iter().map(|mut token| {
        token.set_span(span.resolved_at(token.span()));
        token
    });
    tokens.collect::<Vec<TokenTree>>().into_iter().collect()
}
