//! The promises as plain functions over the durable events and the partners' books.

use std::collections::{BTreeMap, BTreeSet};

use domain::calendar::Calendar;
use domain::partner::Travel;
use domain::{ActId, ActKind, ActState, Day, Millis};
use engine::state::State;
use store::record::{Event, ExchangeBegan, Fact};

use crate::book::{Book, Place};
use crate::broken::{Broken, broken};
use crate::dice::signed;
use crate::gateway::Gateway;
use crate::history::{ActSeen, History};
use crate::world::{World, destination};

/// What must hold of an event before it is taken into the history.
pub fn before(history: &History, event: &Event, world: &World) -> Result<(), Broken> {
    if let Fact::ActPassed(fact) = &event.fact
        && let Some(over) = history.acts.get(&fact.over.into())
        && over.state == ActState::Ready
        && may_not_be_passed(history, over)
    {
        return broken("order", format!("{} is passed, which nothing but its lane keeps back", over.id));
    }
    let Fact::ExchangeBegan(fact) = &event.fact else { return Ok(()) };
    p5_pause(history, fact, event.at)?;
    if fact.kind == "offer" {
        p5_handed_over(history, fact, world)?;
        whole_slips(history, fact)?;
    } else {
        p5_limits(history, fact, event.at, world)?;
    }
    if fact.kind == "send" || fact.kind == "offer" {
        for act in &fact.acts {
            nothing_held_leaves(history, ActId::from(*act))?;
            order_per_subject(history, ActId::from(*act), world)?;
        }
    }
    Ok(())
}

/// What must hold once an event is in the history.
pub fn after(history: &History, sequence: u64, event: &Event, books: &BTreeMap<String, Book>) -> Result<(), Broken> {
    if matches!(event.fact, Fact::RequestAccepted(_) | Fact::PlanExtended(_)) {
        p4_ceilings(history, sequence)?;
    }
    for id in &history.ended {
        if let Some(act) = history.acts.get(id) {
            p3_final_only_if_said(act, books)?;
        }
    }
    Ok(())
}

/// P5: nothing begins at a paused or resting lane, and nothing is offered there.
fn p5_pause(history: &History, fact: &ExchangeBegan, at: Millis) -> Result<(), Broken> {
    let Some(lane) = history.lanes.get(&fact.partner) else { return Ok(()) };
    if lane.paused_until.is_some_and(|until| until > at) {
        return broken("P5", format!("{} is paused and an exchange begins ({})", fact.partner, fact.kind));
    }
    if fact.kind != "offer" && lane.rests_until > at {
        return broken(
            "P5",
            format!("{} rests until {} and an exchange begins at {at}", fact.partner, lane.rests_until),
        );
    }
    Ok(())
}

/// P5: never more than `max` in any half-open window, never more under way than agreed, nor a day, nor outside hours.
fn p5_limits(history: &History, fact: &ExchangeBegan, at: Millis, world: &World) -> Result<(), Broken> {
    let Some(partner) = world.partners.get(&fact.partner) else {
        return broken("P5", format!("no partner {}", fact.partner));
    };
    if partner.hours.opens_at(at, &Calendar::default()).is_some() {
        return broken("P5", format!("{} is closed at {at}", partner.id));
    }
    let Some(lane) = history.lanes.get(&fact.partner) else { return Ok(()) };
    let max = usize::try_from(partner.rate.max).unwrap_or(usize::MAX);
    let earlier = lane.begins.len().checked_sub(max).and_then(|place| lane.begins.get(place));
    if earlier.is_some_and(|earlier| at - earlier < signed(partner.rate.window_ms)) {
        return broken("P5", format!("{}: more than {max} exchanges in {} ms", partner.id, partner.rate.window_ms));
    }
    if lane.under_way.len() >= usize::try_from(partner.in_flight_max).unwrap_or(usize::MAX) {
        return broken("P5", format!("{}: more than {} under way", partner.id, partner.in_flight_max));
    }
    let today = lane.begins.iter().rev().take_while(|begin| Day::of(**begin) == Day::of(at)).count();
    if partner.per_day.is_some_and(|max| today >= usize::try_from(max).unwrap_or(usize::MAX)) {
        return broken("P5", format!("{}: more than {:?} on one day", partner.id, partner.per_day));
    }
    Ok(())
}

