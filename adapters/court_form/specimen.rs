//! The made-up case as slips of every kind, a hub that fetches them; the goldens say the same in the bank's words.

use std::sync::Arc;

use domain::act::Original;
use domain::case::Case;
use domain::slip::{Line, Slip, SlipContext};
use domain::socket::{
    Adapter, Face, FaceAnswer, FaceFault, FaceReply, FaceVerb, PaperFile, PartnerOptions, Plug, Pulled,
};
use domain::{ActKind, Day, Money, Personal};

use crate::specimen;
pub(crate) use crate::specimen::{ID, NAME};

pub(crate) const ACCOUNT: &str = "6222000000000000017";
/// What may never be seen in an error, a log or a `Debug`.
pub(crate) const CANARIES: [&str; 4] = [ACCOUNT, NAME, ID, "1234号"];

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
    let context = specimen::context(vec![specimen::officer("陈法官", "1")], ruling);
    Slip { number: specimen::number(), context: Arc::new(context), subject: 0, lines: vec![line] }
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
    specimen::paper("", kind, name)
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

    pub(crate) fn can_write(&self, slip: &Slip) -> bool {
        self.partner.can_write(slip)
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
