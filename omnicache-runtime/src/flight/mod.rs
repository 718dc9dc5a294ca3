//! Single-flight: of several callers with one key, one runs the body and the others get its value.
//!
//! One state machine serves threads and tasks. It does no I/O and reads no clock; whoever waits is a [`Waker`],
//! which may wake a task or unpark a thread.

mod apart;
mod leading;
mod listing;
mod shared;
mod table;
mod timer;
mod wait;

pub(crate) use apart::Parted;
pub(crate) use leading::{Leading, is_leading};
pub(crate) use table::{Flights, Joined, Landings, Lead, Waited};
pub(crate) use wait::{wait, wait_awaited};
