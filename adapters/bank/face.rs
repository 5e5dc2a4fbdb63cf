//! The path that banks call: `SyyhConvertDataService`, shared by all of them and told apart by the credential in the body.

use domain::request::PartnerKind;
use domain::socket::{Face, FaceAnswer, FaceCall, FaceFault, FaceReply, FaceVerb, ListClass};
use domain::{Personal, Secret};

use super::wire::packed::Packed;
use super::wire::soap::{OPERATIONS, Purpose};
use super::wire::{feedback, list, reply, soap};

/// The face. It speaks GBK inside Base64, as all banks on this form do.
pub struct BankFace;

const CONTENT_TYPE: &str = "text/xml; charset=utf-8";

impl Face for BankFace {
    fn path(&self) -> &'static str {
        "/services/SyyhConvertDataService"
    }

    fn kind(&self) -> PartnerKind {
        PartnerKind::Bank
    }

    fn description(&self, address: &str) -> String {
        soap::wsdl(address)
    }

    fn decode(&self, body: &[u8]) -> Result<FaceCall, FaceFault> {
        let call = soap::read(body)?;
        let (username, password) = credential(&call.credential)?;
        let argument =
            call.argument.as_ref().ok_or_else(|| FaceFault::Malformed("the second argument is missing".to_owned()));
        let verb = match call.purpose {
            Purpose::List(class) => FaceVerb::List(class),
            Purpose::Papers(class) => FaceVerb::Papers { key: asked_for(argument?)?, class },
            Purpose::Credentials => FaceVerb::Credentials { slip: asked_for(argument?)? },
            Purpose::Feedback(operation) => {
                let (class, items) = feedback::read(argument?, operation)?;
                FaceVerb::Feedback { class, items }
            }
            Purpose::HandBack => FaceVerb::HandBack(feedback::read_hand_back(argument?)?),
        };
        Ok(FaceCall {
            operation: call.operation,
            username: Personal::new(username),
            password: Secret::new(password),
            verb,
        })
    }

    fn encode(&self, operation: &'static str, answer: &FaceAnswer) -> FaceReply {
        let purpose = OPERATIONS.into_iter().find(|(name, _)| *name == operation).map(|(_, purpose)| purpose);
        let (list_root, attribute, verdict_list) = match purpose {
            Some(Purpose::HandBack) => ("result", "errMsg", "htjglist"),
            Some(Purpose::List(ListClass::Queries)) => ("cxqqList", "errorMsg", ""),
            Some(Purpose::List(ListClass::Controls)) => ("kzqqList", "errorMsg", ""),
            Some(Purpose::Papers(_)) => ("wsinfoList", "errorMsg", ""),
            Some(Purpose::Credentials) => ("zjinfoList", "errorMsg", ""),
            Some(Purpose::Feedback(_)) | None => ("result", "errorMsg", "cxjglist"),
        };
        let packed = match answer {
            FaceAnswer::List(slips) if purpose == Some(Purpose::List(ListClass::Controls)) => {
                list::list(ListClass::Controls, slips)
            }
            FaceAnswer::List(slips) => list::list(ListClass::Queries, slips),
            FaceAnswer::Papers { key, files } => {
                reply::papers(if operation == "cxwsInfo" { "WSBH" } else { "BDHM" }, key, files)
            }
            FaceAnswer::Credentials { slip, officers } => reply::credentials(slip, officers),
            FaceAnswer::Verdicts(verdicts) => reply::verdicts(verdict_list, attribute, verdicts),
            FaceAnswer::Denied(text) => list::denied(list_root, attribute, text),
        };
        FaceReply { status: 200, content_type: CONTENT_TYPE, bytes: soap::response(operation, &packed) }
    }

    fn fault(&self, fault: &FaceFault) -> FaceReply {
        // SOAP 1.1 over HTTP says 500 for a fault of either side; only the size has a status that proxies understand.
        let (status, text) = match fault {
            FaceFault::Malformed(place) => (500, format!("报文格式错误 malformed: {place}")),
            FaceFault::UnknownOperation => (500, "未知操作 unknown operation".to_owned()),
            FaceFault::TooLarge(limit) => (413, format!("报文超过限制 too large: {limit}")),
        };
        FaceReply { status, content_type: CONTENT_TYPE, bytes: soap::fault(&text) }
    }
}

/// `<usermarker><condition username password/></usermarker>`.
fn credential(packed: &Packed) -> Result<(String, String), FaceFault> {
    let malformed = |reason: String| FaceFault::Malformed(format!("credential: {reason}"));
    let mut found = Vec::new();
    packed.root.all("condition", &mut found);
    let condition = found.first().ok_or_else(|| malformed("no condition".to_owned()))?;
    let values = packed.values(condition);
    let read = (values.text("username").map_err(malformed)?, values.text("password").map_err(malformed)?);
    // Longer than any code or password; a bound before it is hashed.
    if read.0.len() > 200 || read.1.len() > 200 {
        return Err(FaceFault::TooLarge("credential".to_owned()));
    }
    Ok(read)
}

/// `<wsbhinfo><condition WSBH/></wsbhinfo>` or `<bdhminfo><condition BDHM/></bdhminfo>`; hubs mix the two up.
fn asked_for(packed: &Packed) -> Result<String, FaceFault> {
    let mut found = Vec::new();
    packed.root.all("condition", &mut found);
    // Several could not be answered apart: the answer's rows carry one key.
    let [condition] = found.as_slice() else {
        return Err(FaceFault::Malformed("exactly one condition is answered per call".to_owned()));
    };
    let key = packed.values(condition).first(&["BDHM", "WSBH"]).map_err(FaceFault::Malformed)?;
    if key.is_empty() || key.len() > 200 {
        return Err(FaceFault::Malformed("condition names no number".to_owned()));
    }
    Ok(key)
}
