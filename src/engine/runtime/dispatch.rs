//! Exchanges: one attempt on tokio, judged, and back to the decider. A panicking exchange is an outcome, not a dead lane.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use domain::SlipLine;
use domain::form::Form;
use domain::slip::Slip;
use domain::socket::{CallOut, Cause, Judged, Plug};
use futures_util::FutureExt;

use super::departures::Leave;
use super::whose::of_its_subject;
use super::{Asked, Shared, beside};
use crate::command::{Command, Effect};
use crate::refusal::Refusal;

/// Starts exchanges whose beginning is durable: one hand-over to the exchange threads for all of a commit, each a task of its own there.
pub fn begin(shared: &Arc<Shared>, effects: Vec<Effect>) {
    if effects.is_empty() {
        return;
    }
    shared.counts.exchanges.fetch_add(u64::try_from(effects.len()).unwrap_or(0), Ordering::Relaxed);
    let own = Arc::clone(shared);
    shared.tokio.spawn(async move {
        for effect in effects {
            tokio::spawn(exchange(Arc::clone(&own), effect));
        }
    });
}

async fn exchange(shared: Arc<Shared>, effect: Effect) {
    let (judged, own) = match AssertUnwindSafe(attempt(&shared, &effect)).catch_unwind().await {
        Ok(told) => told,
        Err(_) => (Judged::Doubt { cause: Cause::Panicked }, None),
    };
    if let Judged::NotSent { cause, .. } | Judged::Doubt { cause } = &judged {
        shared.calls.failed(&effect.partner, *cause, shared.clock.wall());
        if let Some(count) = shared.counts.failed.get(cause.code()) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
    let (judged, leads) = judged.parted();
    beside::take(&shared, &effect, own, leads).await;
    let command = Command::Ended { exchange: effect.exchange, act: effect.act, judged };
    tell(&shared, command).await;
}

/// The end of an exchange must reach the decider: it waits for room, off the worker when the channel is full.
pub(super) async fn tell(shared: &Arc<Shared>, command: Command) {
    let asked = Asked::Command(Box::new(command), None);
    if let Err(std::sync::mpsc::TrySendError::Full(asked)) = shared.commands.try_send(asked) {
        let mut asked = Some(asked);
        while let Some(again) = asked.take() {
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
            if let Err(std::sync::mpsc::TrySendError::Full(back)) = shared.commands.try_send(again) {
                asked = Some(back);
            }
        }
    }
}

/// What came of it, and what of ours it was about.
async fn attempt(shared: &Arc<Shared>, effect: &Effect) -> (Judged, Option<SlipLine>) {
    let plug = shared.plugs.read().get(&effect.partner).cloned();
    let Some(plug) = plug else { return (nothing_sent(Cause::Connect), None) };
    let Plug::CallOut(call) = plug.as_ref() else { return (nothing_sent(Cause::Connect), None) };
    let partner = shared.partner(&effect.partner);
    let form = partner.as_ref().map(|partner| &partner.form);
    let Some(slip) = shared.papers.slip(&[effect.act], true, form) else {
        // Erased or lost: what cannot be written cannot have been sent. What is lost may be put back, so it waits and is no end.
        let is_lost = shared.papers.is_lost(effect.act.sequence) || shared.papers.is_lost(effect.request);
        let cause = if is_lost { Cause::Unreadable } else { Cause::Unencodable };
        return (if effect.ask { Judged::Doubt { cause } } else { nothing_sent(cause) }, None);
    };
    let own = slip.lines.first().map(|line| SlipLine { slip: slip.number, line: line.line });
    let judged = match (effect.ask, own.zip(slip.lines.first())) {
        (true, Some((own, line))) => within_window(shared, &effect.partner, call.ask(own, line.kind)).await,
        (true, None) => return (Judged::Doubt { cause: Cause::Unencodable }, None),
        (false, _) => send(shared, effect, (call.as_ref(), form), &slip).await,
    };
    (of_its_subject(&slip, judged), own)
}

async fn send(
    shared: &Arc<Shared>,
    effect: &Effect,
    (call, form): (&dyn CallOut, Option<&Form>),
    slip: &Slip,
) -> Judged {
    if !slip.lines.iter().any(|line| call.wants_papers(line.kind)) {
        return within_window(shared, &effect.partner, call.send(slip)).await;
    }
    match shared.papers_for((effect.request, &effect.partner), slip, form).await {
        Ok(files) => within_window(shared, &effect.partner, call.send_with_papers(slip, &files)).await,
        Err(Refusal::ContentUnreadable) => nothing_sent(Cause::Unreadable),
        Err(_) => nothing_sent(Cause::Unencodable),
    }
}

/// One call, once the partner's window has room; the decision kept it too, but the disk came between.
async fn within_window(shared: &Shared, partner: &str, call: impl Future<Output = Judged>) -> Judged {
    let ticket = loop {
        match shared.departures.take(partner, shared.clock.mono()) {
            Leave::Now(ticket) => break ticket,
            Leave::After(wait_ms) => tokio::time::sleep(std::time::Duration::from_millis(wait_ms)).await,
        }
    };
    let judged = call.await;
    shared.departures.answered(partner, ticket, shared.clock.mono());
    judged
}

fn nothing_sent(cause: Cause) -> Judged {
    Judged::NotSent { cause, retry_after_ms: None }
}
