//! Questions that need no network: the list, the options, the goldens, the faces, the loopback's script.

use domain::outcome::Verdict;
use domain::partner::Travel;
use domain::slip::SlipLine;
use domain::socket::{Adapter, Cause, FaceFault, Judged, OptionFault, PartnerOptions, Plug};
use domain::{ActKind, Money};

use super::{freeze, freeze_key, networked, options, plug, specimen_of};
use crate::inbox::INBOX;
use crate::{ADAPTERS, faces};

fn build(name: &str, options: &PartnerOptions) -> Result<Plug, Vec<OptionFault>> {
    (ADAPTERS.iter().find(|adapter| adapter.name == name).unwrap().build)(options)
}

#[test]
fn every_adapter_has_a_name_of_its_own_and_is_built_by_its_specimen() {
    let mut names: Vec<&str> = ADAPTERS.iter().map(|adapter| adapter.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), ADAPTERS.len());
    for adapter in ADAPTERS {
        let built =
            build(adapter.name, &options(specimen_of(adapter.name).options, "http://127.0.0.1:9/")).ok().unwrap();
        assert_eq!(matches!(built, Plug::Pull(_) | Plug::Inbox), adapter.travel == Travel::Pull, "{}", adapter.name);
        assert!(adapter.options.iter().all(|(key, line)| !key.is_empty() && !line.is_empty()), "{}", adapter.name);
        for (key, _) in specimen_of(adapter.name).options {
            assert!(adapter.option(key).is_some(), "{} does not list {key}", adapter.name);
        }
    }
}

#[test]
fn faults_of_options_come_all_at_once_with_their_line_and_without_their_value() {
    for adapter in ADAPTERS {
        let specimen = specimen_of(adapter.name);
        let faults =
            build(adapter.name, &PartnerOptions { timeout_ms: 2, connect_timeout_ms: 1, ..PartnerOptions::default() })
                .err();
        let missing: Vec<String> = faults.unwrap_or_default().into_iter().map(|fault| fault.key).collect();
        assert_eq!(missing, specimen.required, "{}", adapter.name);
        for (key, value) in specimen.refused {
            let mut entries = specimen.options.to_vec();
            entries.retain(|(known, _)| known != key);
            entries.push((key, value));
            let Err(faults) = build(adapter.name, &options(&entries, "http://127.0.0.1:9/")) else {
                panic!("{key} {value}")
            };
            assert!(faults.iter().any(|fault| fault.key == *key && fault.line >= 10), "{key}: {faults:?}");
            assert!(!format!("{faults:?}").contains("canary"), "{key}: {faults:?}");
        }
    }
    let broken = build("bank_http", &options(&[("url", "x"), ("charset", "x"), ("token", "t")], "")).err().unwrap();
    let keys: Vec<&str> = broken.iter().map(|fault| fault.key.as_str()).collect();
    assert_eq!(keys, ["url", "bank_id", "from", "charset"]);
}

#[test]
fn a_connect_timeout_that_hides_what_left_is_refused() {
    let mut options = options(specimen_of("bank_http").options, "http://127.0.0.1:9/");
    options.connect_timeout_ms = options.timeout_ms;
    let faults = build("bank_http", &options).err().unwrap();
    assert_eq!((faults.len(), faults[0].key.as_str()), (1, "connect_timeout_ms"));
}

