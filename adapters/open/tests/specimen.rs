//! One made-up case (象山法院 against 王小渔) as slips of every kind, and answers as they come over HTTP.

use std::sync::Arc;

use domain::act::{ORIGINAL_SERIAL, Original};
use domain::case::{Case, Court, CourtAccount, Officer, Paper, Party, PartyKind, Role, Stage};
use domain::outcome::{Detail, Outcome};
use domain::slip::{Line, Slip, SlipContext, SlipLine};
use domain::socket::{Judged, PaperFile};
use domain::{ActKind, Day, Money, Personal, SlipNumber};

use crate::transport::http::HttpReply;

pub(crate) const NAME: &str = "王小渔";
pub(crate) const ID: &str = "330225189506120170";
/// What acts here build on.
pub(crate) const ORIGINAL: &str = "X2026112000000000007-1";

fn personal(text: &str) -> Personal<String> {
    Personal::new(text.to_owned())
}

fn officer(name: &str, nth: &str) -> Officer {
    Officer {
        name: personal(name),
        work_id: personal(&format!("GZ33022500{nth}")),
        duty_id: personal(&format!("GW33022500{nth}")),
        phone: personal("0574-00000000"),
    }
}

fn context() -> SlipContext {
    SlipContext {
        case: Case {
            number: personal("(2026)浙0225执1234号"),
            stage: Stage::Enforcement,
            court: Court { code: "330225".to_owned(), name: "象山县人民法院".to_owned() },
            claim: Money::from_fen(1_800_000),
            costs: Money::ZERO,
            parties: vec![Party {
                role: Role::Obligor,
                kind: PartyKind::Person,
                name: personal(NAME),
                id_type: "01".to_owned(),
                bankrupt: None,
                id_number: personal(ID),
            }],
            account: Some(CourtAccount {
                holder: "象山县人民法院执行款专户".to_owned(),
                bank: "象山农商银行".to_owned(),
                bank_code: "402332002258".to_owned(),
                number: personal("2010000000001234"),
            }),
        },
        officers: vec![officer("陈法官", "1"), officer("林法官", "2")],
        papers: vec![Paper {
            kind: "ruling".to_owned(),
            number: personal("(2026)浙0225执1234号之一"),
            file_name: personal("裁定书.pdf"),
            digest: personal("sha256:00"),
        }],
    }
}

/// A slip with one line of that kind about that asset: 18,000.00 yuan where an amount is needed, 2026-11-20 to 2027-11-19
/// where days are, [`ORIGINAL`] where it builds on something.
pub(crate) fn slip(kind: ActKind, asset: Option<&str>) -> Slip {
    let lasts = kind.is_lasting() || kind == ActKind::Renew;
    let line = Line {
        note: None,
        details: serial(kind),
        line: u16::from(!kind.is_question()),
        kind,
        account: asset.map(personal),
        amount: kind.needs_amount().then(|| Money::from_fen(1_800_000)),
        from: Day::parse("2026-11-20").filter(|_| kind.is_lasting()),
        to: Day::parse("2027-11-19").filter(|_| lasts),
        original: (!kind.builds_on().is_empty()).then(|| Original {
            act: None,
            slip: ORIGINAL.to_owned(),
            case_number: personal("(2026)浙0225执1234号"),
        }),
    };
    let number = SlipNumber::issue(Day::from_ymd(2026, 11, 22).unwrap(), 12);
    Slip { number, context: Arc::new(context()), subject: 0, lines: vec![line] }
}

/// The partner's own number of what is given back.
fn serial(kind: ActKind) -> Vec<Detail> {
    let serial = Detail { name: ORIGINAL_SERIAL.to_owned(), value: personal("HX2026112000000003") };
    Some(serial).filter(|_| kind.gives_back()).into_iter().collect()
}

/// Our number for the one line of that slip: `X2026112200000000012-1`.
pub(crate) fn key(kind: ActKind) -> String {
    let slip = slip(kind, None);
    SlipLine { slip: slip.number, line: u16::from(!kind.is_question()) }.to_string()
}

/// The stand-in PDF of all goldens.
pub(crate) fn paper(kind: &str, name: &str) -> PaperFile {
    PaperFile {
        number: personal("(2026)浙0225执1234号之一"),
        kind: kind.to_owned(),
        file_name: personal(name),
        bytes: Personal::new(b"%PDF-1.4\n".to_vec()),
    }
}

/// An answer with that status and body.
pub(crate) fn reply(status: u16, body: &str) -> HttpReply {
    HttpReply { status, retry_after_ms: None, body: Ok(body.as_bytes().to_vec()) }
}

/// The outcome of what must be an answer.
pub(crate) fn answered(judged: Judged) -> Outcome {
    match judged {
        Judged::Answered(outcome) => *outcome,
        Judged::Doubt { cause } => panic!("a doubt: {cause:?}"),
        _ => panic!("not an answer"),
    }
}
