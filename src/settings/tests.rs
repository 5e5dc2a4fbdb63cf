//! Every key wrong in turn, several files wrong at once, the samples, and a province of partners.

pub(crate) mod fuzz;
mod parts;
mod reminder;
mod rules;

use std::fs;
use std::time::Duration;

use domain::ActKind;
use domain::partner::Travel;
use tempfile::TempDir;
use web::Role;

use super::*;

const PARTNER: &str = r#"id = "bank-x"
name = "Bank X"
kind = "bank"
adapter = "loopback"
regions = ["330200"]
acts = ["query", "freeze", "release"]
hours = "08:30-17:00"
answer_due_s = 600
per_day = 1000
in_flight_max = 4
retired = false
[rate]
max = 20
window_ms = 1000
burst = 5
[retry]
first_ms = 1000
max_ms = 60000
[breaker]
failures = 5
open_ms = 60000
[doubt]
deduplicates = false
can_be_asked = true
ask_after_ms = 30000
not_found_final_after_ms = 600000
[timeouts]
connect_ms = 3000
total_ms = 30000
[options]
answers = "done"
caught = 50
"#;

const COURT: &str = r#"code = "330225"
name = "Court"
callback_origins = ["https://court.example"]
[delivery]
keys = ["file:secrets/whsec", "derived:2"]
networks = ["10.33.0.0/16", "fd12:3400::/32"]
retry = ["500ms", "5s", "30m", "2h"]
in_flight_max = 2
[delivery.timeouts]
connect_ms = 1000
total_ms = 2000
[delivery.rate]
max = 5
window_ms = 1000
[delivery.breaker]
failures = 3
open_ms = 5000
[[accounts]]
bank_code = "BANKA"
number = "330225001"
[approvals]
deduct = 1
[[tokens]]
name = "clerk"
roles = ["submitter", "approver"]
sha256 = "1111111111111111111111111111111111111111111111111111111111111111"
person = true
"#;

const CALENDAR: &str = r#"year = 2026
holidays = ["2026-10-01", 2026-10-02]
workdays = ["2026-10-10"]
"#;

struct Folder(TempDir);

