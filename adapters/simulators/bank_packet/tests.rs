//! Requests as the page describes them, packed by hand: what is received, done and answered, and what each fault leaves.

use super::{BankPacket, BankPacketConfig, BankPacketFault, BankPacketReport};
use crate::county::County;
use crate::packets;
use crate::xml::{Node, parse};

const PREFIX: &str = "330225B0000000000000002";
const ACCOUNT: &str = "6222000000000000017";

struct Desk {
    bank: BankPacket,
    folder: tempfile::TempDir,
}

fn number(nth: u32) -> String {
    format!("X20261122000000{nth:05}01")
}

impl Desk {
    fn open() -> Desk {
        let folder = tempfile::tempdir().unwrap();
        let config = BankPacketConfig { folder: folder.path().to_owned(), ..BankPacketConfig::default() };
        Desk { bank: BankPacket::open(&County::of_the_samples(), config).unwrap(), folder }
    }

    fn leave(&self, number: &str, class: &str, measure: &str, task: &str, papers: &[&str]) {
        let message = format!(
            "<{class}><BASICINFO QQDBS=\"{number}\" QQCSLX=\"{measure}\" SQJGDM=\"330225\" MBJGDM=\"B0000000000000002\" AH=\"(2026)浙0225执1234号\" FYMC=\"象山县人民法院\"/><QUERYPERSON QQRXM=\"陈法官\" QQRZJHM=\"GZ330225001\"/>{task}</{class}>"
        );
        let mut members = vec![(format!("{class}{number}.xml"), message.into_bytes())];
        members.extend(papers.iter().map(|kind| (format!("{kind}{number}01.pdf"), b"%PDF-1.4\n".to_vec())));
        let base = format!("{PREFIX}{number}");
        let packet = packets::pack(&members, Some(&base)).unwrap();
        packets::leave(&self.folder.path().join("download"), &format!("{base}.zip"), &packet).unwrap();
    }

    fn order(&self, nth: u32, measure: &str, fields: &str) -> String {
        let number = number(nth);
        let task = format!(
            "<FREEZEACCOUNT RWLSH=\"{number}\" DJZHHZ=\"王小渔\" ZZLXDM=\"01\" ZZHM=\"330225189506120170\" ZH=\"{ACCOUNT}\" {fields}/>"
        );
        self.leave(&number, "SS17", measure, &task, &["LI25", "LI26"]);
        number
    }

    fn freeze(&self, nth: u32) -> String {
        self.order(nth, "05", "DJFS=\"01\" JE=\"5000.00\" BZ=\"CNY\" JSSJ=\"20271119\"")
    }

    async fn round(&self) -> BankPacketReport {
        let report = self.bank.poll().await;
        assert_eq!(report.errors, Vec::<String>::new());
        report
    }

    fn left(&self) -> Vec<String> {
        packets::names(&self.folder.path().join("upload"))
    }

    /// A member of a packet that was left for a request.
    fn told(&self, number: &str, kind: &str, class: &str) -> Node {
        let base = format!("{PREFIX}{number}{kind}");
        let bytes = packets::read(&self.folder.path().join("upload"), &format!("{base}.zip")).unwrap();
        let members = packets::unpack(&bytes, Some(&base)).unwrap();
        let (_, text) = members.iter().find(|(name, _)| *name == format!("{class}{number}.xml")).unwrap();
        parse(std::str::from_utf8(text).unwrap()).unwrap()
    }

    fn record(&self, number: &str, kind: &str) -> Node {
        self.told(number, kind, "SS19").child("FREEZERECORD").unwrap().clone()
    }
}

