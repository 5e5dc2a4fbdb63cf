//! `partners/<id>.toml`: one partner, what it does, how much of it, how it is reached.

use std::collections::BTreeMap;
use std::sync::Arc;

use adapters::ADAPTERS;
use adapters::inbox::INBOX;
use domain::Day;
use domain::calendar::Hours;
use domain::form::{Form, PartRelease, RegisteredOfficer};
use domain::partner::{Partner, PullCredential, Rate, Stage, Travel};
use domain::request::PartnerKind;
use domain::rules::{BUILT_IN, RulePack};
use domain::socket::{Adapter, OptionText, PartnerOptions, Plug};
use domain::{ActKind, Personal};
use engine::config::ReminderTerms;
use engine::state::officer_key;
use web::Token;

use super::dialect::Dialects;
use super::manners::{Timeouts, breaker, doubt, rate, retry, timeouts};
use super::nearest::nearest;
use super::page::{Found, Page, Spot, Table};
use super::secret::{Around, is_literal};
use crate::courier::Route;

/// Officers of a province's courts that one partner may have registered.
const REGISTER_MAX: usize = 20_000;
/// Region codes of one partner: more than there are counties in a province.
const REGIONS_MAX: usize = 1_000;
/// Characters of an option: a URL, a secret.
const OPTION_CHARACTERS_MAX: usize = 4_000;
/// A partner that fetches is bound by its own polling; this stops only one run wild.
const PULL_RATE: Rate = Rate { max: 1_000, window_ms: 1_000, burst: 1_000 };
/// Exchanges under way at once when the file does not say.
const IN_FLIGHT_MAX: u32 = 4;
/// Acts handed over and not answered likewise, where the partner fetches: both its lists full.
const HANDED_OVER_MAX: u32 = 1_000;
/// The longest that a goal rests for a further part of an answer: whoever takes longer than an hour between two messages is heard
/// all the same, and its court told.
const PARTS_QUIET_S_MAX: u64 = 3_600;
/// A day: what the agreements with banks name for controls is hours.
const ANSWER_DUE_S: u64 = 86_400;
/// Once a day: what waits for a condition may wait for years.
const ASK_EVERY_S: u64 = 86_400;

/// A partner as read, its plug, and where its credential stands.
pub(super) struct Made<'p> {
    pub(super) partner: Partner,
    pub(super) plug: Plug,
    pub(super) credential: Option<Spot<'p>>,
    pub(super) token: Option<Found<'p, Token>>,
    /// Tokens of its clerks, when it is an inbox.
    pub(super) clerks: Vec<Found<'p, Token>>,
    /// How those are reminded of what waits, and the way there.
    pub(super) reminder: Option<(ReminderTerms, Route)>,
    /// Its adapter, and the options that the plug was built from.
    pub(super) adapter: &'static Adapter,
    pub(super) options: PartnerOptions,
    /// Whom it may be asked about when it is tried.
    pub(super) agreed: Option<Agreed>,
    /// The file itself says which rule pack holds.
    pub(super) names_rules: bool,
}

/// A subject that was agreed with the partner for trying the connection.
pub struct Agreed {
    /// Name.
    pub name: String,
    /// Code of the identity paper.
    pub id_type: String,
    /// Its number.
    pub id_number: Personal<String>,
    /// Case number that the partner knows for this.
    pub case_number: String,
    /// An officer's name, work and duty paper, when the partner wants them.
    pub officer: Option<[String; 3]>,
}

/// Rule packs by name.
pub(super) type Packs = BTreeMap<String, Arc<RulePack>>;

