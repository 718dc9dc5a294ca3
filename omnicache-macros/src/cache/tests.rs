//! The expansion as a whole: snapshots of what is emitted, and what happens on mistakes.

use std::path::Path;

use quote::quote;

use super::*;

/// The messages of the errors that an expansion holds.
fn mistakes(attr: TokenStream, item: TokenStream) -> Vec<String> {
    match try_expand(attr, item) {
        Ok(_) => Vec::new(),
        Err(errors) => errors.into_iter().map(|error| error.to_string()).collect(),
    }
}

/// Compares an expansion with the file of that name; `UPDATE_SNAPSHOTS=1` writes the file instead.
fn snapshot(name: &str, attr: TokenStream, item: &TokenStream, wrap: impl Fn(&TokenStream) -> TokenStream) {
    let file = syn::parse2(wrap(&expand(attr, item))).expect("the expansion is Rust");
    let expanded = prettyplease::unparse(&file);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/snapshots").join(format!("{name}.rs"));
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some_and(|set| set == "1") {
        std::fs::write(&path, &expanded).expect("the snapshot can be written");
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == expanded,
        "{} differs; refresh it with UPDATE_SNAPSHOTS=1. It is now:\n{expanded}",
        path.display()
    );
}

fn free(expanded: &TokenStream) -> TokenStream {
    expanded.clone()
}

