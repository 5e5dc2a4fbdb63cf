//! A gateway in a process of its own: started, killed, stopped and started again over one data directory, and judged at the end.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::sync::OnceLock;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::ask::Ask;
use super::bank::{Bank, Spec};
use super::caller::{Answer, Caller, RUNTIME};
use super::door::Door;
use super::patience::eventually;
use super::view::View;

/// The court's case-money account: bank code and number.
pub const COURT_ACCOUNT: (&str, &str) = ("402332002258", "2010000000001234");
/// Who calls: name, roles, whether a person; the two last belong to no court.
const HOLDERS: [(&str, &str, bool); 9] = [
    ("submitter", "submitter", false),
    ("officer", "submitter", true),
    ("approver", "approver", true),
    ("second", "approver", true),
    ("court-auditor", "auditor", true),
    ("auditor", "auditor", true),
    ("operator", "operator", true),
    ("operator-2", "operator", true),
    ("partner", "partner", false),
];
const OF_NO_COURT: [&str; 4] = ["auditor", "operator", "operator-2", "partner"];
/// Papers of an ordinary request: kind, file name, number.
const PAPERS: [(&str, &str, &str); 8] = [
    ("ruling", "执行裁定书.pdf", "(2026)浙0225执1号之一"),
    ("query_notice", "协助查询存款通知书.pdf", "(2026)浙0225执1号"),
    ("freeze_notice", "协助冻结存款通知书.pdf", "(2026)浙0225执1号"),
    ("deduct_notice", "协助扣划存款通知书.pdf", "(2026)浙0225执1号"),
    ("assist_notice", "协助执行通知书.pdf", "(2026)浙0225执1号"),
    ("release_notice", "协助解除冻结存款通知书.pdf", "(2026)浙0225执1号"),
    ("work_id_scan", "工作证.pdf", "GZ330225001"),
    ("duty_id_scan", "执行公务证.pdf", "GW330225001"),
];
const CALENDAR: &str = include_str!("../../../config/calendar/2026.toml");

/// How a gateway is set up.
#[derive(Clone)]
pub struct Setup {
    pub banks: Vec<Spec>,
    /// How many others must agree to a deduction.
    pub deduct_approvals: u8,
    pub callback_origins: Vec<String>,
    /// Further lines of the court's file, such as its policies.
    pub court: String,
    /// What stands below `[delivery]` in the court's file.
    pub delivery: String,
    pub drain_ms: u64,
    pub log: &'static str,
    pub snapshot_events: u64,
    /// Keep the data here instead of under the test's own folder.
    pub data: Option<PathBuf>,
}

/// A request that was taken.
#[derive(Clone)]
pub struct Submitted {
    pub id: String,
    pub bytes: Vec<u8>,
}

struct Process {
    child: Child,
    url: String,
    // Closing it would make the gateway's next line an error.
    _out: BufReader<ChildStdout>,
}

/// The gateway of a test, with its banks.
pub struct Gateway {
    pub root: TempDir,
    pub config: PathBuf,
    pub data: PathBuf,
    pub setup: Setup,
    pub banks: Vec<Bank>,
    tokens: BTreeMap<&'static str, String>,
    process: Option<Process>,
    door: Door,
    papers: OnceLock<Vec<Value>>,
    key: Option<String>,
    earlier: Vec<PathBuf>,
}

fn mint(place: usize) -> (String, String) {
    let mut random = [0; 32];
    store::random::Random::fill(&mut store::random::OsRandom, &mut random);
    random[0] = u8::try_from(place).unwrap();
    let (shown, hash) = web::tokens::mint(random);
    (shown.expose().clone(), engine::vault::hex(&hash))
}

fn write_private(path: &Path, text: &str) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

/// The binary under test.
pub fn xiezhi(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xiezhi")).args(arguments).stdin(Stdio::null()).output().unwrap()
}

impl Setup {
    /// With these banks, everything else ordinary.
    pub fn of(banks: Vec<Spec>) -> Self {
        Self {
            banks,
            deduct_approvals: 0,
            callback_origins: Vec::new(),
            court: String::new(),
            delivery: String::new(),
            drain_ms: 10_000,
            log: "info",
            snapshot_events: 1 << 20,
            data: None,
        }
    }

    /// Starts banks and gateway.
    pub fn start(self) -> Gateway {
        let mut gateway = self.lay_out();
        gateway.start();
        gateway
    }

