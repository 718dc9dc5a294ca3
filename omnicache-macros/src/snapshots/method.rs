impl Square {
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
    pub fn area(&self, scale: f64) -> f64 {
        Self::__omnicache_area_enter(self, ::omnicache::__private::Call, scale)
    }
    #[doc(hidden)]
    #[allow(unreachable_pub, private_interfaces, private_bounds, non_snake_case)]
    #[allow(clippy::missing_const_for_fn)]
    #[allow(clippy::multiple_bound_locations, clippy::type_repetition_in_bounds)]
    pub fn __omnicache_area_body(&self, scale: f64) -> f64 {
        self.side * self.side * scale
    }
    #[doc(hidden)]
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
    fn __omnicache_area_site() -> &'static ::omnicache::__private::Site {
        ::omnicache::__private::site! {
            name : "area", arguments : "self, scale", code :
            45314585104848394822760808265925024789u128, is_async : false
        }
    }
    #[doc(hidden)]
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
    fn __omnicache_area_marker() {}
    #[doc(hidden)]
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
    fn __omnicache_area_function() -> &'static ::omnicache::__private::Function<
        impl ::omnicache::__private::SharedForm<Result = f64> + 'static,
    > {
        ::omnicache::__private::function(
            Self::__omnicache_area_site(),
            &Self::__omnicache_area_marker,
            ::omnicache::__private::select!(f64),
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
    fn __omnicache_area_enter<__Op: ::omnicache::__private::Operation<f64>>(
        &self,
        __op: __Op,
        scale: f64,
    ) -> __Op::Reply {
        match ::omnicache::__private::Operation::hit(
            &__op,
            &Self::__omnicache_area_function(),
            |__key: &mut ::omnicache::__private::KeyWriter| {
                ::omnicache::__private::key_self!(__key, * self);
                ::omnicache::__private::key!(__key, scale);
            },
        ) {
            ::core::result::Result::Ok(__reply) => __reply,
            ::core::result::Result::Err(__seen) => {
                Self::__omnicache_area_pursue::<__Op>(self, __op, __seen, scale)
            }
        }
    }
    #[inline(never)]
    #[doc(hidden)]
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
    fn __omnicache_area_pursue<__Op: ::omnicache::__private::Operation<f64>>(
        &self,
        __op: __Op,
        __seen: ::omnicache::__private::Seen,
        scale: f64,
    ) -> __Op::Reply {
        let __step = ::omnicache::__private::Operation::at(
            __op,
            Self::__omnicache_area_function(),
            __seen,
            |__key: &mut ::omnicache::__private::KeyWriter| {
                ::omnicache::__private::key_self!(__key, * self);
                ::omnicache::__private::key!(__key, scale);
            },
        );
        match __step {
            ::omnicache::__private::Step::Done(__reply) => __reply,
            ::omnicache::__private::Step::Body(__pending) => {
                __pending.run(move || Self::__omnicache_area_body(self, scale))
            }
        }
    }
    /// The kept result of this call, if there is one. Never runs the body.
    ///
    /// Of the cached `area`.
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
    pub fn area_peek(&self, scale: f64) -> ::core::option::Option<f64> {
        Self::__omnicache_area_enter(self, ::omnicache::__private::Peek, scale)
    }
    /// Whether the result of this call is kept. Never runs the body.
    ///
    /// Of the cached `area`.
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
    pub fn area_contains(&self, scale: f64) -> bool {
        Self::__omnicache_area_enter(self, ::omnicache::__private::Contains, scale)
    }
    /// Runs the body, keeps its result and returns it.
    ///
    /// Of the cached `area`.
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
    pub fn area_refresh(&self, scale: f64) -> f64 {
        Self::__omnicache_area_enter(self, ::omnicache::__private::Refresh, scale)
    }
    /// Runs the body and touches no cache.
    ///
    /// Of the cached `area`.
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
    pub fn area_uncached(&self, scale: f64) -> f64 {
        Self::__omnicache_area_enter(self, ::omnicache::__private::Uncached, scale)
    }
    /// Forgets the result of this call; whether there was one, in any tier.
    ///
    /// Of the cached `area`.
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
    pub fn area_invalidate(&self, scale: f64) -> bool {
        Self::__omnicache_area_enter(self, ::omnicache::__private::Invalidate, scale)
    }
    /// The file that holds the result of this call, if it lies in one that other programs can read: an array, a frame or a byte string on disk. Never runs the body.
    ///
    /// Of the cached `area`.
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
    pub fn area_path(
        &self,
        scale: f64,
    ) -> ::core::option::Option<::omnicache::__private::PathBuf> {
        Self::__omnicache_area_enter(self, ::omnicache::__private::FilePath, scale)
    }
    /// Why this call would hit or miss.
    ///
    /// Of the cached `area`.
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
    pub fn area_explain_call(&self, scale: f64) -> ::omnicache::CallExplanation {
        Self::__omnicache_area_enter(self, ::omnicache::__private::ExplainCall, scale)
    }
    /// Forgets every kept result of this function, in every tier.
    ///
    /// Of the cached `area`.
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
    pub fn area_clear() {
        ::omnicache::__private::clear(Self::__omnicache_area_function());
    }
    /// What the cache of this function has done so far.
    ///
    /// Of the cached `area`.
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
    pub fn area_stats() -> ::omnicache::Stats {
        ::omnicache::__private::stats(Self::__omnicache_area_function())
    }
    /// How results of this function are kept, and why so.
    ///
    /// Of the cached `area`.
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
    pub fn area_explain() -> ::omnicache::Explanation {
        ::omnicache::__private::explain(Self::__omnicache_area_function())
    }
}
