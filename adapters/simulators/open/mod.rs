//! The frame of every partner that speaks the open task form (schemas/partners/open-tasks.md): server, task book, clock, knobs, callbacks.
//!
//! An industry keeps its books and implements [`Trade`]; its public simulator wraps an [`Office`]:
//!
//! * `Trade::take` gets each number once (repeats and conflicts are answered by the frame) and says what becomes of it:
//!   final, `State::Registered`, `State::Accepted` (202), or `State::HandedBack`, which is answered 422 and binds nothing,
//!   so it must not have changed the books.
//! * `Trade::due` is called when `Trade::next_due_ms` has come, and after each task: what it returns becomes the answer to
//!   a question and is posted to the gateway until it says 200.
//! * Time is `Now`: milliseconds of the partner's own clock ([`Office::advance_ms`] turns it forward) and a calendar day
//!   ([`Office::set_date`]).

mod answer;
mod desk;
mod post;
mod serve;
mod task;

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Instant;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

pub(crate) use answer::{Ahead, Answer, Lead, News, State, dashed, details, finding};
pub(crate) use desk::Desk;
pub use post::CallbackRecord;
pub(crate) use task::{Payee, Task};

use crate::SimulatorError;
use crate::day::Day;
use crate::knobs::Knobs;
use crate::rate::{AgreedRate, RateWatch, Violation};

/// The partner's own time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Now {
    /// Milliseconds since its start, and what it was turned forward.
    pub ms: u64,
    /// Its calendar.
    pub today: Day,
}

/// An industry's books.
pub(crate) trait Trade: Send + 'static {
    /// A task with a new number.
    fn take(&mut self, task: &Task, now: Now) -> Answer;
    /// What has come due.
    fn due(&mut self, now: Now) -> Vec<News>;
    /// When something comes due next; `None` = nothing waits.
    fn next_due_ms(&self) -> Option<u64>;
    /// The calendar was turned: measures end, queues move up.
    fn turn(&mut self, _today: Day) {}
}

/// Where results and leads are posted.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Callback {
    /// The gateway's address, such as `http://127.0.0.1:8080`.
    pub gateway: String,
    /// The partner's id there.
    pub partner: String,
    /// What the partner shows there.
    pub token: String,
}

/// How a simulated partner of the open form is set up.
#[derive(Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OpenConfig {
    /// Where it listens; port 0 = a free one.
    pub address: SocketAddr,
    /// What callers must show.
    pub token: String,
    /// Where it posts; can be set later.
    pub callback: Option<Callback>,
    /// A callback that got no 200 is repeated after so many milliseconds.
    pub repeat_ms: u64,
    /// Rate agreed with callers.
    pub rate: Option<AgreedRate>,
    /// Seed of everything that is drawn.
    pub seed: u64,
    /// First day of its calendar.
    pub first_day: Day,
}

impl Default for OpenConfig {
    fn default() -> Self {
        OpenConfig {
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            token: "open-token".to_owned(),
            callback: None,
            repeat_ms: 200,
            rate: None,
            seed: 1,
            // The day of the sample messages.
            first_day: Day::new(2026, 11, 20).unwrap_or(Day::EPOCH),
        }
    }
}

/// What the threads of one partner share.
pub(crate) struct Shared<T> {
    pub token: String,
    pub desk: Mutex<Desk<T>>,
    pub knobs: Knobs,
    pub rate: Mutex<RateWatch>,
    pub callback: Mutex<Option<Callback>>,
    pub repeat_ms: u64,
    /// Something changed that the clock's task must look at.
    pub wake: Notify,
    /// Something waits to be posted, or can be posted now.
    pub post: Notify,
    /// A callback got its 200, or was given up.
    pub posted: Notify,
    started: Instant,
}