fn method(expanded: &TokenStream) -> TokenStream {
    quote!(impl Square { #expanded })
}

#[test]
fn snapshot_plain() {
    let item = quote! {
        /// Fibonacci's numbers.
        #[must_use]
        pub fn fib(n: u64) -> u64 {
            if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
        }
    };
    snapshot(
        "plain",
        quote!(ttl = "10m", max_bytes = "1MiB", cache_if = |n| *n > 1, ttl_if = life),
        &item,
        free,
    );
}

#[test]
fn snapshot_async() {
    let item = quote! {
        async fn user(client: &Client, (id, mut tries): (u32, u8)) -> Result<User, ApiError> {
            client.user(id, &mut tries).await
        }
    };
    snapshot("async", quote!(ignore(client), backend = disk), &item, free);
}

#[test]
fn snapshot_generic() {
    let item = quote! {
        fn sorted<T: Ord + Clone, const N: usize>(items: &[T; N], by: impl Fn(&T) -> u8) -> Vec<T> {
            sort(items, by)
        }
    };
    snapshot("generic", quote!(key = (items, N)), &item, free);
}

#[test]
fn snapshot_method() {
    let item = quote! {
        pub fn area(&self, scale: f64) -> f64 { self.side * self.side * scale }
    };
    snapshot("method", quote!(), &item, method);
}

#[test]
fn snapshot_local() {
    let item = quote! {
        fn shared(n: u8) -> Rc<u8> { Rc::new(n) }
    };
    snapshot("local", quote!(local, policy = lru), &item, free);
}

#[test]
fn snapshot_alone() {
    let item = quote! {
        fn area(&self, mut scale: f64) -> f64 { scale += 1.0; self.side * scale }
    };
    snapshot("alone", quote!(companion = false), &item, method);
}

#[test]
fn on_a_mistake_the_function_is_still_there() {
    let item = quote!(
        fn f(a: u8) -> u8 {
            a
        }
    );
    let expanded = expand(quote!(tll = "1s"), &item).to_string();
    assert!(expanded.starts_with(&item.to_string()), "{expanded}");
    assert!(expanded.contains("compile_error"), "{expanded}");
}

#[test]
fn mistakes_in_options_and_function_are_reported_together() {
    let found = mistakes(
        quote!(tll = "1s", persist, ephemeral, ignore(c)),
        quote!(
            unsafe fn f(a: &mut u8, b: u8) -> &u8 {
                b
            }
        ),
    );
    assert_eq!(found.len(), 6, "{found:#?}");
    assert!(found.iter().any(|message| message.contains("there is `a`, `b`")), "{found:#?}");
}

#[test]
fn what_cannot_be_cached_is_refused() {
    let refused = [
        "const fn f() -> u8 { 1 }",
        "unsafe fn f() -> u8 { 1 }",
        "extern fn f() -> u8 { 1 }",
        "fn f(a: &mut u8) -> u8 { 1 }",
        "fn f(a: Option<&mut u8>) -> u8 { 1 }",
        "fn f(&mut self) -> u8 { 1 }",
        "fn f(self: Pin<&mut Self>) -> u8 { 1 }",
        "fn f(a: &str) -> &str { a }",
        "fn f<'a>(a: &'a str) -> Cow<'a, str> { a }",
        "fn f() -> impl Iterator<Item = u8> { x }",
        "fn f() -> ! { loop {} }",
        "fn f() -> Self { x }",
        "fn str() -> u8 { 1 }",
        "fn f() -> u8;",
        "struct S;",
        "const C: u8 = 1;",
    ];
    for item in refused {
        assert_eq!(mistakes(quote!(), item.parse().expect("tokens")).len(), 1, "{item}");
    }
}

#[test]
fn what_can_be_cached_is_not_refused() {
    let accepted = [
        "fn f() {}",
        "fn f(a: &str) -> &'static str { x }",
        "fn f(&self) -> Self { self.clone() }",
        "fn f(self: Arc<Self>) -> Arc<dyn Fn(&u8) -> &u8> { x }",
        "fn f(a: fn(&mut u8), b: Cow<'_, str>) -> Cow<'static, str> { x }",
    ];
    for item in accepted {
        assert_eq!(mistakes(quote!(), item.parse().expect("tokens")), Vec::<String>::new(), "{item}");
    }
}

#[test]
fn contradictions_are_refused() {
    let contradictions = [
        quote!(persist, ephemeral),
        quote!(persist, backend = memory),
        quote!(local, persist),
        quote!(local, backend = disk),
        quote!(backend = array, local),
        quote!(ephemeral, backend = hybrid),
        quote!(ephemeral, dir = "d"),
        quote!(threshold = 1, backend = memory),
        quote!(threshold = 1, backend = disk),
        quote!(key = a, ignore(a)),
    ];
    for attr in contradictions {
        assert_eq!(
            mistakes(
                attr.clone(),
                quote!(
                    fn f(a: u8) -> u8 {
                        a
                    }
                )
            )
            .len(),
            1,
            "{attr}"
        );
    }
    assert_eq!(
        mistakes(
            quote!(associated),
            quote!(
                fn f(&self) -> u8 {
                    1
                }
            )
        )
        .len(),
        1
    );
}

#[test]
fn wrong_literals_are_refused() {
    let wrong = [
        quote!(ttl = "0s"),
        quote!(ttl = 60),
        quote!(ttl = "soon"),
        quote!(ttl = |value| value.max_age),
        quote!(ttl_if = "10m"),
        quote!(idle = -1),
        quote!(max_bytes = "12"),
        quote!(max_bytes = 0),
        quote!(max_entries = 0),
        quote!(max_entries = "10k"),
        quote!(threshold = "0B"),
        quote!(threshold = 1.5),
        quote!(backend = "disk"),
        quote!(backend = dsk),
        quote!(policy = mru),
        quote!(companion = true),
        quote!(config = 3),
        quote!(version = 1.5),
        quote!(namespace = 3),
        quote!(dir = ""),
    ];
    for attr in wrong {
        assert_eq!(
            mistakes(
                attr.clone(),
                quote!(
                    fn f(a: u8) -> u8 {
                        a
                    }
                )
            )
            .len(),
            1,
            "{attr}"
        );
    }
}

#[test]
fn the_crate_may_be_named_last() {
    let expanded = expand(
        quote!(backend = disk, crate = a::b),
        &quote!(
            fn f() {}
        ),
    )
    .to_string();
    assert!(!expanded.contains("omnicache"), "{expanded}");
}