/// Values of the connection's options that must be refused, whoever the partner is; the first is the key at fault.
const REFUSED_OF_CONNECTIONS: &[(&str, &[(&str, &str)])] = &[
    ("url", &[("url", "ftp://canary/")]),
    ("url", &[("url", "canary")]),
    ("url", &[("url", "http://{{canary}}/")]),
    ("url", &[("url", "http://user:canary@partner.example/")]),
    ("answer_bytes_max", &[("answer_bytes_max", "canary")]),
    ("answer_bytes_max", &[("answer_bytes_max", "1")]),
    ("ca_file", &[("ca_file", "/nowhere/canary")]),
    ("client_pem_file", &[("client_pem_file", "/nowhere/canary")]),
    ("colour", &[("colour", "canary")]),
    ("url", &[("url", "http://169.254.169.254/latest")]),
    ("url", &[("url", "http://[fe80::1]/")]),
    ("url", &[("url", "http://0.0.0.0/")]),
    ("url", &[("url", "http://0xa9fea9fe/")]),
    ("url", &[("url", "http://2852039166/")]),
    ("url", &[("url", "http://127.0.0.1/"), ("proxy", "http://127.0.0.1:3128")]),
    ("url", &[("url", "http://127.0.0.1/"), ("http2", "true")]),
    ("url", &[("url", "http://127.0.0.1/"), ("issuer_pins", PIN)]),
    ("issuer_pins", &[("issuer_pins", "canary")]),
    ("issuer_pins", &[("issuer_pins", "00")]),
    ("http2", &[("http2", "canary")]),
    ("proxy", &[("proxy", "https://127.0.0.1:3128")]),
    ("proxy", &[("proxy", "http://canary:canary@127.0.0.1:3128")]),
    ("proxy", &[("proxy", "http://169.254.169.254:3128")]),
    ("proxy", &[("proxy", "socks5://127.0.0.1:1080")]),
    ("proxy_user", &[("proxy_user", "canary"), ("proxy_password", "canary")]),
    ("proxy_user", &[("proxy", "http://127.0.0.1:3128"), ("proxy_user", "canary")]),
    ("proxy_password", &[("proxy", "http://127.0.0.1:3128"), ("proxy_password", "canary")]),
    ("networks", &[("networks", "10.0.0.0/7")]),
    ("networks", &[("networks", "canary")]),
    ("read_idle_ms", &[("read_idle_ms", "10000")]),
    ("read_idle_ms", &[("read_idle_ms", "20001")]),
    ("read_idle_ms", &[("read_idle_ms", "canary")]),
];

const PIN: &str = "00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff";

#[test]
fn every_called_partner_has_the_same_connection() {
    let authority = concat!(env!("CARGO_MANIFEST_DIR"), "/transport/golden/authority.pem");
    let secure: &[(&str, &str)] = &[
        ("url", "https://partner.example/"),
        ("ca_file", authority),
        ("issuer_pins", PIN),
        ("http2", "true"),
        ("proxy", "http://127.0.0.1:3128"),
        ("proxy_user", "court"),
        ("proxy_password", "canary"),
        ("networks", "10.33.0.0/16, fd12:3400::/32"),
        ("read_idle_ms", "15000"),
        ("answer_bytes_max", "1024"),
    ];
    for name in networked() {
        let build_with = |changed: &[(&'static str, &'static str)]| {
            let mut entries = specimen_of(name).options.to_vec();
            entries.retain(|(key, _)| !changed.iter().any(|(other, _)| other == key));
            entries.extend(changed);
            build(name, &options(&entries, "https://partner.example/")).err().unwrap_or_default()
        };
        assert!(build_with(secure).is_empty(), "{name}: {:?}", build_with(secure));
        for (key, changed) in REFUSED_OF_CONNECTIONS {
            let faults = build_with(changed);
            assert!(faults.iter().any(|fault| fault.key == *key), "{name} {changed:?}: {faults:?}");
            assert!(!format!("{faults:?}").contains("canary"), "{name} {key}: {faults:?}");
        }
    }
}

#[test]
fn certificates_are_read_from_files_and_judged() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/transport/golden/");
    let (good, none) = (format!("{folder}authority.pem"), concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"));
    let build_with = |url: &'static str, key: &'static str, file: &str| {
        let mut entries = specimen_of("bank_http").options.to_vec();
        entries.retain(|(key, _)| *key != "url");
        entries.extend([("url", url), (key, file)]);
        build("bank_http", &options(&entries, "")).err().map(|faults| faults[0].key.clone())
    };
    assert_eq!(build_with("https://bank.example/", "ca_file", &good), None);
    assert_eq!(build_with("https://bank.example/", "ca_file", none).as_deref(), Some("ca_file"));
    assert_eq!(build_with("https://bank.example/", "client_pem_file", &good).as_deref(), Some("client_pem_file"));
    assert_eq!(build_with("http://bank.example/", "ca_file", &good).as_deref(), Some("url"));
    assert_eq!(build_with("https://bank.example/", "ca_file", "/dev/zero").as_deref(), Some("ca_file"));
}