    /// Starts the banks and writes the configuration, and leaves the gateway to be started.
    pub fn lay_out(self) -> Gateway {
        let root = TempDir::new().unwrap();
        let door = Door::open();
        let places = self.banks.iter().cloned().enumerate();
        let banks: Vec<Bank> = places.map(|(place, spec)| Bank::start(spec, place, &door.url, root.path())).collect();
        let data = self.data.clone().unwrap_or_else(|| root.path().join("data"));
        let mut gateway = Gateway {
            config: root.path().join("config"),
            data,
            setup: self,
            banks,
            tokens: BTreeMap::new(),
            process: None,
            door,
            papers: OnceLock::new(),
            key: None,
            earlier: Vec::new(),
            root,
        };
        gateway.write_config();
        gateway
    }
}

impl Gateway {
    /// A gateway with these banks.
    pub fn with(banks: Vec<Spec>) -> Self {
        Setup::of(banks).start()
    }

    fn write_config(&mut self) {
        let mut own = String::new();
        let mut courts = String::new();
        for (place, (name, role, person)) in HOLDERS.into_iter().enumerate() {
            let (shown, hash) = mint(place);
            let entry = format!(
                "[[tokens]]\nname = \"{name}\"\nroles = [\"{role}\"]\nsha256 = \"{hash}\"\nperson = {person}\n\n"
            );
            if OF_NO_COURT.contains(&name) { &mut own } else { &mut courts }.push_str(&entry);
            self.tokens.insert(name, shown);
        }
        let (shown, hash) = mint(HOLDERS.len());
        self.tokens.insert("neighbour", shown);
        let setup = &self.setup;
        let gateway = format!(
            "[gateway]\norigin = \"xiezhi.test\"\ndata = \"{}\"\nlog = \"{}\"\ndrain_ms = {}\nsnapshot_events = {}\n\n[master_key]\nfile = \"secrets/master.key\"\n\n{own}",
            self.data.display(),
            setup.log,
            setup.drain_ms,
            setup.snapshot_events
        );
        let origins =
            setup.callback_origins.iter().map(|origin| format!("\"{origin}\"")).collect::<Vec<_>>().join(", ");
        let approvals = match setup.deduct_approvals {
            0 => String::new(),
            count => format!("[approvals]\ndeduct = {count}\n\n"),
        };
        let delivery = format!("[delivery]\n{}\n\n", setup.delivery);
        let (bank_code, number) = COURT_ACCOUNT;
        let court = format!(
            "code = \"330225\"\nname = \"象山县人民法院\"\ncallback_origins = [{origins}]\n{}\n\n[[accounts]]\nbank_code = \"{bank_code}\"\nnumber = \"{number}\"\n\n{approvals}{delivery}{courts}",
            setup.court
        );
        let neighbour = format!(
            "code = \"330226\"\nname = \"宁海县人民法院\"\ncallback_origins = []\n\n[[tokens]]\nname = \"neighbour\"\nroles = [\"submitter\"]\nsha256 = \"{hash}\"\nperson = false\n"
        );
        write_private(&self.config.join("gateway.toml"), &gateway);
        write_private(&self.config.join("courts/330225.toml"), &court);
        write_private(&self.config.join("courts/330226.toml"), &neighbour);
        write_private(&self.config.join("calendar/2026.toml"), CALENDAR);
        for bank in &self.banks {
            let id = &bank.spec.id;
            write_private(&self.config.join(format!("secrets/{id}.secret")), &bank.spec.password);
            write_private(&self.config.join(format!("partners/{id}.toml")), &bank.spec.file(bank.url()));
        }
    }

    /// Writes a bank's file anew, as `change` leaves its setting.
    pub fn rewrite_partner(&mut self, id: &str, change: impl FnOnce(&mut Spec)) {
        let bank = self.banks.iter_mut().find(|bank| bank.spec.id == id).unwrap();
        change(&mut bank.spec);
        let text = bank.spec.file(bank.url());
        write_private(&self.config.join(format!("partners/{id}.toml")), &text);
    }