#[tokio::test]
async fn accounts_are_told_with_what_stands_on_them() {
    let desk = Desk::open();
    let number = format!("{}00", number(1).get(..20).unwrap());
    let task = format!(
        "<QUERYTASK RWLSH=\"{number}\" ZTLB=\"01\" ZTMC=\"王小渔\" ZZLXDM=\"01\" ZZHM=\"330225189506120170\" CXNR=\"01\"/>"
    );
    desk.leave(&number, "SS01", "01", &task, &["LI25"]);
    let report = desk.round().await;
    assert_eq!((report.fetched, report.answered), (1, 1));
    assert_eq!(desk.told(&number, "RR28", "RR28").child("HZXX").unwrap().attribute("HZDM"), "30000");
    let told = desk.told(&number, "FK001", "SS03");
    let customer = told.child("CUSTOMER").unwrap();
    let names: Vec<&str> = customer.children.iter().map(|row| row.name.as_str()).collect();
    assert_eq!((customer.attribute("CXFKJG"), names.as_slice()), ("01", &["ACCOUNT", "MEASURE", "ACCOUNT"][..]));
    let sums = desk.told(&number, "FK001", "EXECRESULT");
    assert_eq!((sums.attribute("FKKHS"), sums.attribute("FKZHS")), ("1", "2"));
}

#[tokio::test]
async fn a_freeze_is_renewed_and_released_by_its_number() {
    let desk = Desk::open();
    let freeze = desk.freeze(1);
    desk.round().await;
    let record = desk.record(&freeze, "FK001");
    assert_eq!((record.attribute("ZXJG"), record.attribute("SDJE")), ("0", "5000.00"));
    assert_eq!(record.attribute("DJJG"), "宁海县人民法院", "who stood there before");
    let renew = desk.order(2, "06", &format!("YRWLSH=\"{freeze}\" JSSJ=\"20281118\""));
    desk.round().await;
    assert_eq!(desk.record(&renew, "FK001").attribute("DJJSRQ"), "20281118");
    // Most banks do not read JE here: all of it is let go.
    let release = desk.order(3, "07", &format!("YRWLSH=\"{renew}\" JE=\"1.00\" BZ=\"CNY\""));
    desk.round().await;
    assert_eq!(desk.record(&release, "FK001").attribute("SDJE"), "5000.00");
    let again = desk.order(4, "07", &format!("YRWLSH=\"{freeze}\""));
    desk.round().await;
    let record = desk.record(&again, "FK001");
    assert_eq!((record.attribute("ZXJG"), record.attribute("SDJE")), ("1", "0.00"));
    assert_eq!(desk.bank.books().effects().len(), 3);
    assert_eq!(desk.bank.findings(), Vec::<String>::new());
}

#[tokio::test]
async fn what_is_incomplete_is_refused_at_the_reception_and_nothing_is_done() {
    let desk = Desk::open();
    let code = |number: &str| desk.told(number, "RR28", "RR28").child("HZXX").unwrap().attribute("HZDM").to_owned();
    let bare = number(1);
    desk.leave(&bare, "SS17", "05", "<FREEZEACCOUNT/>", &[]);
    let empty = number(2);
    desk.leave(&empty, "SS17", "05", "<FREEZEACCOUNT/>", &["LI25"]);
    let foreign = number(3);
    desk.leave(&foreign, "SS21", "08", "<STOPPAYMENTACCOUNT/>", &["LI25"]);
    desk.bank.spoil(BankPacketFault::NoReception);
    let report = desk.round().await;
    assert_eq!((report.fetched, report.refused, report.answered), (3, 3, 0));
    assert_eq!([code(&bare), code(&empty), code(&foreign)], ["30003", "30002", "30002"]);
    assert_eq!((desk.bank.books().effects().len(), desk.bank.findings().len()), (0, 3));
}

#[tokio::test]
async fn a_repeat_is_known_by_its_name() {
    let desk = Desk::open();
    let freeze = desk.freeze(1);
    assert_eq!(desk.round().await.fetched, 1);
    // Sealed anew, so its bytes differ: that is a conflict, and the first stands.
    desk.freeze(1);
    let report = desk.round().await;
    assert_eq!((report.fetched, report.conflicts), (0, 1));
    assert_eq!((desk.bank.books().effect_count(&freeze), desk.bank.fetched().len()), (1, 1));
}