/// P5: never more acts handed over in lists and not answered than agreed.
fn p5_handed_over(history: &History, fact: &ExchangeBegan, world: &World) -> Result<(), Broken> {
    let Some(partner) = world.partners.get(&fact.partner) else {
        return broken("P5", format!("no partner {}", fact.partner));
    };
    let open = history.open.iter().filter_map(|id| history.acts.get(id));
    let with_it = open.filter(|act| act.partner == partner.id && act.state == ActState::Awaiting).count();
    if with_it + fact.acts.len() > usize::try_from(partner.in_flight_max).unwrap_or(usize::MAX) {
        let (max, more) = (partner.in_flight_max, fact.acts.len());
        return broken("P5", format!("{}: {with_it} with it and {more} more, where {max} are agreed", partner.id));
    }
    Ok(())
}

/// A partner that fetches knows a repeat by the slip's number: whatever of it ever goes, goes in one list.
fn whole_slips(history: &History, fact: &ExchangeBegan) -> Result<(), Broken> {
    let going: BTreeSet<ActId> = fact.acts.iter().copied().map(ActId::from).collect();
    let slips: BTreeSet<_> = going.iter().filter_map(|id| history.acts.get(id)).map(|act| act.key.0).collect();
    // Acts of one plan stand together, and slips are drawn for one plan.
    let plans: BTreeSet<u64> = going.iter().map(|id| id.sequence).collect();
    for plan in plans {
        let all = history.acts.range(ActId { sequence: plan, line: 0 }..=ActId { sequence: plan, line: u32::MAX });
        for (id, act) in all.filter(|(id, act)| slips.contains(&act.key.0) && !going.contains(id)) {
            if !act.state.is_final() {
                return broken("slips", format!("{id} is {} while the rest of its slip goes", act.state.word()));
            }
        }
    }
    Ok(())
}

/// Nothing of a case that rests leaves, and nothing that is stopped.
fn nothing_held_leaves(history: &History, id: ActId) -> Result<(), Broken> {
    let act = history.acts.get(&id);
    match act.and_then(|act| Some((act, history.held.holds(act)?))) {
        Some((act, why)) => broken("stops", format!("{} {id} is {why} and is handed over", act.kind.word())),
        None => Ok(()),
    }
}

/// Order: acts on one subject at one partner go in the order of becoming ready; a doubtful one blocks its own case.
fn order_per_subject(history: &History, id: ActId, world: &World) -> Result<(), Broken> {
    let Some(act) = history.acts.get(&id) else {
        return broken("P6", format!("an exchange of unknown act {id} begins"));
    };
    let deduplicates = world.partners.get(&act.partner).is_some_and(|partner| partner.doubt.deduplicates);
    if act.state == ActState::InDoubt && deduplicates {
        return Ok(());
    }
    if act.state != ActState::Ready {
        return broken("P6", format!("{id} is {} and is handed over", act.state.word()));
    }
    if !act.kind.is_control() {
        return Ok(());
    }
    let Some(eligible) = act.eligible else {
        return broken("order", format!("{id} goes before what it builds on has ended"));
    };
    for other in history.open.iter().filter_map(|other| history.acts.get(other)) {
        let same =
            other.id != id && other.partner == act.partner && other.subject == act.subject && other.kind.is_control();
        let earlier = other.ready < act.ready && other.eligible.is_some_and(|other| other < eligible);
        if !same || !earlier {
            continue;
        }
        let blocks = match other.state {
            ActState::Ready => may_not_be_passed(history, other) && !history.passed.contains(&(id, other.id)),
            ActState::Sending => true,
            ActState::InDoubt => other.case == act.case || !history.passed.contains(&(id, other.id)),
            _ => false,
        };
        if blocks {
            let (kind, later) = (act.kind.word(), other.kind.word());
            return broken(
                "order",
                format!(
                    "{kind} {:?} goes before {later} {:?} ({}), which became ready earlier: {:?} {:?}",
                    key_of(act),
                    key_of(other),
                    other.state.word(),
                    (act.ready, act.eligible, act.base),
                    (other.ready, other.eligible, other.base)
                ),
            );
        }
    }
    Ok(())
}

