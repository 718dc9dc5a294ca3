//! Wakes a task later, on any executor: one thread for the process, started when first needed.

use std::collections::BTreeMap;
use std::sync::{Condvar, LazyLock, Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::thread;
use std::time::Instant;

struct Timer {
    alarms: Mutex<Alarms>,
    changed: Condvar,
}

#[derive(Default)]
struct Alarms {
    due: BTreeMap<(Instant, u64), Waker>,
    tickets: u64,
    running: bool,
}

static TIMER: LazyLock<Timer> = LazyLock::new(|| Timer { alarms: Mutex::default(), changed: Condvar::new() });

impl Timer {
    fn lock(&self) -> MutexGuard<'_, Alarms> {
        self.alarms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes what is due, and sleeps until the next is.
    fn run(&self) {
        let mut alarms = self.lock();
        loop {
            let now = Instant::now();
            let next = alarms.due.first_key_value().map(|((at, _), _)| *at);
            alarms = match next {
                Some(at) if at <= now => {
                    let due = alarms.due.pop_first();
                    drop(alarms);
                    due.into_iter().for_each(|(_, waker)| waker.wake());
                    self.lock()
                }
                Some(at) => {
                    self.changed.wait_timeout(alarms, at - now).unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(alarms).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }
}

/// An alarm that is set; taken back when dropped.
pub(super) struct Alarm((Instant, u64));

impl Alarm {
    /// Wakes `waker` at `at`. Where no thread can be started it never does, and whoever waits does so for as
    /// long as the leader takes.
    pub(super) fn set(at: Instant, waker: Waker) -> Self {
        let mut alarms = TIMER.lock();
        alarms.tickets += 1;
        let key = (at, alarms.tickets);
        alarms.due.insert(key, waker);
        if !alarms.running {
            let started = thread::Builder::new().name("omnicache-timer".to_owned()).spawn(|| TIMER.run());
            alarms.running = started.is_ok();
        }
        drop(alarms);
        TIMER.changed.notify_one();
        Self(key)
    }
}

impl Drop for Alarm {
    fn drop(&mut self) {
        TIMER.lock().due.remove(&self.0);
    }
}
