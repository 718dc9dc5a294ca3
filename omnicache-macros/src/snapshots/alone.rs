impl Square {
    #[allow(clippy::multiple_bound_locations, clippy::type_repetition_in_bounds)]
    fn area(&self, scale: f64) -> f64 {
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
        let __function = {
            ::omnicache::__private::function(
                ::omnicache::__private::site! {
                    name : "area", arguments : "self, scale", code :
                    266927928561768475607279460919953084106u128, is_async : false
                },
                &|| (),
                ::omnicache::__private::select!(f64),
                || ::omnicache::__private::Setup {
                    config: {
                        let __config: ::omnicache::__private::Config = ::omnicache::__private::Config::new();
                        __config
                    },
                    keep_if: ::core::option::Option::None,
                    ttl_if: ::core::option::Option::None,
                },
            )
        };
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
        let __step = ::omnicache::__private::Operation::at(
            ::omnicache::__private::Call,
            __function,
            ::omnicache::__private::Seen::NOTHING,
            |__key: &mut ::omnicache::__private::KeyWriter| {
                ::omnicache::__private::key_self!(__key, * self);
                ::omnicache::__private::key!(__key, scale);
            },
        );
        match __step {
            ::omnicache::__private::Step::Done(__reply) => __reply,
            ::omnicache::__private::Step::Body(__pending) => {
                __pending
                    .run(move || -> f64 {
                        let mut scale = scale;
                        scale += 1.0;
                        self.side * scale
                    })
            }
        }
    }
}
