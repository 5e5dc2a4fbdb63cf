//! One partner that fetches by the form with attributes (banks, fund centres, payment institutions), in its own dialect.

use domain::Flaw;
use domain::slip::Slip;
use domain::socket::{FaceAnswer, FaceCall, FaceFault, FaceReply, FaceVerb, ListClass, PaperFile, Pulled};

use super::face::{answered, asked_for, class_of, place_of, reply};
use super::packed::Packed;
use super::{feedback, list, reply as replies};
use crate::dialect::{Dialect, Industry, Purpose};
use crate::transport::pull::ANSWER_BYTES_MAX;

/// A partner of the form with attributes.
pub(crate) struct CourtPartner {
    pub(crate) industry: &'static Industry,
    pub(crate) dialect: Dialect,
}

impl Pulled for CourtPartner {
    fn decode(&self, call: &FaceCall) -> Result<FaceVerb, FaceFault> {
        let purpose = self.dialect.purpose(self.industry, &call.operation).ok_or(FaceFault::UnknownOperation)?;
        if let Purpose::List(class) = purpose {
            return Ok(FaceVerb::List(class));
        }
        let missing = || FaceFault::Malformed(Flaw::ArgumentMissing.into());
        let packed = Packed::read(call.argument.as_ref().ok_or_else(missing)?.expose(), &self.dialect)?;
        Ok(match purpose {
            Purpose::List(class) => FaceVerb::List(class),
            Purpose::Papers(class) => FaceVerb::Papers { key: asked_for(&packed, &["BDHM", "WSBH"])?, class },
            Purpose::Credentials => FaceVerb::Credentials { slip: asked_for(&packed, &["BDHM", "WSBH"])? },
            Purpose::Feedback(_) | Purpose::Transactions | Purpose::Receipts => {
                let fed = feedback::read(&packed, class_of(Some(purpose)), self.industry.asset)?;
                FaceVerb::Feedback { class: fed.class, items: fed.items, assets: Vec::new(), leads: fed.leads }
            }
            Purpose::HandBack => FaceVerb::HandBack(feedback::read_hand_back(&packed)?),
        })
    }

    fn encode(&self, operation: &str, answer: &FaceAnswer) -> FaceReply {
        let dialect = &self.dialect;
        let purpose = dialect.purpose(self.industry, operation);
        let packed = match answer {
            FaceAnswer::List(slips) => list::list(dialect, class_of(purpose), slips),
            FaceAnswer::Papers { files, .. } if !fits(files) => denied(dialect, purpose, TOO_LARGE),
            FaceAnswer::Credentials { officers, .. } if !fits(officers.iter().flat_map(|(_, scans)| scans)) => {
                denied(dialect, purpose, TOO_LARGE)
            }
            FaceAnswer::Papers { key, files } => {
                // The older name of the operation goes by the request's own number.
                let older = operation.strip_prefix(self.industry.prefix).unwrap_or(operation) == "wsInfo";
                let by_paper = purpose == Some(Purpose::Papers(ListClass::Queries)) && !older;
                let field = if by_paper { dialect.query_papers_by.as_str() } else { "BDHM" };
                replies::papers(dialect, field, key, files)
            }
            FaceAnswer::Credentials { slip, officers } => replies::credentials(dialect, slip, officers),
            FaceAnswer::Verdicts(verdicts) => {
                let list = if purpose == Some(Purpose::HandBack) { "htjglist" } else { "cxjglist" };
                replies::verdicts(dialect, list, list::error(dialect, place_of(purpose)), verdicts)
            }
            FaceAnswer::Denied(text) => denied(dialect, purpose, text),
        };
        reply(answered(self.industry, dialect, operation, &packed))
    }

    fn can_write(&self, slip: &Slip) -> bool {
        list::can_write(&self.dialect, slip)
    }
}

/// For the partner, in place of a set of files that would not be whole.
pub(crate) const TOO_LARGE: &str = "文书或证件总量超过单次可下发的上限，请联系法院另行送达";

/// Do the files fit one answer? Some of them alone would look like all there are.
pub(crate) fn fits<'f>(files: impl IntoIterator<Item = &'f PaperFile>) -> bool {
    files.into_iter().map(|file| file.bytes.expose().len()).sum::<usize>() <= ANSWER_BYTES_MAX
}

/// An answer that says only why there is none.
pub(crate) fn denied(dialect: &Dialect, purpose: Option<Purpose>, text: &str) -> String {
    let root = match purpose {
        Some(Purpose::List(ListClass::Queries)) => "cxqqList",
        Some(Purpose::List(ListClass::Controls)) => "kzqqList",
        Some(Purpose::Papers(_)) => "wsinfoList",
        Some(Purpose::Credentials) => "zjinfoList",
        _ => "result",
    };
    list::denied(dialect, root, list::error(dialect, place_of(purpose)), text)
}