/// Reads the file; `None` when it has faults that leave no partner.
pub(super) fn read<'p>(
    page: &'p Page<'p>,
    stem: &str,
    around: &Around<'_>,
    (packs, dialects): (&Packs, &Dialects),
) -> Option<Made<'p>> {
    let mut root = page.root()?;
    let id = id(&mut root, stem);
    let name = root.required("name", 100, "its name for people");
    let kind = kind(&mut root);
    let adapter = adapter(&mut root);
    let travel = adapter.as_ref().map(|adapter| adapter.value.travel);
    let by_hand = adapter.as_ref().is_some_and(|adapter| adapter.value.name == INBOX.name);
    let regions = regions(&mut root);
    let acts = acts(&mut root, adapter.as_ref().map_or(ActKind::ALL, |adapter| adapter.value.acts));
    let stage = stage(&mut root);
    let hours = hours(&mut root);
    let per_day = root.number("per_day", 1..=100_000_000_u32).map(|found| found.value);
    let in_flight = root.number("in_flight_max", 1..=10_000_u32);
    let answer_due = root.number("answer_due_s", 1..=31_536_000_u64);
    let answer_due_ms = answer_due.as_ref().map_or(ANSWER_DUE_S, |found| found.value) * 1_000;
    let retired = root.flag("retired").is_some_and(|found| found.value);
    let rules = root.text("rules", 32);
    let law = rules.as_ref().map_or_else(Arc::default, |rules| named(rules, packs));
    // Nothing is called where people fetch and answer, so no call can take longer than they may.
    let timeouts = timeouts(root.table("timeouts"), if by_hand { u64::MAX } else { answer_due_ms });
    let rate = rate_of(&mut root, travel);
    reachable(rate.filter(|_| travel != Some(Travel::Pull)), &timeouts, in_flight.as_ref());
    let retry = retry(root.table("retry"));
    let breaker = breaker(root.table("breaker"));
    let doubt = doubt(root.table("doubt"), &retry, &timeouts);
    let credential = credential(&mut root, travel.filter(|_| !by_hand), around);
    let (clerks, reminder) = people(&mut root, stem, (adapter.as_ref(), hours.as_ref()), around);
    let token = root.table_if_any("callback").and_then(|table| super::tokens::of_partner(table, stem));
    let (ask_every, quiet) = (root.number("ask_every_s", 1..=31_536_000_u64), quiet(&mut root));
    let agreed = root.table_if_any("check").and_then(|table| agreed(table, around));
    let plug = plug(&mut root, adapter.as_ref(), &timeouts, around, dialects);
    fetchable(kind.as_ref(), travel.filter(|_| !by_hand));
    let (register, part) = (officers(&mut root), root.flag("part_release"));
    root.finish();
    let (plug, mut form, options) = plug?;
    (form.register, form.part_release) = (register, agreed_part(part.as_ref(), form.part_release));
    form.parts_quiet_ms = agreed_quiet(quiet.as_ref(), form.parts_quiet_ms);
    described(&plug, acts.as_deref().unwrap_or_default(), doubt.can_be_asked, page);
    let spot = credential.as_ref().map(|found| found.spot.clone());
    let partner = Partner {
        id: id?,
        name: name?.value,
        kind: kind?.value,
        regions: regions?,
        acts: acts?,
        stage: stage?,
        travel: travel?,
        rate: rate?,
        per_day,
        in_flight_max: in_flight.as_ref().map_or(in_flight_otherwise(travel), |found| found.value),
        hours: hours?,
        retry,
        breaker,
        doubt,
        answer_due_ms,
        ask_every_ms: ask_every.map_or(ASK_EVERY_S, |found| found.value) * 1_000,
        form,
        law,
        credential: credential.map(|found| found.value),
        retired,
    };
    let (adapter, names_rules) = (adapter?.value, rules.is_some());
    Some(Made { partner, plug, credential: spot, token, clerks, reminder, adapter, options, agreed, names_rules })
}

fn rate_of(root: &mut Table<'_>, travel: Option<Travel>) -> Option<Rate> {
    match travel {
        Some(Travel::Pull) => root.table_if_any("rate").map_or(Some(PULL_RATE), rate),
        Some(Travel::CallOut) | None => rate(root.table("rate")),
    }
}

fn fetchable(kind: Option<&Found<'_, PartnerKind>>, travel: Option<Travel>) {
    if let (Some(kind), Some(Travel::Pull)) = (kind, travel)
        && !adapters::faces().iter().any(|face| face.kind() == kind.value)
    {
        kind.spot.fault("has no path from which lists are fetched, so nobody could; choose an adapter that calls out");
    }
}

/// `[[officers]]`: who is registered with the partner (rule D4); none = it keeps no register with us.
fn officers(root: &mut Table<'_>) -> Option<Vec<RegisteredOfficer>> {
    let officers: Vec<RegisteredOfficer> =
        root.tables("officers", REGISTER_MAX).into_iter().filter_map(registered).collect();
    (!officers.is_empty()).then_some(officers)
}

fn registered(mut table: Table<'_>) -> Option<RegisteredOfficer> {
    let work_id = table.required("work_id", 40, "the number of the officer's work paper");
    let duty_id = table.required("duty_id", 40, "the number of the officer's duty paper");
    let mut day = |key: &'static str| {
        let text = table.text(key, 10)?;
        let day = Day::parse(&text.value);
        if day.is_none() {
            text.spot.fault("is no day; write one such as \"2026-11-22\"");
        }
        day
    };
    let (from, to) = (day("from"), day("to"));
    table.finish();
    Some(RegisteredOfficer { key: officer_key(&work_id?.value, &duty_id?.value), from, to })
}

