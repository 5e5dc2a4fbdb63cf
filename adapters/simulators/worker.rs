//! The thread of one simulator: what it does until it is stopped or dropped, and rounds that come by the clock or when asked for.

use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot};

use crate::SimulatorError;

/// Callers that wait for a round.
const WAITING_MAX: usize = 64;
/// How often a timer that nobody waits for is looked at.
const UNTIMED: Duration = Duration::from_secs(3600);

/// A thread with a runtime of its own. Dropping it ends what runs there and waits for the end.
pub(crate) struct Worker {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Runs `work` until it ends or this is dropped.
    ///
    /// # Errors
    /// When the thread cannot be had.
    pub(crate) fn start<F: Future<Output = ()>>(
        name: &str,
        work: impl FnOnce() -> F + Send + 'static,
    ) -> Result<Worker, SimulatorError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            runtime.block_on(async move {
                tokio::select! {
                    _ = stopped => {}
                    () = work() => {}
                }
            });
            // Dropping the runtime here ends every connection: no task outlives the thread that is waited for.
        })?;
        Ok(Worker { stop: Some(stop), thread: Some(thread) })
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

/// Rounds of a partner that comes by itself, one at a time. Dropping it ends the round under way.
pub(crate) struct Rounds<R> {
    asked: mpsc::Sender<oneshot::Sender<R>>,
    _worker: Worker,
}

impl<R: Send + 'static> Rounds<R> {
    /// Begins at once and then every `period_ms` milliseconds; 0 = only when asked.
    ///
    /// # Errors
    /// When the thread cannot be had.
    pub(crate) fn start<F: Future<Output = R>>(
        name: &str,
        period_ms: u64,
        round: impl Fn() -> F + Send + 'static,
    ) -> Result<Rounds<R>, SimulatorError> {
        let (asked, asking) = mpsc::channel(WAITING_MAX);
        let period = (period_ms > 0).then(|| Duration::from_millis(period_ms));
        let worker = Worker::start(name, move || run(period, asking, round))?;
        Ok(Rounds { asked, _worker: worker })
    }

    /// Runs one round now and says what it did.
    ///
    /// # Errors
    /// When it has stopped.
    pub(crate) async fn now(&self) -> Result<R, SimulatorError> {
        let (told, report) = oneshot::channel();
        self.asked.send(told).await.map_err(|_| SimulatorError::Stopped)?;
        report.await.map_err(|_| SimulatorError::Stopped)
    }
}

async fn run<R, F: Future<Output = R>>(
    period: Option<Duration>,
    mut asked: mpsc::Receiver<oneshot::Sender<R>>,
    round: impl Fn() -> F,
) {
    let mut timer = tokio::time::interval(period.unwrap_or(UNTIMED));
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        let told = tokio::select! {
            told = asked.recv() => match told {
                Some(told) => Some(told),
                None => return,
            },
            _ = timer.tick(), if period.is_some() => None,
        };
        let report = round().await;
        if let Some(told) = told {
            // A caller that has gone has nobody left to tell.
            drop(told.send(report));
        }
    }
}
