//! The two ways to wait: a thread parks, a task is woken.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use super::table::{Wait, Waited};
use super::timer::Alarm;

/// Unparks a thread.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Drives a future on this thread, which sleeps while there is nothing to do.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

/// Waits as a thread does: for as long as the leader's thread runs the body.
pub(crate) fn wait<K: Clone>(mut wait: Wait<'_, K>) -> Waited<'_, K> {
    block_on(poll_fn(|context| wait.poll(context)))
}

/// Waits as a task does: a leader that is not polled for `patience` is passed over.
pub(crate) async fn wait_awaited<K: Clone>(mut wait: Wait<'_, K>, patience: Duration) -> Waited<'_, K> {
    let mut seen = wait.sign();
    let mut until = Instant::now() + patience;
    let mut alarm: Option<Alarm> = None;
    poll_fn(move |context| {
        loop {
            if let Poll::Ready(waited) = wait.poll(context) {
                return Poll::Ready(waited);
            }
            if Instant::now() < until {
                drop(alarm.replace(Alarm::set(until, context.waker().clone())));
                return Poll::Pending;
            }
            // No sign for the whole of a wait: the next look finds the flight abandoned.
            wait.pass_over(seen);
            seen = wait.sign();
            until = Instant::now() + patience;
        }
    })
    .await
}