impl<T: Trade> Shared<T> {
    pub(crate) fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.started.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// A running partner. Dropping it stops it.
pub(crate) struct Office<T> {
    url: String,
    shared: Arc<Shared<T>>,
    stop: Option<tokio::sync::oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl<T: Trade> Office<T> {
    /// Starts the partner on its own thread; it takes tasks when this returns.
    ///
    /// # Errors
    /// When the port, the thread or the HTTP client cannot be had.
    pub(crate) fn start(name: &str, trade: T, config: OpenConfig) -> Result<Office<T>, SimulatorError> {
        let (listener, address) = listen(config.address)?;
        let client = reqwest::Client::builder().no_proxy().tls_certs_only(std::iter::empty()).build()?;
        let shared = Arc::new(Shared {
            token: config.token,
            desk: Mutex::new(Desk::new(trade, config.first_day)),
            knobs: Knobs::new(config.seed),
            rate: Mutex::new(RateWatch::new(config.rate)),
            callback: Mutex::new(config.callback),
            repeat_ms: config.repeat_ms,
            wake: Notify::new(),
            post: Notify::new(),
            posted: Notify::new(),
            started: Instant::now(),
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (stop, stopped) = tokio::sync::oneshot::channel();
        let served = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name(name.to_owned()).spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = stopped => {}
                    () = serve::accept(&served, listener) => {}
                    () = post::keep_time(&served) => {}
                    () = post::deliver(&served, &client) => {}
                }
            });
            // Dropping the runtime here ends every connection: no task outlives the thread that `stop` joins.
        })?;
        Ok(Office { url: format!("http://{address}"), shared, stop: Some(stop), thread: Some(thread) })
    }

    /// Where `/v1/tasks` begins.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Its knobs.
    pub(crate) fn knobs(&self) -> &Knobs {
        &self.shared.knobs
    }

    /// Says where results are posted; what waits goes there.
    pub(crate) fn call_back(&self, callback: Callback) {
        *self.shared.callback.lock() = Some(callback);
        self.shared.post.notify_one();
    }

    /// Turns the partner's clock forward; what comes due is done and posted.
    pub(crate) fn advance_ms(&self, ms: u64) {
        self.change(|desk, _| desk.advance(ms));
    }

    /// Turns the partner's calendar; it never goes back.
    pub(crate) fn set_date(&self, day: Day) {
        self.change(|desk, _| desk.set_date(day));
    }

    /// Looks into the books, or changes them as the partner's own people do.
    pub(crate) fn with<R>(&self, look: impl FnOnce(&mut T, Now) -> R) -> R {
        self.change(|desk, now| look(desk.trade(), now))
    }

    /// What comes due by a change stands in the answers when this returns: whoever asks next is told.
    fn change<R>(&self, change: impl FnOnce(&mut Desk<T>, Now) -> R) -> R {
        let elapsed_ms = self.shared.elapsed_ms();
        let (result, is_news) = {
            let mut desk = self.shared.desk.lock();
            let now = desk.now(elapsed_ms);
            let result = change(&mut desk, now);
            (result, desk.tick(elapsed_ms))
        };
        if is_news {
            self.shared.post.notify_one();
        }
        self.shared.wake.notify_one();
        result
    }

    /// Every callback that was posted, in order.
    pub(crate) fn callbacks(&self) -> Vec<CallbackRecord> {
        self.shared.desk.lock().records().to_vec()
    }

    /// Nothing waits to be posted.
    pub(crate) fn all_posted(&self) -> bool {
        self.shared.desk.lock().is_posted()
    }

    /// How many numbers it has taken.
    pub(crate) fn taken(&self) -> usize {
        self.shared.desk.lock().taken()
    }

    /// Changes the agreed rate; counting starts anew.
    pub(crate) fn agree(&self, rate: Option<AgreedRate>) {
        self.shared.rate.lock().agree(rate);
    }

    /// Calls above the agreed rate.
    pub(crate) fn violations(&self) -> Vec<Violation> {
        self.shared.rate.lock().violations()
    }

    /// Calls with a right credential.
    pub(crate) fn calls(&self) -> u64 {
        self.shared.rate.lock().calls()
    }
}

impl<T> Drop for Office<T> {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), SimulatorError> {
    let failed = |source| SimulatorError::Listen { address, source };
    let listener = TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let bound = listener.local_addr().map_err(failed)?;
    Ok((listener, bound))
}
