//! Which keys this thread is computing right now, so that a body that calls itself with its own key is told apart
//! from one that waits for another.

use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;

use super::table::Lead;
use crate::key::Digest;

thread_local! {
    static LEADING: RefCell<Vec<Place>> = const { RefCell::new(Vec::new()) };
}

/// A function, by an address of its own, and a key.
type Place = (usize, Digest);

/// Whether this thread, or the task it polls, is computing this key.
pub(crate) fn is_leading(place: Place) -> bool {
    LEADING.with_borrow(|leading| leading.contains(&place))
}

/// Notes that this thread computes a key, until dropped.
pub(crate) struct Leading;

impl Leading {
    pub(crate) fn enter(place: Place) -> Self {
        LEADING.with_borrow_mut(|leading| leading.push(place));
        Self
    }

    /// Runs an async body: while it is polled its key counts as being computed, and each poll is a sign of life.
    pub(crate) async fn drive<K: Clone, F: Future>(place: Place, lead: &Lead<'_, K>, body: F) -> F::Output {
        let mut body = pin!(body);
        let output = std::future::poll_fn(|context| {
            lead.at_work(true);
            let _leading = Self::enter(place);
            let polled = body.as_mut().poll(context);
            if polled.is_pending() {
                lead.at_work(false);
            }
            polled
        });
        output.await
    }
}

impl Drop for Leading {
    fn drop(&mut self) {
        LEADING.with_borrow_mut(Vec::pop);
    }
}