#[tokio::test]
async fn every_fault_is_shown_and_the_true_answer_comes_after_it() {
    use BankPacketFault as Fault;
    let faults = [
        (Fault::UnknownReception("30009"), &["FK001", "RR28"][..], &["FK001", "RR28"][..]),
        (Fault::NoReception, &["FK001"], &["FK001"]),
        (Fault::LateReception, &["FK001"], &["FK001", "RR28"]),
        (Fault::Late, &["RR28"], &["FK001", "RR28"]),
        (Fault::Truncated, &["FK001", "RR28"], &["FK001", "FK002", "RR28"]),
        (Fault::Bomb, &["FK001", "RR28"], &["FK001", "FK002", "RR28"]),
        (Fault::Unsealed, &["FK001", "RR28"], &["FK001", "FK002", "RR28"]),
        (Fault::WrongTotals, &["FK001", "RR28"], &["FK001", "FK002", "RR28"]),
        (Fault::Partial, &["FK001", "RR28"], &["FK001", "RR28"]),
        (Fault::Again, &["FK001", "RR28"], &["FK001", "FK002", "RR28"]),
        (Fault::UnknownResult, &["FK001", "RR28"], &["FK001", "FK002", "RR28"]),
        (Fault::Contradiction, &["FK001", "RR28"], &["FK001", "FK002", "RR28"]),
        (Fault::ForeignTask, &["FK001", "RR28"], &["FK001", "FK002", "RR28"]),
        (Fault::Correction, &["FK001", "RR28"], &["FK001", "FK002", "RR28"]),
        (Fault::OtherPerson, &["FK001", "RR28"], &["FK001", "FK002", "RR28"]),
        (Fault::OtherAccount, &["FK001", "RR28"], &["FK001", "FK002", "RR28"]),
        (Fault::UnderWay, &["FK001", "RR28"], &["FK001", "FK002", "RR28"]),
        (Fault::HalfTheLimit, &["FK001", "RR28"], &["FK001", "FK002", "RR28"]),
        (Fault::ForeignCode, &["RR28"], &["FK002", "RR28"]),
        (Fault::UnknownRequest, &["RR28"], &["FK001", "RR28"]),
    ];
    for (fault, first, then) in faults {
        let desk = Desk::open();
        desk.bank.spoil(fault);
        let freeze = desk.freeze(7);
        let kinds = || {
            let base = format!("{PREFIX}{freeze}");
            let own = desk.left().into_iter().filter_map(|name| Some(name.strip_prefix(&base)?.to_owned()));
            own.map(|kind| kind.trim_end_matches(".zip").to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(desk.round().await.faulty, 1);
        assert_eq!(kinds(), first, "{fault:?}");
        desk.round().await;
        assert_eq!(kinds(), then, "{fault:?}");
        let last = then.iter().rev().find(|kind| kind.starts_with("FK")).unwrap();
        assert_eq!(desk.record(&freeze, last).attribute("ZXJG"), "0", "{fault:?}");
        assert_eq!(desk.bank.books().effect_count(&freeze), 1, "{fault:?}");
    }
}

#[tokio::test]
async fn another_packet_comes_under_a_name_once_the_first_is_gone() {
    let desk = Desk::open();
    desk.bank.spoil(BankPacketFault::DuplicateBatch);
    let freeze = desk.freeze(1);
    desk.round().await;
    let name = format!("{PREFIX}{freeze}FK001.zip");
    let upload = desk.folder.path().join("upload");
    let first = packets::read(&upload, &name).unwrap();
    desk.round().await;
    assert_eq!(packets::read(&upload, &name).unwrap(), first, "it lies there still");
    packets::take(&upload, &name).unwrap();
    desk.round().await;
    assert_ne!(packets::read(&upload, &name).unwrap(), first);
}