/// `[check]`: whom `xiezhi partner check` may ask about.
fn agreed(mut table: Table<'_>, around: &Around<'_>) -> Option<Agreed> {
    let name = table.required("name", 100, "the name of the subject agreed for trials");
    let id_type = table.required("id_type", 8, "the code of its identity paper, such as \"01\"");
    let id_number = table.required("id_number", 200, "its number, or file:PATH");
    let case_number = table.required("case_number", 64, "the case number agreed for trials");
    let officer_spot = table.spot_of("officer");
    let officer = ["officer", "work_id", "duty_id"].map(|key| table.text(key, 100).map(|found| found.value));
    table.finish();
    let id_number = id_number.and_then(|found| around.secret(&found))?;
    let officer = match officer {
        [Some(name), Some(work_id), Some(duty_id)] => Some([name, work_id, duty_id]),
        [None, None, None] => None,
        _ => {
            officer_spot.fault("is half an officer: write officer, work_id and duty_id, or none of them");
            None
        }
    };
    Some(Agreed {
        name: name?.value,
        id_type: id_type?.value,
        id_number: Personal::new(id_number.expose().clone()),
        case_number: case_number?.value,
        officer,
    })
}

/// The pack of this name; a fault and the built-in one when there is none.
pub(super) fn named(name: &Found<'_, String>, packs: &Packs) -> Arc<RulePack> {
    if let Some(pack) = packs.get(&name.value) {
        return Arc::clone(pack);
    }
    if name.value != BUILT_IN {
        let known = packs.keys().map(String::as_str).chain([BUILT_IN]).collect::<Vec<_>>();
        let message = match nearest(&name.value, &known) {
            Some(near) => format!("is no rule pack; did you mean \"{near}\"?"),
            None => format!("is no rule pack; add rules/{}.toml or write one of {}", name.value, known.join(", ")),
        };
        name.spot.fault(message);
    }
    Arc::default()
}

fn id(root: &mut Table<'_>, stem: &str) -> Option<String> {
    let id = root.required("id", 32, "the file's name without .toml")?;
    let formed = id.value.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if !formed {
        id.spot.fault("holds other characters than lower-case letters, digits and dashes; rename it");
    } else if id.value != stem {
        id.spot.fault(format!("is not the file's name; call the file {}.toml or write \"{stem}\"", id.value));
    }
    Some(id.value)
}

fn kind<'p>(root: &mut Table<'p>) -> Option<Found<'p, PartnerKind>> {
    let words = PartnerKind::ALL.iter().map(|kind| kind.word()).collect::<Vec<_>>().join(", ");
    let Found { spot, value } = root.required("kind", 40, &format!("one of {words}"))?;
    match PartnerKind::from_word(&value) {
        Some(value) => Some(Found { spot, value }),
        None => {
            spot.fault(format!("is no industry; write one of {words}"));
            None
        }
    }
}

fn adapter<'p>(root: &mut Table<'p>) -> Option<Found<'p, &'static Adapter>> {
    let words = ADAPTERS.iter().map(|adapter| adapter.name).collect::<Vec<_>>().join(", ");
    let Found { spot, value } = root.required("adapter", 40, &format!("one of {words}"))?;
    match ADAPTERS.iter().find(|adapter| adapter.name == value) {
        Some(value) => Some(Found { spot, value }),
        None => {
            spot.fault(format!("is no adapter; write one of {words}"));
            None
        }
    }
}

fn regions(root: &mut Table<'_>) -> Option<Vec<String>> {
    let mut regions = std::collections::BTreeSet::new();
    for region in root.texts("regions", REGIONS_MAX, 20).map(|found| found.value).unwrap_or_default() {
        if !super::court::is_code(&region.value) {
            region.spot.fault("must be a region code of six digits, such as \"330200\"");
        } else if !regions.insert(region.value) {
            region.spot.fault("stands here twice; leave one out");
        }
    }
    Some(regions.into_iter().collect())
}

