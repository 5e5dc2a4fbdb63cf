//! One round of a front machine: fetch what is new, act in the order of the numbers, leave what is decided.

use encoding_rs::GBK;

use super::{Front, FrontReport, Owed, feed};
use crate::bank::{Answer, Papers, Received};
use crate::bank_hub::answers;
use crate::bank_hub::element::{self, Element};
use crate::bank_hub::round::answer_to;
use crate::bank_hub::slip::Slip;
use crate::bank_hub::trade::Trade;
use crate::packets;
use crate::wire::{decode_bytes, md5_hex};
use crate::xml::Node;

/// Packet kind, bank code, batch.
const NAME_BYTES: usize = 4 + 17 + 30;

/// Runs one round.
pub(crate) async fn run(front: &Front) -> FrontReport {
    let mut report = FrontReport::default();
    settle_owed(front, &mut report);
    fetch(front, &mut report);
    for (number, received) in front.books.not_fed() {
        let Ok(node) = element::read_inner(&received.raw, GBK) else {
            report.errors.push(format!("kept request {number} cannot be read"));
            continue;
        };
        let slip = Slip::read(&node, GBK);
        let papers = front.kept().papers.get(&number).cloned();
        if let Some(list) = answer(front, &slip, papers, &mut report).await
            && let Err(error) = feed::leave(front, &slip, list, &mut report)
        {
            report.errors.push(error);
        }
    }
    report
}

/// Finishes what was half written, and writes another packet under a name that was taken.
fn settle_owed(front: &Front, report: &mut FrontReport) {
    let upload = front.config.folder.join("upload");
    let owed = std::mem::take(&mut front.kept().owed);
    for owed in owed {
        let done = match owed {
            Owed::Rest { name, bytes } => packets::leave_growing(&upload, &name, &bytes),
            Owed::Double { name, bytes } if !upload.join(&name).exists() => packets::leave(&upload, &name, &bytes),
            waiting => {
                front.kept().owed.push(waiting);
                continue;
            }
        };
        report.errors.extend(done.err());
    }
}

fn fetch(front: &Front, report: &mut FrontReport) {
    let download = front.config.folder.join("download");
    for name in packets::names(&download) {
        if let Err(error) = take_in(front, &download, &name, report) {
            front.found(format!("{name}: {error}"));
            report.errors.push(format!("{name}: {error}"));
        }
    }
}

fn take_in(front: &Front, download: &std::path::Path, name: &str, report: &mut FrontReport) -> Result<(), String> {
    let (kind, rest) = name.split_at_checked(4).ok_or("a name that is too short")?;
    if !rest.starts_with(&front.config.bank_code) {
        return Err("another bank's packet".to_owned());
    }
    let bytes = packets::read(download, name)?;
    match kind {
        "CXHZ" | "KZHZ" => refused(front, &bytes)?,
        "CXQQ" | "KZQQ" if name.len() == NAME_BYTES + 4 => {
            let digest = md5_hex(&bytes);
            let known = front.kept().batches.get(name).cloned();
            match known {
                Some(known) if known == digest => report.repeats += 1,
                Some(_) => {
                    report.conflicts += 1;
                    front.found(format!("{name}: fetched again with other content; the first stands"));
                }
                None => {
                    requests(front, name, &bytes)?;
                    front.kept().batches.insert(name.to_owned(), digest);
                    report.fetched += 1;
                }
            }
        }
        _ => return Err("a packet of no kind that is agreed".to_owned()),
    }
    packets::take(download, name)
}

fn inner(members: &[(String, Vec<u8>)], kind: &str, stem: &str) -> Result<Vec<Node>, String> {
    let own = members.iter().filter(|(name, _)| name.starts_with(&format!("{kind}{stem}")));
    let mut roots = Vec::new();
    for (_, bytes) in own {
        let text = GBK.decode_without_bom_handling_and_without_replacement(bytes).ok_or("a member that is no GBK")?;
        roots.push(element::read_inner(&text, GBK)?);
    }
    Ok(roots)
}

