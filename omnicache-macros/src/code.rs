//! The hash that stands for a function's code in persistent keys.

use proc_macro2::{Delimiter, Group, Spacing, TokenStream, TokenTree};

/// FNV-1a with 128 bits: offset basis and prime as published by Fowler, Noll and Vo.
const OFFSET: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

/// A hash of token text in which neither formatting, comments nor doc comments take part.
#[derive(Debug)]
pub(crate) struct CodeHash(u128);

impl CodeHash {
    /// The hash of a function's own tokens, to be fed by [`CodeHash::tokens`].
    pub(crate) fn of_code() -> Self {
        Self::tagged("code")
    }

    /// The hash of an explicit `version`; its tag keeps it apart from every hash of code.
    pub(crate) fn of_version(version: &str) -> u128 {
        let mut hash = Self::tagged("version");
        hash.text(version);
        hash.0
    }

    fn tagged(tag: &str) -> Self {
        let mut hash = Self(OFFSET);
        hash.text(tag);
        hash
    }

    /// Feeds one text, then a separator that no token contains.
    fn text(&mut self, text: &str) {
        for byte in text.bytes().chain([0]) {
            self.byte(byte);
        }
    }

    fn byte(&mut self, byte: u8) {
        self.0 = (self.0 ^ u128::from(byte)).wrapping_mul(PRIME);
    }

    /// Feeds a stretch of tokens under a name, so that tokens cannot wander from one stretch to the next.
    pub(crate) fn tokens(&mut self, name: &str, tokens: TokenStream) {
        self.text(name);
        self.walk(tokens);
        self.byte(0);
    }

    /// The hash of all that was fed.
    pub(crate) fn finish(self) -> u128 {
        self.0
    }

    fn walk(&mut self, tokens: TokenStream) {
        let mut rest = tokens.into_iter().peekable();
        let mut callee = false;
        while let Some(token) = rest.next() {
            let may_be_called = ends_callee(&token);
            match token {
                TokenTree::Punct(hash) if hash.as_char() == '#' => {
                    // An inner attribute has a `!` in between; keep it only if the attribute is kept.
                    let inner = rest.next_if(|next| is_punct(next, '!'));
                    if rest.next_if(is_doc).is_none() {
                        self.word("#");
                        self.word(if inner.is_some() { "!" } else { "" });
                    }
                }
                TokenTree::Punct(punct) => {
                    let sign = punct.as_char();
                    // `a && b` and `a & &b` differ in meaning and in spacing alone; so do the bars. Of all
                    // other operators only one of the two spellings is Rust, so spacing is left out.
                    let glued = punct.spacing() == Spacing::Joint
                        && matches!(sign, '&' | '|')
                        && rest.peek().is_some_and(|next| is_punct(next, sign));
                    self.word(sign.encode_utf8(&mut [0; 4]));
                    self.word(if glued { "+" } else { "" });
                }
                TokenTree::Ident(ident) => self.word(&ident.to_string()),
                TokenTree::Literal(literal) => self.word(&literal.to_string()),
                TokenTree::Group(group) => self.group(&group, callee),
            }
            callee = may_be_called;
        }
    }

    fn group(&mut self, group: &Group, callee: bool) {
        let (open, close) = match group.delimiter() {
            Delimiter::Parenthesis => ("(", ")"),
            Delimiter::Brace => ("{", "}"),
            Delimiter::Bracket => ("[", "]"),
            Delimiter::None => ("", ""),
        };
        let mut tokens: Vec<TokenTree> = group.stream().into_iter().collect();
        // Breaking a list into lines adds a comma behind its last item, which means something only in `(a,)`.
        let commas = tokens.iter().filter(|token| is_punct(token, ',')).count();
        let tuple_of_one = group.delimiter() == Delimiter::Parenthesis && commas == 1 && !callee;
        if tokens.last().is_some_and(|token| is_punct(token, ',')) && !tuple_of_one {
            tokens.pop();
        }
        self.word(open);
        self.walk(tokens.into_iter().collect());
        self.word(close);
    }

