//! One made-up case (象山法院 against 王小渔), of which every form tells its goldens.

use domain::case::{Case, Court, CourtAccount, Officer, Paper, Party, PartyKind, Role, Stage};
use domain::slip::SlipContext;
use domain::socket::PaperFile;
use domain::{Day, Money, Personal, SlipNumber};

pub(crate) const NAME: &str = "王小渔";
pub(crate) const ID: &str = "330225189506120170";

pub(crate) fn personal(text: &str) -> Personal<String> {
    Personal::new(text.to_owned())
}

/// The slip's number: `X2026112200000000012`.
pub(crate) fn number() -> SlipNumber {
    SlipNumber::issue(Day::from_ymd(2026, 11, 22).unwrap(), 12)
}

pub(crate) fn officer(name: &str, nth: &str) -> Officer {
    Officer {
        name: personal(name),
        work_id: personal(&format!("GZ33022500{nth}")),
        duty_id: personal(&format!("GW33022500{nth}")),
        phone: personal("0574-00000000"),
    }
}

/// The case with these officers and a ruling of this number.
pub(crate) fn context(officers: Vec<Officer>, ruling: &str) -> SlipContext {
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
        officers,
        papers: vec![Paper {
            kind: "ruling".to_owned(),
            number: personal(ruling),
            file_name: personal("裁定书.pdf"),
            digest: personal("sha256:00"),
        }],
    }
}

/// The stand-in PDF of all goldens.
pub(crate) fn paper(number: &str, kind: &str, name: &str) -> PaperFile {
    PaperFile {
        number: personal(number),
        kind: kind.to_owned(),
        file_name: personal(name),
        bytes: Personal::new(b"%PDF-1.4\n".to_vec()),
    }
}