fn acts(root: &mut Table<'_>, sayable: &[ActKind]) -> Option<Vec<ActKind>> {
    let words = sayable.iter().map(|kind| kind.word()).collect::<Vec<_>>().join(", ");
    let Some(found) = root.texts("acts", ActKind::ALL.len(), 40) else {
        root.spot_of("acts").fault(format!("is missing; write a list of {words}"));
        return None;
    };
    let mut acts = Vec::new();
    for word in &found.value {
        match ActKind::from_word(&word.value) {
            None => word.spot.fault(format!("is no act; write some of {words}")),
            Some(kind) if !sayable.contains(&kind) => {
                word.spot.fault(format!("is no act that this adapter can say; write some of {words}"));
            }
            Some(kind) if acts.contains(&kind) => word.spot.fault("stands here twice; leave one out"),
            Some(kind) => acts.push(kind),
        }
    }
    if found.value.is_empty() {
        found.spot.fault(format!("is empty; write some of {words}"));
    }
    let has = |kind| acts.contains(&kind);
    if has(ActKind::Freeze) && !has(ActKind::Release) {
        found.spot.warn("freezes and does not release: what is frozen here must be released on paper");
    }
    Some(acts)
}

/// What the partner makes of a release that names a sum: as its adapter says, unless its file says otherwise.
fn agreed_part(said: Option<&Found<'_, bool>>, by_adapter: PartRelease) -> PartRelease {
    match said {
        Some(said) if said.value && by_adapter == PartRelease::NoPlace => {
            said.spot.fault(
                "says that it releases a part, and the messages of this adapter have no place for the sum; leave it out, and have parts released on paper (mapped_json: place `amount` in [options.send.release.body])",
            );
            by_adapter
        }
        Some(said) if said.value => PartRelease::Read,
        Some(_) if by_adapter == PartRelease::Read => PartRelease::Unagreed,
        _ => by_adapter,
    }
}

fn quiet<'p>(root: &mut Table<'p>) -> Option<Found<'p, u64>> {
    root.number("parts_quiet_s", 0..=PARTS_QUIET_S_MAX)
}

/// How long a further part of an answer may follow, in milliseconds: as its adapter says, unless its file says otherwise.
fn agreed_quiet(said: Option<&Found<'_, u64>>, by_adapter: u64) -> u64 {
    let Some(said) = said else { return by_adapter };
    if by_adapter == 0 {
        said.spot.fault(
            "says how long further parts of an answer may follow, and in this adapter's form an answer is one message; leave it out",
        );
    }
    said.value * 1_000
}

/// A partner whose file describes its messages must describe those of every act that it takes.
fn described(plug: &Plug, acts: &[ActKind], can_be_asked: bool, page: &Page<'_>) {
    let Plug::CallOut(call) = plug else { return };
    for kind in acts {
        let word = kind.word();
        if !call.can_send(*kind) {
            page.fault_whole(format!(
                "takes `{word}` and says nothing of how; write [options.send.{word}], or take it out of `acts`"
            ));
        } else if can_be_asked && !call.can_ask(*kind) {
            page.fault_whole(format!(
                "can be asked, and says nothing of how for `{word}`; write [options.ask.{word}] or [options.ask.any], or can_be_asked = false"
            ));
        }
    }
}

/// A file that says nothing about it is of a partner that does all it takes, as files were before there were stages.
fn stage(root: &mut Table<'_>) -> Option<Stage> {
    let Some(found) = root.text("stage", 40) else { return Some(Stage::Deduct) };
    let stage = Stage::from_word(&found.value);
    if stage.is_none() {
        let words = Stage::ALL.iter().map(|stage| stage.word()).collect::<Vec<_>>().join(", ");
        found.spot.fault(format!("is no stage; write one of {words}"));
    }
    stage
}

fn hours(root: &mut Table<'_>) -> Option<Hours> {
    let Some(found) = root.text("hours", 40) else { return Some(Hours::ALWAYS) };
    let hours = Hours::parse(&found.value);
    if hours.is_none() {
        found.spot.fault("cannot be read; write \"08:30-17:00\" for working days or \"daily 00:00-24:00\"");
    }
    hours
}

/// What a file means that does not say.
fn in_flight_otherwise(travel: Option<Travel>) -> u32 {
    if travel == Some(Travel::Pull) { HANDED_OVER_MAX } else { IN_FLIGHT_MAX }
}

/// More places than the rate can fill are no fault, but whoever wrote them expects something else. What fetches is bound by the acts that
/// it has, not by calls of ours, and has no rate here.
fn reachable(rate: Option<Rate>, timeouts: &Timeouts, in_flight: Option<&Found<'_, u32>>) {
    let (Some(rate), Some(in_flight)) = (rate, in_flight) else { return };
    let windows = timeouts.total_ms.div_ceil(rate.window_ms.max(1)) + 1;
    if u64::from(in_flight.value) > windows.saturating_mul(u64::from(rate.max)) {
        in_flight.spot.warn("is more than the rate lets begin before the first has ended or timed out; lower it");
    }
}

