//! The SOAP path of an industry: envelope and credential, which are the same for all of its partners; the rest is the partner's dialect.

use domain::request::PartnerKind;
use domain::socket::{Face, FaceCall, FaceFault, FaceReply, ListClass, ShownCredential};
use domain::{Flaw, Personal, Secret};

use super::packed::Packed;
use crate::dialect::{Dialect, Industry, Purpose};
use crate::markup::Element;
use crate::transport::soap;

/// Longer than any code or password; a bound before it is hashed.
const CREDENTIAL_BYTES_MAX: usize = 200;
pub(crate) const CONTENT_TYPE: &str = "text/xml; charset=utf-8";

/// The path of one industry.
pub struct CourtFace {
    industry: &'static Industry,
    /// How the face speaks to those whom it does not know.
    dialect: Dialect,
    deny: fn(&Dialect, Option<Purpose>, &str) -> String,
}

impl CourtFace {
    pub(crate) fn new(industry: &'static Industry, deny: fn(&Dialect, Option<Purpose>, &str) -> String) -> Self {
        Self { industry, dialect: Dialect::of(industry), deny }
    }
}

impl Face for CourtFace {
    fn path(&self) -> &'static str {
        self.industry.service.path
    }

    fn kind(&self) -> PartnerKind {
        self.industry.kind
    }

    fn description(&self, address: &str) -> String {
        soap::wsdl(&self.industry.service, address)
    }

    fn decode(&self, body: &[u8]) -> Result<FaceCall, FaceFault> {
        let call = soap::read(body)?;
        let credentials = credentials(&call.credential, self.industry)?;
        Ok(FaceCall { operation: call.operation, credentials, argument: call.argument.map(Personal::new) })
    }

    fn deny(&self, operation: &str, text: &str) -> FaceReply {
        let purpose = self.dialect.purpose(self.industry, operation);
        let packed = (self.deny)(&self.dialect, purpose, text);
        reply(soap::response(self.industry.service.namespace, operation, &packed))
    }

    fn fault(&self, fault: &FaceFault) -> FaceReply {
        // SOAP 1.1 over HTTP says 500 for a fault of either side; only the size has a status that proxies understand.
        let (status, text) = match fault {
            FaceFault::Malformed(place) => {
                (500, format!("报文格式错误：{} malformed: {}", place.chinese(), place.english()))
            }
            FaceFault::UnknownOperation => (500, "未知操作 unknown operation".to_owned()),
            FaceFault::TooLarge(limit) => {
                (413, format!("报文超过限制：{} too large: {}", limit.chinese(), limit.english()))
            }
        };
        FaceReply { status, content_type: CONTENT_TYPE, bytes: soap::fault(&text) }
    }
}

/// An answer in its envelope, as the dialect's clients expect it.
pub(crate) fn answered(industry: &Industry, dialect: &Dialect, operation: &str, packed: &str) -> Vec<u8> {
    let namespace = dialect.namespace.as_deref().unwrap_or(industry.service.namespace);
    soap::response_in(namespace, operation, &dialect.returns, packed)
}

/// Bytes that are an answer.
pub(crate) fn reply(bytes: Vec<u8>) -> FaceReply {
    FaceReply { status: 200, content_type: CONTENT_TYPE, bytes }
}

/// `<usermarker><condition username password/></usermarker>`, or the same in capital elements. Who covers no values is known only
/// once the caller is, so what could be meant in the clear is tried too.
fn credentials(argument: &str, industry: &Industry) -> Result<Vec<ShownCredential>, FaceFault> {
    let mut dialect = Dialect::of(industry);
    // Attributes or elements: hubs of every industry send both.
    dialect.fields_in_elements = true;
    let mut shown = Vec::new();
    let mut fault = None;
    for values_covered in [true, false] {
        dialect.values_covered = values_covered;
        match credential(&Packed::read(argument, &dialect)?) {
            Ok(credential) => shown.push(credential),
            Err(reason) => fault = fault.or(Some(reason)),
        }
    }
    match (shown.is_empty(), fault) {
        (true, Some(fault)) => Err(fault),
        _ => Ok(shown),
    }
}

fn credential(packed: &Packed<'_>) -> Result<ShownCredential, FaceFault> {
    // Which field is meant would be the caller's own word where it names them as it likes.
    let malformed = || FaceFault::Malformed(Flaw::CredentialForm.into());
    let named = packed.all(&packed.root, "condition").into_iter().next();
    let condition = named.or_else(|| pair_in(packed, &packed.root));
    let values = packed.values(condition.ok_or_else(malformed)?);
    // Whose names a channel has is known only with the caller: the first field is who, the second is the proof.
    let mut fields = ["username", "password"].map(str::to_owned);
    if !values.has("username") && !values.has("password") {
        for (field, name) in fields.iter_mut().zip(values.names()) {
            name.clone_into(field);
        }
    }
    let [username, password] = &fields;
    let read = (values.text(username).map_err(|_| malformed())?, values.text(password).map_err(|_| malformed())?);
    if read.0.len() > CREDENTIAL_BYTES_MAX || read.1.len() > CREDENTIAL_BYTES_MAX {
        return Err(FaceFault::TooLarge(Flaw::CredentialLong.into()));
    }
    Ok(ShownCredential { username: Personal::new(read.0), password: Secret::new(read.1) })
}

/// The first element that has two fields and no more, where none is called by the form's name.
fn pair_in<'p>(packed: &'p Packed<'_>, element: &'p Element) -> Option<&'p Element> {
    if packed.values(element).names().count() == 2 {
        return Some(element);
    }
    element.children.iter().find_map(|child| pair_in(packed, child))
}

/// The number asked for by `<wsbhinfo><condition WSBH/></wsbhinfo>` or `<bdhminfo><condition BDHM/></bdhminfo>`; hubs mix the two up.
pub(crate) fn asked_for(packed: &Packed<'_>, fields: &[&str]) -> Result<String, FaceFault> {
    let found = packed.all(&packed.root, "condition");
    // Several could not be answered apart: the answer's rows carry one key.
    let [condition] = found.as_slice() else {
        return Err(FaceFault::Malformed(Flaw::ConditionCount.into()));
    };
    let key = packed.values(condition).first(fields).map_err(FaceFault::Malformed)?;
    let key = packed.dialect.read_number(key);
    if key.is_empty() || key.len() > 200 {
        return Err(FaceFault::Malformed(Flaw::ConditionNumber.into()));
    }
    Ok(key)
}

/// Which of an answer's spellings of "why denied" goes with a purpose.
pub(crate) fn place_of(purpose: Option<Purpose>) -> usize {
    match purpose {
        Some(Purpose::List(_) | Purpose::Papers(_) | Purpose::Credentials) => 0,
        Some(Purpose::HandBack) => 2,
        Some(Purpose::Feedback(_) | Purpose::Transactions | Purpose::Receipts) | None => 1,
    }
}

/// The class that a purpose is about.
pub(crate) fn class_of(purpose: Option<Purpose>) -> ListClass {
    match purpose {
        Some(Purpose::List(class) | Purpose::Papers(class) | Purpose::Feedback(class)) => class,
        Some(Purpose::Receipts) => ListClass::Controls,
        _ => ListClass::Queries,
    }
}