fn refused(front: &Front, bytes: &[u8]) -> Result<(), String> {
    let members = packets::unpack(bytes, None)?;
    for root in inner(&members, "QNA", "")? {
        let mut rows = Vec::new();
        root.all("htxx", &mut rows);
        let told = rows.into_iter().map(|row| (row.attribute("BDHM").to_owned(), row.attribute("XCHTYY").to_owned()));
        front.kept().rejected.extend(told);
    }
    Ok(())
}

fn requests(front: &Front, name: &str, bytes: &[u8]) -> Result<(), String> {
    let members = packets::unpack(bytes, None)?;
    let stem = name.get(4..NAME_BYTES).unwrap_or_default();
    if members.iter().any(|(member, _)| !member.contains(stem)) {
        front.found(format!("{name}: a member bears another code or batch"));
    }
    let (papers, cards) = (inner(&members, "QI", stem)?, inner(&members, "QC", stem)?);
    for root in inner(&members, "QA", stem)? {
        let rows = root.children.iter().filter(|row| matches!(row.name.as_str(), "cxqq" | "kzqq"));
        for slip in rows.map(|row| Slip::read(row, GBK)) {
            if front.books.received(&slip.number).is_some() {
                // 1_QA<bank code><BDHM>: a repeat is logged and ignored.
                front.found(format!("{}: the number came before in another packet; the first stands", slip.number));
                continue;
            }
            let found = beside(front, &slip, &papers, &cards);
            front.kept().papers.insert(slip.number.clone(), found);
            let received = Received {
                content: slip.content.clone(),
                raw: slip.raw.clone(),
                control: slip.control,
                fed: false,
                hand_back: None,
            };
            front.books.receive(&slip.number, received).map_err(|error| error.to_string())?;
        }
    }
    Ok(())
}

fn beside(front: &Front, slip: &Slip, papers: &[Node], cards: &[Node]) -> Papers {
    let filled = |row: &&Node, name: &str| decode_bytes(row.attribute(name)).is_some_and(|bytes| !bytes.is_empty());
    let (mut documents, mut officers) = (Vec::new(), Vec::new());
    papers.iter().for_each(|root| root.all("wsinfo", &mut documents));
    cards.iter().for_each(|root| root.all("zjinfo", &mut officers));
    let own = |row: &&Node| [row.attribute("BDHM"), row.attribute("WSBH")].contains(&slip.number.as_str());
    documents.retain(own);
    officers.retain(own);
    for row in &documents {
        let sum = decode_bytes(row.attribute("WSNR")).map(|bytes| md5_hex(&bytes)).unwrap_or_default();
        if !sum.eq_ignore_ascii_case(row.attribute("MD5")) {
            front.found(format!("{}: a document's MD5 is not that of its bytes", slip.number));
        }
    }
    Papers {
        document: !documents.is_empty() && documents.iter().all(|row| filled(row, "WSNR")),
        credentials: officers.iter().any(|row| filled(row, "GZZ") || filled(row, "GWZ")),
        officer_numbers: slip.officer_numbers.clone(),
    }
}

async fn answer(front: &Front, slip: &Slip, papers: Option<Papers>, report: &mut FrontReport) -> Option<Element> {
    if slip.control {
        return control(front, slip, papers, report).await;
    }
    let papers = papers?;
    let fed_at = front.now();
    let reviewed = papers.document && papers.credentials && slip.identified();
    let found = front.books.accounts_of(&slip.subject).filter(|(_, accounts)| !accounts.is_empty());
    Some(match found {
        _ if !reviewed => answers::query_refused(slip, "业务审核未通过", &fed_at),
        None => answers::query_refused(slip, "查无开户信息", &fed_at),
        Some((customer, accounts)) => answers::query_done(Trade::Bank, slip, &customer, &accounts, &fed_at),
    })
}

/// Orders every line; the request is answered when all of them are decided.
async fn control(front: &Front, slip: &Slip, papers: Option<Papers>, report: &mut FrontReport) -> Option<Element> {
    let mut rows = Vec::new();
    for line in &slip.lines {
        match answer_to(&front.books, slip, line, papers.as_ref(), &mut report.errors).await? {
            Answer::Decided(verdict) => rows.push(answers::kzxx(slip, line, &verdict)),
            Answer::Pending => {
                report.pending += 1;
                return None;
            }
        }
    }
    Some(answers::control_done(slip, rows, false))
}