    /// A partner of the open task form; its token for posting by itself comes back.
    pub fn add_open_partner(&self, id: &str, kind: &str, url: &str, own_token: &str, acts: &[&str]) -> String {
        let (shown, hash) = mint(usize::from(id.bytes().fold(0_u8, u8::wrapping_add)));
        let acts = acts.iter().map(|act| format!("\"{act}\"")).collect::<Vec<_>>().join(", ");
        write_private(&self.config.join(format!("secrets/{id}.secret")), own_token);
        let file = format!(
            "id = \"{id}\"\nname = \"{id}\"\nkind = \"{kind}\"\nadapter = \"{kind}_open\"\nacts = [{acts}]\nask_every_s = 1\n\n[callback]\nsha256 = \"{hash}\"\n\n[rate]\nmax = 1000\nwindow_ms = 1000\nburst = 1000\n\n[retry]\nfirst_ms = 50\nmax_ms = 500\n\n[timeouts]\nconnect_ms = 500\ntotal_ms = 2000\n\n[doubt]\ndeduplicates = false\ncan_be_asked = true\nask_after_ms = 100\n\n[options]\nurl = \"{url}\"\ntoken = \"file:secrets/{id}.secret\"\n"
        );
        write_private(&self.config.join(format!("partners/{id}.toml")), &file);
        shown
    }

    /// A partner without a system; the tokens of its clerks come back, in their order.
    pub fn add_inbox(&self, id: &str, kind: &str, due_s: u64, clerks: &[&str]) -> Vec<String> {
        let mut tokens = Vec::new();
        let mut file = format!(
            "id = \"{id}\"\nname = \"{id}柜台\"\nkind = \"{kind}\"\nadapter = \"inbox\"\nanswer_due_s = {due_s}\nacts = [\"query\", \"freeze\", \"renew\", \"release\", \"deduct\"]\n\n"
        );
        for (place, clerk) in clerks.iter().enumerate() {
            let (shown, hash) = mint(100 + place);
            file.push_str(&format!("[[clerks]]\nname = \"{clerk}\"\nsha256 = \"{hash}\"\n\n"));
            tokens.push(shown);
        }
        write_private(&self.config.join(format!("partners/{id}.toml")), &file);
        tokens
    }

    /// A file of the gateway's configuration, as it is.
    pub fn write_config_file(&self, name: &str, text: &str) {
        write_private(&self.config.join(name), text);
    }

    fn log_path(&self) -> PathBuf {
        self.root.path().join("gateway.log")
    }

