//! Collects mistakes, so that all of them are reported at once.

use std::fmt::Display;

use quote::ToTokens;

/// The mistakes found so far.
///
/// It must be read by [`Errors::into_result`]: dropping it unread would lose what was found, and panics.
#[derive(Debug, Default)]
pub(crate) struct Errors {
    found: Option<syn::Error>,
    read: bool,
}

impl Errors {
    /// No mistakes yet.
    pub(crate) fn new() -> Self {
        Self::default()
    }

    /// Notes a mistake that covers `tokens`.
    pub(crate) fn at(&mut self, tokens: impl ToTokens, message: impl Display) {
        self.push(syn::Error::new_spanned(tokens, message));
    }

    /// Notes a mistake that was found elsewhere.
    pub(crate) fn push(&mut self, error: syn::Error) {
        match &mut self.found {
            Some(found) => found.combine(error),
            None => self.found = Some(error),
        }
    }

    /// All mistakes as one error, or `Ok` if there is none.
    pub(crate) fn into_result(mut self) -> syn::Result<()> {
        self.read = true;
        self.found.take().map_or(Ok(()), Err)
    }
}

impl Drop for Errors {
    fn drop(&mut self) {
        assert!(self.read || std::thread::panicking(), "the collected errors were never read");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_mistakes_are_kept_in_order() {
        let mut errors = Errors::new();
        errors.at(quote::quote!(a), "first");
        errors.at(quote::quote!(b), "second");
        let combined = errors.into_result().expect_err("two mistakes were noted");
        let messages: Vec<_> = combined.into_iter().map(|error| error.to_string()).collect();
        assert_eq!(messages, ["first", "second"]);
    }

    #[test]
    #[should_panic(expected = "never read")]
    fn dropping_them_unread_panics() {
        drop(Errors::new());
    }
}
