//! `xiezhi partner simulate` for partners with a mailbox: their front machine on the folder or the account of the file, and what it says.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};

use serde_json::json;

use crate::bench::{Gateway, Setup, Sftp, View, acts, eventually, look, xiezhi};
use crate::mailbox::{CODE, TARGET, bank_acts, partner};
use crate::packets;

/// A stand-in in a process of its own; ends with its value.
struct StandIn {
    child: Child,
    lines: Receiver<String>,
    said: Vec<String>,
}

impl StandIn {
    fn start(config: &Path, id: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_xiezhi"));
        command.args(["partner", "simulate", id, "--poll-ms", "50", "--config"]).arg(config);
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        let out = BufReader::new(child.stdout.take().unwrap());
        let (tell, lines) = sync_channel(1_000);
        std::thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
        let mut one = Self { child, lines, said: Vec::new() };
        one.wait("stands in for");
        one
    }

    /// Until it has said this.
    fn wait(&mut self, words: &str) -> String {
        eventually(words, || {
            self.said.extend(self.lines.try_iter());
            self.said.iter().find(|line| line.contains(words)).cloned()
        })
    }

    /// Stops it as an operator does.
    fn stop(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        assert!(self.child.wait().unwrap().success());
        self.said.extend(self.lines.iter());
        assert!(self.said.iter().all(|line| !line.contains("against the gateway")), "{:?}", self.said);
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn finished(gateway: &Gateway, id: &str) -> View {
    eventually("the request's end", || {
        let view = gateway.view(id);
        (view.state() != "open").then_some(view)
    })
}

/// A bank that does not know the person says so: what came back was read, whatever it said.
fn asks(gateway: &Gateway, stand_in: &mut StandIn) {
    let request = gateway.submit(&look(&[0]));
    stand_in.wait("fetched 1 · answered 1");
    let view = finished(gateway, &request.id);
    let query = view.act("query", "bank-c");
    assert_eq!(query["outcomes"].as_array().map(Vec::len), Some(1), "{query:#}");
}

#[test]
fn a_banks_front_machine_works_on_the_folder_of_the_file() {
    let mut gateway = Setup::of(Vec::new()).lay_out();
    let folder = gateway.root.path().join("boxes");
    let options = format!("bank_code = \"{CODE}\"\nfolder = \"{}\"\n", folder.display());
    gateway.write_config_file("partners/bank-c.toml", &partner("bank-c", "bank", &bank_acts(), &options));
    let mut stand_in = StandIn::start(&gateway.config, "bank-c");
    assert!(stand_in.wait("works on the folder").contains(folder.join(CODE).to_str().unwrap()));
    gateway.start();
    asks(&gateway, &mut stand_in);
    let told = xiezhi(&["partner", "check", "bank-c", "--anyway", "--config", gateway.config.to_str().unwrap()]);
    assert!(told.status.success(), "a trial and a stand-in do not meet: {told:?}");
    stand_in.stop();
}

#[test]
fn a_banks_front_machine_works_on_the_account_of_the_file() {
    let server = Sftp::start();
    std::fs::create_dir(server.root().join(CODE)).unwrap();
    let mut gateway = Setup::of(Vec::new()).lay_out();
    gateway.write_config_file("secrets/sftp.key", &server.key());
    let options = format!("bank_code = \"{CODE}\"\n{}", server.options());
    gateway.write_config_file("partners/bank-c.toml", &partner("bank-c", "bank", &bank_acts(), &options));
    let mut stand_in = StandIn::start(&gateway.config, "bank-c");
    assert!(stand_in.wait("works on sftp://").contains(CODE));
    gateway.start();
    asks(&gateway, &mut stand_in);
    stand_in.stop();
}

#[test]
fn a_bank_of_the_regulators_packets_works_on_the_folder_of_the_file() {
    let mut gateway = Setup::of(Vec::new()).lay_out();
    let folder = gateway.root.path().join("boxes");
    gateway.write_config_file("partners/bank-e.toml", &packets::bank_file(&folder));
    let mut stand_in = StandIn::start(&gateway.config, "bank-e");
    assert!(stand_in.wait("works on the folder").contains(folder.join(packets::TARGET).to_str().unwrap()));
    gateway.start();
    let request = gateway.submit(&look(&[0]));
    stand_in.wait("fetched 1 · answered 1");
    let view = finished(&gateway, &request.id);
    let query = view.act("query", "bank-e");
    assert_eq!(query["outcomes"].as_array().map(Vec::len), Some(2), "received, then answered: {query:#}");
    let told = xiezhi(&["partner", "check", "bank-e", "--anyway", "--config", gateway.config.to_str().unwrap()]);
    assert!(told.status.success(), "a trial and a stand-in do not meet: {told:?}");
    stand_in.stop();
}

#[test]
fn polices_front_machine_works_on_the_folder_of_the_file() {
    let mut gateway = Setup::of(Vec::new()).lay_out();
    let folder = gateway.root.path().join("boxes");
    let options = format!("organ = \"330225\"\ntarget = \"{TARGET}\"\nfolder = \"{}\"\n", folder.display());
    let file = partner("police-b", "police", "\"query\", \"watch\", \"lift\"", &options);
    gateway.write_config_file("partners/police-b.toml", &file);
    let mut stand_in = StandIn::start(&gateway.config, "police-b");
    gateway.start();
    let asked = json!({ "kind": "query", "partner": "police-b", "subject": 0 });
    let request = gateway.submit(&acts(&[0], vec![asked]));
    stand_in.wait("fetched 1 · received and answered 1");
    let view = finished(&gateway, &request.id);
    assert!(view.act("query", "police-b")["outcomes"].as_array().is_some_and(|outcomes| outcomes.len() == 2));
    stand_in.stop();
}

#[test]
fn an_inbox_is_answered_by_people_and_the_command_says_where() {
    let mut gateway = Setup::of(Vec::new()).lay_out();
    gateway.add_inbox("desk-a", "bank", 86_400, &["clerk-1"]);
    gateway.start();
    let told = xiezhi(&["partner", "simulate", "desk-a", "--config", gateway.config.to_str().unwrap()]);
    let text = String::from_utf8_lossy(&told.stderr).into_owned();
    assert!(!told.status.success() && text.contains("/console/partner"), "{text}");
}