fn key_of(act: &ActSeen) -> (u64, u32) {
    (act.id.sequence, act.id.line)
}

/// Does nothing but its lane keep it back, so that nobody may pass it?
fn may_not_be_passed(history: &History, act: &ActSeen) -> bool {
    !held_by_own_doubt(history, act) && history.held.holds(act).is_none()
}

/// Is an earlier act of its own case in doubt, so that others may pass it?
fn held_by_own_doubt(history: &History, act: &ActSeen) -> bool {
    history.open.iter().filter_map(|other| history.acts.get(other)).any(|other| {
        let same = other.case == act.case && other.partner == act.partner && other.subject == act.subject;
        same && other.state == ActState::InDoubt && (other.ready < act.ready || other.eligible < act.eligible)
    })
}

/// P4: what an event orders stays within claim and costs, and within the freeze it is taken from; money goes to the court alone.
fn p4_ceilings(history: &History, sequence: u64) -> Result<(), Broken> {
    let planned: Vec<&ActSeen> = history
        .acts
        .range(ActId { sequence, line: 0 }..ActId { sequence: sequence + 1, line: 0 })
        .map(|(_, act)| act)
        .collect();
    let Some(case) = planned.first().map(|act| act.case) else { return Ok(()) };
    let target = history.targets.get(&case).copied().unwrap_or(0);
    let sums = history.sums_of(case);
    let orders = |kind| planned.iter().any(|act| act.kind == kind);
    if orders(ActKind::Freeze) && sums.exposure + sums.deducted > target {
        let parts = parts_of(history, case);
        return broken("P4", format!("event {sequence} orders above claim and costs {target}: {sums:?} of {parts}"));
    }
    if (orders(ActKind::Deduct) || orders(ActKind::Surrender)) && sums.deducted + sums.deducting > target {
        return broken("P4", format!("event {sequence} deducts above claim and costs {target}: {sums:?}"));
    }
    for act in planned.iter().filter(|act| act.kind.moves_money()) {
        let Some(freeze) = act.base.and_then(|base| history.acts.get(&base)) else {
            return broken("P4", format!("{} deducts from no freeze", act.id));
        };
        let claimed: i64 = history
            .open
            .iter()
            .filter_map(|other| history.acts.get(other))
            .filter(|other| other.kind.moves_money() && other.base == act.base)
            .map(|other| other.amount)
            .sum();
        let released = history
            .open
            .iter()
            .filter_map(|other| history.acts.get(other))
            .find(|other| other.kind == ActKind::Release && other.base == act.base && other.id < act.id);
        if let Some(release) = released {
            return broken("P4", format!("{} deducts from a freeze that {} is about to release", act.id, release.id));
        }
        if freeze.kind != ActKind::Freeze
            || freeze.partner != act.partner
            || freeze.case != act.case
            || claimed > freeze.caught()
        {
            return broken(
                "P4",
                format!(
                    "{} deducts {claimed} in all from {:?}, which holds {}: {}",
                    act.id,
                    key_of(freeze),
                    freeze.caught(),
                    parts_of(history, freeze.case)
                ),
            );
        }
    }
    Ok(())
}

/// The freezes and deductions of a case, for the report.
fn parts_of(history: &History, case: (u64, u64)) -> String {
    let acts = history
        .acts
        .values()
        .filter(|act| act.case == case && (act.kind.needs_amount() || act.kind == ActKind::Release));
    let told = acts.map(|act| {
        format!(
            "{:?} on {:?} {} {} of {} limit {} caught {} moved {}",
            key_of(act),
            act.base.map(|base| (base.sequence, base.line)),
            act.kind.word(),
            act.state.word(),
            act.amount,
            act.limit(),
            act.caught(),
            act.moved
        )
    });
    told.collect::<Vec<_>>().join("; ")
}

