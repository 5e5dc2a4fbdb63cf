//! `xiezhi partner check` against partners that are real on the wire: TLS with certificates of every fault, clocks, mailboxes, an inbox.

use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::Arc;

use domain::Day;
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, PublicKeyData as _};
use rustls::crypto::aws_lc_rs;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;

use crate::bench::{RUNTIME, Setup, Sftp, xiezhi};
use crate::operations::copy_of_the_samples;

/// One that signs.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: CertificateDer<'static>,
    pem: String,
    pin: String,
}

/// A certificate with its key.
struct Papers {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    pem: String,
}

fn today() -> Day {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Day::of(since.as_millis().try_into().unwrap())
}

impl Authority {
    fn new(name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let pin: String =
            Sha256::digest(key.subject_public_key_info()).iter().map(|byte| format!("{byte:02x}")).collect();
        let (pem, der) = (certificate.pem(), certificate.der().clone());
        Self { issuer: Issuer::new(params, key), certificate: der, pem, pin }
    }

    /// A certificate for a name; its last day is `until`.
    fn issue(&self, name: &str, until: Day) -> Papers {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let (year, month, day) = until.ymd();
        params.not_after = rcgen::date_time_ymd(year, month.try_into().unwrap(), day.try_into().unwrap());
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let pem = format!("{}{}", certificate.pem(), key.serialize_pem());
        let chain = vec![certificate.der().clone()];
        Papers { chain, key: PrivateKeyDer::try_from(key.serialize_der()).unwrap(), pem }
    }
}

/// A partner of the open form that knows no number, over TLS; `callers` must show a certificate of that authority.
fn partner(papers: Papers, callers: Option<&Authority>, date: String) -> u16 {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder =
        ServerConfig::builder_with_provider(Arc::clone(&provider)).with_safe_default_protocol_versions().unwrap();
    let builder = match callers {
        None => builder.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.certificate.clone()).unwrap();
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
            builder.with_client_cert_verifier(verifier)
        }
    };
    let acceptor = TlsAcceptor::from(Arc::new(builder.with_single_cert(papers.chain, papers.key).unwrap()));
    let listener = RUNTIME.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let port = listener.local_addr().unwrap().port();
    RUNTIME.spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, date) = (acceptor.clone(), date.clone());
            tokio::spawn(async move {
                match acceptor.accept(stream).into_fallible().await {
                    Ok(stream) => serve(stream, &date).await,
                    // Whoever closes with bytes unread resets the connection, and the alert may be lost with it.
                    Err((_, mut stream)) => {
                        drop(stream.shutdown().await);
                        drop(stream.read_to_end(&mut Vec::new()).await);
                    }
                }
            });
        }
    });
    port
}