fn credential<'p>(
    root: &mut Table<'p>,
    travel: Option<Travel>,
    around: &Around<'_>,
) -> Option<Found<'p, PullCredential>> {
    let Some(mut table) = root.table_if_any("credential") else {
        if travel == Some(Travel::Pull) {
            root.spot_of("credential")
                .fault("is missing; a partner that fetches is known by its username and password");
        }
        return None;
    };
    let spot = table.spot();
    if travel != Some(Travel::Pull) {
        spot.fault(
            "is for partners whose system fetches; what we show to one belongs into [options], clerks into [[clerks]]",
        );
    }
    let username = table.required("username", 100, "the code agreed with the partner, such as YH…");
    let password = table.required("password", 500, "file:PATH or env:NAME");
    table.finish();
    if let Some(password) = password.as_ref().filter(|password| is_literal(&password.value)) {
        password.spot.warn("stands in the file itself; write file:PATH or env:NAME");
    }
    let password = password.and_then(|password| around.secret(&password));
    Some(Found { value: PullCredential { username: username?.value, password: password? }, spot })
}

/// `[[clerks]]`: the people who read and answer in a browser; of an inbox, and of nobody else.
fn clerks<'p>(
    root: &mut Table<'p>,
    partner: &str,
    adapter: Option<&Found<'p, &'static Adapter>>,
) -> Vec<Found<'p, Token>> {
    let clerks = super::tokens::of_clerks(root, partner);
    let Some(adapter) = adapter else { return clerks };
    let is_inbox = adapter.value.name == INBOX.name;
    match clerks.first() {
        Some(clerk) if !is_inbox => clerk.spot.fault("is for the adapter inbox; this partner's own system answers"),
        None if is_inbox => adapter.spot.warn("is answered by people and there is none; add a [[clerks]]"),
        _ => {}
    }
    clerks
}

/// Who answers for an inbox, and how they hear that something waits.
fn people<'p>(
    root: &mut Table<'p>,
    partner: &str,
    (adapter, hours): (Option<&Found<'p, &'static Adapter>>, Option<&Hours>),
    around: &Around<'_>,
) -> (Vec<Found<'p, Token>>, Option<(ReminderTerms, Route)>) {
    let clerks = clerks(root, partner, adapter);
    let Some(table) = root.table_if_any("reminder") else { return (clerks, None) };
    if adapter.is_some_and(|adapter| adapter.value.name != INBOX.name) {
        table.spot().fault("is for the adapter inbox; no people wait at this partner's own system");
    }
    (clerks, super::reminder::read(table, hours, around))
}

fn plug(
    root: &mut Table<'_>,
    adapter: Option<&Found<'_, &'static Adapter>>,
    timeouts: &Timeouts,
    around: &Around<'_>,
    dialects: &Dialects,
) -> Option<(Plug, Form, PartnerOptions)> {
    let table = root.table("options");
    let here = table.spot();
    let adapter = adapter?.value;
    let mut spots = BTreeMap::new();
    let mut entries = BTreeMap::new();
    let mut whole = true;
    for (key, found) in table.into_texts(OPTION_CHARACTERS_MAX, &|key| adapter.has_option_table(key)) {
        let (named, told) = adapter.option(&key).copied().unwrap_or_default();
        if told.contains("secret") && is_literal(&found.value) {
            found.spot.warn("is a secret that stands in the file itself; write file:PATH or env:NAME");
        }
        // A path of this file starts where every path of it does, not where the process happened to be started.
        let text = if named.ends_with("_file") && is_literal(&found.value) {
            let path = around.path(&found.value);
            Some(domain::Secret::new(path.to_string_lossy().into_owned()))
        } else {
            around.secret(&found)
        };
        whole &= text.is_some();
        entries.insert(key.clone(), OptionText { text: text.unwrap_or_default(), line: found.spot.line });
        spots.insert(key, found.spot);
    }
    let dialect = entries.get("dialect").and_then(|entry| dialects.get(entry.text.expose())).cloned();
    let options =
        PartnerOptions { entries, connect_timeout_ms: timeouts.connect_ms, timeout_ms: timeouts.total_ms, dialect };
    match (adapter.build)(&options) {
        Ok(plug) => {
            let form = (adapter.form)(&options);
            Some((plug, form, options))
        }
        Err(faults) => {
            // What could not be had has its fault already; that the adapter then misses it is no second one.
            let missed =
                |key: &str| !whole && options.entries.get(key).is_some_and(|entry| entry.text.expose().is_empty());
            for fault in faults.into_iter().filter(|fault| !missed(&fault.key)) {
                let of = here.within(&fault.key);
                spots.get(&fault.key).unwrap_or(&of).fault(fault.message);
            }
            None
        }
    }
}
