//! Which target reads what, for every adapter of the list: whoever adds one says here who bends what its partners send.

use std::collections::BTreeSet;
use std::path::Path;

use domain::socket::Plug;

use crate::ADAPTERS;
use crate::conformance::{Specimen, options, specimen_of};

/// A kind of bytes that a partner makes us read.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Reads {
    /// Calls on a face: the envelope and what is packed into it.
    Call,
    /// Answers to what we send or ask.
    Answer,
    /// What it posts by itself.
    Post,
    /// What lies in its mailbox.
    Packet,
    /// What its people write into forms; the web floor reads it.
    Form,
}

use Reads::{Answer, Call, Form, Packet, Post};

const HERE: &str = "adapters/fuzz/targets.rs";
const MAILBOXES: &str = "adapters/fuzz/mailboxes.rs";

/// By adapter: what is read, by which target, in which file.
const DECODERS: &[(&str, &[(Reads, &str, &str)])] = &[
    (
        "bank_pull",
        &[(Call, "soap_envelope", HERE), (Call, "packed_argument", HERE), (Call, "inner_xml_of_banks", HERE)],
    ),
    (
        "bank_http",
        &[(Answer, "answer_by_tx_code", HERE), (Answer, "head_of_an_answer", HERE), (Post, "posted_by_partners", HERE)],
    ),
    (
        "bank_drop",
        &[
            (Packet, "zip_packet", MAILBOXES),
            (Packet, "names_in_mailboxes", MAILBOXES),
            (Packet, "packets_of_banks", MAILBOXES),
        ],
    ),
    (
        "bank_packet",
        &[
            (Packet, "zip_packet", MAILBOXES),
            (Packet, "names_in_mailboxes", MAILBOXES),
            (Packet, "regulator_packets_of_banks", MAILBOXES),
        ],
    ),
    ("insurance_open", &[(Answer, "answer_of_the_open_form", HERE), (Post, "posted_by_partners", HERE)]),
    ("housing_fund_open", &[(Answer, "answer_of_the_open_form", HERE), (Post, "posted_by_partners", HERE)]),
    ("housing_fund_pull", &[(Call, "soap_envelope", HERE), (Call, "inner_xml_of_funds_and_wallets", HERE)]),
    ("payment_pull", &[(Call, "soap_envelope", HERE), (Call, "inner_xml_of_funds_and_wallets", HERE)]),
    ("registry_pull", &[(Call, "soap_envelope", HERE), (Call, "inner_xml_of_registries", HERE)]),
    ("police_open", &[(Answer, "answer_of_the_open_form", HERE), (Post, "posted_by_partners", HERE)]),
    (
        "police_drop",
        &[
            (Packet, "zip_packet", MAILBOXES),
            (Packet, "names_in_mailboxes", MAILBOXES),
            (Packet, "packets_of_police", MAILBOXES),
        ],
    ),
    ("grid_open", &[(Answer, "answer_of_the_open_form", HERE), (Post, "posted_by_partners", HERE)]),
    ("mapped_json", &[(Answer, "answer_of_a_described_partner", HERE), (Post, "posted_by_partners", HERE)]),
    ("inbox", &[(Form, "answer_of_a_clerk", "src/web/fuzz.rs")]),
    // Its answers are words of its own options, and nobody sends it anything.
    ("loopback", &[]),
];

/// Decoders of what partners and courts hand over that belong to no adapter.
const OTHERS: &[(&str, &str)] = &[
    ("a_bent_file_of_a_partner_is_read_or_told", "src/settings/tests/fuzz.rs"),
    ("a_bent_file_of_a_dialect_is_read_or_told", "src/settings/tests/fuzz.rs"),
    ("bent_rows_of_a_statement_are_read_or_told", "src/settlement.rs"),
    ("a_bent_list_of_measures_is_cut_between_its_rows", "src/measure.rs"),
    ("list_of_measures", "src/web/fuzz.rs"),
];

fn source(file: &str) -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    std::fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// What its partners make it read, by what it is.
fn wanted(specimen: &Specimen, plug: &Plug) -> BTreeSet<Reads> {
    match plug {
        Plug::Pull(_) => BTreeSet::from([Call]),
        Plug::Inbox => BTreeSet::from([Form]),
        Plug::CallOut(call) if call.sweep_every_ms().is_some() => BTreeSet::from([Packet]),
        Plug::CallOut(_) if specimen.network => BTreeSet::from([Answer, Post]),
        Plug::CallOut(_) => BTreeSet::new(),
    }
}

#[test]
fn every_adapter_has_a_target_for_all_that_its_partners_make_it_read() {
    for adapter in ADAPTERS {
        let specimen = specimen_of(adapter.name);
        let options = options(specimen.options, "http://127.0.0.1:9/");
        let plug = (adapter.build)(&options).unwrap_or_else(|faults| panic!("{}: {faults:?}", adapter.name));
        let row = DECODERS.iter().find(|(name, _)| *name == adapter.name);
        let (_, targets) =
            row.unwrap_or_else(|| panic!("say in decoders.rs which targets read what `{}` reads", adapter.name));
        let covered: BTreeSet<Reads> = targets.iter().map(|(reads, ..)| *reads).collect();
        assert_eq!(covered, wanted(&specimen, &plug), "{}: write the target that is missing", adapter.name);
    }
    assert_eq!(DECODERS.len(), ADAPTERS.len(), "an adapter of decoders.rs is no longer in the list");
}

#[test]
fn every_target_that_is_named_stands_there_and_every_target_there_is_named() {
    let of_adapters = DECODERS.iter().flat_map(|(_, targets)| targets.iter().map(|(_, target, file)| (*target, *file)));
    let named: BTreeSet<(&str, &str)> = of_adapters.chain(OTHERS.iter().copied()).collect();
    for (target, file) in &named {
        let lines: Vec<String> = source(file).lines().map(|line| line.trim().to_owned()).collect();
        let is_there = |pair: &[String]| pair[0] == "#[test]" && pair[1].starts_with(&format!("fn {target}()"));
        assert!(lines.windows(2).any(is_there), "{file} has no target {target}");
    }
    for file in [HERE, MAILBOXES] {
        for text in source(file).split("#[test]\nfn ").skip(1) {
            let target = text.split('(').next().unwrap();
            assert!(named.contains(&(target, file)), "{target} is no adapter's: name it in decoders.rs");
        }
    }
}