async fn serve(mut stream: impl tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin, date: &str) {
    let mut head = Vec::new();
    while let Ok(byte) = stream.read_u8().await {
        head.push(byte);
        if !head.ends_with(b"\r\n\r\n") {
            continue;
        }
        let text = String::from_utf8(std::mem::take(&mut head)).unwrap();
        let number = text.split("/v1/tasks/").nth(1).and_then(|rest| rest.split(' ').next()).unwrap_or_default();
        let body = format!("{{\"number\":\"{number}\",\"state\":\"unknown\"}}");
        let answer = format!(
            "HTTP/1.1 404 Not Found\r\nDate: {date}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// Now, as a `Date` says it.
fn now() -> String {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    // Days here are Beijing's, eight hours ahead.
    let (year, month, day) = Day::of((i64::try_from(since).unwrap() - 8 * 3_600) * 1_000).ymd();
    let month = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        [usize::try_from(month).unwrap() - 1];
    let (hour, minute, second) = (since / 3_600 % 24, since / 60 % 60, since % 60);
    format!("Sun, {day:02} {month} {year} {hour:02}:{minute:02}:{second:02} GMT")
}

/// Settings with one partner of police at this address, with these further options.
struct Trial {
    folder: TempDir,
    config: PathBuf,
}

impl Trial {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let config = copy_of_the_samples(folder.path());
        Self { folder, config }
    }

    fn file(&self, name: &str, text: &str) -> String {
        let path = self.folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    }

    fn check(&self, url: &str, options: &[(&str, &str)]) -> (Output, Value) {
        let path = self.config.join("partners/police-a.toml");
        let sample = std::fs::read_to_string(crate::operations::root().join("config/partners/police-a.toml")).unwrap();
        let more: String = options.iter().map(|(key, value)| format!("{key} = \"{value}\"\n")).collect();
        let file = sample.replace("url = \"http://127.0.0.1:9203/\"\n", &format!("url = \"{url}\"\n{more}"));
        std::fs::write(path, file).unwrap();
        self.of("police-a")
    }

    /// The table as people see it, and as programs do.
    fn of(&self, id: &str) -> (Output, Value) {
        let at = self.config.to_str().unwrap();
        let told = xiezhi(&["partner", "check", id, "--json", "--config", at]);
        let json = serde_json::from_slice(&told.stdout).unwrap_or_else(|_| panic!("{told:?}"));
        (xiezhi(&["partner", "check", id, "--config", at]), json)
    }
}

/// The row of a step: its verdict, and what is told of it in English.
fn row(json: &Value, step: &str) -> (String, String) {
    let steps = json["steps"].as_array().unwrap();
    let found = steps.iter().find(|row| row["step"] == step).unwrap_or_else(|| panic!("{step}: {json:#}"));
    assert!(found["told_zh"].as_str().is_some_and(|text| !text.is_ascii()), "{found:#}");
    (found["verdict"].as_str().unwrap().to_owned(), found["told"].as_str().unwrap().to_owned())
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn later(days: i32) -> Day {
    today().plus_days(days)
}

#[test]
fn a_sound_certificate_is_told_with_its_day_in_both_languages() {
    let (trial, theirs) = (Trial::new(), Authority::new("bank"));
    let ca = trial.file("ca.pem", &theirs.pem);
    let until = later(400);
    let port = partner(theirs.issue("localhost", until), None, now());
    let (table, json) = trial.check(&format!("https://localhost:{port}/"), &[("ca_file", &ca)]);
    assert_eq!(json["good"], true, "{json:#}");
    let (verdict, told) = row(&json, "certificate");
    assert!(verdict == "good" && told.contains(&until.to_string()), "{told}");
    assert_eq!((row(&json, "clock").0, row(&json, "credential").0), ("good".to_owned(), "good".to_owned()), "{json:#}");
    let table = text(&table);
    for word in ["certificate good", "证书 正常", "clock       good", "时钟 正常", "police-a: ready · 就绪"]
    {
        assert!(table.contains(word), "{word}\n{table}");
    }
}

#[test]
fn a_certificate_that_ends_in_ten_days_is_a_warning_with_the_day() {
    let (trial, theirs) = (Trial::new(), Authority::new("bank"));
    let ca = trial.file("ca.pem", &theirs.pem);
    let until = later(10);
    let port = partner(theirs.issue("localhost", until), None, now());
    let (table, json) = trial.check(&format!("https://localhost:{port}/"), &[("ca_file", &ca)]);
    let (verdict, told) = row(&json, "certificate");
    assert!(verdict == "look" && told.contains(&until.to_string()) && told.contains("ask the partner"), "{told}");
    assert!(json["good"] == true && table.status.success(), "a warning stops nobody");
    assert!(text(&table).contains(&format!("证书 留意：可信，{until} 到期")), "{}", text(&table));
}

#[test]
fn a_certificate_that_does_not_hold_is_told_by_what_is_wrong_with_it() {
    let (trial, theirs, others) = (Trial::new(), Authority::new("bank"), Authority::new("somebody"));
    let (ca, other) = (trial.file("ca.pem", &theirs.pem), others.pin.clone());
    let sound = || theirs.issue("localhost", later(400));
    let cases = [
        (theirs.issue("localhost", Day::from_ymd(2020, 1, 1).unwrap()), None, "has ended", "已过期"),
        (theirs.issue("elsewhere.example", later(400)), None, "another name", "不是该域名"),
        (others.issue("localhost", later(400)), None, "nobody whom we trust", "不受信任"),
        (sound(), Some(other.as_str()), "issuer_pins", "所钉的密钥"),
    ];
    for (papers, pins, english, chinese) in cases {
        let port = partner(papers, None, now());
        let mut options = vec![("ca_file", ca.as_str())];
        options.extend(pins.map(|pins| ("issuer_pins", pins)));
        let (table, json) = trial.check(&format!("https://localhost:{port}/"), &options);
        let (verdict, told) = row(&json, "certificate");
        assert!(verdict == "bad" && told.contains(english) && told.ends_with("(tls)"), "{english}: {json:#}");
        assert!(!table.status.success() && text(&table).contains(chinese), "{}", text(&table));
        assert_eq!((row(&json, "credential").0.as_str(), row(&json, "connection").0.as_str()), ("skipped", "good"));
    }
    // The pinned key itself is taken.
    let port = partner(sound(), None, now());
    let options = [("ca_file", ca.as_str()), ("issuer_pins", theirs.pin.as_str())];
    let (_, json) = trial.check(&format!("https://localhost:{port}/"), &options);
    assert_eq!((row(&json, "certificate").0.as_str(), json["good"].as_bool()), ("good", Some(true)), "{json:#}");
}

#[test]
fn our_certificate_is_shown_and_its_refusal_is_told() {
    let (trial, theirs, ours, others) =
        (Trial::new(), Authority::new("bank"), Authority::new("court"), Authority::new("somebody"));
    let ca = trial.file("ca.pem", &theirs.pem);
    let shown =
        |name: &str, authority: &Authority, until| trial.file(name, &authority.issue("gateway.example", until).pem);
    let sound = shown("sound.pem", &ours, later(400));
    let unknown = shown("unknown.pem", &others, later(400));
    let ended = shown("ended.pem", &ours, Day::from_ymd(2020, 1, 1).unwrap());
    for (client, good) in [(Some(&sound), true), (None, false), (Some(&unknown), false), (Some(&ended), false)] {
        let port = partner(theirs.issue("localhost", later(400)), Some(&ours), now());
        let mut options = vec![("ca_file", ca.as_str())];
        options.extend(client.map(|file| ("client_pem_file", file.as_str())));
        let (_, json) = trial.check(&format!("https://localhost:{port}/"), &options);
        let (verdict, told) = row(&json, "certificate");
        assert_eq!(json["good"], good, "{client:?}: {json:#}");
        assert!(
            good || (verdict == "bad" && told.contains("client_pem_file") && told.ends_with("(credential)")),
            "{told}"
        );
    }
}

#[test]
fn a_clock_that_is_off_and_a_partner_without_tls_are_told() {
    let (trial, theirs) = (Trial::new(), Authority::new("bank"));
    let ca = trial.file("ca.pem", &theirs.pem);
    for (date, words) in [("Sun, 06 Nov 1994 08:49:37 GMT", "time synchronisation"), ("yesterday", "tells no time")] {
        let port = partner(theirs.issue("localhost", later(400)), None, date.to_owned());
        let (_, json) = trial.check(&format!("https://localhost:{port}/"), &[("ca_file", &ca)]);
        let (verdict, told) = row(&json, "clock");
        assert!(verdict == "look" && told.contains(words), "{told}");
    }
    let plain = RUNTIME.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
    let port = plain.local_addr().unwrap().port();
    RUNTIME.spawn(async move {
        while let Ok((mut stream, _)) = plain.accept().await {
            drop(stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await);
            drop(stream.read_to_end(&mut Vec::new()).await);
        }
    });
    let (_, json) = trial.check(&format!("https://localhost:{port}/"), &[("ca_file", &ca)]);
    let (verdict, told) = row(&json, "certificate");
    assert!(verdict == "bad" && told.contains("speaks no TLS"), "{told}");
}

#[test]
fn a_name_that_leads_nowhere_or_astray_is_told_before_anything_is_connected() {
    let trial = Trial::new();
    let ca = trial.file("ca.pem", &Authority::new("bank").pem);
    let (_, json) = trial.check("https://partner.invalid:9/", &[("ca_file", &ca)]);
    let (verdict, told) = row(&json, "name");
    assert!(verdict == "bad" && told.ends_with("(name)"), "{told}");
    // This machine's own name leads to this machine, which no file has listed.
    let own = std::fs::read_to_string("/etc/hostname").unwrap_or_default().trim().to_owned();
    if let Ok(mut found) = std::net::ToSocketAddrs::to_socket_addrs(&(own.as_str(), 9))
        && found.all(|address| !is_public(address.ip()))
    {
        let (_, json) = trial.check(&format!("https://{own}:9/"), &[("ca_file", &ca)]);
        let (verdict, told) = row(&json, "address");
        assert!(verdict == "bad" && told.contains("options.networks") && told.ends_with("(address)"), "{told}");
    }
}

fn is_public(address: std::net::IpAddr) -> bool {
    match address {
        std::net::IpAddr::V4(address) => !(address.is_private() || address.is_loopback() || address.is_link_local()),
        std::net::IpAddr::V6(_) => true,
    }
}

/// Settings with one bank that works on a mailbox.
fn with_mailbox(trial: &Trial, options: &str) {
    let sample = std::fs::read_to_string(crate::operations::root().join("config/partners/bank-c.toml")).unwrap();
    let file = sample.replace("folder = \"/var/lib/xiezhi-mailboxes\"\n", options);
    std::fs::write(trial.config.join("partners/bank-c.toml"), file).unwrap();
}

const CODE: &str = "B0000000000000001";

fn everything_below(folder: &Path) -> Vec<PathBuf> {
    let mut files = crate::bench::files_below(folder);
    files.sort();
    files
}

#[test]
fn a_folder_is_tried_and_nothing_stays_in_it() {
    let trial = Trial::new();
    let boxes = trial.folder.path().join("boxes");
    with_mailbox(&trial, &format!("folder = \"{}\"\n", boxes.display()));
    let (_, json) = trial.of("bank-c");
    let (verdict, told) = row(&json, "mailbox");
    assert!(verdict == "bad" && told.contains("not there or not mounted") && !boxes.exists(), "{told}");
    let own = boxes.join(CODE);
    std::fs::create_dir_all(own.join("upload")).unwrap();
    std::fs::write(own.join("upload/KZFK.zip"), b"a partner's").unwrap();
    let (table, json) = trial.of("bank-c");
    for step in ["mailbox", "rights", "rename"] {
        assert_eq!(row(&json, step).0, "good", "{json:#}");
    }
    assert!(text(&table).contains("bank-c: ready"), "{}", text(&table));
    assert_eq!(everything_below(&own), [own.join("upload/KZFK.zip")], "a trial leaves nothing and takes nothing");
    // A file where a folder should be: nothing can be put there, whoever asks.
    std::fs::remove_dir_all(own.join("set_aside")).unwrap();
    std::fs::write(own.join("set_aside"), b"").unwrap();
    let (table, json) = trial.of("bank-c");
    let (verdict, told) = row(&json, "rights");
    assert!(verdict == "bad" && told.contains("set_aside") && !table.status.success(), "{told}");
}

#[test]
fn an_account_on_a_server_is_tried_by_its_key_its_path_and_its_rights() {
    let (trial, server, other) = (Trial::new(), Sftp::start(), Sftp::start());
    std::fs::create_dir(server.root().join(CODE)).unwrap();
    std::fs::write(trial.config.join("secrets/sftp.key"), server.key()).unwrap();
    with_mailbox(&trial, &server.options());
    let (_, json) = trial.of("bank-c");
    for step in ["host key", "mailbox", "rights", "rename"] {
        assert_eq!(row(&json, step).0, "good", "{json:#}");
    }
    assert_eq!(everything_below(&server.root()), Vec::<PathBuf>::new(), "a trial leaves nothing");
    let host_key =
        |options: String| options.lines().find(|line| line.starts_with("host_key")).map(str::to_owned).unwrap();
    with_mailbox(&trial, &server.options().replace(&host_key(server.options()), &host_key(other.options())));
    let (_, json) = trial.of("bank-c");
    let (verdict, told) = row(&json, "host key");
    assert!(verdict == "bad" && told.contains("options.host_key"), "{told}");
    std::fs::write(trial.config.join("secrets/sftp.key"), other.key()).unwrap();
    with_mailbox(&trial, &server.options());
    let (_, json) = trial.of("bank-c");
    let (verdict, told) = row(&json, "mailbox");
    assert!(verdict == "bad" && told.contains("our account is refused"), "{told}");
    assert_eq!(row(&json, "host key").0, "good", "its key was the right one");
    std::fs::write(trial.config.join("secrets/sftp.key"), server.key()).unwrap();
    std::fs::remove_dir_all(server.root().join(CODE)).unwrap();
    let (_, json) = trial.of("bank-c");
    let (verdict, told) = row(&json, "mailbox");
    assert!(verdict == "bad" && told.contains("no such path"), "{told}");
}

#[test]
fn an_inbox_is_ready_when_somebody_may_answer_and_the_gateway_says_what_waits() {
    let trial = Trial::new();
    let (_, json) = trial.of("registry-b");
    assert_eq!((row(&json, "clerks").0.as_str(), row(&json, "last call").0.as_str()), ("good", "skipped"), "{json:#}");
    let path = trial.config.join("partners/registry-b.toml");
    let file = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, file.split("[[clerks]]").next().unwrap()).unwrap();
    let (table, json) = trial.of("registry-b");
    let (verdict, told) = row(&json, "clerks");
    assert!(verdict == "bad" && told.contains("xiezhi token") && !table.status.success(), "{told}");
    let mut gateway = Setup::of(Vec::new()).lay_out();
    gateway.add_inbox("desk-a", "bank", 86_400, &["clerk-1"]);
    gateway.start();
    let config = gateway.config.clone();
    let token = gateway.caller("operator").token;
    let asked = ["partner", "--url", gateway.url(), "--token", &token, "check", "desk-a", "--json", "--config"];
    let told = xiezhi(&[&asked[..], &[config.to_str().unwrap()]].concat());
    let json: Value = serde_json::from_slice(&told.stdout).unwrap_or_else(|_| panic!("{told:?}"));
    let (verdict, told) = row(&json, "last call");
    assert!(verdict == "good" && told.contains("nothing waits"), "{told}");
}
