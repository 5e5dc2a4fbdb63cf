//! The settings: every file of the settings directory read, checked and joined; all faults told at once with file and line.

mod calendar;
mod court;
mod delivery;
mod dialect;
mod files;
mod gateway;
mod manners;
mod master;
mod nearest;
mod page;
mod partner;
mod reminder;
mod rules;
mod secret;
#[cfg(test)]
pub(crate) mod tests;
mod tokens;

use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::hex::hex;

use domain::Day;
use engine::Plugs;
use engine::clock::{Clock as _, SystemClock};
use engine::config::Config;
use engine::courier::reminder_route;
use web::{Limits, TlsPapers, Token};

use crate::courier::Routes;

use files::Files;
pub use master::{is_handed, read as read_master};
use page::{Found, Notes, Page, Spot};
pub use partner::Agreed;
use secret::Around;

/// The commented defaults, as `xiezhi` writes them for whoever begins.
pub const GATEWAY_TOML: &str = include_str!("../config/gateway.toml");
/// Faults told at once, and warnings; who has more has made one mistake in every file.
pub const FAULTS_MAX: usize = 1_000;
/// Threads that read partners' files: a file is a millisecond of a core, and four thousand of them are read at a start.
const READERS_MAX: usize = 8;
/// Fewer files than this are not worth a thread.
const READER_FILES_MIN: usize = 64;
/// From this month on the next year's holidays are published, and the calendar should know them.
const NEXT_YEAR_FROM_MONTH: u32 = 12;

/// Everything that the command line and the files say, checked.
pub struct Settings {
    /// Name of the log in checkpoints and receipts.
    pub origin: String,
    /// Where to listen.
    pub listen: SocketAddr,
    /// The data directory.
    pub data: PathBuf,
    /// Web threads, 1..=64.
    pub workers: usize,
    /// Certificate and key, read; `None` = plain HTTP.
    pub tls: Option<TlsPapers>,
    /// Where the master key is.
    pub master: MasterSource,
    /// A snapshot after so many events.
    pub snapshot_events: u64,
    /// Bounds of the web floor; its `drain_timeout` is `drain_ms`.
    pub web_limits: Limits,
    /// How long calls and exchanges under way may take to end once we stop, in milliseconds.
    pub drain_ms: u64,
    /// Calls per second of one token; the same as `web_limits.token_per_second`.
    pub token_calls_per_second: u32,
    /// What is logged, in the words of `tracing`'s filter.
    pub log: String,
    /// What the engine needs.
    pub config: Arc<Config>,
    /// The partners' plugs.
    pub plugs: Plugs,
    /// The ways to the courts' systems, and to those who remind clerks.
    pub routes: Routes,
    /// All tokens, of gateway and courts.
    pub tokens: Vec<Token>,
    /// What is no fault and yet should be looked at.
    pub warnings: Vec<Fault>,
}

/// Where the master key is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum MasterSource {
    /// In a file; made when it is not there.
    File(PathBuf),
    /// In this variable of the environment.
    Env(String),
}

/// What the command line says above the files; its paths start from where the process was started.
#[derive(Clone, Default)]
pub struct Overrides {
    /// Instead of `gateway.listen`.
    pub listen: Option<SocketAddr>,
    /// Instead of `gateway.data`.
    pub data: Option<PathBuf>,
}

/// A fault or warning; never holds a secret.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Fault {
    /// The file.
    pub file: PathBuf,
    /// Its line from 1; 0 = the whole file.
    pub line: u32,
    /// The key with its tables, such as `rate.burst`; empty when it is about no key.
    pub key: String,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}:", self.file.display())?;
        if self.line > 0 {
            write!(to, "{}:", self.line)?;
        }
        if !self.key.is_empty() {
            write!(to, " {}:", self.key)?;
        }
        write!(to, " {}", self.message)
    }
}

/// Reads the settings in `directory`: `gateway.toml` (missing = defaults), `partners/`, `courts/`, `calendar/`, `rules/`, `dialects/`.
///
/// # Errors
/// Every fault of every file, in the order of files and lines, at most [`FAULTS_MAX`].
pub fn load(directory: &Path, overrides: &Overrides) -> Result<Settings, Vec<Fault>> {
    let environment = |name: &str| std::env::var(name).ok();
    let around = Around { directory, environment: &environment, today: Day::of(SystemClock::new().wall()) };
    load_amid(&around, overrides)
}