impl Folder {
    fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    fn sound() -> Self {
        let folder = Self::new();
        folder.put("gateway.toml", GATEWAY_TOML);
        folder.put("partners/bank-x.toml", PARTNER);
        folder.put("courts/330225.toml", COURT);
        folder.put("secrets/whsec", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n");
        let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        fs::set_permissions(folder.0.path().join("secrets/whsec"), private).unwrap();
        folder.put("calendar/2026.toml", CALENDAR);
        folder
    }

    fn put(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn load(&self) -> Result<Settings, Vec<Fault>> {
        load_in(self.0.path())
    }

    fn settings(&self) -> Settings {
        match self.load() {
            Ok(settings) => settings,
            Err(faults) => panic!("{}", told(&faults)),
        }
    }

    /// The faults as (file below the folder, line, key).
    fn faults(&self) -> Vec<(String, u32, String)> {
        let faults = self.load().err().expect("there should be faults");
        let name = |path: &Path| path.strip_prefix(self.0.path()).unwrap().to_string_lossy().into_owned();
        faults.iter().map(|fault| (name(&fault.file), fault.line, fault.key.clone())).collect()
    }
}

/// A folder of settings without a fault, for tests of what is made of them.
pub(crate) fn sound_folder() -> TempDir {
    Folder::sound().0
}

fn load_in(directory: &Path) -> Result<Settings, Vec<Fault>> {
    let environment = |name: &str| (name == "SET").then(|| " from-environment \n".to_owned());
    let around = Around { directory, environment: &environment, today: Day::parse("2026-11-20").unwrap() };
    load_amid(&around, &Overrides::default())
}

fn told(faults: &[Fault]) -> String {
    faults.iter().map(|fault| format!("{fault}\n")).collect()
}

fn line_of(text: &str, begin: &str) -> u32 {
    u32::try_from(text.lines().position(|line| line.starts_with(begin)).unwrap() + 1).unwrap()
}

/// Replaces in turn the line that begins with `begin`, and expects one fault there under `key`.
fn each_wrong(name: &str, text: &str, cases: &[(&str, &str, &str)]) {
    for (begin, wrong, key) in cases {
        let folder = Folder::sound();
        let line = line_of(text, begin);
        let mut lines: Vec<&str> = text.lines().collect();
        lines[usize::try_from(line).unwrap() - 1] = wrong;
        folder.put(name, &lines.join("\n"));
        assert_eq!(folder.faults(), [(name.to_owned(), line, (*key).to_owned())], "{wrong}");
    }
}

#[test]
fn every_key_of_a_partner_wrong_in_turn() {
    each_wrong(
        "partners/bank-x.toml",
        PARTNER,
        &[
            ("id", "id = 7", "id"),
            ("id", "id = \"Bank_X\"", "id"),
            ("id", "id = \"bank-y\"", "id"),
            ("name", "name = \"\"", "name"),
            ("kind", "kind = \"banc\"", "kind"),
            ("adapter", "adapter = \"bank_soap\"", "adapter"),
            ("regions", "regions = [\"3302\"]", "regions[0]"),
            ("regions", "regions = [\"330200\", \"330200\"]", "regions[1]"),
            ("regions", "regions = \"330200\"", "regions"),
            ("acts", "acts = []", "acts"),
            ("acts", "acts = [\"query\", \"seize\"]", "acts[1]"),
            ("acts", "acts = [\"query\", \"query\"]", "acts[1]"),
            ("retired", "stage = \"trial\"", "stage"),
            ("retired", "part_release = \"yes\"", "part_release"),
            ("hours", "hours = \"9-5\"", "hours"),
            ("answer_due_s", "answer_due_s = 0", "answer_due_s"),
            ("answer_due_s", "answer_due_s = \"600\"", "answer_due_s"),
            ("per_day", "per_day = -1", "per_day"),
            ("in_flight_max", "in_flight_max = 10001", "in_flight_max"),
            ("retired", "retired = \"no\"", "retired"),
            ("max = 20", "max = 0", "rate.max"),
            ("window_ms", "window_ms = 1.5", "rate.window_ms"),
            ("burst", "burst = 21", "rate.burst"),
            ("first_ms", "first_ms = 60001", "retry.first_ms"),
            ("max_ms", "max_ms = true", "retry.max_ms"),
            ("failures", "failures = 0", "breaker.failures"),
            ("open_ms", "open_ms = 86400001", "breaker.open_ms"),
            ("deduplicates", "deduplicates = 1", "doubt.deduplicates"),
            ("ask_after_ms", "ask_after_ms = 60001", "doubt.ask_after_ms"),
            ("not_found", "not_found_final_after_ms = 29999", "doubt.not_found_final_after_ms"),
            ("connect_ms", "connect_ms = 30000", "timeouts.connect_ms"),
            ("total_ms", "total_ms = 600001", "timeouts.total_ms"),
            ("caught", "caught = 101", "options.caught"),
            ("caught", "caught = [1]", "options.caught"),
            ("caught", "cought = 10", "options.cought"),
            ("answers", "answers = \"env:UNSET\"", "options.answers"),
            ("per_day", "per_dya = 1000", "per_dya"),
            ("burst", "brust = 1", "rate.brust"),
            ("open_ms", "credential = 1", "breaker.credential"),
        ],
    );
    // What depends on another key is told where it is written.
    let folder = Folder::sound();
    let partner = PARTNER.replace("can_be_asked = true", "can_be_asked = false");
    folder.put("partners/bank-x.toml", &partner);
    let line = line_of(PARTNER, "not_found");
    let file = || "partners/bank-x.toml".to_owned();
    let not_found = (file(), line, "doubt.not_found_final_after_ms".to_owned());
    assert_eq!(folder.faults(), std::slice::from_ref(&not_found));
    folder.put("partners/bank-x.toml", &PARTNER.replace("can_be_asked = true", "can_be_asked = \"yes\""));
    assert_eq!(
        folder.faults(),
        [(file(), line_of(PARTNER, "can_be_asked"), "doubt.can_be_asked".to_owned()), not_found]
    );
    folder.put("partners/bank-x.toml", &PARTNER.replace("answer_due_s = 600", "answer_due_s = 29"));
    let line = line_of(PARTNER, "total_ms");
    assert_eq!(folder.faults(), [("partners/bank-x.toml".to_owned(), line, "timeouts.total_ms".to_owned())]);
}

#[test]
fn every_key_of_a_court_wrong_in_turn() {
    each_wrong(
        "courts/330225.toml",
        COURT,
        &[
            ("code", "code = \"33022\"", "code"),
            ("code", "code = \"330226\"", "code"),
            ("code", "code = 330225", "code"),
            ("name", "name = [\"Court\"]", "name"),
            ("callback", "callback_origins = [\"https://court.example/path\"]", "callback_origins[0]"),
            ("callback", "callback_origins = [\"ftp://court.example\"]", "callback_origins[0]"),
            ("keys", "keys = []", "delivery.keys"),
            ("keys", "keys = [\"derived:0\"]", "delivery.keys[0]"),
            ("keys", "keys = [\"whsec_c2hvcnQ=\"]", "delivery.keys[0]"),
            ("keys", "keys = [\"env:NOT_THERE\"]", "delivery.keys[0]"),
            ("networks", "networks = [\"10.33.0.1/16\"]", "delivery.networks[0]"),
            ("networks", "networks = [\"0.0.0.0/0\"]", "delivery.networks[0]"),
            ("networks", "network = []", "delivery.network"),
            ("retry", "retry = [\"5 s\"]", "delivery.retry[0]"),
            ("retry", "retry = [\"200h\"]", "delivery.retry[0]"),
            ("retry", "authorities = \"nowhere.pem\"", "delivery.authorities"),
            ("in_flight_max", "in_flight_max = 0", "delivery.in_flight_max"),
            ("connect_ms", "connect_ms = 5", "delivery.timeouts.connect_ms"),
            ("window_ms", "window_ms = 5", "delivery.rate.window_ms"),
            ("failures", "failures = 0", "delivery.breaker.failures"),
            ("bank_code", "bank_code = \"BANK A\"", "accounts[0].bank_code"),
            ("number", "number = 330225001", "accounts[0].number"),
            ("deduct", "deduct = 6", "approvals.deduct"),
            ("deduct", "deducts = 1", "approvals.deducts"),
            ("name = \"clerk\"", "name = \"张三\"", "tokens[0].name"),
            ("roles", "roles = [\"operator\"]", "tokens[0].roles[0]"),
            ("roles", "roles = []", "tokens[0].roles"),
            ("sha256", "sha256 = \"xz_BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc\"", "tokens[0].sha256"),
            ("person", "person = 1", "tokens[0].person"),
            ("person", "persn = true", "tokens[0].persn"),
        ],
    );
}

#[test]
fn every_setting_of_the_gateway_wrong_in_turn() {
    let keys = [
        "workers",
        "snapshot_events",
        "drain_ms",
        "connections_max",
        "backlog",
        "handshakes_max",
        "handshake_timeout_ms",
        "header_timeout_ms",
        "linger_timeout_ms",
        "keep_alive_ms",
        "body_timeout_ms",
        "body_rate_min",
        "document_bytes_max",
        "request_bytes_max",
        "command_bytes_max",
        "face_bytes_max",
        "bodies_bytes_max",
        "inline_bytes_max",
        "pool_threads_max",
        "token_per_second",
        "source_per_second",
        "sources_max",
        "wait_max_ms",
    ];
    for key in keys {
        let table = if ["workers", "snapshot_events", "drain_ms"].contains(&key) { "gateway" } else { "limits" };
        for wrong in [format!("{key} = \"many\""), format!("{key} = -1"), format!("{key} = 99999999999999999999")] {
            each_wrong("gateway.toml", GATEWAY_TOML, &[(key, &wrong, &format!("{table}.{key}"))]);
        }
        let unknown = format!("{key}x = 1");
        each_wrong("gateway.toml", GATEWAY_TOML, &[(key, &unknown, &format!("{table}.{key}x"))]);
    }
    each_wrong(
        "gateway.toml",
        GATEWAY_TOML,
        &[
            ("origin", "origin = \"two words\"", "gateway.origin"),
            ("listen", "listen = \"8080\"", "gateway.listen"),
            ("data", "data = 1", "gateway.data"),
            ("log", "log = \"\"", "gateway.log"),
            ("file", "env = \"UNSET\"", "master_key.env"),
            ("[master_key]", "[master_keys]", "master_keys"),
            ("[limits]", "[[limits]]", "limits"),
        ],
    );
    let folder = Folder::sound();
    folder.put("gateway.toml", "[tls]\ncertificate = \"missing.pem\"\n[master_key]\nfile = \"a\"\nenv = \"SET\"\n[limits]\nwait_max_ms = 75000\n");
    let expected = [(1, "tls.key"), (2, "tls.certificate"), (5, "master_key.env"), (7, "limits.wait_max_ms")];
    let expected = expected.map(|(line, key)| ("gateway.toml".to_owned(), line, key.to_owned()));
    assert_eq!(folder.faults(), expected);
}

#[test]
fn every_day_of_a_calendar_wrong_in_turn() {
    each_wrong(
        "calendar/2026.toml",
        CALENDAR,
        &[
            ("year", "year = \"2026\"", "year"),
            ("holidays", "holidays = [\"2026-02-30\"]", "holidays[0]"),
            ("holidays", "holidays = [\"2026-10-01\", \"2026-10-01\"]", "holidays[1]"),
            ("workdays", "workdays = [\"2025-10-11\"]", "workdays[0]"),
            ("workdays", "workdays = [\"2026-10-02\"]", "workdays[0]"),
            ("workdays", "workday = []", "workday"),
        ],
    );
    let folder = Folder::sound();
    folder.put("calendar/2027.toml", "year = 2028\nholidays = []\n");
    assert_eq!(folder.faults(), [("calendar/2027.toml".to_owned(), 1, "year".to_owned())]);
    fs::rename(folder.0.path().join("calendar/2027.toml"), folder.0.path().join("calendar/next.toml")).unwrap();
    assert_eq!(folder.faults(), [("calendar/next.toml".to_owned(), 0, String::new())]);
}

#[test]
fn all_faults_of_all_files_at_once() {
    let folder = Folder::sound();
    folder.put("gateway.toml", "[gateway]\nworkers = 0\nlistn = \"127.0.0.1:1\"\n");
    folder.put("partners/bank-x.toml", &PARTNER.replace("burst = 5", "burst = 50").replace("Bank X", ""));
    folder.put("partners/bank-y.toml", "id = \"bank-y\"\nname = \n");
    folder.put("courts/330225.toml", &COURT.replace("code = \"330225\"", "code = \"1\""));
    folder.put("calendar/2026.toml", "year = 2026\nholidays = [\"tomorrow\"]\n");
    fs::write(folder.0.path().join("calendar/2025.toml"), b"year = 2025\n# \xff\n").unwrap();
    let expected = [
        ("calendar/2025.toml", 2, ""),
        ("calendar/2026.toml", 2, "holidays[0]"),
        ("courts/330225.toml", 1, "code"),
        ("gateway.toml", 2, "gateway.workers"),
        ("gateway.toml", 3, "gateway.listn"),
        ("partners/bank-x.toml", 2, "name"),
        ("partners/bank-x.toml", 15, "rate.burst"),
        ("partners/bank-y.toml", 2, ""),
    ];
    let expected = expected.map(|(file, line, key)| (file.to_owned(), line, key.to_owned()));
    assert_eq!(folder.faults(), expected);
    let text = told(&folder.load().err().unwrap());
    assert!(text.contains("gateway.toml:3: gateway.listn: unknown key; did you mean `listen`?"), "{text}");
}

#[test]
fn what_is_missing_is_told_at_its_table() {
    let folder = Folder::sound();
    folder.put("partners/bank-x.toml", "\n\n[rate]\nburst = 1\n");
    let keys = ["acts", "adapter", "id", "kind", "name"].map(|key| (1, key));
    let expected = keys.into_iter().chain([(3, "rate.max"), (3, "rate.window_ms")]);
    let expected: Vec<_> =
        expected.map(|(line, key)| ("partners/bank-x.toml".to_owned(), line, key.to_owned())).collect();
    assert_eq!(folder.faults(), expected);
}

#[test]
fn no_two_share_a_credential_a_token_or_its_name() {
    let pull = |id: &str, password: &str| {
        format!(
            "id = \"{id}\"\nname = \"n\"\nkind = \"bank\"\nadapter = \"bank_pull\"\nacts = [\"query\"]\n[credential]\nusername = \"YH1\"\npassword = \"{password}\"\n"
        )
    };
    let folder = Folder::sound();
    folder.put("partners/a.toml", &pull("a", "literal-one"));
    folder.put("partners/b.toml", &pull("b", "literal-two"));
    let warnings = told(&folder.settings().warnings);
    assert_eq!(warnings.matches("stands in the file itself").count(), 2, "{warnings}");
    assert_eq!(warnings.matches("has the user name of a.toml:6").count(), 1, "{warnings}");
    assert!(!warnings.contains("literal-"), "{warnings}");
    folder.put("partners/b.toml", &pull("b", "literal-one"));
    let twice = "[[tokens]]\nname = \"clerk\"\nroles = [\"auditor\"]\nsha256 = \"1111111111111111111111111111111111111111111111111111111111111111\"\n";
    folder.put("gateway.toml", twice);
    let expected =
        [("gateway.toml", 1, "tokens[0]"), ("gateway.toml", 1, "tokens[0]"), ("partners/b.toml", 6, "credential")];
    assert_eq!(folder.faults(), expected.map(|(file, line, key)| (file.to_owned(), line, key.to_owned())));
    folder.put("gateway.toml", "");
    folder.put("partners/b.toml", pull("b", "literal-two").split("[credential]").next().unwrap());
    assert_eq!(folder.faults(), [("partners/b.toml".to_owned(), 1, "credential".to_owned())]);
    folder.put("partners/b.toml", &pull("b", "literal-two").replace("\"bank\"", "\"police\""));
    assert_eq!(folder.faults(), [("partners/b.toml".to_owned(), 3, "kind".to_owned())]);
}

#[test]
fn secrets_come_from_environment_and_file_and_stand_in_no_fault() {
    let folder = Folder::sound();
    let partner = PARTNER.replace("loopback", "bank_http");
    let (head, _) = partner.split_once("[options]").unwrap();
    let options = "[options]\nurl = \"http://127.0.0.1:1/\"\nbank_id = \"B\"\nfrom = \"C\"\ntoken = ";
    folder.put("secrets/token", "from-file\n");
    for reference in ["env:SET", "file:secrets/token"] {
        folder.put("partners/bank-x.toml", &format!("{head}{options}\"{reference}\"\n"));
        assert_eq!(folder.settings().plugs.len(), 1);
    }
    let line = line_of(&format!("{head}{options}"), "token");
    folder.put("secrets/empty", "\n");
    for reference in ["env:UNSET", "file:secrets/none", "file:secrets/empty"] {
        folder.put("partners/bank-x.toml", &format!("{head}{options}\"{reference}\"\n"));
        assert_eq!(folder.faults(), [("partners/bank-x.toml".to_owned(), line, "options.token".to_owned())]);
    }
    folder.put("partners/bank-x.toml", &format!("{head}{options}\"sécret\"\n"));
    let text = told(&folder.load().err().unwrap());
    assert!(text.contains("options.token") && !text.contains("sécret"), "{text}");
}

#[test]
fn the_default_file_says_what_no_file_says() {
    let folder = Folder::sound();
    let written = folder.settings();
    fs::remove_file(folder.0.path().join("gateway.toml")).unwrap();
    let absent = folder.settings();
    folder.put("gateway.toml", "");
    let empty = folder.settings();
    for other in [&absent, &empty] {
        assert_eq!(other.web_limits, written.web_limits);
        assert_eq!((&other.origin, other.listen, &other.data), (&written.origin, written.listen, &written.data));
        assert_eq!((other.workers, other.snapshot_events), (written.workers, written.snapshot_events));
        assert_eq!((other.drain_ms, &other.log, &other.master), (written.drain_ms, &written.log, &written.master));
    }
    let limits = Limits { drain_timeout: Duration::from_millis(written.drain_ms), ..Limits::default() };
    assert_eq!(written.web_limits, limits);
    assert_eq!(written.snapshot_events, engine::runtime::SNAPSHOT_EVENTS);
    assert_eq!(written.data, folder.0.path().join("../data"));
}

#[test]
fn the_samples_load() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("config");
    let settings = match load_in(&directory) {
        Ok(settings) => settings,
        Err(faults) => panic!("{}", told(&faults)),
    };
    let partners: Vec<_> =
        settings.config.partners.values().map(|partner| (partner.id.as_str(), partner.travel)).collect();
    assert_eq!(partners[..2], [("bank-a", Travel::Pull), ("bank-b", Travel::CallOut)]);
    assert_eq!(settings.plugs.len(), partners.len());
    // Only the banks have somebody who answers: the simulated ones. What else is shown is planned with nobody.
    let answered = |id: &str| matches!(id, "bank-a" | "bank-b");
    assert!(settings.config.partners.values().all(|partner| partner.retired != answered(&partner.id)));
    let (written, otherwise) = (&settings.config.courts["330225"].delivery, engine::config::DeliveryTerms::default());
    assert!(matches!(written.keys.as_slice(), [engine::config::DeliveryKey::Derived(1)]));
    assert_eq!(written.retry_ms, otherwise.retry_ms);
    assert_eq!((written.rate, written.breaker), (otherwise.rate, otherwise.breaker));
    assert_eq!(written.in_flight_max, otherwise.in_flight_max);
    let court = &settings.config.courts["330225"];
    let rule = |rule: &engine::config::ApprovalRule| (rule.kinds.clone(), rule.persons);
    assert_eq!(court.approvals.iter().map(rule).collect::<Vec<_>>(), [(vec![ActKind::Deduct], 1)]);
    assert_eq!(settings.config.calendar.known_to_year, 2026);
    assert_eq!(settings.config.calendar.days.len(), 33 + 6);
    let of_the_court = settings.tokens.iter().filter(|token| token.court.as_deref() == Some("330225")).count();
    let of_partners = settings.tokens.iter().filter(|token| token.roles == [Role::Partner]).count();
    assert_eq!((of_the_court, of_partners), (3, settings.tokens.len() - 3));
    let persons = &settings.config.persons;
    assert!(settings.tokens.iter().all(|token| persons.contains_key(&token.name) == token.is_person));
    let approver = |name: &str| settings.tokens.iter().any(|it| it.name == name && it.roles.contains(&Role::Approver));
    assert!(persons.iter().all(|(name, person)| person.lifts == approver(name) && (!person.lifts || person.settles)));
    assert_eq!(settings.tokens[0].roles, [Role::Submitter]);
    let permissions = "everyone on this machine may read";
    let other: Vec<_> = settings.warnings.iter().filter(|fault| !fault.message.contains(permissions)).collect();
    assert!(other.is_empty(), "{other:?}");
}

#[test]
fn the_digest_tells_every_change_and_nothing_else() {
    let folder = Folder::sound();
    let first = folder.settings().config.digest.clone();
    assert_eq!(first.len(), 64);
    folder.put("README.md", "not read");
    assert_eq!(folder.settings().config.digest, first);
    folder.put("calendar/2026.toml", &format!("{CALENDAR}\n"));
    let second = folder.settings().config.digest.clone();
    assert_ne!(second, first);
    folder.put("calendar/2026.toml", CALENDAR);
    assert_eq!(folder.settings().config.digest, first);
}

#[test]
fn the_command_line_stands_above_the_file_and_warnings_stop_nothing() {
    let folder = Folder::sound();
    fs::remove_file(folder.0.path().join("calendar/2026.toml")).unwrap();
    folder.put("partners/bank-z.toml.bak", "old");
    let around =
        Around { directory: folder.0.path(), environment: &|_| None, today: Day::parse("2026-12-01").unwrap() };
    let overrides = Overrides { listen: Some("0.0.0.0:9".parse().unwrap()), data: Some(PathBuf::from("/d")) };
    let settings = load_amid(&around, &overrides).ok().unwrap();
    assert_eq!((settings.listen.port(), settings.data), (9, PathBuf::from("/d")));
    let warnings = told(&settings.warnings);
    for expected in ["no holidays of 2027", "bank-z.toml.bak", "travel in clear", "gateway.origin"] {
        assert!(warnings.contains(expected), "{expected}: {warnings}");
    }
    assert_eq!(settings.warnings.len(), 4, "{warnings}");
    let missing = load_in(&folder.0.path().join("none")).err().unwrap();
    assert_eq!((missing.len(), missing[0].line), (1, 0));
}

#[test]
fn a_file_cut_anywhere_is_told_and_breaks_nothing() {
    let folder = Folder::sound();
    for end in 0..PARTNER.len() {
        folder.put("partners/bank-x.toml", &PARTNER[..end]);
        for fault in folder.load().err().unwrap_or_default() {
            assert!(fault.file.ends_with("partners/bank-x.toml"), "{fault}");
        }
    }
}

#[test]
fn a_country_of_partners_loads() {
    let folder = Folder::sound();
    for number in 0..4_000 {
        let id = format!("bank-{number:04}");
        let pull = number % 2 == 0;
        let text = if pull {
            format!(
                "id = \"{id}\"\nname = \"n\"\nkind = \"bank\"\nadapter = \"bank_pull\"\nacts = [\"query\"]\n[credential]\nusername = \"YH{number}\"\npassword = \"env:SET\"\n"
            )
        } else {
            PARTNER.replace("bank-x", &id)
        };
        folder.put(&format!("partners/{id}.toml"), &text);
    }
    let settings = folder.settings();
    assert_eq!((settings.config.partners.len(), settings.plugs.len()), (4_001, 4_001));
    for number in 0..4_000 {
        folder.put(&format!("partners/bank-{number:04}.toml"), "id = 1\n");
    }
    let faults = folder.load().err().unwrap();
    assert_eq!(faults.len(), FAULTS_MAX);
    assert!(faults.last().unwrap().message.contains("more; mend these first"));
}

#[test]
fn faults_of_a_dialect_are_told_of_its_own_file_once() {
    let folder = Folder::sound();
    let pull = |id: &str, dialect: &str| {
        format!(
            "id = \"{id}\"\nname = \"{id}\"\nkind = \"bank\"\nadapter = \"bank_pull\"\nacts = [\"query\"]\n[credential]\nusername = \"{id}\"\npassword = \"env:SET\"\n[options]\ndialect = \"{dialect}\"\n"
        )
    };
    folder.put(
        "dialects/third.toml",
        "title = \"x\"\n[limits]\naccount = 20\n[operations.bank]\nlist_queries = [\"getA\", \"getB\"]\n",
    );
    folder.put("partners/a.toml", &pull("a", "third"));
    assert_eq!(folder.settings().config.partners["a"].form.bytes.account, Some(20));
    folder.put("partners/b.toml", &pull("b", "thirst"));
    assert_eq!(folder.faults(), [("partners/b.toml".to_owned(), 10, "options.dialect".to_owned())]);
    folder.put("partners/b.toml", &pull("b", "third"));
    folder.put(
        "dialects/third.toml",
        "dates = \"sideways\"\n[limits]\naccount = \"much\"\n[elements]\nunheard = \"a\"\n[a.b.c.d]\ne = 1\n",
    );
    let faults = folder.faults();
    let told: Vec<_> = faults
        .iter()
        .filter(|(file, ..)| file == "dialects/third.toml")
        .map(|(_, line, key)| (*line, key.as_str()))
        .collect();
    assert_eq!(told, [(1, "dates"), (3, "limits.account"), (5, "elements.unheard"), (6, "a.b.c")]);
}