/// P3: final only if the partner said so, or it provably never got there, or two people settled it.
fn p3_final_only_if_said(act: &ActSeen, books: &BTreeMap<String, Book>) -> Result<(), Broken> {
    let Some(book) = books.get(&act.partner) else { return Ok(()) };
    let order = book.orders.get(&act.key);
    let effects = order.map_or(0, |order| order.effects);
    let processed = order.is_some_and(|order| order.place == Place::Processed);
    let lied = order.is_some_and(|order| order.lie.is_some());
    if !act.kind.is_control() {
        return Ok(());
    }
    let wrong = match act.state {
        ActState::Done | ActState::Partly => effects == 0,
        ActState::Refused | ActState::HandedBack if act.kind == ActKind::Query => false,
        ActState::Refused | ActState::HandedBack => !processed || (effects > 0 && !lied),
        ActState::Unsent | ActState::Withdrawn => book.may_have_happened(act.key),
        _ => true,
    };
    if wrong {
        let place = order.map(|order| order.place);
        return broken(
            "P3",
            format!(
                "{} {} is shown {}, but the partner's book says {place:?}, {effects} effects",
                act.kind.word(),
                act.id,
                act.state.word()
            ),
        );
    }
    Ok(())
}

/// P2: the books of the partners noticed nothing that came twice, and nothing took effect twice.
pub fn p2_at_most_once(books: &mut BTreeMap<String, Book>) -> Result<(), Broken> {
    for (partner, book) in books {
        if let Some(fault) = book.faults.first() {
            return broken("P2", format!("{partner}: {fault}"));
        }
    }
    Ok(())
}

/// P2 at the end: effects in the books.
pub fn p2_effects(books: &BTreeMap<String, Book>) -> Result<(), Broken> {
    for (partner, book) in books {
        if let Some((key, order)) = book.orders.iter().find(|(_, order)| order.effects > 1) {
            return broken("P2", format!("{partner}: {key:?} took effect {} times", order.effects));
        }
    }
    Ok(())
}

/// P3 at the end: what is final here agrees with the books.
pub fn p3_agrees_with_books(history: &History, books: &BTreeMap<String, Book>) -> Result<(), Broken> {
    history.acts.values().filter(|act| act.state.is_final()).try_for_each(|act| p3_final_only_if_said(act, books))
}

/// P4 from the books: what partners hold and moved for a case is never above claim and costs, whatever was lost on the way.
pub fn p4_books(history: &History, books: &BTreeMap<String, Book>) -> Result<(), Broken> {
    for (case, target) in &history.targets {
        let liar = books
            .values()
            .any(|book| book.orders.values().any(|order| order.message.case == *case && order.lie.is_some()));
        if liar || history.contradicted.contains(case) {
            continue;
        }
        let above = books.values().flat_map(|book| &book.above_hold).find(|(of, _)| of == case);
        if let Some((_, what)) = above {
            return broken("P4", format!("{what}; {}", parts_of(history, *case)));
        }
        let held: i64 = books.values().map(|book| book.limits_of(*case)).sum();
        let moved: i64 = books.values().map(|book| book.moved.get(case).copied().unwrap_or(0)).sum();
        if held + moved > *target {
            return broken(
                "P4",
                format!("the partners hold {held} and moved {moved} for case {case:?}, above {target}"),
            );
        }
    }
    let orders = books.values().flat_map(|book| book.orders.values());
    for order in orders.filter(|order| order.message.kind.moves_money()) {
        let court = format!("{}", order.message.case.0);
        if order.message.destination.as_deref() != Some(destination(&court).as_str()) {
            return broken("P4", format!("{:?} went to another account", order.message.key));
        }
    }
    Ok(())
}

/// P5: a pulling partner that is paused sees an empty list.
pub fn p5_paused_list(history: &History, partner: &str, listed: usize, now: Millis) -> Result<(), Broken> {
    let paused =
        history.lanes.get(partner).and_then(|lane| lane.paused_until).is_some_and(|until| until > now.max(history.at));
    if paused && listed > 0 {
        return broken("P5", format!("{partner} is paused and was shown {listed} acts"));
    }
    Ok(())
}