#[test]
fn goldens_stand_where_they_are_said_to() {
    for adapter in ADAPTERS {
        let specimen = specimen_of(adapter.name);
        assert!(
            !specimen.goldens.is_empty() || !specimen.network && specimen.face.is_none(),
            "{} shows no message",
            adapter.name
        );
        for golden in specimen.goldens {
            let bytes = std::fs::read(format!("{}/{golden}", env!("CARGO_MANIFEST_DIR"))).unwrap();
            assert!(!bytes.is_empty());
        }
    }
}

#[test]
fn every_pulled_adapter_has_its_face_and_no_two_faces_share_a_path() {
    let by_hand = |adapter: &&Adapter| adapter.name == INBOX.name;
    for adapter in ADAPTERS.iter().filter(|adapter| adapter.travel == Travel::Pull && !by_hand(adapter)) {
        let path = specimen_of(adapter.name).face.unwrap();
        assert_eq!(faces().iter().filter(|face| face.path() == path).count(), 1, "{path}");
    }
    for face in faces() {
        assert!(face.path().starts_with('/'));
        assert!(face.description("http://gateway.example/x").contains("http://gateway.example/x"));
        for bytes in [&b""[..], b"\0", b"<", b"<a/>", &[0xff; 64], "王".as_bytes()] {
            let fault = face.decode(bytes).err().unwrap();
            assert!(face.fault(&fault).status >= 400);
        }
        assert!(face.fault(&FaceFault::UnknownOperation).status >= 400);
    }
}

/// Runs a future that never waits.
fn now<T>(future: impl std::future::Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

#[test]
fn the_loopback_follows_its_script_and_remembers() {
    let call = plug(
        "loopback",
        &[("answers", "partly, doubt,not_sent,throttled,accepted,queued,refused"), ("caught", "25")],
        "",
    );
    let mut slip = freeze();
    let mut send = |line: u16| {
        slip.lines[0].line = line;
        now(call.send(&slip))
    };
    let Judged::Answered(partly) = send(1) else { panic!("an answer") };
    assert_eq!(
        (partly.verdict, partly.caught, partly.limit),
        (Verdict::Partly, Some(Money::from_fen(450_000)), Some(Money::from_fen(1_800_000)))
    );
    assert!(send(2) == Judged::Doubt { cause: Cause::Timeout });
    assert!(send(3) == Judged::NotSent { cause: Cause::Connect, retry_after_ms: None });
    assert!(send(4) == Judged::NotSent { cause: Cause::Throttled, retry_after_ms: None });
    assert!(send(5) == Judged::Accepted);
    assert!(
        matches!(send(6), Judged::Answered(outcome) if outcome.verdict == Verdict::Queued && outcome.caught == Some(Money::ZERO))
    );
    assert!(matches!(send(7), Judged::Answered(outcome) if outcome.verdict == Verdict::Refused));
    let ask = |line| now(call.ask(SlipLine { slip: freeze().number, line }, ActKind::Freeze));
    assert!(ask(1) == Judged::Answered(partly));
    assert!(
        matches!(ask(2), Judged::Answered(outcome) if outcome.verdict == Verdict::Done && outcome.caught == Some(Money::from_fen(1_800_000)))
    );
    assert!(ask(3) == Judged::NotFound && ask(9) == Judged::NotFound);
}

#[test]
fn the_loopback_can_lose_what_it_was_sent() {
    let call = plug("loopback", &[("answers", "doubt"), ("settles", "nothing")], "");
    assert!(now(call.send(&freeze())) == Judged::Doubt { cause: Cause::Timeout });
    assert!(now(call.ask(freeze_key(), ActKind::Freeze)) == Judged::NotFound);
    let call = plug("loopback", &[("ask", "doubt")], "");
    assert!(now(call.ask(freeze_key(), ActKind::Freeze)) == Judged::Doubt { cause: Cause::Timeout });
}
