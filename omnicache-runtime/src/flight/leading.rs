//! Which keys this thread is computing right now, so that a body that calls itself with its own key is told apart
//! from one that waits for another.

use std::cell::{Cell, RefCell};
use std::future::Future;
use std::pin::pin;

use super::table::Lead;
use crate::key::Digest;

thread_local! {
    /// The first of them: most bodies call no other cached function, and what needs no destructor is found at once.
    static FIRST: Cell<Option<Place>> = const { Cell::new(None) };
    static MORE: RefCell<Vec<Place>> = const { RefCell::new(Vec::new()) };
}

/// A function, by an address of its own, and a key.
type Place = (usize, Digest);

/// Whether this thread, or the task it polls, is computing this key.
#[inline]
pub(crate) fn is_leading(place: Place) -> bool {
    let first = FIRST.get();
    first == Some(place) || first.is_some() && MORE.with_borrow(|more| more.contains(&place))
}

/// Notes that this thread computes a key, until dropped.
pub(crate) struct Leading {
    is_first: bool,
}

impl Leading {
    #[inline]
    pub(crate) fn enter(place: Place) -> Self {
        let is_first = FIRST.get().is_none();
        if is_first {
            FIRST.set(Some(place));
        } else {
            MORE.with_borrow_mut(|more| more.push(place));
        }
        Self { is_first }
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
    #[inline]
    fn drop(&mut self) {
        // The last to begin is the first to end.
        if self.is_first {
            FIRST.set(None);
        } else {
            MORE.with_borrow_mut(Vec::pop);
        }
    }
}