    fn word(&mut self, word: &str) {
        if !word.is_empty() {
            for byte in word.bytes().chain([b' ']) {
                self.byte(byte);
            }
        }
    }
}

fn is_punct(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == sign)
}

/// Whether parentheses behind this token hold the arguments of a call, and are no tuple.
fn ends_callee(token: &TokenTree) -> bool {
    const KEYWORDS: &[&str] =
        &["return", "break", "in", "match", "if", "while", "as", "let", "mut", "ref", "else", "move"];
    match token {
        TokenTree::Ident(ident) => !KEYWORDS.iter().any(|keyword| ident == keyword),
        TokenTree::Punct(punct) => matches!(punct.as_char(), '>' | '!' | '?'),
        TokenTree::Group(_) | TokenTree::Literal(_) => false,
    }
}

/// Whether this is the bracket of a doc comment, which is what `/// text` has become.
fn is_doc(token: &TokenTree) -> bool {
    let TokenTree::Group(group) = token else { return false };
    group.delimiter() == Delimiter::Bracket
        && matches!(group.stream().into_iter().next(), Some(TokenTree::Ident(name)) if name == "doc")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(source: &str) -> u128 {
        let mut hash = CodeHash::of_code();
        hash.tokens("body", source.parse().expect("the test's source is Rust"));
        hash.finish()
    }

    #[test]
    fn comments_and_formatting_change_nothing() {
        let plain = hash("{ let x = vec![1, 2]; x.iter().map(|v|-v).sum::<i32>() }");
        let formatted = hash(
            "{
                // what it does
                let x = vec! [1,2];
                /* and why */
                x . iter().map(|v| - v).sum :: < i32 >()
            }",
        );
        assert_eq!(plain, formatted);
        assert_eq!(hash("{ fn g() {} g() }"), hash("{ /// doc\n fn g() { //! inner\n } g() }"));
    }

    #[test]
    fn a_comma_behind_the_last_item_changes_nothing_but_a_tuple() {
        assert_eq!(hash("{ f(a, b) }"), hash("{ f(a, b,) }"));
        assert_eq!(hash("{ f(a) }"), hash("{ f(a,) }"));
        assert_eq!(hash("{ S { a } }"), hash("{ S { a, } }"));
        assert_ne!(hash("{ return (a) }"), hash("{ return (a,) }"));
        assert_ne!(hash("{ let x = (a); }"), hash("{ let x = (a,); }"));
    }

    #[test]
    fn a_change_of_code_changes_it() {
        let one = hash("{ a && b }");
        for other in
            ["{ a || b }", "{ a & &b }", "{ b && a }", "{ a && b; }", "{ (a && b) }", "{ a && \"b\" }"]
        {
            assert_ne!(one, hash(other), "{other}");
        }
        assert_ne!(hash("{ #[cold] fn g() {} }"), hash("{ fn g() {} }"));
    }

    #[test]
    fn it_is_the_same_on_every_machine() {
        // A persistent key depends on it: a new value here means that every user's entries are lost.
        assert_eq!(hash("{ n + 1 }"), GOLDEN);
    }

    /// FNV-1a over `code`, NUL, `body`, NUL, `{ n + 1 } `, NUL, as another implementation computes it.
    const GOLDEN: u128 = 0x1cfa_9794_9401_6eb7_24fb_d872_b753_7e9e;

    #[test]
    fn it_is_fnv_1a() {
        let mut hash = CodeHash(OFFSET);
        hash.byte(b'a');
        assert_eq!(hash.0, 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
    }

    #[test]
    fn a_version_is_never_the_hash_of_a_body() {
        let mut code = CodeHash::of_code();
        code.text("3");
        assert_ne!(CodeHash::of_version("3"), code.finish());
        assert_ne!(CodeHash::of_version("3"), CodeHash::of_version("4"));
    }
}
