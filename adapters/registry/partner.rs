//! One registry that fetches, in its own dialect.

use domain::Flaw;
use domain::case::Officer;
use domain::slip::Slip;
use domain::socket::{FaceAnswer, FaceCall, FaceFault, FaceReply, FaceVerb, ItemVerdict, ListClass, PaperFile, Pulled};

use super::message::{Message, Part};
use super::{INDUSTRY, feedback, list};
use crate::court_form::face::{answered, asked_for, class_of, place_of, reply};
use crate::court_form::list::{error, paper_name};
use crate::court_form::packed::Packed;
use crate::court_form::partner::{TOO_LARGE, fits};
use crate::court_form::reply::{file_type, md5_hex, merged};
use crate::dialect::{Dialect, Purpose};
use crate::transport::pull::ANSWER_BYTES_MAX;

/// A registry.
pub(super) struct RegistryPartner {
    pub(super) dialect: Dialect,
}

/// By what papers and credentials are asked for; registries mix the three up.
const KEYS: [&str; 3] = ["WSBH", "CXQQDH", "BDHM"];

impl Pulled for RegistryPartner {
    fn decode(&self, call: &FaceCall) -> Result<FaceVerb, FaceFault> {
        let purpose = self.dialect.purpose(&INDUSTRY, &call.operation).ok_or(FaceFault::UnknownOperation)?;
        if let Purpose::List(class) = purpose {
            return Ok(FaceVerb::List(class));
        }
        let missing = || FaceFault::Malformed(Flaw::ArgumentMissing.into());
        let packed = Packed::read(call.argument.as_ref().ok_or_else(missing)?.expose(), &self.dialect)?;
        Ok(match purpose {
            Purpose::List(class) => FaceVerb::List(class),
            Purpose::Papers(class) => FaceVerb::Papers { key: asked_for(&packed, &KEYS)?, class },
            Purpose::Credentials => FaceVerb::Credentials { slip: asked_for(&packed, &KEYS)? },
            Purpose::Feedback(_) | Purpose::Transactions | Purpose::Receipts => {
                let (items, assets) = feedback::read(&packed)?;
                FaceVerb::Feedback { class: class_of(Some(purpose)), items, assets, leads: Vec::new() }
            }
            Purpose::HandBack => FaceVerb::HandBack(feedback::read_hand_back(&packed)?),
        })
    }

    fn encode(&self, operation: &str, answer: &FaceAnswer) -> FaceReply {
        let dialect = &self.dialect;
        let purpose = dialect.purpose(&INDUSTRY, operation);
        let packed = match answer {
            FaceAnswer::List(slips) => list::list(dialect, class_of(purpose), slips),
            FaceAnswer::Papers { files, .. } if !fits(files) => refused(dialect, purpose),
            FaceAnswer::Credentials { officers, .. } if !fits(officers.iter().flat_map(|(_, scans)| scans)) => {
                refused(dialect, purpose)
            }
            FaceAnswer::Papers { key, files } => {
                let by = if class_of(purpose) == ListClass::Queries { "WSBH" } else { "CXQQDH" };
                papers(dialect, by, key, files)
            }
            FaceAnswer::Credentials { slip, officers } => credentials(dialect, slip, officers),
            FaceAnswer::Verdicts(verdicts) => written(dialect, purpose, verdicts),
            FaceAnswer::Denied(text) => denied(dialect, purpose, text),
        };
        reply(answered(&INDUSTRY, dialect, operation, &packed))
    }

    fn can_write(&self, slip: &Slip) -> bool {
        list::can_write(&self.dialect, slip)
    }
}

fn papers(dialect: &Dialect, by: &'static str, key: &str, files: &[PaperFile]) -> String {
    let mut message = Message::new(dialect, "WSINFOLIST");
    for (place, file) in files.iter().enumerate() {
        let (name, bytes) = (file.file_name.expose(), file.bytes.expose());
        let row = Part::new("WSINFO")
            .field(by, &dialect.write_number(key))
            .field("XH", &(place + 1).to_string())
            .field("WJMC", name)
            .field("WJLX", file_type(name))
            .field("WSLB", dialect.paper_name(&file.kind, paper_name(&file.kind)))
            .file("WSNR", bytes)
            .field("MD5", &md5_hex(bytes));
        message.push(&row, usize::MAX);
    }
    message.finish(error(dialect, 0), "")
}

fn credentials(dialect: &Dialect, slip: &str, officers: &[(Officer, Vec<PaperFile>)]) -> String {
    let mut message = Message::new(dialect, "ZJINFOLIST");
    for (place, (officer, files)) in officers.iter().enumerate() {
        let mut row = Part::new("ZJINFO")
            .field("CXQQDH", &dialect.write_number(slip))
            .field("XH", &(place + 1).to_string())
            .field("ZJMC", "工作证、执行公务证");
        for (number, id, format, image, kind) in [
            ("GZZBM", &officer.work_id, "GZZWJGS", "GZZ", "work_id_scan"),
            ("GWZBM", &officer.duty_id, "GWZWJGS", "GWZ", "duty_id_scan"),
        ] {
            let scan = files.iter().find(|file| file.kind == kind);
            row = row
                .field(number, id.expose())
                .field(format, scan.map_or("", |file| file_type(file.file_name.expose())))
                .file(image, scan.map_or(&[], |file| file.bytes.expose().as_slice()));
        }
        message.push(&row, usize::MAX);
    }
    message.finish(error(dialect, 0), "")
}

/// One `JG` a slip in the order of first mention; a slip fails when any of its lines does.
fn written(dialect: &Dialect, purpose: Option<Purpose>, verdicts: &[ItemVerdict]) -> String {
    let mut message = Message::new(dialect, "JGLIST");
    for (slip, reason) in merged(verdicts) {
        let row = Part::new("JG")
            .field("CXQQDH", &dialect.write_number(slip))
            .field("RESULT", if reason.is_some() { &dialect.failed } else { &dialect.taken })
            .field("MSG", &reason.unwrap_or_default());
        if !message.push(&row, ANSWER_BYTES_MAX) {
            break;
        }
    }
    message.finish(error(dialect, place_of(purpose)), "")
}

fn refused(dialect: &Dialect, purpose: Option<Purpose>) -> String {
    denied(dialect, purpose, TOO_LARGE)
}

/// An answer that says only why there is none.
pub(super) fn denied(dialect: &Dialect, purpose: Option<Purpose>, text: &str) -> String {
    Message::new(dialect, list::list_of(class_of(purpose))).finish(error(dialect, place_of(purpose)), text)
}
