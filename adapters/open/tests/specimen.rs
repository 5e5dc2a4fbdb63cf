//! The made-up case as slips of every kind, and answers as they come over HTTP.

use std::sync::Arc;

use domain::act::{ORIGINAL_SERIAL, Original};
use domain::outcome::{Detail, Outcome};
use domain::slip::{Line, Slip, SlipLine};
use domain::socket::{Judged, PaperFile};
use domain::{ActKind, Day, Money};

use crate::specimen::{self, personal};
use crate::transport::http::HttpReply;

/// What acts here build on.
pub(crate) const ORIGINAL: &str = "X2026112000000000007-1";
/// The ruling of the case.
const RULING: &str = "(2026)浙0225执1234号之一";

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
    let officers = vec![specimen::officer("陈法官", "1"), specimen::officer("林法官", "2")];
    let context = Arc::new(specimen::context(officers, RULING));
    Slip { number: specimen::number(), context, subject: 0, lines: vec![line] }
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
    specimen::paper(RULING, kind, name)
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
