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
fn sorted<T: Ord + Clone, const N: usize>(
    items: &[T; N],
    by: impl Fn(&T) -> u8 + 'static,
) -> Vec<T>
where
    T: 'static,
    Vec<T>: ::omnicache::__private::Keep,
{
    sorted::__enter::<T, N, _, _>(::omnicache::__private::Call, items, by)
}
/// The cache of [`sorted()`].
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
enum sorted {}
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
impl sorted {
    #[doc(hidden)]
    fn __site() -> &'static ::omnicache::__private::Site {
        ::omnicache::__private::site! {
            name : "sorted", arguments : "(items , N)", code :
            155967216522589911443970696917761156324u128, is_async : false
        }
    }
    #[doc(hidden)]
    fn __marker<T: ?::core::marker::Sized, const N: usize, __T0: ?::core::marker::Sized>() {}
    #[doc(hidden)]
    fn __function<T: Ord + Clone, const N: usize, __T0: Fn(&T) -> u8>() -> &'static ::omnicache::__private::Function<
        impl ::omnicache::__private::SharedForm<Result = Vec<T>> + 'static,
    >
    where
        T: 'static,
        __T0: 'static,
        Vec<T>: ::omnicache::__private::Keep,
    {
        ::omnicache::__private::function(
            Self::__site(),
            &Self::__marker::<T, N, __T0>,
            ::omnicache::__private::select!(Vec < T >),
            || ::omnicache::__private::Setup {
                config: {
                    let __config: ::omnicache::__private::Config = ::omnicache::__private::Config::new();
                    __config
                },
                keep_if: ::core::option::Option::None,
            },
        )
    }
    #[inline]
    #[doc(hidden)]
    fn __enter<
        T: Ord + Clone,
        const N: usize,
        __T0: Fn(&T) -> u8,
        __Op: ::omnicache::__private::Operation<Vec<T>>,
    >(__op: __Op, items: &[T; N], by: __T0) -> __Op::Reply
    where
        T: 'static,
        __T0: 'static,
        Vec<T>: ::omnicache::__private::Keep,
    {
        match ::omnicache::__private::Operation::hit(
            &__op,
            &Self::__function::<T, N, __T0>(),
            |__key: &mut ::omnicache::__private::KeyWriter| {
                ::omnicache::__private::key!(__key, items);
                ::omnicache::__private::key!(__key, N);
            },
        ) {
            ::core::result::Result::Ok(__reply) => __reply,
            ::core::result::Result::Err(__seen) => {
                Self::__pursue::<T, N, __T0, __Op>(__op, __seen, items, by)
            }
        }
    }
    #[inline(never)]
    #[doc(hidden)]
    fn __pursue<
        T: Ord + Clone,
        const N: usize,
        __T0: Fn(&T) -> u8,
        __Op: ::omnicache::__private::Operation<Vec<T>>,
    >(
        __op: __Op,
        __seen: ::omnicache::__private::Seen,
        items: &[T; N],
        by: __T0,
    ) -> __Op::Reply
    where
        T: 'static,
        __T0: 'static,
        Vec<T>: ::omnicache::__private::Keep,
    {
        let __step = ::omnicache::__private::Operation::at(
            __op,
            Self::__function::<T, N, __T0>(),
            __seen,
            |__key: &mut ::omnicache::__private::KeyWriter| {
                ::omnicache::__private::key!(__key, items);
                ::omnicache::__private::key!(__key, N);
            },
        );
        match __step {
            ::omnicache::__private::Step::Done(__reply) => __reply,
            ::omnicache::__private::Step::Body(__pending) => {
                __pending.run(move || Self::__body::<T, N>(items, by))
            }
        }
    }
    /// The kept result of this call, if there is one. Never runs the body.
    fn peek<T: Ord + Clone, const N: usize>(
        items: &[T; N],
        by: impl Fn(&T) -> u8 + 'static,
    ) -> ::core::option::Option<Vec<T>>
    where
        T: 'static,
        Vec<T>: ::omnicache::__private::Keep,
    {
        sorted::__enter::<T, N, _, _>(::omnicache::__private::Peek, items, by)
    }
    /// Whether the result of this call is kept. Never runs the body.
    fn contains<T: Ord + Clone, const N: usize>(
        items: &[T; N],
        by: impl Fn(&T) -> u8 + 'static,
    ) -> bool
    where
        T: 'static,
        Vec<T>: ::omnicache::__private::Keep,
    {
        sorted::__enter::<T, N, _, _>(::omnicache::__private::Contains, items, by)
    }
    /// Runs the body, keeps its result and returns it.
    fn refresh<T: Ord + Clone, const N: usize>(
        items: &[T; N],
        by: impl Fn(&T) -> u8 + 'static,
    ) -> Vec<T>
    where
        T: 'static,
        Vec<T>: ::omnicache::__private::Keep,
    {
        sorted::__enter::<T, N, _, _>(::omnicache::__private::Refresh, items, by)
    }
    /// Runs the body and touches no cache.
    fn uncached<T: Ord + Clone, const N: usize>(
        items: &[T; N],
        by: impl Fn(&T) -> u8 + 'static,
    ) -> Vec<T>
    where
        T: 'static,
        Vec<T>: ::omnicache::__private::Keep,
    {
        sorted::__enter::<T, N, _, _>(::omnicache::__private::Uncached, items, by)
    }
    /// Forgets the result of this call; whether there was one, in any tier.
    fn invalidate<T: Ord + Clone, const N: usize>(
        items: &[T; N],
        by: impl Fn(&T) -> u8 + 'static,
    ) -> bool
    where
        T: 'static,
        Vec<T>: ::omnicache::__private::Keep,
    {
        sorted::__enter::<T, N, _, _>(::omnicache::__private::Invalidate, items, by)
    }
    /// The file that holds the result of this call, if it lies in one that other programs can read: an array, a frame or a byte string on disk. Never runs the body.
    fn path<T: Ord + Clone, const N: usize>(
        items: &[T; N],
        by: impl Fn(&T) -> u8 + 'static,
    ) -> ::core::option::Option<::omnicache::__private::PathBuf>
    where
        T: 'static,
        Vec<T>: ::omnicache::__private::Keep,
    {
        sorted::__enter::<T, N, _, _>(::omnicache::__private::FilePath, items, by)
    }
    /// Why this call would hit or miss.
    fn explain_call<T: Ord + Clone, const N: usize>(
        items: &[T; N],
        by: impl Fn(&T) -> u8 + 'static,
    ) -> ::omnicache::CallExplanation
    where
        T: 'static,
        Vec<T>: ::omnicache::__private::Keep,
    {
        sorted::__enter::<T, N, _, _>(::omnicache::__private::ExplainCall, items, by)
    }
    /// Forgets every kept result of this function, in every tier.
    fn clear() {
        ::omnicache::__private::clear_site(Self::__site());
    }
    /// What the cache of this function has done so far.
    fn stats() -> ::omnicache::Stats {
        ::omnicache::__private::stats_site(Self::__site())
    }
    /// How results of this function are kept, and why so.
    fn explain() -> ::omnicache::Explanation {
        ::omnicache::__private::explain_site(Self::__site())
    }
}
#[doc(hidden)]
#[allow(clippy::multiple_inherent_impl)]
impl sorted {
    #[doc(hidden)]
    #[allow(unreachable_pub, private_interfaces, private_bounds, non_snake_case)]
    #[allow(clippy::missing_const_for_fn)]
    #[allow(clippy::multiple_bound_locations, clippy::type_repetition_in_bounds)]
    fn __body<T: Ord + Clone, const N: usize>(
        items: &[T; N],
        by: impl Fn(&T) -> u8 + 'static,
    ) -> Vec<T>
    where
        T: 'static,
        Vec<T>: ::omnicache::__private::Keep,
    {
        sort(items, by)
    }
}