/// P6: the state at head is the fold of the journal from its first event.
pub fn p6_state_is_fold(shadow: &State, gateway: &Gateway) -> Result<(), Broken> {
    let state = &gateway.decider.state;
    if state.next != shadow.next {
        return broken("P6", format!("the state stands at {}, the journal at {}", state.next, shadow.next));
    }
    if state.digest() != shadow.digest() {
        let part = differing_part(shadow, state);
        return broken("P6", format!("the state at {} is not the fold of the journal: {part} differ", state.next));
    }
    for (case, _) in state.cases.iter() {
        if state.ledger(case) != state.ledger_by_sum(case) {
            return broken("P4", format!("the kept sums of case {case} are not those of its acts and measures"));
        }
    }
    for lane in &state.lanes {
        let folded = shadow.lane_of(&lane.record.partner).and_then(|place| shadow.lane(place));
        let folded = folded.into_iter().flat_map(|lane| lane.record.ring.iter().rev());
        if lane.record.ring.iter().rev().zip(folded).any(|(here, there)| here != there) {
            return broken("P6", format!("{} remembers other instants than the journal", lane.record.partner));
        }
    }
    Ok(())
}

/// Where two states differ, as far as it can be told without looking at content.
fn differing_part(a: &State, b: &State) -> &'static str {
    let acts = |state: &State| -> Vec<_> {
        let parts = |act: &engine::state::Act| {
            let measure = state.measure_of(act).map(|measure| (measure.limit(), measure.caught(), measure.moved));
            (act.id(), act.state(), act.due_at, act.exchange, measure, act.tries)
        };
        state.acts.iter().map(|(index, act)| (index, parts(act))).collect()
    };
    let lanes = |state: &State| -> BTreeMap<String, _> {
        let lane = |lane: &engine::state::lane::Lane| {
            (lane.record.begun, lane.record.failures, lane.record.rests_until, lane.record.paused.clone())
        };
        state
            .lanes
            .iter()
            .map(|found| (found.record.partner.clone(), lane(found)))
            .filter(|(_, lane)| *lane != (0, 0, 0, None))
            .collect()
    };
    let requests = |state: &State| -> Vec<_> {
        state
            .requests
            .iter()
            .map(|(index, open)| (index, open.sequence, open.version, open.finals, open.acts.clone()))
            .collect()
    };
    let documents = |state: &State| -> Vec<_> {
        state.documents.iter().map(|(key, document)| (*key, document.referenced)).collect()
    };
    let counters = |state: &State| (state.at, state.next_slip, state.epoch, state.config_digest.clone());
    let differing = [
        ("counters", counters(a) != counters(b)),
        ("words", a.words != b.words),
        ("acts", acts(a) != acts(b)),
        ("lanes", lanes(a) != lanes(b)),
        ("requests", requests(a) != requests(b)),
        ("documents", documents(a) != documents(b)),
    ];
    differing.iter().find(|(_, differs)| *differs).map_or("other parts", |(part, _)| part)
}

/// Liveness: everything is finished; whatever waits has nobody who could move it.
pub fn liveness(history: &History, world: &World) -> Result<(), Broken> {
    let Some((request, seen)) = history.requests.iter().find(|(_, seen)| !seen.finished) else { return Ok(()) };
    let acts = seen.acts.iter().filter_map(|id| history.acts.get(id)).filter(|act| act.state.is_open());
    let travel = |act: &ActSeen| {
        world
            .partners
            .get(&act.partner)
            .map_or("?", |partner| if partner.travel == Travel::Pull { "pull" } else { "call" })
    };
    let open: Vec<String> = acts
        .map(|act| format!("{} {} at {} ({}): {}", act.id, act.kind.word(), act.partner, travel(act), act.state.word()))
        .collect();
    broken(
        "liveness",
        format!(
            "request {request} is not finished: {}",
            if open.is_empty() { "no act is open".to_owned() } else { open.join("; ") }
        ),
    )
}
