//! What a partner can say of money that goes back and of releases in part: by its adapter, and by its own file.

use domain::form::PartRelease;

use super::*;

fn partner(id: &str, adapter: &str, acts: &str, rest: &str) -> String {
    format!("id = \"{id}\"\nname = \"{id}\"\nkind = \"bank\"\nadapter = \"{adapter}\"\nacts = [{acts}]\n{rest}")
}

const PULLED: &str = "[credential]\nusername = \"YH77\"\npassword = \"env:SET\"\n";
const MAILBOX: &str = "[rate]\nmax = 1\nwindow_ms = 1000\nburst = 1\n[retry]\nfirst_ms = 1000\nmax_ms = 60000\n[breaker]\nfailures = 5\nopen_ms = 60000\n[doubt]\ndeduplicates = false\ncan_be_asked = false\nask_after_ms = 30000\n[timeouts]\nconnect_ms = 3000\ntotal_ms = 30000\n[options]\nbank_code = \"B0000000000000001\"\nfolder = \"/nowhere/boxes\"\n";

#[test]
fn a_form_with_fixed_codes_is_refused_at_start_for_what_it_has_no_code_for() {
    for kind in ["reverse", "reinstate"] {
        let acts = format!("\"query\", \"{kind}\"");
        for (adapter, rest) in [("bank_pull", PULLED), ("bank_drop", MAILBOX)] {
            let folder = Folder::sound();
            folder.put("partners/b.toml", &partner("b", adapter, &acts, rest));
            let faults = folder.load().err().unwrap();
            let fault = faults.iter().find(|fault| fault.key == "acts[1]").unwrap();
            assert_eq!(fault.line, 5, "{adapter}");
            assert!(fault.message.contains("no act that this adapter can say"), "{adapter} {kind}: {fault}");
        }
    }
}

#[test]
fn whether_a_part_is_read_follows_the_adapter_unless_the_file_says_otherwise() {
    let read = |text: &str| {
        let folder = Folder::sound();
        folder.put("partners/b.toml", text);
        folder.settings().config.partners["b"].form.part_release
    };
    let pulled =
        |said: &str| partner("b", "bank_pull", "\"query\", \"freeze\", \"release\"", &format!("{said}{PULLED}"));
    assert_eq!(
        read(&pulled("")),
        PartRelease::Unagreed,
        "a hub ends the whole freeze for 04, whatever stands beside it"
    );
    assert_eq!(read(&pulled("part_release = true\n")), PartRelease::Read, "unless it was agreed with this one");
    assert_eq!(read(&pulled("part_release = false\n")), PartRelease::Unagreed);
    let looped = PARTNER.replace("bank-x", "b");
    assert_eq!(read(&looped), PartRelease::Read);
    assert_eq!(read(&looped.replace("retired = false", "part_release = false")), PartRelease::Unagreed);
    let registry = "id = \"b\"\nname = \"b\"\nkind = \"registry\"\nadapter = \"registry_pull\"\nacts = [\"query\", \"freeze\", \"release\"]\n";
    let credential = PULLED.replace("YH77", "IP77");
    assert_eq!(read(&format!("{registry}{credential}")), PartRelease::NoPlace);
    let folder = Folder::sound();
    folder.put("partners/b.toml", &format!("{registry}part_release = true\n{credential}"));
    assert_eq!(folder.faults(), [("partners/b.toml".to_owned(), 6, "part_release".to_owned())]);
}

#[test]
fn how_long_an_answer_is_heard_out_follows_the_adapter_unless_the_file_says_otherwise() {
    let read = |said: &str| {
        let folder = Folder::sound();
        folder.put("partners/b.toml", &partner("b", "bank_pull", "\"query\"", &format!("{said}{PULLED}")));
        folder.settings().config.partners["b"].form.parts_quiet_ms
    };
    assert_eq!(read(""), 10_000, "hubs tell account by account");
    assert_eq!((read("parts_quiet_s = 0\n"), read("parts_quiet_s = 3600\n")), (0, 3_600_000));
    let folder = Folder::sound();
    assert_eq!(folder.settings().config.partners["bank-x"].form.parts_quiet_ms, 0, "answers whole");
    folder.put("partners/b.toml", &partner("b", "bank_pull", "\"query\"", &format!("parts_quiet_s = 3601\n{PULLED}")));
    assert_eq!(folder.faults(), [("partners/b.toml".to_owned(), 6, "parts_quiet_s".to_owned())]);
    let folder = Folder::sound();
    folder.put("partners/bank-x.toml", &PARTNER.replace("answer_due_s", "parts_quiet_s = 5\nanswer_due_s"));
    let faults = folder.load().err().unwrap();
    assert!(faults.iter().any(|fault| fault.key == "parts_quiet_s" && fault.message.contains("one message")));
}

#[test]
fn half_an_officer_of_a_trial_is_a_fault_and_a_whole_one_is_none() {
    let check = |officer: &str| {
        let folder = Folder::sound();
        let trial =
            "[check]\nname = \"试\"\nid_type = \"01\"\nid_number = \"env:SET\"\ncase_number = \"(2026)浙0225执1号\"\n";
        folder.put("partners/bank-x.toml", &format!("{PARTNER}\n{trial}{officer}"));
        folder.load().err().map_or(String::new(), |faults| told(&faults))
    };
    assert_eq!(check(""), "");
    assert_eq!(check("officer = \"陈听潮\"\nwork_id = \"GZ1\"\nduty_id = \"GW1\"\n"), "");
    for half in ["officer = \"陈听潮\"\n", "work_id = \"GZ1\"\nduty_id = \"GW1\"\n"] {
        assert!(check(half).contains("half an officer"), "{}", check(half));
    }
}