/// One partner's file, read by itself.
pub struct OnePartner {
    /// What it says.
    pub partner: domain::partner::Partner,
    /// Its adapter.
    pub adapter: &'static domain::socket::Adapter,
    /// Its options, secrets followed.
    pub options: domain::socket::PartnerOptions,
    /// Its connection.
    pub plug: domain::socket::Plug,
    /// Whom it may be asked about when it is tried.
    pub agreed: Option<Agreed>,
    /// It may post results.
    pub posts: bool,
    /// Its clerks, when it is an inbox.
    pub clerks: usize,
    /// A court of this installation, in whose name a trial is made.
    pub court: Option<(String, String)>,
    /// What is no fault and yet should be looked at.
    pub warnings: Vec<Fault>,
}

/// Reads the file of one partner as [`load`] does.
///
/// # Errors
/// Every fault of that file, or that there is none.
pub fn load_partner(directory: &Path, id: &str) -> Result<OnePartner, Vec<Fault>> {
    let environment = |name: &str| std::env::var(name).ok();
    let around = Around { directory, environment: &environment, today: Day::of(SystemClock::new().wall()) };
    let files = files::read(directory);
    let mut notes = Notes::default();
    let packs = read_rules(&files, &mut Config::default(), &mut notes);
    let mut joined = Joined::default();
    read_courts(&files, &around, &mut joined, &mut Notes::default());
    let court = joined.config.courts.values().next().map(|court| (court.code.clone(), court.name.clone()));
    let Some(file) = files.partners.iter().find(|file| file.stem == id) else {
        let message = format!("there is no such file; `xiezhi partner new {id} --adapter …` writes one");
        let file = directory.join("partners").join(format!("{id}.toml"));
        return Err(vec![Fault { file, line: 0, key: String::new(), message }]);
    };
    let page = Page::new(&file.path, &file.text);
    let dialects = read_dialects(&files, &mut notes);
    let made = partner::read(&page, &file.stem, &around, (&packs, &dialects)).map(|made| {
        let partner::Made { partner, plug, token, clerks, adapter, options, agreed, .. } = made;
        (partner, plug, (token.is_some(), clerks.len()), adapter, options, agreed)
    });
    let notes = page.into_notes();
    match made {
        Some((partner, plug, (posts, clerks), adapter, options, agreed)) if notes.faults.is_empty() => {
            Ok(OnePartner { partner, adapter, options, plug, agreed, posts, clerks, court, warnings: notes.warnings })
        }
        _ => Err(bound(notes.faults)),
    }
}

fn load_amid(around: &Around<'_>, overrides: &Overrides) -> Result<Settings, Vec<Fault>> {
    let files = files::read(around.directory);
    let mut notes = Notes { faults: files.faults.clone(), warnings: files.warnings.clone() };
    let mut joined = Joined::default();
    read_calendars(&files, around, &mut joined.config, &mut notes);
    read_courts(&files, around, &mut joined, &mut notes);
    let packs = read_rules(&files, &mut joined.config, &mut notes);
    let dialects = read_dialects(&files, &mut notes);
    read_partners(&files, around, (&packs, &dialects), &mut joined, &mut notes);
    let gateway_path = around.directory.join("gateway.toml");
    let gateway_text = files.gateway.as_ref().map_or(GATEWAY_TOML, |file| file.text.as_str());
    // A file that is there and could not be read has its fault; the defaults then only serve to tell the other faults.
    let page = Page::new(&gateway_path, gateway_text);
    let read = gateway::read(&page, around).map(|mut gateway| {
        joined.take_tokens(std::mem::take(&mut gateway.tokens));
        joined.hold_everywhere(gateway.rules.take().as_ref(), &packs);
        let gateway::Gateway {
            origin, listen, data, workers, snapshot_events, drain_ms, log, tls, master, limits, ..
        } = gateway;
        Settings {
            origin,
            listen: overrides.listen.unwrap_or(listen),
            data: overrides.data.clone().unwrap_or(data),
            workers,
            tls,
            master,
            snapshot_events,
            token_calls_per_second: limits.token_per_second,
            web_limits: limits,
            drain_ms,
            log,
            config: Arc::default(),
            plugs: Plugs::new(),
            routes: Routes::new(),
            tokens: Vec::new(),
            warnings: Vec::new(),
        }
    });
    notes.take(page);
    if joined.tokens.len() > web::tokens::TOKENS_MAX {
        let message =
            format!("the files hold more than {} tokens; take out what is not in use", web::tokens::TOKENS_MAX);
        notes.faults.push(Fault { file: gateway_path.clone(), line: 0, key: "tokens".to_owned(), message });
    }
    let Some(mut settings) = read.filter(|_| notes.faults.is_empty()) else { return Err(bound(notes.faults)) };
    exposed(&settings, &gateway_path, &mut notes.warnings);
    joined.config.digest = files.digest;
    joined.config.persons = tokens::persons(&joined.tokens);
    settings.config = Arc::new(joined.config);
    settings.plugs = joined.plugs;
    settings.routes = joined.routes;
    settings.tokens = joined.tokens;
    settings.warnings = bound(notes.warnings);
    Ok(settings)
}

