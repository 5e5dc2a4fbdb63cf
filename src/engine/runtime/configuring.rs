//! A configuration comes into force while the gateway serves: all of it, or nothing.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::TrySendError;
use std::time::Duration;

use tokio::sync::oneshot;

use super::{Engine, Plugs};
use crate::command::{Answer, Command};
use crate::config::Config;
use crate::refusal::Refusal;

impl Engine {
    /// Puts a checked configuration in force, with the plugs that belong to it; waits for its turn, however much does. Refused it leaves
    /// everything as it was.
    ///
    /// # Errors
    /// [`Refusal::Draining`], [`Refusal::Unavailable`].
    pub async fn configure(&self, config: Arc<Config>, plugs: Plugs) -> Result<u64, Refusal> {
        // Partners that are new must be there when the decider begins with them; nothing is sent to them before.
        let known = Arc::clone(&self.shared.plugs.read());
        let fresh = plugs.iter().filter(|(partner, _)| !known.contains_key(*partner));
        self.exchange_plugs(fresh.map(|(partner, plug)| (partner.clone(), Arc::clone(plug))).collect());
        self.shared.departures.expect(&config);
        let done = self.ask_in_turn(Command::Configure(Arc::clone(&config))).await;
        if done.is_err() {
            *self.shared.plugs.write() = known;
            return done;
        }
        // A removed partner's plug stays: acts that are open there still go on.
        self.exchange_plugs(plugs);
        self.shared.departures.agree(&config);
        self.shared.learn_credentials(&self.config());
        self.shared.tell_absent();
        done
    }

    fn exchange_plugs(&self, plugs: Plugs) {
        let mut current = self.shared.plugs.write();
        let mut kept = current.as_ref().clone();
        kept.extend(plugs);
        *current = Arc::new(kept);
    }

    /// Asks the decider as [`Engine::done`] does, and waits where that would shed.
    async fn ask_in_turn(&self, command: Command) -> Result<u64, Refusal> {
        const LOOK_EVERY: Duration = Duration::from_millis(10);
        let (reply, told) = oneshot::channel();
        let mut asked = self.shared.asked(command, reply);
        let refused = loop {
            if self.is_broken() {
                break Some(Refusal::Unavailable);
            }
            asked = match self.shared.commands.try_send(asked) {
                Ok(()) => break None,
                Err(TrySendError::Full(asked)) => asked,
                Err(TrySendError::Disconnected(_)) => break Some(Refusal::Draining),
            };
            tokio::time::sleep(LOOK_EVERY).await;
        };
        if let Some(refusal) = refused {
            self.shared.asked.fetch_sub(1, Ordering::Relaxed);
            return Err(refusal);
        }
        match told.await.unwrap_or(Err(Refusal::Unavailable))?.answer {
            Answer::Done(sequence) => Ok(sequence),
            _ => Err(Refusal::Unavailable),
        }
    }
}
