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
async fn user(client: &Client, __arg1: (u32, u8)) -> Result<User, ApiError> {
    user::__enter(::omnicache::__private::Call, client, __arg1).await
}
/// The cache of [`user()`].
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
enum user {}
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
impl user {
    #[doc(hidden)]
    fn __site() -> &'static ::omnicache::__private::Site {
        ::omnicache::__private::site! {
            name : "user", arguments : "(id , mut tries)", code :
            123896785272548642379921659442340765102u128, is_async : true
        }
    }
    #[doc(hidden)]
    fn __marker() {}
    #[doc(hidden)]
    fn __function() -> &'static ::omnicache::__private::Function<
        impl ::omnicache::__private::SharedForm<
            Result = Result<User, ApiError>,
        > + 'static,
    > {
        let _ = ::omnicache::__private::require_stored(
            &::omnicache::__private::select!(Result < User, ApiError >),
        );
        ::omnicache::__private::function(
            Self::__site(),
            &Self::__marker,
            ::omnicache::__private::select!(Result < User, ApiError >),
            || ::omnicache::__private::Setup {
                config: {
                    let __config: ::omnicache::__private::Config = ::omnicache::__private::Config::new();
                    __config.backend(::omnicache::__private::Backend::Disk)
                },
                keep_if: ::core::option::Option::None,
            },
        )
    }
    #[doc(hidden)]
    async fn __enter<
        __Op: ::omnicache::__private::AsyncOperation<Result<User, ApiError>>,
    >(__op: __Op, client: &Client, __arg1: (u32, u8)) -> __Op::Reply {
        let __step = ::omnicache::__private::AsyncOperation::at(
                __op,
                Self::__function(),
                |__key: &mut ::omnicache::__private::KeyWriter| {
                    ::omnicache::__private::stable_key!(__key, __arg1);
                },
            )
            .await;
        match __step {
            ::omnicache::__private::Step::Done(__reply) => __reply,
            ::omnicache::__private::Step::Body(__pending) => {
                __pending.run(Self::__body(client, __arg1)).await
            }
        }
    }
    /// The kept result of this call, if there is one. Never runs the body.
    async fn peek(
        client: &Client,
        __arg1: (u32, u8),
    ) -> ::core::option::Option<Result<User, ApiError>> {
        user::__enter(::omnicache::__private::Peek, client, __arg1).await
    }
    /// Whether the result of this call is kept. Never runs the body.
    async fn contains(client: &Client, __arg1: (u32, u8)) -> bool {
        user::__enter(::omnicache::__private::Contains, client, __arg1).await
    }
    /// Runs the body, keeps its result and returns it.
    async fn refresh(client: &Client, __arg1: (u32, u8)) -> Result<User, ApiError> {
        user::__enter(::omnicache::__private::Refresh, client, __arg1).await
    }
    /// Runs the body and touches no cache.
    async fn uncached(client: &Client, __arg1: (u32, u8)) -> Result<User, ApiError> {
        user::__enter(::omnicache::__private::Uncached, client, __arg1).await
    }
    /// Forgets the result of this call; whether there was one, in any tier.
    async fn invalidate(client: &Client, __arg1: (u32, u8)) -> bool {
        user::__enter(::omnicache::__private::Invalidate, client, __arg1).await
    }
    /// The file that holds the result of this call, if it lies in one that other programs can read: an array, a frame or a byte string on disk. Never runs the body.
    async fn path(
        client: &Client,
        __arg1: (u32, u8),
    ) -> ::core::option::Option<::omnicache::__private::PathBuf> {
        user::__enter(::omnicache::__private::FilePath, client, __arg1).await
    }
    /// Why this call would hit or miss.
    async fn explain_call(
        client: &Client,
        __arg1: (u32, u8),
    ) -> ::omnicache::CallExplanation {
        user::__enter(::omnicache::__private::ExplainCall, client, __arg1).await
    }
    /// Forgets every kept result of this function, in every tier.
    async fn clear() {
        ::omnicache::__private::clear_async(Self::__function()).await;
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
impl user {
    #[doc(hidden)]
    #[allow(unreachable_pub, private_interfaces, private_bounds, non_snake_case)]
    #[allow(clippy::missing_const_for_fn)]
    #[allow(clippy::multiple_bound_locations, clippy::type_repetition_in_bounds)]
    async fn __body(
        client: &Client,
        (id, mut tries): (u32, u8),
    ) -> Result<User, ApiError> {
        client.user(id, &mut tries).await
    }
}