/// What all files together say, and who said first what only one may say.
#[derive(Default)]
struct Joined {
    config: Config,
    plugs: Plugs,
    routes: Routes,
    tokens: Vec<Token>,
    token_names: BTreeMap<String, String>,
    token_hashes: BTreeMap<[u8; 32], String>,
    usernames: BTreeMap<String, (String, String)>,
    /// Partners that name no rule pack themselves.
    without_rules: Vec<String>,
}

impl Joined {
    fn take_tokens(&mut self, tokens: Vec<Found<'_, Token>>) {
        for Found { spot, value } in tokens {
            let here = shown(&spot);
            if let Some(first) = self.token_names.insert(value.name.clone(), here.clone()) {
                spot.fault(format!(
                    "has the name of the token at {first}; each has its own, for it stands in the trail"
                ));
            }
            if let Some(first) = self.token_hashes.insert(value.hash, here) {
                spot.fault(format!("has the sha256 of the token at {first}; make each holder a token of their own"));
            }
            self.tokens.push(value);
        }
    }

    /// The pack that the gateway's own file names, or the one called `default`, holds where a partner's file names none.
    fn hold_everywhere(&mut self, name: Option<&Found<'_, String>>, packs: &partner::Packs) {
        let pack = match name {
            Some(name) => partner::named(name, packs),
            None => packs.get(domain::rules::BUILT_IN).cloned().unwrap_or_default(),
        };
        for id in &self.without_rules {
            if let Some(partner) = self.config.partners.get_mut(id) {
                Arc::make_mut(partner).law = Arc::clone(&pack);
            }
        }
    }

    fn take_partner(&mut self, made: partner::Made<'_>) {
        if let (Some(credential), Some(spot)) = (&made.partner.credential, &made.credential) {
            let told = (credential.password.expose().clone(), shown(spot));
            // Keyed by user name, so that a shared one costs a look-up and not a comparison with everyone.
            match self.usernames.get(&credential.username) {
                Some((password, first)) if *password == told.0 => {
                    spot.fault(format!("is the same as at {first}; nobody could tell these partners apart"));
                }
                Some((_, first)) => {
                    spot.warn(format!("has the user name of {first}; only the passwords tell them apart"))
                }
                None => {
                    self.usernames.insert(credential.username.clone(), told);
                }
            }
        }
        self.take_tokens(made.token.into_iter().chain(made.clerks).collect());
        let id = made.partner.id.clone();
        if !made.names_rules {
            self.without_rules.push(id.clone());
        }
        if let Some((terms, route)) = made.reminder {
            self.routes.insert(reminder_route(&id), Arc::new(route));
            self.config.reminders.insert(id.clone(), Arc::new(terms));
        }
        self.config.partners.insert(id.clone(), Arc::new(made.partner));
        self.plugs.insert(id, Arc::new(made.plug));
    }
}

fn shown(spot: &Spot<'_>) -> String {
    let file = spot.file();
    let name = file.file_name().map_or_else(|| file.to_string_lossy(), |name| name.to_string_lossy());
    format!("{name}:{}", spot.line)
}

impl Notes {
    fn take(&mut self, page: Page<'_>) {
        let notes = page.into_notes();
        self.faults.extend(notes.faults);
        self.warnings.extend(notes.warnings);
    }
}

fn read_calendars(files: &Files, around: &Around<'_>, config: &mut Config, notes: &mut Notes) {
    for file in &files.calendars {
        let page = Page::new(&file.path, &file.text);
        calendar::read(&page, &file.stem, &mut config.calendar);
        notes.take(page);
    }
    let (year, month, _) = around.today.ymd();
    let needed = if month >= NEXT_YEAR_FROM_MONTH { year + 1 } else { year };
    if config.calendar.known_to_year < needed {
        let message =
            format!("no holidays of {needed} are known, its days follow their weekday; add calendar/{needed}.toml");
        notes.warnings.push(Fault { file: around.path("calendar"), line: 0, key: String::new(), message });
    }
}

