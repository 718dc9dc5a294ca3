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
fn shared(n: u8) -> Rc<u8> {
    shared::__enter(::omnicache::__private::Call, n)
}
/// The cache of [`shared()`].
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
enum shared {}
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
impl shared {
    #[doc(hidden)]
    fn __site() -> &'static ::omnicache::__private::Site {
        ::omnicache::__private::site! {
            name : "shared", arguments : "n", code :
            170263058414268004895313960215057838283u128, is_async : false
        }
    }
    #[doc(hidden)]
    fn __marker() {}
    #[doc(hidden)]
    fn __function() -> ::omnicache::__private::Local<
        impl ::omnicache::__private::Form<Result = Rc<u8>> + 'static,
    > {
        ::omnicache::__private::local_function(
            Self::__site(),
            &Self::__marker,
            ::omnicache::__private::select!(Rc < u8 >),
            ::omnicache::__private::near!(),
            || ::omnicache::__private::Setup {
                config: {
                    let __config: ::omnicache::__private::Config = ::omnicache::__private::Config::new();
                    __config.policy(::omnicache::__private::Policy::Lru)
                },
                keep_if: ::core::option::Option::None,
                ttl_if: ::core::option::Option::None,
            },
        )
    }
    #[inline]
    #[doc(hidden)]
    fn __enter<__Op: ::omnicache::__private::Operation<Rc<u8>>>(
        __op: __Op,
        n: u8,
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
    fn __pursue<__Op: ::omnicache::__private::Operation<Rc<u8>>>(
        __op: __Op,
        __seen: ::omnicache::__private::Seen,
        n: u8,
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
    fn peek(n: u8) -> ::core::option::Option<Rc<u8>> {
        shared::__enter(::omnicache::__private::Peek, n)
    }
    /// Whether the result of this call is kept. Never runs the body.
    fn contains(n: u8) -> bool {
        shared::__enter(::omnicache::__private::Contains, n)
    }
    /// Runs the body, keeps its result and returns it.
    fn refresh(n: u8) -> Rc<u8> {
        shared::__enter(::omnicache::__private::Refresh, n)
    }
    /// Runs the body and touches no cache.
    fn uncached(n: u8) -> Rc<u8> {
        shared::__enter(::omnicache::__private::Uncached, n)
    }
    /// Forgets the result of this call; whether there was one, in any tier.
    fn invalidate(n: u8) -> bool {
        shared::__enter(::omnicache::__private::Invalidate, n)
    }
    /// The file that holds the result of this call, if it lies in one that other programs can read: an array, a frame or a byte string on disk. Never runs the body.
    fn path(n: u8) -> ::core::option::Option<::omnicache::__private::PathBuf> {
        shared::__enter(::omnicache::__private::FilePath, n)
    }
    /// Why this call would hit or miss.
    fn explain_call(n: u8) -> ::omnicache::CallExplanation {
        shared::__enter(::omnicache::__private::ExplainCall, n)
    }
    /// Forgets every kept result of this function, in every tier.
    fn clear() {
        ::omnicache::__private::clear(Self::__function());
    }
    /// What the cache of this function has done so far.
    fn stats() -> ::omnicache::Stats {
        ::omnicache::__private::stats(Self::__function())
    }
    /// How results of this function are kept, and why so.
    fn explain() -> ::omnicache::Explanation {
        ::omnicache::__private::explain(Self::__function())
    }
}
#[doc(hidden)]
#[allow(clippy::multiple_inherent_impl)]
impl shared {
    #[doc(hidden)]
    #[allow(unreachable_pub, private_interfaces, private_bounds, non_snake_case)]
    #[allow(clippy::missing_const_for_fn)]
    #[allow(clippy::multiple_bound_locations, clippy::type_repetition_in_bounds)]
    fn __body(n: u8) -> Rc<u8> {
        Rc::new(n)
    }
}
