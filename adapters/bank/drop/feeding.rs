//! What a bank leaves: results, sealed receipts and hand-backs, read by their names first; and the receipt for what was not taken.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::outcome::AssetKind;
use domain::socket::{FeedbackItem, Inbound, ItemVerdict, ListClass, SWEPT_ITEMS_MAX};
use domain::{Flaw, SlipLine, SlipNumber};

use super::document;
use super::names::{self, Feed, FeedName, SEQUENCE_DIGITS};
use crate::court_form::feedback;
use crate::court_form::list;
use crate::court_form::packed::{Packed, Packing, decode_base64};
use crate::dialect::Dialect;
use crate::transport::drop::call::Packet;
use crate::transport::drop::number::{key_of, number_of};
use crate::transport::drop::packet::{self, Member};
use crate::transport::drop::sweeper::PacketReader;

/// Reads what one bank leaves.
pub(super) struct FeedReader {
    pub(super) code: String,
    pub(super) dialect: Arc<Dialect>,
}

impl PacketReader for FeedReader {
    fn is_packet(&self, name: &str) -> bool {
        name.to_ascii_lowercase().ends_with(".zip")
    }

    fn read(&self, name: &str, bytes: &[u8]) -> Result<Inbound, &'static str> {
        let named = names::read(name).ok_or("packet_name")?;
        if named.code != self.code {
            return Err("bank_code");
        }
        let members = packet::read(bytes, None).map_err(packet::PacketFault::word)?;
        // What is packed as a whole shows its tags only once it is unpacked.
        let members: Vec<Member> = members.into_iter().map(uncovered).collect();
        if packet::is_crowded(&members) {
            return Err("too_many_items");
        }
        let sorted = Sorted::of(&named, &members)?;
        let (mut feedback, mut leads) = (Vec::new(), Vec::new());
        let class = if named.feed == Feed::Queries { ListClass::Queries } else { ListClass::Controls };
        let read_all = |members: &[&Member]| read_all(members, &self.dialect);
        let mut results = read_all(&sorted.results)?;
        // A receipt counts only beside the result it belongs to.
        if let Some(result) = results.first_mut() {
            read_all(&sorted.receipts)?.into_iter().for_each(|receipt| result.root.children.push(receipt.root));
        }
        for result in &results {
            let fed = feedback::read(result, class, AssetKind::Cash).map_err(|_| "schema")?;
            if fed.class != class {
                return Err("schema");
            }
            feedback.extend(fed.items);
            leads.extend(fed.leads);
        }
        for back in &read_all(&sorted.hand_backs)? {
            feedback.extend(feedback::read_hand_back(back).map_err(|_| "schema")?);
        }
        if feedback.len() + leads.len() > SWEPT_ITEMS_MAX {
            return Err("too_many_items");
        }
        if named.feed == Feed::Controls && feedback.iter().any(|item| names::padded(&item.slip) != named.request) {
            return Err("totals");
        }
        feedback.iter_mut().for_each(own_number);
        for lead in &mut leads {
            if let Some(key) = key_of(&lead.slip) {
                (lead.slip, lead.line) = (key.to_string(), Some(key.line));
            }
        }
        Ok(Inbound { feedback, leads })
    }
}

/// The members by their kind, each kind whole.
#[derive(Default)]
struct Sorted<'m> {
    results: Vec<&'m Member>,
    receipts: Vec<&'m Member>,
    hand_backs: Vec<&'m Member>,
}

