//! A face for tests: it reads `user password argument`.

use domain::request::PartnerKind;
use domain::socket::{Face, FaceCall, FaceFault, FaceReply, ShownCredential};
use domain::{Flaw, Personal, Secret};

/// A face that reads `user password` and answers with what it was told.
pub struct FakeFace;

pub(super) fn reply(status: u16, text: String) -> FaceReply {
    FaceReply { status, content_type: "text/xml; charset=GBK", bytes: text.into_bytes() }
}

impl Face for FakeFace {
    fn path(&self) -> &'static str {
        "/services/FakeService"
    }

    fn kind(&self) -> PartnerKind {
        PartnerKind::Bank
    }

    fn description(&self, address: &str) -> String {
        format!("<definitions location=\"{address}\"/>")
    }

    fn decode(&self, body: &[u8]) -> Result<FaceCall, FaceFault> {
        let text = std::str::from_utf8(body).map_err(|_| FaceFault::Malformed(Flaw::NoEnvelope.into()))?;
        let (username, rest) = text.split_once(' ').ok_or(FaceFault::UnknownOperation)?;
        let (password, argument) = rest.split_once(' ').unwrap_or((rest, ""));
        Ok(FaceCall {
            operation: "getList".to_owned(),
            credentials: vec![ShownCredential {
                username: username.into(),
                password: Secret::new(password.to_owned()),
            }],
            argument: Some(Personal::new(argument.to_owned())),
        })
    }

    fn deny(&self, operation: &str, text: &str) -> FaceReply {
        reply(200, format!("<{operation}>{text}</{operation}>"))
    }

    fn fault(&self, fault: &FaceFault) -> FaceReply {
        let what = match fault {
            FaceFault::Malformed(at) => format!("malformed {}", at.english()),
            FaceFault::UnknownOperation => "unknown operation".to_owned(),
            FaceFault::TooLarge(bound) => format!("too large: {}", bound.english()),
        };
        reply(500, format!("<soap:Fault>{what}</soap:Fault>"))
    }
}
