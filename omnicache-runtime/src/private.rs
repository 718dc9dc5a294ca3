//! What the macro's code calls. Not part of the public interface: it changes with the macro.

pub use std::path::PathBuf;
pub use std::time::Duration;

pub use inventory;

pub use crate::driver::{
    AsyncOperation, Call, Contains, ExplainCall, FilePath, Function, Invalidate, Local, Meta, Near,
    Operation, Peek, Refresh, Seen, Setup, Site, SiteRef, Step, Uncached, clear, clear_async, clear_site,
    clear_site_async, explain, explain_site, function, local_function, stats_of as stats, stats_site,
};
pub use crate::key::KeyWriter;
pub use crate::kind::{Backend, Policy};
pub use crate::select::probe::{require_array, require_stored};
pub use crate::select::{Config, Form, Keep, SharedForm};
pub use crate::{
    __key as key, __key_self as key_self, __near as near, __select as select,
    __select_with_err as select_with_err, __site as site, __stable_key as stable_key,
    __stable_key_self as stable_key_self,
};

/// The static of a function, listed among the process's.
#[doc(hidden)]
#[macro_export]
macro_rules! __site {
    (name: $name:expr, arguments: $arguments:expr, code: $code:expr, is_async: $is_async:expr $(,)?) => {{
        static SITE: $crate::private::Site = $crate::private::Site::new($crate::private::Meta::new(
            $name,
            ::core::module_path!(),
            $arguments,
            $code,
            $is_async,
        ));
        $crate::private::inventory::submit! { $crate::private::SiteRef(&SITE) }
        &SITE
    }};
}

/// What a local function has in each thread, where it is looked for first.
#[doc(hidden)]
#[macro_export]
macro_rules! __near {
    () => {{
        ::std::thread_local! {
            static NEAR: $crate::private::Near = const { $crate::private::Near::new() };
        }
        &NEAR
    }};
}