impl<'m> Sorted<'m> {
    fn of(named: &FeedName<'_>, members: &'m [Member]) -> Result<Self, &'static str> {
        let mut sorted = Self::default();
        let mut tails: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for member in members {
            let name = member.name.strip_suffix(".xml").ok_or("members")?;
            // The longer words first: each begins as the shorter does.
            let kinds = [("QNA", &mut sorted.hand_backs), ("QRI", &mut sorted.receipts), ("QR", &mut sorted.results)];
            let (kind, rest, list) = kinds
                .into_iter()
                .find_map(|(kind, list)| name.strip_prefix(kind).map(|rest| (kind, rest, list)))
                .ok_or("members")?;
            if kind == "QRI" && named.feed == Feed::Queries {
                return Err("members");
            }
            let tail = rest.strip_prefix(named.stem).ok_or("bank_code")?;
            tails.entry(kind).or_default().push(tail);
            list.push(member);
        }
        let whole = |(kind, tails): (&&str, &Vec<&str>)| match named.feed {
            Feed::Queries => numbered(tails),
            Feed::Controls if *kind == "QRI" => tails.iter().all(|tail| tail.starts_with(named.request)),
            Feed::Controls => tails.as_slice() == [named.request],
        };
        if !tails.iter().all(whole) {
            return Err("totals");
        }
        let says_nothing = sorted.results.is_empty() && sorted.hand_backs.is_empty();
        // A receipt says nothing of what was done.
        if says_nothing || (sorted.results.is_empty() && !sorted.receipts.is_empty()) {
            return Err("members");
        }
        Ok(sorted)
    }
}

/// Sequence numbers from 1 without a gap: a member that was lost on the way is missed.
fn numbered(tails: &[&str]) -> bool {
    let mut numbers: Vec<usize> = Vec::with_capacity(tails.len());
    for tail in tails {
        match tail.parse() {
            Ok(number) if tail.len() == SEQUENCE_DIGITS && tail.bytes().all(|byte| byte.is_ascii_digit()) => {
                numbers.push(number);
            }
            _ => return false,
        }
    }
    numbers.sort_unstable();
    numbers.into_iter().eq(1..=tails.len())
}

fn read_all<'d>(members: &[&Member], dialect: &'d Dialect) -> Result<Vec<Packed<'d>>, &'static str> {
    members.iter().map(|member| Packed::read_inner(&member.bytes, dialect).map_err(|_| "schema")).collect()
}

/// XML as it lies in a file; some pack it again as a whole, as they do for SOAP.
fn uncovered(member: Member) -> Member {
    let is_xml = member.bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<');
    let text = std::str::from_utf8(&member.bytes).ok().filter(|_| !is_xml);
    match text.and_then(decode_base64) {
        Some(bytes) => Member { name: member.name, bytes },
        None => member,
    }
}

/// Back from the number of the form to ours, with its line; a CCXH that contradicts it fails the item alone.
fn own_number(item: &mut FeedbackItem) {
    let Some(key) = key_of(&item.slip) else { return };
    if item.line.is_some_and(|line| line != key.line) {
        item.outcome = Err(Flaw::AnotherLine.of_field("CCXH"));
    }
    item.slip = key.to_string();
    item.line = Some(key.line);
}

/// The packet that tells the bank what of its packet was not taken; `None` when all of it was.
pub(super) fn receipt(dialect: &Dialect, name: &str, verdicts: &[ItemVerdict]) -> Option<Packet> {
    let (receipt, named) = (names::receipt_of(name)?, names::read(name)?);
    let refused = verdicts.iter().filter_map(|verdict| Some((verdict, verdict.taken.as_ref().err()?)));
    let mut packing = Packing::new(dialect);
    list::open(&mut packing, "htxxlist");
    let before = packing.len();
    for (verdict, reason) in refused {
        packing.begin("htxx");
        packing.field("BDHM", &form_number(&verdict.slip));
        packing.field("XCHTYY", &reason.chinese());
        for empty in ["XCHTBZ", "XCHTR", "XCHTDH"] {
            packing.field(empty, "");
        }
        packing.empty();
    }
    if packing.len() == before {
        return None;
    }
    packing.end("htxxlist");
    let tail = match named.feed {
        Feed::Queries => format!("{:0>SEQUENCE_DIGITS$}", 1),
        Feed::Controls => named.request.to_owned(),
    };
    let member = Member { name: format!("QNA{}{tail}.xml", named.stem), bytes: document(packing) };
    Some(Packet { name: receipt, bytes: crate::transport::drop::write(&[member], None)? })
}

/// The number as the bank knows it.
fn form_number(slip: &str) -> String {
    let bare = |text: &str| SlipNumber::parse(text).map(|slip| SlipLine { slip, line: 0 });
    match SlipLine::parse(slip).or_else(|| bare(slip)).and_then(number_of) {
        Some(number) => number,
        None => slip.to_owned(),
    }
}