    /// Everything that the gateway logged, over all its starts.
    pub fn read_log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.log_path()).unwrap_or_default()).into_owned()
    }

    /// Starts the process; it must come up.
    pub fn start(&mut self) {
        if let Err(told) = self.try_start() {
            panic!("the gateway does not start: {told}");
        }
    }

    /// Starts the process; when it ends before it serves, what it said on standard error.
    pub fn try_start(&mut self) -> Result<(), String> {
        self.try_start_with(&[])
    }

    /// The same with more words on its command line.
    pub fn try_start_with(&mut self, more: &[&str]) -> Result<(), String> {
        assert!(self.process.is_none(), "it runs already");
        let before = self.read_log().len();
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.log_path()).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_xiezhi"))
            .args(["serve", "--listen", "127.0.0.1:0", "--json", "--config"])
            .arg(&self.config)
            .arg("--data")
            .arg(&self.data)
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        out.read_line(&mut line).unwrap();
        if line.is_empty() {
            let status = child.wait().unwrap();
            assert!(!status.success(), "it ended before it served, and called that a success");
            return Err(self.read_log().split_off(before));
        }
        let told: Value = serde_json::from_str(&line).unwrap();
        let url = told["gateway"].as_str().unwrap().to_owned();
        assert_eq!(told["pid"], child.id());
        self.door.leads_to(Some(&url));
        self.process = Some(Process { child, url, _out: out });
        let key = self.caller("").get("/trail/keys").of_status(200).json()["checkpoint"].as_str().unwrap().to_owned();
        assert!(self.key.as_ref().is_none_or(|before| *before == key), "the log's key changed");
        self.key = Some(key);
        Ok(())
    }

    /// Keeps the signed checkpoint; whatever comes later must grow out of it.
    pub fn keep_checkpoint(&mut self) {
        let path = self.root.path().join(format!("checkpoint.{}", self.earlier.len()));
        std::fs::write(&path, self.caller("").get("/trail/checkpoint").of_status(200).bytes).unwrap();
        self.earlier.push(path);
    }

    /// Kills it as a power failure would.
    pub fn kill(&mut self) {
        let mut process = self.process.take().expect("it does not run");
        self.door.leads_to(None);
        process.child.kill().unwrap();
        process.child.wait().unwrap();
    }

    /// Starts it again over the same data.
    pub fn restart(&mut self) {
        if self.process.is_some() {
            self.kill();
        }
        self.start();
    }

    /// Sends it a signal.
    pub fn signal(&self, name: &str) {
        let pid = self.process.as_ref().expect("it does not run").child.id().to_string();
        assert!(Command::new("kill").args([&format!("-{name}"), &pid]).status().unwrap().success());
    }

    /// The exit code, once it has ended by itself.
    pub fn wait_ended(&mut self) -> Option<i32> {
        let mut process = self.process.take().expect("it does not run");
        let status = eventually("the gateway's end", || process.child.try_wait().unwrap());
        self.door.leads_to(None);
        status.code()
    }

    /// Asks it to stop; it must end well.
    pub fn stop(&mut self) {
        self.signal("TERM");
        let code = self.wait_ended();
        assert_eq!(code, Some(0), "{}", self.log_end());
    }

    fn log_end(&self) -> String {
        let log = self.read_log();
        let from = log.len().saturating_sub(6_000);
        log.get(from..).unwrap_or(&log).to_owned()
    }

    /// Where it listens now.
    pub fn url(&self) -> &str {
        &self.process.as_ref().expect("it does not run").url
    }

    /// The address that stays: where hubs call.
    pub fn door_url(&self) -> &str {
        &self.door.url
    }

    /// Somebody with the token of this name, or without one.
    pub fn caller(&self, name: &str) -> Caller {
        let token = if name.is_empty() { String::new() } else { self.tokens[name].clone() };
        Caller { base: self.url().to_owned(), token }
    }

    pub fn tokens(&self) -> Vec<String> {
        self.tokens.values().cloned().collect()
    }

    pub fn bank(&self, id: &str) -> &Bank {
        self.banks.iter().find(|bank| bank.spec.id == id).unwrap()
    }

    /// Stores a paper and gives its entry for a request.
    pub fn paper(&self, kind: &str, file_name: &str, number: &str, bytes: &[u8]) -> Value {
        let stored = self.caller("submitter").upload(file_name, "application/pdf", bytes).of_status(201).json();
        json!({ "kind": kind, "number": number, "file_name": file_name, "digest": stored["digest"] })
    }

    /// The papers of an ordinary request, stored once.
    pub fn papers(&self) -> &[Value] {
        self.papers.get_or_init(|| {
            let one = |(kind, name, number): &(&str, &str, &str)| {
                self.paper(kind, name, number, format!("%PDF-1.4\n% {kind}\n%%EOF\n").as_bytes())
            };
            PAPERS.iter().map(one).collect()
        })
    }

    /// The body as it would be sent: with papers, unless it brings its own.
    pub fn body(&self, ask: &Ask) -> Value {
        let own = ask.0["documents"].as_array().is_some_and(|papers| !papers.is_empty());
        if own { ask.0.clone() } else { ask.clone().papers(self.papers()).0 }
    }

    /// Submits under a key; whatever is answered.
    pub fn submit_as(&self, key: &str, ask: &Ask) -> Answer {
        RUNTIME.block_on(self.caller("submitter").submit(key, &self.body(ask))).unwrap()
    }

    /// Submits; it must be taken.
    pub fn submit(&self, ask: &Ask) -> Submitted {
        static KEYS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);
        let key = format!("key-{}", KEYS.fetch_add(1, std::sync::atomic::Ordering::Relaxed));
        Submitted::of(&self.submit_as(&key, ask).of_status(202))
    }

    /// Submits; it must be refused, and the rules that it breaks are given.
    pub fn refused(&self, ask: &Ask) -> Vec<String> {
        let answer = self.submit_as("refused-and-so-never-bound", ask).of_status(422);
        assert_eq!(answer.slug(), "rules_broken", "{}", answer.text());
        answer.rules()
    }

    /// The request as it stands.
    pub fn view(&self, id: &str) -> View {
        View(self.caller("submitter").get(&format!("/v1/requests/{id}?page_len=200")).of_status(200).json())
    }

    /// Waits until nothing is missing from the index; until then a finished request may be answered 503, never 404.
    pub fn wait_index_filled(&self) {
        eventually("the index is filled again", || {
            let page = self.caller("submitter").get("/v1/requests?limit=1");
            (page.status == 200 && page.json()["filled_to"] == Value::Null).then_some(())
        });
    }

    /// Waits by long-poll until the request is as wanted.
    pub fn wait_until(&self, id: &str, what: &str, wanted: impl Fn(&View) -> bool) -> View {
        let caller = self.caller("submitter");
        let mut version = 0;
        let mut last = None;
        let began = std::time::Instant::now();
        while began.elapsed().as_secs() < 60 {
            let path = format!("/v1/requests/{id}?wait=2s&after_version={version}&page_len=200");
            let view = View(caller.get(&path).of_status(200).json());
            if wanted(&view) {
                return view;
            }
            version = view.version();
            last = Some(view);
        }
        panic!("never came: {what}; last seen {:#}", last.map(|view| view.0).unwrap_or_default());
    }

    /// Waits until the request is closed.
    pub fn wait_finished(&self, id: &str) -> View {
        self.wait_until(id, "the request's end", |view| view.state() != "open")
    }

    /// The trail's leaves about a request, each with its instant in milliseconds.
    pub fn events(&self, id: &str) -> Vec<Value> {
        let caller = self.caller("court-auditor");
        let mut events = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = caller.get(&format!("/v1/requests/{id}/events?limit=200{cursor}")).of_status(200).json();
            events.extend(page["events"].as_array().unwrap().iter().map(|event| event["leaf"].clone()));
            match page["next"].as_str() {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return events,
            }
        }
    }

    /// The instants at which messages of an act began to go out: `send`, or questions: `ask`.
    pub fn begins(&self, id: &str, kind: &str, act: &Value) -> Vec<i64> {
        let began = |leaf: &&Value| leaf["e"] == "exchange.began" && leaf["f"]["kind"] == kind;
        let of_act = |leaf: &&Value| {
            let sent = leaf["f"]["acts"].as_array().into_iter().flatten();
            sent.map(|sent| self.act_id(sent)).any(|id| act["id"] == id)
        };
        let leaves = self.events(id);
        leaves.iter().filter(began).filter(of_act).map(|leaf| leaf["at"].as_i64().unwrap()).collect()
    }

    fn act_id(&self, at: &Value) -> String {
        let (sequence, line) = (at[0].as_u64().unwrap(), at[1].as_u64().unwrap());
        domain::ActId { sequence, line: u32::try_from(line).unwrap() }.to_string()
    }

    /// Submits and waits for the end.
    pub fn run(&self, ask: &Ask) -> View {
        self.wait_finished(&self.submit(ask).id)
    }

    /// A figure of `/metrics` by its whole name with labels.
    pub fn figure(&self, name: &str) -> Option<u64> {
        let page = self.caller("").get("/metrics").of_status(200).text();
        let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ').map(str::to_owned));
        line.and_then(|value| value.parse().ok())
    }

    /// Every file under the data directory.
    pub fn disk_files(&self) -> Vec<PathBuf> {
        files_below(&self.data)
    }

    /// Runs `xiezhi verify` over the stopped gateway's data, with its master key and held against every checkpoint kept.
    pub fn verify(&self) -> Output {
        self.verify_with(&["--config", &self.config.to_string_lossy()])
    }

    /// The same with these arguments instead of the configuration.
    pub fn verify_with(&self, more: &[&str]) -> Output {
        assert!(self.process.is_none(), "stop it first");
        let data = self.data.to_string_lossy().into_owned();
        let key = self.key.clone().expect("it never served");
        let mut arguments = vec!["verify", "--data", &data, "--key", &key];
        let earlier: Vec<String> = self.earlier.iter().map(|path| path.to_string_lossy().into_owned()).collect();
        for path in &earlier {
            arguments.extend(["--earlier", path]);
        }
        arguments.extend(more);
        xiezhi(&arguments)
    }
}

/// Every file below a folder.
pub fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { &mut folders } else { &mut found }.push(path);
        }
    }
    found.sort();
    found
}

impl Submitted {
    pub fn of(answer: &Answer) -> Self {
        let told = answer.json();
        Self { id: told["request"]["id"].as_str().unwrap().to_owned(), bytes: answer.bytes.clone() }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        if std::thread::panicking() {
            if self.process.is_some() {
                self.kill();
            }
            eprintln!("---- end of the gateway's log\n{}", self.log_end());
            return;
        }
        if self.process.is_some() {
            self.stop();
        }
        assert!(!self.read_log().contains("panicked"), "{}", self.log_end());
        for bank in &self.banks {
            bank.judge();
        }
        if self.key.is_some() {
            let verified = self.verify();
            assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stdout));
        }
    }
}