fn read_courts(files: &Files, around: &Around<'_>, joined: &mut Joined, notes: &mut Notes) {
    for file in &files.courts {
        let page = Page::new(&file.path, &file.text);
        if let Some(court::Made { court, tokens, route }) = court::read(&page, &file.stem, around) {
            joined.take_tokens(tokens);
            joined.routes.extend(route.map(|route| (court.code.clone(), Arc::new(route))));
            joined.config.courts.insert(court.code.clone(), Arc::new(court));
        }
        notes.take(page);
    }
}

fn read_rules(files: &Files, config: &mut Config, notes: &mut Notes) -> partner::Packs {
    let mut packs = partner::Packs::new();
    for file in &files.rules {
        let page = Page::new(&file.path, &file.text);
        if let Some(pack) = rules::read(&page, &file.stem, &file.text).map(Arc::new) {
            config.rules.insert(pack.id, Arc::clone(&pack));
            if pack.name == file.stem {
                packs.insert(pack.name.clone(), pack);
            }
        }
        notes.take(page);
    }
    packs
}

fn read_dialects(files: &Files, notes: &mut Notes) -> dialect::Dialects {
    let mut dialects = dialect::Dialects::new();
    for file in &files.dialects {
        let page = Page::new(&file.path, &file.text);
        if let Some(text) = dialect::read(&page, &file.stem) {
            dialects.insert(file.stem.clone(), Arc::new(text));
        }
        notes.take(page);
    }
    dialects
}

/// Reads the files of all partners, several at once; what only one may say is then looked at in the order of the files.
fn read_partners(files: &Files, around: &Around<'_>, known: Known<'_>, joined: &mut Joined, notes: &mut Notes) {
    let pages: Vec<(Page<'_>, &str)> =
        files.partners.iter().map(|file| (Page::new(&file.path, &file.text), file.stem.as_str())).collect();
    for made in read_at_once(&pages, around, known).into_iter().flatten() {
        joined.take_partner(made);
    }
    for (page, _) in pages {
        notes.take(page);
    }
}

/// Rule packs and dialects that partners' files name.
type Known<'k> = (&'k partner::Packs, &'k dialect::Dialects);

fn read_at_once<'p>(
    pages: &'p [(Page<'p>, &str)],
    around: &Around<'_>,
    known: Known<'_>,
) -> Vec<Option<partner::Made<'p>>> {
    let read = |pages: &'p [(Page<'p>, &str)]| -> Vec<_> {
        pages.iter().map(|(page, stem)| partner::read(page, stem, around, known)).collect()
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from).min(READERS_MAX);
    let share = pages.len().div_ceil(cores).max(READER_FILES_MIN);
    let (own, others) = pages.split_at(share.min(pages.len()));
    std::thread::scope(|scope| {
        let reading: Vec<_> = others
            .chunks(share)
            .map(|chunk| {
                let reader = std::thread::Builder::new().name("settings".to_owned());
                (chunk, reader.spawn_scoped(scope, move || read(chunk)))
            })
            .collect();
        let mut made = read(own);
        for (chunk, reader) in reading {
            // Where no thread can be had, this one reads.
            made.extend(reader.map_or_else(
                |_| read(chunk),
                |reader| reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)),
            ));
        }
        made
    })
}

/// What is right for trying out and wrong for a machine that others reach.
fn exposed(settings: &Settings, file: &Path, warnings: &mut Vec<Fault>) {
    if settings.listen.ip().is_loopback() {
        return;
    }
    let mut warn = |key: &str, message: &str| {
        warnings.push(Fault { file: file.to_owned(), line: 0, key: key.to_owned(), message: message.to_owned() });
    };
    if settings.tls.is_none() {
        warn(
            "tls",
            "others reach this address and tokens would travel in clear; give a certificate, or listen on 127.0.0.1 behind a proxy",
        );
    }
    if settings.origin == gateway::otherwise::ORIGIN {
        warn(
            "gateway.origin",
            "is the name that everyone's gateway has at first; give this log its own before it signs anything",
        );
    }
}

fn bound(mut faults: Vec<Fault>) -> Vec<Fault> {
    faults.sort();
    let over = faults.len().saturating_sub(FAULTS_MAX);
    if over > 0 {
        faults.truncate(FAULTS_MAX - 1);
        let message = format!("{} more; mend these first", over + 1);
        let file = faults.last().map(|fault| fault.file.clone()).unwrap_or_default();
        faults.push(Fault { file, line: 0, key: String::new(), message });
    }
    faults
}
