//! One made-up case (象山法院 against 王小渔) as slips of every kind; the goldens say the same in the bank's words.

use std::sync::Arc;

use domain::act::Original;
use domain::case::{Case, Court, CourtAccount, Officer, Paper, Party, PartyKind, Role, Stage};
use domain::slip::{Line, Slip, SlipContext};
use domain::socket::{
    Adapter, Face, FaceAnswer, FaceFault, FaceReply, FaceVerb, PaperFile, PartnerOptions, Plug, Pulled,
};
use domain::{ActKind, Day, Money, Personal, SlipNumber};

pub(crate) const ACCOUNT: &str = "6222000000000000017";
pub(crate) const NAME: &str = "王小渔";
pub(crate) const ID: &str = "330225189506120170";
/// What may never be seen in an error, a log or a `Debug`.
pub(crate) const CANARIES: [&str; 4] = [ACCOUNT, NAME, ID, "1234号"];

fn context(ruling: &str) -> SlipContext {
    let personal = |text: &str| Personal::new(text.to_owned());
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
        officers: vec![Officer {
            name: personal("陈法官"),
            work_id: personal("GZ330225001"),
            duty_id: personal("GW330225001"),
            phone: personal("0574-00000000"),
        }],
        papers: vec![Paper {
            kind: "ruling".to_owned(),
            number: personal(ruling),
            file_name: personal("裁定书.pdf"),
            digest: personal("sha256:00"),
        }],
    }
}

/// A slip with one line of that kind.
pub(crate) fn slip(kind: ActKind) -> Slip {
    let day = |text| Day::parse(text);
    let is_query = kind == ActKind::Query;
    let line = Line {
        note: None,
        details: Vec::new(),
        line: u16::from(!is_query),
        kind,
        account: (!is_query).then(|| Personal::new(ACCOUNT.to_owned())),
        amount: match kind {
            ActKind::Freeze => Some(Money::from_fen(1_800_000)),
            ActKind::Deduct => Some(Money::from_fen(800_000)),
            ActKind::Reverse => Some(Money::from_fen(300_000)),
            _ => None,
        },
        from: day("2026-11-20").filter(|_| kind == ActKind::Freeze),
        to: day("2027-11-19").filter(|_| matches!(kind, ActKind::Freeze | ActKind::Renew)),
        original: kind.builds_on_freeze().then(|| Original {
            act: None,
            slip: "A20261120E0200000001".to_owned(),
            case_number: Personal::new("(2026)浙0225执1234号".to_owned()),
        }),
    };
    let ruling =
        if kind == ActKind::Deduct { "(2026)浙0225执1234号之二" } else { "(2026)浙0225执1234号之一" };
    let number = SlipNumber::issue(Day::from_ymd(2026, 11, 22).unwrap(), 12);
    Slip { number, context: Arc::new(context(ruling)), subject: 0, lines: vec![line] }
}

/// The same slip with its case changed.
pub(crate) fn with_case(mut slip: Slip, change: impl FnOnce(&mut Case)) -> Slip {
    let mut case = slip.context.case.clone();
    change(&mut case);
    let (officers, papers) = (slip.context.officers.clone(), slip.context.papers.clone());
    slip.context = Arc::new(SlipContext { case, officers, papers });
    slip
}

/// The stand-in PDF of all goldens.
pub(crate) fn paper(kind: &str, name: &str) -> PaperFile {
    PaperFile {
        number: Personal::new(String::new()),
        kind: kind.to_owned(),
        file_name: Personal::new(name.to_owned()),
        bytes: Personal::new(b"%PDF-1.4\n".to_vec()),
    }
}

/// A face with one partner behind it, as the gateway joins the two.
pub(crate) struct Hub {
    pub(crate) face: Box<dyn Face>,
    pub(crate) partner: Arc<dyn Pulled>,
}

/// A call as it was read.
pub(crate) struct Read {
    pub(crate) operation: String,
    pub(crate) username: Personal<String>,
    pub(crate) password: domain::Secret<String>,
    pub(crate) verb: FaceVerb,
}

impl Hub {
    pub(crate) fn of(adapter: &Adapter, face: impl Face + 'static) -> Self {
        Self::with(adapter, face, &PartnerOptions::default())
    }

    pub(crate) fn with(adapter: &Adapter, face: impl Face + 'static, options: &PartnerOptions) -> Self {
        let Ok(Plug::Pull(partner)) = (adapter.build)(options) else { panic!("{} is not built", adapter.name) };
        Self { face: Box::new(face), partner }
    }

    pub(crate) fn decode(&self, body: &[u8]) -> Result<Read, FaceFault> {
        let mut call = self.face.decode(body)?;
        let verb = self.partner.decode(&call)?;
        let shown = call.credentials.remove(0);
        Ok(Read { operation: call.operation, username: shown.username, password: shown.password, verb })
    }

    pub(crate) fn encode(&self, operation: &str, answer: &FaceAnswer) -> FaceReply {
        self.partner.encode(operation, answer)
    }
}

/// An envelope with the credential of the bank samples, as the client of any industry writes it.
pub(crate) fn call(operation: &str, argument: Option<&str>) -> Vec<u8> {
    let known = include_str!("../bank/golden/soap/getXzcxList_request.xml").trim_end();
    let argument = argument.map(|text| format!("<arg1>{text}</arg1>")).unwrap_or_default();
    let whole = known.replace("</q:getXzcxList>", &format!("{argument}</q:getXzcxList>"));
    whole.replace("getXzcxList", operation).into_bytes()
}
