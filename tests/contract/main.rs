//! The contract, one module per option or behaviour, in one program: a program each would take longer to link than to
//! run. What needs a process of its own has a file of its own beside this folder.

#![allow(
    clippy::pedantic,
    clippy::too_many_arguments,
    clippy::unnecessary_operation,
    clippy::unnecessary_to_owned,
    clippy::err_expect,
    reason = "what functions may look like is what is tested"
)]

#[path = "../common/mod.rs"]
mod common;

mod arguments;
mod between;
mod bounds;
mod companion;
mod companion_forms;
mod executors;
mod expiry;
mod expiry_of_each;
mod faults;
mod flights;
mod flights_async;
mod front;
mod helpers;
mod keys;
mod kinds;
mod locals;
mod options;
mod refusals;
mod removals;
mod results;
mod scalars;
