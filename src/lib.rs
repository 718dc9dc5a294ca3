//! Function memoisation that lets the data's characteristics choose the backend.
//!
//! Put [`#[cache]`](macro@cache) on a function. What it returns decides where its results are kept:
//!
//! ```
//! use omnicache::{Backend, Kind, cache};
//!
//! #[cache]
//! fn fib(n: u64) -> u64 {
//!     if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
//! }
//!
//! assert_eq!(fib(80), 23_416_728_348_467_685);
//! assert_eq!(fib::explain().kind, Kind::Scalar);
//! assert_eq!(fib::explain().backend, Backend::Memory);
//! ```
//!
//! Beside the function stands a type of its name, so that these read like the call itself:
//!
//! ```
//! # use omnicache::cache;
//! # #[cache]
//! # fn fib(n: u64) -> u64 {
//! #     if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
//! # }
//! assert_eq!(fib::peek(10), None);
//! assert_eq!(fib(10), 55);
//! assert_eq!(fib::peek(10), Some(55));
//! assert!(fib::invalidate(10));
//! println!("{}", fib::explain_call(10)); // miss: invalidated
//! ```
//!
//! A result whose kind has a large side goes by its own size, unless a helper or an option says otherwise:
//!
//! ```
//! use omnicache::{Backend, cache, hybrid};
//!
//! #[cache(config = hybrid().small(Backend::Memory).large(Backend::Disk).threshold(1 << 20))]
//! fn get_data(id: &str) -> Vec<String> {
//!     vec![id.to_owned()]
//! }
//!
//! assert_eq!(get_data::explain().backend, Backend::Hybrid);
//! ```
//!
//! A result may say itself how long it lives. `ttl_if` is a closure over `&` the returned value, asked once it is to be
//! kept (after `cache_if`); `None` leaves it to `ttl`, or to for ever without one, and a duration of zero means: returned,
//! not kept.
//!
//! ```
//! use omnicache::cache;
//! use std::time::Duration;
//!
//! #[derive(Clone)]
//! struct Page {
//!     text: String,
//!     max_age: Option<Duration>,
//! }
//!
//! #[cache(ttl = "1h", ttl_if = |page| page.max_age)]
//! fn page(name: &str) -> Page {
//!     let max_age = (name == "news").then_some(Duration::ZERO);
//!     Page { text: format!("about {name}"), max_age }
//! }
//!
//! assert_eq!(page("news").text, "about news");
//! assert!(!page::contains("news"));
//! page("history");
//! assert!(page::contains("history"));
//! ```
//!
//! The whole strategy is one table, [`select::TABLE`]; `NEXT.md` shows it. The options of the macro and the methods
//! of [`Config`] have the same names. Results on disk lie in [`default_dir`] unless `dir` says otherwise.

pub use omnicache_macros::{CacheKey, cache};
#[doc(hidden)]
pub use omnicache_runtime::private as __private;
pub use omnicache_runtime::*;

/// The README's example is tested like any other.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
