/// Fibonacci's numbers.
#[must_use]
#[allow(
    unused_qualifications,
    unused_variables,
    unreachable_code,
    deprecated,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::restriction
)]
pub fn fib(n: u64) -> u64 {
    fib::__enter(::omnicache::__private::Call, n)
}
/// The cache of [`fib()`].
#[allow(
    unused,
    nonstandard_style,
    deprecated,
    unreachable_pub,
    unused_qualifications,
    unused_lifetimes,
    single_use_lifetimes,
    private_interfaces,
    private_bounds,
    missing_debug_implementations,
    missing_copy_implementations,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::restriction
)]
pub enum fib {}
#[allow(
    unused,
    nonstandard_style,
    deprecated,
    unreachable_pub,
    unused_qualifications,
    unused_lifetimes,
    single_use_lifetimes,
    private_interfaces,
    private_bounds,
    missing_debug_implementations,
    missing_copy_implementations,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::restriction
)]
impl fib {
    #[doc(hidden)]
    fn __site() -> &'static ::omnicache::__private::Site {
        ::omnicache::__private::site! {
            name : "fib", arguments : "n", code :
            50225653867725236177078111375212101960u128, is_async : false
        }
    }
    #[doc(hidden)]
    fn __marker() {}
    #[doc(hidden)]
    fn __function() -> &'static ::omnicache::__private::Function<
        impl ::omnicache::__private::SharedForm<Result = u64> + 'static,
    > {
        ::omnicache::__private::function(
            Self::__site(),
            &Self::__marker,
            ::omnicache::__private::select!(u64),
            || ::omnicache::__private::Setup {
                config: {
                    let __config: ::omnicache::__private::Config = ::omnicache::__private::Config::new();
                    __config
                        .ttl(::omnicache::__private::Duration::new(600u64, 0u32))
                        .max_bytes(1048576u64)
                },
                keep_if: ::core::option::Option::Some({
                    let __keep_if: fn(&u64) -> bool = |n| *n > 1;
                    __keep_if
                }),
            },
        )
    }
    #[inline]
    #[doc(hidden)]
    fn __enter<__Op: ::omnicache::__private::Operation<u64>>(
        __op: __Op,
        n: u64,
    ) -> __Op::Reply {
        match ::omnicache::__private::Operation::hit(
            &__op,
            &Self::__function(),
            |__key: &mut ::omnicache::__private::KeyWriter| {
                ::omnicache::__private::key!(__key, n);
            },
        ) {
            ::core::result::Result::Ok(__reply) => __reply,
            ::core::result::Result::Err(__seen) => {
                Self::__pursue::<__Op>(__op, __seen, n)
            }
        }
    }
    #[inline(never)]
    #[doc(hidden)]
    fn __pursue<__Op: ::omnicache::__private::Operation<u64>>(
        __op: __Op,
        __seen: ::omnicache::__private::Seen,
        n: u64,
    ) -> __Op::Reply {
        let __step = ::omnicache::__private::Operation::at(
            __op,
            Self::__function(),
            __seen,
            |__key: &mut ::omnicache::__private::KeyWriter| {
                ::omnicache::__private::key!(__key, n);
            },
        );
        match __step {
            ::omnicache::__private::Step::Done(__reply) => __reply,
            ::omnicache::__private::Step::Body(__pending) => {
                __pending.run(move || Self::__body(n))
            }
        }
    }
    /// The kept result of this call, if there is one. Never runs the body.
    pub fn peek(n: u64) -> ::core::option::Option<u64> {
        fib::__enter(::omnicache::__private::Peek, n)
    }
    /// Whether the result of this call is kept. Never runs the body.
    pub fn contains(n: u64) -> bool {
        fib::__enter(::omnicache::__private::Contains, n)
    }
    /// Runs the body, keeps its result and returns it.
    pub fn refresh(n: u64) -> u64 {
        fib::__enter(::omnicache::__private::Refresh, n)
    }
    /// Runs the body and touches no cache.
    pub fn uncached(n: u64) -> u64 {
        fib::__enter(::omnicache::__private::Uncached, n)
    }
    /// Forgets the result of this call; whether there was one, in any tier.
    pub fn invalidate(n: u64) -> bool {
        fib::__enter(::omnicache::__private::Invalidate, n)
    }
    /// The file that holds the result of this call, if it lies in one that other programs can read: an array, a frame or a byte string on disk. Never runs the body.
    pub fn path(n: u64) -> ::core::option::Option<::omnicache::__private::PathBuf> {
        fib::__enter(::omnicache::__private::FilePath, n)
    }
    /// Why this call would hit or miss.
    pub fn explain_call(n: u64) -> ::omnicache::CallExplanation {
        fib::__enter(::omnicache::__private::ExplainCall, n)
    }
    /// Forgets every kept result of this function, in every tier.
    pub fn clear() {
        ::omnicache::__private::clear(Self::__function());
    }
    /// What the cache of this function has done so far.
    pub fn stats() -> ::omnicache::Stats {
        ::omnicache::__private::stats(Self::__function())
    }
    /// How results of this function are kept, and why so.
    pub fn explain() -> ::omnicache::Explanation {
        ::omnicache::__private::explain(Self::__function())
    }
}
#[doc(hidden)]
#[allow(clippy::multiple_inherent_impl)]
impl fib {
    /// Fibonacci's numbers.
    #[must_use]
    #[doc(hidden)]
    #[allow(unreachable_pub, private_interfaces, private_bounds, non_snake_case)]
    #[allow(clippy::missing_const_for_fn)]
    #[allow(clippy::multiple_bound_locations, clippy::type_repetition_in_bounds)]
    pub fn __body(n: u64) -> u64 {
        if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
    }
}
